"""The registration desk under lost and misreported writes, on its own register and on the authority's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path
from typing import Any

import pytest

from ca.model import CertificateState
from ca.register import CaRegister
from ca.registration.model import ApplicationState
from ca.registration.register import RegistrationRegister
from ca.registration.service import RegistrationDesk
from crypto import KeyStoreError, PrivateKey
from formats.gbt20518 import read_certificate
from formats.gbt35276 import open_enveloped_key
from formats.gmt0092 import read_csr_response
from tests.authority_world import ACTOR, make_world
from tests.registration_desk import CLERK, REVIEWER, Desk, submission


class Write(Enum):
    """Writes between application and answer: in whose register, by which method, after how many calls before."""

    APPLICATION = ("desk", "add", 0)
    APPLICATION_AUDIT = ("desk", "append_audit", 0)
    APPROVAL = ("desk", "decide", 0)
    APPROVAL_AUDIT = ("desk", "append_audit", 1)
    ENCRYPTION_KEY = ("desk", "attach_key", 0)
    ENCRYPTION_KEY_AUDIT = ("desk", "append_audit", 2)
    INTENTS = ("authority", "add_intents", 0)
    INTENTS_AUDIT = ("authority", "append_audit", 0)
    CERTIFICATES = ("authority", "record_certificates", 0)
    CERTIFICATES_AUDIT = ("authority", "append_audit", 1)
    ISSUED = ("desk", "set_state", 0)
    ISSUED_AUDIT = ("desk", "append_audit", 3)


class Fault(Enum):
    LOST = auto()
    STORED_BUT_REPORTED_FAILED = auto()


class StoreFaultError(Exception):
    """What a failing register raises in these tests."""


class _Transaction:
    def __init__(self, change: Any, store: _FaultyStore) -> None:
        self._change = change
        self._store = store

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._change, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self._store.before(name)
            return method(*arguments, **named)

        return call


class _FaultyStore:
    """A register in which the n-th call of one method fails once."""

    def __init__(self, store: Any, method: str, countdown: int, fault: Fault) -> None:
        self._store = store
        self._method, self._countdown, self._fault = method, countdown, fault
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
    def transaction(self) -> Iterator[Any]:
        with self._store.transaction() as change:
            yield _Transaction(change, self)
        if self._armed:
            self._armed = False
            raise StoreFaultError("stored, but reported failed")


class Scene:
    """Desk and authority on files, the key management part in memory; all can be opened anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.desk = Desk(str(folder / "desk.db"), world=make_world(str(folder / "ca.db")))
        self.key = PrivateKey.generate()

    def open(self, write: Write | None = None, fault: Fault = Fault.LOST) -> tuple[RegistrationDesk, Any]:
        """A desk as a new process would build it, with one faulty write in its own or the authority's register."""
        own: Any = RegistrationRegister(str(self.folder / "desk.db"))
        record: Any = CaRegister(str(self.folder / "ca.db"))
        faulty = None
        if write is not None:
            where, method, countdown = write.value
            faulty = _FaultyStore(own if where == "desk" else record, method, countdown, fault)
            own, record = (faulty, record) if where == "desk" else (own, faulty)
        world = self.desk.world
        return self.desk.make(own, world.make_regional(record, world.regional_signer)), faulty

    def run(self, desk: RegistrationDesk) -> bytes:
        """Apply, approve, fetch; the same when done again."""
        taken = desk.apply(submission(self.key), clerk=CLERK)
        desk.approve(taken.id, reviewer=REVIEWER)
        return desk.answer(taken.id)

    def check(self, answer: bytes) -> None:
        """What holds after any fault and a restart."""
        desk, _ = self.open()
        (application,) = desk.applications()
        assert application.state is ApplicationState.ISSUED
        authority = self.desk.world.make_regional(
            CaRegister(str(self.folder / "ca.db")), self.desk.world.regional_signer
        )
        records = authority.certificates()
        assert [record.state for record in records] == [CertificateState.VALID] * 2
        assert application.plan is not None
        assert tuple(record.serial for record in records) == application.plan.serials
        read = read_csr_response(answer)
        assert [record.encoded for record in records] == [
            each.encoded for each in (*read.signing_certificates, *read.encryption_certificates)
        ]
        assert read.enveloped_key is not None
        opened = open_enveloped_key(read.enveloped_key, self.key)
        assert opened.public_key == read_certificate(records[1].encoded or b"").public_key
        assert len(self.desk.keys.pairs) == 1
        assert authority.audit().is_clean
        assert self.desk.store.audit_break() is None


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("write", Write)
def test_hand_over_survives(scene: Scene, write: Write, fault: Fault) -> None:
    """After any failed write and a restart, asking again gives one pair, of one encryption key, and both records
    tell the same."""
    desk, faulty = scene.open(write, fault)
    with pytest.raises(StoreFaultError):
        scene.run(desk)
    assert faulty.fired
    restarted, _ = scene.open()
    restarted.recover(actor=ACTOR)
    answer = scene.run(restarted)
    assert scene.run(restarted) == answer
    scene.check(answer)


@pytest.mark.slow
@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("write", Write)
def test_same_process_asks_again(scene: Scene, write: Write, fault: Fault) -> None:
    """Without a restart too."""
    desk, _ = scene.open(write, fault)
    with pytest.raises(StoreFaultError):
        scene.run(desk)
    scene.check(scene.run(desk))


@pytest.mark.parametrize("moment", ["fail", "lose_answer"])
def test_key_management_fails(scene: Scene, moment: str) -> None:
    """Whether it made a key or not before it failed, the retry ends with one pair of one key."""
    desk, _ = scene.open()
    setattr(scene.desk.keys, moment, True)
    with pytest.raises(KeyStoreError):
        scene.run(desk)
    setattr(scene.desk.keys, moment, False)
    restarted, _ = scene.open()
    scene.check(scene.run(restarted))


def test_two_processes_finish_one_application(scene: Scene) -> None:
    """Of two desks that finish one approval, both end with the same pair."""
    desk, _ = scene.open()
    other, _ = scene.open()
    taken = desk.apply(submission(scene.key), clerk=CLERK)
    provide = scene.desk.keys.provide

    def meanwhile(request: Any) -> Any:
        scene.desk.keys.provide = provide  # type: ignore[method-assign]
        other.recover(actor="other")
        return provide(request)

    scene.desk.keys.provide = meanwhile  # type: ignore[method-assign]
    issued = desk.approve(taken.id, reviewer=REVIEWER)
    assert other.finish(taken.id, actor="other").signing == issued.signing
    scene.check(desk.answer(taken.id))


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("write", [("desk", "set_state", 0), ("desk", "append_audit", 3)])
def test_giving_up_survives(scene: Scene, write: tuple[str, str, int], fault: Fault) -> None:
    """However giving up is interrupted, doing it again leaves no certificate anybody relies on."""
    desk, _ = scene.open(Write.CERTIFICATES, Fault.LOST)
    with pytest.raises(StoreFaultError):
        scene.run(desk)
    (application,) = desk.applications()
    store = _FaultyStore(RegistrationRegister(str(scene.folder / "desk.db")), write[1], 0, fault)
    with pytest.raises(StoreFaultError):
        scene.desk.make(store).give_up(application.id, actor=ACTOR, reason="停用")
    again, _ = scene.open()
    assert again.give_up(application.id, actor=ACTOR, reason="停用").state is ApplicationState.GIVEN_UP
    assert {record.state for record in scene.desk.world.regional.certificates()} == {CertificateState.ABANDONED}
