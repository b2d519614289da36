"""Wrapping keys: secrets of the store under which pairs leave the device.

Each is a record like every other, wrapped under the master key; so it is tagged, backed up and zeroised with the
rest. The newest wraps; older ones open what they wrapped until an officer retires them, which ends every copy
of every pair that was not wrapped anew.
"""

import hmac
import threading
from dataclasses import replace
from typing import Final

from crypto import DecryptionError, InvalidKeyError, PrivateKey, hmac_sm3, sm4_gcm_decrypt, sm4_gcm_encrypt
from formats.errors import MalformedDataError
from hsm_sim.audit import Event
from hsm_sim.model import DEVICE_FAMILY
from hsm_sim.protection import RandomOctets
from hsm_sim.record_store import Clock, RecordStore
from hsm_sim.records import RecordKind, WrappingKeyRecord
from hsm_sim.return_codes import (
    DeviceStateError,
    InputArgumentError,
    KeyFaultError,
    KeyNotExistError,
    NoBufferError,
    StepError,
)
from hsm_sim.wrapped_key import SEALED_LENGTH, WRAPPING_ID_LENGTH, WrappedKey, read_wrapped_key

SECRET_LENGTH: Final = 32
VERIFIER_LENGTH: Final = 32
NO_VERIFIER: Final = bytes(VERIFIER_LENGTH)
MAX_WRAPPING_KEYS: Final = 64
_NONCE: Final = 12


class OpenedKey:
    """A wrapped key that was opened. The scalar is overwritten when the last one who uses it lets go."""

    __slots__ = ("key", "record", "verifier")

    def __init__(self, record: WrappedKey, key: PrivateKey, verifier: bytes) -> None:
        self.record = record
        self.key = key
        self.verifier = verifier

    def __repr__(self) -> str:
        return f"<OpenedKey {self.record.key_id.hex()}>"


class WrappingKeys:
    """The wrapping keys of an opened store; all methods may be called from any thread."""

    def __init__(self, store: RecordStore, *, clock: Clock, random: RandomOctets, reserve: int) -> None:
        self._store = store
        self._clock = clock
        self._random = random
        self._reserve = reserve
        self._numbers: dict[bytes, bytes] = {}
        self._used: dict[bytes, int] = {}
        self._counting = threading.Lock()

    def all(self) -> list[WrappingKeyRecord]:
        """Every one, the oldest first."""
        return self._store.all(WrappingKeyRecord)

    def active(self) -> WrappingKeyRecord:
        """The one that wraps.

        Raises:
            StepError: Wrapping has not been enabled.
        """
        if not (records := self.all()):
            raise StepError("wrapping has not been enabled")
        return records[-1]

    def enable(self, *, actor: str) -> WrappingKeyRecord:
        """Make a wrapping key; it wraps from now on.

        Raises:
            NoBufferError: Too many are kept; retire old ones.
        """
        with self._store.exclusive:
            records = self.all()
            if len(records) >= MAX_WRAPPING_KEYS:
                raise NoBufferError(f"{len(records)} wrapping keys")
            number = records[-1].number + 1 if records else 1
            wrapping_id, created = self._random(WRAPPING_ID_LENGTH), self._clock()
            wrapped = self._store.protection.wrap_secret(
                self._random(SECRET_LENGTH), binding=_binding(number, wrapping_id)
            )
            record = WrappingKeyRecord(number, wrapping_id, created, 0, 0, wrapped)
            self._store.change([Event(actor, "enable-wrapping", _target(record))], puts=[record])
        return record

    def retire(self, number: int, *, actor: str) -> None:
        """Destroy a wrapping key: what it wrapped opens nowhere any more.

        Raises:
            KeyNotExistError: There is none of this number.
            DeviceStateError: It is the one that wraps.
        """
        with self._store.exclusive:
            found = [record for record in self.all() if record.number == number]
            if not found:
                raise KeyNotExistError(f"wrapping key {number}")
            if found[0] == self.active():
                raise DeviceStateError("the newest wrapping key stays; enable another first")
            self._store.change(
                [Event(actor, "retire-wrapping", _target(found[0]), self._uses(found[0]))],
                removes=[(RecordKind.WRAPPING_KEY, found[0].key)],
                erases=True,
            )

    def seal(self, record: WrappedKey, scalar: bytes, verifier: bytes) -> bytes:
        """Wrap a pair under the wrapping key that ``record`` names.

        Returns:
            The wrapped key, encoded. It was opened again before this returns.
        """
        key, nonce, header = self._key_for(record), self._random(_NONCE), record.header()
        octets = header + nonce + sm4_gcm_encrypt(key, nonce, scalar + verifier, header)
        if not hmac.compare_digest(self._unseal(octets, key), scalar + verifier):
            raise KeyFaultError("what was wrapped does not come back")
        return octets

    def open(self, octets: bytes) -> OpenedKey:
        """Open a wrapped key from anywhere.

        Raises:
            InputArgumentError: No wrapped key.
            KeyFaultError: Not of this device, wrapped under a retired key, or changed; the last two look alike.
        """
        try:
            record = read_wrapped_key(octets)
        except MalformedDataError as error:
            raise InputArgumentError(str(error)) from None
        if record.family != DEVICE_FAMILY:
            raise KeyFaultError("wrapped by a device of another family")
        opened = self._unseal(octets, self._key_for(record))
        try:
            key = PrivateKey.from_scalar(opened[:SECRET_LENGTH])
        except InvalidKeyError:
            raise KeyFaultError("the wrapped scalar is none") from None
        if key.public_key.point != record.public_key:
            raise KeyFaultError("the wrapped scalar is not the public key's")
        return OpenedKey(record, key, opened[SECRET_LENGTH:])

    def _key_for(self, record: WrappedKey) -> bytes:
        wrapping = self.by_id(record.wrapping_id)
        secret = self._store.protection.unwrap_secret(
            wrapping.wrapped_secret, binding=_binding(wrapping.number, wrapping.wrapping_id)
        )
        return hmac_sm3(secret, b"xinyin wrapped key\x00" + bytes((record.usage,)) + record.key_id)[:16]

    def by_id(self, wrapping_id: bytes) -> WrappingKeyRecord:
        """The wrapping key of this identifier.

        Raises:
            KeyFaultError: It is another device's, or was retired.
        """
        if wrapping_id not in self._numbers:
            self._numbers = {record.wrapping_id: record.key for record in self.all()}
        record = self._store.get(WrappingKeyRecord, self._numbers.get(wrapping_id, b""))
        if record is not None and record.wrapping_id == wrapping_id:
            return record
        raise KeyFaultError("wrapped by another device, or under a wrapping key that was retired")

    @staticmethod
    def _unseal(octets: bytes, key: bytes) -> bytes:
        header, sealed = octets[:-SEALED_LENGTH], octets[-SEALED_LENGTH:]
        try:
            return sm4_gcm_decrypt(key, sealed[:_NONCE], sealed[_NONCE:], header)
        except DecryptionError:
            raise KeyFaultError("the wrapped key was changed") from None

    # Uses are counted for all pairs of a wrapping key together: what lies outside cannot be counted there.

    def take(self, wrapping_id: bytes, count: int) -> None:
        """Count uses that are about to happen; on return they are on the disk.

        Raises:
            KeyFaultError: The wrapping key was retired meanwhile.
            NoBufferError, FileWriteError: They could not be written; nothing is counted.
        """
        with self._counting:
            record = self.by_id(wrapping_id)
            used = self._used.setdefault(wrapping_id, record.uses) + count
            if used > record.uses:
                with self._store.exclusive:
                    record = self.by_id(wrapping_id)
                    goal = max(used + self._reserve, record.uses)
                    event = Event("device", "reserve-uses", _target(record), goal - record.uses)
                    self._store.change([event], puts=[replace(record, uses=goal)])
            self._used[wrapping_id] = used

    def _uses(self, record: WrappingKeyRecord) -> int:
        return self._used.get(record.wrapping_id, record.uses)

    def shown(self) -> list[WrappingKeyRecord]:
        """Every one with the exact number of uses, for showing."""
        return [replace(record, uses=self._uses(record)) for record in self.all()]

    def settle(self) -> list[WrappingKeyRecord]:
        """Return the records whose exact count differs from what is written, with the exact count."""
        with self._counting:
            return [shown for shown, record in zip(self.shown(), self.all(), strict=True) if shown != record]


def _binding(number: int, wrapping_id: bytes) -> bytes:
    return b"wrapping\x00" + number.to_bytes(4, "big") + wrapping_id


def _target(record: WrappingKeyRecord) -> str:
    return f"wrapping key {record.number} {record.wrapping_id.hex()}"
