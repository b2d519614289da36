"""``xinyin hsm``: duties, states of keys, shares, backups and the signed log, as typed."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hsm_sim import DevicePolicy, OfficerCredential, ServiceSettings, initialise_key_store, start_key_store
from hsm_sim.roles import Control
from tests.api.conftest import Run

ZHANG = OfficerCredential("zhang", b"secret of zhang")
LI = OfficerCredential("li", b"secret of li")


class Desk:
    """A key store of two administrators under dual control, and files with secrets."""

    def __init__(self, folder: Path, socket: Path) -> None:
        self.folder, self.socket = folder, socket
        for name in ("zhang", "li", "wu", "zheng", "chen", "sun", "pin"):
            path = folder / name
            path.touch(mode=0o600)
            path.write_text(f"secret of {name}\n")

    def officer(self, name: str) -> list[str]:
        return ["--key-store", str(self.socket), "--officer", name, "--secret-file", str(self.folder / name)]

    @property
    def both(self) -> list[str]:
        return [*self.officer("zhang"), "--second-officer", "li", "--second-secret-file", str(self.folder / "li")]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    settings = ServiceSettings(folder / "store")
    policy = DevicePolicy(1000, 1000, control=Control.DUAL)
    initialise_key_store(settings, (ZHANG, LI), policy, stderr=subprocess.DEVNULL)
    with start_key_store(settings, ZHANG, stderr=subprocess.DEVNULL) as process:
        yield Desk(folder, process.socket_path)


def test_one_proposes_another_confirms(run: Run, desk: Desk) -> None:
    """Alone it is proposed and the status says so; the other confirms by number and digest; the list is empty then."""
    secret = ["--new-secret-file", desk.folder / "wu", "--role", "operator"]
    proposed = run("hsm", "add-officer", "wu", *secret, *desk.officer("zhang"))
    assert proposed.status == 2
    number, digest = proposed.err.split()[-2:]
    assert digest in run("hsm", "acts", *desk.officer("li")).out
    assert run("hsm", "confirm", number, digest, *desk.officer("zhang")).status == 1
    assert run("hsm", "confirm", number, "no digest", *desk.officer("li")).status == 3
    assert run("hsm", "confirm", number, digest, *desk.officer("li")).status == 0
    assert "nothing waits" in run("hsm", "acts", *desk.officer("li")).out
    assert "operator" in run("hsm", "officers", *desk.officer("li")).out
    dropped = run("hsm", "remove-officer", "wu", *desk.officer("zhang"))
    assert run("hsm", "withdraw", dropped.err.split()[-2], *desk.officer("li")).status == 0


def test_both_at_once_and_the_life_of_a_key(run: Run, desk: Desk) -> None:
    """Made by two, suspended, resumed and reported by one, with reason and evidence in its history."""
    made = run("hsm", "generate", "--index", 1, "--pin-file", desk.folder / "pin", *desk.both)
    assert made.status == 0, made.err
    of_key = ["--index", 1, *desk.officer("li")]
    request = ["hsm", "request", "--key-store", desk.socket, "--index", 1, "--subject", "CN=x"]
    request += ["--pin-file", desk.folder / "pin"]
    assert run(*request).status == 0
    evidence = desk.folder / "pin"
    assert run("hsm", "suspend", *of_key, "--reason", "a pause", "--evidence", evidence).status == 0
    assert run(*request).status == 1
    assert run("hsm", "resume", *of_key, "--reason", "over").status == 0
    assert run(*request).status == 0
    assert run("hsm", "activate", *of_key, "--reason", "nonsense").status == 1
    assert run("hsm", "compromise", *of_key, "--reason", "seen elsewhere").status == 0
    assert run(*request).status == 1
    history = run("hsm", "history", *of_key).out
    assert "seen elsewhere" in history
    assert "compromised" in history


def test_auditor_reads_and_does_nothing(run: Run, desk: Desk) -> None:
    """An auditor exports the log and judges it; what acts is refused."""
    secret = ["--new-secret-file", desk.folder / "zheng", "--role", "auditor"]
    assert run("hsm", "add-officer", "zheng", *secret, *desk.both).status == 0
    log = desk.folder / "log.jsonl"
    assert run("hsm", "log", "export", "-o", log, *desk.officer("zheng")).status == 0
    judged = run("hsm", "log", "verify", log)
    assert judged.status == 0
    assert run("hsm", "log", "verify", log, "--device-key", "04" + "00" * 64).status == 1
    log.write_bytes(log.read_bytes().replace(b'"count": 1', b'"count": 2', 1))
    assert run("hsm", "log", "verify", log).status == 1
    for command in (["self-test"], ["suspend", "--index", 1, "--reason", "x"]):
        assert run("hsm", *command, *desk.officer("zheng")).status == 1


def test_shares_backup_and_restore(run: Run, desk: Desk, tmp_path: Path) -> None:
    """Split, drill, back up, verify, restore into a new directory, which the same custodians open."""
    shares = tmp_path / "shares"
    named = [part for name in ("chen", "sun") for part in ("--custodian", f"{name}={desk.folder / name}")]
    split = run("hsm", "split", "--threshold", 2, *named, "--shares", shares, *desk.both)
    assert split.status == 0, split.err
    assert all(path.stat().st_mode & 0o077 == 0 for path in shares.iterdir())
    assert "chen" in run("hsm", "custody", "--key-store", desk.socket).out
    quorum = [
        part
        for name in ("chen", "sun")
        for part in ("--share", f"{shares}/{name}.share.json={desk.folder / name}")
    ]
    assert run("hsm", "check-shares", *quorum, *desk.officer("li")).status == 0
    backup = tmp_path / "backup"
    assert run("hsm", "backup", "-o", backup, *desk.both).status == 0
    verified = ["hsm", "verify-backup", "--key-store", desk.socket, *quorum]
    assert run(*verified, backup).status == 0
    assert run(*verified[:4], *quorum[:2], backup).status == 1
    restored = tmp_path / "restored"
    first = ["--officer", "zhou", "--secret-file", desk.folder / "wu", "--directory", restored]
    later = run("hsm", "restore", backup, *first, *quorum, "--minimum-generation", 10_000)
    assert later.status == 1
    assert run("hsm", "restore", backup, *first, *quorum).status == 0
    backup.write_bytes(backup.read_bytes()[:-1])
    assert run(*verified, backup).status == 1
    again = run("hsm", "split", "--threshold", 2, *named, "--shares", shares, *desk.both)
    assert again.status == 3, "share files are not overwritten"


def test_zeroising_asks_twice(run: Run, desk: Desk) -> None:
    """Not without --force, and not by one alone; the policy can be read and changed by two."""
    assert run("hsm", "zeroise", *desk.both).status == 3
    assert run("hsm", "policy", "dual", *desk.both).status == 0
    proposed = run("hsm", "zeroise", "--force", *desk.officer("zhang"))
    assert proposed.status == 2
    assert json.loads(run("hsm", "status", "--key-store", desk.socket, "--json").out)["state"] == "ready"
