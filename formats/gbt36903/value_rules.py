"""Rules on a single value, by the type of its element."""

from collections.abc import Callable, Mapping
from typing import Final

from formats.errors import MalformedDataError
from formats.gb32100 import CreditCode
from formats.gbt2260 import DivisionCode
from formats.gbt36903.dates import parse_date, parse_date_time, parse_end_date
from formats.gbt36903.schema import ElementType, MetadataElement, MetadataSchema
from formats.gbt36903.violations import Reading, Violation, ViolationCode
from formats.gbt36904 import LicenceId, LicenceTypeCode
from formats.gbt39554 import parse_item_code
from formats.identifier_text import DIGITS, read_identifier


def value_violation(
    element: MetadataElement, name: str, text: str, index: int | None, schema: MetadataSchema, reading: Reading
) -> Violation | None:
    """What is wrong with one value of ``element``; ``None`` if nothing.

    Holder codes are judged with their types, among the rules between fields.
    """
    if not text and element.repeats:
        return Violation(
            name,
            ViolationCode.HOLDER_VALUE_EMPTY,
            f"{element.name_zh}（{name}）有空值",
            f"{element.name_en} ({name}) has an empty value",
            index,
        )
    if element.code_list is not None:
        if text in schema.lists[element.code_list]:
            return None
        title = schema.lists[element.code_list].name_zh
        return Violation(
            name,
            ViolationCode.NOT_IN_LIST,
            f"{element.name_zh}（{name}）不在“{title}”代码表中",
            f"{element.name_en} ({name}) is not in the code list {element.code_list}",
            index,
        )
    if element.type not in _READERS:
        return None
    code, wanted_zh, read = _READERS[element.type]
    try:
        read(text, reading)
    except MalformedDataError as exc:
        return Violation(
            name,
            code,
            f"{element.name_zh}（{name}）{wanted_zh}",
            f"{element.name_en} ({name}): {exc.message}",
            index,
        )
    return None


def read_licence_id(text: str, reading: Reading) -> LicenceId:
    """The identifier as ``reading`` wants it; raises ``MalformedDataError``."""
    if reading.strict:
        return LicenceId.parse(text, exceptions=reading.exceptions)
    return LicenceId.read(text, exceptions=reading.exceptions, legacy_issuers=reading.legacy_issuers)


def _version(text: str, _: Reading) -> str:
    digits = read_identifier(text, what="version", alphabet=DIGITS, shortest=3)
    if digits == "000":
        raise MalformedDataError("versions start at 001", what="version")
    return digits


_Reader = Callable[[str, Reading], object]
_READERS: Final[Mapping[ElementType, tuple[ViolationCode, str, _Reader]]] = {
    ElementType.DATE: (
        ViolationCode.NOT_A_DATE,
        "应为存在的日期，格式 YYYYMMDD",
        lambda text, _: parse_date(text),
    ),
    ElementType.END_DATE: (
        ViolationCode.NOT_A_DATE,
        "应为存在的日期，格式 YYYYMMDD，或“长期”",
        lambda text, _: parse_end_date(text),
    ),
    ElementType.DATE_TIME: (
        ViolationCode.NOT_A_TIME,
        "应为存在的时间，格式 YYYYMMDDhhmmss",
        lambda text, _: parse_date_time(text),
    ),
    ElementType.VERSION: (ViolationCode.NOT_A_VERSION, "应为 001 至 999 的三位数字", _version),
    ElementType.LICENCE_TYPE_CODE: (
        ViolationCode.LICENCE_TYPE_CODE,
        "应为 21 位证照类型代码：定义机构统一社会信用代码加三位数字",
        lambda text, reading: LicenceTypeCode.parse(text, exceptions=reading.exceptions),
    ),
    ElementType.LICENCE_IDENTIFIER: (
        ViolationCode.LICENCE_IDENTIFIER,
        "不是正确的电子证照标识，请核对各部分及校验位",
        read_licence_id,
    ),
    ElementType.CREDIT_CODE: (
        ViolationCode.CREDIT_CODE,
        "不是正确的统一社会信用代码",
        lambda text, reading: CreditCode.parse(text, exceptions=reading.exceptions),
    ),
    ElementType.DIVISION_CODE: (
        ViolationCode.DIVISION_CODE,
        "应为六位行政区划代码",
        lambda text, _: DivisionCode.parse(text),
    ),
    ElementType.ITEM_CODE: (
        ViolationCode.ITEM_CODE,
        "应为 12 位基本编码、31 位实施编码或 33 位业务办理项编码",
        lambda text, reading: parse_item_code(text, exceptions=reading.exceptions),
    ),
}
