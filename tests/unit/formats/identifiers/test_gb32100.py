"""Unified social credit codes and the organisation codes inside them."""

import json
from typing import Any

import pytest

from formats.code_lists import packaged_data
from formats.errors import MalformedDataError
from formats.gb11714 import OrganisationCode
from formats.gb11714 import check_character as organisation_check
from formats.gb32100 import ALPHABET, CreditCode, check_character, read_exceptions
from formats.tolerances import Tolerance
from tests.unit.formats.identifiers.vectors import cases

CODES = cases("gb32100/credit_codes.json")
GOOD = "11990100MB9T00011N"


@pytest.mark.parametrize("case", CODES, ids=lambda case: case["code"])
def test_published_codes(case: dict[str, Any]) -> None:
    """Published codes hold and carry a right organisation code; changed ones are refused at the last character."""
    if case["valid"]:
        code = CreditCode.parse(case["code"])
        assert str(code) == case["code"]
        assert code.tolerances == ()
        assert OrganisationCode.parse(code.organisation_code)
    else:
        with pytest.raises(MalformedDataError, match="check character") as caught:
            CreditCode.parse(case["code"])
        assert caught.value.offset == 17


@pytest.mark.parametrize("case", cases("gb11714/organisation_codes.json"), ids=lambda case: case["body"])
def test_organisation_codes(case: dict[str, str]) -> None:
    """GB 11714 bodies give their check characters, X among them, and no other is accepted."""
    assert organisation_check(case["body"]) == case["check"]
    assert str(OrganisationCode.parse(case["body"] + case["check"])) == case["body"] + case["check"]
    for other in set("0123456789XABC") - {case["check"]}:
        with pytest.raises(MalformedDataError):
            OrganisationCode.parse(case["body"] + other)


def test_parts() -> None:
    """A code falls into category, division and organisation code."""
    code = CreditCode.parse(GOOD)
    assert (code.category, code.registration_division, code.organisation_code) == ("11", "990100", "MB9T00011")


def test_listed_exception_is_let_through_by_name() -> None:
    """A code assigned with a wrong check character passes with the curated list only, and says so."""
    listed = next(case for case in CODES if case.get("exception"))
    exceptions = read_exceptions(packaged_data("gb32100-exceptions.json"))
    assert check_character(listed["code"][:17]) == listed["computed"]
    code = CreditCode.parse(listed["code"], exceptions=exceptions)
    assert code.listed_exception
    assert Tolerance.CREDIT_CODE_LISTED_EXCEPTION in code.tolerances
    with pytest.raises(MalformedDataError):
        CreditCode.parse("91350100M000100Y44", exceptions=exceptions)
    assert not CreditCode.parse(GOOD, exceptions={GOOD}).listed_exception


def test_disputed_organisation_code_is_a_warning() -> None:
    """A right outer check character carries a wrong inner one; the code is read and the tolerance named."""
    body = "91990101MA9T00010"
    assert body[16] != organisation_check(body[8:16])
    code = CreditCode.parse(body + check_character(body))
    assert code.tolerances == (Tolerance.CREDIT_CODE_ORGANISATION_CHECK,)


def test_every_substitution_and_swap_is_detected() -> None:
    """Modulo 31 with weights powers of 3 finds every single substitution and every swap of neighbours."""
    for place in range(18):
        for other in ALPHABET:
            if other != GOOD[place]:
                with pytest.raises(MalformedDataError):
                    CreditCode.parse(GOOD[:place] + other + GOOD[place + 1 :])
    for place in range(17):
        left, right = GOOD[place], GOOD[place + 1]
        if left != right:
            with pytest.raises(MalformedDataError):
                CreditCode.parse(GOOD[:place] + right + left + GOOD[place + 2 :])


@pytest.mark.parametrize("letter", "IOSVZ")
def test_letters_outside_the_alphabet(letter: str) -> None:
    """I, O, S, V and Z are not letters of a credit code."""
    with pytest.raises(MalformedDataError) as caught:
        CreditCode.parse(GOOD[:9] + letter + GOOD[10:])
    assert caught.value.offset == 9


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"version": "1"}, "'codes' is missing"),
        ({"version": "1", "codes": [{"code": "91350211M0000XUF46"}]}, r"\$.codes\[0\]: key 'reason'"),
        ({"version": "1", "codes": [{"code": GOOD, "reason": "r"}]}, r"\$.codes\[0\].code: .* no exception"),
        ({"version": "1", "codes": [{"code": "short", "reason": "r"}]}, r"\$.codes\[0\].code: expected 18"),
        ({"version": "1", "codes": {}, "more": 1}, "unknown key 'more'"),
    ],
)
def test_exception_list_is_read_strictly(content: object, complaint: str) -> None:
    """A list with a right code, without reasons or with unknown keys is refused, naming the path."""
    with pytest.raises(MalformedDataError, match=complaint):
        read_exceptions(json.dumps(content).encode())
