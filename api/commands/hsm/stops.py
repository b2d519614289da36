"""Keys that were stopped since they signed wrongly: listing them, and letting one sign again."""

import argparse
import re
from pathlib import Path
from typing import Any, Final

from api import moments
from api.arguments import add_command, checked
from api.authority_access import actor_of, add_actor
from api.failures import ExitStatus
from api.messages import Messages
from api.moments import beijing_text, utc_text
from api.output import Output, shown

_LONGEST_WHY: Final = 1000


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    stopped = add_command(group, text, "stopped", "hsm.stopped")
    stopped.add_argument("--json", action="store_true", help=text("arguments.json"))
    stopped.set_defaults(handler=_stopped)
    lift = add_command(group, text, "lift-stop", "hsm.lift_stop")
    lift.add_argument(
        "key", metavar="KEY", type=checked(_name, text, "hsm.lift_stop.no_name"), help=text("hsm.lift_stop.key")
    )
    lift.add_argument(
        "--reason",
        metavar="TEXT",
        required=True,
        type=checked(_why, text, "hsm.lift_stop.no_reason"),
        help=text("hsm.lift_stop.reason"),
    )
    add_actor(lift, text)
    lift.set_defaults(handler=_lift)
    for parser in (stopped, lift):
        parser.add_argument("--directory", metavar="DIR", required=True, help=text("hsm.stopped.directory"))


def _name(value: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{16}", value):
        raise ValueError
    return value


def _why(value: str) -> str:
    if not value.strip() or len(value) > _LONGEST_WHY:
        raise ValueError
    return value.strip()


def _stopped(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api.stopped_keys import stops_in

    found = stops_in(Path(arguments.directory))
    if arguments.json:
        out.json([{"key": each.name, "at": utc_text(each.at), "reason": each.reason} for each in found])
    elif not found:
        out.line(text("hsm.stopped.none"))
    else:
        out.table([(each.name, beijing_text(each.at), each.reason) for each in found])
    return ExitStatus.PASSED


def _lift(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api.stopped_keys import lift

    lift(
        Path(arguments.directory),
        arguments.key,
        actor=actor_of(arguments),
        why=arguments.reason,
        at=moments.now(),
    )
    out.line(text("hsm.lift_stop.done", name=shown(arguments.key)))
    return ExitStatus.PASSED
