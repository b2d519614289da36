"""Private keys at work: access rights, signing, decrypting, and verifying with what is registered.

Rules, in the order they are asked:

1. A private key is used by a session that presented the index's password, for as long as the session lives and the
   password and the index stay as they were.
2. Which pair a command uses is fixed: the signing pair signs, the encryption pair decrypts.
3. A use is counted on the disk before it happens.
4. A signature leaves only after it was verified with the registered public key. One that fails the check is kept
   back, and the device goes to the error state.
"""

from collections.abc import Sequence

from crypto import (
    CryptoError,
    DecryptionError,
    InvalidSignatureError,
    PrivateKey,
    PublicKey,
    decrypt,
    verify_digest,
)
from hsm_sim.checked_signing import UnsoundSignatureError, sign_all_checked, sign_checked
from hsm_sim.device import Device, Interior
from hsm_sim.model import DEVICE_INDEX, DIGEST_LENGTH, KeyUsage
from hsm_sim.return_codes import (
    AccessDeniedError,
    CiphertextError,
    DeviceError,
    InputArgumentError,
    KeyNotExistError,
    PrivateKeyOperationError,
    SigningError,
    VerificationError,
)
from hsm_sim.sessions import AccessRight, Session


class KeyUse:
    """What applications do with the keys of a device."""

    def __init__(self, device: Device) -> None:
        self._device = device

    def get_access_right(self, session: Session, index: int, password: bytes) -> None:
        """Give a session the right to the private keys of an index. Raises as ``Passwords.present``."""
        interior = self._device.ready()
        if index == DEVICE_INDEX:
            raise AccessDeniedError("index 0 is the device's own")
        version = interior.keys.version(index)
        interior.passwords.present(index, password, actor=session.actor)
        if index not in session.rights or session.rights[index].version != version:
            session.drop_right(index)
            session.rights[index] = AccessRight(version)

    def release_access_right(self, session: Session, index: int) -> None:
        """Take the right back.

        Raises:
            AccessDeniedError: The session holds none.
        """
        self._device.ready()
        if index not in session.rights:
            raise AccessDeniedError(f"index {index}")
        self._device.log(session.use_events(index))
        session.drop_right(index)

    def change_password(self, session: Session, index: int, password: bytes, new_password: bytes) -> None:
        """Give an index a new password; every right to it ends. Raises as ``Passwords.change``."""
        interior = self._device.ready()
        interior.passwords.change(index, password, new_password, actor=session.actor)
        interior.keys.end_rights(index)

    def reset_password(self, session: Session, index: int, password: bytes) -> None:
        """Unlock an index, as an officer; every right to it ends. Raises as ``Passwords.reset``."""
        interior = self._device.managed(session)
        interior.passwords.reset(index, password, actor=session.actor)
        interior.keys.end_rights(index)

    def sign(self, session: Session, index: int, digest: bytes) -> bytes:
        """Sign e, 32 octets; DER SEQUENCE {r, s}, verified.

        Raises:
            InputArgumentError: The digest has not 32 octets.
            AccessDeniedError: The session holds no right to the index.
            UseLimitError: The key is used up.
            SigningError: The signature did not verify; the device is in its error state.
        """
        if len(digest) != DIGEST_LENGTH:
            raise InputArgumentError(f"a digest has 32 octets, not {len(digest)}")
        key = self._private_key(session, index, KeyUsage.SIGN, 1)
        try:
            return sign_checked(key, digest)
        except UnsoundSignatureError as error:
            raise self._withheld(index) from error

    def sign_batch(self, session: Session, index: int, digests: Sequence[bytes]) -> list[bytes]:
        """Sign several digests, all or none; counted as that many uses. Raises as ``sign``."""
        if not digests or any(len(digest) != DIGEST_LENGTH for digest in digests):
            raise InputArgumentError("a batch has at least one digest, and each has 32 octets")
        key = self._private_key(session, index, KeyUsage.SIGN, len(digests))
        try:
            return sign_all_checked(key, digests)
        except UnsoundSignatureError as error:
            raise self._withheld(index) from error

    def _withheld(self, index: int) -> SigningError:
        self._device.fail(f"a signature of index {index} did not verify and was kept back")
        return SigningError("the signature did not verify and was kept back")

    def decrypt(self, session: Session, index: int, ciphertext: bytes) -> bytes:
        """Open a DER SM2Cipher with the encryption pair.

        Raises:
            AccessDeniedError: The session holds no right to the index.
            CiphertextError: It does not open; which check failed is not told.
        """
        key = self._private_key(session, index, KeyUsage.ENCRYPT, 1)
        try:
            return decrypt(key, ciphertext)
        except DecryptionError:
            raise CiphertextError from None
        except CryptoError as error:
            raise PrivateKeyOperationError(f"index {index}") from error

    def verify(self, index: int, digest: bytes, signature: bytes) -> None:
        """Verify with the signing pair's public key; needs no right.

        Raises:
            VerificationError: The signature is wrong.
        """
        if len(digest) != DIGEST_LENGTH:
            raise InputArgumentError(f"a digest has 32 octets, not {len(digest)}")
        record = self._device.ready().keys.record(index, KeyUsage.SIGN)
        try:
            verify_digest(PublicKey(record.public_key), digest, signature)
        except InvalidSignatureError:
            raise VerificationError from None

    def encryption_key(self, session: Session, index: int) -> PrivateKey:
        """The encryption pair's private key, for one use inside the device.

        Raises:
            AccessDeniedError: The session holds no right to the index.
        """
        return self._private_key(session, index, KeyUsage.ENCRYPT, 1)

    def want_right(self, session: Session, index: int, usage: KeyUsage) -> None:
        """Refuse a session that could not use the private key of a pair. Raises as ``encryption_key``."""
        self._right(self._device.ready(), session, index, usage)

    def _right(self, interior: Interior, session: Session, index: int, usage: KeyUsage) -> AccessRight:
        right = session.rights.get(index)
        if right is None:
            raise self._no_right(interior, index, usage)
        if right.version != interior.keys.version(index):
            session.drop_right(index)
            raise self._no_right(interior, index, usage)
        return right

    def _private_key(self, session: Session, index: int, usage: KeyUsage, count: int) -> PrivateKey:
        """Check the right, find the pair the command uses, count the uses."""
        interior = self._device.ready()
        right = self._right(interior, session, index, usage)
        key = right.keys.get(usage)
        if key is None:
            key = right.keys[usage] = interior.keys.load(interior.keys.record(index, usage))
        interior.counters.take(index, usage, count)
        right.uses[usage] = right.uses.get(usage, 0) + count
        return key

    @staticmethod
    def _no_right(interior: Interior, index: int, usage: KeyUsage) -> DeviceError:
        try:
            interior.keys.record(index, usage)
        except (KeyNotExistError, AccessDeniedError) as error:
            return error
        return AccessDeniedError(f"index {index}")
