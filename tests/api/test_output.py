"""What is written, and how names that came from outside are tamed."""

import io
import json

import pytest

from api.failures import CommandError
from api.messages import messages
from api.output import Output, shown, width


def output(encoding: str = "utf-8") -> tuple[Output, io.TextIOWrapper]:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="backslashreplace")
    return Output(messages("en"), stream, io.StringIO()), stream


def written(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "hostile",
    [
        "\x1b[2K\x1b[1A有效",
        "a\rb",
        "a\nb",
        "\u202ecod.ofd",
        "\u2066x\u2069",
        "\x9b31m",
        "a\u200bb",
        "\udcff",
        "\u2028",
    ],
)
def test_hostile_names_are_escaped(hostile: str) -> None:
    """No control, direction or invisible character of a document reaches the terminal."""
    tamed = shown(hostile)
    assert tamed.isprintable()
    assert "\\" in tamed


def test_ordinary_names_are_left_alone() -> None:
    """Chinese, Latin, rare and combining characters are shown as they are."""
    assert shown("示例市市场监督管理局 Bureau 𠮷 é") == "示例市市场监督管理局 Bureau 𠮷 é"


def test_width_counts_columns() -> None:
    """Wide characters take two columns, combining ones none."""
    assert width("印章 ab") == 7
    assert width("e\u0301") == 1


def test_table_aligns_chinese_and_latin() -> None:
    """The second column starts at the same terminal column in every row."""
    out, stream = output()
    out.table([("签名值", "x"), ("ok", "y"), ("only one cell",)], indent=2)
    lines = written(stream).decode().splitlines()
    assert {width(line[: line.index(mark)]) for line, mark in zip(lines, "xy", strict=False)} == {17}
    assert lines[2] == "  only one cell"


def test_facts_leave_out_what_is_not_there() -> None:
    """None and empty values take no line, a list one line for each entry."""
    out, stream = output()
    out.facts([("a", None), ("b", ""), ("c", []), ("d", ["1", "2"]), ("e", 0)])
    assert written(stream).decode().split() == ["d", "1", "2", "e", "0"]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "gbk", "latin-1"])
def test_json_survives_any_encoding(encoding: str) -> None:
    """What is written is JSON of the same value, whatever the terminal's encoding, and no control character is raw."""
    value = {"name": "印章𠮷é", "hostile": "\x1b[2K\u202e\x9b\u2028\udcff"}
    out, stream = output(encoding)
    out.json(value)
    raw = written(stream)
    assert json.loads(raw.decode(encoding)) == value
    assert all(character.isprintable() or character == "\n" for character in raw.decode(encoding))


def test_octets_do_not_go_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture is not written onto a terminal."""
    out, stream = output()
    monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    with pytest.raises(CommandError) as caught:
        out.octets(b"\x89PNG")
    assert caught.value.key == "errors.output.terminal"
    out.octets(b"-----BEGIN", printable=True)
    assert written(stream) == b"-----BEGIN"
