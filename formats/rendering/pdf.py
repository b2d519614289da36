"""OFD to PDF."""

import math
from collections.abc import Sequence

from formats.errors import MalformedDataError
from formats.fonts import FontLibrary, installed_fonts
from formats.gbt33190.document import DocBody, OfdDocument
from formats.gbt33190.model import PageEntry
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.values import Box, Matrix
from formats.rendering.canvas import Canvas, Output
from formats.rendering.document_drawing import DocumentDrawing
from formats.rendering.font_choice import FontStock
from formats.rendering.model import DEFAULT_LIMITS, Account, RenderedPdf, RenderLimits, Stamp
from formats.rendering.pdf_file import number, text_string
from formats.rendering.pictures import Pictures
from formats.rendering.place import Workshop
from formats.rendering.stamps import package_stamps

POINTS = 72 / 25.4
"""PDF units in a millimetre."""


def render_pdf(
    package: OfdPackage,
    *,
    page_numbers: Sequence[int] | None = None,
    stamps: Sequence[Stamp] | None = None,
    body: int = 0,
    fonts: FontLibrary | None = None,
    limits: RenderLimits = DEFAULT_LIMITS,
) -> RenderedPdf:
    """Draw pages of an OFD document as PDF: vectors stay vectors, text stays text and can be searched.

    Args:
        package: The opened package; only read.
        page_numbers: Which pages, counted from 1, in the order wanted; None for all.
        stamps: Imprints to draw; None for those of the package's signatures, whatever they are worth.
        body: Which document body.
        fonts: Where fonts that are not embedded come from; None for those installed.
        limits: What it may cost.

    Returns:
        The PDF, equal for equal input, and what it leaves out or shows otherwise.

    Raises:
        MalformedDataError: The document or a page asked for cannot be read.
        RenderingTooCostlyError: ``limits`` are reached.
        ValueError: There is no such page or body.
    """
    source = OfdDocument.read(package)
    if not 0 <= body < len(source.bodies):
        raise ValueError(f"no document body {body}")
    chosen = source.bodies[body]
    entries = _pages(chosen, page_numbers)
    account = Account(limits)
    account.spend("pages", len(entries))
    if stamps is None:
        stamps, left_out = package_stamps(source.parts, body=body)
        for omission in left_out:
            account.omit(omission.what, omission.where, omission.detail)
    output = Output(account)
    stock = FontStock(output, fonts or installed_fonts())
    drawing = DocumentDrawing(package, chosen.document, Workshop(output, stock, Pictures(output)))
    pages = output.file.reserve()
    page_objects = [_page_object(drawing, entry, stamps, output, pages) for entry in entries]
    stock.finish()
    output.finish_dictionary()
    kids = " ".join(f"{page} 0 R" for page in page_objects)
    output.file.put(pages, f"<< /Type /Pages /Kids [{kids}] /Count {len(page_objects)} >>")
    root = output.file.add(f"<< /Type /Catalog /Pages {pages} 0 R /Lang (zh-CN) >>")
    title = (chosen.info.title or "")[:1000]
    info = output.file.add(f"<< /Title {text_string(title)} /Producer (Xinyin) >>")
    return RenderedPdf(output.file.finish(root, info), len(page_objects), account.omissions)


def _pages(body: DocBody, page_numbers: Sequence[int] | None) -> list[PageEntry]:
    pages = body.document.pages
    if not pages:
        raise MalformedDataError("the document has no pages", what=body.document.path)
    if page_numbers is None:
        return list(pages)
    if not page_numbers or not all(1 <= wanted <= len(pages) for wanted in page_numbers):
        raise ValueError(f"pages are numbered 1 to {len(pages)}")
    return [pages[wanted - 1] for wanted in page_numbers]


def _page_object(
    drawing: DocumentDrawing, entry: PageEntry, stamps: Sequence[Stamp], output: Output, parent: int
) -> int:
    page = drawing.document.page(entry)
    box = drawing.page_box(page)
    canvas = Canvas()
    canvas.transform(_to_points(box))
    drawing.draw_page(entry, page, canvas, [stamp for stamp in stamps if stamp.page_id == entry.id])
    content = output.file.add_stream("", canvas.data())
    size = f"0 0 {number(_side(box.width))} {number(_side(box.height))}"
    return output.file.add(
        f"<< /Type /Page /Parent {parent} 0 R /MediaBox [{size}] /Contents {content} 0 R"
        f" /Resources {output.dictionary} 0 R /Group << /S /Transparency /CS /DeviceRGB >> >>"
    )


def _to_points(box: Box) -> Matrix:
    """Millimetres, y downwards, to points, y upwards."""
    return Matrix(POINTS, 0, 0, -POINTS, -box.x * POINTS, box.y * POINTS + _side(box.height))


def _side(millimetres: float) -> float:
    """A side in points, rounded down by less than a micrometre: rasterisers round the last pixel up."""
    return math.floor(millimetres * POINTS * 1000) / 1000
