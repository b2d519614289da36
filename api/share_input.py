"""Shares on the command line: ``--share FILE`` asks for the passphrase, ``--share FILE=FILE`` reads it."""

import argparse
from typing import TYPE_CHECKING

from api.arguments import ArgumentParser
from api.files import read_file
from api.messages import Messages
from api.output import Output
from api.secret_sources import named_secret

if TYPE_CHECKING:
    from hsm_sim.custody.shares import ShareCredential


def add_shares(parser: ArgumentParser, text: Messages, *, required: bool = True) -> None:
    """Add ``--share``."""
    parser.add_argument(
        "--share",
        metavar="FILE[=FILE]",
        action="append",
        required=required,
        default=None if required else [],
        help=text("secrets.share"),
    )


def shares_of(arguments: argparse.Namespace, text: Messages, out: Output) -> "tuple[ShareCredential, ...]":
    """Read the share files and their passphrases."""
    from hsm_sim.custody.shares import MAX_SHARE_FILE, ShareCredential

    found = []
    for each in arguments.share:
        path, passphrase = named_secret(each, text, out, "secrets.passphrase")
        found.append(ShareCredential(read_file(path, most=MAX_SHARE_FILE), passphrase))
    return tuple(found)
