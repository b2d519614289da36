"""Duties of officers: who there is, what waits for a second administrator, and the policy."""

import argparse
from dataclasses import replace
from typing import Any

from api.arguments import add_command, checked, whole_number
from api.commands.hsm.device import moment_of
from api.failures import CommandError, ExitStatus
from api.key_store_access import add_key_store, add_officer, officer_session
from api.messages import Messages
from api.moments import beijing_text
from api.output import Output


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    for name, handler in (
        ("officers", _officers),
        ("acts", _acts),
        ("confirm", _confirm),
        ("withdraw", _withdraw),
        ("policy", _policy),
    ):
        parser = add_command(group, text, name, f"hsm.{name}")
        add_key_store(parser, text)
        add_officer(parser, text)
        parser.set_defaults(handler=handler)
        if name in ("confirm", "withdraw"):
            number = checked(whole_number(1, 2**63 - 1), text, "arguments.not_a_number")
            parser.add_argument("act", metavar="N", type=number, help=text("hsm.acts.number"))
        if name == "confirm":
            parser.add_argument("digest", metavar="DIGEST", help=text("hsm.acts.digest"))
        if name == "policy":
            parser.add_argument("control", choices=("single", "dual"), help=text("hsm.policy.control"))


def _officers(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with officer_session(arguments, text, out) as session:
        found = session.officers()
    out.table(
        [(each.name, text(f"hsm.role.{each.role.name.lower()}"), each.tries_left) for each in found.officers]
    )
    out.line(text(f"hsm.control.{found.policy.control.name.lower()}"))
    return ExitStatus.PASSED


def _acts(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with officer_session(arguments, text, out) as session:
        acts = session.pending_acts()
    if not acts:
        out.line(text("hsm.acts.none"))
    for each in acts:
        out.facts(
            [
                (text("hsm.acts.number"), each.number),
                (text("hsm.acts.digest"), each.digest.hex()),
                (text("hsm.acts.summary"), each.summary),
                (text("hsm.acts.proposer"), each.proposer),
                (text("hsm.acts.expires"), beijing_text(moment_of(each.expires))),
            ]
        )
    return ExitStatus.PASSED


def _confirm(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    try:
        digest = bytes.fromhex(arguments.digest)
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise CommandError("hsm.acts.no_digest")
    with officer_session(arguments, text, out) as session:
        session.confirm(arguments.act, digest)
    out.line(text("hsm.confirm.done", number=arguments.act))
    return ExitStatus.PASSED


def _withdraw(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with officer_session(arguments, text, out) as session:
        session.withdraw(arguments.act)
    out.line(text("hsm.withdraw.done", number=arguments.act))
    return ExitStatus.PASSED


def _policy(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from hsm_sim.roles import Control

    control = Control[arguments.control.upper()]
    with officer_session(arguments, text, out) as session:
        session.change_policy(replace(session.officers().policy, control=control))
    out.line(text(f"hsm.control.{arguments.control}"))
    return ExitStatus.PASSED
