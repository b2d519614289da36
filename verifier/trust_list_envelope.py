"""The signed envelope of a trust list, a ``signed_envelope`` of its own payload type."""

from typing import Final

from verifier import signed_envelope
from verifier.signed_envelope import Envelope, read_listed_certificate

__all__ = [
    "MAX_OCTETS",
    "PAYLOAD_TYPE",
    "TRUST_LIST_SIGNING",
    "Envelope",
    "read_envelope",
    "read_listed_certificate",
    "signed_bytes",
]

PAYLOAD_TYPE: Final = "application/vnd.xinyin.trust-list+json"
MAX_OCTETS: Final = 128 * 1024 * 1024
"""Revocation lists of every authority travel inside."""
TRUST_LIST_SIGNING: Final = "0.4.0.2231.3.0"
"""Key purpose id-tsl-kp-tslSigning (ETSI TS 119 612): the role of a trust list's signer."""


def signed_bytes(payload: bytes) -> bytes:
    """What a signature over ``payload`` is over."""
    return signed_envelope.signed_bytes(PAYLOAD_TYPE, payload)


def read_envelope(data: bytes) -> Envelope:
    """Take an envelope apart.

    Raises:
        MalformedDataError: Not an envelope of a trust list.
        LimitExceededError: Larger than ``MAX_OCTETS``.
    """
    return signed_envelope.read_envelope(data, PAYLOAD_TYPE, what="trust list envelope", most=MAX_OCTETS)
