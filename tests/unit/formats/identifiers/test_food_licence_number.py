"""Numbers of food-business licences."""

from typing import Any

import pytest

from formats.errors import MalformedDataError
from formats.food_licence_number import FoodLicenceNumber
from formats.iso7064 import mod_11_10
from tests.unit.formats.identifiers.vectors import cases


@pytest.mark.parametrize("case", cases("food_licence_number/numbers.json"), ids=lambda case: case["number"])
def test_published_numbers(case: dict[str, Any]) -> None:
    """Live numbers hold; a changed check digit is refused."""
    if not case["valid"]:
        with pytest.raises(MalformedDataError, match="check digit"):
            FoodLicenceNumber.parse(case["number"])
        return
    number = FoodLicenceNumber.parse(case["number"])
    assert number.business_form is not None
    assert (number.business_form.code, number.region) == (case["business_form"], case["region"])
    assert number == FoodLicenceNumber.build(
        business_form=case["business_form"], region=case["region"], sequence=number.sequence
    )


def test_unknown_business_form() -> None:
    """A right check digit does not make form 4 known."""
    body = "4990101000001"
    with pytest.raises(MalformedDataError, match="business form"):
        FoodLicenceNumber.parse(f"JY{body}{mod_11_10(body)}")


@pytest.mark.parametrize("prefix", ["YJ", "JJ", "YY", "SC", "00"])
def test_prefix(prefix: str) -> None:
    """Only JY begins such a number."""
    with pytest.raises(MalformedDataError):
        FoodLicenceNumber.parse(prefix + "11108071215650")


@pytest.mark.parametrize("sequence", [-1, 1_000_000])
def test_sequence_range(sequence: int) -> None:
    """A sequence has six digits."""
    with pytest.raises(MalformedDataError):
        FoodLicenceNumber.build(business_form="1", region="990101", sequence=sequence)
