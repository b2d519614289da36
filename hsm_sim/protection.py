"""How the store is protected at rest: keys, wrapping, tags.

```
officer's secret --PBKDF2-SM3(salt, iterations)--> 16 octets --SM4-GCM--> master key (32 random octets)
auditor's secret --PBKDF2-SM3(salt, iterations)--> 16 octets --SM4-GCM--> HMAC-SM3(master key, "... auditor")
master key --HMAC-SM3("... encryption")--> first 16 octets: SM4-GCM key for scalars and password verifiers
master key --HMAC-SM3("... integrity")--> 32 octets: HMAC-SM3 key for the tag of every record
```

Every administrator's and operator's record wraps the same master key, so an officer is added or changes a secret
without touching the other records. An auditor's record wraps a token from which nothing can be opened: whoever has
an auditor's secret and the store file has no key. What is wrapped is bound to where it belongs by the
additional data of GCM, and every record as a whole, counters included, by its tag. GCM nonces are 12 random
octets; a store wraps some thousands of values under one key, far from the 2^32 at which random nonces become a
risk.
"""

import hmac
from collections.abc import Callable
from typing import Final

from crypto import DecryptionError, hmac_sm3, pbkdf2_sm3, sm4_gcm_decrypt, sm4_gcm_encrypt
from hsm_sim.encoding import encode
from hsm_sim.records import (
    DeviceRecord,
    KeyRecord,
    OfficerRecord,
    PasswordRecord,
    Record,
    RecordKind,
)
from hsm_sim.return_codes import OfficerSecretError, StoreIntegrityError
from hsm_sim.roles import Role

RandomOctets = Callable[[int], bytes]
_NONCE: Final = 12
SALT_LENGTH: Final = 16
MASTER_LENGTH: Final = 32


def new_officer(
    name: str,
    role: Role,
    secret: bytes,
    *,
    master: bytes,
    iterations: int,
    tries: int,
    random: RandomOctets,
) -> OfficerRecord:
    """Wrap the master key, or what an auditor gets in its place, under an officer's secret."""
    salt = random(SALT_LENGTH)
    wrapped = _wrap(
        _secret_key(secret, salt, iterations),
        random(_NONCE),
        _entrusted(role, master),
        _officer_binding(name, role, salt, iterations),
    )
    return OfficerRecord(name, role, salt, iterations, tries, wrapped)


def _entrusted(role: Role, master: bytes) -> bytes:
    return master if role.opens_store else hmac_sm3(master, b"xinyin key store: auditor")


def open_master(record: OfficerRecord, secret: bytes) -> bytes:
    """Unwrap the master key, or an auditor's token, with an officer's secret.

    Raises:
        OfficerSecretError: The secret is wrong, or the record was altered; the two look the same.
    """
    key = _secret_key(secret, record.salt, record.iterations)
    try:
        binding = _officer_binding(record.name, record.role, record.salt, record.iterations)
        return _unwrap(key, record.wrapped_master, binding)
    except DecryptionError:
        raise OfficerSecretError from None


def _secret_key(secret: bytes, salt: bytes, iterations: int) -> bytes:
    return pbkdf2_sm3(secret, salt, iterations, 16)


def _officer_binding(name: str, role: Role, salt: bytes, iterations: int) -> bytes:
    return b"officer\x00" + salt + iterations.to_bytes(4, "big") + bytes((role,)) + name.encode()


def _wrap(key: bytes, nonce: bytes, value: bytes, binding: bytes) -> bytes:
    return nonce + sm4_gcm_encrypt(key, nonce, value, binding)


def _unwrap(key: bytes, wrapped: bytes, binding: bytes) -> bytes:
    return sm4_gcm_decrypt(key, wrapped[:_NONCE], wrapped[_NONCE:], binding)


class Protection:
    """The keys derived from the master key, alive while the store is open."""

    __slots__ = ("_encryption", "_integrity", "_master", "_random")

    def __init__(self, master: bytes, random: RandomOctets) -> None:
        self._master = master
        self._random = random
        self._encryption = hmac_sm3(master, b"xinyin key store: encryption")[:16]
        self._integrity = hmac_sm3(master, b"xinyin key store: integrity")

    def __repr__(self) -> str:
        return "<Protection (hidden)>"

    def master_for_custody(self) -> bytes:
        """The master key itself, for ``hsm_sim.custody``, which wraps it under what custodians hold."""
        return self._master

    def with_random(self, random: RandomOctets) -> "Protection":
        """The same keys, with another source of salts and nonces."""
        return Protection(self._master, random)

    def enrol(self, name: str, role: Role, secret: bytes, *, iterations: int, tries: int) -> OfficerRecord:
        """Make the record of an officer of this store."""
        return new_officer(
            name, role, secret, master=self._master, iterations=iterations, tries=tries, random=self._random
        )

    def opens_to_this_store(self, record: OfficerRecord, secret: bytes) -> bool:
        """Whether the secret is the officer's: it unwraps, and to the master key in use or an auditor's token."""
        try:
            return hmac.compare_digest(open_master(record, secret), _entrusted(record.role, self._master))
        except OfficerSecretError:
            return False

    def wrap_scalar(self, scalar: bytes, *, binding: bytes) -> bytes:
        """Encrypt a private scalar, bound to ``key_binding`` of its record."""
        return _wrap(self._encryption, self._random(_NONCE), scalar, b"key\x00" + binding)

    def unwrap_scalar(self, record: KeyRecord) -> bytes:
        """Decrypt the private scalar of a record.

        Raises:
            StoreIntegrityError: It does not belong to this record.
        """
        binding = key_binding(record.index, record.usage, record.algorithm, record.public_key)
        try:
            return _unwrap(self._encryption, record.wrapped_scalar, b"key\x00" + binding)
        except DecryptionError:
            raise StoreIntegrityError(f"key at index {record.index}") from None

    def wrap_secret(self, secret: bytes, *, binding: bytes) -> bytes:
        """Encrypt a secret of 32 octets that is no scalar, bound to where it belongs."""
        return _wrap(self._encryption, self._random(_NONCE), secret, b"secret\x00" + binding)

    def unwrap_secret(self, wrapped: bytes, *, binding: bytes) -> bytes:
        """Decrypt what ``wrap_secret`` made.

        Raises:
            StoreIntegrityError: It does not belong there.
        """
        try:
            return _unwrap(self._encryption, wrapped, b"secret\x00" + binding)
        except DecryptionError:
            raise StoreIntegrityError("a wrapped secret") from None

    def new_password(self, index: int, password: bytes, *, iterations: int, tries: int) -> PasswordRecord:
        """Make the record of an index's password."""
        salt = self._random(SALT_LENGTH)
        verifier = pbkdf2_sm3(password, salt, iterations, 32)
        wrapped = _wrap(
            self._encryption, self._random(_NONCE), verifier, _password_binding(index, salt, iterations)
        )
        return PasswordRecord(index, salt, iterations, tries, wrapped)

    def is_password(self, record: PasswordRecord, password: bytes) -> bool:
        """Compare a password in constant time.

        Raises:
            StoreIntegrityError: The record does not belong to its index.
        """
        binding = _password_binding(record.index, record.salt, record.iterations)
        try:
            verifier = _unwrap(self._encryption, record.wrapped_verifier, binding)
        except DecryptionError:
            raise StoreIntegrityError(f"password of index {record.index}") from None
        return hmac.compare_digest(pbkdf2_sm3(password, record.salt, record.iterations, 32), verifier)

    def wrap(self, value: bytes, *, binding: bytes) -> bytes:
        """Encrypt what is no scalar, bound to what it belongs to; the binding starts with its kind and a zero."""
        return _wrap(self._encryption, self._random(_NONCE), value, binding)

    def unwrap(self, wrapped: bytes, *, binding: bytes, what: str) -> bytes:
        """Decrypt what ``wrap`` gave.

        Raises:
            StoreIntegrityError: It does not belong there; ``what`` names it.
        """
        try:
            return _unwrap(self._encryption, wrapped, binding)
        except DecryptionError:
            raise StoreIntegrityError(what) from None

    def tag(self, record: Record | DeviceRecord) -> bytes:
        """Compute the integrity tag of a record: HMAC-SM3 over kind, name and body; 32 octets."""
        return self.tag_of(record.kind, record.key, encode(record))

    def tag_of(self, kind: RecordKind, name: bytes, body: bytes) -> bytes:
        """Compute the tag over an encoded record."""
        head = bytes((kind,)) + len(name).to_bytes(2, "big") + name
        return hmac_sm3(self._integrity, head + body)


def key_binding(index: int, usage: int, algorithm: int, public_key: bytes) -> bytes:
    """What a wrapped scalar is bound to."""
    return index.to_bytes(4, "big") + bytes((usage,)) + algorithm.to_bytes(4, "big") + public_key


def _password_binding(index: int, salt: bytes, iterations: int) -> bytes:
    return b"password\x00" + index.to_bytes(4, "big") + salt + iterations.to_bytes(4, "big")
