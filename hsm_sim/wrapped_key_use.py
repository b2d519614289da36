"""Pairs from outside, used: opened, admitted, counted, their signatures checked.

The rules of ``hsm_sim.key_use`` hold here too. In their order:

1. The octets open: they are a wrapped key of this device, unchanged, under a wrapping key that was not retired.
2. The pair was not revoked, its purpose and usage allow what is asked, and its time has not ended.
3. The session has the right: to the index that guards it, whose pair is in a state that allows the use, or to the
   pair itself by its own password.
4. The use is counted on the disk, with all uses of its wrapping key.
5. A signature leaves only after it was verified.

Opening costs about as much as a signature, so the pairs used last stay open (``hsm_sim.open_keys``); each use is
judged anew by the rules from 2 on.
"""

import hmac
import threading
from collections.abc import Sequence
from dataclasses import replace

from crypto import CryptoError, DecryptionError, decrypt, pbkdf2_sm3, sm3
from hsm_sim.audit import Event
from hsm_sim.checked_signing import UnsoundSignatureError, sign_all_checked, sign_checked
from hsm_sim.device import Device, Interior
from hsm_sim.key_lives import state_of
from hsm_sim.key_states import check_use
from hsm_sim.model import DIGEST_LENGTH, KeyUsage, check_password
from hsm_sim.return_codes import (
    AccessDeniedError,
    AccessRightError,
    CiphertextError,
    InputArgumentError,
    KeyNotExistError,
    KeyTypeError,
    PasswordLockedError,
    PrivateKeyOperationError,
    SigningError,
)
from hsm_sim.sessions import Session
from hsm_sim.wrapped_key import Guard, OwnPassword, WrappedKey, WrappedPurpose
from hsm_sim.wrapped_key_commands import LoadedKey, WrappedKeyInfo
from hsm_sim.wrapping import VERIFIER_LENGTH, OpenedKey


class WrappedKeyUse:
    """What applications do with pairs they keep themselves."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._trying = threading.Lock()

    def info(self, octets: bytes) -> WrappedKeyInfo:
        """Open a pair and tell what is public about it. Raises as ``WrappingKeys.open``."""
        interior = self._device.ready()
        record = interior.open_keys.open(octets)[1].record
        mark = interior.marks.get(record.key_id)
        tries = None
        if record.password is not None:
            tries = interior.store.root.policy.password_tries if mark.tries_left is None else mark.tries_left
        return WrappedKeyInfo(
            record.key_id,
            record.usage,
            record.purpose,
            record.public_key,
            record.label,
            record.owner,
            record.created,
            record.not_after,
            interior.wrapping.by_id(record.wrapping_id).number,
            int(mark.revoked),
            tries,
        )

    # Rights

    def get_right(self, session: Session, octets: bytes, password: bytes) -> None:
        """Give a session the right to a pair with a password of its own.

        A try is written down before it is judged, and taken back when it was right.

        Raises:
            InputArgumentError: Not 8 to 64 octets, or the pair has no password; this costs no try.
            PasswordLockedError: Too many wrong ones before; an officer unlocks.
            AccessRightError: It is wrong.
            DeviceError: As ``WrappingKeys.open``, and if the pair was revoked.
        """
        check_password(password)
        interior = self._device.ready()
        opened = interior.open_keys.open(octets)[1]
        record = opened.record
        if record.password is None:
            raise InputArgumentError("the right to this pair is that to its guard's index")
        with self._trying:
            _spend_try(interior, record)
            if not _is_password(opened, record.password, password):
                left = interior.marks.get(record.key_id).tries_left
                refusal = AccessRightError(f"{_named(record)}: {left} tries left")
                event = Event(session.actor, "access-right", _named(record), return_code=refusal.code)
                interior.store.change([event], essential=True)
                refusal.logged = True
                raise refusal
            with interior.marks.exclusive:
                right = replace(interior.marks.get(record.key_id), tries_left=None)
                interior.marks.put([right], [Event(session.actor, "access-right", _named(record))])
        session.wrapped.give_right(record.key_id)

    def load(self, session: Session, octets: bytes) -> LoadedKey:
        """Open a pair and name it by a handle of this session. Raises as ``WrappingKeys.open``."""
        digest, opened = self._device.ready().open_keys.open(octets)
        return LoadedKey(session.wrapped.new_handle(digest), opened.record.public_key)

    def unload(self, session: Session, handle: int) -> None:
        """Forget a handle.

        Raises:
            KeyNotExistError: There is none of this number.
        """
        self._device.ready()
        session.wrapped.drop_handle(handle)

    def loaded(self, session: Session, handle: int) -> OpenedKey:
        """The pair of a handle.

        Raises:
            KeyNotExistError: No such handle, or so many others were used since that its pair fell out of memory:
                load it again.
        """
        opened = self._device.ready().open_keys.find(session.wrapped.digest(handle))
        if opened is None:
            session.wrapped.drop_handle(handle)
            raise KeyNotExistError(f"handle {handle}: load the pair again")
        return opened

    def opened(self, octets: bytes) -> OpenedKey:
        """The pair in a request. Raises as ``WrappingKeys.open``."""
        return self._device.ready().open_keys.open(octets)[1]

    # Use

    def sign(self, session: Session, opened: OpenedKey, digest: bytes) -> bytes:
        """Sign e, 32 octets; DER SEQUENCE {r, s}, verified.

        Raises:
            InputArgumentError: The digest has not 32 octets.
            AccessDeniedError, KeyTypeError: The pair may not be used for this, or not by this session.
            SigningError: The signature did not verify; the device is in its error state.
        """
        if len(digest) != DIGEST_LENGTH:
            raise InputArgumentError(f"a digest has 32 octets, not {len(digest)}")
        self._count(session, self._admit(session, opened, KeyUsage.SIGN, WrappedPurpose.USE), 1)
        try:
            return sign_checked(opened.key, digest)
        except UnsoundSignatureError as error:
            raise self._withheld(opened) from error

    def sign_batch(self, session: Session, opened: OpenedKey, digests: Sequence[bytes]) -> list[bytes]:
        """Sign several digests, all or none; counted as that many uses. Raises as ``sign``."""
        if not digests or any(len(digest) != DIGEST_LENGTH for digest in digests):
            raise InputArgumentError("a batch has at least one digest, and each has 32 octets")
        self._count(session, self._admit(session, opened, KeyUsage.SIGN, WrappedPurpose.USE), len(digests))
        try:
            return sign_all_checked(opened.key, digests)
        except UnsoundSignatureError as error:
            raise self._withheld(opened) from error

    def decrypt(self, session: Session, opened: OpenedKey, ciphertext: bytes) -> bytes:
        """Open a DER SM2Cipher with an encryption pair.

        Raises:
            AccessDeniedError, KeyTypeError: The pair may not be used for this, or not by this session.
            CiphertextError: It does not open; which check failed is not told.
        """
        self._count(session, self._admit(session, opened, KeyUsage.ENCRYPT, WrappedPurpose.USE), 1)
        try:
            return decrypt(opened.key, ciphertext)
        except DecryptionError:
            raise CiphertextError from None
        except CryptoError as error:
            raise PrivateKeyOperationError(_named(opened.record)) from error

    def admit_escrowed(self, session: Session, octets: bytes) -> OpenedKey:
        """Open a pair that is to leave enveloped; not counted yet.

        Raises:
            DeviceError: It does not open, is not escrowed, was revoked, or this session has no right to it.
        """
        opened = self.opened(octets)
        self._admit(session, opened, KeyUsage.ENCRYPT, WrappedPurpose.ESCROW)
        return opened

    def _admit(self, session: Session, opened: OpenedKey, usage: KeyUsage, purpose: WrappedPurpose) -> OpenedKey:
        interior = self._device.ready()
        record = opened.record
        interior.wrapping.by_id(record.wrapping_id)  # it may have been retired since the pair was opened
        if record.usage is not usage:
            raise KeyTypeError(f"{_named(record)} is a pair to {record.usage.name.lower()} with")
        if interior.marks.get(record.key_id).revoked:
            raise AccessDeniedError(f"{_named(record)} was revoked")
        if record.purpose is not purpose:
            raise AccessDeniedError(f"{_named(record)} is for {record.purpose.name.lower()} only")
        if record.not_after is not None and self._device.now() > record.not_after:
            raise AccessDeniedError(f"the time of {_named(record)} has ended")
        if record.guard is not None:
            _check_guard(interior, session, record.guard, usage)
        elif not session.wrapped.has_right(record.key_id):
            raise AccessDeniedError(f"no right to {_named(record)}")
        return opened

    def _count(self, session: Session, opened: OpenedKey, count: int) -> None:
        self._device.ready().wrapping.take(opened.record.wrapping_id, count)
        session.wrapped.count(opened.record.usage, count)

    def _withheld(self, opened: OpenedKey) -> SigningError:
        self._device.fail(f"a signature of {_named(opened.record)} did not verify and was kept back")
        return SigningError("the signature did not verify and was kept back")


def _check_guard(interior: Interior, session: Session, guard: Guard, usage: KeyUsage) -> None:
    """The session has the right to the index, and the pair there is the guard, in a state that allows the use."""
    right = session.rights.get(guard.index)
    if right is None or right.version != interior.keys.version(guard.index):
        raise AccessDeniedError(f"no right to index {guard.index}, which guards the pair")
    pair = interior.keys.record(guard.index, KeyUsage.SIGN)
    if sm3(pair.public_key) != guard.point:
        raise AccessDeniedError(f"index {guard.index} holds another pair than the one that guards")
    check_use(state_of(interior.store, pair), usage)


def _spend_try(interior: Interior, record: WrappedKey) -> None:
    """Write down that a password is tried, before it is judged."""
    with interior.marks.exclusive:
        mark = interior.marks.get(record.key_id)
        if mark.revoked:
            raise AccessDeniedError(f"{_named(record)} was revoked")
        left = interior.store.root.policy.password_tries if mark.tries_left is None else mark.tries_left
        if not left:
            raise PasswordLockedError(_named(record))
        interior.marks.put([replace(mark, tries_left=left - 1)], [], essential=True)


def _is_password(opened: OpenedKey, terms: OwnPassword, password: bytes) -> bool:
    return hmac.compare_digest(
        pbkdf2_sm3(password, terms.salt, terms.iterations, VERIFIER_LENGTH), opened.verifier
    )


def _named(record: WrappedKey) -> str:
    return f"wrapped key {record.key_id.hex()}"
