"""Codes of service items."""

from typing import Any

import pytest

from formats.code_lists import read_code_lists
from formats.errors import MalformedDataError
from formats.gbt39554 import (
    BasicItemCode,
    HandlingItemCode,
    ImplementationItemCode,
    basic_code_of,
    implementing_body_of,
    item_codes,
    parse_item_code,
)
from tests.unit.formats.identifiers.vectors import cases

KINDS = {"implementation": ImplementationItemCode, "handling": HandlingItemCode}
IMPLEMENTATION = "11100000MB032716991000115035000"


@pytest.mark.parametrize("case", cases("gbt39554/item_codes.json"), ids=lambda case: case["code"])
def test_public_codes_decompose(case: dict[str, Any]) -> None:
    """Codes on public sites fall into body, level, basic code and the parts of that, and give themselves back."""
    code = parse_item_code(case["code"])
    assert type(code) is KINDS[case["kind"]]
    assert str(code) == case["code"]
    assert list(code.tolerances) == case["tolerances"]
    implementation = code.implementation if isinstance(code, HandlingItemCode) else code
    assert isinstance(implementation, ImplementationItemCode)
    assert (str(implementation.body), implementation.level) == (case["body"], case["level"])
    if isinstance(code, HandlingItemCode):
        assert code.number == case["number"]
    basic = basic_code_of(code)
    assert str(basic) == case["basic"]
    assert (basic.region, basic.item_type) == (case["region"], case["item_type"])
    assert (basic.main_item, basic.sub_item) == (case["main_item"], case["sub_item"])
    assert basic.is_national is (case["region"] == "00")
    assert implementing_body_of(code) == implementation.body
    assert parse_item_code(case["basic"]) == basic


def test_basic_code_names_no_body() -> None:
    """A basic code says nothing of who exercises the item."""
    assert implementing_body_of(BasicItemCode.parse("000115035000")) is None


@pytest.mark.parametrize("text", ["007715035000", "001115035000"])
def test_unknown_item_type(text: str) -> None:
    """An item type in no list is refused."""
    with pytest.raises(MalformedDataError, match="in no list"):
        BasicItemCode.parse(text)


@pytest.mark.parametrize("level", "0789A")
def test_unknown_level(level: str) -> None:
    """An exercise level in no list is refused."""
    with pytest.raises(MalformedDataError, match="exercise level"):
        ImplementationItemCode.parse(IMPLEMENTATION[:18] + level + IMPLEMENTATION[19:])


def test_body_must_hold() -> None:
    """The credit code inside is judged, and the complaint names it."""
    with pytest.raises(MalformedDataError, match="credit code"):
        ImplementationItemCode.parse("11100000MB032716981000115035000")


@pytest.mark.parametrize("length", [13, 30, 32])
def test_other_lengths(length: int) -> None:
    """Between the three kinds there is nothing."""
    with pytest.raises(MalformedDataError):
        parse_item_code((IMPLEMENTATION + "01")[:length])


def test_lists_are_data() -> None:
    """With another list of item types another code is read, and the house's own refused."""
    own = read_code_lists(
        b'{"standard":"s","version":"9","lists":{"item_type":{"name_zh":"t","entries":'
        b'[{"code":"77","name_zh":"x","name_en":"x"}]}}}',
        what="own",
    )
    assert BasicItemCode.parse("007715035000", codes=own).type_entry.name_zh == "x"
    with pytest.raises(MalformedDataError):
        BasicItemCode.parse("000115035000", codes=own)
    assert item_codes().version
