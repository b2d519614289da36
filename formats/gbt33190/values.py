"""Plain values of GB/T 33190: boxes, positions, matrices.

Units are millimetres, the origin is top left, x grows to the right and y downwards.
Text becomes these in ``value_text``; here are only the types and their arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple


@dataclass(frozen=True, slots=True)
class Box:
    """ST_Box: ``x y width height`` in millimetres."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x coordinate of the right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The y coordinate of the lower edge."""
        return self.y + self.height


class Position(NamedTuple):
    """ST_Pos: ``x y`` in millimetres."""

    x: float
    y: float


class Matrix(NamedTuple):
    """CTM ``a b c d e f``: x' = ax + cy + e, y' = bx + dy + f."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    def apply(self, x: float, y: float) -> Position:
        """Map a point."""
        return Position(self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f)

    def then(self, outer: Matrix) -> Matrix:
        """The matrix that applies this one first and ``outer`` to its result."""
        return Matrix(
            self.a * outer.a + self.b * outer.c,
            self.a * outer.b + self.b * outer.d,
            self.c * outer.a + self.d * outer.c,
            self.c * outer.b + self.d * outer.d,
            self.e * outer.a + self.f * outer.c + outer.e,
            self.e * outer.b + self.f * outer.d + outer.f,
        )


IDENTITY: Final = Matrix(1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
