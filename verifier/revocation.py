"""Revocation lists (RFC 5280 5 and 6.3): what is known about a certificate at two moments, signing and now.

A list counts if the CA's own key signed it, that key may sign lists, every critical extension is understood and it
is about certificates such as this one. Two kinds of evidence are drawn from lists:

- an entry: a revocation is final, so any counted list proves it, however old; suspension (certificateHold) is not,
  so only the newest full list together with the newest delta list to it proves that, or a list newer than both;
- absence of an entry: only the newest full list proves that, and only while it is current; a delta list or one of
  some reasons proves no absence. CAs drop entries of expired certificates, so for those it must be the list in
  force when the certificate expired, or one that says it keeps them (expiredCertsOnCRL).

A delta list lifts a suspension (removeFromCRL, or by leaving out what it tells anew of each time) only if it goes
with the full list at hand (RFC 5280 6.3.3 c): same scope and key, its base not after the full list, its number
above it; and only while it is current.

A suspension that was lifted again leaves no trace in full lists, so it is not seen.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from typing import Final, Protocol

from crypto import InvalidSignatureError
from formats import oids
from formats.foreign_signature import foreign_verify
from formats.gbt20518 import Certificate, Crl, KeyUsage, RevocationReason, RevokedEntry, crl_verify

_NOT_FINAL: Final = frozenset({RevocationReason.CERTIFICATE_HOLD, RevocationReason.REMOVE_FROM_CRL})
"""The second has a meaning in delta lists only; in a full list it says nothing."""
_COMPROMISE: Final = frozenset(
    {RevocationReason.KEY_COMPROMISE, RevocationReason.CA_COMPROMISE, RevocationReason.AA_COMPROMISE}
)


class Status(Enum):
    """What the lists say."""

    GOOD = auto()
    REVOKED = auto()
    """Revoked, or the key believed lost, at the moment asked about."""
    HELD = auto()
    """Suspended at the moment asked about."""
    REVOKED_LATER = auto()
    """Good at the moment asked about; revoked or suspended afterwards."""
    COMPROMISED_LATER = auto()
    """Revoked afterwards because the key was compromised: who has the key can date a signature back."""
    STALE = auto()
    """The newest list is out of date."""
    UNKNOWN = auto()
    """No list can be used."""


@dataclass(frozen=True, slots=True)
class RevocationState:
    """What is known of one certificate.

    Attributes:
        status: What the lists say.
        detail: Serial number and dates, for an engineer.
        since: From when on the key is not to be believed; None unless it was revoked or suspended.
        reason: Why; None unless it was revoked or suspended.
        as_of: Of when the evidence is (thisUpdate); None if a revocation does not depend on it, or there is none.
    """

    status: Status
    detail: str = ""
    since: datetime | None = None
    reason: RevocationReason | None = None
    as_of: datetime | None = None

    @property
    def is_final(self) -> bool:
        """Revoked, now or later, for good; what a newer list or response says cannot change it."""
        return self.since is not None and self.reason not in _NOT_FINAL


class RevocationSource(Protocol):
    """Whoever says what is known of a certificate: lists, or lists and responses."""

    def state(
        self, certificate: Certificate, issuer: Certificate, *, moment: datetime, at: datetime
    ) -> RevocationState:
        """What is known of ``certificate``, which ``issuer`` issued; see ``RevocationLists.state``."""
        ...


class RevocationLists:
    """The lists at hand. Safe for threads: what is remembered is recomputed at worst."""

    __slots__ = ("_by_issuer", "_counted")

    def __init__(self, crls: Iterable[Crl]) -> None:
        self._by_issuer: dict[Hashable, list[Crl]] = {}
        for crl in crls:
            self._by_issuer.setdefault(crl.issuer.comparison_key(), []).append(crl)
        self._counted: dict[bytes, tuple[Crl, ...]] = {}

    def state(
        self, certificate: Certificate, issuer: Certificate, *, moment: datetime, at: datetime
    ) -> RevocationState:
        """What is known of ``certificate``.

        Args:
            certificate: Asked about.
            issuer: Certificate of the CA that issued it, already found to have.
            moment: When its key was used.
            at: Now; lists of a later date are not looked at.
        """
        known = [crl for crl in self._of(issuer) if crl.this_update <= at and _in_scope(crl, certificate)]
        entries = [crl.revoked.get(certificate.serial_number) for crl in known]
        final = [each for each in entries if each is not None and each.reason not in _NOT_FINAL]
        if final:
            return state_of_entry(min(final, key=_effective), moment)
        lists = [crl for crl in known if _is_full(crl)]
        if not lists:
            return RevocationState(Status.UNKNOWN, f"no usable list of {issuer.subject}")
        newest = max(lists, key=_age)
        latest = max([newest, *(crl for crl in known if _extends(crl, newest, at))], key=_age)
        held = _suspension(certificate.serial_number, known, newest, latest)
        if held is not None:
            crl, entry = held
            return replace(state_of_entry(entry, moment), as_of=crl.this_update)
        return replace(_absence(certificate, lists, newest, at), as_of=latest.this_update)

    def _of(self, issuer: Certificate) -> tuple[Crl, ...]:
        """Lists that ``issuer`` signed with a key that may."""
        counted = self._counted.get(issuer.encoded)
        if counted is None:
            counted = tuple(crl for crl in self._named(issuer) if _counts(crl, issuer))
            self._counted[issuer.encoded] = counted
        return counted

    def _named(self, issuer: Certificate) -> Sequence[Crl]:
        """Lists of this issuer, however each of them encodes its name."""
        return self._by_issuer.get(issuer.subject.comparison_key(), ())


def _counts(crl: Crl, issuer: Certificate) -> bool:
    key, usage = issuer.public_key, issuer.key_usage
    if crl.unknown_critical_extensions:
        return False
    if usage is not None and KeyUsage.CRL_SIGN not in usage:
        return False
    try:
        if key is not None:
            crl_verify(crl, key)
        else:  # paths end at such an issuer for time stamps only
            foreign_verify(
                issuer.spki, issuer.public_key_algorithm, crl.signature_algorithm, crl.tbs, crl.signature
            )
    except InvalidSignatureError:
        return False
    return True


def _in_scope(crl: Crl, certificate: Certificate) -> bool:
    """RFC 5280 6.3.3 b 2: a list for part of a CA's certificates says nothing of the others."""
    scope = crl.issuing_distribution_point
    if scope is None:
        return True
    if scope.only_attribute_certificates or scope.indirect or scope.relative_name:
        return False
    if scope.only_user_certificates and certificate.is_ca:
        return False
    if scope.only_ca_certificates and not certificate.is_ca:
        return False
    if not scope.names:
        return True
    points = (point for point in certificate.distribution_points if not point.crl_issuer)
    own = {name.encoded for point in points for name in point.names}
    return any(name.encoded in own for name in scope.names)


def _is_full(crl: Crl) -> bool:
    scope = crl.issuing_distribution_point
    return crl.delta_base is None and (scope is None or scope.only_some_reasons is None)


def _extends(delta: Crl, full: Crl, at: datetime) -> bool:
    """Whether ``delta`` is a current delta list to ``full`` (RFC 5280 6.3.3 c)."""
    if delta.delta_base is None or delta.number is None or full.number is None:
        return False
    return (
        delta.delta_base <= full.number < delta.number
        and delta.this_update >= full.this_update
        and delta.next_update is not None
        and delta.next_update >= at
        and _octets(delta, oids.ISSUING_DISTRIBUTION_POINT) == _octets(full, oids.ISSUING_DISTRIBUTION_POINT)
        and _octets(delta, oids.AUTHORITY_KEY_IDENTIFIER) == _octets(full, oids.AUTHORITY_KEY_IDENTIFIER)
    )


def _octets(crl: Crl, oid: str) -> bytes | None:
    extension = crl.extensions.get(oid)
    return None if extension is None else extension.value


def _suspension(serial: int, known: Sequence[Crl], full: Crl, latest: Crl) -> tuple[Crl, RevokedEntry] | None:
    """The entry that says it is suspended, and its list; None if it is not.

    Args:
        serial: Of the certificate.
        known: Lists about certificates such as this one.
        full: The newest full list.
        latest: The newest current delta list to it, or itself.
    """
    combined = (latest, latest.revoked.get(serial) or full.revoked.get(serial))
    newer = [(crl, crl.revoked.get(serial)) for crl in known if _age(crl) > _age(latest)]
    held = [
        (crl, entry)
        for crl, entry in (*newer, combined)
        if entry is not None and entry.reason is RevocationReason.CERTIFICATE_HOLD
    ]
    return max(held, key=lambda each: _age(each[0]), default=None)


def _age(crl: Crl) -> tuple[datetime, int]:
    return crl.this_update, -1 if crl.number is None else crl.number


def _effective(entry: RevokedEntry) -> datetime:
    """From when on the key is not to be believed: for a compromise the earlier of the two dates."""
    if entry.reason in _COMPROMISE and entry.invalidity_date is not None:
        return min(entry.date, entry.invalidity_date)
    return entry.date


def state_of_entry(entry: RevokedEntry, moment: datetime) -> RevocationState:
    """What a revocation or suspension means for a key used at ``moment``."""
    since = _effective(entry)
    detail = f"serial {entry.serial:x}, since {since:%Y-%m-%dT%H:%M:%SZ}, reason {entry.reason.value}"
    if since <= moment:
        status = Status.HELD if entry.reason in _NOT_FINAL else Status.REVOKED
    elif entry.reason in _COMPROMISE:
        status = Status.COMPROMISED_LATER
    else:
        status = Status.REVOKED_LATER
    return RevocationState(status, detail, since, entry.reason)


def _absence(certificate: Certificate, lists: Sequence[Crl], newest: Crl, at: datetime) -> RevocationState:
    if certificate.validity.not_after < at:
        if any(_in_force_at_expiry(crl, certificate) or _keeps_expired(crl, certificate) for crl in lists):
            return RevocationState(Status.GOOD)
        return RevocationState(Status.STALE, f"no list of {newest.issuer} from when the certificate expired")
    if newest.next_update is None or newest.next_update < at:
        until = "" if newest.next_update is None else f", due {newest.next_update:%Y-%m-%dT%H:%M:%SZ}"
        return RevocationState(
            Status.STALE, f"list of {newest.this_update:%Y-%m-%dT%H:%M:%SZ}{until} of {newest.issuer}"
        )
    return RevocationState(Status.GOOD)


def _in_force_at_expiry(crl: Crl, certificate: Certificate) -> bool:
    expires = certificate.validity.not_after
    return crl.next_update is not None and crl.this_update <= expires <= crl.next_update


def _keeps_expired(crl: Crl, certificate: Certificate) -> bool:
    since = crl.expired_since
    return since is not None and since <= certificate.validity.not_after <= crl.this_update
