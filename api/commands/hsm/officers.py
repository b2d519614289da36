"""Officers of the key store: enrolling, taking away, unlocking, new secrets."""

import argparse
from typing import Any, Final

from api.arguments import add_command
from api.failures import ExitStatus
from api.key_store_access import add_key_store, add_officer, officer_session
from api.messages import Messages
from api.output import Output, shown
from api.secret_sources import NEW_OFFICER_SECRET

_ROLES: Final = ("administrator", "operator", "auditor")


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    for name, handler, about_another in (
        ("add-officer", _add_officer, True),
        ("remove-officer", _remove_officer, True),
        ("unlock-officer", _unlock_officer, True),
        ("change-secret", _change_secret, False),
    ):
        parser = add_command(group, text, name, f"hsm.{name.replace('-', '_')}")
        if about_another:
            parser.add_argument("name", metavar="NAME", help=text("hsm.other_officer"))
        add_key_store(parser, text)
        add_officer(parser, text)
        if handler in (_add_officer, _change_secret):
            NEW_OFFICER_SECRET.add_to(parser, text)
        if handler is _add_officer:
            parser.add_argument("--role", choices=_ROLES, default=_ROLES[0], help=text("hsm.add_officer.role"))
        parser.set_defaults(handler=handler)


def _add_officer(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from hsm_sim import OfficerCredential
    from hsm_sim.roles import Role

    secret = NEW_OFFICER_SECRET.read(arguments.new_secret_file, text, out)
    with officer_session(arguments, text, out) as session:
        session.add_officer(OfficerCredential(arguments.name, secret), Role[arguments.role.upper()])
    out.line(text("hsm.add_officer.done", name=shown(arguments.name)))
    return ExitStatus.PASSED


def _remove_officer(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with officer_session(arguments, text, out) as session:
        session.remove_officer(arguments.name)
    out.line(text("hsm.remove_officer.done", name=shown(arguments.name)))
    return ExitStatus.PASSED


def _unlock_officer(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with officer_session(arguments, text, out) as session:
        session.unlock_officer(arguments.name)
    out.line(text("hsm.unlock_officer.done", name=shown(arguments.name)))
    return ExitStatus.PASSED


def _change_secret(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    secret = NEW_OFFICER_SECRET.read(arguments.new_secret_file, text, out)
    with officer_session(arguments, text, out) as session:
        session.change_secret(secret)
    out.line(text("hsm.change_secret.done"))
    return ExitStatus.PASSED
