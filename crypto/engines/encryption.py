"""SM2 public-key encryption (GB/T 32918.4) over an engine that multiplies points: everything but the curve."""

import hmac
import secrets
from collections.abc import Callable
from typing import Final

from crypto.curve import GX, GY, N
from crypto.encoding import join_cipher, split_cipher
from crypto.errors import DecryptionError
from crypto.sm3 import sm3, sm3_kdf

GENERATOR: Final = b"\x04" + GX.to_bytes(32, "big") + GY.to_bytes(32, "big")


def encrypt(multiply: Callable[[bytes, bytes], bytes], point: bytes, plaintext: bytes) -> bytes:
    """Encrypt at least one octet.

    Args:
        multiply: Gives scalar (32 octets, in [1, n-2], secret) times point (65 octets), 65 octets.
        point: The receiver's public point, on the curve.
        plaintext: One octet or more.

    Returns:
        DER SM2Cipher of GB/T 35276, C1 C3 C2.
    """
    while True:
        scalar = (secrets.randbelow(N - 2) + 1).to_bytes(32, "big")
        shared = multiply(point, scalar)[1:]
        mask = sm3_kdf(shared, len(plaintext))
        if any(mask):
            digest = sm3(shared[:32] + plaintext + shared[32:])
            return join_cipher(multiply(GENERATOR, scalar), digest, _xor(plaintext, mask))


def decrypt(multiply: Callable[[bytes], bytes], ciphertext: bytes) -> bytes:
    """Open a DER SM2Cipher.

    Args:
        multiply: Gives the private scalar times a point of the curve (65 octets), 65 octets.
        ciphertext: Octets from outside, unchecked.

    Raises:
        DecryptionError: It does not open; the reason is not told.
    """
    point, digest, text = split_cipher(ciphertext)
    shared = multiply(point)[1:]
    mask = sm3_kdf(shared, len(text))
    plaintext = _xor(text, mask)
    expected = sm3(shared[:32] + plaintext + shared[32:])
    if not any(mask) or not hmac.compare_digest(expected, digest):
        raise DecryptionError("decryption failed")
    return plaintext


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(len(left), "big")
