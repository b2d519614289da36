"""Files of many makers are drawn without error, in bounded time, with text and imprints where they belong."""

import io
import time
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from formats.fonts import FontLibrary, FontsNotFoundError, Typeface, installed_fonts
from formats.gbt33190.package import OfdPackage
from formats.rendering import Left, pdf_page_to_png, render_pdf


@pytest.fixture(scope="module")
def fonts() -> FontLibrary:
    library = installed_fonts()
    try:
        library.chain(Typeface.SERIF)
    except FontsNotFoundError as exc:
        pytest.skip(f"fonts for pages are not installed: {exc}")
    return library


def _open(samples_dir: Path, name: str) -> OfdPackage:
    return OfdPackage.open((samples_dir / "ofd" / name).read_bytes())


def test_every_sample_is_drawn(samples_dir: Path, no_fonts: FontLibrary) -> None:
    """Each file gives a PDF whose first page is not blank, within ten seconds, also without installed fonts."""
    for path in sorted((samples_dir / "ofd").glob("*/*.ofd")):
        started = time.monotonic()
        rendered = render_pdf(OfdPackage.open(path.read_bytes()), fonts=no_fonts)
        png = pdf_page_to_png(rendered.pdf, 1, 40)
        assert time.monotonic() - started < 10, path.name
        assert Image.open(io.BytesIO(png)).size[0] > 100
        assert rendered.page_count >= 1


def _text(pdf: bytes, page: int = 0) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        text: str = document[page].get_textpage().get_text_range()
    finally:
        document.close()
    return "".join(text.split())


def test_text_of_samples_can_be_found(samples_dir: Path, fonts: FontLibrary) -> None:
    """Embedded fonts without character map, composites and named fonts all give their text."""
    for name, words in (
        ("signed/v4-invoice-a.ofd", "江苏京利华新材料有限公司"),
        ("plain/y.ofd", "建设新时代海关数字档案室"),
        ("signed/gbt35275-two-signatures-a.ofd", "矿产资源勘查许可证"),
        ("plain/helloworld.ofd", "你好呀"),
    ):
        assert words in _text(render_pdf(_open(samples_dir, name), fonts=fonts).pdf), name


def test_omissions_of_samples(samples_dir: Path, fonts: FontLibrary) -> None:
    """What a real file lacks is told: a picture whose folder is misnamed, fonts that are not embedded."""
    rendered = render_pdf(_open(samples_dir, "signed/gbt35275-two-signatures-a.ofd"), fonts=fonts)
    assert (Left.RESOURCE_MISSING, "picture 135") in [(item.what, item.detail) for item in rendered.omissions]
    rendered = render_pdf(_open(samples_dir, "plain/helloworld.ofd"), fonts=fonts)
    assert {item.what for item in rendered.omissions} == {Left.FONT_REPLACED}


def test_imprint_of_an_invoice(samples_dir: Path, fonts: FontLibrary) -> None:
    """The supervision seal, a package of its own, is red where its StampAnnot says."""
    source = _open(samples_dir, "signed/v4-invoice-a.ofd")
    with_seal = render_pdf(source, fonts=fonts)
    without = render_pdf(source, fonts=fonts, stamps=())
    box = (900, 75, 1210, 280)  # at 254 pixels an inch: 90..121 mm, 7.5..28 mm

    def red(pdf: bytes) -> int:
        image = Image.open(io.BytesIO(pdf_page_to_png(pdf, 1, 254))).convert("RGB").crop(box)
        return sum(count for count, (r, g, b) in image.getcolors(1 << 20) or () if r > 200 and g < 60 and b < 60)

    assert red(with_seal.pdf) > 5000
    assert red(without.pdf) == 0


def test_code_of_an_invoice(samples_dir: Path, fonts: FontLibrary) -> None:
    """The two-dimensional code of a drawn invoice, a JBIG2 picture, can be scanned from the page."""
    zxingcpp = pytest.importorskip("zxingcpp")
    rendered = render_pdf(_open(samples_dir, "signed/v4-invoice-a.ofd"), fonts=fonts)
    image = Image.open(io.BytesIO(pdf_page_to_png(rendered.pdf, 1, 200)))
    assert [code.text.split(",")[3] for code in zxingcpp.read_barcodes(image)] == ["83089647"]
