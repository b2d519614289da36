"""Text as shapes."""

import re
from math import pi

import pytest

from formats.fonts import FontsNotFoundError, Typeface, installed_fonts
from formats.gbt33190.drawing import PathBuilder
from formats.gbt33190.values import Box
from formats.layout import LayoutError, add_glyph, outlined_text, upright_at
from tests.plain_face import plain_fonts


def coordinates(data: str) -> list[tuple[float, float]]:
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", data)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def test_outlines_fill_the_box_upright() -> None:
    """Glyph tops point up: the plain face's triangle has its tip above its base."""
    path = outlined_text(Box(5, 5, 30, 10), "甲", plain_fonts())
    (base, _, tip) = coordinates(path.data)
    assert tip[1] < base[1]
    assert all(0 <= x <= 30 and 0 <= y <= 10 for x, y in coordinates(path.data))


def test_real_glyphs_stay_inside() -> None:
    """Outlines of a real font lie within the box."""
    try:
        fonts = installed_fonts().chain(Typeface.SERIF)
    except FontsNotFoundError as error:
        pytest.skip(str(error))
    path = outlined_text(Box(0, 0, 40, 12), "示范局gjy", fonts)
    assert path.data.count("M") == path.data.count("C")
    assert all(0 <= x <= 40 and 0 <= y <= 12 for x, y in coordinates(path.data))


def test_glyphs_can_be_turned() -> None:
    """A quarter turn clockwise puts the top of a glyph to the right."""
    path = PathBuilder()
    add_glyph(path, plain_fonts(), "甲", upright_at(10, 10, pi / 2, 4))
    (base, _, tip) = coordinates(path.build())
    assert base == (10, 10)
    assert tip[0] == pytest.approx(10 + 0.8 * 4)
    assert tip[1] == pytest.approx(10 + 0.5 * 4)


def test_no_text_is_refused() -> None:
    """There is no path to draw."""
    with pytest.raises(LayoutError):
        outlined_text(Box(0, 0, 1, 1), "", plain_fonts())
