"""Pictures as PDF image objects, decoded by Pillow within bounds on their pixels."""

import hashlib
import io
import struct
import zlib
from dataclasses import dataclass
from typing import Final

from PIL import Image, UnidentifiedImageError

from formats.errors import MalformedDataError
from formats.rendering import jbig2
from formats.rendering.canvas import Output
from formats.rendering.model import Left, RenderingTooCostlyError

FORMATS: Final = ("PNG", "JPEG", "GIF", "BMP", "TIFF")
_NOT_DRAWN: Final = (b"<svg", b"<?xml", b"%PDF")
_JBIG2_PIXELS: Final = 300_000
"""Decoding these takes half a second; a two-dimensional code has a tenth of them."""
_DECODING_ERRORS: Final = (
    OSError,
    SyntaxError,  # Pillow's word for a broken PNG
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in the file: its resource name, its size in pixels, whether parts of it are clear."""

    name: str
    width: int
    height: int
    clear: bool


class Pictures:
    """Pictures of one file, each embedded once."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._known: dict[tuple[bytes, int | None], Picture | None] = {}

    def picture(self, data: bytes, where: str, *, mask: bytes | None = None) -> Picture | None:
        """The picture ``data`` holds, or None with an omission noted.

        Args:
            data: The file.
            where: For the omission.
            mask: A second picture whose brightness is the first's alpha.
        """
        soft_mask = None if mask is None else self._mask(mask, where)
        key = (hashlib.sha256(data).digest(), soft_mask)
        if key not in self._known:
            self._known[key] = self._embed(data, where, soft_mask)
        return self._known[key]

    def _mask(self, data: bytes, where: str) -> int | None:
        image = self._open(data, where)
        return None if image is None else self._samples(image.convert("L"), None)

    def _embed(self, data: bytes, where: str, soft_mask: int | None) -> Picture | None:
        image = self._open(data, where)
        if image is None:
            return None
        if image.format == "JPEG" and image.mode in ("L", "RGB"):
            number = self._jpeg(data, image, soft_mask)
        else:
            plain, alpha = _separate_alpha(image)
            if soft_mask is None and alpha is not None:
                soft_mask = self._samples(alpha, None)
            number = self._samples(plain, soft_mask)
        return Picture(self._output.name("XObject", number), *image.size, clear=soft_mask is not None)

    def _open(self, data: bytes, where: str) -> Image.Image | None:
        """The decoded picture, its pixels counted before they are unpacked."""
        account = self._output.account
        if data.lstrip()[:5].startswith(_NOT_DRAWN):
            account.omit(Left.IMAGE_FORMAT, where, "not a raster")
            return None
        if data.startswith(jbig2.FILE_START):
            return self._open_jbig2(data, where)
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            pixels = image.width * image.height
            if pixels > account.limits.image_pixels:
                account.omit(Left.IMAGE_UNREADABLE, where, f"{image.width} x {image.height} pixels")
                return None
            account.spend("total_pixels", pixels)
            image.load()
        except RenderingTooCostlyError:
            raise
        except UnidentifiedImageError:
            account.omit(Left.IMAGE_FORMAT, where, "unknown")
            return None
        except _DECODING_ERRORS as exc:
            account.omit(Left.IMAGE_UNREADABLE, where, type(exc).__name__)
            return None
        return image

    def _open_jbig2(self, data: bytes, where: str) -> Image.Image | None:
        account = self._output.account
        try:
            bitmap = jbig2.decode_jbig2(data, max_pixels=_JBIG2_PIXELS)
        except jbig2.UnsupportedJbig2Error as exc:
            account.omit(Left.IMAGE_FORMAT, where, f"JBIG2: {exc.message}")
            return None
        except MalformedDataError:
            account.omit(Left.IMAGE_UNREADABLE, where, "JBIG2")
            return None
        account.spend("total_pixels", bitmap.width * bitmap.height)
        gray = bytes(0 if pixel else 255 for row in bitmap.rows for pixel in row)
        return Image.frombytes("L", (bitmap.width, bitmap.height), gray)

    def _jpeg(self, data: bytes, image: Image.Image, soft_mask: int | None) -> int:
        """The file itself: PDF readers decode it as other viewers do."""
        space = "DeviceGray" if image.mode == "L" else "DeviceRGB"
        entries = f"{_entries(image, space, 8, soft_mask)} /Filter /DCTDecode"
        return self._output.file.add_stream(entries, data, deflate=False)

    def _samples(self, image: Image.Image, soft_mask: int | None) -> int:
        """Raw samples; ``image`` is of mode 1, L or RGB."""
        bits = 1 if image.mode == "1" else 8
        space = "DeviceRGB" if image.mode == "RGB" else "DeviceGray"
        return self._output.file.add_stream(_entries(image, space, bits, soft_mask), image.tobytes())


def _entries(image: Image.Image, space: str, bits: int, soft_mask: int | None) -> str:
    mask = "" if soft_mask is None else f" /SMask {soft_mask} 0 R"
    return (
        f"/Type /XObject /Subtype /Image /Width {image.width} /Height {image.height}"
        f" /ColorSpace /{space} /BitsPerComponent {bits}{mask}"
    )


def _separate_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The picture in a mode PDF knows, and its alpha if it is not solid."""
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        alpha = rgba.getchannel("A")
        return rgba.convert("RGB"), None if alpha.getextrema() == (255, 255) else alpha
    if image.mode in ("1", "L", "RGB"):
        return image, None
    if image.mode.startswith("I") or image.mode == "F":
        return image.convert("L"), None
    return image.convert("RGB"), None
