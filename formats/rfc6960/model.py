"""What requests and responses of OCSP hold (RFC 6960 4.1, 4.2), as typed values; nothing is trusted yet."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from formats import oids
from formats.gbt20518 import Extension, Name, RevocationReason
from formats.tolerances import Tolerance

MAX_NONCE: Final = 128
"""Octets of a nonce; at least one (RFC 9654)."""
MAX_HASH: Final = 64
KEY_HASH: Final = 20
"""Octets of a responder's byKey, which is SHA-1 whatever the key (RFC 6960 4.2.1)."""
HASH_LENGTHS: Final = {oids.SM3: 32, oids.SHA1: 20, oids.SHA256: 32, oids.SHA384: 48, oids.SHA512: 64}
"""Octets of a hash, also of those that are only recognised."""


@dataclass(frozen=True, slots=True)
class CertId:
    """Which certificate is meant (CertID).

    Two are equal if identifier, hashes and serial number are: some write NULL parameters of the digest, some none.

    Attributes:
        algorithm: Identifier of the digest.
        issuer_name_hash: Of the issuer's DER Name.
        issuer_key_hash: Of the content of the issuer's subjectPublicKey, without its unused-bits octet.
        serial_number: Of the certificate.
        encoded: DER as received, which a response repeats; None if it was not received.
    """

    algorithm: str
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial_number: int
    encoded: bytes | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        length = HASH_LENGTHS.get(self.algorithm)
        for octets in (len(self.issuer_name_hash), len(self.issuer_key_hash)):
            if not 0 < octets <= MAX_HASH or (length is not None and octets != length):
                raise ValueError(f"hash of {octets} octets for {self.algorithm}")


class CertStatus(IntEnum):
    """What a responder says of a certificate (CertStatus), by tag number."""

    GOOD = 0
    """Not revoked; that it was ever issued, or is still valid, is not said."""
    REVOKED = 1
    UNKNOWN = 2
    """The responder does not know it: neither good nor revoked."""


@dataclass(frozen=True, slots=True)
class SingleResponse:
    """The status of one certificate (SingleResponse).

    Attributes:
        cert_id: Which certificate.
        status: What is said of it.
        this_update: When that was known to be so.
        next_update: By when newer is to be had; None if newer always is.
        revoked_at: revocationTime; there if and only if it is revoked.
        reason: revocationReason; None if it names none, and unless revoked.
        archive_cutoff: From when on expired certificates are kept (4.4.4); None if not stated.
        extensions: singleExtensions, undecoded; archiveCutoff is written from the field above.

    Raises:
        ValueError: At construction, if these contradict one another.
    """

    cert_id: CertId
    status: CertStatus
    this_update: datetime
    next_update: datetime | None = None
    revoked_at: datetime | None = None
    reason: RevocationReason | None = None
    archive_cutoff: datetime | None = None
    extensions: tuple[Extension, ...] = ()

    def __post_init__(self) -> None:
        if (self.status is CertStatus.REVOKED) != (self.revoked_at is not None):
            raise ValueError("a time of revocation is there if and only if the status is revoked")
        if self.reason is not None and self.status is not CertStatus.REVOKED:
            raise ValueError("a reason without a revocation")
        for moment in (self.this_update, self.next_update, self.revoked_at, self.archive_cutoff):
            if moment is not None and moment.utcoffset() != timedelta(0):
                raise ValueError("times are kept in UTC")
        if self.next_update is not None and self.next_update < self.this_update:
            raise ValueError("nextUpdate is before thisUpdate")


@dataclass(frozen=True, slots=True)
class ResponderId:
    """Who signed (ResponderID): by name or by the SHA-1 of the key, never both.

    Attributes:
        name: Subject of the responder's certificate, or None.
        key_hash: SHA-1 of the content of its subjectPublicKey, 20 octets, or None.
    """

    name: Name | None = None
    key_hash: bytes | None = None

    def __post_init__(self) -> None:
        if (self.name is None) == (self.key_hash is None):
            raise ValueError("a responder is named either by name or by key")
        if self.key_hash is not None and len(self.key_hash) != KEY_HASH:
            raise ValueError(f"byKey of {len(self.key_hash)} octets, SHA-1 has {KEY_HASH}")


@dataclass(frozen=True, slots=True)
class BasicResponse:
    """A signed response (BasicOCSPResponse).

    Attributes:
        encoded: DER as received.
        tbs: The octets its signature covers.
        responder: Who says to have signed it.
        produced_at: When it was signed.
        responses: What it says, at least one.
        nonce: Of the request, or None; a response made beforehand has none.
        signature_algorithm: Identifier of the signature algorithm.
        signature: For SM2 with SM3 the DER SEQUENCE {r, s}.
        certificates: What is attached, DER, undecoded.
        extensions: responseExtensions, undecoded, the nonce among them.
        unknown_critical_extensions: Critical extensions, also of single responses, that are not read here; not
            empty means the response must not be relied on.
        tolerances: Departures let pass.
    """

    encoded: bytes = field(repr=False)
    tbs: bytes = field(repr=False)
    responder: ResponderId
    produced_at: datetime
    responses: tuple[SingleResponse, ...]
    nonce: bytes | None
    signature_algorithm: str
    signature: bytes = field(repr=False)
    certificates: tuple[bytes, ...] = field(repr=False)
    extensions: tuple[Extension, ...]
    unknown_critical_extensions: tuple[str, ...]
    tolerances: tuple[Tolerance, ...]


class ResponseStatus(IntEnum):
    """Whether there is a response (OCSPResponseStatus); 4 is not used."""

    SUCCESSFUL = 0
    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    SIGNATURE_REQUIRED = 5
    UNAUTHORIZED = 6


@dataclass(frozen=True, slots=True)
class OcspResponse:
    """What a responder sends (OCSPResponse): a signed response if and only if it was successful.

    Attributes:
        status: Whether there is one; every other status is unsigned, so it proves nothing of any certificate.
        basic: The signed response, or None.
    """

    status: ResponseStatus
    basic: BasicResponse | None = None

    def __post_init__(self) -> None:
        if (self.status is ResponseStatus.SUCCESSFUL) != (self.basic is not None):
            raise ValueError("a response is there if and only if it was successful")


@dataclass(frozen=True, slots=True)
class OcspRequest:
    """A request (OCSPRequest).

    Attributes:
        cert_ids: Whose status is asked for, at least one.
        nonce: Random octets that bind the response to this request, 1 to 128; None if an old response will do.
        extensions: requestExtensions other than the nonce, undecoded.
        signed: Whether it carries a signature; requests are read without judging it, and written without.
        unknown_critical_extensions: Critical extensions, also of single requests, that are not read here.
        tolerances: Departures let pass on reading.
    """

    cert_ids: tuple[CertId, ...]
    nonce: bytes | None = None
    extensions: tuple[Extension, ...] = ()
    signed: bool = False
    unknown_critical_extensions: tuple[str, ...] = ()
    tolerances: tuple[Tolerance, ...] = ()

    def __post_init__(self) -> None:
        if not self.cert_ids:
            raise ValueError("a request asks for one certificate at least")
        check_nonce(self.nonce)


def check_nonce(nonce: bytes | None) -> None:
    """Refuse a nonce of a length RFC 9654 does not allow.

    Raises:
        ValueError: Empty, or longer than 128 octets.
    """
    if nonce is not None and not 0 < len(nonce) <= MAX_NONCE:
        raise ValueError(f"nonce of {len(nonce)} octets, 1 to {MAX_NONCE} belong there")
