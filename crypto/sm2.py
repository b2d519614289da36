"""SM2 signatures and public-key encryption (GB/T 32918), over whichever engine is active.

The user identity is always stated: implementations disagree about the default, and a signature made under one
identity fails under another. Nearly everything in China uses ``DEFAULT_USER_ID``.
"""

from typing import Final

from crypto import engines
from crypto.encoding import split_signature
from crypto.errors import InvalidSignatureError
from crypto.keys import PrivateKey, PublicKey
from crypto.sm3 import DIGEST_LENGTH, Sm3

DEFAULT_USER_ID: Final = b"1234567812345678"


def message_digest(public_key: PublicKey, message: bytes, *, user_id: bytes) -> bytes:
    """Compute e = SM3(Z ‖ M), 32 octets: what is signed when ``message`` is signed.

    Args:
        public_key: The signer's.
        message: Any length.
        user_id: The signer's identity, at most 8,191 octets.
    """
    running = Sm3(public_key.z_value(user_id))
    running.update(message)
    return running.digest()


def sign(private_key: PrivateKey, message: bytes, *, user_id: bytes) -> bytes:
    """Sign a message; DER SEQUENCE {r, s}."""
    return sign_digest(private_key, message_digest(private_key.public_key, message, user_id=user_id))


def sign_digest(private_key: PrivateKey, digest: bytes) -> bytes:
    """Sign a digest e that was computed before; DER SEQUENCE {r, s}.

    Args:
        private_key: The signer's.
        digest: 32 octets, see ``message_digest``.

    Raises:
        ValueError: The digest has not 32 octets.
        InvalidKeyError: The key was wiped.
        CryptoError: The engine failed.
    """
    if len(digest) != DIGEST_LENGTH:
        raise ValueError("SM2 signs a digest of 32 octets")
    engine = engines.active()
    return engine.sign(private_key.handle(engine), digest)


def verify(public_key: PublicKey, message: bytes, signature: bytes, *, user_id: bytes) -> None:
    """Verify a signature over a message.

    Args:
        public_key: The signer's.
        message: Exactly what was signed.
        signature: Strict DER SEQUENCE {r, s}.
        user_id: The identity it was signed under.

    Raises:
        InvalidSignatureError: It does not verify.
    """
    verify_digest(public_key, message_digest(public_key, message, user_id=user_id), signature)


def verify_digest(public_key: PublicKey, digest: bytes, signature: bytes) -> None:
    """Verify a signature over a digest e that was computed before.

    Args:
        public_key: The signer's.
        digest: 32 octets, see ``message_digest``.
        signature: Strict DER SEQUENCE {r, s}.

    Raises:
        ValueError: The digest has not 32 octets.
        InvalidSignatureError: The signature does not verify, or is not strict DER (the message says which).
    """
    if len(digest) != DIGEST_LENGTH:
        raise ValueError("SM2 verifies a digest of 32 octets")
    if not engines.active().verify(public_key.point, digest, signature):
        split_signature(signature)  # raises with the reason if the encoding is at fault
        raise InvalidSignatureError("the signature does not verify")


def encrypt(public_key: PublicKey, plaintext: bytes) -> bytes:
    """Encrypt a short secret, such as a symmetric key.

    Returns:
        DER SM2Cipher of GB/T 35276: SEQUENCE {X, Y, HASH, CipherText}.

    Raises:
        ValueError: The plaintext is empty; GB/T 32918.4 gives an empty one no ciphertext.
        CryptoError: The engine failed.
    """
    if not plaintext:
        raise ValueError("SM2 encrypts at least one octet")
    return engines.active().encrypt(public_key.point, plaintext)


def decrypt(private_key: PrivateKey, ciphertext: bytes) -> bytes:
    """Open a DER SM2Cipher of GB/T 35276.

    Raises:
        DecryptionError: It does not open; the reason is not told.
        InvalidKeyError: The key was wiped.
    """
    engine = engines.active()
    return engine.decrypt(private_key.handle(engine), ciphertext)


def engine_name() -> str:
    """Name of the engine in use: ``native``, ``openssl`` or ``gmssl``."""
    return engines.active().name


def engine_details() -> str:
    """Name the library and version behind the engine in use, for ``--version``."""
    return engines.active().details
