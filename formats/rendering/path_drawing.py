"""Path objects: fills, strokes, and what shadings and patterns fill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from formats.gbt33190.color import Color
from formats.gbt33190.draw_params import Style
from formats.gbt33190.page_objects import FillRule, PathObject
from formats.rendering.filling import fill_with_shading
from formats.rendering.model import Left
from formats.rendering.path_geometry import path_operators
from formats.rendering.path_reading import read_path
from formats.rendering.place import Place

if TYPE_CHECKING:
    from formats.rendering.painter import Painter


def draw_path(painter: Painter, path: PathObject, style: Style, place: Place) -> None:
    """Fill and stroke a path. One that is to be filled and states no colour anywhere is filled with none."""
    segments, fault = read_path(path.data)
    if fault is not None:
        painter.account.omit(Left.PATH_UNREADABLE, place.where, fault)
    if not segments:
        return
    painter.account.spend("segments", len(segments))
    even_odd = path.rule is FillRule.EVEN_ODD
    fill = style.fill_color if path.fill else None
    stroke = (style.stroke_color or Color()) if path.stroke else None
    if fill is not None and fill.shading is not None:
        fill_with_shading(painter, segments, fill, path.alpha, place, even_odd=even_odd)
        fill = None
    if fill is None and stroke is None:
        return
    fill_paint = None if fill is None else painter.plain(fill, place.where)
    stroke_paint = None if stroke is None else painter.plain(stroke, place.where)
    painter.set_paints(fill_paint, stroke_paint, path.alpha)
    if stroke_paint is not None:
        painter.set_line(style, place.where, segments)
    operator = ("B" if stroke_paint else "f") if fill_paint else "S"
    painter.canvas.write(f"{path_operators(segments)}\n{operator}{'*' if even_odd and fill_paint else ''}")
