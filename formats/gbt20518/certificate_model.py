"""What a certificate holds (GB/T 20518, RFC 5280 4.1), as typed values over the octets that were signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from crypto import PublicKey, sm3
from formats import oids, tolerances
from formats.errors import MalformedDataError
from formats.gbt20518.algorithm import SubjectPublicKeyInfo
from formats.gbt20518.extension import Extension
from formats.gbt20518.extensions import (
    DECODERS,
    RESTRICTING,
    AccessDescription,
    AuthorityKeyIdentifier,
    BasicConstraints,
    KeyUsage,
    NameConstraints,
    PolicyInformation,
    decode,
)
from formats.gbt20518.general_name import DistributionPoint, GeneralName, uris_of
from formats.gbt20518.name import Name
from formats.tolerances import Tolerance

MAX_SERIAL_BITS: Final = 159
"""A positive INTEGER of at most 20 octets (RFC 5280 4.1.2.2)."""


def check_serial(serial: int) -> None:
    """Refuse a serial number that is not positive or has more than 20 octets.

    Raises:
        ValueError: It is so.
    """
    if serial <= 0 or serial.bit_length() > MAX_SERIAL_BITS:
        raise ValueError("a serial number is positive and has at most 20 octets")


@dataclass(frozen=True, slots=True)
class Validity:
    """Closed interval, timezone-aware UTC, whole seconds."""

    not_before: datetime
    not_after: datetime

    def __post_init__(self) -> None:
        if self.not_before.utcoffset() != timedelta(0) or self.not_after.utcoffset() != timedelta(0):
            raise ValueError("validity is kept in UTC")
        if self.not_after < self.not_before:
            raise ValueError("validity ends before it starts")

    def contains(self, moment: datetime) -> bool:
        """Whether ``moment`` lies in the interval, both ends included (RFC 5280 4.1.2.5)."""
        return self.not_before <= moment <= self.not_after


@dataclass(frozen=True, eq=False, repr=False)
class Certificate:
    """A decoded certificate; nothing in it is trusted yet.

    Attributes:
        encoded: DER as received.
        tbs: The octets its signature covers, cut from ``encoded``.
        version: 1, 2 or 3.
        serial_number: Serial number; positive unless a tolerance says otherwise.
        issuer: Issuer name.
        subject: Subject name.
        validity: Validity period.
        key_info: SubjectPublicKeyInfo taken apart.
        signature_algorithm: Identifier of the signature algorithm.
        signature: For SM2-with-SM3 the DER SEQUENCE {r, s}.
        extensions: Every extension by identifier, undecoded, in encoded order.
    """

    encoded: bytes
    tbs: bytes
    version: int
    serial_number: int
    issuer: Name
    subject: Name
    validity: Validity
    key_info: SubjectPublicKeyInfo
    signature_algorithm: str
    signature: bytes
    extensions: Mapping[str, Extension]
    _restricting: Mapping[str, Any]
    _found: tuple[Tolerance, ...] = field(default=())

    def __repr__(self) -> str:
        return f"<Certificate {self.serial_number:x} of {self.subject}>"

    def __eq__(self, other: object) -> bool:
        """Equality of octets."""
        return isinstance(other, Certificate) and self.encoded == other.encoded

    def __hash__(self) -> int:
        return hash(self.encoded)

    def digest(self) -> bytes:
        """SM3 of the encoded certificate, 32 octets."""
        return sm3(self.encoded)

    # ------------------------------------------------------------------ key

    @property
    def public_key(self) -> PublicKey | None:
        """The certified SM2 key; None for a key of another kind."""
        return self.key_info.public_key

    @property
    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return self.key_info.encoded

    @property
    def public_key_algorithm(self) -> str:
        """Identifier of the key's algorithm."""
        return self.key_info.algorithm

    @property
    def public_key_curve(self) -> str | None:
        """Identifier of the key's named curve; None without one."""
        return self.key_info.curve

    # ------------------------------------------------------------------ what the reader met

    @property
    def tolerances(self) -> tuple[Tolerance, ...]:
        """Every departure let pass, extensions included, sorted."""
        return self._decoded[2]

    @property
    def unparsable_extensions(self) -> tuple[str, ...]:
        """Identifiers of extensions with a known syntax whose values break it, in encoded order."""
        return self._decoded[1]

    @property
    def unknown_critical_extensions(self) -> tuple[str, ...]:
        """Identifiers of critical extensions this reader has no decoder for; a verifier must refuse them."""
        return tuple(oid for oid, each in self.extensions.items() if each.critical and oid not in DECODERS)

    # ------------------------------------------------------------------ extensions

    @property
    def key_usage(self) -> frozenset[KeyUsage] | None:
        """keyUsage; None if absent."""
        usage: frozenset[KeyUsage] | None = self._restricting.get(oids.KEY_USAGE)
        return usage

    @property
    def basic_constraints(self) -> BasicConstraints | None:
        """basicConstraints; None if absent."""
        constraints: BasicConstraints | None = self._restricting.get(oids.BASIC_CONSTRAINTS)
        return constraints

    @property
    def is_ca(self) -> bool:
        """Whether basicConstraints says so."""
        constraints = self.basic_constraints
        return constraints is not None and constraints.ca

    @property
    def extended_key_usage(self) -> tuple[str, ...] | None:
        """Identifiers of the key purposes; None if absent."""
        purposes: tuple[str, ...] | None = self._restricting.get(oids.EXTENDED_KEY_USAGE)
        return purposes

    @property
    def subject_key_identifier(self) -> bytes | None:
        """subjectKeyIdentifier; compare octets only, CAs compute it in different ways."""
        identifier: bytes | None = self._value(oids.SUBJECT_KEY_IDENTIFIER)
        return identifier

    @property
    def authority_key_identifier(self) -> bytes | None:
        """Key identifier of authorityKeyIdentifier; see ``authority_key`` for its other parts."""
        authority = self.authority_key
        return authority.key_identifier if authority else None

    @property
    def authority_key(self) -> AuthorityKeyIdentifier | None:
        """Key identifier, name and serial number of the issuer's certificate, as far as stated."""
        authority: AuthorityKeyIdentifier | None = self._value(oids.AUTHORITY_KEY_IDENTIFIER)
        return authority

    @property
    def subject_alt_names(self) -> tuple[GeneralName, ...]:
        """subjectAltName; empty if absent."""
        names: tuple[GeneralName, ...] = self._value(oids.SUBJECT_ALT_NAME) or ()
        return names

    @property
    def distribution_points(self) -> tuple[DistributionPoint, ...]:
        """CRLDistributionPoints; empty if absent."""
        points: tuple[DistributionPoint, ...] = self._value(oids.CRL_DISTRIBUTION_POINTS) or ()
        return points

    @property
    def crl_distribution_points(self) -> tuple[str, ...]:
        """Addresses of revocation lists, in encoded order."""
        return tuple(uri for point in self.distribution_points for uri in point.uris)

    @property
    def policies(self) -> tuple[PolicyInformation, ...]:
        """certificatePolicies; empty if absent."""
        policies: tuple[PolicyInformation, ...] = self._value(oids.CERTIFICATE_POLICIES) or ()
        return policies

    @property
    def authority_info_access(self) -> tuple[AccessDescription, ...]:
        """authorityInfoAccess; empty if absent."""
        descriptions: tuple[AccessDescription, ...] = self._value(oids.AUTHORITY_INFO_ACCESS) or ()
        return descriptions

    @property
    def ocsp_uris(self) -> tuple[str, ...]:
        """Addresses of the status service."""
        services = [each.location for each in self.authority_info_access if each.method == oids.AD_OCSP]
        return uris_of(tuple(services))

    @property
    def name_constraints(self) -> NameConstraints | None:
        """nameConstraints; None if absent."""
        constraints: NameConstraints | None = self._value(oids.NAME_CONSTRAINTS)
        return constraints

    @property
    def private_key_usage_period(self) -> tuple[datetime | None, datetime | None] | None:
        """Private key usage period as (not before, not after); None if absent."""
        period: tuple[datetime | None, datetime | None] | None = self._value(oids.PRIVATE_KEY_USAGE_PERIOD)
        return period

    @property
    def credit_code(self) -> str | None:
        """Text of organizationCode (1.2.156.10260.4.1.4), where several CAs put the unified social credit code.

        Not checked: it is what the certificate says.
        """
        code: str | None = self._value(oids.ORGANIZATION_CODE)
        return code

    def _value(self, oid: str) -> Any:
        return self._decoded[0].get(oid)

    @cached_property
    def _decoded(self) -> tuple[dict[str, Any], tuple[str, ...], tuple[Tolerance, ...]]:
        values: dict[str, Any] = {}
        unparsable: list[str] = []
        found: list[Tolerance] = []
        for oid, extension in self.extensions.items():
            if oid not in DECODERS or oid in RESTRICTING:
                continue
            try:
                values[oid] = decode(extension, found)
            except MalformedDataError:
                unparsable.append(oid)
        return values, tuple(unparsable), tolerances.collect(self._found, found)
