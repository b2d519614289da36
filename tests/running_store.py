"""A key store in a process of its own, and the device interface over it, compiled as each test wants it."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from crypto import PublicKey
from hsm_sim import (
    DevicePolicy,
    KeyOrder,
    KeyStoreClient,
    KeyUsage,
    OfficerCredential,
    ServerLimits,
    ServiceSettings,
    initialise_key_store,
    start_key_store,
)
from hsm_sim.functions import AlgorithmTable, FunctionSettings
from tools.build_sdf_library import NotBuiltError, build_once

ROOT = Path(__file__).parents[1]
OFFICER = OfficerCredential("zhang", b"officer secret")
PASSWORD = b"password 1"
MAX_SESSIONS = 24


@dataclass(frozen=True)
class RunningStore:
    """Both pairs and a KEK at index 1, the password of index 1, officers to arm faults."""

    socket: Path
    client: KeyStoreClient
    sign_key: PublicKey
    encrypt_key: PublicKey
    officer: OfficerCredential = OFFICER
    password: bytes = PASSWORD
    max_sessions: int = MAX_SESSIONS

    def new_key(self, index: int) -> PublicKey:
        """A signing pair of an index of its own, for tests that lock or destroy it."""
        with self.client.officer(OFFICER) as session:
            made = session.generate_key_pair(index, KeyUsage.SIGN, password=PASSWORD)
        return PublicKey(made.public_key)

    def wrapped_key(self, guard: int) -> bytes:
        """A signing pair kept outside, under the password of an index."""
        with self.client.officer(OFFICER) as session:
            return session.make_wrapped_keys(KeyUsage.SIGN, [KeyOrder("", "1")], guard=guard)[0]


@pytest.fixture(scope="session")
def running_store() -> Iterator[RunningStore]:
    """One key store for all tests of the client; faults may be armed."""
    with tempfile.TemporaryDirectory(prefix="xinyin-") as name, (Path(name) / "log").open("wb") as log:
        settings = ServiceSettings(
            Path(name) / "store",
            limits=ServerLimits(max_sessions=MAX_SESSIONS),
            allow_faults=True,
            functions=FunctionSettings(AlgorithmTable(), session_keys=32),
        )
        policy = DevicePolicy(secret_iterations=1000, password_iterations=1000, password_tries=3)
        initialise_key_store(settings, (OFFICER,), policy, stderr=log)
        with start_key_store(settings, OFFICER, stderr=log) as process, process.client() as client:
            with client.officer(OFFICER) as session:
                sign = session.generate_key_pair(1, KeyUsage.SIGN, password=PASSWORD)
                encrypt = session.generate_key_pair(1, KeyUsage.ENCRYPT)
                session.generate_kek(1)
                session.generate_kek(2)
                session.destroy_kek(2)
                assert [each.index for each in session.list_keks()] == [1]
                session.enable_wrapping()
            yield RunningStore(
                process.socket_path, client, PublicKey(sign.public_key), PublicKey(encrypt.public_key)
            )


@pytest.fixture
def store(running_store: RunningStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningStore]:
    """The key store, found by the library through the environment; no fault outlives a test."""
    monkeypatch.setenv("XINYIN_SDF_SOCKET", str(running_store.socket))
    yield running_store
    with running_store.client.officer(OFFICER) as session:
        session.clear_faults()


Build = Callable[..., Path]


@pytest.fixture(scope="session")
def built() -> Build:
    """Compile the library with options, once for all runs."""

    def compiled(*options: str) -> Path:
        try:
            return build_once(ROOT / "build" / "sdf", options)
        except NotBuiltError as error:
            if "no C compiler" in str(error):
                pytest.skip(str(error))
            raise

    return compiled


@pytest.fixture
def library_path(built: Build) -> Path:
    """The library as the standard has it."""
    return built()
