"""Telling what the value of an OFD signature (SignedValue.dat) is, by its first element.

``Signatures.xml`` names a type too, but files exist where it is absent or wrong.
"""

from enum import StrEnum

from formats import der
from formats.errors import MalformedDataError


class SignedValueKind(StrEnum):
    """What stands in a signature value file."""

    SEAL_SIGNATURE = "seal-signature"
    """SES_Signature; the first element is TBS_Sign."""
    SIGNED_DATA = "signed-data"
    """GB/T 35275 (or PKCS#7) ContentInfo; the first element is an OID."""
    BARE_SIGNATURE = "bare-signature"
    """DER SEQUENCE {r, s} without a certificate; the first element is an INTEGER."""


_FIRST_ELEMENT = {
    der.SEQUENCE: SignedValueKind.SEAL_SIGNATURE,
    der.OBJECT_IDENTIFIER: SignedValueKind.SIGNED_DATA,
    der.INTEGER: SignedValueKind.BARE_SIGNATURE,
}


def signed_value_kind(data: bytes) -> SignedValueKind:
    """The kind of a signature value, from its first octets only; whether it is well formed shows on reading.

    The outer length may be indefinite (BER), as in signed data of some makers.

    Raises:
        MalformedDataError: None of the three.
    """
    if data[:1] != b"\x30" or len(data) < 4:
        raise MalformedDataError("not a SEQUENCE", what="signature value", offset=0)
    length_octets = data[1] & 0x7F if data[1] & 0x80 else 0
    first = data[2 + length_octets : 3 + length_octets]
    kind = _FIRST_ELEMENT.get(first[0]) if first else None
    if kind is None:
        raise MalformedDataError("no signature value begins so", what="signature value")
    return kind
