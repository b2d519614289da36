"""``SdfSigner`` and ``IsolatedSdfSigner`` when the device or the library goes wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crypto import GuardedSigner, SigningStoppedError, WrongSignatureError, verify_digest, verify_many
from hsm_sim import Fault, FaultKind
from hsm_sim.commands import Command
from hsm_sim.return_codes import (
    AlgorithmNotSupportedError,
    CommunicationError,
    HardwareError,
    InputArgumentError,
    OpenDeviceError,
    OpenSessionError,
)
from hsm_sim.sdf import IsolatedSdfSigner, SdfLibrary, SdfSigner, profile, profile_names, read_profile
from tests.running_store import OFFICER, PASSWORD

E = bytes(range(32))
SIMULATOR = read_profile("simulator")


def arm(store, *faults):
    with store.client.officer(OFFICER) as officer:
        for fault in faults:
            officer.arm_fault(fault)


@pytest.fixture
def signer(store, library_path):
    with SdfSigner(library_path, SIMULATOR, 1, PASSWORD, store.sign_key, reconnect_seconds=2.0) as opened:
        yield opened


@pytest.fixture
def isolated(store, library_path):
    with IsolatedSdfSigner(library_path, "simulator", 1, PASSWORD, store.sign_key, seconds=20) as opened:
        yield opened


BREAKS = [FaultKind.BREAK_BEFORE, FaultKind.BREAK_AFTER, FaultKind.CUT_REPLY, FaultKind.RESET]


@pytest.mark.parametrize("kind", BREAKS, ids=lambda kind: kind.name.lower())
def test_signing_goes_on_after_a_broken_connection(store, signer, kind):
    """The session is thrown away, a new one opened, the right got again, and signing repeated."""
    arm(store, Fault(kind, Command.INTERNAL_SIGN))
    verify_digest(store.sign_key, E, signer.sign_digest(E))


def test_a_batch_goes_on_where_it_broke(store, signer):
    """What was signed before the break is not lost, and the order stays."""
    arm(store, Fault(FaultKind.BREAK_AFTER, Command.INTERNAL_SIGN, skip=5))
    digests = [n.to_bytes(32, "big") for n in range(12)]
    signed = signer.sign_digests(digests)
    assert all(verify_many([(store.sign_key, e, der) for e, der in zip(digests, signed, strict=True)]))


def test_hardfail_is_asked_once_more(store, signer):
    """SDR_HARDFAIL costs the session and one repetition; a second one is the caller's."""
    arm(store, Fault(FaultKind.REFUSE, Command.INTERNAL_SIGN, amount=HardwareError.code))
    verify_digest(store.sign_key, E, signer.sign_digest(E))
    arm(store, Fault(FaultKind.REFUSE, Command.INTERNAL_SIGN, times=2, amount=HardwareError.code))
    with pytest.raises(HardwareError):
        signer.sign_digest(E)
    verify_digest(store.sign_key, E, signer.sign_digest(E))


def test_other_refusals_are_not_repeated(store, signer):
    """What the device refuses for a reason is told, not asked again."""
    arm(store, Fault(FaultKind.REFUSE, Command.INTERNAL_SIGN, times=2, amount=AlgorithmNotSupportedError.code))
    with pytest.raises(AlgorithmNotSupportedError):
        signer.sign_digest(E)
    with store.client.officer(OFFICER) as officer:
        assert officer.faults()[0].struck == 1


@pytest.mark.parametrize("which", ["signer", "isolated"])
def test_a_wrong_signature_stays_inside(store, which, request):
    """It is kept back, and a guard on top stops the key."""
    signer = request.getfixturevalue(which)
    for work in (signer.sign_digest, lambda digest: signer.sign_digests([digest, digest])):
        arm(store, Fault(FaultKind.WRONG_SIGNATURE, Command.INTERNAL_SIGN))
        with pytest.raises(WrongSignatureError):
            work(E)
    arm(store, Fault(FaultKind.WRONG_SIGNATURE, Command.INTERNAL_SIGN))
    reasons = []

    class Record:
        def reason(self):
            return reasons[0] if reasons else None

        def stop(self, reason):
            reasons.append(reason)

    guarded = GuardedSigner(signer, Record())
    for _ in range(2):
        with pytest.raises(SigningStoppedError):
            guarded.sign_digest(E)


def test_sessions_are_bounded_and_told(store, library_path, signer):
    """A store without a free session is SDR_OPENSESSION; sessions that were given back serve again."""
    arm(store, Fault(FaultKind.NO_SESSION))
    with SdfLibrary(library_path, SIMULATOR) as library:
        with pytest.raises(OpenSessionError):
            library.open_session()
        for _ in range(2 * store.max_sessions):
            library.open_session().close()
    verify_digest(store.sign_key, E, signer.sign_digest(E))


def test_nobody_listens(library_path, monkeypatch, tmp_path):
    """No socket named, and one that nobody serves: SDR_OPENDEVICE, after the patience that was asked for."""
    monkeypatch.delenv("XINYIN_SDF_SOCKET", raising=False)
    for _ in range(2):
        with pytest.raises(OpenDeviceError):
            SdfSigner(library_path, SIMULATOR, 1, PASSWORD, None, reconnect_seconds=0.0)
        monkeypatch.setenv("XINYIN_SDF_SOCKET", str(tmp_path / "none.sock"))
    with pytest.raises(OpenDeviceError, match="cannot be loaded"):
        SdfLibrary(tmp_path / "none.so", SIMULATOR)


def test_settings_from_a_file(store, library_path, monkeypatch, tmp_path):
    """A file names the socket where the environment does not."""
    monkeypatch.delenv("XINYIN_SDF_SOCKET")
    file = tmp_path / "sdf.conf"
    file.write_text(f"# where the key store listens\nsocket={store.socket}\nseconds=20\n")
    monkeypatch.setenv("XINYIN_SDF_CONFIG", str(file))
    with SdfLibrary(library_path, SIMULATOR) as library, library.open_session() as session:
        assert session.public_key(1) == store.sign_key


def test_the_registered_key_may_be_asked_for(store, library_path):
    """Without a registered key the signer takes what the device exports now, and holds to it."""
    with SdfSigner(library_path, SIMULATOR, 1, PASSWORD, None) as signer:
        assert signer.public_key == store.sign_key


def test_a_child_leaves_the_library_alone(store, library_path, signer):
    """In a forked child the library is refused with an error; the parent's sessions stay as they were."""
    signer.sign_digest(E)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:  # pragma: no cover - the child's answer is read below
        os.close(reader)
        answers = []
        for work in (lambda: signer.sign_digest(E), lambda: SdfLibrary(library_path, SIMULATOR)):
            try:
                work()
                answers.append("done")
            except CommunicationError:
                answers.append("refused")
            except BaseException as error:  # noqa: BLE001 - told to the parent
                answers.append(type(error).__name__)
        os.write(writer, " ".join(answers).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        assert told.read() == "refused refused"
    os.waitpid(child, 0)
    verify_digest(store.sign_key, E, signer.sign_digest(E))


def test_one_profile_at_a_time(store, library_path):
    """A library in use cannot be used under another profile in the same process."""
    with SdfLibrary(library_path, SIMULATOR), pytest.raises(InputArgumentError):
        SdfLibrary(library_path, read_profile("standard"))
    with SdfLibrary(library_path, read_profile("standard")):
        pass


def test_a_device_that_opens_once(store, built):
    """Two users of a library whose vendor lets the device be opened once share one handle."""
    path = built("-DXINYIN_SDF_OPEN_ONCE")
    with SdfLibrary(path, SIMULATOR) as first, SdfLibrary(path, SIMULATOR) as second:
        with first.open_session() as one, second.open_session() as two:
            assert one.public_key(1) == two.public_key(1)
        with pytest.raises(OpenDeviceError):
            first.handle("SDF_OpenDevice")


def test_passwords_are_overwritten(store, library_path):
    """After close the signers hold no password; the caller's bytearray is left to the caller."""
    mine = bytearray(PASSWORD)
    with SdfSigner(library_path, SIMULATOR, 1, mine, store.sign_key) as signer:
        held = signer._password
    assert not held
    assert mine == PASSWORD


# In a process of its own


def test_a_hanging_library_is_ended(store, library_path):
    """The deadline ends the worker; a new one is asked once more, and after that the caller is told."""
    with IsolatedSdfSigner(library_path, "simulator", 1, PASSWORD, store.sign_key, seconds=1) as signer:
        arm(store, Fault(FaultKind.HANG, Command.INTERNAL_SIGN))
        first = signer._worker._process.pid
        verify_digest(store.sign_key, E, signer.sign_digest(E))
        assert signer._worker._process.pid != first
        with pytest.raises(ProcessLookupError):
            os.kill(first, 0)
        arm(store, Fault(FaultKind.HANG, Command.INTERNAL_SIGN, times=2))
        with pytest.raises(CommunicationError, match="in time"):
            signer.sign_digest(E)


def test_a_dying_library_is_replaced(store, isolated):
    """A worker that dies is started again, once."""
    os.kill(isolated._worker._process.pid, signal.SIGKILL)
    verify_digest(store.sign_key, E, isolated.sign_digest(E))


@pytest.mark.slow
def test_the_worker_goes_with_its_parent(store, library_path):
    """When the process that started it is killed, the worker is gone too."""
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from hsm_sim.sdf import IsolatedSdfSigner\n"
        f"signer = IsolatedSdfSigner(Path({str(library_path)!r}), 'simulator', 1, {PASSWORD!r}, None)\n"
        "print(signer._worker._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    for _ in range(100):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    else:
        pytest.fail("the worker lives on")


def test_the_worker_has_the_library(store, isolated, library_path):
    """The library is mapped in the worker."""
    maps = Path(f"/proc/{isolated._worker._process.pid}/maps").read_text()
    assert library_path.name in maps


# Profiles


def test_every_profile_reads(tmp_path):
    """The project's profiles are well-formed; one by path is read the same way."""
    for name in profile_names():
        assert read_profile(name).name == name
    copy = tmp_path / "mine.json"
    copy.write_bytes((profile._FOLDER / "standard.json").read_bytes())
    assert read_profile(str(copy)).coordinate_octets == 64


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("coordinate_octets", 48),
        ("coordinate_octets", True),
        ("cipher_capacity", 1),
        ("cipher_layout", "C L"),
        ("internal_decrypt", "?"),
        ("rights_in_turn", "yes"),
        ("algorithms", {"sm4_xyz": "0x1"}),
        ("algorithms", {"sm4_cbc": 1026}),
        ("algorithms", []),
        ("return_codes", {"*": {"0x01000020": "SDR_NONE"}}),
        ("return_codes", {"*": {"twelve": "SDR_KEYERR"}}),
        ("return_codes", {"*": []}),
        ("more", 1),
    ],
)
def test_profiles_are_read_strictly(tmp_path, member, value):
    """A member that is unknown, missing or of another kind is refused with one kind of error."""
    good = {
        "description": "",
        "coordinate_octets": 64,
        "cipher_layout": "x y M L C",
        "cipher_capacity": 4096,
        "internal_decrypt": "absent",
        "rights_in_turn": True,
        "algorithms": {"sm4_cbc": "0x2002"},
        "return_codes": {},
    }
    path = tmp_path / "vendor.json"
    path.write_text(json.dumps(good))
    assert read_profile(str(path)).algorithms.sm4_cbc == 0x2002
    path.write_text(json.dumps(good | {member: value}))
    with pytest.raises(InputArgumentError):
        read_profile(str(path))


def test_profiles_that_are_not_there(tmp_path):
    """A name nobody knows, a file that is missing, and one that is no JSON."""
    bad = tmp_path / "bad.json"
    bad.write_bytes(b"{\xff")
    for name in ("nobody", "../standard", str(tmp_path / "none.json"), str(bad)):
        with pytest.raises(InputArgumentError):
            read_profile(name)
