"""Signing, with every signature verified before anybody sees it.

A signature that is wrong, from a flipped bit or an attack by faults, can give the private key away.
"""

from collections.abc import Sequence

from crypto import CryptoError, PrivateKey, sign_digest, sign_many, verify_digest, verify_many


class UnsoundSignatureError(Exception):
    """A signature was not made or did not verify; it goes nowhere."""


def sign_checked(key: PrivateKey, digest: bytes) -> bytes:
    """Sign one digest of 32 octets; DER, verified.

    Raises:
        UnsoundSignatureError: It is kept back.
    """
    try:
        signature = sign_digest(key, digest)
        verify_digest(key.public_key, digest, signature)
    except CryptoError as error:
        raise UnsoundSignatureError from error
    return signature


def sign_all_checked(key: PrivateKey, digests: Sequence[bytes]) -> list[bytes]:
    """Sign several digests of 32 octets, all or none; DER, verified.

    Raises:
        UnsoundSignatureError: One of them is kept back, and so are all.
    """
    try:
        signatures = sign_many(key, digests)
        point = key.public_key
        good = verify_many([(point, e, der) for e, der in zip(digests, signatures, strict=True)])
    except (CryptoError, ValueError) as error:
        raise UnsoundSignatureError from error
    if len(good) != len(digests) or not all(good):
        raise UnsoundSignatureError
    return signatures
