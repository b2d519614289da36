"""``xinyin kmc``: the key management centre that escrows encryption keys, apart from the authority."""

import argparse
from typing import Any

from api.arguments import add_command, add_group
from api.commands.kmc import centre, recovering
from api.messages import Messages
from api.output import Output


def add_parser(subparsers: Any, text: Messages) -> None:
    """Add the command."""
    group = add_group(add_command(subparsers, text, "kmc", "kmc"), text, "kmc_command")
    centre.add_parsers(group, text)
    recovering.add_parsers(group, text)


def run(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    """Carry one of the commands out."""
    return int(arguments.handler(arguments, text, out))
