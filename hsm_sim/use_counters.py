"""How often a key was used: counted on disk before it is used, without a disk write for every use.

The record of a key holds a number that is never less than what was used. It runs ahead: a reservation of some
hundred uses is written at once, and uses are then taken from it in memory. A crash loses what was reserved
and not used, so after it the count may be too high, never too low. A clean close writes the exact count.

Threads that need a reservation at the same moment share one write: whoever comes first to the write lock
writes for all that wait. For a key with a limit the reservation never exceeds an eighth of what is left, so
that a crash cannot burn a small allowance.
"""

import threading
from dataclasses import dataclass, replace
from typing import Final

from hsm_sim.audit import Event
from hsm_sim.model import KeyUsage
from hsm_sim.record_store import RecordStore
from hsm_sim.records import KeyRecord, key_name
from hsm_sim.return_codes import KeyNotExistError, UseLimitError

DEFAULT_RESERVE: Final = 1024
_ACTOR: Final = "device"


@dataclass(slots=True)
class _Counter:
    """One key's count in memory."""

    used: int
    reserved: int
    limit: int | None
    wanted: int = 0
    """Uses that waiting threads need beyond the reservation."""
    floor: int = 0
    """The highest number that may lie on the disk; a later write never goes below it."""


class UseCounters:
    """Counters of all keys of a store."""

    def __init__(self, store: RecordStore, *, reserve: int = DEFAULT_RESERVE) -> None:
        self._store = store
        self._reserve = reserve
        self._mutex = threading.Lock()
        self._writing = threading.Lock()
        self._counters: dict[bytes, _Counter] = {}
        for record in store.all(KeyRecord):
            self.add(record)

    def add(self, record: KeyRecord) -> None:
        """Begin to count for a key."""
        with self._mutex:
            self._counters[record.key] = _Counter(record.uses, record.uses, record.use_limit, floor=record.uses)

    def remove(self, record: KeyRecord) -> None:
        """Forget a destroyed key."""
        with self._mutex:
            self._counters.pop(record.key, None)

    def used(self, index: int, usage: KeyUsage) -> int:
        """Uses so far."""
        with self._mutex:
            return self._counter(key_name(index, usage)).used

    def take(self, index: int, usage: KeyUsage, count: int = 1) -> None:
        """Count uses that are about to happen; on return they are on the disk.

        Raises:
            UseLimitError: The limit does not allow them; nothing is counted.
            KeyNotExistError: The key was destroyed.
            NoBufferError, FileWriteError: The reservation could not be written; nothing is counted.
        """
        name = key_name(index, usage)
        wanting = False
        try:
            while True:
                with self._mutex:
                    counter = self._counter(name)
                    if counter.limit is not None and counter.used + count > counter.limit:
                        raise UseLimitError(
                            f"{counter.used} of {counter.limit} uses spent, {count} more asked for"
                        )
                    if counter.used + count <= counter.reserved:
                        counter.used += count
                        return
                    if not wanting:
                        counter.wanted += count
                        wanting = True
                self._write(name, count)
        finally:
            if wanting:
                with self._mutex:
                    if (mine := self._counters.get(name)) is not None:
                        mine.wanted -= count

    def _counter(self, name: bytes) -> _Counter:
        try:
            return self._counters[name]
        except KeyError:
            raise KeyNotExistError from None

    def _write(self, name: bytes, count: int) -> None:
        """Write reservations for all that wait, unless someone did while this thread waited for its turn."""
        with self._writing:
            with self._mutex:
                counter = self._counter(name)
                if counter.used + count <= counter.reserved:
                    return
                goals = {key: self._goal(each) for key, each in self._counters.items() if each.wanted}
                for key, goal in goals.items():
                    self._counters[key].floor = goal
            written = self._put(goals)
            with self._mutex:
                for key in written & self._counters.keys():
                    self._counters[key].reserved = goals[key]
            if name not in written:
                raise KeyNotExistError("destroyed meanwhile")

    def _goal(self, counter: _Counter) -> int:
        needed = counter.used + counter.wanted
        if counter.limit is None:
            return max(needed + self._reserve, counter.floor)
        ahead = min(self._reserve, max(0, counter.limit - needed) // 8)
        return min(max(needed + ahead, counter.floor), counter.limit)

    def _put(self, goals: dict[bytes, int]) -> set[bytes]:
        """Write the numbers of those keys that still exist and return their names."""
        puts, events = [], []
        with self._store.exclusive:
            for key, goal in goals.items():
                record = self._store.get(KeyRecord, key)
                if record is not None:
                    puts.append(replace(record, uses=goal))
                    target = f"index {record.index} {record.usage.name.lower()}"
                    events.append(Event(_ACTOR, "reserve-uses", target, goal - record.uses))
            if puts:
                self._store.change(events, puts=puts)
        return {record.key for record in puts}

    def settle(self) -> list[KeyRecord]:
        """Return the records whose exact count differs from what is written, with the exact count."""
        with self._mutex:
            exact = {key: counter.used for key, counter in self._counters.items()}
        records = [record for record in self._store.all(KeyRecord) if record.key in exact]
        return [replace(each, uses=exact[each.key]) for each in records if each.uses != exact[each.key]]
