"""Shadings and patterns."""

from collections.abc import Callable
from typing import Any

import pytest

from formats.rendering import Left, RenderLimits
from tests.small_ofd import package, path, rectangle

STOPS = '<ofd:Segment Position="{}"><ofd:Color Value="255 0 0"/></ofd:Segment><ofd:Segment Position="{}"><ofd:Color Value="0 0 255"/></ofd:Segment>'
AREA = rectangle(0, 5, 40, 20)


def _about(*color: int) -> Any:
    return pytest.approx(color, abs=2)


def _fill(shading: str, *, data: str = AREA, color: str = "", **options: Any) -> Any:
    return package(path(data, inside=f"<ofd:FillColor {color}>{shading}</ofd:FillColor>"), **options)


def test_axial(show: Callable[..., Any]) -> None:
    """Colours run along the axis and go on beyond its ends where Extend says so."""
    axis = '<ofd:AxialShd StartPoint="10 0" EndPoint="30 0" Extend="{}">' + STOPS.format(0, 1) + "</ofd:AxialShd>"
    shown = show(_fill(axis.format(3)))
    assert shown.at(2, 10) == _about(255, 0, 0)
    assert shown.at(38, 10) == _about(0, 0, 255)
    red, green, blue = shown.at(20, 10)
    assert (abs(red - 128) < 9, green < 5, abs(blue - 128) < 9) == (True, True, True)
    short = show(_fill(axis.format(0)))
    assert (short.at(2, 10), short.at(38, 10)) == ((255, 255, 255), (255, 255, 255))
    assert shown.omissions == ()


@pytest.mark.parametrize(("kind", "second"), [("Repeat", (255, 0, 0)), ("Reflect", (0, 0, 255))])
def test_axial_repeats(show: Callable[..., Any], kind: str, second: tuple[int, int, int]) -> None:
    """A repeated axis starts again, a reflected one runs back."""
    axis = f'<ofd:AxialShd MapType="{kind}" StartPoint="0 0" EndPoint="10 0">{STOPS.format(0, 1)}</ofd:AxialShd>'
    shown = show(_fill(axis))
    assert all(abs(a - b) < 25 for a, b in zip(shown.at(10.3, 10), second, strict=True)), shown.at(10.3, 10)
    assert shown.omissions == ()


def test_radial(show: Callable[..., Any]) -> None:
    """Colours run from the inner circle to the outer one."""
    shading = f'<ofd:RadialShd StartPoint="20 15" EndPoint="20 15" EndRadius="10" Extend="2">{STOPS.format(0, 1)}</ofd:RadialShd>'
    shown = show(_fill(shading))
    assert shown.at(20, 15)[0] > 245
    assert shown.at(35, 15) == _about(0, 0, 255)
    assert abs(shown.at(25, 15)[0] - shown.at(20, 20)[0]) < 9


def test_eccentric_radial(show: Callable[..., Any]) -> None:
    """An ellipse is narrower across its axis, which the angle turns."""
    shading = (
        '<ofd:RadialShd StartPoint="20 15" EndPoint="20 15" EndRadius="15" Eccentricity="0.9" Angle="{}" Extend="2">'
        + STOPS.format(0, 1)
        + "</ofd:RadialShd>"
    )
    flat, steep = show(_fill(shading.format(0))), show(_fill(shading.format(90)))
    assert flat.at(26, 15)[0] > flat.at(20, 21)[0] + 40
    assert steep.at(26, 15)[0] + 40 < steep.at(20, 21)[0]


def test_gouraud(show: Callable[..., Any]) -> None:
    """A triangle takes the colours of its corners."""
    corners = "".join(
        f'<ofd:Point X="{x}" Y="{y}" EdgeFlag="0"><ofd:Color Value="{color}"/></ofd:Point>'
        for x, y, color in ((0, 5, "255 0 0"), (40, 5, "0 255 0"), (20, 25, "0 0 255"))
    )
    shown = show(_fill(f'<ofd:GouraudShd>{corners}<ofd:BackColor Value="0 0 0"/></ofd:GouraudShd>'))
    assert shown.at(2, 5.5)[0] > 200
    assert shown.at(38, 5.5)[1] > 200
    assert shown.at(20, 24)[2] > 200
    assert shown.at(2, 24) == (0, 0, 0)


def test_lattice(show: Callable[..., Any]) -> None:
    """A lattice mesh of two rows fills the rectangle between them."""
    points = "".join(
        f'<ofd:Point X="{x}" Y="{y}"><ofd:Color Value="{color}"/></ofd:Point>'
        for x, y, color in ((0, 5, "255 0 0"), (40, 5, "255 0 0"), (0, 25, "0 0 255"), (40, 25, "0 0 255"))
    )
    shown = show(_fill(f'<ofd:LaGouraudShd VerticesPerRow="2">{points}</ofd:LaGouraudShd>'))
    assert (shown.at(20, 6)[0] > 230, shown.at(20, 24)[2] > 230) == (True, True)


def test_mesh_without_triangles(show: Callable[..., Any]) -> None:
    """Two points are no mesh; that is named."""
    points = '<ofd:Point X="0" Y="0"><ofd:Color Value="0 0 0"/></ofd:Point>' * 2
    shown = show(_fill(f"<ofd:GouraudShd>{points}</ofd:GouraudShd>"))
    assert [omission.what for omission in shown.omissions] == [Left.SHADING_APPROXIMATED]


def test_shadings_keep_alpha_and_outline(show: Callable[..., Any]) -> None:
    """The outline clips, the colour's alpha mixes; stops of differing alpha are named."""
    axis = f'<ofd:AxialShd StartPoint="0 0" EndPoint="1 0" Extend="3">{STOPS.format(0, 1)}</ofd:AxialShd>'
    shown = show(_fill(axis, data=rectangle(10, 10, 5, 5), color='Alpha="128"'))
    assert shown.at(12, 12) == _about(127, 127, 255)
    assert shown.at(9, 12) == (255, 255, 255)
    faint = axis.replace('Value="0 0 255"', 'Value="0 0 255" Alpha="9"')
    assert [omission.what for omission in show(_fill(faint)).omissions] == [Left.SHADING_APPROXIMATED]


def test_shaded_strokes_are_plain(show: Callable[..., Any]) -> None:
    """A stroke takes the first colour of a shading, and that is named."""
    axis = f'<ofd:AxialShd StartPoint="0 0" EndPoint="1 0">{STOPS.format(0, 1)}</ofd:AxialShd>'
    line = path(
        "M 5 10 L 30 10",
        attributes='Boundary="0 0 40 30" LineWidth="2"',
        inside=f"<ofd:StrokeColor>{axis}</ofd:StrokeColor>",
    )
    shown = show(package(line))
    assert shown.at(20, 10) == (255, 0, 0)
    assert [omission.what for omission in shown.omissions] == [Left.SHADING_APPROXIMATED]


# ------------------------------------------------------------------ patterns


def _pattern(attributes: str, cell: str = "") -> str:
    cell = cell or path(rectangle(0, 0, 2, 2), attributes='Boundary="0 0 4 4" Fill="true" Stroke="false"')
    return (
        f'<ofd:Pattern Width="4" Height="4" {attributes}><ofd:CellContent>{cell}</ofd:CellContent></ofd:Pattern>'
    )


def test_pattern_cells_repeat(show: Callable[..., Any]) -> None:
    """Cells start at the object's corner and repeat by their steps, inside the outline only."""
    shown = show(_fill(_pattern('XStep="5" YStep="5"'), data=rectangle(0, 0, 20, 20)))
    assert [shown.at(x, 1)[0] for x in (1, 3, 6, 8, 11, 16, 21)] == [0, 255, 0, 255, 0, 0, 255]
    assert [shown.at(1, y)[0] for y in (1, 3, 6, 16)] == [0, 255, 0, 0]


def test_pattern_matrix(show: Callable[..., Any]) -> None:
    """The pattern's own matrix scales and moves its cells."""
    shown = show(_fill(_pattern('CTM="2 0 0 2 1 0"'), data=rectangle(0, 0, 30, 10)))
    assert [shown.at(x, 1)[0] for x in (0.5, 2, 4, 6, 10)] == [255, 0, 0, 255, 0]


def test_pattern_relative_to_the_page(show: Callable[..., Any]) -> None:
    """Relative to the page, cells do not move with the object."""
    attributes = 'Boundary="3 0 30 10" Fill="true" Stroke="false"'
    for relative, inks in (("Object", [255, 0, 0, 255]), ("Page", [255, 255, 0, 0])):
        pattern = _pattern('RelativeTo="' + relative + '"')
        inside = f"<ofd:FillColor>{pattern}</ofd:FillColor>"
        shown = show(package(path(rectangle(0, 0, 30, 10), attributes=attributes, inside=inside)))
        assert [shown.at(x, 1)[0] for x in (2.5, 3.5, 4.5, 5.5)] == inks


def test_pattern_mirrors(show: Callable[..., Any]) -> None:
    """Every second column may be mirrored."""
    shown = show(_fill(_pattern('ReflectMethod="Column"'), data=rectangle(0, 0, 16, 16)))
    assert [shown.at(x, 1)[0] for x in (1, 3, 5, 7, 9)] == [0, 255, 255, 0, 0]


def test_pattern_alpha(show: Callable[..., Any]) -> None:
    """The colour's alpha holds for the pattern as a whole."""
    shown = show(_fill(_pattern(""), data=rectangle(0, 0, 16, 16), color='Alpha="128"'))
    assert shown.at(1, 1)[0] in range(125, 130)


@pytest.mark.parametrize("attributes", ['XStep="0.01" YStep="0.01"', 'CTM="0 0 0 0 0 0"', 'XStep="-3"'])
def test_too_many_cells_are_named(show: Callable[..., Any], attributes: str) -> None:
    """A pattern of too many cells, or of none, is left out and named."""
    shown = show(_fill(_pattern(attributes), data=rectangle(0, 0, 40, 30)), limits=RenderLimits(pattern_cells=500))
    assert [omission.what for omission in shown.omissions] == [Left.PATTERN_OMITTED]


def test_patterns_in_patterns_end(show: Callable[..., Any]) -> None:
    """Patterns may hold patterns, to a depth."""
    cell = ""
    for _ in range(4):
        inner = path(
            rectangle(0, 0, 2, 2),
            attributes='Boundary="0 0 4 4" Fill="true" Stroke="false"',
            inside=f"<ofd:FillColor>{_pattern('', cell)}</ofd:FillColor>",
        )
        cell = inner
    assert show(_fill(_pattern("", cell), data=rectangle(0, 0, 8, 8))).at(1, 1)[0] == 0
