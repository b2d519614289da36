"""Administrative division codes (GB/T 2260): six digits, two each for province, prefecture and county.

Only the logic of the levels is here. Which codes exist, and when, is a register with intervals of validity: a
code in an old document stays right after the division is abolished, so nothing here refuses a code for not being
known. ``100000`` stands for the nation, as it does inside the credit codes of central authorities.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from formats.errors import MalformedDataError
from formats.identifier_text import DIGITS, read_identifier

_WHAT: Final = "division code"
_NATION: Final = "100000"


class DivisionLevel(IntEnum):
    """How far down a code reaches; a smaller number is a wider region."""

    NATION = 0
    PROVINCE = 1
    PREFECTURE = 2
    COUNTY = 3


@dataclass(frozen=True, slots=True, order=True)
class DivisionCode:
    """A division code; trailing pairs of zeros mean the higher level, so ``220000`` is a province.

    Attributes:
        text: Six ASCII digits.

    Raises:
        MalformedDataError: Not six digits, no province pair, or a county under no prefecture (``220001``).
    """

    text: str

    def __post_init__(self) -> None:
        read_identifier(self.text, what=_WHAT, alphabet=DIGITS, shortest=6)
        if self.text.startswith("00"):
            raise MalformedDataError("the province pair is 00", what=_WHAT, offset=0)
        if self.text[2:4] == "00" and self.text[4:] != "00":
            raise MalformedDataError("a county pair follows the prefecture pair 00", what=_WHAT, offset=4)

    @classmethod
    def parse(cls, text: object) -> "DivisionCode":
        """Read a code from outside; see the class for what is refused."""
        return cls(read_identifier(text, what=_WHAT, alphabet=DIGITS, shortest=6))

    def __str__(self) -> str:
        return self.text

    @property
    def level(self) -> DivisionLevel:
        """The level the code names."""
        if self.text == _NATION:
            return DivisionLevel.NATION
        if self.text.endswith("0000"):
            return DivisionLevel.PROVINCE
        return DivisionLevel.PREFECTURE if self.text.endswith("00") else DivisionLevel.COUNTY

    @property
    def province(self) -> str:
        """The two digits of the province, as used at the start of local item codes."""
        return self.text[:2]

    @property
    def parent(self) -> "DivisionCode | None":
        """The division one level up; ``None`` for the nation."""
        if self.level is DivisionLevel.NATION:
            return None
        kept = (self.level - 1) * 2
        return DivisionCode(self.text[:kept].ljust(6, "0")) if kept else DivisionCode(_NATION)

    def contains(self, other: "DivisionCode") -> bool:
        """Whether ``other`` is this division or lies within it."""
        if self.level is DivisionLevel.NATION:
            return True
        prefix = self.text[: self.level * 2]
        return other.level is not DivisionLevel.NATION and other.text.startswith(prefix)
