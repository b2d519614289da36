"""Signatures with RSA or ECDSA as X.509 and CMS name them: identifiers to what ``crypto.foreign`` verifies."""

from typing import Final

from crypto import InvalidSignatureError
from crypto.foreign import ForeignDigest, verify_foreign
from formats import oids

_DIGESTS: Final = {
    oids.SHA256: ForeignDigest.SHA256,
    oids.SHA384: ForeignDigest.SHA384,
    oids.SHA512: ForeignDigest.SHA512,
}
FOREIGN_ALGORITHMS: Final = {
    oids.RSA_WITH_SHA256: (oids.RSA_ENCRYPTION, oids.SHA256),
    oids.RSA_WITH_SHA384: (oids.RSA_ENCRYPTION, oids.SHA384),
    oids.RSA_WITH_SHA512: (oids.RSA_ENCRYPTION, oids.SHA512),
    oids.ECDSA_WITH_SHA256: (oids.EC_PUBLIC_KEY, oids.SHA256),
    oids.ECDSA_WITH_SHA384: (oids.EC_PUBLIC_KEY, oids.SHA384),
    oids.ECDSA_WITH_SHA512: (oids.EC_PUBLIC_KEY, oids.SHA512),
}
"""Signature algorithm to (algorithm of the key, digest)."""
_BY_PARTS: Final = {parts: algorithm for algorithm, parts in FOREIGN_ALGORITHMS.items()}


def foreign_algorithm(signature_algorithm: str, digest_algorithm: str) -> str | None:
    """The one identifier for a signature and a digest algorithm as a SignerInfo names them apart.

    CMS writes either the whole (``sha256WithRSAEncryption``) or only the key's kind (``rsaEncryption``).

    Returns:
        The identifier of the whole; None for algorithms not known here, or for two that contradict each other.
    """
    if signature_algorithm in FOREIGN_ALGORITHMS:
        stated = FOREIGN_ALGORITHMS[signature_algorithm][1]
        return signature_algorithm if stated == digest_algorithm else None
    return _BY_PARTS.get((signature_algorithm, digest_algorithm))


def foreign_verify(
    public_key_info: bytes, key_algorithm: str, signature_algorithm: str, message: bytes, signature: bytes
) -> None:
    """Verify a signature over ``message``.

    Args:
        public_key_info: DER SubjectPublicKeyInfo.
        key_algorithm: Identifier of the key's algorithm, as in there.
        signature_algorithm: One of ``FOREIGN_ALGORITHMS``.
        message: Exactly what was signed.
        signature: Content of the BIT STRING or OCTET STRING.

    Raises:
        InvalidSignatureError: It does not verify, the algorithm is not known here, or the key is of another kind.
    """
    parts = FOREIGN_ALGORITHMS.get(signature_algorithm)
    if parts is None or parts[0] != key_algorithm:
        raise InvalidSignatureError(f"signature algorithm {signature_algorithm} with a key of {key_algorithm}")
    verify_foreign(public_key_info, _DIGESTS[parts[1]], message, signature)
