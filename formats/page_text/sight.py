"""Whether the characters of a page are seen: size, colour against the ground, page edge, clips, what covers them.

What cannot be decided is told as undecided and never guessed: text over a picture, a picture that may be clear in
places over text, glyphs of a font whose character map is not understood.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from formats.page_text.font_map import FontMap
from formats.page_text.model import Bounds, Effort, Rgb, Run, Sight
from formats.page_text.outline import Area
from formats.page_text.walk import Cover

SMALLEST: Final = 0.5
"""Millimetres an em must have to be read at all."""
_SAME: Final = 16 / 255
"""Colours that differ by less in every channel cannot be told apart."""
_FAINT: Final = 40 / 255
_CLEAR: Final = 0.5
"""What is painted with less lets the text under it be read."""
_CROWDED: Final = 0.12
"""Steps between letters, in em, below which they cannot be read; thrice this for Chinese characters."""
_WIDE: Final = "\u2e80"
_WHITE: Final = (1.0, 1.0, 1.0)
_UNKNOWN: Final = "\ufffd"

Verdict = tuple[Sight, str]
SEEN: Final[Verdict] = (Sight.SEEN, "")

Solid = Callable[[int], bool | None]
"""Whether a picture, by its media resource, is solid throughout; None if that is not known."""


class Judge:
    """Judges runs against what is drawn under and over them.

    Args:
        page: The page's box.
        covers: All that can hide or carry text, in order of drawing.
        runs: All text, in order of drawing.
        solid: Says of pictures whether they are solid.
        effort: What it costs.
    """

    def __init__(
        self, page: Bounds, covers: Sequence[Cover], runs: Sequence[Run], solid: Solid, effort: Effort
    ) -> None:
        self._page = page
        self._covers = covers
        self._runs = [run for run in runs if run.alpha >= _CLEAR and run.rgb is not None]
        self._orders = [run.order for run in self._runs]
        self._solid = solid
        self._effort = effort

    def parts(self, run: Run) -> list[Run]:
        """The run in parts that are seen, hidden or undecided as a whole.

        Raises:
            LimitExceededError: Too much lies over or under text.
        """
        verdict = self._whole(run)
        if verdict is None:
            covers = [each for each in self._above(run) if _meet(each.bounds, run.bounds)]
            written = [each for each in self._written_above(run) if _meet(each.bounds, run.bounds)]
            verdicts = [self._character(run, index, covers, written) for index in range(len(run.said))]
        elif verdict == SEEN and run.sight is Sight.SEEN:
            return [run]
        else:
            verdicts = [verdict] * len(run.said)
        parts = []
        start = 0
        for index in range(1, len(verdicts) + 1):
            if index == len(verdicts) or verdicts[index] != verdicts[start]:
                parts.append(run.part(start, index, *_worse(verdicts[start], (run.sight, run.why))))
                start = index
        return parts

    def _whole(self, run: Run) -> Verdict | None:
        """The verdict on all characters alike; None where they have to be looked at one by one."""
        (ax, ay), (dx, dy) = run.along, run.down
        cross = ax * dy - ay * dx
        if run.alpha <= 0:
            return Sight.HIDDEN, "it is not painted"
        if abs(cross) < SMALLEST * SMALLEST / 4 or run.size < SMALLEST:
            return Sight.HIDDEN, "it is too small to be read"
        if cross < 0:
            return Sight.UNDECIDED, "it is mirrored"
        if run.rgb is None:
            return Sight.UNDECIDED, "its colour is not known"
        if _crowded(run):
            return Sight.UNDECIDED, "its characters lie over one another"
        if run.clips or not _within(run.bounds, self._page, 0.0):
            return None
        if run.boundary is not None and not _within(run.bounds, run.boundary, run.size):
            return None
        if any(_meet(cover.bounds, run.bounds) for cover in self._above(run)):
            return None
        if any(other is not run and _meet(other.bounds, run.bounds) for other in self._written_above(run)):
            return None
        return self._against(run, self._ground(run, run.bounds, None))

    def _above(self, run: Run) -> Sequence[Cover]:
        covers = self._covers
        self._effort.spend(steps=len(covers) // 16 + 1)
        if not covers or covers[-1].order <= run.order:
            return ()
        return [cover for cover in covers if cover.order > run.order]

    def _written_above(self, run: Run) -> Sequence[Run]:
        start = bisect_left(self._orders, run.order)
        self._effort.spend(steps=(len(self._runs) - start) // 4 + 1)
        return self._runs[start:]

    def _character(self, run: Run, index: int, covers: Sequence[Cover], written: Sequence[Run]) -> Verdict:
        """The verdict on one character."""
        if run.said[index].isspace():
            return SEEN
        points = _points(run, index)
        middle = points[0]
        left, top, right, bottom = self._page
        if not (left <= middle[0] <= right and top <= middle[1] <= bottom):
            return Sight.HIDDEN, "it lies outside the page"
        clipped = self._clipped(run, middle)
        if clipped != SEEN:
            return clipped
        worst = SEEN
        if run.boundary is not None:
            x1, y1, x2, y2 = run.boundary
            room = run.size
            if not (x1 - room <= middle[0] <= x2 + room and y1 - room <= middle[1] <= y2 + room):
                worst = Sight.UNDECIDED, "it lies outside its own boundary"
        xs, ys = [x for x, _ in points], [y for _, y in points]
        box = (min(xs), min(ys), max(xs), max(ys))
        for cover in covers:
            if _meet(cover.bounds, box):
                worst = _worse(worst, self._under(cover, points))
                if worst[0] is Sight.HIDDEN:
                    return worst
        worst = _worse(worst, self._overwritten(run, index, box, written))
        return _worse(worst, self._against(run, self._ground(run, box, points)))

    def _clipped(self, run: Run, middle: tuple[float, float]) -> Verdict:
        for clip in run.clips:
            union = clip if isinstance(clip, tuple) else (clip,)
            areas = [area for area in union if isinstance(area, Area)]
            if any(area.holds(*middle, self._effort) for area in areas):
                continue
            if len(areas) < len(union):
                return Sight.UNDECIDED, "it is not known what its clip leaves"
            return Sight.HIDDEN, "it is clipped away"
        return SEEN

    def _under(self, cover: Cover, points: Sequence[tuple[float, float]]) -> Verdict:
        """What a cover does to a character under it."""
        if cover.alpha < _CLEAR:
            return SEEN
        area = cover.shape(self._effort)
        if area is None:
            return Sight.UNDECIDED, "a path that is not understood may cover it"
        if not self._clip_leaves(cover, points[0]):
            return SEEN
        effort = self._effort
        within = (
            [area.near(x, y, cover.stroke, effort) for x, y in points]
            if cover.stroke
            else [area.holds(x, y, effort) for x, y in points]
        )
        if not any(within):
            return SEEN
        solid = cover.solid and cover.alpha > 0.95
        if cover.image is not None and solid:
            known = self._solid(cover.image)
            if known is not True:
                return Sight.UNDECIDED, "a picture lies over it"
        if not solid:
            return Sight.UNDECIDED, "something lies over it that may let it through"
        if sum(within) >= 3:
            return Sight.HIDDEN, "a picture covers it" if cover.image is not None else "a painted area covers it"
        return Sight.UNDECIDED, "a painted area covers part of it"

    def _clip_leaves(self, cover: Cover, point: tuple[float, float]) -> bool:
        """Whether a cover's clips may leave it at a point."""
        for clip in cover.clips:
            union = clip if isinstance(clip, tuple) else (clip,)
            if not any(not isinstance(area, Area) or area.holds(*point, self._effort) for area in union):
                return False
        return True

    def _overwritten(self, run: Run, index: int, box: Bounds, written: Sequence[Run]) -> Verdict:
        """Text over text: the same character again is a bold one, another makes both unreadable."""
        x, y = run.xs[index], run.ys[index]
        middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        for other in written:
            if not _meet(other.bounds, box):
                continue
            self._effort.spend(steps=len(other.said))
            reach = max(other.size, run.size) * 0.3
            for place, character in enumerate(other.said):
                if (other is run and place <= index) or character.isspace():
                    continue
                if other.order == run.order and other is not run and (other.xs[place], other.ys[place]) < (x, y):
                    continue
                near = abs(other.xs[place] - x) < reach and abs(other.ys[place] - y) < reach
                if near and character == run.said[index]:
                    continue
                points = _points(other, place)
                xs, ys = [p for p, _ in points], [q for _, q in points]
                if min(xs) <= middle[0] <= max(xs) and min(ys) <= middle[1] <= max(ys):
                    return Sight.UNDECIDED, "other characters are written over it"
        return SEEN

    def _ground(
        self, run: Run, box: Bounds, points: Sequence[tuple[float, float]] | None
    ) -> list[tuple[Rgb | None, float]]:
        """Paints below a box, uppermost first, down to the first that is solid; None where one is not known."""
        found: list[tuple[Rgb | None, float]] = []
        effort = self._effort
        for cover in reversed(self._covers):
            if cover.order >= run.order or not _meet(cover.bounds, box):
                continue
            effort.spend(steps=1)
            if cover.alpha < 0.05:
                continue
            area = cover.shape(effort)
            if area is None:
                found.append((None, cover.alpha))
                continue
            if not _meet(area.bounds, box):
                continue
            if cover.stroke:
                if points is not None and area.near(*points[0], cover.stroke, effort):
                    found.append((cover.rgb, cover.alpha))
                continue
            whole = area.rectangle and not cover.clips and _within(box, area.bounds, 0.0)
            if not whole:
                corners = points or _corners(box)
                inside = [area.holds(*point, effort) for point in corners]
                if points is None and any(inside):
                    found.append((cover.rgb, cover.alpha))  # some characters lie on it: each ground counts
                    continue
                if not any(inside) or not self._clip_leaves(cover, corners[0]):
                    continue
            found.append((cover.rgb, cover.alpha))
            if cover.solid and cover.alpha > 0.95 and cover.image is None and (whole or points is not None):
                return found
        found.append((_WHITE, 1.0))
        return found

    def _against(self, run: Run, ground: list[tuple[Rgb | None, float]]) -> Verdict:
        """Whether the text's colour stands out against every ground it may lie on."""
        rgb = run.rgb
        if rgb is None:
            return Sight.UNDECIDED, "its colour is not known"
        worst = SEEN
        for paint, _ in ground:
            if paint is None:
                worst = _worse(worst, (Sight.UNDECIDED, "it lies on a picture or pattern"))
                continue
            contrast = max(abs(own - other) for own, other in zip(rgb, paint, strict=True)) * run.alpha
            if contrast < _SAME:
                return Sight.HIDDEN, "it has the colour of its ground"
            if contrast < _FAINT:
                worst = _worse(worst, (Sight.UNDECIDED, "it is faint"))
        return worst


def settle_glyphs(run: Run, font: FontMap | None, *, embedded: bool) -> None:
    """Find out what the glyphs drawn stand for, and set ``drawn``, ``sight`` and ``why`` of a run.

    Args:
        run: The run.
        font: The embedded font, None if there is none or it cannot be read.
        embedded: Whether a font file is named.
    """
    if font is None or not font.readable:
        if run.glyphs and embedded:
            run.drawn = "".join(
                _UNKNOWN if index in run.glyphs else character for index, character in enumerate(run.said)
            )
            run.sight, run.why = Sight.UNDECIDED, "its font has no character map that is understood"
        return
    glyph_of = font.glyph_of
    if not run.glyphs:
        for character in run.said:
            glyph = glyph_of.get(ord(character))
            if glyph is not None and font.blank(glyph) and not _invisible(character):
                run.sight, run.why = Sight.HIDDEN, f"its font has an empty glyph for U+{ord(character):04X}"
                return
        return
    drawn = list(run.said)
    for index, character in enumerate(run.said):
        named = run.glyphs.get(index)
        own = glyph_of.get(ord(character))
        glyph = own if named is None else named
        if glyph is None or glyph == own:
            if glyph is not None and font.blank(glyph) and not _invisible(character):
                run.sight, run.why = Sight.HIDDEN, f"its font has an empty glyph for U+{ord(character):04X}"
            continue
        others = [] if glyph < 0 else font.characters(glyph)
        if others:
            drawn[index] = chr(min(others))
        elif glyph >= 0 and font.blank(glyph) and not _invisible(character):
            run.sight, run.why = Sight.HIDDEN, "an empty glyph is drawn for it"
        else:
            drawn[index] = _UNKNOWN
            if run.sight is Sight.SEEN:
                run.sight, run.why = Sight.UNDECIDED, "its font does not say what character the glyph drawn is"
    run.drawn = "".join(drawn)


def _invisible(character: str) -> bool:
    return character.isspace() or not character.isprintable() or character in "\u3164\u2800"


def _worse(one: Verdict, other: Verdict) -> Verdict:
    if one[0] is Sight.HIDDEN or other[0] is Sight.SEEN:
        return one
    if other[0] is Sight.HIDDEN or one[0] is Sight.SEEN:
        return other
    return one


def _crowded(run: Run) -> bool:
    """Whether characters that follow one another stand nearer than any text is set."""
    least = min(math.hypot(*run.along), run.size) * _CROWDED
    square, text = least * least, run.said
    if run.ys[0] == run.ys[-1] == min(run.ys) == max(run.ys):
        steps = [(right - left) ** 2 for left, right in pairwise(run.xs)]
    else:
        steps = [
            (x2 - x1) ** 2 + (y2 - y1) ** 2 for (x1, y1), (x2, y2) in pairwise(zip(run.xs, run.ys, strict=True))
        ]
    if not steps or min(steps) >= square * 9:
        return False
    return any(
        step < (square * 9 if text[place] >= _WIDE and text[place + 1] >= _WIDE else square)
        and not text[place].isspace()
        and not text[place + 1].isspace()
        for place, step in enumerate(steps)
    )


def _points(run: Run, index: int) -> list[tuple[float, float]]:
    """The middle of a character and four points around it, inside its ink as a rule."""
    x, y = run.xs[index], run.ys[index]
    (ax, ay), (dx, dy) = run.along, run.down
    half = 0.5 if run.said[index] >= _WIDE else 0.25
    shares = ((half, 0.35), (half * 0.5, 0.1), (half * 1.5, 0.1), (half * 0.5, 0.6), (half * 1.5, 0.6))
    return [(x + across * ax - up * dx, y + across * ay - up * dy) for across, up in shares]


def _corners(box: Bounds) -> list[tuple[float, float]]:
    """Points of a box: corners, middle, and the middles of its sides."""
    left, top, right, bottom = box
    xs, ys = (left, (left + right) / 2, right), (top, (top + bottom) / 2, bottom)
    return [(x, y) for x in xs for y in ys]


def _within(inner: Bounds, outer: Bounds, room: float) -> bool:
    return (
        inner[0] >= outer[0] - room
        and inner[1] >= outer[1] - room
        and inner[2] <= outer[2] + room
        and inner[3] <= outer[3] + room
    )


def _meet(one: Bounds, other: Bounds) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
