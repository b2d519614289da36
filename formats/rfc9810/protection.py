"""Protection of CMP messages by a shared secret: password-based MAC (RFC 9810 5.1.3.1, RFC 9481) and PBMAC1.

Iterations are bounded on both sides: too few make a secret easy to guess, too many would make every message of a
stranger cost the authority its time. Digests: SHA-256, SHA-384, SHA-512 and SM3; as MAC HMAC-SHA-1 too, which
stock clients choose and which nothing is known against.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from crypto import hmac_sm3, sm3
from formats import der, oids
from formats.der import Node
from formats.errors import MalformedDataError

LEAST_ITERATIONS: Final = 100
MOST_ITERATIONS: Final = 20_000
_SALTS: Final = (8, 64)
_DIGESTS: Final[dict[str, Callable[[bytes], bytes]]] = {
    oids.SHA256: lambda data: hashlib.sha256(data).digest(),
    oids.SHA384: lambda data: hashlib.sha384(data).digest(),
    oids.SHA512: lambda data: hashlib.sha512(data).digest(),
    oids.SM3: sm3,
}
_HASHLIB: Final = {
    oids.HMAC_SHA1: "sha1",
    oids.HMAC_SHA1_PKIX: "sha1",
    oids.HMAC_SHA256: "sha256",
    oids.HMAC_SHA384: "sha384",
    oids.HMAC_SHA512: "sha512",
}
_MACS: Final = frozenset({*_HASHLIB, oids.SM3_KEYED})


@dataclass(frozen=True, slots=True)
class PasswordMac:
    """How a message is protected by a secret.

    Attributes:
        is_pbmac1: PBMAC1 of RFC 8018, else the password-based MAC of CMP.
        salt: 8 to 64 octets.
        iterations: Within the bounds above.
        digest: Of the derivation: a digest, or of PBMAC1 the HMAC of its PBKDF2.
        mac: Identifier of the HMAC.
        key_octets: Length of the key PBKDF2 derives; of no meaning otherwise.
    """

    salt: bytes = field(repr=False)
    iterations: int = 1000
    digest: str = oids.SHA256
    mac: str = oids.HMAC_SHA256
    is_pbmac1: bool = False
    key_octets: int = 32

    def __post_init__(self) -> None:
        if not _SALTS[0] <= len(self.salt) <= _SALTS[1]:
            raise ValueError("a salt has 8 to 64 octets")
        if not LEAST_ITERATIONS <= self.iterations <= MOST_ITERATIONS:
            raise ValueError(f"{LEAST_ITERATIONS} to {MOST_ITERATIONS} iterations are accepted")
        if self.mac not in _MACS:
            raise ValueError("this MAC is not accepted")
        if self.digest not in (_HASHLIB if self.is_pbmac1 else _DIGESTS) or not 16 <= self.key_octets <= 64:
            raise ValueError("this derivation is not accepted")

    def protect(self, secret: bytes, protected: bytes) -> bytes:
        """The MAC over header and body."""
        if self.is_pbmac1:
            name = _HASHLIB[self.digest]
            key = hashlib.pbkdf2_hmac(name, secret, self.salt, self.iterations, self.key_octets)
        else:
            compute = _DIGESTS[self.digest]
            key = secret + self.salt
            for _ in range(self.iterations):
                key = compute(key)
        if self.mac == oids.SM3_KEYED:
            return hmac_sm3(key, protected)
        return hmac.digest(key, protected, _HASHLIB[self.mac])

    def holds(self, secret: bytes, protected: bytes, protection: bytes) -> bool:
        """Whether ``protection`` is the MAC, compared in constant time."""
        return hmac.compare_digest(self.protect(secret, protected), protection)

    def encode(self) -> bytes:
        """AlgorithmIdentifier as DER."""
        salt, count = der.octet_string(self.salt), der.integer(self.iterations)
        mac = der.sequence(der.oid(self.mac))
        if not self.is_pbmac1:
            parameters = der.sequence(salt, der.sequence(der.oid(self.digest)), count, mac)
            return der.sequence(der.oid(oids.PASSWORD_BASED_MAC), parameters)
        prf = der.sequence(der.oid(self.digest), der.null())
        derivation = der.sequence(salt, count, der.integer(self.key_octets), prf)
        parameters = der.sequence(der.sequence(der.oid(oids.PBKDF2), derivation), mac)
        return der.sequence(der.oid(oids.PBMAC1), parameters)


def is_password_mac(algorithm: bytes) -> bool:
    """Whether an AlgorithmIdentifier names a protection by a shared secret.

    Raises:
        MalformedDataError: Not an AlgorithmIdentifier.
    """
    oid = der.parse(algorithm, what="protectionAlg").sequence(1, 2).next("algorithm").oid()
    return oid in {oids.PASSWORD_BASED_MAC, oids.PBMAC1}


def read_password_mac(algorithm: bytes) -> PasswordMac:
    """Decode the AlgorithmIdentifier of a protection by a shared secret.

    Raises:
        MalformedDataError: Not one, or with a choice that is not accepted here.
    """
    fields = der.parse(algorithm, what="protectionAlg").sequence(2, 2)
    oid = fields.next("algorithm").oid()
    parameters = fields.next("parameters")
    if oid == oids.PBMAC1:
        return _pbmac1(parameters)
    parts = parameters.sequence(4, 4)
    salt, digest = parts.next("salt").octets(), _algorithm(parts.next("owf"))
    count = parts.next("iterationCount").integer(max_octets=8)
    return _made(parameters, salt, count, digest, _algorithm(parts.next("mac")), is_pbmac1=False, key_octets=32)


def _pbmac1(parameters: Node) -> PasswordMac:
    parts = parameters.sequence(2, 2)
    derivation = parts.next("keyDerivationFunc").sequence(2, 2)
    if derivation.next("algorithm").oid() != oids.PBKDF2:
        raise parameters.error("PBMAC1 without PBKDF2")
    fields = derivation.next("parameters").sequence(2, 4)
    salt = fields.next("salt").octets()
    count = fields.next("iterationCount").integer(max_octets=8)
    length, prf = fields.optional(der.INTEGER), fields.optional(der.SEQUENCE)
    fields.end()
    digest = oids.HMAC_SHA1 if prf is None else _algorithm(prf)
    key_octets = 32 if length is None else length.integer(max_octets=4)
    mac = _algorithm(parts.next("messageAuthScheme"))
    return _made(parameters, salt, count, digest, mac, is_pbmac1=True, key_octets=key_octets)


def _made(
    node: Node, salt: bytes, count: int, digest: str, mac: str, *, is_pbmac1: bool, key_octets: int
) -> PasswordMac:
    try:
        return PasswordMac(salt, count, digest, mac, is_pbmac1, key_octets)
    except MalformedDataError:
        raise
    except ValueError as exc:
        raise node.error(str(exc)) from exc


def _algorithm(node: Node) -> str:
    """Identifier of an algorithm whose parameters are absent or NULL."""
    parts = node.sequence(1, 2)
    oid, parameters = parts.next("algorithm").oid(), parts.peek()
    if parameters is not None:
        parameters.null()
    return oid
