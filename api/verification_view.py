"""A verification report for a person and for a program; sentences come from the verifier's own catalogues."""

from collections.abc import Sequence
from typing import Any, Final

from api.failures import CommandError, ExitStatus
from api.messages import Messages
from api.moments import beijing_text
from api.output import Output, shown
from verifier.codes import Code, Outcome
from verifier.explanation import Catalogue, Message, catalogue
from verifier.findings import Finding, Verdict
from verifier.report import Report, SignatureReport

STATUSES: Final = {
    Verdict.PASSED: ExitStatus.PASSED,
    Verdict.FAILED: ExitStatus.FAILED,
    Verdict.INDETERMINATE: ExitStatus.UNDETERMINED,
}
_DECISIVE: Final = {Verdict.FAILED: Outcome.FAILED, Verdict.INDETERMINATE: Outcome.UNDETERMINED}
_ORDER: Final = (Outcome.FAILED, Outcome.UNDETERMINED, Outcome.PASSED, Outcome.SKIPPED)
_INDENT: Final = 2


def as_data(file: str, report: Report, text: Messages) -> dict[str, Any]:
    """The line of JSON for one document; ``report`` in it has its own schema, whatever the language."""
    code, message = reason(report, text)
    return {
        "file": file,
        "status": int(STATUSES[report.verdict]),
        "summary": {
            "language": text.language,
            "code": code.value if code else None,
            "says": message.says,
            "next": message.next_step,
        },
        "report": report.to_dict(),
    }


def unreadable_as_data(file: str, error: CommandError, text: Messages) -> dict[str, Any]:
    """The line of JSON for a document that could not be judged."""
    return {"file": file, "status": int(error.status), "error": error.told(text)}


def show_unreadable(file: str, error: CommandError, text: Messages, out: Output) -> None:
    """Tell why a document could not be judged."""
    out.line(f"{text('verify.unreadable')}  {shown(file)}")
    out.line(f"{' ' * _INDENT}{shown(error.told(text))}")


def show(
    file: str, report: Report, text: Messages, out: Output, *, brief: bool = False, verbose: bool = False
) -> None:
    """Tell a person what was found: the verdict with its reason, then who signed, then the findings."""
    words = catalogue(text.language)
    out.line(f"{words.verdicts[report.verdict]}  {shown(file)}")
    if brief:
        return
    _, message = reason(report, text)
    _indented(out, message.says)
    _indented(out, text("verify.next", next=message.next_step))
    _indented(out, text("verify.judged_at", at=beijing_text(report.at), trust=_trust(report, text)))
    if report.licence is not None:
        _indented(
            out,
            text(
                "verify.licence",
                name=shown(report.licence.name),
                identifier=shown(report.licence.identifier),
                issuer=shown(report.licence.issuer),
            ),
        )
    if report.signatures:
        out.line()
        _indented(out, text("verify.signatures"))
        out.table(
            [_signature_row(number, each, words, text) for number, each in _numbered(report)], indent=2 * _INDENT
        )
        for number, each in _numbered(report):
            if each.proven_at is not None:
                _indented(out, text("verify.proven", number=number, at=beijing_text(each.proven_at)))
    out.line()
    _show_findings(report, words, text, out, verbose=verbose)


def _indented(out: Output, line: str) -> None:
    out.line(f"{' ' * _INDENT}{line}")


def reason(report: Report, text: Messages) -> tuple[Code | None, Message]:
    """The finding that decided, and what it says; the first one in the order of steps."""
    if report.verdict is Verdict.PASSED:
        return None, Message(text("verify.passed"), text("verify.passed_next"))
    outcome = _DECISIVE[report.verdict]
    code = next((each.code for each in report.findings if each.outcome is outcome), None)
    if code is None:
        return None, Message(text("verify.incomplete"), text("verify.incomplete_next"))
    return code, catalogue(text.language).codes[code]


def _trust(report: Report, text: Messages) -> str:
    if report.trust is None:
        return text("verify.without_list")
    return text(
        "verify.with_list",
        sequence=report.trust.sequence,
        operator=shown(report.trust.operator),
        digest=report.trust.digest,
    )


def _numbered(report: Report) -> list[tuple[int, SignatureReport]]:
    return list(enumerate(report.signatures, 1))


def _signature_row(number: int, each: SignatureReport, words: Catalogue, text: Messages) -> Sequence[str]:
    return (
        f"#{number}",
        words.verdicts[each.verdict],
        each.generation or each.kind.value,
        each.signer.name if each.signer else text("verify.unknown_signer"),
        text("verify.seal_named", name=each.seal.name) if each.seal else "",
        beijing_text(each.signed_at) or text("verify.unknown_time"),
        each.subject,
    )


def _show_findings(report: Report, words: Catalogue, text: Messages, out: Output, *, verbose: bool) -> None:
    numbers = {each.subject: f"#{number}" for number, each in _numbered(report)}
    ordered = [each for outcome in _ORDER for each in report.findings if each.outcome is outcome]
    told = [each for each in ordered if verbose or _worth_telling(each)]
    if told:
        _indented(out, text("verify.findings"))
    rows: list[Sequence[str]] = []
    for each in told:
        rows.append(
            (
                words.outcomes[each.outcome],
                words.steps[each.step],
                numbers.get(each.subject, each.subject),
                words.codes[each.code].says,
            )
        )
        rows.append(("", "", "", f"[{each.code}] {each.detail}".rstrip()))
    out.table(rows, indent=2 * _INDENT)
    hidden = [each.outcome for each in ordered if each not in told]
    if hidden:
        passed = hidden.count(Outcome.PASSED)
        _indented(out, text("verify.collapsed", passed=passed, skipped=len(hidden) - passed))


def _worth_telling(each: Finding) -> bool:
    return each.outcome in (Outcome.FAILED, Outcome.UNDETERMINED) or each.notable
