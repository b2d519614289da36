"""What is drawn: text, paths and images on the layers of pages and template pages.

These are the author's side of ``page_objects``: fonts and images are named by themselves, not by id, and object
ids do not exist yet. ``writer`` gives them. Lengths are millimetres, the origin is the top left corner.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple, Protocol, TypeAlias

from formats.fonts.subset import Subset
from formats.gbt33190.drawing.images import ImageFile
from formats.gbt33190.page_objects import Cap, FillRule, Join, LayerType, ZOrder
from formats.gbt33190.values import Box, Matrix


class Font(Protocol):
    """What a document needs of a font; ``formats.fonts.FontFace`` fits, and so does :class:`NamedFont`."""

    @property
    def font_name(self) -> str:
        """Name of the face."""

    @property
    def family_name(self) -> str:
        """Name of the family."""

    @property
    def bold(self) -> bool:
        """Whether the face is bold."""

    @property
    def serif(self) -> bool:
        """Whether the face has serifs."""

    @property
    def file_extension(self) -> str:
        """Extension of the embedded file."""

    def subset(self, characters: Iterable[str], *, glyph_ids: bool = False) -> Subset | None:
        """A font file for the characters, or None if the font is only named."""


@dataclass(frozen=True, slots=True)
class NamedFont:
    """A font the reader is expected to have, for example 宋体; nothing is embedded.

    Not for licences: every reader would show its own idea of the page.
    """

    font_name: str
    family_name: str
    bold: bool = False
    serif: bool = True
    file_extension: str = "ttf"

    def subset(self, characters: Iterable[str], *, glyph_ids: bool = False) -> None:
        """None: there is no file."""


class Rgb(NamedTuple):
    """A colour, components 0 to 255."""

    red: int
    green: int
    blue: int

    @classmethod
    def parse(cls, text: str) -> "Rgb":
        """``#RRGGBB``.

        Raises:
            ValueError: Not of that form.
        """
        if len(text) != 7 or text[0] != "#":
            raise ValueError(f"{text!r} is no colour of the form #RRGGBB")
        return cls(*bytes.fromhex(text[1:]))


BLACK: Final = Rgb(0, 0, 0)
WHITE: Final = Rgb(255, 255, 255)


class TextRun(NamedTuple):
    """One TextCode: characters on one baseline.

    Attributes:
        text: The characters; no line ends, tabs or other controls.
        x: Baseline start within the object's boundary.
        y: Baseline, within the object's boundary.
        deltas: Advance from each character to the next, one fewer than there are characters. Readers disagree
            on how to count characters outside the Basic Multilingual Plane here, so such a character stands in
            a run of its own.
    """

    text: str
    x: float
    y: float
    deltas: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class DrawnText:
    """A TextObject: runs in one font, size and colour.

    Attributes:
        boundary: On the page; clips the text.
        font: Names the font resource; embedded as a subset of what the document uses.
        size: Millimetres.
        runs: In reading order.
        color: Fill.
        field: Name of the business field this text shows, for the data index (CustomTags); a field may take
            several objects.
        alpha: 0 clear to 255 solid.
        matrix: Maps object space into the boundary's space.
    """

    boundary: Box
    font: Font
    size: float
    runs: tuple[TextRun, ...]
    color: Rgb = BLACK
    field: str | None = None
    alpha: int = 255
    matrix: Matrix | None = None

    @property
    def text(self) -> str:
        """The characters of all runs, in order."""
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class DrawnPath:
    """A PathObject; stroked if ``stroke`` is a colour, filled if ``fill`` is one.

    Attributes:
        boundary: On the page; clips the path, strokes included.
        data: AbbreviatedData in object space, see :class:`PathBuilder`.
    """

    boundary: Box
    data: str
    stroke: Rgb | None = None
    fill: Rgb | None = None
    line_width: float = 0.353
    cap: Cap = Cap.BUTT
    join: Join = Join.MITER
    dash: tuple[float, ...] = ()
    rule: FillRule = FillRule.NON_ZERO
    alpha: int = 255
    matrix: Matrix | None = None


@dataclass(frozen=True, slots=True)
class DrawnImage:
    """An ImageObject that fills its boundary."""

    boundary: Box
    image: ImageFile
    alpha: int = 255


Drawn: TypeAlias = DrawnText | DrawnPath | DrawnImage


@dataclass(frozen=True, slots=True)
class DrawnLayer:
    """Objects in drawing order."""

    objects: tuple[Drawn, ...]
    type: LayerType = LayerType.BODY


@dataclass(frozen=True, slots=True)
class DrawnTemplate:
    """A template page (模板页): what all documents made from it share."""

    name: str
    area: Box
    layers: tuple[DrawnLayer, ...]
    z_order: ZOrder = ZOrder.BACKGROUND


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation of a page; its appearance is drawn in the space of ``boundary``.

    Attributes:
        type: Link, Path, Highlight, Stamp or Watermark.
        modified: The day in Beijing.
    """

    type: str
    creator: str
    modified: date
    boundary: Box
    objects: tuple[Drawn, ...]
    subtype: str | None = None
    visible: bool = True
    printed: bool = True
    read_only: bool = True
    remark: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """A page.

    Attributes:
        area: The physical box, origin 0 0.
        templates: Names of the template pages under or over it.
    """

    area: Box
    layers: tuple[DrawnLayer, ...]
    templates: tuple[str, ...] = ()
    annotations: tuple[Annotation, ...] = ()
