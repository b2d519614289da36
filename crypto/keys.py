"""SM2 keys as values: a public key that is a checked point, a private key that keeps to itself."""

import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Never, Self, SupportsIndex

from crypto import engines
from crypto.curve import COMPRESSED_LENGTH, ENCODED_PARAMETERS, N, check_point, decompress
from crypto.engines.protocol import Engine, PrivateHandle
from crypto.errors import InvalidKeyError
from crypto.sm3 import sm3

MAX_USER_ID_LENGTH: Final = 8191
_SCALAR_LENGTH: Final = 32
_Z_CACHE_LENGTH: Final = 4096


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A point of the SM2 curve other than infinity; equal by value, usable as a key of a mapping.

    Attributes:
        point: 04 ‖ X ‖ Y, 65 octets.

    Raises:
        InvalidKeyError: At construction, if ``point`` is anything else.
    """

    point: bytes

    def __post_init__(self) -> None:
        if not engines.active().check_point(self.point):
            check_point(self.point)  # raises with the reason
            raise InvalidKeyError("the point is not on the SM2 curve")

    @classmethod
    def from_point(cls, encoded: bytes) -> Self:
        """Read 04 ‖ X ‖ Y (65 octets) or 02/03 ‖ X (33 octets, rare).

        Raises:
            InvalidKeyError: Neither of them, or not on the curve.
        """
        if len(encoded) != COMPRESSED_LENGTH:
            return cls(bytes(encoded))
        point = engines.active().decompress(bytes(encoded))
        return cls(decompress(encoded) if point is None else point)  # raises with the reason

    def z_value(self, user_id: bytes) -> bytes:
        """Compute Z = SM3(ENTL ‖ ID ‖ a ‖ b ‖ Gx ‖ Gy ‖ X ‖ Y), 32 octets (GB/T 32918.2 5.5).

        Args:
            user_id: User identity, at most 8,191 octets; its length in bits has to fit 16 bits.

        Raises:
            ValueError: The identity is longer.
        """
        return _z_value(self.point, user_id)


def z_message(point: bytes, user_id: bytes) -> bytes:
    """Write ENTL ‖ ID ‖ a ‖ b ‖ Gx ‖ Gy ‖ X ‖ Y, whose SM3 is Z.

    Raises:
        ValueError: The identity has more than 8,191 octets.
    """
    if len(user_id) > MAX_USER_ID_LENGTH:
        raise ValueError("an SM2 user identity has at most 8,191 octets")
    return (8 * len(user_id)).to_bytes(2, "big") + user_id + ENCODED_PARAMETERS + point[1:]


@lru_cache(_Z_CACHE_LENGTH)
def _z_value(point: bytes, user_id: bytes) -> bytes:
    return sm3(z_message(point, user_id))


class PrivateKey:
    """A private scalar with its public key. It shows neither in ``repr`` nor in a pickle.

    Domains never hold one: they get a ``Signer``. This class is for key stores and for tests.

    ``wipe()`` overwrites the copy kept here and lets go of the engine's, which OpenSSL overwrites as it frees it.
    What went through Python's immutable ``bytes`` on the way in cannot be overwritten.

    Args:
        scalar: 32 octets, big-endian, a value in [1, n-2].

    Raises:
        InvalidKeyError: At construction, if ``scalar`` is anything else.
    """

    __slots__ = ("_engine", "_handle", "_public_key", "_scalar")

    def __init__(self, scalar: bytes) -> None:
        if len(scalar) != _SCALAR_LENGTH or not 1 <= int.from_bytes(scalar, "big") <= N - 2:
            raise InvalidKeyError("an SM2 private key has 32 octets and a value in [1, n-2]")
        self._set(scalar, PublicKey(engines.active().public_point(bytes(scalar))))

    def _set(self, scalar: bytes, public_key: PublicKey) -> None:
        self._scalar = bytearray(scalar)
        self._public_key = public_key
        self._engine: Engine | None = None
        self._handle: PrivateHandle = None

    @classmethod
    def generate(cls) -> Self:
        """Make a key with a scalar drawn uniformly from [1, n-2]."""
        return cls((secrets.randbelow(N - 2) + 1).to_bytes(_SCALAR_LENGTH, "big"))

    @classmethod
    def generate_many(cls, count: int) -> list[Self]:
        """Make ``count`` keys, each as ``generate`` does; quicker where the engine computes several at once."""
        scalars = [(secrets.randbelow(N - 2) + 1).to_bytes(_SCALAR_LENGTH, "big") for _ in range(count)]
        keys = []
        for scalar, point in zip(scalars, engines.active().public_points(b"".join(scalars)), strict=True):
            key = cls.__new__(cls)
            key._set(scalar, PublicKey(point))  # noqa: SLF001 - same class
            keys.append(key)
        return keys

    @classmethod
    def from_scalar(cls, scalar: bytes) -> Self:
        """Load a private key.

        Args:
            scalar: 32 octets, big-endian.

        Raises:
            InvalidKeyError: The length is wrong or the value is outside [1, n-2].
        """
        return cls(scalar)

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        return self._public_key

    def scalar(self) -> bytes:
        """Export the private scalar, 32 octets.

        Only a key store may call this, to encrypt the key under another one (storage, backup, delivery of an
        encryption key). A domain or an adapter that does is a defect.

        Raises:
            InvalidKeyError: The key was wiped.
        """
        if not self._scalar:
            raise InvalidKeyError("the private key was wiped")
        return bytes(self._scalar)

    def handle(self, engine: Engine) -> PrivateHandle:
        """Give the key in the engine's form, loading it the first time.

        Raises:
            InvalidKeyError: The key was wiped.
        """
        # Two threads may both load it the first time; either result serves.
        if self._engine is not engine:
            self._handle = engine.private_handle(self.scalar(), self._public_key.point)
            self._engine = engine
        return self._handle

    def wipe(self) -> None:
        """Overwrite the scalar and drop the engine's copy; the key cannot be used any more."""
        self._engine = self._handle = None
        for index in range(len(self._scalar)):
            self._scalar[index] = 0
        self._scalar.clear()

    def __del__(self) -> None:
        if hasattr(self, "_scalar"):  # construction may have failed before it was set
            self.wipe()

    def __repr__(self) -> str:
        return "<PrivateKey (hidden)>"

    def __reduce_ex__(self, protocol: SupportsIndex) -> Never:
        raise TypeError("a private key is neither pickled nor copied")


def z_value(public_key: PublicKey, user_id: bytes) -> bytes:
    """Compute the Z value of a public key under a user identity, 32 octets; see ``PublicKey.z_value``."""
    return _z_value(public_key.point, user_id)
