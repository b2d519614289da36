"""Levels of division codes."""

import pytest

from formats.errors import MalformedDataError
from formats.gbt2260 import DivisionCode, DivisionLevel


@pytest.mark.parametrize(
    ("text", "level", "parent"),
    [
        ("100000", DivisionLevel.NATION, None),
        ("220000", DivisionLevel.PROVINCE, "100000"),
        ("990100", DivisionLevel.PREFECTURE, "990000"),
        ("990101", DivisionLevel.COUNTY, "990100"),
        ("990171", DivisionLevel.COUNTY, "990100"),
    ],
)
def test_levels(text: str, level: DivisionLevel, parent: str | None) -> None:
    """Trailing pairs of zeros mean the higher level."""
    code = DivisionCode.parse(text)
    assert code.level is level
    assert code.parent == (None if parent is None else DivisionCode(parent))
    assert str(code) == text


def test_containment() -> None:
    """A region holds itself and what lies below it, and nothing beside or above it."""
    nation, province, city, county = map(DivisionCode, ("100000", "990000", "990100", "990101"))
    chain = (nation, province, city, county)
    for outer, region in enumerate(chain):
        for inner, other in enumerate(chain):
            assert region.contains(other) is (outer <= inner)
    assert not city.contains(DivisionCode("990201"))
    assert not province.contains(DivisionCode("980101"))
    assert nation.contains(DivisionCode("220000"))


@pytest.mark.parametrize("text", ["000000", "000101", "220001", "990001"])
def test_impossible_codes(text: str) -> None:
    """No province pair, or a county under no prefecture, is refused."""
    with pytest.raises(MalformedDataError):
        DivisionCode.parse(text)
