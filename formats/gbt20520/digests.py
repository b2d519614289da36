"""Digests that time stamps are made with: SM3, and those of SHA-2 that authorities abroad use."""

import hashlib
from collections.abc import Callable
from typing import Final

from crypto import sm3
from formats import oids


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _sha384(data: bytes) -> bytes:
    return hashlib.sha384(data).digest()


def _sha512(data: bytes) -> bytes:
    return hashlib.sha512(data).digest()


IMPRINT_DIGESTS: Final[dict[str, Callable[[bytes], bytes]]] = {
    oids.SM3: sm3,
    oids.SHA256: _sha256,
    oids.SHA384: _sha384,
    oids.SHA512: _sha512,
}
"""What is computed here, by identifier."""

LENGTHS: Final = {oids.SM3: 32, oids.SHA256: 32, oids.SHA384: 48, oids.SHA512: 64, oids.SHA1: 20, oids.MD5: 16}
"""Octets of a digest, also of those that are only recognised."""


def imprint_of(data: bytes, algorithm: str = oids.SM3) -> bytes:
    """The digest of ``data`` for an imprint.

    Raises:
        ValueError: No digest of ``IMPRINT_DIGESTS``.
    """
    compute = IMPRINT_DIGESTS.get(algorithm)
    if compute is None:
        raise ValueError(f"no digest for imprints: {algorithm}")
    return compute(data)
