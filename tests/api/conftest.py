"""A command line as a person runs it, without another process."""

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from api.command_line import main
from hsm_sim import (
    DevicePolicy,
    KeyStoreClient,
    KeyUsage,
    OfficerCredential,
    ServiceSettings,
    initialise_key_store,
    start_key_store,
)


@dataclass(frozen=True)
class Ended:
    """What a run left behind."""

    status: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """English texts, a known width, and nothing of the machine's own settings."""
    for name in [*os.environ]:
        if name.startswith(("XINYIN_", "LC_")) or name == "LANG":
            monkeypatch.delenv(name)
    monkeypatch.setenv("XINYIN_LANGUAGE", "en")
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``xinyin`` with arguments; no exception may leave it."""

    def call(*arguments: object) -> Ended:
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert isinstance(status, int)
        assert "Traceback" not in captured.err
        return Ended(int(status), captured.out, captured.err)

    return call


OFFICER = OfficerCredential("officer", b"the officer's secret")
PIN = b"pin of the key"
_indexes = count(1)


@dataclass(frozen=True)
class RunningKeyStore:
    """A key store in a process of its own, and files with its secrets."""

    socket: Path
    client: KeyStoreClient
    secret_file: Path
    pin_file: Path

    @property
    def as_officer(self) -> list[str]:
        return ["--key-store", str(self.socket), "--secret-file", str(self.secret_file)]

    @property
    def with_pin(self) -> list[str]:
        return ["--key-store", str(self.socket), "--pin-file", str(self.pin_file)]

    def new_index(self) -> int:
        """An index nobody uses."""
        return next(_indexes)

    def new_key(self) -> int:
        """The index of a new signing pair under ``PIN``."""
        index = self.new_index()
        with self.client.officer(OFFICER) as session:
            session.generate_key_pair(index, KeyUsage.SIGN, password=PIN, label="test")
        return index


@pytest.fixture(scope="session")
def key_store() -> Iterator[RunningKeyStore]:
    """One key store for the whole session; its derivations are cheap on purpose."""
    with tempfile.TemporaryDirectory(prefix="xinyin-") as name:
        folder = Path(name)
        settings = ServiceSettings(folder / "store")
        with (folder / "log").open("wb") as log:
            policy = DevicePolicy(secret_iterations=1_000, password_iterations=1_000)
            initialise_key_store(settings, (OFFICER,), policy, stderr=log)
            secret_file, pin_file = folder / "secret", folder / "pin"
            for path, octets in ((secret_file, OFFICER.secret), (pin_file, PIN)):
                path.touch(mode=0o600)
                path.write_bytes(octets + b"\n")
            with start_key_store(settings, OFFICER, stderr=log) as process, process.client() as client:
                yield RunningKeyStore(process.socket_path, client, secret_file, pin_file)
