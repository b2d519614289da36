"""Asking reference clocks: what they say is measured, and answers that do not count are not counted."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from api.network_time import ReferenceClock, ReferencePolling, ReferenceUnusableError, measure
from ca.time_stamping.clock_model import Measurement

ERA = datetime(1900, 1, 1, tzinfo=UTC)
COOKIE = b"\1\2\3\4\5\6\7\x08"


def stamp(moment: datetime) -> bytes:
    return struct.pack("!Q", int((moment - ERA).total_seconds() * (1 << 32)) % (1 << 64))


def answer(asked: bytes, moment: datetime, **changes: object) -> bytes:
    """What a reference says at ``moment``: 2^-20 s precise, 1/8 s of root delay, 1/16 s of dispersion."""
    fields = {
        "flags": b"\x24", "stratum": b"\x02", "rest": b"\6\xec", "delay": struct.pack("!I", 1 << 13),
        "dispersion": struct.pack("!I", 1 << 12), "name": b"TEST", "reference": bytes(8), "origin": asked[40:48],
        "received": stamp(moment), "sent": stamp(moment),
    }  # fmt: skip
    return b"".join({**fields, **changes}.values())  # type: ignore[arg-type]


@contextmanager
def reference(say: Callable[[bytes], bytes | None]) -> Iterator[ReferenceClock]:
    """A reference on this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.bind(("127.0.0.1", 0))
        own.settimeout(0.05)
        stopping = threading.Event()

        def serve() -> None:
            while not stopping.is_set():
                try:
                    asked, place = own.recvfrom(1024)
                except TimeoutError:
                    continue
                said = say(asked)
                if said is not None:
                    own.sendto(said, place)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield ReferenceClock("here", "127.0.0.1", own.getsockname()[1])
        finally:
            stopping.set()
            thread.join()


def asked(clock: ReferenceClock) -> Measurement:
    return measure(
        clock, wall=lambda: datetime.now(UTC), monotonic=time.monotonic, random=lambda _: COOKIE, seconds=0.3
    )


@pytest.mark.parametrize("ahead", [0.0, 2.5, -40.0])
def test_the_offset_is_measured(ahead: float) -> None:
    """Within what it says of its uncertainty: half of the trip, half of the root delay, the dispersion."""
    with reference(lambda own: answer(own, datetime.now(UTC) + timedelta(seconds=ahead))) as clock:
        found = asked(clock)
    assert abs(found.offset - timedelta(seconds=ahead)) <= found.uncertainty
    assert timedelta(seconds=0.124) < found.uncertainty < timedelta(seconds=0.5)


def test_times_after_2036_are_understood() -> None:
    """The seconds of the protocol begin anew in 2036; the era nearest to the machine's clock counts."""
    later = datetime(2040, 1, 1, tzinfo=UTC)
    with reference(lambda own: answer(own, later)) as clock:
        found = measure(clock, wall=lambda: later, monotonic=lambda: 1.0, random=lambda _: COOKIE, seconds=0.3)
    assert abs(found.offset) < timedelta(seconds=0.001)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"origin": bytes(8)}, "this question"),
        ({"flags": b"\x23"}, "this question"),
        ({"flags": b"\xe4"}, "no time"),
        ({"stratum": b"\0"}, "no time"),
        ({"stratum": b"\x10"}, "no time"),
        ({"sent": bytes(8)}, "no time"),
        ({"received": bytes(8)}, "no time"),
        ({"received": stamp(datetime.now(UTC) - timedelta(seconds=9))}, "less than no time"),
        ({"sent": b""}, "cut"),
    ],
)
def test_answers_that_do_not_count(changes: dict[str, bytes], reason: str) -> None:
    """A forged, unsynchronised, refusing or cut answer is none."""
    with (
        reference(lambda own: answer(own, datetime.now(UTC), **changes)) as clock,
        pytest.raises(ReferenceUnusableError, match=reason),
    ):
        asked(clock)


def test_silence_is_no_answer() -> None:
    """After the time allowed there is none; a name that resolves to nothing has none either."""
    with reference(lambda _: None) as clock, pytest.raises(ReferenceUnusableError, match="here"):
        asked(clock)
    with pytest.raises(ReferenceUnusableError):
        asked(ReferenceClock("nowhere", "no-such-host.invalid"))


def test_polling_reports_and_remembers_who_fails() -> None:
    """Good answers go to the guard; who did not answer is named until it does."""
    reported: list[Measurement] = []
    fails = [True]

    def ask(clock: ReferenceClock) -> Measurement:
        if clock.name == "bad" and fails[0]:
            raise ReferenceUnusableError("bad: silent")
        return Measurement(clock.name, timedelta(0), timedelta(0), 1.0)

    clocks = [ReferenceClock("good", "x"), ReferenceClock("bad", "y")]
    polling = ReferencePolling(clocks, reported.append, ask, every=timedelta(seconds=0.01))
    polling.start()
    assert polling.failing == {"bad": "bad: silent"}
    fails[0] = False
    for _ in range(200):
        if len(reported) > 4:
            break
        time.sleep(0.01)
    polling.stop()
    assert polling.failing == {}
    assert {each.source for each in reported} == {"good", "bad"}
