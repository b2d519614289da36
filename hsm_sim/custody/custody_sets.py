"""The custody set of a device: made by splitting, tried in drills, opening the store in place of an officer."""

import hmac
from collections.abc import Sequence
from typing import Final

from crypto import sm4_gcm_encrypt
from hsm_sim.audit import Event
from hsm_sim.custody.master_opening import master_wrapping_key, open_master_with
from hsm_sim.custody.secret_sharing import SECRET_LENGTH
from hsm_sim.custody.shares import Custodian, CustodySet, new_set
from hsm_sim.protection import RandomOctets
from hsm_sim.record_store import RecordStore
from hsm_sim.records import CustodyRecord
from hsm_sim.return_codes import DeviceStateError, InputArgumentError, ShareError, StoreIntegrityError

_NONCE: Final = 12


def custody_record(store: RecordStore) -> CustodyRecord:
    """The set in force.

    Raises:
        DeviceStateError: The master key was never split.
    """
    record = store.get(CustodyRecord, b"")
    if record is None:
        raise DeviceStateError("the master key has not been split among custodians")
    return record


def split_master(
    store: RecordStore,
    threshold: int,
    custodians: Sequence[Custodian],
    *,
    actor: str,
    now: int,
    random: RandomOctets,
) -> tuple[bytes, ...]:
    """Make a new custody secret and give its share files; an earlier set is worth nothing afterwards.

    Raises:
        InputArgumentError: Numbers, names or passphrases break a rule.
        FileWriteError, NoBufferError: It was not written, or said so; the earlier set may still be the one in
        force.
    """
    secret = random(SECRET_LENGTH)
    iterations = store.root.policy.secret_iterations
    try:
        custody_set, files = new_set(secret, threshold, custodians, iterations=iterations, random=random)
    except ValueError as error:
        raise InputArgumentError(str(error)) from None
    record = CustodyRecord(
        custody_set,
        now,
        _wrapped_master(secret, custody_set, store.protection.master_for_custody(), random),
        store.protection.wrap(secret, binding=_binding(custody_set)),
    )
    told = f"{custody_set.set_id.hex()} {threshold} of {len(custodians)}"
    store.change([Event(actor, "split-master", told)], puts=[record], erases=True)
    return tuple(each.to_json() for each in files)


def custody_secret(store: RecordStore) -> tuple[CustodySet, bytes]:
    """The set in force and its secret, for a backup.

    Raises:
        DeviceStateError: The master key was never split.
    """
    record = custody_record(store)
    binding = _binding(record.custody_set)
    return record.custody_set, store.protection.unwrap(
        record.wrapped_secret, binding=binding, what="custody secret"
    )


def check_opens(store: RecordStore, custody_set: CustodySet, secret: bytes) -> None:
    """The drill: whether a secret opens the master key in use.

    Raises:
        ShareError: It is of another set than the one in force.
        StoreIntegrityError: The set is in force and opens another master key.
    """
    record = custody_record(store)
    if record.custody_set != custody_set:
        raise ShareError("the shares belong to a set that is not in force")
    if not hmac.compare_digest(open_master_with(record, secret), store.protection.master_for_custody()):
        raise StoreIntegrityError("the custody set opens another master key")


def _wrapped_master(secret: bytes, custody_set: CustodySet, master: bytes, random: RandomOctets) -> bytes:
    nonce = random(_NONCE)
    return nonce + sm4_gcm_encrypt(master_wrapping_key(secret), nonce, master, custody_set.set_id)


def _binding(custody_set: CustodySet) -> bytes:
    return b"custody\x00" + custody_set.set_id
