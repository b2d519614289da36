"""What an embedded font draws for a character: its cmap, and which glyphs are blank (ISO/IEC 14496-22).

Read without a font library, since the verifier must not need one. Only what the question needs is read: Unicode
subtables of formats 4, 6, 12 and 13, and the lengths of TrueType outlines. Outlines themselves are not judged.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections import defaultdict
from typing import Final

_MAX_TABLES: Final = 64
_MAX_GROUPS: Final = 70_000
_MAX_CHARACTERS: Final = 200_000
_UNICODE: Final = {(3, 10): 4, (0, 6): 3, (0, 4): 3, (0, 3): 2, (3, 1): 2, (0, 2): 1, (0, 1): 1, (0, 0): 1}
"""Platform and encoding of a subtable, and how much it is preferred."""


class FontMap:
    """Characters and glyphs of one font file.

    Attributes:
        glyph_of: Glyph number by character code.
        readable: Whether the file has a character map that is understood; nothing follows from the rest otherwise.
    """

    __slots__ = ("_characters", "_glyf_ends", "glyph_of", "readable")

    def __init__(self, data: bytes) -> None:
        self.glyph_of: dict[int, int] = {}
        self._characters: dict[int, list[int]] | None = None
        self._glyf_ends: array[int] | None = None
        self.readable = False
        try:
            tables = _tables(data)
            if b"cmap" in tables:
                found = _character_map(tables[b"cmap"])
                self.readable = found is not None
                self.glyph_of = found or {}
            if b"loca" in tables and b"glyf" in tables and b"head" in tables:
                self._glyf_ends = _locations(tables)
        except (struct.error, ValueError, IndexError, OverflowError):
            self.readable = False

    def blank(self, glyph: int) -> bool:
        """Whether a TrueType glyph has no outline; False where that is not known."""
        ends = self._glyf_ends
        return ends is not None and 0 <= glyph < len(ends) - 1 and ends[glyph] == ends[glyph + 1]

    def characters(self, glyph: int) -> list[int]:
        """Character codes that are drawn by a glyph."""
        if self._characters is None:
            by_glyph = defaultdict(list)
            for character, number in self.glyph_of.items():
                by_glyph[number].append(character)
            self._characters = dict(by_glyph)
        return self._characters.get(glyph, [])


def _tables(data: bytes) -> dict[bytes, memoryview]:
    """Tables by tag; those that reach beyond the file raise ``ValueError``."""
    tag = data[:4]
    start = struct.unpack_from(">I", data, 12)[0] if tag == b"ttcf" else 0
    count = struct.unpack_from(">H", data, start + 4)[0]
    if data[start : start + 4] not in (b"\x00\x01\x00\x00", b"OTTO", b"true") or count > _MAX_TABLES:
        raise ValueError("no font file")
    view = memoryview(data)
    tables = {}
    for index in range(count):
        name, _, offset, length = struct.unpack_from(">4sIII", data, start + 12 + 16 * index)
        if offset + length > len(data):
            raise ValueError("a table reaches beyond the file")
        tables[name] = view[offset : offset + length]
    return tables


def _character_map(table: memoryview) -> dict[int, int] | None:
    """The best Unicode subtable; None if there is none. Two of equal rank that differ are none either."""
    count = struct.unpack_from(">H", table, 2)[0]
    best, rank = -1, 0
    for index in range(min(count, 32)):
        platform, encoding, offset = struct.unpack_from(">HHI", table, 4 + 8 * index)
        own = _UNICODE.get((platform, encoding), 0)
        if own > rank:
            best, rank = offset, own
    if best < 0:
        return None
    kind = struct.unpack_from(">H", table, best)[0]
    if kind == 4:
        return _segments(table[best:])
    if kind == 6:
        first, entries = struct.unpack_from(">HH", table, best + 6)
        glyphs = struct.unpack_from(f">{entries}H", table, best + 10)
        return {first + index: glyph for index, glyph in enumerate(glyphs) if glyph}
    if kind in (12, 13):
        return _groups(table[best:], step=1 if kind == 12 else 0)
    return None


def _shorts(data: memoryview) -> array[int]:
    values = array("H", data.tobytes())
    if sys.byteorder == "little":
        values.byteswap()
    return values


def _segments(table: memoryview) -> dict[int, int]:
    """Format 4."""
    length, _, double = struct.unpack_from(">HHH", table, 2)
    count = double // 2
    # A length of sixteen bits is too short for large tables: those run to the end.
    end = len(table) if length < 16 + 8 * count else min(length, len(table))
    values = _shorts(table[14 : end - (end - 14) % 2])
    ends, starts = values[:count], values[count + 1 : 2 * count + 1]
    deltas, ranges = values[2 * count + 1 : 3 * count + 1], values[3 * count + 1 : 4 * count + 1]
    base = 3 * count + 1
    found: dict[int, int] = {}
    total = 0
    for index, (first, last, delta, place) in enumerate(zip(starts, ends, deltas, ranges, strict=True)):
        if last < first:
            continue
        total += last - first + 1
        if total > _MAX_CHARACTERS:
            raise ValueError("too many characters")
        if not place:
            for code in range(first, last + 1):
                found[code] = (code + delta) & 0xFFFF
            continue
        offset = base + index + place // 2 - first
        for code in range(first, last + 1):
            glyph = values[offset + code]
            if glyph:
                found[code] = (glyph + delta) & 0xFFFF
    found.pop(0xFFFF, None)
    return {code: glyph for code, glyph in found.items() if glyph}


def _groups(table: memoryview, *, step: int) -> dict[int, int]:
    """Formats 12 and 13."""
    count = struct.unpack_from(">I", table, 12)[0]
    if count > _MAX_GROUPS:
        raise ValueError("too many groups")
    found: dict[int, int] = {}
    total = 0
    for first, last, glyph in struct.iter_unpack(">III", table[16 : 16 + 12 * count]):
        total += max(0, last - first + 1)
        if total > _MAX_CHARACTERS or last > 0x10FFFF:
            raise ValueError("too many characters")
        for code in range(first, last + 1):
            found[code] = glyph + step * (code - first)
    return {code: glyph for code, glyph in found.items() if glyph}


def _locations(tables: dict[bytes, memoryview]) -> array[int]:
    """Where each outline ends; units do not matter."""
    long = struct.unpack_from(">h", tables[b"head"], 50)[0] == 1
    data = tables[b"loca"]
    values = array("I" if long else "H", data[: len(data) - len(data) % (4 if long else 2)].tobytes())
    if sys.byteorder == "little":
        values.byteswap()
    return values
