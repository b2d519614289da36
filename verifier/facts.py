"""Who and what a report is about, as the bytes say it; plain values without judgement."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any


def moment_text(moment: datetime | None) -> str | None:
    """A moment in UTC as RFC 3339 text, whole seconds, or None."""
    return None if moment is None else f"{moment.year:04d}-{moment:%m-%dT%H:%M:%SZ}"


@lru_cache(maxsize=512)  # periods of trust lists and seals, which repeat
def day_text(moment: datetime) -> str:
    """The day of a moment in UTC as ``YYYY-MM-DD``."""
    return f"{moment:%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """Who a certificate names, as the certificate says it.

    Attributes:
        name: Common name, or the whole subject if there is none.
        organisation: Organisation, or empty.
        credit_code: Credit code the certificate carries, or empty.
        serial_number: Serial number, hexadecimal.
        issuer: Issuer name.
    """

    name: str
    organisation: str
    credit_code: str
    serial_number: str
    issuer: str

    def to_dict(self) -> dict[str, str]:
        """JSON form."""
        return {
            "name": self.name,
            "organisation": self.organisation,
            "credit_code": self.credit_code,
            "serial_number": self.serial_number,
            "issuer": self.issuer,
        }


@dataclass(frozen=True, slots=True)
class SealFacts:
    """The seal used, as it says itself."""

    seal_id: str
    name: str
    type: int
    valid_from: datetime | None
    valid_to: datetime | None
    maker: PartyFacts | None

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "id": self.seal_id,
            "name": self.name,
            "type": self.type,
            "valid_from": moment_text(self.valid_from),
            "valid_to": moment_text(self.valid_to),
            "maker": self.maker.to_dict() if self.maker else None,
        }


@dataclass(frozen=True, slots=True)
class TimeStampFacts:
    """A time stamp, as it says itself, and whether it counts.

    Attributes:
        of: ``signature`` or ``seal``.
        time: genTime, UTC.
        accuracy: As stated, or None.
        serial_number: Serial number of the token, hexadecimal.
        policy: Identifier of the authority's policy.
        authority: Who made it; None if no certificate could be read.
        proves: It was found good, so that it proves its time.
    """

    of: str
    time: datetime
    accuracy: timedelta | None
    serial_number: str
    policy: str
    authority: PartyFacts | None
    proves: bool

    def to_dict(self) -> dict[str, Any]:
        """JSON form; accuracy in seconds."""
        return {
            "of": self.of,
            "time": moment_text(self.time),
            "accuracy_seconds": None if self.accuracy is None else self.accuracy.total_seconds(),
            "serial_number": self.serial_number,
            "policy": self.policy,
            "authority": self.authority.to_dict() if self.authority else None,
            "proves": self.proves,
        }


@dataclass(frozen=True, slots=True)
class TrustFacts:
    """Which trust list a report rests on, so that it can be repeated.

    Attributes:
        sequence: Sequence number of the list.
        digest: SM3 of the list's file, hexadecimal.
        operator: Who issued it.
        issued: Start of its period, UTC.
        next_update: End of its period, UTC.
        pinned: The list's signer chains to an anchor the caller had pinned; otherwise the list is the caller's
            own choice.
    """

    sequence: int
    digest: str
    operator: str
    issued: datetime
    next_update: datetime
    pinned: bool

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "sequence": self.sequence,
            "digest": self.digest,
            "operator": self.operator,
            "issued": moment_text(self.issued),
            "next_update": moment_text(self.next_update),
            "pinned": self.pinned,
        }


@dataclass(frozen=True, slots=True)
class LicenceFacts:
    """What a licence says of itself; the holder is left out, reports are kept and passed on."""

    identifier: str
    name: str
    type_code: str
    issuer_code: str
    issuer: str
    issued: str
    valid_from: str
    valid_to: str

    def to_dict(self) -> dict[str, str]:
        """JSON form."""
        return {
            "identifier": self.identifier,
            "name": self.name,
            "type_code": self.type_code,
            "issuer_code": self.issuer_code,
            "issuer": self.issuer,
            "issued": self.issued,
            "valid_from": self.valid_from,
            "valid_to": self.valid_to,
        }
