"""Holders and their codes (GB/T 36903 Annex A): a code type, and a value that fits it and stays hidden."""

from dataclasses import dataclass
from typing import Final, NoReturn

from formats.code_lists import CodeEntry, CodeList
from formats.errors import MalformedDataError
from formats.gb11643 import CitizenNumber
from formats.gb32100 import NO_EXCEPTIONS, CreditCode
from formats.gbt36903.schema import HOLDER_CODE_TYPES, HolderCodeForm, HolderKind, default_schema
from formats.tolerances import Tolerance

_WHAT: Final = "holder code"
_LONGEST: Final = 64


class HolderCode:
    """A holder code (持证主体代码) of a known type. Immutable; hides its value as ``CitizenNumber`` does.

    Args:
        type_code: Three digits of the code type, for example ``111``.
        value: The code. ``001`` must be a credit code, ``111`` a citizen number; codes of other types are any
            1 to 64 printable characters without spaces around them.
        types: Code list of a ``MetadataSchema`` to use instead of the house's own.
        exceptions: Credit codes to accept although their check character is wrong.

    Raises:
        MalformedDataError: The type is in no list, or the value does not fit it. The value is never quoted.
    """

    __slots__ = ("_type", "_value")
    _type: CodeEntry
    _value: str

    def __init__(
        self,
        type_code: str,
        value: object,
        *,
        types: CodeList | None = None,
        exceptions: frozenset[str] = NO_EXCEPTIONS,
    ) -> None:
        entry = (types or default_schema().lists[HOLDER_CODE_TYPES]).get(type_code)
        if entry is None:
            raise MalformedDataError("the holder code type is in no list", what=_WHAT)
        object.__setattr__(self, "_type", entry)
        object.__setattr__(self, "_value", _checked(HolderCodeForm(entry.attributes["form"]), value, exceptions))

    def reveal(self) -> str:
        """The code in full. Callers pass it on to a keyed hash or to the holder's own document, nowhere else."""
        return self._value

    @property
    def type_code(self) -> str:
        """Three digits of the code type."""
        return self._type.code

    @property
    def type_name(self) -> str:
        """Chinese name of the code type, as it stands in ``CZZTDMLX``."""
        return self._type.name_zh

    @property
    def kind(self) -> HolderKind:
        """Whether a natural or a legal person has codes of this type."""
        return HolderKind(self._type.attributes["holder"])

    @property
    def masked(self) -> str:
        """For display. Credit codes are public and shown; of other codes the middle is hidden."""
        form = HolderCodeForm(self._type.attributes["form"])
        if form is HolderCodeForm.CREDIT_CODE:
            return self._value
        if form is HolderCodeForm.CITIZEN_NUMBER:
            return CitizenNumber(self._value).masked
        shown = self._value[-2:] if len(self._value) > 6 else ""
        return "*" * (len(self._value) - len(shown)) + shown

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"HolderCode({self._type.code!r}, <hidden>)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HolderCode):
            return NotImplemented
        return (self._type.code, self._value) == (other._type.code, other._value)

    __hash__ = None  # type: ignore[assignment]  # a number is never a key; use a keyed hash

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("HolderCode is immutable")

    def __copy__(self) -> "HolderCode":
        return self

    def __deepcopy__(self, memo: object) -> "HolderCode":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a holder code is not pickled: it would leave the process in the clear")


@dataclass(frozen=True, slots=True)
class Holder:
    """A holder (持证主体) as a licence names it.

    Attributes:
        name: Name of the person or organisation.
        code: Their code.
    """

    name: str
    code: HolderCode


def _checked(form: HolderCodeForm, value: object, exceptions: frozenset[str]) -> str:
    if form is HolderCodeForm.CREDIT_CODE:
        return _credit_code(value, exceptions)
    if form is HolderCodeForm.CITIZEN_NUMBER:
        return CitizenNumber.parse(value).reveal()
    if not isinstance(value, str):
        raise MalformedDataError(f"expected text, found {type(value).__name__}", what=_WHAT)
    if not 1 <= len(value) <= _LONGEST:
        raise MalformedDataError(f"expected 1 to {_LONGEST} characters, found {len(value)}", what=_WHAT)
    if not value.isprintable() or value != value.strip():
        raise MalformedDataError("holds control characters, or spaces around it", what=_WHAT)
    return value


def _credit_code(value: object, exceptions: frozenset[str]) -> str:
    """A credit code that is not a person's number in its place.

    One citizen number in 31 passes the check character of a credit code; taken for one it would be shown unmasked.
    The organisation code inside tells most of them apart.
    """
    code = CreditCode.parse(value, exceptions=exceptions)
    if Tolerance.CREDIT_CODE_ORGANISATION_CHECK in code.tolerances:
        try:
            CitizenNumber.parse(code.text)
        except MalformedDataError:
            return code.text
        raise MalformedDataError("reads as a citizen number, not as a credit code", what=_WHAT)
    return code.text
