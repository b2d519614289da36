"""Strict reading of JSON data files and code lists."""

import json

import pytest

from formats.code_lists import packaged_code_lists, read_code_lists
from formats.errors import LimitExceededError, MalformedDataError
from formats.json_data import read_json


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "line 1, column 1"),
        (b'{\n "a": ,\n}', "line 2, column 7"),
        (b'{"a":1,"b":2,"a":3}', "key 'a' is repeated"),
        (b'{"a":NaN}', "NaN"),
        (b'{"a":-Infinity}', "Infinity"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b'{"a":"\xff"}', "not UTF-8"),
        (b"1" * 5000, "digit"),
        (b'{"a":1} x', "Extra data"),
    ],
)
def test_json_is_strict(data: bytes, complaint: str) -> None:
    """What JSON does not have, repeated keys and foreign bytes are refused with a place."""
    with pytest.raises(MalformedDataError, match=complaint):
        read_json(data, what="file")


def test_limits() -> None:
    """Size and depth are bounded."""
    with pytest.raises(LimitExceededError):
        read_json(b"[" * 200_000 + b"]" * 200_000, what="file")
    with pytest.raises(LimitExceededError):
        read_json(b" " * 101, what="file", most=100)
    many = b"{" + b",".join(b'"k%d":0' % number for number in range(50_000)) + b',"k49999":1}'
    with pytest.raises(MalformedDataError, match="k49999"):
        read_json(many, what="file")


def test_typed_reading_names_the_path() -> None:
    """Each complaint carries the path of the value, and wrong kinds are told apart."""
    root = read_json(b'{"a":[{"n":true,"d":"2026-02-30","t":"","s":"\\ud800","i":1.0}]}', what="file")
    (item,) = root.members(required=("a",))["a"].items()
    inner = item.members(required=("n", "d", "t", "s", "i"))
    with pytest.raises(MalformedDataError, match=r"\$\.a\[0\]\.n: expected an integer, found a boolean"):
        inner["n"].integer(least=0, most=9)
    with pytest.raises(MalformedDataError, match=r"\$\.a\[0\]\.i: expected an integer"):
        inner["i"].integer(least=0, most=9)
    with pytest.raises(MalformedDataError, match=r"\$\.a\[0\]\.d: not a date"):
        inner["d"].day()
    with pytest.raises(MalformedDataError, match=r"\$\.a\[0\]\.t: is empty"):
        inner["t"].text()
    with pytest.raises(MalformedDataError, match="surrogate"):
        inner["s"].text()
    with pytest.raises(MalformedDataError, match="expected true or false"):
        inner["d"].boolean()
    with pytest.raises(MalformedDataError, match="is none of"):
        inner["d"].choice(("x",))
    with pytest.raises(MalformedDataError, match="expected an array, found an object"):
        root.items()
    with pytest.raises(MalformedDataError, match="more than 0"):
        root.members(required=("a",))["a"].items(most=0)


def test_week_dates_are_no_days() -> None:
    """Python reads 2026-W01-1 and 20260101 as dates; a data file may not say so."""
    for text in ("20260101", "2026-W01-1"):
        with pytest.raises(MalformedDataError):
            read_json(json.dumps(text).encode(), what="file").day()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("QQ", "not Base64"),
        ("QUJD\n", "not Base64"),
        ("QUI-", "not Base64"),
        ("\uff21UJD", "not Base64"),
        ("QR==", "Base64 with stray bits"),
        ("", "is empty"),
        ("QUJDREVG", "longer than 4 characters"),
    ],
)
def test_octets_have_one_writing(text: str, complaint: str) -> None:
    """Base64 cut short, of another alphabet, with anything in it that does not count, or too long is refused."""
    assert read_json(b'"QUI="', what="file").octets(longest=4) == b"AB"
    with pytest.raises(MalformedDataError, match=complaint):
        read_json(json.dumps(text).encode(), what="file").octets(longest=8 if "\n" in text else 4)


def test_repeated_code() -> None:
    """A code listed twice is refused."""
    entry = {"code": "1", "name_zh": "x", "name_en": "x"}
    content = {"standard": "s", "version": "1", "lists": {"l": {"name_zh": "l", "entries": [entry, entry]}}}
    with pytest.raises(MalformedDataError, match=r"entries\[1\]: code '1' is listed twice"):
        read_code_lists(json.dumps(content).encode(), what="lists")


@pytest.mark.parametrize("name", ["gbt39554-codes.json", "food-licence-codes.json"])
def test_packaged_lists_load(name: str) -> None:
    """Lists that come with the house are well formed and carry a version."""
    lists = packaged_code_lists(name)
    assert lists.version
    assert all(entry.name_zh for code_list in lists.lists.values() for entry in code_list)
