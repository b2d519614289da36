"""Headers of plainly encoded DER, walked in place.

The general reader ``formats.der`` makes one object for each value, which is most of the cost of a certificate or
a long revocation list. The functions here know only the plain shapes nearly all data has. ``NotPlainError`` says
nothing about the data: the caller then takes the general reader, which alone decides what is malformed and names
tolerances.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from formats import der


class NotPlainError(Exception):
    """Not of the plain shape, or cut short; ask the general reader."""


def contents(buffer: bytes, offset: int, tag: int) -> tuple[int, int]:
    """Where the content of the value at ``offset`` starts and ends; the end may lie beyond the buffer.

    Raises:
        NotPlainError: Another tag, or a length that is not minimal or has more than three octets.
        IndexError: The header is cut short by the end of the buffer.
    """
    length = buffer[offset + 1]
    if buffer[offset] != tag:
        raise NotPlainError
    if length < 0x80:
        return offset + 2, offset + 2 + length
    if length == 0x81 and (size := buffer[offset + 2]) >= 0x80:
        return offset + 3, offset + 3 + size
    if length == 0x82 and (size := buffer[offset + 2] << 8 | buffer[offset + 3]) >= 0x100:
        return offset + 4, offset + 4 + size
    if length == 0x83 and (size := int.from_bytes(buffer[offset + 2 : offset + 5], "big")) >= 0x10000:
        return offset + 5, offset + 5 + size
    raise NotPlainError


def utc_time(text: bytes) -> datetime:
    """Moment of the content octets of a UTCTime ``YYMMDDhhmmssZ``.

    Raises:
        NotPlainError: Another form, or no such moment.
    """
    if len(text) != 13 or text[12] != 0x5A or not text[:12].isdigit():
        raise NotPlainError
    century = "19" if text >= b"5" else "20"
    try:
        # With the offset in the text this gives UTC itself; replacing it afterwards takes seven times as long.
        return datetime.fromisoformat(f"{century}{text[:6].decode()}T{text[6:12].decode()}+00:00")
    except ValueError:
        raise NotPlainError from None


@lru_cache(maxsize=1024)
def oid_text(content: bytes) -> str:
    """Dotted form of the content octets of an OBJECT IDENTIFIER.

    Raises:
        MalformedDataError: Not an object identifier.
    """
    return der.parse(der.encode(der.OBJECT_IDENTIFIER, content)).oid()
