"""What changed on record, by the order of its audit trail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ca.model import SerialNumber
from ca.ports import AuditDetails
from ca.status.ports import StatusRecord

_PAGE: Final = 10_000
_NO_CHANGE: Final = frozenset({"certificate-intended"})
"""Events that name a certificate of which nothing is told yet."""


def changes_after(record: StatusRecord, authority: str, number: int) -> Iterator[tuple[int, SerialNumber | None]]:
    """Entries of the trail behind ``number``: their numbers, and the certificate of the authority they are about.

    Every entry that names a serial number of the authority counts, whatever the event: a certificate looked at
    once too often costs a signature, one looked at once too seldom a wrong answer.
    """
    while page := record.audit_entries(after=number, most=_PAGE):
        for entry in page:
            number = _number(entry)
            yield number, _serial(entry, authority)


def _number(entry: AuditDetails) -> int:
    number = entry["number"]
    assert isinstance(number, int)
    return number


def _serial(entry: AuditDetails, authority: str) -> SerialNumber | None:
    serial = entry.get("serial")
    if entry.get("authority") != authority or not isinstance(serial, str) or entry.get("event") in _NO_CHANGE:
        return None
    return SerialNumber.parse(serial)
