"""``xinyin ca audit``: the trail against the record, and everything ever issued read again by today's rules."""

import argparse
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from api.arguments import add_command
from api.authority_access import add_directory, unsigning_authority
from api.failures import CommandError, ExitStatus
from api.messages import Messages
from api.output import Output, shown

if TYPE_CHECKING:
    from ca.audit import AuditReport
    from ca.model import SerialNumber
    from ca.rereading import Reread, RereadPage
    from ca.service import CertificateAuthority

_MOST_TOLD: Final = 1000
"""Findings told one by one; beyond them they are counted."""


def add_parsers(group: Any, text: Messages) -> None:
    """Add the command."""
    audit = add_command(group, text, "audit", "ca.audit")
    add_directory(audit, text)
    depth = audit.add_mutually_exclusive_group()
    depth.add_argument("--after", metavar="SERIAL", help=text("ca.audit.after"))
    depth.add_argument("--trail-only", action="store_true", help=text("ca.audit.trail_only"))
    audit.add_argument("--json", action="store_true", help=text("arguments.json"))
    audit.set_defaults(handler=_audit)


@dataclass
class _Reading:
    """What reading again has come to."""

    certificates: int = 0
    lists: int = 0
    last: "SerialNumber | None" = None
    wrong: Counter[str] = field(default_factory=Counter)
    outdated: Counter[str] = field(default_factory=Counter)
    told: list["Reread"] = field(default_factory=list)

    def add(self, page: "RereadPage") -> None:
        """Take in what was read."""
        if page.last is None:
            self.lists += page.read
        else:
            self.certificates += page.read
            self.last = page.last
        for each in page.found:
            (self.outdated if each.is_outdated else self.wrong)[each.finding.code] += 1
            if len(self.told) < _MOST_TOLD:
                self.told.append(each)


def _audit(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    reading = _Reading()
    with unsigning_authority(arguments) as authority:
        report = None if arguments.after else authority.audit()
        if not arguments.trail_only:
            _read_again(authority, arguments, reading, text, out)
    is_clean = (report is None or report.is_clean) and not reading.wrong
    if arguments.json:
        out.json({"clean": is_clean, **_trail_data(report), **_reading_data(reading)})
    else:
        if report is not None:
            _show_trail(report, text, out)
        if not arguments.trail_only:
            _show_reading(reading, text, out)
    return ExitStatus.PASSED if is_clean else ExitStatus.FAILED


def _read_again(
    authority: "CertificateAuthority",
    arguments: argparse.Namespace,
    reading: _Reading,
    text: Messages,
    out: Output,
) -> None:
    from api.serial_input import read_serial

    try:
        after = read_serial(arguments.after) if arguments.after else None
    except ValueError:
        raise CommandError("ca.show.not_a_serial", value=shown(arguments.after)) from None
    rereading = authority.rereading()
    try:
        for pages in (rereading.certificates(after=after), rereading.lists()):
            _take(pages, reading, text, out)
    except KeyboardInterrupt:
        if reading.last is not None:
            out.note(text("ca.audit.go_on", serial=reading.last))
        raise
    finally:
        out.progress("")


def _take(pages: "Iterable[RereadPage]", reading: _Reading, text: Messages, out: Output) -> None:
    for page in pages:
        reading.add(page)
        out.progress(text("ca.audit.progress", certificates=reading.certificates, lists=reading.lists))


def _trail_data(report: "AuditReport | None") -> dict[str, Any]:
    return {
        "entries": report.entries if report else None,
        "first_break": report.first_break if report else None,
        "contradictions": list(report.contradictions) if report else [],
        "pending": report.pending if report else None,
    }


def _reading_data(reading: _Reading) -> dict[str, Any]:
    return {
        "certificates": reading.certificates,
        "lists": reading.lists,
        "last": str(reading.last) if reading.last else None,
        "wrong": dict(sorted(reading.wrong.items())),
        "outdated": dict(sorted(reading.outdated.items())),
        "findings": [
            {
                "item": each.item,
                "code": each.finding.code,
                "clause": each.finding.clause,
                "message": each.finding.message,
                "outdated": each.is_outdated,
            }
            for each in reading.told
        ],
    }


def _show_trail(report: "AuditReport", text: Messages, out: Output) -> None:
    out.line(text("ca.audit.clean" if report.is_clean else "ca.audit.broken", entries=report.entries))
    if report.first_break is not None:
        out.line(text("ca.audit.first_break", index=report.first_break))
    for each in report.contradictions:
        out.line(f"  {shown(each)}")
    if report.pending:
        out.line(text("ca.audit.pending", count=report.pending))


def _show_reading(reading: _Reading, text: Messages, out: Output) -> None:
    wrong, outdated = reading.wrong.total(), reading.outdated.total()
    key = "ca.audit.reread_wrong" if wrong else "ca.audit.reread"
    out.line(text(key, certificates=reading.certificates, lists=reading.lists, wrong=wrong))
    if outdated:
        out.line(text("ca.audit.outdated", count=outdated))
    for each in reading.told:
        mark = text("ca.audit.outdated_mark") if each.is_outdated else ""
        finding = each.finding
        out.line(f"  {shown(each.item)}: {finding.code} ({finding.clause}) {shown(finding.message)}{mark}")
    if wrong + outdated > len(reading.told):
        out.line(text("ca.audit.more", count=wrong + outdated - len(reading.told)))
