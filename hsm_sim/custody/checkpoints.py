"""The device's signature under its log: what is signed, and every so many entries an entry that carries one.

A checkpoint names serial, length and head. Whoever holds one can show later that a log is not a continuation of
what the device had signed; and a log that comes out of the device can be judged without it, by its public key
alone.
"""

import base64
from typing import Final

from crypto import (
    DEFAULT_USER_ID,
    InvalidSignatureError,
    PublicKey,
    message_digest,
    sign_digest,
    signature_from_raw,
    signature_to_raw,
    verify_digest,
)
from hsm_sim.audit import Event
from hsm_sim.custody.commands import Checkpoint
from hsm_sim.keys import Keys
from hsm_sim.record_store import RecordStore
from hsm_sim.return_codes import SigningError

EVERY: Final = 1_000
"""Entries of the log from one checkpoint in it to the next, about."""
CHECKPOINT: Final = "checkpoint"
_ACTOR: Final = "device"


def statement(serial: str, length: int, head: bytes) -> bytes:
    """What a checkpoint signs, as SM2 over this message under the default identity."""
    return b"xinyin key store checkpoint\x00" + serial.encode() + length.to_bytes(8, "big") + head


def ceremony_statement(serial: str, length: int, head: bytes, digest: bytes) -> bytes:
    """What a device signs at the end of a ceremony: the log as it stands, and the digest of the transcript."""
    return b"xinyin ceremony\x00" + statement(serial, length, head) + digest


def signed(store: RecordStore, keys: Keys, digest: bytes | None = None) -> Checkpoint:
    """Sign the log as it stands, with the digest of a ceremony if there is one.

    Raises:
        SigningError: The signature did not verify and was kept back.
    """
    root = store.root
    told = (root.serial, root.audit_length, root.audit_head)
    message = statement(*told) if digest is None else ceremony_statement(*told, digest)
    key = keys.device_key()
    try:
        e = message_digest(key.public_key, message, user_id=DEFAULT_USER_ID)
        signature = sign_digest(key, e)
        try:
            verify_digest(key.public_key, e, signature)
        except InvalidSignatureError:
            raise SigningError("the signature did not verify and was kept back") from None
    finally:
        key.wipe()
    return Checkpoint(*told, signature)


def check(checkpoint: Checkpoint, device_key: PublicKey, digest: bytes | None = None) -> None:
    """Judge a checkpoint by the device's public key.

    Raises:
        InvalidSignatureError: The device did not sign it.
    """
    told = (checkpoint.serial, checkpoint.length, checkpoint.head)
    message = statement(*told) if digest is None else ceremony_statement(*told, digest)
    verify_digest(device_key, message_digest(device_key, message, user_id=DEFAULT_USER_ID), checkpoint.signature)


def write(store: RecordStore, keys: Keys) -> None:
    """Put a checkpoint over all entries so far into the log itself."""
    with store.exclusive:
        made = signed(store, keys)
        raw = signature_to_raw(made.signature)
        store.change([Event(_ACTOR, CHECKPOINT, base64.b64encode(raw).decode("ascii"), made.length)])


def signature_of_entry(told: str) -> bytes:
    """The DER signature a checkpoint's entry carries.

    Raises:
        ValueError: It carries none.
    """
    return signature_from_raw(base64.b64decode(told, validate=True))
