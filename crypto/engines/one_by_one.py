"""Batches and points for engines that bring neither: one operation after the other, in Python where needed."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Final

from crypto.curve import decompress, is_on_curve
from crypto.encoding import signature_from_raw, signature_to_raw
from crypto.engines.protocol import DIGEST_LENGTH, RECORD_LENGTH, SCALAR_LENGTH, PrivateHandle, ReadableBuffer
from crypto.errors import InvalidKeyError, InvalidSignatureError
from crypto.sm3 import sm3

_POINT_LENGTH: Final = 65


class OneByOne:
    """What an engine gets that brings ``sign``, ``verify`` and ``public_point`` only."""

    batch_minimum: int = 1

    @abstractmethod
    def sign(self, handle: PrivateHandle, digest: bytes) -> bytes:
        """See ``Engine``."""

    @abstractmethod
    def verify(self, point: bytes, digest: bytes, signature: bytes) -> bool:
        """See ``Engine``."""

    @abstractmethod
    def public_point(self, scalar: bytes) -> bytes:
        """See ``Engine``."""

    def sign_batch(self, handle: PrivateHandle, digests: Sequence[bytes]) -> list[bytes]:
        """See ``Engine``."""
        return [self.sign(handle, digest) for digest in digests]

    def sign_records(self, handle: PrivateHandle, digests: ReadableBuffer) -> bytes:
        """See ``Engine``."""
        octets = bytes(digests)
        cut = range(0, len(octets), DIGEST_LENGTH)
        return b"".join(signature_to_raw(self.sign(handle, octets[i : i + DIGEST_LENGTH])) for i in cut)

    def verify_batch(
        self, points: Sequence[bytes], digests: Sequence[bytes], signatures: Sequence[bytes]
    ) -> list[bool]:
        """See ``Engine``."""
        return [
            len(digest) == DIGEST_LENGTH and self.verify(point, digest, signature)
            for point, digest, signature in zip(points, digests, signatures, strict=True)
        ]

    def verify_records(self, records: ReadableBuffer) -> bytes:
        """See ``Engine``."""
        octets = bytes(records)
        return bytes(
            self._verify_record(octets[i : i + RECORD_LENGTH]) for i in range(0, len(octets), RECORD_LENGTH)
        )

    def _verify_record(self, record: bytes) -> bool:
        point = b"\x04" + record[:64]
        try:
            signature = signature_from_raw(record[96:])
        except InvalidSignatureError:
            return False
        return self.check_point(point) and self.verify(point, record[64:96], signature)

    def public_points(self, scalars: bytes) -> list[bytes]:
        """See ``Engine``."""
        return [self.public_point(scalars[i : i + SCALAR_LENGTH]) for i in range(0, len(scalars), SCALAR_LENGTH)]

    def check_point(self, point: bytes) -> bool:
        """See ``Engine``."""
        return (
            len(point) == _POINT_LENGTH
            and point[0] == 0x04
            and is_on_curve(int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big"))
        )

    def decompress(self, encoded: bytes) -> bytes | None:
        """See ``Engine``."""
        try:
            return decompress(encoded)
        except InvalidKeyError:
            return None

    def sm3_batch(self, prefixes: Sequence[bytes] | None, messages: Sequence[bytes]) -> list[bytes]:
        """See ``Engine``."""
        if prefixes is None:
            return [sm3(message) for message in messages]
        return [sm3(prefix + message) for prefix, message in zip(prefixes, messages, strict=True)]
