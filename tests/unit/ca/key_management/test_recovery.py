"""Recovery: one officer asks, another approves, in time, with a reason; register and device each make sure of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ca.errors import RefusedError
from ca.key_management.audit import audit_keys
from ca.key_management.errors import EscrowNotFoundError, IllegalKeyTransitionError
from ca.key_management.model import (
    RECOVERY_TRANSITIONS,
    RecoveryEvent,
    RecoveryKind,
    RecoveryOrder,
    RecoveryState,
)
from ca.model import SerialNumber
from ca.registration.ports import RestoreRequest
from crypto import KeyStoreError, PrivateKey
from formats.gbt35276 import open_enveloped_key, read_enveloped_key
from tests.escrow_world import AUTHORITY, EscrowWorld, asked, order
from tests.registers import rewrite

SUBJECT, NEW, COURT = (PrivateKey.generate() for _ in range(3))


@pytest.fixture(params=["file", "postgresql"])
def either(request, tmp_path):
    address = str(tmp_path / "keys.sqlite") if request.param == "file" else None
    made = EscrowWorld(address or request.getfixturevalue("postgresql_address"))
    yield provided(made)
    made.store.close()


@pytest.fixture
def world(tmp_path):
    made = EscrowWorld(str(tmp_path / "keys.sqlite"))
    yield provided(made)
    made.store.close()


def provided(world):
    world.fill()
    world.public_key = world.centre.provide(asked(subject=SUBJECT.public_key)).public_key
    return world


def restore(world, key):
    return world.centre.restore(RestoreRequest(AUTHORITY, SerialNumber(1), "restore-1", key.public_key))


def holds_the_pair(world, enveloped, recipient):
    return open_enveloped_key(read_enveloped_key(enveloped), recipient).public_key == world.public_key


def test_owner_gets_the_pair_for_a_new_key(either):
    """Asked by one, approved by another, delivered through the registration desk's port, and clean on record."""
    world = either
    recovery = world.desk.request(order(NEW.public_key), world.officer("li"))
    with pytest.raises(RefusedError):
        restore(world, NEW)
    world.restart()
    world.desk.approve(recovery.recovery_id, world.officer("wang"))
    restored = restore(world, NEW)
    assert holds_the_pair(world, restored.enveloped_key, NEW)
    assert restored.public_key == world.public_key
    assert restore(world, NEW) == restored
    with pytest.raises(RefusedError):
        restore(world, SUBJECT)  # the lost key gets nothing any more
    assert audit_keys(world.store).is_clean
    [told] = world.store.recoveries(open_only=False)
    assert (told.requested_by, told.approved_by, told.state) == ("li", "wang", RecoveryState.DELIVERED)
    assert (told.order.reason, told.order.case) == ("签名介质遗失", "案 2026-17")


def test_judicial_recovery(world):
    """A court gets the pair under its own kind; the owner's port does not deliver it, and the owner keeps it."""
    recovery = world.desk.request(order(COURT.public_key, kind=RecoveryKind.JUDICIAL), world.officer("li"))
    world.desk.approve(recovery.recovery_id, world.officer("wang"))
    with pytest.raises(RefusedError):
        restore(world, COURT)
    delivered = world.desk.deliver(recovery.recovery_id, actor="li")
    assert holds_the_pair(world, delivered.enveloped, COURT)
    assert holds_the_pair(world, restore(world, SUBJECT).enveloped_key, SUBJECT)
    assert world.desk.deliver(recovery.recovery_id, actor="li") == delivered


def test_one_officer_is_not_two(world):
    """Who asked does not approve; the register says so, and so do device and database."""
    recovery = world.desk.request(order(NEW.public_key), world.officer("li"))
    with pytest.raises(RefusedError, match="another officer"):
        world.desk.approve(recovery.recovery_id, world.officer("li"))
    with pytest.raises(KeyStoreError):
        world.officer("li").approve_release(recovery)
    with pytest.raises(sa.exc.IntegrityError):
        rewrite(world.address, "UPDATE kmc_recoveries SET approved_by = 'li', state = 'approved'")


def test_device_is_the_last_word(world):
    """A register that was altered to say approved gets nothing from the device."""
    recovery = world.desk.request(order(NEW.public_key), world.officer("li"))
    rewrite(world.address, "UPDATE kmc_recoveries SET approved_by = 'wang', state = 'approved'", drop_guards=True)
    with pytest.raises(KeyStoreError):
        world.desk.deliver(recovery.recovery_id, actor="li")
    assert any("by the trail" in text for text in audit_keys(world.store).contradictions)


def test_time_is_over(world):
    """What was not approved, or not delivered, in time is refused; it can be asked for anew."""
    first = world.desk.request(order(NEW.public_key), world.officer("li"))
    world.now += timedelta(days=1)
    with pytest.raises(RefusedError, match="over"):
        world.desk.approve(first.recovery_id, world.officer("wang"))
    second = world.desk.request(order(NEW.public_key), world.officer("li"))
    assert second.recovery_id != first.recovery_id
    world.desk.approve(second.recovery_id, world.officer("wang"))
    world.now += timedelta(days=1)
    with pytest.raises(RefusedError, match="over"):
        restore(world, NEW)


def test_rejected(world):
    """A rejected recovery, approved before or not, delivers nothing; a delivered one is not rejected."""
    recovery = world.desk.request(order(NEW.public_key), world.officer("li"))
    world.desk.approve(recovery.recovery_id, world.officer("wang"))
    world.desk.reject(recovery.recovery_id, world.officer("zhao"))
    assert world.desk.reject(recovery.recovery_id, world.officer("zhao")).state is RecoveryState.REJECTED
    for use in (lambda: restore(world, NEW), lambda: world.desk.deliver(recovery.recovery_id, actor="li")):
        with pytest.raises(RefusedError):
            use()
    again = world.desk.request(order(NEW.public_key), world.officer("li"))
    world.desk.approve(again.recovery_id, world.officer("wang"))
    restore(world, NEW)
    with pytest.raises(IllegalKeyTransitionError):
        world.desk.reject(again.recovery_id, world.officer("zhao"))


def test_asking_and_approving_again(world):
    """The same officer asking the same again, or approving again, changes nothing; a second approver is refused."""
    first = world.desk.request(order(NEW.public_key), world.officer("li"))
    assert world.desk.request(order(NEW.public_key), world.officer("li")) == first
    assert world.desk.request(order(NEW.public_key), world.officer("zhao")) != first
    approved = world.desk.approve(first.recovery_id, world.officer("wang"))
    assert world.desk.approve(first.recovery_id, world.officer("wang")) == approved
    with pytest.raises(IllegalKeyTransitionError):
        world.desk.approve(first.recovery_id, world.officer("zhao"))


def test_what_is_not_asked_for(world):
    """No recovery of what is not archived, nor to the key that has the pair."""
    with pytest.raises(EscrowNotFoundError):
        world.desk.request(order(NEW.public_key, number=2), world.officer("li"))
    with pytest.raises(RefusedError, match="already"):
        world.desk.request(order(SUBJECT.public_key), world.officer("li"))
    with pytest.raises(EscrowNotFoundError):
        world.desk.approve(bytes(16), world.officer("wang"))
    assert not world.store.recoveries(open_only=False)


@pytest.mark.parametrize("given", [{"reason": " "}, {"case": ""}, {"reason": "x" * 513}, {"case": "a\nb"}])
def test_reason_and_case_are_needed(given):
    """Without a reason and a case reference of one line there is no order."""
    with pytest.raises(ValueError, match="characters"):
        replace(order(NEW.public_key), **given)


def test_grounds_bind_everything(world):
    """What officers tell the device changes with every part of the order."""
    recovery = world.desk.request(order(NEW.public_key), world.officer("li"))
    asked_for = recovery.order
    others = [
        replace(asked_for, kind=RecoveryKind.JUDICIAL),
        replace(asked_for, authority="b" * 40),
        replace(asked_for, serial=SerialNumber(2)),
        replace(asked_for, recipient=COURT.public_key),
        replace(asked_for, reason="other"),
        replace(asked_for, case="other"),
    ]
    assert len({replace(recovery, order=each).grounds() for each in [asked_for, *others]}) == 7
    assert isinstance(asked_for, RecoveryOrder)


def test_table_of_states():
    """Delivered and rejected are final, and delivery needs approval."""
    final = [state for state, ways in RECOVERY_TRANSITIONS.items() if not ways]
    assert final == [RecoveryState.DELIVERED, RecoveryState.REJECTED]
    before = [state for state, ways in RECOVERY_TRANSITIONS.items() if RecoveryEvent.DELIVER in ways]
    assert before == [RecoveryState.APPROVED]
