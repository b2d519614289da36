"""SM3 (GB/T 32905), HMAC-SM3, the key derivation of GB/T 32918 and PBKDF2 with SM3.

``hashlib`` has SM3 where Python was linked with an OpenSSL that has it, and is quicker on short inputs; the
``cryptography`` package brings its own and serves everywhere else. Which of the two runs is decided at import.
"""

import hashlib
import hmac
from typing import Final, Protocol, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import hmac as portable_hmac
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

DIGEST_LENGTH: Final = 32
_BLOCK: Final = 64
_MAX_KDF_LENGTH: Final = (2**32 - 1) * DIGEST_LENGTH


class _Running(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...
    def copy(self) -> Self: ...


class _PortableSm3:
    """SM3 of the ``cryptography`` package in the shape of a ``hashlib`` object."""

    def __init__(self, running: hashes.Hash | None = None) -> None:
        self._running = hashes.Hash(hashes.SM3()) if running is None else running

    def update(self, data: bytes, /) -> None:
        self._running.update(data)

    def digest(self) -> bytes:
        return self._running.copy().finalize()

    def copy(self) -> "_PortableSm3":
        return _PortableSm3(self._running.copy())


def _hashlib_has_sm3() -> bool:
    try:
        return hashlib.new("sm3", b"abc").hexdigest().startswith("66c7f0f462eeedd9d1f2d46bdc10e4e2")
    except ValueError:
        return False


_USE_HASHLIB: Final = _hashlib_has_sm3()
# Copying an empty object is a third quicker than asking hashlib for a new one by name.
_EMPTY: Final[_Running] = hashlib.new("sm3") if _USE_HASHLIB else _PortableSm3()


def sm3(data: bytes) -> bytes:
    """Digest ``data`` (any length); 32 octets."""
    running = _EMPTY.copy()
    running.update(data)
    return running.digest()


class Sm3:
    """SM3 over data that arrives in pieces."""

    __slots__ = ("_running",)

    def __init__(self, data: bytes = b"") -> None:
        self._running = _EMPTY.copy()
        self._running.update(data)

    def update(self, data: bytes) -> None:
        """Take the next piece."""
        self._running.update(data)

    def digest(self) -> bytes:
        """Digest of everything taken so far, 32 octets; more may follow."""
        return self._running.digest()

    def copy(self) -> "Sm3":
        """Make a twin that goes its own way from here."""
        twin = Sm3.__new__(Sm3)
        twin._running = self._running.copy()  # noqa: SLF001 - same class
        return twin


def hmac_sm3(key: bytes, data: bytes) -> bytes:
    """HMAC with SM3; 32 octets."""
    if _USE_HASHLIB:
        return hmac.digest(key, data, "sm3")
    running = portable_hmac.HMAC(key, hashes.SM3())
    running.update(data)
    return running.finalize()


class HmacSm3:
    """HMAC-SM3 over data that arrives in pieces."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = (sm3(key) if len(key) > _BLOCK else key).ljust(_BLOCK, b"\x00")
        self._inner = Sm3(bytes(octet ^ 0x36 for octet in block))
        self._outer = Sm3(bytes(octet ^ 0x5C for octet in block))

    def update(self, data: bytes) -> None:
        """Take the next piece."""
        self._inner.update(data)

    def digest(self) -> bytes:
        """Code of everything taken so far, 32 octets; more may follow."""
        outer = self._outer.copy()
        outer.update(self._inner.digest())
        return outer.digest()


def sm3_kdf(z: bytes, length: int) -> bytes:
    """Key derivation of GB/T 32918: SM3(Z ‖ 1) ‖ SM3(Z ‖ 2) ‖ …, cut to ``length`` octets.

    The counter has 4 octets, big-endian, and starts at 1.

    Raises:
        ValueError: ``length`` is negative, or longer than the counter allows.
    """
    if not 0 <= length <= _MAX_KDF_LENGTH:
        raise ValueError("the derived key has 0 to (2^32 - 1) * 32 octets")
    absorbed = _EMPTY.copy()
    absorbed.update(z)
    blocks = []
    for counter in range(1, -(-length // DIGEST_LENGTH) + 1):
        running = absorbed.copy()
        running.update(counter.to_bytes(4, "big"))
        blocks.append(running.digest())
    return b"".join(blocks)[:length]


def pbkdf2_sm3(password: bytes, salt: bytes, iterations: int, length: int) -> bytes:
    """PBKDF2 with HMAC-SM3; ``length`` octets.

    Raises:
        ValueError: ``iterations`` or ``length`` is less than 1.
    """
    if iterations < 1 or length < 1:
        raise ValueError("PBKDF2 needs at least one iteration and one octet")
    if _USE_HASHLIB:
        return hashlib.pbkdf2_hmac("sm3", password, salt, iterations, length)
    return PBKDF2HMAC(algorithm=hashes.SM3(), length=length, salt=salt, iterations=iterations).derive(password)
