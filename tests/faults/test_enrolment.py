"""Enrolment under faults: a request sent again is finished once, and nothing unconfirmed stays valid.

Every write of the enrolment register is made to fail in two ways, lost and stored-but-reported-failed, at the request
and at its confirmation; then the service is built anew and the same message comes again, or never does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from typing import Any

import pytest

from ca.enrolment.model import EnrolmentState
from ca.model import CertificateState, SerialNumber
from formats.rfc9810 import BodyKind
from tests.enrolment_world import Machine, Office, machine, open_office


class Write(Enum):
    """Writes of a request, by the register's method and how often it was called before."""

    USE = ("use_reference", 0)
    INTENT = ("add_enrolment", 0)
    INTENT_AUDIT = ("append_audit", 0)
    ANSWER = ("set_enrolment", 0)
    ANSWER_AUDIT = ("append_audit", 1)


class Fault(Enum):
    LOST = auto()
    STORED_BUT_REPORTED_FAILED = auto()


class StoreFaultError(Exception):
    """What a failing register raises in these tests."""


class FaultyStore:
    """A register whose n-th call of one method fails; everything else goes through."""

    def __init__(self, store: Any, method: str, before: int, fault: Fault) -> None:
        self._store = store
        self._method = method
        self._countdown = before
        self._fault = fault
        self._armed = False
        self.fired = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        with self._store.transaction() as change:
            yield FaultyTransaction(change, self)
        if self._armed:
            self._armed = False
            raise StoreFaultError("stored, but reported failed")

    def before(self, method: str) -> None:
        if self.fired or method != self._method:
            return
        if self._countdown:
            self._countdown -= 1
            return
        self.fired = True
        if self._fault is Fault.LOST:
            raise StoreFaultError(method)
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


def faulty(office: Office, method: str, before: int, fault: Fault) -> tuple[FaultyStore, Any]:
    """A register that fails, and the service over it."""
    store = FaultyStore(office.store, method, before, fault)
    return store, office.restarted(store=store)


def issued(office: Office, own: Machine) -> list[Any]:
    """Records of the certificates with the machine's key."""
    return [record for record in office.world.regional.certificates() if own.key.public_key.point in record.tbs]


@pytest.fixture
def office() -> Office:
    return open_office()


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("write", Write)
def test_a_request_sent_again_is_finished_once(office: Office, write: Write, fault: Fault) -> None:
    """One certificate, one use, one serial number; the answer is the same from then on."""
    own = machine(office)
    message = own.by_secret(BodyKind.IR, own.request())
    store, service = faulty(office, *write.value, fault)
    with pytest.raises(StoreFaultError):
        service.answer(message)
    assert store.fired
    again = office.restarted().answer(message)
    certificate = own.take(own.send(message))
    assert office.restarted().answer(message) == again
    (record,) = issued(office, own)
    assert (record.state, record.serial.value) == (CertificateState.VALID, certificate.serial_number)
    assert office.store.reference("m-1").used == 1
    assert own.send(own.confirmation(certificate)).kind is BodyKind.PKICONF
    assert office.store.audit_break() is None
    assert office.world.regional.audit().is_clean


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("write", Write)
def test_a_request_that_never_comes_again_leaves_nothing_valid(office: Office, write: Write, fault: Fault) -> None:
    """What was issued for nobody is revoked after its time."""
    own = machine(office)
    _, service = faulty(office, *write.value, fault)
    with pytest.raises(StoreFaultError):
        service.answer(own.by_secret(BodyKind.IR, own.request()))
    office.world.clock.turn(minutes=12)
    office.restarted().lapse()
    assert all(record.state is not CertificateState.VALID for record in issued(office, own))
    assert office.store.unconfirmed(office.world.clock(), most=10) == []


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("method", ["set_enrolment", "append_audit"])
@pytest.mark.parametrize("takes", [True, False])
def test_a_confirmation_sent_again_counts(office: Office, method: str, fault: Fault, takes: bool) -> None:
    """Whether it takes the certificate or rejects it, it is answered the second time, and states agree."""
    from tests.enrolment_world import REJECTED

    own = machine(office)
    certificate = own.enrol()
    message = own.confirmation(certificate, None if takes else REJECTED)
    _, service = faulty(office, method, 0, fault)
    with pytest.raises(StoreFaultError):
        service.answer(message)
    assert own.send(message).kind is BodyKind.PKICONF
    enrolment = office.store.enrolment(own.transaction)
    state = office.world.regional.record(SerialNumber(certificate.serial_number)).state
    expected = (EnrolmentState.CONFIRMED, CertificateState.VALID)
    if not takes:
        expected = (EnrolmentState.REJECTED, CertificateState.REVOKED)
    assert (enrolment.state, state) == expected


@pytest.mark.parametrize("fault", Fault)
def test_a_lapse_that_was_interrupted_is_finished(office: Office, fault: Fault) -> None:
    """The certificate is revoked once, however often it is tried."""
    own = machine(office)
    certificate = own.enrol()
    office.world.clock.turn(minutes=12)
    _, service = faulty(office, "set_enrolment", 0, fault)
    with pytest.raises(StoreFaultError):
        service.lapse()
    office.restarted().lapse()
    record = office.world.regional.record(SerialNumber(certificate.serial_number))
    assert record.state is CertificateState.REVOKED
    assert office.store.enrolment(own.transaction).state is EnrolmentState.LAPSED
    assert office.world.regional.audit().is_clean
