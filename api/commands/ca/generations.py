"""A new key for an authority, and certificates for authorities of other hierarchies."""

import argparse
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from api import moments
from api.arguments import add_command, add_group, checked, whole_number
from api.authority_access import (
    actor_of,
    add_actor,
    add_directory,
    add_key,
    signing_authority,
    unsigning_authority,
)
from api.failures import CommandError, ExitStatus
from api.files import deliver, keep_existing
from api.messages import Messages
from api.output import Output, shown
from api.subject_input import read_subject

_DAYS: Final = 1095
_MOST_DAYS: Final = 36_525
_LINKS: Final = ("new-with-old.cer", "old-with-new.cer")


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    rollover = add_group(add_command(group, text, "rollover", "ca.rollover"), text, "rollover_command")
    for name, handler in (("plan", _plan), ("run", _run)):
        parser = add_command(rollover, text, name, f"ca.rollover.{name}")
        add_directory(parser, text)
        parser.add_argument("--successor", metavar="DIR", required=True, help=text("ca.rollover.successor"))
        parser.set_defaults(handler=handler)
        if name == "run":
            parser.add_argument("--to", metavar="DIR", required=True, help=text("ca.rollover.to"))
            parser.add_argument(
                "--successor-pin-file", metavar="FILE", help=text("ca.rollover.successor_pin_file")
            )
            add_actor(parser, text)
            add_key(parser, text)

    cross = add_group(add_command(group, text, "cross", "ca.cross"), text, "cross_command")
    issue = add_command(cross, text, "issue", "ca.cross.issue")
    add_directory(issue, text)
    issue.add_argument("--certificate", metavar="FILE", required=True, help=text("ca.cross.issue.certificate"))
    issue.add_argument(
        "--permitted",
        metavar="NAME",
        action="append",
        required=True,
        type=checked(read_subject, text, "arguments.not_a_subject"),
        help=text("ca.cross.issue.permitted"),
    )
    length = checked(whole_number(0, 10), text, "arguments.not_a_number")
    issue.add_argument(
        "--path-length", metavar="N", type=length, default=0, help=text("ca.cross.issue.path_length")
    )
    issue.add_argument("--policy", metavar="OID", action="append", default=[], help=text("ca.cross.issue.policy"))
    days = checked(whole_number(1, _MOST_DAYS), text, "arguments.not_a_number")
    issue.add_argument("--days", metavar="N", type=days, default=_DAYS, help=text("ca.cross.issue.days"))
    issue.add_argument("--request-key", metavar="KEY", required=True, help=text("ca.cross.issue.request_key"))
    issue.add_argument("--issued-to-us", metavar="FILE", help=text("ca.cross.issue.issued_to_us"))
    issue.add_argument("--pair", metavar="FILE", help=text("ca.cross.issue.pair"))
    issue.add_argument("-o", "--output", metavar="FILE", default="-", help=text("arguments.output"))
    add_actor(issue, text)
    add_key(issue, text)
    issue.set_defaults(handler=_cross)


def _plan(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from ca.roll_over import check_generations

    with ExitStack() as stack:
        old = stack.enter_context(unsigning_authority(arguments))
        new = stack.enter_context(unsigning_authority(_of_successor(arguments)))
        check_generations(old, new)
        out.facts(
            [
                (text("ca.rollover.name"), old.certificate.subject),
                (text("ca.rollover.old_key"), old.authority),
                (text("ca.rollover.new_key"), new.authority),
                (text("ca.rollover.links"), ", ".join(_LINKS)),
                (text("ca.rollover.lists_until"), moments.beijing_text(old.certificate.validity.not_after)),
            ]
        )
    out.note(text("ca.rollover.plan.next"))
    return ExitStatus.PASSED


def _run(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from ca.roll_over import roll_over

    folder = Path(arguments.to)
    with ExitStack() as stack:
        old = stack.enter_context(signing_authority(arguments, text, out))
        new = stack.enter_context(signing_authority(_of_successor(arguments), text, out))
        links = roll_over(old, new, actor=actor_of(arguments))
    folder.mkdir(parents=True, exist_ok=True)
    for name, certificate in zip(_LINKS, (links.new_with_old, links.old_with_new), strict=True):
        deliver(str(folder / name), certificate.encoded, out, replace=True)
    out.line(text("ca.rollover.run.done", directory=shown(folder)))
    return ExitStatus.PASSED


def _of_successor(arguments: argparse.Namespace) -> argparse.Namespace:
    changes = {"directory": arguments.successor}
    if getattr(arguments, "successor_pin_file", None) is not None:
        changes["pin_file"] = arguments.successor_pin_file
    return argparse.Namespace(**{**vars(arguments), **changes})


def _cross(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api.certificate_input import read_certificates
    from ca.model import AuthorityBounds, IssuanceRequest, Possession
    from formats.gbt20518 import Validity, to_pem
    from formats.gbt20518.certificate_pair import CertificatePair

    for path in (arguments.output, *([arguments.pair] if arguments.pair else ())):
        keep_existing(path, replace=False)
    theirs = read_certificates(arguments.certificate)[0]
    if theirs.public_key is None or not theirs.is_ca:
        raise CommandError("ca.cross.issue.no_authority", file=shown(arguments.certificate))
    to_us = read_certificates(arguments.issued_to_us)[0] if arguments.issued_to_us else None
    start = max(moments.now(), theirs.validity.not_before)
    end = min(start + timedelta(days=arguments.days), theirs.validity.not_after)
    request = IssuanceRequest(
        key=arguments.request_key,
        profile="cross",
        subject=theirs.subject,
        public_key=theirs.public_key,
        validity=Validity(start, end),
        possession=Possession.VOUCHED,
        bounds=AuthorityBounds(arguments.path_length, tuple(arguments.permitted), tuple(arguments.policy)),
    )
    with signing_authority(arguments, text, out) as authority:
        certificate = authority.issue_cross(request, actor=actor_of(arguments))
    if arguments.pair:
        try:
            pair = CertificatePair(to_us, certificate)
        except ValueError as error:
            raise CommandError("ca.cross.issue.no_pair", file=shown(arguments.issued_to_us)) from error
        deliver(arguments.pair, pair.encode(), out, replace=False)
    out.note(text("ca.issue.done", serial=f"{certificate.serial_number:040x}", subject=shown(certificate.subject)))
    deliver(
        arguments.output, to_pem(certificate.encoded, "CERTIFICATE").encode(), out, replace=False, printable=True
    )
    return ExitStatus.PASSED
