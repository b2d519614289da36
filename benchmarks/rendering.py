"""Drawing pages: a licence page of 200 characters and a dense page of 1,700, to PDF and on to PNG.

Fonts are embedded, as in licences of this project. Without installed fonts there is nothing to embed, and nothing
is measured.
"""

import timeit
from collections.abc import Callable
from functools import partial

from formats.fonts import FontFace, FontsNotFoundError, Typeface, installed_fonts
from formats.gbt33190.drawing import (
    DocInfo,
    DrawnDocument,
    DrawnLayer,
    DrawnPage,
    DrawnPath,
    DrawnText,
    PathBuilder,
    Rgb,
    TextRun,
    write_document,
)
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import write_package
from formats.gbt33190.values import Box
from formats.rendering import pdf_page_to_png, render_pdf

TEXT = "依照中华人民共和国有关法律法规的规定经审查符合条件准予从事许可范围内的活动特发此证并请妥善保管"
AREA = Box(0, 0, 210, 297)


def _milliseconds(action: Callable[[], object], number: int) -> float:
    return min(timeit.repeat(action, number=number, repeat=5)) / number * 1e3


def _page(face: FontFace, lines: int, per_line: int) -> bytes:
    """A framed page of text, every line rotated a little further through the characters."""
    size = 4.0 if per_line < 40 else 3.2
    frame = DrawnPath(AREA, PathBuilder().rectangle(10, 10, 190, 277).build(), stroke=Rgb(180, 0, 0), line_width=1)
    texts = []
    for line in range(lines):
        start = line * 7 % len(TEXT)
        text = ((TEXT[start:] + TEXT) * 3)[:per_line]
        run = TextRun(text, 0, size, (size,) * (per_line - 1))
        texts.append(DrawnText(Box(20, 20 + line * size * 1.6, 180, size * 1.5), face, size, (run,)))
    page = DrawnPage(AREA, (DrawnLayer((frame, *texts)),))
    return write_package(write_document(DrawnDocument(DocInfo("0" * 32), (page,))).entries)


def run(record: Callable[..., None]) -> None:
    """Measure both pages."""
    try:
        face = installed_fonts().face(Typeface.SERIF)
    except FontsNotFoundError as exc:
        print(f"  skipped: {exc}")
        return
    for name, lines, per_line in (("licence page", 8, 25), ("dense page", 38, 45)):
        data = _page(face, lines, per_line)
        pdf = render_pdf(OfdPackage.open(data)).pdf
        to_png = partial(pdf_page_to_png, pdf, 1, 150)
        record(f"OFD to PDF: {name}", _milliseconds(lambda data=data: render_pdf(OfdPackage.open(data)), 10), "ms")
        record(f"PDF to PNG, 150 dpi: {name}", _milliseconds(to_png, 3), "ms")
