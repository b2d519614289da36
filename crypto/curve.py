"""The curve of GB/T 32918.5 in integers: parameters, point checks, nothing that touches a secret.

Python's integers are not constant-time, so only public values pass through here. Scalar multiplication
belongs to the engines.
"""

from typing import Final

from crypto.errors import InvalidKeyError

P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC
B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GX: Final = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY: Final = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0

ENCODED_PARAMETERS: Final = b"".join(value.to_bytes(32, "big") for value in (A, B, GX, GY))
"""a ‖ b ‖ Gx ‖ Gy, the part of the Z value that is the same for every key (GB/T 32918.2 5.5)."""

UNCOMPRESSED_LENGTH: Final = 65
COMPRESSED_LENGTH: Final = 33


def is_on_curve(x: int, y: int) -> bool:
    """Tell whether (x, y) satisfies y² = x³ + ax + b with both coordinates in [0, p)."""
    return 0 <= x < P and 0 <= y < P and (y * y - ((x * x + A) * x + B)) % P == 0


def check_point(point: bytes) -> None:
    """Refuse anything but 04 ‖ X ‖ Y (65 octets) of a point on the curve.

    The curve has cofactor 1, so a point on it other than infinity needs no order check, and infinity has no
    encoding of 65 octets.

    Raises:
        InvalidKeyError: The length, the first octet or the point is wrong.
    """
    if len(point) != UNCOMPRESSED_LENGTH or point[0] != 0x04:
        raise InvalidKeyError("an SM2 public key has 65 octets and starts with 04")
    if not is_on_curve(int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big")):
        raise InvalidKeyError("the point is not on the SM2 curve")


def decompress(encoded: bytes) -> bytes:
    """Turn 02/03 ‖ X (33 octets) into 04 ‖ X ‖ Y (65 octets).

    Raises:
        InvalidKeyError: The length or first octet is wrong, or no point has this X.
    """
    if len(encoded) != COMPRESSED_LENGTH or encoded[0] not in (0x02, 0x03):
        raise InvalidKeyError("a compressed SM2 public key has 33 octets and starts with 02 or 03")
    x = int.from_bytes(encoded[1:], "big")
    y = pow((x * x + A) * x + B, (P + 1) // 4, P)  # p = 3 mod 4, so this is the root if there is one
    if not is_on_curve(x, y):
        raise InvalidKeyError("no point of the SM2 curve has this X coordinate")
    if y & 1 != encoded[0] & 1:
        y = P - y  # y = 0 does not occur: the order is prime, so no point has order two
    return b"\x04" + encoded[1:] + y.to_bytes(32, "big")


def add_points(first: bytes, second: bytes) -> bytes | None:
    """Add two points of the curve (65 octets each); None for infinity. Both are public."""
    x1, y1, x2, y2 = (int.from_bytes(octets, "big") for octets in (*_halves(first), *_halves(second)))
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    doubled = x1 == x2
    rise, run = (3 * x1 * x1 + A, 2 * y1) if doubled else (y2 - y1, x2 - x1)
    slope = rise * pow(run, -1, P) % P
    x = (slope * slope - x1 - x2) % P
    y = (slope * (x1 - x) - y1) % P
    return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")


def _halves(point: bytes) -> tuple[bytes, bytes]:
    return point[1:33], point[33:]
