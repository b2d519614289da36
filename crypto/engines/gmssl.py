"""SM2 over the curve arithmetic of the ``gmssl`` package, pure Python: the last resort, about a hundred a second.

Only point addition and multiplication are taken from the package. What the safety of a signature hangs on, nonces,
keys, encodings and the check of a ciphertext's digest, is written here, with nonces from ``secrets``.

It is not constant-time and it holds the GIL. Where it runs, private keys belong behind a key store.
"""

import secrets
from typing import Any, Final

from crypto.curve import N
from crypto.encoding import join_signature, split_signature
from crypto.engines import encryption
from crypto.engines.encryption import GENERATOR as _GENERATOR
from crypto.engines.one_by_one import OneByOne
from crypto.engines.protocol import PrivateHandle
from crypto.errors import EngineUnavailableError, InvalidSignatureError


class _Scalar:
    """A private scalar that does not show itself."""

    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value = value


class GmsslEngine(OneByOne):
    """SM2 with ``gmssl`` doing the curve."""

    name: Final = "gmssl"
    parallel: Final = False
    batch_length: Final = 64

    def __init__(self, curve: Any, version: str) -> None:
        self._curve = curve
        self._version = version

    @property
    def details(self) -> str:
        """Version of the package."""
        return f"gmssl {self._version} (pure Python, slow, not constant-time)"

    def public_point(self, scalar: bytes) -> bytes:
        """See ``Engine``."""
        return self._multiply(int.from_bytes(scalar, "big"), _GENERATOR)

    def private_handle(self, scalar: bytes, point: bytes) -> PrivateHandle:  # noqa: ARG002 - not needed here
        """See ``Engine``."""
        return _Scalar(int.from_bytes(scalar, "big"))

    def sign(self, handle: PrivateHandle, digest: bytes) -> bytes:
        """See ``Engine``; GB/T 32918.2, the steps of ``crypto`` vectors."""
        e, d = int.from_bytes(digest, "big"), handle.value
        while True:
            k = _nonce()
            x1 = int.from_bytes(self._multiply(k, _GENERATOR)[1:33], "big")
            r = (e + x1) % N
            if r == 0 or r + k == N:
                continue
            s = pow(1 + d, -1, N) * (k - r * d) % N
            if s != 0:
                return join_signature(r, s)

    def verify(self, point: bytes, digest: bytes, signature: bytes) -> bool:
        """See ``Engine``."""
        try:
            r, s = split_signature(signature)
        except InvalidSignatureError:
            return False
        t = (r + s) % N
        if t == 0:
            return False
        total = self._add(self._multiply(s, _GENERATOR), self._multiply(t, point))
        if total is None:
            return False
        return (int.from_bytes(digest, "big") + int.from_bytes(total[1:33], "big")) % N == r

    def encrypt(self, point: bytes, plaintext: bytes) -> bytes:
        """See ``Engine``."""
        return encryption.encrypt(
            lambda other, scalar: self._multiply(int.from_bytes(scalar, "big"), other), point, plaintext
        )

    def decrypt(self, handle: PrivateHandle, ciphertext: bytes) -> bytes:
        """See ``Engine``."""
        return encryption.decrypt(lambda point: self._multiply(handle.value, point), ciphertext)

    def multiply(self, point: bytes, scalar: bytes) -> bytes:
        """See ``Engine``."""
        return self._multiply(int.from_bytes(scalar, "big"), point)

    def forget(self) -> None:
        """See ``Engine``; nothing is kept."""

    def _multiply(self, scalar: int, point: bytes) -> bytes:
        """Multiply a point (65 octets) by a scalar in [1, n-1]; the product is never infinity."""
        product: str = self._curve._kg(scalar, point[1:].hex())  # noqa: SLF001 - the package's only entry
        return b"\x04" + bytes.fromhex(product)

    def _add(self, first: bytes, second: bytes) -> bytes | None:
        """Add two points; None for infinity."""
        if first == second:
            return self._multiply(2, first)  # the package's addition does not know doubling
        jacobian: str = self._curve._add_point(first[1:].hex() + "1", second[1:].hex())  # noqa: SLF001
        affine: str | None = self._curve._convert_jacb_to_nor(jacobian)  # noqa: SLF001
        return None if affine is None else b"\x04" + bytes.fromhex(affine)


def _nonce() -> int:
    """Draw k uniformly from [1, n-1]."""
    return secrets.randbelow(N - 1) + 1


def create() -> GmsslEngine:
    """Import the package.

    Raises:
        EngineUnavailableError: It is not installed.
    """
    try:
        from importlib.metadata import version  # noqa: PLC0415 - only where this engine is wanted

        from gmssl.sm2 import CryptSM2  # noqa: PLC0415
    except ImportError as error:
        raise EngineUnavailableError(f"the gmssl package cannot be imported: {error}") from error
    # Keys are handed to each call; the object is used for its curve alone.
    return GmsslEngine(CryptSM2(private_key="", public_key=""), version("gmssl"))
