"""A private key is in the key store's process alone: the memory of the process that has it sign is searched."""

import json
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crypto import PrivateKey
from formats.gbt20518 import to_pem
from formats.gbt20518.algorithm import public_key_info
from hsm_sim import DevicePolicy, KeyStoreProcess, KeyUsage, ServiceSettings, initialise_key_store, start_key_store
from hsm_sim.device import Device
from hsm_sim.service import system_clock
from hsm_sim.storage import SqliteStorage
from tests.api.conftest import OFFICER, PIN
from tests.api.process_memory import found_in_memory, open_files, shapes_of

ROOT = Path(__file__).resolve().parent.parent.parent
INDEX = 7
pytestmark = pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs /proc of Linux")

# Runs commands as the command line does, and stays to be looked at.
SIGNING = """
import json, sys
from api.command_line import main
for command in json.load(open(sys.argv[1])):
    if main(command) != 0:
        sys.exit(f"failed: {command}")
print("done", flush=True)
sys.stdin.readline()
"""
# Holds the key in its own memory, as nothing of this project does in service: the search must find it.
HOLDING = """
import sys
from crypto import PrivateKey, SoftwareSigner
signer = SoftwareSigner(PrivateKey(int(sys.argv[1], 16).to_bytes(32, "big")))
signer.sign_digest(bytes(32))
print("done", flush=True)
sys.stdin.readline()
"""


@contextmanager
def lingering(program: str, *arguments: object) -> Iterator[int]:
    """A Python process that did its work and waits; its number."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert any(line.strip() == b"done" for line in iter(process.stdout.readline, b""))
        yield process.pid
    finally:
        process.communicate(b"\n", timeout=30)
    assert process.returncode == 0


@pytest.fixture(scope="module")
def key_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyStoreProcess]:
    settings = ServiceSettings(tmp_path_factory.mktemp("ks"))
    policy = DevicePolicy(secret_iterations=1_000, password_iterations=1_000)
    initialise_key_store(settings, (OFFICER,), policy, stderr=subprocess.DEVNULL)
    with start_key_store(settings, OFFICER, stderr=subprocess.DEVNULL) as process:
        with process.client() as client, client.officer(OFFICER) as officer:
            officer.generate_key_pair(INDEX, KeyUsage.SIGN, password=PIN)
        yield process


@pytest.fixture(scope="module")
def scalar(key_store: KeyStoreProcess, tmp_path_factory: pytest.TempPathFactory) -> int:
    """The private key, taken from a copy of the store's file with the officer's secret."""
    copy = tmp_path_factory.mktemp("copy")
    for path in key_store.socket_path.parent.iterdir():
        if path.is_file():
            shutil.copy(path, copy)
    device = Device(SqliteStorage(copy), clock=system_clock, random=secrets.token_bytes, say=lambda _line: None)
    device.open(OFFICER)
    keys = device.ready().keys
    scalar = int.from_bytes(keys.load(keys.record(INDEX, KeyUsage.SIGN)).scalar(), "big")
    device.close()
    return scalar


@pytest.fixture
def commands(key_store: KeyStoreProcess, tmp_path: Path) -> Path:
    """Making a root and issuing under it."""
    pin, holder = tmp_path / "pin", tmp_path / "holder.pem"
    pin.touch(mode=0o600)
    pin.write_bytes(PIN)
    holder.write_text(to_pem(public_key_info(PrivateKey.generate().public_key), "PUBLIC KEY"))
    key = ["--key-store", str(key_store.socket_path), "--pin-file", str(pin)]
    at = ["--directory", str(tmp_path / "root")]
    subject = ["--subject", "C=CN, O=示例, CN=示例根"]
    below = ["--public-key", str(holder), "--profile", "issuing-ca", "--subject", "C=CN, O=示例, CN=示例CA"]
    listed = [
        [
            "ca",
            "create",
            *at,
            "--key-index",
            str(INDEX),
            *subject,
            "--crl-uri",
            "http://crl.example.cn/ca.crl",
            *key,
        ],
        ["ca", "issue", *at, *below, "--days", "100", *key],
    ]
    path = tmp_path / "commands.json"
    path.write_text(json.dumps(listed))
    return path


def test_search_finds_a_key_that_is_there(scalar: int) -> None:
    """The control: a process that holds the key and signs with it is found out, whatever engine signs."""
    with lingering(HOLDING, f"{scalar:064x}") as process:
        found = found_in_memory(process, shapes_of(scalar))
    assert "d, big-endian" in found, "as the key holds it; the text form stands in the arguments"


def test_signing_process_never_holds_the_key(scalar: int, commands: Path, key_store: KeyStoreProcess) -> None:
    """After commands that signed with it, no shape of the key lies in their process, and no file of the store is open."""
    with lingering(SIGNING, commands) as process:
        assert found_in_memory(process, shapes_of(scalar)) == set()
        store = str(key_store.socket_path.parent)
        assert not [path for path in open_files(process) if path.startswith(store)]
