"""Areas of a page and points in them."""

import pytest

from formats.gbt33190.values import IDENTITY, Matrix
from formats.page_text.model import Effort, FaceLimits
from formats.page_text.outline import box_area, path_area

RING = "M 0 0 L 10 0 L 10 10 L 0 10 C M 3 3 L 7 3 L 7 7 L 3 7 C"
BACKWARDS = "M 0 0 L 10 0 L 10 10 L 0 10 C M 3 3 L 3 7 L 7 7 L 7 3 C"
CIRCLE = "M 0 5 A 5 5 0 0 1 10 5 A 5 5 0 0 1 0 5 C"
CURVE = "M 0 0 B 0 10 10 10 10 0 C"


@pytest.mark.parametrize(
    ("data", "even_odd", "point", "inside"),
    [
        (RING, False, (5, 5), True), (RING, True, (5, 5), False), (BACKWARDS, False, (5, 5), False),
        (RING, True, (1, 5), True), (RING, False, (11, 5), False),
        (CIRCLE, False, (5, 5), True), (CIRCLE, False, (0.5, 0.5), False), (CIRCLE, False, (5, 0.3), True),
        (CURVE, False, (5, 7), True), (CURVE, False, (5, 8), False),
    ],
)  # fmt: skip
def test_points_in_paths(data: str, even_odd: bool, point: tuple[float, float], inside: bool) -> None:
    """By the rule of the path, curves and arcs included."""
    effort = Effort(FaceLimits())
    area = path_area(data, IDENTITY, effort, even_odd=even_odd)
    assert area is not None
    assert area.holds(*point, effort) is inside


@pytest.mark.parametrize("data", ["M 0", "X 1 2", "M 0 0 L 1", "M 0 0 L 1e30 1", "M 0 0 L nan 1", "M 0 0 ; L 1 1"])
def test_data_that_is_not_understood(data: str) -> None:
    """Nobody knows what it covers."""
    assert path_area(data, IDENTITY, Effort(FaceLimits())) is None


def test_rectangles_are_known_as_such() -> None:
    """An upright one is, a turned one is not."""
    assert box_area(0, 0, 4, 5, IDENTITY).rectangle
    assert not box_area(0, 0, 4, 5, Matrix(0.8, 0.6, -0.6, 0.8, 0, 0)).rectangle


def test_lines_reach_half_their_width() -> None:
    """A point is under a stroke or beside it."""
    effort = Effort(FaceLimits())
    area = path_area("M 0 0 L 10 0", IDENTITY, effort)
    assert area is not None
    assert area.near(5, 0.9, 1, effort)
    assert not area.near(5, 1.1, 1, effort)
