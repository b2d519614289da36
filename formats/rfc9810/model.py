"""Messages of the Certificate Management Protocol as read (RFC 9810, RFC 4211); nothing in them is trusted yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from formats.gbt20518 import Extension, Name, RevocationReason
from formats.gbt20518.algorithm import SubjectPublicKeyInfo
from formats.gbt20520 import PkiStatus


class BodyKind(IntEnum):
    """What a message says, by the number of its tag (PKIBody); those not listed are refused on reading."""

    IR = 0
    IP = 1
    CR = 2
    CP = 3
    P10CR = 4
    KUR = 7
    KUP = 8
    RR = 11
    RP = 12
    PKICONF = 19
    ERROR = 23
    CERTCONF = 24


class CmpFailure(IntEnum):
    """Why something was refused (PKIFailureInfo), by bit."""

    BAD_ALGORITHM = 0
    BAD_MESSAGE_CHECK = 1
    BAD_REQUEST = 2
    BAD_TIME = 3
    BAD_CERT_ID = 4
    BAD_DATA_FORMAT = 5
    WRONG_AUTHORITY = 6
    INCORRECT_DATA = 7
    BAD_POSSESSION = 9
    CERT_REVOKED = 10
    CERT_CONFIRMED = 11
    BAD_RECIPIENT_NONCE = 13
    BAD_SENDER_NONCE = 18
    BAD_CERT_TEMPLATE = 19
    SIGNER_NOT_TRUSTED = 20
    TRANSACTION_ID_IN_USE = 21
    UNSUPPORTED_VERSION = 22
    NOT_AUTHORIZED = 23
    SYSTEM_UNAVAILABLE = 24
    SYSTEM_FAILURE = 25


@dataclass(frozen=True, slots=True)
class StatusInfo:
    """How something went (PKIStatusInfo).

    Attributes:
        status: Granted or not.
        texts: For people.
        failures: Bits of PKIFailureInfo; see ``CmpFailure``.
    """

    status: PkiStatus
    texts: tuple[str, ...] = ()
    failures: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class PkiHeader:
    """The header of a message.

    Attributes:
        version: pvno, 2 or 3.
        sender: DER GeneralName.
        recipient: DER GeneralName.
        message_time: When it was made, UTC; None if not stated.
        protection_algorithm: DER AlgorithmIdentifier; None for an unprotected message.
        sender_key_id: Which secret or key protects it: a reference of the client's; None without one.
        transaction_id: Shared by the messages of one exchange; None without one.
        sender_nonce: A fresh random value; None without one.
        recipient_nonce: That of the message this one answers; None without one.
        general_info: Values by identifier, DER; None for one without a value.
    """

    version: int
    sender: bytes
    recipient: bytes
    message_time: datetime | None = None
    protection_algorithm: bytes | None = None
    sender_key_id: bytes | None = None
    transaction_id: bytes | None = None
    sender_nonce: bytes | None = None
    recipient_nonce: bytes | None = None
    general_info: Mapping[str, bytes | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PkiMessage:
    """One message.

    Attributes:
        encoded: DER as received.
        header: Its header.
        kind: What its body is.
        body: DER of the body, without the tag that tells its kind.
        protected: DER of header and body as one SEQUENCE: what the protection covers.
        protection: The MAC or signature; None for an unprotected message.
        extra_certificates: DER; the sender's own first, where it signs.
    """

    encoded: bytes = field(repr=False)
    header: PkiHeader
    kind: BodyKind
    body: bytes = field(repr=False)
    protected: bytes = field(repr=False)
    protection: bytes | None = field(repr=False)
    extra_certificates: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class CertTemplate:
    """What a certificate is asked to say (CRMF CertTemplate); None for what is left to the authority.

    Attributes:
        serial_number: Of the certificate meant, where one is to be revoked.
        issuer: Its issuer.
        subject: Subject name.
        key_info: Public key.
        extensions: By identifier, undecoded.
    """

    serial_number: int | None = None
    issuer: Name | None = None
    subject: Name | None = None
    key_info: SubjectPublicKeyInfo | None = None
    extensions: Mapping[str, Extension] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SignedPossession:
    """Proof of possession by a signature over the request (POPOSigningKey without its own input).

    Attributes:
        algorithm: DER AlgorithmIdentifier.
        signature: Over the DER CertRequest.
    """

    algorithm: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class CertRequestMessage:
    """A request for one certificate (CertReqMsg).

    Attributes:
        request_id: certReqId.
        template: What the certificate is to say.
        request: DER CertRequest: what proof of possession signs.
        controls: Values by identifier, DER.
        possession: The signature; None for another method, or for none.
    """

    request_id: int
    template: CertTemplate
    request: bytes = field(repr=False)
    controls: Mapping[str, bytes]
    possession: SignedPossession | None


@dataclass(frozen=True, slots=True)
class RevocationDetails:
    """A request to revoke one certificate (RevDetails).

    Attributes:
        template: Issuer and serial number of the certificate.
        reason: Why; None if not stated.
    """

    template: CertTemplate
    reason: RevocationReason | None


@dataclass(frozen=True, slots=True)
class CertConfirmation:
    """What a client says of a certificate it received (CertStatus).

    Attributes:
        request_id: certReqId.
        digest: certHash.
        algorithm: Identifier of the digest, where it is not that of the certificate's signature; None else.
        accepted: Whether the client keeps the certificate.
    """

    request_id: int
    digest: bytes
    algorithm: str | None
    accepted: bool


@dataclass(frozen=True, slots=True)
class CertResponse:
    """The answer to a request for one certificate.

    Attributes:
        request_id: certReqId.
        status: How it went.
        certificate: DER; None if none was issued.
    """

    request_id: int
    status: StatusInfo
    certificate: bytes | None = field(default=None, repr=False)
