"""A key store that signs wrongly: the key is stopped, stays stopped, and signs again when an operator says so."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api import moments
from api.stopped_keys import StopFile, lift, stop_name, stops_in
from crypto import GuardedSigner, PrivateKey, SigningStoppedError
from formats.gbt20518 import to_pem
from formats.gbt20518.algorithm import public_key_info
from hsm_sim import (
    DevicePolicy,
    Fault,
    FaultKind,
    KeyStoreClient,
    KeyUsage,
    OfficerSession,
    ServiceSettings,
    initialise_key_store,
    start_key_store,
)
from hsm_sim.commands import Command
from seal_service import SealingRequest
from tests.api.conftest import OFFICER, PIN, Run
from tests.small_ofd import entries as small_entries
from tests.small_office import Office, open_office

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


@dataclass
class Authority:
    """A root whose key store can be made to go wrong."""

    folder: Path
    options: list[object]
    officer: OfficerSession
    run: Run

    def issue(self, path: Path, key: str):
        subject = "C=CN, O=示例局, CN=示例局"
        return self.run(
            "ca", "issue", "--directory", self.folder, "--public-key", path, "--profile", "issuing-ca",
            "--subject", subject, "--days", 100, "--request-key", key, *self.options,
        )  # fmt: skip

    def struck(self) -> int:
        return sum(each.struck for each in self.officer.faults())


@pytest.fixture
def authority(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    monkeypatch.setattr(moments, "now", lambda: NOW)
    settings = ServiceSettings(tmp_path / "store", allow_faults=True)
    policy = DevicePolicy(secret_iterations=1_000, password_iterations=1_000)
    initialise_key_store(settings, (OFFICER,), policy, stderr=subprocess.DEVNULL)
    pin = tmp_path / "pin"
    pin.touch(mode=0o600)
    pin.write_bytes(PIN)
    with (
        start_key_store(settings, OFFICER, stderr=subprocess.DEVNULL) as process,
        KeyStoreClient(process.socket_path) as client,
        client.officer(OFFICER) as officer,
    ):
        officer.generate_key_pair(1, KeyUsage.SIGN, password=PIN)
        options: list[object] = ["--key-store", process.socket_path, "--pin-file", pin]
        folder = tmp_path / "root"
        created = run(
            "ca", "create", "--directory", folder, "--key-index", 1, "--subject", "C=CN, O=示例, CN=示例根",
            "--crl-uri", "http://crl.example.cn/ca.crl", *options,
        )  # fmt: skip
        assert created.status == 0, created.err
        yield Authority(folder, options, officer, run)


@pytest.fixture
def public_key(tmp_path: Path) -> Path:
    path = tmp_path / "holder.pem"
    path.write_text(to_pem(public_key_info(PrivateKey.generate().public_key), "PUBLIC KEY"))
    return path


def test_authority_stops_at_the_first_wrong_signature(authority: Authority, public_key: Path, run: Run) -> None:
    """Nothing signed wrongly is given out, the device is not asked again, and an operator's word lets it sign again."""
    authority.officer.arm_fault(Fault(FaultKind.WRONG_SIGNATURE, Command.INTERNAL_SIGN, times=0))
    refused = authority.issue(public_key, "first")
    assert refused.status == 1
    assert "the key was stopped now" in refused.err
    assert "BEGIN" not in refused.out
    assert authority.struck() == 1

    again = authority.issue(public_key, "first")
    assert again.status == 1
    assert "the key is stopped" in again.err
    assert authority.struck() == 1, "the device was not asked"

    listed = json.loads(run("hsm", "stopped", "--directory", authority.folder, "--json").out)
    assert [each["reason"] for each in listed] == ["a signature did not verify"]
    name = listed[0]["key"]
    assert name in run("hsm", "stopped", "--directory", authority.folder).out

    authority.officer.clear_faults()
    lifted = run(
        "hsm", "lift-stop", name, "--directory", authority.folder, "--reason", "module exchanged", "--actor", "li"
    )
    assert lifted.status == 0
    assert authority.issue(public_key, "first").status == 0
    (kept,) = authority.folder.glob("lifted-*.json")
    content = json.loads(kept.read_text())
    assert (content["reason"], content["lifted_by"], content["why"]) == (
        "a signature did not verify", "li", "module exchanged",
    )  # fmt: skip
    assert run("hsm", "stopped", "--directory", authority.folder).out == "no key is stopped.\n"


def test_lifting_wants_a_stopped_key_and_a_reason(run: Run, tmp_path: Path) -> None:
    """A name that is none, a key that is not stopped and a stop lifted without a reason are refused."""
    at = ["--directory", tmp_path]
    assert run("hsm", "lift-stop", "0" * 16, *at, "--reason", "x").status == 1
    assert run("hsm", "lift-stop", "../../etc", *at, "--reason", "x").status == 3
    assert run("hsm", "lift-stop", "0" * 16, *at, "--reason", " ").status == 3
    assert run("hsm", "lift-stop", "0" * 16, *at).status == 3


def test_stop_outlives_the_process_and_keeps_the_first_reason(tmp_path: Path) -> None:
    """The next start reads what the last one wrote; a second reason changes nothing."""
    key = PrivateKey.generate().public_key
    first = StopFile(tmp_path, key, clock=lambda: NOW)
    assert first.reason() is None
    first.stop("one")
    StopFile(tmp_path, key, clock=lambda: NOW).stop("two")
    assert StopFile(tmp_path, key, clock=lambda: NOW).reason() == "one"
    assert [(each.name, each.at) for each in stops_in(tmp_path)] == [(stop_name(key), NOW)]


@pytest.mark.parametrize("content", [b"", b"{", b'{"schema":"other"}', b"\xff" * 10, b"[" * 70_000])
def test_spoiled_file_stops_the_key(tmp_path: Path, content: bytes) -> None:
    """A file that cannot be read is no reason to sign; it can be lifted like any other."""
    key = PrivateKey.generate().public_key
    (tmp_path / f"stopped-{stop_name(key)}.json").write_bytes(content)
    reason = StopFile(tmp_path, key, clock=lambda: NOW).reason()
    assert reason is not None
    assert "cannot be read" in reason
    lift(tmp_path, stop_name(key), actor="li", why="seen", at=NOW)
    assert StopFile(tmp_path, key, clock=lambda: NOW).reason() is None


def test_stop_that_cannot_be_written_holds_for_the_process(tmp_path: Path) -> None:
    """Where the folder is gone this process at least signs no more, and says that the stop is not on record."""
    record = StopFile(tmp_path / "gone", PrivateKey.generate().public_key, clock=lambda: NOW)
    record.stop("one")
    reason = record.reason()
    assert reason is not None
    assert "could not be recorded" in reason


@pytest.fixture
def guarded_office(tmp_path: Path) -> Office:
    """An office whose seal's key is guarded."""
    office = open_office()
    record = StopFile(tmp_path, office.signer.public_key, clock=lambda: NOW)
    ring = office.seals._keys._signers
    ring["holder"] = GuardedSigner(ring["holder"], record)
    return office


def test_sealing_stops_on_disagreement(guarded_office: Office) -> None:
    """After one wrong signature no document is sealed with the key any more, though the device would sign rightly."""
    office = guarded_office
    for key, lies in (("s-1", True), ("s-2", False)):
        office.signer.lies = lies
        request = SealingRequest(key, small_entries(""), (), "测试")
        with pytest.raises(SigningStoppedError):
            office.seals.seal(office.seal_id, [request], operator="丁")
