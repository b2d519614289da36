"""Tables: rows grow with their contents, rules, continuation."""

import pytest

from formats.gbt33190.drawing import DrawnPath, DrawnText
from formats.gbt33190.values import Box
from formats.layout import Align, Cell, LayoutError, Row, TableStyle, TextStyle, lay_table
from tests.plain_face import plain_fonts

STYLE = TextStyle(plain_fonts(), 4.0)
TABLE = TableStyle((20.0, 60.0), padding=2.0, padding_above=1.0)
BOX = Box(10, 10, 80, 100)


def row(label: str, value: str, **options: object) -> Row:
    return Row((Cell(label, STYLE), Cell(value, STYLE, field=label, **options)))


def texts(objects: tuple[object, ...]) -> list[DrawnText]:
    return [item for item in objects if isinstance(item, DrawnText)]


def test_rows_are_as_high_as_their_highest_cell() -> None:
    """One line of 4 mm takes 1.2 em and the padding; two lines take a leading more."""
    table = lay_table(BOX, [row("甲", "一"), row("乙", "一" * 20)], TABLE)
    one, two = 1.2 * 4 + 2, (1.2 + 1.4) * 4 + 2
    assert table.box == Box(10, 10, 80, pytest.approx(one + two))
    assert table.remainder == ()


def test_texts_stand_inside_their_cells() -> None:
    """Every text lies between the padding lines of its own cell, all texts are there, in order."""
    rows = [row(str(index), "内容" * index) for index in range(1, 9)]
    table = lay_table(BOX, rows, TABLE)
    found = texts(table.objects)
    assert [item.text for item in found] == [text for r in rows for text in (r.cells[0].text, r.cells[1].text)]
    for label, value in zip(found[::2], found[1::2], strict=True):
        assert 12 <= label.boundary.x <= label.boundary.right <= 28 + 1e-6
        assert 32 <= value.boundary.x <= value.boundary.right <= 88 + 1e-6
    tops = [item.boundary.y for item in found[1::2]]
    assert tops == sorted(tops)


def test_rows_that_do_not_fit_are_the_remainder() -> None:
    """Whole rows move to the next page."""
    rows = [row(str(index), "一" * 14) for index in range(30)]
    table = lay_table(BOX, rows, TABLE)
    assert 0 < len(table.remainder) < 30
    assert table.remainder == tuple(rows[-len(table.remainder) :])
    assert table.box.bottom <= BOX.bottom


def test_a_row_higher_than_the_page_is_divided() -> None:
    """What fits stands here, the rest begins the remainder; nothing is lost."""
    long = "一二三四五六七八九十" * 60
    rows = [row("范围", long), row("后", "尾")]
    found = ""
    pages = 0
    remaining: tuple[Row, ...] = tuple(rows)
    while remaining:
        table = lay_table(BOX, remaining, TABLE)
        assert table.box.bottom <= BOX.bottom + 1e-6
        found += "".join(item.text for item in texts(table.objects) if item.field == "范围")
        remaining = table.remainder
        pages += 1
    assert found == long
    assert pages > 1


def test_spans_share_columns() -> None:
    """A spanning cell has the room of its columns and no rule between them."""
    title = Row((Cell("标题", TextStyle(plain_fonts(), 4.0, align=Align.CENTRE), span=2),))
    table = lay_table(BOX, [title, row("甲", "一")], TABLE)
    (centred, *_rest) = texts(table.objects)
    assert centred.boundary.x + centred.runs[0].x == pytest.approx(10 + 40 - 4)
    (inner,) = [item for item in table.objects if isinstance(item, DrawnPath) and item.line_width == TABLE.inner]
    assert inner.data == f"M 0 {6.8:g} L 80 {6.8:g} M 20 {6.8:g} L 20 {13.6:g}"


def test_minimum_heights_and_rules() -> None:
    """Rows may be higher than their contents; no rule is drawn where none is wanted."""
    bare = TableStyle((20.0, 60.0), outer=0, inner=0)
    table = lay_table(BOX, [Row(row("甲", "一").cells, 15.0)], bare)
    assert table.box.height == 15
    assert len(table.objects) == 2


def test_impossible_tables_are_refused() -> None:
    """No rows, columns wider than the box, wrong spans, a first row that cannot begin, text that would be lost."""
    short = Cell("一" * 40, TextStyle(plain_fonts(), 4.0, maximum_lines=1))
    for rows, box, style in (
        ([], BOX, TABLE),
        ([row("甲", "一")], Box(0, 0, 70, 100), TABLE),
        ([Row((Cell("甲", STYLE),))], BOX, TABLE),
        ([row("甲", "一")], Box(0, 0, 80, 3), TABLE),
        ([Row((Cell("甲", STYLE), short))], BOX, TABLE),
    ):
        with pytest.raises(LayoutError):
            lay_table(box, rows, style)
