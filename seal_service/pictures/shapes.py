"""Filled shapes in millimetres, origin top-left, y down: all a seal picture consists of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

Segment = tuple[str, tuple[float, ...]]
"""M x y, L x y, Q (control, end), B (two controls, end) or C: the operators of GB/T 33190 AbbreviatedData."""

_CIRCLE: Final = 4 * (math.sqrt(2) - 1) / 3
"""How far Bézier controls stand off to make a quarter of a circle."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture made of shapes filled with one colour by the non-zero rule.

    Attributes:
        width_mm: Width.
        height_mm: Height.
        shapes: Closed outlines; inner edges of rings run against the outer ones.
        colour: Red, green, blue, 0 to 255.
    """

    width_mm: float
    height_mm: float
    shapes: tuple[tuple[Segment, ...], ...]
    colour: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Affine:
    """x' = a·x + c·y + e, y' = b·x + d·y + f."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    def apply(self, segments: Iterable[Segment]) -> tuple[Segment, ...]:
        """The segments with every point moved."""
        return tuple((operator, self._points(values)) for operator, values in segments)

    def _points(self, values: Sequence[float]) -> tuple[float, ...]:
        moved: list[float] = []
        for x, y in zip(values[::2], values[1::2], strict=True):
            moved += (self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f)
        return tuple(moved)


def ellipse(cx: float, cy: float, rx: float, ry: float, *, reverse: bool = False) -> tuple[Segment, ...]:
    """An ellipse of four Bézier quarters."""
    kx, ky = rx * _CIRCLE, ry * _CIRCLE
    sign = -1 if reverse else 1
    return (
        ("M", (cx + rx, cy)),
        ("B", (cx + rx, cy + sign * ky, cx + kx, cy + sign * ry, cx, cy + sign * ry)),
        ("B", (cx - kx, cy + sign * ry, cx - rx, cy + sign * ky, cx - rx, cy)),
        ("B", (cx - rx, cy - sign * ky, cx - kx, cy - sign * ry, cx, cy - sign * ry)),
        ("B", (cx + kx, cy - sign * ry, cx + rx, cy - sign * ky, cx + rx, cy)),
        ("C", ()),
    )


def ring(cx: float, cy: float, rx: float, ry: float, thickness: float) -> tuple[Segment, ...]:
    """An elliptic ring; ``rx`` and ``ry`` are those of its outer edge."""
    return ellipse(cx, cy, rx, ry) + ellipse(cx, cy, rx - thickness, ry - thickness, reverse=True)


def frame(x: float, y: float, width: float, height: float, thickness: float) -> tuple[Segment, ...]:
    """A rectangular frame; the numbers are those of its outer edge."""
    inner = (x + thickness, y + thickness, x + width - thickness, y + height - thickness)
    return (
        ("M", (x, y)),
        ("L", (x + width, y)),
        ("L", (x + width, y + height)),
        ("L", (x, y + height)),
        ("C", ()),
        ("M", (inner[0], inner[1])),
        ("L", (inner[0], inner[3])),
        ("L", (inner[2], inner[3])),
        ("L", (inner[2], inner[1])),
        ("C", ()),
    )


def star(cx: float, cy: float, radius: float) -> tuple[Segment, ...]:
    """A five-pointed star with straight sides, one point up."""
    inner = radius * math.sin(math.radians(18)) / math.sin(math.radians(54))
    points = []
    for index in range(10):
        angle = math.radians(-90 + 36 * index)
        distance = radius if index % 2 == 0 else inner
        points.append((cx + distance * math.cos(angle), cy + distance * math.sin(angle)))
    return (("M", points[0]), *(("L", point) for point in points[1:]), ("C", ()))


class EllipsePath:
    """Positions along an ellipse by arc length, clockwise from its top; tabulated finely enough for 0.01 mm."""

    _STEPS: Final = 2880

    def __init__(self, cx: float, cy: float, rx: float, ry: float) -> None:
        self._centre = (cx, cy)
        self._radii = (rx, ry)
        self._lengths = [0.0]
        previous = self._at(0.0)
        for step in range(1, self._STEPS + 1):
            point = self._at(2 * math.pi * step / self._STEPS)
            self._lengths.append(self._lengths[-1] + math.dist(previous, point))
            previous = point

    @property
    def circumference(self) -> float:
        """Length of the whole ellipse in millimetres."""
        return self._lengths[-1]

    def _at(self, angle: float) -> tuple[float, float]:
        (cx, cy), (rx, ry) = self._centre, self._radii
        return cx + rx * math.sin(angle), cy - ry * math.cos(angle)

    def position(self, length: float) -> tuple[float, float, float]:
        """Point and direction ``length`` millimetres clockwise from the top (negative: the other way).

        Returns:
            x, y and the angle of the tangent in radians, 0 at the top.
        """
        wanted = length % self.circumference
        low, high = 0, self._STEPS
        while low < high:
            middle = (low + high) // 2
            if self._lengths[middle] < wanted:
                low = middle + 1
            else:
                high = middle
        angle = 2 * math.pi * low / self._STEPS
        rx, ry = self._radii
        x, y = self._at(angle)
        return x, y, math.atan2(ry * math.sin(angle), rx * math.cos(angle))
