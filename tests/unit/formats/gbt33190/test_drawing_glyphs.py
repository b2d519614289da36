"""Text that names its glyphs: rare characters, and readers that ignore a font's character map."""

import pytest
import uharfbuzz as hb
from lxml import etree

from formats.fonts import FontFace, FontsNotFoundError, Typeface, installed_fonts
from formats.gbt33190.drawing import (
    DataIndex,
    DocInfo,
    DrawnDocument,
    DrawnLayer,
    DrawnPage,
    DrawnText,
    TextRun,
    WrittenDocument,
    write_document,
)
from formats.gbt33190.values import Box
from tests import ofd_schema

AREA = Box(0, 0, 210, 297)


@pytest.fixture(scope="module")
def face() -> FontFace:
    try:
        return installed_fonts().face(Typeface.SERIF)
    except FontsNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def rare(face: FontFace) -> str:
    """A character of plane 2 that the installed font holds."""
    for code in range(0x20000, 0x2A6E0):
        if face.covers(chr(code)):
            return chr(code)
    pytest.skip("the installed serif font holds no character of plane 2")


def write(face: FontFace, texts: list[str], *, glyph_ids: bool = False) -> WrittenDocument:
    runs = tuple(TextRun(text, 20.0 * index, 4, (4.0,) * (len(text) - 1)) for index, text in enumerate(texts))
    item = DrawnText(Box(10, 10, 150, 6), face, 4.0, runs, field="name")
    document = DrawnDocument(
        DocInfo("0" * 32), (DrawnPage(AREA, (DrawnLayer((item,)),)),), index=DataIndex("urn:t", "t", "R")
    )
    return write_document(document, glyph_ids=glyph_ids)


def drawn_glyphs(written: WrittenDocument) -> list[tuple[str, list[int]]]:
    """Text and named glyphs of each TextObject."""
    content = written.entries["Doc_0/Pages/Page_0/Content.xml"]
    root = ofd_schema.check(content)
    return [
        (
            "".join(item.xpath("*[local-name()='TextCode']/text()")),
            [int(glyph) for text in item.xpath(".//*[local-name()='Glyphs']/text()") for glyph in text.split()],
        )
        for item in root.xpath("//*[local-name()='TextObject']")
    ]


def font_of(written: WrittenDocument) -> hb.Font:
    (data,) = [data for name, data in written.entries.items() if name.endswith((".ttf", ".otf"))]
    return hb.Font(hb.Face(data))


def test_a_rare_character_names_its_glyph(face: FontFace, rare: str) -> None:
    """It stands in an object of its own with a glyph id of the embedded font; others need none."""
    written = write(face, ["张甲", rare, "丙"])
    glyph = font_of(written).get_nominal_glyph(ord(rare))
    assert drawn_glyphs(written) == [("张甲", []), (rare, [glyph]), ("丙", [])]


def test_the_index_lists_every_piece_in_order(face: FontFace, rare: str) -> None:
    """A field parted into several objects is still one field."""
    written = write(face, ["张甲", rare, "丙"])
    index = etree.fromstring(written.entries["Doc_0/Tags/Tag_0.xml"])
    references = [int(text) for text in index.xpath("//*[local-name()='ObjectRef']/text()")]
    assert references == [place.object_id for place in written.fields["name"]]
    assert len(references) == 3


def test_all_text_can_name_its_glyphs(face: FontFace) -> None:
    """On request each run is an object whose glyph ids are those of the embedded font."""
    written = write(face, ["营业", "执照"], glyph_ids=True)
    font = font_of(written)
    assert drawn_glyphs(written) == [
        (text, [font.get_nominal_glyph(ord(character)) for character in text]) for text in ("营业", "执照")
    ]


def test_ordinary_text_names_none(face: FontFace) -> None:
    """The font's character map suffices; runs stay in one object."""
    assert drawn_glyphs(write(face, ["营业", "执照"])) == [("营业执照", [])]
