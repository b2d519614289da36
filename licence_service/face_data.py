"""How a licence of a type looks, as data: pages, printed parts, places of the values.

Lengths are millimetres from the top left corner of the page. What never changes between licences (ground, border,
titles, labels) is drawn once as template pages; only values stand on the page layer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from formats.gbt33190.drawing import BLACK, Rgb
from formats.json_data import JsonNode

Place = tuple[float, float, float, float]
"""x, y, width, height."""

_FONTS: Final = ("serif", "serif-bold", "sans")
_ALIGNS: Final = ("left", "centre", "right", "justify", "distribute")
_VALIGNS: Final = ("top", "middle", "bottom")
_BORDERS: Final = ("guilloche", "wave", "plain")
_FORMATS: Final = ("text", "date", "minute")
_STYLE_KEYS: Final = ("font", "size", "colour", "align", "valign", "leading", "smallest", "spread")


@dataclass(frozen=True, slots=True)
class Style:
    """How text is set.

    Attributes:
        font: ``serif``, ``serif-bold`` or ``sans``.
        size: Character size.
        smallest: Size down to which text is shrunk before it is too long.
        colour: Of the text.
        align: Across.
        valign: Down.
        leading: Line distance in sizes.
        spread: Extra space between characters.
    """

    font: str = "serif"
    size: float = 4.0
    smallest: float = 4.0
    colour: Rgb = BLACK
    align: str = "left"
    valign: str = "top"
    leading: float = 1.35
    spread: float = 0.0


@dataclass(frozen=True, slots=True)
class PrintedText:
    """Text that is the same on every licence of the type."""

    text: str
    box: Place
    style: Style


@dataclass(frozen=True, slots=True)
class Star:
    """A five-pointed star."""

    centre: tuple[float, float]
    radius: float
    colour: Rgb


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line from (x1, y1) to (x2, y2)."""

    points: Place
    colour: Rgb
    width: float


@dataclass(frozen=True, slots=True)
class Grid:
    """A table's lines: column widths and row heights fill the box."""

    box: Place
    columns: tuple[float, ...]
    rows: tuple[float, ...]
    colour: Rgb
    width: float


Printed = PrintedText | Star | Rule | Grid


@dataclass(frozen=True, slots=True)
class ValuePlace:
    """Where the value of one metadata field stands.

    Attributes:
        field: Short name.
        box: Its room.
        style: How it is set.
        format: ``text``, ``date`` (年月日) or ``minute`` (年月日时分).
        prefix: Printed before the value, left out with it.
        join: Between several values.
        continues: Whether what does not fit goes to a continuation page.
        masks_persons: Whether numbers of natural persons are shown masked.
    """

    field: str
    box: Place
    style: Style
    format: str
    prefix: str
    join: str
    continues: bool
    masks_persons: bool


@dataclass(frozen=True, slots=True)
class FacePage:
    """One page of a face.

    Attributes:
        printed: What is printed on it.
        values: Where values stand.
        code: Room of the two-dimensional code, None for none.
        seal: Centre of the issuer's seal, None for none.
    """

    printed: tuple[Printed, ...]
    values: tuple[ValuePlace, ...]
    code: Place | None
    seal: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Ornament:
    """A border band or a rosette of line work, the same for the same seed."""

    style: str
    colour: Rgb
    seed: int
    inset: float = 0.0
    band: float = 0.0
    centre: tuple[float, float] = (0.0, 0.0)
    radius: float = 0.0


@dataclass(frozen=True, slots=True)
class Continuation:
    """The page that takes what did not fit."""

    title: str
    title_box: Place
    box: Place
    style: Style


@dataclass(frozen=True, slots=True)
class Face:
    """A whole face.

    Attributes:
        width: Page width.
        height: Page height.
        ground: Ground colour.
        border: Border band.
        rosette: Pale figure under the text, or None.
        pages: Its pages; the printed parts common to all stand on each.
        continuation: None if no field may continue.
    """

    width: float
    height: float
    ground: Rgb
    border: Ornament
    rosette: Ornament | None
    pages: tuple[FacePage, ...]
    continuation: Continuation | None

    @property
    def field_names(self) -> frozenset[str]:
        """Short names of all fields shown."""
        return frozenset(value.field for page in self.pages for value in page.values)


def read_face(node: JsonNode) -> Face:
    """Read the ``face`` part of a licence type.

    Raises:
        MalformedDataError: It breaks its schema; the message names the place.
    """
    members = node.members(
        required=("page", "ground", "border", "styles", "template", "pages"),
        optional=("rosette", "continuation"),
    )
    width, height = _numbers(members["page"], 2)
    styles = {name: _style(item, Style()) for name, item in members["styles"].entries().items()}
    common = tuple(_printed(item, styles) for item in members["template"].items(most=300))
    pages = tuple(_page(item, styles, common) for item in members["pages"].items(most=10))
    continuation = None
    if "continuation" in members:
        found = members["continuation"].members(
            required=("title", "title_box", "box", "style"), optional=("size", "smallest")
        )
        style = _named_style(members["continuation"], styles)
        title_box = _box(found["title_box"])
        continuation = Continuation(found["title"].text(), title_box, _box(found["box"]), style)
    if continuation is None and any(value.continues for page in pages for value in page.values):
        node.fail("a field continues, but there is no continuation page")
    if sum(page.seal is not None for page in pages) != 1:
        node.fail("exactly one page has the place of the seal")
    return Face(
        width, height, _colour(members["ground"]), _border(members["border"]),
        _rosette(members["rosette"]) if "rosette" in members else None, pages, continuation,
    )  # fmt: skip


def _page(node: JsonNode, styles: dict[str, Style], common: tuple[Printed, ...]) -> FacePage:
    members = node.members(required=("values",), optional=("static", "code", "seal"))
    own = (
        tuple(_printed(item, styles) for item in members["static"].items(most=300)) if "static" in members else ()
    )
    code = _box(members["code"].members(required=("box",))["box"]) if "code" in members else None
    seal = None
    if "seal" in members:
        x, y = _numbers(members["seal"].members(required=("centre",))["centre"], 2)
        seal = (x, y)
    return FacePage(common + own, tuple(_value(item, styles) for item in members["values"].items()), code, seal)


def _printed(node: JsonNode, styles: dict[str, Style]) -> Printed:
    keys = set(node.value) if isinstance(node.value, dict) else set()
    if "star" in keys:
        members = node.members(required=("star", "radius", "colour"))
        x, y = _numbers(members["star"], 2)
        return Star((x, y), _number(members["radius"]), _colour(members["colour"]))
    if "rule" in keys:
        members = node.members(required=("rule", "colour", "width"))
        return Rule(_box(members["rule"]), _colour(members["colour"]), _number(members["width"]))
    if "grid" in keys:
        members = node.members(required=("grid", "columns", "rows", "colour", "width"))
        box = _box(members["grid"])
        columns, rows = _lengths(members["columns"], box[2]), _lengths(members["rows"], box[3])
        return Grid(box, columns, rows, _colour(members["colour"]), _number(members["width"]))
    members = node.members(required=("text", "box", "style"), optional=_STYLE_KEYS)
    return PrintedText(members["text"].text(), _box(members["box"]), _named_style(node, styles))


def _value(node: JsonNode, styles: dict[str, Style]) -> ValuePlace:
    members = node.members(
        required=("field", "box", "style"),
        optional=(*_STYLE_KEYS, "format", "prefix", "join", "overflow", "mask"),
    )
    return ValuePlace(
        field=members["field"].text(longest=64),
        box=_box(members["box"]),
        style=_named_style(node, styles),
        format=members["format"].choice(_FORMATS) if "format" in members else "text",
        prefix=members["prefix"].text() if "prefix" in members else "",
        join=members["join"].text() if "join" in members else "、",
        continues="overflow" in members and members["overflow"].choice(("continue",)) == "continue",
        masks_persons="mask" in members and members["mask"].choice(("person",)) == "person",
    )


def _named_style(node: JsonNode, styles: dict[str, Style]) -> Style:
    """The style an item names, with its own settings over it."""
    named = JsonNode(node.value["style"], f"{node.path}.style", node.what).text()
    if named not in styles:
        node.fail(f"names the style {named!r}, which is not there")
    own = {key: value for key, value in node.value.items() if key in _STYLE_KEYS}
    return _style(JsonNode(own, node.path, node.what), styles[named])


def _style(node: JsonNode, base: Style) -> Style:
    members = node.members(required=(), optional=_STYLE_KEYS)
    style = base
    if "size" in members:
        size = _number(members["size"])
        style = replace(style, size=size, smallest=size)
    if "smallest" in members:
        style = replace(style, smallest=_number(members["smallest"]))
    if "font" in members:
        style = replace(style, font=members["font"].choice(_FONTS))
    if "colour" in members:
        style = replace(style, colour=_colour(members["colour"]))
    if "align" in members:
        style = replace(style, align=members["align"].choice(_ALIGNS))
    if "valign" in members:
        style = replace(style, valign=members["valign"].choice(_VALIGNS))
    if "leading" in members:
        style = replace(style, leading=_number(members["leading"]))
    if "spread" in members:
        style = replace(style, spread=_number(members["spread"]))
    return style


def _border(node: JsonNode) -> Ornament:
    members = node.members(required=("style", "inset", "band", "colour", "seed"))
    return Ornament(
        style=members["style"].choice(_BORDERS),
        colour=_colour(members["colour"]),
        seed=members["seed"].integer(least=0, most=2**31),
        inset=_number(members["inset"]),
        band=_number(members["band"]),
    )


def _rosette(node: JsonNode) -> Ornament:
    members = node.members(required=("centre", "radius", "colour", "seed"))
    x, y = _numbers(members["centre"], 2)
    return Ornament(
        style="rosette",
        colour=_colour(members["colour"]),
        seed=members["seed"].integer(least=0, most=2**31),
        centre=(x, y),
        radius=_number(members["radius"]),
    )


def _box(node: JsonNode) -> Place:
    x, y, width, height = _numbers(node, 4)
    return x, y, width, height


def _lengths(node: JsonNode, total: float) -> tuple[float, ...]:
    lengths = tuple(_number(item) for item in node.items(most=100))
    if abs(sum(lengths) - total) > 0.01:
        node.fail(f"adds up to {sum(lengths):g}, not to {total:g}")
    return lengths


def _numbers(node: JsonNode, count: int) -> tuple[float, ...]:
    numbers = tuple(_number(item) for item in node.items(most=count))
    if len(numbers) != count:
        node.fail(f"{count} numbers belong here")
    return numbers


def _number(node: JsonNode) -> float:
    if isinstance(node.value, bool) or not isinstance(node.value, int | float) or not 0 <= node.value <= 2000:
        node.fail("a number of millimetres from 0 to 2000 belongs here")
    return float(node.value)


def _colour(node: JsonNode) -> Rgb:
    try:
        return Rgb.parse(node.text(longest=7))
    except ValueError:
        node.fail("a colour of the form #RRGGBB belongs here")
