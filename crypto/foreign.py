"""RSA and ECDSA signatures of others, verified and never made: some time-stamp authorities sign with nothing else.

Keys come as DER SubjectPublicKeyInfo. Only what is in good use is taken: RSA of 2,048 to 8,192 bits with padding
of PKCS#1 v1.5, ECDSA on P-256, P-384 and P-521, each with a digest of SHA-2. All else is no signature here.
"""

from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from crypto.errors import InvalidSignatureError

_RSA_BITS: Final = range(2048, 8193)
_LONGEST_KEY: Final = 2048
"""Octets of a SubjectPublicKeyInfo; an RSA key of 8,192 bits has half of it."""


class ForeignDigest(StrEnum):
    """A digest of SHA-2."""

    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


_HASHES: Final[dict[ForeignDigest, hashes.HashAlgorithm]] = {
    ForeignDigest.SHA256: hashes.SHA256(),
    ForeignDigest.SHA384: hashes.SHA384(),
    ForeignDigest.SHA512: hashes.SHA512(),
}
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


def is_foreign_key(public_key_info: bytes) -> bool:
    """Whether a DER SubjectPublicKeyInfo holds a key that signatures can be verified with here."""
    return _load(public_key_info) is not None


def verify_foreign(public_key_info: bytes, digest: ForeignDigest, message: bytes, signature: bytes) -> None:
    """Verify an RSA or ECDSA signature over a message; the key says which of the two.

    Args:
        public_key_info: DER SubjectPublicKeyInfo.
        digest: Of the message.
        message: Exactly what was signed.
        signature: For RSA as long as the modulus, for ECDSA DER SEQUENCE {r, s}.

    Raises:
        InvalidSignatureError: It does not verify, or the key is none of those taken.
    """
    key = _load(public_key_info)
    algorithm = _HASHES[digest]
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(algorithm))
        else:
            raise InvalidSignatureError("the key is no RSA or ECDSA key in good use")
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as exc:
        raise InvalidSignatureError("the signature does not verify") from exc


def _load(public_key_info: bytes) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey | None:
    """The key, None if it cannot be read or is none of those taken."""
    if len(public_key_info) > _LONGEST_KEY:
        return None
    try:
        key = load_der_public_key(public_key_info)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if isinstance(key, rsa.RSAPublicKey):
        return key if key.key_size in _RSA_BITS else None
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key if isinstance(key.curve, _CURVES) else None
    return None
