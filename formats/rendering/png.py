"""PDF pages and OFD pages to PNG, by PDFium."""

import math
import struct
import zlib
from collections.abc import Sequence
from threading import Lock
from typing import Final

import pypdfium2

from formats.fonts import FontLibrary
from formats.gbt33190.package import OfdPackage
from formats.rendering.model import DEFAULT_LIMITS, Omission, RenderingTooCostlyError, RenderLimits, Stamp
from formats.rendering.pdf import render_pdf

MAX_DPI: Final = 1200
_COMPRESSION: Final = 2
_RGB: Final = pypdfium2.raw.FPDFBitmap_BGR
_PDFIUM: Final = Lock()
"""PDFium must not be entered by two threads at once, not even for different documents."""


def render_png(
    package: OfdPackage,
    page_number: int,
    dpi: float,
    *,
    stamps: Sequence[Stamp] | None = None,
    body: int = 0,
    fonts: FontLibrary | None = None,
    limits: RenderLimits = DEFAULT_LIMITS,
) -> tuple[bytes, tuple[Omission, ...]]:
    """Draw one page as PNG on white, and tell what is left out; see ``render_pdf`` for the arguments they share.

    Args:
        package: The opened package; only read.
        page_number: Counted from 1.
        dpi: Pixels an inch, up to 1200.
        stamps: As for ``render_pdf``.
        body: As for ``render_pdf``.
        fonts: As for ``render_pdf``.
        limits: As for ``render_pdf``; also bounds the pixels.

    Raises:
        MalformedDataError: The document or the page cannot be read.
        RenderingTooCostlyError: ``limits`` are reached.
        ValueError: No such page, or a resolution out of range.
    """
    rendered = render_pdf(
        package, page_numbers=[page_number], stamps=stamps, body=body, fonts=fonts, limits=limits
    )
    return pdf_page_to_png(rendered.pdf, 1, dpi, max_pixels=limits.raster_pixels), rendered.omissions


def pdf_page_to_png(
    pdf: bytes, page_number: int, dpi: float, *, max_pixels: int = DEFAULT_LIMITS.raster_pixels
) -> bytes:
    """Draw one page of a PDF made here as PNG on white.

    Foreign PDF files are better drawn in a process of their own: PDFium reads them with native code.

    Raises:
        RenderingTooCostlyError: The page has more than ``max_pixels``.
        ValueError: No such page, a resolution out of range, or not a PDF.
    """
    if not 1 <= dpi <= MAX_DPI:
        raise ValueError(f"resolutions go from 1 to {MAX_DPI} pixels an inch")
    with _PDFIUM:
        try:
            document = pypdfium2.PdfDocument(pdf)
        except pypdfium2.PdfiumError as exc:
            raise ValueError("not a PDF that can be drawn") from exc
        try:
            if not 1 <= page_number <= len(document):
                raise ValueError(f"pages are numbered 1 to {len(document)}")
            page = document[page_number - 1]
            width, height = page.get_size()
            if math.ceil(width * dpi / 72) * math.ceil(height * dpi / 72) > max_pixels:
                raise RenderingTooCostlyError(f"more than {max_pixels} pixels", what="rendering")
            bitmap = page.render(scale=dpi / 72, rev_byteorder=True, force_bitmap_format=_RGB)
            octets = memoryview(bitmap.buffer).cast("B")
            rows = [bytes(octets[at : at + 3 * bitmap.width]) for at in _row_starts(bitmap)]
        finally:
            document.close()
    return encode_png(rows, dpi)


def _row_starts(bitmap: pypdfium2.PdfBitmap) -> range:
    return range(0, bitmap.stride * bitmap.height, bitmap.stride)


def encode_png(rows: list[bytes], dpi: float) -> bytes:
    """A PNG (ISO/IEC 15948) of RGB rows.

    Pages are mostly plain areas, so rows are not filtered: twice as fast as trying filters, and smaller.
    """
    width, height = len(rows[0]) // 3, len(rows)
    per_metre = round(dpi / 0.0254)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)),
        (b"IDAT", zlib.compress(b"".join([b"\0" + row for row in rows]), _COMPRESSION)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
