"""Time stamps under faults: no serial number repeats, and no token is out that is not on record.

Every write is made to fail in two ways, lost and stored-but-reported-failed; then the authority is restarted on the
same register and the invariants are checked. A process is killed in the midst of stamping.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path
from typing import Any

import pytest

from ca.time_stamping.audit import audit_stamps
from ca.time_stamping.errors import StampRegisterError
from ca.time_stamping.model import number_of
from ca.time_stamping.register import StampRegister
from crypto import sm3
from formats.gbt20520 import FailureReason, read_response
from tests.stamping_world import StampingPlace, request, stamping_place


class Write(Enum):
    """Writes of stamping, by the method of the register."""

    CLOCK = "add_clock_change"
    SERIALS = "reserve_serials"
    STAMPS = "add_stamps"


class Fault(Enum):
    LOST = auto()
    STORED_BUT_REPORTED_FAILED = auto()


class FaultyStore:
    """A register whose first call of one method fails; everything else goes through."""

    def __init__(self, store: StampRegister, write: Write, fault: Fault) -> None:
        self._store = store
        self._write = write
        self._fault = fault
        self.fired = False
        self._armed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        with self._store.transaction() as change:
            yield FaultyTransaction(change, self)
        if self._armed:
            self._armed = False
            raise StampRegisterError("stored, but reported failed")

    def before(self, method: str) -> None:
        if self.fired or method != self._write.value:
            return
        self.fired = True
        if self._fault is Fault.LOST:
            raise StampRegisterError(method)
        self._armed = True


class FaultyTransaction:
    def __init__(self, change: Any, store: FaultyStore) -> None:
        self._change = change
        self._store = store

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._change, name)

        def call(*arguments: Any, **options: Any) -> Any:
            self._store.before(name)
            return method(*arguments, **options)

        return call


def tokens_of(place: StampingPlace, count: int) -> list[tuple[int, bytes]]:
    """Serial number and digest of every token that was handed out."""
    out = []
    for answer in place.authority.answer_many([request(bytes([number])) for number in range(count)]):
        read = read_response(answer)
        found = read.read_token()
        if found is None:
            assert read.failures == {FailureReason.SYSTEM_FAILURE}
        else:
            out.append((found.info.serial_number, sm3(read.token or b"")))
    return out


def check(store: StampRegister, handed_out: list[tuple[int, bytes]]) -> None:
    """What holds after any fault and a restart."""
    serials = [serial for serial, _ in handed_out]
    assert len({number_of(serial) for serial in serials}) == len(serials)
    for serial, digest in handed_out:
        kept = store.stamp(serial)
        assert kept is not None, "a token is out that is not on record"
        assert kept.token == digest
    report = audit_stamps(store)
    assert report.is_clean, report


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("write", Write)
def test_stamping_survives(tmp_path: Path, write: Write, fault: Fault, count: int) -> None:
    """After a failed write, with and without a restart, no serial number repeats and what is out is on record."""
    path = str(tmp_path / "stamps.db")
    store = FaultyStore(StampRegister(path), write, fault)
    place = stamping_place(store=store)
    assert tokens_of(place, count) == []
    assert store.fired
    handed_out = tokens_of(place, count)
    restarted = stamping_place(path)
    handed_out += tokens_of(restarted, count) + tokens_of(place, count)
    assert len(handed_out) == 3 * count
    check(StampRegister(path), handed_out)


@pytest.mark.parametrize("fault", Fault)
def test_a_stop_that_could_not_be_recorded_is_a_stop(tmp_path: Path, fault: Fault) -> None:
    """A jump is seen while the register fails: nothing is stamped, and the stop is recorded when it works again."""
    path = str(tmp_path / "stamps.db")
    place = stamping_place(path)
    assert len(tokens_of(place, 1)) == 1
    store = FaultyStore(StampRegister(path), Write.CLOCK, fault)
    place.guard._store = store  # type: ignore[assignment]
    place.clocks.jump(7)
    assert tokens_of(place, 1) == []
    assert store.fired
    answer = read_response(place.authority.answer(request()))
    assert answer.failures == {FailureReason.TIME_NOT_AVAILABLE}
    change = StampRegister(path).clock_change()
    assert change is not None
    assert change.state == "stopped"
    check(StampRegister(path), [])


_STAMPER = """
import sys
from formats.gbt20520 import read_response
from tests.stamping_world import request, stamping_place
from crypto import sm3
place = stamping_place(sys.argv[1])
while True:
    for answer in place.authority.answer_many([request(b"x")] * 3):
        read = read_response(answer)
        print(f"{read.read_token().info.serial_number:x} {sm3(read.token).hex()}", flush=True)
"""


def _kill_once(path: str, lines: int) -> list[tuple[int, bytes]]:
    """Tokens that a process had told of when it was killed."""
    with subprocess.Popen([sys.executable, "-c", _STAMPER, path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        told += process.stdout.readlines()
    whole = [line.split() for line in told if line.endswith("\n") and line.strip()]
    return [(int(serial, 16), bytes.fromhex(digest)) for serial, digest in whole]


@pytest.mark.parametrize("runs", [2, pytest.param(25, marks=pytest.mark.slow)])
def test_a_killed_process_leaves_a_true_record(tmp_path: Path, runs: int) -> None:
    """kill -9 in the midst of stamping, again and again on one register."""
    path = str(tmp_path / "stamps.db")
    handed_out: list[tuple[int, bytes]] = []
    for run in range(runs):
        handed_out += _kill_once(path, 1 + 7 * run)
    check(StampRegister(path), handed_out)
