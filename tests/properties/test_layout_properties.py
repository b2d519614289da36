"""What holds for every text in every box."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from formats.fonts import FontChain
from formats.gbt33190.drawing import DocInfo, DrawnDocument, DrawnLayer, DrawnPage, DrawnText, write_document
from formats.gbt33190.values import Box
from formats.layout import Align, LaidText, LayoutError, TextStyle, VerticalAlign, fit, lay_pages, lay_part, place
from formats.layout.line_breaking import NO_LINE_END, NO_LINE_START, SPACES, Paragraph
from tests.plain_face import PlainFace, plain_fonts

FONTS = plain_fonts()
MIXED = FontChain([PlainFace("First", lacks="丙b𠀁"), PlainFace("Second")])
CHARACTERS = "甲乙丙丁，。；：？！）」』】》、（「『【《“”‘’——……ab1.50%&<> 　\u3000€￥𠀀𠀁é-/"
texts = st.text(alphabet=CHARACTERS, max_size=160)
paragraphs = st.text(alphabet=CHARACTERS + "\n", max_size=160)
boxes = st.builds(Box, st.floats(0, 50), st.floats(0, 50), st.floats(5, 150), st.floats(6, 120))
styles = st.builds(
    TextStyle,
    st.sampled_from([FONTS, MIXED]),
    st.floats(2.5, 5),
    minimum_size=st.sampled_from([None, 1.0, 2.5]),
    align=st.sampled_from(Align),
    vertical=st.sampled_from(VerticalAlign),
    leading=st.floats(1, 2),
    spacing=st.sampled_from([0.0, 0.25]),
    baseline=st.sampled_from([None, 4.0]),
)


def set_text(laid: LaidText) -> str:
    return "".join(item.text for item in laid.objects)


def check_inside(laid: LaidText, box: Box) -> None:
    near = 1e-6
    for item in laid.objects:
        assert item.boundary.x >= box.x - near
        assert item.boundary.y >= box.y - near
        assert item.boundary.right <= box.right + near
        assert item.boundary.bottom <= box.bottom + near
        for run in item.runs:
            visible = len(run.text.rstrip(SPACES))
            advance = 0.5 if visible and ord(run.text[visible - 1]) < 0x2000 else 1.0
            reach = run.x + sum(run.deltas[: max(visible - 1, 0)]) + (advance * item.size if visible else 0)
            assert run.x >= -near
            assert item.boundary.x + reach <= box.right + near
            assert run.y + 0.3 * item.size <= item.boundary.height + near


@given(box=boxes, text=paragraphs, style=styles)
def test_text_in_is_text_out_and_inside(box: Box, text: str, style: TextStyle) -> None:
    """Characters come out in order, none lost but line ends, and every run lies in its box."""
    try:
        laid = lay_part(box, text, style)
    except LayoutError:
        return
    assert set_text(laid) + laid.remainder.replace("\n", "") == text.replace("\n", "")
    check_inside(laid, box)


@given(text=paragraphs, style=styles)
def test_pages_hold_the_whole_text(text: str, style: TextStyle) -> None:
    """Continued on page after page, a text is set completely, however small the boxes."""
    style = replace(style, minimum_size=None, align=Align.JUSTIFY, continuation="（续）")
    laid = lay_pages(text, style, Box(0, 0, 30, 12), Box(0, 0, 40, 14), field="f")
    out = "".join(item.text for part in laid for item in part.objects if item.field == "f")
    assert out == text.replace("\n", "")
    for part in laid:
        check_inside(part, Box(0, 0, 40, 14))


@given(text=texts, limit=st.floats(3, 40))
def test_lines_hold_every_character_and_keep_the_rules(text: str, limit: float) -> None:
    """Lines join to the text and fit; a forbidden start or end occurs only where no break was allowed at all."""
    advances, faces = FONTS.measure(text)
    paragraph = Paragraph(text, advances, faces)
    lines = paragraph.lines(limit)
    assert "".join(text[line.start : line.end] for line in lines) == text
    for line in lines:
        assert paragraph.offsets[line.visible_end] - paragraph.offsets[line.start] <= limit + 1e-6
        assert not text[line.visible_end : line.end].strip(SPACES)
    for line, following in pairwise(lines):
        forbidden = text[following.start] in NO_LINE_START or (
            line.visible_end > line.start and text[line.visible_end - 1] in NO_LINE_END
        )
        torn = bool(
            re.search(r"[A-Za-z0-9]\Z", text[: line.end]) and re.match(r"[A-Za-z0-9]", text[following.start :])
        )
        if forbidden or torn:
            assert _unbreakable(text[line.start : line.end])


def _unbreakable(text: str) -> bool:
    """Whether no two neighbours in the line are a pair between which the rules would let it end."""
    closing, opening = set(NO_LINE_START), set(NO_LINE_END)
    together = set("ab150é.%&-/,;:!?)'’")
    for position, (left, right) in enumerate(pairwise(text), 1):
        before = text[:position].rstrip(SPACES)[-1:]
        if right in closing or right in SPACES or not before or before in opening:
            continue
        if left in SPACES:
            return False
        if (left in together and right in together) or (left == right and left in "—…"):
            continue
        return False
    return True


@given(text=texts, style=styles)
def test_written_text_reads_back(text: str, style: TextStyle) -> None:
    """Through XML and back, TextCodes hold the text, with one advance fewer than characters each."""
    box = Box(0, 0, 150, 120)
    try:
        laid = lay_part(box, text, style)
    except LayoutError:
        return
    page = DrawnPage(box, (DrawnLayer(laid.objects),))
    written = write_document(DrawnDocument(DocInfo("0" * 32), (page,)))
    root = etree.fromstring(written.entries["Doc_0/Pages/Page_0/Content.xml"])
    codes = root.findall(".//{*}TextCode")
    assert "".join(code.text for code in codes) + laid.remainder == text
    for code in codes:
        assert _count(code.get("DeltaX", "")) == len(code.text) - 1


def _count(deltas: str) -> int:
    """Number of advances in an ST_Array with ``g count value`` groups."""
    words = deltas.split()
    count = position = 0
    while position < len(words):
        grouped = words[position] == "g"
        count += int(words[position + 1]) if grouped else 1
        position += 3 if grouped else 1
    return count


@given(box=boxes, text=st.text(alphabet=CHARACTERS, min_size=1, max_size=12), style=styles)
def test_the_short_way_gives_what_the_long_way_gives(box: Box, text: str, style: TextStyle) -> None:
    """Fields of one line skip breaking and fitting; nothing may come out differently."""
    try:
        laid = lay_part(box, text, style)
    except LayoutError:
        return
    long = place(fit(text, style, box.width, box.height), box)
    assert (laid.size, laid.line_count, laid.remainder) == (long.size, long.line_count, long.remainder)
    for item, other in zip(laid.objects, long.objects, strict=True):
        assert item.text == other.text
        assert _numbers(item) == pytest.approx(_numbers(other))


def _numbers(item: DrawnText) -> list[float]:
    """Every measure of a text object."""
    box = item.boundary
    numbers = [box.x, box.y, box.width, box.height, item.size]
    for run in item.runs:
        numbers += [run.x, run.y, *run.deltas]
    return numbers


@given(box=boxes, text=texts, style=styles)
def test_layout_is_a_function(box: Box, text: str, style: TextStyle) -> None:
    """Equal arguments give equal objects."""
    try:
        first = lay_part(box, text, style)
    except LayoutError:
        return
    assert first == lay_part(box, text, style)
