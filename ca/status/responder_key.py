"""The key of a status service, and the certificate by which the authority delegated to it (RFC 6960 4.2.2.2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ca.issuance import sign_verified
from ca.model import CertificateStanding, CertificateState, SerialNumber
from ca.status.errors import ResponderUnfitError
from ca.status.model import LEAST_VALIDITY
from crypto import InvalidSignatureError, Signer
from formats import oids
from formats.gbt20518 import Certificate, KeyUsage, certificate_verify
from formats.rfc6960 import ResponderId, assemble_response


class ResponderKey:
    """Signs answers in the name of one authority.

    Args:
        signer: Holds the key.
        certificate: For that key: from profile ``status-service``, signed by the authority's own key.
        issuer: The authority's certificate.
        user_id: SM2 identity to sign under.

    Raises:
        ResponderUnfitError: The certificate is for another key, of another issuer, or not for OCSPSigning.
    """

    def __init__(self, signer: Signer, certificate: Certificate, issuer: Certificate, *, user_id: bytes) -> None:
        if certificate.public_key != signer.public_key:
            raise ResponderUnfitError("the responder's certificate is for another key than the signer's")
        _check_delegation(certificate, issuer, user_id)
        self.certificate = certificate
        self._signer = signer
        self._user_id = user_id
        self.responder = ResponderId(name=certificate.subject)

    @property
    def serial(self) -> SerialNumber:
        """Of its certificate."""
        return SerialNumber(self.certificate.serial_number)

    def check(self, standing: CertificateStanding | None, now: datetime) -> None:
        """Refuse a certificate that is not valid now.

        Args:
            standing: How it stands on the authority's record; None if it is not there.
            now: The present moment.

        Raises:
            ResponderUnfitError: Its period has not begun, is over or about to be, or it is not on record as valid.
        """
        validity = self.certificate.validity
        if not validity.not_before <= now <= validity.not_after - LEAST_VALIDITY:
            raise ResponderUnfitError("the responder's certificate is not within its period")
        if standing is None or standing.state is not CertificateState.VALID:
            raise ResponderUnfitError("the responder's certificate is not on record as valid")

    def sign(self, contents: Sequence[bytes]) -> list[bytes]:
        """OCSPResponses over contents (``response_data``), signatures verified, the certificate attached.

        Raises:
            KeyStoreError: The signer failed, or gave a signature that does not verify.
        """
        signatures = sign_verified(contents, self._signer, user_id=self._user_id) if contents else []
        attached = (self.certificate.encoded,)
        return [
            assemble_response(content, signature, certificates=attached)
            for content, signature in zip(contents, signatures, strict=True)
        ]


def _check_delegation(certificate: Certificate, issuer: Certificate, user_id: bytes) -> None:
    if oids.KP_OCSP_SIGNING not in (certificate.extended_key_usage or ()):
        raise ResponderUnfitError("the responder's certificate is not for OCSPSigning")
    if KeyUsage.DIGITAL_SIGNATURE not in (certificate.key_usage or ()) or certificate.is_ca:
        raise ResponderUnfitError("the responder's certificate is not an end entity's for signatures")
    if issuer.public_key is None or certificate.issuer.encoded != issuer.subject.encoded:
        raise ResponderUnfitError("the responder's certificate is of another issuer")
    try:
        certificate_verify(certificate, issuer.public_key, user_id=user_id)
    except InvalidSignatureError as exc:
        raise ResponderUnfitError("the responder's certificate is not signed by the authority's key") from exc
