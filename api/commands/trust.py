"""``xinyin trust``: looking at trust lists."""

import argparse
from typing import Any

from api import moments
from api.arguments import add_command, add_group, checked
from api.failures import ExitStatus
from api.messages import Messages
from api.output import Output


def add_parser(subparsers: Any, text: Messages) -> None:
    """Add the command."""
    group = add_group(add_command(subparsers, text, "trust", "trust"), text, "trust_command")
    show = add_command(group, text, "show", "trust.show")
    show.add_argument("list", metavar="LIST", help=text("trust.show.list"))
    show.add_argument("--trust-root", metavar="CERT", help=text("trust.show.root"))
    show.add_argument(
        "--at",
        metavar="TIME",
        type=checked(moments.read_moment, text, "arguments.not_a_moment"),
        help=text("trust.show.at"),
    )
    show.add_argument("--json", action="store_true", help=text("arguments.json"))


def run(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    """Print a trust list whose signature holds."""
    from api import trust_view as view
    from api.trust_input import read_trust_list

    at = arguments.at or moments.now()
    given = read_trust_list(arguments.list, root=arguments.trust_root, at=at)
    if arguments.json:
        out.json(view.as_data(given))
    else:
        view.show(given, at, text, out)
    return ExitStatus.PASSED
