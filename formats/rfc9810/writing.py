"""Writing messages of CMP (RFC 9810, RFC 4211) as DER, in two steps: what is protected, then the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from formats import der, oids
from formats.gbt20518 import Extension, RevocationReason
from formats.gbt20520.protocol import encode_status_info
from formats.rfc9810.model import BodyKind, CertResponse, CertTemplate, PkiHeader, StatusInfo


def protected_part(header: PkiHeader, kind: BodyKind, body: bytes) -> bytes:
    """Header and body as one SEQUENCE: what a MAC or signature is made over.

    Args:
        header: With the algorithm of the protection.
        kind: What the body is.
        body: DER.
    """
    return der.sequence(_header(header), der.explicit(kind, body))


def assemble_message(protected: bytes, protection: bytes | None, certificates: Sequence[bytes] = ()) -> bytes:
    """PKIMessage as DER.

    Args:
        protected: What ``protected_part`` returned.
        protection: Over it; None for an unprotected message.
        certificates: extraCerts, DER.
    """
    parts = [der.parse(protected, what="PKIMessage").expect(der.SEQUENCE).content]
    if protection is not None:
        parts.append(der.explicit(0, der.bit_string(protection)))
    if certificates:
        parts.append(der.explicit(1, der.sequence(*certificates)))
    return der.sequence(*parts)


def _header(header: PkiHeader) -> bytes:
    octets = {
        2: header.sender_key_id,
        4: header.transaction_id,
        5: header.sender_nonce,
        6: header.recipient_nonce,
    }
    parts = {number: der.octet_string(value) for number, value in octets.items() if value is not None}
    if header.message_time is not None:
        parts[0] = der.generalized_time(header.message_time)
    if header.protection_algorithm is not None:
        parts[1] = header.protection_algorithm
    if header.general_info:
        parts[8] = der.sequence(
            *(der.sequence(der.oid(oid), value or b"") for oid, value in header.general_info.items())
        )
    return der.sequence(
        der.integer(header.version),
        header.sender,
        header.recipient,
        *(der.explicit(number, parts[number]) for number in sorted(parts)),
    )


# ---------------------------------------------------------------------- what authorities send


def certificate_responses(responses: Iterable[CertResponse], certificates: Sequence[bytes] = ()) -> bytes:
    """CertRepMessage.

    Args:
        responses: To each request.
        certificates: caPubs: roots handed out to who shares a secret with the authority.
    """
    parts = [der.explicit(1, der.sequence(*certificates))] if certificates else []
    return der.sequence(*parts, der.sequence(*(_certificate_response(each) for each in responses)))


def _certificate_response(response: CertResponse) -> bytes:
    pair = b""
    if response.certificate is not None:
        pair = der.sequence(der.explicit(0, response.certificate))
    return der.sequence(der.integer(response.request_id), status_info(response.status), pair)


def revocation_responses(statuses: Iterable[StatusInfo]) -> bytes:
    """RevRepContent."""
    return der.sequence(der.sequence(*(status_info(each) for each in statuses)))


def error_content(status: StatusInfo) -> bytes:
    """ErrorMsgContent."""
    return der.sequence(status_info(status))


def status_info(status: StatusInfo) -> bytes:
    """PKIStatusInfo."""
    return encode_status_info(status.status, status.texts, status.failures)


def confirm_wait_time(until: datetime) -> bytes:
    """Value of confirmWaitTime: until when a certificate has to be confirmed."""
    return der.generalized_time(until)


# ---------------------------------------------------------------------- what clients send


def certificate_request(request_id: int, template: CertTemplate, controls: bytes = b"") -> bytes:
    """CertRequest: what proof of possession is signed over.

    Args:
        request_id: certReqId.
        template: What the certificate is to say.
        controls: DER Controls; empty for none.
    """
    return der.sequence(der.integer(request_id), encode_template(template), controls)


def certificate_requests(requests: Iterable[tuple[bytes, bytes]], algorithm: bytes) -> bytes:
    """CertReqMessages with proof of possession by signature.

    Args:
        requests: DER CertRequest and the signature over it, each; an empty signature leaves the proof out.
        algorithm: Of the signatures, DER AlgorithmIdentifier.
    """
    members = []
    for request, signature in requests:
        proof = der.encode(der.context(1), algorithm + der.bit_string(signature)) if signature else b""
        members.append(der.sequence(request, proof))
    return der.sequence(*members)


def encode_template(template: CertTemplate) -> bytes:
    """CertTemplate."""
    parts = []
    if template.serial_number is not None:
        parts.append(der.integer(template.serial_number, tag=der.context(1, constructed=False)))
    if template.issuer is not None:
        parts.append(der.explicit(3, template.issuer.encoded))
    if template.subject is not None:
        parts.append(der.explicit(5, template.subject.encoded))
    if template.key_info is not None:
        content = der.parse(template.key_info.encoded, what="key").content
        parts.append(der.encode(der.context(6), content))
    if template.extensions:
        content = b"".join(each.encode() for each in template.extensions.values())
        parts.append(der.encode(der.context(9), content))
    return der.sequence(*parts)


def revocation_request(template: CertTemplate, reason: RevocationReason | None) -> bytes:
    """RevReqContent for one certificate."""
    entry = b""
    if reason is not None:
        value = der.integer(reason, tag=der.ENUMERATED)
        entry = der.sequence(Extension(oids.CRL_REASON, critical=False, value=value).encode())
    return der.sequence(der.sequence(encode_template(template), entry))


def confirmation(request_id: int, digest: bytes, status: StatusInfo | None = None, algorithm: str = "") -> bytes:
    """CertConfirmContent for one certificate."""
    parts = [der.octet_string(digest), der.integer(request_id)]
    if status is not None:
        parts.append(status_info(status))
    if algorithm:
        parts.append(der.explicit(0, der.sequence(der.oid(algorithm))))
    return der.sequence(der.sequence(*parts))
