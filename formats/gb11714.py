"""Organisation codes (组织机构代码, GB 11714): eight characters and one check character.

Since 2015 they live on inside credit codes (GB 32100), positions 9 to 17.
"""

from dataclasses import dataclass
from typing import Final

from formats.errors import MalformedDataError
from formats.identifier_text import ALPHANUMERIC, read_identifier

_WHAT: Final = "organisation code"
_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)


def check_character(body: str) -> str:
    """Check character over the eight characters of ``body``: ``0``-``9`` or ``X``.

    Raises:
        MalformedDataError: Not eight characters of ``0``-``9``, ``A``-``Z``.
    """
    read_identifier(body, what=_WHAT, alphabet=ALPHANUMERIC, shortest=8)
    total = sum(ALPHANUMERIC.index(character) * weight for character, weight in zip(body, _WEIGHTS, strict=True))
    return "0X987654321"[total % 11]


@dataclass(frozen=True, slots=True, order=True)
class OrganisationCode:
    """An organisation code whose check character is right.

    Attributes:
        text: Nine characters, upper case, without a hyphen.

    Raises:
        MalformedDataError: Wrong length, alphabet or check character.
    """

    text: str

    def __post_init__(self) -> None:
        read_identifier(self.text, what=_WHAT, alphabet=ALPHANUMERIC, shortest=9)
        if check_character(self.text[:8]) != self.text[8]:
            raise MalformedDataError("the check character is wrong", what=_WHAT, offset=8)

    @classmethod
    def parse(cls, text: object) -> "OrganisationCode":
        """Read a code from outside; see the class for what is refused."""
        return cls(read_identifier(text, what=_WHAT, alphabet=ALPHANUMERIC, shortest=9))

    def __str__(self) -> str:
        return self.text
