"""Behind the registration desk's counter: approve, reject, withdraw, finish; revoke, hold and supersede pairs."""

import argparse
from typing import TYPE_CHECKING, Any

from api.applicant_input import add_application, application_of
from api.arguments import add_command
from api.authority_access import actor_of, add_actor, add_directory, add_key
from api.commands.ca.revoking import REASONS, add_revocation
from api.failures import ExitStatus
from api.messages import Messages
from api.output import Output, shown
from api.registration_access import counter, issuing_desk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ca.model import CertificateRecord
    from ca.registration.issuing import IssuedPair


def add_request_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    for name, handler in (("approve", _approve), ("finish", _finish)):
        parser = add_command(group, text, name, f"ca.request.{name}")
        add_application(parser, text, required=name == "approve")
        add_directory(parser, text)
        add_actor(parser, text)
        add_key(parser, text)
        parser.set_defaults(handler=handler)

    for name, handler in (("reject", _reject), ("withdraw", _withdraw), ("give-up", _give_up)):
        parser = add_command(group, text, name, f"ca.request.{name.replace('-', '_')}")
        add_application(parser, text)
        add_directory(parser, text)
        parser.add_argument("--reason", metavar="TEXT", required=True, help=text("ca.request.reason"))
        add_actor(parser, text)
        parser.set_defaults(handler=handler)

    revoke = add_command(group, text, "revoke", "ca.request.revoke")
    add_application(revoke, text)
    add_directory(revoke, text)
    add_revocation(revoke, text)
    add_actor(revoke, text)
    revoke.set_defaults(handler=_revoke)

    for name, handler in (("suspend", _suspend), ("resume", _resume)):
        parser = add_command(group, text, name, f"ca.request.{name}")
        add_application(parser, text)
        add_directory(parser, text)
        add_actor(parser, text)
        parser.set_defaults(handler=handler)

    audit = add_command(group, text, "audit", "ca.request.audit")
    add_directory(audit, text)
    audit.set_defaults(handler=_audit)

    supersede = add_command(group, text, "supersede", "ca.request.supersede")
    add_directory(supersede, text)
    add_actor(supersede, text)
    supersede.set_defaults(handler=_supersede)


def _approve(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with issuing_desk(arguments, text, out) as desk:
        issued = desk.approve(application_of(arguments), reviewer=actor_of(arguments))
    _tell_issued(issued, text, out)
    return ExitStatus.PASSED


def _finish(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with issuing_desk(arguments, text, out) as desk:
        if arguments.application is not None:
            _tell_issued(desk.finish(application_of(arguments), actor=actor_of(arguments)), text, out)
            return ExitStatus.PASSED
        finished = desk.recover(actor=actor_of(arguments))
    for issued in finished.issued:
        _tell_issued(issued, text, out)
    for number, code in finished.refused:
        out.note(text("ca.request.finish.refused", id=number, code=code))
    out.note(text("ca.request.finish.done", count=len(finished.issued)))
    return ExitStatus.FAILED if finished.refused else ExitStatus.PASSED


def _tell_issued(issued: "IssuedPair", text: Messages, out: Output) -> None:
    for kind, certificate in (("signing", issued.signing), ("encryption", issued.encryption)):
        if certificate is not None:
            out.line(text(f"ca.request.approve.{kind}", serial=f"{certificate.serial_number:040x}"))


def _reject(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with counter(arguments) as desk:
        desk.reject(application_of(arguments), reviewer=actor_of(arguments), reason=arguments.reason)
    out.line(text("ca.request.reject.done"))
    return ExitStatus.PASSED


def _withdraw(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with counter(arguments) as desk:
        desk.withdraw(application_of(arguments), clerk=actor_of(arguments), reason=arguments.reason)
    out.line(text("ca.request.withdraw.done"))
    return ExitStatus.PASSED


def _give_up(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with counter(arguments) as desk:
        desk.give_up(application_of(arguments), actor=actor_of(arguments), reason=arguments.reason)
    out.line(text("ca.request.give_up.done"))
    return ExitStatus.PASSED


def _revoke(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from formats.gbt20518 import RevocationReason

    with counter(arguments) as desk:
        records = desk.pairs.revoke(
            application_of(arguments),
            RevocationReason[REASONS[arguments.reason]],
            actor=actor_of(arguments),
            invalidity_date=arguments.invalid_since,
        )
    return _tell_states(records, text, out)


def _suspend(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with counter(arguments) as desk:
        records = desk.pairs.suspend(application_of(arguments), actor=actor_of(arguments))
    return _tell_states(records, text, out)


def _resume(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with counter(arguments) as desk:
        records = desk.pairs.resume(application_of(arguments), actor=actor_of(arguments))
    return _tell_states(records, text, out)


def _tell_states(records: "Sequence[CertificateRecord]", text: Messages, out: Output) -> int:
    out.table([(str(record.serial), text(f"ca.states.{record.state}")) for record in records])
    out.note(text("ca.publish_next"))
    return ExitStatus.PASSED


def _supersede(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with counter(arguments) as desk:
        done = desk.pairs.supersede_due(actor=actor_of(arguments))
    for renewal in done:
        out.line(text("ca.request.supersede.one", serial=renewal.application.replaces, id=renewal.id))
    if not done:
        out.line(text("ca.request.supersede.none"))
    else:
        out.note(text("ca.publish_next"))
    return ExitStatus.PASSED


def _audit(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with counter(arguments) as desk:
        report = desk.audit()
    if report.first_break is not None:
        out.line(text("ca.request.audit.broken", number=report.first_break + 1))
    for contradiction in report.contradictions:
        out.line(shown(contradiction))
    if report.is_clean:
        out.line(text("ca.request.audit.clean", count=report.applications))
    return ExitStatus.PASSED if report.is_clean else ExitStatus.FAILED
