"""The entries of a revocation list in bulk: read in place, and written as a stream.

A list of a million entries is 45 MB of DER. As objects in a dictionary it would be ten times that, so the reader
walks the octets once, checks every entry, and keeps eight octets of each: where it starts. An entry becomes an
object when it is asked for. The writer takes entries one at a time and holds their octets alone.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, ValuesView
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Final, Self

from formats import der, oids
from formats.errors import MalformedDataError
from formats.gbt20518 import plain
from formats.gbt20518.certificate_model import check_serial
from formats.gbt20518.crl_model import RevocationReason, RevokedEntry
from formats.gbt20518.extension import Extension, read_extensions
from formats.tolerances import Tolerance

_CACHED_OCTETS: Final = 128
EntryExtensions = tuple[RevocationReason, datetime | None, tuple[str, ...], tuple[Tolerance, ...]]


# ---------------------------------------------------------------------- writing


@dataclass(frozen=True, slots=True, repr=False)
class EncodedEntries:
    """Entries as they stand in a list, serial numbers rising.

    Attributes:
        octets: The members of revokedCertificates, one after another, without its header.
        count: How many there are.
    """

    octets: bytes
    count: int

    @classmethod
    def of(cls, entries: Iterable[RevokedEntry]) -> Self:
        """Encode entries one at a time.

        Args:
            entries: By rising serial number, so that none is listed twice.

        Raises:
            ValueError: A serial number does not rise, or is out of range.
        """
        octets = bytearray()
        count = last = 0
        for entry in entries:
            if entry.serial <= last:
                raise ValueError("serial numbers of a list do not rise; a certificate may be listed twice")
            octets += encode_entry(entry)
            last = entry.serial
            count += 1
        return cls(bytes(octets), count)

    def __repr__(self) -> str:
        return f"<EncodedEntries, {self.count}>"


def encode_entry(entry: RevokedEntry) -> bytes:
    """DER of one entry: reasonCode and invalidityDate where they say something, neither critical.

    Raises:
        ValueError: The serial number is out of range.
    """
    check_serial(entry.serial)
    serial = entry.serial.to_bytes(entry.serial.bit_length() // 8 + 1, "big")
    content = bytes((der.INTEGER, len(serial))) + serial + _encode_time(entry.date)
    if entry.reason is not RevocationReason.UNSPECIFIED or entry.invalidity_date is not None:
        content += _encode_extensions(entry.reason, entry.invalidity_date)
    return bytes((der.SEQUENCE, len(content))) + content  # at most 22 + 17 + 43 octets


def _encode_time(moment: datetime) -> bytes:
    if moment.tzinfo is not UTC or moment.microsecond or not 1950 <= moment.year < 2050:
        return der.time(moment)  # which refuses or writes what is rare
    day = (moment.year % 100, moment.month, moment.day)
    return b"\x17\x0d%02d%02d%02d%02d%02d%02dZ" % (*day, moment.hour, moment.minute, moment.second)


@lru_cache(maxsize=4096)
def _encode_extensions(reason: RevocationReason, invalidity_date: datetime | None) -> bytes:
    extensions = []
    if reason is not RevocationReason.UNSPECIFIED:
        value = der.integer(reason, tag=der.ENUMERATED)
        extensions.append(Extension(oids.CRL_REASON, critical=False, value=value).encode())
    if invalidity_date is not None:
        value = der.generalized_time(invalidity_date)
        extensions.append(Extension(oids.INVALIDITY_DATE, critical=False, value=value).encode())
    return der.sequence(*extensions)


# ---------------------------------------------------------------------- reading


class RevokedEntries(Mapping[int, RevokedEntry]):
    """Entries by serial number, read from the list's octets when they are asked for.

    Iterating follows the list; looking one up is a binary search over where entries start.
    """

    __slots__ = ("_buffer", "_end", "_offsets", "_start")

    def __init__(self, buffer: bytes, start: int, end: int, offsets: array[int]) -> None:
        self._buffer = buffer
        self._start = start
        self._end = end
        self._offsets = offsets

    def __getitem__(self, serial: int) -> RevokedEntry:
        place = bisect_left(self._offsets, serial, key=self._serial_at)
        if place == len(self._offsets):
            raise KeyError(serial)
        entry, _ = _entry_at(self._buffer, self._offsets[place])
        if entry.serial != serial:
            raise KeyError(serial)
        return entry

    def __iter__(self) -> Iterator[int]:
        return (entry.serial for entry in self.in_order())

    def __len__(self) -> int:
        return len(self._offsets)

    def values(self) -> ValuesView[RevokedEntry]:
        """The entries as the list has them."""
        return _Values(self)

    def __repr__(self) -> str:
        return f"<RevokedEntries, {len(self)}>"

    def in_order(self) -> Iterator[RevokedEntry]:
        """The entries as the list has them, one at a time."""
        position = self._start
        while position < self._end:
            entry, position = _entry_at(self._buffer, position)
            yield entry

    def _serial_at(self, offset: int) -> int:
        start, _ = plain.contents(self._buffer, offset, der.SEQUENCE)
        first, behind = plain.contents(self._buffer, start, der.INTEGER)
        return int.from_bytes(self._buffer[first:behind], "big")


class _Values(ValuesView[RevokedEntry]):
    _mapping: RevokedEntries

    def __iter__(self) -> Iterator[RevokedEntry]:
        return self._mapping.in_order()


def read_plain_entries(node: der.Node) -> RevokedEntries | None:
    """The entries if every one is plainly encoded and none repeats, else None, which says nothing about them."""
    buffer, position, end = node.buffer, node.start, node.end
    offsets = array("Q")
    last, rising = 0, True
    try:
        while position < end:
            if len(offsets) == node.limits.elements:
                return None
            offsets.append(position)
            entry, position = _entry_at(buffer, position)
            if position > end:
                return None
            rising = rising and entry.serial > last
            last = entry.serial
    except (IndexError, plain.NotPlainError, MalformedDataError):
        return None
    entries = RevokedEntries(buffer, node.start, end, offsets)
    if rising:
        return entries if offsets else None
    serials = list(entries)
    order = sorted(range(len(serials)), key=serials.__getitem__)
    if any(serials[one] == serials[next_one] for one, next_one in pairwise(order)):
        return None
    return RevokedEntries(buffer, node.start, end, array("Q", (offsets[place] for place in order)))


def _entry_at(buffer: bytes, position: int) -> tuple[RevokedEntry, int]:
    """The plainly encoded entry at ``position``, and where it ends."""
    start, stop = plain.contents(buffer, position, der.SEQUENCE)
    serial_start, serial_end = plain.contents(buffer, start, der.INTEGER)
    date_start, date_end = plain.contents(buffer, serial_end, der.UTC_TIME)
    content = buffer[serial_start:serial_end]
    if date_end > stop or not _is_plain_integer(content):
        raise plain.NotPlainError
    serial = int.from_bytes(content, "big")
    date = plain.utc_time(buffer[date_start:date_end])
    if date_end == stop:
        return RevokedEntry(serial, date), stop
    reason, invalidity_date, unknown, met = entry_extensions(buffer[date_end:stop])
    if unknown or met:
        raise plain.NotPlainError
    return RevokedEntry(serial, date, reason, invalidity_date), stop


def _is_plain_integer(content: bytes) -> bool:
    return (
        0 < len(content) <= 20
        and content[0] < 0x80
        and (len(content) == 1 or content[0] > 0 or content[1] >= 0x80)
    )


def entry_extensions(encoded: bytes) -> EntryExtensions:
    """Reason, invalidity date, unknown critical extensions and tolerances of an entry.

    Args:
        encoded: DER of its crlEntryExtensions.

    Raises:
        MalformedDataError: They cannot be read, or make the entry one of another issuer (RFC 5280 5.3.3).
    """
    # Entries repeat one another; long ones are hostile and not worth remembering.
    return (_read_extensions_cached if len(encoded) <= _CACHED_OCTETS else _read_extensions)(encoded)


def _read_extensions(encoded: bytes) -> EntryExtensions:
    found: list[Tolerance] = []
    reason, invalidity_date = RevocationReason.UNSPECIFIED, None
    unknown = []
    for oid, extension in read_extensions(der.parse(encoded, what="entry extensions"), found).items():
        if oid == oids.CRL_REASON:
            node = der.parse(extension.value, what="reasonCode")
            try:
                reason = RevocationReason(node.integer(tag=der.ENUMERATED, max_octets=2))
            except ValueError as exc:
                raise node.error("no such reason code") from exc
        elif oid == oids.INVALIDITY_DATE:
            invalidity_date = der.parse(extension.value, what="invalidityDate").generalized_time()
        elif oid == oids.CERTIFICATE_ISSUER:
            raise MalformedDataError("entries of other issuers are not read", what="certificateIssuer")
        elif extension.critical:
            unknown.append(oid)
    return reason, invalidity_date, tuple(unknown), tuple(found)


_read_extensions_cached = lru_cache(maxsize=4096)(_read_extensions)
