"""Time stamps of GB/T 20520, which are those of RFC 3161 with RFC 5816: requests, responses, tokens."""

from formats.gbt20520.digests import IMPRINT_DIGESTS, imprint_of
from formats.gbt20520.making import issue_token
from formats.gbt20520.model import Accuracy, CertificateId, MessageImprint, TimeStampToken, TstInfo
from formats.gbt20520.protocol import (
    FailureReason,
    PkiStatus,
    RequestVersionError,
    TimeStampRequest,
    TimeStampResponse,
    differences,
    encode_request,
    encode_response,
    read_request,
    read_response,
)
from formats.gbt20520.reading import read_time_stamp_token, read_tst_info
from formats.gbt20520.writing import (
    SM2_TOKENS,
    TokenAlgorithms,
    TokenForm,
    assemble_token,
    signed_attributes,
    tst_info,
)

__all__ = [
    "IMPRINT_DIGESTS",
    "SM2_TOKENS",
    "Accuracy",
    "CertificateId",
    "FailureReason",
    "MessageImprint",
    "PkiStatus",
    "RequestVersionError",
    "TimeStampRequest",
    "TimeStampResponse",
    "TimeStampToken",
    "TokenAlgorithms",
    "TokenForm",
    "TstInfo",
    "assemble_token",
    "differences",
    "encode_request",
    "encode_response",
    "imprint_of",
    "issue_token",
    "read_request",
    "read_response",
    "read_time_stamp_token",
    "read_tst_info",
    "signed_attributes",
    "tst_info",
]
