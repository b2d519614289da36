"""From the custody secret to the store's master key."""

from typing import Final

from crypto import DecryptionError, hmac_sm3, sm4_gcm_decrypt
from hsm_sim.records import CustodyRecord
from hsm_sim.return_codes import ShareError

_NONCE: Final = 12


def master_wrapping_key(secret: bytes) -> bytes:
    """The SM4 key that wraps the master key."""
    return hmac_sm3(secret, b"xinyin custody: master key")[:16]


def open_master_with(record: CustodyRecord, secret: bytes) -> bytes:
    """Unwrap the master key with a custody secret.

    Raises:
        ShareError: The secret is of another set.
    """
    key = master_wrapping_key(secret)
    wrapped = record.wrapped_master
    try:
        return sm4_gcm_decrypt(key, wrapped[:_NONCE], wrapped[_NONCE:], record.custody_set.set_id)
    except DecryptionError:
        raise ShareError("the shares do not open this store") from None
