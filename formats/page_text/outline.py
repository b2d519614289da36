"""Areas of a page, and whether a point lies in them: AbbreviatedData (GB/T 33190-2016) as polygons.

Curves are taken as chains of short lines: what is asked is whether a character lies under an area, not where its
edge runs to a hair.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

from formats.gbt33190.abbreviated_data import OPERAND_COUNTS, coordinates, split_operations
from formats.gbt33190.elliptical_arc import arc_by_centre
from formats.gbt33190.values import Matrix
from formats.page_text.model import Bounds, Effort, Point

_PIECES: Final = 8
"""Lines a curve is taken as."""
_FURTHEST: Final = 1e12
_FLAT: Final = 1e-9
"""Radii below which an arc is a straight line, as one of no radius is."""


class Area:
    """Polygons filled by one rule, in page space."""

    __slots__ = ("_even_odd", "_polygons", "bounds")

    def __init__(self, polygons: list[list[Point]], *, even_odd: bool = False) -> None:
        self._polygons = polygons
        self._even_odd = even_odd
        xs = [x for polygon in polygons for x, _ in polygon]
        ys = [y for polygon in polygons for _, y in polygon]
        self.bounds: Bounds = (min(xs), min(ys), max(xs), max(ys)) if xs else (0.0, 0.0, 0.0, 0.0)

    @property
    def rectangle(self) -> bool:
        """Whether it is one upright rectangle, so that its bounds say all."""
        if len(self._polygons) != 1:
            return False
        corners = set(self._polygons[0])
        left, top, right, bottom = self.bounds
        return corners == {(left, top), (right, top), (right, bottom), (left, bottom)} and left < right

    def holds(self, x: float, y: float, effort: Effort) -> bool:
        """Whether a point lies inside."""
        left, top, right, bottom = self.bounds
        if not (left <= x <= right and top <= y <= bottom):
            return False
        winding = crossings = 0
        for polygon in self._polygons:
            effort.spend(steps=len(polygon))
            x1, y1 = polygon[-1]
            for x2, y2 in polygon:
                if (y1 <= y) != (y2 <= y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
                    crossings += 1
                    winding += 1 if y2 > y1 else -1
                x1, y1 = x2, y2
        return crossings % 2 == 1 if self._even_odd else winding != 0

    def near(self, x: float, y: float, distance: float, effort: Effort) -> bool:
        """Whether a point lies within ``distance`` of the lines, as under a stroke twice as wide."""
        left, top, right, bottom = self.bounds
        if not (left - distance <= x <= right + distance and top - distance <= y <= bottom + distance):
            return False
        square = distance * distance
        for polygon in self._polygons:
            effort.spend(steps=len(polygon))
            x1, y1 = polygon[0]
            for x2, y2 in polygon:
                dx, dy = x2 - x1, y2 - y1
                length = dx * dx + dy * dy
                share = 0.0 if not length else max(0.0, min(1.0, ((x - x1) * dx + (y - y1) * dy) / length))
                if (x - x1 - share * dx) ** 2 + (y - y1 - share * dy) ** 2 <= square:
                    return True
                x1, y1 = x2, y2
        return False


def path_area(data: str, matrix: Matrix, effort: Effort, *, even_odd: bool = False) -> Area | None:
    """The area of a path; None if its data is not understood, so that nobody knows what it covers."""
    polygons: list[list[Point]] = []
    current: list[Point] = []
    x = y = 0.0
    for operator, written, other in split_operations(data):
        values = coordinates(written, OPERAND_COUNTS.get(operator, -1))
        if values is None or other:
            return None
        effort.spend(steps=4)
        if operator in "SM":
            current = [(values[0], values[1])]
            polygons.append(current)
        elif operator == "C":
            if current:
                current.append(current[0])
                current = [current[0]]
                polygons.append(current)
        else:
            if not polygons:
                current = [(0.0, 0.0)]
                polygons.append(current)
            current += _line(operator, values, x, y)
        if current:
            x, y = current[-1]
    mapped = [_mapped(each, matrix) for each in polygons if len(each) > 1]
    return _finite(Area(mapped, even_odd=even_odd))


def _finite(area: Area) -> Area | None:
    return area if all(-_FURTHEST < value < _FURTHEST for value in area.bounds) else None


def box_area(left: float, top: float, right: float, bottom: float, matrix: Matrix) -> Area:
    """A rectangle under a matrix."""
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return Area([_mapped(corners, matrix)])


def _mapped(points: list[Point], matrix: Matrix) -> list[Point]:
    a, b, c, d, e, f = matrix
    return [(a * x + c * y + e, b * x + d * y + f) for x, y in points]


def _line(operator: str, values: tuple[float, ...], x: float, y: float) -> list[Point]:
    if operator == "L":
        return [(values[0], values[1])]
    if operator == "A":
        return _arc(values, x, y)
    points = [(x, y), *zip(values[0::2], values[1::2], strict=True)]
    return [_bezier(points, step / _PIECES) for step in range(1, _PIECES + 1)]


def _bezier(points: list[Point], share: float) -> Point:
    while len(points) > 1:
        points = [(ax + (bx - ax) * share, ay + (by - ay) * share) for (ax, ay), (bx, by) in pairwise(points)]
    return points[0]


def _arc(values: tuple[float, ...], x0: float, y0: float) -> list[Point]:
    """``rx ry angle large sweep x y``, as SVG 1.1 F.6 computes it."""
    rx, ry, *_, x, y = values
    if abs(rx) < _FLAT or abs(ry) < _FLAT or (x0 == x and y0 == y):
        return [(x, y)]
    rx, ry, cos, sin, cx, cy, theta, delta = arc_by_centre(x0, y0, values)
    turned = (theta + delta * step / _PIECES / 2 for step in range(1, 2 * _PIECES + 1))
    return [
        (
            cx + rx * cos * math.cos(t) - ry * sin * math.sin(t),
            cy + rx * sin * math.cos(t) + ry * cos * math.sin(t),
        )
        for t in turned
    ]
