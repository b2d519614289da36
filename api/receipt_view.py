"""The check of a receipt for a person and for a program."""

from typing import Any, Final

from api.messages import Messages
from api.moments import beijing_text
from api.output import Output, shown
from verifier.codes import Outcome
from verifier.explanation import catalogue
from verifier.findings import Verdict
from verifier.receipt_check import ReceiptCheck

_INDENT: Final = 2
_SHOWN_CODES: Final = 20


def as_data(receipt: str, file: str, check: ReceiptCheck) -> dict[str, Any]:
    """The JSON; ``check`` in it has its own schema."""
    return {"receipt": receipt, "file": file, "check": check.to_dict()}


def show(receipt: str, check: ReceiptCheck, text: Messages, out: Output) -> None:
    """Tell a person whether it counts, by whom it is, and what it says of the file."""
    words = catalogue(text.language)
    out.line(f"{text(f'receipt.verdict.{_name(check.verdict)}')}  {shown(receipt)}")
    for fault in check.faults:
        _line(out, text(f"receipt.fault.{fault.value}"))
    for doubt in check.doubts:
        _line(out, text(f"receipt.doubt.{doubt.value.replace('-', '_')}"))
    for each in check.findings:
        if each.outcome in {Outcome.FAILED, Outcome.UNDETERMINED}:
            _line(out, f"[{each.code}] {words.codes[each.code].says} {shown(each.detail)}".rstrip())
    out.line()
    stated = check.receipt
    signer = check.signer
    out.facts(
        [
            (text("receipt.signer"), " ".join(part for part in (signer.name, signer.credit_code) if part)),
            (text("receipt.signer_digest"), check.signer_digest),
            (text("receipt.issued_at"), beijing_text(stated.issued_at)),
            (text("receipt.judged_at"), beijing_text(stated.judged_at)),
            (text("receipt.document"), stated.document_digest),
            (text("receipt.size"), stated.document_size),
            (text("receipt.states"), words.verdicts[stated.verdict]),
            (text("receipt.codes"), _codes(check)),
            (text("receipt.trust_list"), _trust(check)),
            (text("receipt.software"), stated.software_version),
        ],
        indent=_INDENT,
    )
    out.line()
    _line(out, text("receipt.meaning"))


def _name(verdict: Verdict) -> str:
    return verdict.value.lower()


def _codes(check: ReceiptCheck) -> str:
    """Codes of what did not pass, as the receipt states them."""
    deciding = {Outcome.FAILED, Outcome.UNDETERMINED}
    found = list(dict.fromkeys(each.code for each in check.receipt.findings if each.outcome in deciding))
    rest = len(found) - _SHOWN_CODES
    return ", ".join(found[:_SHOWN_CODES]) + (f" … (+{rest})" if rest > 0 else "")


def _trust(check: ReceiptCheck) -> str | None:
    trust = check.receipt.trust
    return None if trust is None else f"{trust.sequence}, SM3 {trust.digest}"


def _line(out: Output, line: str) -> None:
    out.line(f"{' ' * _INDENT}{line}")
