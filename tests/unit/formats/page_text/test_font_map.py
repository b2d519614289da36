"""Character maps of fonts, against HarfBuzz, which reads them independently."""

from pathlib import Path

import pytest
import uharfbuzz as hb

from formats.errors import MalformedDataError
from formats.fonts import FontFace, FontsNotFoundError, Typeface, installed_fonts
from formats.gbt33190.package import OfdPackage
from formats.page_text.font_map import FontMap

SAMPLES = Path(__file__).resolve().parents[5] / "shared" / "samples" / "ofd"
TEXTS = ("示例市市场监督管理局2026年3月1日", "A·b，。（）〇", "𬭚𬬻 龘䶮", " \u3000x")


def harfbuzz(data: bytes) -> dict[int, int]:
    face = hb.Face(hb.Blob(data))
    font = hb.Font(face)
    found = {code: font.get_nominal_glyph(code) for code in face.unicodes}
    return {code: glyph for code, glyph in found.items() if glyph}


@pytest.mark.parametrize("text", TEXTS)
def test_subsets_of_our_fonts(text: str) -> None:
    """Every character of a subset has the glyph HarfBuzz gives it; only white space is blank."""
    try:
        faces = [face for face in installed_fonts().chain(Typeface.SERIF).faces if isinstance(face, FontFace)]
    except FontsNotFoundError as missing:
        pytest.skip(f"no fonts here: {missing}")
    covered = [(face, "".join(each for each in text if face.covers(each))) for face in faces]
    for face, characters in covered:
        if not characters:
            continue
        data = face.subset(characters).data
        font = FontMap(data)
        assert font.readable
        assert font.glyph_of == harfbuzz(data)
        if face.file_extension == "ttf":
            assert {each for each in characters if font.blank(font.glyph_of[ord(each)])} == {
                each for each in characters if each.isspace()
            }
        for character in characters:
            assert ord(character) in font.characters(font.glyph_of[ord(character)])


def test_fonts_of_others() -> None:
    """Fonts that other makers embedded: read as HarfBuzz reads them, or not at all."""
    if not SAMPLES.is_dir():
        pytest.skip("../shared/samples is not here")
    read = 0
    for path in sorted(SAMPLES.rglob("*.ofd")):
        try:
            package = OfdPackage.open(path.read_bytes())
        except MalformedDataError:
            continue
        for name in package.names:
            if not name.lower().endswith((".ttf", ".otf", ".ttc")):
                continue
            data = package.read(name)
            font = FontMap(data)
            if font.readable:
                read += 1
                theirs = harfbuzz(data)
                assert {code: theirs.get(code) for code in font.glyph_of} == font.glyph_of, (path.name, name)
    assert read
