"""BER (ITU-T X.690 8) that only differs from DER in indefinite lengths and segmented OCTET STRINGs, made definite.

Some signature services stream their signed data and write it so. Everything else the strict reader refuses stays
as it is and is refused there; values without such parts keep their octets, so certificates inside stay verifiable.
"""

from formats import der
from formats.der import DEFAULT_LIMITS, DerLimits
from formats.errors import LimitExceededError, MalformedDataError
from formats.tolerances import Tolerance

_CONSTRUCTED = 0x20
_SEGMENTED_OCTET_STRING = der.OCTET_STRING | _CONSTRUCTED
_END = b"\x00\x00"


def to_definite(
    data: bytes, *, what: str = "BER", limits: DerLimits = DEFAULT_LIMITS
) -> tuple[bytes, tuple[Tolerance, ...]]:
    """The one value in ``data`` with definite lengths, and what had to be changed for it; nothing if it had them.

    Work is bounded by ``limits``: size, depth, and ``elements`` values in all.

    Raises:
        MalformedDataError: Not BER, or octets follow the value.
        LimitExceededError: A limit was reached.
    """
    if len(data) > limits.size:
        raise LimitExceededError(f"{len(data)} octets, {limits.size} allowed", what=what)
    converter = _Converter(bytes(data), what, limits)
    encoded, end = converter.value(0, len(data), 0)
    if end != len(data):
        raise MalformedDataError(f"{len(data) - end} octets follow the value", what=what, offset=end)
    return encoded, tuple(sorted(converter.found))


class _Converter:
    def __init__(self, buffer: bytes, what: str, limits: DerLimits) -> None:
        self.buffer = buffer
        self.what = what
        self.limits = limits
        self.count = 0
        self.found: set[Tolerance] = set()

    def value(self, offset: int, end: int, depth: int) -> tuple[bytes, int]:
        """The value at ``offset`` in definite form, and where it ends."""
        self.count += 1
        if self.count > self.limits.elements or depth > self.limits.depth:
            raise LimitExceededError("nested too deep or too many values", what=self.what, offset=offset)
        tag, start, length = self._header(offset, end)
        if length is None:
            self.found.add(Tolerance.BER_INDEFINITE_LENGTH)
            parts, stop = self._until_end(start, end, depth)
            return self._join(tag, parts, offset), stop
        stop = start + length
        before = self.buffer[offset:stop]
        if not tag & _CONSTRUCTED:
            return before, stop
        parts = []
        position = start
        while position < stop:
            part, position = self.value(position, stop, depth + 1)
            parts.append(part)
        if tag != _SEGMENTED_OCTET_STRING and b"".join(parts) == self.buffer[start:stop]:
            return before, stop
        return self._join(tag, parts, offset), stop

    def _until_end(self, position: int, end: int, depth: int) -> tuple[list[bytes], int]:
        parts: list[bytes] = []
        while self.buffer[position : position + 2] != _END:
            part, position = self.value(position, end, depth + 1)
            parts.append(part)
        if position + 2 > end:
            raise self._error("end-of-contents octets lie outside", position)
        return parts, position + 2

    def _join(self, tag: int, parts: list[bytes], offset: int) -> bytes:
        if tag != _SEGMENTED_OCTET_STRING:
            return der.encode(tag, b"".join(parts))
        self.found.add(Tolerance.BER_CONSTRUCTED_STRING)
        segments = [der.parse(part, what=self.what, limits=self.limits) for part in parts]
        if any(segment.tag != der.OCTET_STRING for segment in segments):
            raise self._error("a segment of an OCTET STRING is none", offset)
        return der.octet_string(b"".join(segment.content for segment in segments))

    def _header(self, offset: int, end: int) -> tuple[int, int, int | None]:
        """Tag, start of the content, length (None if indefinite)."""
        if offset + 2 > end:
            raise self._error("value is cut short", offset)
        tag, length, start = self.buffer[offset], self.buffer[offset + 1], offset + 2
        if tag & 0x1F == 0x1F or tag == 0:
            raise self._error(f"tag 0x{tag:02x}", offset)
        if length == 0x80:
            if not tag & _CONSTRUCTED:
                raise self._error("a primitive value of indefinite length", offset)
            return tag, start, None
        if length > 0x80:
            octets = length & 0x7F
            if octets > 4 or start + octets > end:
                raise self._error("length is cut short or too large", offset)
            length = int.from_bytes(self.buffer[start : start + octets], "big")
            start += octets
        if length > end - start:
            raise self._error(f"value claims {length} octets, {end - start} are there", offset)
        return tag, start, length

    def _error(self, message: str, offset: int) -> MalformedDataError:
        return MalformedDataError(message, what=self.what, offset=offset)
