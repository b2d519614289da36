"""Paths: where they are, how they are painted, what clips them."""

from collections.abc import Callable
from typing import Any

import pytest

from formats.rendering import Left
from formats.rendering.path_geometry import as_cubics, bounds
from formats.rendering.path_reading import read_path
from tests.small_ofd import near, package, path, rectangle

WHITE, BLACK, RED = (255, 255, 255), (0, 0, 0), (255, 0, 0)


def test_rectangle_is_where_it_is_written(show: Callable[..., Any]) -> None:
    """Millimetres from the top left corner, y downwards."""
    shown = show(package(path(rectangle(5, 3, 10, 4))))
    assert shown.image.size == (400, 300)
    assert shown.ink_box() == near(5, 3, 15, 7)
    assert shown.omissions == ()


def test_boundary_moves_and_clips(show: Callable[..., Any]) -> None:
    """The boundary's corner is the origin of the path, and what lies beyond it is not shown."""
    shown = show(
        package(path(rectangle(-1, -1, 30, 30), attributes='Boundary="8 6 10 5" Fill="true" Stroke="false"'))
    )
    assert shown.ink_box() == near(8, 6, 18, 11)


def test_matrix(show: Callable[..., Any]) -> None:
    """CTM maps the path before the boundary moves it."""
    attributes = 'Boundary="4 4 30 20" CTM="2 0 0 0.5 3 1" Fill="true" Stroke="false"'
    assert show(package(path(rectangle(1, 2, 5, 4), attributes=attributes))).ink_box() == near(9, 6, 19, 8)


def test_strokes_reach_half_a_line_beyond_the_boundary(show: Callable[..., Any]) -> None:
    """A line along the edge of its boundary, even one without height, is drawn in its whole width."""
    shown = show(package(path("M 0 0 L 20 0", attributes='Boundary="10 10 20 0" LineWidth="1"', inside=" ")))
    assert shown.ink_box() == near(10, 9.5, 30, 10.5)


def test_line_width_default(show: Callable[..., Any]) -> None:
    """Lines are 0.353 mm wide where nothing is stated, and black."""
    box = show(package(path("M 5 10 L 30 10", attributes='Boundary="0 0 40 30"', inside=" "))).ink_box()
    assert box[3] - box[1] == pytest.approx(0.4, abs=0.11)


@pytest.mark.parametrize(("rule", "middle"), [("NonZero", BLACK), ("Even-Odd", WHITE)])
def test_fill_rules(show: Callable[..., Any], rule: str, middle: tuple[int, int, int]) -> None:
    """A rectangle in a rectangle of the same direction is a hole by the even-odd rule only."""
    attributes = f'Boundary="0 0 40 30" Fill="true" Stroke="false" Rule="{rule}"'
    data = f"{rectangle(5, 5, 20, 20)} {rectangle(10, 10, 10, 10)}"
    shown = show(package(path(data, attributes=attributes)))
    assert (shown.at(7, 7), shown.at(15, 15)) == (BLACK, middle)


def test_a_fill_without_colour_is_none(show: Callable[..., Any]) -> None:
    """A path to be filled that states no colour anywhere is not filled."""
    assert show(package(path(rectangle(5, 5, 9, 9), inside=" "))).ink_box() is None


@pytest.mark.parametrize(
    ("color", "expected"),
    [
        ('Value="255 0 0"', RED),
        ('Value="255 0 0" Alpha="128"', (255, 127, 127)),
        ('Value="128" ColorSpace="21"', (128, 128, 128)),
        ('Value="15 0 0" ColorSpace="24"', RED),
        ('Index="1" ColorSpace="22"', (0, 0, 255)),
        ('Value="0 255 255 0" ColorSpace="23"', (230, 30, 40)),
    ],
)
def test_colours(show: Callable[..., Any], color: str, expected: tuple[int, int, int]) -> None:
    """Values are read in their colour space; a palette by index; alpha mixes with the page."""
    spaces = (
        '<ofd:ColorSpaces><ofd:ColorSpace ID="21" Type="GRAY"/><ofd:ColorSpace ID="22" Type="RGB"><ofd:Palette>'
        "<ofd:CV>0 255 0</ofd:CV><ofd:CV>0 0 255</ofd:CV></ofd:Palette></ofd:ColorSpace>"
        '<ofd:ColorSpace ID="23" Type="CMYK"/><ofd:ColorSpace ID="24" Type="RGB" BitsPerComponent="4"/>'
        "</ofd:ColorSpaces>"
    )
    shown = show(package(path(rectangle(5, 5, 9, 9), inside=f"<ofd:FillColor {color}/>"), resources=spaces))
    assert all(abs(a - b) <= 12 for a, b in zip(shown.at(9, 9), expected, strict=True)), shown.at(9, 9)
    assert shown.omissions == ()


@pytest.mark.parametrize("color", ['Index="7" ColorSpace="22"', 'Value="1 2"'])
def test_colours_not_understood_are_named(show: Callable[..., Any], color: str) -> None:
    """An index outside the palette or a strange number of components is drawn black and named."""
    shown = show(package(path(rectangle(5, 5, 9, 9), inside=f"<ofd:FillColor {color}/>")))
    assert shown.at(9, 9) == BLACK
    assert [omission.what for omission in shown.omissions] == [Left.COLOR_UNKNOWN]
    assert shown.omissions[0].where == "Doc_0/Pages/0.xml#10"


def test_alpha_of_object_and_colour_multiply(show: Callable[..., Any]) -> None:
    """Half of half is a quarter."""
    attributes = 'Boundary="0 0 40 30" Fill="true" Stroke="false" Alpha="128"'
    inside = '<ofd:FillColor Value="0 0 0" Alpha="128"/>'
    assert show(package(path(rectangle(5, 5, 9, 9), attributes=attributes, inside=inside))).at(9, 9)[0] in range(
        188, 194
    )


def test_draw_param(show: Callable[..., Any]) -> None:
    """What the object leaves open its DrawParam states, along the chain."""
    params = (
        '<ofd:DrawParams><ofd:DrawParam ID="31" Relative="32" LineWidth="2"/>'
        '<ofd:DrawParam ID="32" LineWidth="9"><ofd:StrokeColor Value="255 0 0"/></ofd:DrawParam></ofd:DrawParams>'
    )
    attributes = 'Boundary="0 0 40 30" DrawParam="31"'
    shown = show(package(path("M 5 10 L 30 10", attributes=attributes, inside=" "), resources=params))
    assert (shown.at(10, 10), shown.at(10, 10.9), shown.at(10, 11.2)) == (RED, RED, WHITE)


def test_dashes(show: Callable[..., Any]) -> None:
    """A dash pattern leaves gaps, moved by its offset."""
    attributes = 'Boundary="0 0 40 30" LineWidth="1" DashPattern="4 2" DashOffset="1"'
    shown = show(package(path("M 5 10 L 35 10", attributes=attributes, inside=" ")))
    assert [shown.at(x, 10) for x in (6, 9, 11, 15)] == [BLACK, WHITE, BLACK, WHITE]


def test_endless_dashes_are_drawn_solid(show: Callable[..., Any]) -> None:
    """A pattern that would take millions of dashes is left out and named."""
    attributes = 'Boundary="0 0 40 30" LineWidth="1" DashPattern="0.000001 0.000001"'
    shown = show(package(path("M 5 10 L 35 10", attributes=attributes, inside=" ")))
    assert shown.at(20, 10) == BLACK
    assert [omission.what for omission in shown.omissions] == [Left.DASHES_OMITTED]


def _clipped(*clips: str) -> str:
    areas = "".join(
        f'<ofd:Clip><ofd:Area><ofd:Path Boundary="0 0 40 30" Fill="true" Stroke="false">'
        f"<ofd:AbbreviatedData>{clip}</ofd:AbbreviatedData></ofd:Path></ofd:Area></ofd:Clip>"
        for clip in clips
    )
    return f'<ofd:Clips>{areas}</ofd:Clips><ofd:FillColor Value="0 0 0"/>'


def test_clips_intersect(show: Callable[..., Any]) -> None:
    """Two clips show what lies in both; an empty one shows nothing."""
    data = rectangle(0, 0, 40, 30)
    two = _clipped(rectangle(5, 5, 10, 10), rectangle(10, 10, 10, 10))
    assert show(package(path(data, inside=two))).ink_box() == near(10, 10, 15, 15)
    empty = _clipped("M 0 0 L 9 0 L 9 0 L 0 0 C")
    assert show(package(path(data, inside=empty))).ink_box() is None


def test_clips_are_relative_to_the_boundary(show: Callable[..., Any]) -> None:
    """A clip starts at the boundary's corner and is not under the object's matrix, unless TransFlag says so."""
    attributes = 'Boundary="10 10 20 20" CTM="2 0 0 2 0 0" Fill="true" Stroke="false"'
    inside = _clipped(rectangle(1, 1, 3, 3))
    data = rectangle(0, 0, 9, 9)
    assert show(package(path(data, attributes=attributes, inside=inside))).ink_box() == near(11, 11, 14, 14)
    with_matrix = inside.replace("<ofd:Clips>", '<ofd:Clips TransFlag="true">')
    assert show(package(path(data, attributes=attributes, inside=with_matrix))).ink_box() == near(12, 12, 18, 18)


def test_unreadable_path_data_is_named(show: Callable[..., Any]) -> None:
    """What precedes the fault is drawn, and the fault is named."""
    shown = show(package(path(f"{rectangle(5, 5, 5, 5)} X 9 9")))
    assert shown.ink_box() == near(5, 5, 10, 10)
    assert [(omission.what, omission.detail) for omission in shown.omissions] == [
        (Left.PATH_UNREADABLE, "operator X")
    ]


def test_invisible_objects(show: Callable[..., Any]) -> None:
    """Visible=false is not drawn and is no omission."""
    shown = show(
        package(path(rectangle(5, 5, 5, 5), attributes='Boundary="0 0 40 30" Fill="true" Visible="false"'))
    )
    assert (shown.ink_box(), shown.omissions) == (None, ())


# ------------------------------------------------------------------ geometry


@pytest.mark.parametrize(("sweep", "top"), [(1, 5), (0, 10)])
def test_arcs(show: Callable[..., Any], sweep: int, top: float) -> None:
    """Sweep 1 goes clockwise on the page: from left to right over the top."""
    shown = show(package(path(f"M 10 10 A 5 5 0 0 {sweep} 20 10 C")))
    assert shown.ink_box() == near(10, top, 20, top + 5)


def test_arc_flags() -> None:
    """The large arc takes the long way; a turned ellipse touches what a turned ellipse touches."""
    small = bounds(read_path("M 0 0 A 5 5 0 0 1 5 5")[0])
    large = bounds(read_path("M 0 0 A 5 5 0 1 1 5 5")[0])
    assert small is not None
    assert large is not None
    assert small[2] - small[0] < 6 < large[2] - large[0]
    segments, fault = read_path("M -4 0 A 4 2 90 1 1 4 0")
    assert fault is None
    assert segments[-1][1][-2:] == (4, 0)


def test_arc_that_cannot_reach_is_enlarged() -> None:
    """Radii too small for the distance grow until they just reach (a half circle)."""
    segments, _ = read_path("M 0 0 A 1 1 0 0 1 10 0")
    ys = [values[index] for _, values in segments for index in range(1, len(values), 2)]
    assert min(ys) == pytest.approx(-5)


@pytest.mark.parametrize(
    "arc",
    [
        (1e-300, 5, 0, 0, 1, 3, 4),
        (5, 1e-200, 0, 0, 1, 3, 4),
        (1e300, 1e300, 0, 1, 0, 3, 4),
        (1, 1, 0, 0, 1, 1e200, 4),
    ],
)
def test_arcs_beyond_measure_are_lines(arc: tuple[float, ...]) -> None:
    """Radii and ends whose squares no float holds give a line, not an error."""
    assert list(as_cubics([("M", (0, 0)), ("A", arc)]))[1] == ("L", arc[5:])


def test_degenerate_arcs_are_lines() -> None:
    """An arc without radius, or to where it starts, is a line."""
    assert read_path("M 0 0 A 0 5 0 0 1 5 5")[0][1] == ("L", (5, 5))
    assert read_path("M 3 3 A 5 5 0 0 1 3 3")[0][1] == ("L", (3, 3))


def test_quadratic_curves() -> None:
    """Q becomes the cubic curve through the same points."""
    assert list(as_cubics([("M", (0, 0)), ("Q", (3, 3, 6, 0))]))[1] == ("B", (2, 2, 4, 2, 6, 0))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ("", None),
        ("M 1", "coordinates of M"),
        ("M 1 2 L 1 L", "coordinates of L"),
        ("M 1e300 1", "coordinates of M"),
        ("5 5", "operator 5"),
        ("L 1 1", None),
        ("S 1 1 L 2 2", None),
    ],
)
def test_path_faults(data: str, fault: str | None) -> None:
    """Any text is read as far as it goes."""
    assert read_path(data)[1] == fault
