"""Seal identifiers (印章标识, esID of GB/T 38540).

GB/T 38540 says IA5String and unique, and gives no grammar; government seals in the wild carry 14 digits, others
free text. Reading therefore takes any identifier. Identifiers made here have the form

    <maker's credit code>-<owner's credit code>-<type, 2 digits>-<sequence, 6 digits>-<check>

where the check character is ISO/IEC 7064 MOD 37,36 over the parts without hyphens. The form is this project's own
design and the only place that knows it is this module.
"""

from __future__ import annotations

from dataclasses import dataclass

from formats import MalformedDataError
from formats.gb32100 import CreditCode
from formats.iso7064 import mod_37_36


@dataclass(frozen=True, slots=True)
class SealId:
    """A seal identifier of this project's form.

    Attributes:
        maker: Credit code of the unit that made the seal.
        owner: Credit code of the unit the seal belongs to.
        type_code: Two-digit seal type, 0 to 99.
        sequence: 1 to 999999, unique for maker, owner and type.
    """

    maker: CreditCode
    owner: CreditCode
    type_code: int
    sequence: int

    def __post_init__(self) -> None:
        if not 0 <= self.type_code <= 99:
            raise ValueError("a seal type has two digits")
        if not 1 <= self.sequence <= 999_999:
            raise ValueError("a seal sequence number is between 1 and 999999")

    @classmethod
    def parse(cls, text: str) -> SealId:
        """Read an identifier of this form.

        Raises:
            MalformedDataError: Another form, or the check character is wrong.
        """
        parts = text.split("-") if len(text) <= 64 else []
        if len(parts) != 5 or not (parts[2].isascii() and parts[2].isdigit() and len(parts[2]) == 2):
            raise MalformedDataError("not of the form maker-owner-type-sequence-check", what="seal identifier")
        if not (parts[3].isascii() and parts[3].isdigit() and len(parts[3]) == 6):
            raise MalformedDataError("the sequence number is not six digits", what="seal identifier")
        try:
            seal_id = cls(CreditCode.parse(parts[0]), CreditCode.parse(parts[1]), int(parts[2]), int(parts[3]))
        except MalformedDataError as exc:
            raise MalformedDataError(exc.message, what="seal identifier") from exc
        except ValueError as exc:
            raise MalformedDataError(str(exc), what="seal identifier") from exc
        if str(seal_id) != text:
            raise MalformedDataError("the check character is wrong", what="seal identifier")
        return seal_id

    def __str__(self) -> str:
        parts = (str(self.maker), str(self.owner), f"{self.type_code:02d}", f"{self.sequence:06d}")
        return "-".join((*parts, mod_37_36("".join(parts))))
