"""The key management centre under faults: no pair for two, nothing given that is not on record.

Every write is made to fail in two ways, lost and stored-but-reported-failed; the device fails before and after it did
what was asked. Then the centre is started anew on the same register, the request is made again, and the invariants
are checked.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path
from typing import Any

import pytest

from ca.key_management.audit import audit_keys
from ca.key_management.model import EscrowState, RecoveryState
from ca.model import SerialNumber
from ca.registration.ports import RestoreRequest
from crypto import KeyStoreError, PrivateKey
from tests.escrow_world import ACTOR, AUTHORITY, END, EscrowWorld, asked, order

SUBJECT, NEW = PrivateKey.generate().public_key, PrivateKey.generate().public_key
LI, WANG = "li", "wang"


class Fault(Enum):
    LOST = auto()
    STORED_BUT_REPORTED_FAILED = auto()


class StoreFaultError(Exception):
    """What a failing register raises in these tests."""


class FaultyArchive:
    """A register whose n-th transaction is lost, or kept and reported as failed."""

    def __init__(self, archive: Any, number: int, fault: Fault) -> None:
        self._archive, self._left, self._fault = archive, number, fault
        self.fired = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._archive, name)

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        self._left -= 1
        fires = self._left == 0
        with self._archive.transaction() as change:
            yield change
            if fires and self._fault is Fault.LOST:
                self.fired = True
                raise StoreFaultError
        if fires:
            self.fired = True
            raise StoreFaultError


def provide(world: EscrowWorld) -> object:
    return world.centre.provide(asked(subject=SUBJECT))


def recover(world: EscrowWorld) -> object:
    """Ask, approve and deliver, as often as needed from the start."""
    recovery = world.desk.request(order(NEW), world.officer(LI))
    if recovery.state is RecoveryState.REQUESTED:
        world.desk.approve(recovery.recovery_id, world.officer(WANG))
    return restore(world)


def restore(world: EscrowWorld) -> object:
    return world.centre.restore(RestoreRequest(AUTHORITY, SerialNumber(1), "restore", NEW))


def destroy(world: EscrowWorld) -> object:
    return world.centre.destroy_kept(world.device, actor=ACTOR)


def before_providing(world: EscrowWorld) -> None:
    world.fill()


def before_recovery(world: EscrowWorld) -> None:
    world.fill()
    provide(world)


def before_destroying(world: EscrowWorld) -> None:
    before_recovery(world)
    world.now = END.replace(year=END.year + 11)
    world.centre.archive_ended(actor=ACTOR)


# What is done, what must be there before, and how many transactions it takes.
JOURNEYS: dict[str, tuple[Callable[[EscrowWorld], object], Callable[[EscrowWorld], None], int]] = {
    "fill": (lambda world: world.fill(), lambda _world: None, 1),
    "provide": (provide, before_providing, 2),
    "recover": (recover, before_recovery, 6),
    "rewrap": (lambda world: world.centre.rewrap(world.device, actor=ACTOR), before_recovery, 1),
    "destroy": (destroy, before_destroying, 3),
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[EscrowWorld]:
    made = EscrowWorld(str(tmp_path / "keys.sqlite"))
    yield made
    made.store.close()


@pytest.mark.parametrize("journey", JOURNEYS)
def test_number_of_transactions(world: EscrowWorld, journey: str) -> None:
    """The matrix below covers every transaction there is."""
    act, prepare, count = JOURNEYS[journey]
    prepare(world)
    archive = FaultyArchive(world.store, count + 1, Fault.LOST)
    world.use(archive)
    act(world)
    assert not archive.fired
    assert archive._left <= 1 + (journey == "destroy")


@pytest.mark.parametrize("fault", Fault, ids=lambda each: each.name.lower())
@pytest.mark.parametrize(
    ("journey", "number"), [(name, n + 1) for name, (_, _, count) in JOURNEYS.items() for n in range(count)]
)
def test_every_write_fails(world: EscrowWorld, journey: str, number: int, fault: Fault) -> None:
    """After the fault and a new start the same request succeeds, and nothing was given twice or off the record."""
    act, prepare, _ = JOURNEYS[journey]
    prepare(world)
    archive = FaultyArchive(world.store, number, fault)
    world.use(archive)
    with pytest.raises(StoreFaultError):
        act(world)
    assert archive.fired
    world.restart()
    finish(world, journey)
    check(world)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("journey", JOURNEYS)
def test_device_fails(world: EscrowWorld, journey: str, after: bool) -> None:
    """The device fails before or after it did what was asked; asking again goes on where it stopped."""
    act, prepare, _ = JOURNEYS[journey]
    prepare(world)
    world.device.fail_after, world.device.fail_before = after, not after
    with pytest.raises(KeyStoreError):
        act(world)
    world.restart()
    finish(world, journey)
    check(world)


def finish(world: EscrowWorld, journey: str) -> None:
    """Do again what failed; a recovery may have got as far as its delivery."""
    if journey == "recover":
        delivered = [each for each in world.store.recoveries(open_only=False) if each.delivered]
        (restore if delivered else recover)(world)
        assert len([each for each in world.store.recoveries(open_only=False) if each.delivered]) == 1
    else:
        JOURNEYS[journey][0](world)


def check(world: EscrowWorld) -> None:
    """What must be true after anything."""
    assert audit_keys(world.store).is_clean
    recipients: dict[bytes, set[bytes]] = {}
    for key_id, recipient in world.device.served:
        recipients.setdefault(key_id, set()).add(recipient.point)
    on_record = {key.key_id: key for key in world.store.pairs()}
    delivered = {each.order.recipient.point for each in world.store.recoveries(open_only=False) if each.delivered}
    for key_id, points in recipients.items():
        assignment = on_record[key_id].assignment
        assert assignment is not None
        assert points <= {assignment.recipient.point} | delivered
    for key in on_record.values():
        assert (key.assignment is None) == (key.state is EscrowState.POOLED)
        assert (key.wrapped is None) == (key.state is EscrowState.DESTROYED)
        assert (key.state is EscrowState.DESTROYED) <= (key.key_id in world.device.revoked)


def test_two_processes_and_one_pair(world: EscrowWorld) -> None:
    """Two centres on one register with one pair in store: one certificate gets it, the other is told to wait."""
    world.fill(1)
    twin = EscrowWorld(world.address, device=world.device)
    try:
        world.centre.provide(asked(1))
        with pytest.raises(KeyStoreError):
            twin.centre.provide(asked(2))
    finally:
        twin.store.close()
    check(world)


_WORKER = """
import sys
from tests.escrow_world import EscrowWorld, asked
world = EscrowWorld(sys.argv[1])
for pair in world.store.pairs(most=10_000):
    from crypto import PrivateKey
    world.device.pairs.setdefault(pair.wrapped, PrivateKey.generate())
world.centre._device.envelope = lambda wrapped, to: b""
print("ready", flush=True)
for number in range(int(sys.argv[2]), 1_000_000):
    try:
        world.centre.provide(asked(number))
    except Exception:
        pass
"""


@pytest.mark.parametrize("rounds", [3, pytest.param(40, marks=pytest.mark.slow)])
def test_killed_while_providing(world: EscrowWorld, rounds: int) -> None:
    """The process is killed again and again while it assigns pairs: none is assigned twice, the trail holds."""
    world.fill(512 if rounds < 10 else 4096)
    for number in range(rounds):
        worker = subprocess.Popen(
            [sys.executable, "-c", _WORKER, world.address, str(1 + 100_000 * number)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
        try:
            worker.wait(0.15)
        except subprocess.TimeoutExpired:
            worker.send_signal(signal.SIGKILL)
        worker.wait()
        worker.stdout.close()
    world.restart()
    report = audit_keys(world.store)
    assert report.is_clean, report.contradictions[:3]
    assigned = [key.assignment for key in world.store.pairs(most=10_000) if key.assignment]
    assert len(assigned) > rounds
    assert len({each.serial for each in assigned}) == len(assigned)
