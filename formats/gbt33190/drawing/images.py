"""Image files put into a document: PNG and JPEG, recognised by their own headers."""

from dataclasses import dataclass
from typing import Final

from formats.errors import MalformedDataError

_PNG_HEAD: Final = b"\x89PNG\r\n\x1a\n"
_JPEG_HEAD: Final = b"\xff\xd8\xff"
_JPEG_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MAX_SIDE: Final = 20_000


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image resource.

    Attributes:
        data: The file.
        format: ``PNG`` or ``JPEG``.
        width: Pixels.
        height: Pixels.
    """

    data: bytes
    format: str
    width: int
    height: int


def read_image(data: bytes) -> ImageFile:
    """Recognise a PNG or JPEG file by its header; pixels are not decoded.

    Raises:
        MalformedDataError: Neither, cut short, or with sides outside 1 to 20,000 pixels.
    """
    if data.startswith(_PNG_HEAD):
        width, height = _png_size(data)
        kind = "PNG"
    elif data.startswith(_JPEG_HEAD):
        width, height = _jpeg_size(data)
        kind = "JPEG"
    else:
        raise MalformedDataError("neither PNG nor JPEG", what="image", offset=0)
    if not (0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE):
        raise MalformedDataError(f"{width} x {height} pixels", what="image")
    return ImageFile(data, kind, width, height)


def _png_size(data: bytes) -> tuple[int, int]:
    """Sides from the IHDR chunk, which comes first."""
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise MalformedDataError("PNG without a complete IHDR", what="image", offset=8)
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Sides from the first frame header (SOFn), walking the marker segments before it."""
    offset = 2
    while offset + 9 <= len(data):
        if data[offset] != 0xFF:
            raise MalformedDataError("JPEG marker expected", what="image", offset=offset)
        marker = data[offset + 1]
        if marker == 0xFF:
            offset += 1
        elif marker in _JPEG_STANDALONE:
            offset += 2
        elif marker in _JPEG_FRAMES:
            return (
                int.from_bytes(data[offset + 7 : offset + 9], "big"),
                int.from_bytes(data[offset + 5 : offset + 7], "big"),
            )
        else:
            offset += 2 + max(2, int.from_bytes(data[offset + 2 : offset + 4], "big"))
    raise MalformedDataError("JPEG without a frame header", what="image", offset=min(offset, len(data)))
