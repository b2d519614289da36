"""``xinyin kmc``: a key management centre from its making to a recovery, as officers run it."""

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.escrow_device import KeyStoreEscrow
from api.key_management_folder import read_key_management
from ca.authority import authority_id
from ca.key_management.register import KeyRegister
from ca.key_management.service import KeyManagementCentre
from ca.model import SerialNumber
from ca.registration.ports import EncryptionKeyRequest
from crypto import PrivateKey
from formats.gbt20518 import to_pem
from formats.gbt20518.algorithm import public_key_info
from formats.gbt35276 import open_enveloped_key, read_enveloped_key
from hsm_sim import OfficerCredential, WrappedKeyAccess
from hsm_sim.return_codes import KeyExistsError
from tests.api.conftest import OFFICER, PIN, Ended, Run, RunningKeyStore
from tests.authority_world import holder_request, make_world
from tests.registers import rewrite

SECOND = OfficerCredential("second", b"another secret")
SUBJECT, NEW = PrivateKey.generate(), PrivateKey.generate()


@dataclass
class Centre:
    """A centre in a folder with one pair provided for a real certificate."""

    folder: Path
    run: Run
    store: RunningKeyStore
    second: list[str]
    certificate: Path
    to: Path

    def kmc(self, *arguments: object) -> Ended:
        return self.run("kmc", *arguments, "--directory", self.folder)

    def request(self, *more: object) -> Ended:
        given = ["--certificate", self.certificate, "--to", self.to, "--reason", "lost", "--case", "2026-17"]
        return self.kmc("recover", "request", *given, *more, *self.store.as_officer)


@pytest.fixture
def centre(run: Run, key_store: RunningKeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Centre:
    index, folder = key_store.new_key(), tmp_path / "centre"
    with key_store.client.officer(OFFICER) as session, contextlib.suppress(KeyExistsError):
        session.add_officer(SECOND)
    secret = tmp_path / "second"
    secret.touch(mode=0o600)
    secret.write_bytes(SECOND.secret + b"\n")
    second = ["--key-store", str(key_store.socket), "--officer", "second", "--secret-file", str(secret)]
    made = run("kmc", "init", "--directory", folder, "--key-index", index, *key_store.as_officer)
    assert (made.status, made.err) == (0, "")
    filled = run("kmc", "fill", "--directory", folder, "--level", 3, *key_store.as_officer)
    assert filled.out == "3 pairs made; 3 are in store.\n"

    world = make_world()
    monkeypatch.setattr("api.moments.now", world.clock)
    certificate = world.regional.issue(holder_request(), actor="test")
    register = KeyRegister(str(folder / "keys.sqlite"))
    with WrappedKeyAccess(key_store.client, PIN, guard=index) as access:
        service = KeyManagementCentre(
            archive=register,
            device=KeyStoreEscrow(access),
            settings=read_key_management(folder).settings,
            clock=world.clock,
        )
        service.provide(
            EncryptionKeyRequest(
                authority_id(world.regional_signer.public_key),
                SerialNumber(certificate.serial_number),
                "request-1",
                SUBJECT.public_key,
                certificate.validity.not_after,
            )
        )
    register.close()
    path, to = tmp_path / "certificate.cer", tmp_path / "new.pem"
    path.write_bytes(certificate.encoded)
    to.write_text(to_pem(public_key_info(NEW.public_key), "PUBLIC KEY"), encoding="ascii")
    return Centre(folder, run, key_store, second, path, to)


def test_recovery_by_two_officers(centre: Centre, tmp_path: Path) -> None:
    """Asked for by one, approved by another, delivered to the new key; status, list and audit tell it."""
    asked = centre.request()
    assert asked.status == 0
    number = asked.out.strip()
    alone = centre.kmc("recover", "approve", number, *centre.store.as_officer)
    assert alone.status == 1
    assert "another officer" in alone.err
    early = centre.kmc("recover", "deliver", number, "-o", tmp_path / "key", *centre.store.with_pin)
    assert early.status == 1
    approved = centre.kmc("recover", "approve", number, *centre.second)
    assert approved.status == 0
    assert "second, " in approved.out
    assert "2026-17" in centre.kmc("recover", "list").out
    delivered = centre.kmc("recover", "deliver", number, "-o", tmp_path / "key", *centre.store.with_pin)
    assert delivered.status == 0
    open_enveloped_key(read_enveloped_key((tmp_path / "key").read_bytes()), NEW)
    assert centre.kmc("recover", "list").out == "no recoveries.\n"
    (told,) = json.loads(centre.kmc("recover", "list", "--all", "--json").out)
    assert (told["state"], told["requested_by"], told["approved_by"]) == ("delivered", "officer", "second")
    status = json.loads(centre.kmc("status", "--json").out)
    assert status["pairs"] == {"pooled": 2, "in-use": 1, "superseded": 0, "archived": 0, "destroyed": 0}
    audit = centre.kmc("audit")
    assert audit.status == 0
    assert "agree" in audit.out


def test_rejected(centre: Centre, tmp_path: Path) -> None:
    """Nothing is delivered under a rejected recovery."""
    number = centre.request("--judicial").out.strip()
    assert "rejected" in centre.kmc("recover", "reject", number, *centre.second).out
    for arguments in (
        ("approve", number, *centre.second),
        ("deliver", number, "-o", tmp_path / "key", *centre.store.with_pin),
    ):
        assert centre.kmc("recover", *arguments).status == 1
    assert not (tmp_path / "key").exists()


def test_what_cannot_be_asked_for(centre: Centre, tmp_path: Path) -> None:
    """Wrong files, numbers and reasons are told without a traceback."""
    assert centre.request("--reason", " ").status == 3
    centre.to.write_bytes(b"nothing")
    assert centre.request().status == 3
    assert centre.kmc("recover", "approve", "12", *centre.second).status == 3
    unknown = centre.kmc("recover", "approve", "0" * 32, *centre.second)
    assert unknown.status == 1
    again = centre.run("kmc", "init", "--directory", centre.folder, "--key-index", 1, *centre.store.as_officer)
    assert again.status == 3
    assert centre.run("kmc", "status", "--directory", tmp_path).status == 3


def test_end_of_pairs(centre: Centre) -> None:
    """Archiving and destroying tell how many; a certificate that runs keeps its pair."""
    ended = centre.kmc("archive", "--destroy", *centre.store.as_officer)
    assert ended.out == "0 pairs archived.\n0 pairs destroyed.\n"
    assert "In use" in centre.kmc("status").out


def test_audit_notices(centre: Centre) -> None:
    """A register that was altered past its guards is status 1."""
    rewrite(
        str(centre.folder / "keys.sqlite"),
        "UPDATE kmc_keys SET state = 'archived' WHERE serial IS NOT NULL",
        drop_guards=True,
    )
    audit = centre.kmc("audit")
    assert audit.status == 1
    assert "by the trail" in audit.out
    assert not json.loads(centre.kmc("audit", "--json").out)["clean"]


def test_damaged_folder(centre: Centre) -> None:
    """A file that breaks its schema is told, with its place."""
    path = centre.folder / "key-management.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"kept_days"', '"kept"'), encoding="utf-8")
    broken = centre.kmc("status")
    assert broken.status == 3
    assert "key-management.json" in broken.err


def test_change_of_the_wrapping_key(centre: Centre, tmp_path: Path) -> None:
    """A new wrapping key, pairs wrapped anew, the old one retired: the pair is still delivered."""
    officer = centre.store.as_officer

    def listed() -> list[int]:
        told = centre.run("hsm", "wrapping", "list", "--json", *officer)
        return [each["number"] for each in json.loads(told.out)]

    before = listed()
    assert centre.run("hsm", "wrapping", "enable", *officer).status == 0
    assert "Wrapped" in centre.run("hsm", "wrapping", "list", *officer).out
    assert centre.kmc("rewrap", *officer).out == "3 pairs wrapped anew.\n"
    for number in before:
        assert centre.run("hsm", "wrapping", "retire", number, *officer).status == 3
        assert centre.run("hsm", "wrapping", "retire", number, "--force", *officer).status == 0
    assert listed() == [before[-1] + 1]
    number = centre.request().out.strip()
    assert centre.kmc("recover", "approve", number, *centre.second).status == 0
    assert centre.kmc("recover", "deliver", number, "-o", tmp_path / "key", *centre.store.with_pin).status == 0
    assert centre.kmc("audit").status == 0
