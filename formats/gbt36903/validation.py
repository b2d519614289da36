"""The rules of licence metadata, each complaint naming its field.

Rules on single values follow from the element's type and length in the data file (``value_rules``); rules between
fields are in ``field_rules``. Where the standard's text is not known they are this project's, marked in
``docs/reference/metadata.md``.
"""

import re
from collections.abc import Iterator
from typing import Final

from formats.gb32100 import NO_EXCEPTIONS
from formats.gbt36903.custom_data import is_writable
from formats.gbt36903.field_rules import field_violations
from formats.gbt36903.metadata import Metadata
from formats.gbt36903.schema import Condition, MetadataElement, Presence
from formats.gbt36903.value_rules import value_violation
from formats.gbt36903.violations import Reading, Violation, ViolationCode
from formats.gbt36904 import NO_LEGACY_ISSUERS

_EXTENSION_CHARACTERS: Final = re.compile("[A-Z0-9_]+")

__all__ = ["Violation", "ViolationCode", "validate"]


def validate(
    metadata: Metadata,
    *,
    sealed: bool = False,
    strict: bool = True,
    exceptions: frozenset[str] = NO_EXCEPTIONS,
    legacy_issuers: frozenset[str] = NO_LEGACY_ISSUERS,
) -> list[Violation]:
    """Judge metadata.

    Args:
        metadata: What to judge.
        sealed: A seal is applied, so that who, when and with which seal must be there.
        strict: As for metadata of the house: the identifier must conform to GB/T 36904, and there are no names but
            short names and extension names. Otherwise, as in files of other makers, the identifier is read with
            its tolerances, and their own pairs beside the metadata are nobody's business.
        exceptions: Credit codes to accept although their check character is wrong.
        legacy_issuers: Issuers whose identifiers may carry the old check variant, if not ``strict``.

    Returns:
        Every violation, in the order of the schema, then names outside it; empty if there is none. Messages hold
        names of fields and rules, never values.
    """
    reading = Reading(strict, exceptions, legacy_issuers)
    found = [*_names(metadata, strict=strict), *_presence(metadata, sealed=sealed), *_values(metadata, reading)]
    found += field_violations(metadata, reading)
    if not found:
        return found
    order = {element.short_name: place for place, element in enumerate(metadata.schema)}
    return sorted(found, key=lambda violation: order.get(violation.field, len(order)))


def _names(metadata: Metadata, *, strict: bool) -> Iterator[Violation]:
    schema = metadata.schema
    prefix = schema.extension_prefix
    for name, texts in metadata.values.items():
        if schema.named(name) is not None:
            continue
        shown = ascii(name[:80])[1:-1]
        if not name.startswith(prefix):
            if strict:
                yield Violation(
                    shown,
                    ViolationCode.UNKNOWN_NAME,
                    f"{shown} 不是元数据短名，扩展元数据短名应以 {prefix} 开头",
                    f"{shown} is no short name; names of extension metadata begin with {prefix}",
                )
            continue
        if not _is_extension_name(name, prefix, schema.longest_extension_name):
            yield Violation(
                shown,
                ViolationCode.EXTENSION_NAME,
                f"扩展元数据短名 {shown} 应为 {prefix} 后接大写字母、数字或下划线，"
                f"不超过 {schema.longest_extension_name} 个字符",
                f"extension name {shown} is not {prefix} and upper-case letters, digits or underscores, at most "
                f"{schema.longest_extension_name} characters",
            )
        text = texts[0]
        if len(text) > schema.longest_extension_value or not is_writable(text):
            yield from _text_violations(shown, shown, shown, text, schema.longest_extension_value)
        if text != text.strip():
            yield _space_violation(shown, shown, shown, None)


def _is_extension_name(name: str, prefix: str, longest: int) -> bool:
    return len(name) <= longest and _EXTENSION_CHARACTERS.fullmatch(name, len(prefix)) is not None


def _presence(metadata: Metadata, *, sealed: bool) -> Iterator[Violation]:
    groups = {element.condition for element in metadata.schema if element.short_name in metadata.values}
    for element in metadata.schema:
        name = element.short_name
        if name is None or name in metadata.values:
            continue
        if element.presence is Presence.MANDATORY:
            yield _missing(element, name, "", "")
        elif element.condition is Condition.SEALED and sealed:
            yield _missing(element, name, "加盖电子印章时", " where a seal is applied")
        elif element.condition in {Condition.ANNOTATED_COPY, Condition.CHANGE} and element.condition in groups:
            yield _missing(element, name, "同组元数据须同时填写，", " beside the others of its group")


def _missing(element: MetadataElement, name: str, when_zh: str, when_en: str) -> Violation:
    return Violation(
        name,
        ViolationCode.MISSING,
        f"{when_zh}{element.name_zh}（{name}）必须填写",
        f"{element.name_en} ({name}) must be given{when_en}",
    )


def _values(metadata: Metadata, reading: Reading) -> Iterator[Violation]:
    schema = metadata.schema
    for element in schema:
        name = element.short_name
        if name is None or name not in metadata.values:
            continue
        texts = metadata.values[name]
        joined = schema.separator.join(texts) if len(texts) > 1 else texts[0]
        if len(joined) > element.longest or not is_writable(joined):
            yield from _text_violations(name, element.name_zh, element.name_en, joined, element.longest)
        for index, text in enumerate(texts):
            place = index if element.repeats else None
            if text != text.strip():
                yield _space_violation(name, element.name_zh, element.name_en, place)
            if element.repeats and schema.separator in text:
                yield Violation(
                    name,
                    ViolationCode.SEPARATOR,
                    f"{element.name_zh}（{name}）不能含有分隔符 {schema.separator}",
                    f"{element.name_en} ({name}) holds the separator {schema.separator}",
                    place,
                )
            violation = value_violation(element, name, text, place, schema, reading)
            if violation is not None:
                yield violation


def _space_violation(name: str, name_zh: str, name_en: str, index: int | None) -> Violation:
    return Violation(
        name,
        ViolationCode.SURROUNDING_SPACE,
        f"{name_zh}（{name}）首尾不能有空白",
        f"{name_en} ({name}) has white space around it",
        index,
    )


def _text_violations(name: str, name_zh: str, name_en: str, text: str, longest: int) -> Iterator[Violation]:
    if len(text) > longest:
        yield Violation(
            name,
            ViolationCode.TOO_LONG,
            f"{name_zh}（{name}）超过 {longest} 个字符",
            f"{name_en} ({name}) has more than {longest} characters",
        )
    if not is_writable(text):
        yield Violation(
            name,
            ViolationCode.CONTROL_CHARACTER,
            f"{name_zh}（{name}）含有不允许的控制字符",
            f"{name_en} ({name}) holds control characters",
        )
