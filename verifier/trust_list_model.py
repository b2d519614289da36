"""Entries of a trust list: authorities, seal makers, licence issuers, and what is asked of each."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from formats.gbt2260 import DivisionCode
from formats.gbt20518 import Certificate
from formats.gbt38540 import Generation


class Purpose(StrEnum):
    """What the certificates an authority issues may be believed for."""

    SEAL_MAKER = "seal-maker"
    SEAL_HOLDER = "seal-holder"
    """Seal holders, and signers of GB/T 35275 signatures."""
    TIME_STAMP = "time-stamp"
    STATUS = "status"


class ServiceStatus(StrEnum):
    """Status of a listed service; only ``granted`` means granted."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class StatusChange:
    """From when on a status holds.

    Attributes:
        status: The status.
        since: First moment, UTC.
        compromised: Withdrawn because the key was compromised: nothing dated by the signer alone can be believed.
    """

    status: ServiceStatus
    since: datetime
    compromised: bool = False


@dataclass(frozen=True, slots=True)
class Period:
    """From a moment on, to another or open, both included; UTC."""

    start: datetime
    end: datetime | None = None

    def contains(self, moment: datetime) -> bool:
        """Whether ``moment`` lies in the period."""
        return self.start <= moment and (self.end is None or moment <= self.end)


@dataclass(frozen=True, slots=True)
class Days:
    """From a day on, to another or open, both included; days as licences count them (Beijing time)."""

    start: date
    end: date | None = None

    def contains(self, day: date) -> bool:
        """Whether ``day`` lies in the period."""
        return self.start <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class Regions:
    """Divisions a service is for; none named means the whole nation."""

    codes: tuple[DivisionCode, ...] = ()

    def serve(self, region: DivisionCode) -> bool:
        """Whether ``region`` is one of them or lies within one."""
        return not self.codes or any(code.contains(region) for code in self.codes)


@dataclass(frozen=True, slots=True)
class Authority:
    """A listed certificate authority: an anchor for what its purposes allow.

    Attributes:
        certificate: Its CA certificate; name and key are what is believed.
        purposes: What its certificates may be believed for, at least one.
        regions: Where.
        listed: When it is listed at all.
        history: Changes of status, oldest first; none means granted as long as listed.
    """

    certificate: Certificate
    purposes: frozenset[Purpose]
    regions: Regions
    listed: Period
    history: tuple[StatusChange, ...] = ()

    def granted_at(self, moment: datetime) -> bool:
        """Whether the status was ``granted`` at ``moment``: that of the last change not later than it."""
        if not self.listed.contains(moment):
            return False
        before = [change for change in self.history if change.since <= moment]
        if before:
            return before[-1].status is ServiceStatus.GRANTED
        return not self.history

    @property
    def compromised(self) -> bool:
        """Whether it was ever withdrawn for a compromised key."""
        return any(change.compromised for change in self.history)


@dataclass(frozen=True, slots=True)
class ListedSealMaker:
    """A registered seal maker (制章者).

    Attributes:
        name: Its name.
        certificate_digest: SM3 of its certificate, 32 octets.
        regions: Whom it makes seals for.
        generations: Shapes of seals it may make.
        listed: When.
    """

    name: str
    certificate_digest: bytes
    regions: Regions
    generations: frozenset[Generation]
    listed: Period


@dataclass(frozen=True, slots=True)
class Entitlement:
    """One licence type an issuer may issue.

    Attributes:
        licence_type: Licence type code, 21 characters.
        items: Codes of the items it may be issued under; none means the type is bound to no item.
        days: When.
    """

    licence_type: str
    items: frozenset[str]
    days: Days


@dataclass(frozen=True, slots=True)
class ListedIssuer:
    """A body that issues licences.

    Attributes:
        credit_code: Unified social credit code.
        name: Its name.
        region: Its division.
        entitlements: What it may issue.
        delegates: Credit codes of bodies registered to seal for it.
    """

    credit_code: str
    name: str
    region: DivisionCode
    entitlements: tuple[Entitlement, ...]
    delegates: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AlgorithmPeriod:
    """When a signature algorithm with its digest is good enough."""

    signature: str
    digest: str
    period: Period
