"""What a rule of metadata says when it is broken."""

from dataclasses import dataclass
from enum import StrEnum


class ViolationCode(StrEnum):
    """Stable codes; reports and translations key on them."""

    MISSING = "missing"
    TOO_LONG = "too-long"
    CONTROL_CHARACTER = "control-character"
    SURROUNDING_SPACE = "surrounding-space"
    """White space around a value; readers of OFD files drop it, so the value would not come back."""
    SEPARATOR = "separator"
    UNKNOWN_NAME = "unknown-name"
    EXTENSION_NAME = "extension-name"
    NOT_A_DATE = "not-a-date"
    NOT_A_TIME = "not-a-time"
    NOT_A_VERSION = "not-a-version"
    NOT_IN_LIST = "not-in-list"
    CREDIT_CODE = "credit-code"
    DIVISION_CODE = "division-code"
    ITEM_CODE = "item-code"
    LICENCE_TYPE_CODE = "licence-type-code"
    LICENCE_IDENTIFIER = "licence-identifier"
    TYPE_MISMATCH = "type-mismatch"
    """The type in the identifier is not the licence type code."""
    ISSUER_MISMATCH = "issuer-mismatch"
    """The issuer in the identifier is not the issuer's code."""
    VERSION_MISMATCH = "version-mismatch"
    DEFINER_MISMATCH = "definer-mismatch"
    """The definer's code is not the first 18 characters of the licence type code."""
    HOLDER_COUNT = "holder-count"
    """Names, codes and code types of the holders differ in number."""
    HOLDER_VALUE_EMPTY = "holder-value-empty"
    HOLDER_CODE = "holder-code"
    """A holder's code does not fit its type."""
    HOLDER_CODE_TYPE_NAME = "holder-code-type-name"
    """The name of the code type is the name of another type."""
    DATE_ORDER = "date-order"


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule.

    Attributes:
        field: Short name of the field, for example ``ZZBS``.
        code: Which rule.
        message_zh: For users; holds no values.
        message_en: The same in English.
        index: Which of several values, from 0; ``None`` if the field has one.
    """

    field: str
    code: ViolationCode
    message_zh: str
    message_en: str
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How identifiers inside metadata are read; see ``validate``."""

    strict: bool
    exceptions: frozenset[str]
    legacy_issuers: frozenset[str]
