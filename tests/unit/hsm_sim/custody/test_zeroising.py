"""Nothing is left: not in rows, free pages or the write-ahead log, not in memory a session could use."""

import os
import threading

import pytest

from crypto import PrivateKey, PublicKey
from hsm_sim.commands import GetDeviceInfo, InternalSign, ListKeys
from hsm_sim.custody.checkpoints import check
from hsm_sim.custody.commands import OpenLid, Zeroise
from hsm_sim.custody.lid import LID_FILE, LidWatch
from hsm_sim.device import Device
from hsm_sim.management import GenerateKeyPair, Initialise, OfficerCredential, OfficerLogin
from hsm_sim.model import DeviceState, KeyUsage
from hsm_sim.protection import Protection
from hsm_sim.records import KeyRecord, OfficerRecord, PasswordRecord
from hsm_sim.return_codes import DeviceStateError, FileWriteError, HardwareError, OfficerRequiredError
from hsm_sim.sessions import Session
from hsm_sim.storage import SqliteStorage, StorageError

E = bytes(32)


def test_zeroised_device_is_blank(kept):
    """No record and no log is left; it tells itself, and can be initialised anew."""
    kept.host.generate()
    officer = kept.host.officer()
    before = officer.call(GetDeviceInfo())
    last = officer.call(Zeroise())
    assert not kept.host.storage.rows
    assert not kept.host.storage.log
    info = kept.host.session().call(GetDeviceInfo())
    assert (info.state, info.serial) == (DeviceState.INITIAL, "")
    assert last.serial == before.serial
    check(last, PublicKey(before.device_public_key))
    kept.host.session().call(Initialise((kept.host.OFFICER,), kept.host.POLICY))
    kept.host.generate()


def test_sessions_lose_what_they_held(one_key):
    """A session that had the right and the key at hand signs nothing, and its scalar is overwritten."""
    user = one_key.user()
    user.call(InternalSign(1, E))
    key = user.session.rights[1].keys[KeyUsage.SIGN]
    one_key.officer().call(Zeroise())
    assert not user.session.rights
    with pytest.raises(Exception, match="wiped"):
        key.scalar()
    with pytest.raises(DeviceStateError):
        user.call(InternalSign(1, E))


def test_sessions_are_logged_out(one_key):
    """Whoever was logged in before is nobody in the device that begins anew, of the same name too."""
    before = one_key.officer()
    one_key.officer().call(Zeroise())
    one_key.initialise()
    with pytest.raises(OfficerRequiredError):
        before.call(GenerateKeyPair(1, KeyUsage.SIGN, "", None, b"password 1"))


def test_nothing_is_written_behind_it(one_key):
    """A thread that had the store in hand before writes nothing into it afterwards."""
    interior = one_key.device.ready()
    one_key.officer().call(Zeroise())
    with pytest.raises(HardwareError):
        interior.keys.generate(GenerateKeyPair(2, KeyUsage.SIGN, "", None, b"password 1"), actor="late")
    assert not one_key.storage.rows


def test_opened_lid_destroys_and_stops(one_key):
    """Everything is gone, and only a new start leads out of the error state."""
    one_key.officer().call(OpenLid())
    assert not one_key.storage.rows
    with pytest.raises(HardwareError):
        one_key.session().call(ListKeys(1))
    assert one_key.session().call(GetDeviceInfo()).state is DeviceState.ERROR
    assert not one_key.new_device().is_initialised()


@pytest.mark.parametrize("stored", [False, True], ids=["lost", "stored but reported failed"])
@pytest.mark.parametrize("request_", [Zeroise(), OpenLid()], ids=["zeroise", "lid"])
def test_erasing_that_fails(one_key, stored, request_):
    """It is told, the device stops, and a new start finds either nothing or what can be zeroised again."""

    def fault(storage):
        if stored:
            storage.rows.clear()
            storage.log.clear()
        raise StorageError("test")

    officer = one_key.officer()
    one_key.storage.erase_fault = fault
    if isinstance(request_, Zeroise):
        with pytest.raises(FileWriteError):
            officer.call(request_)
    else:
        officer.call(request_)
    assert one_key.device.state is DeviceState.ERROR
    one_key.storage.erase_fault = None
    if stored:
        assert not one_key.new_device().is_initialised()
    else:
        one_key.restart().officer().call(Zeroise())
        assert not one_key.storage.rows


def test_no_octets_are_left_on_the_disk(tmp_path, host):
    """Scalars, wrapped scalars, wrapped master keys, verifiers, names and log: in no file of the directory."""
    scalars = []

    def make() -> PrivateKey:
        key = PrivateKey.generate()
        scalars.append(key.scalar())
        return key

    storage = SqliteStorage(tmp_path)
    device = Device(storage, clock=lambda: 1, random=os.urandom, make_key=make, say=print)
    device.initialise((OfficerCredential("zhang", b"officer secret"),), host.POLICY, actor="test")
    keys = device.ready().keys
    for index in range(1, 60):
        keys.generate(GenerateKeyPair(index, KeyUsage.SIGN, f"label {index}", None, b"password 1"), actor="test")
    for index in range(1, 30):
        keys.destroy(index, Session(1, "test"))  # free pages
    store = device.ready().store
    hidden = [each.wrapped_scalar for each in store.all(KeyRecord)]
    hidden += [each.wrapped_verifier for each in store.all(PasswordRecord)]
    hidden += [each.wrapped_master for each in store.all(OfficerRecord)]
    hidden += [*scalars, store.protection._master, b"label 45", b"generate-key-pair", store.root.serial.encode()]

    def files() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.iterdir())

    present = [each for each in hidden if each in files()]
    assert len(present) > 60, "the search finds what is there"
    device.zeroise(actor="test")
    assert not [each for each in hidden if each in files()]
    device.close()
    assert not [each for each in hidden if each in files()]


def test_lid_file_is_seen_while_it_runs_and_once(tmp_path):
    """The watch calls within its quarter of a second, one time, and ends with its block."""
    seen, called = [], threading.Event()

    def on_open(what):
        seen.append(what)
        called.set()

    watch = LidWatch(tmp_path, on_open)
    with watch.watching():
        (tmp_path / LID_FILE).touch()
        assert called.wait(10)
    assert seen == ["lid"]


def test_protection_of_another_device_is_another(blank):
    """After zeroising and a new beginning, the master key is a new one."""
    blank.initialise()
    before = blank.device.ready().store.protection._master
    blank.officer().call(Zeroise())
    blank.initialise()
    assert isinstance(blank.device.ready().store.protection, Protection)
    assert blank.device.ready().store.protection._master != before
    caller = blank.session()
    caller.call(OfficerLogin(blank.OFFICER))
