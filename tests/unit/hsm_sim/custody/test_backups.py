"""Backups: whole, verified, restored into a new device only, and nothing changed where anything does not fit."""

from dataclasses import replace

import pytest

from crypto import PrivateKey, PublicKey, encrypt, verify_digest
from hsm_sim.commands import GetAccessRight, GetDeviceInfo, InternalDecrypt, InternalSign, ListKeys
from hsm_sim.custody import backups
from hsm_sim.custody.backups import open_backup, read_header
from hsm_sim.custody.commands import (
    LoadBackup,
    MakeBackup,
    ReadBackup,
    RestoreDevice,
    VerifyBackup,
)
from hsm_sim.custody.shares import join_credentials
from hsm_sim.functions.key_commands import GenerateKek, ListKeks
from hsm_sim.key_state_commands import DeactivateKey, ReadKeyHistory, SuspendKey
from hsm_sim.management import DestroyKeys, OfficerLogin, ReadAudit
from hsm_sim.model import DeviceState, KeyUsage
from hsm_sim.records import KeyRecord
from hsm_sim.return_codes import (
    AccessDeniedError,
    AccessRightError,
    BackupError,
    DeviceError,
    DeviceStateError,
    HardwareError,
    InputArgumentError,
    KeyStateError,
    OfficerSecretError,
    ShareError,
    StepError,
    UseLimitError,
)
from hsm_sim.storage import StorageError
from hsm_sim.wrapped_key import WrappedPurpose, read_wrapped_key
from hsm_sim.wrapped_key_commands import (
    EnableWrapping,
    EnvelopeWrapped,
    GetWrappedRight,
    KeyOrder,
    MakeWrappedKeys,
    RevokeWrappedKeys,
    WrappedInfo,
    WrappedSign,
)
from tests.unit.hsm_sim.conftest import Host
from tests.unit.hsm_sim.custody.conftest import NEW

E = bytes(range(32))
SIGN, ENCRYPT = KeyUsage


@pytest.fixture
def full(kept):
    """Keys in several states and kinds, uses counted, a KEK; backed up."""
    host = kept.host
    host.generate(1, label="根")
    host.generate(1, ENCRYPT, password=b"")
    host.generate(2, use_limit=5)
    host.generate(3)
    host.generate(4)
    officer = host.officer()
    officer.call(GenerateKek(1, "kek"))
    officer.call(SuspendKey(3, SIGN, "a pause"))
    officer.call(DestroyKeys(4))
    user = host.user(2)
    for _ in range(5):
        user.call(InternalSign(2, E))
    kept.back_up()
    return kept


def test_restored_device_is_the_same_in_all_that_counts(full):
    """Keys, labels, passwords, states, histories, counters, limits and KEKs are there, and work or refuse as before."""
    host = full.host
    before = [replace(key, uses=0) for key in host.session().call(ListKeys(1)).keys]
    target, info = full.restore()
    assert info.state is DeviceState.READY
    keys = target.session().call(ListKeys(1)).keys
    assert [replace(key, uses=0) for key in keys] == before
    user = target.user(1)
    verify_digest(PublicKey(keys[0].public_key), E, user.call(InternalSign(1, E)).signature)
    assert user.call(InternalDecrypt(1, encrypt(PublicKey(keys[1].public_key), b"text"))).octets == b"text"
    with pytest.raises(UseLimitError):
        target.user(2).call(InternalSign(2, E))
    with pytest.raises(KeyStateError):
        target.user(3).call(InternalSign(3, E))
    with pytest.raises(AccessRightError):
        target.session().call(GetAccessRight(1, b"a wrong one"))
    officer = target.session()
    officer.call(OfficerLogin(NEW))
    (history,) = officer.call(ReadKeyHistory(4, SIGN)).histories
    assert history.state.name == "DESTROYED"
    assert len(officer.call(ListKeks()).keys) == 1


def test_restored_device_is_its_own(full):
    """Its serial, device pair and officers are new; the old officers do not open it, the same custodians do."""
    target, info = full.restore()
    source = full.host.session().call(GetDeviceInfo())
    assert info.serial != source.serial
    assert info.device_public_key != source.device_public_key
    with pytest.raises(OfficerSecretError):
        target.session().call(OfficerLogin(full.host.OFFICER))
    target.new_device().open(NEW)
    target.new_device().open_by_quorum(full.shares[1:])


def test_log_tells_where_it_came_from(full):
    """The new device's log begins with its initialisation and names serial and generation of the source."""
    target, _ = full.restore()
    source = read_header(full.backup)
    officer = target.session()
    officer.call(OfficerLogin(NEW))
    lines = [each.entry for each in officer.call(ReadAudit(1)).lines]
    assert b"initialise" in lines[0]
    assert f"{source.serial} generation {source.generation}".encode() in lines[2]


def test_counters_are_not_set_back(full):
    """No restored count is below what was used when the backup was made."""
    target, _ = full.restore()
    used = {(k.index, k.usage): k.uses for k in full.host.session().call(ListKeys(1)).keys}
    for key in target.session().call(ListKeys(1)).keys:
        assert key.uses >= used[key.index, key.usage]


def test_older_backup_than_was_noted(full):
    """A backup from before a key was deactivated is refused where the later generation was noted."""
    early = full.backup
    full.host.officer().call(DeactivateKey(1, SIGN, "its time is over"))
    generation = full.host.session().call(GetDeviceInfo()).generation
    target = Host(randomness=1_000_000)
    with pytest.raises(BackupError, match="generation"):
        full.restore(target, backup=early, minimum=generation)
    assert not target.storage.rows
    full.back_up()
    full.restore(target, minimum=generation)


def test_verified_without_a_second_device(full):
    """The same checks without a change: in the ready device, by a session without an officer, and in a blank one."""
    info = full.host.session().call(GetDeviceInfo())
    report = full.load(full.host.session()).call(VerifyBackup())
    assert (report.serial, report.key_pairs) == (info.serial, 4)
    blank = Host(randomness=2_000_000)
    assert full.load(blank.session()).call(VerifyBackup()) == report
    assert not blank.storage.rows


def test_backup_shows_no_secret(full):
    """No scalar, password, master key or wrapped field of the store stands in it."""
    store = full.host.device.ready().store
    hidden = [*full.host.made, store.protection._master, full.host.PASSWORD]
    hidden += [record.wrapped_scalar for record in store.all(KeyRecord)]
    assert not [each for each in hidden if each in full.backup]


@pytest.mark.parametrize("part", range(12))
def test_altered_backup(full, part):
    """A bit flipped anywhere, header or content, is noticed, and the device stays blank."""
    at = (len(full.backup) - 1) * part // 11
    altered = bytearray(full.backup)
    altered[at] ^= 1
    target = Host(randomness=1_000_000)
    with pytest.raises(BackupError):
        full.restore(target, backup=bytes(altered))
    with pytest.raises(BackupError):
        full.load(target.session(), backup=bytes(altered)).call(VerifyBackup())
    assert not target.storage.rows
    assert target.device.state is DeviceState.INITIAL


@pytest.mark.parametrize("length", [0, 3, 4, 7, 8, 100, 300, -17, -1])
def test_cut_backup(full, length):
    """Cut at any point; also by one octet."""
    target = Host(randomness=1_000_000)
    with pytest.raises(BackupError):
        full.restore(target, backup=full.backup[:length])
    assert not target.storage.rows


def test_backup_with_more_behind_it(full):
    """Octets added are noticed too."""
    with pytest.raises(BackupError):
        full.restore(backup=full.backup + b"\x00")


def test_shares_of_another_set(full):
    """A backup is bound to the set it was made under; the set of later is another one."""
    old = list(full.shares)
    full.split()
    with pytest.raises(BackupError, match="another set"):
        full.restore(shares=full.shares[:2])
    with pytest.raises(ShareError):
        full.restore(shares=[old[0], full.shares[1]])
    full.restore(shares=old[1:])


def test_too_few_shares_and_none(full):
    """One of two, and none."""
    for shares, error in ((full.shares[:1], ShareError), ((), StepError)):
        target = Host(randomness=1_000_000)
        with pytest.raises(error):
            full.restore(target, shares=shares)
        assert not target.storage.rows


def test_only_into_the_initial_state(full):
    """A device that is ready is not written over, whoever asks."""
    before = dict(full.host.storage.rows)
    caller = full.load(full.host.officer())
    with pytest.raises(DeviceStateError):
        caller.call(RestoreDevice((NEW,), full.host.POLICY, 0))
    assert set(full.host.storage.rows) == set(before)


def test_without_custodians_no_backup(host):
    """A backup nobody could open is not made."""
    with pytest.raises(DeviceStateError):
        host.officer().call(MakeBackup())


def test_pieces_come_in_order(full):
    """A piece that leaves a gap is refused; offset 0 begins anew; a page beyond the end is refused."""
    caller = full.host.session()
    caller.call(LoadBackup(0, b"abc"))
    with pytest.raises(StepError):
        caller.call(LoadBackup(4, b"abc"))
    caller.call(LoadBackup(0, b"abc"))
    officer = full.host.officer()
    with pytest.raises(BackupError):
        officer.call(ReadBackup(bytes(32), 0))


def test_other_family(full, monkeypatch):
    """A backup of another family of devices is not restored."""
    monkeypatch.setattr(backups, "DEVICE_FAMILY", "another family")
    other = full.back_up()
    monkeypatch.undo()
    with pytest.raises(BackupError, match="family"):
        full.restore(backup=other)


def test_public_keys_are_recomputed(full):
    """A backup whose record, tag and all, tells another public key is refused: the scalar decides."""
    store = full.host.device.ready().store
    one, other = store.all(KeyRecord)[2], store.all(KeyRecord)[4]
    scalar = store.protection.unwrap_scalar(other)
    from hsm_sim.protection import key_binding

    binding = key_binding(one.index, one.usage, one.algorithm, one.public_key)
    false = replace(one, wrapped_scalar=store.protection.wrap_scalar(scalar, binding=binding))
    from hsm_sim.audit import Event

    store.change([Event("test", "test")], puts=[false])
    with pytest.raises(BackupError, match="public key"):
        full.restore(backup=full.back_up())


@pytest.mark.parametrize("stored", [False, True], ids=["lost", "stored but reported failed"])
def test_restoring_whose_write_fails(full, stored):
    """Lost: the device is blank and restores at the second attempt. Stored: it stops, and the next start opens it whole."""
    target = Host(randomness=1_000_000)

    def fault(_change, apply):
        if stored:
            apply()
        raise StorageError("test")

    target.storage.fault = fault
    with pytest.raises(DeviceError):
        full.restore(target)
    target.storage.fault = None
    if stored:
        assert target.device.state is DeviceState.ERROR
        with pytest.raises(HardwareError):
            target.session().call(ListKeys(1))
        target.new_device().open(NEW)
    else:
        assert not target.storage.rows
        full.restore(target)


@pytest.mark.parametrize("stored", [False, True], ids=["lost", "stored but reported failed"])
def test_backup_that_could_not_be_logged(full, stored):
    """What the log did not take, or said so, is not given out."""

    def fault(_change, apply):
        if stored:
            apply()
        raise StorageError("test")

    officer = full.host.officer()
    full.host.storage.fault = fault
    with pytest.raises(DeviceError):
        officer.call(MakeBackup())
    full.host.storage.fault = None
    assert open_backup(full.back_up(), *join_credentials(full.shares[:2]), clock=full.host.clock)


def test_officers_of_the_new_device_follow_the_rules(full):
    """None, two of one name, and dual control with one are refused before anything is written."""
    from hsm_sim.roles import Control

    target = Host(randomness=1_000_000)
    policy = target.POLICY
    for officers, given in (((), policy), ((NEW, NEW), policy), ((NEW,), replace(policy, control=Control.DUAL))):
        caller = full.load(target.session())
        with pytest.raises(InputArgumentError):
            caller.call(RestoreDevice(officers, given, 0))
    assert not target.storage.rows


def test_hostile_backups(full):
    """Octets of any kind end in one kind of error, with the right secret too."""
    import random

    source = random.Random(1)
    custody = join_credentials(full.shares[:2])
    for round_ in range(300):
        octets = bytearray(full.backup if round_ % 2 else source.randbytes(source.randrange(3000)))
        for _ in range(source.randrange(1, 9)):
            if octets:
                octets[source.randrange(min(len(octets), 400))] = source.randrange(256)
        if bytes(octets) != full.backup:
            with pytest.raises(BackupError):
                open_backup(bytes(octets), *custody, clock=full.host.clock)


def test_restored_device_knows_pairs_that_are_kept_outside(kept):
    """Wrapped pairs open on the restored device; revoked ones, tries and recipients are as they were."""
    host = kept.host
    host.generate(1)
    officer = host.officer()
    officer.call(EnableWrapping())
    orders = (KeyOrder("", ""),)

    def make(usage, purpose, guard, password=b""):
        return officer.call(MakeWrappedKeys(usage, purpose, orders, None, guard, password)).keys[0]

    signing, revoked = (make(SIGN, WrappedPurpose.USE, 1) for _ in range(2))
    own = make(SIGN, WrappedPurpose.USE, None, b"a password of its own")
    escrowed = make(ENCRYPT, WrappedPurpose.ESCROW, 1)
    officer.call(RevokeWrappedKeys((read_wrapped_key(revoked).key_id,)))
    first, second = (PrivateKey.generate().public_key.point for _ in range(2))
    host.user(1).call(EnvelopeWrapped(escrowed, first))
    with pytest.raises(AccessRightError):
        host.session().call(GetWrappedRight(own, b"a wrong one"))
    kept.back_up()
    user = kept.restore()[0].user(1)
    signature = user.call(WrappedSign(signing, E)).signature
    verify_digest(PublicKey(read_wrapped_key(signing).public_key), E, signature)
    user.call(EnvelopeWrapped(escrowed, first))
    for request in (WrappedSign(revoked, E), EnvelopeWrapped(escrowed, second)):
        with pytest.raises(AccessDeniedError):
            user.call(request)
    assert user.call(WrappedInfo(own)).password_tries_left == host.POLICY.password_tries - 1
