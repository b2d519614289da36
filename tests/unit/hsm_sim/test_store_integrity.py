"""What was written is believed only as it was written."""

from dataclasses import replace

import pytest

from hsm_sim.commands import ExportPublicKey, GetDeviceInfo, InternalSign, ListKeys
from hsm_sim.encoding import decode, encode
from hsm_sim.management import DestroyKeys, GenerateKeyPair, Initialise, OfficerCredential
from hsm_sim.model import DeviceState, KeyUsage
from hsm_sim.records import DeviceRecord, KeyRecord, OfficerRecord, RecordKind, key_name
from hsm_sim.return_codes import (
    AuditFullError,
    DeviceError,
    FileWriteError,
    HardwareError,
    NoBufferError,
    OfficerSecretError,
    StoreIntegrityError,
)
from hsm_sim.storage import StorageError, StorageFullError, StoredRecord

E = bytes(32)
KEY = (RecordKind.KEY, key_name(1, KeyUsage.SIGN))
ROOT = (RecordKind.DEVICE, b"")


def alter(host, name, **changes) -> None:
    """Change fields of a stored record and leave its tag."""
    row = host.storage.rows[name]
    kinds = {RecordKind.DEVICE: DeviceRecord, RecordKind.KEY: KeyRecord, RecordKind.OFFICER: OfficerRecord}
    record = replace(decode(kinds[name[0]], row.body, what="test"), **changes)
    host.storage.rows[name] = replace(row, body=encode(record))


@pytest.mark.parametrize(
    "changes",
    [
        {"uses": 0},
        {"use_limit": None},
        {"label": "another"},
        {"algorithm": 0x00020800},
        {"created": 1},
        {"public_key": bytes(65)},
        {"wrapped_scalar": bytes(60)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_every_field_of_a_key_is_under_its_tag(host, changes):
    """Counter, limit, label, algorithm, time, public key, wrapped scalar: none can be altered."""
    host.generate(use_limit=1000)
    host.user().call(InternalSign(1, E))
    alter(host, KEY, **changes)
    with pytest.raises(StoreIntegrityError):
        host.restart()


@pytest.mark.parametrize("octet", [0, 1])
def test_any_flipped_bit_of_any_record_is_noticed(one_key, octet):
    """A bit flipped in any body, name, kind or tag keeps the store closed."""
    good = one_key.storage
    for name, row in sorted(good.rows.items()):
        for part in ("body", "tag", "name"):
            value = getattr(row, part)
            if not value:
                continue
            bad = bytearray(value)
            at = (len(bad) - 1) * octet
            bad[at] ^= 1
            one_key.storage = good.copy()
            del one_key.storage.rows[name]
            changed = replace(row, **{part: bytes(bad)})
            one_key.storage.rows[(changed.kind, changed.name)] = changed
            with pytest.raises((StoreIntegrityError, OfficerSecretError)):
                one_key.restart()
    one_key.storage = good
    one_key.restart()


def test_record_moved_to_another_index(host):
    """A key's record under another index's name is noticed, tag and all."""
    host.generate(1)
    host.generate(2)
    host.storage.rows[KEY] = replace(host.storage.rows[(RecordKind.KEY, key_name(2, KeyUsage.SIGN))], name=KEY[1])
    with pytest.raises(StoreIntegrityError):
        host.restart()


def test_single_record_rolled_back(one_key):
    """An older copy of one record, with its own good tag, is noticed: a counter cannot be set back alone."""
    old = one_key.storage.rows[KEY]
    one_key.user().call(InternalSign(1, E))
    one_key.storage.rows[KEY] = old
    with pytest.raises(StoreIntegrityError):
        one_key.restart()


def test_record_dropped_or_put_back(one_key):
    """A record that is missing and a destroyed one that is back are noticed."""
    rows = dict(one_key.storage.rows)
    del one_key.storage.rows[KEY]
    with pytest.raises(StoreIntegrityError):
        one_key.restart()
    one_key.storage.rows = dict(rows)
    one_key.restart().officer().call(DestroyKeys(1))
    one_key.storage.rows[KEY] = rows[KEY]
    with pytest.raises(StoreIntegrityError):
        one_key.restart()


def test_whole_store_rolled_back(one_key):
    """An older copy of everything opens, unless the generation that was noted outside is asked for."""
    old = one_key.storage.copy()
    caller = one_key.user()
    caller.call(InternalSign(1, E))
    noted = caller.call(GetDeviceInfo()).generation
    one_key.restart(minimum_generation=noted)
    one_key.storage = old
    with pytest.raises(StoreIntegrityError):
        one_key.restart(minimum_generation=noted)
    one_key.restart()


@pytest.mark.parametrize("change", ["cut", "added", "altered", "emptied"])
def test_end_of_the_log_is_checked(one_key, change):
    """A log that was cut, continued or altered at its end keeps the store closed."""
    log = one_key.storage.log
    match change:
        case "cut":
            log.pop()
        case "added":
            log.append(replace(log[-1], sequence=len(log) + 1))
        case "altered":
            log[-1] = replace(log[-1], entry=log[-1].entry[:-1] + b"\x01")
        case "emptied":
            log.clear()
    with pytest.raises(StoreIntegrityError):
        one_key.restart()


def test_number_of_iterations_cannot_be_raised_to_hang_the_start(host):
    """The one number that is used before any tag can be checked is bounded."""
    alter(host, (RecordKind.OFFICER, b"zhang"), iterations=2**32 - 1)
    with pytest.raises(StoreIntegrityError):
        host.restart()


def test_other_stores_officer_does_not_fit(host, blank):
    """An officer's record from another store, with its secret, opens nothing."""
    blank.session().call(Initialise((OfficerCredential("zhang", b"another secret"),), blank.POLICY))
    name = (RecordKind.OFFICER, b"zhang")
    host.storage.rows[name] = blank.storage.rows[name]
    host.device = host.new_device()
    with pytest.raises(StoreIntegrityError):
        host.device.open(OfficerCredential("zhang", b"another secret"))


@pytest.mark.parametrize("rows", [[], [(0, b"", b"junk", b"")], [(9, b"x", b"", b"")]])
def test_junk_is_no_store(host, rows):
    """Records that do not parse or are of no kind are refused with the same error."""
    host.storage.rows = {(kind, name): StoredRecord(kind, name, body, tag) for kind, name, body, tag in rows}
    with pytest.raises(StoreIntegrityError):
        host.restart()


@pytest.mark.parametrize("number", [1, 3])
def test_unknown_format_is_told(host, number):
    """A store of an earlier or a later format is not guessed at, whatever follows the number."""
    alter(host, ROOT, store_format=number)
    row = host.storage.rows[ROOT]
    host.storage.rows[ROOT] = replace(row, body=row.body[:40])
    with pytest.raises(StoreIntegrityError, match=f"format {number}"):
        host.restart()


@pytest.mark.parametrize("kept", [False, True], ids=["lost", "kept"])
@pytest.mark.parametrize(("fault", "error"), [(StorageFullError, NoBufferError), (StorageError, FileWriteError)])
def test_failed_write_leaves_one_truth(one_key, kept, fault, error):
    """A failed write is reported; what the device then shows is what a restart finds, lost or kept."""

    def fail(change, apply):
        if kept:
            apply()
        raise fault("test")

    one_key.storage.fault = fail
    officer = one_key.session()
    officer.session.officer = "zhang"
    with pytest.raises(error):
        officer.call(GenerateKeyPair(2, KeyUsage.SIGN, "", None, one_key.PASSWORD))
    one_key.storage.fault = None
    shown = [key.index for key in officer.call(ListKeys(1)).keys]
    assert shown == ([1, 2] if kept else [1])
    if kept:  # and it works: no key that may have been made is lost
        assert one_key.user(2).call(InternalSign(2, E)).signature
    one_key.restart()
    assert [key.index for key in one_key.session().call(ListKeys(1)).keys] == shown
    one_key.generate(3)


def test_disk_that_cannot_be_read_back_stops_the_device(one_key):
    """When it is unknown whether a change was kept, nothing is done any more; a restart finds out."""

    def fail(change, apply):
        one_key.storage.unreadable = True
        raise StorageError("test")

    caller, officer = one_key.user(), one_key.officer()
    one_key.storage.fault = fail
    with pytest.raises(HardwareError):
        officer.call(DestroyKeys(1))
    one_key.storage.fault, one_key.storage.unreadable = None, False
    assert caller.call(GetDeviceInfo()).state is DeviceState.ERROR
    for request in (ListKeys(1), InternalSign(1, E), ExportPublicKey(1, KeyUsage.SIGN)):
        with pytest.raises(HardwareError):
            caller.call(request)
    one_key.device.close()
    one_key.restart()
    assert [key.index for key in one_key.session().call(ListKeys(1)).keys] == [1]


def test_full_log_refuses_and_does_not_overwrite(one_key):
    """At its limit the log takes no more: the device refuses what it could not log, and still stops cleanly."""
    store = one_key.device.ready().store
    officer, caller = one_key.officer(), one_key.user()
    store._max_audit_length = store.root.audit_length
    for call in (lambda: caller.call(InternalSign(1, E)), lambda: officer.call(DestroyKeys(1))):
        with pytest.raises(AuditFullError):
            call()
    assert store.root.audit_length == store._max_audit_length
    one_key.restart(clean=True)


def test_initialisation_that_fails_leaves_nothing(blank):
    """An initialisation that could not be written leaves the device in its initial state."""

    def fail(change, apply):
        raise StorageFullError("test")

    blank.storage.fault = fail
    with pytest.raises(DeviceError):
        blank.initialise()
    assert blank.device.state is DeviceState.INITIAL
    blank.storage.fault = None
    blank.initialise()
    assert blank.device.state is DeviceState.READY


def test_initialisation_reported_as_failed_but_kept(blank):
    """The device does not go on with half a truth; a restart opens what was kept."""

    def fail(change, apply):
        apply()
        raise StorageError("test")

    blank.storage.fault = fail
    with pytest.raises(FileWriteError):
        blank.initialise()
    assert blank.device.state is DeviceState.ERROR
    blank.storage.fault = None
    blank.restart().generate()
