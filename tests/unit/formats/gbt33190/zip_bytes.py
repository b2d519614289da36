"""ZIP files put together octet by octet, independently of the code under test, so that every field can lie."""

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace


def raw_deflate(plain: bytes) -> bytes:
    stream = zlib.compressobj(6, zlib.DEFLATED, -15)
    return stream.compress(plain) + stream.flush()


@dataclass(frozen=True)
class Item:
    """One entry; whatever is set to something else than None overrides the truth."""

    name: bytes
    plain: bytes = b""
    method: int = 8
    flags: int = 0
    stored: bytes | None = None
    local_name: bytes | None = None
    local_method: int | None = None
    local_flags: int | None = None
    local_facts: tuple[int, int, int] | None = None
    facts: tuple[int, int, int] | None = None
    extra: bytes = b""
    local_extra: bytes = b""
    comment: bytes = b""
    descriptor: bytes = b""
    before: bytes = b""
    offset: int | None = None
    disk: int = 0
    central_only: bool = False

    @property
    def data(self) -> bytes:
        if self.stored is not None:
            return self.stored
        return raw_deflate(self.plain) if self.method == 8 else self.plain

    @property
    def true_facts(self) -> tuple[int, int, int]:
        return zlib.crc32(self.plain), len(self.data), len(self.plain)


@dataclass(frozen=True)
class Archive:
    """A whole file of entries."""

    items: tuple[Item, ...]
    leading: bytes = b""
    before_directory: bytes = b""
    after_directory: bytes = b""
    comment: bytes = b""
    trailing: bytes = b""
    shifted: bool = False
    end: dict[int, int] = field(default_factory=dict)

    def build(self) -> bytes:
        """``shifted`` leaves out the leading octets from all offsets, as some makers do."""
        body = bytearray(self.leading)
        base = len(self.leading) if self.shifted else 0
        directory = bytearray()
        for item in self.items:
            body += item.before
            offset = len(body) - base if item.offset is None else item.offset
            facts = item.facts or item.true_facts
            if not item.central_only:
                local_facts = item.local_facts or facts
                local_name = item.name if item.local_name is None else item.local_name
                body += struct.pack(
                    "<4s5H3I2H",
                    b"PK\x03\x04",
                    20,
                    item.flags if item.local_flags is None else item.local_flags,
                    item.method if item.local_method is None else item.local_method,
                    0,
                    0x21,
                    *local_facts,
                    len(local_name),
                    len(item.local_extra),
                )
                body += local_name + item.local_extra + item.data + item.descriptor
            directory += struct.pack(
                "<4s6H3I5H2I",
                b"PK\x01\x02",
                20,
                20,
                item.flags,
                item.method,
                0,
                0x21,
                *facts,
                len(item.name),
                len(item.extra),
                len(item.comment),
                item.disk,
                0,
                0,
                offset,
            )
            directory += item.name + item.extra + item.comment
        body += self.before_directory
        count = len(self.items)
        fields = [0, 0, count, count, len(directory), len(body) - base, len(self.comment)]
        for index, value in self.end.items():
            fields[index] = value
        end = struct.pack("<4s4H2IH", b"PK\x05\x06", *fields)
        return bytes(body + directory + self.after_directory + end + self.comment + self.trailing)


def archive(*items: Item, **options: object) -> bytes:
    return replace(Archive(items), **options).build()  # type: ignore[arg-type]


def package(entries: dict[str, bytes] | Iterable[tuple[str, bytes]]) -> bytes:
    """An ordinary package of these entries."""
    pairs = entries.items() if isinstance(entries, dict) else entries
    return archive(*(Item(name.encode(), plain, flags=0 if name.isascii() else 0x800) for name, plain in pairs))
