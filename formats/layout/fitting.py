"""Choosing the size at which a text fits, and what of it fits if none does."""

import math
import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import Final, NamedTuple

from formats.layout.errors import LayoutError
from formats.layout.line_breaking import Line, Paragraph
from formats.layout.style import TextStyle

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_SIZE_STEP: Final = 0.05
"""Sizes tried while shrinking differ by this much, in millimetres."""

_TOLERANCE: Final = 1e-6
_ENDLESS: Final = 1_000_000_000


class FittedLine(NamedTuple):
    """A line of a paragraph.

    Attributes:
        paragraph: The text it is of.
        line: Which part.
        last: Whether it ends the paragraph.
    """

    paragraph: Paragraph
    line: Line
    last: bool


@dataclass(frozen=True, slots=True)
class FittedText:
    """A text broken into lines at the size that fits.

    Attributes:
        size: Millimetres.
        width: Of the box, millimetres.
        lines: What fits.
        height: Of these, millimetres, from the highest to the lowest ink; from the top of the box where the
            style sets the first baseline.
        remainder: What does not fit, for another box.
        style: As asked for.
    """

    size: float
    width: float
    lines: tuple[FittedLine, ...]
    height: float
    remainder: str
    style: TextStyle


class _Measured:
    """A text split into measured paragraphs."""

    def __init__(self, text: str, style: TextStyle) -> None:
        self.style = style
        pieces = _LINE_END.split(text) if "\n" in text or "\r" in text else [text]
        self.paragraphs = [_paragraph(piece, style) for piece in pieces]

    def lines(self, size: float, width: float) -> list[FittedLine]:
        """All lines at a size."""
        fitted: list[FittedLine] = []
        limit = width / size
        for paragraph in self.paragraphs:
            *lines, last = paragraph.lines(limit)
            fitted += [FittedLine(paragraph, line, last=False) for line in lines]
            fitted.append(FittedLine(paragraph, last, last=True))
        return fitted

    def least_lines(self, size: float, width: float) -> int:
        """How many lines the text would take if it could be broken anywhere: tells quickly what cannot fit."""
        limit = width / size + _TOLERANCE
        if len(self.paragraphs) == 1:
            return math.ceil(self.paragraphs[0].width / limit) or 1
        return sum([math.ceil(paragraph.width / limit) or 1 for paragraph in self.paragraphs])

    def height(self, count: int, size: float) -> float:
        """Height of some lines in millimetres, from the top of the box or of the ink to the lowest ink."""
        return line_height(self.style, size) + (count - 1) * self.style.leading * size

    def capacity(self, size: float, height: float) -> int:
        """How many lines a height holds."""
        limit = self.style.maximum_lines or _ENDLESS
        if math.isinf(height):
            return limit
        room = height - line_height(self.style, size) + _TOLERANCE
        return min(int(room / (self.style.leading * size)) + 1, limit) if room >= 0 else 0


def line_height(style: TextStyle, size: float) -> float:
    """Height of a single line in millimetres, from the top of the box or of the ink to the lowest ink."""
    return max(style.fonts.ascent * size, style.baseline or 0.0) + style.fonts.descent * size


def _paragraph(text: str, style: TextStyle) -> Paragraph:
    """A measured paragraph."""
    advances, faces = style.fonts.measure(text)
    if style.spacing:
        advances = [advance + style.spacing for advance in advances]
    return Paragraph(text, advances, faces)


def fit(text: str, style: TextStyle, width: float, height: float) -> FittedText:
    """Break a text at the largest allowed size at which it fits.

    If it fits at none, as many lines as fit are set at the smallest size, the last one leaving room for the
    style's continuation mark, and the rest is the remainder.

    Args:
        text: Paragraphs apart by line ends.
        style: How.
        width: Of the box, millimetres.
        height: Of the box, millimetres; infinite where it is to follow from the text.

    Raises:
        LayoutError: Not one line fits at the smallest size.
        MissingGlyphError: No font holds a character.
    """
    measured = _Measured(text, style)
    lines = _try(measured, style.size, width, height)
    if lines is not None:
        return _fitted(measured, style.size, width, lines)
    sizes = _smaller_sizes(style)
    hopeful = bisect_left(
        sizes, True, key=lambda size: measured.least_lines(size, width) <= measured.capacity(size, height)
    )
    for size in sizes[hopeful:]:
        lines = _try(measured, size, width, height)
        if lines is not None:
            return _fitted(measured, size, width, lines)
    return _overflow(measured, width, height)


def _smaller_sizes(style: TextStyle) -> list[float]:
    """Sizes below the wanted one, largest first, down to the smallest allowed."""
    span = style.size - style.least_size
    steps = int(span / _SIZE_STEP + _TOLERANCE)
    sizes = [style.size - step * _SIZE_STEP for step in range(1, steps + 1)]
    if span > 0 and (not sizes or sizes[-1] - style.least_size > _TOLERANCE):
        sizes.append(style.least_size)
    return sizes


def _try(measured: _Measured, size: float, width: float, height: float) -> list[FittedLine] | None:
    """The lines at a size, if they fit."""
    capacity = measured.capacity(size, height)
    if measured.least_lines(size, width) > capacity:
        return None
    try:
        lines = measured.lines(size, width)
    except LayoutError:
        return None
    return lines if len(lines) <= capacity else None


def _fitted(
    measured: _Measured, size: float, width: float, lines: list[FittedLine], remainder: str = ""
) -> FittedText:
    return FittedText(size, width, tuple(lines), measured.height(len(lines), size), remainder, measured.style)


def _overflow(measured: _Measured, width: float, height: float) -> FittedText:
    """What fits at the smallest size, and the remainder."""
    style = measured.style
    size = style.least_size
    capacity = measured.capacity(size, height)
    if capacity == 0:
        raise LayoutError(f"a box {height:.2f} mm high holds no line of {size:.2f} mm")
    lines = measured.lines(size, width)
    kept = lines[:capacity]
    last = kept[-1]
    if style.continuation:
        last = kept[-1] = _shortened(last, width / size - style.fonts.width(style.continuation, 1.0))
    following = measured.paragraphs[measured.paragraphs.index(last.paragraph) + 1 :]
    rest = last.paragraph.text[last.line.end :]
    remainder = "\n".join([rest, *(p.text for p in following)] if rest else [p.text for p in following])
    return _fitted(measured, size, width, kept, remainder)


def _shortened(line: FittedLine, limit: float) -> FittedLine:
    """The same line, broken earlier to leave room for the continuation mark, and so set flush left."""
    start = line.line.start
    paragraph = line.paragraph
    rest = Paragraph(paragraph.text[start:], paragraph.advances[start:])
    first = rest.lines(limit)[0]
    moved = Line(start + first.start, start + first.visible_end, start + first.end)
    return FittedLine(paragraph, moved, last=True)
