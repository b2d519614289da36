"""Checking a receipt: is it genuine, for this file, and by whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from crypto import DEFAULT_USER_ID, InvalidSignatureError, PublicKey, sm3, verify
from formats.gbt20518 import Certificate, Crl, read_crl
from formats.oids import SM2_WITH_SM3, SM3
from formats.rfc6960 import BasicResponse
from verifier.certificate_judgement import SIGNER, judge_certificate
from verifier.codes import Outcome
from verifier.facts import PartyFacts, moment_text
from verifier.findings import Finding, Verdict
from verifier.party import party_facts
from verifier.path import PathJudge
from verifier.receipt import Receipt, read_receipt
from verifier.revocation_evidence import RevocationEvidence
from verifier.signed_envelope import Envelope
from verifier.status_responses import read_status_response
from verifier.trust_list import TrustList

SCHEMA: Final = "xinyin.receipt-check/1"


class ReceiptFault(StrEnum):
    """Why a receipt does not count; the value is stable and appears in JSON."""

    SIGNATURE = "signature"
    """The signature on the receipt is wrong, or the signer's key is no SM2 key."""
    DOCUMENT = "document"
    """It is about another file: SM3 or size differ."""
    FUTURE = "future"
    """It says to be made later than now."""
    SIGNER = "signer"
    """Its signer's certificate is not to be believed, see the findings."""


class ReceiptDoubt(StrEnum):
    """Why it stays open whether a receipt counts; the value is stable and appears in JSON."""

    NO_TRUST = "no-trust"
    """There is no trust list and no anchor: the signer is whoever the receipt names."""
    TRUST_LIST_PERIOD = "trust-list-period"
    """The trust list is not in force now."""
    ALGORITHM = "algorithm"
    """The trust list does not hold SM2 with SM3 good enough for that time."""
    SIGNER_STATUS = "signer-status"
    """Whether its signer's certificate is to be believed could not be decided, see the findings."""


@dataclass(frozen=True, slots=True)
class ReceiptCheck:
    """What checking a receipt came to. Its verdict is about the receipt; ``receipt.verdict`` is about the file.

    Attributes:
        receipt: What it says.
        signer: Who signed it, as the certificate says.
        signer_digest: SM3 of the signer's certificate, hexadecimal.
        faults: Why it does not count.
        doubts: Why it stays open.
        findings: About the signer's certificate, with the codes of signers of documents.
        same_trust_list: It rests on the list given now; None if either is missing. A later list is usual.
    """

    receipt: Receipt
    signer: PartyFacts
    signer_digest: str
    faults: tuple[ReceiptFault, ...]
    doubts: tuple[ReceiptDoubt, ...]
    findings: tuple[Finding, ...]
    same_trust_list: bool | None

    @property
    def verdict(self) -> Verdict:
        """PASSED: genuine, for this file, by a signer that is to be believed."""
        if self.faults:
            return Verdict.FAILED
        return Verdict.INDETERMINATE if self.doubts else Verdict.PASSED

    def to_dict(self) -> dict[str, Any]:
        """JSON form, ``schema`` says which."""
        return {
            "schema": SCHEMA,
            "verdict": self.verdict.value,
            "faults": [each.value for each in self.faults],
            "doubts": [each.value for each in self.doubts],
            "signer": {**self.signer.to_dict(), "digest": self.signer_digest},
            "issued_at": moment_text(self.receipt.issued_at),
            "same_trust_list": self.same_trust_list,
            "findings": [each.to_dict() for each in self.findings],
            "receipt": self.receipt.to_dict(),
        }


def check_receipt(
    receipt: bytes,
    document: bytes,
    trust: TrustList | None,
    *,
    at: datetime,
    crls: Iterable[bytes | Crl] = (),
    signer: Certificate | PublicKey | None = None,
    status_responses: Iterable[bytes | BasicResponse] = (),
) -> ReceiptCheck:
    """Say whether a receipt is genuine, for this file, and by whom.

    Args:
        receipt: The receipt's file.
        document: The file it should be about.
        trust: Whom to believe; a listed authority for seal holders has to vouch for the signer.
        at: Now, timezone-aware UTC.
        crls: Revocation lists beside those of the trust list.
        signer: Pinned certificate or key of who signs receipts; with it nobody needs to vouch for the signer, and
            no other signer counts.
        status_responses: OCSP responses, as evidence beside the lists; DER or decoded.

    Raises:
        MalformedDataError: No receipt, one that contradicts itself, or a revocation list or status response that
            cannot be read.
        LimitExceededError: Larger than a receipt may be.
        ValueError: ``at`` is not UTC.
    """
    if at.utcoffset() != timedelta(0):
        raise ValueError("the moment to judge at is in UTC")
    stated, envelope = read_receipt(receipt)
    own = envelope.certificates[0]
    faults: list[ReceiptFault] = []
    doubts: list[ReceiptDoubt] = []
    findings: tuple[Finding, ...] = ()
    if not _signature_holds(envelope):
        faults.append(ReceiptFault.SIGNATURE)
    if stated.document_size != len(document) or stated.document_digest != sm3(document).hex():
        faults.append(ReceiptFault.DOCUMENT)
    if stated.issued_at > at:
        faults.append(ReceiptFault.FUTURE)
    if signer is not None:
        if not _is_pinned(own, signer) or not own.validity.contains(stated.issued_at):
            faults.append(ReceiptFault.SIGNER)
    elif trust is None:
        doubts.append(ReceiptDoubt.NO_TRUST)
    else:
        own_crls = [read_crl(crl) if isinstance(crl, bytes) else crl for crl in crls]
        told = [read_status_response(each) if isinstance(each, bytes) else each for each in status_responses]
        evidence = RevocationEvidence((*trust.crls, *own_crls), told)
        findings = _signer_findings(envelope, stated, trust, evidence, at)
        doubts += _trust_doubts(trust, stated, at)
        outcomes = {each.outcome for each in findings}
        if Outcome.FAILED in outcomes:
            faults.append(ReceiptFault.SIGNER)
        elif Outcome.PASSED not in outcomes or Outcome.UNDETERMINED in outcomes:
            doubts.append(ReceiptDoubt.SIGNER_STATUS)
    return ReceiptCheck(
        receipt=stated,
        signer=party_facts(own),
        signer_digest=own.digest().hex(),
        faults=tuple(faults),
        doubts=tuple(doubts),
        findings=findings,
        same_trust_list=None
        if trust is None or stated.trust is None
        else trust.facts.digest == stated.trust.digest,
    )


def _signature_holds(envelope: Envelope) -> bool:
    key = envelope.certificates[0].public_key
    if key is None:
        return False
    try:
        verify(key, envelope.signed_bytes, envelope.signature, user_id=DEFAULT_USER_ID)
    except InvalidSignatureError:
        return False
    return True


def _is_pinned(certificate: Certificate, signer: Certificate | PublicKey) -> bool:
    if isinstance(signer, PublicKey):
        return certificate.public_key == signer
    return certificate.encoded == signer.encoded


def _signer_findings(
    envelope: Envelope, stated: Receipt, trust: TrustList, evidence: RevocationEvidence, at: datetime
) -> tuple[Finding, ...]:
    """The signer's path at the time the receipt states, with status now."""
    paths = PathJudge(trust, evidence, cache_size=16, proven_time_needed=True)
    certificate = envelope.certificates[0]
    return judge_certificate(
        SIGNER,
        certificate,
        "" if certificate.public_key is not None else "the key is no SM2 key",
        paths,
        subject="",
        moment=stated.issued_at,
        at=at,
        links=envelope.certificates[1:],
    ).findings


def _trust_doubts(trust: TrustList, stated: Receipt, at: datetime) -> list[ReceiptDoubt]:
    doubts = []
    if not trust.current_at(at):
        doubts.append(ReceiptDoubt.TRUST_LIST_PERIOD)
    if not trust.accepts(SM2_WITH_SM3, SM3, stated.issued_at):
        doubts.append(ReceiptDoubt.ALGORITHM)
    return doubts
