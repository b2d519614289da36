"""The key management centre over the key store's process: no private key outside it, and two officers for recovery."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.escrow_device import KeyStoreEscrow, KeyStoreOfficer, KeyStorePoolMaker
from ca.errors import RefusedError
from ca.key_management.audit import audit_keys
from ca.key_management.model import EscrowSettings, RecoveryKind
from ca.key_management.recovery import RecoveryDesk
from ca.key_management.register import KeyRegister
from ca.key_management.service import KeyManagementCentre
from ca.model import SerialNumber
from ca.registration.ports import RestoreRequest
from crypto import KeyStoreError, PrivateKey
from formats.gbt35276 import open_enveloped_key, read_enveloped_key
from formats.gmt0092 import read_csr_response
from hsm_sim import (
    DevicePolicy,
    KeyStoreClient,
    KeyUsage,
    OfficerCredential,
    ServiceSettings,
    WrappedKeyAccess,
    initialise_key_store,
    start_key_store,
)
from tests.escrow_world import AUTHORITY, START, asked, order
from tests.registration_desk import REVIEWER, Desk

ZHANG, LI = OfficerCredential("zhang", b"officer secret"), OfficerCredential("li", b"another secret")
PIN = b"pin of the centre"
SUBJECT, NEW, COURT = (PrivateKey.generate() for _ in range(3))


@dataclass
class Centre:
    client: KeyStoreClient
    archive: KeyRegister
    service: KeyManagementCentre
    desk: RecoveryDesk

    def fill(self, level: int) -> int:
        with self.client.officer(ZHANG) as session:
            return self.service.fill(level, KeyStorePoolMaker(session, 1), actor="zhang")

    def recover(self, kind: RecoveryKind, recipient: PrivateKey) -> bytes:
        """Ask as one administrator, approve as another."""
        with self.client.officer(ZHANG) as session:
            officer = KeyStoreOfficer(session, "zhang")
            recovery = self.desk.request(order(recipient.public_key, kind=kind), officer)
            with pytest.raises(RefusedError):
                self.desk.approve(recovery.recovery_id, officer)
        with self.client.officer(LI) as session:
            self.desk.approve(recovery.recovery_id, KeyStoreOfficer(session, "li"))
        return recovery.recovery_id


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    folder: Path = tmp_path_factory.mktemp("centre")
    settings = ServiceSettings(folder / "store")
    initialise_key_store(settings, (ZHANG, LI), DevicePolicy(1000, 1000), stderr=subprocess.DEVNULL)
    with start_key_store(settings, ZHANG, stderr=subprocess.DEVNULL) as process, process.client() as client:
        with client.officer(ZHANG) as session:
            session.generate_key_pair(1, KeyUsage.SIGN, password=PIN)
            session.enable_wrapping()
        archive = KeyRegister(str(folder / "keys.sqlite"))
        with WrappedKeyAccess(client, PIN, guard=1) as access:
            rules = EscrowSettings()
            device = KeyStoreEscrow(access)
            service = KeyManagementCentre(archive=archive, device=device, settings=rules, clock=lambda: START)
            desk = RecoveryDesk(
                archive=archive, device=device, settings=rules, clock=lambda: START, random=client.random
            )
            yield Centre(client, archive, service, desk)
        archive.close()


def test_from_pool_to_recovery(centre: Centre) -> None:
    """Filled, provided, recovered by the owner and for a court; the device refuses what was not approved."""
    assert centre.fill(3) == 3
    provided = centre.service.provide(asked(subject=SUBJECT.public_key))
    opened = open_enveloped_key(read_enveloped_key(provided.enveloped_key), SUBJECT)
    assert opened.public_key == provided.public_key
    pair = next(key for key in centre.archive.pairs() if key.assignment is not None)
    assert pair.wrapped is not None
    with pytest.raises(KeyStoreError, match="two officers"):
        centre.service._device.envelope(pair.wrapped, NEW.public_key)

    court = centre.recover(RecoveryKind.JUDICIAL, COURT)
    delivered = centre.desk.deliver(court, actor="zhang")
    assert delivered.enveloped is not None
    assert open_enveloped_key(read_enveloped_key(delivered.enveloped), COURT).public_key == opened.public_key

    centre.recover(RecoveryKind.OWNER, NEW)
    restored = centre.service.restore(RestoreRequest(AUTHORITY, SerialNumber(1), "restore-1", NEW.public_key))
    assert open_enveloped_key(read_enveloped_key(restored.enveloped_key), NEW).public_key == opened.public_key
    with pytest.raises(KeyStoreError):
        centre.service._device.envelope(pair.wrapped, SUBJECT.public_key)
    assert audit_keys(centre.archive).is_clean

    with centre.client.officer(ZHANG) as session:
        KeyStorePoolMaker(session, 1).forget([pair.key_id])
        log = session.audit_log()
    with pytest.raises(KeyStoreError):
        centre.service._device.envelope(pair.wrapped, NEW.public_key)
    done = [(entry.operation, entry.actor.rsplit(" ", 1)[-1]) for entry in log if not entry.return_code]
    for expected in (("request-release", "zhang"), ("approve-release", "li"), ("envelope-released", "xinyin")):
        assert expected in done


def test_withdrawn(centre: Centre) -> None:
    """A rejected recovery is withdrawn from the device as well, twice if need be."""
    centre.fill(1)
    centre.service.provide(asked(2, subject=SUBJECT.public_key))
    with centre.client.officer(ZHANG) as session:
        officer = KeyStoreOfficer(session, "zhang")
        recovery = centre.desk.request(order(NEW.public_key, number=2), officer)
        assert recovery.recovery_id in [each.release_id for each in session.releases()]
        for _ in range(2):
            centre.desk.reject(recovery.recovery_id, officer)
        assert recovery.recovery_id not in [each.release_id for each in session.releases()]


def test_dual_certificates_over_the_centre(centre: Centre) -> None:
    """A registration desk issues a pair of certificates: the subject opens the encryption key of the second one."""
    centre.fill(2)
    desk = Desk(keys=centre.service)  # type: ignore[arg-type]
    issued = desk.desk.approve(desk.apply(SUBJECT).id, reviewer=REVIEWER)
    assert issued.encryption is not None
    answer = read_csr_response(desk.desk.answer(issued.record.id))
    assert answer.enveloped_key is not None
    opened = open_enveloped_key(answer.enveloped_key, SUBJECT)
    assert opened.public_key == issued.encryption.public_key
    authority = issued.encryption.authority_key_identifier
    assert authority is not None
    kept = [
        key.public_key
        for key in centre.archive.pairs()
        if key.assignment is not None
        and (key.assignment.authority, key.assignment.serial)
        == (authority.hex(), SerialNumber(issued.encryption.serial_number))
    ]
    assert kept == [opened.public_key]
    assert audit_keys(centre.archive).is_clean
