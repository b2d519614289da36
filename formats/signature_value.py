"""SM2 signature values as they stand in seal signatures and signed data.

GB/T 35276 writes DER SEQUENCE {r, s}. Some makers write the 64 octets r and s instead (big-endian, 32 each).
"""

from typing import Final

from formats import der
from formats.errors import MalformedDataError

RAW_LENGTH: Final = 64


def is_raw_signature(signature: bytes) -> bool:
    """Whether ``signature`` is 64 octets r and s.

    A DER value may have 64 octets too; it then begins with 30 3E and holds two INTEGERs that fill it, which raw
    octets match with a chance below 2^-30.
    """
    if len(signature) != RAW_LENGTH:
        return False
    if signature[:3] != b"\x30\x3e\x02":
        return True
    length = signature[3]
    return not (length < 60 and signature[4 + length] == der.INTEGER and signature[5 + length] == 58 - length)


def signature_as_der(signature: bytes) -> bytes:
    """``signature`` as DER SEQUENCE {r, s} if it is raw, else unchanged; nothing is checked."""
    if not is_raw_signature(signature):
        return signature
    return der.sequence(
        der.integer(int.from_bytes(signature[:32], "big")), der.integer(int.from_bytes(signature[32:], "big"))
    )


def check_signature_der(signature: bytes) -> bytes:
    """``signature`` itself, if it is DER SEQUENCE {r, s} with r and s of 1 to 256 bits, as writers emit it.

    Raises:
        ValueError: It is not.
    """
    try:
        parts = der.parse(signature, what="signature value").sequence(2, 2)
        numbers = [parts.next().integer(max_octets=33), parts.next().integer(max_octets=33)]
    except MalformedDataError as exc:
        raise ValueError(str(exc)) from exc
    if min(numbers) < 1 or max(numbers) >> 256:
        raise ValueError("signature value out of range")
    return signature
