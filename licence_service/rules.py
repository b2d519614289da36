"""What a request must satisfy before anything is reserved or signed; every refusal names its field. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

from formats import MalformedDataError
from formats.food_licence_number import FoodLicenceNumber
from licence_service.errors import FieldViolation
from licence_service.licence_types import FaceField, FieldKind, LicenceType, NumberRule, SerialRule, ValidityRule
from licence_service.model import IssueRequest

_SERIAL_ALPHABET: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def request_violations(request: IssueRequest, licence_type: LicenceType) -> list[FieldViolation]:
    """Everything in a request that its licence type forbids, in the order of the fields."""
    return [
        *_holders(request, licence_type),
        *_number(request, licence_type),
        *_validity(request),
        *_face(request, licence_type),
    ]


def licence_number(request: IssueRequest, licence_type: LicenceType) -> str:
    """The number to print (证照编号); the request was checked before."""
    if licence_type.number_rule is NumberRule.HOLDER_CODE:
        return request.holders[0].code
    return request.licence_number or ""


def last_day(request: IssueRequest, licence_type: LicenceType) -> date | None:
    """Last day of validity, None for unlimited."""
    if licence_type.validity_rule is ValidityRule.YEARS and request.valid_until is None:
        return _years_later(request.issued_on, licence_type.validity_years)
    return request.valid_until


def _years_later(start: date, years: int) -> date:
    """The day before the same day ``years`` later; 29 February ends on 28 February."""
    try:
        end = start.replace(year=start.year + years)
    except ValueError:
        return date(start.year + years, 2, 28)
    return date.fromordinal(end.toordinal() - 1)


def _holders(request: IssueRequest, licence_type: LicenceType) -> Iterator[FieldViolation]:
    if not 1 <= len(request.holders) <= licence_type.most_holders:
        yield FieldViolation(
            "CZZT",
            "holder-count",
            f"持证主体应为 1 至 {licence_type.most_holders} 个",
            f"1 to {licence_type.most_holders} holders belong here",
        )
    for holder in request.holders:
        if holder.code_type not in licence_type.holder_code_types:
            yield FieldViolation(
                "CZZTDMLXDM",
                "holder-code-type",
                f"{licence_type.name}的持证主体代码类型不能是 {holder.code_type}",
                f"this licence type has no holders of code type {holder.code_type}",
            )


def _number(request: IssueRequest, licence_type: LicenceType) -> Iterator[FieldViolation]:
    number = request.licence_number
    if licence_type.number_rule is NumberRule.HOLDER_CODE:
        if number is not None and request.holders and number != request.holders[0].code:
            yield FieldViolation(
                "ZZBH", "number", "证照编号应与持证主体代码一致", "the number must be the holder's code"
            )
        return
    if not number:
        yield FieldViolation("ZZBH", "missing", "缺少证照编号", "the licence number is missing")
        return
    if licence_type.number_rule is NumberRule.FOOD_LICENCE:
        try:
            FoodLicenceNumber.parse(number)
        except MalformedDataError as exc:
            yield FieldViolation("ZZBH", "number", "食品经营许可证编号不正确", exc.message)
    elif licence_type.number_pattern is not None and not licence_type.number_pattern.fullmatch(number):
        yield FieldViolation(
            "ZZBH",
            "number",
            f"证照编号格式不正确，示例：{licence_type.number_example}",
            f"the number has not the form of {licence_type.number_example}",
        )
    if licence_type.serial_rule is SerialRule.LICENCE_NUMBER and not _SERIAL_ALPHABET.issuperset(number):
        yield FieldViolation(
            "ZZBH", "serial", "证照编号不能作为流水号", "the number cannot serve as the identifier's serial"
        )


def _validity(request: IssueRequest) -> Iterator[FieldViolation]:
    if request.valid_until is not None and request.valid_until < request.issued_on:
        yield FieldViolation(
            "ZZYXQJZRQ", "date-order", "有效期截止日期早于颁发日期", "validity ends before the date of issue"
        )


def _face(request: IssueRequest, licence_type: LicenceType) -> Iterator[FieldViolation]:
    for name in request.face:
        if name not in licence_type.fields:
            shown = name if name.isascii() and name.isprintable() and len(name) <= 64 else "?"
            yield FieldViolation(
                shown, "unknown-field", f"{licence_type.name}没有该照面信息", "the licence type has no such field"
            )
    for field in licence_type.fields.values():
        text = request.face.get(field.name, "")
        if not text.strip():
            if field.required:
                yield FieldViolation(field.name, "missing", f"缺少{field.label}", f"{field.label} is missing")
            continue
        violation = _field_violation(field, text)
        if violation is not None:
            yield violation


def _field_violation(field: FaceField, text: str) -> FieldViolation | None:
    if len(text) > field.longest:
        return FieldViolation(
            field.name,
            "too-long",
            f"{field.label}不得超过 {field.longest} 个字符",
            f"{field.label} has more than {field.longest} characters",
        )
    if any(not character.isprintable() and character not in "\n\u3000" for character in text):
        return FieldViolation(
            field.name,
            "control-character",
            f"{field.label}含有控制字符",
            f"{field.label} holds a control character",
        )
    match field.kind:
        case FieldKind.DATE:
            fits = _is_time(text, "%Y%m%d", 8)
        case FieldKind.MINUTE:
            fits = _is_time(text, "%Y%m%d%H%M", 12)
        case FieldKind.CHOICE:
            fits = text in field.choices
        case FieldKind.PATTERN:
            fits = field.pattern is not None and field.pattern.fullmatch(text) is not None
        case FieldKind.TEXT:
            fits = True
    if fits:
        return None
    return FieldViolation(
        field.name, str(field.kind), f"{field.label}格式不正确", f"{field.label} has a wrong form"
    )


def _is_time(text: str, form: str, length: int) -> bool:
    if len(text) != length or not (text.isascii() and text.isdigit()):
        return False
    try:
        datetime.strptime(text, form)  # noqa: DTZ007  only whether there is such a time
    except ValueError:
        return False
    return True
