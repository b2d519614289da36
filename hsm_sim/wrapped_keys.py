"""Making pairs that are kept outside, wrapping them anew, revoking and unlocking them: what officers do."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from crypto import PrivateKey, Sm3, pbkdf2_sm3, sm3
from hsm_sim.audit import Event
from hsm_sim.key_marks import KeyMarks
from hsm_sim.keys import KeyFactory, Keys
from hsm_sim.model import DEVICE_FAMILY, KeyUsage, check_password
from hsm_sim.protection import SALT_LENGTH, RandomOctets
from hsm_sim.record_store import Clock, RecordStore
from hsm_sim.records import WrappingKeyRecord
from hsm_sim.return_codes import AccessDeniedError, InputArgumentError
from hsm_sim.self_test import pairwise_test
from hsm_sim.wrapped_key import (
    FORM,
    KEY_ID_LENGTH,
    SEALED_LENGTH,
    Guard,
    OwnPassword,
    WrappedKey,
    WrappedPurpose,
)
from hsm_sim.wrapped_key_commands import MakeWrappedKeys
from hsm_sim.wrapping import NO_VERIFIER, VERIFIER_LENGTH, OpenedKey, WrappingKeys

_UNSEALED: Final = bytes(SEALED_LENGTH)


class WrappedKeys:
    """Wrapped pairs of an opened store, as their makers see them."""

    def __init__(
        self,
        store: RecordStore,
        wrapping: WrappingKeys,
        marks: KeyMarks,
        keys: Keys,
        *,
        clock: Clock,
        random: RandomOctets,
        make: KeyFactory,
    ) -> None:
        self._store = store
        self._wrapping = wrapping
        self._marks = marks
        self._keys = keys
        self._clock = clock
        self._random = random
        self._make = make

    def make(self, request: MakeWrappedKeys, *, actor: str) -> list[bytes]:
        """Make pairs, test and wrap each, and log all of them in one line.

        Raises:
            StepError: Wrapping has not been enabled.
            InputArgumentError: No order; a guard and a password, or neither; an end in the past; a signing pair
                for escrow.
            KeyNotExistError, KeyTypeError: The guard has no signing pair.
            SigningError, PrivateKeyOperationError: A pairwise test failed; nothing is handed out.
        """
        now = self._clock()
        if not request.orders or (request.not_after is not None and request.not_after <= now):
            raise InputArgumentError("at least one order, and an end that is not past")
        if request.purpose is WrappedPurpose.ESCROW and request.usage is not KeyUsage.ENCRYPT:
            raise InputArgumentError("signing pairs are not escrowed")
        access, verifier = self._access(request)
        wrapping = self._wrapping.active()
        blank = WrappedKey(
            FORM,
            DEVICE_FAMILY,
            wrapping.wrapping_id,
            bytes(KEY_ID_LENGTH),
            request.usage,
            request.usage.algorithm,
            request.purpose,
            bytes(65),
            "",
            "",
            now,
            request.not_after,
            access if isinstance(access, Guard) else None,
            access if isinstance(access, OwnPassword) else None,
            _UNSEALED,
        )
        made = []
        for order in request.orders:
            record = replace(blank, label=order.label, owner=order.owner, key_id=self._random(KEY_ID_LENGTH))
            made.append(self._made(record, verifier))
        what = f"{request.usage.name.lower()} {request.purpose.name.lower()}"
        self._log_wrapped(Event(actor, "make-wrapped", what, len(made)), wrapping, made)
        return made

    def _made(self, record: WrappedKey, verifier: bytes) -> bytes:
        key: PrivateKey = self._make()
        try:
            pairwise_test(key, record.usage)
            return self._wrapping.seal(replace(record, public_key=key.public_key.point), key.scalar(), verifier)
        finally:
            key.wipe()

    def _access(self, request: MakeWrappedKeys) -> tuple[Guard | OwnPassword, bytes]:
        """What gives access to the pairs, and the verifier that is sealed beside each scalar."""
        if (request.guard is None) == (not request.password):
            raise InputArgumentError("access is by a guard or by a password")
        if request.guard is not None:
            guard = self._keys.record(request.guard, KeyUsage.SIGN)
            return Guard(guard.index, sm3(guard.public_key)), NO_VERIFIER
        check_password(request.password)
        terms = OwnPassword(self._random(SALT_LENGTH), self._store.root.policy.password_iterations)
        return terms, pbkdf2_sm3(request.password, terms.salt, terms.iterations, VERIFIER_LENGTH)

    def _log_wrapped(self, event: Event, wrapping: WrappingKeyRecord, wrapped: Sequence[bytes]) -> None:
        """Log what was wrapped by number and digest, and count it; durable on return."""
        digest = Sm3()
        for octets in wrapped:
            digest.update(octets)
        named = f"{event.object} under {wrapping.number} sm3 {digest.digest()[:16].hex()}"
        with self._store.exclusive:
            # The record as it is now: its counter of uses may have moved on.
            current = next(each for each in self._wrapping.all() if each.number == wrapping.number)
            counted = replace(current, made=current.made + len(wrapped))
            self._store.change([replace(event, object=named)], puts=[counted])

    def rewrap(self, wrapped: Sequence[bytes], *, actor: str) -> list[bytes]:
        """Wrap pairs anew under the newest wrapping key.

        Raises:
            InputArgumentError: None is given, or one is no wrapped key.
            KeyFaultError: One does not open here.
            AccessDeniedError: One was revoked.
        """
        if not wrapped:
            raise InputArgumentError("at least one wrapped key")
        wrapping = self._wrapping.active()
        made = [self._rewrapped(octets, wrapping) for octets in wrapped]
        self._log_wrapped(Event(actor, "rewrap", count=len(made)), wrapping, made)
        return made

    def _rewrapped(self, octets: bytes, wrapping: WrappingKeyRecord) -> bytes:
        opened: OpenedKey = self._wrapping.open(octets)
        if self._marks.get(opened.record.key_id).revoked:
            raise AccessDeniedError(f"wrapped key {opened.record.key_id.hex()} was revoked")
        record = replace(opened.record, wrapping_id=wrapping.wrapping_id)
        return self._wrapping.seal(record, opened.key.scalar(), opened.verifier)

    def revoke(self, key_ids: Sequence[bytes], *, actor: str) -> None:
        """Let pairs never be used again, by their identifiers; whether there are such is not known here.

        Raises:
            InputArgumentError: None is given.
        """
        if not key_ids:
            raise InputArgumentError("at least one wrapped key")
        with self._marks.exclusive:
            marks = [
                replace(mark, revoked=True) for each in set(key_ids) if not (mark := self._marks.get(each)).revoked
            ]
            if marks:
                named = f"sm3 {sm3(b''.join(sorted(mark.key_id for mark in marks)))[:16].hex()}"
                first = marks[0].key_id.hex() if len(marks) == 1 else named
                self._marks.put(marks, [Event(actor, "revoke-wrapped", first, len(marks))])

    def unlock(self, key_id: bytes, *, actor: str) -> None:
        """Give a pair's password all its tries back."""
        with self._marks.exclusive:
            mark = replace(self._marks.get(key_id), tries_left=None)
            self._marks.put([mark], [Event(actor, "unlock-wrapped", key_id.hex())])
