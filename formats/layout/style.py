"""How a text is to be set."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from formats.fonts import FontChain
from formats.gbt33190.drawing import BLACK, Rgb

_MILLIMETRES_PER_POINT: Final = 25.4 / 72


def points(size: float) -> float:
    """Points (磅) as millimetres."""
    return size * _MILLIMETRES_PER_POINT


class Align(StrEnum):
    """How a line lies between the sides of its box."""

    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"
    JUSTIFY = "justify"
    """Flush on both sides; the last line of a paragraph stays left."""
    DISTRIBUTE = "distribute"
    """分散对齐: every line is spread over the width, as labels of two to six characters are."""


class VerticalAlign(StrEnum):
    """How the lines lie between the top and the bottom of their box."""

    TOP = "top"
    MIDDLE = "middle"
    BOTTOM = "bottom"


@dataclass(frozen=True, slots=True)
class TextStyle:
    """A way of setting text.

    Attributes:
        fonts: Faces in order of preference.
        size: Wanted size in millimetres, see :func:`points`.
        minimum_size: Down to which the text may shrink to fit; None: it may not.
        color: Of the text.
        align: Across.
        vertical: Up and down.
        leading: Distance of baselines in em.
        spacing: Added after each character, in em.
        baseline: Distance of the first baseline from the top of the box in millimetres, whatever the size, so
            that a shrunken text stands on one line with its label; None: as ``vertical`` has it.
        maximum_lines: How many lines the text may take; None: as many as the box holds.
        continuation: Set after the last line that fits when the rest goes elsewhere, for example （转下页）.

    Raises:
        ValueError: Sizes, leading or line count out of range, or a continuation mark with another alignment.
    """

    fonts: FontChain
    size: float
    minimum_size: float | None = None
    color: Rgb = BLACK
    align: Align = Align.LEFT
    vertical: VerticalAlign = VerticalAlign.MIDDLE
    leading: float = 1.4
    spacing: float = 0.0
    baseline: float | None = None
    maximum_lines: int | None = None
    continuation: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.least_size <= self.size:
            raise ValueError(f"sizes {self.minimum_size} to {self.size} mm are no range")
        if self.leading < 1 or (self.maximum_lines is not None and self.maximum_lines < 1):
            raise ValueError("leading is at least 1 em, and a text has at least one line")
        if self.continuation and self.align not in {Align.LEFT, Align.JUSTIFY}:
            raise ValueError("a continuation mark follows text that is flush left or justified")

    @property
    def least_size(self) -> float:
        """The smallest allowed size in millimetres."""
        return self.size if self.minimum_size is None else self.minimum_size
