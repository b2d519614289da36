"""A small PDF 1.7 file writer (ISO 32000-1): objects, streams, one cross-reference table.

Equal input gives equal octets with the same compressor: no dates, and the file identifier is a digest.
"""

import hashlib
import re
import zlib
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Final

_engine: ModuleType
try:
    from zlib_ng import zlib_ng as _engine
except ImportError:  # pragma: no cover - depends on the installation
    _engine = zlib

_HEADER: Final = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_LIMIT: Final = 1e12
_LEVEL: Final = 6
_TRAILING_ZEROS: Final = re.compile(r"\.?0+(?= )")


def number(value: float) -> str:
    """A real number with up to four decimals: a tenth of a micrometre where the unit is the millimetre."""
    return _decimal(value, "%.4f")


def fine(value: float) -> str:
    """A real number with up to eight decimals, for matrices and other factors."""
    return _decimal(value, "%.8f")


def _decimal(value: float, form: str) -> str:
    if not -_LIMIT < value < _LIMIT:  # also what is not a number
        value = 0.0 if value != value else max(-_LIMIT, min(_LIMIT, value))  # noqa: PLR0124
    text = form % value
    return text.rstrip("0").rstrip(".") if "." in text else text


def numbers(values: Iterable[float]) -> str:
    """Several of them with spaces between."""
    return " ".join(map(number, values))


def operations(template: str, values: Sequence[float]) -> str:
    """Operators with their numbers put in, all at once: many times as fast as one by one.

    Args:
        template: Operators with ``%.4f`` and a space for each number.
        values: The numbers.
    """
    if values and not -_LIMIT < min(values) <= max(values) < _LIMIT:
        values = [max(-_LIMIT, min(_LIMIT, value)) for value in values]
    return _TRAILING_ZEROS.sub("", template % tuple(values))


def text_string(text: str) -> str:
    """A text string as UTF-16 with byte order mark, in hexadecimal."""
    return f"<FEFF{text.encode('utf-16-be', 'replace').hex().upper()}>"


class PdfFile:
    """Objects of a file being made; object numbers start at 1."""

    def __init__(self) -> None:
        self._objects: list[bytes | None] = []

    def reserve(self) -> int:
        """A number for an object that is written later."""
        self._objects.append(None)
        return len(self._objects)

    def put(self, number_: int, body: str) -> None:
        """Give a reserved object its body."""
        self._objects[number_ - 1] = body.encode("latin-1")

    def add(self, body: str) -> int:
        """A new object."""
        self._objects.append(body.encode("latin-1"))
        return len(self._objects)

    def add_stream(self, entries: str, data: bytes, *, deflate: bool = True) -> int:
        """A new stream; ``entries`` are those of its dictionary but Length and, if deflated here, Filter."""
        self._objects.append(_stream(entries, data, deflate=deflate))
        return len(self._objects)

    def put_stream(self, number_: int, entries: str, data: bytes) -> None:
        """Give a reserved object a deflated stream."""
        self._objects[number_ - 1] = _stream(entries, data, deflate=True)

    def finish(self, root: int, info: int) -> bytes:
        """The file.

        Raises:
            ValueError: A reserved object has no body.
        """
        parts = [_HEADER]
        position = len(_HEADER)
        offsets: list[int] = []
        for index, body in enumerate(self._objects, 1):
            if body is None:
                raise ValueError(f"object {index} was reserved and never written")
            part = b"%d 0 obj\n%b\nendobj\n" % (index, body)
            offsets.append(position)
            position += len(part)
            parts.append(part)
        entries = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
        size = len(offsets) + 1
        parts.append(b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, entries))
        identifier = hashlib.sha256(b"".join(parts)).hexdigest()[:32]
        trailer = f"<< /Size {size} /Root {root} 0 R /Info {info} 0 R /ID [<{identifier}> <{identifier}>] >>"
        parts.append(f"trailer\n{trailer}\nstartxref\n{position}\n%%EOF\n".encode("ascii"))
        return b"".join(parts)


def _stream(entries: str, data: bytes, *, deflate: bool) -> bytes:
    if deflate:
        data = _engine.compress(data, _LEVEL)
        entries += " /Filter /FlateDecode"
    return f"<< {entries} /Length {len(data)} >>\nstream\n".encode("latin-1") + data + b"\nendstream"
