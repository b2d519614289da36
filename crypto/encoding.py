"""Strict DER of the SM2 signature and ciphertext (GB/T 35276-2017), the same for every engine.

An engine's own reader may be more lenient or stricter than its neighbour's. All of them ask this module first,
so that the same octets get the same answer whichever engine runs. ``formats`` has a general DER reader;
this one knows two shapes, imports nothing and costs about a microsecond.
"""

from typing import Final

from crypto.curve import N, P, is_on_curve
from crypto.errors import DecryptionError, InvalidSignatureError

MAX_SIGNATURE_LENGTH: Final = 72
_SEQUENCE: Final = 0x30
_INTEGER: Final = 0x02
_OCTET_STRING: Final = 0x04


def split_signature(der: bytes) -> tuple[int, int]:
    """Read DER SEQUENCE {r, s}.

    Args:
        der: The whole encoding: short-form lengths, minimal positive integers, no trailing octet.

    Returns:
        r and s, both in [1, n-1].

    Raises:
        InvalidSignatureError: Anything else.
    """
    total = len(der)
    if not 8 <= total <= MAX_SIGNATURE_LENGTH:
        raise InvalidSignatureError(f"a DER SM2 signature has 8 to 72 octets, not {total}")
    if der[0] != _SEQUENCE or der[1] != total - 2:
        raise InvalidSignatureError("the signature is not exactly one DER SEQUENCE")
    r_end = 4 + der[3]
    if r_end > total - 3 or der[r_end + 1] != total - r_end - 2:
        raise InvalidSignatureError("the signature is not exactly two INTEGERs in DER")
    if der[2] != _INTEGER or der[r_end] != _INTEGER:
        raise InvalidSignatureError("the signature holds something other than INTEGERs")
    return _component(der[4:r_end], "r"), _component(der[r_end + 2 :], "s")


def _component(content: bytes, name: str) -> int:
    if not content or content[0] >= 0x80 or (content[0] == 0 and len(content) > 1 and content[1] < 0x80):
        raise InvalidSignatureError(f"{name} is not a minimal positive INTEGER")
    value = int.from_bytes(content, "big")
    if not 0 < value < N:
        raise InvalidSignatureError(f"{name} is outside [1, n-1]")
    return value


def join_signature(r: int, s: int) -> bytes:
    """Write DER SEQUENCE {r, s}; r and s are in [1, n-1]."""
    content = _integer(r) + _integer(s)
    return bytes((_SEQUENCE, len(content))) + content


def signature_to_raw(der: bytes) -> bytes:
    """Turn DER SEQUENCE {r, s} into r ‖ s, 64 octets, big-endian.

    Raises:
        InvalidSignatureError: The input is not strict DER or a component is outside [1, n-1].
    """
    r, s = split_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def signature_from_raw(raw: bytes) -> bytes:
    """Turn r ‖ s (64 octets, big-endian; met in real documents) into DER SEQUENCE {r, s}.

    Raises:
        InvalidSignatureError: The input has not 64 octets or a component is outside [1, n-1].
    """
    if len(raw) != 64:
        raise InvalidSignatureError(f"a raw SM2 signature has 64 octets, not {len(raw)}")
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    if not (0 < r < N and 0 < s < N):
        raise InvalidSignatureError("r or s is outside [1, n-1]")
    return join_signature(r, s)


def split_cipher(der: bytes) -> tuple[bytes, bytes, bytes]:
    """Read DER SM2Cipher ::= SEQUENCE {X INTEGER, Y INTEGER, HASH OCTET STRING (32), CipherText OCTET STRING}.

    Returns:
        C1 as 04 ‖ X ‖ Y (65 octets, on the curve), C3 (32 octets), C2 (1 octet or more).

    Raises:
        DecryptionError: Not strict DER, C1 not on the curve, C3 not of 32 octets, or C2 empty.
    """
    x_content, y_content, digest, text = _cipher_fields(der)
    for content in (x_content, y_content):
        negative_or_empty = not content or content[0] >= 0x80
        if negative_or_empty or (content[0] == 0 and len(content) > 1 and content[1] < 0x80):
            raise DecryptionError("decryption failed")
    x, y = int.from_bytes(x_content, "big"), int.from_bytes(y_content, "big")
    if not (x < P and y < P and is_on_curve(x, y)) or len(digest) != 32 or not text:
        raise DecryptionError("decryption failed")
    return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big"), digest, text


def _cipher_fields(der: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    start, end = _header(der, 0, _SEQUENCE)
    if end != len(der):
        raise DecryptionError("decryption failed")
    fields = []
    for tag in (_INTEGER, _INTEGER, _OCTET_STRING, _OCTET_STRING):
        begin, start = _header(der, start, tag)
        fields.append(der[begin:start])
    if start != end:
        raise DecryptionError("decryption failed")
    return fields[0], fields[1], fields[2], fields[3]


def _header(der: bytes, offset: int, tag: int) -> tuple[int, int]:
    """Where the content of the element at ``offset`` starts and ends; lengths must be minimal."""
    if offset + 2 > len(der) or der[offset] != tag:
        raise DecryptionError("decryption failed")
    length, start = der[offset + 1], offset + 2
    if length >= 0x80:
        count = length & 0x7F
        length_octets = der[start : start + count]
        if not 1 <= count <= 4 or len(length_octets) != count or length_octets[0] == 0:
            raise DecryptionError("decryption failed")
        length, start = int.from_bytes(length_octets, "big"), start + count
        if length < 0x80:
            raise DecryptionError("decryption failed")
    if start + length > len(der):
        raise DecryptionError("decryption failed")
    return start, start + length


def join_cipher(point: bytes, digest: bytes, text: bytes) -> bytes:
    """Write DER SM2Cipher from C1 (04 ‖ X ‖ Y), C3 (32 octets) and C2."""
    content = (
        _integer(int.from_bytes(point[1:33], "big"))
        + _integer(int.from_bytes(point[33:], "big"))
        + _element(_OCTET_STRING, digest)
        + _element(_OCTET_STRING, text)
    )
    return _element(_SEQUENCE, content)


def _integer(value: int) -> bytes:
    return _element(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _element(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content
