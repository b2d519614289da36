"""AlgorithmIdentifier and SubjectPublicKeyInfo for SM2 (GB/T 20518, GM/T 0006; RFC 5280 4.1.1.2, 4.1.2.7).

Writers leave the parameters of SM2-with-SM3 absent; readers also meet NULL there, and a misprinted identifier.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from crypto import InvalidKeyError, PublicKey
from formats import der, oids
from formats.tolerances import Tolerance

SM2_WITH_SM3: Final = der.sequence(der.oid(oids.SM2_WITH_SM3))
"""AlgorithmIdentifier of SM2 with SM3, parameters absent."""
SM3: Final = der.sequence(der.oid(oids.SM3))
"""AlgorithmIdentifier of SM3, parameters absent."""
_SM2_KEY_ALGORITHM: Final = der.sequence(der.oid(oids.EC_PUBLIC_KEY), der.oid(oids.SM2_CURVE))
_KNOWN: Final = {
    SM2_WITH_SM3: (oids.SM2_WITH_SM3, ()),
    der.sequence(der.oid(oids.SM2_WITH_SM3), der.null()): (
        oids.SM2_WITH_SM3,
        (Tolerance.X509_SIGNATURE_PARAMETERS_NULL,),
    ),
}


def read_signature_algorithm(node: der.Node, found: list[Tolerance]) -> str:
    """Identifier of a signature algorithm; the misprint of SM2-with-SM3 is returned as what it stands for.

    Raises:
        MalformedDataError: Not an AlgorithmIdentifier, or SM2-with-SM3 with parameters other than NULL.
    """
    known = _KNOWN.get(node.encoded)
    if known is not None:
        found.extend(known[1])
        return known[0]
    fields = node.sequence(1, 2)
    oid = fields.next("algorithm").oid()
    parameters = fields.peek()
    if oid == oids.SM2_WITH_SM3_MISPRINT:
        found.append(Tolerance.ALGORITHM_MISPRINT)
        oid = oids.SM2_WITH_SM3
    if oid == oids.SM2_WITH_SM3 and parameters is not None:
        parameters.null()
        found.append(Tolerance.X509_SIGNATURE_PARAMETERS_NULL)
    return oid


@dataclass(frozen=True, slots=True)
class SubjectPublicKeyInfo:
    """A certified key.

    Attributes:
        encoded: DER SubjectPublicKeyInfo.
        algorithm: Identifier of the key algorithm.
        curve: Identifier of the named curve; None without one.
        key_octets: Content of the BIT STRING, what the key identifier of RFC 5280 4.2.1.2 method 1 hashes.
        public_key: The key if it is an SM2 key, else None.
    """

    encoded: bytes
    algorithm: str
    curve: str | None
    key_octets: bytes
    public_key: PublicKey | None


def read_public_key_info(node: der.Node) -> SubjectPublicKeyInfo:
    """SubjectPublicKeyInfo at ``node``.

    Raises:
        MalformedDataError: Not a SubjectPublicKeyInfo, or an SM2 key that is no point of the curve.
    """
    fields = node.sequence(2, 2)
    algorithm_node = fields.next("algorithm")
    key_node = fields.next("subjectPublicKey")
    key_octets = key_node.bits()
    if algorithm_node.encoded == _SM2_KEY_ALGORITHM:
        try:
            key = _public_key(key_octets)
        except InvalidKeyError as exc:
            raise key_node.error("not a point of the SM2 curve") from exc
        return SubjectPublicKeyInfo(node.encoded, oids.EC_PUBLIC_KEY, oids.SM2_CURVE, key_octets, key)
    algorithm = algorithm_node.sequence(1, 2)
    oid = algorithm.next("algorithm").oid()
    curve = algorithm.optional(der.OBJECT_IDENTIFIER)
    return SubjectPublicKeyInfo(node.encoded, oid, curve.oid() if curve else None, key_octets, None)


def public_key_info(public_key: PublicKey) -> bytes:
    """DER SubjectPublicKeyInfo of an SM2 key, uncompressed point."""
    return der.sequence(_SM2_KEY_ALGORITHM, der.bit_string(public_key.point))


# Curve membership costs a field multiplication; the keys of a CA recur in every path.
_public_key = lru_cache(maxsize=1024)(PublicKey.from_point)
