"""Where a line lies in its box: across by its alignment, up and down by its first baseline."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from formats.gbt33190.values import Box
from formats.layout.line_breaking import SPACES
from formats.layout.style import Align, TextStyle, VerticalAlign

_EM_CENTRE: Final = 0.38
"""Middle of a Chinese character above the baseline, in em: it reaches from -0.12 to 0.88."""

_FIRST_IDEOGRAPHIC: Final = "\u2e80"
_MOST_STRETCH: Final = 0.6
"""A justified line is widened by at most this much in each gap, in em; else it stays flush left."""


def align_line(
    text: str, advances: list[float], style: TextStyle, size: float, width: float, *, last: bool
) -> float:
    """Align a line's visible characters.

    Args:
        text: The characters.
        advances: Of each, in millimetres; widened in place where the alignment asks for it.
        style: Whose alignment.
        size: Of the text, millimetres.
        width: Of the box, millimetres.
        last: Whether the line ends its paragraph.

    Returns:
        The indent, millimetres.
    """
    align = style.align
    if align is Align.LEFT or (align is Align.JUSTIFY and last) or not advances:
        return 0.0
    slack = max(width - sum(advances), 0.0)
    if align is Align.RIGHT:
        return slack
    if align is Align.CENTRE or (align is Align.DISTRIBUTE and len(advances) == 1):
        return slack / 2
    gaps: Sequence[int] = range(len(advances) - 1) if align is Align.DISTRIBUTE else _justifiable(text)
    extra = slack / len(gaps) if gaps else 0.0
    if align is Align.DISTRIBUTE or extra <= _MOST_STRETCH * size:
        for gap in gaps:
            advances[gap] += extra
    return 0.0


def _justifiable(text: str) -> list[int]:
    """Gaps that may be widened: after each character unless it and the next belong to one Latin word."""
    return [
        index
        for index, (left, right) in enumerate(pairwise(text))
        if left >= _FIRST_IDEOGRAPHIC or right >= _FIRST_IDEOGRAPHIC or left in SPACES
    ]


def first_baseline(box: Box, style: TextStyle, size: float, count: int, height: float) -> float:
    """Baseline of the first of ``count`` lines that are ``height`` millimetres high in all.

    Centring goes by the body of Chinese characters, not by the rare strokes above and below it.
    """
    ascent = style.fonts.ascent * size
    top = box.y + ascent
    if style.baseline is not None:
        return max(top, box.y + style.baseline)
    if style.vertical is VerticalAlign.TOP:
        return top
    lowest = box.bottom - height + ascent
    if style.vertical is VerticalAlign.BOTTOM:
        return lowest
    body = (count - 1) * style.leading * size
    return max(top, min(box.y + (box.height - body) / 2 + _EM_CENTRE * size, lowest))
