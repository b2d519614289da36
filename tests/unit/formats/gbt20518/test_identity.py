"""Identity extensions and alternative names: written as other software does, read both ways, refused by form."""

from __future__ import annotations

import pytest

from formats import der, oids
from formats.errors import MalformedDataError
from formats.gbt20518 import Extension, GeneralNameKind
from formats.gbt20518.alternative_name import AlternativeName, alternative_name_of
from formats.gbt20518.general_name import read_general_name
from formats.gbt20518.identity import IdentityKind, IdentityNumber, identity_extension, read_identity

DNS, IP = GeneralNameKind.DNS, GeneralNameKind.IP_ADDRESS
EMAIL, URI = GeneralNameKind.EMAIL, GeneralNameKind.URI


@pytest.mark.parametrize("kind", IdentityKind)
def test_number_comes_back(kind: IdentityKind) -> None:
    """What is written is read again without a tolerance."""
    number = IdentityNumber(kind, "A-1234567")
    found: list[object] = []
    assert read_identity(identity_extension(number), found) == number  # type: ignore[arg-type]
    assert found == []


def test_identify_code_is_an_explicit_choice() -> None:
    """The resident's card is [0] around a PrintableString, the officer's [1] around a UTF8String."""
    resident = identity_extension(IdentityNumber(IdentityKind.RESIDENT_CARD, "12"))
    assert (resident.oid, resident.value.hex()) == (oids.IDENTIFY_CODE, "a00413023132")
    officer = identity_extension(IdentityNumber(IdentityKind.MILITARY_OFFICER_CARD, "军1"))
    assert officer.value.hex() == "a1060c04e5869b31"


def test_implicit_choice_is_read() -> None:
    """The other way to tag is read as the same number."""
    read = read_identity(Extension(oids.IDENTIFY_CODE, critical=False, value=b"\x82\x02A1"), [])
    assert read == IdentityNumber(IdentityKind.PASSPORT, "A1")


@pytest.mark.parametrize(
    "value", [b"", b"\x13\x02A1", b"\xa3\x04\x13\x02A1", b"\xa0\x04\x0c\x02A1", b"\xa0\x00", b"\x30\x00"]
)
def test_other_values_are_refused(value: bytes) -> None:
    """Neither alternative, another string type, or nothing at all."""
    with pytest.raises(MalformedDataError):
        read_identity(Extension(oids.IDENTIFY_CODE, critical=False, value=value), [])


@pytest.mark.parametrize("text", ["", "x" * 129, "号码"])
def test_number_that_cannot_be_written(text: str) -> None:
    """Refused without quoting it."""
    with pytest.raises(ValueError, match="number") as caught:
        identity_extension(IdentityNumber(IdentityKind.INSURANCE_NUMBER, text))
    assert not text or text not in str(caught.value)


def test_number_hides_itself() -> None:
    """The repr of a number does not hold it."""
    assert "12345" not in repr(IdentityNumber(IdentityKind.PASSPORT, "12345"))


@pytest.mark.parametrize(
    ("kind", "text", "encoded"),
    [
        (DNS, "a-1.test.cn", b"\x82\x0ba-1.test.cn"),
        (IP, "192.0.2.7", b"\x87\x04\xc0\x00\x02\x07"),
        (IP, "2001:db8::7", b"\x87\x10" + bytes.fromhex("20010db8000000000000000000000007")),
        (EMAIL, "jia.yi@test.cn", b"\x81\x0ejia.yi@test.cn"),
        (URI, "urn:x:1", b"\x86\x07urn:x:1"),
    ],
)
def test_alternative_name_comes_back(kind: GeneralNameKind, text: str, encoded: bytes) -> None:
    """Encoded with its context tag, and read back as the same name."""
    name = AlternativeName(kind, text)
    assert name.encode() == encoded
    assert alternative_name_of(read_general_name(der.parse(encoded), [])) == name


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (DNS, ""), (DNS, "localhost"), (DNS, "*.test.cn"), (DNS, "A.test.cn"), (DNS, "-a.test.cn"), (DNS, "a..cn"),
        (DNS, "192.0.2.7"), (DNS, "a" * 64 + ".cn"), (DNS, ".".join(["abcdefg"] * 40)), (DNS, "a.test.cn."),
        (DNS, "测试.cn"), (IP, "192.0.2.256"), (IP, "2001:DB8::7"), (IP, "fe80::1%eth0"), (IP, "192.0.2.0/24"),
        (EMAIL, "jia"), (EMAIL, "a b@test.cn"), (EMAIL, "@test.cn"), (EMAIL, "a@localhost"), (URI, "no-scheme"),
        (URI, "http://a b"), (GeneralNameKind.DIRECTORY, "CN=a"),
    ],
)  # fmt: skip
def test_other_names_are_refused(kind: GeneralNameKind, text: str) -> None:
    """A name that is not well-formed cannot be built."""
    with pytest.raises(ValueError, match="name"):
        AlternativeName(kind, text)
