"""The device's log: who did what to which object and with what result, chained.

``h_0 = SM3("xinyin key store audit" ‖ serial)`` and ``h_i = SM3(h_(i-1) ‖ entry_i)``, where ``entry_i`` is
the encoding of ``records.AuditEntry``. Length and head of the chain stand in the root record of the store,
under its tag, and are rewritten in the same transaction as what the entry tells of. Whoever notes (length,
head) elsewhere can tell later whether the log still begins the same way.

Logged are management commands, access rights, refusals, and the number of uses; never a digest that was
signed. Refusals of one kind are written once a session at their first occurrence and once, with their count,
at its end: so a client that hammers the device cannot fill the log.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from crypto import sm3
from formats.errors import MalformedDataError
from hsm_sim.encoding import decode, encode
from hsm_sim.model import MAX_ACTOR
from hsm_sim.records import AuditEntry
from hsm_sim.return_codes import StoreIntegrityError
from hsm_sim.storage import StoredEntry

_START: Final = b"xinyin key store audit"
_MAX_OBJECT: Final = 96


@dataclass(frozen=True, slots=True)
class Event:
    """What is to be logged; sequence number and time are added when it is written."""

    actor: str
    operation: str
    object: str = ""
    count: int = 1
    return_code: int = 0


class RefusalBudget:
    """How many refusals are written in a minute, over all sessions; what goes beyond is counted.

    Args:
        in_a_minute: Entries.
    """

    def __init__(self, in_a_minute: int = 120) -> None:
        self._in_a_minute = in_a_minute
        self._minute = -1
        self._written = 0
        self._skipped = 0
        self._lock = threading.Lock()

    def admit(self, event: Event, *, time: int) -> list[Event]:
        """Return what is to be written now: the event, and before it the number of those skipped earlier.

        Args:
            event: A refusal.
            time: Microseconds since 1970-01-01 UTC.
        """
        with self._lock:
            events = []
            if time // 60_000_000 != self._minute:
                self._minute, self._written = time // 60_000_000, 0
                if self._skipped:
                    events.append(Event("device", "refusals-skipped", count=self._skipped))
                    self._skipped = 0
            if self._written >= self._in_a_minute:
                self._skipped += 1
                return events
            self._written += 1
            return [*events, event]


def chain_start(serial: str) -> bytes:
    """Compute h_0 of a device."""
    return sm3(_START + serial.encode())


def chain(
    events: Iterable[Event], *, length: int, head: bytes, time: int
) -> tuple[tuple[StoredEntry, ...], bytes]:
    """Number and link events after entry ``length`` with link ``head``.

    Args:
        events: In order.
        length: Entries so far.
        head: Link of the last of them, 32 octets.
        time: Microseconds since 1970-01-01 UTC.

    Returns:
        The entries to store, and the new head.
    """
    entries = []
    for sequence, event in enumerate(events, length + 1):
        entry = encode(
            AuditEntry(
                sequence,
                time,
                _cut(event.actor, MAX_ACTOR),
                event.operation,
                _cut(event.object, _MAX_OBJECT),
                event.count,
                event.return_code,
            )
        )
        head = sm3(head + entry)
        entries.append(StoredEntry(sequence, entry, head))
    return tuple(entries), head


def _cut(text: str, octets: int) -> str:
    """Cut a text that came from outside to a number of octets, between two characters."""
    return text.encode()[:octets].decode("utf-8", "ignore")


def read_entries(entries: Iterable[StoredEntry], *, length: int, head: bytes) -> list[AuditEntry]:
    """Check that entries continue the chain and return them decoded.

    Args:
        entries: Those that follow entry number ``length``.
        length: Entries already checked; 0 at the start.
        head: Link of the last of them; ``chain_start`` at the start.

    Raises:
        StoreIntegrityError: An entry was altered, dropped, added or moved.
    """
    result = []
    for sequence, stored in enumerate(entries, length + 1):
        head = sm3(head + stored.entry)
        try:
            entry = decode(AuditEntry, stored.entry, what="audit entry")
        except MalformedDataError as error:
            raise StoreIntegrityError(f"audit entry {sequence} does not parse") from error
        if stored.digest != head or not stored.sequence == entry.sequence == sequence:
            raise StoreIntegrityError(f"audit entry {sequence} breaks the chain")
        result.append(entry)
    return result
