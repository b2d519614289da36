"""Text as it is read: characters beside one another as pieces of lines, pieces below one another in order.

The order of objects in the file says nothing: characters are put in the order in which they stand on the page.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from formats.page_text.model import Run, Sight

_WIDE: Final = "\u2e80"
_ROW: Final = 0.4
"""Baselines that differ by less, in em, are one line."""
_GAP: Final = 0.7
"""Pieces of different objects further apart, in em, are read apart."""
_SAME: Final = str.maketrans("•・‧∙⋅—–−‐‑“”‘’○", "·····-----\"\"''〇")
"""Dots, dashes and quotes that fonts and keyboards exchange; the circle stands for 〇 in dates."""
_PLAIN: Final = re.compile("[0-9A-Za-z、。\u4e00-\u9fff]*")
"""What folding leaves as it is; most text is of these."""
_FOLD: Final[dict[str, str]] = {}
_MOST_FOLDED: Final = 40_000


def folded(text: str) -> str:
    """The text as it is compared: compatibility forms made plain, white space left out, dots and dashes alike.

    Full-width letters equal half-width ones, and a value wrapped over lines equals one that is not. Letters that
    merely look alike stay different.
    """
    if _PLAIN.fullmatch(text) is not None:
        return text
    parts = []
    for character in text:
        known = _FOLD.get(character)
        if known is None:
            known = "".join(unicodedata.normalize("NFKC", character.translate(_SAME)).translate(_SAME).split())
            if len(_FOLD) < _MOST_FOLDED:
                _FOLD[character] = known
        parts.append(known)
    return "".join(parts)


@dataclass(slots=True, eq=False)
class Piece:
    """Characters read without a gap.

    Attributes:
        page: Index of the page.
        text: As drawn, folded.
        said: As TextCode has them, folded; the same unless glyphs were named that draw others.
        start: Where it starts along its line, millimetres.
        end: Where it ends.
        line: Baseline across the lines, growing in reading order.
        size: An em in millimetres.
        turn: Direction of its line in degrees.
        doubts: Why some of it may not be seen.
        runs: What it is made of.
    """

    page: int
    text: str
    said: str
    start: float
    end: float
    line: float
    size: float
    turn: int
    doubts: tuple[str, ...]
    runs: tuple[Run, ...] = field(repr=False)


@dataclass(slots=True)
class _Strip:
    """One run, or a character of it, along a line."""

    run: Run
    start: float
    end: float
    line: float
    size: float
    drawn: str
    said: str
    at: list[float]


def pieces_of(runs: Iterable[Run], page: int) -> list[Piece]:
    """The pieces a page's text is read in, line by line, for each direction of writing."""
    by_turn: dict[int, list[_Strip]] = defaultdict(list)
    for run in runs:
        if run.strips is None:
            run.strips = _strips(run)
        turn, strips = run.strips
        by_turn[turn] += strips
    pieces: list[Piece] = []
    for turn in sorted(by_turn):
        strips = sorted(by_turn[turn], key=lambda strip: (strip.line, strip.start))
        row: list[_Strip] = []
        for strip in strips:
            if row and strip.line - row[0].line > _ROW * min(strip.size, row[0].size):
                pieces += _row(row, page, turn)
                row = []
            row.append(strip)
        pieces += _row(row, page, turn)
    return pieces


def _strips(run: Run) -> tuple[int, list[_Strip]]:
    """The direction a run is read in, and its characters along it."""
    (ax, ay), (dx, dy) = run.along, run.down
    count = len(run.said)
    width, height = math.hypot(ax, ay) or 1.0, math.hypot(dx, dy) or 1.0
    across_x, across_y, size = ax / width, ay / width, width
    if count > 1:
        step_x, step_y = run.xs[-1] - run.xs[0], run.ys[-1] - run.ys[0]
        if abs(step_x * dx + step_y * dy) / height > abs(step_x * across_x + step_y * across_y):
            across_x, across_y, size = dx / height, dy / height, height  # set downwards
    turn = round(math.degrees(math.atan2(across_y, across_x))) % 360
    if turn == 0:
        at, lines = list(run.xs), run.ys
    else:
        at = [x * across_x + y * across_y for x, y in zip(run.xs, run.ys, strict=True)]
        lines = tuple([-x * across_y + y * across_x for x, y in zip(run.xs, run.ys, strict=True)])
    drawn, said = run.drawn, run.said
    last = max(len(drawn.rstrip()) - 1, 0)  # white space may hang over the end of a line
    core = at[: last + 1]
    level = lines[0] == lines[-1] == min(lines) == max(lines) or max(lines) - min(lines) < _ROW * size
    if level and (count == 1 or (core == sorted(core) and len(set(core)) == len(core))):
        return turn, [_Strip(run, at[0], at[last] + _width(drawn[last]) * size, lines[0], size, drawn, said, core)]
    return turn, [
        _Strip(run, at[i], at[i] + _width(drawn[i]) * size, lines[i], size, drawn[i], said[i], [at[i]])
        for i in range(count)
    ]


def _width(character: str) -> float:
    return 1.0 if character >= _WIDE else 0.55


def _row(strips: list[_Strip], page: int, turn: int) -> list[Piece]:
    """Pieces of one line, from its start to its end."""
    if not strips:
        return []
    strips.sort(key=lambda strip: strip.start)
    if any(two.start < one.at[-1] for one, two in pairwise(strips)):
        strips = _apart(strips)
    pieces = []
    group = [strips[0]]
    for strip in strips[1:]:
        last = group[-1]
        same_object = strip.run.where == last.run.where and strip.run.order == last.run.order
        room = _GAP if not same_object else 2 * _GAP
        if strip.start - last.end > room * max(strip.size, last.size) or _unlike(strip, last):
            pieces.append(_piece(group, page, turn))
            group = []
        group.append(strip)
    pieces.append(_piece(group, page, turn))
    return [piece for piece in pieces if piece.text or piece.said]


def _unlike(one: _Strip, other: _Strip) -> bool:
    """Sizes so different that nobody reads the two as one word."""
    return max(one.size, other.size) > 1.8 * min(one.size, other.size)


def _apart(strips: list[_Strip]) -> list[_Strip]:
    """Strips that reach into one another, character by character; one written twice in a place is read once."""
    single = [
        _Strip(strip.run, at, at + _width(drawn) * strip.size, strip.line, strip.size, drawn, said, [at])
        for strip in strips
        for at, drawn, said in zip(strip.at, strip.drawn, strip.said, strict=False)
    ]
    single.sort(key=lambda strip: strip.start)
    kept: list[_Strip] = []
    for strip in single:
        last = kept[-1] if kept else None
        if last is None or strip.drawn != last.drawn or strip.start - last.start > 0.3 * strip.size:
            kept.append(strip)
    return kept


def _piece(group: list[_Strip], page: int, turn: int) -> Piece:
    first, last = group[0], group[-1]
    drawn = folded("".join([strip.drawn for strip in group]))
    same = all(strip.drawn is strip.said or strip.drawn == strip.said for strip in group)
    said = drawn if same else folded("".join([strip.said for strip in group]))
    runs = tuple(dict.fromkeys(id(strip.run) for strip in group))
    by_id = {id(strip.run): strip.run for strip in group}
    doubts = {strip.run.why for strip in group if strip.run.sight is Sight.UNDECIDED}
    return Piece(
        page, drawn, said, first.start, max(strip.end for strip in group), first.line,
        max(first.size, last.size), turn, tuple(sorted(doubts)), tuple(by_id[each] for each in runs),
    )  # fmt: skip
