"""Outlines as sequences of moves, lines, cubic curves and closings, in any space, and their PDF operators."""

import math
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from formats.gbt33190.elliptical_arc import arc_by_centre
from formats.gbt33190.values import IDENTITY, Matrix
from formats.rendering.pdf_file import operations

Segment: TypeAlias = tuple[str, tuple[float, ...]]
"""``M x y``, ``L x y``, ``B x1 y1 x2 y2 x3 y3`` (cubic) or ``C`` (close)."""

_OPERATORS: Final = {"M": "%.4f %.4f m", "L": "%.4f %.4f l", "B": f"{'%.4f ' * 6}c", "C": "h"}
_KAPPA: Final = 0.5522847498


def as_cubics(segments: Iterable[tuple[str, tuple[float, ...]]]) -> Iterator[Segment]:
    """The same outline with quadratic curves (``Q``) and arcs (``A``) as cubic ones.

    ``A rx ry angle large sweep x y`` has its angle in degrees; with ``sweep`` it runs clockwise on the page.
    """
    x = y = start_x = start_y = 0.0
    for operator, values in segments:
        if operator == "Q":
            x1, y1, x2, y2 = values
            yield (
                "B",
                (
                    x + 2 / 3 * (x1 - x),
                    y + 2 / 3 * (y1 - y),
                    x2 + 2 / 3 * (x1 - x2),
                    y2 + 2 / 3 * (y1 - y2),
                    x2,
                    y2,
                ),
            )
        elif operator == "A":
            yield from _arc(x, y, values)
        else:
            yield operator, values
        if operator == "C":
            x, y = start_x, start_y
        else:
            x, y = values[-2:]
            if operator == "M":
                start_x, start_y = x, y


# Beyond these an arc is a line to any eye, and the squares below would leave what a float holds.
_SMALLEST_RADIUS: Final = 1e-9
_FARTHEST: Final = 1e12


def _arc(x0: float, y0: float, values: tuple[float, ...]) -> Iterator[Segment]:
    """An elliptical arc as cubic curves of at most a quarter turn each; computed as in SVG 1.1 F.6."""
    rx, ry, *_, x, y = values
    rx, ry = abs(rx), abs(ry)
    too_far = max(rx, ry, *map(abs, (x0, y0, x, y))) > _FARTHEST
    if min(rx, ry) < _SMALLEST_RADIUS or too_far or (x0 == x and y0 == y):
        yield "L", (x, y)
        return
    rx, ry, cos, sin, cx, cy, theta, delta = arc_by_centre(x0, y0, values)
    count = max(1, math.ceil(abs(delta) / (math.pi / 2) - 1e-9))
    step = delta / count
    handle = 4 / 3 * math.tan(step / 4)
    ellipse = Matrix(rx * cos, rx * sin, -ry * sin, ry * cos, cx, cy)
    for index in range(count):
        a, b = theta + index * step, theta + (index + 1) * step
        p1 = ellipse.apply(math.cos(a) - handle * math.sin(a), math.sin(a) + handle * math.cos(a))
        p2 = ellipse.apply(math.cos(b) + handle * math.sin(b), math.sin(b) - handle * math.cos(b))
        p3 = (x, y) if index == count - 1 else ellipse.apply(math.cos(b), math.sin(b))
        yield "B", (*p1, *p2, *p3)


def transformed(segments: Iterable[Segment], matrix: Matrix) -> Iterator[Segment]:
    """The outline mapped by ``matrix``."""
    if matrix == IDENTITY:
        yield from segments
        return
    a, b, c, d, e, f = matrix
    for operator, values in segments:
        mapped: list[float] = []
        for index in range(0, len(values), 2):
            x, y = values[index], values[index + 1]
            mapped += (a * x + c * y + e, b * x + d * y + f)
        yield operator, tuple(mapped)


def inverted(matrix: Matrix) -> Matrix | None:
    """The matrix that undoes ``matrix``; None if there is none."""
    a, b, c, d, e, f = matrix
    determinant = a * d - b * c
    if abs(determinant) < 1e-12:
        return None
    return Matrix(
        d / determinant,
        -b / determinant,
        -c / determinant,
        a / determinant,
        (c * f - d * e) / determinant,
        (b * e - a * f) / determinant,
    )


def path_operators(segments: Iterable[Segment]) -> str:
    """PDF path construction operators."""
    template: list[str] = []
    flat: list[float] = []
    for operator, values in segments:
        template.append(_OPERATORS[operator])
        flat += values
    return operations("\n".join(template), flat)


def rectangle(x: float, y: float, width: float, height: float) -> tuple[Segment, ...]:
    """A closed rectangle."""
    right, bottom = x + width, y + height
    return (
        ("M", (x, y)),
        ("L", (right, y)),
        ("L", (right, bottom)),
        ("L", (x, bottom)),
        ("C", ()),
    )


def rounded_rectangle(
    x: float, y: float, width: float, height: float, horizontal: float, vertical: float
) -> tuple[Segment, ...]:
    """A closed rectangle with elliptical corners."""
    rx, ry = max(0.0, min(horizontal, width / 2)), max(0.0, min(vertical, height / 2))
    if not rx or not ry:
        return rectangle(x, y, width, height)
    right, bottom = x + width, y + height
    kx, ky = rx * (1 - _KAPPA), ry * (1 - _KAPPA)
    return (
        ("M", (x + rx, y)),
        ("L", (right - rx, y)),
        ("B", (right - kx, y, right, y + ky, right, y + ry)),
        ("L", (right, bottom - ry)),
        ("B", (right, bottom - ky, right - kx, bottom, right - rx, bottom)),
        ("L", (x + rx, bottom)),
        ("B", (x + kx, bottom, x, bottom - ky, x, bottom - ry)),
        ("L", (x, y + ry)),
        ("B", (x, y + ky, x + kx, y, x + rx, y)),
        ("C", ()),
    )


def bounds(segments: Iterable[Segment]) -> tuple[float, float, float, float] | None:
    """Left, top, right, bottom of all points, control points included; None without points."""
    xs: list[float] = []
    ys: list[float] = []
    for _, values in segments:
        xs += values[0::2]
        ys += values[1::2]
    return (min(xs), min(ys), max(xs), max(ys)) if xs else None


def length_of(segments: Iterable[Segment]) -> float:
    """Length of the control polygon, an upper bound of the path's."""
    total = x = y = 0.0
    for operator, values in segments:
        for index in range(0, len(values), 2):
            if operator != "M":
                total += math.hypot(values[index] - x, values[index + 1] - y)
            x, y = values[index], values[index + 1]
    return total
