"""Requests for certificate status (RFC 6960 4.1.1, RFC 9654): read and written."""

from formats import der, oids
from formats.der import Node
from formats.gbt20518 import Extension
from formats.gbt20518.extension import read_extensions
from formats.gbt20518.general_name import read_general_name
from formats.rfc6960.model import CertId, OcspRequest
from formats.rfc6960.reading import LIMITS, read_cert_id, read_nonce, read_version
from formats.rfc6960.writing import encode_cert_id, encode_extensions, nonce_extension
from formats.tolerances import Tolerance, collect


def encode_request(request: OcspRequest) -> bytes:
    """OCSPRequest as DER, unsigned.

    Raises:
        ValueError: It says it is signed.
    """
    if request.signed:
        raise ValueError("requests are written unsigned")
    wanted = der.sequence(*(der.sequence(encode_cert_id(each)) for each in request.cert_ids))
    extensions = (*nonce_extension(request.nonce), *request.extensions)
    return der.sequence(der.sequence(wanted, encode_extensions(2, extensions)))


def read_request(data: bytes) -> OcspRequest:
    """Decode OCSPRequest; a signature on it is noticed, not judged.

    Raises:
        MalformedDataError: Not a request.
        LimitExceededError: Larger than allowed.
    """
    found: list[Tolerance] = []
    outer = der.parse(data, what="OCSP request", limits=LIMITS).sequence(1, 2)
    fields = outer.next("tbsRequest").sequence(1, 4)
    signature = outer.optional(der.context(0))
    outer.end()
    if signature is not None:
        signature.explicit(0).sequence(2, 3)
    read_version(fields, found)
    requestor = fields.optional(der.context(1))
    if requestor is not None:
        read_general_name(requestor.explicit(1), found)
    wanted = fields.next("requestList").expect(der.SEQUENCE)
    wrapped = fields.optional(der.context(2))
    fields.end()
    own: list[Extension] = []
    cert_ids = tuple(_read_wanted(each, own, found) for each in wanted)
    if not cert_ids:
        raise wanted.error("asks for no certificate")
    extensions = {} if wrapped is None else dict(read_extensions(wrapped.explicit(2), found))
    nonce = extensions.pop(oids.OCSP_NONCE, None)
    return OcspRequest(
        cert_ids=cert_ids,
        nonce=None if nonce is None else read_nonce(nonce, found),
        extensions=tuple(extensions.values()),
        signed=signature is not None,
        unknown_critical_extensions=tuple(
            sorted({each.oid for each in (*extensions.values(), *own) if each.critical})
        ),
        tolerances=collect(found),
    )


def _read_wanted(node: Node, own: list[Extension], found: list[Tolerance]) -> CertId:
    fields = node.sequence(1, 2)
    cert_id = read_cert_id(fields.next("reqCert"), found)
    extensions = fields.optional(der.context(0))
    fields.end()
    if extensions is not None:
        own.extend(read_extensions(extensions.explicit(0), found).values())
    return cert_id
