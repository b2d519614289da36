"""Sealed documents in containers that no honest program writes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO

from formats.errors import MalformedDataError
from formats.gbt33190.inflate import inflate
from tests.unit.formats.gbt33190.zip_bytes import Item, archive
from tests.unit.verifier.documents import codes, verified
from verifier.codes import Code
from verifier.findings import Verdict

REFUSED = "refused"
"""Verification raised: the file cannot be opened without doubt what it is."""


def items(entries: Mapping[str, bytes], **replaced: Item) -> list[Item]:
    """One item for each entry; ``replaced`` has items by the stem of the file's name."""
    made = [Item(name.encode(), data, flags=0 if name.isascii() else 0x800) for name, data in entries.items()]
    return [replaced.get(item.name.rpartition(b"/")[2].partition(b".")[0].decode(), item) for item in made]


def outcome(data: bytes) -> tuple[Verdict | str, set[Code]]:
    """The verdict on a file and the codes it gave."""
    try:
        report = verified(data)
    except MalformedDataError:
        return REFUSED, set()
    return report.verdict, codes(report)


def local_header(name: str, method: int, facts: tuple[int, int, int], flags: int = 0) -> bytes:
    raw = name.encode()
    return struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, flags, method, 0, 0x21, *facts, len(raw), 0) + raw


def stored_entry(name: str, data: bytes) -> bytes:
    """A complete local entry, stored."""
    return local_header(name, 0, (zlib.crc32(data), len(data), len(data))) + data


def descriptor(facts: tuple[int, int, int]) -> bytes:
    return b"PK\x07\x08" + struct.pack("<3I", *facts)


def streamed(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Entries as a program sees them that reads the file from its start and never looks at the directory.

    Such a program is ``java.util.zip.ZipInputStream``, which software for OFD uses to unpack.
    """
    stream = BytesIO(data)
    while stream.read(4) == b"PK\x03\x04":
        _, flags, method, _, _, _, stored, _, name_size, extra_size = struct.unpack("<5H3I2H", stream.read(26))
        name = stream.read(name_size).decode()
        stream.read(extra_size)
        if method == 8:
            start = stream.tell()
            inflater = zlib.decompressobj(-15)
            plain = inflater.decompress(data[start:])
            assert inflater.eof
            stream.seek(len(data) - len(inflater.unused_data))
        else:
            plain = stream.read(stored)
        if flags & 8:
            stream.read(16)
        yield name, plain


__all__ = [
    "REFUSED",
    "Item",
    "archive",
    "descriptor",
    "inflate",
    "items",
    "local_header",
    "outcome",
    "stored_entry",
    "streamed",
]
