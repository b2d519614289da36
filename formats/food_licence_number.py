"""Numbers of food-business licences (食品经营许可证编号): ``JY`` and 14 digits.

```
1  business form (主体业态), data/food-licence-codes.json
6  province, city, county; not always a GB/T 2260 code
6  sequence
1  check digit, ISO/IEC 7064 MOD 11,10 over the 13 digits before it
```
"""

from dataclasses import dataclass
from typing import Final

from formats.code_lists import CodeEntry, CodeLists, packaged_code_lists
from formats.errors import MalformedDataError
from formats.identifier_text import DIGITS, read_identifier
from formats.iso7064 import mod_11_10

PREFIX: Final = "JY"
_WHAT: Final = "food licence number"


def food_licence_codes() -> CodeLists:
    """The code list ``business_form`` that comes with the house."""
    return packaged_code_lists("food-licence-codes.json")


@dataclass(frozen=True, slots=True, order=True)
class FoodLicenceNumber:
    """A food-business licence number whose check digit is right.

    Attributes:
        text: ``JY`` and 14 ASCII digits.

    Raises:
        MalformedDataError: Wrong length, prefix, alphabet or check digit.
    """

    text: str

    def __post_init__(self) -> None:
        read_identifier(self.text, what=_WHAT, alphabet=f"{DIGITS}{PREFIX}", shortest=16)
        if not self.text.startswith(PREFIX):
            raise MalformedDataError(f"does not begin with {PREFIX}", what=_WHAT, offset=0)
        digits = read_identifier(self.text[2:], what=_WHAT, alphabet=DIGITS, shortest=14)
        if mod_11_10(digits[:13]) != digits[13]:
            raise MalformedDataError("the check digit is wrong", what=_WHAT, offset=15)

    @classmethod
    def parse(cls, text: object, *, codes: CodeLists | None = None) -> "FoodLicenceNumber":
        """Read a number from outside.

        Args:
            text: What came in.
            codes: Code lists to use instead of those of the house.

        Raises:
            MalformedDataError: As the class; also if the business form is in no list.
        """
        number = cls(read_identifier(text, what=_WHAT, alphabet=f"{DIGITS}{PREFIX}", shortest=16))
        if number.text[2] not in (codes or food_licence_codes())["business_form"]:
            raise MalformedDataError("the business form is in no list", what=_WHAT, offset=2)
        return number

    @classmethod
    def build(cls, *, business_form: str, region: str, sequence: int) -> "FoodLicenceNumber":
        """Make a number and its check digit.

        Args:
            business_form: One digit of the code list.
            region: Six digits.
            sequence: 0 to 999 999.

        Raises:
            MalformedDataError: A part is out of its grammar or list.
        """
        read_identifier(region, what=_WHAT, alphabet=DIGITS, shortest=6)
        if not 0 <= sequence <= 999_999:
            raise MalformedDataError("the sequence has more than six digits", what=_WHAT)
        body = f"{business_form}{region}{sequence:06d}"
        return cls.parse(f"{PREFIX}{body}{mod_11_10(body)}")

    def __str__(self) -> str:
        return self.text

    @property
    def business_form(self) -> CodeEntry | None:
        """Business form, from the list of the house; ``None`` if it is in that list no more."""
        return food_licence_codes()["business_form"].get(self.text[2])

    @property
    def region(self) -> str:
        """Six digits of province, city and county."""
        return self.text[3:9]

    @property
    def sequence(self) -> int:
        """Sequence within the region."""
        return int(self.text[9:15])
