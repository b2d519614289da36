"""What an SM2 engine does. Three fit: ``native`` (if built), ``openssl``, ``gmssl``.

An engine works on octets that the public API has checked: points are on the curve, scalars in [1, n-2], digests
have 32 octets. Signatures and ciphertexts come from outside unchecked; an engine refuses exactly what
``crypto.encoding`` refuses, so that all engines answer alike (the negative vectors in the tests run on each).
An engine is used from many threads at once.
"""

from collections.abc import Sequence
from typing import Any, Final, Protocol, TypeAlias

PrivateHandle: TypeAlias = Any
"""A private key in the engine's own form; opaque to everybody else, safe to use from many threads."""

ReadableBuffer: TypeAlias = bytes | bytearray | memoryview
"""Octets in one piece."""

SCALAR_LENGTH: Final = 32
DIGEST_LENGTH: Final = 32
RECORD_LENGTH: Final = 64 + 32 + 64
"""Octets of a verification record: X ‖ Y ‖ e ‖ r ‖ s."""


class Engine(Protocol):
    """SM2 on digests and octets."""

    @property
    def name(self) -> str:
        """Short name, as in ``XINYIN_SM2_ENGINE``."""
        ...

    @property
    def details(self) -> str:
        """Which library and version does the work, for ``--version``."""
        ...

    @property
    def parallel(self) -> bool:
        """Whether batches gain from threads, that is, whether the GIL is released while computing."""
        ...

    @property
    def batch_length(self) -> int:
        """How many operations one call of ``sign_batch`` or ``verify_batch`` should get at most."""
        ...

    @property
    def batch_minimum(self) -> int:
        """How many operations are worth handing to a thread."""
        ...

    def public_point(self, scalar: bytes) -> bytes:
        """Compute the public point (65 octets) of a private scalar (32 octets, in [1, n-2])."""
        ...

    def public_points(self, scalars: bytes) -> list[bytes]:
        """Compute the public points (65 octets each) of scalars that stand one after the other."""
        ...

    def check_point(self, point: bytes) -> bool:
        """Tell whether these are 65 octets 04 ‖ X ‖ Y of a point of the curve."""
        ...

    def decompress(self, encoded: bytes) -> bytes | None:
        """Turn 02/03 ‖ X (33 octets) into 04 ‖ X ‖ Y (65 octets); None if no point is written like that."""
        ...

    def private_handle(self, scalar: bytes, point: bytes) -> PrivateHandle:
        """Load a private key; ``point`` is its public point."""
        ...

    def sign(self, handle: PrivateHandle, digest: bytes) -> bytes:
        """Sign the digest e (32 octets) with a fresh nonce; strict DER.

        Raises:
            CryptoError: The library failed.
        """
        ...

    def sign_batch(self, handle: PrivateHandle, digests: Sequence[bytes]) -> list[bytes]:
        """Sign several digests on the calling thread."""
        ...

    def sign_records(self, handle: PrivateHandle, digests: ReadableBuffer) -> bytes:
        """Sign digests that stand one after the other (32 octets each); r ‖ s (64 octets each) likewise."""
        ...

    def verify(self, point: bytes, digest: bytes, signature: bytes) -> bool:
        """Tell whether a DER signature over the digest e (32 octets) verifies; False whatever is wrong with it."""
        ...

    def verify_batch(
        self, points: Sequence[bytes], digests: Sequence[bytes], signatures: Sequence[bytes]
    ) -> list[bool]:
        """Verify several on the calling thread; one answer for each, in order.

        A digest that has not 32 octets is answered False.
        """
        ...

    def verify_records(self, records: ReadableBuffer) -> bytes:
        """Verify records X ‖ Y ‖ e ‖ r ‖ s (160 octets each); one octet 0 or 1 for each, in order.

        Points that are not on the curve and numbers out of range are answered 0.
        """
        ...

    def sm3_batch(self, prefixes: Sequence[bytes] | None, messages: Sequence[bytes]) -> list[bytes]:
        """Digest each message with SM3, after the prefix of the same place if there are prefixes."""
        ...

    def encrypt(self, point: bytes, plaintext: bytes) -> bytes:
        """Encrypt at least one octet; DER SM2Cipher, C1 C3 C2.

        Raises:
            CryptoError: The library failed.
        """
        ...

    def decrypt(self, handle: PrivateHandle, ciphertext: bytes) -> bytes:
        """Open a DER SM2Cipher.

        Raises:
            DecryptionError: It does not open.
        """
        ...

    def multiply(self, point: bytes, scalar: bytes) -> bytes:
        """Compute scalar (32 octets, in [1, n-2], secret) times a point of the curve (65 octets); 65 octets.

        Raises:
            CryptoError: The library failed.
        """
        ...

    def forget(self) -> None:
        """Drop caches; called in a child process after a fork."""
        ...
