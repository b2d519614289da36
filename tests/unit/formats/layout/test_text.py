"""Text in boxes: alignment, size, overflow, fall-back fonts."""

from dataclasses import replace

import pytest

from formats.fonts import FontChain, MissingGlyphError
from formats.gbt33190.drawing import DrawnText, TextRun
from formats.gbt33190.values import Box
from formats.layout import (
    Align,
    LaidText,
    LayoutError,
    OverfullError,
    TextStyle,
    VerticalAlign,
    lay_pages,
    lay_part,
    lay_text,
    points,
)
from tests.plain_face import PlainFace, plain_fonts

FONTS = plain_fonts()
STYLE = TextStyle(FONTS, 4.0, vertical=VerticalAlign.TOP)
BOX = Box(10, 20, 40, 30)


def placed(laid: LaidText) -> list[tuple[DrawnText, TextRun]]:
    return [(item, run) for item in laid.objects for run in item.runs]


def starts(laid: LaidText) -> list[float]:
    return [round(item.boundary.x + run.x, 6) for item, run in placed(laid)]


def baselines(laid: LaidText) -> list[float]:
    return [round(item.boundary.y + run.y, 6) for item, run in placed(laid)]


def test_left_text_starts_at_the_side() -> None:
    """The first character stands at the box's left, its ink top at the box's top."""
    laid = lay_text(BOX, "营业执照", STYLE, field="x")
    assert starts(laid) == [10]
    assert baselines(laid) == [20 + 0.9 * 4]
    assert laid.objects[0].runs[0].deltas == (4.0, 4.0, 4.0)
    assert laid.objects[0].field == "x"


@pytest.mark.parametrize(("align", "start"), [(Align.CENTRE, 22), (Align.RIGHT, 34)])
def test_centre_and_right(align: Align, start: float) -> None:
    """The slack goes to both sides, or to the left."""
    assert starts(lay_text(BOX, "营业执照", replace(STYLE, align=align))) == [start]


def test_distributed_labels_fill_the_width() -> None:
    """分散对齐: first character at the left, last at the right, even gaps; one character stands in the middle."""
    laid = lay_text(BOX, "名称类", replace(STYLE, align=Align.DISTRIBUTE))
    assert starts(laid) == [10]
    assert laid.objects[0].runs[0].deltas == (18.0, 18.0)
    assert starts(lay_text(BOX, "名", replace(STYLE, align=Align.DISTRIBUTE))) == [28]


def test_justified_lines_end_at_the_side_but_the_last() -> None:
    """Lines that are not the last of a paragraph reach the right side; Latin words are not spread."""
    laid = lay_text(
        Box(0, 0, 41, 60), "甲乙丙丁戊己庚辛壬癸甲ab乙丙丁戊己庚辛壬癸", replace(STYLE, align=Align.JUSTIFY)
    )
    runs = [run for _, run in placed(laid)]
    ends = [run.x + item.boundary.x + sum(run.deltas) + 4.0 for item, run in placed(laid)]
    assert ends[:-1] == [pytest.approx(41)] * (len(ends) - 1)
    assert ends[-1] < 41
    second = runs[1]
    position = second.text.index("ab")
    assert second.deltas[position] == pytest.approx(2.0)


def test_a_line_too_short_to_justify_stays_left() -> None:
    """Gaps are not torn open where a long word left a line nearly empty."""
    laid = lay_text(Box(0, 0, 40, 60), "甲乙abcdefghijklmnopqr", replace(STYLE, align=Align.JUSTIFY))
    assert placed(laid)[0][1].deltas == (4.0,)


def test_vertical_middle_goes_by_the_body_of_characters() -> None:
    """The middle of a Chinese character, 0.38 em above the baseline, is the middle of the box."""
    laid = lay_text(BOX, "名", replace(STYLE, vertical=VerticalAlign.MIDDLE))
    assert baselines(laid)[0] - 0.38 * 4 == pytest.approx(35)
    low = lay_text(BOX, "名", replace(STYLE, vertical=VerticalAlign.BOTTOM))
    assert baselines(low)[0] + 0.3 * 4 == pytest.approx(50)


def test_a_set_baseline_does_not_move_when_text_shrinks() -> None:
    """Label and value share a line whatever the value's size."""
    style = replace(STYLE, minimum_size=2.0, baseline=6.0)
    short, long = lay_text(BOX, "名", style), lay_text(BOX, "名" * 120, style)
    assert long.size < short.size
    assert baselines(short)[0] == baselines(long)[0] == 26


def test_paragraphs_keep_their_lines() -> None:
    """CR LF, LF and CR part paragraphs; empty ones take a line."""
    laid = lay_text(BOX, "甲\n\r\n乙\r丙", STYLE)
    assert [run.text for _, run in placed(laid)] == ["甲", "乙", "丙"]
    assert baselines(laid) == pytest.approx([23.6, 23.6 + 2 * 5.6, 23.6 + 3 * 5.6])
    assert laid.line_count == 4


def test_text_shrinks_to_the_largest_size_that_fits() -> None:
    """A step larger would not fit."""
    style = replace(STYLE, minimum_size=1.0)
    laid = lay_text(Box(0, 0, 60, 12), "名" * 60, style)
    assert laid.remainder == ""
    assert 1.0 < laid.size < 4.0
    larger = replace(STYLE, size=laid.size + 0.05)
    assert lay_part(Box(0, 0, 60, 12), "名" * 60, larger).remainder


def test_single_line_fields_shrink_in_width() -> None:
    """With one line allowed a 60-character name is set smaller, not broken."""
    laid = lay_text(Box(0, 0, 92, 10), "名" * 60, replace(STYLE, minimum_size=1.2, maximum_lines=1))
    assert laid.line_count == 1
    assert laid.size == pytest.approx(92 / 60, abs=0.05)


def test_what_does_not_fit_is_the_remainder() -> None:
    """Text set and remainder together are the text."""
    text = "许可项目：食品销售；餐饮服务。" * 40
    laid = lay_part(BOX, text, replace(STYLE, minimum_size=3.0))
    assert laid.size == 3.0
    assert laid.objects[0].text + laid.remainder == text
    assert laid.remainder
    with pytest.raises(OverfullError) as caught:
        lay_text(BOX, text, replace(STYLE, minimum_size=3.0))
    assert caught.value.remainder == laid.remainder


def test_long_scope_goes_on_on_further_pages() -> None:
    """1,000 characters of 经营范围 fill as many boxes as they need, nothing lost, nothing twice."""
    text = ("软件开发；信息系统集成服务；" * 80)[:1000]
    laid = lay_pages(text, replace(STYLE, minimum_size=3.0), BOX, Box(10, 20, 100, 80), field="scope")
    assert len(laid) > 1
    assert "".join(item.text for part in laid for item in part.objects) == text
    assert all(item.field == "scope" for part in laid for item in part.objects)


def test_the_continuation_mark_follows_and_is_no_field() -> None:
    """（转下页） stands at the end of the last line, inside the box, and does not enter the field."""
    text = "软件开发" * 100
    style = replace(STYLE, continuation="（续）", align=Align.JUSTIFY)
    laid = lay_part(BOX, text, style, field="scope")
    marks = [item for item in laid.objects if item.field is None]
    assert "".join(item.text for item in marks) == "（续）"
    assert "".join(item.text for item in laid.objects if item.field) + laid.remainder == text
    assert marks[-1].boundary.right <= BOX.right + 1e-6
    assert lay_text(BOX, "短", style, field="scope").objects[-1].field == "scope"
    with pytest.raises(ValueError, match="continuation"):
        replace(style, align=Align.CENTRE)


def test_remainder_keeps_paragraphs() -> None:
    """The rest of a paragraph and the paragraphs after it, parted as before."""
    laid = lay_part(Box(0, 0, 40, 12), "甲" * 12 + "\n乙" * 2 + "\n" + "丙" * 3, STYLE)
    assert laid.remainder == "乙\n乙\n丙丙丙"


def test_spacing_widens_but_not_after_the_last() -> None:
    """Letter-spaced titles are centred by what is seen."""
    laid = lay_text(BOX, "营业执照", replace(STYLE, spacing=0.5, align=Align.CENTRE))
    assert laid.objects[0].runs[0].deltas == (6.0, 6.0, 6.0)
    assert starts(laid) == [10 + (40 - 22) / 2]


def test_spaces_after_a_run_of_its_own_stay_inside() -> None:
    """Spacing after the last visible character does not push hanging spaces out of the box."""
    laid = lay_text(BOX, "𠀀 ", replace(STYLE, spacing=0.25, align=Align.RIGHT))
    assert starts(laid) == [46, 50]


def test_fall_back_characters_become_objects_of_their_own() -> None:
    """A rare character is set by the next font; reading order and positions stay."""
    chain = FontChain([PlainFace("First", lacks="㐀㐁"), PlainFace("Second")])
    laid = lay_text(BOX, "张㐀㐁三", TextStyle(chain, 4.0), field="name")
    assert [(item.font.font_name, item.text) for item in laid.objects] == [
        ("First", "张"),
        ("Second", "㐀㐁"),
        ("First", "三"),
    ]
    assert starts(laid) == [10, 14, 22]
    assert all(item.field == "name" for item in laid.objects)


def test_characters_beyond_the_basic_plane_stand_alone() -> None:
    """Readers count such characters as one or as two, so none shares a run."""
    laid = lay_text(BOX, "张𠀀𠀁三四", STYLE)
    assert [run.text for _, run in placed(laid)] == ["张", "𠀀", "𠀁", "三四"]
    assert starts(laid) == [10, 14, 18, 22]


def test_errors_name_what_is_wrong() -> None:
    """Too small a box, a missing glyph, impossible styles."""
    with pytest.raises(LayoutError, match="holds no line"):
        lay_text(Box(0, 0, 40, 3), "名", STYLE)
    with pytest.raises(LayoutError, match="holds no character"):
        lay_text(Box(0, 0, 3, 40), "名", STYLE)
    with pytest.raises(MissingGlyphError):
        lay_text(BOX, "a\tb", STYLE)
    with pytest.raises(ValueError, match="range"):
        TextStyle(FONTS, 3.0, minimum_size=4.0)
    with pytest.raises(ValueError, match="line"):
        TextStyle(FONTS, 3.0, maximum_lines=0)


def test_empty_text_draws_nothing() -> None:
    """An empty field is legal."""
    assert lay_text(BOX, "", STYLE) == LaidText((), 4.0, 0, "")


def test_points_are_millimetres() -> None:
    """72 points are an inch."""
    assert points(72) == pytest.approx(25.4)
