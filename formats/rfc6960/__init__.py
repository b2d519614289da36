"""Online certificate status (OCSP, RFC 6960): requests and responses with SM2, and those of authorities abroad."""

from formats.rfc6960.cert_id import CERT_ID_DIGESTS, IssuerHashes, cert_id_of, names_certificate
from formats.rfc6960.making import issue_response
from formats.rfc6960.model import (
    BasicResponse,
    CertId,
    CertStatus,
    OcspRequest,
    OcspResponse,
    ResponderId,
    ResponseStatus,
    SingleResponse,
)
from formats.rfc6960.reading import read_basic_response, read_response
from formats.rfc6960.requests import encode_request, read_request
from formats.rfc6960.responder import responder_of, response_verify
from formats.rfc6960.writing import assemble_response, encode_failure, response_data, with_null_parameters

__all__ = [
    "CERT_ID_DIGESTS",
    "BasicResponse",
    "CertId",
    "CertStatus",
    "IssuerHashes",
    "OcspRequest",
    "OcspResponse",
    "ResponderId",
    "ResponseStatus",
    "SingleResponse",
    "assemble_response",
    "cert_id_of",
    "encode_failure",
    "encode_request",
    "issue_response",
    "names_certificate",
    "read_basic_response",
    "read_request",
    "read_response",
    "responder_of",
    "response_data",
    "response_verify",
    "with_null_parameters",
]
