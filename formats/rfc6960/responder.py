"""Who may sign a response, and whether he did (RFC 6960 4.2.2.2): the issuer, or whom the issuer delegated to."""

from collections.abc import Iterator
from datetime import datetime

from crypto import InvalidSignatureError, verify
from formats import oids
from formats.errors import MalformedDataError
from formats.foreign_signature import foreign_verify
from formats.gbt20518 import Certificate, KeyUsage, read_certificate
from formats.rfc6960.cert_id import sha1
from formats.rfc6960.model import BasicResponse, ResponderId


def response_verify(response: BasicResponse, certificate: Certificate, *, user_id: bytes) -> None:
    """Verify a response's signature with the key in ``certificate``, and nothing else about either.

    Args:
        response: As read.
        certificate: Of a key for SM2, RSA or ECDSA.
        user_id: Identity of SM2 signatures, normally 1234567812345678; other algorithms have none.

    Raises:
        InvalidSignatureError: Wrong signature, or an algorithm not known here or not the key's.
    """
    _verify(certificate, response.signature_algorithm, response.tbs, response.signature, user_id=user_id)


def responder_of(response: BasicResponse, issuer: Certificate, *, at: datetime, user_id: bytes) -> Certificate:
    """The certificate whose key signed ``response`` and may do so for certificates of ``issuer``.

    That is ``issuer``'s own; or one attached that ``issuer``'s key signed, no CA's, with extended key usage
    OCSPSigning, valid at ``at``, and without a critical extension not known here. A keyUsage must hold
    digitalSignature in either.
    Whether a delegated certificate is revoked is not asked: see ``OCSP_NO_CHECK`` in its extensions.

    Args:
        response: As read.
        issuer: Certificate of the authority that issued the certificates asked about; already trusted.
        at: Moment at which a delegated certificate must be valid.
        user_id: Identity of SM2 signatures, normally 1234567812345678.

    Raises:
        InvalidSignatureError: Nobody who may did; the message says what was wrong with the last candidate.
    """
    refusal = "the responder named is neither the issuer nor one whose certificate is attached"
    for candidate in _candidates(response, issuer):
        try:
            if candidate is not issuer:
                _check_delegation(candidate, issuer, at, user_id)
            _check_usage(candidate)
            response_verify(response, candidate, user_id=user_id)
        except InvalidSignatureError as exc:
            refusal = str(exc)
        else:
            return candidate
    raise InvalidSignatureError(refusal)


def _candidates(response: BasicResponse, issuer: Certificate) -> Iterator[Certificate]:
    """Certificates that ResponderID names, the issuer's first; attached ones that are unreadable are left out."""
    if _is_named(issuer, response.responder):
        yield issuer
    for encoded in response.certificates:
        try:
            certificate = read_certificate(encoded)
        except MalformedDataError:
            continue
        if certificate != issuer and _is_named(certificate, response.responder):
            yield certificate


def _is_named(certificate: Certificate, responder: ResponderId) -> bool:
    if responder.name is not None:
        return certificate.subject.matches(responder.name)
    return sha1(certificate.key_info.key_octets) == responder.key_hash


def _check_delegation(certificate: Certificate, issuer: Certificate, at: datetime, user_id: bytes) -> None:
    if oids.KP_OCSP_SIGNING not in (certificate.extended_key_usage or ()):
        raise InvalidSignatureError("the responder's certificate is not for OCSPSigning")
    if not certificate.issuer.matches(issuer.subject):
        raise InvalidSignatureError("the responder's certificate is of another issuer")
    if not certificate.validity.contains(at):
        raise InvalidSignatureError("the responder's certificate is not valid at that time")
    if certificate.unknown_critical_extensions or certificate.is_ca:
        raise InvalidSignatureError("the responder's certificate is a CA's or has unknown critical extensions")
    _verify(issuer, certificate.signature_algorithm, certificate.tbs, certificate.signature, user_id=user_id)


def _check_usage(certificate: Certificate) -> None:
    if certificate.key_usage is not None and KeyUsage.DIGITAL_SIGNATURE not in certificate.key_usage:
        raise InvalidSignatureError("the key usage of the responder's certificate is without digitalSignature")


def _verify(certificate: Certificate, algorithm: str, message: bytes, signature: bytes, *, user_id: bytes) -> None:
    key = certificate.public_key
    if key is not None:
        if algorithm != oids.SM2_WITH_SM3:
            raise InvalidSignatureError(f"signature algorithm {algorithm} with a key for SM2")
        verify(key, message, signature, user_id=user_id)
    else:
        foreign_verify(certificate.spki, certificate.public_key_algorithm, algorithm, message, signature)
