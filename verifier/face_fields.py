"""Which metadata a licence shows on its face, under which words, and how it may be written there.

The types come from ``licence-faces.json``. The verifier must not ask the service that issues, so what a type shows
is told here once more; a test keeps both in step. A type that is not listed is judged by the general fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from formats.errors import MalformedDataError
from formats.gbt36903 import UNLIMITED, Element, HolderCode, Metadata
from formats.json_data import JsonNode, read_json
from formats.page_text import folded

_FILE: Final = "licence-faces.json"
_DIGITS: Final = "〇一二三四五六七八九"
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_FOR_EVER: Final = (UNLIMITED, "长期有效", "永久", "永久有效", "无固定期限", "不限", "long term", "permanent")


class Form(StrEnum):
    """How a value is written on a face."""

    TEXT = "text"
    DATE = "date"
    MINUTE = "minute"
    PERSON = "person"
    """A code that may be shown masked where it is a person's."""


@dataclass(frozen=True, slots=True)
class FaceField:
    """One field of a face.

    Attributes:
        name: Short name of the metadata.
        labels: Words it stands beside or under, folded; none where it stands by itself.
        form: How it is written.
        shown: Whether a licence that has the metadata must show it.
    """

    name: str
    labels: tuple[str, ...]
    form: Form
    shown: bool


@dataclass(frozen=True, slots=True)
class FaceKind:
    """What faces of a type show.

    Attributes:
        known: Whether the type is listed; otherwise the general fields stand for it.
        fields: In reading order, so that of several fields under one word each has its own place.
    """

    known: bool
    fields: tuple[FaceField, ...]

    @property
    def labels(self) -> frozenset[str]:
        """All words that fields stand beside."""
        return frozenset(label for each in self.fields for label in each.labels)


def face_kind(type_code: str) -> FaceKind:
    """What faces of a licence type show, by its 证照类型代码."""
    types, general = _kinds()
    return types.get(type_code, general)


@cache
def _kinds() -> tuple[Mapping[str, FaceKind], FaceKind]:
    return read_face_kinds(files("verifier").joinpath(_FILE).read_bytes())


def read_face_kinds(data: bytes, *, what: str = _FILE) -> tuple[Mapping[str, FaceKind], FaceKind]:
    """Read the data file: kinds by type code, and the general one.

    Raises:
        MalformedDataError: It breaks its schema; the message names the place.
    """
    top = read_json(data, what=what).members(
        required=("schema", "version", "general", "types"), optional=("note",)
    )
    top["schema"].integer(least=1, most=1)
    top["version"].text(longest=32)
    types: dict[str, FaceKind] = {}
    for node in top["types"].items():
        members = node.members(required=("code", "name", "fields"))
        code = members["code"].text(longest=64)
        members["name"].text(longest=100)
        if code in types:
            node.fail("the type stands twice")
        types[code] = FaceKind(True, tuple(_field(each) for each in members["fields"].items(most=200)))
    general = FaceKind(False, tuple(_field(each) for each in top["general"].items(most=50)))
    return types, general


def _field(node: JsonNode) -> FaceField:
    members = node.members(required=("name",), optional=("labels", "form", "shown"))
    labels = [each.text(longest=60) for each in members["labels"].items(most=20)] if "labels" in members else []
    return FaceField(
        name=members["name"].text(longest=64),
        labels=tuple(map(folded, labels)),
        form=Form(members["form"].choice(tuple(Form))) if "form" in members else Form.TEXT,
        shown=members["shown"].boolean() if "shown" in members else True,
    )


def written_forms(field: FaceField, metadata: Metadata, data: Mapping[str, str]) -> Sequence[Sequence[str]]:
    """For each value of a field the ways it may be written, folded, the likeliest first; none if it has no value.

    Args:
        field: The field.
        metadata: Elements of the licence's metadata.
        data: Face data (照面信息) by name.
    """
    own = data.get(field.name)
    values = metadata.values.get(field.name, () if own is None else (own,))
    if field.form is Form.DATE:
        return [_date_forms(value) for value in values if value]
    if field.form is Form.MINUTE:
        return [_minute_forms(value) for value in values if value]
    if field.form is Form.PERSON:
        return [_person_forms(metadata, place, value) for place, value in enumerate(values) if value]
    return [(plain,) for value in values if (plain := folded(value))]


@lru_cache(maxsize=1024)
def _date_forms(text: str) -> tuple[str, ...]:
    if text == UNLIMITED:
        return tuple(map(folded, _FOR_EVER))
    if len(text) != 8 or not text.isascii() or not text.isdigit():
        return (folded(text),)
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return (folded(text),)
    return tuple(dict.fromkeys(map(folded, _days(day))))


def _days(day: date) -> Iterator[str]:
    year, month, number = day.year, day.month, day.day
    yield f"{year}年{month}月{number}日"
    yield f"{year}年{month:02d}月{number:02d}日"
    for mark in "-./":
        yield f"{year}{mark}{month:02d}{mark}{number:02d}"
        yield f"{year}{mark}{month}{mark}{number}"
    yield f"{year}{month:02d}{number:02d}"
    in_words = f"{''.join(_DIGITS[int(digit)] for digit in str(year))}年{_numeral(month)}月{_numeral(number)}日"
    yield in_words
    yield in_words.replace("〇", "零")
    yield f"{_MONTHS[month - 1]} {number}, {year}"
    yield f"{number} {_MONTHS[month - 1]} {year}"
    yield f"{_MONTHS[month - 1][:3]} {number}, {year}"
    yield f"{number} {_MONTHS[month - 1][:3]} {year}"


def _numeral(number: int) -> str:
    """1 to 31 as 一 to 三十一."""
    tens, ones = divmod(number, 10)
    head = "" if not tens else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return head + (_DIGITS[ones] if ones else "")


@lru_cache(maxsize=256)
def _minute_forms(text: str) -> tuple[str, ...]:
    if len(text) < 12 or not text.isascii() or not text.isdigit():
        return _date_forms(text)
    hour, minute = int(text[8:10]), int(text[10:12])
    times = (
        f"{hour}时{minute}分",
        f"{hour:02d}时{minute:02d}分",
        f"{hour:02d}:{minute:02d}",
        f"{hour}:{minute:02d}",
    )
    return tuple(day + time for day in _date_forms(text[:8]) for time in times)


def _person_forms(metadata: Metadata, place: int, value: str) -> tuple[str, ...]:
    forms = [folded(value)]
    types = metadata.texts(Element.HOLDER_CODE_TYPE)
    if place < len(types):
        with suppress(MalformedDataError):  # a code that does not fit its type is shown as it is
            forms.insert(0, folded(HolderCode(types[place], value).masked))
    return tuple(dict.fromkeys(forms))
