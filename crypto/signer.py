"""``Signer``: all that the house sees of a private key."""

from collections.abc import Sequence
from typing import Protocol

from crypto.bulk import sign_many
from crypto.errors import CryptoError, InvalidSignatureError, KeyStoreError
from crypto.keys import PrivateKey, PublicKey
from crypto.sm2 import message_digest, sign_digest, verify_digest


class Signer(Protocol):
    """Signs digests with a private key that lives elsewhere.

    Both methods raise ``KeyStoreError`` (or a class derived from it) when the key store cannot sign.
    """

    @property
    def public_key(self) -> PublicKey:
        """The public half of the key."""
        ...

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign one digest e of 32 octets; DER SEQUENCE {r, s}."""
        ...

    def sign_digests(self, digests: Sequence[bytes]) -> list[bytes]:
        """Sign several digests e of 32 octets; signatures in the same order."""
        ...


def sign_message(signer: Signer, message: bytes, *, user_id: bytes) -> bytes:
    """Sign a message and verify the result before it is handed out.

    A faulty device or a mixed-up key shows here, before anything is published.

    Args:
        signer: Holds the key.
        message: Any length.
        user_id: Identity to sign under.

    Returns:
        DER SEQUENCE {r, s}.

    Raises:
        KeyStoreError: The signer failed, or gave a signature that does not verify under its public key.
    """
    public_key = signer.public_key
    digest = message_digest(public_key, message, user_id=user_id)
    signature = signer.sign_digest(digest)
    try:
        verify_digest(public_key, digest, signature)
    except InvalidSignatureError as error:
        raise KeyStoreError("the signer returned a signature that does not verify") from error
    return signature


class SoftwareSigner:
    """A ``Signer`` over a key in this process's memory: for the key store itself, and for tests."""

    __slots__ = ("_private_key",)

    def __init__(self, private_key: PrivateKey) -> None:
        self._private_key = private_key

    @property
    def public_key(self) -> PublicKey:
        """The public half of the key."""
        return self._private_key.public_key

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign one digest e of 32 octets; DER."""
        try:
            return sign_digest(self._private_key, digest)
        except CryptoError as error:
            raise KeyStoreError(str(error)) from error

    def sign_digests(self, digests: Sequence[bytes]) -> list[bytes]:
        """Sign several digests e of 32 octets, on all cores; DER, in the same order."""
        try:
            return sign_many(self._private_key, digests)
        except CryptoError as error:
            raise KeyStoreError(str(error)) from error

    def __repr__(self) -> str:
        return f"<SoftwareSigner {self.public_key.point.hex()[:16]}…>"
