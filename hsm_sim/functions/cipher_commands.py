"""Commands for symmetric ciphers and codes with a session key, at once and in parts."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Final

from hsm_sim.commands import U32, U64, Command, Done, Request
from hsm_sim.encoding import Choice, Octets

MAX_DATA: Final = 256 * 1024
"""Octets in one request, and of all parts of an authenticated decryption."""
MAX_PART: Final = MAX_DATA + 16
"""What was held back of the part before may come with the next."""
_DATA: Final = Octets(MAX_DATA)
_IV: Final = Octets(16)
_START: Final = Octets(16)
_TAG: Final = Octets(16)
_AAD: Final = Octets(64 * 1024)


class OperationKind(IntEnum):
    """What is done in parts."""

    ENCRYPT = 1
    DECRYPT = 2
    CALCULATE_MAC = 3
    AUTH_ENCRYPT = 4
    AUTH_DECRYPT = 5


_KIND: Final = Choice(OperationKind)


@dataclass(frozen=True, slots=True)
class Ciphered:
    """The result, and the initial value that continues it."""

    iv: Annotated[bytes, _IV]
    data: Annotated[bytes, _DATA]


@dataclass(frozen=True, slots=True)
class Tagged:
    """The result and its tag; the tag is empty where there is none."""

    data: Annotated[bytes, Octets(MAX_PART)]
    tag: Annotated[bytes, _TAG]


@dataclass(frozen=True, slots=True)
class Part:
    """What a part gave."""

    data: Annotated[bytes, Octets(MAX_PART)]


@dataclass(frozen=True, slots=True)
class Encrypt(Request[Ciphered]):
    """SDF_Encrypt: no padding; ECB and CBC want whole blocks."""

    key: Annotated[int, U64]
    algorithm: Annotated[int, U32]
    iv: Annotated[bytes, _IV]
    data: Annotated[bytes, _DATA]
    command = Command.ENCRYPT
    reply = Ciphered


@dataclass(frozen=True, slots=True)
class Decrypt(Request[Ciphered]):
    """SDF_Decrypt: as ENCRYPT, the other way."""

    key: Annotated[int, U64]
    algorithm: Annotated[int, U32]
    iv: Annotated[bytes, _IV]
    data: Annotated[bytes, _DATA]
    command = Command.DECRYPT
    reply = Ciphered


@dataclass(frozen=True, slots=True)
class CalculateMac(Request[Ciphered]):
    """SDF_CalculateMAC: the last block of CBC over whole blocks."""

    key: Annotated[int, U64]
    algorithm: Annotated[int, U32]
    iv: Annotated[bytes, _IV]
    data: Annotated[bytes, _DATA]
    command = Command.CALCULATE_MAC
    reply = Ciphered


@dataclass(frozen=True, slots=True)
class AuthEncrypt(Request[Tagged]):
    """SDF_AuthEnc: ``start`` is the nonce, 12 octets."""

    key: Annotated[int, U64]
    algorithm: Annotated[int, U32]
    start: Annotated[bytes, _START]
    aad: Annotated[bytes, _AAD]
    data: Annotated[bytes, _DATA]
    command = Command.AUTH_ENCRYPT
    reply = Tagged


@dataclass(frozen=True, slots=True)
class AuthDecrypt(Request[Tagged]):
    """SDF_AuthDec: nothing comes out unless the tag fits."""

    key: Annotated[int, U64]
    algorithm: Annotated[int, U32]
    start: Annotated[bytes, _START]
    aad: Annotated[bytes, _AAD]
    tag: Annotated[bytes, _TAG]
    data: Annotated[bytes, _DATA]
    command = Command.AUTH_DECRYPT
    reply = Tagged


@dataclass(frozen=True, slots=True)
class OperationInit(Request[Done]):
    """SDF_EncryptInit, DecryptInit, CalculateMACInit, AuthEncInit, AuthDecInit; drops what was begun before."""

    kind: Annotated[OperationKind, _KIND]
    key: Annotated[int, U64]
    algorithm: Annotated[int, U32]
    iv: Annotated[bytes, _IV]
    aad: Annotated[bytes, _AAD]
    """Authenticated kinds only; else empty."""
    tag: Annotated[bytes, _TAG]
    """AUTH_DECRYPT only; else empty."""
    total: Annotated[int, U32]
    """Octets that will come, authenticated kinds only; 0 if that is not told."""
    command = Command.OPERATION_INIT
    reply = Done


@dataclass(frozen=True, slots=True)
class OperationUpdate(Request[Part]):
    """The next part. An authenticated decryption gives nothing before its end."""

    kind: Annotated[OperationKind, _KIND]
    data: Annotated[bytes, _DATA]
    command = Command.OPERATION_UPDATE
    reply = Part


@dataclass(frozen=True, slots=True)
class OperationFinal(Request[Tagged]):
    """The end: what is left, and the code or tag."""

    kind: Annotated[OperationKind, _KIND]
    command = Command.OPERATION_FINAL
    reply = Tagged
