"""No identifier reader takes a look-alike, whatever its size or kind."""

from collections.abc import Callable

import pytest

from formats.errors import MalformedDataError
from formats.food_licence_number import FoodLicenceNumber
from formats.gb11643 import CitizenNumber
from formats.gb11714 import OrganisationCode
from formats.gb32100 import CreditCode
from formats.gbt2260 import DivisionCode
from formats.gbt36904 import LicenceId, LicenceTypeCode
from formats.gbt39554 import BasicItemCode, HandlingItemCode, ImplementationItemCode, parse_item_code
from tests.unit.formats.identifiers.hostile import hostile_twins

IMPLEMENTATION = "11100000MB032716991000115035000"
READERS: dict[str, tuple[Callable[[object], object], str]] = {
    "credit code": (CreditCode.parse, "11100000MB0143028R"),
    "organisation code": (OrganisationCode.parse, "MB9T0002X"),
    "citizen number": (CitizenNumber.parse, "11010519491231002X"),
    "first-generation number": (CitizenNumber.from_first_generation, "110105491231002"),
    "division": (DivisionCode.parse, "990101"),
    "type code": (LicenceTypeCode.parse, "11100000MB0143028R001"),
    "licence id": (
        LicenceId.parse,
        "1.2.156.3005.2.11100000MB0143028R001.11990100MB9T00011N.91990101MA9T00018G.001.A",
    ),
    "licence id, tolerant": (
        LicenceId.read,
        "1.2.156.3005.2.11100000MB0143028R001.11990100MB9T00011N.91990101MA9T00018G.001.A",
    ),
    "basic item code": (BasicItemCode.parse, "000115035000"),
    "implementation code": (ImplementationItemCode.parse, IMPLEMENTATION),
    "handling-item code": (HandlingItemCode.parse, IMPLEMENTATION + "01"),
    "item code of any kind": (parse_item_code, IMPLEMENTATION),
    "food licence number": (FoodLicenceNumber.parse, "JY11108071215650"),
}


@pytest.mark.parametrize("name", READERS)
def test_good_value_is_read(name: str) -> None:
    """The value the twins are made from is itself read, so that a refusal says something."""
    read, good = READERS[name]
    assert read(good)


@pytest.mark.parametrize(
    ("name", "twin"), [(name, twin) for name, (_, good) in READERS.items() for twin in hostile_twins(good)]
)
def test_look_alike_is_refused(name: str, twin: str) -> None:
    """Each look-alike raises MalformedDataError with a short message, and no other exception."""
    read, good = READERS[name]
    with pytest.raises(MalformedDataError) as caught:
        read(hostile_twins(good)[twin])
    assert len(str(caught.value)) < 200


def _complaint(read: Callable[[object], object], value: str) -> str:
    try:
        read(value)
    except MalformedDataError as exc:
        return str(exc)
    return ""


@pytest.mark.parametrize("name", READERS)
def test_no_message_quotes_the_value(name: str) -> None:
    """A complaint about a wrong character anywhere does not repeat the identifier."""
    read, good = READERS[name]
    wrong = [good[:at] + ("1" if good[at] != "1" else "2") + good[at + 1 :] for at in range(len(good))]
    complaints = [_complaint(read, value) for value in wrong]
    assert any(complaints) or name in {"division", "first-generation number", "basic item code"}
    for value, complaint in zip(wrong, complaints, strict=True):
        assert value not in complaint
        assert value[len(value) // 2 - 2 : len(value) // 2 + 3] not in complaint
