"""At the registration desk's counter: set it up, take applications and renewals, look at them, fetch answers."""

import argparse
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from api import moments
from api.applicant_input import (
    add_application,
    add_names,
    application_of,
    names_of,
    numbers_from,
    request_octets,
    submission_key,
)
from api.arguments import ArgumentParser, add_command, checked, whole_number
from api.authority_access import actor_of, add_actor, add_directory, unsigning_authority
from api.failures import ExitStatus
from api.files import deliver, keep_existing
from api.messages import Messages
from api.moments import beijing_text, utc_text
from api.output import Output
from api.registration_access import counter
from api.serial_input import add_serial
from api.subject_input import read_subject

if TYPE_CHECKING:
    from ca.registration.model import ApplicationRecord

_DAYS: Final = 365
_MOST_DAYS: Final = 36_525
_MOST_WAITING: Final = 366
_STATES: Final = ("applied", "rejected", "withdrawn", "approved", "issued", "given-up")
_ROLES: Final = ("clerk", "reviewer", "auditor")
_PAGE: Final = 1000


def add_parsers(group: Any, text: Messages) -> None:
    """Add ``renew``; the commands below ``request`` are added by ``add_request_parsers``."""
    renew = add_command(group, text, "renew", "ca.renew")
    add_serial(renew, text)
    add_directory(renew, text)
    _add_common(renew, text)
    renew.add_argument(
        "--overlap-days",
        metavar="N",
        type=checked(whole_number(0, _MOST_DAYS), text, "arguments.not_a_number"),
        help=text("ca.renew.overlap_days"),
    )
    add_actor(renew, text)
    renew.set_defaults(handler=_renew)


def add_request_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    set_up = add_command(group, text, "set-up", "ca.request.set_up")
    add_directory(set_up, text)
    set_up.add_argument(
        "--waiting-days",
        metavar="N",
        type=checked(whole_number(1, _MOST_WAITING), text, "arguments.not_a_number"),
        default=30,
        help=text("ca.request.set_up.waiting_days"),
    )
    set_up.add_argument("--hash-numbers", action="store_true", help=text("ca.request.set_up.hash_numbers"))
    set_up.add_argument("--register", metavar="URL", help=text("ca.request.set_up.register"))
    set_up.add_argument("--centre", metavar="DIR", help=text("ca.request.set_up.centre"))
    set_up.add_argument("--centre-pin-file", metavar="FILE", help=text("ca.request.set_up.centre_pin_file"))
    set_up.add_argument("--centre-key-store", metavar="SOCKET", help=text("ca.request.set_up.centre_key_store"))
    set_up.set_defaults(handler=_set_up)

    operator = add_command(group, text, "operator", "ca.request.operator")
    operator.add_argument("name", metavar="NAME", help=text("ca.request.operator.name"))
    add_directory(operator, text)
    what = operator.add_mutually_exclusive_group(required=True)
    what.add_argument("--role", choices=_ROLES, help=text("ca.request.operator.role"))
    what.add_argument("--remove", action="store_true", help=text("ca.request.operator.remove"))
    operator.set_defaults(handler=_operator)

    submit = add_command(group, text, "submit", "ca.request.submit")
    add_directory(submit, text)
    submit.add_argument("--profile", metavar="NAME", required=True, help=text("ca.request.submit.profile"))
    _add_common(submit, text)
    submit.add_argument(
        "--subject",
        metavar="NAME",
        type=checked(read_subject, text, "arguments.not_a_subject"),
        help=text("ca.issue.subject"),
    )
    submit.add_argument("--credit-code", metavar="CODE", help=text("ca.issue.credit_code"))
    add_names(submit, text)
    submit.add_argument("--numbers", metavar="FILE", help=text("ca.request.submit.numbers"))
    add_actor(submit, text)
    submit.set_defaults(handler=_submit)

    listing = add_command(group, text, "list", "ca.request.list")
    add_directory(listing, text)
    listing.add_argument("--state", choices=_STATES, help=text("ca.request.list.state"))
    listing.add_argument("--json", action="store_true", help=text("arguments.json"))
    listing.set_defaults(handler=_list)

    show = add_command(group, text, "show", "ca.request.show")
    add_application(show, text)
    add_directory(show, text)
    show.add_argument("--json", action="store_true", help=text("arguments.json"))
    show.set_defaults(handler=_show)

    fetch = add_command(group, text, "fetch", "ca.request.fetch")
    add_application(fetch, text)
    add_directory(fetch, text)
    fetch.add_argument("--pem", action="store_true", help=text("ca.request.fetch.pem"))
    fetch.add_argument("-o", "--output", metavar="FILE", default="-", help=text("arguments.output"))
    fetch.add_argument("--force", action="store_true", help=text("arguments.force"))
    fetch.set_defaults(handler=_fetch)


def _add_common(parser: ArgumentParser, text: Messages) -> None:
    parser.add_argument("--request", metavar="FILE", required=True, help=text("ca.request.submit.request"))
    parser.add_argument(
        "--days",
        metavar="N",
        type=checked(whole_number(1, _MOST_DAYS), text, "arguments.not_a_number"),
        default=_DAYS,
        help=text("ca.issue.days"),
    )
    parser.add_argument("--evidence", metavar="TEXT", default="", help=text("ca.request.submit.evidence"))
    parser.add_argument("--request-key", metavar="KEY", help=text("ca.request.submit.request_key"))


def _set_up(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api.authority_folder import read_authority, record_address
    from api.failures import CommandError
    from api.registration_folder import FILE, CentreAccess, RegistrationFile, write_registration

    folder = Path(arguments.directory)
    read_authority(folder)
    if (arguments.centre is None) != (arguments.centre_pin_file is None):
        raise CommandError("ca.request.set_up.half_a_centre")
    centre = None
    if arguments.centre is not None:
        centre = CentreAccess(
            str(Path(arguments.centre).resolve()),
            str(Path(arguments.centre_pin_file).resolve()),
            arguments.centre_key_store,
        )
    file = RegistrationFile(
        waiting_days=arguments.waiting_days,
        hashes_numbers=arguments.hash_numbers,
        register=record_address(arguments.register) if arguments.register else None,
        centre=centre,
    )
    write_registration(folder, file, secrets.token_bytes)
    with counter(arguments):
        pass  # its register is there from the first day
    out.line(text("ca.request.set_up.done", file=FILE))
    return ExitStatus.PASSED


def _operator(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api.authority_folder import read_authority
    from api.operators import Role, read_operators, write_operators

    folder = Path(arguments.directory)
    read_authority(folder)
    operators = read_operators(folder)
    if arguments.remove:
        write_operators(folder, operators.without(arguments.name))
        out.line(text("ca.request.operator.removed"))
        return ExitStatus.PASSED
    operators, token = operators.with_operator(arguments.name, Role(arguments.role), secrets.token_bytes)
    write_operators(folder, operators)
    out.note(text("ca.request.operator.done"))
    out.line(token)
    return ExitStatus.PASSED


def _submit(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from ca.registration.intake import Submission

    request = request_octets(arguments.request)
    submission = Submission(
        key=submission_key(arguments, request),
        profile=arguments.profile,
        request=request,
        days=arguments.days,
        evidence=arguments.evidence,
        subject=arguments.subject,
        credit_code=arguments.credit_code,
        alternative_names=names_of(arguments),
        identity=numbers_from(arguments.numbers),
    )
    with counter(arguments) as desk:
        taken = desk.apply(submission, clerk=actor_of(arguments))
    return _tell_taken(taken, text, out)


def _renew(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from ca.registration.intake import RenewalSubmission

    request = request_octets(arguments.request)
    submission = RenewalSubmission(
        key=submission_key(arguments, request),
        replaces=arguments.serial,
        request=request,
        days=arguments.days,
        overlap_days=arguments.overlap_days,
        evidence=arguments.evidence,
    )
    with counter(arguments) as desk:
        taken = desk.renew(submission, clerk=actor_of(arguments))
    return _tell_taken(taken, text, out)


def _tell_taken(taken: "ApplicationRecord", text: Messages, out: Output) -> int:
    state = text(f"ca.request.states.{str(taken.state).replace('-', '_')}")
    out.note(text("ca.request.submit.done", state=state, until=beijing_text(taken.expires_at)))
    out.line(str(taken.id))
    return ExitStatus.PASSED


def _list(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from ca.registration.model import ApplicationState

    state = ApplicationState(arguments.state) if arguments.state else None
    rows: list[tuple[object, ...]] = []
    with counter(arguments) as desk:
        last = None
        while page := desk.applications(state=state, after=last, most=_PAGE):
            last = page[-1].id
            for each in page:
                if arguments.json:
                    out.json(_as_data(each), compact=True)
                else:
                    rows.append(_row(each, text))
    out.table(rows)
    if not rows and not arguments.json:
        out.line(text("ca.request.list.none"))
    return ExitStatus.PASSED


def _state_text(record: "ApplicationRecord", text: Messages) -> str:
    state = text(f"ca.request.states.{str(record.state).replace('-', '_')}")
    if record.is_expired(moments.now()):
        return text("ca.request.states.expired_too", state=state)
    return state


def _row(record: "ApplicationRecord", text: Messages) -> tuple[object, ...]:
    application = record.application
    return (
        record.id,
        _state_text(record, text),
        text(f"ca.request.kinds.{application.kind}"),
        application.profile,
        beijing_text(record.applied_at),
        application.subject,
    )


def _as_data(record: "ApplicationRecord") -> dict[str, Any]:
    application, decision, plan = record.application, record.decision, record.plan
    return {
        "id": str(record.id),
        "state": str(record.state),
        "is_expired": record.is_expired(moments.now()),
        "kind": str(application.kind),
        "profile": application.profile,
        "subject": str(application.subject),
        "days": application.days,
        "clerk": application.clerk,
        "evidence": application.evidence,
        "request_key": application.key,
        "names": [name.text for name in application.alternative_names],
        "numbers": [str(number.kind) for number in application.identity],
        "replaces": str(application.replaces) if application.replaces else None,
        "applied_at": utc_text(record.applied_at),
        "expires_at": utc_text(record.expires_at),
        "reviewer": decision.reviewer if decision else None,
        "decided_at": utc_text(decision.at) if decision else None,
        "reason": decision.reason if decision else None,
        "serials": [str(serial) for serial in plan.serials] if plan else [],
        "superseded_at": utc_text(record.superseded_at),
    }


def _show(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with counter(arguments) as desk:
        record = desk.record(application_of(arguments))
    if arguments.json:
        out.json(_as_data(record))
        return ExitStatus.PASSED
    application, decision, plan = record.application, record.decision, record.plan
    label = {name: text(f"ca.request.show.{name}") for name in _SHOWN}
    out.facts(
        [
            (label["state"], _state_text(record, text)),
            (label["kind"], text(f"ca.request.kinds.{application.kind}")),
            (label["profile"], application.profile),
            (label["subject"], str(application.subject)),
            (label["names"], [name.text for name in application.alternative_names]),
            (label["numbers"], [str(number.kind) for number in application.identity]),
            (label["days"], application.days),
            (label["evidence"], application.evidence),
            (label["clerk"], application.clerk),
            (label["applied_at"], beijing_text(record.applied_at)),
            (label["expires_at"], beijing_text(record.expires_at)),
            (label["reviewer"], decision.reviewer if decision else None),
            (label["decided_at"], beijing_text(decision.at if decision else None)),
            (label["reason"], decision.reason if decision else None),
            (label["replaces"], str(application.replaces) if application.replaces else None),
            (label["serials"], [str(serial) for serial in plan.serials] if plan else []),
        ]
    )
    return ExitStatus.PASSED


_SHOWN: Final = (
    "state",
    "kind",
    "profile",
    "subject",
    "names",
    "numbers",
    "days",
    "evidence",
    "clerk",
    "applied_at",
    "expires_at",
    "reviewer",
    "decided_at",
    "reason",
    "replaces",
    "serials",
)


def _fetch(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    del text
    from formats.gbt20518 import to_pem
    from formats.gmt0092 import read_csr_response

    keep_existing(arguments.output, replace=arguments.force)
    with counter(arguments) as desk:
        answer = desk.answer(application_of(arguments))
    if not arguments.pem:
        deliver(arguments.output, answer, out, replace=arguments.force)
        return ExitStatus.PASSED
    read = read_csr_response(answer)
    with unsigning_authority(arguments) as authority:
        chain = authority.chain
    certificates = (*read.signing_certificates, *read.encryption_certificates, *chain)
    pem = "".join(to_pem(each.encoded, "CERTIFICATE") for each in certificates)
    deliver(arguments.output, pem.encode(), out, replace=arguments.force, printable=True)
    return ExitStatus.PASSED
