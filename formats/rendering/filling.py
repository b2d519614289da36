"""Filling an outline with a shading or a pattern: the outline clips, the shading or the cells are drawn inside."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from formats.gbt33190.color import (
    AxialShading,
    Color,
    GouraudShading,
    Pattern,
    RadialShading,
    ReflectMethod,
    RelativeTo,
)
from formats.gbt33190.values import IDENTITY, Matrix
from formats.rendering import shadings
from formats.rendering.canvas import Canvas
from formats.rendering.model import Left
from formats.rendering.path_geometry import Segment, bounds, inverted, path_operators
from formats.rendering.pdf_file import numbers
from formats.rendering.place import Place, deeper

if TYPE_CHECKING:
    from formats.rendering.painter import Painter


def fill_with_shading(
    painter: Painter, segments: Sequence[Segment], color: Color, alpha: int, place: Place, *, even_odd: bool
) -> None:
    """Fill an outline with the shading of ``color``."""
    box = bounds(segments)
    if box is None:
        return
    canvas = painter.canvas
    with canvas.state():
        canvas.write(f"{path_operators(segments)}\nW{'*' if even_odd else ''} n")
        opacity = color.alpha / 255 * alpha / 255
        shading = color.shading
        if isinstance(shading, Pattern):
            _fill_with_cells(painter, shading, box, opacity, place)
            return
        if opacity < 1:
            canvas.write(f"/{painter.output.opacity(opacity, opacity)} gs")
        shade = _shade(painter, shading, box, place)
        if shade is not None:
            canvas.transform(shade.matrix)
            canvas.write(f"/{shade.name} sh")


def _shade(
    painter: Painter,
    shading: AxialShading | RadialShading | GouraudShading | None,
    box: tuple[float, float, float, float],
    place: Place,
) -> shadings.Shade | None:
    output, where = painter.output, place.where
    if isinstance(shading, GouraudShading):
        painter.account.spend("segments", len(shading.points))
        if shading.back_color is not None:
            left, top, right, bottom = box
            paint = painter.palette.paint(shading.back_color, where)
            area = numbers((left, top, right - left, bottom - top))
            painter.canvas.write(f"{paint.fill} {area} re f")
        shade = shadings.gouraud(shading, painter.palette, output, where)
        if shade is None:
            painter.account.omit(Left.SHADING_APPROXIMATED, where, "mesh without triangles")
        return shade
    if shading is None or not shading.segments:
        painter.account.omit(Left.SHADING_APPROXIMATED, where, "no colours")
        return None
    painter.account.spend("segments", len(shading.segments))
    stops, paints = shadings.stops_of(shading.segments, painter.palette, where)
    if any(paint.alpha < 1 for paint in paints):
        painter.account.omit(Left.SHADING_APPROXIMATED, where, "alpha of single colours")
    if isinstance(shading, AxialShading):
        left, top, right, bottom = box
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        return shadings.axial(shading, stops, output, corners, where)
    return shadings.radial(shading, stops, output, where)


def _fill_with_cells(
    painter: Painter,
    pattern: Pattern,
    box: tuple[float, float, float, float],
    opacity: float,
    place: Place,
) -> None:
    """Lay cells over the box; each is the same form, so its objects are written once."""
    inner = deeper(place, painter.account)
    matrix = _pattern_matrix(pattern, place)
    cells = None if matrix is None else _cells(pattern, matrix, box)
    if inner is None or matrix is None or cells is None:
        painter.account.omit(Left.PATTERN_OMITTED, place.where)
        return
    columns, rows = cells
    count = len(columns) * len(rows)
    if not painter.account.can_spend("pattern_cells", count):
        painter.account.omit(Left.PATTERN_OMITTED, place.where, f"{count} cells")
        return
    painter.account.spend("pattern_cells", count)
    name = _cell_form(painter, pattern, inner, count)
    canvas = Canvas()
    canvas.transform(matrix)
    for cell in _cell_matrices(pattern, columns, rows):
        with canvas.state():
            canvas.transform(cell)
            canvas.write(f"/{name} Do")
    if opacity < 1:
        painter.canvas.write(f"/{painter.output.opacity(opacity, opacity)} gs")
        painter.canvas.write(f"/{painter.output.form(canvas, group=True)} Do")
    else:
        painter.canvas.write(canvas.data().decode("latin-1"))


def _cell_form(painter: Painter, pattern: Pattern, place: Place, count: int) -> str:
    canvas = Canvas()
    objects = list(pattern.content)
    painter.account.spend("objects", len(objects) * count)
    painter.on(canvas).draw(objects, place)
    return painter.output.form(canvas, box=f"0 0 {numbers((pattern.width, pattern.height))}")


def _pattern_matrix(pattern: Pattern, place: Place) -> Matrix | None:
    """Pattern space to object space; a pattern relative to the page keeps the page's origin and axes."""
    own = pattern.ctm or IDENTITY
    if pattern.relative_to is RelativeTo.OBJECT:
        return own
    back = inverted(place.matrix)
    return None if back is None else own.then(back)


def _cells(pattern: Pattern, matrix: Matrix, box: tuple[float, float, float, float]) -> tuple[range, range] | None:
    """Columns and rows that reach into the box."""
    back = inverted(matrix)
    step_x = pattern.x_step or pattern.width
    step_y = pattern.y_step or pattern.height
    if back is None or min(step_x, step_y, pattern.width, pattern.height) <= 1e-3:
        return None
    left, top, right, bottom = box
    corners = [back.apply(x, y) for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))]
    xs, ys = [corner.x for corner in corners], [corner.y for corner in corners]
    columns = range(math.floor((min(xs) - pattern.width) / step_x) + 1, math.ceil(max(xs) / step_x))
    rows = range(math.floor((min(ys) - pattern.height) / step_y) + 1, math.ceil(max(ys) / step_y))
    return columns, rows


def _cell_matrices(pattern: Pattern, columns: range, rows: range) -> Iterator[Matrix]:
    """Where each cell goes, mirrored as the pattern says."""
    step_x, step_y = pattern.x_step or pattern.width, pattern.y_step or pattern.height
    method = pattern.reflect_method
    mirror_x = method in (ReflectMethod.COLUMN, ReflectMethod.ROW_AND_COLUMN)
    mirror_y = method in (ReflectMethod.ROW, ReflectMethod.ROW_AND_COLUMN)
    for row in rows:
        for column in columns:
            a, e = (-1.0, pattern.width) if mirror_x and column % 2 else (1.0, 0.0)
            d, f = (-1.0, pattern.height) if mirror_y and row % 2 else (1.0, 0.0)
            yield Matrix(a, 0, 0, d, column * step_x + e, row * step_y + f)
