"""Citizen identity numbers (公民身份号码, GB 11643-1999), held so that they do not leak by accident.

```
6  division at first registration (GB/T 2260 of that time)
8  birth date YYYYMMDD
3  sequence: odd male, even female
1  check character, ISO/IEC 7064 MOD 11-2, upper-case X for ten
```

Permits of residents from Hong Kong, Macao and Taiwan (81, 82, 83) and permanent-residence cards of foreigners
follow the same grammar. The division is not looked up: it may be abolished since.

The number of a person is never a key, a path, a log line or the content of a code. ``CitizenNumber`` therefore
shows itself masked, cannot be hashed or pickled, and gives the number away only through ``reveal()``, which is
easy to search for.
"""

from datetime import date
from enum import Enum
from typing import Final, NoReturn

from formats.errors import MalformedDataError
from formats.identifier_text import DIGITS, read_identifier
from formats.iso7064 import mod_11_2

_WHAT: Final = "citizen number"
_EARLIEST_YEAR: Final = 1800
"""Nobody born before it was ever numbered; without it a mistyped century would pass."""


class Sex(Enum):
    """Sex as the sequence number tells it; values are the words used on licences."""

    MALE = "男"
    FEMALE = "女"


class CitizenNumber:
    """A citizen number whose birth date exists and whose check character is right. Immutable.

    Args:
        text: 18 characters: 17 ASCII digits and one of ``0``-``9``, ``X``.

    Raises:
        MalformedDataError: Anything else. The message never quotes the number.
    """

    __slots__ = ("_text",)
    _text: str

    def __init__(self, text: object) -> None:
        value = read_identifier(text, what=_WHAT, alphabet=DIGITS + "X", shortest=18)
        read_identifier(value[:17], what=_WHAT, alphabet=DIGITS, shortest=17)
        _birth_date(value)
        if mod_11_2(value[:17]) != value[17]:
            raise MalformedDataError("the check character is wrong", what=_WHAT, offset=17)
        object.__setattr__(self, "_text", value)

    @classmethod
    def parse(cls, text: object) -> "CitizenNumber":
        """Read an 18-character number from outside; see the class for what is refused."""
        return cls(text)

    @classmethod
    def from_first_generation(cls, text: object) -> "CitizenNumber":
        """Read an old number of 15 digits: ``19`` goes before the year and a check character is appended."""
        old = read_identifier(text, what=_WHAT, alphabet=DIGITS, shortest=15)
        body = f"{old[:6]}19{old[6:]}"
        return cls(body + mod_11_2(body))

    def reveal(self) -> str:
        """The number in full. Callers pass it on to a keyed hash or to the holder's own document, nowhere else."""
        return self._text

    @property
    def masked(self) -> str:
        """For display: division and last four, for example ``990101********1237``."""
        return f"{self._text[:6]}********{self._text[14:]}"

    @property
    def division(self) -> str:
        """Six digits of the division of first registration."""
        return self._text[:6]

    @property
    def birth_date(self) -> date:
        """Date of birth."""
        return _birth_date(self._text)

    @property
    def sex(self) -> Sex:
        """Sex."""
        return Sex.MALE if self._text[16] in "13579" else Sex.FEMALE

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return "CitizenNumber(<hidden>)"

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, CitizenNumber) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # a number is never a key; use a keyed hash

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __copy__(self) -> "CitizenNumber":
        return self

    def __deepcopy__(self, memo: object) -> "CitizenNumber":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a citizen number is not pickled: it would leave the process in the clear")


def _birth_date(value: str) -> date:
    if int(value[6:10]) < _EARLIEST_YEAR:
        raise MalformedDataError(f"the birth date is before {_EARLIEST_YEAR}", what=_WHAT, offset=6)
    try:
        return date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError:
        # not "from exc": the cause could quote parts of the number
        raise MalformedDataError("the birth date does not exist", what=_WHAT, offset=6) from None
