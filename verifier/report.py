"""What a verification says: every finding, one verdict, and their form as data.

A document passes only if each of its signatures passes and every step required of the document passed. All steps
run, so one report tells every fault. There is no ``__bool__``: ask ``report.verdict is Verdict.PASSED``.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from verifier.codes import Step
from verifier.facts import LicenceFacts, PartyFacts, SealFacts, TimeStampFacts, TrustFacts, moment_text
from verifier.findings import Finding, Verdict, in_order, judge

SCHEMA: Final = "xinyin.verification-report/1"


class SignatureKind(Enum):
    """What a signature value is."""

    SEAL = "seal"
    """SES_Signature (GB/T 38540, GM/T 0031)."""
    SIGNED_DATA = "signed-data"
    """GB/T 35275 SignedData over a Signature.xml."""
    INTEGRITY = "integrity"
    """GB/T 35275 SignedData over OFDEntries.xml (GM/T 0099)."""
    BARE = "bare"
    """An SM2 signature without a certificate."""
    UNREADABLE = "unreadable"


class DocumentKind(Enum):
    """What the document claims to be."""

    LICENCE = "licence"
    """It carries licence metadata (GB/T 36903), whole or in part."""
    SEALED = "sealed-document"
    """It carries signatures and no licence metadata."""
    UNSIGNED = "unsigned-document"


_COMMON: Final = (
    Step.FORMAT,
    Step.SIGNATURE,
    Step.SIGNER_CERTIFICATE,
    Step.SIGNING_TIME,
    Step.DATA_HASH,
)
REQUIRED_OF_SIGNATURE: Final[dict[SignatureKind, frozenset[Step]]] = {
    SignatureKind.SEAL: frozenset(
        (
            *_COMMON,
            Step.SIGNER_IN_SEAL,
            Step.SEAL_SIGNATURE,
            Step.MAKER_CERTIFICATE,
            Step.MAKER_LISTING,
            Step.SEAL_VALIDITY,
            Step.SEAL_PICTURE,
            Step.REFERENCES,
            Step.PROPERTY_INFO,
        )
    ),
    SignatureKind.SIGNED_DATA: frozenset((*_COMMON, Step.REFERENCES)),
    SignatureKind.INTEGRITY: frozenset((*_COMMON, Step.INTEGRITY_LIST)),
    # Nothing that cannot be judged can pass: the step below is one such a signature never passes.
    SignatureKind.BARE: frozenset((*_COMMON, Step.REFERENCES)),
    SignatureKind.UNREADABLE: frozenset((*_COMMON, Step.REFERENCES)),
}
"""Steps that must pass for one signature."""

_DOCUMENT: Final = (Step.TRUST_LIST, Step.PACKAGE, Step.SIGNATURE_LIST, Step.COVERAGE)
REQUIRED_OF_DOCUMENT: Final[dict[DocumentKind, frozenset[Step]]] = {
    DocumentKind.SEALED: frozenset(_DOCUMENT),
    DocumentKind.UNSIGNED: frozenset(_DOCUMENT),
    DocumentKind.LICENCE: frozenset(
        (
            *_DOCUMENT,
            Step.LICENCE_METADATA,
            Step.LICENCE_IDENTIFIER,
            Step.LICENCE_ISSUER,
            Step.ISSUER_SEAL,
            Step.LICENCE_VALIDITY,
            Step.LICENCE_FACE,
        )
    ),
}
"""Steps that must pass for the document as a whole."""


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """What was found of one signature.

    Attributes:
        subject: Path of its Signature.xml (of OFDEntries.xml for an integrity signature).
        id: Its id in Signatures.xml; empty for an integrity signature.
        kind: What its value is.
        generation: ``v1``, ``v4``, ``v5``, ``gbt35275``, ``bare``, or empty if unreadable.
        findings: Its findings, in order.
        signer: Who signed; None if no certificate could be read.
        seal: The seal used; None for other kinds.
        signed_at: The signing time stated, UTC, which is judged at; None if none is stated.
        proven_at: By then a time stamp proves the signature to have existed, UTC; None if nothing proves a time.
        time_stamps: What its time stamps say, good or not.
        covered: How many entries of the package its matching references cover.
        tolerances: Departures from the standards that were let pass, sorted.
    """

    subject: str
    id: str
    kind: SignatureKind
    generation: str
    findings: tuple[Finding, ...]
    signer: PartyFacts | None = None
    seal: SealFacts | None = None
    signed_at: datetime | None = None
    proven_at: datetime | None = None
    time_stamps: tuple[TimeStampFacts, ...] = ()
    covered: int = 0
    tolerances: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Verdict on this signature alone."""
        return judge(self.findings, REQUIRED_OF_SIGNATURE[self.kind])

    def to_dict(self) -> dict[str, Any]:
        """JSON form; its findings stand in the report's one list."""
        return {
            "subject": self.subject,
            "id": self.id,
            "kind": self.kind.value,
            "generation": self.generation or None,
            "verdict": self.verdict.value,
            "signer": self.signer.to_dict() if self.signer else None,
            "seal": self.seal.to_dict() if self.seal else None,
            "signed_at": moment_text(self.signed_at),
            "proven_at": moment_text(self.proven_at),
            "time_stamps": [each.to_dict() for each in self.time_stamps],
            "covered_entries": self.covered,
            "tolerances": list(self.tolerances),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What was found of one document.

    Attributes:
        at: Moment it was judged at, UTC.
        document_kind: What the document claims to be.
        size: Octets of the document.
        document_findings: Findings about the document as a whole.
        signatures: One report for each signature, in the order of their subjects.
        trust: The trust list used; None without one.
        licence: What the licence says; None for other documents.
        tolerances: Departures let pass in reading package and document, sorted.
    """

    at: datetime
    document_kind: DocumentKind
    size: int
    document_findings: tuple[Finding, ...]
    signatures: tuple[SignatureReport, ...]
    trust: TrustFacts | None = None
    licence: LicenceFacts | None = None
    tolerances: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, in order."""
        return in_order(
            (*self.document_findings, *(each for signature in self.signatures for each in signature.findings))
        )

    @property
    def verdict(self) -> Verdict:
        """The one verdict: the worst of the document's own and every signature's."""
        verdicts = {judge(self.document_findings, REQUIRED_OF_DOCUMENT[self.document_kind])}
        verdicts.update(signature.verdict for signature in self.signatures)
        if Verdict.FAILED in verdicts:
            return Verdict.FAILED
        seals = any(each.kind is not SignatureKind.INTEGRITY for each in self.signatures)
        return Verdict.PASSED if seals and verdicts == {Verdict.PASSED} else Verdict.INDETERMINATE

    def to_dict(self) -> dict[str, Any]:
        """JSON form, ``schema`` says which."""
        return {
            "schema": SCHEMA,
            "verdict": self.verdict.value,
            "verified_at": moment_text(self.at),
            "document": {
                "kind": self.document_kind.value,
                "size": self.size,
                "tolerances": list(self.tolerances),
            },
            "trust_list": self.trust.to_dict() if self.trust else None,
            "licence": self.licence.to_dict() if self.licence else None,
            "signatures": [each.to_dict() for each in self.signatures],
            "findings": [each.to_dict() for each in self.findings],
        }
