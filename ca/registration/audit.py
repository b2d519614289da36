"""Judging the desk's record: its trail is whole, record and trail tell one story, and the authority agrees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ca.errors import CertificateNotFoundError
from ca.registration.model import ApplicationId, ApplicationRecord, ApplicationState, same_person
from ca.registration.ports import Authority
from ca.registration.record_ports import DeskStore
from formats.gbt20518 import read_certificate

_STATE_AFTER: Final = {
    "application-taken": ApplicationState.APPLIED,
    "application-approved": ApplicationState.APPROVED,
    "application-rejected": ApplicationState.REJECTED,
    "application-withdrawn": ApplicationState.WITHDRAWN,
    "application-issued": ApplicationState.ISSUED,
    "application-given-up": ApplicationState.GIVEN_UP,
}
_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class DeskReport:
    """What an audit of the desk found.

    Attributes:
        applications: How many are on record.
        first_break: Index of the first entry of the trail that does not follow; None if it is whole.
        contradictions: Where record, trail and authority differ, one sentence each.
    """

    applications: int
    first_break: int | None
    contradictions: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Whether all agree."""
        return self.first_break is None and not self.contradictions


def audit_desk(store: DeskStore, authority: Authority) -> DeskReport:
    """Judge the record of one desk.

    Raises:
        RecordDamagedError: A row or an entry cannot be read at all.
    """
    told, deciders = _stories(store, authority.authority)
    seen = 0
    contradictions: list[str] = []
    after: ApplicationId | None = None
    while page := store.applications(authority.authority, after=after, most=_PAGE):
        after = page[-1].id
        for record in page:
            seen += 1
            state = told.pop(str(record.id), None)
            decider = deciders.get(str(record.id))
            contradictions.extend(
                f"application {record.id}: {text}" for text in _differences(record, state, decider, authority)
            )
    contradictions.extend(f"application {number}: in the trail and not on record" for number in told)
    return DeskReport(seen, store.audit_break(), tuple(contradictions))


def _stories(store: DeskStore, authority: str) -> tuple[dict[str, ApplicationState], dict[str, str]]:
    """By application: the state after its last entry, and who approved it."""
    states: dict[str, ApplicationState] = {}
    deciders: dict[str, str] = {}
    position = 0
    while page := store.audit_entries(after=position, most=_PAGE):
        position += len(page)
        for entry in page:
            state = _STATE_AFTER.get(str(entry.get("event")))
            if entry.get("authority") != authority or state is None:
                continue
            states[str(entry.get("application"))] = state
            if state is ApplicationState.APPROVED:
                deciders[str(entry.get("application"))] = str(entry.get("actor"))
    return states, deciders


def _differences(
    record: ApplicationRecord, told: ApplicationState | None, decider: str | None, authority: Authority
) -> Iterator[str]:
    if told is None:
        yield "on record without an entry of its taking"
    elif told is not record.state:
        yield f"{record.state} on record, {told} by the trail"
    if decider is not None and same_person(decider, record.application.clerk):
        yield "approved by who took it"
    if record.state is ApplicationState.ISSUED:
        yield from _certificates(record, authority)


def _certificates(record: ApplicationRecord, authority: Authority) -> Iterator[str]:
    if record.plan is None:
        yield "issued without a plan"
        return
    keys = [record.application.public_key]
    if record.plan.encryption_key is not None:
        keys.append(record.plan.encryption_key.public_key)
    if len(keys) != len(record.plan.serials):
        yield "issued without an encryption key"
        return
    for serial, key in zip(record.plan.serials, keys, strict=True):
        try:
            encoded = authority.record(serial).encoded
        except CertificateNotFoundError:
            encoded = None
        if encoded is None:
            yield f"the authority has no certificate {serial}"
        elif read_certificate(encoded).public_key != key:
            yield f"certificate {serial} certifies another key"
