"""Fonts: finding, measuring, subsets, outlines, and characters no font holds."""

from pathlib import Path

import pytest
import uharfbuzz as hb

from formats.fonts import (
    FontChain,
    FontFace,
    FontLibrary,
    FontsNotFoundError,
    MissingGlyphError,
    Typeface,
    font_directories,
    installed_fonts,
)
from tests.plain_face import PlainFace

LICENCE_TEXT = "统一社会信用代码91510100MA62FLEL38名称：四川信印示范科技有限公司（自然人投资或控股）"


@pytest.fixture(scope="module")
def serif() -> FontFace:
    try:
        return installed_fonts().face(Typeface.SERIF)
    except FontsNotFoundError as error:
        pytest.skip(str(error))


def test_face_measures_in_em(serif: FontFace) -> None:
    """A Chinese character is one em wide, a Latin letter less; the reach covers the body of characters."""
    assert serif.width("营业执照", 10.0) == pytest.approx(40.0)
    assert 0 < serif.width("i", 10.0) < serif.width("M", 10.0) < 10.0
    assert 0.88 <= serif.ascent < 1.2
    assert 0.2 <= serif.descent < 0.4
    assert serif.serif
    assert not serif.bold


def test_bold_and_sans_say_what_they_are(serif: FontFace) -> None:
    """The traits written into the Font element come from the font file."""
    library = installed_fonts()
    assert library.face(Typeface.SERIF_BOLD).bold
    assert not library.face(Typeface.SANS).serif
    assert library.face(Typeface.SERIF) is serif


def test_subset_holds_exactly_the_characters(serif: FontFace) -> None:
    """The subset maps the asked characters and no other, and keeps their advances."""
    characters = set(LICENCE_TEXT)
    data = serif.subset(characters).data
    face = hb.Face(data)
    assert {chr(code) for code in face.unicodes} == characters
    font = hb.Font(face)
    for character in characters:
        advance = font.get_glyph_h_advance(font.get_nominal_glyph(ord(character))) / face.upem
        assert advance == serif.advances[character]
    assert len(data) < 40_000


def test_subset_keeps_names_and_licence(serif: FontFace) -> None:
    """Name entries for family, copyright and licence stay in the embedded file."""
    face = hb.Face(serif.subset("执照").data)
    assert face.get_name(1) == serif.family_name
    assert face.get_name(0)
    assert "Open Font License" in face.get_name(13)


def test_equal_characters_give_equal_subsets(serif: FontFace) -> None:
    """The order and number of characters leave no trace."""
    assert serif.subset("甲乙丙丙").data == serif.subset(["丙", "乙", "甲"]).data


def test_subset_tells_glyph_ids(serif: FontFace) -> None:
    """The glyph ids are those of the subset, as its own character map has them."""
    subset = serif.subset(LICENCE_TEXT, glyph_ids=True)
    font = hb.Font(hb.Face(subset.data))
    assert subset.glyph_ids == {c: font.get_nominal_glyph(ord(c)) for c in set(LICENCE_TEXT)}
    assert serif.subset(LICENCE_TEXT).glyph_ids == {}


def test_outline_is_closed_and_within_the_em(serif: FontFace) -> None:
    """Every contour of a glyph starts with a move and is closed; coordinates are em."""
    outline = serif.outline("国")
    operators = [operator for operator, _ in outline]
    assert operators.count("M") == operators.count("C") >= 2
    assert operators[0] == "M"
    assert all(-0.2 < value < 1.1 for _, coordinates in outline for value in coordinates)


@pytest.mark.parametrize("character", ["\U00030000", "\t", "\ud800", "ཀ"])
def test_a_missing_character_is_named(serif: FontFace, character: str) -> None:
    """The error names the character, its code point, the fonts tried and the remedy."""
    chain = installed_fonts().chain(Typeface.SERIF)
    with pytest.raises(MissingGlyphError) as caught:
        chain.measure(f"张{character}")
    assert caught.value.character == character
    assert f"U+{ord(character):04X}" in str(caught.value)
    assert "NotoS" in str(caught.value)
    for act in (serif.subset, serif.outline, lambda text: serif.width(text, 1.0)):
        with pytest.raises(MissingGlyphError):
            act(character)


def test_second_face_sets_what_the_first_lacks() -> None:
    """Each character goes to the first face that holds it; the faces of a mixed text are told."""
    first, second = PlainFace("First", lacks="㐀"), PlainFace("Second")
    chain = FontChain([first, second])
    assert chain.measure("甲乙") == ([1.0, 1.0], None)
    assert chain.measure("甲㐀a") == ([1.0, 1.0, 0.5], [first, second, first])
    assert chain.width("甲a", 4.0) == 6.0
    assert chain.face_of("㐀") is second
    with pytest.raises(MissingGlyphError, match="First, Second"):
        FontChain([first, PlainFace("Second", lacks="㐀")]).measure("㐀")
    with pytest.raises(ValueError, match="needs a face"):
        FontChain([])


def test_missing_fonts_are_told_with_the_remedy(tmp_path: Path) -> None:
    """The message names the typeface, the folders searched, and what to do."""
    library = FontLibrary([tmp_path, tmp_path / "absent"])
    with pytest.raises(FontsNotFoundError, match="make setup") as caught:
        library.face(Typeface.SERIF)
    assert str(tmp_path) in str(caught.value)
    assert "serif" in str(caught.value)


def test_the_named_folder_is_searched_first(tmp_path: Path) -> None:
    """XINYIN_FONTS comes before the checkout, the home and the system."""
    directories = font_directories({"XINYIN_FONTS": str(tmp_path)}, tmp_path / "home")
    assert directories[0] == tmp_path
    assert directories[1].parts[-2:] == ("build", "fonts")
    assert directories[2] == tmp_path / "home/.local/share/xinyin/fonts"
    assert font_directories({}, tmp_path)[0] == directories[1]


def test_rare_fonts_join_every_chain(serif: FontFace, tmp_path: Path) -> None:
    """A font in the folder ``rare`` sets characters the others lack."""
    (tmp_path / "rare").mkdir()
    (tmp_path / "rare" / "b.ttf").write_bytes(installed_fonts().face(Typeface.SERIF).subset("国").data)
    (tmp_path / "rare" / "a.ttf").write_bytes(installed_fonts().face(Typeface.SERIF).subset("家").data)
    (tmp_path / "NotoSerifSC-Regular.ttf").write_bytes(serif.subset("甲").data)
    (tmp_path / "NotoSansSC-Regular.ttf").write_bytes(serif.subset("乙").data)
    library = FontLibrary([tmp_path])
    chain = library.chain(Typeface.SERIF)
    assert [face.path.name for face in chain.faces if isinstance(face, FontFace)] == [
        "NotoSerifSC-Regular.ttf",
        "NotoSansSC-Regular.ttf",
        "a.ttf",
        "b.ttf",
    ]
    _, faces = chain.measure("甲乙国")
    assert faces is not None
    assert [face.path.name for face in faces if isinstance(face, FontFace)] == [
        "NotoSerifSC-Regular.ttf",
        "NotoSansSC-Regular.ttf",
        "b.ttf",
    ]
