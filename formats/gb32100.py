"""Unified social credit codes (统一社会信用代码, GB 32100-2015): who an organisation is, in 18 characters.

```
1  registration department   } together the category, for example 11 organ, 91 enterprise
1  organisation class        }
6  division of the registration authority (GB/T 2260)
9  organisation code (GB 11714: 8 + check)
1  check character, modulo 31 over the 17 before it
```

The outer check character is verified strictly. The organisation code's own is not: old codes exist where the outer
one holds and the inner one is disputed, so that is a named tolerance. A few codes were assigned with a wrong outer
check character; a curated list (``data/gb32100-exceptions.json``, or the caller's own) lets exactly those through.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from formats import gb11714
from formats.errors import MalformedDataError
from formats.identifier_text import DIGITS, read_identifier
from formats.json_data import read_json
from formats.tolerances import Tolerance

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""31 characters: digits and upper-case letters without I, O, S, V, Z."""

_WHAT: Final = "credit code"
_WEIGHTS: Final = tuple(pow(3, index, 31) for index in range(17))
NO_EXCEPTIONS: Final[frozenset[str]] = frozenset()


def check_character(body: str) -> str:
    """Check character over the 17 characters of ``body``.

    Raises:
        MalformedDataError: Not 17 characters of the alphabet.
    """
    read_identifier(body, what=_WHAT, alphabet=ALPHABET, shortest=17)
    total = sum(ALPHABET.index(character) * weight for character, weight in zip(body, _WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


@dataclass(frozen=True, slots=True, order=True)
class CreditCode:
    """A unified social credit code that holds.

    Attributes:
        text: 18 characters, upper case.
        listed_exception: The check character is wrong and a curated list says the code was assigned so. Set by
            ``parse`` alone; never true of a code the house made.

    Raises:
        MalformedDataError: Wrong length or alphabet, letters in the division, or a wrong check character on a code
            that is no listed exception.
    """

    text: str
    listed_exception: bool = field(default=False, compare=False, kw_only=True)

    def __post_init__(self) -> None:
        read_identifier(self.text, what=_WHAT, alphabet=ALPHABET, shortest=18)
        for offset in range(2, 8):
            if self.text[offset] not in DIGITS:
                raise MalformedDataError("the division holds a letter", what=_WHAT, offset=offset)
        holds = check_character(self.text[:17]) == self.text[17]
        if not holds and not self.listed_exception:
            raise MalformedDataError("the check character is wrong", what=_WHAT, offset=17)
        if holds and self.listed_exception:
            raise MalformedDataError("the check character is right, so this is no exception", what=_WHAT)

    @classmethod
    def parse(cls, text: object, *, exceptions: AbstractSet[str] = NO_EXCEPTIONS) -> "CreditCode":
        """Read a code from outside.

        Args:
            text: What came in.
            exceptions: Codes to accept although their check character is wrong, see ``read_exceptions``.

        Raises:
            MalformedDataError: As the class, naming the place.
        """
        code = read_identifier(text, what=_WHAT, alphabet=ALPHABET, shortest=18)
        if code not in exceptions:
            return _plain(code)
        return cls(code, listed_exception=check_character(code[:17]) != code[17])

    def __str__(self) -> str:
        return self.text

    @property
    def category(self) -> str:
        """Registration department and organisation class, two characters, for example ``91``."""
        return self.text[:2]

    @property
    def registration_division(self) -> str:
        """Six digits; usually a GB/T 2260 code of the time of registration."""
        return self.text[2:8]

    @property
    def organisation_code(self) -> str:
        """The nine characters of the organisation code as they stand, its check character not judged."""
        return self.text[8:17]

    @property
    def tolerances(self) -> tuple[Tolerance, ...]:
        """What was let pass: a listed exception, a disputed organisation code."""
        found = []
        if self.listed_exception:
            found.append(Tolerance.CREDIT_CODE_LISTED_EXCEPTION)
        if gb11714.check_character(self.organisation_code[:8]) != self.organisation_code[8]:
            found.append(Tolerance.CREDIT_CODE_ORGANISATION_CHECK)
        return tuple(sorted(found))


@lru_cache(maxsize=4096)
def _plain(code: str) -> CreditCode:
    """A code on no list of exceptions; the same few authorities stand in document after document."""
    return CreditCode(code)


def read_exceptions(data: bytes, *, what: str = "credit code exceptions") -> frozenset[str]:
    """Read a curated list of codes assigned with a wrong check character.

    Args:
        data: JSON ``{"version", "codes": [{"code", "reason"}]}``; every entry states why it is there.
        what: Name of the file, for messages.

    Raises:
        MalformedDataError: Not of that form, a code is not of the grammar, or its check character is right.
    """
    top = read_json(data, what=what).members(required=("version", "codes"), optional=("standard", "note"))
    top["version"].text()
    codes = set()
    for item in top["codes"].items():
        entry = item.members(required=("code", "reason"))
        entry["reason"].text()
        try:
            codes.add(CreditCode(entry["code"].text(), listed_exception=True).text)
        except MalformedDataError as exc:
            entry["code"].fail(exc.message)
    return frozenset(codes)
