"""``xinyin verify``: one verdict for each document, from ``verifier.Verifier``."""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from api import moments
from api.arguments import add_command, checked
from api.failures import CommandError, ExitStatus, reading
from api.files import MAX_DOCUMENT, read_file
from api.messages import Messages
from api.output import Output, shown
from api.receipt_making import ReceiptMaker, add_receipt_arguments, receipt_maker

if TYPE_CHECKING:
    from api.trust_input import GivenTrust
    from formats.gbt20518 import Crl
    from verifier import Report, Verifier

_WORST_FIRST: Final = (ExitStatus.UNUSABLE, ExitStatus.FAILED, ExitStatus.UNDETERMINED)


def add_parser(subparsers: Any, text: Messages) -> None:
    """Add the command."""
    parser = add_command(subparsers, text, "verify", "verify")
    parser.add_argument("files", nargs="+", metavar="FILE", help=text("verify.files"))
    add_trust_arguments(parser, text)
    add_receipt_arguments(parser, text)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help=text("arguments.json"))
    form.add_argument("--brief", action="store_true", help=text("verify.brief"))
    form.add_argument("--quiet", action="store_true", help=text("verify.quiet"))
    form.add_argument("--verbose", action="store_true", help=text("verify.verbose"))


def add_trust_arguments(parser: argparse.ArgumentParser, text: Messages) -> None:
    """Add what every document is held against: list, anchor, moment, revocation lists, responses."""
    parser.add_argument("--trust", metavar="LIST", help=text("verify.trust"))
    parser.add_argument("--trust-root", metavar="CERT", help=text("verify.trust_root"))
    parser.add_argument(
        "--at",
        metavar="TIME",
        type=checked(moments.read_moment, text, "arguments.not_a_moment"),
        help=text("verify.at"),
    )
    parser.add_argument("--crl", metavar="FILE", action="append", default=[], help=text("verify.crl"))
    parser.add_argument("--ocsp", metavar="FILE", action="append", default=[], help=text("verify.ocsp"))


@dataclass(frozen=True, slots=True)
class Question:
    """What every document is held against."""

    at: datetime
    given: "GivenTrust | None"
    verifier: "Verifier"
    crls: "tuple[Crl, ...]" = ()
    status_responses: tuple[bytes, ...] = ()


def run(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    """Judge every document and return the worst status."""
    question = question_of(arguments)
    if not (arguments.quiet or arguments.json):
        note_unpinned(question, text, out)
    spaced = not (arguments.json or arguments.brief or arguments.quiet)
    statuses: list[ExitStatus] = []
    with receipt_maker(arguments, text, out) as receipts:
        for file in arguments.files:
            if spaced and statuses:
                out.line()
            statuses.append(_answer(file, question, receipts, arguments, text, out))
    return worst(statuses)


def note_unpinned(question: Question, text: Messages, out: Output) -> None:
    """Say beside the result if the trust list is the caller's own choice."""
    given = question.given
    if given and not given.trust.facts.pinned:
        out.note(text("verify.unpinned", list=given.trust.facts.digest, signer=given.signer.digest().hex()))


def worst(statuses: Iterable[ExitStatus]) -> ExitStatus:
    """The status of several documents: unreadable, then failed, then undetermined; passed if all are."""
    found = set(statuses)
    return next((status for status in _WORST_FIRST if status in found), ExitStatus.PASSED)


def question_of(arguments: argparse.Namespace) -> Question:
    """What the arguments of ``add_trust_arguments`` ask to hold documents against."""
    from api.certificate_input import read_revocation_list, read_status_answer
    from api.trust_input import trust_of
    from verifier import Verifier

    at = arguments.at or moments.now()
    given = trust_of(arguments, at=at)
    crls = [read_revocation_list(path) for path in arguments.crl]
    told = tuple(read_status_answer(path) for path in arguments.ocsp)
    verifier = Verifier(given.trust if given else None, crls, status_responses=told)
    return Question(at, given, verifier, tuple(crls), told)


def _answer(
    file: str,
    question: Question,
    receipts: ReceiptMaker | None,
    arguments: argparse.Namespace,
    text: Messages,
    out: Output,
) -> ExitStatus:
    from api import verification_view as view

    try:
        data = read_file(file, most=MAX_DOCUMENT)
        report = _judge(file, data, question)
    except CommandError as error:
        if arguments.json:
            out.json(view.unreadable_as_data(file, error, text), compact=True)
        elif arguments.quiet:
            out.note(f"xinyin: {shown(error.told(text))}")
        else:
            view.show_unreadable(file, error, text, out)
        return error.status
    status = view.STATUSES[report.verdict]
    if arguments.json:
        out.json(view.as_data(file, report, text), compact=True)
    elif not arguments.quiet:
        view.show(file, report, text, out, brief=arguments.brief, verbose=arguments.verbose)
    if receipts is not None:
        receipts.make(data, report, out)
    return status


def _judge(file: str, data: bytes, question: Question) -> "Report":
    with reading(shown(file), "document"):
        return question.verifier.verify(data, at=question.at)
