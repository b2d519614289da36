"""Identity extensions of GB/T 20518 and GM/T 0015: numbers of persons and organisations in certificates.

```
identifyCode ::= CHOICE { residenterCardNumber [0] PrintableString, militaryOfficerCardNumber [1] UTF8String,
                          passportNumber [2] PrintableString }
insuranceNumber, ICRegistrationNumber, taxationNumber ::= PrintableString
```

The text does not state whether the tags of identifyCode are explicit. Written here explicit, as other software
does; both are read. A certificate is public, so a number in one is public too: profiles decide what may stand
there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from formats import der, oids
from formats.errors import MalformedDataError
from formats.gbt20518.extension import Extension
from formats.gbt20518.name import attribute_text
from formats.tolerances import Tolerance

IDENTITY_LIMITS: Final = der.DerLimits(size=1024, depth=3, elements=4)
_LONGEST: Final = 128


class IdentityKind(StrEnum):
    """What a number in an identity extension is."""

    RESIDENT_CARD = "resident-card"
    """residenterCardNumber of identifyCode: a citizen number (GB 11643)."""
    MILITARY_OFFICER_CARD = "military-officer-card"
    """militaryOfficerCardNumber of identifyCode."""
    PASSPORT = "passport"
    """passportNumber of identifyCode."""
    INSURANCE_NUMBER = "insurance-number"
    """Number in the social insurance."""
    IC_REGISTRATION_NUMBER = "ic-registration-number"
    """Number in the business register."""
    TAXATION_NUMBER = "taxation-number"
    """Number of a taxpayer."""

    @property
    def oid(self) -> str:
        """The extension that carries it."""
        return _EXTENSIONS[self]

    @property
    def is_of_person(self) -> bool:
        """Whether it numbers a natural person."""
        return self not in {IdentityKind.IC_REGISTRATION_NUMBER, IdentityKind.TAXATION_NUMBER}


_EXTENSIONS: Final = MappingProxyType(
    {
        IdentityKind.RESIDENT_CARD: oids.IDENTIFY_CODE,
        IdentityKind.MILITARY_OFFICER_CARD: oids.IDENTIFY_CODE,
        IdentityKind.PASSPORT: oids.IDENTIFY_CODE,
        IdentityKind.INSURANCE_NUMBER: oids.INSURANCE_NUMBER,
        IdentityKind.IC_REGISTRATION_NUMBER: oids.IC_REGISTRATION_NUMBER,
        IdentityKind.TAXATION_NUMBER: oids.TAXATION_NUMBER,
    }
)
_CHOICES: Final = (IdentityKind.RESIDENT_CARD, IdentityKind.MILITARY_OFFICER_CARD, IdentityKind.PASSPORT)
IDENTITY_EXTENSIONS: Final = frozenset(_EXTENSIONS.values())
"""Identifiers of the extensions this module writes and reads."""


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    """One number for, or from, an identity extension.

    Attributes:
        kind: What it is.
        text: The number as it stands in the certificate; never shown by ``repr``.
    """

    kind: IdentityKind
    text: str = field(repr=False)


def identity_extension(number: IdentityNumber) -> Extension:
    """The extension that carries a number, not critical.

    Raises:
        ValueError: The number is empty, too long or outside its alphabet; the message does not quote it.
    """
    if not 0 < len(number.text) <= _LONGEST:
        raise ValueError(f"an identity number has 1 to {_LONGEST} characters")
    military = number.kind is IdentityKind.MILITARY_OFFICER_CARD
    try:
        value = der.utf8_string(number.text) if military else der.printable_string(number.text)
    except ValueError:
        raise ValueError(f"{number.kind} has a character outside its alphabet") from None
    if number.kind in _CHOICES:
        value = der.explicit(_CHOICES.index(number.kind), value)
    return Extension(number.kind.oid, critical=False, value=value)


def read_identity(extension: Extension, found: list[Tolerance]) -> IdentityNumber:
    """The number an identity extension carries.

    Args:
        extension: One of ``IDENTITY_EXTENSIONS``.
        found: Takes what the reader let pass.

    Raises:
        MalformedDataError: Its value breaks its syntax.
        ValueError: It is no identity extension.
    """
    if extension.oid not in IDENTITY_EXTENSIONS:
        raise ValueError(f"{extension.oid} is no identity extension")
    node = der.parse(extension.value, what=f"extension {extension.oid}", limits=IDENTITY_LIMITS)
    if extension.oid == oids.IDENTIFY_CODE:
        return _identify_code(node, found)
    kind = next(each for each, oid in _EXTENSIONS.items() if oid == extension.oid)
    return IdentityNumber(kind, attribute_text(node.expect(der.PRINTABLE_STRING), found))


def _identify_code(node: der.Node, found: list[Tolerance]) -> IdentityNumber:
    for number, kind in enumerate(_CHOICES):
        inner_tag = der.UTF8_STRING if kind is IdentityKind.MILITARY_OFFICER_CARD else der.PRINTABLE_STRING
        if node.tag == der.context(number):
            return IdentityNumber(kind, attribute_text(node.explicit(number).expect(inner_tag), found))
        if node.tag == der.context(number, constructed=False):
            value = der.parse(der.encode(inner_tag, node.content), what=node.what)
            return IdentityNumber(kind, attribute_text(value, found))
    raise MalformedDataError("no alternative of identifyCode", what=node.what, offset=node.offset)
