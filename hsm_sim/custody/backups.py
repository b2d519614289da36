"""Backups: the whole store, records of every kind as they lie, encrypted under the custody secret.

```
file      "XKB1" ‖ length of header u32 ‖ header ‖ nonce 12 ‖ SM4-GCM(content, header and all before it as aad)
key       first 16 octets of HMAC-SM3(custody secret, "xinyin custody: backup" ‖ salt of the header)
content   master key, root record with its tag, every other record with its tag
```

Since the master key goes with the records, what a record wraps stays as it is and bears the tag it bore: a
restored device takes over records of kinds this module knows nothing of. What it does not take over is what
makes a device itself: its serial, its own pair at index 0, its officers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final

from crypto import DecryptionError, InvalidKeyError, PrivateKey, hmac_sm3, sm4_gcm_decrypt, sm4_gcm_encrypt
from formats.errors import MalformedDataError
from hsm_sim.audit import Event, chain_start
from hsm_sim.custody.commands import MAX_BACKUP, BackupReport
from hsm_sim.custody.custody_sets import custody_secret
from hsm_sim.custody.master_opening import open_master_with
from hsm_sim.custody.shares import CustodySet
from hsm_sim.encoding import Fixed, ListOf, Nested, Octets, Text, Unsigned, decode, encode
from hsm_sim.management import DevicePolicy, OfficerCredential
from hsm_sim.model import DEVICE_FAMILY, DEVICE_INDEX, SERIAL_LENGTH, KeyUsage
from hsm_sim.opening import enrolled_administrators, new_pair_records, new_serial
from hsm_sim.protection import MASTER_LENGTH, Protection, RandomOctets
from hsm_sim.record_store import Clock, RecordStore
from hsm_sim.records import (
    STORE_FORMAT,
    CustodyRecord,
    DeviceRecord,
    KeyRecord,
    OfficerRecord,
    Record,
    RecordKind,
)
from hsm_sim.return_codes import BackupError, DeviceError, StoreIntegrityError
from hsm_sim.storage import Change, Storage, StorageError, StoredEntry, StoredRecord

_MAGIC: Final = b"XKB1"
_NONCE: Final = 12
_MAX_RECORDS: Final = 1_000_000
_EMPTY: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class BackupHeader:
    """What can be read of a backup without shares."""

    family: Annotated[str, Text(32)]
    store_format: Annotated[int, Unsigned(2)]
    serial: Annotated[str, Text(SERIAL_LENGTH)]
    created: Annotated[int, Unsigned(8)]
    generation: Annotated[int, Unsigned(8)]
    custody_set: Annotated[CustodySet, Nested(CustodySet)]
    salt: Annotated[bytes, Fixed(32)]


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record as it lay."""

    kind: Annotated[int, Unsigned(1)]
    name: Annotated[bytes, Octets(1024)]
    body: Annotated[bytes, Octets(1 << 22)] = field(repr=False)
    tag: Annotated[bytes, Fixed(32)]


@dataclass(frozen=True, slots=True)
class BackupContent:
    """What is encrypted."""

    master: Annotated[bytes, Fixed(MASTER_LENGTH)] = field(repr=False)
    records: Annotated[tuple[KeptRecord, ...], ListOf(Nested(KeptRecord), _MAX_RECORDS)] = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenedBackup:
    """A backup all of which was checked.

    Attributes:
        header: Its header.
        root: Root record of the device it is of.
        store: Its records, in memory.
        report: What it holds.
    """

    header: BackupHeader
    root: DeviceRecord
    store: RecordStore
    report: BackupReport


def make_backup(store: RecordStore, *, actor: str, now: int, random: RandomOctets) -> bytes:
    """Encrypt the store as it is; the log tells it.

    Raises:
        DeviceStateError: The master key was never split, so that nobody could restore.
    """
    with store.exclusive:
        custody_set, secret = custody_secret(store)
        root, rows = store.snapshot()
        header = BackupHeader(
            DEVICE_FAMILY, root.store_format, root.serial, now, root.generation, custody_set, random(32)
        )
        records = tuple(KeptRecord(each.kind, each.name, each.body, each.tag) for each in rows)
        content = encode(BackupContent(store.protection.master_for_custody(), records))
        front, nonce = _front(header), random(_NONCE)
        made = front + nonce + sm4_gcm_encrypt(_key(secret, header.salt), nonce, content, front)
        if len(made) > MAX_BACKUP:
            raise BackupError(f"the backup would have {len(made)} octets")
        told = f"generation {root.generation} set {custody_set.set_id.hex()}"
        store.change([Event(actor, "make-backup", told, len(records))])
    return made


def read_header(backup: bytes) -> BackupHeader:
    """Read what needs no shares.

    Raises:
        BackupError: It is no backup, or of another family or format.
    """
    if backup[:4] != _MAGIC:
        raise BackupError("this is no backup of a key store")
    end = 8 + int.from_bytes(backup[4:8], "big")
    try:
        header = decode(BackupHeader, backup[8:end], what="backup header")
    except MalformedDataError as error:
        raise BackupError(str(error)) from None
    if header.family != DEVICE_FAMILY:
        raise BackupError("the backup is of another family of devices")
    if header.store_format != STORE_FORMAT:
        raise BackupError(f"store format {header.store_format}; this program reads {STORE_FORMAT}")
    return header


def open_backup(backup: bytes, custody_set: CustodySet, secret: bytes, *, clock: Clock) -> OpenedBackup:
    """Decrypt a backup and check all of it: every tag, the set of records, and of every pair the public key.

    Raises:
        BackupError: It was cut or altered, the shares are of another set, or something in it does not fit.
    """
    header = read_header(backup)
    if header.custody_set != custody_set:
        raise BackupError("the backup was made under another set of shares")
    front = _front(header)
    nonce, ciphertext = backup[len(front) : len(front) + _NONCE], backup[len(front) + _NONCE :]
    try:
        octets = sm4_gcm_decrypt(_key(secret, header.salt), nonce, ciphertext, front)
        content = decode(BackupContent, octets, what="backup")
    except (DecryptionError, ValueError):  # too short for a nonce or tag, too; MalformedDataError is a ValueError
        raise BackupError("the backup was cut or altered") from None
    try:
        return _checked(header, content, secret, clock)
    except StoreIntegrityError as error:
        raise BackupError(error.detail) from None


def _checked(header: BackupHeader, content: BackupContent, secret: bytes, clock: Clock) -> OpenedBackup:
    rows = [StoredRecord(each.kind, each.name, each.body, each.tag) for each in content.records]
    roots = [row for row in rows if row.kind == RecordKind.DEVICE]
    if len(roots) != 1:
        raise StoreIntegrityError("there is not one root record")
    try:
        root = decode(DeviceRecord, roots[0].body, what="device record")
    except MalformedDataError:
        raise StoreIntegrityError("the root record does not parse") from None
    protection = Protection(content.master, _no_random)
    if protection.tag(root) != roots[0].tag or (root.serial, root.generation) != (
        header.serial,
        header.generation,
    ):
        raise StoreIntegrityError("the root record does not bear its tag")
    store = RecordStore(_Nowhere(), protection, root, clock=clock)
    store.load(rows)
    custody = store.get(CustodyRecord, b"")
    if custody is None or open_master_with(custody, secret) != content.master:
        raise StoreIntegrityError("the backup's custody set opens another master key")
    pairs = store.all(KeyRecord)
    for record in pairs:
        _check_pair(protection, record)
    report = BackupReport(
        root.serial,
        root.generation,
        header.created,
        sum(each.index != DEVICE_INDEX for each in pairs),
        len(rows),
        root.audit_length,
        root.audit_head,
    )
    return OpenedBackup(header, root, store, report)


def _check_pair(protection: Protection, record: KeyRecord) -> None:
    """The private key is that of the registered public key, recomputed."""
    try:
        key = PrivateKey.from_scalar(protection.unwrap_scalar(record))
    except InvalidKeyError:
        raise StoreIntegrityError(f"index {record.index}: no private key") from None
    try:
        if key.public_key.point != record.public_key:
            raise StoreIntegrityError(f"index {record.index}: another public key is registered")
    finally:
        key.wipe()


def restored_store(
    storage: Storage,
    opened: OpenedBackup,
    officers: Sequence[OfficerCredential],
    policy: DevicePolicy,
    device_keys: Sequence[tuple[KeyUsage, PrivateKey]],
    *,
    actor: str,
    clock: Clock,
    random: RandomOctets,
) -> RecordStore:
    """Write a device that takes over what a backup holds, in one transaction.

    Args:
        storage: Empty.
        opened: The backup.
        officers: Administrators of the new device.
        policy: Of the new device.
        device_keys: The new device's own pairs, for index 0.
        actor: Who asked, for the log.
        clock: Microseconds since 1970-01-01 UTC.
        random: Source of random octets.

    Raises:
        NoBufferError, FileWriteError: The store could not be written.
    """
    now = clock()
    serial = new_serial(now, random)
    protection = opened.store.protection.with_random(random)
    root = DeviceRecord(STORE_FORMAT, serial, now, policy, 0, 0, chain_start(serial), _EMPTY)
    store = RecordStore(storage, protection, root, clock=clock)
    enrolled = enrolled_administrators(protection, officers, policy)
    pairs = new_pair_records(protection, device_keys, now)
    taken = [record for record in opened.store.everything() if _is_taken_over(record)]
    source = f"{opened.root.serial} generation {opened.root.generation}"
    events = [
        Event(actor, "initialise", serial),
        *(Event(actor, "add-officer", each.name) for each in enrolled),
        Event(actor, "restore", source, len(taken)),
    ]
    store.change(events, puts=[*enrolled, *pairs, *taken])
    return store


def _is_taken_over(record: Record) -> bool:
    if isinstance(record, OfficerRecord):
        return False
    return not (isinstance(record, KeyRecord) and record.index == DEVICE_INDEX)


def _front(header: BackupHeader) -> bytes:
    body = encode(header)
    return _MAGIC + len(body).to_bytes(4, "big") + body


def _key(secret: bytes, salt: bytes) -> bytes:
    return hmac_sm3(secret, b"xinyin custody: backup" + salt)[:16]


def _no_random(_length: int) -> bytes:
    raise DeviceError("nothing is wrapped while a backup is read")


class _Nowhere:
    """A storage for records that are only looked at."""

    def records(self) -> list[StoredRecord]:
        raise StorageError("a backup in memory")

    def entries(self, _first: int, _count: int) -> list[StoredEntry]:
        raise StorageError("a backup in memory")

    def commit(self, _change: Change) -> None:
        raise StorageError("a backup in memory")

    def erase(self) -> None:
        raise StorageError("a backup in memory")

    def close(self) -> None:
        """Nothing is held."""
