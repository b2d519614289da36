"""The key store as a process of its own."""

import ctypes
import json
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import hsm_sim
from crypto import PublicKey
from hsm_sim import (
    DevicePolicy,
    DeviceState,
    KeyStoreSigner,
    KeyUsage,
    OfficerCredential,
    ServiceSettings,
    initialise_key_store,
    start_key_store,
)
from hsm_sim.__main__ import main
from hsm_sim.return_codes import (
    CommunicationError,
    DeviceStateError,
    InputArgumentError,
    OfficerSecretError,
    OpenDeviceError,
    StoreIntegrityError,
)

OFFICER = OfficerCredential("zhang", b"officer secret")
POLICY = DevicePolicy(1000, 1000, 3, 3)
PASSWORD = b"password 1"
E = bytes(32)


@pytest.fixture
def settings(tmp_path):
    made = ServiceSettings(tmp_path / "store")
    initialise_key_store(made, (OFFICER,), POLICY, stderr=subprocess.DEVNULL)
    return made


def start(settings, officer=OFFICER, **options):
    return start_key_store(settings, officer, stderr=subprocess.DEVNULL, **options)


def test_from_beginning_to_end(tmp_path):
    """Initialise, start, make a key, sign, stop, start, sign with the same key; exact count after a clean stop."""
    settings = ServiceSettings(tmp_path / "new" / "store", socket_path=tmp_path / "k.sock")
    initialise_key_store(settings, (OFFICER,), POLICY, stderr=subprocess.DEVNULL)
    with start(settings) as process, process.client() as client:
        assert process.started_in is DeviceState.READY
        with client.officer(OFFICER) as officer:
            made = officer.generate_key_pair(1, KeyUsage.SIGN, password=PASSWORD)
        key = PublicKey(made.public_key)
        with KeyStoreSigner(client, 1, PASSWORD, key) as signer:
            signer.sign_digests([E] * 10)
    assert not (tmp_path / "k.sock").exists()
    with start(settings) as process, process.client() as client:
        assert client.key_info(1).uses == 10
        with KeyStoreSigner(client, 1, PASSWORD, key) as signer:
            client.verify_digest(1, E, signer.sign_digest(E))
        with client.officer(OFFICER) as officer:
            operations = [entry.operation for entry in officer.audit_log()]
    assert operations.count("start") == 2
    assert operations.count("stop") == 2


def test_warning_and_nothing_secret_in_sight(settings, tmp_path):
    """It says at its start that it is simulated; the secret is in no argument and no environment variable."""
    with (tmp_path / "stderr").open("wb") as stderr:
        process = start_key_store(settings, OFFICER, stderr=stderr)
    with process:
        arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        assert b"hsm_sim" in arguments
        assert OFFICER.secret not in arguments
        assert OFFICER.secret.decode() not in "".join(os.environ.values())
    assert b"SIMULATED key store, for test use only" in (tmp_path / "stderr").read_bytes()


def test_memory_is_not_given_away(settings):
    """No core file, and the kernel counts it as undumpable: no other process of the same user reads its memory."""
    with start(settings) as process:
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        (core,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
        assert core.split()[4:6] == ["0", "0"]
    asking = "import ctypes, hsm_sim.hardening as h; h.forbid_core_dumps(); print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    home = os.environ | {"PYTHONPATH": str(Path(hsm_sim.__file__).parent.parent)}
    asked = subprocess.run([sys.executable, "-c", asking], env=home, capture_output=True, check=True)
    assert asked.stdout.strip() == b"0"


@pytest.mark.parametrize(
    ("officer", "error"),
    [
        (OfficerCredential("zhang", b"a wrong one"), OfficerSecretError),
        (OfficerCredential("nobody", b"officer secret"), OfficerSecretError),
        (OfficerCredential("zhang", b"x" * 300), InputArgumentError),
        (None, DeviceStateError),
    ],
)
def test_start_that_is_refused(settings, officer, error):
    """What kept it from starting arrives as the exception of its return code, and no process is left."""
    with pytest.raises(error):
        start(settings, officer)
    start(settings).stop()


def test_store_is_made_once(settings):
    """A second initialisation is refused, and so is an officer for a store that is not initialised."""
    with pytest.raises(DeviceStateError):
        initialise_key_store(settings, (OFFICER,), POLICY, stderr=subprocess.DEVNULL)
    with pytest.raises(DeviceStateError):
        start(ServiceSettings(settings.directory.parent / "other"))


def test_one_process_a_store(settings):
    """A second one on the same store is refused, and the first is not disturbed."""
    with start(settings) as process, process.client() as client:
        with pytest.raises(OpenDeviceError):
            start(settings)
        assert client.device_info().state is DeviceState.READY


def test_older_store_is_refused(settings):
    """``minimum_generation`` reaches the process."""
    with start(settings) as process, process.client() as client:
        generation = client.device_info().generation
    newer = ServiceSettings(settings.directory, minimum_generation=generation + 100)
    with pytest.raises(StoreIntegrityError):
        start(newer)


def test_it_ends_with_whoever_started_it(settings):
    """When the pipe is closed, because its starter died, it stops cleanly."""
    process = start(settings)
    process._process.stdin.close()
    assert process._process.wait(20) == 0
    process.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_stop_it_cleanly(settings, number):
    """SIGTERM and SIGINT end it with status 0 and its socket removed."""
    process = start(settings)
    os.kill(process.pid, number)
    assert process._process.wait(20) == 0
    assert not process.socket_path.exists()
    process.stop()


def test_a_signal_to_any_thread_stops_it(settings):
    """The system may hand a signal to a thread that is not the one which waits for connections."""
    if platform.machine() != "x86_64" or not Path("/proc/self/task").exists():
        pytest.skip("the number of the system call is known here for Linux on x86-64")
    process = start(settings)
    threads = [int(each.name) for each in Path(f"/proc/{process.pid}/task").iterdir()]
    other = next(each for each in threads if each != process.pid)
    tgkill = 234
    assert ctypes.CDLL(None).syscall(tgkill, process.pid, other, int(signal.SIGTERM)) == 0
    assert process._process.wait(20) == 0
    process.stop()


def test_command_line_without_a_parent(settings):
    """``python -m hsm_sim`` reads the secret from standard input and tells on one line that it listens."""
    command = [sys.executable, "-m", "hsm_sim", "--directory", str(settings.directory), "--officer", "zhang"]
    home = str(Path(hsm_sim.__file__).parent.parent)
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": home},
    ) as process:
        process.stdin.write(b"officer secret\n")
        process.stdin.close()
        told = json.loads(process.stdout.readline())
        assert told == {"state": "ready", "socket": str(settings.listens_at)}
        time.sleep(0.1)
        assert process.poll() is None  # it does not end with standard input unless asked to
        process.terminate()
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    "arguments", [["--reserve", "-1"], ["--max-sessions", "0"], ["--idle-seconds", "0"], ["--nonsense"], []]
)
def test_bad_arguments(arguments, tmp_path, capsys):
    """Arguments that make no sense are refused with status 2 before anything is touched."""
    directory = [] if not arguments else ["--directory", str(tmp_path / "store")]
    with pytest.raises(SystemExit) as caught:
        main([*directory, *arguments])
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err
    assert not (tmp_path / "store").exists()


def test_silence_is_not_waited_for_for_ever(settings):
    """A process that is not ready in time is ended and reported."""
    with pytest.raises(CommunicationError):
        start(settings, start_seconds=0.001)


def test_quorum_starts_the_process(tmp_path):
    """Two of three custodians start it in place of an officer; one does not, and wrong passphrases do not."""
    from hsm_sim.custody.shares import Custodian, ShareCredential
    from hsm_sim.return_codes import ShareError

    settings = ServiceSettings(tmp_path / "store")
    initialise_key_store(settings, (OFFICER,), POLICY, stderr=subprocess.DEVNULL)
    custodians = [Custodian(name, f"passphrase of {name}".encode()) for name in ("chen", "liu", "sun")]
    with (
        start_key_store(settings, OFFICER, stderr=subprocess.DEVNULL) as process,
        process.client() as client,
        client.officer(OFFICER) as session,
    ):
        files = session.split_master(2, custodians)
        backup = session.back_up()
        shares = tuple(
            ShareCredential(file, each.passphrase) for file, each in zip(files, custodians, strict=True)
        )
        session.check_shares(shares[1:])
    with start_key_store(settings, shares[1:], stderr=subprocess.DEVNULL) as process:
        assert process.started_in is DeviceState.READY
    for wrong in (shares[:1], (shares[0], ShareCredential(shares[1].share, b"a wrong passphrase"))):
        with pytest.raises(ShareError):
            start_key_store(settings, wrong, stderr=subprocess.DEVNULL)
    other = ServiceSettings(tmp_path / "other")
    with start_key_store(other, stderr=subprocess.DEVNULL) as process, process.client() as client:
        client.restore(backup, shares[:2], [OfficerCredential("zhou", b"a new officer")], POLICY)
        assert client.custody_info().custody_set.custodians == ("chen", "liu", "sun")


def test_opened_lid_destroys_a_running_device(tmp_path):
    """The file that stands for the lid ends everything while the process runs, and keeps a new start from going on."""
    import time

    from hsm_sim.custody.lid import LID_FILE
    from hsm_sim.return_codes import HardwareError

    settings = ServiceSettings(tmp_path / "store")
    initialise_key_store(settings, (OFFICER,), POLICY, stderr=subprocess.DEVNULL)
    with start_key_store(settings, OFFICER, stderr=subprocess.DEVNULL) as process, process.client() as client:
        (settings.directory / LID_FILE).touch()
        deadline = time.monotonic() + 20
        while client.device_info().state is not DeviceState.ERROR and time.monotonic() < deadline:
            time.sleep(0.05)
        assert client.device_info().state is DeviceState.ERROR
    with pytest.raises(HardwareError):
        start_key_store(settings, OFFICER, stderr=subprocess.DEVNULL)
    (settings.directory / LID_FILE).unlink()
    with start_key_store(settings, stderr=subprocess.DEVNULL) as process:
        assert process.started_in is DeviceState.INITIAL
