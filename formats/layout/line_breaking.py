"""Where a Chinese text may be broken into lines (避头尾).

Between any two Chinese characters, except that closing marks and stops start no line, opening brackets and
quotes end none, a dash (——) or ellipsis (……) is not torn apart, and Latin words and numbers stay whole. Only what
is longer than a line and has no such place is broken where the line is full.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from formats.fonts import Face
from formats.layout.errors import LayoutError

SPACES: Final = " \u00a0\u3000"
NO_LINE_START: Final = "，。、；：？！）］｝〕〉》」』】〗〙〛”’〞·・‧～％‰℃℉°′″々〻ヽヾーゝゞ／,.;:?!)]}%>»›"
"""Stops, closing brackets and quotes, connectors and signs that belong to what is before them."""

NO_LINE_END: Final = "（［｛〔〈《「『【〖〘〚“‘〝([{<«‹￥¥＄$£￡€＃#№§"
"""Opening brackets and quotes, and signs that belong to what follows."""

_LETTERS: Final = frozenset(chr(code) for code in range(0x30, 0x250) if chr(code).isalnum())
_TOGETHER: Final = _LETTERS | frozenset(".,:'’_@&+-/*=?%#~")
"""Characters of words, numbers, dates and addresses: no break between any two of these."""

_PAIRED: Final = frozenset("—…⋯")
_TOLERANCE: Final = 1e-7


def may_break(text: str, position: int) -> bool:
    """Whether a line may end before the character at ``position``, which is neither the first nor past the last.

    Spaces stay at the end of the line they follow.
    """
    after = text[position]
    if after in SPACES or after in NO_LINE_START:
        return False
    before = text[position - 1]
    if before in SPACES:
        visible = text[:position].rstrip(SPACES)
        return bool(visible) and visible[-1] not in NO_LINE_END
    if before in NO_LINE_END or (before in _TOGETHER and after in _TOGETHER):
        return False
    return before != after or before not in _PAIRED


class Line(NamedTuple):
    """Characters ``start`` to ``end`` of a paragraph on one line; from ``visible_end`` on, only spaces."""

    start: int
    visible_end: int
    end: int


class Paragraph:
    """A text without line ends, measured once, broken at any width.

    Args:
        text: May be empty.
        advances: Of each character, in em.
        faces: Of each character; None where all are in the first face of the chain.
    """

    def __init__(self, text: str, advances: Sequence[float], faces: Sequence[Face] | None = None) -> None:
        self.text = text
        self.advances = advances
        self.faces = faces
        self.offsets = list(accumulate(advances, initial=0.0))
        self.visible_end = len(text.rstrip(SPACES))
        self.in_basic_plane = not text or max(text) <= "\uffff"

    @property
    def width(self) -> float:
        """Width on one line in em, spaces at the end left out."""
        return self.offsets[self.visible_end]

    def lines(self, limit: float) -> list[Line]:
        """Break greedily.

        Args:
            limit: Line width in em.

        Returns:
            At least one line; together they hold every character.

        Raises:
            LayoutError: A single character is wider than the line.
        """
        text, offsets = self.text, self.offsets
        count = len(text)
        visible_end = self.visible_end
        lines: list[Line] = []
        start = 0
        while offsets[visible_end] - offsets[start] > limit + _TOLERANCE:
            fitting = bisect_right(offsets, offsets[start] + limit + _TOLERANCE) - 1
            if fitting <= start:
                raise LayoutError(f"a line {limit:.2f} em wide holds no character {text[start]!r}")
            line = self._line(start, fitting)
            lines.append(line)
            start = line.end
        if start < count or not lines:
            lines.append(Line(start, visible_end, count))
        return lines

    def _line(self, start: int, fitting: int) -> Line:
        """The line from ``start`` on, ``fitting`` characters up to which fit; further spaces hang over its end."""
        text = self.text
        end = fitting
        while text[end] in SPACES:
            end += 1
        while end > start and not may_break(text, end):
            end -= 1
        if end == start:
            end = fitting
        return Line(start, start + len(text[start:end].rstrip(SPACES)), end)
