"""What a page shows: layers of text, paths, images, composites and blocks of these (GB/T 33190-2016, Page.xsd).

The model keeps what was written and nothing more. A drawing attribute is ``None`` where the object does not state
it, because a DrawParam may state it instead: ``resources.DrawParam`` and ``resources.effective_style`` say what
holds then. Resources are named by id and found in ``resources.Resources``.

Coordinates: an object's ``boundary`` is in the space of the page or block around it, clips the object, and its top
left corner is the origin of the object's own space, into which ``ctm`` maps the drawing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from formats.gbt33190.color import Color
from formats.gbt33190.values import Box, Matrix


class Cap(StrEnum):
    """How a stroke ends."""

    BUTT = "Butt"
    ROUND = "Round"
    SQUARE = "Square"


class Join(StrEnum):
    """How two strokes meet."""

    MITER = "Miter"
    ROUND = "Round"
    BEVEL = "Bevel"


class FillRule(StrEnum):
    """Which areas of a path are inside."""

    NON_ZERO = "NonZero"
    EVEN_ODD = "Even-Odd"


class LayerType(StrEnum):
    """Where a layer lies in the stack of a page."""

    BODY = "Body"
    BACKGROUND = "Background"
    FOREGROUND = "Foreground"
    CUSTOM = "Custom"


class ZOrder(StrEnum):
    """Whether a template page lies under or over the page."""

    BACKGROUND = "Background"
    FOREGROUND = "Foreground"


@dataclass(frozen=True, slots=True)
class ClipArea:
    """One area of a clip: the shape's drawing, under ``ctm``, in the space of the clipped object."""

    shape: PathObject | TextObject
    draw_param: int | None
    ctm: Matrix | None


@dataclass(frozen=True, slots=True)
class Clip:
    """The union of its areas; an object's clips intersect."""

    areas: tuple[ClipArea, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphicUnit:
    """CT_GraphicUnit: what all drawn objects state.

    ``object_id`` is ``None`` inside clips and in some makers' annotations. Lengths are millimetres. Defaults when
    neither the object nor a DrawParam states a value: line width 0.353, miter limit 4.234, cap Butt, join Miter,
    dash offset 0, no dashes. ``clips_transformed`` is ``Clips/@TransFlag`` where a maker wrote it.
    """

    object_id: int | None = None
    boundary: Box
    name: str | None = None
    visible: bool = True
    ctm: Matrix | None = None
    draw_param: int | None = None
    line_width: float | None = None
    cap: Cap | None = None
    join: Join | None = None
    miter_limit: float | None = None
    dash_offset: float | None = None
    dash_pattern: tuple[float, ...] | None = None
    alpha: int = 255
    clips: tuple[Clip, ...] = ()
    clips_transformed: bool | None = None


@dataclass(frozen=True, slots=True)
class GlyphTransform:
    """CGTransform: characters ``code_position`` … + ``code_count`` of a TextCode are drawn by these glyphs."""

    code_position: int
    code_count: int = 1
    glyph_count: int = 1
    glyphs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TextCode:
    """A run of characters.

    ``x``, ``y`` are the baseline start of the first glyph in object space, ``None`` where not written.
    ``delta_x``, ``delta_y`` are the advances between consecutive characters, ``g n v`` groups already expanded.
    """

    text: str
    x: float | None = None
    y: float | None = None
    delta_x: tuple[float, ...] = ()
    delta_y: tuple[float, ...] = ()
    transforms: tuple[GlyphTransform, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextObject(GraphicUnit):
    """CT_Text. ``size`` in millimetres; directions in degrees, multiples of 90; ``weight`` 0 to 1000."""

    font: int
    size: float
    stroke: bool = False
    fill: bool = True
    horizontal_scale: float = 1.0
    read_direction: int = 0
    char_direction: int = 0
    weight: int = 400
    italic: bool = False
    fill_color: Color | None = None
    stroke_color: Color | None = None
    codes: tuple[TextCode, ...] = ()

    @property
    def text(self) -> str:
        """The characters of all codes, in order."""
        return "".join(code.text for code in self.codes)


@dataclass(frozen=True, slots=True, kw_only=True)
class PathObject(GraphicUnit):
    """CT_Path; ``data`` is AbbreviatedData as written: operators S or M, L, Q, B, A, C with coordinates."""

    data: str
    stroke: bool = True
    fill: bool = False
    rule: FillRule = FillRule.NON_ZERO
    stroke_color: Color | None = None
    fill_color: Color | None = None


@dataclass(frozen=True, slots=True)
class Border:
    """An image's border; lengths in millimetres."""

    line_width: float = 0.353
    horizontal_corner_radius: float = 0.0
    vertical_corner_radius: float = 0.0
    dash_offset: float = 0.0
    dash_pattern: tuple[float, ...] | None = None
    color: Color | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageObject(GraphicUnit):
    """CT_Image: the picture fills the unit square, which ``ctm`` maps into the boundary."""

    resource: int
    substitution: int | None = None
    image_mask: int | None = None
    border: Border | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeObject(GraphicUnit):
    """CT_Composite: draws a CompositeGraphicUnit of the resources."""

    resource: int


@dataclass(frozen=True, slots=True)
class PageBlock:
    """CT_PageBlock: a group without effect on drawing."""

    object_id: int | None
    objects: tuple[PageObject, ...]


PageObject: TypeAlias = TextObject | PathObject | ImageObject | CompositeObject | PageBlock


@dataclass(frozen=True, slots=True)
class Layer:
    """CT_Layer; ``draw_param`` is the default of its objects."""

    object_id: int | None
    type: LayerType
    draw_param: int | None
    objects: tuple[PageObject, ...]


@dataclass(frozen=True, slots=True)
class UnreadableObject:
    """An element of a page that could not be read, so that nobody takes the rest for the whole page."""

    element: str
    object_id: str | None
    reason: str


def walk(objects: Iterable[PageObject]) -> Iterator[PageObject]:
    """Every object, depth first and in drawing order, blocks before what they hold.

    Objects inside patterns, clips and composite units are not visited: they are drawn by reference.
    """
    stack = list(objects)[::-1]
    while stack:
        item = stack.pop()
        yield item
        if isinstance(item, PageBlock):
            stack.extend(reversed(item.objects))
