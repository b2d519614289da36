"""CertID made from certificates, and matched with them (RFC 6960 4.1.1): by SM3, SHA-1 or SHA-256.

SHA-1 only names here: the signature is over the whole response, and a certificate is taken as meant only if its
issuer and serial number are, so a collision would need an issuer name and key chosen by the forger.
"""

import hashlib
from collections.abc import Callable
from typing import Final

from crypto import sm3
from formats import oids
from formats.gbt20518 import Certificate
from formats.rfc6960.model import CertId


def sha1(data: bytes) -> bytes:
    """SHA-1, which names issuers and responders by key; nothing is signed with it."""
    return hashlib.sha1(data, usedforsecurity=False).digest()


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


CERT_ID_DIGESTS: Final[dict[str, Callable[[bytes], bytes]]] = {
    oids.SM3: sm3,
    oids.SHA1: sha1,
    oids.SHA256: _sha256,
}
"""What is computed here, by identifier; SM3 also under its keyless identifier 1.2.156.10197.1.401.1."""
_SAME: Final = {oids.SM3_PLAIN: oids.SM3}


def cert_id_of(serial_number: int, issuer: Certificate, *, algorithm: str = oids.SM3) -> CertId:
    """The CertID of the certificate that ``issuer`` issued under ``serial_number``.

    Raises:
        ValueError: No digest of ``CERT_ID_DIGESTS``.
    """
    digest = CERT_ID_DIGESTS.get(algorithm)
    if digest is None:
        raise ValueError(f"no digest for CertID: {algorithm}")
    return CertId(algorithm, digest(issuer.subject.encoded), digest(issuer.key_info.key_octets), serial_number)


class IssuerHashes:
    """An issuer's name and key under every digest of ``CERT_ID_DIGESTS``, for matching many CertIDs.

    Args:
        issuer: The authority's certificate.
    """

    def __init__(self, issuer: Certificate) -> None:
        name, key = issuer.subject.encoded, issuer.key_info.key_octets
        self._hashes = {oid: (digest(name), digest(key)) for oid, digest in CERT_ID_DIGESTS.items()}
        self._hashes |= {other: self._hashes[oid] for other, oid in _SAME.items()}

    def names_issuer(self, cert_id: CertId) -> bool:
        """Whether ``cert_id`` is of a certificate of this issuer, by identifier and values, not by encoding."""
        return self._hashes.get(cert_id.algorithm) == (cert_id.issuer_name_hash, cert_id.issuer_key_hash)


def names_certificate(cert_id: CertId, certificate: Certificate, issuer: Certificate) -> bool:
    """Whether ``cert_id`` means ``certificate``, which ``issuer`` issued; False for a digest not computed here.

    The issuer's name is hashed as it stands in the certificate (RFC 6960 4.1.1) or in the issuer's own, which
    encode it alike but for the string types.
    """
    digest = CERT_ID_DIGESTS.get(_SAME.get(cert_id.algorithm, cert_id.algorithm))
    if digest is None or cert_id.serial_number != certificate.serial_number:
        return False
    names = {certificate.issuer.encoded, issuer.subject.encoded}
    return cert_id.issuer_key_hash == digest(issuer.key_info.key_octets) and cert_id.issuer_name_hash in {
        digest(name) for name in names
    }
