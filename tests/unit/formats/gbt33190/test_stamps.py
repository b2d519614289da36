"""Places of imprints, against the numbers of real riding-edge seals."""

from itertools import pairwise

import pytest

from formats.gbt33190.stamps import Edge, PageSize, StampPlacement, centred_stamp, facing_stamps, riding_stamps
from formats.gbt33190.values import Box

FIVE = [PageSize(page_ref, 210, 297) for page_ref in (11, 12, 13, 14, 15)]


def test_right_edge_as_measured() -> None:
    """P=210, W=40, n=5 as in files of another maker: Boundary x 202 to 170, Clip x 0 to 32, slices 8 wide."""
    stamps = riding_stamps(FIVE, Edge.RIGHT, width=40, height=40, offset=100)
    assert [(stamp.boundary.x, stamp.clip.x if stamp.clip else None) for stamp in stamps] == [
        (202, 0),
        (194, 8),
        (186, 16),
        (178, 24),
        (170, 32),
    ]
    assert all(stamp.boundary == Box(stamp.boundary.x, 100, 40, 40) for stamp in stamps)
    assert all(
        stamp.clip and (stamp.clip.y, stamp.clip.width, stamp.clip.height) == (0, 8, 40) for stamp in stamps
    )
    assert [stamp.page_ref for stamp in stamps] == [11, 12, 13, 14, 15]


def test_left_edge() -> None:
    """x = -w(n-1-i) and the same clip x: every slice touches the left edge."""
    stamps = riding_stamps(FIVE, Edge.LEFT, width=40, height=40, offset=100)
    assert [(stamp.boundary.x, stamp.clip.x if stamp.clip else None) for stamp in stamps] == [
        (-32, 32),
        (-24, 24),
        (-16, 16),
        (-8, 8),
        (0, 0),
    ]


@pytest.mark.parametrize("edge", Edge)
@pytest.mark.parametrize("count", [2, 3, 7])
def test_slices_lie_at_the_edge_and_make_up_the_imprint(edge: Edge, count: int) -> None:
    """Each visible slice touches its edge inside the page, and the clips tile the imprint without gap or overlap."""
    width, height = 42.0, 30.0
    pages = [PageSize(index, 210, 297) for index in range(count)]
    stamps = riding_stamps(pages, edge, width=width, height=height, offset=50)
    clips = [stamp.clip for stamp in stamps if stamp.clip]
    assert len(clips) == count
    sideways = edge in (Edge.LEFT, Edge.RIGHT)
    starts = sorted((clip.x, clip.right) if sideways else (clip.y, clip.bottom) for clip in clips)
    assert starts[0][0] == pytest.approx(0)
    assert starts[-1][1] == pytest.approx(width if sideways else height)
    for (_, end), (start, _) in pairwise(starts):
        assert end == pytest.approx(start)
    for stamp, clip in zip(stamps, clips, strict=True):
        left, top = stamp.boundary.x + clip.x, stamp.boundary.y + clip.y
        touched = {
            Edge.LEFT: left,
            Edge.RIGHT: 210 - (left + clip.width),
            Edge.TOP: top,
            Edge.BOTTOM: 297 - (top + clip.height),
        }[edge]
        assert touched == pytest.approx(0)
        assert (stamp.boundary.y if sideways else stamp.boundary.x) == 50


def test_pages_of_different_size() -> None:
    """Each page's own edge counts."""
    pages = [PageSize(1, 210, 297), PageSize(2, 297, 210)]
    right = riding_stamps(pages, Edge.RIGHT, width=40, height=40, offset=0)
    assert [stamp.boundary.x for stamp in right] == [190, 257]
    bottom = riding_stamps(pages, Edge.BOTTOM, width=40, height=40, offset=0)
    assert [stamp.boundary.y for stamp in bottom] == [277, 170]


def test_facing_pages() -> None:
    """Two pages show half an imprint each along the gutter."""
    left, right = facing_stamps(FIVE[0], FIVE[1], width=40, height=40, offset=60)
    assert (left.boundary, left.clip) == (Box(190, 60, 40, 40), Box(0, 0, 20, 40))
    assert (right.boundary, right.clip) == (Box(-20, 60, 40, 40), Box(20, 0, 20, 40))


def test_ordinary_imprint() -> None:
    """Given by its middle, without clip."""
    assert centred_stamp(3, 100, 200, width=42, height=30) == StampPlacement(3, Box(79, 185, 42, 30))


def test_refuses_impossible_sizes() -> None:
    """One page cannot be ridden over, and no size is zero, negative or infinite."""
    with pytest.raises(ValueError):
        riding_stamps(FIVE[:1], Edge.RIGHT, width=40, height=40, offset=0)
    for width, height in ((0, 40), (40, -1), (float("inf"), 40), (float("nan"), 40)):
        with pytest.raises(ValueError):
            riding_stamps(FIVE, Edge.RIGHT, width=width, height=height, offset=0)
        with pytest.raises(ValueError):
            facing_stamps(FIVE[0], FIVE[1], width=width, height=height, offset=0)
        with pytest.raises(ValueError):
            StampPlacement(1, Box(0, 0, width, height))
    with pytest.raises(ValueError):
        PageSize(1, 0, 297)
    with pytest.raises(ValueError):
        StampPlacement(1, Box(0, 0, 1, 1), Box(0, 0, 0, 1))
