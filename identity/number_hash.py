"""Keyed hashes of numbers: how persons are found again without their numbers being kept.

A bare hash of an 18-character number is reversed by trying all of them, so the hash is HMAC-SM3 under a secret:

    digest = HMAC-SM3(key, label || 0x00 || holder code type || 0x00 || number as UTF-8)

The label separates uses: look-ups share one, and each application that gets pairwise identifiers has its own, so
that two applications cannot join their records. The code type keeps a passport number from meeting an equal
string of another kind. The key's id travels with the hash, so that a change of key is seen.
"""

from dataclasses import dataclass
from typing import Final

from crypto import hmac_sm3
from formats.errors import MalformedDataError
from formats.gbt36903 import HolderCode
from formats.identifier_text import ALPHANUMERIC, read_identifier

SHORTEST_KEY: Final = 32
"""Octets of the shortest key: the length of an SM3 digest."""

_LOOKUP: Final = "xinyin.number.1"
_PAIRWISE: Final = "xinyin.pairwise.1"
_KEY_ID_ALPHABET: Final = ALPHANUMERIC + ALPHANUMERIC.lower() + "-."
_HEX: Final = "0123456789abcdef"


@dataclass(frozen=True, slots=True, order=True)
class NumberHash:
    """A keyed hash of a number; may be a key of tables and stand in logs.

    Attributes:
        key_id: Which key, 1 to 32 characters.
        digest: HMAC-SM3, 64 lower-case hexadecimal digits.
    """

    key_id: str
    digest: str

    def __post_init__(self) -> None:
        read_identifier(self.key_id, what="key id", alphabet=_KEY_ID_ALPHABET, shortest=1, longest=32)
        read_identifier(self.digest, what="number hash", alphabet=_HEX, shortest=64)

    @classmethod
    def parse(cls, text: str) -> "NumberHash":
        """Read ``key id:digest``; raises ``formats.MalformedDataError``."""
        key_id, separator, digest = text.partition(":")
        if not separator:
            raise MalformedDataError("expected a key id and a digest", what="number hash")
        return cls(key_id, digest)

    def __str__(self) -> str:
        return f"{self.key_id}:{self.digest}"


class NumberHasher:
    """Computes keyed hashes under one key.

    Args:
        key: Secret, at least 32 octets; comes from the settings or the key store and is never shown.
        key_id: Name of the key, not secret.

    Raises:
        ValueError: The key is too short.
    """

    def __init__(self, key: bytes, *, key_id: str) -> None:
        if len(key) < SHORTEST_KEY:
            raise ValueError(f"the key has fewer than {SHORTEST_KEY} octets")
        read_identifier(key_id, what="key id", alphabet=_KEY_ID_ALPHABET, shortest=1, longest=32)
        self._key = bytes(key)
        self._key_id = key_id

    def __repr__(self) -> str:
        return f"NumberHasher(key_id={self._key_id!r})"

    def hash(self, code: HolderCode) -> NumberHash:
        """Hash for look-ups inside the house."""
        return self._hash(_LOOKUP, code)

    def pairwise(self, code: HolderCode, *, application: str) -> NumberHash:
        """Identifier of a person for one application; another application gets another one.

        Args:
            code: The person's code.
            application: Name of the application, 1 to 128 printable ASCII characters.

        Raises:
            ValueError: No such name.
        """
        if not 1 <= len(application) <= 128 or not (application.isascii() and application.isprintable()):
            raise ValueError("an application is named by 1 to 128 printable ASCII characters")
        return self._hash(f"{_PAIRWISE}/{application}", code)

    def _hash(self, label: str, code: HolderCode) -> NumberHash:
        message = b"\0".join(part.encode("utf-8") for part in (label, code.type_code, code.reveal()))
        return NumberHash(self._key_id, hmac_sm3(self._key, message).hex())
