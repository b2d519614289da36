"""The strict encoding of flat records."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

import pytest

from formats.errors import LimitExceededError, MalformedDataError
from hsm_sim.encoding import Choice, Fixed, ListOf, Nested, Octets, Optional, Text, Unsigned, decode, encode


class Colour(IntEnum):
    RED = 1


@dataclass(frozen=True, slots=True)
class Inner:
    number: Annotated[int, Unsigned(1)]

    def __post_init__(self) -> None:
        if self.number == 9:
            raise ValueError("nine is not allowed")


@dataclass(frozen=True, slots=True)
class Outer:
    number: Annotated[int, Unsigned(2)]
    octets: Annotated[bytes, Octets(4, at_least=1)]
    text: Annotated[str, Text(6)]
    fixed: Annotated[bytes, Fixed(2)]
    colour: Annotated[Colour, Choice(Colour)]
    maybe: Annotated[int | None, Optional(Unsigned(1))]
    inner: Annotated[tuple[Inner, ...], ListOf(Nested(Inner), 2)]


VALUE = Outer(258, b"ab", "印", b"xy", Colour.RED, None, (Inner(5),))
ENCODED = bytes.fromhex("0102 00000002 6162 0003 e58db0 7879 01 00 00000001 05")


def test_layout() -> None:
    """Fields follow each other without tags, integers big-endian, lengths and counts before what they count."""
    assert encode(VALUE) == ENCODED
    assert decode(Outer, ENCODED, what="test") == VALUE


@pytest.mark.parametrize("length", range(len(ENCODED)))
def test_cut_off(length: int) -> None:
    """No prefix of a record is a record."""
    with pytest.raises(MalformedDataError):
        decode(Outer, ENCODED[:length], what="test")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("05", "0500"),  # octets left over
        ("00000002 6162", "00000005 6162616263"),  # longer than its limit
        ("00000002 6162", "00000000"),  # shorter than its limit
        ("00000002", "ffffffff"),  # a length nobody could hold
        ("0003 e58db0", "0003 e58d41"),  # not UTF-8
        ("0003 e58db0", "0001 0a"),  # a control character
        ("0003 e58db0", "0007 61616161616161"),  # text over its limit
        ("01 00 00000001", "02 00 00000001"),  # no member of the enumeration
        ("01 00 00000001", "01 02 00000001"),  # presence is 00 or 01
        ("00000001 05", "00000003 050505"),  # too many elements
        ("00000001 05", "00000001 09"),  # a rule of the record itself
    ],
)
def test_malformed(old: str, new: str) -> None:
    """What is not exactly a record within its limits is refused with one kind of error."""
    octets = ENCODED.hex().replace(old.replace(" ", ""), new.replace(" ", ""), 1)
    assert octets != ENCODED.hex()
    with pytest.raises(MalformedDataError):
        decode(Outer, bytes.fromhex(octets), what="test")


def test_limits_are_told_apart() -> None:
    """A length over its limit is a limit, with its offset."""
    with pytest.raises(LimitExceededError) as caught:
        decode(Outer, b"\x00\x00\xff\xff\xff\xff", what="test")
    assert (caught.value.what, caught.value.offset) == ("test", 6)


@pytest.mark.parametrize(
    "value",
    [
        Outer(65536, b"a", "", b"xy", Colour.RED, None, ()),
        Outer(-1, b"a", "", b"xy", Colour.RED, None, ()),
        Outer(1, b"", "", b"xy", Colour.RED, None, ()),
        Outer(1, b"abcde", "", b"xy", Colour.RED, None, ()),
        Outer(1, b"a", "印印印", b"xy", Colour.RED, None, ()),
        Outer(1, b"a", "\n", b"xy", Colour.RED, None, ()),
        Outer(1, b"a", "\ud800", b"xy", Colour.RED, None, ()),
        Outer(1, b"a", "", b"x", Colour.RED, None, ()),
        Outer(1, b"a", "", b"xy", Colour.RED, 256, ()),
        Outer(1, b"a", "", b"xy", Colour.RED, None, (Inner(1), Inner(1), Inner(1))),
    ],
)
def test_limits_hold_when_writing(value: Outer) -> None:
    """What could not be read back is not written."""
    with pytest.raises(ValueError):
        encode(value)


def test_only_records_are_encoded() -> None:
    """A class without a layout is a defect of the caller."""
    with pytest.raises(TypeError):
        encode(3)
