"""The clock of a time-stamp authority: read through a guard that would rather give no time than a wrong one.

Every reading is judged (``clock_model.judge``). Changes of state are on record before they have an effect on the
outside, so that a restart does not forget that the clock was stopped; processes that share a register follow each
other's changes within ``FOLLOW_SECONDS``: where one stops, all stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from ca.time_stamping.clock_model import (
    ClockEvent,
    ClockReason,
    ClockSettings,
    ClockState,
    Look,
    Measurement,
    judge,
    next_state,
)
from ca.time_stamping.errors import TimeNotTrustedError
from ca.time_stamping.ports import ClockChange, MonotonicClock, StampStore, WallClock

FOLLOW_SECONDS: Final = 1.0
MOST_SOURCES: Final = 16
GUARD: Final = "clock-guard"
"""Who the record names for changes that the guard made."""


@dataclass(frozen=True, slots=True)
class TrustedTime:
    """A time that may be stated.

    Attributes:
        at: UTC.
        error: How far from the true time it may lie.
    """

    at: datetime
    error: timedelta


class ClockGuard:
    """Reads the clock, and says whether it is to be believed. May be used from any thread.

    Args:
        store: Where changes of state are recorded.
        wall: The wall clock.
        monotonic: The monotonic clock.
        settings: The limits.

    Raises:
        StampRegisterError: The register cannot be read.
    """

    def __init__(
        self, *, store: StampStore, wall: WallClock, monotonic: MonotonicClock, settings: ClockSettings
    ) -> None:
        self._store = store
        self._wall = wall
        self._monotonic = monotonic
        self._settings = settings
        self._lock = Lock()
        self._measurements: dict[str, Measurement] = {}
        self._error = timedelta(0)
        change = store.clock_change()
        stopped = change is not None and change.state is ClockState.STOPPED
        self._state = ClockState.STOPPED if stopped else ClockState.DOUBTFUL
        self._reason: str = change.reason if change is not None and stopped else ClockReason.NOT_CHECKED
        self._seen = 0 if change is None else change.number
        self._unrecorded: tuple[ClockEvent, ClockState, ClockReason] | None = None
        self._last: Look | None = None
        self._anchor: Look | None = None
        self._followed = float("-inf")

    def report(self, measurement: Measurement) -> None:
        """Take what a reference said; the latest of each counts.

        Raises:
            ValueError: More references than anybody has.
        """
        with self._lock:
            known = self._measurements
            if measurement.source not in known and len(known) >= MOST_SOURCES:
                raise ValueError(f"at most {MOST_SOURCES} references are heard")
            known[measurement.source] = measurement

    def read(self) -> TrustedTime:
        """The time, if it is to be believed.

        Raises:
            TimeNotTrustedError: It is not.
            StampRegisterError: The register cannot be read, or a change of state could not be recorded.
        """
        with self._lock:
            look = self._look()
            if self._state is not ClockState.TRUSTED:
                raise TimeNotTrustedError(self._state, self._reason)
            return TrustedTime(look.wall, self._error)

    def check(self) -> ClockState:
        """Look at the clock as ``read`` does, and give its state; to be called every few seconds.

        Raises:
            StampRegisterError: As ``read``.
        """
        with self._lock:
            self._look()
            return self._state

    @property
    def state(self) -> ClockState:
        """The state at the last look."""
        return self._state

    @property
    def reason(self) -> str:
        """Why it is in that state."""
        return self._reason

    @property
    def measurements(self) -> Mapping[str, Measurement]:
        """The latest measurement of each reference."""
        with self._lock:
            return dict(self._measurements)

    # ------------------------------------------------------------------ steps, under the lock

    def _look(self) -> Look:
        look = Look(self._wall(), self._monotonic())
        self._record()
        if look.monotonic - self._followed >= FOLLOW_SECONDS:
            self._follow(look)
        if self._state is ClockState.STOPPED:
            return look
        recorded = self._store.last_time() if self._last is None else None
        found = judge(
            look,
            last=self._last,
            anchor=self._anchor,
            recorded=recorded,
            measurements=self._measurements.values(),
            settings=self._settings,
        )
        self._last = look
        if self._anchor is None or found.agreed:
            self._anchor = look
        if found.error is not None:
            self._error = found.error
        state = next_state(self._state, found.event)
        if state is not self._state:
            self._state, self._reason = state, found.reason
            self._unrecorded = (found.event, state, found.reason)
            self._record()
        return look

    def _record(self) -> None:
        """Put a change of state on record; what could not be recorded is tried again before the next look.

        Where another process recorded a stop meanwhile, that is taken over instead: only an operator ends a stop.
        """
        if self._unrecorded is None:
            return
        event, state, reason = self._unrecorded
        with self._store.transaction() as change:
            latest = change.clock_change()
            if latest is None or latest.number <= self._seen or latest.state is not ClockState.STOPPED:
                latest = change.add_clock_change(event, state, reason, actor=GUARD, at=self._wall())
        self._unrecorded = None
        self._seen, self._state, self._reason = latest.number, latest.state, latest.reason

    def _follow(self, look: Look) -> None:
        """Take over what an operator, or another process, recorded since."""
        change = self._store.clock_change()
        self._followed = look.monotonic
        if change is None or change.number <= self._seen:
            return
        self._seen = change.number
        if change.state is ClockState.STOPPED:
            self._state, self._reason = change.state, change.reason
        elif self._state is ClockState.STOPPED:
            # Acknowledged; this process looks anew, whatever another one has found since.
            self._state, self._reason = ClockState.DOUBTFUL, ClockReason.ACKNOWLEDGED
            self._measurements.clear()
            self._last = self._anchor = None


def acknowledge(store: StampStore, *, reason: str, actor: str, at: datetime) -> ClockChange:
    """Let a stopped clock be looked at again: an operator has set right what stopped it, and says what.

    Args:
        store: The register.
        reason: What was wrong and what was done, for the record.
        actor: Who says so.
        at: When.

    Raises:
        ClockTransitionError: The clock is not stopped.
        StampRegisterError: The register cannot be read or written.
    """
    with store.transaction() as change:
        latest = change.clock_change()
        state = ClockState.DOUBTFUL if latest is None else latest.state
        after = next_state(state, ClockEvent.ACKNOWLEDGE)
        return change.add_clock_change(ClockEvent.ACKNOWLEDGE, after, reason, actor=actor, at=at)
