"""The store as the device sees it: typed records, changed and logged together, believed only with their tags.

Every change goes the same way under one lock: number it (``generation``), chain its log entries, tag its
records, tag the set of all tags into the root record, write all of it in one transaction, and only then
change what is in memory. When writing fails, the root is read back: it tells by its generation whether the
change was kept although its writing was reported as failed, and memory follows what is on the disk. If that
cannot be read either, nothing is certain any more and the store refuses all further work (``broken``).

**Rollback.** A single record that is exchanged for an older copy, a dropped record and a cut log are noticed
at the next start, since the root's inventory covers the tags of all records. The whole store exchanged for an
older copy of itself cannot be noticed from the inside: whoever needs that notes ``generation`` elsewhere and
passes it as ``minimum_generation``. An older copy would bring back use counters, password tries and destroyed
keys.
"""

import threading
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Final, TypeVar

from crypto import sm3
from formats.errors import MalformedDataError
from hsm_sim.audit import Event, chain
from hsm_sim.encoding import decode, encode
from hsm_sim.management import DevicePolicy
from hsm_sim.protection import Protection
from hsm_sim.records import (
    RECORD_CLASSES,
    DeviceRecord,
    Record,
    RecordKind,
    RecordName,
)
from hsm_sim.return_codes import (
    AuditFullError,
    FileWriteError,
    HardwareError,
    NoBufferError,
    StoreIntegrityError,
)
from hsm_sim.storage import Change, Storage, StorageError, StorageFullError, StoredEntry, StoredRecord

Clock = Callable[[], int]
"""Microseconds since 1970-01-01 UTC."""
MAX_AUDIT_LENGTH: Final = 50_000_000
_RecordT = TypeVar("_RecordT", bound=Record)


class RecordStore:
    """An opened store, made by ``hsm_sim.opening``; all methods may be called from any thread."""

    def __init__(
        self,
        storage: Storage,
        protection: Protection,
        root: DeviceRecord,
        *,
        clock: Clock,
        max_audit_length: int = MAX_AUDIT_LENGTH,
    ) -> None:
        self.protection = protection
        self._storage = storage
        self._root = root
        self._clock = clock
        self._max_audit_length = max_audit_length
        self._records: dict[RecordName, Record] = {}
        self._tags: dict[RecordName, bytes] = {}
        self._names: list[RecordName] = []
        self._broken = False
        self._lock = threading.RLock()

    @property
    def exclusive(self) -> AbstractContextManager[object]:
        """Held while a record is read, altered and written back, so that no other change is lost in between."""
        return self._lock

    @property
    def root(self) -> DeviceRecord:
        """The root record as last written."""
        return self._root

    @property
    def broken(self) -> bool:
        """Whether a failed write left it unknown what is on the disk."""
        return self._broken

    def get(self, record: type[_RecordT], name: bytes) -> _RecordT | None:
        """Return a record by kind and name, None if there is none."""
        found = self._records.get((record.kind, name))
        return found if isinstance(found, record) else None

    def all(self, record: type[_RecordT], first: bytes = b"") -> list[_RecordT]:
        """Return the records of a kind in the order of their names, from name ``first`` on."""
        with self._lock:
            start = bisect_left(self._names, (record.kind, first))
            found = [self._records[name] for name in self._names[start:] if name[0] is record.kind]
        return [each for each in found if isinstance(each, record)]

    def everything(self) -> list[Record]:
        """Return all records but the root, in the order of their names."""
        with self._lock:
            return [self._records[name] for name in self._names]

    def snapshot(self) -> tuple[DeviceRecord, list[StoredRecord]]:
        """Return the root, and all records with their tags as they lie, the root first."""
        with self._lock:
            root = self._root
            rows = [StoredRecord(root.kind, root.key, encode(root), self.protection.tag(root))]
            for kind, name in self._names:
                record = self._records[kind, name]
                rows.append(StoredRecord(kind, name, encode(record), self._tags[kind, name]))
            return root, rows

    def change(
        self,
        events: Sequence[Event],
        *,
        puts: Iterable[Record] = (),
        removes: Iterable[RecordName] = (),
        erases: bool = False,
        essential: bool = False,
        policy: DevicePolicy | None = None,
    ) -> None:
        """Write records and log entries together; durable on return.

        Args:
            events: What to log, at least one unless only counters are written.
            puts: Records to add or replace.
            removes: Names of records to remove.
            erases: A wrapped key is replaced or removed; leave no copy in the write-ahead log.
            essential: Written even when the log has reached its limit: stopping, and counting failed tries.
            policy: Takes the place of the device's present one.

        Raises:
            NoBufferError: No room on the disk.
            FileWriteError: Writing failed in another way; memory holds what the disk holds.
            AuditFullError: The log has reached its limit.
            HardwareError: An earlier failure left the store unknown.
        """
        with self._lock:
            if self._broken:
                raise HardwareError("the store could not be read back after a failed write")
            root = self._root
            if root.audit_length + len(events) > self._max_audit_length and not essential:
                raise AuditFullError(f"{root.audit_length} entries")
            entries, head = chain(events, length=root.audit_length, head=root.audit_head, time=self._clock())
            step = _Step(list(puts), list(removes), self.protection)
            tags = step.tags(self._tags)
            root = replace(
                root,
                policy=policy or root.policy,
                generation=root.generation + 1,
                audit_length=root.audit_length + len(entries),
                audit_head=head,
                inventory=_inventory(step.names(self._names), tags),
            )
            self._write(step, root, tags, Change(step.stored(root), tuple(step.removes), entries, erases))

    def _write(self, step: "_Step", root: DeviceRecord, tags: dict[RecordName, bytes], change: Change) -> None:
        failure: StorageError | None = None
        try:
            self._storage.commit(change)
        except StorageError as error:
            failure = error
            if not self._is_kept(root):
                raise _refusal(error) from error
        self._root, self._tags = root, tags
        self._names = step.names(self._names)
        for name in step.removes:
            self._records.pop(name, None)
        for record in step.puts:
            self._records[(record.kind, record.key)] = record
        if failure is not None:
            raise _refusal(failure) from failure

    def _is_kept(self, root: DeviceRecord) -> bool:
        """Whether the disk holds the change whose writing was reported as failed."""
        try:
            stored = self._storage.records()
            kept = decode(DeviceRecord, stored[0].body, what="device record") if stored else None
        except (StorageError, MalformedDataError) as error:
            self._broken = True
            raise HardwareError("the store cannot be read back after a failed write") from error
        # Before initialisation is written there is nothing to read, and nothing was kept.
        return kept == root

    def entries(self, first: int, count: int) -> list[StoredEntry]:
        """Return log entries from sequence number ``first`` on.

        Raises:
            HardwareError: The disk does not give them.
        """
        with self._lock:
            try:
                return self._storage.entries(first, count)
            except StorageError as error:
                raise HardwareError("the audit log cannot be read") from error

    def retire(self) -> None:
        """Take no change any more: what the storage holds is about to be destroyed. Waits for one in flight."""
        with self._lock:
            self._broken = True

    def close(self) -> None:
        """Let go of the storage."""
        with self._lock:
            self._storage.close()

    def load(self, stored: Sequence[StoredRecord]) -> None:
        """Take over what was read, judging every tag and the inventory.

        Raises:
            StoreIntegrityError: Something does not bear its tag.
        """
        for item in stored:
            if item.kind == RecordKind.DEVICE:
                continue
            record = _read_record(item, self.protection)
            name = (record.kind, record.key)
            self._records[name], self._tags[name] = record, item.tag
        self._names = sorted(self._records)
        if _inventory(self._names, self._tags) != self._root.inventory:
            raise StoreIntegrityError("a record was dropped, added or exchanged")


class _Step:
    """The records of one change."""

    def __init__(self, puts: list[Record], removes: list[RecordName], protection: Protection) -> None:
        self.puts, self.removes = puts, removes
        self._protection = protection
        self._tags = {(record.kind, record.key): protection.tag(record) for record in puts}

    def tags(self, before: dict[RecordName, bytes]) -> dict[RecordName, bytes]:
        """All tags after the change."""
        after = before | self._tags
        for name in self.removes:
            after.pop(name, None)
        return after

    def names(self, before: list[RecordName]) -> list[RecordName]:
        """All names after the change, in order; the same list if none came or went."""
        gone = set(self.removes)
        known = {name for name in self._tags if before and _holds(before, name)}
        if not gone and len(known) == len(self._tags):
            return before
        after = [name for name in before if name not in gone]
        for name in self._tags.keys() - known:
            insort(after, name)
        return after

    def stored(self, root: DeviceRecord) -> tuple[StoredRecord, ...]:
        """The records as they are written, the root first."""
        rows = [StoredRecord(root.kind, root.key, encode(root), self._protection.tag(root))]
        for record in self.puts:
            tag = self._tags[(record.kind, record.key)]
            rows.append(StoredRecord(record.kind, record.key, encode(record), tag))
        return tuple(rows)


def _holds(names: list[RecordName], name: RecordName) -> bool:
    at = bisect_left(names, name)
    return at < len(names) and names[at] == name


def _inventory(names: list[RecordName], tags: dict[RecordName, bytes]) -> bytes:
    # A tag covers kind and name already, so the tags in order are enough.
    return sm3(b"".join([tags[name] for name in names]))


def _refusal(error: StorageError) -> NoBufferError | FileWriteError:
    return NoBufferError(str(error)) if isinstance(error, StorageFullError) else FileWriteError(str(error))


def _read_record(item: StoredRecord, protection: Protection) -> Record:
    try:
        kind = RecordKind(item.kind)
        record = decode(RECORD_CLASSES[kind], item.body, what="stored record")
    except (ValueError, KeyError) as error:  # MalformedDataError is a ValueError
        raise StoreIntegrityError("a record does not parse") from error
    if item.name != record.key or protection.tag_of(kind, item.name, item.body) != item.tag:
        raise StoreIntegrityError(f"a record of kind {kind.name.lower()} does not bear its tag")
    return record
