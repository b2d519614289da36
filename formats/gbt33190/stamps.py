"""Where the imprints of a seal go (GB/T 33190-2016 18.2, StampAnnot).

All lengths are millimetres on the page. An imprint is always drawn whole into its boundary, which may hang over
the edge of the page; the clip says which part of it shows, from the boundary's top left corner. One signature may
carry any number of imprints: a riding-edge seal (骑缝章), of which every page shows a slice, is one signature.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from formats.gbt33190.values import Box


@dataclass(frozen=True, slots=True)
class StampPlacement:
    """One imprint on the page whose object id is ``page_ref``."""

    page_ref: int
    boundary: Box
    clip: Box | None = None

    def __post_init__(self) -> None:
        _check_extent(self.boundary.width, self.boundary.height)
        if self.clip is not None:
            _check_extent(self.clip.width, self.clip.height)


@dataclass(frozen=True, slots=True)
class PageSize:
    """A page to be stamped: its object id and its physical size."""

    page_ref: int
    width: float
    height: float

    def __post_init__(self) -> None:
        _check_extent(self.width, self.height)


class Edge(Enum):
    """The edge of the pages that a riding-edge seal crosses."""

    LEFT = auto()
    RIGHT = auto()
    TOP = auto()
    BOTTOM = auto()


def _check_extent(width: float, height: float) -> None:
    if not (width > 0 and height > 0 and math.isfinite(width) and math.isfinite(height)):
        raise ValueError("width and height are finite and greater than zero")


def centred_stamp(page_ref: int, x: float, y: float, *, width: float, height: float) -> StampPlacement:
    """An ordinary imprint with its middle at ``x``, ``y``."""
    return StampPlacement(page_ref, Box(x - width / 2, y - height / 2, width, height))


def riding_stamps(
    pages: Sequence[PageSize], edge: Edge, *, width: float, height: float, offset: float
) -> tuple[StampPlacement, ...]:
    """A riding-edge seal: the imprint cut into as many slices as there are pages, one to a page.

    The slices lie at ``edge`` such that the pages, fanned out, show the whole imprint. With n pages of width P and
    an imprint W × H the slices are w = W/n wide. Page i (from 0) has at the right edge Boundary ``P-w(i+1) y W H``
    and Clip ``w·i 0 w H``, at the left edge x = -w(n-1-i) and clip x = w(n-1-i); top and bottom go by height.

    Args:
        pages: In order, at least two.
        edge: Which edge.
        width: Of the whole imprint.
        height: Of the whole imprint.
        offset: Where the imprint starts along the edge: its y at a side edge, its x at the top or bottom.

    Raises:
        ValueError: fewer than two pages, or a size that is not positive.
    """
    count = len(pages)
    if count < 2:
        raise ValueError("a riding-edge seal needs two pages or more")
    _check_extent(width, height)
    place = _SLICES[edge]
    return tuple(
        StampPlacement(page.page_ref, *place(page, index, count, width, height, offset))
        for index, page in enumerate(pages)
    )


def facing_stamps(
    left: PageSize, right: PageSize, *, width: float, height: float, offset: float
) -> tuple[StampPlacement, StampPlacement]:
    """An imprint across the gutter of two facing pages: its left half on ``left``, its right half on ``right``.

    Raises:
        ValueError: a size is not positive.
    """
    _check_extent(width, height)
    half = width / 2
    return (
        StampPlacement(left.page_ref, Box(left.width - half, offset, width, height), Box(0, 0, half, height)),
        StampPlacement(right.page_ref, Box(-half, offset, width, height), Box(half, 0, half, height)),
    )


def _right(page: PageSize, i: int, n: int, width: float, height: float, y: float) -> tuple[Box, Box]:
    part = width / n
    return Box(page.width - part * (i + 1), y, width, height), Box(part * i, 0, part, height)


def _left(_: PageSize, i: int, n: int, width: float, height: float, y: float) -> tuple[Box, Box]:
    part = width / n
    before = part * (n - 1 - i)
    return Box(-before, y, width, height), Box(before, 0, part, height)


def _bottom(page: PageSize, i: int, n: int, width: float, height: float, x: float) -> tuple[Box, Box]:
    part = height / n
    return Box(x, page.height - part * (i + 1), width, height), Box(0, part * i, width, part)


def _top(_: PageSize, i: int, n: int, width: float, height: float, x: float) -> tuple[Box, Box]:
    part = height / n
    before = part * (n - 1 - i)
    return Box(x, -before, width, height), Box(0, before, width, part)


_SLICES: dict[Edge, Callable[[PageSize, int, int, float, float, float], tuple[Box, Box]]] = {
    Edge.LEFT: _left,
    Edge.RIGHT: _right,
    Edge.TOP: _top,
    Edge.BOTTOM: _bottom,
}
