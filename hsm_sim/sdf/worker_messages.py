"""What an isolated signer and its worker say to each other: a length of four octets, and a record.

A reply begins with one octet: 0 for what was asked, 1 for a ``Failed``.
"""

import socket
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, TypeVar

from crypto import KeyStoreError, WrongSignatureError
from formats.errors import MalformedDataError
from hsm_sim.commands import U8, U32
from hsm_sim.encoding import Fixed, Octets, Optional, Text, decode, encode
from hsm_sim.return_codes import CommunicationError, DeviceError, error_for

T = TypeVar("T")
MAX_DIGESTS: Final = 256
"""In one request."""
_MAX_MESSAGE: Final = 1024 * 1024
_WHAT: Final = "message of the library's worker"


@dataclass(frozen=True, slots=True)
class OpenKey:
    """The first request: which library, which key."""

    library: Annotated[str, Text(4096)]
    profile: Annotated[str, Text(4096)]
    index: Annotated[int, U32]
    password: Annotated[bytes, Octets(256)] = field(repr=False)
    public_key: Annotated[bytes | None, Optional(Fixed(65))]


@dataclass(frozen=True, slots=True)
class KeyOpened:
    """The key is ready."""

    public_key: Annotated[bytes, Fixed(65)]


@dataclass(frozen=True, slots=True)
class SignDigests:
    """Digests of 32 octets, joined."""

    digests: Annotated[bytes, Octets(32 * MAX_DIGESTS)]


@dataclass(frozen=True, slots=True)
class Signed:
    """Signatures, joined as ``hsm_sim.batches`` tells."""

    joined: Annotated[bytes, Octets(73 * MAX_DIGESTS)]


@dataclass(frozen=True, slots=True)
class Failed:
    """What went wrong; ``wrong_signature`` tells that the device gave one, and the code then says nothing."""

    return_code: Annotated[int, U32]
    wrong_signature: Annotated[int, U8]
    detail: Annotated[str, Text(512)]


def failed_of(error: KeyStoreError) -> Failed:
    """Put an exception into words; ``error_of`` turns them back."""
    code = error.return_code if isinstance(error, DeviceError) else DeviceError.code
    detail = error.detail if isinstance(error, DeviceError) else str(error)
    text = "".join(character for character in detail if character.isprintable())
    return Failed(code, isinstance(error, WrongSignatureError), text[:128])


def error_of(failed: Failed) -> KeyStoreError:
    """The exception that ``failed_of`` put into words, at the other end."""
    if failed.wrong_signature:
        return WrongSignatureError(failed.detail)
    return error_for(failed.return_code, failed.detail)


def send(connection: socket.socket, message: object, *, marked: int | None = None) -> None:
    """Send a record; ``marked`` is the octet before a reply."""
    body = encode(message) if marked is None else bytes((marked,)) + encode(message)
    connection.sendall(len(body).to_bytes(4, "big") + body)


def receive(connection: socket.socket) -> bytes:
    """Receive one message.

    Raises:
        CommunicationError: The other end is gone, or says something else.
        TimeoutError: The connection's patience ended.
    """
    length = int.from_bytes(_exactly(connection, 4), "big")
    if not 0 < length <= _MAX_MESSAGE:
        raise CommunicationError("the library's worker says something else than it should")
    return _exactly(connection, length)


def read(record: type[T], body: bytes) -> T:
    """Decode a message.

    Raises:
        CommunicationError: It is none of this kind.
    """
    try:
        return decode(record, body, what=_WHAT)
    except MalformedDataError as error:
        raise CommunicationError(str(error)) from None


def _exactly(connection: socket.socket, length: int) -> bytes:
    octets = bytearray()
    while len(octets) < length:
        part: Any = connection.recv(length - len(octets))
        if not part:
            raise CommunicationError("the library's worker is gone")
        octets += part
    return bytes(octets)
