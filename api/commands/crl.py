"""``xinyin crl``: looking at revocation lists."""

import argparse
from typing import Any, Final

from api.arguments import add_command, add_group
from api.failures import ExitStatus
from api.messages import Messages
from api.output import Output

_FIRST: Final = 20


def add_parser(subparsers: Any, text: Messages) -> None:
    """Add the command."""
    group = add_group(add_command(subparsers, text, "crl", "crl"), text, "crl_command")
    show = add_command(group, text, "show", "crl.show")
    show.add_argument("file", metavar="FILE", help=text("crl.show.file"))
    show.add_argument("--all", action="store_true", help=text("crl.show.all"))
    show.add_argument("--json", action="store_true", help=text("arguments.json"))


def run(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    """Print a revocation list."""
    from api import crl_view as view
    from api.certificate_input import read_revocation_list

    crl = read_revocation_list(arguments.file)
    if arguments.json:
        out.json(view.as_data(crl))
    else:
        view.show(crl, text, out, most=None if arguments.all else _FIRST)
    return ExitStatus.PASSED
