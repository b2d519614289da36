"""What the registration desk needs of the outside, as protocols; ``api/`` and tests provide them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

from ca.model import CertificateRecord, IssuanceRequest, SerialNumber
from crypto import PublicKey
from formats.gbt20518 import Certificate, RevocationReason
from formats.gbt20518.identity import IdentityNumber


@dataclass(frozen=True, slots=True)
class EncryptionKeyRequest:
    """What the authority asks the key management part (密钥管理中心) for, one for each encryption certificate.

    Attributes:
        authority: Who asks, see ``ca.authority.authority_id``.
        certificate_serial: Serial number reserved for the encryption certificate; the archive key of the pair.
        request_key: Idempotency key, unique within the authority, 1 to 128 visible ASCII characters.
        protect_to: The subject's signing key; the private half is enveloped to it.
        not_after: End of the certificate's validity, UTC, whole seconds.
    """

    authority: str
    certificate_serial: SerialNumber
    request_key: str
    protect_to: PublicKey
    not_after: datetime

    def __post_init__(self) -> None:
        if self.not_after.utcoffset() != timedelta(0) or self.not_after.microsecond:
            raise ValueError("times are kept in UTC, whole seconds")


@dataclass(frozen=True, slots=True)
class RestoreRequest:
    """What asks for an archived encryption key again, for the subject's new signing key.

    Attributes:
        authority: Who asks.
        certificate_serial: Serial number of the encryption certificate whose key is wanted.
        request_key: Idempotency key, unique within the authority, 1 to 128 visible ASCII characters.
        protect_to: The subject's present signing key; the private half is enveloped to it.
    """

    authority: str
    certificate_serial: SerialNumber
    request_key: str
    protect_to: PublicKey


@dataclass(frozen=True, slots=True)
class ProvidedKey:
    """An encryption key pair as the authority sees it: the private half never in the clear.

    Attributes:
        public_key: The public half, to be certified.
        enveloped_key: DER SM2EnvelopedKey (GB/T 35276) to the key the request named.
    """

    public_key: PublicKey
    enveloped_key: bytes = field(repr=False)


class Authority(Protocol):
    """The authority that issues what the desk approved; ``ca.service.CertificateAuthority`` fits it."""

    authority: str

    def check(self, request: IssuanceRequest) -> None:
        """Judge a request by the rules without recording or signing anything.

        Raises:
            RefusedError: It breaks rules; ``LintError`` with the findings.
        """

    def issue_many(self, requests: Sequence[IssuanceRequest], *, actor: str) -> Sequence[Certificate]:
        """Certificates for requests, all intents recorded together; repeating a request gives the same again."""

    def abandon(self, serial: SerialNumber, *, reason: str, actor: str) -> None:
        """Give up a pending certificate."""

    def record(self, serial: SerialNumber) -> CertificateRecord:
        """What is on record of a certificate.

        Raises:
            CertificateNotFoundError: There is none with this number.
        """

    def revoke(
        self,
        serial: SerialNumber,
        reason: RevocationReason,
        *,
        actor: str,
        invalidity_date: datetime | None = None,
    ) -> CertificateRecord:
        """Revoke for good."""

    def suspend(self, serial: SerialNumber, *, actor: str) -> CertificateRecord:
        """Hold a certificate."""

    def resume(self, serial: SerialNumber, *, actor: str) -> CertificateRecord:
        """End a hold."""


NumberHash: TypeAlias = Callable[[IdentityNumber], str]
"""Gives 64 hexadecimal digits of a keyed hash of a number, the same for the same number."""


class KeyManagement(Protocol):
    """The key management part: makes, escrows and gives back encryption keys."""

    def provide(self, request: EncryptionKeyRequest) -> ProvidedKey:
        """A key pair for an encryption certificate.

        Asked again under the same authority and request key it gives the same pair, so that a crash between its
        answer and the certificate's issue costs nothing.

        Raises:
            RefusedError: The request key belongs to another request.
            KeyStoreError: No key is to be had at present; asking again may help.
        """

    def restore(self, request: RestoreRequest) -> ProvidedKey:
        """The pair archived for an encryption certificate, enveloped anew.

        Raises:
            RefusedError: No key is archived for that certificate, or its recovery was not approved.
            KeyStoreError: The key store failed; asking again may help.
        """
