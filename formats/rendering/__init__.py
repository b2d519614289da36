"""Showing OFD documents: pages to PDF, in vectors with searchable text, and to PNG.

What a page holds and this package cannot draw, or draws from another font or simpler, is listed with the result;
nothing is left out silently. Costs are bounded by counts. Whether an imprint deserves to be shown is not decided
here: pass the stamps whose signatures hold.
"""

from formats.rendering.model import (
    Left,
    Omission,
    RenderedPdf,
    RenderingTooCostlyError,
    RenderLimits,
    Stamp,
)
from formats.rendering.pdf import render_pdf
from formats.rendering.png import pdf_page_to_png, render_png
from formats.rendering.stamps import package_stamps

__all__ = [
    "Left",
    "Omission",
    "RenderLimits",
    "RenderedPdf",
    "RenderingTooCostlyError",
    "Stamp",
    "package_stamps",
    "pdf_page_to_png",
    "render_pdf",
    "render_png",
]
