"""Font files of three glyphs, made by hand: squares whose place on a page can be told to the pixel.

Glyph 1 fills its em square, baseline to top; glyph 2 the left half of it. A and 章 are glyph 1, B is glyph 2.
Advances are one em.
"""

import struct

UNITS = 1000
CHARACTERS = {"A": 1, "B": 2, "章": 1}


def _checksum(data: bytes) -> int:
    data += bytes(-len(data) % 4)
    return sum(struct.unpack(f">{len(data) // 4}I", data)) & 0xFFFFFFFF


def sfnt(tables: dict[str, bytes], *, version: bytes = b"\x00\x01\x00\x00") -> bytes:
    """A font file of these tables."""
    count = len(tables)
    power = 1 << (count.bit_length() - 1)
    header = version + struct.pack(">4H", count, power * 16, power.bit_length() - 1, (count - power) * 16)
    offset = len(header) + 16 * count
    records, body = b"", b""
    for tag, data in sorted(tables.items()):
        records += tag.encode() + struct.pack(">3I", _checksum(data), offset + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    return header + records + body


def _square(width: int) -> bytes:
    points = [(0, 0), (0, UNITS), (width, UNITS), (width, 0)]
    header = struct.pack(">5h", 1, 0, 0, width, UNITS)
    data = header + struct.pack(">HH", 3, 0) + bytes([1] * 4)
    for axis in (0, 1):
        before = 0
        for point in points:
            data += struct.pack(">h", point[axis] - before)
            before = point[axis]
    return data + bytes(len(data) % 2)


def _cmap() -> bytes:
    groups = sorted((ord(character), glyph) for character, glyph in CHARACTERS.items())
    body = b"".join(struct.pack(">3I", code, code, glyph) for code, glyph in groups)
    table = struct.pack(">HHIII", 12, 0, 16 + len(body), 0, len(groups)) + body
    return struct.pack(">HHHHI", 0, 1, 3, 10, 12) + table


def _common() -> dict[str, bytes]:
    return {
        "head": struct.pack(
            ">IIIIHHqqhhhhHHhhh", 0x10000, 0, 0, 0x5F0F3CF5, 0, UNITS, 0, 0, 0, 0, UNITS, UNITS, 0, 8, 2, 1, 0
        ),
        "hhea": struct.pack(
            ">IhhhHhhhhhhhhhhhH", 0x10000, UNITS, 0, 0, UNITS, 0, 0, UNITS, 1, 0, 0, 0, 0, 0, 0, 0, 3
        ),
        "hmtx": struct.pack(">Hh", UNITS, 0) * 3,
        "cmap": _cmap(),
    }


def truetype(*, cmap: bool = True) -> bytes:
    """A TrueType font, on wish without character map."""
    glyphs = [b"", _square(UNITS), _square(UNITS // 2)]
    offsets, glyf = [0], b""
    for glyph in glyphs:
        glyf += glyph
        offsets.append(len(glyf))
    tables = _common() | {
        "maxp": struct.pack(">I14H", 0x10000, 3, 4, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
        "loca": struct.pack(">4I", *offsets),
        "glyf": glyf,
    }
    if not cmap:
        del tables["cmap"]
    return sfnt(tables)


def _number(value: int) -> bytes:
    return bytes([value + 139]) if -107 <= value <= 107 else b"\x1c" + struct.pack(">h", value)


def _index(items: list[bytes]) -> bytes:
    if not items:
        return b"\x00\x00"
    offsets, position = b"\x01", 1
    for item in items:
        position += len(item)
        offsets += bytes([position])
    return struct.pack(">HB", len(items), 1) + offsets + b"".join(items)


def _charstring(width: int) -> bytes:
    hlineto, vlineto, rmoveto, endchar = b"\x06", b"\x07", b"\x15", b"\x0e"
    start = _number(0) + _number(0) + rmoveto
    lines = _number(width) + hlineto + _number(UNITS) + vlineto + _number(-width) + hlineto
    return start + lines + endchar


def cff() -> bytes:
    """An OpenType font with CFF outlines."""
    strings = [b"\x0e", _charstring(UNITS), _charstring(UNITS // 2)]
    head = b"\x01\x00\x04\x01" + _index([b"Tiny"])

    def top(offset: int) -> bytes:
        # CharStrings (17) and an empty Private (18), both in the five-octet form so that lengths stay
        wide = b"\x1d" + struct.pack(">i", offset)
        return wide + b"\x11" + _number(0) + b"\x1d" + struct.pack(">i", offset) + b"\x12"

    length = len(head) + len(_index([top(0)])) + 4
    table = head + _index([top(length)]) + _index([]) + _index([]) + _index(strings)
    tables = _common() | {"maxp": struct.pack(">IH", 0x5000, 3), "CFF ": table}
    return sfnt(tables, version=b"OTTO")
