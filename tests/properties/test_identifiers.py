"""Properties of identifiers over generated values."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.errors import MalformedDataError
from formats.food_licence_number import FoodLicenceNumber
from formats.gb11643 import CitizenNumber
from formats.gb32100 import ALPHABET, CreditCode, check_character
from formats.gbt36904 import ROOT, LicenceId, LicenceTypeCode
from formats.gbt39554 import HandlingItemCode, ImplementationItemCode, item_codes, parse_item_code
from formats.identifier_text import ALPHANUMERIC, DIGITS
from formats.iso7064 import mod_11_2, mod_37_36

digits = st.text(DIGITS, min_size=1)


def _of(alphabet: str, length: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=length, max_size=length)


credit_codes = st.tuples(_of(ALPHABET, 2), _of(DIGITS, 6), _of(ALPHABET, 9)).map(
    lambda parts: CreditCode.parse("".join(parts) + check_character("".join(parts)))
)
type_codes = st.builds(LicenceTypeCode, credit_codes, _of(DIGITS, 3))
licence_ids = st.builds(
    lambda type_code, issuer, serial, version: LicenceId.build(type_code, issuer, serial, version=version),
    type_codes,
    credit_codes,
    st.text(ALPHANUMERIC, min_size=1, max_size=66),
    st.integers(1, 999),
)
citizen_bodies = st.builds(
    lambda division, birth, sequence: f"{division}{birth:%Y%m%d}{sequence}",
    _of(DIGITS, 6),
    st.dates(min_value=date(1800, 1, 1)),
    _of(DIGITS, 3),
)


@given(licence_ids)
def test_licence_id_gives_itself_back(licence: LicenceId) -> None:
    """Every identifier that can be built parses to itself."""
    assert LicenceId.parse(str(licence)) == licence
    assert str(LicenceId.parse(str(licence))) == str(licence)


@given(licence_ids, st.data())
def test_licence_id_substitution(licence: LicenceId, data: st.DataObject) -> None:
    """Any single wrong character of the body or the check character is found by both readers."""
    text = str(licence)
    places = [place for place in range(len(ROOT) + 1, len(text)) if text[place] != "."]
    place = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from([c for c in ALPHANUMERIC if c != text[place]]))
    for read in (LicenceId.parse, LicenceId.read):
        with pytest.raises(MalformedDataError):
            read(text[:place] + other + text[place + 1 :])


def _running_value(body: str) -> int:
    running = 36
    for character in body:
        running = ((running + ALPHANUMERIC.index(character)) % 36 or 36) * 2 % 37
    return running


@given(licence_ids, st.data())
def test_licence_id_transposition(licence: LicenceId, data: st.DataObject) -> None:
    """Any swap of two different neighbours of the body is found, but the one pair MOD 37,36 cannot see."""
    body = licence.body
    place = data.draw(st.integers(0, len(body) - 2))
    left, right = body[place], body[place + 1]
    swapped = body[:place] + right + left + body[place + 2 :]
    blind = (19 - _running_value(body[:place])) % 36
    missed = {ALPHANUMERIC[blind], ALPHANUMERIC[(blind - 1) % 36]}
    unseen = left == right or {left, right} == missed
    assert (mod_37_36(swapped) == licence.check) is unseen


@given(type_codes, credit_codes, st.data())
def test_swap_within_type_or_issuer(type_code: LicenceTypeCode, issuer: CreditCode, data: st.DataObject) -> None:
    """Within the credit codes of type and issuer every swap is found: modulo 31 sees what MOD 37,36 misses."""
    text = str(LicenceId.build(type_code, issuer, "1"))
    starts = (len(ROOT) + 1, len(ROOT) + 1 + 22)
    place = data.draw(st.sampled_from([start + step for start in starts for step in range(17)]))
    left, right = text[place], text[place + 1]
    if left != right:
        with pytest.raises(MalformedDataError):
            LicenceId.read(text[:place] + right + left + text[place + 2 :])


@given(credit_codes)
def test_credit_code_gives_itself_back(code: CreditCode) -> None:
    """Every credit code with a right check character parses to itself."""
    assert CreditCode.parse(str(code)) == code


@given(credit_codes, st.data())
def test_item_codes_give_themselves_back(body: CreditCode, data: st.DataObject) -> None:
    """Item codes of the three kinds parse to themselves."""
    item_type = data.draw(st.sampled_from([entry.code for entry in item_codes()["item_type"]]))
    basic = data.draw(_of(DIGITS, 2)) + item_type + data.draw(_of(DIGITS, 8))
    level = data.draw(st.sampled_from("123456"))
    text = f"{body}{level}{basic}"
    number = data.draw(_of(DIGITS, 2))
    assert str(parse_item_code(basic)) == basic
    assert str(ImplementationItemCode.parse(text)) == text
    assert parse_item_code(text + number) == HandlingItemCode(ImplementationItemCode.parse(text), number)


@given(citizen_bodies)
def test_citizen_number_gives_itself_back_and_hides(body: str) -> None:
    """Every number with an existing birth date and a right check character is read and never shown."""
    text = body + mod_11_2(body)
    number = CitizenNumber.parse(text)
    assert number.reveal() == text
    assert text not in f"{number} {number!r}"
    assert f"{number.birth_date:%Y%m%d}" == text[6:14]


@given(st.sampled_from("123"), _of(DIGITS, 6), st.integers(0, 999_999))
def test_food_licence_number_gives_itself_back(form: str, region: str, sequence: int) -> None:
    """Every number that can be built parses to itself."""
    number = FoodLicenceNumber.build(business_form=form, region=region, sequence=sequence)
    assert FoodLicenceNumber.parse(str(number)) == number
    assert (number.region, number.sequence) == (region, sequence)


@given(st.text())
def test_readers_raise_nothing_else(text: str) -> None:
    """Whatever text comes in, a reader of identifiers answers with a value or MalformedDataError."""
    readers = (
        CreditCode.parse, CitizenNumber.parse, CitizenNumber.from_first_generation, LicenceId.read,
        LicenceTypeCode.parse, parse_item_code, FoodLicenceNumber.parse,
    )  # fmt: skip
    for read in readers:
        try:
            read(text)
        except MalformedDataError:
            continue
