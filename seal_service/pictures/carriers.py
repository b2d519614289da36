"""A drawing as PNG with transparent ground, as SVG, or as a one-page OFD package.

All three are exact to 0.01 mm and say the same: PNG is what government seals carry, the OFD page is what tax seals
carry and stays sharp at any size, SVG is for pages in a browser.
"""

from __future__ import annotations

import io
from typing import Final

import pypdfium2
from PIL import Image
from reportlab.lib.colors import Color
from reportlab.pdfgen.canvas import FILL_NON_ZERO, Canvas

from formats.gbt33190.package_writer import write_package
from seal_service.pictures.shapes import Drawing, Segment

POINTS_PER_MM: Final = 72 / 25.4
DEFAULT_DPI: Final = 300


def png(drawing: Drawing, *, dpi: int = DEFAULT_DPI) -> bytes:
    """PNG, RGBA, transparent ground.

    Args:
        drawing: The picture.
        dpi: Resolution, 150 to 1200; 300 is the least a printed seal should have.
    """
    if not 150 <= dpi <= 1200:
        raise ValueError("the resolution is between 150 and 1200 dots per inch")
    document = pypdfium2.PdfDocument(_pdf(drawing))
    try:
        bitmap = document[0].render(scale=dpi / 72, fill_color=(255, 255, 255, 0), maybe_alpha=True)
        image = bitmap.to_pil().convert("RGBA")
    finally:
        document.close()
    # One colour: a palette of that colour alone, its 16 entries differing in how much they cover.
    coverage = image.getchannel("A").point([(value * 15 + 127) // 255 for value in range(256)])
    picture = Image.frombytes("P", coverage.size, coverage.tobytes())
    picture.putpalette(bytes(drawing.colour) * 16)
    out = io.BytesIO()
    levels = bytes(level * 17 for level in range(16))
    picture.save(out, "PNG", optimize=True, dpi=(dpi, dpi), transparency=levels, bits=4)
    return out.getvalue()


def _pdf(drawing: Drawing) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(
        buffer, pagesize=(drawing.width_mm * POINTS_PER_MM, drawing.height_mm * POINTS_PER_MM), invariant=1
    )
    canvas.transform(POINTS_PER_MM, 0, 0, -POINTS_PER_MM, 0, drawing.height_mm * POINTS_PER_MM)
    canvas.setFillColor(Color(*(channel / 255 for channel in drawing.colour)))
    for shape in drawing.shapes:
        path = canvas.beginPath()
        x = y = 0.0
        for operator, values in shape:
            if operator == "M":
                path.moveTo(*values)
            elif operator == "L":
                path.lineTo(*values)
            elif operator == "B":
                path.curveTo(*values)
            elif operator == "Q":
                # PDF has cubic curves only: raise the degree.
                cx, cy, ex, ey = values
                path.curveTo(
                    x + (cx - x) * 2 / 3,
                    y + (cy - y) * 2 / 3,
                    ex + (cx - ex) * 2 / 3,
                    ey + (cy - ey) * 2 / 3,
                    ex,
                    ey,
                )
            else:
                path.close()
            if values:
                x, y = values[-2:]
        canvas.drawPath(path, stroke=0, fill=1, fillMode=FILL_NON_ZERO)
    canvas.save()
    return buffer.getvalue()


def svg(drawing: Drawing) -> str:
    """SVG document, one path."""
    letters = {"M": "M", "L": "L", "Q": "Q", "B": "C", "C": "Z"}
    data = "".join(
        letters[operator] + " ".join(map(_number, values))
        for shape in drawing.shapes
        for operator, values in shape
    )
    width, height = _number(drawing.width_mm), _number(drawing.height_mm)
    red, green, blue = drawing.colour
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
        f'viewBox="0 0 {width} {height}"><path fill="#{red:02x}{green:02x}{blue:02x}" d="{data}"/></svg>\n'
    )


def ofd_package(drawing: Drawing, *, document_id: str) -> bytes:
    """A complete OFD package whose one page is the imprint, for ``picture.type`` ``ofd``.

    Args:
        drawing: The picture.
        document_id: DocID, 32 hexadecimal characters.
    """
    box = f"0 0 {_number(drawing.width_mm)} {_number(drawing.height_mm)}"
    colour = " ".join(map(str, drawing.colour))
    objects = "".join(
        f'<ofd:PathObject ID="{10 + index}" Boundary="{box}" Stroke="false" Fill="true" Rule="NonZero">'
        f'<ofd:FillColor Value="{colour}"/><ofd:AbbreviatedData>{_abbreviated(shape)}</ofd:AbbreviatedData>'
        "</ofd:PathObject>"
        for index, shape in enumerate(drawing.shapes)
        if shape
    )
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    entries = {
        "OFD.xml": (
            f'{head}<ofd:OFD {space} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo>'
            f"<ofd:DocID>{document_id}</ofd:DocID></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>"
            "</ofd:DocBody></ofd:OFD>"
        ),
        "Doc_0/Document.xml": (
            f"{head}<ofd:Document {space}><ofd:CommonData>"
            f"<ofd:MaxUnitID>{10 + len(drawing.shapes)}</ofd:MaxUnitID>"
            f"<ofd:PageArea><ofd:PhysicalBox>{box}</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData>"
            '<ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages></ofd:Document>'
        ),
        "Doc_0/Pages/Page_0/Content.xml": (
            f"{head}<ofd:Page {space}><ofd:Area><ofd:PhysicalBox>{box}</ofd:PhysicalBox></ofd:Area><ofd:Content>"
            f'<ofd:Layer ID="2" Type="Body">{objects}</ofd:Layer></ofd:Content></ofd:Page>'
        ),
    }
    return write_package({name: text.encode("utf-8") for name, text in entries.items()})


def _abbreviated(shape: tuple[Segment, ...]) -> str:
    return " ".join(" ".join((operator, *map(_number, values))) for operator, values in shape)


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") or "0"
