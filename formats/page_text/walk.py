"""Objects of a page in the order of drawing: text as runs, all that can lie over or under it as covers.

The order is the renderer's: background templates, the page's layers by type, foreground templates, annotations.
Seal imprints are not objects of a page and are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from formats.gbt33190.color import AxialShading, Color, GouraudShading, Pattern, RadialShading
from formats.gbt33190.draw_params import Style, effective_style
from formats.gbt33190.model import Page
from formats.gbt33190.page_objects import (
    CompositeObject,
    FillRule,
    GraphicUnit,
    ImageObject,
    LayerType,
    PageBlock,
    PageObject,
    PathObject,
    TextObject,
)
from formats.gbt33190.resources import ColorSpaceType, Resources
from formats.gbt33190.values import IDENTITY, Box, Matrix
from formats.page_text.model import Bounds, Effort, Origin, Rgb, Run
from formats.page_text.outline import Area, box_area, path_area
from formats.page_text.placing import place_characters

_LAYER_ORDER: Final = {
    LayerType.BACKGROUND: 0,
    LayerType.BODY: 1,
    LayerType.CUSTOM: 1,
    LayerType.FOREGROUND: 2,
}
_UNIT_SQUARE: Final = (0.0, 0.0, 1.0, 1.0)
_DEFAULT: Final = Color()
_BLACK: Final = (0.0, 0.0, 0.0)
_CHANNELS: Final = {1: ColorSpaceType.GRAY, 3: ColorSpaceType.RGB, 4: ColorSpaceType.CMYK}


@dataclass(slots=True)
class Cover:
    """Something painted that may hide what lies under it, and is the ground of what lies over it.

    Attributes:
        order: Place in the order of drawing.
        bounds: Box around it, millimetres.
        rgb: Its colour; None for pictures, patterns and the like.
        alpha: 0 clear to 1 solid.
        solid: Whether it is painted throughout with ``alpha``; False where parts may be clear.
        stroke: Half the width of its line, millimetres; 0 for an area that is filled.
        image: Media resource of a picture, else None.
    """

    order: int
    bounds: Bounds
    rgb: Rgb | None
    alpha: float
    solid: bool
    stroke: float = 0.0
    image: int | None = None
    source: tuple[PathObject, Matrix] | None = field(default=None, repr=False)
    area: Area | None = field(default=None, repr=False)
    clips: tuple[object, ...] = field(default=(), repr=False)

    def shape(self, effort: Effort) -> Area | None:
        """Its area, worked out when first asked for; None if its data is not understood."""
        if self.area is None and self.source is not None:
            path, matrix = self.source
            self.area = path_area(path.data, matrix, effort, even_odd=path.rule is FillRule.EVEN_ODD)
        return self.area


@dataclass(slots=True)
class Drawing:
    """What a page or template draws.

    Attributes:
        runs: Its text, in order.
        covers: What can hide or carry text, in order.
        doubts: What of it could not be read, so that nobody knows what it shows.
        own: Resources of a template that has files of its own.
    """

    runs: list[Run] = field(default_factory=list)
    covers: list[Cover] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    own: Resources | None = None


class PageWalk:
    """Walks the objects of one page or template.

    Args:
        resources: What they draw with.
        default_color_space: Of the document.
        effort: What it costs.
        drawing: Receives what is found.
        start: Number of the first object in the order of drawing.
    """

    def __init__(
        self,
        resources: Resources,
        default_color_space: int | None,
        effort: Effort,
        drawing: Drawing,
        *,
        start: int,
    ) -> None:
        self._resources = resources
        self._space = default_color_space
        self._effort = effort
        self._paints: dict[int, tuple[Color, tuple[Rgb | None, float]]] = {}
        self.drawing = drawing
        self.order = start

    def page(self, page: Page, origin: Origin) -> None:
        """The layers of a page, without its templates.

        Raises:
            LimitExceededError: There is too much of it.
        """
        self.drawing.doubts += [f"{page.path}: {fault.element}" for fault in page.unreadable[:5]]
        for layer in sorted(page.layers, key=lambda layer: _LAYER_ORDER[layer.type]):
            self.objects(layer.objects, _Place(IDENTITY, page.path, origin, layer.draw_param))

    def objects(self, objects: Iterable[PageObject], place: _Place) -> None:
        """Objects in order.

        Raises:
            LimitExceededError: There is too much of it.
        """
        for item in objects:
            if isinstance(item, PageBlock):
                self.objects(item.objects, place)
                continue
            self._effort.spend(objects=1)
            self.order += 1
            box = item.boundary
            outer = place.matrix
            shift = Matrix(1.0, 0.0, 0.0, 1.0, box.x, box.y)
            matrix = shift if item.ctm is None else item.ctm.then(shift)
            if outer is not IDENTITY:
                matrix = matrix.then(outer)
            alpha = place.alpha * max(0, min(255, item.alpha)) / 255 if item.visible else 0.0
            if isinstance(item, TextObject):
                self._text(item, matrix, place, alpha)
            elif alpha == 0.0:
                continue
            elif isinstance(item, PathObject):
                self._path(item, matrix, place, alpha)
            elif isinstance(item, ImageObject):
                self._image(item, matrix, place, alpha)
            else:
                self._composite(item, matrix, place, alpha)

    def _text(self, text: TextObject, matrix: Matrix, place: _Place, alpha: float) -> None:
        """Each TextCode as a run; what is invisible is kept too, so that it can be told."""
        if text.draw_param is None and place.draw_param is None:
            fill, stroke = text.fill_color, text.stroke_color
        else:
            style = self._style(text, place)
            fill, stroke = style.fill_color, style.stroke_color
        rgb, own = self._paint((fill if text.fill else stroke) or _DEFAULT)
        shown = alpha * own if text.fill or text.stroke else 0.0
        clips = self._clips(text, place)
        where = f"{place.where}#{text.object_id}" if text.object_id is not None else place.where
        a, b, c, d, e, f = matrix
        size, wide = text.size, text.size * text.horizontal_scale
        cos, sin = 1.0, 0.0
        if text.char_direction % 360:
            angle = math.radians(text.char_direction)
            cos, sin = math.cos(angle), math.sin(angle)
        along = (wide * (a * cos + c * sin), wide * (b * cos + d * sin))
        down = (size * (c * cos - a * sin), size * (d * cos - b * sin))
        bounds = None
        if text.boundary.width > 0 and text.boundary.height > 0:
            box = text.boundary
            bounds = _window(box, place.matrix)
        x = y = 0.0
        for code in text.codes:
            count = len(code.text)
            self._effort.spend(characters=count + len(code.delta_x) + len(code.delta_y))
            xs, ys = place_characters(text, code, x, y)
            x, y = xs[-1], ys[-1]
            if not count:
                continue
            if b == 0.0 and c == 0.0:
                across = tuple([a * value + e for value in xs[:count]])
                downwards = tuple([d * value + f for value in ys[:count]])
            else:
                points = [matrix.apply(*point) for point in zip(xs[:count], ys[:count], strict=True)]
                across, downwards = tuple([p.x for p in points]), tuple([p.y for p in points])
            if not _finite(sum(across), sum(downwards), *along, *down):
                self.drawing.doubts.append(f"{where}: text at no place")
                continue
            glyphs = _named_glyphs(code.text, code.transforms) if code.transforms else {}
            self.drawing.runs.append(
                Run(where, place.origin, code.text, code.text, across, downwards, along, down, rgb, shown,
                    self.order, text.font, glyphs, clips, bounds)
            )  # fmt: skip

    def _path(self, path: PathObject, matrix: Matrix, place: _Place, alpha: float) -> None:
        style = self._style(path, place)
        clips = self._clips(path, place)
        box = path.boundary
        source = (path, matrix)
        if path.fill and style.fill_color is not None:
            rgb, own = self._paint(style.fill_color)
            solid = not isinstance(style.fill_color.shading, Pattern | GouraudShading)
            bounds = _window(box, place.matrix)
            self._cover(Cover(self.order, bounds, rgb, alpha * own, solid, source=source, clips=clips))
        elif path.fill:
            bounds = _window(box, place.matrix)
            self._cover(Cover(self.order, bounds, _BLACK, alpha, solid=True, source=source, clips=clips))
        if path.stroke:
            half = style.line_width / 2 * max(math.hypot(matrix.a, matrix.b), math.hypot(matrix.c, matrix.d))
            if half > _THIN:
                rgb, own = self._paint(style.stroke_color or Color())
                bounds = box_area(
                    box.x - half, box.y - half, box.right + half, box.bottom + half, place.matrix
                ).bounds
                self._cover(
                    Cover(
                        self.order,
                        bounds,
                        rgb,
                        alpha * own,
                        not style.dash_pattern,
                        half,
                        source=source,
                        clips=clips,
                    )
                )

    def _image(self, image: ImageObject, matrix: Matrix, place: _Place, alpha: float) -> None:
        area = box_area(*_UNIT_SQUARE, matrix)
        box = image.boundary
        outer = box_area(box.x, box.y, box.right, box.bottom, place.matrix)
        left, top, right, bottom = area.bounds
        x1, y1, x2, y2 = outer.bounds
        bounds = (max(left, x1), max(top, y1), min(right, x2), min(bottom, y2))
        clips = self._clips(image, place)
        solid = image.image_mask is None
        self._cover(Cover(self.order, bounds, None, alpha, solid, image=image.resource, area=area, clips=clips))

    def _cover(self, cover: Cover) -> None:
        if cover.alpha <= 0:
            return
        if not _finite(*cover.bounds, cover.stroke) or (
            cover.area is not None and not _finite(*cover.area.bounds)
        ):
            self.drawing.doubts.append(f"object {cover.order} at no place")
            return
        self.drawing.covers.append(cover)

    def _composite(self, item: CompositeObject, matrix: Matrix, place: _Place, alpha: float) -> None:
        unit = self._resources.composites.get(item.resource)
        if unit is None or place.depth >= self._effort.limits.nesting:
            self.drawing.doubts.append(f"{place.where}#{item.object_id}: composite unit {item.resource}")
            return
        self.drawing.doubts += [f"{place.where}: {fault.element}" for fault in unit.unreadable[:5]]
        box = item.boundary
        window = box_area(box.x, box.y, box.right, box.bottom, place.matrix)
        clips = (*self._clips(item, place), window)
        inner = _Place(matrix, place.where, place.origin, place.draw_param, alpha, clips, place.depth + 1)
        self.objects(unit.objects, inner)

    def _style(self, unit: GraphicUnit, place: _Place) -> Style:
        return effective_style(unit, self._resources.draw_params, place.draw_param)

    def _clips(self, unit: GraphicUnit, place: _Place) -> tuple[object, ...]:
        """Areas something must lie in to show; None among them where it is not known what a clip leaves."""
        if not unit.clips:
            return place.clips
        box = unit.boundary
        clips: list[object] = list(place.clips)
        for clip in unit.clips:
            union: list[object] = []
            for area in clip.areas:
                shape = area.shape
                if isinstance(shape, TextObject):
                    union.append(None)
                    continue
                matrix = (shape.ctm or IDENTITY).then(Matrix(1, 0, 0, 1, shape.boundary.x, shape.boundary.y))
                matrix = matrix.then(area.ctm or IDENTITY)
                if unit.clips_transformed and unit.ctm is not None:
                    matrix = matrix.then(unit.ctm)
                matrix = matrix.then(Matrix(1, 0, 0, 1, box.x, box.y)).then(place.matrix)
                union.append(path_area(shape.data, matrix, self._effort, even_odd=shape.rule is FillRule.EVEN_ODD))
            clips.append(tuple(union))
        return tuple(clips)

    def _paint(self, color: Color) -> tuple[Rgb | None, float]:
        """The colour and its alpha; of a shading its colour if it has one only, of a pattern none."""
        known = self._paints.get(id(color))  # a page uses few, and they live as long as the walk
        if known is None:
            known = self._paints[id(color)] = (color, self._mixed(color))
        return known[1]

    def _mixed(self, color: Color) -> tuple[Rgb | None, float]:
        shading = color.shading
        if shading is not None:
            if isinstance(shading, AxialShading | RadialShading) and shading.segments:
                paints = [self._paint(each.color) for each in shading.segments[:64] if each.color.shading is None]
                if paints and len({rgb for rgb, _ in paints}) == 1:
                    return paints[0][0], min(alpha for _, alpha in paints) * color.alpha / 255
            return None, color.alpha / 255
        return self._rgb(color), max(0, min(255, color.alpha)) / 255

    def _rgb(self, color: Color) -> Rgb | None:
        wanted = color.color_space if color.color_space is not None else self._space
        space = None if wanted is None else self._resources.color_spaces.get(wanted)
        value = color.value
        if color.index is not None:
            palette = () if space is None else space.palette
            value = palette[color.index] if 0 <= color.index < len(palette) else None
            if value is None:
                return None
        if value is None:
            return _BLACK
        kind = space.type if space is not None else _CHANNELS.get(len(value))
        bits = 8 if space is None or not 1 <= space.bits_per_component <= 16 else space.bits_per_component
        parts = [max(0.0, min(1.0, part / ((1 << bits) - 1))) for part in value]
        if kind is ColorSpaceType.GRAY and len(parts) == 1:
            return parts[0], parts[0], parts[0]
        if kind is ColorSpaceType.RGB and len(parts) == 3:
            return parts[0], parts[1], parts[2]
        if kind is ColorSpaceType.CMYK and len(parts) == 4:
            cyan, magenta, yellow, black = parts
            return (1 - cyan) * (1 - black), (1 - magenta) * (1 - black), (1 - yellow) * (1 - black)
        return None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where objects are drawn."""

    matrix: Matrix
    where: str
    origin: Origin
    draw_param: int | None = None
    alpha: float = 1.0
    clips: tuple[object, ...] = ()
    depth: int = 0


_FURTHEST: Final = 1e12
"""Beyond it nothing is a length or a sum of lengths on a page."""
_THIN: Final = 0.25
"""Half a line's width, millimetres, below which it hides nothing: rules, frames, guilloche."""


def _window(box: Box, matrix: Matrix) -> Bounds:
    """A box in page space."""
    if matrix is IDENTITY:
        return box.x, box.y, box.right, box.bottom
    return box_area(box.x, box.y, box.right, box.bottom, matrix).bounds


def _finite(*values: float) -> bool:
    """Whether values are numbers on any page that can be; products of what makers write can overflow."""
    return all(-_FURTHEST < value < _FURTHEST for value in values)


def annotation_place(matrix: Matrix, where: str, window: Area | None) -> _Place:
    """Where an annotation's appearance is drawn."""
    return _Place(matrix, where, Origin.ANNOTATION, clips=() if window is None else (window,))


def _named_glyphs(text: str, transforms: Iterable[object]) -> dict[int, int]:
    """Glyph numbers by position; -1 where a position has no glyph of its own, -2 where several stand for one."""
    named: dict[int, int] = {}
    for transform in transforms:
        start, count = transform.code_position, transform.code_count  # type: ignore[attr-defined]
        glyphs = transform.glyphs  # type: ignore[attr-defined]
        count = min(count, len(text) - start)
        if start < 0 or count <= 0 or not glyphs:
            continue
        if len(glyphs) == count:
            named.update({start + offset: glyph for offset, glyph in enumerate(glyphs)})
        else:
            named.update(dict.fromkeys(range(start, start + count), -2))
    return named
