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

    public_key: bytes
    """Tells a key from one that was made at the same index after it was destroyed."""
    used: int
    reserved: int
    limit: int | None
    floor: int
    """The highest number that may lie on the disk; a later write never goes below it."""
    wanted: int = 0
    """Uses that waiting threads need beyond the reservation."""


class UseCounters:
    """Counters of all keys of a store; each begins with what its record holds when it is first asked for."""

    def __init__(self, store: RecordStore, *, reserve: int = DEFAULT_RESERVE) -> None:
        self._store = store
        self._reserve = reserve
        self._mutex = threading.Lock()
        self._writing = threading.Lock()
        self._counters: dict[bytes, _Counter] = {}

    def used(self, index: int, usage: KeyUsage) -> int:
        """Uses so far.

        Raises:
            KeyNotExistError: There is no such key.
        """
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
        waiting: _Counter | None = None
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
                    if waiting is None:
                        waiting = counter
                        waiting.wanted += count
                self._write(name, count)
        finally:
            if waiting is not None:
                with self._mutex:
                    waiting.wanted -= count

    def _counter(self, name: bytes) -> _Counter:
        record = self._store.get(KeyRecord, name)
        if record is None:
            raise KeyNotExistError
        counter = self._counters.get(name)
        if counter is None or counter.public_key != record.public_key:
            counter = _Counter(record.public_key, record.uses, record.uses, record.use_limit, record.uses)
            self._counters[name] = counter
        return counter

    def _write(self, name: bytes, count: int) -> None:
        """Write reservations for all that wait, unless someone did while this thread waited for its turn."""
        with self._writing:
            with self._mutex:
                counter = self._counter(name)
                if counter.used + count <= counter.reserved:
                    return
                waiting = {key: each for key, each in self._counters.items() if each.wanted}
                goals = {key: self._goal(each) for key, each in waiting.items()}
                for key, goal in goals.items():
                    waiting[key].floor = goal
            written = self._put(waiting, goals)
            with self._mutex:
                for key in written:
                    waiting[key].reserved = goals[key]
            if name not in written:
                raise KeyNotExistError("destroyed meanwhile")

    def _goal(self, counter: _Counter) -> int:
        needed = counter.used + counter.wanted
        if counter.limit is None:
            return max(needed + self._reserve, counter.floor)
        ahead = min(self._reserve, max(0, counter.limit - needed) // 8)
        return min(max(needed + ahead, counter.floor), counter.limit)

    def _put(self, waiting: dict[bytes, _Counter], goals: dict[bytes, int]) -> set[bytes]:
        """Write the numbers of those keys that still exist and return their names."""
        puts, events = [], []
        with self._store.exclusive:
            for name, goal in goals.items():
                record = self._store.get(KeyRecord, name)
                if record is not None and record.public_key == waiting[name].public_key:
                    puts.append(replace(record, uses=goal))
                    target = f"index {record.index} {record.usage.name.lower()}"
                    events.append(Event(_ACTOR, "reserve-uses", target, goal - record.uses))
            if puts:
                self._store.change(events, puts=puts)
        return {record.key for record in puts}

    def settle(self) -> list[KeyRecord]:
        """Return the records whose exact count differs from what is written, with the exact count."""
        with self._mutex:
            exact = {each.public_key: each.used for each in self._counters.values()}
        records = [record for record in self._store.all(KeyRecord) if record.public_key in exact]
        return [
            replace(each, uses=exact[each.public_key]) for each in records if each.uses != exact[each.public_key]
        ]
