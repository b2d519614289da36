"""Page objects onto a canvas, with their boundaries, clips, colours and alpha.

Text is not clipped by its Boundary, as the standard would have it: many makers state boundaries without height or
without room for descenders, and readers in the field show the whole text. Paths may exceed their boundary by half
a line width, for boundaries are often drawn through the middle of the line. All else is clipped exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Final

from formats.gbt33190.color import Color
from formats.gbt33190.draw_params import Style, effective_style
from formats.gbt33190.page_objects import (
    Cap,
    Clip,
    CompositeObject,
    GraphicUnit,
    ImageObject,
    Join,
    PageBlock,
    PageObject,
    PathObject,
    TextObject,
)
from formats.gbt33190.values import IDENTITY, Matrix
from formats.rendering.canvas import Canvas
from formats.rendering.image_drawing import draw_image
from formats.rendering.model import Left
from formats.rendering.paint import BLACK, Paint, Palette
from formats.rendering.path_drawing import draw_path
from formats.rendering.path_geometry import Segment, length_of, rectangle, transformed
from formats.rendering.path_reading import read_path
from formats.rendering.pdf_file import number, numbers
from formats.rendering.place import Place, Setting, deeper
from formats.rendering.text_drawing import draw_text, text_outline
from formats.rendering.text_setting import place_glyphs

_CAPS: Final = {Cap.BUTT: 0, Cap.ROUND: 1, Cap.SQUARE: 2}
_JOINS: Final = {Join.MITER: 0, Join.ROUND: 1, Join.BEVEL: 2}


class Painter:
    """Draws objects with the resources of one page onto one canvas."""

    def __init__(self, canvas: Canvas, setting: Setting) -> None:
        self.canvas = canvas
        self.setting = setting
        self.output = setting.workshop.output
        self.account = self.output.account
        self.palette = Palette(setting.resources, setting.default_color_space, self.account)

    def on(self, canvas: Canvas) -> Painter:
        """A painter with the same resources for another canvas."""
        return Painter(canvas, self.setting)

    def draw(self, objects: Iterable[PageObject], place: Place) -> None:
        """Draw objects in order.

        Raises:
            RenderingTooCostlyError: A limit is reached.
        """
        for item in objects:
            if isinstance(item, PageBlock):
                self.draw(item.objects, place)
            elif item.visible:
                self._draw_unit(item, place)

    def _draw_unit(self, unit: GraphicUnit, place: Place) -> None:
        self.account.spend("objects")
        where = place.part if unit.object_id is None else f"{place.part}#{unit.object_id}"
        style = effective_style(unit, self.setting.resources.draw_params, place.draw_param)
        box = unit.boundary
        matrix = unit.ctm or IDENTITY
        with self.canvas.state():
            self.weigh(box.width * box.height, place)
            if not isinstance(unit, TextObject):
                self.canvas.clip(_boundary(unit, style))
            self.canvas.transform(Matrix(1, 0, 0, 1, box.x, box.y))
            for clip in unit.clips:
                self.canvas.clip(self._clip_outline(clip, unit, where))
            self.canvas.transform(matrix)
            moved = matrix.then(Matrix(1, 0, 0, 1, box.x, box.y)).then(place.matrix)
            inner = Place(moved, place.page_area, where, place.draw_param, place.depth)
            _DRAWERS[type(unit)](self, unit, style, inner)

    def weigh(self, area: float, place: Place) -> None:
        """Count what an area of the present space covers of the page."""
        matrix = place.matrix
        scale = abs(matrix.a * matrix.d - matrix.b * matrix.c)
        self.account.spend("painted_area", min(1.0, abs(area) * scale / place.page_area))

    def _clip_outline(self, clip: Clip, unit: GraphicUnit, where: str) -> list[Segment]:
        """The union of a clip's areas in the space whose origin is the boundary's corner."""
        outline: list[Segment] = []
        for area in clip.areas:
            shape = area.shape
            if isinstance(shape, PathObject):
                segments, fault = read_path(shape.data)
                if fault is not None:
                    self.account.omit(Left.PATH_UNREADABLE, where, fault)
            else:
                choice = self.setting.font(shape.font)
                glyphs = place_glyphs(shape, choice, self.account, where)
                segments = list(text_outline(shape, glyphs, self.account))
            self.account.spend("segments", len(segments))
            matrix = (shape.ctm or IDENTITY).then(Matrix(1, 0, 0, 1, shape.boundary.x, shape.boundary.y))
            matrix = matrix.then(area.ctm or IDENTITY)
            if unit.clips_transformed and unit.ctm is not None:
                matrix = matrix.then(unit.ctm)
            outline += transformed(segments, matrix)
        return outline

    # ------------------------------------------------------------------ what drawing of all kinds needs

    def plain(self, color: Color, where: str) -> Paint:
        """A colour for what is not filled with shadings here: strokes and text take a shading's first colour."""
        if color.shading is None:
            return self.palette.paint(color, where)
        self.account.omit(Left.SHADING_APPROXIMATED, where, type(color.shading).__name__)
        segments = getattr(color.shading, "segments", ())
        return self.palette.paint(segments[0].color, where) if segments else BLACK

    def set_paints(self, fill: Paint | None, stroke: Paint | None, alpha: int) -> None:
        """Set colours and opacities for what follows."""
        if fill is not None:
            self.canvas.write(fill.fill)
        if stroke is not None:
            self.canvas.write(stroke.stroke)
        fill_alpha = (fill.alpha if fill else 1.0) * alpha / 255
        stroke_alpha = (stroke.alpha if stroke else 1.0) * alpha / 255
        self.set_opacity(fill_alpha, stroke_alpha)

    def set_opacity(self, fill: float, stroke: float) -> None:
        """Set opacities, 0 to 1, if they are not full."""
        if fill < 1 or stroke < 1:
            self.canvas.write(f"/{self.output.opacity(fill, stroke)} gs")

    def set_line(self, style: Style, where: str, outline: Iterable[Segment] = ()) -> None:
        """Set the line style for an outline; dashes that would be too many are left out."""
        operators = [f"{number(max(0.0, style.line_width))} w"]
        if style.cap is not Cap.BUTT:
            operators.append(f"{_CAPS[style.cap]} J")
        if style.join is not Join.MITER:
            operators.append(f"{_JOINS[style.join]} j")
        operators.append(f"{number(max(1.0, style.miter_limit))} M")
        dashes = style.dash_pattern
        if dashes and min(dashes) >= 0 and sum(dashes) > 0:
            pieces = length_of(outline) / sum(dashes) * len(dashes)
            if self.account.can_spend("segments", pieces):
                self.account.spend("segments", pieces)
                operators.append(f"[{numbers(dashes)}] {number(style.dash_offset)} d")
            else:
                self.account.omit(Left.DASHES_OMITTED, where)
        self.canvas.write(" ".join(operators))


def _draw_text_object(painter: Painter, text: TextObject, style: Style, place: Place) -> None:
    choice = painter.setting.font(text.font)
    fill = painter.plain(style.fill_color or Color(), place.where) if text.fill else None
    stroke = painter.plain(style.stroke_color or Color(), place.where) if text.stroke else None
    if stroke is not None:
        painter.set_line(style, place.where)
    elif fill is not None:
        painter.canvas.write(fill.stroke)  # for faces made bold by a stroke
    painter.set_paints(fill, stroke, text.alpha)
    glyphs = place_glyphs(text, choice, painter.account, place.part)
    painter.weigh(len(glyphs) * text.size * text.size, place)
    draw_text(painter.canvas, text, glyphs, painter.account, bold_face=choice.bold)


def _draw_composite(painter: Painter, composite: CompositeObject, _: Style, place: Place) -> None:
    unit = painter.setting.resources.composites.get(composite.resource)
    if unit is None:
        painter.account.omit(Left.RESOURCE_MISSING, place.where, f"composite unit {composite.resource}")
        return
    for fault in unit.unreadable:
        painter.account.omit(Left.OBJECT_UNREADABLE, place.where, fault.element)
    inner = deeper(place, painter.account)
    if inner is None:
        return
    if composite.alpha == 255:
        painter.draw(unit.objects, inner)
        return
    canvas = Canvas()
    painter.on(canvas).draw(unit.objects, inner)
    painter.set_opacity(composite.alpha / 255, composite.alpha / 255)
    painter.canvas.write(f"/{painter.output.form(canvas, group=True)} Do")


_DRAWERS: Final[dict[type[GraphicUnit], Callable[..., None]]] = {
    PathObject: draw_path,
    TextObject: _draw_text_object,
    ImageObject: draw_image,
    CompositeObject: _draw_composite,
}


def _boundary(unit: GraphicUnit, style: Style) -> tuple[Segment, ...]:
    box, margin = unit.boundary, 0.0
    if isinstance(unit, PathObject) and unit.stroke:
        matrix = unit.ctm or IDENTITY
        margin = style.line_width / 2 * max(math.hypot(matrix.a, matrix.b), math.hypot(matrix.c, matrix.d))
    width, height = max(0.0, box.width) + 2 * margin, max(0.0, box.height) + 2 * margin
    return rectangle(box.x - margin, box.y - margin, width, height)
