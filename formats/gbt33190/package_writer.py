"""Writing packages: the same entries always give the same octets with the same compressor.

``OFD.xml`` comes first, then the names in code point order; times are fixed, nothing but data is stored: no
directories, comments, extra fields or data descriptors. Signatures cover the parts, never the container, so a
package may be written again at will.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from formats.gbt33190.entry_names import files_used_as_directories, name_fault, twins
from formats.gbt33190.inflate import checksum, deflate
from formats.gbt33190.limits import DEFAULT_LIMITS, PackageLimits
from formats.gbt33190.zip_records import (
    CENTRAL,
    CENTRAL_SIGNATURE,
    DEFLATED,
    END,
    END_SIGNATURE,
    LOCAL,
    LOCAL_SIGNATURE,
    STORED,
    UTF8_FLAG,
)

MAIN_ENTRY: Final = "OFD.xml"

_VERSION: Final = 20  # 2.0: directories and DEFLATE
_TIME: Final = 0
_DATE: Final = 0x0021  # 1980-01-01, the earliest ZIP can say
_LEVEL: Final = 1
_SMALLEST_DEFLATED: Final = 256  # below, the time is worth more than the octets
# Formats that are compressed already; deflating them costs most of the time and gains almost nothing.
_COMPRESSED_PREFIXES: Final = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF8",
    b"PK\x03\x04",
    b"\x00\x00\x00\x0cjP  ",
)
# Kept as they are by name: seals and signature values hold a compressed picture, and a font cut to one document's
# characters shrinks by a quarter for more time than a signature takes. Shared fonts come ``Precompressed``.
_STORED_SUFFIXES: Final = (".esl", ".dat", ".ttf", ".otf")


@dataclass(frozen=True, slots=True)
class Precompressed:
    """A part compressed once and used in many packages, such as a template page or a font of a licence type.

    ``deflated`` is a raw DEFLATE stream of ``plain``, or ``None`` to store it; make one with ``of``.
    """

    plain: bytes = field(repr=False)
    checksum: int
    deflated: bytes | None = field(repr=False)

    @classmethod
    def of(cls, plain: bytes, *, level: int = 9) -> Precompressed:
        """Compress ``plain``; since it happens once, as small as possible."""
        deflated = None if plain.startswith(_COMPRESSED_PREFIXES) else deflate(plain, level)
        if deflated is not None and len(deflated) >= len(plain):
            deflated = None
        return cls(plain, checksum(plain), deflated)


Part: TypeAlias = bytes | Precompressed


def plain_bytes(part: Part) -> bytes:
    """What a reader of the package will get for ``part``."""
    return part.plain if isinstance(part, Precompressed) else part


def write_package(entries: Mapping[str, Part], *, limits: PackageLimits = DEFAULT_LIMITS) -> bytes:
    """Write a package.

    Args:
        entries: Parts by name; a name is a path below the root, ``Doc_0/Document.xml``.
        limits: What readers of the package are expected to accept.

    Raises:
        ValueError: the reader would refuse or report a name, ``OFD.xml`` is missing, or a limit is exceeded.
    """
    _check(entries, limits)
    chunks: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for name in sorted(entries, key=_order):
        part = entries[name]
        encoded = name.encode()
        method, crc, data, size = _compress(name, part)
        flags = 0 if len(encoded) == len(name) else UTF8_FLAG
        sizes = (crc, len(data), size, len(encoded))
        chunks += (
            LOCAL.pack(LOCAL_SIGNATURE, _VERSION, flags, method, _TIME, _DATE, *sizes, 0),
            encoded,
            data,
        )
        directory += (
            CENTRAL.pack(
                CENTRAL_SIGNATURE, _VERSION, _VERSION, flags, method, _TIME, _DATE, *sizes, 0, 0, 0, 0, 0, offset
            ),
            encoded,
        )
        offset += LOCAL.size + len(encoded) + len(data)
    central = b"".join(directory)
    end = END.pack(END_SIGNATURE, 0, 0, len(entries), len(entries), len(central), offset, 0)
    if offset + len(central) + len(end) > limits.total_bytes:
        raise ValueError(f"the package is larger than {limits.total_bytes} octets")
    return b"".join((*chunks, central, end))


def _order(name: str) -> tuple[bool, str]:
    return name != MAIN_ENTRY, name


def _compress(name: str, part: Part) -> tuple[int, int, bytes, int]:
    """Method, checksum, data as stored and plain size."""
    if isinstance(part, Precompressed):
        if part.deflated is None:
            return STORED, part.checksum, part.plain, len(part.plain)
        return DEFLATED, part.checksum, part.deflated, len(part.plain)
    size = len(part)
    stored = size < _SMALLEST_DEFLATED or name.endswith(_STORED_SUFFIXES) or part.startswith(_COMPRESSED_PREFIXES)
    if not stored:
        deflated = deflate(part, _LEVEL)
        if len(deflated) < size:
            return DEFLATED, checksum(part), deflated, size
    return STORED, checksum(part), part, size


def _check(entries: Mapping[str, Part], limits: PackageLimits) -> None:
    if MAIN_ENTRY not in entries:
        raise ValueError(f"a package needs {MAIN_ENTRY}")
    if len(entries) > limits.entries:
        raise ValueError(f"more than {limits.entries} entries")
    inflated = 0
    for name, part in entries.items():
        fault = name_fault(name)
        if fault is not None:
            raise ValueError(f"{name!a}: {fault}")
        if len(name.encode()) > limits.name_octets:
            raise ValueError(f"{name!a}: more than {limits.name_octets} octets")
        size = len(plain_bytes(part))
        if size > limits.entry_bytes:
            raise ValueError(f"{name}: more than {limits.entry_bytes} octets")
        inflated += size
    if inflated > limits.inflated_bytes:
        raise ValueError(f"the parts have more than {limits.inflated_bytes} octets")
    for first, second in twins(entries):
        raise ValueError(f"{first!a} and {second!a} are one name to software that ignores case")
    for name in files_used_as_directories(entries):
        raise ValueError(f"{name!a} is a file and a directory")
