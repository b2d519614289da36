"""Judging an authority's record: the audit trail is whole, and record and trail tell the same story."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ca.errors import CertificateNotFoundError, CrlNotFoundError
from ca.model import CertificateState, SerialNumber
from ca.ports import AuditDetails, CaStore
from crypto import sm3

_STATE_AFTER: Final = {
    "certificate-intended": CertificateState.PENDING,
    "certificate-issued": CertificateState.VALID,
    "certificate-abandoned": CertificateState.ABANDONED,
    "certificate-suspended": CertificateState.HELD,
    "certificate-resumed": CertificateState.VALID,
    "certificate-revoked": CertificateState.REVOKED,
    "certificate-archived": CertificateState.ARCHIVED,
}
_PAGE: Final = 5000


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found.

    Attributes:
        entries: Length of the trail.
        first_break: Index of the first entry that does not follow from those before; None if the trail is whole.
        contradictions: Where record and trail differ, one sentence each.
        pending: Intents without a certificate; ``recover`` deals with them.
    """

    entries: int
    first_break: int | None
    contradictions: tuple[str, ...]
    pending: int

    @property
    def is_clean(self) -> bool:
        """Whether trail and record agree throughout. Pending intents are no fault."""
        return self.first_break is None and not self.contradictions


@dataclass(slots=True)
class _Story:
    """What the trail tells of one certificate."""

    state: CertificateState
    tbs: str
    certificate: str | None = None


def audit(store: CaStore, authority: str) -> AuditReport:
    """Judge the record of one authority. Holds about half a kilobyte for each certificate in memory.

    Raises:
        RecordDamagedError: A row or an entry cannot be read at all.
    """
    stories: dict[str, _Story] = {}
    contradictions: list[str] = []
    entries = 0
    for entry in _entries(store):
        entries += 1
        if entry.get("authority") == authority:
            contradictions.extend(_follow(entry, stories, store, authority))
    contradictions.extend(
        f"certificate {serial}: {text}" for serial, text in _differences(stories, store, authority)
    )
    pending = sum(story.state is CertificateState.PENDING for story in stories.values())
    return AuditReport(entries, store.audit_break(), tuple(contradictions), pending)


def _entries(store: CaStore) -> Iterator[AuditDetails]:
    position = 0
    while page := store.audit_entries(after=position, most=_PAGE):
        yield from page
        position += len(page)


def _follow(entry: AuditDetails, stories: dict[str, _Story], store: CaStore, authority: str) -> Iterator[str]:
    event, serial = str(entry.get("event")), str(entry.get("serial"))
    if event == "certificate-intended":
        if serial in stories:
            yield f"serial {serial} was intended twice"
        stories[serial] = _Story(CertificateState.PENDING, str(entry.get("tbs")))
    elif event in _STATE_AFTER:
        story = stories.get(serial)
        if story is None:
            yield f"serial {serial} has an entry {event} and none of its intent"
            return
        story.state = _STATE_AFTER[event]
        if event == "certificate-issued":
            story.certificate = str(entry.get("certificate"))
    elif event == "crl-issued":
        number = entry.get("list")
        try:
            record = store.crl(
                authority,
                int(number or 0),
                list_name=str(entry.get("name")),
                is_delta=entry.get("base") is not None,
            )
        except CrlNotFoundError:
            yield f"list {number} is in the trail and not on record"
            return
        if sm3(record.encoded or b"").hex() != entry.get("crl"):
            yield f"list {number} on record is not the one in the trail"


def _differences(stories: dict[str, _Story], store: CaStore, authority: str) -> Iterator[tuple[str, str]]:
    seen = 0
    last: SerialNumber | None = None
    while page := store.certificates(authority, after=last, most=_PAGE):
        last = page[-1].serial
        for record in page:
            seen += 1
            story = stories.get(str(record.serial))
            if story is None:
                yield str(record.serial), "on record without an entry of its intent"
            elif story.state is not record.state:
                yield str(record.serial), f"{record.state} on record, {story.state} by the trail"
            elif sm3(record.tbs).hex() != story.tbs:
                yield str(record.serial), "content on record is not what was intended"
            elif (sm3(record.encoded).hex() if record.encoded else None) != story.certificate:
                yield str(record.serial), "certificate on record is not the one in the trail"
    if seen < len(stories):
        for serial in stories:
            try:
                store.certificate(authority, SerialNumber.parse(serial))
            except CertificateNotFoundError:
                yield serial, "in the trail and not on record"
