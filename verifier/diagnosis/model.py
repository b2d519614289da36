"""What a diagnosis says: for every question that did not pass, which known dialect would make it fit.

A dialect is a departure some software is known or suspected to make: another user identity, another form of the
signature value, other octets digested. That one fits explains a disagreement between readers and makes nothing
valid.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from verifier.findings import Verdict

SCHEMA: Final = "xinyin.diagnosis/1"


class Question(StrEnum):
    """What was asked of a signature and not answered with yes."""

    FORMAT = "format"
    SIGNATURE = "signature"
    SEAL_SIGNATURE = "seal-signature"
    SIGNER_IN_SEAL = "signer-in-seal"
    DATA_HASH = "data-hash"
    REFERENCES = "references"
    SIGNING_TIME = "signing-time"


class Conclusion(StrEnum):
    """What trying came to."""

    FITS = "fits"
    """With the dialects named the question would have been answered with yes."""
    PARTLY = "partly"
    """Dialects explain some of the files; the others were most likely changed."""
    NONE = "none"
    """No known dialect fits: most likely something was changed after signing."""
    UNLISTED = "unlisted"
    """No known dialect fits: the seal does not list this signer."""
    STOPPED = "stopped"
    """Nothing fits among what was tried, and the limit ended the trying."""
    UNTRIED = "untried"
    """Nothing can be tried: no key, no digest, or nothing that can be read."""


@dataclass(frozen=True, slots=True)
class Fit:
    """One explanation.

    Attributes:
        dialects: Names in the table of dialects, one or two; with two both are needed.
        detail: Which variant of them, for an engineer.
        paths: Files it explains; empty where the question is not about files.
    """

    dialects: tuple[str, ...]
    detail: str = ""
    paths: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"dialects": list(self.dialects), "detail": self.detail, "paths": list(self.paths)}


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found about one question.

    Attributes:
        subject: The signature, as in the report.
        question: What was asked.
        conclusion: What trying came to.
        fits: Explanations; several only where the question is about several files.
        unexplained: Files no dialect explains.
        tried: How many variants were tried.
    """

    subject: str
    question: Question
    conclusion: Conclusion
    fits: tuple[Fit, ...] = ()
    unexplained: tuple[str, ...] = ()
    tried: int = 0

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "subject": self.subject,
            "question": self.question.value,
            "conclusion": self.conclusion.value,
            "fits": [each.to_dict() for each in self.fits],
            "unexplained": list(self.unexplained),
            "tried": self.tried,
        }


@dataclass(frozen=True, slots=True)
class Remark:
    """Something this verifier lets pass, or judges by one of several rules, over which others may refuse.

    Attributes:
        name: In the table of strictnesses.
        subject: The signature, or empty for the document.
        detail: Where it was seen, for an engineer.
    """

    name: str
    subject: str = ""
    detail: str = ""

    def to_dict(self) -> dict[str, str]:
        """JSON form."""
        return {"name": self.name, "subject": self.subject, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A diagnosis of one file.

    Attributes:
        verdict: That of the report it was made from, unchanged; None for a seal by itself, which has none.
        answers: One for every question that did not pass.
        remarks: Over what other readers may refuse, whatever the verdict.
        tried: How many variants were tried in all.
        complete: The limit on variants did not end the trying.
    """

    verdict: Verdict | None
    answers: tuple[Answer, ...]
    remarks: tuple[Remark, ...]
    tried: int
    complete: bool

    def to_dict(self) -> dict[str, Any]:
        """JSON form, ``schema`` says which."""
        return {
            "schema": SCHEMA,
            "verdict": self.verdict.value if self.verdict else None,
            "answers": [each.to_dict() for each in self.answers],
            "remarks": [each.to_dict() for each in self.remarks],
            "tried": self.tried,
            "complete": self.complete,
        }


@dataclass(frozen=True, slots=True)
class DiagnosisLimits:
    """What trying may cost for one file.

    Attributes:
        signatures: SM2 verifications; one takes about a quarter of a millisecond.
        digests: Digests computed.
        octets: Octets written anew and digested.
        paths: Most paths listed in one answer.
    """

    signatures: int = 4_000
    digests: int = 40_000
    octets: int = 128 << 20
    paths: int = 50


@dataclass(slots=True)
class Budget:
    """What trying has cost so far; asked before each variant."""

    limits: DiagnosisLimits
    signatures: int = 0
    digests: int = 0
    octets: int = field(default=0)
    exhausted: bool = False

    @property
    def tried(self) -> int:
        """Variants tried so far."""
        return self.signatures + self.digests

    def may_verify(self) -> bool:
        """Count one SM2 verification; false if none is left."""
        if self.signatures >= self.limits.signatures:
            self.exhausted = True
            return False
        self.signatures += 1
        return True

    def may_digest(self, octets: int) -> bool:
        """Count one digest over so many octets; false if it would go beyond the limits."""
        if self.digests >= self.limits.digests or self.octets + octets > self.limits.octets:
            self.exhausted = True
            return False
        self.digests += 1
        self.octets += octets
        return True

    def may_write(self, octets: int) -> bool:
        """Count octets written anew; false if it would go beyond the limits."""
        if self.octets + octets > self.limits.octets:
            self.exhausted = True
            return False
        self.octets += octets
        return True


@dataclass(frozen=True, slots=True)
class Variant:
    """Octets in one dialect.

    Attributes:
        dialects: Names; none for what the standards ask for.
        octets: The octets.
        detail: Which variant.
    """

    dialects: tuple[str, ...]
    octets: bytes = field(repr=False)
    detail: str = ""


def distinct(variants: "list[Variant]") -> "list[Variant]":
    """The variants without those whose octets an earlier one has."""
    seen: set[bytes] = set()
    return [each for each in variants if not (each.octets in seen or seen.add(each.octets))]  # type: ignore[func-returns-value]


def joined(*details: str) -> str:
    """Details put together."""
    return ", ".join(each for each in details if each)
