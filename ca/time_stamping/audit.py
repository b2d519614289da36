"""Judging the register of a time-stamp authority: the trail is whole, and trail and rows tell the same story."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ca.time_stamping.clock_model import ClockEvent, ClockState, next_state
from ca.time_stamping.errors import ClockTransitionError
from ca.time_stamping.model import GivenStamp, SerialBlock, digest_of, number_of
from ca.time_stamping.ports import StampStore

_PAGE: Final = 5000


@dataclass(frozen=True, slots=True)
class StampAuditReport:
    """What an audit found.

    Attributes:
        entries: Length of the trail.
        first_break: Index of the first entry that does not follow from those before; None if the trail is whole.
        stamps: Stamps on record.
        contradictions: Where rows and trail differ, one sentence each.
    """

    entries: int
    first_break: int | None
    stamps: int
    contradictions: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Whether trail and rows agree throughout."""
        return self.first_break is None and not self.contradictions


def audit_stamps(store: StampStore) -> StampAuditReport:
    """Judge a register. Holds about a hundred octets for each group of stamps in memory.

    Raises:
        StampRegisterError: A row or an entry cannot be read at all.
    """
    told: dict[int, tuple[int, str]] = {}
    contradictions: list[str] = []
    state = ClockState.DOUBTFUL
    entries = 0
    for entry in _entries(store):
        entries += 1
        event = str(entry.get("event"))
        if event == "stamps-given":
            told[_number(entry, "group")] = (_number(entry, "count"), str(entry.get("stamps")))
            if state is ClockState.STOPPED:
                contradictions.append(f"entry {entries} gives stamps while the clock is stopped")
        elif event.startswith("clock-"):
            state, wrong = _clock(event.removeprefix("clock-"), state, entry)
            contradictions.extend(wrong)
    stamps = 0
    blocks = store.blocks()
    contradictions.extend(_overlaps(blocks))
    for group, given in store.groups():
        stamps += len(given)
        if told.pop(group, None) != (len(given), digest_of(given).hex()):
            contradictions.append(f"group {group} is not what the trail says of it")
        contradictions.extend(
            f"stamp {stamp.serial:x} has a number that was not reserved"
            for stamp in given
            if not _reserved(stamp, blocks)
        )
    contradictions.extend(f"group {group} is in the trail and not on record" for group in told)
    return StampAuditReport(entries, store.audit_break(), stamps, tuple(contradictions))


def _entries(store: StampStore) -> Iterator[Mapping[str, str | int | None]]:
    position = 0
    while page := store.audit_entries(after=position, most=_PAGE):
        yield from page
        position += len(page)


def _number(entry: Mapping[str, str | int | None], name: str) -> int:
    value = entry.get(name)
    return value if isinstance(value, int) else 0


def _clock(event: str, state: ClockState, entry: Mapping[str, str | int | None]) -> tuple[ClockState, list[str]]:
    """The state after an entry of the clock, and what is wrong with it."""
    after = str(entry.get("state"))
    try:
        expected = next_state(state, ClockEvent(event))
    except (ClockTransitionError, ValueError):
        return state, [f"a clock that is {state} cannot go through {event}"]
    return expected, [] if after == expected else [f"the clock went from {state} to {after} by {event}"]


def _overlaps(blocks: Sequence[SerialBlock]) -> Iterator[str]:
    following = 1
    for block in blocks:
        if block.first < following:
            yield f"the block of numbers from {block.first} overlaps the one before"
        following = block.first + block.count


def _reserved(stamp: GivenStamp, blocks: Sequence[SerialBlock]) -> bool:
    number = number_of(stamp.serial)
    at = bisect_right(blocks, number, key=lambda block: block.first) - 1
    if at < 0:
        return False
    block = blocks[at]
    return number < block.first + block.count and block.serials(number - block.first, 1) == [stamp.serial]
