"""What a certificate revocation list holds (GB/T 20518, RFC 5280 5), as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from formats.gbt20518.extension import Extension
from formats.gbt20518.extensions import AuthorityKeyIdentifier
from formats.gbt20518.general_name import DistributionPoint, GeneralName, uris_of
from formats.gbt20518.name import Name
from formats.tolerances import Tolerance


class RevocationReason(IntEnum):
    """CRLReason (RFC 5280 5.3.1); 7 is not used."""

    UNSPECIFIED = 0
    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5
    CERTIFICATE_HOLD = 6
    REMOVE_FROM_CRL = 8
    PRIVILEGE_WITHDRAWN = 9
    AA_COMPROMISE = 10


@dataclass(frozen=True, slots=True)
class RevokedEntry:
    """One revoked certificate.

    Attributes:
        serial: Its serial number.
        date: revocationDate.
        reason: reasonCode; unspecified if the entry names none.
        invalidity_date: When the key is believed lost, possibly before ``date``; None if not stated.
    """

    serial: int
    date: datetime
    reason: RevocationReason = RevocationReason.UNSPECIFIED
    invalidity_date: datetime | None = None


@dataclass(frozen=True, slots=True)
class IssuingDistributionPoint:
    """What part of a CA's certificates a list covers (RFC 5280 5.2.5).

    Attributes:
        names: Full names of the distribution point.
        relative_name: It is named relative to the issuer instead, which is not read; whom it covers is unknown.
        only_user_certificates: It says nothing of CA certificates.
        only_ca_certificates: It says nothing of end entities.
        only_some_reasons: Reason bits it covers; None for all.
        indirect: It holds entries of other issuers too.
        only_attribute_certificates: It says nothing of public-key certificates.
    """

    names: tuple[GeneralName, ...] = ()
    relative_name: bool = False
    only_user_certificates: bool = False
    only_ca_certificates: bool = False
    only_some_reasons: frozenset[int] | None = None
    indirect: bool = False
    only_attribute_certificates: bool = False

    @property
    def uris(self) -> tuple[str, ...]:
        """Addresses of the distribution point."""
        return uris_of(self.names)


@dataclass(frozen=True, eq=False, repr=False)
class Crl:
    """A decoded revocation list; nothing in it is trusted yet.

    Attributes:
        encoded: DER as received.
        tbs: The octets its signature covers.
        issuer: Issuer name.
        this_update: When it was issued.
        next_update: By when the next one comes; None if it does not say.
        revoked: Entries by serial number. A serial named more than once keeps its first entry, by name.
        signature_algorithm: Identifier of the signature algorithm.
        signature: For SM2-with-SM3 the DER SEQUENCE {r, s}.
        extensions: Every list extension by identifier, undecoded.
        number: cRLNumber; None without one.
        delta_base: BaseCRLNumber if this is a delta list, else None.
        authority_key: authorityKeyIdentifier; None without one.
        issuing_distribution_point: What part it covers; None for all certificates of the issuer.
        freshest: Where delta lists to this one are found (freshestCRL).
        expired_since: Certificates that expired since stay on the list (expiredCertsOnCRL); None if not stated.
        unknown_critical_extensions: Critical list and entry extensions this reader does not know; not empty means
            the list must not be used to call a certificate good.
        tolerances: What the reader let pass.
    """

    encoded: bytes
    tbs: bytes
    issuer: Name
    this_update: datetime
    next_update: datetime | None
    revoked: Mapping[int, RevokedEntry]
    signature_algorithm: str
    signature: bytes
    extensions: Mapping[str, Extension]
    number: int | None
    delta_base: int | None
    authority_key: AuthorityKeyIdentifier | None
    issuing_distribution_point: IssuingDistributionPoint | None
    freshest: tuple[DistributionPoint, ...]
    expired_since: datetime | None
    unknown_critical_extensions: tuple[str, ...]
    tolerances: tuple[Tolerance, ...]

    def __repr__(self) -> str:
        return f"<Crl {self.number} of {self.issuer}, {len(self.revoked)} revoked>"

    @property
    def authority_key_identifier(self) -> bytes | None:
        """Key identifier of the issuer's key; None if not stated."""
        return self.authority_key.key_identifier if self.authority_key else None
