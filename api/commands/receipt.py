"""``xinyin receipt``: checking signed receipts of verifications."""

import argparse
from typing import Any

from api import moments
from api.arguments import add_command, add_group
from api.commands.verify import add_trust_arguments
from api.failures import reading
from api.files import MAX_DOCUMENT, read_file
from api.messages import Messages
from api.output import Output, shown


def add_parser(subparsers: Any, text: Messages) -> None:
    """Add the command."""
    group = add_group(add_command(subparsers, text, "receipt", "receipt"), text, "receipt_command")
    check = add_command(group, text, "check", "receipt.check")
    check.add_argument("receipt", metavar="RECEIPT", help=text("receipt.check.receipt"))
    check.add_argument("file", metavar="FILE", help=text("receipt.check.file"))
    add_trust_arguments(check, text)
    check.add_argument("--signer", metavar="CERT", help=text("receipt.check.signer"))
    check.add_argument("--json", action="store_true", help=text("arguments.json"))


def run(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    """Say whether a receipt is genuine, for this file, and by whom; the status is about the receipt."""
    from api import receipt_view as view
    from api.certificate_input import read_anchor, read_revocation_list, read_status_answer
    from api.trust_input import trust_of
    from api.verification_view import STATUSES
    from verifier.receipt import MAX_OCTETS
    from verifier.receipt_check import check_receipt

    at = arguments.at or moments.now()
    given = trust_of(arguments, at=at)
    signer = read_anchor(arguments.signer) if arguments.signer else None
    crls = [read_revocation_list(path) for path in arguments.crl]
    told = [read_status_answer(path) for path in arguments.ocsp]
    document = read_file(arguments.file, most=MAX_DOCUMENT)
    data = read_file(arguments.receipt, most=MAX_OCTETS)
    with reading(shown(arguments.receipt), "receipt"):
        check = check_receipt(
            data,
            document,
            given.trust if given else None,
            at=at,
            crls=crls,
            signer=signer,
            status_responses=told,
        )
    if arguments.json:
        out.json(view.as_data(arguments.receipt, arguments.file, check))
    else:
        view.show(arguments.receipt, check, text, out)
    return STATUSES[check.verdict]
