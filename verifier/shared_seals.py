"""Seals that many signatures carry: decoded once, and digested once as the part of what is signed that they are.

A seal is most of a seal signature's octets, and every document under one seal carries the same. Both results are
functions of octets alone, which are compared in full.
"""

from collections.abc import Callable
from typing import Final

from crypto import DEFAULT_USER_ID, PublicKey, Sm3
from formats.gbt38540 import Seal, SealSignature
from verifier.bounded_cache import BoundedCache

MAX_REMEMBERED_SEAL: Final = 128 * 1024
_TAIL: Final = 64
"""Octets of a seal's end by which it is looked for: they belong to its maker's signature."""
_FARTHEST: Final = 32
"""How far from the start of TBS_Sign a seal may begin: behind the length and the version."""


class SharedSeals:
    """Bounded; safe for threads."""

    __slots__ = ("_absorbed", "_decoded")

    def __init__(self, size: int) -> None:
        self._decoded: BoundedCache[tuple[int, bytes], Seal] = BoundedCache(size)
        self._absorbed: BoundedCache[tuple[bytes, bytes, bytes], Sm3] = BoundedCache(size)

    def read(self, data: bytes, start: int, end: int, decode: Callable[[], Seal]) -> Seal:
        """The seal in ``data[start:end]``, decoded if it is not at hand; see ``gbt38540.read_seal_signature``."""
        if end - start > MAX_REMEMBERED_SEAL:
            return decode()
        key = (end - start, data[max(start, end - _TAIL) : end])
        seal = self._decoded.get(key, decode)
        # Sizes are equal, so equal from the first octet on is equal throughout.
        return seal if data.startswith(seal.encoded, start) else decode()

    def signed_digest(self, value: SealSignature, key: PublicKey) -> bytes:
        """SM3(Z ‖ TBS_Sign) of ``key`` under the default user identity, 32 octets."""
        to_sign, seal = value.to_sign, value.seal.encoded
        if len(seal) <= MAX_REMEMBERED_SEAL:
            for start in range(_FARTHEST):
                if to_sign.startswith(seal, start):
                    return self._digest_behind(to_sign, start, seal, key)
        running = Sm3(key.z_value(DEFAULT_USER_ID))
        running.update(to_sign)
        return running.digest()

    def _digest_behind(self, to_sign: bytes, start: int, seal: bytes, key: PublicKey) -> bytes:
        """The same, going on from where the octets before and of the seal lead."""
        before = to_sign[:start]

        def absorb() -> Sm3:
            running = Sm3(key.z_value(DEFAULT_USER_ID))
            running.update(before)
            running.update(seal)
            return running

        running = self._absorbed.get((key.point, before, seal), absorb).copy()
        running.update(to_sign[start + len(seal) :])
        return running.digest()
