"""Forms in which software writes the two numbers of an SM2 signature (GB/T 35276-2017: DER SEQUENCE {r, s})."""

import base64
import binascii
from collections.abc import Callable, Iterator
from typing import Final

from crypto import CryptoError, signature_from_raw
from formats.signature_value import RAW_LENGTH, is_raw_signature
from verifier.diagnosis.model import Variant, joined

_LONGEST: Final = 400
_SEQUENCE, _INTEGER, _BIT_STRING, _OCTET_STRING = 0x30, 0x02, 0x03, 0x04


def value_variants(value: bytes) -> list[Variant]:
    """Signatures that ``value`` may stand for, DER, the standard's reading first if there is one.

    Args:
        value: As received: content of the BIT STRING or OCTET STRING.
    """
    found: list[Variant] = []
    seen: set[bytes] = set()
    for unwrapped in _unwrapped(value[: _LONGEST + 1]):
        for read in _read(unwrapped):
            for each in _turned(read):
                if each.octets not in seen and len(each.dialects) <= 2:
                    seen.add(each.octets)
                    found.append(each)
    return sorted(found, key=lambda each: len(each.dialects))


def _unwrapped(value: bytes) -> Iterator[Variant]:
    """The value, and what is left of it when one or two wraps are taken off."""
    level = [Variant((), value)]
    for _ in range(3):
        yield from level
        level = [
            Variant((*each.dialects, name), inner, joined(each.detail, detail))
            for each in level
            for name, detail, take_off in _WRAPS
            if (inner := take_off(each.octets))
        ]


def _string(tag: int, skipped: int) -> Callable[[bytes], bytes | None]:
    def take_off(value: bytes) -> bytes | None:
        if len(value) < 4 or value[0] != tag:
            return None
        length, start = (value[2], 3) if value[1] == 0x81 else (value[1], 2)
        return value[start + skipped :] if start + length == len(value) else None

    return take_off


def _padding(value: bytes) -> bytes | None:
    return value[1:] if value[:1] == b"\x00" and len(value) > RAW_LENGTH else None


def _hexadecimal(value: bytes) -> bytes | None:
    try:
        return binascii.unhexlify(value.strip())
    except (binascii.Error, ValueError):
        return None


def _base64(value: bytes) -> bytes | None:
    try:
        return base64.b64decode(b"".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


_WRAPS: Final[tuple[tuple[str, str, Callable[[bytes], bytes | None]], ...]] = (
    ("value.wrapped", "OCTET STRING", _string(_OCTET_STRING, 0)),
    ("value.wrapped", "BIT STRING", _string(_BIT_STRING, 1)),
    ("value.padding-octet", "", _padding),
    ("value.text", "hexadecimal", _hexadecimal),
    ("value.text", "Base64", _base64),
)


def _read(value: Variant) -> Iterator[Variant]:
    """The 64 octets r and s inside, read without the rules of DER that the value breaks."""
    octets = value.octets
    if is_raw_signature(octets):
        yield value
        return
    parts = _integers(octets)
    if parts is None:
        return
    r, s, broken = parts
    raw = b"".join(number.lstrip(b"\x00").rjust(32, b"\x00") for number in (r, s))
    if len(raw) == RAW_LENGTH:
        yield Variant((*value.dialects, *broken), raw, value.detail)


def _integers(octets: bytes) -> tuple[bytes, bytes, tuple[str, ...]] | None:
    """Contents of the two INTEGERs and the rules they or their frame break."""
    outer = _header(octets, 0, _SEQUENCE)
    if outer is None:
        return None
    start, end, minimal = outer
    broken = [] if minimal else ["value.length-form"]
    if end != len(octets):
        broken.append("value.trailing-octets")
    numbers = []
    for _ in range(2):
        inner = _header(octets[:end], start, _INTEGER)
        if inner is None:
            return None
        begin, start, minimal = inner
        number = octets[begin:start]
        numbers.append(number)
        if not minimal:
            broken.append("value.length-form")
        if not number or number[0] >= 0x80 or (number[0] == 0 and len(number) > 1 and number[1] < 0x80):
            broken.append("value.integer-form")
    if start != end:
        return None
    return numbers[0], numbers[1], tuple(dict.fromkeys(broken))


def _header(octets: bytes, offset: int, tag: int) -> tuple[int, int, bool] | None:
    """Start and end of the content of one element, and whether its length is written in the shortest form."""
    if offset + 2 > len(octets) or octets[offset] != tag:
        return None
    length, start = octets[offset + 1], offset + 2
    minimal = True
    if length in {0x81, 0x82}:
        width = length & 0x7F
        length = int.from_bytes(octets[start : start + width], "big")
        start, minimal = start + width, False
    if length > 0x7F + 0x80 or start + length > len(octets):
        return None
    return start, start + length, minimal


def _turned(read: Variant) -> Iterator[Variant]:
    """The two numbers as they stand, exchanged, and with their octets in reverse order; as DER."""
    raw = read.octets
    r, s = raw[:32], raw[32:]
    for names, first, second in (
        ((), r, s),
        (("value.order-swapped",), s, r),
        (("value.little-endian",), r[::-1], s[::-1]),
        (("value.order-swapped", "value.little-endian"), s[::-1], r[::-1]),
    ):
        try:
            der = signature_from_raw(first + second)
        except CryptoError:
            continue
        yield Variant((*read.dialects, *names), der, read.detail)
