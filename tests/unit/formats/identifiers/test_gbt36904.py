"""Licence identifiers and type codes."""

import json
from typing import Any

import pytest

from formats.code_lists import packaged_data
from formats.errors import MalformedDataError
from formats.gb32100 import CreditCode
from formats.gbt2260 import DivisionCode
from formats.gbt36904 import ROOT, LicenceId, LicenceTypeCode, read_legacy_issuers
from formats.iso7064 import mod_37_36
from formats.tolerances import Tolerance
from tests.unit.formats.identifiers.vectors import cases

IDENTIFIERS = cases("gbt36904/identifiers.json")
GOOD = "1.2.156.3005.2.11100000MB0143028R001.11990100MB9T00011N.91990101MA9T00018G.001.A"
TYPE = LicenceTypeCode.parse("11100000MB0143028R001")
ISSUER = CreditCode.parse("11990100MB9T00011N")
LEGACY = read_legacy_issuers(packaged_data("gbt36904-legacy-issuers.json"))


def _of(reading: str) -> list[dict[str, Any]]:
    return [case for case in IDENTIFIERS if case["reading"] == reading]


@pytest.mark.parametrize("case", _of("conforming"), ids=lambda case: case["id"][-20:])
def test_conforming_identifiers(case: dict[str, Any]) -> None:
    """Published identifiers parse, give themselves back and are made again from their parts."""
    found = LicenceId.parse(case["id"])
    assert str(found) == case["id"]
    assert found.tolerances == ()
    assert found == LicenceId.read(case["id"], legacy_issuers=LEGACY)
    assert isinstance(found.issuer, CreditCode)
    assert found == LicenceId.build(found.type_code, found.issuer, found.serial, version=found.version)


@pytest.mark.parametrize("case", [*_of("tolerated"), *_of("legacy")], ids=lambda case: case["id"][-20:])
def test_departures_are_read_by_name_and_never_continued(case: dict[str, Any]) -> None:
    """What departs is refused by ``parse``, read with its tolerance named, given back as it was, never produced."""
    with pytest.raises(MalformedDataError):
        LicenceId.parse(case["id"])
    found = LicenceId.read(case["id"], legacy_issuers=LEGACY)
    assert str(found) == case["id"]
    assert list(found.tolerances) == case["tolerances"]
    with pytest.raises(ValueError, match="not continued"):
        found.next_version()


def test_old_check_variant_needs_a_listed_issuer() -> None:
    """Without the list the old variant is a wrong check character; with it a right one stays a right one."""
    (case,) = _of("legacy")
    with pytest.raises(MalformedDataError, match="check character"):
        LicenceId.read(case["id"])
    right = case["id"][:-1] + case["computed"]
    assert LicenceId.read(right, legacy_issuers=LEGACY).tolerances == ()
    for other in set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") - {case["computed"], case["id"][-1]}:
        with pytest.raises(MalformedDataError, match="check character"):
            LicenceId.read(case["id"][:-1] + other, legacy_issuers=LEGACY)


@pytest.mark.parametrize("case", cases("gbt36904/check_characters.json"), ids=lambda case: case["body"])
def test_check_characters(case: dict[str, str]) -> None:
    """Bodies computed by deployed implementations give the same check character through the whole type."""
    body = case["body"]
    made = LicenceId.build(
        LicenceTypeCode.parse(body[:21]), CreditCode.parse(body[21:39]), body[39:-3], version=int(body[-3:])
    )
    assert (made.body, made.check) == (body, case["check"])


@pytest.mark.parametrize("case", cases("gbt36904/type_codes.json"), ids=lambda case: case["code"])
def test_type_codes(case: dict[str, str]) -> None:
    """Type codes fall into the definer's credit code, which holds, and three digits."""
    code = LicenceTypeCode.parse(case["code"])
    assert (str(code.definer), code.number, str(code)) == (case["definer"], case["number"], case["code"])


def test_next_version() -> None:
    """A change keeps type, issuer and serial, counts the version and makes a new check character."""
    case = next(case for case in IDENTIFIERS if "next" in case)
    first = LicenceId.parse(case["id"])
    second = first.next_version()
    assert str(second) == case["next"]
    assert second.lineage == first.lineage
    with pytest.raises(ValueError, match="no successor"):
        LicenceId.build(TYPE, ISSUER, "1", version=999).next_version()


def test_mistakes_that_implementations_make() -> None:
    """Root included, dots included, lower case: none gives the check character of the vector."""
    body = LicenceId.parse(GOOD).body
    assert mod_37_36(body) == "A"
    assert mod_37_36(ROOT.replace(".", "") + body) != "A"
    with pytest.raises(MalformedDataError):
        mod_37_36(GOOD.rpartition(".")[0])
    with pytest.raises(MalformedDataError):
        LicenceId.read(GOOD.replace("MB9T", "mb9t"))


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("1.2.156.3005.2", "1.2.156.3005.3"),
        GOOD.replace("1.2.156.3005.2.", ""),
        GOOD.replace("1.2.156.3005.2.", "1.2.156.3005.2"),
        GOOD + ".A",
        GOOD + ".",
        GOOD.replace(".001.", ".000."),
        GOOD.replace(".001.", ".01."),
        GOOD.replace(".001.", ".0001."),
        GOOD.replace(".001.", ".00A."),
        GOOD.replace(".91990101MA9T00018G.", ".."),
        GOOD.replace(".11990100MB9T00011N.", ".."),
        GOOD.replace(".11990100MB9T00011N.", ".11990100MB9T00011P."),
        GOOD.replace(".11990100MB9T00011N.", ".990001."),
        GOOD.replace("0143028R001", "0143028T001"),
        GOOD[:-2],
        GOOD[:-1],
        ".....",
        ROOT,
        ROOT + "......",
    ],
)
def test_broken_grammar(text: str) -> None:
    """A part that is missing, doubled or out of its grammar is refused by both readers."""
    for read in (LicenceId.parse, LicenceId.read):
        with pytest.raises(MalformedDataError):
            read(text)


def test_long_identifiers() -> None:
    """Nothing above 128 characters is made; up to 200 are read by name; above that refused."""
    longest = LicenceId.build(TYPE, ISSUER, "1" * 66)
    assert len(str(longest)) == 128
    with pytest.raises(MalformedDataError, match=r"gbt36904\.long"):
        LicenceId.build(TYPE, ISSUER, "1" * 67)
    body = f"{TYPE}{ISSUER}{'1' * 138}001"
    text = f"{ROOT}.{TYPE}.{ISSUER}.{'1' * 138}.001.{mod_37_36(body)}"
    assert len(text) == 200
    assert LicenceId.read(text).tolerances == (Tolerance.LICENCE_ID_LONG,)
    with pytest.raises(MalformedDataError):
        LicenceId.parse(text)
    with pytest.raises(MalformedDataError):
        LicenceId.read(text.replace(".001.", "1.001."))


@pytest.mark.parametrize("serial", ["", "a", "1-2", "京2026", "1.2", "１", "1\0", "1" * 300, None, 5])
def test_serial_alphabet(serial: str) -> None:
    """A serial is digits and upper-case letters, so that its check character is defined."""
    with pytest.raises(MalformedDataError):
        LicenceId.build(TYPE, ISSUER, serial)


@pytest.mark.parametrize("version", [0, 1000, -1, True, "001"])
def test_version_range(version: int) -> None:
    """Versions run from 1 to 999."""
    with pytest.raises(MalformedDataError):
        LicenceId.build(TYPE, ISSUER, "1", version=version)


def test_constructor_checks_too() -> None:
    """An identifier with a wrong check character or a false legacy mark cannot be built by hand."""
    with pytest.raises(MalformedDataError, match="check character"):
        LicenceId(TYPE, ISSUER, "1", 1, "0")
    right = LicenceId.build(TYPE, ISSUER, "1").check
    with pytest.raises(MalformedDataError, match="check character"):
        LicenceId(TYPE, ISSUER, "1", 1, right, legacy_check=True)
    body = f"{TYPE}340100000000016001"
    by_division = LicenceId(TYPE, DivisionCode("340100"), "000000016", 1, mod_37_36(body))
    assert not by_division.conforming


@pytest.mark.parametrize("content", [{}, {"version": "1", "issuers": [{"code": "x", "reason": "y"}]}])
def test_legacy_list_is_read_strictly(content: object) -> None:
    """A list of issuers with an unreadable code or missing keys is refused."""
    with pytest.raises(MalformedDataError):
        read_legacy_issuers(json.dumps(content).encode())
