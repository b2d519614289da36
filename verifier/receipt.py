"""Receipts of verifications: what was found of one file, signed by who verified it, to be kept and shown.

A receipt states the file by its SM3 and size, the verdict, the code of every finding, the trust list by its
digest, the moment judged at and the moment of the receipt, and the software. It is an own form, in a
``signed_envelope`` signed under the default user identity; no standard has one. It proves that its signer said so,
and nothing more: who doubts the signer verifies the file again, for which the receipt names all that is needed.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from crypto import Signer, sm3
from formats.gbt20518 import Certificate
from formats.json_data import JsonNode, read_json
from verifier.code_table import CODES
from verifier.codes import Outcome
from verifier.facts import moment_text
from verifier.findings import Verdict
from verifier.report import SCHEMA as REPORT_SCHEMA
from verifier.report import Report
from verifier.signed_envelope import Envelope, read_envelope, write_envelope
from verifier.trust_list_entries import read_moment

SCHEMA: Final = "xinyin.verification-receipt/1"
PAYLOAD_TYPE: Final = "application/vnd.xinyin.verification-receipt+json"
SOFTWARE: Final = "xinyin"
MAX_OCTETS: Final = 8 << 20
MAX_FINDINGS: Final = 20_000
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_OUTCOMES: Final = {code.value: facts.outcome for code, facts in CODES.items()}
_MEMBERS: Final = (
    "schema",
    "report_schema",
    "report_digest",
    "document",
    "verdict",
    "findings",
    "judged_at",
    "issued_at",
    "software",
)


@dataclass(frozen=True, slots=True)
class ReceiptFinding:
    """One finding as a receipt states it.

    Attributes:
        code: Stable code; one of a later version may not be known here.
        outcome: How the step ended.
        subject: The signature, or empty for the document.
    """

    code: str
    outcome: Outcome
    subject: str

    def to_dict(self) -> dict[str, str]:
        """JSON form."""
        return {"code": self.code, "outcome": self.outcome.value, "subject": self.subject}


@dataclass(frozen=True, slots=True)
class ReceiptTrust:
    """The trust list a verdict rests on.

    Attributes:
        sequence: Its sequence number.
        digest: SM3 of its file, hexadecimal.
        pinned: Its issuer was pinned.
    """

    sequence: int
    digest: str
    pinned: bool

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"sequence": self.sequence, "digest": self.digest, "pinned": self.pinned}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says; nothing of it is checked but that it does not contradict itself.

    Attributes:
        document_digest: SM3 of the file, hexadecimal.
        document_size: Octets of the file.
        verdict: The one verdict.
        findings: Every finding, in the order of the report.
        trust: The trust list; None if there was none.
        judged_at: Moment judged at, UTC.
        issued_at: When the receipt was made, UTC, as its signer says.
        software_version: Version of this software that judged.
        report_schema: Form of the report.
        report_digest: SM3 of the report's canonical JSON, hexadecimal; who keeps the report can show that it is
            this one.
    """

    document_digest: str
    document_size: int
    verdict: Verdict
    findings: tuple[ReceiptFinding, ...]
    trust: ReceiptTrust | None
    judged_at: datetime
    issued_at: datetime
    software_version: str
    report_schema: str
    report_digest: str

    def to_dict(self) -> dict[str, Any]:
        """JSON form, ``schema`` says which."""
        return {
            "schema": SCHEMA,
            "report_schema": self.report_schema,
            "report_digest": self.report_digest,
            "document": {"digest": self.document_digest, "size": self.document_size},
            "verdict": self.verdict.value,
            "findings": [each.to_dict() for each in self.findings],
            "trust_list": self.trust.to_dict() if self.trust else None,
            "judged_at": moment_text(self.judged_at),
            "issued_at": moment_text(self.issued_at),
            "software": {"name": SOFTWARE, "version": self.software_version},
        }


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """UTF-8 JSON with members in the order of their names and no white space."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def receipt_of(document: bytes, report: Report, *, issued_at: datetime, software_version: str) -> Receipt:
    """What a receipt of ``report`` says.

    Args:
        document: The file that ``report`` is about; the caller vouches that it is.
        report: What verifying it gave.
        issued_at: Now, UTC, whole seconds.
        software_version: Of this software.

    Raises:
        ValueError: The sizes differ, the time is not UTC or before the moment judged at, the version is empty.
    """
    if report.size != len(document):
        raise ValueError("the report is about another document")
    if issued_at.utcoffset() != timedelta(0) or issued_at.microsecond:
        raise ValueError("the time of a receipt is in UTC and whole seconds")
    if issued_at < report.at.replace(microsecond=0):
        raise ValueError("a receipt is not made before the moment judged at")
    if not software_version:
        raise ValueError("the software has a version")
    trust = report.trust
    return Receipt(
        document_digest=sm3(document).hex(),
        document_size=len(document),
        verdict=report.verdict,
        findings=tuple(ReceiptFinding(each.code.value, each.outcome, each.subject) for each in report.findings),
        trust=ReceiptTrust(trust.sequence, trust.digest, trust.pinned) if trust else None,
        judged_at=report.at.replace(microsecond=0),
        issued_at=issued_at,
        software_version=software_version,
        report_schema=REPORT_SCHEMA,
        report_digest=sm3(canonical_json(report.to_dict())).hex(),
    )


def sign_receipt(receipt: Receipt, signer: Signer, certificates: Sequence[Certificate]) -> bytes:
    """Sign a receipt under the default user identity, and read it back before handing it out.

    Args:
        receipt: What it says.
        signer: Holds the key of ``certificates[0]``; the key lives elsewhere.
        certificates: The signer's certificate, then those above it.

    Returns:
        The file.

    Raises:
        ValueError: ``certificates`` is empty, or the first one is for another key.
        KeyStoreError: The signer failed.
        MalformedDataError: Readers would refuse what it says.
    """
    data = write_envelope(canonical_json(receipt.to_dict()), PAYLOAD_TYPE, signer, certificates)
    read_receipt(data)
    return data


def read_receipt(data: bytes) -> tuple[Receipt, Envelope]:
    """What a receipt says, and its envelope, whose signature is not checked here.

    Raises:
        MalformedDataError: No receipt, or one that contradicts itself.
        LimitExceededError: Larger than ``MAX_OCTETS``.
    """
    envelope = read_envelope(data, PAYLOAD_TYPE, what="receipt", most=MAX_OCTETS)
    top = read_json(envelope.payload, what="receipt", most=MAX_OCTETS)
    members = top.members(required=_MEMBERS, optional=("trust_list",))
    members["schema"].choice((SCHEMA,))
    document = members["document"].members(required=("digest", "size"))
    software = members["software"].members(required=("name", "version"))
    software["name"].choice((SOFTWARE,))
    receipt = Receipt(
        document_digest=_digest(document["digest"]),
        document_size=document["size"].integer(least=0, most=2**53),
        verdict=Verdict(members["verdict"].choice(tuple(each.value for each in Verdict))),
        findings=tuple(_finding(node) for node in members["findings"].items(most=MAX_FINDINGS)),
        trust=_trust(members["trust_list"]) if "trust_list" in members else None,
        judged_at=read_moment(members["judged_at"]),
        issued_at=read_moment(members["issued_at"]),
        software_version=software["version"].text(longest=100),
        report_schema=members["report_schema"].text(longest=100),
        report_digest=_digest(members["report_digest"]),
    )
    _check_consistent(receipt, top)
    return receipt, envelope


def _digest(node: JsonNode) -> str:
    text = node.text(longest=64)
    if _DIGEST.fullmatch(text) is None:
        node.fail("not 64 lower-case hexadecimal digits")
    return text


def _trust(node: JsonNode) -> ReceiptTrust:
    members = node.members(required=("sequence", "digest", "pinned"))
    return ReceiptTrust(
        members["sequence"].integer(least=1, most=2**53),
        _digest(members["digest"]),
        members["pinned"].boolean(),
    )


def _finding(node: JsonNode) -> ReceiptFinding:
    members = node.members(required=("code", "outcome", "subject"))
    code = members["code"].text(longest=64)
    if _CODE.fullmatch(code) is None:
        members["code"].fail("not a code")
    outcome = Outcome(members["outcome"].choice(tuple(each.value for each in Outcome)))
    if _OUTCOMES.get(code, outcome) is not outcome:
        members["outcome"].fail(f"{code} never ends so")
    return ReceiptFinding(code, outcome, members["subject"].text(longest=4000, empty=True))


def _check_consistent(receipt: Receipt, node: JsonNode) -> None:
    outcomes = {each.outcome for each in receipt.findings}
    if receipt.issued_at < receipt.judged_at:
        node.fail("made before the moment judged at")
    if (receipt.verdict is Verdict.FAILED) != (Outcome.FAILED in outcomes):
        node.fail("verdict and findings contradict each other")
    if receipt.verdict is Verdict.PASSED and (
        Outcome.UNDETERMINED in outcomes or Outcome.PASSED not in outcomes or receipt.trust is None
    ):
        node.fail("verdict and findings contradict each other")
