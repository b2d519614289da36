"""The structure of a ZIP file, read with suspicion (PKWARE APPNOTE 6.3, the part GB/T 33190 packages use).

Two programs may read one ZIP file differently: from the central directory or from the local headers, the first or
the last of two entries of one name, with or without what lies between entries. A signature over "the package" then
means two things. So both directories are read and compared, every octet of the file is accounted for, and what
cannot be told apart is refused:

1. one disk, methods STORED and DEFLATE only, nothing encrypted, no ZIP64 except sizes in local headers;
2. every local header repeats the name, method, sizes and checksum of its central entry, in the header or, where it
   says so, in a data descriptor behind the data;
3. no two entries share a name or an octet; all lie before the central directory;
4. names obey ``entry_names``.

Octets that belong to nothing (before, between or behind) and names that differ in case only do not stop the
reader, because real makers leave them; they are listed as anomalies for the verifier to judge.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt33190.anomalies import Anomaly, AnomalyKind
from formats.gbt33190.entry_names import files_used_as_directories, twins
from formats.gbt33190.limits import PackageLimits
from formats.gbt33190.zip_headers import Entry, read_central, read_local
from formats.gbt33190.zip_records import (
    END,
    END_SIGNATURE,
    ZIP64_LOCATOR_SIGNATURE,
    ZIP64_LOCATOR_SIZE,
)
from formats.tolerances import Tolerance

_MAX_TRAILING: Final = 1 << 20
_WHAT: Final = "package"


@dataclass(slots=True)
class Layout:
    """Files by name in the order of the central directory; directory entries are kept apart."""

    entries: dict[str, Entry] = field(default_factory=dict)
    directories: dict[str, Entry] = field(default_factory=dict)
    anomalies: list[Anomaly] = field(default_factory=list)
    tolerances: list[Tolerance] = field(default_factory=list)


class _End(NamedTuple):
    """The end record; ``shift`` is to be added to the offsets of local headers."""

    directory_start: int
    directory_end: int
    entries: int
    shift: int


def read_layout(data: bytes, limits: PackageLimits) -> Layout:
    """Read and check the structure of a ZIP file; no entry is inflated.

    Raises:
        MalformedDataError: the rules of the module are broken.
        LimitExceededError: ``limits`` are.
    """
    if len(data) > limits.total_bytes:
        raise LimitExceededError(f"larger than {limits.total_bytes} octets", what=_WHAT)
    layout = Layout()
    end = _read_end(data, limits, layout)
    _read_directory(data, end, limits, layout)
    _account(end, layout)
    _compare_names(layout)
    return layout


def _octets(kind: AnomalyKind, start: int, stop: int) -> Anomaly:
    return Anomaly(kind, f"{stop - start} octets", start)


def _read_end(data: bytes, limits: PackageLimits, layout: Layout) -> _End:
    at = data.rfind(END_SIGNATURE, max(0, len(data) - _MAX_TRAILING))
    comment_at = at + END.size
    if at < 0 or comment_at > len(data):
        raise MalformedDataError("no ZIP end record", what=_WHAT)
    _, disk, start_disk, here, count, size, start, comment_size = END.unpack_from(data, at)
    if disk or start_disk or here != count:
        raise MalformedDataError("the ZIP file is split over disks", what=_WHAT, offset=at)
    zip64 = count == 0xFFFF or 0xFFFFFFFF in (size, start)
    if zip64 or data.startswith(ZIP64_LOCATOR_SIGNATURE, max(0, at - ZIP64_LOCATOR_SIZE)):
        raise MalformedDataError("ZIP64; no package within the limits needs it", what=_WHAT, offset=at)
    if count > limits.entries:
        raise LimitExceededError(f"more than {limits.entries} entries", what=_WHAT, offset=at)
    if size + start > at:
        raise MalformedDataError("the central directory overlaps the end record", what=_WHAT, offset=at)
    comment_end = comment_at + comment_size
    if comment_end > len(data):
        raise MalformedDataError("the archive comment runs past the end of the file", what=_WHAT, offset=at)
    if comment_size:
        layout.anomalies.append(_octets(AnomalyKind.ARCHIVE_COMMENT, comment_at, comment_end))
    if comment_end < len(data):
        layout.anomalies.append(_octets(AnomalyKind.TRAILING_BYTES, comment_end, len(data)))
    return _End(at - size, at, count, at - size - start)


def _read_directory(data: bytes, end: _End, limits: PackageLimits, layout: Layout) -> None:
    inflated = 0
    position = end.directory_start
    for _ in range(end.entries):
        central = read_central(data, position, end.directory_end, limits, layout.tolerances)
        name = central.name
        target = layout.directories if name[-1] == "/" else layout.entries
        if name in target:
            raise MalformedDataError("two entries have one name", what=name, offset=position)
        target[name] = read_local(
            data, central.local_offset + end.shift, end.directory_start, central, layout.tolerances
        )
        if central.comment_size:
            layout.anomalies.append(Anomaly(AnomalyKind.ENTRY_COMMENT, ascii(name), position))
        inflated += central.facts[2]
        position = central.end
    if position != end.directory_end:
        raise MalformedDataError("octets between central directory and end record", what=_WHAT, offset=position)
    if inflated > limits.inflated_bytes:
        raise LimitExceededError(f"the entries inflate to more than {limits.inflated_bytes} octets", what=_WHAT)


def _account(end: _End, layout: Layout) -> None:
    """Every octet up to the central directory belongs to one entry, or is an anomaly."""
    spans = [(entry.header_offset, entry.end_offset) for entry in layout.entries.values()]
    spans += [(entry.header_offset, entry.end_offset) for entry in layout.directories.values()]
    spans.sort()
    spans.append((end.directory_start, end.directory_end))
    position = 0
    for start, stop in spans:
        if start < position:
            raise MalformedDataError("two entries overlap", what=_WHAT, offset=start)
        if start > position:
            kind = AnomalyKind.GAP if position else AnomalyKind.LEADING_BYTES
            layout.anomalies.append(_octets(kind, position, start))
        position = stop


def _compare_names(layout: Layout) -> None:
    for first, second in twins(layout.entries):
        layout.anomalies.append(Anomaly(AnomalyKind.CASE_TWINS, f"{first!a}, {second!a}"))
    clashes = files_used_as_directories(layout.entries) if len(layout.entries) > 1 else []
    clashes += [name[:-1] for name in layout.directories if name[:-1] in layout.entries]
    for name in sorted(set(clashes)):
        layout.anomalies.append(Anomaly(AnomalyKind.FILE_AND_DIRECTORY, ascii(name)))
