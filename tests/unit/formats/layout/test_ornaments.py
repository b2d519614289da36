"""Frames and guilloche: inside their boxes, deterministic, of moderate size."""

import re

import pytest

from formats.gbt33190.drawing import DrawnPath, Rgb
from formats.gbt33190.values import Box
from formats.layout import (
    BorderStyle,
    LayoutError,
    Waves,
    band,
    double_frame,
    epitrochoid,
    filled,
    frame,
    ground,
    guilloche_border,
    horizontal_rule,
    inset,
    notched_frame,
    ring,
    rosette,
    star,
    star_medallion,
    tapered_rule,
    wave_rule,
)

BROWN = Rgb(184, 134, 11)
PAGE = Box(0, 0, 297, 210)
BOX = Box(20, 30, 60, 40)
SYNTAX = re.compile(r"(?:[ML]( -?[\d.]+){2}|Q( -?[\d.]+){4}|B( -?[\d.]+){6}|C)(?: (?=[MLQBC])|$)")

SHAPES = {
    "filled": filled(BOX, BROWN),
    "frame": frame(BOX, BROWN, 0.5),
    "double_outer": double_frame(BOX, BROWN)[0],
    "double_inner": double_frame(BOX, BROWN)[1],
    "notched": notched_frame(BOX, BROWN, 0.4, 4),
    "rule": horizontal_rule(20, 40, 60, BROWN, 0.3),
    "star": star(BOX, BROWN),
    "ring": ring(BOX, BROWN, 0.5),
    "rosette": rosette(BOX, BROWN),
    "epitrochoid": epitrochoid(BOX, BROWN),
    "tapered": tapered_rule(BOX, BROWN),
}


def points(path: DrawnPath) -> list[tuple[float, float]]:
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", path.data)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def follows_syntax(data: str) -> bool:
    position = 0
    while position < len(data):
        found = SYNTAX.match(data, position)
        if found is None:
            return False
        position = found.end()
    return True


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_stay_inside_their_boxes(name: str) -> None:
    """Curves lie in the hull of their points (control points of rosettes may reach a little further)."""
    path = SHAPES[name]
    assert follows_syntax(path.data)
    reach = 0.5 * min(path.boundary.width, path.boundary.height) if name in {"rosette", "epitrochoid"} else 0.001
    for x, y in points(path):
        assert -reach <= x <= path.boundary.width + reach
        assert -reach <= y <= path.boundary.height + reach


def test_waves_reach_the_edges_of_their_band() -> None:
    """Crests come half a line width short of the band's edges; joints lie on its axis."""
    path = band(Box(0, 0, 100, 8), BROWN, Waves(strands=2, period=10, line_width=0.2, core=0))
    found = points(path)
    assert {y for _, y in found} == {4.0, 11.8, -3.8}
    crest = (4.0 + 11.8) / 2
    assert crest == pytest.approx(8 - 0.1)
    upright = band(Box(0, 0, 8, 100), BROWN, Waves(strands=2, period=10, line_width=0.2, core=0))
    assert points(upright) == [(y, x) for x, y in found]
    assert wave_rule(Box(0, 0, 60, 3), BROWN).data.count("M") == 1


def test_ornaments_are_deterministic_by_seed() -> None:
    """Equal seeds give equal bytes, other seeds another ground."""
    assert ground(PAGE, BROWN, seed="a").data == ground(PAGE, BROWN, seed="a").data
    assert ground(PAGE, BROWN, seed="a").data != ground(PAGE, BROWN, seed="b").data


def test_ornament_of_a_page_stays_moderate() -> None:
    """Ground, rosette and border of a landscape page take at most 40 KB."""
    parts = [
        ground(inset(PAGE, 15), BROWN, seed="x"),
        epitrochoid(Box(98, 60, 100, 100), BROWN),
        *guilloche_border(inset(PAGE, 6), BorderStyle(BROWN, BROWN)),
        *star_medallion(Box(138, 19, 20, 20), BROWN),
    ]
    assert all(follows_syntax(part.data) for part in parts)
    assert sum(len(part.data) for part in parts) < 40_000


def test_border_lies_inside_its_box() -> None:
    """All parts of a border keep to the box's edge."""
    outer = inset(PAGE, 6)
    for part in guilloche_border(outer, BorderStyle(BROWN, BROWN, Rgb(255, 255, 255))):
        box = part.boundary
        assert box.x >= outer.x - 1e-9
        assert box.y >= outer.y - 1e-9
        assert box.right <= outer.right + 1e-9
        assert box.bottom <= outer.bottom + 1e-9


def test_nothing_is_left_of_a_box_inset_too_far() -> None:
    """The error says so."""
    with pytest.raises(LayoutError, match="nothing"):
        inset(BOX, 20)
    assert inset(BOX, -1) == Box(19, 29, 62, 42)
