"""Wrapping keys, under which pairs are kept outside the key store: listing, making, retiring."""

import argparse
from typing import Any, Final

from api.arguments import add_command, add_group, checked, whole_number
from api.commands.hsm.device import moment_of
from api.failures import CommandError, ExitStatus
from api.key_store_access import add_key_store, add_officer, key_store, officer_of, officer_session
from api.messages import Messages
from api.moments import beijing_text, utc_text
from api.output import Output

_MOST: Final = 2**32 - 1


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    wrapping = add_group(add_command(group, text, "wrapping", "hsm.wrapping"), text, "wrapping_command")
    listing = add_command(wrapping, text, "list", "hsm.wrapping.list")
    listing.add_argument("--json", action="store_true", help=text("arguments.json"))
    listing.set_defaults(handler=_list)
    enable = add_command(wrapping, text, "enable", "hsm.wrapping.enable")
    enable.set_defaults(handler=_enable)
    retire = add_command(wrapping, text, "retire", "hsm.wrapping.retire")
    number = checked(whole_number(1, _MOST), text, "arguments.not_a_number")
    retire.add_argument("number", metavar="NUMBER", type=number, help=text("hsm.wrapping.number"))
    retire.add_argument("--force", action="store_true", help=text("hsm.wrapping.retire.force"))
    retire.set_defaults(handler=_retire)
    for parser in (listing, enable, retire):
        add_key_store(parser, text)
        add_officer(parser, text, second=parser is not listing)


def _list(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    officer = officer_of(arguments, text, out)
    with key_store(arguments) as client, client.officer(officer) as session:
        found = session.wrapping_keys()
    if arguments.json:
        out.json(
            [
                {
                    "number": each.number,
                    "identifier": each.wrapping_id.hex(),
                    "created": utc_text(moment_of(each.created)),
                    "made": each.made,
                    "uses": each.uses,
                }
                for each in found
            ]
        )
    elif not found:
        out.line(text("hsm.wrapping.list.none"))
    else:
        titles = tuple(text(f"hsm.wrapping.list.{name}") for name in ("number", "created", "made", "uses"))
        rows = [(each.number, beijing_text(moment_of(each.created)), each.made, each.uses) for each in found]
        out.table([titles, *rows])
    return ExitStatus.PASSED


def _enable(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with officer_session(arguments, text, out) as session:
        made = session.enable_wrapping()
    out.line(text("hsm.wrapping.enable.done", number=made.number))
    return ExitStatus.PASSED


def _retire(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    if not arguments.force:
        raise CommandError("hsm.wrapping.retire.asked", number=arguments.number)
    with officer_session(arguments, text, out) as session:
        session.retire_wrapping(arguments.number)
    out.line(text("hsm.wrapping.retire.done", number=arguments.number))
    return ExitStatus.PASSED
