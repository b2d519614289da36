"""SM2 by the project's own C (``crypto/native``): hundreds of thousands a second on a core, in constant time.

The C side holds the arithmetic, the nonces, the strict DER reader and the memory of public keys; see
docs/explanation/sm2-engine.md. This module gives it the shape of an ``Engine``.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

from crypto.engines import encryption
from crypto.engines.protocol import PrivateHandle, ReadableBuffer
from crypto.errors import CryptoError, EngineUnavailableError

TABLE_LIMIT: Final = 256
"""Public keys that have a table of multiples at once; a table has 88 KB."""
TABLE_AFTER: Final = {1: 16, 8: 64}
"""Uses of a key after which a table pays, by the lanes of the path: filling one costs as much as so many gain."""
_LANES: Final = {"ifma": 8, "emulated": 8}


class NativeEngine:
    """SM2 on one path of the C engine."""

    name: Final = "native"
    parallel: Final = True
    batch_length: Final = 4096
    batch_minimum: Final = 128

    def __init__(self, module: Any, path: str) -> None:
        self.path = path
        self._paths: tuple[str, ...] = module.paths()
        self._kernel: Any = module.Kernel(path, TABLE_LIMIT, TABLE_AFTER[_LANES.get(path, 1)])
        # Bound once: what remains of a single call in Python is one call.
        self.verify = self._kernel.verify
        self.verify_batch = self._kernel.verify_many
        self.check_point = self._kernel.check_point
        self.sm3_batch = self._kernel.sm3_many
        self.multiply = self._kernel.multiply
        self.forget = self._kernel.forget

    @property
    def details(self) -> str:
        """The path in use, and those this processor could use."""
        return f"xinyin native 1, path {self.path} (of {', '.join(self._paths)})"

    def public_point(self, scalar: bytes) -> bytes:
        """See ``Engine``."""
        point: bytes = self._kernel.public_points(scalar)[0]
        return point

    def public_points(self, scalars: bytes) -> list[bytes]:
        """See ``Engine``."""
        points: list[bytes] = self._kernel.public_points(scalars)
        return points

    def private_handle(self, scalar: bytes, point: bytes) -> PrivateHandle:  # noqa: ARG002 - not needed here
        """See ``Engine``."""
        return self._kernel.private_key(scalar)

    def sign(self, handle: PrivateHandle, digest: bytes) -> bytes:
        """See ``Engine``."""
        try:
            signature: bytes = self._kernel.sign(handle, digest)
        except OSError as error:  # the system's generator gives nothing
            raise CryptoError("the system gives no random numbers") from error
        return signature

    def sign_batch(self, handle: PrivateHandle, digests: Sequence[bytes]) -> list[bytes]:
        """See ``Engine``."""
        try:
            signatures: list[bytes] = self._kernel.sign_many(handle, digests)
        except OSError as error:
            raise CryptoError("the system gives no random numbers") from error
        return signatures

    def sign_records(self, handle: PrivateHandle, digests: ReadableBuffer) -> bytes:
        """See ``Engine``."""
        try:
            signatures: bytes = self._kernel.sign_records(handle, digests)
        except OSError as error:
            raise CryptoError("the system gives no random numbers") from error
        return signatures

    def verify_records(self, records: ReadableBuffer) -> bytes:
        """See ``Engine``."""
        answers: bytes = self._kernel.verify_records(records)
        return answers

    def decompress(self, encoded: bytes) -> bytes | None:
        """See ``Engine``."""
        point: bytes | None = self._kernel.decompress(encoded)
        return point

    def encrypt(self, point: bytes, plaintext: bytes) -> bytes:
        """See ``Engine``."""
        return encryption.encrypt(self._kernel.multiply, point, plaintext)

    def decrypt(self, handle: PrivateHandle, ciphertext: bytes) -> bytes:
        """See ``Engine``."""
        return encryption.decrypt(lambda point: self._kernel.multiply(point, handle), ciphertext)


def create(path: str | None = None) -> NativeEngine:
    """Load the C engine on its best path, or on the one that is named.

    Raises:
        EngineUnavailableError: This processor has no such path, a verification with a table went wrong, or the
            system gives no random numbers.
        ModuleNotFoundError: The C engine was not built in this installation.
    """
    module = import_module("crypto.engines._native")  # absent where no compiler was
    paths = module.paths()
    if path is None:
        path = paths[0]
    if path not in paths:
        raise EngineUnavailableError(f"no path {path!r} of the native engine here; there are: {', '.join(paths)}")
    try:
        if not _tables_work(module, path):
            raise EngineUnavailableError(f"the native engine fails with tables on path {path}")
        return NativeEngine(module, path)
    except OSError as error:
        raise EngineUnavailableError("the system gives no random numbers") from error


def _tables_work(module: Any, path: str) -> bool:
    """Known answers where the key has a table, which the self-test of every engine does not reach."""
    kernel = module.Kernel(path, 1, 1)
    key, digest = kernel.private_key(bytes(31) + b"\x05"), bytes(range(32))
    point = kernel.public_points(bytes(31) + b"\x05")[0]
    signature = kernel.sign(key, digest)
    answers = [kernel.verify(point, digest, signature) for _ in range(2)]
    return answers == [True, True] and kernel.tables() == 1 and not kernel.verify(point, bytes(32), signature)
