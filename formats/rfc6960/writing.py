"""Writing OCSP responses, in two steps like everything that is signed: octets to sign, then the whole.

Emitted: version absent, digests and SM2 with SM3 without parameters; a CertID that was received, as received.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from formats import der, oids
from formats.errors import MalformedDataError
from formats.gbt20518 import Extension
from formats.gbt20518.algorithm import SM2_WITH_SM3
from formats.rfc6960.model import CertId, CertStatus, ResponderId, ResponseStatus, SingleResponse, check_nonce
from formats.signature_value import check_signature_der


def response_data(
    *,
    responder: ResponderId,
    produced_at: datetime,
    responses: Sequence[SingleResponse],
    nonce: bytes | None = None,
    extensions: Sequence[Extension] = (),
) -> bytes:
    """ResponseData as DER: exactly what the responder signs.

    Args:
        responder: Who signs.
        produced_at: Now, UTC, whole seconds.
        responses: At least one.
        nonce: That of the request; None for a response made beforehand.
        extensions: Further responseExtensions, none twice.

    Raises:
        ValueError: A value that this structure cannot hold, or a response said to be of a later time than
            ``produced_at``.
    """
    check_nonce(nonce)
    if not responses:
        raise ValueError("a response says something of one certificate at least")
    if any(each.this_update > produced_at for each in responses):
        raise ValueError("thisUpdate is after producedAt")
    every = (*nonce_extension(nonce), *extensions)
    named = (
        der.explicit(1, responder.name.encoded)
        if responder.name is not None
        else der.explicit(2, der.octet_string(responder.key_hash or b""))
    )
    return der.sequence(
        named,
        der.generalized_time(produced_at),
        der.sequence(*(_encode_single(each) for each in responses)),
        encode_extensions(1, every),
    )


def assemble_response(data: bytes, signature: bytes, *, certificates: Sequence[bytes] = ()) -> bytes:
    """Put a successful OCSPResponse signed with SM2 and SM3 together, as DER.

    Args:
        data: What ``response_data`` returned.
        signature: DER SEQUENCE {r, s} over ``data``.
        certificates: What is attached: the delegated responder's; none if the issuer itself signed.

    Raises:
        ValueError: A part has another form.
    """
    try:
        tbs = der.parse(data, what="ResponseData").expect(der.SEQUENCE).encoded
        attached = [der.parse(each, what="certificate").expect(der.SEQUENCE).encoded for each in certificates]
    except MalformedDataError as exc:
        raise ValueError(str(exc)) from exc
    basic = der.sequence(
        tbs,
        SM2_WITH_SM3,
        der.bit_string(check_signature_der(signature)),
        der.explicit(0, der.sequence(*attached)) if attached else b"",
    )
    response_bytes = der.sequence(der.oid(oids.OCSP_BASIC), der.octet_string(basic))
    return der.sequence(
        der.integer(ResponseStatus.SUCCESSFUL, tag=der.ENUMERATED), der.explicit(0, response_bytes)
    )


def encode_failure(status: ResponseStatus) -> bytes:
    """An OCSPResponse that says why there is none; unsigned.

    Raises:
        ValueError: The status is successful.
    """
    if status is ResponseStatus.SUCCESSFUL:
        raise ValueError("successful is no failure")
    return der.sequence(der.integer(status, tag=der.ENUMERATED))


def encode_cert_id(cert_id: CertId) -> bytes:
    """CertID as DER; as received if it was."""
    if cert_id.encoded is not None:
        return cert_id.encoded
    return der.sequence(
        der.sequence(der.oid(cert_id.algorithm)),
        der.octet_string(cert_id.issuer_name_hash),
        der.octet_string(cert_id.issuer_key_hash),
        der.integer(cert_id.serial_number),
    )


def with_null_parameters(cert_id: CertId) -> CertId:
    """The CertID with NULL parameters of its digest, as OpenSSL, Java and Go ask; otherwise the same."""
    encoded = der.sequence(
        der.sequence(der.oid(cert_id.algorithm), der.encode(der.NULL, b"")),
        der.octet_string(cert_id.issuer_name_hash),
        der.octet_string(cert_id.issuer_key_hash),
        der.integer(cert_id.serial_number),
    )
    return replace(cert_id, encoded=encoded)


def nonce_extension(nonce: bytes | None) -> tuple[Extension, ...]:
    """The nonce as an extension, if there is one."""
    if nonce is None:
        return ()
    return (Extension(oids.OCSP_NONCE, critical=False, value=der.octet_string(nonce)),)


def encode_extensions(number: int, extensions: Sequence[Extension]) -> bytes:
    """Extensions under the explicit tag ``[number]``; nothing if there are none.

    Raises:
        ValueError: One stands there twice.
    """
    if len({each.oid for each in extensions}) != len(extensions):
        raise ValueError("an extension is repeated")
    if not extensions:
        return b""
    return der.explicit(number, der.sequence(*(each.encode() for each in extensions)))


def _encode_single(single: SingleResponse) -> bytes:
    extensions = [each for each in single.extensions if each.oid != oids.OCSP_ARCHIVE_CUTOFF]
    if single.archive_cutoff is not None:
        value = der.generalized_time(single.archive_cutoff)
        extensions.append(Extension(oids.OCSP_ARCHIVE_CUTOFF, critical=False, value=value))
    return der.sequence(
        encode_cert_id(single.cert_id),
        _encode_status(single),
        der.generalized_time(single.this_update),
        b"" if single.next_update is None else der.explicit(0, der.generalized_time(single.next_update)),
        encode_extensions(1, extensions),
    )


def _encode_status(single: SingleResponse) -> bytes:
    if single.revoked_at is None:
        return der.encode(der.context(single.status, constructed=False), b"")
    content = der.generalized_time(single.revoked_at)
    if single.reason is not None:
        content += der.explicit(0, der.integer(single.reason, tag=der.ENUMERATED))
    return der.encode(der.context(CertStatus.REVOKED), content)
