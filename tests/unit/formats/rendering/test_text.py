"""Text: which glyphs, where, from which font, and that it stays text."""

import struct
from collections.abc import Callable
from typing import Any

import pypdfium2
import pytest

from formats.fonts import FontLibrary
from formats.gbt33190.package import OfdPackage
from formats.rendering import Left, render_pdf
from formats.rendering.bare_cff import as_font_file, is_bare_cff
from tests.small_ofd import near, package
from tests.tiny_fonts import cff, truetype

FONT = '<ofd:Fonts><ofd:Font ID="5" FontName="Tiny"><ofd:FontFile>tiny.ttf</ofd:FontFile></ofd:Font></ofd:Fonts>'


def _bare_cff() -> bytes:
    """The CFF table of the font file, as some makers embed it."""
    data = cff()
    for index in range(struct.unpack_from(">H", data, 4)[0]):
        tag, _, offset, length = struct.unpack_from(">4s3I", data, 12 + 16 * index)
        if tag == b"CFF ":
            return data[offset : offset + length]
    raise AssertionError


FILES = {"truetype": truetype(), "cff": cff(), "bare cff": _bare_cff()}


def _package(codes: str, *, font: bytes = FILES["truetype"], attributes: str = "", inside: str = "") -> OfdPackage:
    text = f'<ofd:TextObject ID="7" Boundary="2 2 36 26" Font="5" Size="4" {attributes}>{inside}{codes}</ofd:TextObject>'
    return package(text, resources=FONT, files={"Res/tiny.ttf": font})


def _glyphs(*numbers: int) -> str:
    listed = " ".join(map(str, numbers))
    return (
        f'<ofd:CGTransform CodePosition="0" CodeCount="{len(numbers)}" GlyphCount="{len(numbers)}">'
        f"<ofd:Glyphs>{listed}</ofd:Glyphs></ofd:CGTransform>"
    )


def _searchable(source: OfdPackage, fonts: FontLibrary) -> str:
    document = pypdfium2.PdfDocument(render_pdf(source, fonts=fonts).pdf)
    try:
        text: str = document[0].get_textpage().get_text_range()
    finally:
        document.close()
    return text


@pytest.mark.parametrize("font", ["truetype", "cff"])
def test_baseline_and_size(show: Callable[..., Any], font: str) -> None:
    """X, Y is the baseline start within the boundary; the em square stands on it."""
    shown = show(_package('<ofd:TextCode X="1" Y="10">A</ofd:TextCode>', font=FILES[font]))
    assert shown.ink_box() == near(3, 8, 7, 12)
    assert shown.omissions == ()


@pytest.mark.parametrize("font", ["truetype", "cff", "bare cff"])
def test_glyph_numbers(show: Callable[..., Any], font: str) -> None:
    """CGTransform names glyphs by number, whatever the characters are and the character map says."""
    shown = show(
        _package(_glyphs(2, 1) + '<ofd:TextCode X="0" Y="10" DeltaX="6">吉林</ofd:TextCode>', font=FILES[font])
    )
    assert shown.ink_box() == near(2, 8, 12, 12)
    assert (shown.at(3, 10), shown.at(5, 10), shown.at(11, 10)) == ((0, 0, 0), (255, 255, 255), (0, 0, 0))
    assert shown.omissions == ()


def test_font_without_character_map(show: Callable[..., Any]) -> None:
    """Glyph numbers need no character map."""
    shown = show(_package(_glyphs(1) + '<ofd:TextCode X="0" Y="10">林</ofd:TextCode>', font=truetype(cmap=False)))
    assert shown.ink_box() == near(2, 8, 6, 12)


def test_deltas(show: Callable[..., Any]) -> None:
    """DeltaX and DeltaY lead from character to character; g groups repeat; a short list goes on with its last."""
    shown = show(_package('<ofd:TextCode X="0" Y="10" DeltaX="g 2 6 9">AAAA</ofd:TextCode>'))
    assert [shown.at(x + 2.5, 10)[0] for x in (0, 5, 6, 12, 17, 21)] == [0, 255, 0, 0, 255, 0]
    shown = show(_package('<ofd:TextCode X="0" Y="10" DeltaY="5">AAA</ofd:TextCode>'))
    assert [shown.at(3, y)[0] for y in (10, 12.5, 15, 17.5, 20)] == [0, 255, 0, 255, 0]


def test_deltas_of_rare_characters_may_count_units(show: Callable[..., Any]) -> None:
    """Outside the Basic Multilingual Plane deltas may be counted in UTF-16 units; their number tells."""
    code = _glyphs(1, 1) + '<ofd:TextCode X="0" Y="10" DeltaX="{}">𠀀A</ofd:TextCode>'
    assert show(_package(code.format("8"))).at(11, 10)[0] == 0
    assert show(_package(code.format("8 2"))).at(13, 10)[0] == 0


def test_text_without_deltas_takes_the_advances(show: Callable[..., Any]) -> None:
    """Several characters without any delta stand side by side, and that is named."""
    shown = show(_package('<ofd:TextCode X="0" Y="10">BB</ofd:TextCode>'))
    assert [shown.at(x + 2, 10)[0] for x in (1, 3, 5, 7)] == [0, 255, 0, 255]
    assert [omission.what for omission in shown.omissions] == [Left.ADVANCES_ASSUMED]


def test_runs_follow_each_other(show: Callable[..., Any]) -> None:
    """A TextCode without X and Y goes on where the one before ended."""
    codes = '<ofd:TextCode X="0" Y="10">A</ofd:TextCode><ofd:TextCode X="8">A</ofd:TextCode>'
    assert show(_package(codes)).ink_box() == near(2, 8, 14, 12)


def test_horizontal_scale(show: Callable[..., Any]) -> None:
    """HScale narrows glyphs, not deltas."""
    code = '<ofd:TextCode X="0" Y="10" DeltaX="6">AA</ofd:TextCode>'
    assert show(_package(code, attributes='HScale="0.5"')).ink_box() == near(2, 8, 10, 12)


@pytest.mark.parametrize(
    ("direction", "box"), [(0, (2, 8, 4, 12)), (90, (2, 12, 6, 14)), (180, (0, 12, 2, 16)), (270, (-2, 10, 2, 12))]
)
def test_character_direction(show: Callable[..., Any], direction: int, box: tuple[int, int, int, int]) -> None:
    """Characters turn clockwise around their origin."""
    code = '<ofd:TextCode X="8" Y="10">B</ofd:TextCode>'
    left, top, right, bottom = box
    shown = show(_package(code, attributes=f'CharDirection="{direction}"'))
    assert shown.ink_box() == near(left + 8, top, right + 8, bottom)


def test_matrix(show: Callable[..., Any]) -> None:
    """CTM maps the text before the boundary moves it."""
    code = '<ofd:TextCode X="1" Y="4">A</ofd:TextCode>'
    assert show(_package(code, attributes='CTM="2 0 0 0.5 0 0"')).ink_box() == near(4, 2, 12, 4)


def test_text_is_not_cut_by_its_boundary(show: Callable[..., Any]) -> None:
    """Many makers state boundaries that are too small; the whole text shows."""
    text = '<ofd:TextObject ID="7" Boundary="10 10 0.5 0" Font="5" Size="4"><ofd:TextCode X="0" Y="2">A</ofd:TextCode></ofd:TextObject>'
    shown = show(package(text, resources=FONT, files={"Res/tiny.ttf": truetype()}))
    assert shown.ink_box() == near(10, 8, 14, 12)


def test_colours_of_text(show: Callable[..., Any]) -> None:
    """Text is black unless it says otherwise; alpha counts."""
    code = '<ofd:TextCode X="0" Y="10">A</ofd:TextCode>'
    red = '<ofd:FillColor Value="255 0 0"/>'
    assert show(_package(code)).at(4, 10) == (0, 0, 0)
    assert show(_package(code, inside=red)).at(4, 10) == (255, 0, 0)
    assert show(_package(code, inside=red, attributes='Alpha="128"')).at(4, 10) == (255, 127, 127)


@pytest.mark.parametrize("font", ["truetype", "cff"])
def test_stroked_text(show: Callable[..., Any], font: str) -> None:
    """Text may be stroked instead of filled, or both; without either it does not show."""
    code = '<ofd:TextCode X="0" Y="10">A</ofd:TextCode>'
    stroked = show(_package(code, font=FILES[font], attributes='Fill="false" Stroke="true" LineWidth="1"'))
    assert (stroked.at(4, 10), stroked.ink_box()) == ((255, 255, 255), near(1.5, 7.5, 6.5, 12.5))
    both = show(_package(code, font=FILES[font], attributes='Stroke="true" LineWidth="1"'))
    assert (both.at(4, 10), both.ink_box()) == ((0, 0, 0), near(1.5, 7.5, 6.5, 12.5))
    assert show(_package(code, font=FILES[font], attributes='Fill="false"')).ink_box() is None


def test_text_that_is_neither_filled_nor_stroked(show: Callable[..., Any], no_fonts: FontLibrary) -> None:
    """It does not show but can be found, as under scanned pages."""
    source = _package('<ofd:TextCode X="0" Y="10">A</ofd:TextCode>', attributes='Fill="false"')
    assert show(source).ink_box() is None
    assert "A" in _searchable(source, no_fonts)


def test_weight_and_italic(show: Callable[..., Any]) -> None:
    """A weight from 600 thickens a face that is not bold; italic leans it."""
    code = '<ofd:TextCode X="2" Y="10">A</ofd:TextCode>'
    left, top, right, bottom = show(_package(code, attributes='Weight="700"')).ink_box()
    assert left < 4 and right > 8 and top < 8 and bottom > 12  # noqa: PT018
    leaning = show(_package(code, attributes='Italic="true"')).ink_box()
    assert leaning == near(4, 8, 8.8, 12)


@pytest.mark.parametrize("font", ["truetype", "cff"])
def test_text_can_be_searched(no_fonts: FontLibrary, font: str) -> None:
    """The characters, not the glyphs, come out of the PDF; also where glyphs are named by number."""
    source = _package('<ofd:TextCode X="0" Y="10" DeltaX="6 6">A章B</ofd:TextCode>', font=FILES[font])
    assert "A章B" in _searchable(source, no_fonts).replace(" ", "")
    named = _glyphs(1, 2) + '<ofd:TextCode X="0" Y="10" DeltaX="6">吉林</ofd:TextCode>'
    assert "吉林" in _searchable(_package(named, font=FILES[font]), no_fonts).replace(" ", "")


def test_ligature(show: Callable[..., Any], no_fonts: FontLibrary) -> None:
    """One glyph may stand for several characters, which all can be found."""
    transform = '<ofd:CGTransform CodePosition="0" CodeCount="3" GlyphCount="1"><ofd:Glyphs>1</ofd:Glyphs></ofd:CGTransform>'
    source = _package(f'{transform}<ofd:TextCode X="0" Y="10" DeltaX="2 2">ffi</ofd:TextCode>')
    assert show(source).ink_box() == near(2, 8, 6, 12)
    assert "ffi" in _searchable(source, no_fonts)


def test_missing_glyphs_are_named(show: Callable[..., Any]) -> None:
    """A character no font has is not drawn, its place stays free, and it is named."""
    shown = show(_package('<ofd:TextCode X="0" Y="10" DeltaX="6">厷A</ofd:TextCode>'))
    assert shown.ink_box() == near(8, 8, 12, 12)
    assert [(omission.what, omission.detail) for omission in shown.omissions] == [
        (Left.GLYPH_MISSING, "Tiny: U+53B7")
    ]


@pytest.mark.parametrize("font", [b"", b"no font", truetype()[:100], b"\x01\x00\x04\x01" + bytes(40)])
def test_damaged_fonts_are_named(show: Callable[..., Any], font: bytes) -> None:
    """A font file that holds no glyphs is as if not embedded."""
    shown = show(_package('<ofd:TextCode X="0" Y="10">A</ofd:TextCode>', font=font))
    assert shown.ink_box() is None
    assert [omission.what for omission in shown.omissions] == [Left.GLYPH_MISSING]


def test_other_fonts_are_named(show: Callable[..., Any], tmp_path: Any) -> None:
    """Text of a font that is not embedded is drawn from an installed one; glyphs too wide are narrowed."""
    for name in ("NotoSerifSC-Regular.ttf", "NotoSerifSC-Bold.ttf", "NotoSansSC-Regular.ttf"):
        (tmp_path / name).write_bytes(truetype())
    fonts = '<ofd:Fonts><ofd:Font ID="5" FontName="宋体"/></ofd:Fonts>'
    text = '<ofd:TextObject ID="7" Boundary="2 2 36 26" Font="5" Size="4"><ofd:TextCode X="0" Y="10" DeltaX="2 6">AAA</ofd:TextCode></ofd:TextObject>'
    shown = show(package(text, resources=fonts), fonts=FontLibrary([tmp_path]))
    assert [(omission.what, omission.detail) for omission in shown.omissions] == [
        (Left.FONT_REPLACED, "宋体: Font")
    ]
    assert shown.ink_box() == near(2, 8, 14, 12)
    assert [shown.at(x, 10)[0] for x in (3, 5, 9)] == [0, 0, 255]


def test_text_clips(show: Callable[..., Any]) -> None:
    """A clip may be text: the path shows inside its glyphs."""
    area = (
        '<ofd:Clips><ofd:Clip><ofd:Area><ofd:Text Boundary="0 0 40 30" Font="5" Size="10">'
        '<ofd:TextCode X="5" Y="20">A</ofd:TextCode></ofd:Text></ofd:Area></ofd:Clip></ofd:Clips>'
    )
    picture = (
        f'<ofd:PathObject ID="3" Boundary="0 0 40 30" Fill="true" Stroke="false">{area}<ofd:FillColor Value="0 0 0"/>'
        "<ofd:AbbreviatedData>M 0 0 L 40 0 L 40 30 L 0 30 C</ofd:AbbreviatedData></ofd:PathObject>"
    )
    shown = show(package(picture, resources=FONT, files={"Res/tiny.ttf": truetype()}))
    assert shown.ink_box() == near(5, 10, 15, 20)


def test_bare_cff_is_told_from_font_files() -> None:
    """Only what begins as CFF 1 does is wrapped; damaged programs are refused, cut at any octet."""
    assert is_bare_cff(_bare_cff())
    assert not any(map(is_bare_cff, (truetype(), cff(), b"", b"\x00\x01\x00\x00" + bytes(20))))
    program = _bare_cff()
    for end in range(9, 30):  # up to where the outlines begin
        with pytest.raises(ValueError):
            as_font_file(program[:end])
