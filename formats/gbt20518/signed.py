"""The SIGNED shape of certificates, revocation lists and requests: octets to be signed, algorithm, signature."""

from __future__ import annotations

from typing import NamedTuple

from crypto import DEFAULT_USER_ID, InvalidSignatureError, PublicKey, verify
from formats import der, oids
from formats.gbt20518.algorithm import SM2_WITH_SM3, read_signature_algorithm
from formats.tolerances import Tolerance


class Signed(NamedTuple):
    """A SIGNED value taken apart.

    Attributes:
        tbs: The to-be-signed value; ``tbs.encoded`` is what the signature covers.
        algorithm: The outer AlgorithmIdentifier.
        signature_algorithm: Its identifier.
        signature: Content of the signature BIT STRING; for SM2 the DER SEQUENCE {r, s}.
    """

    tbs: der.Node
    algorithm: der.Node
    signature_algorithm: str
    signature: bytes


def read_signed(node: der.Node, found: list[Tolerance]) -> Signed:
    """Take ``node`` apart without judging the signature.

    Raises:
        MalformedDataError: Not SEQUENCE {SEQUENCE, AlgorithmIdentifier, BIT STRING}.
    """
    fields = node.sequence(3, 3)
    tbs = fields.next("to-be-signed value").expect(der.SEQUENCE)
    algorithm = fields.next("signatureAlgorithm")
    oid = read_signature_algorithm(algorithm, found)
    return Signed(tbs, algorithm, oid, fields.next("signature").bits())


def expect_same_algorithm(inner: der.Node, outer: der.Node) -> None:
    """Refuse a signature field whose octets differ from the outer AlgorithmIdentifier (RFC 5280 4.1.1.2)."""
    if inner.encoded != outer.encoded:
        raise inner.error("signature field differs from the outer signatureAlgorithm")


def assemble_signed(tbs: bytes, signature: bytes) -> bytes:
    """DER of a signed value, algorithm SM2-with-SM3 without parameters.

    Args:
        tbs: The encoded to-be-signed value.
        signature: DER SEQUENCE {r, s}.
    """
    return der.sequence(tbs, SM2_WITH_SM3, der.bit_string(signature))


def verify_signed(
    tbs: bytes,
    signature_algorithm: str,
    signature: bytes,
    public_key: PublicKey,
    *,
    user_id: bytes = DEFAULT_USER_ID,
) -> None:
    """Verify an SM2-with-SM3 signature over ``tbs``.

    Raises:
        InvalidSignatureError: Wrong signature, or an algorithm other than SM2-with-SM3.
    """
    if signature_algorithm != oids.SM2_WITH_SM3:
        raise InvalidSignatureError(f"signature algorithm {signature_algorithm} is not SM2 with SM3")
    verify(public_key, tbs, signature, user_id=user_id)
