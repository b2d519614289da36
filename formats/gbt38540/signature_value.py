"""SM2 signature values as they stand in seal signatures and signed data.

GB/T 35276 writes DER SEQUENCE {r, s}. Some makers write the 64 octets r and s instead (big-endian, 32 each).
"""

from formats import der

RAW_LENGTH = 64


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
