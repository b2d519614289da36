"""What the device remembers of single pairs that are kept outside: as little as will do.

A pair that nothing happened to leaves no trace here. One that was revoked, whose password was tried wrongly, or
that was handed out from escrow, has a mark of 34 octets:

```
offset  0  16  key_id
       16   1  bit 0 revoked; bit 1 handed out; bit 2 tries counted
       17   1  tries left
       18  16  first octets of SM3 of the public key it was handed out to
```

Marks lie in up to 1,024 pages by the first bits of the key_id, sorted, so that a change writes one page of some
kilobytes, and the digest over all records stays short whatever the number of pairs.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final

from crypto import sm3
from hsm_sim.audit import Event
from hsm_sim.record_store import RecordStore
from hsm_sim.records import MAX_MARKS_PAGE, KeyMarksRecord, RecordKind, RecordName, ReleaseRecord
from hsm_sim.return_codes import NoBufferError
from hsm_sim.wrapped_key import KEY_ID_LENGTH

_MARK_LENGTH: Final = 34
_RECIPIENT_LENGTH: Final = 16
_PAGE_BITS: Final = 10
_REVOKED, _HANDED_OUT, _COUNTED = 1, 2, 4


@dataclass(frozen=True, slots=True)
class KeyMark:
    """What is remembered of one pair.

    Attributes:
        key_id: The pair.
        revoked: It may not be used any more, for good.
        tries_left: Wrong passwords it still takes; None if none was wrong since the last right one.
        recipient: ``recipient_mark`` of the key it was handed out to from escrow; None if it never was.
    """

    key_id: bytes
    revoked: bool = False
    tries_left: int | None = None
    recipient: bytes | None = field(default=None, repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to remember."""
        return not self.revoked and self.tries_left is None and self.recipient is None

    def encode(self) -> bytes:
        """Write the mark, 34 octets."""
        flags = _REVOKED * self.revoked
        flags |= _HANDED_OUT * (self.recipient is not None) | _COUNTED * (self.tries_left is not None)
        recipient = self.recipient or bytes(_RECIPIENT_LENGTH)
        return self.key_id + bytes((flags, self.tries_left or 0)) + recipient


def recipient_mark(point: bytes) -> bytes:
    """How the public key ``point``, 65 octets, is remembered: 16 octets."""
    return sm3(point)[:_RECIPIENT_LENGTH]


class KeyMarks:
    """The marks of a store; all methods may be called from any thread."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store

    @property
    def exclusive(self) -> AbstractContextManager[object]:
        """Held while a mark is read, altered and written back."""
        return self._store.exclusive

    def get(self, key_id: bytes) -> KeyMark:
        """The mark of a pair, an empty one if nothing is remembered of it."""
        entries = self._entries(_page(key_id))
        at = _find(entries, key_id)
        entry = entries[at * _MARK_LENGTH : (at + 1) * _MARK_LENGTH]
        if entry[:KEY_ID_LENGTH] != key_id:
            return KeyMark(key_id)
        flags, tries = entry[KEY_ID_LENGTH], entry[KEY_ID_LENGTH + 1]
        return KeyMark(
            key_id,
            bool(flags & _REVOKED),
            tries if flags & _COUNTED else None,
            entry[-_RECIPIENT_LENGTH:] if flags & _HANDED_OUT else None,
        )

    def put(
        self,
        marks: Iterable[KeyMark],
        events: Sequence[Event],
        *,
        releases: Sequence[ReleaseRecord] = (),
        essential: bool = False,
    ) -> None:
        """Write marks, log entries and what goes with them; the caller holds ``exclusive``.

        Raises:
            NoBufferError: A page is full, or no room is left on the disk.
            DeviceError: As ``RecordStore.change``.
        """
        pages: dict[int, bytes] = {}
        for mark in marks:
            page = _page(mark.key_id)
            pages[page] = _with(pages.get(page, self._entries(page)), mark)
        if any(len(entries) > MAX_MARKS_PAGE for entries in pages.values()):
            raise NoBufferError("too many marks of wrapped keys")
        records = [KeyMarksRecord(page, entries) for page, entries in pages.items() if entries]
        removes: list[RecordName] = [
            (RecordKind.KEY_MARKS, KeyMarksRecord(page, b"").key) for page, entries in pages.items() if not entries
        ]
        self._store.change(events, puts=[*records, *releases], removes=removes, essential=essential)

    def _entries(self, page: int) -> bytes:
        record = self._store.get(KeyMarksRecord, page.to_bytes(2, "big"))
        return record.entries if record is not None else b""


def _page(key_id: bytes) -> int:
    return int.from_bytes(key_id[:2], "big") >> (16 - _PAGE_BITS)


def _find(entries: bytes, key_id: bytes) -> int:
    """Number of the first mark that is not before ``key_id``."""
    return bisect_left(
        range(len(entries) // _MARK_LENGTH),
        key_id,
        key=lambda number: entries[number * _MARK_LENGTH : number * _MARK_LENGTH + KEY_ID_LENGTH],
    )


def _with(entries: bytes, mark: KeyMark) -> bytes:
    """The page with ``mark`` in its place; an empty mark is left out."""
    at = _find(entries, mark.key_id) * _MARK_LENGTH
    end = at + _MARK_LENGTH if entries[at : at + KEY_ID_LENGTH] == mark.key_id else at
    return entries[:at] + (b"" if mark.is_empty else mark.encode()) + entries[end:]
