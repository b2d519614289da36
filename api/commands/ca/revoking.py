"""Revoking, suspending and resuming certificates, and the lists that tell of it."""

import argparse
from typing import Any, Final

from api import moments
from api.arguments import ArgumentParser, add_command, checked
from api.authority_access import (
    actor_of,
    add_actor,
    add_directory,
    unsigning_authority,
)
from api.failures import ExitStatus
from api.messages import Messages
from api.moments import beijing_text
from api.output import Output
from api.serial_input import add_serial

REASONS: Final = {
    "unspecified": "UNSPECIFIED",
    "key-compromise": "KEY_COMPROMISE",
    "ca-compromise": "CA_COMPROMISE",
    "affiliation-changed": "AFFILIATION_CHANGED",
    "superseded": "SUPERSEDED",
    "cessation-of-operation": "CESSATION_OF_OPERATION",
    "privilege-withdrawn": "PRIVILEGE_WITHDRAWN",
}
"""Reasons to revoke for, as typed, and their names."""


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    revoke = add_command(group, text, "revoke", "ca.revoke")
    add_serial(revoke, text)
    add_directory(revoke, text)
    add_revocation(revoke, text)
    add_actor(revoke, text)
    revoke.set_defaults(handler=_revoke)

    for name, handler in (("suspend", _suspend), ("resume", _resume)):
        parser = add_command(group, text, name, f"ca.{name}")
        add_serial(parser, text)
        add_directory(parser, text)
        add_actor(parser, text)
        parser.set_defaults(handler=handler)


def add_revocation(parser: ArgumentParser, text: Messages) -> None:
    """Add why, and since when the key is believed lost."""
    parser.add_argument("--reason", choices=tuple(REASONS), required=True, help=text("ca.revoke.reason"))
    parser.add_argument(
        "--invalid-since",
        metavar="TIME",
        type=checked(moments.read_moment, text, "arguments.not_a_moment"),
        help=text("ca.revoke.invalid_since"),
    )


def _revoke(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from formats.gbt20518 import RevocationReason

    with unsigning_authority(arguments) as authority:
        record = authority.revoke(
            arguments.serial,
            RevocationReason[REASONS[arguments.reason]],
            actor=actor_of(arguments),
            invalidity_date=arguments.invalid_since,
        )
    at = beijing_text(record.revocation.at if record.revocation else None)
    out.line(text("ca.revoke.done", serial=record.serial, at=at))
    out.note(text("ca.publish_next"))
    return ExitStatus.PASSED


def _suspend(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with unsigning_authority(arguments) as authority:
        record = authority.suspend(arguments.serial, actor=actor_of(arguments))
    out.line(text("ca.suspend.done", serial=record.serial))
    out.note(text("ca.publish_next"))
    return ExitStatus.PASSED


def _resume(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with unsigning_authority(arguments) as authority:
        record = authority.resume(arguments.serial, actor=actor_of(arguments))
    out.line(text("ca.resume.done", serial=record.serial))
    out.note(text("ca.publish_next"))
    return ExitStatus.PASSED
