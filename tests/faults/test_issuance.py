"""Issuance and revocation lists under faults: nothing signed is unrecorded, no serial number repeats.

Every write is made to fail in two ways, lost and stored-but-reported-failed; the key store fails before and after
signing; two processes meet. Then the authority is restarted on the same file and the invariants are checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path
from typing import Any

import pytest

from ca.errors import IllegalTransitionError, RefusedError
from ca.group_issuing import GroupIssuing, GroupSettings
from ca.model import CertificateState, IssuanceRequest, SerialNumber
from ca.recording import Recovery
from ca.register import CaRegister
from ca.service import CertificateAuthority
from crypto import DEFAULT_USER_ID, KeyStoreError, PublicKey, Signer, message_digest
from formats.gbt20518 import Certificate, RevocationReason, read_certificate
from tests.authority_world import ACTOR, World, holder_request, make_world


class Write(Enum):
    """Writes of issuance and of list issuing, by the store's method and how often it was called before."""

    INTENT = ("add_intents", 0)
    INTENT_AUDIT = ("append_audit", 0)
    CERTIFICATE = ("record_certificates", 0)
    CERTIFICATE_AUDIT = ("append_audit", 1)


class ListWrite(Enum):
    LIST_INTENT = ("add_crl_intent", 0)
    LIST_INTENT_AUDIT = ("append_audit", 0)
    LIST = ("record_crl", 0)
    LIST_AUDIT = ("append_audit", 1)


class Fault(Enum):
    LOST = auto()
    STORED_BUT_REPORTED_FAILED = auto()


class StoreFaultError(Exception):
    """What a failing store raises in these tests."""


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


class FaultyStore:
    """A store whose n-th call of one method fails; everything else goes through."""

    def __init__(self, store: CaRegister, write: Write | ListWrite, fault: Fault) -> None:
        self._store = store
        self._method, self._countdown = write.value
        self._fault = fault
        self._armed = False
        self.fired = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

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

    @contextmanager
    def transaction(self) -> Iterator[FaultyTransaction]:
        with self._store.transaction() as change:
            yield FaultyTransaction(change, self)
        if self._armed:
            self._armed = False
            raise StoreFaultError("stored, but reported failed")


class WatchedSigner:
    """Remembers every digest that was signed; can fail before or after signing, or call something in between."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self.signed: list[bytes] = []
        self.fail_before = False
        self.fail_after = False
        self.meanwhile: Callable[[], None] | None = None

    @property
    def public_key(self) -> PublicKey:
        return self._signer.public_key

    def sign_digest(self, digest: bytes) -> bytes:
        return self.sign_digests([digest])[0]

    def sign_digests(self, digests: Sequence[bytes]) -> list[bytes]:
        if self.fail_before:
            raise KeyStoreError("the device does not answer")
        signatures = self._signer.sign_digests(digests)
        self.signed.extend(digests)
        if self.meanwhile is not None:
            call, self.meanwhile = self.meanwhile, None
            call()
        if self.fail_after:
            raise KeyStoreError("the answer was lost")
        return signatures


class Scene:
    """An authority on a file that can be restarted, and a signer that remembers."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.world: World = make_world(address)
        self.signer = WatchedSigner(self.world.regional_signer)

    def authority(self, store: Any = None) -> CertificateAuthority:
        """The authority as a new process would build it."""
        return self.world.make_regional(store or CaRegister(self.address), self.signer)

    def check(self, authority: CertificateAuthority) -> None:
        """What holds after any fault and a restart."""
        records = authority.certificates()
        serials = [record.serial for record in records]
        assert len(set(serials)) == len(serials)
        known = [record.tbs for record in records]
        known += [record.tbs for record in self._lists(authority)]
        digests = {message_digest(self.signer.public_key, tbs, user_id=DEFAULT_USER_ID) for tbs in known}
        assert set(self.signer.signed) <= digests, "something was signed that is not on record"
        for record in records:
            assert (record.encoded is None) == (
                record.state in {CertificateState.PENDING, CertificateState.ABANDONED}
            )
            if record.encoded is not None:
                assert read_certificate(record.encoded).tbs == record.tbs
        report = authority.audit()
        assert report.is_clean, report

    def _lists(self, authority: CertificateAuthority) -> list[Any]:
        store = CaRegister(self.address)
        lists = list(store.unsigned_crls(authority.authority))
        for number in range(1, 20):
            try:
                lists.append(store.crl(authority.authority, number))
            except Exception:  # noqa: BLE001  numbers of unsigned lists are found above
                continue
        return lists


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(str(tmp_path / "ca.db"))


@pytest.fixture
def either_scene(register_address: str) -> Scene:
    """On a SQLite file, and in PostgreSQL."""
    return Scene(register_address)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("write", Write)
def test_issuance_survives(either_scene: Scene, write: Write, fault: Fault, count: int) -> None:
    """After a failed write and a restart no serial repeats and nothing signed is unrecorded; a retry gives one
    certificate for each request."""
    requests = [holder_request(f"r{number}") for number in range(count)]
    store = FaultyStore(CaRegister(either_scene.address), write, fault)
    with pytest.raises(StoreFaultError):
        either_scene.authority(store).issue_many(requests, actor=ACTOR)
    assert store.fired
    restarted = either_scene.authority()
    restarted.recover(actor=ACTOR)
    either_scene.check(restarted)
    assert restarted.certificates(state=CertificateState.PENDING) == []
    certificates = restarted.issue_many(requests, actor=ACTOR)
    assert restarted.issue_many(requests, actor=ACTOR) == certificates
    either_scene.check(restarted)
    assert [record.encoded for record in restarted.certificates()] == [each.encoded for each in certificates]


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("write", Write)
def test_issuance_of_many_callers_survives(either_scene: Scene, write: Write, fault: Fault) -> None:
    """Callers who share transactions: whom a failed write meets gets the error, the others their certificates; after
    a restart nothing is missing, what was handed out can be revoked, and asking again gives each its one."""
    requests = [holder_request(f"r{number}") for number in range(12)]
    store = FaultyStore(CaRegister(either_scene.address), write, fault)

    def ask(request: IssuanceRequest) -> Certificate | None:
        try:
            return front.issue(request, actor=ACTOR)
        except StoreFaultError:
            return None

    settings = GroupSettings(most_together=4)
    with GroupIssuing(either_scene.authority(store), settings) as front, ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, requests))
        assert store.fired
        assert 1 <= answers.count(None) <= 4
        again = list(pool.map(ask, requests))
    restarted = either_scene.authority()
    assert restarted.recover(actor=ACTOR) == Recovery()
    either_scene.check(restarted)
    assert restarted.issue_many(requests, actor=ACTOR) == again
    assert all(now == before for now, before in zip(again, answers, strict=True) if before is not None)
    assert len(restarted.certificates()) == 12
    for certificate in filter(None, answers):
        restarted.revoke(SerialNumber(certificate.serial_number), RevocationReason.SUPERSEDED, actor=ACTOR)
    listed = restarted.publish_crl(actor=ACTOR).revoked
    assert set(listed) == {each.serial_number for each in answers if each is not None}
    either_scene.check(restarted)


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("write", Write)
def test_retry_without_restart_finishes(scene: Scene, write: Write, fault: Fault) -> None:
    """The same process, asked again after a failed write, gives the one certificate of the request."""
    request = holder_request()
    authority = scene.authority(FaultyStore(CaRegister(scene.address), write, fault))
    with pytest.raises(StoreFaultError):
        authority.issue(request, actor=ACTOR)
    certificate = authority.issue(request, actor=ACTOR)
    scene.check(scene.authority())
    assert [record.encoded for record in authority.certificates()] == [certificate.encoded]


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("write", ListWrite)
def test_lists_survive(either_scene: Scene, write: ListWrite, fault: Fault) -> None:
    """A list whose writing failed never shares its number with another list, and nothing signed is unrecorded."""
    store = FaultyStore(CaRegister(either_scene.address), write, fault)
    authority = either_scene.authority(store)
    with pytest.raises(StoreFaultError):
        authority.publish_crl(actor=ACTOR)
    restarted = either_scene.authority()
    either_scene.world.clock.turn(hours=1)
    crl = restarted.publish_crl(actor=ACTOR)
    either_scene.check(restarted)
    lost_intent = fault is Fault.LOST and write in {ListWrite.LIST_INTENT, ListWrite.LIST_INTENT_AUDIT}
    assert crl.number == (1 if lost_intent else 2)


@pytest.mark.parametrize("moment", ["fail_before", "fail_after"])
def test_key_store_failure_leaves_a_pending_intent(scene: Scene, moment: str) -> None:
    """Whether the device signed or not before it failed, the intent is on record and the retry keeps its serial."""
    request = holder_request()
    authority = scene.authority()
    setattr(scene.signer, moment, True)
    with pytest.raises(KeyStoreError):
        authority.issue(request, actor=ACTOR)
    scene.check(scene.authority())
    (pending,) = authority.certificates(state=CertificateState.PENDING)
    setattr(scene.signer, moment, False)
    certificate = authority.issue(request, actor=ACTOR)
    assert SerialNumber(certificate.serial_number) == pending.serial
    assert certificate.tbs == pending.tbs
    scene.check(scene.authority())


def test_restart_completes_pending_intents(scene: Scene) -> None:
    """A restart signs what was intended and tells which; a second restart finds nothing left."""
    scene.signer.fail_before = True
    authority = scene.authority()
    requests = [holder_request(f"r{number}") for number in range(3)]
    with pytest.raises(KeyStoreError):
        authority.issue_many(requests, actor=ACTOR)
    scene.signer.fail_before = False
    restarted = scene.authority()
    recovery = restarted.recover(actor=ACTOR)
    assert len(recovery.completed) == 3
    assert restarted.recover(actor=ACTOR).completed == ()
    assert len(restarted.issue_many(requests, actor=ACTOR)) == 3
    assert len(restarted.certificates()) == 3
    scene.check(restarted)


def test_recovery_stops_when_the_key_store_is_away(scene: Scene) -> None:
    """A key store that does not answer at a restart leaves the intents for the next one."""
    scene.signer.fail_before = True
    with pytest.raises(KeyStoreError):
        scene.authority().issue(holder_request(), actor=ACTOR)
    with pytest.raises(KeyStoreError):
        scene.authority().recover(actor=ACTOR)
    scene.signer.fail_before = False
    assert len(scene.authority().recover(actor=ACTOR).completed) == 1


def test_intent_that_came_too_late_is_given_up_and_listed(scene: Scene) -> None:
    """An intent that may have been signed before a crash, and is of no use any more, goes on the list."""
    scene.signer.fail_after = True
    request = holder_request()
    with pytest.raises(KeyStoreError):
        scene.authority().issue(request, actor=ACTOR)
    scene.signer.fail_after = False
    scene.world.clock.turn(days=5 * 365)  # past the request's validity of five years? not yet
    restarted = scene.authority()
    scene.world.clock.turn(days=100)
    recovery = restarted.recover(actor=ACTOR)
    ((serial, reason),) = recovery.abandoned
    assert reason == "ca.recovered-too-late"
    assert restarted.record(serial).state is CertificateState.ABANDONED
    with pytest.raises(RefusedError) as caught:
        restarted.issue(request, actor=ACTOR)
    assert caught.value.code == "ca.request-abandoned"
    scene.check(restarted)


def test_abandoned_intent_is_on_the_list(scene: Scene) -> None:
    """An intent given up by an operator is listed, since it may have been signed."""
    scene.signer.fail_after = True
    authority = scene.authority()
    with pytest.raises(KeyStoreError):
        authority.issue(holder_request(), actor=ACTOR)
    scene.signer.fail_after = False
    (pending,) = authority.certificates()
    authority.abandon(pending.serial, reason="operator", actor=ACTOR)
    assert list(authority.publish_crl(actor=ACTOR).revoked) == [pending.serial.value]
    scene.check(authority)


def test_two_processes_finish_one_intent_once(scene: Scene) -> None:
    """Of two processes that finish the same intent, one records; the other gives out that same certificate."""
    other = scene.authority()
    scene.signer.meanwhile = lambda: other.recover(actor="other")
    certificate = scene.authority().issue(holder_request(), actor=ACTOR)
    (record,) = other.certificates()
    assert record.encoded == certificate.encoded
    scene.check(other)


def test_intent_given_up_while_it_was_signed_is_not_handed_out(scene: Scene) -> None:
    """A certificate whose intent was given up meanwhile is neither recorded nor returned."""
    other = scene.authority()

    def give_up() -> None:
        (pending,) = other.certificates()
        other.abandon(pending.serial, reason="operator", actor="other")

    scene.signer.meanwhile = give_up
    with pytest.raises(IllegalTransitionError):
        scene.authority().issue(holder_request(), actor=ACTOR)
    assert [record.state for record in other.certificates()] == [CertificateState.ABANDONED]
    scene.check(other)
