"""Citizen numbers: what they tell, and how they keep silent."""

import copy
import json
import logging
import pickle
from datetime import date
from typing import Any

import pytest

from formats.errors import MalformedDataError
from formats.gb11643 import CitizenNumber, Sex
from formats.iso7064 import mod_11_2
from tests.unit.formats.identifiers.vectors import cases

NUMBERS = cases("gb11643/citizen_numbers.json")
NUMBER = "990101199003071237"


@pytest.mark.parametrize("case", NUMBERS, ids=lambda case: case["number"])
def test_known_numbers(case: dict[str, Any]) -> None:
    """Quoted examples give their birth date, sex and masked form; a changed one is refused."""
    if not case["valid"]:
        with pytest.raises(MalformedDataError, match="check character"):
            CitizenNumber.parse(case["number"])
        return
    number = CitizenNumber.parse(case["number"])
    assert number.reveal() == case["number"]
    assert number.birth_date == date.fromisoformat(case["birth_date"])
    assert number.sex is Sex(case["sex"])
    assert number.masked == case["masked"]
    assert number.division == case["number"][:6]


def test_the_number_does_not_leak(caplog: pytest.LogCaptureFixture) -> None:
    """Representation, text, formatting, logs, containers and error messages do not show the number."""
    number = CitizenNumber.parse(NUMBER)
    logging.getLogger("test").warning("holder %s %r", number, number)
    shown = [repr(number), str(number), f"{number}", f"{number!r:>40}", repr([number]), repr({"n": number})]
    assert caplog.text
    for text in [*shown, caplog.text]:
        assert NUMBER not in text
        assert "19900307" not in text
    for wrong in (NUMBER[:17] + "8", NUMBER[:10] + "1399" + NUMBER[14:]):
        with pytest.raises(MalformedDataError) as caught:
            CitizenNumber.parse(wrong)
        chain = f"{caught.value!r} {caught.value.__cause__!r}"
        assert wrong[:8] not in chain
        assert wrong[10:] not in chain


def test_the_number_is_no_key_and_does_not_travel() -> None:
    """It cannot be hashed, pickled, dumped as JSON or changed; a copy is the value itself."""
    number = CitizenNumber.parse(NUMBER)
    with pytest.raises(TypeError, match="unhashable"):
        hash(number)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(number)
    with pytest.raises(TypeError):
        json.dumps(number)
    with pytest.raises(AttributeError):
        number.masked = "x"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del number.masked
    assert copy.deepcopy(number) is number
    assert copy.copy(number) is number
    assert number == CitizenNumber.parse(NUMBER)
    assert number != CitizenNumber.parse("990101198512310043")
    assert number != NUMBER


def _with_check(body: str) -> str:
    return body + mod_11_2(body)


@pytest.mark.parametrize(
    "day", ["19000229", "20260230", "20261301", "20260001", "00000101", "20260100", "17991231", "01990307"]
)
def test_birth_date_must_exist(day: str) -> None:
    """A right check character does not save a date that never was."""
    with pytest.raises(MalformedDataError, match="birth date"):
        CitizenNumber.parse(_with_check(f"990101{day}123"))


def test_x_stands_last_only() -> None:
    """X is a check character, not a digit."""
    with pytest.raises(MalformedDataError, match=r"U\+0058"):
        CitizenNumber.parse("9901011990030712X7")


def test_first_generation_number() -> None:
    """An old number of 15 digits gets its century and check character."""
    number = CitizenNumber.from_first_generation("110105491231002")
    assert number.reveal() == "11010519491231002X"


def test_every_substitution_and_swap_is_detected() -> None:
    """MOD 11-2 finds every wrong character and every swap of neighbours."""
    for text in (NUMBER, "11010519491231002X"):
        for place in range(18):
            for other in "0123456789X":
                if other != text[place]:
                    with pytest.raises(MalformedDataError):
                        CitizenNumber.parse(text[:place] + other + text[place + 1 :])
        for place in range(17):
            if text[place] != text[place + 1]:
                with pytest.raises(MalformedDataError):
                    CitizenNumber.parse(text[:place] + text[place + 1] + text[place] + text[place + 2 :])
