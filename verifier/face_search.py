"""Finding values among the pieces of text that a page shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from formats.errors import LimitExceededError
from formats.page_text import Piece

_EDGES: Final = frozenset(":;,.。、!?()[]{}<>《》【】「」『』\"'|/\\*_=+~^#")
"""Punctuation that ends a word, folded."""
CONTINUATION: Final = "(转下页)"
_MOST_LINES: Final = 2000
_MOST_PLACES: Final = 64


@dataclass(frozen=True, slots=True)
class Match:
    """Where a value stands.

    Attributes:
        pieces: What it runs through, in reading order.
        start: Where in the first piece it starts.
        whole: Whether it stands by itself and is no part of something longer.
        doubts: Why it may not be seen.
    """

    pieces: tuple[Piece, ...]
    start: int
    whole: bool
    doubts: tuple[str, ...]


class Work:
    """Counts what searching one document's pieces costs, over all its searches."""

    __slots__ = ("_left",)

    def __init__(self, left: int = 400_000) -> None:
        self._left = left

    def spend(self, amount: int) -> None:
        """Count looks at pieces.

        Raises:
            LimitExceededError: There are too many.
        """
        self._left -= amount
        if self._left < 0:
            raise LimitExceededError("the pages hold more text than is searched", what="face")


class Search:
    """Searches pieces of a document, by what is drawn or by what TextCode says.

    Args:
        pieces: In reading order.
        labels: Words that end a value as punctuation does.
        work: What it costs.
        said: Whether to search what TextCode says.
    """

    def __init__(self, pieces: Sequence[Piece], labels: frozenset[str], work: Work, *, said: bool = False) -> None:
        self._work = work
        self._pieces = pieces
        self._labels = labels
        self._texts = [piece.said if said else piece.text for piece in pieces]
        self._place = {id(piece): place for place, piece in enumerate(pieces)}

    def find(self, value: str, *, by_itself: bool) -> list[Match]:
        """Every place where a value stands, those where it stands by itself first.

        Args:
            value: Folded.
            by_itself: Whether any neighbour but punctuation makes it part of something longer, as with names; for
                numbers and dates only letters and digits do.
        """
        found: list[Match] = []
        first = value[0]
        self._work.spend(len(self._texts))
        for place, text in enumerate(self._texts):
            at = text.find(value)
            while at >= 0 and len(found) < _MOST_PLACES:
                whole = self._starts(text, at, value, by_itself) and self._ends(
                    text, at + len(value), value, by_itself
                )
                piece = self._pieces[place]
                found.append(Match((piece,), at, whole, piece.doubts))
                at = text.find(value, at + 1)
            if first in text and not text.startswith(value) and len(found) < _MOST_PLACES:
                found += self._wrapped(place, value, by_itself)
        found.sort(key=lambda match: (not match.whole, bool(match.doubts)))
        return found

    def _wrapped(self, place: int, value: str, by_itself: bool) -> Iterator[Match]:  # noqa: FBT001
        """The value over several lines that begins in this piece and fills the rest of it."""
        text = _unmarked(self._texts[place])
        at = -1
        while (at := text.find(value[0], at + 1)) >= 0:
            rest = text[at:]
            if len(rest) >= len(value) or not value.startswith(rest):
                continue
            if not self._starts(text, at, value, by_itself):
                continue
            self._work.spend(1)
            chain = self._chain(place, value[len(rest) :])
            if chain is None:
                continue
            last, end = chain[-1]
            whole = self._ends(self._texts[last], end, value, by_itself)
            pieces = (self._pieces[place], *[self._pieces[each] for each, _ in chain])
            yield Match(pieces, at, whole, tuple(sorted({doubt for each in pieces for doubt in each.doubts})))

    def _chain(self, place: int, rest: str) -> list[tuple[int, int]] | None:
        """Pieces that continue, with the end of the value in each; None if nothing does."""
        chain: list[tuple[int, int]] = []
        while rest and len(chain) < _MOST_LINES:
            for following in self._after(place):
                text = self._texts[following]
                if text.startswith(rest):
                    chain.append((following, len(rest)))
                    return chain
                text = _unmarked(text)
                if text and rest.startswith(text):
                    chain.append((following, len(text)))
                    rest, place = rest[len(text) :], following
                    break
            else:
                return None
        return chain

    def _after(self, place: int) -> Iterator[int]:
        """Pieces in which reading may go on: further along the line, the next line below, the next page."""
        piece = self._pieces[place]
        below: float | None = None
        for following in range(place + 1, len(self._pieces)):
            other = self._pieces[following]
            self._work.spend(1)
            if other.page != piece.page or other.turn != piece.turn:
                break
            if abs(other.line - piece.line) < 0.5 * piece.size:
                if 0 <= other.start - piece.end < 3.5 * piece.size:
                    yield following
                continue
            if other.line - piece.line > 3 * piece.size:
                break
            if not _same_column(piece, other):
                continue
            if below is None:
                below = other.line
            if other.line - below > 0.5 * piece.size:
                break
            yield following
        if self._texts[place].endswith(CONTINUATION):
            for following in range(place + 1, len(self._pieces)):
                self._work.spend(1)
                if self._pieces[following].page == piece.page + 1:
                    yield following

    def _starts(self, text: str, at: int, value: str, by_itself: bool) -> bool:  # noqa: FBT001
        if at == 0 or text[at - 1] in _EDGES or text[:at].rstrip(":") in self._labels:
            return True
        return not by_itself and not (_joins(text[at - 1]) and _joins(value[0]))

    def _ends(self, text: str, end: int, value: str, by_itself: bool) -> bool:  # noqa: FBT001
        if end >= len(text) or text[end] in _EDGES:
            return True
        if any(text.startswith(label, end) for label in self._labels):
            return True
        return not by_itself and not (_joins(text[end]) and _joins(value[-1]))

    # ------------------------------------------------------------------ labels

    def labels(self, label: str) -> Iterator[tuple[Piece, bool]]:
        """Pieces that are a label, or begin with it and a colon (then True), in reading order."""
        self._work.spend(len(self._pieces))
        for piece, text in zip(self._pieces, self._texts, strict=True):
            if text == label or text == label + ":":
                yield piece, False
            elif text.startswith(label + ":"):
                yield piece, True

    def beside(self, label: Piece) -> list[Piece]:
        """What stands at a label: the piece to its right, with its other lines; else what is under it."""
        self._work.spend(2 * len(self._pieces))
        right = [
            other
            for other in self._pieces
            if other.page == label.page
            and other.turn == label.turn
            and other is not label
            and other.start >= label.end - 0.5 * label.size
            and abs(other.line - label.line) <= 1.3 * min(other.size, 1.5 * label.size)
        ]
        if right:
            nearest = min(other.start for other in right)
            if nearest - label.end <= 12 * label.size:
                return [other for other in right if other.start - nearest <= other.size]
        below = [
            other
            for other in self._pieces
            if other.page == label.page
            and other.turn == label.turn
            and 0.5 * label.size < other.line - label.line <= 3.2 * max(other.size, label.size)
            and other.start < label.end
            and label.start < other.end
        ]
        if not below:
            return []
        line = min(other.line for other in below)
        return [other for other in below if other.line - line < 0.5 * other.size]


def _same_column(piece: Piece, other: Piece) -> bool:
    if max(piece.size, other.size) > 1.4 * min(piece.size, other.size):
        return False
    room = 2.6 * piece.size
    if abs(piece.start - other.start) <= room:
        return True
    return abs(piece.start + piece.end - other.start - other.end) / 2 <= piece.size


def _unmarked(text: str) -> str:
    return text.removesuffix(CONTINUATION)


def _joins(character: str) -> bool:
    """Letters and digits that make one word with their neighbours, and what hides one."""
    return (character.isascii() and character.isalnum()) or character in "-*"
