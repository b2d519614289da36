"""Judging the centre's register: the trail is whole, and register and trail tell the same story."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ca.key_management.model import EscrowState, RecoveryState
from ca.key_management.ports import KeyArchive
from ca.ports import AuditDetails

_STATE_AFTER: Final = {
    "pair-assigned": EscrowState.IN_USE,
    "pair-superseded": EscrowState.SUPERSEDED,
    "pair-archived": EscrowState.ARCHIVED,
    "pair-destroyed": EscrowState.DESTROYED,
}
_RECOVERY_AFTER: Final = {
    "recovery-requested": RecoveryState.REQUESTED,
    "recovery-approved": RecoveryState.APPROVED,
    "recovery-rejected": RecoveryState.REJECTED,
    "recovery-delivered": RecoveryState.DELIVERED,
}
_PAGE: Final = 5000


@dataclass(frozen=True, slots=True)
class KeyAuditReport:
    """What an audit found.

    Attributes:
        entries: Length of the trail.
        first_break: Index of the first entry that does not follow from those before; None if the trail is whole.
        contradictions: Where register and trail differ, one sentence each.
        keys: Pairs on record.
    """

    entries: int
    first_break: int | None
    contradictions: tuple[str, ...]
    keys: int

    @property
    def is_clean(self) -> bool:
        """Whether trail and register agree throughout."""
        return self.first_break is None and not self.contradictions


@dataclass(slots=True)
class _Story:
    """What the trail tells."""

    entries: int
    made: int
    states: dict[str, EscrowState]
    certificates: dict[tuple[str, str], str]
    recoveries: dict[str, tuple[RecoveryState, str, str]]


def audit_keys(archive: KeyArchive) -> KeyAuditReport:
    """Judge the register. Holds a few hundred octets for each assigned pair in memory.

    Raises:
        RecordDamagedError: A row or an entry cannot be read at all.
    """
    story = _Story(0, 0, {}, {}, {})
    contradictions: list[str] = []
    for entry in _entries(archive):
        story.entries += 1
        contradictions.extend(_follow(entry, story))
    keys = 0
    for text in _differences(archive, story):
        if text is None:
            keys += 1
        else:
            contradictions.append(text)
    if keys != story.made:
        contradictions.append(f"{keys} pairs are on record, {story.made} were made by the trail")
    return KeyAuditReport(story.entries, archive.audit_break(), tuple(contradictions), keys)


def _entries(archive: KeyArchive) -> Iterator[AuditDetails]:
    position = 0
    while page := archive.audit_entries(after=position, most=_PAGE):
        yield from page
        position += len(page)


def _follow(entry: AuditDetails, story: _Story) -> Iterator[str]:
    event, key = str(entry.get("event")), str(entry.get("key"))
    if event == "pairs-made":
        story.made += int(entry.get("count") or 0)
    elif event in _STATE_AFTER:
        certificate = (str(entry.get("authority")), str(entry.get("serial")))
        if event == "pair-assigned":
            if key in story.states:
                yield f"pair {key} was assigned twice"
            if certificate in story.certificates:
                yield f"certificate {certificate[1]} was given two pairs"
            story.certificates[certificate] = key
        story.states[key] = _STATE_AFTER[event]
    elif event in _RECOVERY_AFTER:
        recovery, actor = str(entry.get("recovery")), str(entry.get("actor"))
        asked = actor if event == "recovery-requested" else story.recoveries.get(recovery, (None, "", ""))[1]
        if event == "recovery-approved" and actor == asked:
            yield f"recovery {recovery} was approved by the officer who asked"
        story.recoveries[recovery] = (_RECOVERY_AFTER[event], asked, str(entry.get("grounds")))


def _differences(archive: KeyArchive, story: _Story) -> Iterator[str | None]:
    """None for each pair on record, and a sentence for each contradiction."""
    last: bytes | None = None
    seen = set()
    while page := archive.pairs(after=last, most=_PAGE):
        last = page[-1].key_id
        for key in page:
            yield None
            name = key.key_id.hex()
            told = story.states.get(name, EscrowState.POOLED)
            if name in story.states:
                seen.add(name)
            if told is not key.state:
                yield f"pair {name}: {key.state} on record, {told} by the trail"
            elif key.assignment is not None:
                certificate = (key.assignment.authority, str(key.assignment.serial))
                if story.certificates.get(certificate) != name:
                    yield f"pair {name}: the trail does not assign it to certificate {certificate[1]}"
    for name in sorted(story.states.keys() - seen):
        yield f"pair {name} is in the trail and not on record"
    yield from _recovery_differences(archive, story)


def _recovery_differences(archive: KeyArchive, story: _Story) -> Iterator[str]:
    known = {each.recovery_id.hex(): each for each in archive.recoveries(open_only=False)}
    for name in sorted(known.keys() | story.recoveries.keys()):
        recovery, told = known.get(name), story.recoveries.get(name)
        if recovery is None or told is None:
            yield f"recovery {name} is not both on record and in the trail"
        elif recovery.state is not told[0]:
            yield f"recovery {name}: {recovery.state} on record, {told[0]} by the trail"
        elif recovery.grounds().hex() != told[2]:
            yield f"recovery {name}: what is on record is not what was asked for"
