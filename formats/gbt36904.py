"""Licence identifiers (电子证照标识) and licence type codes, GB/T 36904-2018.

```
identifier = root "." type "." issuer "." serial "." version "." check
root    = "1.2.156.3005.2"        ; 电子证照根代码
type    = 18(credit code) 3(digit); 证照类型代码: who defines the type, and its number there
issuer  = 18(credit code)         ; 证照颁发机构代码
serial  = 1*( digit / A-Z )       ; 流水号
version = 3(digit)                ; 版本号, from 001
check   = 1( digit / A-Z )        ; 校验位
```

The check character is ISO/IEC 7064 MOD 37,36 over type, issuer, serial and version, without dots and without the
root. Only the root is an object identifier; the whole is text and travels as such.

``LicenceId.parse`` is strict. ``LicenceId.read`` also lets pass what circulates, under named tolerances: an issuer
given as a division code, the check character of an old variant (for issuers on a list only), more than 128
characters. None of these is ever produced.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from formats.errors import MalformedDataError
from formats.gb32100 import NO_EXCEPTIONS, CreditCode
from formats.gbt2260 import DivisionCode
from formats.identifier_text import ALPHANUMERIC, DIGITS, read_identifier
from formats.iso7064 import mod_37_36
from formats.json_data import read_json
from formats.tolerances import Tolerance, collect

ROOT: Final = "1.2.156.3005.2"
MAX_LENGTH: Final = 128
"""Width of the identifier's column in the national catalogue; nothing longer is produced."""
MAX_READ_LENGTH: Final = 200
"""Width of the same column in one deployed product; nothing longer is read."""
NO_LEGACY_ISSUERS: Final[frozenset[str]] = frozenset()

_WHAT: Final = "licence identifier"
_WHAT_TYPE: Final = "licence type code"
_FIRST_VERSION: Final = 1
_LAST_VERSION: Final = 999


@dataclass(frozen=True, slots=True, order=True)
class LicenceTypeCode:
    """A licence type code (证照类型代码), 21 characters.

    Attributes:
        definer: The authority that defines the type (定义机构), national or local.
        number: Three digits the definer assigns.
    """

    definer: CreditCode
    number: str

    def __post_init__(self) -> None:
        read_identifier(self.number, what=_WHAT_TYPE, alphabet=DIGITS, shortest=3)

    @classmethod
    def parse(cls, text: object, *, exceptions: AbstractSet[str] = NO_EXCEPTIONS) -> "LicenceTypeCode":
        """Read a code from outside.

        Args:
            text: What came in.
            exceptions: Credit codes to accept although their check character is wrong.

        Raises:
            MalformedDataError: Not 18 characters of a credit code and three digits.
        """
        code = read_identifier(text, what=_WHAT_TYPE, alphabet=ALPHANUMERIC, shortest=21)
        try:
            definer = CreditCode.parse(code[:18], exceptions=exceptions)
        except MalformedDataError as exc:
            raise MalformedDataError(f"definer: {exc.message}", what=_WHAT_TYPE, offset=exc.offset) from exc
        return cls(definer, code[18:])

    def __str__(self) -> str:
        return f"{self.definer}{self.number}"


@dataclass(frozen=True, slots=True)
class LicenceId:
    """A licence identifier. Equal identifiers are equal as text.

    Attributes:
        type_code: Type of the licence.
        issuer: Authority that issues it; a division code only in identifiers read from elsewhere.
        serial: Issuer's serial, characters ``0``-``9`` and ``A``-``Z``.
        version: 1 to 999; a changed licence keeps its serial and takes the next.
        check: Check character.
        legacy_check: ``check`` belongs to the old variant. Set by ``read`` alone.

    Raises:
        MalformedDataError: A part is out of its grammar, or the check character is wrong.
    """

    type_code: LicenceTypeCode
    issuer: CreditCode | DivisionCode
    serial: str
    version: int
    check: str
    legacy_check: bool = field(default=False, compare=False, kw_only=True)

    def __post_init__(self) -> None:
        _named("serial", self.serial, alphabet=ALPHANUMERIC, shortest=1, longest=MAX_READ_LENGTH)
        _named("check character", self.check, alphabet=ALPHANUMERIC, shortest=1)
        _check_version(self.version)
        if len(str(self)) > MAX_READ_LENGTH:
            raise MalformedDataError(f"more than {MAX_READ_LENGTH} characters", what=_WHAT)
        wanted = _legacy_check_character(self.body) if self.legacy_check else mod_37_36(self.body)
        if self.check != wanted:
            raise MalformedDataError("the check character is wrong", what=_WHAT, offset=len(str(self)) - 1)

    @classmethod
    def build(
        cls, type_code: LicenceTypeCode, issuer: CreditCode, serial: str, *, version: int = _FIRST_VERSION
    ) -> "LicenceId":
        """Make an identifier and its check character.

        Args:
            type_code: Type of the licence.
            issuer: Credit code of the issuing authority.
            serial: ``0``-``9``, ``A``-``Z``; a licence number with other characters needs an own serial beside it.
            version: 1 for a new licence.

        Raises:
            MalformedDataError: A part is out of its grammar, or the whole exceeds ``MAX_LENGTH``.
        """
        _named("serial", serial, alphabet=ALPHANUMERIC, shortest=1, longest=MAX_LENGTH)
        _check_version(version)
        body = f"{type_code}{issuer}{serial}{version:03d}"
        made = cls(type_code, issuer, serial, version, mod_37_36(body))
        if not made.conforming:
            raise MalformedDataError(f"would need {', '.join(made.deviations)}", what=_WHAT)
        return made

    @classmethod
    def parse(cls, text: object, *, exceptions: AbstractSet[str] = NO_EXCEPTIONS) -> "LicenceId":
        """Read an identifier strictly.

        Args:
            text: What came in.
            exceptions: Credit codes to accept although their check character is wrong.

        Raises:
            MalformedDataError: Any departure from the grammar, also those ``read`` tolerates.
        """
        found = cls.read(text, exceptions=exceptions)
        if not found.conforming:
            raise MalformedDataError(f"departs from the standard: {', '.join(found.deviations)}", what=_WHAT)
        return found

    @classmethod
    def read(
        cls,
        text: object,
        *,
        exceptions: AbstractSet[str] = NO_EXCEPTIONS,
        legacy_issuers: AbstractSet[str] = NO_LEGACY_ISSUERS,
    ) -> "LicenceId":
        """Read an identifier, naming in ``tolerances`` what was let pass.

        Args:
            text: What came in.
            exceptions: Credit codes to accept although their check character is wrong.
            legacy_issuers: Issuers known to have used the old check variant, see ``read_legacy_issuers``.

        Raises:
            MalformedDataError: Not the grammar, or the check character is wrong in every accepted variant.
        """
        alphabet = f"{ALPHANUMERIC}."
        value = read_identifier(text, what=_WHAT, alphabet=alphabet, shortest=1, longest=MAX_READ_LENGTH)
        return _read(value, frozenset(exceptions), frozenset(legacy_issuers))

    def __str__(self) -> str:
        return f"{ROOT}.{self.type_code}.{self.issuer}.{self.serial}.{self.version:03d}.{self.check}"

    @property
    def body(self) -> str:
        """What the check character is computed over."""
        return f"{self.type_code}{self.issuer}{self.serial}{self.version:03d}"

    @property
    def lineage(self) -> str:
        """What all versions of one licence share: type, issuer and serial, joined by dots."""
        return f"{self.type_code}.{self.issuer}.{self.serial}"

    @property
    def deviations(self) -> tuple[Tolerance, ...]:
        """Departures from GB/T 36904 itself."""
        found = []
        if isinstance(self.issuer, DivisionCode):
            found.append(Tolerance.LICENCE_ID_DIVISION_ISSUER)
        if self.legacy_check:
            found.append(Tolerance.LICENCE_ID_LEGACY_CHECK)
        if len(str(self)) > MAX_LENGTH:
            found.append(Tolerance.LICENCE_ID_LONG)
        return collect(found)

    @property
    def conforming(self) -> bool:
        """Whether the identifier departs from the standard in nothing."""
        return not self.deviations

    @property
    def tolerances(self) -> tuple[Tolerance, ...]:
        """``deviations`` and what the credit codes inside needed."""
        issuer = self.issuer.tolerances if isinstance(self.issuer, CreditCode) else ()
        return collect(self.deviations, self.type_code.definer.tolerances, issuer)

    def next_version(self) -> "LicenceId":
        """Identifier of the licence after a change.

        Raises:
            ValueError: This is version 999, or the identifier was read under a tolerance and cannot be continued.
        """
        if isinstance(self.issuer, DivisionCode) or not self.conforming:
            raise ValueError("an identifier that departs from the standard is not continued")
        if self.version == _LAST_VERSION:
            raise ValueError("version 999 has no successor")
        return LicenceId.build(self.type_code, self.issuer, self.serial, version=self.version + 1)


def read_legacy_issuers(data: bytes, *, what: str = "legacy issuers") -> frozenset[str]:
    """Read a list of issuers known to have used the old check variant.

    Args:
        data: JSON ``{"version", "issuers": [{"code", "reason"}]}``, codes as they stand in identifiers.
        what: Name of the file, for messages.

    Raises:
        MalformedDataError: Not of that form; the message names the path.
    """
    top = read_json(data, what=what).members(required=("version", "issuers"), optional=("standard", "note"))
    top["version"].text()
    issuers = set()
    for item in top["issuers"].items():
        entry = item.members(required=("code", "reason"))
        entry["reason"].text()
        try:
            issuers.add(str(_read_issuer(entry["code"].text(), NO_EXCEPTIONS)))
        except MalformedDataError as exc:
            entry["code"].fail(exc.message)
    return frozenset(issuers)


def _named(name: str, value: object, *, alphabet: str, shortest: int, longest: int | None = None) -> str:
    try:
        return read_identifier(value, what=_WHAT, alphabet=alphabet, shortest=shortest, longest=longest)
    except MalformedDataError as exc:
        raise MalformedDataError(f"{name}: {exc.message}", what=_WHAT) from exc


def _check_version(version: int) -> None:
    if type(version) is not int or not _FIRST_VERSION <= version <= _LAST_VERSION:
        raise MalformedDataError("version: not within 001 to 999", what=_WHAT)


@lru_cache(maxsize=1024)
def _read(value: str, exceptions: frozenset[str], legacy_issuers: frozenset[str]) -> LicenceId:
    """Take an identifier apart; one licence's identifier is read several times on its way."""
    parts = value.removeprefix(f"{ROOT}.").split(".")
    if not value.startswith(f"{ROOT}.") or len(parts) != 5:
        raise MalformedDataError(f"expected {ROOT} and five parts after it", what=_WHAT)
    type_text, issuer_text, serial, version_text, check = parts
    try:
        type_code = LicenceTypeCode.parse(type_text, exceptions=exceptions)
        issuer = _read_issuer(issuer_text, exceptions)
    except MalformedDataError as exc:
        raise MalformedDataError(f"{exc.what}: {exc.message}", what=_WHAT) from exc
    version = int(_named("version", version_text, alphabet=DIGITS, shortest=3))
    body = f"{type_text}{issuer_text}{serial}{version_text}"
    legacy = (
        issuer_text in legacy_issuers
        and check not in ("", mod_37_36(body))
        and check == _legacy_check_character(body)
    )
    return LicenceId(type_code, issuer, serial, version, check, legacy_check=legacy)


def _read_issuer(text: str, exceptions: AbstractSet[str]) -> CreditCode | DivisionCode:
    return DivisionCode.parse(text) if len(text) == 6 else CreditCode.parse(text, exceptions=exceptions)


def _legacy_check_character(body: str) -> str:
    """Check character of an old helper class found in deployed code: letters valued 11 to 36. Read only."""
    running = 36
    for character in body:
        value = ALPHANUMERIC.index(character) + (character > "9")
        total = running + value
        if value > 10 and total > 37:
            total %= 37
        elif value < 10 and total > 36:
            total %= 36
        running = (total % 36 or 36) * 2 % 37
    return ALPHANUMERIC[36 - running]
