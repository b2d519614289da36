"""Findings and verdicts fail closed."""

import pytest

from tests.unit.verifier.nation import NOW
from verifier.code_table import CODES
from verifier.codes import Code, Outcome, Step
from verifier.findings import (
    Failed,
    Passed,
    Skipped,
    Undetermined,
    Verdict,
    finding,
    in_order,
    judge,
    not_applicable,
    not_judged,
    shown,
)
from verifier.report import (
    REQUIRED_OF_DOCUMENT,
    REQUIRED_OF_SIGNATURE,
    DocumentKind,
    Report,
    SignatureKind,
    SignatureReport,
)

PASS_OF_STEP = {facts.step: code for code, facts in CODES.items() if facts.outcome is Outcome.PASSED}


def passing(steps: frozenset[Step], subject: str = "") -> tuple[Passed, ...]:
    return tuple(finding(PASS_OF_STEP[step], subject) for step in steps)  # type: ignore[misc]


def signature(
    kind: SignatureKind = SignatureKind.SEAL, *extra: object, without: Step | None = None
) -> SignatureReport:
    steps = REQUIRED_OF_SIGNATURE[kind] - {without}
    return SignatureReport("S", "s1", kind, "v4", in_order([*passing(steps, "S"), *extra]))  # type: ignore[list-item]


def report(
    *signatures: SignatureReport, kind: DocumentKind = DocumentKind.SEALED, without: Step | None = None
) -> Report:
    return Report(NOW, kind, 1, passing(REQUIRED_OF_DOCUMENT[kind] - {without}), signatures)


def test_a_finding_has_the_outcome_of_its_code() -> None:
    """Nothing can report a wrong signature as passed."""
    classes = {
        Outcome.PASSED: Passed,
        Outcome.FAILED: Failed,
        Outcome.UNDETERMINED: Undetermined,
        Outcome.SKIPPED: Skipped,
    }
    for code, facts in CODES.items():
        if facts.step is None:
            with pytest.raises(ValueError, match="no step"):
                finding(code)
            continue
        made = finding(code, "subject", "detail")
        assert type(made) is classes[facts.outcome]
        assert (made.step, made.clause, made.outcome) == (facts.step, facts.clause, facts.outcome)


def test_nothing_is_not_a_pass() -> None:
    """No findings at all leave it open, whatever is required."""
    assert judge((), frozenset()) is Verdict.PASSED
    for required in (*REQUIRED_OF_DOCUMENT.values(), *REQUIRED_OF_SIGNATURE.values()):
        assert required
        assert judge((), required) is Verdict.INDETERMINATE


def test_failure_goes_before_doubt() -> None:
    """One failure decides, in any order."""
    doubt, failure = finding(Code.TIMESTAMP_UNJUDGED), finding(Code.SIGNATURE)
    for order in ((doubt, failure), (failure, doubt)):
        assert judge(order, frozenset()) is Verdict.FAILED
    assert judge((doubt,), frozenset()) is Verdict.INDETERMINATE


@pytest.mark.parametrize("kind", SignatureKind)
def test_every_required_step_of_a_signature_counts(kind: SignatureKind) -> None:
    """Leave out any one and the signature no longer passes."""
    assert signature(kind).verdict is Verdict.PASSED
    for step in REQUIRED_OF_SIGNATURE[kind]:
        assert signature(kind, without=step).verdict is Verdict.INDETERMINATE
        assert signature(kind, not_judged(step), without=step).verdict is Verdict.INDETERMINATE
        assert signature(kind, not_applicable(step), without=step).verdict is Verdict.INDETERMINATE


@pytest.mark.parametrize("kind", DocumentKind)
def test_every_required_step_of_a_document_counts(kind: DocumentKind) -> None:
    """The same for the document, which also needs a signature that is more than an integrity list."""
    assert report(signature(), kind=kind).verdict is Verdict.PASSED
    for step in REQUIRED_OF_DOCUMENT[kind]:
        assert report(signature(), kind=kind, without=step).verdict is Verdict.INDETERMINATE
    assert report(kind=kind).verdict is Verdict.INDETERMINATE
    assert report(signature(SignatureKind.INTEGRITY), kind=kind).verdict is Verdict.INDETERMINATE


def test_the_worst_signature_decides() -> None:
    """One good signature does not outweigh a bad one."""
    bad = signature(SignatureKind.SEAL, finding(Code.SEAL_EXPIRED, "S"))
    open_one = signature(SignatureKind.SEAL, finding(Code.TIMESTAMP_UNJUDGED, "S"))
    assert report(signature(), bad).verdict is Verdict.FAILED
    assert report(signature(), open_one).verdict is Verdict.INDETERMINATE
    assert report(signature(), signature()).verdict is Verdict.PASSED


def test_reports_and_verdicts_have_no_truth_value_of_their_own() -> None:
    """``if report:`` would be true of a failure; the type checker refuses it, so no class defines it."""
    for kind in (Report, SignatureReport, Verdict, Passed, Failed):
        assert "__bool__" not in vars(kind)
        assert "__len__" not in vars(kind)


def test_details_are_printable() -> None:
    """Text from a document cannot reorder or break the lines of a report."""
    assert shown("路径/a.xml") == "路径/a.xml"
    assert shown("a\u202eb\nc\x1b[0m") == "a\\u202eb\\nc\\x1b[0m"
    assert len(shown("x" * 5000)) == 200


def test_json_form() -> None:
    """The schema is named, the verdict is text, nothing in it is no JSON."""
    told = report(signature()).to_dict()
    assert told["schema"] == "xinyin.verification-report/1"
    assert told["verdict"] == "PASSED"
    assert told["signatures"][0]["verdict"] == "PASSED"
    assert {each["outcome"] for each in told["findings"]} == {"passed"}
