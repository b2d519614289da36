"""Looking at an authority's record: certificates, one certificate, the audit of the whole."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from api import moments
from api.arguments import add_command
from api.authority_access import add_directory, unsigning_authority
from api.failures import CommandError, ExitStatus
from api.files import deliver
from api.messages import Messages
from api.moments import beijing_text, utc_text
from api.output import Output, shown

if TYPE_CHECKING:
    from ca.model import CertificateRecord
    from ca.service import CertificateAuthority

_STATES: Final = ("pending", "valid", "held", "revoked", "abandoned", "archived")
_PAGE: Final = 1000


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    listing = add_command(group, text, "list", "ca.list")
    add_directory(listing, text)
    listing.add_argument("--state", choices=_STATES, help=text("ca.list.state"))
    listing.add_argument("--json", action="store_true", help=text("arguments.json"))
    listing.set_defaults(handler=_list)

    show = add_command(group, text, "show", "ca.show")
    show.add_argument("serial", metavar="SERIAL", nargs="?", help=text("ca.show.serial"))
    add_directory(show, text)
    form = show.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help=text("arguments.json"))
    form.add_argument("--pem", action="store_true", help=text("ca.show.pem"))
    show.add_argument("-o", "--output", metavar="FILE", default="-", help=text("ca.show.output"))
    show.set_defaults(handler=_show)


def _records(authority: "CertificateAuthority", state: str | None) -> "Iterator[CertificateRecord]":
    from ca.model import CertificateState

    wanted = CertificateState(state) if state else None
    last = None
    while page := authority.certificates(state=wanted, after=last, most=_PAGE):
        yield from page
        last = page[-1].serial


def _list(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with unsigning_authority(arguments) as authority:
        at = moments.now()
        rows: list[tuple[object, ...]] = []
        for each in _records(authority, arguments.state):
            if arguments.json:
                out.json(_as_data(each), compact=True)
                continue
            state = text(f"ca.states.{each.state}")
            if each.is_expired(at):
                state = text("ca.states.expired_too", state=state)
            rows.append((str(each.serial), state, each.profile, beijing_text(each.not_after), each.subject))
        out.table(rows)
    if not arguments.json and not rows:
        out.line(text("ca.list.none"))
    return ExitStatus.PASSED


def _as_data(each: "CertificateRecord") -> dict[str, Any]:
    revocation = each.revocation
    return {
        "serial": str(each.serial),
        "state": each.state.value,
        "profile": each.profile,
        "subject": each.subject,
        "request_key": each.request_key,
        "intended_at": utc_text(each.intended_at),
        "not_after": utc_text(each.not_after),
        "revoked_at": utc_text(revocation.at) if revocation else None,
        "reason": revocation.reason.name.lower() if revocation else None,
        "invalid_since": utc_text(revocation.invalidity_date) if revocation else None,
    }


def _show(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api import certificate_view
    from formats.gbt20518 import read_certificate

    with unsigning_authority(arguments) as authority:
        record = _record(authority, arguments.serial) if arguments.serial else None
    encoded = record.encoded if record else authority.certificate.encoded
    if arguments.pem:
        return _deliver_pem(encoded, arguments, out)
    certificate = read_certificate(encoded) if encoded is not None else None
    if arguments.json:
        out.json(
            {
                "record": _as_data(record) if record else None,
                "certificate": certificate_view.as_data(certificate) if certificate else None,
            }
        )
        return ExitStatus.PASSED
    if record is not None:
        out.facts(_facts(record, text))
        out.line()
    if certificate is not None:
        certificate_view.show(certificate, text, out)
    return ExitStatus.PASSED


def _deliver_pem(encoded: bytes | None, arguments: argparse.Namespace, out: Output) -> int:
    from formats.gbt20518 import to_pem

    if encoded is None:
        raise CommandError("ca.show.unsigned", status=ExitStatus.FAILED)
    pem = to_pem(encoded, "CERTIFICATE").encode()
    deliver(arguments.output, pem, out, replace=True, printable=True)
    return ExitStatus.PASSED


def _facts(record: "CertificateRecord", text: Messages) -> list[tuple[str, object]]:
    revocation = record.revocation
    return [
        (text("ca.show.state"), text(f"ca.states.{record.state}")),
        (text("ca.show.profile"), record.profile),
        (text("ca.show.request_key"), record.request_key),
        (text("ca.show.intended_at"), beijing_text(record.intended_at)),
        (text("ca.show.revoked_at"), beijing_text(revocation.at if revocation else None)),
        (text("ca.show.reason"), revocation.reason.name.lower() if revocation else None),
        (text("ca.show.invalid_since"), beijing_text(revocation.invalidity_date if revocation else None)),
    ]


def _record(authority: "CertificateAuthority", serial: str) -> "CertificateRecord":
    from api.serial_input import read_serial

    try:
        return authority.record(read_serial(serial))
    except ValueError:
        raise CommandError("ca.show.not_a_serial", value=shown(serial)) from None
