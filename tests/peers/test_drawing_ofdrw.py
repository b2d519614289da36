"""Pages drawn here, read and rendered by ofdrw: the same text, the same picture, also for rare characters."""

import io
from collections.abc import Iterator

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageFilter, ImageStat

from formats.fonts import FontsNotFoundError, Typeface, installed_fonts
from formats.gbt33190.drawing import DocInfo, DrawnDocument, DrawnLayer, DrawnPage, write_document
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import write_package
from formats.gbt33190.values import Box
from formats.layout import TextStyle, lay_text, points
from formats.layout.specimen import CERTIFICATE_FIELDS, Specimens
from formats.rendering import render_png
from tests.peers.ofdrw import Ofdrw, OfdrwUnavailableError, start_ofdrw

pytestmark = pytest.mark.peer
PIXELS_PER_MM = 8.0


@pytest.fixture(scope="module")
def ofdrw() -> Iterator[Ofdrw]:
    try:
        peer = start_ofdrw()
    except OfdrwUnavailableError as exc:
        pytest.skip(f"ofdrw is not to be had: {exc}")
    yield peer
    peer.close()


@pytest.fixture(scope="module")
def specimens() -> Specimens:
    try:
        return Specimens(installed_fonts())
    except FontsNotFoundError as exc:
        pytest.skip(str(exc))


def rare_characters() -> list[str]:
    """Characters of plane 2 that the serif font holds."""
    face = installed_fonts().face(Typeface.SERIF)
    return [chr(code) for code in range(0x20000, 0x2A6E0) if face.covers(chr(code))][:4]


def named(text: str, *, glyph_ids: bool = False) -> bytes:
    """A small page with one line of text."""
    area = Box(0, 0, 120, 30)
    style = TextStyle(installed_fonts().chain(Typeface.SERIF), points(20))
    page = DrawnPage(area, (DrawnLayer(lay_text(Box(10, 10, 100, 12), text, style).objects),))
    return write_package(write_document(DrawnDocument(DocInfo("0" * 32), (page,)), glyph_ids=glyph_ids).entries)


def difference(document: bytes, page: int, peer: Ofdrw) -> float:
    """Mean difference of our picture of a page and ofdrw's, 0 to 255, fine lines blurred."""
    ours, _ = render_png(OfdPackage.open(document), page, PIXELS_PER_MM * 25.4)
    pictures = [
        Image.open(io.BytesIO(png)).convert("L") for png in (ours, peer.render(document, page, PIXELS_PER_MM))
    ]
    size = min(picture.size for picture in pictures)
    blurred = [picture.resize(size).filter(ImageFilter.GaussianBlur(4)) for picture in pictures]
    return float(ImageStat.Stat(ImageChops.difference(*blurred)).mean[0])


@pytest.mark.parametrize("name", ["certificate", "record"])
def test_ofdrw_draws_what_we_draw(specimens: Specimens, ofdrw: Ofdrw, name: str) -> None:
    """Both renderings of every page agree but for the edges of lines."""
    written = getattr(specimens, name)()
    document = write_package(written.entries)
    assert ofdrw.page_count(document) == len(written.page_ids)
    for page in range(1, len(written.page_ids) + 1):
        assert difference(document, page, ofdrw) < 1.0


def test_ofdrw_reads_the_text_in_order(specimens: Specimens, ofdrw: Ofdrw) -> None:
    """Every field's text comes out whole."""
    text = "".join(ofdrw.text(write_package(specimens.certificate().entries), 1))
    for name, value in CERTIFICATE_FIELDS.items():
        assert name == "link" or value in text


def test_the_code_decodes_from_the_picture_of_ofdrw(specimens: Specimens, ofdrw: Ofdrw) -> None:
    """Drawn by one program and rendered by another, it is read by a third."""
    png = ofdrw.render(write_package(specimens.certificate().entries), 1, PIXELS_PER_MM)
    found = zxingcpp.read_barcode(Image.open(io.BytesIO(png)), zxingcpp.BarcodeFormat.QRCode)
    assert found is not None
    assert found.text == CERTIFICATE_FIELDS["link"]


@pytest.mark.parametrize("glyph_ids", [False, True])
def test_rare_characters_are_drawn(specimens: Specimens, ofdrw: Ofdrw, *, glyph_ids: bool) -> None:
    """Names with characters outside the Basic Multilingual Plane look alike in both renderings and read back."""
    assert specimens is not None
    rare = "".join(rare_characters())
    if not rare:
        pytest.skip("the installed serif font holds no character of plane 2")
    document = named(f"张{rare}三", glyph_ids=glyph_ids)
    assert difference(document, 1, ofdrw) < 0.1
    assert difference(named("张三", glyph_ids=glyph_ids), 1, ofdrw) < 0.1
    assert "".join(ofdrw.text(document, 1)) == f"张{rare}三"


def test_the_comparison_can_fail(specimens: Specimens, ofdrw: Ofdrw) -> None:
    """Two pages that differ by one character differ more than two renderings of one page."""
    assert specimens is not None
    same = difference(named("张三"), 1, ofdrw)
    ours, _ = render_png(OfdPackage.open(named("张三")), 1, PIXELS_PER_MM * 25.4)
    theirs = ofdrw.render(named("张四"), 1, PIXELS_PER_MM)
    pictures = [Image.open(io.BytesIO(png)).convert("L") for png in (ours, theirs)]
    blurred = [picture.resize(pictures[0].size).filter(ImageFilter.GaussianBlur(4)) for picture in pictures]
    assert float(ImageStat.Stat(ImageChops.difference(*blurred)).mean[0]) > 2 * same
