"""Shamir's sharing of a secret over GF(2^8), octet by octet.

The field is GF(2)[x] modulo x^8 + x^4 + x^3 + x + 1 (0x11B, that of FIPS 197). Each octet of the secret is the
value at 0 of a polynomial of degree m - 1 whose other coefficients are random octets; share x holds the values
at x. The points x are public, so what depends on secrets is only multiplied by public constants: a fixed number
of shifts and exclusive ors for all 32 octets at once, with no table and no branch on a secret. Python's
integers are not made for constant time all the same; what is claimed is that no index and no condition depends
on a secret.

The sharing gives no integrity: see ``hsm_sim.custody.shares`` for what tells a false share.
"""

from collections.abc import Callable, Mapping
from typing import Final

SECRET_LENGTH: Final = 32
MAX_SHARES: Final = 10
"""Custodians of one secret; every subset of the threshold's size is tried when it is split, at most 252."""
_LOW: Final = int.from_bytes(b"\x7f" * SECRET_LENGTH, "big")
_ONES: Final = int.from_bytes(b"\x01" * SECRET_LENGTH, "big")
_REDUCTION: Final = 0x1B


def check_threshold(threshold: int, count: int) -> None:
    """Refuse a number of shares or a threshold that is no sharing.

    Raises:
        ValueError: Not 2 <= threshold <= count <= 10.
    """
    if not 2 <= threshold <= count <= MAX_SHARES:
        raise ValueError(f"2 to {MAX_SHARES} shares, and a threshold from 2 to their number")


def split(secret: bytes, threshold: int, count: int, *, random: Callable[[int], bytes]) -> dict[int, bytes]:
    """Split a secret of 32 octets into ``count`` shares of which ``threshold`` give it back.

    Args:
        secret: 32 octets.
        threshold: How many shares are needed, at least 2.
        count: How many there are, at most 10.
        random: Source of the coefficients, fresh in every call.

    Returns:
        Shares of 32 octets by their point, 1 to ``count``.

    Raises:
        ValueError: The numbers are no sharing, or the secret has another length.
    """
    check_threshold(threshold, count)
    if len(secret) != SECRET_LENGTH:
        raise ValueError(f"a secret has {SECRET_LENGTH} octets")
    coefficients = [int.from_bytes(random(SECRET_LENGTH), "big") for _ in range(threshold - 1)]
    polynomial = [*coefficients, int.from_bytes(secret, "big")]
    return {x: _value_at(polynomial, x).to_bytes(SECRET_LENGTH, "big") for x in range(1, count + 1)}


def join(shares: Mapping[int, bytes]) -> bytes:
    """Interpolate at 0. With fewer shares than the threshold the result is 32 octets that mean nothing.

    Args:
        shares: Of 32 octets each, by their point, 1 to 255.

    Raises:
        ValueError: There is none, or one has another length or an impossible point.
    """
    if not shares or any(not 1 <= x <= 255 or len(y) != SECRET_LENGTH for x, y in shares.items()):
        raise ValueError("shares of 32 octets at points 1 to 255")
    secret = 0
    for x, y in shares.items():
        weight = 1
        for other in shares:
            if other != x:
                weight = multiply(weight, multiply(other, inverse(other ^ x)))
        secret ^= _times(int.from_bytes(y, "big"), weight)
    return secret.to_bytes(SECRET_LENGTH, "big")


def multiply(a: int, b: int) -> int:
    """Multiply two elements of the field."""
    return _times(a, b)


def inverse(a: int) -> int:
    """Invert an element of the field, as a^254; 0 gives 0."""
    result = 1
    for bit in f"{254:b}":
        result = _times(result, result)
        if bit == "1":
            result = _times(result, a)
    return result


def _value_at(polynomial: list[int], x: int) -> int:
    value = 0
    for coefficient in polynomial:
        value = _times(value, x) ^ coefficient
    return value


def _times(lanes: int, constant: int) -> int:
    """Multiply every octet of ``lanes`` by one public constant."""
    product = 0
    for bit in range(8):
        product ^= lanes * (constant >> bit & 1)
        lanes = (lanes & _LOW) << 1 ^ (lanes >> 7 & _ONES) * _REDUCTION
    return product
