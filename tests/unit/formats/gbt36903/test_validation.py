"""The rules of licence metadata."""

import json
from pathlib import Path
from typing import Any

import pytest

from formats.code_lists import packaged_data
from formats.gb32100 import read_exceptions
from formats.gbt36903 import Element, Metadata, default_schema, validate

RECORDS = json.loads(
    (Path(__file__).resolve().parents[3] / "vectors" / "gbt36903" / "records.json").read_text(encoding="utf-8")
)
BASE = RECORDS["base"]


def record(change: dict[str, Any]) -> Metadata:
    values = {name: value for name, value in (BASE | change).items() if value is not None}
    return Metadata.build(values)


@pytest.mark.parametrize("case", RECORDS["cases"], ids=lambda case: case["fact"])
def test_record(case: dict[str, Any]) -> None:
    """Each changed record breaks exactly the rules named, at the fields named."""
    found = validate(record(case["change"]), sealed=case.get("sealed", False), strict=case.get("strict", True))
    expected = [(field, code, *(index or [None])) for field, code, *index in case["expected"]]
    assert [(violation.field, violation.code) for violation in found] == [item[:2] for item in expected]
    for violation, item in zip(found, expected, strict=True):
        assert item[2] is None or violation.index == item[2]
        assert violation.message_zh
        assert violation.message_en


def test_messages_hold_no_values() -> None:
    """Whatever is wrong with a person's number, no message shows it."""
    for number in ("990101199003071238", "99010119900230123X", "19900307", "990101199003071237\n"):
        change = {"CZZTDM": [number], "CZZTDMLXDM": ["111"], "CZZTDMLX": ["公民身份号码"], "ZZBH": number}
        found = validate(record(change))
        assert found
        assert all(number.strip() not in f"{violation!r}" for violation in found)


def test_lists_of_exceptions_reach_the_rules() -> None:
    """A holder's code on the curated list passes with the list only."""
    change = {"CZZTDM": ["91350211M0000XUF46"]}
    exceptions = read_exceptions(packaged_data("gb32100-exceptions.json"))
    assert [violation.field for violation in validate(record(change))] == ["CZZTDM"]
    assert validate(record(change), exceptions=exceptions) == []


def test_legacy_identifiers_need_the_list_and_tolerance() -> None:
    """An identifier of the old check variant passes only where reading is tolerant and its issuer listed."""
    text = "1.2.156.3005.2.11100000000013661B006.113700000045046442.209FA4E88F9E4C878F3E9BED2CE7EA49.001.M"
    metadata = record({"ZZBS": text, "ZZLXDM": "11100000000013661B006", "ZZBFJGDM": "113700000045046442"})
    issuers = frozenset({"113700000045046442"})
    assert validate(metadata, strict=False, legacy_issuers=issuers) == []
    assert [violation.field for violation in validate(metadata, strict=False)] == ["ZZBS"]
    assert [violation.field for violation in validate(metadata, legacy_issuers=issuers)] == ["ZZBS"]


def test_renamed_element_is_named_in_complaints() -> None:
    """Once another short name is set for the related item, rules speak of that name."""
    schema = default_schema().with_short_name(Element.RELATED_ITEM_CODE, "GLSXDM")
    metadata = Metadata.build(BASE | {"GLSXDM": "1"}, schema=schema)
    assert [violation.field for violation in validate(metadata)] == ["GLSXDM"]
    with pytest.raises(ValueError, match="ZZMC"):
        schema.with_short_name(Element.RELATED_ITEM_CODE, "ZZMC")
