"""When a time-stamp authority believes its clock, and what it takes to believe it again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ca.time_stamping.audit import audit_stamps
from ca.time_stamping.clock_guard import MOST_SOURCES, acknowledge
from ca.time_stamping.clock_model import (
    TRANSITIONS,
    ClockEvent,
    ClockReason,
    ClockSettings,
    ClockState,
    Measurement,
    most_agreed,
    next_state,
)
from ca.time_stamping.errors import ClockTransitionError
from formats.gbt20520 import FailureReason
from tests.stamping_world import STAMPED, StampingPlace, TwoClocks, failures, stamping_place, token

NO_TIME = {FailureReason.TIME_NOT_AVAILABLE}
WITH_REFERENCES = ClockSettings(quorum=2)


@pytest.fixture
def place() -> StampingPlace:
    return stamping_place()


def measured(place: StampingPlace, **offsets: float) -> None:
    """Each reference says how far ahead of the wall clock it is, in seconds."""
    for source, offset in offsets.items():
        place.guard.report(
            Measurement(source, timedelta(seconds=offset), timedelta(seconds=0.02), place.clocks.monotonic())
        )


def stopped_for(place: StampingPlace, reason: ClockReason) -> None:
    """Every request is answered timeNotAvailable, and the record says why."""
    assert failures(place) == NO_TIME
    assert failures(place) == NO_TIME
    assert (place.guard.state, place.guard.reason) == (ClockState.STOPPED, reason)
    change = place.store.clock_change()
    assert (change.state, change.reason, change.actor) == (ClockState.STOPPED, reason, "clock-guard")


def acknowledged(place: StampingPlace) -> None:
    acknowledge(place.store, reason="set right", actor="operator", at=place.clocks.wall())
    place.clocks.run(1.5)


@pytest.mark.parametrize("state", ClockState)
@pytest.mark.parametrize("event", ClockEvent)
def test_the_table_is_all_there_is(state: ClockState, event: ClockEvent) -> None:
    """An event that is not in the table raises; only an acknowledgement leads out of a stop."""
    if event in TRANSITIONS[state]:
        after = next_state(state, event)
        assert state is not ClockState.STOPPED or (event, after) == (ClockEvent.ACKNOWLEDGE, ClockState.DOUBTFUL)
    else:
        with pytest.raises(ClockTransitionError):
            next_state(state, event)


@pytest.mark.parametrize(
    ("seconds", "reason"), [(0.3, ClockReason.JUMPED_FORWARD), (-0.3, ClockReason.JUMPED_BACKWARD)]
)
def test_a_jump_stops_the_authority(place: StampingPlace, seconds: float, reason: ClockReason) -> None:
    """A wall clock that was set, either way, is seen by the monotonic clock, and stays seen after it is set back."""
    token(place)
    place.clocks.run(3600)
    place.clocks.jump(seconds)
    stopped_for(place, reason)
    place.clocks.jump(-seconds)
    place.clocks.run(60)
    stopped_for(place, reason)


def test_small_steps_add_up(place: StampingPlace) -> None:
    """A clock that is set a little again and again is drifting."""
    for _ in range(3):
        token(place)
        place.clocks.jump(0.19)
    stopped_for(place, ClockReason.DRIFTED)


def test_an_operator_lets_it_go_on(place: StampingPlace) -> None:
    """After an acknowledgement the clock is looked at anew; who acknowledged, and why, is on record."""
    token(place)
    place.clocks.jump(30)
    stopped_for(place, ClockReason.JUMPED_FORWARD)
    acknowledged(place)
    assert token(place).info.gen_time == place.clocks.now
    assert place.guard.state is ClockState.TRUSTED
    assert audit_stamps(place.store).is_clean


def test_only_what_is_stopped_is_acknowledged(place: StampingPlace) -> None:
    """An acknowledgement cannot be given in advance."""
    with pytest.raises(ClockTransitionError):
        acknowledge(place.store, reason="x", actor="operator", at=STAMPED)
    token(place)
    with pytest.raises(ClockTransitionError):
        acknowledge(place.store, reason="x", actor="operator", at=STAMPED)


def test_a_restart_does_not_forget_a_stop(tmp_path: Path) -> None:
    """The stop is on record: a new process starts stopped, and the same acknowledgement frees it."""
    path = str(tmp_path / "stamps.db")
    place = stamping_place(path)
    token(place)
    place.clocks.jump(5)
    stopped_for(place, ClockReason.JUMPED_FORWARD)
    again = stamping_place(path, clocks=place.clocks)
    assert failures(again) == NO_TIME
    acknowledged(again)
    token(again)
    token(place)


def test_a_clock_behind_the_record_stops_a_start(tmp_path: Path) -> None:
    """A machine that comes up with a clock before its last stamp gives none, until time has caught up."""
    path = str(tmp_path / "stamps.db")
    token(stamping_place(path))
    place = stamping_place(path, clocks=TwoClocks(STAMPED - timedelta(seconds=30)))
    stopped_for(place, ClockReason.BEHIND_RECORD)
    acknowledged(place)
    assert failures(place) == NO_TIME
    place.clocks.run(40)
    acknowledged(place)
    token(place)


def test_processes_on_one_register_stop_together(tmp_path: Path) -> None:
    """Where one process sees a jump, the others give no stamp that could be recorded after it."""
    path = str(tmp_path / "stamps.db")
    one, two = stamping_place(path), stamping_place(path)
    token(one)
    token(two)
    one.clocks.jump(9)
    assert failures(one) == NO_TIME
    assert failures(two) == NO_TIME  # by the record, before its next look at it
    two.clocks.run(2)
    assert failures(two) == NO_TIME
    assert two.guard.state is ClockState.STOPPED
    assert audit_stamps(one.store).is_clean
    one.clocks.jump(-9)
    acknowledged(one)
    two.clocks.run(2)
    token(one)
    token(two)


def test_without_a_quorum_there_is_no_time() -> None:
    """Where references are asked for, time is doubtful until enough have spoken; that needs no operator."""
    place = stamping_place(clock=WITH_REFERENCES)
    assert failures(place) == NO_TIME
    assert place.guard.state is ClockState.DOUBTFUL
    measured(place, one=0.01)
    assert failures(place) == NO_TIME
    measured(place, two=-0.01)
    token(place)
    assert place.guard.state is ClockState.TRUSTED


def test_measurements_go_stale() -> None:
    """Old measurements do not count; fresh ones end the doubt."""
    place = stamping_place(clock=WITH_REFERENCES)
    measured(place, one=0, two=0)
    token(place)
    place.clocks.run(301)
    assert failures(place) == NO_TIME
    assert (place.guard.state, place.guard.reason) == (ClockState.DOUBTFUL, ClockReason.STALE)
    measured(place, one=0, two=0)
    token(place)


def test_references_that_contradict_each_other_stop_it() -> None:
    """Two references, two times: nobody knows which is right."""
    place = stamping_place(clock=WITH_REFERENCES)
    measured(place, one=0, two=0.3)
    stopped_for(place, ClockReason.REFERENCES_DISAGREE)


def test_one_false_reference_of_three_is_outvoted() -> None:
    """A majority is enough."""
    place = stamping_place(clock=WITH_REFERENCES)
    measured(place, one=0, two=0.01, false=-500)
    token(place)


def test_a_clock_that_references_agree_is_wrong_stops() -> None:
    """All say the wall clock is behind."""
    place = stamping_place(clock=WITH_REFERENCES)
    measured(place, one=0.9, two=0.91)
    stopped_for(place, ClockReason.DRIFTED)


def test_the_error_grows_with_what_references_say_and_with_age() -> None:
    """The stated error covers the offset, its uncertainty and the drift since."""
    place = stamping_place(clock=WITH_REFERENCES)
    measured(place, one=0.1, two=0.1)
    assert place.guard.read().error == timedelta(seconds=0.12)
    place.clocks.run(100)
    assert place.guard.read().error == timedelta(seconds=0.13)


def test_references_excuse_a_slewed_clock() -> None:
    """A clock that is disciplined slowly while references agree is not drifting."""
    place = stamping_place(clock=WITH_REFERENCES)
    for _ in range(10):
        measured(place, one=0, two=0)
        token(place)
        place.clocks.run(60)
        place.clocks.jump(0.1)


def test_measurements_from_before_a_stop_do_not_count_after_it() -> None:
    """After an acknowledgement references are asked again."""
    place = stamping_place(clock=WITH_REFERENCES)
    measured(place, one=0, two=0)
    token(place)
    place.clocks.jump(2)
    assert failures(place) == NO_TIME
    acknowledged(place)
    assert failures(place) == NO_TIME
    assert place.guard.state is ClockState.DOUBTFUL
    measured(place, one=0, two=0)
    token(place)


def test_the_number_of_references_is_bounded(place: StampingPlace) -> None:
    """A caller that invents names does not fill the memory."""
    measured(place, **{f"r{number}": 0.0 for number in range(MOST_SOURCES)})
    with pytest.raises(ValueError, match="at most"):
        measured(place, another=0.0)
    assert len(place.guard.measurements) == MOST_SOURCES


@pytest.mark.parametrize(
    ("intervals", "expected"),
    [
        ([(0, 1)], (1, 0, 1)),
        ([(0, 2), (1, 3)], (2, 1, 2)),
        ([(8, 12), (11, 13), (14, 15)], (2, 11, 12)),  # the example of Marzullo's algorithm
        ([(8, 9), (8, 12), (10, 12)], (2, 8, 9)),
        ([(0, 1), (1, 2)], (2, 1, 1)),
    ],
)
def test_the_interval_most_agree_on(intervals: list[tuple[int, int]], expected: tuple[int, int, int]) -> None:
    """The intersection shared by most, closed intervals touching included."""
    found = most_agreed([(timedelta(seconds=low), timedelta(seconds=high)) for low, high in intervals])
    assert found == (expected[0], timedelta(seconds=expected[1]), timedelta(seconds=expected[2]))


def test_limits_are_checked() -> None:
    """Settings that would see nothing are refused."""
    with pytest.raises(ValueError, match="above zero"):
        ClockSettings(max_jump=timedelta(0))
    with pytest.raises(ValueError, match="quorum"):
        ClockSettings(quorum=-1)
    with pytest.raises(ValueError, match="negative"):
        Measurement("x", timedelta(0), timedelta(-1), 0)
