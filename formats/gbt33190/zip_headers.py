"""One entry of a ZIP file: its central header, its local header, and that both say the same."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt33190.entry_names import name_fault
from formats.gbt33190.inflate import inflate
from formats.gbt33190.limits import PackageLimits
from formats.gbt33190.zip_records import (
    CENTRAL,
    CENTRAL_SIGNATURE,
    DEFLATED,
    DESCRIPTOR,
    DESCRIPTOR64,
    DESCRIPTOR_FLAG,
    DESCRIPTOR_SIGNATURE,
    EXTRA,
    LOCAL,
    LOCAL_SIGNATURE,
    STORED,
    UTF8_FLAG,
    ZIP64_EXTRA,
    ZIP64_SENTINEL,
    ZIP64_SIZES,
)
from formats.tolerances import Tolerance

_REFUSED_FLAGS: Final = {
    0x0001: "is encrypted",
    0x0020: "is patched data",
    0x0040: "is encrypted",
    0x2000: "is masked",
}
_REFUSED_FLAG_BITS: Final = sum(_REFUSED_FLAGS)
_METHODS: Final = frozenset({STORED, DEFLATED})
_REFUSED_EXTRAS: Final = {
    0x0017: "is encrypted",
    0x7075: "carries a second name",
    0x9901: "is encrypted",
}
_WHAT: Final = "package"


class Entry(NamedTuple):
    """A file in the package: where its data lies and what the directory says of it."""

    name: str
    method: int
    checksum: int
    stored_size: int
    size: int
    header_offset: int
    data_offset: int
    end_offset: int
    """Behind the data and its descriptor, if there is one."""


class CentralHeader(NamedTuple):
    """A central header, checked by itself. ``facts`` are checksum, stored size and size."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    facts: tuple[int, int, int]
    local_offset: int
    comment_size: int
    end: int


def read_central(
    data: bytes, position: int, limit: int, limits: PackageLimits, found: list[Tolerance]
) -> CentralHeader:
    """Read the central header at ``position``; it must end at or before ``limit``."""
    if position + CENTRAL.size > limit:
        raise MalformedDataError("the central directory ends early", what=_WHAT, offset=position)
    (
        signature,
        _,
        _,
        flags,
        method,
        _,
        _,
        crc,
        stored,
        size,
        name_size,
        extra_size,
        comment_size,
        disk,
        _,
        _,
        local,
    ) = CENTRAL.unpack_from(data, position)
    name_at = position + CENTRAL.size
    extra_at = name_at + name_size
    end = extra_at + extra_size + comment_size
    if signature != CENTRAL_SIGNATURE or end > limit:
        raise MalformedDataError("not a central directory header", what=_WHAT, offset=position)
    if name_size > limits.name_octets:
        raise LimitExceededError(f"a name of more than {limits.name_octets} octets", what=_WHAT, offset=position)
    raw_name = data[name_at:extra_at]
    name = _decode_name(raw_name, flags, position, found)
    if disk:
        raise MalformedDataError("the entry lies on another disk", what=name, offset=position)
    if flags & _REFUSED_FLAG_BITS or method not in _METHODS:
        raise _refused_kind(name, flags, method, position)
    _check_sizes(name, method, stored, size, limits, position)
    if extra_size and _read_extra(data[extra_at : extra_at + extra_size], name, position) is not None:
        raise MalformedDataError("the directory carries ZIP64 sizes", what=name, offset=position)
    return CentralHeader(name, raw_name, flags, method, (crc, stored, size), local, comment_size, end)


def _decode_name(raw: bytes, flags: int, position: int, found: list[Tolerance]) -> str:
    name = raw.decode("ascii") if raw.isascii() else _decode_wide_name(raw, flags, position, found)
    fault = _name_fault(name)
    if fault is not None:
        raise MalformedDataError(fault, what=ascii(name)[1:-1], offset=position)
    return name


@lru_cache(maxsize=512)  # documents of a kind have the same names
def _name_fault(name: str) -> str | None:
    return name_fault(name[:-1] if name[-1:] == "/" else name)


def _decode_wide_name(raw: bytes, flags: int, position: int, found: list[Tolerance]) -> str:
    flagged = bool(flags & UTF8_FLAG)
    for encoding, tolerance in (
        ("utf-8", Tolerance.ZIP_NAME_UTF8_UNFLAGGED),
        ("gbk", Tolerance.ZIP_NAME_GBK),
    ):
        try:
            name = raw.decode(encoding)
        except UnicodeDecodeError as exc:
            if flagged:
                raise MalformedDataError("an entry name is not UTF-8", what=_WHAT, offset=position) from exc
            continue
        if not flagged:
            found.append(tolerance)
        return name
    raise MalformedDataError("an entry name is neither UTF-8 nor GBK", what=_WHAT, offset=position)


def _refused_kind(name: str, flags: int, method: int, position: int) -> MalformedDataError:
    reason = next((text for bit, text in _REFUSED_FLAGS.items() if flags & bit), None)
    message = f"compression method {method} is not one OFD uses" if reason is None else f"the entry {reason}"
    return MalformedDataError(message, what=name, offset=position)


def _check_sizes(name: str, method: int, stored: int, size: int, limits: PackageLimits, position: int) -> None:
    if ZIP64_SENTINEL in (stored, size):
        raise MalformedDataError("the entry carries ZIP64 sizes", what=name, offset=position)
    if size > limits.entry_bytes:
        raise LimitExceededError(f"inflates to more than {limits.entry_bytes} octets", what=name, offset=position)
    if method == STORED:
        if stored != size:
            raise MalformedDataError("a stored entry states two sizes", what=name, offset=position)
    elif size > limits.ratio_floor and size > stored * limits.ratio:
        raise LimitExceededError(
            f"inflates to more than {limits.ratio} times its size", what=name, offset=position
        )
    if size and name[-1] == "/":
        raise MalformedDataError("a directory entry holds data", what=name, offset=position)


def _read_extra(extra: bytes, name: str, position: int) -> bytes | None:
    """Check the extra fields of a header and return the ZIP64 one, if there is one."""
    zip64: bytes | None = None
    at = 0
    while at + EXTRA.size <= len(extra):
        kind, size = EXTRA.unpack_from(extra, at)
        if kind in _REFUSED_EXTRAS:
            raise MalformedDataError(f"the entry {_REFUSED_EXTRAS[kind]}", what=name, offset=position)
        at += EXTRA.size + size
        if kind == ZIP64_EXTRA:
            if zip64 is not None:
                raise MalformedDataError("the entry carries ZIP64 sizes twice", what=name, offset=position)
            zip64 = extra[at - size : at]
    if at != len(extra):
        raise MalformedDataError("an extra field runs past its header", what=name, offset=position)
    return zip64


def read_local(data: bytes, position: int, limit: int, central: CentralHeader, found: list[Tolerance]) -> Entry:
    """Read the local header that belongs to ``central``; the entry must end at or before ``limit``."""
    name = central.name
    if position + LOCAL.size > limit:
        raise MalformedDataError("the local header lies outside the entries", what=name, offset=position)
    signature, _, flags, method, _, _, crc, stored, size, name_size, extra_size = LOCAL.unpack_from(data, position)
    if signature != LOCAL_SIGNATURE:
        raise MalformedDataError("no local header where the directory says", what=name, offset=position)
    name_end = position + LOCAL.size + name_size
    start = name_end + extra_size
    stop = start + central.facts[1]
    if stop > limit:
        raise MalformedDataError("the entry runs into the central directory", what=name, offset=position)
    if name[-1] == "/":
        _check_directory(data[start:stop], central, position)
    if data[position + LOCAL.size : name_end] != central.raw_name:
        raise MalformedDataError("local and central name differ", what=name, offset=position)
    if (flags ^ central.flags) & UTF8_FLAG and not name.isascii():
        raise MalformedDataError("local and central encoding of the name differ", what=name, offset=position)
    if method != central.method or flags & _REFUSED_FLAG_BITS:
        raise MalformedDataError("local and central compression or encryption differ", what=name, offset=position)
    zip64 = _read_extra(data[name_end:start], name, position) if extra_size else None
    if zip64 is not None:
        stored, size = _zip64_sizes(zip64, stored, size, name, position)
        found.append(Tolerance.ZIP_LOCAL_ZIP64)
    facts = (crc, stored, size)
    if not flags & DESCRIPTOR_FLAG:
        if facts != central.facts:
            raise MalformedDataError("local and central sizes or checksum differ", what=name, offset=position)
        return Entry(name, method, *facts, position, start, stop)
    if any(value not in (0, fact) for value, fact in zip(facts, central.facts, strict=True)):
        raise MalformedDataError("local and central sizes or checksum differ", what=name, offset=position)
    if method == STORED and DESCRIPTOR_SIGNATURE in data[start:stop]:
        raise MalformedDataError("stored data seems to end before it does", what=name, offset=position)
    stop = _skip_descriptor(data, stop, limit, central, wide=zip64 is not None)
    return Entry(name, method, *central.facts, position, start, stop)


def _check_directory(stored: bytes, central: CentralHeader, position: int) -> None:
    """A directory entry holds nothing, or nothing deflated.

    Nobody reads its data by the central directory. A program that reads the file from its start goes on where the
    deflated data ends, and finds there whatever entries somebody has put behind it.
    """
    if stored and inflate(stored, 0, what=central.name):
        raise MalformedDataError("a directory entry holds data", what=central.name, offset=position)
    if central.facts[0]:
        raise MalformedDataError("a directory entry has a checksum", what=central.name, offset=position)


def _zip64_sizes(extra: bytes, stored: int, size: int, name: str, position: int) -> tuple[int, int]:
    """Stored size and size of a local header in ZIP64 form, as some makers of invoices write it."""
    if len(extra) != ZIP64_SIZES.size or (stored, size) != (ZIP64_SENTINEL, ZIP64_SENTINEL):
        raise MalformedDataError("the ZIP64 sizes of the local header contradict it", what=name, offset=position)
    wide_size, wide_stored = ZIP64_SIZES.unpack(extra)
    return wide_stored, wide_size


def _skip_descriptor(data: bytes, position: int, limit: int, central: CentralHeader, *, wide: bool) -> int:
    if wide and not central.facts[2]:
        # A program that takes it for the short form finds nothing wrong, and the file ended behind it.
        raise MalformedDataError("a ZIP64 descriptor of an empty entry", what=central.name, offset=position)
    expected = (DESCRIPTOR64 if wide else DESCRIPTOR).pack(*central.facts)
    for descriptor in (DESCRIPTOR_SIGNATURE + expected, expected):
        if position + len(descriptor) <= limit and data.startswith(descriptor, position):
            return position + len(descriptor)
    raise MalformedDataError("the data descriptor is missing or differs", what=central.name, offset=position)
