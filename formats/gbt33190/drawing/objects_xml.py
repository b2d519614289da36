"""Objects and layers as XML, with ids given in drawing order."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby

from formats.gbt33190.drawing.model import Drawn, DrawnImage, DrawnLayer, DrawnPath, DrawnText, Rgb, TextRun
from formats.gbt33190.drawing.resources import GlyphIds, ResourceFiles
from formats.gbt33190.drawing.text import LAST_OF_BASIC_PLANE, box_text, escape_run, number
from formats.gbt33190.page_objects import Cap, FillRule, Join
from formats.gbt33190.values import Matrix

_DEFAULT_LINE_WIDTH = 0.353


class ObjectWriter:
    """Writes objects, handing out ids from ``next_id`` on.

    Attributes:
        next_id: The id of the next object.
        fields: Object ids by business field, of everything written since the caller last emptied it.
    """

    def __init__(self, resources: ResourceFiles, next_id: int) -> None:
        self.resources = resources
        self.next_id = next_id
        self.fields: list[tuple[str, int]] = []

    def take_id(self) -> int:
        """The next free id."""
        taken = self.next_id
        self.next_id += 1
        return taken

    def layers(self, layers: Iterable[DrawnLayer]) -> str:
        """Layer elements."""
        parts = []
        for layer in layers:
            layer_id = self.take_id()
            parts.append(f'<ofd:Layer ID="{layer_id}" Type="{layer.type.value}">')
            parts.append(self.objects(layer.objects))
            parts.append("</ofd:Layer>")
        return "".join(parts)

    def objects(self, objects: Iterable[Drawn]) -> str:
        """The elements of objects, in order."""
        return "".join([self._object(item) for item in objects])

    def _object(self, item: Drawn) -> str:
        if isinstance(item, DrawnText):
            glyph_ids = self.resources.glyph_ids.get(item.font)
            if glyph_ids is None:
                return self._text(item, item.runs, None)
            return "".join([self._text(item, runs, ids) for runs, ids in _by_glyph_ids(item.runs, glyph_ids)])
        object_id = self.take_id()
        if isinstance(item, DrawnPath):
            return _path(item, object_id)
        return _image(item, object_id, self.resources.image_ids[item.image])

    def _text(self, item: DrawnText, runs: Iterable[TextRun], glyph_ids: GlyphIds | None) -> str:
        """TextObject: FillColor, then for each run its CGTransform, if any, and TextCode."""
        object_id = self.take_id()
        if item.field is not None:
            self.fields.append((item.field, object_id))
        return (
            f'<ofd:TextObject ID="{object_id}" Boundary="{box_text(item.boundary)}"'
            f'{_common(item.matrix, item.alpha)} Font="{self.resources.font_ids[item.font]}"'
            f' Size="{number(item.size)}">{_color("FillColor", item.color)}'
            f"{''.join([_run(run, glyph_ids) for run in runs])}</ofd:TextObject>"
        )


def _by_glyph_ids(runs: Iterable[TextRun], glyph_ids: GlyphIds) -> Iterator[tuple[list[TextRun], GlyphIds | None]]:
    """Runs for one TextObject each: a run that names glyphs stands alone, others in a row stay together.

    With several runs in one object, readers disagree on which of them a CGTransform belongs to.
    """
    for named, group in groupby(runs, lambda run: run.text[:1] in glyph_ids):
        if named:
            for run in group:
                yield [run], glyph_ids
        else:
            yield list(group), None


def _run(run: TextRun, glyph_ids: GlyphIds | None) -> str:
    """TextCode, before it the glyph ids for readers that do not find them by the font's character map."""
    text, x, y, deltas = run
    count = len(text)
    if not count or len(deltas) != count - 1:
        raise ValueError(f"{count} characters need {count - 1} advances, not {len(deltas)}")
    if count > 1 and max(text) > LAST_OF_BASIC_PLANE:
        raise ValueError("a character outside the Basic Multilingual Plane stands in a run of its own")
    delta = f' DeltaX="{_deltas(deltas)}"' if deltas else ""
    code = f'<ofd:TextCode X="{number(x)}" Y="{number(y)}"{delta}>{escape_run(text)}</ofd:TextCode>'
    if glyph_ids is None:
        return code
    glyphs = " ".join([str(glyph_ids[character]) for character in text])
    return (
        f'<ofd:CGTransform CodePosition="0" CodeCount="{count}" GlyphCount="{count}">'
        f"<ofd:Glyphs>{glyphs}</ofd:Glyphs></ofd:CGTransform>{code}"
    )


def _deltas(deltas: tuple[float, ...]) -> str:
    """ST_Array of advances, stretches of equal ones written ``g count value``."""
    first = deltas[0]
    count = len(deltas)
    if deltas.count(first) == count:
        text = number(first)
        return f"g {count} {text}" if count > 2 else text if count == 1 else f"{text} {text}"
    parts = []
    for value, group in groupby(deltas):
        repeated = len([*group])
        text = number(value)
        parts.append(text if repeated == 1 else f"{text} {text}" if repeated == 2 else f"g {repeated} {text}")
    return " ".join(parts)


def _path(item: DrawnPath, object_id: int) -> str:
    """PathObject: StrokeColor, FillColor, AbbreviatedData."""
    if item.stroke is None and item.fill is None:
        raise ValueError("a path is stroked, filled or both")
    if "<" in item.data or "&" in item.data:
        raise ValueError("path data holds operators and numbers only")
    stroke = _stroke(item) if item.stroke is not None else ' Stroke="false"'
    fill = ' Fill="true"' if item.fill is not None else ""
    rule = f' Rule="{item.rule.value}"' if item.rule is not FillRule.NON_ZERO else ""
    stroke_color = _color("StrokeColor", item.stroke) if item.stroke is not None else ""
    fill_color = _color("FillColor", item.fill) if item.fill is not None else ""
    return (
        f'<ofd:PathObject ID="{object_id}" Boundary="{box_text(item.boundary)}"'
        f"{_common(item.matrix, item.alpha)}{stroke}{fill}{rule}>{stroke_color}{fill_color}"
        f"<ofd:AbbreviatedData>{item.data}</ofd:AbbreviatedData></ofd:PathObject>"
    )


def _stroke(item: DrawnPath) -> str:
    """Line attributes that differ from their defaults."""
    text = f' LineWidth="{number(item.line_width)}"' if item.line_width != _DEFAULT_LINE_WIDTH else ""
    if item.cap is not Cap.BUTT:
        text += f' Cap="{item.cap.value}"'
    if item.join is not Join.MITER:
        text += f' Join="{item.join.value}"'
    if item.dash:
        text += f' DashPattern="{" ".join([number(value) for value in item.dash])}"'
    return text


def _image(item: DrawnImage, object_id: int, resource_id: int) -> str:
    """ImageObject whose unit square is stretched over the boundary."""
    box = item.boundary
    matrix = Matrix(box.width, 0, 0, box.height, 0, 0)
    return (
        f'<ofd:ImageObject ID="{object_id}" Boundary="{box_text(box)}"{_common(matrix, item.alpha)} '
        f'ResourceID="{resource_id}"/>'
    )


def _common(matrix: Matrix | None, alpha: int) -> str:
    """CTM and Alpha where they are not the defaults."""
    text = f' CTM="{" ".join([_coefficient(value) for value in matrix])}"' if matrix is not None else ""
    if alpha == 255:
        return text
    if not 0 <= alpha < 255:
        raise ValueError(f"alpha {alpha} is outside 0 to 255")
    return f'{text} Alpha="{alpha}"'


def _coefficient(value: float) -> str:
    """A matrix coefficient: scale and rotation need more than a length's three decimals."""
    return f"{value:.6f}".rstrip("0").rstrip(".") if value else "0"


@lru_cache(maxsize=512)
def _color(element: str, color: Rgb) -> str:
    """CT_Color with an RGB value."""
    red, green, blue = color
    if not (0 <= red <= 255 and 0 <= green <= 255 and 0 <= blue <= 255):
        raise ValueError(f"{color} is no RGB colour")
    return f'<ofd:{element} Value="{red} {green} {blue}"/>'
