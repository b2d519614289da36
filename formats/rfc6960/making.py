"""Making a response with a ``Signer``: what a responder does once it knows what to say."""

from collections.abc import Sequence
from datetime import datetime

from crypto import Signer, sign_message
from formats.gbt20518 import Certificate, Extension
from formats.rfc6960.cert_id import sha1
from formats.rfc6960.model import ResponderId, SingleResponse
from formats.rfc6960.writing import assemble_response, response_data


def issue_response(
    signer: Signer,
    certificate: Certificate,
    *,
    responses: Sequence[SingleResponse],
    produced_at: datetime,
    user_id: bytes,
    nonce: bytes | None = None,
    by_key: bool = False,
    attach: bool = True,
    extensions: Sequence[Extension] = (),
) -> bytes:
    """An OCSPResponse signed with SM2 and SM3, DER.

    Clock, nonces and what is known of certificates are the caller's business.

    Args:
        signer: The responder's key; what it signs is verified before it is handed out.
        certificate: The responder's: a delegated one, or the issuing authority's own.
        responses: What is said, at least one.
        produced_at: Now, UTC, whole seconds.
        user_id: Identity to sign under, normally 1234567812345678.
        nonce: That of the request; None for a response made beforehand.
        by_key: Name the responder by the SHA-1 of its key instead of by its subject.
        attach: Attach ``certificate``, which a delegated responder must.
        extensions: Further responseExtensions.

    Raises:
        ValueError: A value that a response cannot hold, or the certificate is for another key.
        KeyStoreError: The key store failed, or its signature does not verify.
    """
    if certificate.public_key != signer.public_key:
        raise ValueError("the certificate is for another key than the signer's")
    responder = (
        ResponderId(key_hash=sha1(certificate.key_info.key_octets))
        if by_key
        else ResponderId(name=certificate.subject)
    )
    data = response_data(
        responder=responder,
        produced_at=produced_at,
        responses=responses,
        nonce=nonce,
        extensions=extensions,
    )
    signature = sign_message(signer, data, user_id=user_id)
    return assemble_response(data, signature, certificates=(certificate.encoded,) if attach else ())
