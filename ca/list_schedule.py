"""Which revocation lists are due at a moment: a pure function of what is on record.

A list is due when there is none yet, when something changed since the last one, and in time before the next update
it promised, whether or not anything changed. With delta lists a change makes a delta list due, and the full list
keeps to its rhythm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ca.model import ListHead
from ca.partition import Partition


class DueReason(StrEnum):
    """Why a list is due."""

    FIRST = "first"
    """There is none yet."""
    CHANGED = "changed"
    """A certificate was suspended, resumed, revoked or given up since."""
    RENEWAL = "renewal"
    """The last one runs out soon enough."""


@dataclass(frozen=True, slots=True)
class ListTiming:
    """The rhythm of lists.

    Attributes:
        validity: From a full list to the next update it promises.
        renewal: From a full list to the next one; None for half of its validity.
        delta_validity: From a delta list to its next update; None for no delta lists.

    Raises:
        ValueError: At construction: a full list would be renewed after it ran out, or a delta list outlive it.
    """

    validity: timedelta = timedelta(days=7)
    renewal: timedelta | None = None
    delta_validity: timedelta | None = None

    def __post_init__(self) -> None:
        if not timedelta(0) < self.full_rhythm < self.validity:
            raise ValueError("a list is renewed before it runs out")
        if self.delta_validity is not None and not timedelta(0) < self.delta_validity <= self.validity:
            raise ValueError("a delta list does not outlive the full list")

    @property
    def full_rhythm(self) -> timedelta:
        """From a full list to the next one where nothing else calls for it."""
        return self.validity / 2 if self.renewal is None else self.renewal

    @property
    def delta_rhythm(self) -> timedelta | None:
        """From a list to the next delta list where nothing else calls for it; None for no delta lists."""
        return None if self.delta_validity is None else self.delta_validity / 2


@dataclass(frozen=True, slots=True)
class ListState:
    """What is on record of one list.

    Attributes:
        partition: Which list.
        full: The newest signed full list; None without one.
        delta: The newest signed delta list that is not older than ``full``; None without one.
        changed: Number of the last change of a certificate on it or once on it; 0 without one.
        needed: Certificates can still be issued for it, or one on it had not expired when the last full list was
            made.
    """

    partition: Partition
    full: ListHead | None
    delta: ListHead | None
    changed: int
    needed: bool


@dataclass(frozen=True, slots=True)
class DueList:
    """A list that is to be made.

    Attributes:
        partition: Which list.
        is_delta: A delta list alone; else a full one, with a delta list to the one before it where there are any.
        reason: Why.
        since: Since when it is due; for a change the moment asked about.
    """

    partition: Partition
    is_delta: bool
    reason: DueReason
    since: datetime


def due_lists(states: Iterable[ListState], timing: ListTiming, now: datetime) -> tuple[DueList, ...]:
    """The lists to be made at ``now``, one for each state at most."""
    return tuple(found for state in states for found in _due(state, timing, now))


def next_moment(states: Iterable[ListState], timing: ListTiming) -> datetime | None:
    """When the next list is due if nothing changes; None if never, which is so for lists without certificates."""
    moments = [moment for state in states for moment, _ in _renewals(state, timing)]
    return min(moments, default=None)


def _due(state: ListState, timing: ListTiming, now: datetime) -> Iterator[DueList]:
    if not state.needed:
        return
    if state.full is None:
        yield DueList(state.partition, is_delta=False, reason=DueReason.FIRST, since=now)
        return
    renewals = [(moment, is_delta) for moment, is_delta in _renewals(state, timing) if moment <= now]
    full = next((moment for moment, is_delta in renewals if not is_delta), None)
    if full is not None:
        yield DueList(state.partition, is_delta=False, reason=DueReason.RENEWAL, since=full)
    elif state.changed > _newest(state, state.full).changed:
        is_delta = timing.delta_validity is not None
        yield DueList(state.partition, is_delta=is_delta, reason=DueReason.CHANGED, since=now)
    elif renewals:
        yield DueList(state.partition, is_delta=True, reason=DueReason.RENEWAL, since=renewals[0][0])


def _renewals(state: ListState, timing: ListTiming) -> Iterator[tuple[datetime, bool]]:
    """When the full list and the delta list are to be renewed."""
    if not state.needed or state.full is None:
        return
    yield state.full.this_update + timing.full_rhythm, False
    if timing.delta_rhythm is not None:
        yield _newest(state, state.full).this_update + timing.delta_rhythm, True


def _newest(state: ListState, full: ListHead) -> ListHead:
    return full if state.delta is None else state.delta
