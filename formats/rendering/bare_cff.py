"""CFF font programs without a font file around them, as some makers embed (Adobe Technical Note 5176).

HarfBuzz reads font files; the few tables it asks for are put around the program. Advances are not in them, so
every glyph is given one em: pages state their own advances.
"""

import struct
from itertools import pairwise
from typing import Final

from formats.errors import MalformedDataError

_WHAT: Final = "CFF font"
_CHARSTRINGS: Final = 17
_FONT_MATRIX: Final = (12, 7)
_MAX_OPERANDS: Final = 48
_NIBBLES: Final = "0123456789.EE -"


def is_bare_cff(data: bytes) -> bool:
    """Whether ``data`` begins as CFF 1 does: major version 1, a header of at least 4 octets, offsets of 1 to 4."""
    return len(data) > 8 and data[0] == 1 and data[1] == 0 and data[2] >= 4 and 1 <= data[3] <= 4


def as_font_file(data: bytes) -> bytes:
    """The program inside an OpenType file.

    Raises:
        MalformedDataError: Its indexes or its top dictionary cannot be read.
    """
    try:
        _, position = _index(data, data[2])
        dictionaries, _ = _index(data, position)
        operators = _dictionary(dictionaries[0])
        count = struct.unpack_from(">H", data, int(operators[_CHARSTRINGS][-1]))[0]
        scale = operators.get(_FONT_MATRIX, [0.001])[0]
        units = round(1 / scale) if scale > 0 else 1000
    except (IndexError, KeyError, ValueError, OverflowError, ZeroDivisionError, struct.error) as exc:
        raise MalformedDataError("its structure cannot be read", what=_WHAT) from exc
    if not count or not 16 <= units <= 16384:
        raise MalformedDataError(f"{count} glyphs, {units} units an em", what=_WHAT)
    head = struct.pack(
        ">IIIIHHqqhhhhHHhhh", 0x10000, 0, 0, 0x5F0F3CF5, 0, units, 0, 0, 0, 0, units, units, 0, 8, 2, 0, 0
    )
    hhea = struct.pack(">IhhhHhhhhhhhhhhhH", 0x10000, units, 0, 0, units, *[0] * 11, 1)
    tables = {
        b"CFF ": data,
        b"head": head,
        b"hhea": hhea,
        b"hmtx": struct.pack(">Hh", units, 0) + bytes(2 * (count - 1)),
        b"maxp": struct.pack(">IH", 0x5000, count),
    }
    return _font_file(tables)


def _font_file(tables: dict[bytes, bytes]) -> bytes:
    count = len(tables)
    power = 1 << (count.bit_length() - 1)
    header = struct.pack(">4s4H", b"OTTO", count, power * 16, power.bit_length() - 1, (count - power) * 16)
    offset = len(header) + 16 * count
    records, body = b"", b""
    for tag, table in sorted(tables.items()):
        records += tag + struct.pack(">3I", 0, offset + len(body), len(table))
        body += table + bytes(-len(table) % 4)
    return header + records + body


def _index(data: bytes, position: int) -> tuple[list[bytes], int]:
    """The items of an INDEX and where it ends."""
    (count,) = struct.unpack_from(">H", data, position)
    if not count:
        return [], position + 2
    size = data[position + 2]
    start = position + 3
    base = start + (count + 1) * size - 1
    offsets = [
        int.from_bytes(data[start + index * size : start + (index + 1) * size], "big")
        for index in range(count + 1)
    ]
    if not 1 <= size <= 4 or offsets != sorted(offsets) or base + offsets[-1] > len(data):
        raise ValueError("an INDEX reaches beyond the data")
    items = [data[base + a : base + b] for a, b in pairwise(offsets)]
    return items, base + offsets[-1]


def _dictionary(data: bytes) -> dict[int | tuple[int, int], list[float]]:
    """Operators of a DICT with their operands."""
    operators: dict[int | tuple[int, int], list[float]] = {}
    operands: list[float] = []
    position = 0
    while position < len(data):
        first = data[position]
        position += 1
        if first <= 21:
            key: int | tuple[int, int] = first
            if first == 12:
                key = (12, data[position])
                position += 1
            operators[key] = operands
            operands = []
            continue
        value, position = _operand(data, position, first)
        operands.append(value)
        if len(operands) > _MAX_OPERANDS:
            raise ValueError("too many operands")
    return operators


def _operand(data: bytes, position: int, first: int) -> tuple[float, int]:
    if 32 <= first <= 246:
        return first - 139, position
    if 247 <= first <= 250:
        return (first - 247) * 256 + data[position] + 108, position + 1
    if 251 <= first <= 254:
        return -(first - 251) * 256 - data[position] - 108, position + 1
    if first == 28:
        return struct.unpack_from(">h", data, position)[0], position + 2
    if first == 29:
        return struct.unpack_from(">i", data, position)[0], position + 4
    if first == 30:
        return _real(data, position)
    raise ValueError(f"operand {first}")


def _real(data: bytes, position: int) -> tuple[float, int]:
    """A number in nibbles: digits, ``.``, exponents, minus; F ends it."""
    text = ""
    while len(text) < 40:
        octet = data[position]
        position += 1
        for nibble in (octet >> 4, octet & 15):
            if nibble == 15:
                return float(text), position
            text += "E-" if nibble == 12 else _NIBBLES[nibble]
    raise ValueError("a number without end")
