"""Codes of service items (政务服务事项), GB/T 39554.1-2020: basic, implementation and handling-item codes.

```
implementation = credit code of the implementing body (18) + exercise level (1) + basic code (12)
handling item  = implementation code (31) + 2 digits
basic          = 2 (00 national, else province digits) + 2 item type + 5 main item + 3 sub-item (000: none)
```

Item types and exercise levels come from a data file (``data/gbt39554-codes.json``). Types that only some regions
use are read under a named tolerance; a type in no list is refused, since the code could then be anything.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from formats.code_lists import CodeEntry, CodeLists, packaged_code_lists
from formats.errors import MalformedDataError
from formats.gb32100 import ALPHABET, NO_EXCEPTIONS, CreditCode
from formats.identifier_text import DIGITS, read_identifier
from formats.tolerances import Tolerance, collect

_NATIONAL = "00"


def item_codes() -> CodeLists:
    """The code lists that come with the house: ``item_type``, ``exercise_level`` and further lists of 39554."""
    return packaged_code_lists("gbt39554-codes.json")


@dataclass(frozen=True, slots=True, order=True)
class BasicItemCode:
    """A basic item code (基本编码).

    Attributes:
        text: 12 ASCII digits.
        type_entry: The item type, from the code list it was read with.

    Raises:
        MalformedDataError: Not 12 digits, or the item type is another one than ``type_entry`` says.
    """

    text: str
    type_entry: CodeEntry = field(compare=False, repr=False)

    def __post_init__(self) -> None:
        read_identifier(self.text, what="basic item code", alphabet=DIGITS, shortest=12)
        if self.text[2:4] != self.type_entry.code:
            raise MalformedDataError("the item type is another one", what="basic item code", offset=2)

    @classmethod
    def parse(cls, text: object, *, codes: CodeLists | None = None) -> "BasicItemCode":
        """Read a code from outside.

        Args:
            text: What came in.
            codes: Code lists to use instead of those of the house.

        Raises:
            MalformedDataError: Not 12 digits, or the item type is in no list.
        """
        what = "basic item code"
        value = read_identifier(text, what=what, alphabet=DIGITS, shortest=12)
        entry = (codes or item_codes())["item_type"].get(value[2:4])
        if entry is None:
            raise MalformedDataError(f"item type {value[2:4]} is in no list", what=what, offset=2)
        return cls(value, entry)

    def __str__(self) -> str:
        return self.text

    @property
    def region(self) -> str:
        """``00`` for a national item, else the two digits of the province."""
        return self.text[:2]

    @property
    def is_national(self) -> bool:
        """Whether the item is in the national list."""
        return self.region == _NATIONAL

    @property
    def item_type(self) -> str:
        """Two digits, for example ``01`` for an administrative permit (行政许可)."""
        return self.text[2:4]

    @property
    def main_item(self) -> str:
        """Five digits of the main item."""
        return self.text[4:9]

    @property
    def sub_item(self) -> str:
        """Three digits of the sub-item; ``000`` if the main item has none."""
        return self.text[9:]

    @property
    def tolerances(self) -> tuple[Tolerance, ...]:
        """Names the item type if only some regions use it."""
        return (Tolerance.ITEM_CODE_LOCAL_TYPE,) if self.type_entry.local else ()


@dataclass(frozen=True, slots=True, order=True)
class ImplementationItemCode:
    """An implementation code (实施编码): who exercises which item at which level.

    Attributes:
        body: Implementing body (实施主体).
        level: Exercise level (行使层级), one digit.
        basic: Basic item code.
    """

    body: CreditCode
    level: str
    basic: BasicItemCode

    def __post_init__(self) -> None:
        read_identifier(self.level, what="exercise level", alphabet=DIGITS, shortest=1)

    @classmethod
    def parse(
        cls, text: object, *, codes: CodeLists | None = None, exceptions: AbstractSet[str] = NO_EXCEPTIONS
    ) -> "ImplementationItemCode":
        """Read a code from outside.

        Args:
            text: What came in.
            codes: Code lists to use instead of those of the house.
            exceptions: Credit codes to accept although their check character is wrong.

        Raises:
            MalformedDataError: Not 31 characters, or a part is refused; the message names the part.
        """
        what = "implementation code"
        value = read_identifier(text, what=what, alphabet=ALPHABET, shortest=31)
        level = value[18]
        if level not in (codes or item_codes())["exercise_level"]:
            raise MalformedDataError("the exercise level is in no list", what=what, offset=18)
        try:
            body = CreditCode.parse(value[:18], exceptions=exceptions)
            basic = BasicItemCode.parse(value[19:], codes=codes)
        except MalformedDataError as exc:
            raise MalformedDataError(f"{exc.what}: {exc.message}", what=what) from exc
        return cls(body, level, basic)

    def __str__(self) -> str:
        return f"{self.body}{self.level}{self.basic}"

    @property
    def tolerances(self) -> tuple[Tolerance, ...]:
        """Tolerances of the credit code and the basic code."""
        return collect(self.body.tolerances, self.basic.tolerances)


@dataclass(frozen=True, slots=True, order=True)
class HandlingItemCode:
    """A handling-item code (业务办理项编码).

    Attributes:
        implementation: The implementation code it refines.
        number: Two digits.
    """

    implementation: ImplementationItemCode
    number: str

    def __post_init__(self) -> None:
        read_identifier(self.number, what="handling-item code", alphabet=DIGITS, shortest=2)

    @classmethod
    def parse(
        cls, text: object, *, codes: CodeLists | None = None, exceptions: AbstractSet[str] = NO_EXCEPTIONS
    ) -> "HandlingItemCode":
        """Read a code from outside; arguments and errors as ``ImplementationItemCode.parse``, 33 characters."""
        what = "handling-item code"
        value = read_identifier(text, what=what, alphabet=ALPHABET, shortest=33)
        try:
            implementation = ImplementationItemCode.parse(value[:31], codes=codes, exceptions=exceptions)
        except MalformedDataError as exc:
            raise MalformedDataError(f"{exc.what}: {exc.message}", what=what, offset=exc.offset) from exc
        return cls(implementation, value[31:])

    def __str__(self) -> str:
        return f"{self.implementation}{self.number}"

    @property
    def basic(self) -> BasicItemCode:
        """Basic item code."""
        return self.implementation.basic

    @property
    def body(self) -> CreditCode:
        """Implementing body."""
        return self.implementation.body

    @property
    def tolerances(self) -> tuple[Tolerance, ...]:
        """Tolerances of the implementation code."""
        return self.implementation.tolerances


ItemCode = BasicItemCode | ImplementationItemCode | HandlingItemCode


def parse_item_code(
    text: object, *, codes: CodeLists | None = None, exceptions: AbstractSet[str] = NO_EXCEPTIONS
) -> ItemCode:
    """Read an item code of any of the three kinds, told apart by length.

    Raises:
        MalformedDataError: Not 12, 31 or 33 characters, or as the reader of that kind.
    """
    value = read_identifier(text, what="item code", alphabet=ALPHABET, shortest=12, longest=33)
    if len(value) == 12:
        return BasicItemCode.parse(value, codes=codes)
    if len(value) == 31:
        return ImplementationItemCode.parse(value, codes=codes, exceptions=exceptions)
    if len(value) == 33:
        return HandlingItemCode.parse(value, codes=codes, exceptions=exceptions)
    raise MalformedDataError(f"expected 12, 31 or 33 characters, found {len(value)}", what="item code")


def basic_code_of(code: ItemCode) -> BasicItemCode:
    """The basic item code any item code carries."""
    return code if isinstance(code, BasicItemCode) else code.basic


def implementing_body_of(code: ItemCode) -> CreditCode | None:
    """The implementing body an item code names; ``None`` for a basic code."""
    return None if isinstance(code, BasicItemCode) else code.body
