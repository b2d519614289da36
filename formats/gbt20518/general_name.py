"""GeneralName (RFC 5280 4.2.1.6) and distribution points built from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from formats import der
from formats.gbt20518.name import Name, attribute_text, name_from
from formats.tolerances import Tolerance


class GeneralNameKind(IntEnum):
    """The alternatives of GeneralName by their tag number."""

    OTHER_NAME = 0
    EMAIL = 1
    DNS = 2
    X400 = 3
    DIRECTORY = 4
    EDI_PARTY = 5
    URI = 6
    IP_ADDRESS = 7
    REGISTERED_ID = 8


_TEXT_KINDS = frozenset({GeneralNameKind.EMAIL, GeneralNameKind.DNS, GeneralNameKind.URI})


@dataclass(frozen=True, slots=True)
class GeneralName:
    """One general name.

    Attributes:
        kind: Which alternative.
        encoded: DER of the name with its context tag.
        text: Text of an e-mail address, host name or address of a resource; empty for other kinds.
        directory_name: The name, for a directory name.
    """

    kind: GeneralNameKind
    encoded: bytes
    text: str = ""
    directory_name: Name | None = None


@dataclass(frozen=True, slots=True)
class DistributionPoint:
    """Where a revocation list is found (RFC 5280 4.2.1.13).

    Attributes:
        names: The full names; empty when the point is given relative to the issuer.
        reasons: Reason bits the point covers; None for all.
        crl_issuer: Names of the list's issuer if it is not the certificate's.
    """

    names: tuple[GeneralName, ...]
    reasons: frozenset[int] | None = None
    crl_issuer: tuple[GeneralName, ...] = ()

    @property
    def uris(self) -> tuple[str, ...]:
        """Addresses among the full names."""
        return uris_of(self.names)


def uris_of(names: tuple[GeneralName, ...]) -> tuple[str, ...]:
    """Texts of the addresses among ``names``."""
    return tuple(name.text for name in names if name.kind is GeneralNameKind.URI)


def read_general_name(node: der.Node, found: list[Tolerance]) -> GeneralName:
    """One GeneralName.

    Raises:
        MalformedDataError: No alternative of GeneralName.
    """
    number = node.tag & 0x1F
    if node.tag & 0xC0 != 0x80 or number > GeneralNameKind.REGISTERED_ID:
        raise node.error(f"{der.tag_name(node.tag)} is no GeneralName")
    kind = GeneralNameKind(number)
    if kind in _TEXT_KINDS:
        node.expect(der.context(number, constructed=False))
        return GeneralName(kind, node.encoded, text=_ia5_text(node, found))
    if kind is GeneralNameKind.DIRECTORY:
        return GeneralName(kind, node.encoded, directory_name=name_from(node.explicit(number)))
    return GeneralName(kind, node.encoded)


def read_general_names(node: der.Node, found: list[Tolerance]) -> tuple[GeneralName, ...]:
    """The members of a GeneralNames, whatever its tag; at least one.

    Raises:
        MalformedDataError: Empty, or a member is no GeneralName.
    """
    names = tuple(read_general_name(member, found) for member in node)
    if not names:
        raise node.error("GeneralNames is empty")
    return names


def read_distribution_point_name(node: der.Node, found: list[Tolerance]) -> tuple[GeneralName, ...]:
    """Full names of a DistributionPointName wrapped in ``[0]``; empty for a name relative to the issuer."""
    choice = node.explicit(0)
    if choice.tag == der.context(0):
        return read_general_names(choice, found)
    relative = choice.expect(der.context(1))
    der.parse(der.encode(der.SET, relative.content), what=relative.what).set_of(found)
    return ()


def read_distribution_points(node: der.Node, found: list[Tolerance]) -> tuple[DistributionPoint, ...]:
    """CRLDistributionPoints.

    Raises:
        MalformedDataError: Not a non-empty sequence of distribution points.
    """
    points = tuple(_read_distribution_point(point, found) for point in node.expect(der.SEQUENCE))
    if not points:
        raise node.error("CRLDistributionPoints is empty")
    return points


def _read_distribution_point(node: der.Node, found: list[Tolerance]) -> DistributionPoint:
    fields = node.sequence(0, 3)
    name = fields.optional(der.context(0))
    reasons = fields.optional(der.context(1, constructed=False))
    issuer = fields.optional(der.context(2))
    fields.end()
    return DistributionPoint(
        names=read_distribution_point_name(name, found) if name else (),
        reasons=read_reason_bits(reasons, found) if reasons else None,
        crl_issuer=read_general_names(issuer, found) if issuer else (),
    )


def read_reason_bits(node: der.Node, found: list[Tolerance]) -> frozenset[int]:
    """ReasonFlags under an implicit tag."""
    bits = der.parse(der.encode(der.BIT_STRING, node.content), what=node.what)
    return bits.named_bits(found)


def _ia5_text(node: der.Node, found: list[Tolerance]) -> str:
    value = der.parse(der.encode(der.IA5_STRING, node.content), what=node.what)
    return attribute_text(value, found)


def uri(text: str) -> bytes:
    """DER GeneralName of an address.

    Raises:
        ValueError: A character outside ASCII.
    """
    return der.encode(der.context(6, constructed=False), text.encode("ascii"))


def directory_name(name: Name) -> bytes:
    """DER GeneralName of a directory name."""
    return der.encode(der.context(4), name.encoded)
