"""Findings: how one step ended, and the verdict several come to.

Fail-closed: PASSED needs every required step passed. A step that was left out, or that nobody wrote, leaves the
verdict at INDETERMINATE. A verdict has no truth value worth asking: write ``verdict is Verdict.PASSED``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import ClassVar, Final, TypeAlias

from verifier.code_table import CODES
from verifier.codes import Code, Outcome, Step


class Verdict(Enum):
    """What the whole comes to."""

    PASSED = "PASSED"
    """有效: every required step passed."""
    FAILED = "FAILED"
    """无效: at least one step failed."""
    INDETERMINATE = "INDETERMINATE"
    """无法确认: nothing failed, yet something could not be decided."""


@dataclass(frozen=True, slots=True)
class _Result:
    """One step's end.

    Attributes:
        step: What was checked.
        code: Stable code; message catalogues are keyed on it.
        subject: The signature (path of its Signature.xml), or empty for the document.
        detail: What was found, for an engineer: paths, serial numbers, times; no content of the document.
    """

    step: Step
    code: Code
    subject: str = ""
    detail: str = ""

    outcome: ClassVar[Outcome]

    @property
    def clause(self) -> str:
        """Standard and clause the step follows."""
        return CODES[self.code].clause

    @property
    def notable(self) -> bool:
        """Passed, yet worth telling."""
        return CODES[self.code].notable

    def to_dict(self) -> dict[str, str]:
        """JSON form."""
        return {
            "step": self.step.value,
            "outcome": self.outcome.value,
            "code": self.code.value,
            "subject": self.subject,
            "detail": self.detail,
            "clause": self.clause,
        }


class Passed(_Result):
    """The step holds."""

    __slots__ = ()
    outcome = Outcome.PASSED


class Failed(_Result):
    """The step does not hold."""

    __slots__ = ()
    outcome = Outcome.FAILED


class Undetermined(_Result):
    """Whether the step holds could not be decided."""

    __slots__ = ()
    outcome = Outcome.UNDETERMINED


class Skipped(_Result):
    """The step does not apply, or an earlier fault left nothing to judge."""

    __slots__ = ()
    outcome = Outcome.SKIPPED


Finding: TypeAlias = Passed | Failed | Undetermined | Skipped

_CLASSES: Final[dict[Outcome, type[Finding]]] = {
    Outcome.PASSED: Passed,
    Outcome.FAILED: Failed,
    Outcome.UNDETERMINED: Undetermined,
    Outcome.SKIPPED: Skipped,
}
_MAKERS: Final = {code: (_CLASSES[facts.outcome], facts.step) for code, facts in CODES.items()}
_LONGEST_KEPT: Final = 256
_STEP_ORDER: Final = {step: number for number, step in enumerate(Step)}


def finding(code: Code, subject: str = "", detail: str = "") -> Finding:
    """The finding a code stands for; step and outcome come from the code."""
    if not detail and len(subject) <= _LONGEST_KEPT:
        return _plain(code, subject)
    maker, step = _MAKERS[code]
    if step is None:
        raise ValueError(f"{code} belongs to no step, say which was left out")
    return maker(step, code, subject, detail)


@lru_cache(maxsize=1024)  # most findings say only that a step passed, in every document the same
def _plain(code: Code, subject: str) -> Finding:
    maker, step = _MAKERS[code]
    if step is None:
        raise ValueError(f"{code} belongs to no step, say which was left out")
    return maker(step, code, subject)


def shown(text: str, longest: int = 200) -> str:
    """Text from a document as a detail may carry it: printable, one line, cut."""
    cut = text[:longest]
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in cut)


def not_applicable(step: Step, subject: str = "", detail: str = "") -> Skipped:
    """The step has nothing to judge in a document of this kind."""
    return Skipped(step, Code.NOT_APPLICABLE, subject, detail)


def not_judged(step: Step, subject: str = "", detail: str = "") -> Skipped:
    """An earlier fault left nothing to judge; where the step is required the verdict cannot be PASSED."""
    return Skipped(step, Code.NOT_JUDGED, subject, detail)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in the order of a report: by step, subject, code and detail; repeated ones once."""
    return tuple(
        sorted(set(findings), key=lambda each: (_STEP_ORDER[each.step], each.subject, each.code, each.detail))
    )


def judge(findings: Iterable[Finding], required: frozenset[Step]) -> Verdict:
    """One verdict from findings: a failure decides, then a doubt; PASSED needs every required step passed."""
    passed = set()
    doubt = False
    for each in findings:
        if isinstance(each, Failed):
            return Verdict.FAILED
        if isinstance(each, Undetermined):
            doubt = True
        elif isinstance(each, Passed):
            passed.add(each.step)
    return Verdict.PASSED if passed >= required and not doubt else Verdict.INDETERMINATE
