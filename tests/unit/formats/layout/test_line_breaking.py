"""Chinese line breaking: what may start and end a line."""

import pytest

from formats.layout.errors import LayoutError
from formats.layout.line_breaking import NO_LINE_END, NO_LINE_START, Paragraph, may_break
from tests.plain_face import plain_fonts


def lines(text: str, limit: float) -> list[str]:
    advances, faces = plain_fonts().measure(text)
    return [text[line.start : line.end] for line in Paragraph(text, advances, faces).lines(limit)]


@pytest.mark.parametrize("mark", "，。；：？！）」』】》、％")
def test_no_line_starts_with_a_closing_mark(mark: str) -> None:
    """The character before goes along to the next line."""
    assert lines(f"一二三{mark}四", 3) == ["一二", f"三{mark}四"]


@pytest.mark.parametrize("mark", "（「『【《“￥")
def test_no_line_ends_with_an_opening_mark(mark: str) -> None:
    """The mark goes to the next line."""
    assert lines(f"一二{mark}三四", 3) == ["一二", f"{mark}三四"]


@pytest.mark.parametrize(
    "word", ["2026", "1,000.50", "91510100MA62FLEL38", "GB/T", "a@b.cn", "12:30", "http://x.cn/a?b=1", "50%"]
)
def test_words_and_numbers_stay_whole(word: str) -> None:
    """A word that would be cut begins the next line."""
    limit = 0.5 * len(word) + 0.5
    assert lines(f"一二{word}三", limit)[:2] == ["一二", word]


def test_a_word_longer_than_the_line_is_cut_where_the_line_is_full() -> None:
    """Only then is a word broken."""
    assert lines("一abcdefgh", 2) == ["一", "abcd", "efgh"]


def test_dashes_and_ellipses_are_not_torn_apart() -> None:
    """破折号 and 省略号 keep their two halves together."""
    assert lines("一二——三", 3) == ["一二", "——三"]
    assert lines("一二……三", 3) == ["一二", "……三"]


def test_spaces_hang_over_the_end() -> None:
    """Spaces after a line's last character take no room and do not begin the next line."""
    assert lines("ab cd  ef", 2.5) == ["ab cd  ", "ef"]
    assert lines("　　一二三四", 4) == ["　　一二", "三四"]


def test_several_closing_marks_stay_together() -> None:
    """A row of closing marks takes its character along."""
    assert lines("甲乙丙丁）”。戊", 5) == ["甲乙丙", "丁）”。戊"]


def test_when_nothing_may_break_the_line_is_cut() -> None:
    """A text of closing marks alone still finds its lines."""
    assert lines("，，，，，", 2) == ["，，", "，，", "，"]
    assert lines("（（（（（", 2) == ["（（", "（（", "（"]


def test_a_character_wider_than_the_line_is_an_error() -> None:
    """There is no line to put it on."""
    with pytest.raises(LayoutError, match="holds no character"):
        lines("一二", 0.9)


def test_empty_text_is_one_empty_line() -> None:
    """A blank paragraph keeps its line."""
    assert lines("", 3) == [""]


def test_closing_and_opening_marks_are_disjoint() -> None:
    """No character is in both lists."""
    assert not set(NO_LINE_START) & set(NO_LINE_END)


def test_a_line_may_end_between_chinese_characters_and_beside_words() -> None:
    """The ordinary places."""
    assert may_break("一二", 1)
    assert may_break("一a", 1)
    assert may_break("a一", 1)
    assert not may_break("ab", 1)
    assert may_break("a b", 2)
    assert not may_break("a b", 1)
    assert not may_break("（ 一", 2)
