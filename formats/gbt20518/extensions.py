"""Certificate extensions of RFC 5280 and GB/T 20518: one decoder for each identifier.

A decoder raises ``MalformedDataError``; what that means for the certificate is the reader's decision: an extension
that restricts the key (``RESTRICTING``) must be readable, any other one is named and the rest stays readable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from formats import der, oids
from formats.gbt20518.extension import Extension
from formats.gbt20518.general_name import (
    DistributionPoint,
    GeneralName,
    read_distribution_points,
    read_general_name,
    read_general_names,
)
from formats.gbt20518.name import attribute_text
from formats.tolerances import Tolerance

EXTENSION_LIMITS: Final = der.DerLimits(size=256 * 1024, depth=16, elements=4096)

Found = list[Tolerance]


class KeyUsage(IntEnum):
    """Bits of keyUsage (RFC 5280 4.2.1.3)."""

    DIGITAL_SIGNATURE = 0
    NON_REPUDIATION = 1
    KEY_ENCIPHERMENT = 2
    DATA_ENCIPHERMENT = 3
    KEY_AGREEMENT = 4
    KEY_CERT_SIGN = 5
    CRL_SIGN = 6
    ENCIPHER_ONLY = 7
    DECIPHER_ONLY = 8


class BasicConstraints(NamedTuple):
    """RFC 5280 4.2.1.9: whether the subject is a CA, and how many CAs may follow below it (None: any)."""

    ca: bool
    path_length: int | None


@dataclass(frozen=True, slots=True)
class AuthorityKeyIdentifier:
    """RFC 5280 4.2.1.1; every part is optional."""

    key_identifier: bytes | None
    issuer: tuple[GeneralName, ...]
    serial_number: int | None


@dataclass(frozen=True, slots=True)
class PolicyInformation:
    """One certificate policy and the addresses of its practice statements (RFC 5280 4.2.1.4)."""

    oid: str
    practice_statements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NameConstraints:
    """RFC 5280 4.2.1.10; minimum and maximum are not used there and are refused."""

    permitted: tuple[GeneralName, ...]
    excluded: tuple[GeneralName, ...]


@dataclass(frozen=True, slots=True)
class AccessDescription:
    """How to reach a service of the issuer (RFC 5280 4.2.2.1)."""

    method: str
    location: GeneralName


def _key_usage(node: der.Node, found: Found) -> frozenset[KeyUsage]:
    bits = node.named_bits(found)
    if not bits <= _KEY_USAGE_BITS:
        raise node.error("keyUsage has bits that are not defined")
    return frozenset(KeyUsage(bit) for bit in bits)


def _basic_constraints(node: der.Node, found: Found) -> BasicConstraints:
    fields = node.sequence(0, 2)
    flag = fields.optional(der.BOOLEAN)
    length = fields.optional(der.INTEGER)
    fields.end()
    ca = flag is not None and flag.boolean(found)
    if flag is not None and not ca:
        found.append(Tolerance.DER_ENCODED_DEFAULT)
    path_length = length.integer(found, max_octets=8) if length is not None else None
    if path_length is not None and path_length < 0:
        raise node.error("path length is negative")
    if path_length is not None and not ca:
        found.append(Tolerance.X509_PATH_LENGTH_WITHOUT_CA)
    return BasicConstraints(ca, path_length)


def _extended_key_usage(node: der.Node, _found: Found) -> tuple[str, ...]:
    purposes = tuple(purpose.oid() for purpose in node.expect(der.SEQUENCE))
    if not purposes:
        raise node.error("extKeyUsage is empty")
    return purposes


def _subject_key_identifier(node: der.Node, _found: Found) -> bytes:
    return node.octets()


def _authority_key_identifier(node: der.Node, found: Found) -> AuthorityKeyIdentifier:
    fields = node.sequence(0, 3)
    key = fields.optional(der.context(0, constructed=False))
    issuer = fields.optional(der.context(1))
    serial = fields.optional(der.context(2, constructed=False))
    fields.end()
    return AuthorityKeyIdentifier(
        key.content if key else None,
        read_general_names(issuer, found) if issuer else (),
        serial.integer(found, tag=serial.tag) if serial else None,
    )


def _general_names(node: der.Node, found: Found) -> tuple[GeneralName, ...]:
    return read_general_names(node.expect(der.SEQUENCE), found)


def _distribution_points(node: der.Node, found: Found) -> tuple[DistributionPoint, ...]:
    return read_distribution_points(node, found)


def _policies(node: der.Node, found: Found) -> tuple[PolicyInformation, ...]:
    policies = tuple(_policy(policy, found) for policy in node.expect(der.SEQUENCE))
    if not policies:
        raise node.error("certificatePolicies is empty")
    if len({policy.oid for policy in policies}) != len(policies):
        raise node.error("a certificate policy is repeated")
    return policies


def _policy(node: der.Node, found: Found) -> PolicyInformation:
    fields = node.sequence(1, 2)
    oid = fields.next("policyIdentifier").oid()
    qualifiers = fields.optional(der.SEQUENCE)
    fields.end()
    statements = []
    for qualifier in qualifiers or ():
        parts = qualifier.sequence(2, 2)
        kind, value = parts.next().oid(), parts.next()
        if kind == CPS_QUALIFIER:
            statements.append(attribute_text(value, found))
    return PolicyInformation(oid, tuple(statements))


def _authority_info_access(node: der.Node, found: Found) -> tuple[AccessDescription, ...]:
    descriptions = []
    for description in node.expect(der.SEQUENCE):
        fields = description.sequence(2, 2)
        descriptions.append(AccessDescription(fields.next().oid(), read_general_name(fields.next(), found)))
    if not descriptions:
        raise node.error("authorityInfoAccess is empty")
    return tuple(descriptions)


def _name_constraints(node: der.Node, found: Found) -> NameConstraints:
    fields = node.sequence(0, 2)
    permitted = fields.optional(der.context(0))
    excluded = fields.optional(der.context(1))
    fields.end()
    return NameConstraints(_subtrees(permitted, found), _subtrees(excluded, found))


def _subtrees(node: der.Node | None, found: Found) -> tuple[GeneralName, ...]:
    return tuple(read_general_name(subtree.sequence(1, 1).next("base"), found) for subtree in (node or ()))


def _identity_text(node: der.Node, found: Found) -> str:
    """PrintableString by GM/T 0015; other string types are met too."""
    if node.tag not in _STRING_TAGS:
        raise node.error(f"{der.tag_name(node.tag)} where a character string belongs")
    return attribute_text(node, found)


def _private_key_usage_period(node: der.Node, _found: Found) -> tuple[Any, Any]:
    fields = node.sequence(0, 2)
    bounds = []
    for number in (0, 1):
        bound = fields.optional(der.context(number, constructed=False))
        time = der.parse(der.encode(der.GENERALIZED_TIME, bound.content), what=node.what) if bound else None
        bounds.append(time.generalized_time() if time else None)
    fields.end()
    return bounds[0], bounds[1]


def _null(node: der.Node, _found: Found) -> bool:
    node.null()
    return True


CPS_QUALIFIER: Final = "1.3.6.1.5.5.7.2.1"
_CACHED_VALUE_OCTETS: Final = 512
_KEY_USAGE_BITS: Final = frozenset(range(9))
_STRING_TAGS: Final = frozenset(
    {der.UTF8_STRING, der.PRINTABLE_STRING, der.IA5_STRING, der.NUMERIC_STRING, der.BMP_STRING, der.T61_STRING}
)

RESTRICTING: Final = frozenset({oids.KEY_USAGE, oids.BASIC_CONSTRAINTS, oids.EXTENDED_KEY_USAGE})
"""Extensions that restrict what the key may do: a certificate in which one cannot be read is refused, since
reading it as absent would widen what the key may do."""

DECODERS: Final[Mapping[str, Callable[[der.Node, Found], Any]]] = MappingProxyType(
    {
        oids.KEY_USAGE: _key_usage,
        oids.BASIC_CONSTRAINTS: _basic_constraints,
        oids.EXTENDED_KEY_USAGE: _extended_key_usage,
        oids.SUBJECT_KEY_IDENTIFIER: _subject_key_identifier,
        oids.AUTHORITY_KEY_IDENTIFIER: _authority_key_identifier,
        oids.SUBJECT_ALT_NAME: _general_names,
        oids.CRL_DISTRIBUTION_POINTS: _distribution_points,
        oids.FRESHEST_CRL: _distribution_points,
        oids.CERTIFICATE_POLICIES: _policies,
        oids.AUTHORITY_INFO_ACCESS: _authority_info_access,
        oids.NAME_CONSTRAINTS: _name_constraints,
        oids.PRIVATE_KEY_USAGE_PERIOD: _private_key_usage_period,
        oids.OCSP_NO_CHECK: _null,
        oids.INSURANCE_NUMBER: _identity_text,
        oids.IC_REGISTRATION_NUMBER: _identity_text,
        oids.ORGANIZATION_CODE: _identity_text,
        oids.TAXATION_NUMBER: _identity_text,
    }
)


def decode(extension: Extension, found: Found) -> Any:
    """Typed value of an extension this module has a decoder for.

    Raises:
        MalformedDataError: The value breaks its syntax.
        KeyError: There is no decoder; ask ``DECODERS`` first.
    """
    read = _decode_cached if len(extension.value) <= _CACHED_VALUE_OCTETS else _decode
    value, met = read(extension.oid, extension.value)
    found.extend(met)
    return value


def _decode(oid: str, value: bytes) -> tuple[Any, tuple[Tolerance, ...]]:
    met: Found = []
    node = der.parse(value, what=f"extension {oid}", limits=EXTENSION_LIMITS)
    return DECODERS[oid](node, met), tuple(met)


# All but two extensions are the same in every certificate of a profile, and decoded values are immutable.
_decode_cached = lru_cache(maxsize=4096)(_decode)
