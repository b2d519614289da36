"""Pairs at indexes: making, showing, loading for use, destroying."""

from collections.abc import Callable
from dataclasses import replace
from itertools import takewhile

from crypto import InvalidKeyError, PrivateKey
from hsm_sim.audit import Event
from hsm_sim.commands import MAX_KEY_PAGE, KeyInfo
from hsm_sim.key_lives import begun, moved, state_of
from hsm_sim.key_states import KeyEvent, KeyState, check_use
from hsm_sim.management import GenerateKeyPair
from hsm_sim.model import DEVICE_INDEX, KeyUsage, check_user_index
from hsm_sim.opening import new_key_record
from hsm_sim.passwords import Passwords
from hsm_sim.record_store import Clock, RecordStore
from hsm_sim.records import KeyRecord, PasswordRecord, Record, RecordKind, key_name, password_name
from hsm_sim.return_codes import (
    AccessDeniedError,
    InputArgumentError,
    KeyExistsError,
    KeyFaultError,
    KeyNotExistError,
    KeyTypeError,
    StoreIntegrityError,
)
from hsm_sim.self_test import pairwise_test
from hsm_sim.sessions import Session
from hsm_sim.use_counters import UseCounters

KeyFactory = Callable[[], PrivateKey]


class Keys:
    """The keys of an opened store."""

    def __init__(
        self, store: RecordStore, counters: UseCounters, passwords: Passwords, *, clock: Clock, make: KeyFactory
    ) -> None:
        self._store = store
        self._counters = counters
        self._passwords = passwords
        self._clock = clock
        self._make = make
        self._versions: dict[int, int] = {}

    def record(self, index: int, usage: KeyUsage) -> KeyRecord:
        """Find a pair by index.

        Raises:
            AccessDeniedError: Index 0, which is closed to applications.
            KeyTypeError: The index holds the other pair only.
            KeyNotExistError: It holds none.
        """
        if index == DEVICE_INDEX:
            raise AccessDeniedError("index 0 is the device's own")
        record = self._find(index, usage)
        if record is not None:
            return record
        if any(self._find(index, other) is not None for other in KeyUsage):
            raise KeyTypeError(f"index {index} has no {usage.name.lower()} pair")
        raise KeyNotExistError(f"index {index}")

    def _find(self, index: int, usage: KeyUsage) -> KeyRecord | None:
        if not 0 <= index < 2**32:
            return None
        return self._store.get(KeyRecord, key_name(index, usage))

    def device_point(self) -> bytes:
        """Public key of the device's signing pair, 04 ‖ X ‖ Y."""
        record = self._find(DEVICE_INDEX, KeyUsage.SIGN)
        if record is None:
            raise StoreIntegrityError("the device's pair is missing")
        return record.public_key

    def device_key(self) -> PrivateKey:
        """Private key of the device's signing pair; the caller wipes it.

        Raises:
            StoreIntegrityError: It is missing.
            KeyFaultError: The scalar is not the one of the registered public key.
        """
        record = self._find(DEVICE_INDEX, KeyUsage.SIGN)
        if record is None:
            raise StoreIntegrityError("the device's pair is missing")
        return self.load(record)

    def generate(self, request: GenerateKeyPair, *, actor: str) -> KeyInfo:
        """Make a pair, test it, store it; when this returns, it survives a power cut.

        Raises:
            InputArgumentError: No user index, or a password that is missing, too short or superfluous.
            KeyExistsError: The index has such a pair.
            SigningError, PrivateKeyOperationError: The pairwise test failed; nothing was stored.
        """
        check_user_index(request.index)
        key = self._make()
        try:
            pairwise_test(key, request.usage)
            record = new_key_record(
                key,
                index=request.index,
                usage=request.usage,
                label=request.label,
                use_limit=request.use_limit,
                created=self._clock(),
                protection=self._store.protection,
            )
        finally:
            key.wipe()
        with self._passwords.exclusive, self._store.exclusive:
            if self._find(request.index, request.usage) is not None:
                raise KeyExistsError(f"index {request.index} {request.usage.name.lower()}")
            puts: list[Record] = [record, *self._first_password(request)]
            if request.state is KeyState.PRE_ACTIVATION:
                puts.append(begun(record))
            self._store.change([Event(actor, "generate-key-pair", _target(record))], puts=puts)
        return self.info(record)

    def _first_password(self, request: GenerateKeyPair) -> list[PasswordRecord]:
        has_one = self._store.get(PasswordRecord, password_name(request.index)) is not None
        if has_one and request.password:
            raise InputArgumentError("the index has a password already; it covers both pairs")
        return [] if has_one else [self._passwords.new_record(request.index, request.password)]

    def destroy(self, index: int, session: Session) -> None:
        """Remove both pairs of an index and its password; every right to it ends, their histories stay.

        Raises:
            AccessDeniedError: Index 0.
            KeyNotExistError: There is no pair.
        """
        if index == DEVICE_INDEX:
            raise AccessDeniedError("index 0 is the device's own")
        with self._passwords.exclusive, self._store.exclusive:
            records = [found for usage in KeyUsage if (found := self._find(index, usage)) is not None]
            if not records:
                raise KeyNotExistError(f"index {index}")
            self.end_rights(index)  # first, so that no right outlives a removal that is reported as failed
            now = self._clock()
            self._store.change(
                [Event(session.actor, "destroy-key", _target(record), self._used(record)) for record in records],
                puts=[
                    moved(
                        self._store,
                        record,
                        KeyEvent.DESTROY,
                        time=now,
                        session=session,
                        reason="destroyed",
                        uses=self._used(record),
                    )
                    for record in records
                ],
                removes=[
                    *((RecordKind.KEY, record.key) for record in records),
                    (RecordKind.PASSWORD, password_name(index)),
                ],
                erases=True,
            )

    def _used(self, record: KeyRecord) -> int:
        return self._counters.used(record.index, record.usage)

    def set_label(self, index: int, usage: KeyUsage, label: str, *, actor: str) -> None:
        """Name a pair anew. Raises as ``record`` does."""
        with self._store.exclusive:
            record = replace(self.record(index, usage), label=label)
            self._store.change([Event(actor, "set-label", _target(record))], puts=[record])

    def info(self, record: KeyRecord) -> KeyInfo:
        """What is public about a pair."""
        return KeyInfo(
            record.index,
            record.usage,
            record.algorithm,
            record.public_key,
            record.label,
            record.created,
            self._used(record),
            record.use_limit,
            self._passwords.tries_left(record.index),
            state_of(self._store, record),
        )

    def page(self, first_index: int) -> tuple[KeyInfo, ...]:
        """Return user pairs from an index on; a page never parts the pairs of one index."""
        first = key_name(max(first_index, 1), KeyUsage.SIGN)
        records = self._store.all(KeyRecord, first)
        if len(records) > MAX_KEY_PAGE:
            parted = records[MAX_KEY_PAGE].index
            records = list(takewhile(lambda record: record.index < parted, records[:MAX_KEY_PAGE]))
        return tuple(self.info(record) for record in records)

    def load(self, record: KeyRecord) -> PrivateKey:
        """Take a private key out of its wrapping, for the use its pair has.

        Raises:
            KeyStateError: The key's state does not allow that use.
            KeyFaultError: The scalar is not the one of the registered public key.
            StoreIntegrityError: The wrapping does not open.
        """
        check_use(state_of(self._store, record), record.usage)
        try:
            key = PrivateKey.from_scalar(self._store.protection.unwrap_scalar(record))
        except InvalidKeyError as error:
            raise KeyFaultError(f"index {record.index}") from error
        if key.public_key.point != record.public_key:
            raise KeyFaultError(f"index {record.index}: another public key is registered")
        return key

    def version(self, index: int) -> int:
        """Number that changes when rights to the index must end."""
        return self._versions.get(index, 0)

    def end_rights(self, index: int) -> None:
        """Make every right to the index that was given so far worthless."""
        self._versions[index] = self.version(index) + 1


def _target(record: KeyRecord) -> str:
    return f"index {record.index} {record.usage.name.lower()}"
