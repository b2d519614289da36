"""Small OFD packages for tests of drawing: a page of 40 by 30 mm whose content the test writes."""

from collections.abc import Mapping
from typing import Any

import pytest

from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import write_package

XMLNS = 'xmlns:ofd="http://www.ofdspec.org/2016"'
PAGE_BOX = "0 0 40 30"


def layer(objects: str, *, kind: str = "Body") -> str:
    """A layer of a page."""
    return f'<ofd:Layer ID="900" Type="{kind}">{objects}</ofd:Layer>'


def page(layers: str, *, before: str = "") -> str:
    """A page part."""
    return f"<ofd:Page {XMLNS}>{before}<ofd:Content>{layers}</ofd:Content></ofd:Page>"


def entries(
    *pages: str,
    resources: str = "",
    common: str = "",
    root: str = "",
    body: str = "",
    files: Mapping[str, bytes] | None = None,
    box: str = PAGE_BOX,
) -> dict[str, bytes]:
    """The entries of a package; page n has the id n + 1. ``files`` go below Doc_0."""
    listed = "".join(f'<ofd:Page ID="{index + 1}" BaseLoc="Pages/{index}.xml"/>' for index in range(len(pages)))
    texts = {
        "OFD.xml": f'<ofd:OFD {XMLNS} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo>'
        f"<ofd:DocID>{'0' * 32}</ofd:DocID><ofd:Title>题目</ofd:Title></ofd:DocInfo>"
        f"<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>{body}</ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f"<ofd:Document {XMLNS}><ofd:CommonData><ofd:MaxUnitID>999</ofd:MaxUnitID>"
        f"<ofd:PageArea><ofd:PhysicalBox>{box}</ofd:PhysicalBox></ofd:PageArea>"
        f"<ofd:DocumentRes>Res.xml</ofd:DocumentRes>{common}</ofd:CommonData>"
        f"<ofd:Pages>{listed}</ofd:Pages>{root}</ofd:Document>",
        "Doc_0/Res.xml": f'<ofd:Res {XMLNS} BaseLoc="Res">{resources}</ofd:Res>',
    }
    texts |= {f"Doc_0/Pages/{index}.xml": text for index, text in enumerate(pages)}
    named = {name: text.encode() for name, text in texts.items()}
    return named | {f"Doc_0/{name}": data for name, data in (files or {}).items()}


def package(objects: str, **options: object) -> OfdPackage:
    """A package of one page with one layer; options as for ``entries``."""
    return OfdPackage.open(write_package(entries(page(layer(objects)), **options)))  # type: ignore[arg-type]


def path(
    data: str, *, attributes: str = 'Boundary="0 0 40 30" Stroke="false" Fill="true"', inside: str = ""
) -> str:
    """A path object, black if ``inside`` states no colour."""
    inside = inside or '<ofd:FillColor Value="0 0 0"/>'
    return (
        f'<ofd:PathObject ID="10" {attributes}>{inside}<ofd:AbbreviatedData>{data}</ofd:AbbreviatedData>'
        "</ofd:PathObject>"
    )


def rectangle(x: float, y: float, width: float, height: float) -> str:
    """Path data of a rectangle."""
    return f"M {x} {y} L {x + width} {y} L {x + width} {y + height} L {x} {y + height} C"


def near(*box: float) -> Any:
    """A box of ink to compare with: PDFium rounds the far edges of rectangles up to a tenth of a millimetre."""
    return pytest.approx(box, abs=0.11)
