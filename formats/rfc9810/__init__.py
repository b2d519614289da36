"""The Certificate Management Protocol (RFC 9810, formerly RFC 4210; requests by RFC 4211): read and written."""

from formats.rfc9810.model import (
    BodyKind,
    CertConfirmation,
    CertRequestMessage,
    CertResponse,
    CertTemplate,
    CmpFailure,
    PkiHeader,
    PkiMessage,
    RevocationDetails,
    SignedPossession,
    StatusInfo,
)
from formats.rfc9810.protection import PasswordMac, is_password_mac, read_password_mac
from formats.rfc9810.reading import (
    read_certificate_requests,
    read_certificate_responses,
    read_confirmations,
    read_error,
    read_message,
    read_revocation_requests,
    read_revocation_responses,
)
from formats.rfc9810.writing import assemble_message, protected_part

__all__ = [
    "BodyKind",
    "CertConfirmation",
    "CertRequestMessage",
    "CertResponse",
    "CertTemplate",
    "CmpFailure",
    "PasswordMac",
    "PkiHeader",
    "PkiMessage",
    "RevocationDetails",
    "SignedPossession",
    "StatusInfo",
    "assemble_message",
    "is_password_mac",
    "protected_part",
    "read_certificate_requests",
    "read_certificate_responses",
    "read_confirmations",
    "read_error",
    "read_message",
    "read_password_mac",
    "read_revocation_requests",
    "read_revocation_responses",
]
