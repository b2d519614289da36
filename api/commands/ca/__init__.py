"""``xinyin ca``: one certification authority in a folder, its key in the key store."""

import argparse
from typing import Any

from api.arguments import add_command, add_group
from api.ceremony.commands import add_ceremony
from api.commands.ca import (
    auditing,
    creating,
    enrolment,
    generations,
    issuing,
    lists,
    profiling,
    record,
    requesting,
    reviewing,
    revoking,
    serving,
    status,
    time_stamping,
)
from api.messages import Messages
from api.output import Output


def add_parser(subparsers: Any, text: Messages) -> None:
    """Add the command."""
    group = add_group(add_command(subparsers, text, "ca", "ca"), text, "ca_command")
    for part in (
        creating,
        issuing,
        revoking,
        lists,
        generations,
        record,
        auditing,
        status,
        time_stamping,
        enrolment,
        serving,
        requesting,
        profiling,
    ):
        part.add_parsers(group, text)
    request = add_group(add_command(group, text, "request", "ca.request"), text, "ca_request_command")
    for desk in (requesting, reviewing):
        desk.add_request_parsers(request, text)
    add_ceremony(group, text, authority=True)


def run(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    """Carry one of the commands out."""
    return int(arguments.handler(arguments, text, out))
