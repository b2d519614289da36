"""``xinyin hsm``: the simulated key store, from the first start to the audit log."""

import argparse
from typing import Any

from api.arguments import add_command, add_group
from api.ceremony.commands import add_ceremony
from api.commands.hsm import custody, device, duties, faults, keys, log, officers, states, stops, wrapping
from api.messages import Messages
from api.output import Output


def add_parser(subparsers: Any, text: Messages) -> None:
    """Add the command."""
    group = add_group(add_command(subparsers, text, "hsm", "hsm"), text, "hsm_command")
    device.add_parsers(group, text)
    keys.add_parsers(group, text)
    officers.add_parsers(group, text)
    faults.add_parsers(group, text)
    stops.add_parsers(group, text)
    for part in (duties, states, custody, log, wrapping):
        part.add_parsers(group, text)
    add_ceremony(group, text, authority=False)


def run(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    """Carry one of the commands out."""
    return int(arguments.handler(arguments, text, out))
