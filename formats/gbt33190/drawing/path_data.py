"""Writing AbbreviatedData of GB/T 33190-2016: operators M, L, Q, B, A and C with their coordinates."""

from collections.abc import Iterable

from formats.gbt33190.drawing.text import number


class PathBuilder:
    """Collects operators; every call returns the builder.

    Args:
        digits: Decimals of coordinates, which are millimetres in object space; below three where an ornament's
            size matters more than its exactness.
    """

    def __init__(self, digits: int = 3) -> None:
        self._parts: list[str] = []
        self._digits = digits

    def move(self, x: float, y: float) -> "PathBuilder":
        """Start a subpath."""
        return self._add("M", x, y)

    def line(self, x: float, y: float) -> "PathBuilder":
        """A straight line to a point."""
        return self._add("L", x, y)

    def quadratic(self, x1: float, y1: float, x: float, y: float) -> "PathBuilder":
        """A quadratic Bézier curve with one control point."""
        return self._add("Q", x1, y1, x, y)

    def cubic(self, x1: float, y1: float, x2: float, y2: float, x: float, y: float) -> "PathBuilder":
        """A cubic Bézier curve with two control points."""
        return self._add("B", x1, y1, x2, y2, x, y)

    def close(self) -> "PathBuilder":
        """Back to the start of the subpath."""
        self._parts.append("C")
        return self

    def rectangle(self, x: float, y: float, width: float, height: float) -> "PathBuilder":
        """A closed rectangle, clockwise on the page."""
        self.move(x, y).line(x + width, y).line(x + width, y + height).line(x, y + height)
        return self.close()

    def polygon(self, points: Iterable[tuple[float, float]]) -> "PathBuilder":
        """A closed polygon."""
        for index, (x, y) in enumerate(points):
            self._add("L" if index else "M", x, y)
        return self.close()

    def circle(self, x: float, y: float, radius: float) -> "PathBuilder":
        """A closed circle of four cubic curves; arcs are read differently by some readers, curves are not."""
        k = radius * 0.5522847498
        self.move(x + radius, y)
        self.cubic(x + radius, y + k, x + k, y + radius, x, y + radius)
        self.cubic(x - k, y + radius, x - radius, y + k, x - radius, y)
        self.cubic(x - radius, y - k, x - k, y - radius, x, y - radius)
        self.cubic(x + k, y - radius, x + radius, y - k, x + radius, y)
        return self.close()

    def add(self, operator: str, coordinates: Iterable[float]) -> "PathBuilder":
        """An operator by its letter, as glyph outlines give them."""
        return self._add(operator, *coordinates)

    def build(self) -> str:
        """The data.

        Raises:
            ValueError: Nothing was drawn, or the first operator is no move.
        """
        if not self._parts or not self._parts[0].startswith("M"):
            raise ValueError("a path starts with a move")
        return " ".join(self._parts)

    def _add(self, operator: str, *coordinates: float) -> "PathBuilder":
        digits = self._digits
        self._parts.append(" ".join([operator, *[number(round(value, digits)) for value in coordinates]]))
        return self
