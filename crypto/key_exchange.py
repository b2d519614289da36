"""SM2 key exchange (GB/T 32918.3): two parties, each with a lasting and a fleeting pair, derive the same octets.

The optional confirmation values (steps A9, A10 and B8, B10) are not exchanged: GM/T 0018 has no place for them.
A wrong partner then shows as a key that opens nothing.
"""

from typing import Final

from crypto import engines
from crypto.curve import N, add_points
from crypto.errors import CryptoError
from crypto.keys import PrivateKey, PublicKey
from crypto.sm3 import sm3_kdf

_HALF: Final = 1 << 127
"""2^w with w = ⌈⌈log2 n⌉ / 2⌉ - 1 = 127."""


def exchange_key(
    own: PrivateKey,
    own_fleeting: PrivateKey,
    peer: PublicKey,
    peer_fleeting: PublicKey,
    *,
    initiator_z: bytes,
    responder_z: bytes,
    length: int,
) -> bytes:
    """Derive the shared key, on either side.

    The only secret that Python's integers touch is t = d + x̄·r mod n, masked by r, which is drawn anew for every
    exchange; the multiplication of the point is the engine's.

    Args:
        own: This side's lasting key.
        own_fleeting: This side's key for this exchange alone.
        peer: The other side's lasting key.
        peer_fleeting: The point the other side sent.
        initiator_z: Z value of the side that began, 32 octets.
        responder_z: Z value of the side that answered, 32 octets.
        length: Octets to derive, at least 1.

    Raises:
        ValueError: A length is wrong.
        CryptoError: The points lead to infinity: the other side made them so.
        InvalidKeyError: A key was wiped.
    """
    if len(initiator_z) != 32 or len(responder_z) != 32 or length < 1:
        raise ValueError("Z values have 32 octets, and at least one octet is derived")
    engine = engines.active()
    weighted = engine.multiply(peer_fleeting.point, _reduced(peer_fleeting).to_bytes(32, "big"))
    combined = add_points(peer.point, weighted)
    r = int.from_bytes(own_fleeting.scalar(), "big")
    t = (int.from_bytes(own.scalar(), "big") + _reduced(own_fleeting.public_key) * r) % N
    if combined is None or not 1 <= t <= N - 2:
        raise CryptoError("the key exchange leads to infinity")
    shared = engine.multiply(combined, t.to_bytes(32, "big"))
    return sm3_kdf(shared[1:] + initiator_z + responder_z, length)


def _reduced(key: PublicKey) -> int:
    """x̄ = 2^w + (x & (2^w - 1))."""
    return _HALF + (int.from_bytes(key.point[1:33], "big") & (_HALF - 1))
