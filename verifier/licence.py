"""Licence rules (GB/T 36905-2018 minimum verification): metadata, identifier, issuer, seal owner, validity, face.

Licence metadata stands in DocInfo/CustomDatas of OFD.xml, which a signature must cover, so it can neither be added
nor taken away afterwards. A document that carries part of it is taken for a licence: half a licence fails.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Final

from formats.code_lists import packaged_data
from formats.errors import LimitExceededError, MalformedDataError
from formats.gb32100 import CreditCode
from formats.gbt36903 import Element, Metadata, parse_date_time
from formats.gbt36903.dates import BEIJING
from formats.gbt36904 import LicenceId, read_legacy_issuers
from formats.gbt39554 import BasicItemCode, parse_item_code
from verifier.codes import Code, Step
from verifier.credit_codes import known_exceptions, parse_credit_code
from verifier.facts import LicenceFacts
from verifier.findings import Finding, Verdict, finding, not_applicable, not_judged, shown
from verifier.licence_metadata import Pairs, mandatory_names, read_metadata
from verifier.report import SignatureKind
from verifier.signature_judgement import JudgedSignature
from verifier.trust_list import TrustList
from verifier.trust_list_model import Entitlement, ListedIssuer

JudgeFace = Callable[[Metadata, Mapping[str, str]], Sequence[Finding]]
"""Findings of the step ``LICENCE_FACE``; see ``licence_face``."""

LICENCE_STEPS: Final = (
    Step.LICENCE_METADATA,
    Step.LICENCE_IDENTIFIER,
    Step.LICENCE_ISSUER,
    Step.ISSUER_SEAL,
    Step.LICENCE_VALIDITY,
    Step.LICENCE_FACE,
)


@cache
def _legacy_issuers() -> frozenset[str]:
    return read_legacy_issuers(packaged_data("gbt36904-legacy-issuers.json"))


@dataclass(frozen=True, slots=True)
class LicenceVerdict:
    """Findings about a licence, and what it says."""

    findings: tuple[Finding, ...]
    facts: LicenceFacts | None


def no_licence() -> LicenceVerdict:
    """The verdict on a document that claims to be none."""
    return LicenceVerdict(tuple(not_applicable(step) for step in LICENCE_STEPS), None)


def judge_licence(
    bodies: Sequence[Pairs],
    signatures: Sequence[JudgedSignature],
    partial: frozenset[str],
    trust: TrustList | None,
    *,
    at: datetime,
    face: JudgeFace,
) -> LicenceVerdict:
    """Judge a document that carries licence metadata.

    Args:
        bodies: Custom data of every document body of the package.
        signatures: Every signature, judged.
        partial: Subjects of signatures that cover only part of the document.
        trust: The trust list, if any.
        at: Now.
        face: Compares what the pages show with metadata and face data.
    """
    if len(bodies) != 1:
        return _without_metadata(finding(Code.METADATA_SEVERAL, "", f"{len(bodies)} document bodies"))
    try:
        metadata = read_metadata(bodies[0])
    except LimitExceededError:
        raise
    except MalformedDataError as exc:
        return _without_metadata(finding(Code.METADATA, "", exc.message))
    licence = _Licence(metadata, trust, at)
    return LicenceVerdict(
        (
            *licence.metadata_findings(),
            *licence.identifier_findings(),
            *licence.seal_findings(signatures, partial),
            *licence.validity_findings(),
            *face(metadata, dict(bodies[0])),
            finding(Code.LICENCE_STATUS_NOT_ASKED),
        ),
        licence.facts(),
    )


def _without_metadata(fault: Finding) -> LicenceVerdict:
    rest = tuple(not_judged(step) for step in LICENCE_STEPS[1:])
    return LicenceVerdict((fault, *rest, finding(Code.LICENCE_STATUS_NOT_ASKED)), None)


class _Licence:
    def __init__(self, metadata: Metadata, trust: TrustList | None, at: datetime) -> None:
        self._metadata = metadata
        self._trust = trust
        self._at = at
        self._issuer_code = metadata.text(Element.ISSUER_CODE) or ""
        self._type_code = metadata.text(Element.LICENCE_TYPE_CODE) or ""

    def facts(self) -> LicenceFacts:
        texts = {element: self._metadata.text(element) or "" for element in _TOLD}
        return LicenceFacts(*(texts[element] for element in _TOLD))

    def metadata_findings(self) -> Iterator[Finding]:
        missing = [name for name in mandatory_names() if self._metadata.get(name) is None]
        if missing:
            yield finding(Code.METADATA_INCOMPLETE, "", ", ".join(missing))
            return
        try:
            parse_credit_code(self._issuer_code)
            self._metadata.issued_on()
        except MalformedDataError as exc:
            yield finding(Code.METADATA, "", f"{exc.what}: {exc.message}")
            return
        yield finding(Code.METADATA_READ)

    def identifier_findings(self) -> Iterator[Finding]:
        if self._metadata.text(Element.LICENCE_IDENTIFIER) is None:
            yield not_judged(Step.LICENCE_IDENTIFIER)
            return
        try:
            identifier = self._metadata.licence_id(exceptions=known_exceptions(), legacy_issuers=_legacy_issuers())
        except MalformedDataError as exc:
            yield finding(Code.IDENTIFIER, "", exc.message)
            return
        faults = list(self._identifier_faults(identifier))
        yield from faults or [finding(Code.IDENTIFIER_VALID, "", str(identifier))]

    def _identifier_faults(self, identifier: LicenceId) -> Iterator[Finding]:
        if str(identifier.type_code) != self._type_code:
            yield finding(Code.IDENTIFIER_TYPE, "", f"{identifier.type_code}, metadata {shown(self._type_code)}")
        # Deployed identifiers with a division in place of the issuer have nothing to compare.
        if isinstance(identifier.issuer, CreditCode) and str(identifier.issuer) != self._issuer_code:
            yield finding(Code.IDENTIFIER_ISSUER, "", f"{identifier.issuer}, metadata {shown(self._issuer_code)}")

    # ------------------------------------------------------------------ issuer and seal

    def seal_findings(self, signatures: Sequence[JudgedSignature], partial: frozenset[str]) -> Iterator[Finding]:
        if not self._issuer_code:
            yield from (not_judged(step) for step in (Step.LICENCE_ISSUER, Step.ISSUER_SEAL))
            return
        issuer = self._trust.issuers.get(self._issuer_code) if self._trust else None
        owners = {self._issuer_code} | (issuer.delegates if issuer else frozenset())
        own = [each for each in signatures if _owner(each) in owners and each.report.subject not in partial]
        yield from self._issuer_findings(issuer, own)
        yield from self._owner_findings(issuer, own, signatures)

    def _issuer_findings(self, issuer: ListedIssuer | None, own: Sequence[JudgedSignature]) -> Iterator[Finding]:
        trust = self._trust
        if trust is None or (issuer is None and not trust.current_at(self._at)):
            yield finding(Code.ISSUER_UNKNOWN)
            return
        if issuer is None:
            yield finding(Code.ISSUER_NOT_LISTED, "", shown(self._issuer_code))
            return
        of_type = [each for each in issuer.entitlements if each.licence_type == self._type_code]
        if not of_type:
            yield finding(Code.ISSUER_TYPE, "", f"{issuer.name}: {shown(self._type_code)}")
            return
        days = list(self._days(own))
        if not days:
            yield not_judged(Step.LICENCE_ISSUER)
            return
        in_force = [each for each in of_type if all(each.days.contains(day) for day in days)]
        if not in_force:
            when = ", ".join(sorted({day.isoformat() for day in days}))
            yield finding(Code.ISSUER_PERIOD, "", f"{issuer.name}: {when}")
            return
        items = self._metadata.texts(Element.RELATED_ITEM_CODE)
        outside = [item for item in items if not any(_allows(each, item) for each in in_force)]
        if outside:
            yield finding(Code.ISSUER_ITEM, "", f"{issuer.name}: {', '.join(map(shown, outside[:5]))}")
            return
        if not items and all(each.items for each in in_force):
            yield finding(Code.ISSUER_ITEM_UNSTATED, "", issuer.name)
            return
        yield finding(Code.ISSUER_ENTITLED, "", issuer.name)

    def _days(self, own: Sequence[JudgedSignature]) -> Iterator[date]:
        """Days on which the issuer must have been entitled: the stated day of issue, and that of sealing."""
        try:
            yield self._metadata.issued_on()
        except MalformedDataError:
            return
        for each in own:
            yield _day(each.report.signed_at or self._at)

    def _owner_findings(
        self, issuer: ListedIssuer | None, own: Sequence[JudgedSignature], signatures: Sequence[JudgedSignature]
    ) -> Iterator[Finding]:
        good = [each for each in own if each.report.verdict is Verdict.PASSED]
        if good and issuer is not None:
            outside = [each.report.subject for each in good if not _serves(each, issuer)]
            if len(outside) == len(good):
                yield finding(Code.ISSUER_SEAL_REGION, outside[0], f"region {issuer.region}")
            else:
                yield finding(Code.ISSUER_SEALED, "", issuer.name)
            return
        open_questions = [each for each in own if each.report.verdict is Verdict.INDETERMINATE]
        unnamed = [
            each
            for each in signatures
            if each.report.verdict is not Verdict.FAILED
            and each.report.kind is not SignatureKind.INTEGRITY
            and not _owner(each)
        ]
        if good or open_questions or unnamed:
            yield finding(Code.ISSUER_SEAL_UNKNOWN)
        else:
            names = sorted({_owner(each) for each in signatures if _owner(each)})
            yield finding(Code.ISSUER_NOT_SEALED, "", f"sealed by {', '.join(names) or 'nobody known'}")

    # ------------------------------------------------------------------ validity

    def validity_findings(self) -> Iterator[Finding]:
        """Days as licences count them, in Beijing time; the last day is still valid."""
        today = _day(self._at)
        try:
            start, end = self._metadata.valid_from(), self._metadata.valid_to()
            issued = self._metadata.issued_on()
            copy = self._metadata.text(Element.COPY_EXPIRES)
            copy_ends = None if copy is None else parse_date_time(copy)
        except MalformedDataError as exc:
            yield finding(Code.METADATA, "", f"{exc.what}: {exc.message}")
            yield not_judged(Step.LICENCE_VALIDITY)
            return
        faults = []
        if end is not None and today > end:
            faults.append(finding(Code.LICENCE_EXPIRED, "", end.isoformat()))
        if today < max(start, issued):
            faults.append(finding(Code.LICENCE_NOT_YET_VALID, "", max(start, issued).isoformat()))
        if copy_ends is not None and self._at > copy_ends:
            faults.append(finding(Code.LICENCE_COPY_EXPIRED, "", f"{copy_ends:%Y-%m-%dT%H:%M:%SZ}"))
        until = "unlimited" if end is None else end.isoformat()
        yield from faults or [finding(Code.LICENCE_IN_FORCE, "", f"{start.isoformat()} to {until}")]


_TOLD: Final = (
    Element.LICENCE_IDENTIFIER,
    Element.LICENCE_NAME,
    Element.LICENCE_TYPE_CODE,
    Element.ISSUER_CODE,
    Element.ISSUER_NAME,
    Element.ISSUE_DATE,
    Element.VALID_FROM,
    Element.VALID_TO,
)


def _owner(signature: JudgedSignature) -> str:
    """Credit code the signer's certificate names; an integrity signature is nobody's seal."""
    report = signature.report
    if report.kind is SignatureKind.INTEGRITY or report.signer is None:
        return ""
    return report.signer.credit_code


def _day(moment: datetime) -> date:
    """The day in Beijing; the last day there is for moments whose day there would lie behind it."""
    try:
        return moment.astimezone(BEIJING).date()
    except OverflowError:
        return date.max


def _serves(signature: JudgedSignature, issuer: ListedIssuer) -> bool:
    """Whether everybody behind a seal serves the issuer's region."""
    behind = [signature.signer_authority, signature.maker_authority, signature.listed_maker]
    return all(each is None or each.regions.serve(issuer.region) for each in behind)


def _allows(entitlement: Entitlement, item: str) -> bool:
    """Whether a type may be issued under an item, given by its own code or by the basic code inside it."""
    if not entitlement.items or item in entitlement.items:
        return True
    try:
        code = parse_item_code(item)
    except MalformedDataError:
        return False
    basic = code if isinstance(code, BasicItemCode) else code.basic
    return str(basic) in entitlement.items
