"""Making a store, and opening one: nothing of it is believed before its tags have been checked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from crypto import PrivateKey
from formats.errors import MalformedDataError
from hsm_sim.audit import Event, chain_start, read_entries
from hsm_sim.custody.master_opening import open_master_with
from hsm_sim.custody.shares import ShareCredential, join_credentials
from hsm_sim.encoding import decode
from hsm_sim.management import DevicePolicy, OfficerCredential
from hsm_sim.model import DEVICE_INDEX, KeyUsage
from hsm_sim.protection import MASTER_LENGTH, Protection, RandomOctets, key_binding, open_master
from hsm_sim.record_store import Clock, RecordStore
from hsm_sim.records import (
    STORE_FORMAT,
    CustodyRecord,
    DeviceRecord,
    KeyRecord,
    OfficerRecord,
    RecordKind,
)
from hsm_sim.return_codes import OfficerSecretError, RoleError, ShareError, StoreIntegrityError
from hsm_sim.roles import Role
from hsm_sim.storage import Storage, StorageError, StoredRecord

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EMPTY: Final = bytes(32)


def new_serial(time: int, random: RandomOctets) -> str:
    """Make a device serial of 16 characters: 8 digits of the date, 3 of the batch, 5 of the number (DEVICEINFO).

    The batch reads SIM, so that nobody takes the device for a real one.
    """
    day = _EPOCH + timedelta(microseconds=time)
    return f"{day:%Y%m%d}SIM{int.from_bytes(random(8), 'big') % 100_000:05d}"


def new_key_record(
    key: PrivateKey,
    *,
    index: int,
    usage: KeyUsage,
    label: str,
    use_limit: int | None,
    created: int,
    protection: Protection,
) -> KeyRecord:
    """Wrap a private key into its record."""
    point = key.public_key.point
    binding = key_binding(index, usage, usage.algorithm, point)
    wrapped = protection.wrap_scalar(key.scalar(), binding=binding)
    return KeyRecord(index, usage, usage.algorithm, point, label, created, 0, use_limit, wrapped)


def create_store(
    storage: Storage,
    officers: Sequence[OfficerCredential],
    policy: DevicePolicy,
    device_keys: Sequence[tuple[KeyUsage, PrivateKey]],
    *,
    actor: str,
    clock: Clock,
    random: RandomOctets,
) -> RecordStore:
    """Write the first records of a device in one transaction.

    Args:
        storage: Empty.
        officers: At least one; names differ.
        policy: Fixed for the life of the store.
        device_keys: The device's own pairs, for index 0.
        actor: Who asked, for the log.
        clock: Microseconds since 1970-01-01 UTC.
        random: Source of random octets.

    Raises:
        NoBufferError, FileWriteError: The store could not be written.
    """
    now = clock()
    serial = new_serial(now, random)
    protection = Protection(random(MASTER_LENGTH), random)
    root = DeviceRecord(STORE_FORMAT, serial, now, policy, 0, 0, chain_start(serial), _EMPTY)
    store = RecordStore(storage, protection, root, clock=clock)
    enrolled = enrolled_administrators(protection, officers, policy)
    pairs = new_pair_records(protection, device_keys, now)
    events = [Event(actor, "initialise", serial), *(Event(actor, "add-officer", each.name) for each in enrolled)]
    store.change(events, puts=[*enrolled, *pairs])
    return store


def enrolled_administrators(
    protection: Protection, officers: Sequence[OfficerCredential], policy: DevicePolicy
) -> list[OfficerRecord]:
    """Make the records of a device's first officers."""
    return [
        protection.enrol(
            officer.name,
            Role.ADMINISTRATOR,
            officer.secret,
            iterations=policy.secret_iterations,
            tries=policy.secret_tries,
        )
        for officer in officers
    ]


def new_pair_records(
    protection: Protection, device_keys: Sequence[tuple[KeyUsage, PrivateKey]], created: int
) -> list[KeyRecord]:
    """Make the records of the device's own pairs."""
    return [
        new_key_record(
            key,
            index=DEVICE_INDEX,
            usage=usage,
            label="",
            use_limit=None,
            created=created,
            protection=protection,
        )
        for usage, key in device_keys
    ]


def is_initialised(storage: Storage) -> bool:
    """Whether the storage holds a device.

    Raises:
        StoreIntegrityError: It holds records, but no root.
    """
    stored = _stored_records(storage)
    if stored and stored[0].kind != RecordKind.DEVICE:
        raise StoreIntegrityError("the root record is missing")
    return bool(stored)


def open_store(
    storage: Storage,
    officer: OfficerCredential,
    *,
    clock: Clock,
    random: RandomOctets,
    minimum_generation: int = 0,
) -> RecordStore:
    """Open a store with an officer's secret, checking tags, inventory and the end of the log.

    An officer who was locked is unlocked by this: knowing the secret is what the lock was about.

    Raises:
        OfficerSecretError: No such officer, or the secret is wrong.
        RoleError: The officer is an auditor.
        StoreIntegrityError: Something was altered, or the store is older than ``minimum_generation``.
    """
    stored = _stored_records(storage)
    root, _ = _root(stored)
    record = _officer(stored, officer.name)
    if not record.role.opens_store:
        raise RoleError(f"an {record.role.name.lower()} does not start the device")
    store = _opened(storage, stored, open_master(record, officer.secret), clock, random, minimum_generation)
    tries = root.policy.secret_tries
    store.change([Event(officer.name, "start", root.serial)], puts=[replace(record, tries_left=tries)])
    return store


def open_store_by_quorum(
    storage: Storage,
    shares: Sequence[ShareCredential],
    *,
    clock: Clock,
    random: RandomOctets,
    minimum_generation: int = 0,
) -> RecordStore:
    """Open a store with the shares of a quorum of custodians, with the checks of ``open_store``.

    Raises:
        ShareError: A share is wrong, or they are too few or of a set that is not in force.
        StoreIntegrityError: As ``open_store``.
    """
    stored = _stored_records(storage)
    root, _ = _root(stored)
    found = [item for item in stored if item.kind == RecordKind.CUSTODY]
    if not found:
        raise ShareError("the master key of this store has not been split among custodians")
    try:
        record = decode(CustodyRecord, found[0].body, what="custody record")
    except MalformedDataError as error:
        raise StoreIntegrityError("the custody record does not parse") from error
    custody_set, secret = join_credentials(shares)
    if custody_set != record.custody_set:
        raise ShareError("the shares belong to a set that is not in force")
    store = _opened(storage, stored, open_master_with(record, secret), clock, random, minimum_generation)
    store.change([Event(f"{len(shares)} custodians", "start", root.serial)])
    return store


def _opened(
    storage: Storage,
    stored: list[StoredRecord],
    master: bytes,
    clock: Clock,
    random: RandomOctets,
    minimum_generation: int,
) -> RecordStore:
    root, tag = _root(stored)
    protection = Protection(master, random)
    if protection.tag(root) != tag:
        raise StoreIntegrityError("the root record does not bear its tag")
    if root.generation < minimum_generation:
        raise StoreIntegrityError(
            f"the store is of generation {root.generation}, at least {minimum_generation} was asked for"
        )
    store = RecordStore(storage, protection, root, clock=clock)
    store.load(stored)
    _check_end_of_log(storage, root)
    return store


def _stored_records(storage: Storage) -> list[StoredRecord]:
    try:
        return storage.records()
    except StorageError as error:
        raise StoreIntegrityError("the records cannot be read") from error


def _root(stored: list[StoredRecord]) -> tuple[DeviceRecord, bytes]:
    roots = [item for item in stored if item.kind == RecordKind.DEVICE]
    if len(roots) != 1 or roots[0].name != b"":
        raise StoreIntegrityError("there is not one root record")
    # Asked before anything else is read: what follows the number differs from format to format.
    store_format = int.from_bytes(roots[0].body[:2], "big")
    if store_format != STORE_FORMAT:
        raise StoreIntegrityError(f"store format {store_format}; this program reads {STORE_FORMAT}")
    try:
        root = decode(DeviceRecord, roots[0].body, what="device record")
    except MalformedDataError as error:
        raise StoreIntegrityError("the root record does not parse") from error
    return root, roots[0].tag


def _officer(stored: list[StoredRecord], name: str) -> OfficerRecord:
    for item in stored:
        if item.kind == RecordKind.OFFICER and item.name == name.encode():
            try:
                record = decode(OfficerRecord, item.body, what="officer record")
            except MalformedDataError as error:
                raise StoreIntegrityError("an officer's record does not parse") from error
            # Not under a tag yet: an altered number must not keep the device busy for hours.
            if not 1_000 <= record.iterations <= 50_000_000:
                raise StoreIntegrityError("an officer's record asks for an impossible number of iterations")
            return record
    raise OfficerSecretError


def _check_end_of_log(storage: Storage, root: DeviceRecord) -> None:
    """The last entry carries the head that the root vouches for, and nothing follows it."""
    if not root.audit_length:
        raise StoreIntegrityError("the log is empty")
    try:
        last = storage.entries(root.audit_length, 2)
        before = storage.entries(root.audit_length - 1, 1) if root.audit_length > 1 else []
    except StorageError as error:
        raise StoreIntegrityError("the log cannot be read") from error
    link = before[0].digest if before else chain_start(root.serial)
    read_entries(last, length=root.audit_length - 1, head=link)
    if len(last) != 1 or last[0].digest != root.audit_head:
        raise StoreIntegrityError("the log was cut or continued by another")
