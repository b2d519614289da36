"""Frames on the socket: a header of 20 octets and a body. No I/O here, so every rule is tested in memory.

```
offset 0   2  "XK"
       2   1  protocol version, 1
       3   1  kind: 1 request, 2 reply
       4   2  command
       6   2  zero
       8   4  request identifier, chosen by the client, echoed in the reply; 0 in a reply to no request
      12   4  return code (GM/T 0018 annex A); zero in a request
      16   4  length of the body, at most MAX_BODY
```

All integers are big-endian. A header is judged as soon as its octets are there and before any of the body is
kept, so that a claimed length never makes the receiver wait for, or hold, more than ``MAX_BODY`` octets.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from formats.errors import LimitExceededError, MalformedDataError

MAGIC: Final = b"XK"
VERSION: Final = 1
MAX_BODY: Final = 512 * 1024
_HEADER: Final = struct.Struct(">2sBBHHIII")
HEADER_LENGTH: Final = _HEADER.size
_WHAT: Final = "key store frame"


class FrameKind(IntEnum):
    """Direction of a frame."""

    REQUEST = 1
    REPLY = 2


@dataclass(frozen=True, slots=True)
class Frame:
    """One request or reply; ``command`` is a number here and becomes a ``Command`` where it is carried out."""

    kind: FrameKind
    command: int
    request_id: int
    return_code: int
    body: bytes

    def encode(self) -> bytes:
        """Write the frame.

        Raises:
            ValueError: The body is longer than ``MAX_BODY``, or a number does not fit.
        """
        if len(self.body) > MAX_BODY:
            raise ValueError(f"a body of {len(self.body)} octets, allowed are {MAX_BODY}")
        try:
            header = _HEADER.pack(
                MAGIC,
                VERSION,
                self.kind,
                self.command,
                0,
                self.request_id,
                self.return_code,
                len(self.body),
            )
        except struct.error:
            raise ValueError("a number of the frame does not fit its field") from None
        return header + self.body


class FrameDecoder:
    """Cuts what arrives into frames of the one kind that is expected.

    After it has raised once, the stream cannot be followed any more and every further call raises again.
    """

    def __init__(self, kind: FrameKind, *, max_body: int = MAX_BODY) -> None:
        self._kind = kind
        self._max_body = max_body
        self._pending = bytearray()
        self._needed = HEADER_LENGTH
        self._fault: MalformedDataError | None = None

    @property
    def mid_frame(self) -> bool:
        """Whether a frame has begun to arrive and is not complete."""
        return bool(self._pending)

    def feed(self, data: bytes) -> list[Frame]:
        """Take octets as they come and return the frames they complete.

        Raises:
            MalformedDataError: What arrives is no frame of this protocol, version and kind.
            LimitExceededError: A frame claims a body longer than allowed.
        """
        if self._fault is not None:
            raise self._fault
        if self._pending:
            self._pending += data
            if HEADER_LENGTH < self._needed > len(self._pending):
                return []  # at no cost: a body that comes octet by octet must not be copied for each of them
            data = bytes(self._pending)
        frames: list[Frame] = []
        offset = 0
        try:
            while (frame := self._next(data, offset)) is not None:
                frames.append(frame)
                offset += HEADER_LENGTH + len(frame.body)
        except MalformedDataError as error:
            self._fault = error
            self._pending.clear()
            if not frames:
                raise
            return frames  # the good ones first; the next call raises
        self._pending = bytearray(data[offset:])
        return frames

    def _next(self, data: bytes, offset: int) -> Frame | None:
        start = data[offset : offset + HEADER_LENGTH]
        if not MAGIC.startswith(start[:2]):
            raise MalformedDataError("does not start with XK", what=_WHAT, offset=0)
        if len(start) > 2 and start[2] != VERSION:
            raise MalformedDataError(f"protocol version {start[2]}", what=_WHAT, offset=2)
        if len(start) > 3 and start[3] != self._kind:
            raise MalformedDataError(f"kind {start[3]}", what=_WHAT, offset=3)
        self._needed = HEADER_LENGTH
        if len(start) < HEADER_LENGTH:
            return None
        _, _, _, command, reserved, request_id, return_code, length = _HEADER.unpack(start)
        if reserved:
            raise MalformedDataError("reserved octets are not zero", what=_WHAT, offset=6)
        if self._kind is FrameKind.REQUEST and return_code:
            raise MalformedDataError("a request carries a return code", what=_WHAT, offset=12)
        if length > self._max_body:
            raise LimitExceededError(f"body of {length} octets exceeds {self._max_body}", what=_WHAT, offset=16)
        body_start = offset + HEADER_LENGTH
        if len(data) < body_start + length:
            self._needed = HEADER_LENGTH + length
            return None
        return Frame(self._kind, command, request_id, return_code, data[body_start : body_start + length])
