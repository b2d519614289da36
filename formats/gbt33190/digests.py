"""Digest algorithms that signature files name in References/@CheckMethod (GB/T 33190-2016 18.2)."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Final

from crypto import sm3
from formats import oids


class DigestAlgorithm(StrEnum):
    """Algorithms this reader can compute; the value is the object identifier.

    Only SM3 protects anything: MD5 and SHA-1 are computed so that a report can say what a file claims.
    """

    SM3 = oids.SM3
    MD5 = oids.MD5
    SHA1 = oids.SHA1
    SHA256 = oids.SHA256

    @property
    def label(self) -> str:
        """The usual name."""
        return _LABELS[self]

    def digest(self, data: bytes) -> bytes:
        """The digest of ``data``."""
        if self is DigestAlgorithm.SM3:
            return sm3(data)
        return hashlib.new(_HASHLIB[self], data, usedforsecurity=False).digest()


_LABELS: Final = {
    DigestAlgorithm.SM3: "SM3",
    DigestAlgorithm.MD5: "MD5",
    DigestAlgorithm.SHA1: "SHA-1",
    DigestAlgorithm.SHA256: "SHA-256",
}
_HASHLIB: Final = {
    DigestAlgorithm.MD5: "md5",
    DigestAlgorithm.SHA1: "sha1",
    DigestAlgorithm.SHA256: "sha256",
}
_SPELLINGS: Final = {
    "SM3": DigestAlgorithm.SM3,
    oids.SM3: DigestAlgorithm.SM3,
    oids.SM3_PLAIN: DigestAlgorithm.SM3,
    "MD5": DigestAlgorithm.MD5,
    oids.MD5: DigestAlgorithm.MD5,
    "SHA1": DigestAlgorithm.SHA1,
    "SHA-1": DigestAlgorithm.SHA1,
    oids.SHA1: DigestAlgorithm.SHA1,
    "SHA256": DigestAlgorithm.SHA256,
    "SHA-256": DigestAlgorithm.SHA256,
    oids.SHA256: DigestAlgorithm.SHA256,
}


def digest_algorithm(check_method: str) -> DigestAlgorithm | None:
    """The algorithm a CheckMethod means, ``None`` if unknown.

    1.2.156.10197.1.401.2 is not among them: by GB/T 33560 it is keyed SM3, and the one maker seen to use it hashes
    something else than the file.
    """
    return _SPELLINGS.get(check_method.strip().upper())
