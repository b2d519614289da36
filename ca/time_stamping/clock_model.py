"""Whether a clock is to be believed: states, events, and the judgement of one look at it. Pure.

A look compares the wall clock with the monotonic clock since the last look, both with what references said of it,
and, at the first look, with the latest time on record. A contradiction stops the authority until an operator
acknowledges it; a mere lack of fresh measurements makes time doubtful until there are some. All limits are own
rules [D]; EN 319 421 asks for an accuracy of one second or better and for no stamps outside of what was promised.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from typing import Final

from ca.time_stamping.errors import ClockTransitionError

_ZERO: Final = timedelta(0)


class ClockState(StrEnum):
    """Where the clock stands."""

    TRUSTED = "trusted"
    """The last look found nothing wrong; stamps are given."""
    DOUBTFUL = "doubtful"
    """Not looked at yet, or too few fresh measurements. A look that finds enough ends it."""
    STOPPED = "stopped"
    """A contradiction was seen. Only an operator ends it, and the next look decides then."""


class ClockEvent(StrEnum):
    """What happens to it."""

    CONFIRM = "confirm"
    DOUBT = "doubt"
    FAULT = "fault"
    ACKNOWLEDGE = "acknowledge"


TRANSITIONS: Final[Mapping[ClockState, Mapping[ClockEvent, ClockState]]] = {
    ClockState.DOUBTFUL: {
        ClockEvent.CONFIRM: ClockState.TRUSTED,
        ClockEvent.DOUBT: ClockState.DOUBTFUL,
        ClockEvent.FAULT: ClockState.STOPPED,
    },
    ClockState.TRUSTED: {
        ClockEvent.CONFIRM: ClockState.TRUSTED,
        ClockEvent.DOUBT: ClockState.DOUBTFUL,
        ClockEvent.FAULT: ClockState.STOPPED,
    },
    ClockState.STOPPED: {ClockEvent.ACKNOWLEDGE: ClockState.DOUBTFUL},
}


def next_state(state: ClockState, event: ClockEvent) -> ClockState:
    """The state after ``event``.

    Raises:
        ClockTransitionError: The table has no such way.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise ClockTransitionError(state, event) from None


class ClockReason(StrEnum):
    """Why, for the record and for operators."""

    AGREED = "agreed"
    NOT_CHECKED = "not-checked"
    STALE = "references-stale"
    JUMPED_FORWARD = "jumped-forward"
    JUMPED_BACKWARD = "jumped-backward"
    DRIFTED = "drifted"
    REFERENCES_DISAGREE = "references-disagree"
    BEHIND_RECORD = "behind-record"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, slots=True)
class ClockSettings:
    """What is asked of the clock.

    Attributes:
        max_jump: How far wall and monotonic clock may part between two looks.
        max_offset: How far the wall clock may be from what references say, and may part from the monotonic clock
            in all since references last agreed.
        max_age: How long a measurement counts.
        quorum: References that must agree; 0 where none are asked, and only jumps are seen then.
        drift_ppm: What the wall clock may lose or gain between two measurements, millionths.
        own_error: How far off an operator holds the wall clock to be where no references are asked.
    """

    max_jump: timedelta = timedelta(milliseconds=200)
    max_offset: timedelta = timedelta(milliseconds=500)
    max_age: timedelta = timedelta(minutes=5)
    quorum: int = 0
    drift_ppm: int = 100
    own_error: timedelta = timedelta(milliseconds=500)

    def __post_init__(self) -> None:
        if min(self.max_jump, self.max_offset, self.max_age, self.own_error) <= _ZERO:
            raise ValueError("limits of a clock are above zero")
        if not 0 <= self.quorum <= 16 or not 0 <= self.drift_ppm <= 10_000:
            raise ValueError("a quorum is 0 to 16, a drift 0 to 10000 millionths")


@dataclass(frozen=True, slots=True)
class Look:
    """Both clocks, read together.

    Attributes:
        wall: UTC.
        monotonic: Seconds since any moment; never goes back, not even where the wall clock is set.
    """

    wall: datetime
    monotonic: float

    def parted(self, since: Look) -> timedelta:
        """How much further than the monotonic clock the wall clock went; negative if less far."""
        return self.wall - since.wall - timedelta(seconds=self.monotonic - since.monotonic)


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a reference said of the wall clock.

    Attributes:
        source: Name of the reference.
        offset: Its time less that of the wall clock.
        uncertainty: How far from the truth ``offset`` may lie, for example half of a round trip.
        taken: Reading of the monotonic clock when it was measured.
    """

    source: str
    offset: timedelta
    uncertainty: timedelta
    taken: float

    def __post_init__(self) -> None:
        if self.uncertainty < _ZERO:
            raise ValueError("an uncertainty is not negative")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one look found.

    Attributes:
        event: What happens to the clock.
        reason: Why.
        error: How far off the wall clock may be; None unless confirmed.
        agreed: Whether references vouch for it.
    """

    event: ClockEvent
    reason: ClockReason
    error: timedelta | None = None
    agreed: bool = False


def judge(
    look: Look,
    *,
    last: Look | None,
    anchor: Look | None,
    recorded: datetime | None,
    measurements: Iterable[Measurement],
    settings: ClockSettings,
) -> Judgement:
    """Judge one look at the clocks.

    Args:
        look: The clocks now.
        last: At the look before; None at the first.
        anchor: When references last agreed, or at the first look.
        recorded: The latest time on record, at the first look; None later or without a record.
        measurements: The latest of each reference.
        settings: The limits.
    """
    if recorded is not None and look.wall + settings.max_offset < recorded:
        return Judgement(ClockEvent.FAULT, ClockReason.BEHIND_RECORD)
    if last is not None:
        step = look.parted(last)
        if abs(step) > settings.max_jump:
            forward = step > _ZERO
            reason = ClockReason.JUMPED_FORWARD if forward else ClockReason.JUMPED_BACKWARD
            return Judgement(ClockEvent.FAULT, reason)
    if anchor is not None and abs(look.parted(anchor)) > settings.max_offset:
        return Judgement(ClockEvent.FAULT, ClockReason.DRIFTED)
    if settings.quorum == 0:
        return Judgement(ClockEvent.CONFIRM, ClockReason.AGREED, settings.own_error)
    return _by_references(look, measurements, settings)


def _by_references(look: Look, measurements: Iterable[Measurement], settings: ClockSettings) -> Judgement:
    fresh = [
        each
        for each in measurements
        if _ZERO <= timedelta(seconds=look.monotonic - each.taken) <= settings.max_age
    ]
    if len(fresh) < settings.quorum:
        return Judgement(ClockEvent.DOUBT, ClockReason.STALE)
    intervals = [_interval(each, look, settings) for each in fresh]
    agreeing, low, high = most_agreed(intervals)
    if agreeing < settings.quorum or 2 * agreeing <= len(fresh):
        return Judgement(ClockEvent.FAULT, ClockReason.REFERENCES_DISAGREE)
    if low > settings.max_offset or high < -settings.max_offset:
        return Judgement(ClockEvent.FAULT, ClockReason.DRIFTED)
    return Judgement(ClockEvent.CONFIRM, ClockReason.AGREED, max(abs(low), abs(high)), agreed=True)


def _interval(measurement: Measurement, look: Look, settings: ClockSettings) -> tuple[timedelta, timedelta]:
    """Where the true offset lies if the reference is right, grown by what the clock may have drifted since."""
    age = look.monotonic - measurement.taken
    wide = measurement.uncertainty + timedelta(seconds=age * settings.drift_ppm / 1_000_000)
    return measurement.offset - wide, measurement.offset + wide


def most_agreed(intervals: Sequence[tuple[timedelta, timedelta]]) -> tuple[int, timedelta, timedelta]:
    """The interval that most of ``intervals`` share (the intersection of Marzullo, as in RFC 5905 11.2.1).

    Args:
        intervals: Closed, at least one.

    Returns:
        How many share it, its lower and its upper end; the lowest such interval if there are several.
    """
    # At one point a lower end counts before an upper end, since the intervals are closed.
    edges = sorted([(low, -1) for low, _ in intervals] + [(high, 1) for _, high in intervals])
    depths = list(accumulate(-edge for _, edge in edges))
    most = max(depths)
    at = depths.index(most)
    return most, edges[at][0], edges[at + 1][0]
