"""Rules between fields.

A rule is silent where a field it needs is absent or malformed: that has its own complaint.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from formats.errors import MalformedDataError
from formats.gbt2260 import DivisionCode
from formats.gbt36903.dates import parse_date, parse_date_time, parse_end_date
from formats.gbt36903.holder import HolderCode
from formats.gbt36903.metadata import Metadata
from formats.gbt36903.schema import HOLDER_CODE_TYPES, Element
from formats.gbt36903.value_rules import read_licence_id
from formats.gbt36903.violations import Reading, Violation, ViolationCode
from formats.gbt36904 import LicenceId

_Value = TypeVar("_Value")


def field_violations(metadata: Metadata, reading: Reading) -> Iterator[Violation]:
    """All broken rules between fields."""
    yield from _identifier(metadata, reading)
    yield from _definer(metadata)
    yield from _holders(metadata, reading)
    yield from _dates(metadata)


def _identifier(metadata: Metadata, reading: Reading) -> Iterator[Violation]:
    """Type, issuer and version in the identifier are those of their own fields."""
    found = _read(metadata, Element.LICENCE_IDENTIFIER, lambda text: read_licence_id(text, reading))
    if not isinstance(found, LicenceId):
        return
    parts = (
        (Element.LICENCE_TYPE_CODE, str(found.type_code), ViolationCode.TYPE_MISMATCH),
        (Element.ISSUER_CODE, str(found.issuer), ViolationCode.ISSUER_MISMATCH),
        (Element.LICENCE_VERSION, f"{found.version:03d}", ViolationCode.VERSION_MISMATCH),
    )
    for element, part, code in parts:
        if code is ViolationCode.ISSUER_MISMATCH and isinstance(found.issuer, DivisionCode):
            continue  # read under a tolerance that says so; there is nothing to compare
        text = metadata.text(element)
        if text is not None and text != part:
            yield _mismatch(metadata, element, Element.LICENCE_IDENTIFIER, code)


def _definer(metadata: Metadata) -> Iterator[Violation]:
    definer, type_code = metadata.text(Element.DEFINER_CODE), metadata.text(Element.LICENCE_TYPE_CODE)
    if definer is not None and type_code is not None and definer != type_code[:18]:
        yield _mismatch(metadata, Element.DEFINER_CODE, Element.LICENCE_TYPE_CODE, ViolationCode.DEFINER_MISMATCH)


def _holders(metadata: Metadata, reading: Reading) -> Iterator[Violation]:
    """As many names, codes and code types as holders; every code fits its type."""
    fields = (Element.HOLDER_CODE, Element.HOLDER_CODE_TYPE, Element.HOLDER_CODE_TYPE_NAME)
    names = metadata.texts(Element.HOLDER_NAME)
    for element in fields:
        count = len(metadata.texts(element))
        if count and names and count != len(names):
            described, name = metadata.schema[element], metadata.schema.name_of(element)
            yield Violation(
                name,
                ViolationCode.HOLDER_COUNT,
                f"{described.name_zh}（{name}）有 {count} 项，持证主体有 {len(names)} 项，数量应一致",
                f"{described.name_en} ({name}) has {count} values for {len(names)} holders",
            )
    known = metadata.schema.lists[HOLDER_CODE_TYPES]
    types = metadata.texts(Element.HOLDER_CODE_TYPE)
    titles = metadata.texts(Element.HOLDER_CODE_TYPE_NAME)
    for index, (type_code, code) in enumerate(zip(types, metadata.texts(Element.HOLDER_CODE), strict=False)):
        entry = known.get(type_code)
        if entry is None or not code:
            continue
        try:
            HolderCode(type_code, code, types=known, exceptions=reading.exceptions)
        except MalformedDataError as exc:
            name = metadata.schema.name_of(Element.HOLDER_CODE)
            yield Violation(
                name,
                ViolationCode.HOLDER_CODE,
                f"持证主体代码（{name}）不是正确的{entry.name_zh}",
                f"holder code ({name}) does not fit its type {type_code}: {exc.message}",
                index,
            )
        if index < len(titles) and titles[index] in {other.name_zh for other in known if other.code != type_code}:
            name = metadata.schema.name_of(Element.HOLDER_CODE_TYPE_NAME)
            yield Violation(
                name,
                ViolationCode.HOLDER_CODE_TYPE_NAME,
                f"持证主体代码类型（{name}）与类型代码 {type_code}（{entry.name_zh}）不一致",
                f"holder code type name ({name}) is that of another type than {type_code}",
                index,
            )


def _dates(metadata: Metadata) -> Iterator[Violation]:
    """Validity does not end before it starts or before the issue; a copy does not expire before it is made."""
    pairs = (
        (Element.VALID_FROM, parse_date, Element.VALID_TO, parse_end_date),
        (Element.ISSUE_DATE, parse_date, Element.VALID_TO, parse_end_date),
        (Element.COPY_CREATED, parse_date_time, Element.COPY_EXPIRES, parse_date_time),
    )
    for earlier, read_earlier, later, read_later in pairs:
        start, end = _read(metadata, earlier, read_earlier), _read(metadata, later, read_later)
        if start is not None and end is not None and end < start:
            schema = metadata.schema
            name = schema.name_of(later)
            yield Violation(
                name,
                ViolationCode.DATE_ORDER,
                f"{schema[later].name_zh}（{name}）早于{schema[earlier].name_zh}（{schema.name_of(earlier)}）",
                f"{schema[later].name_en} ({name}) is before {schema[earlier].name_en}",
            )


def _mismatch(metadata: Metadata, element: Element, other: Element, code: ViolationCode) -> Violation:
    schema = metadata.schema
    name, other_name = schema.name_of(element), schema.name_of(other)
    return Violation(
        name,
        code,
        f"{schema[element].name_zh}（{name}）与{schema[other].name_zh}（{other_name}）中的相应部分不一致",
        f"{schema[element].name_en} ({name}) differs from its part in {schema[other].name_en} ({other_name})",
    )


def _read(metadata: Metadata, element: Element, read: Callable[[str], _Value]) -> _Value | None:
    text = metadata.text(element)
    if text is None:
        return None
    try:
        return read(text)
    except MalformedDataError:
        return None  # the value's own rule complains
