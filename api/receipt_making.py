"""Receipts of ``xinyin verify``: which key signs them, and where they go."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from api import moments
from api.arguments import ArgumentParser, checked, whole_number
from api.failures import CommandError
from api.files import deliver, keep_existing
from api.key_store_access import MOST_INDEX, add_key_store, key_signer
from api.messages import Messages
from api.output import Output
from api.secret_sources import KEY_PIN
from api.software import installed_version

if TYPE_CHECKING:
    from crypto import Signer
    from formats.gbt20518 import Certificate
    from verifier import Report

_UNKNOWN_VERSION: Final = "unknown"


class ReceiptMaker:
    """Makes the receipt of one document.

    Args:
        path: Where it goes.
        signer: Holds the key of the first certificate.
        certificates: The signer's, then those above it.
        replace: Whether a file of this name may go.
    """

    def __init__(self, path: str, signer: "Signer", certificates: "list[Certificate]", *, replace: bool) -> None:
        self._path = path
        self._signer = signer
        self._certificates = certificates
        self._replace = replace

    def make(self, document: bytes, report: "Report", out: Output) -> None:
        """Sign and write the receipt.

        Raises:
            CommandError: The moment judged at lies ahead, or the receipt cannot be written.
            KeyStoreError: The key store failed.
        """
        from verifier.receipt import receipt_of, sign_receipt

        now = moments.now().replace(microsecond=0)
        if report.at > now:
            raise CommandError("verify.receipt_ahead")
        version = installed_version() or _UNKNOWN_VERSION
        receipt = receipt_of(document, report, issued_at=now, software_version=version)
        data = sign_receipt(receipt, self._signer, self._certificates)
        deliver(self._path, data, out, replace=self._replace, printable=True)


def add_receipt_arguments(parser: ArgumentParser, text: Messages) -> None:
    """Add what a receipt needs: its file, key and certificate, and how to reach the key."""
    parser.add_argument("--receipt", metavar="OUT", help=text("verify.receipt"))
    parser.add_argument(
        "--receipt-key",
        metavar="N",
        type=checked(whole_number(1, MOST_INDEX), text, "arguments.not_a_number"),
        help=text("verify.receipt_key"),
    )
    parser.add_argument("--receipt-certificate", metavar="CERT", help=text("verify.receipt_certificate"))
    add_key_store(parser, text)
    KEY_PIN.add_to(parser, text)
    parser.add_argument("--force", action="store_true", help=text("arguments.force"))


@contextmanager
def receipt_maker(arguments: argparse.Namespace, text: Messages, out: Output) -> "Iterator[ReceiptMaker | None]":
    """The maker of the receipt asked for; None if none is.

    Raises:
        CommandError: A part is missing, there are several documents, or the certificate is for another key.
        KeyStoreError: The key store does not answer or refuses.
    """
    parts = (arguments.receipt, arguments.receipt_key, arguments.receipt_certificate)
    if not any(parts):
        yield None
        return
    if not all(parts):
        raise CommandError("verify.receipt_incomplete")
    if len(arguments.files) != 1:
        raise CommandError("verify.receipt_of_one")
    if arguments.receipt == "-":
        raise CommandError("verify.receipt_to_file")
    from api.certificate_input import read_certificates

    keep_existing(arguments.receipt, replace=arguments.force)
    certificates = read_certificates(arguments.receipt_certificate)
    with key_signer(arguments, arguments.receipt_key, text, out) as signer:
        if certificates[0].public_key != signer.public_key:
            raise CommandError("verify.receipt_other_key")
        yield ReceiptMaker(arguments.receipt, signer, certificates, replace=arguments.force)
