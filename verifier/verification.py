"""Verifying documents: from bytes to one report.

1. the bytes are opened as a package; what is no OFD document raises, nothing else does
2. anomalies of the container are told
3. the lists of signatures are read, and every signature examined (facts) and judged (trust)
4. coverage: every file of the package is covered
5. licence rules, where the document carries licence metadata, and what its pages show

Every step runs, and the order of entries in the package changes nothing in the report.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crypto import sm3
from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt20518 import Crl, read_crl
from formats.gbt33190.anomalies import AnomalyKind
from formats.gbt33190.document import OfdDocument
from formats.gbt33190.package import OfdPackage, PackageLimits
from formats.gbt33190.parts import MAIN_PART, Parts
from formats.gbt33190.reachability import explore
from formats.gbt33190.signature_model import SignatureList
from formats.gbt33190.signatures import read_signature_lists
from formats.gbt36903 import Metadata
from formats.page_text import FaceText, read_face
from formats.rfc6960 import BasicResponse
from formats.tolerances import Tolerance
from verifier.codes import Code
from verifier.coverage import judge_coverage
from verifier.examination import examine_package
from verifier.facts import day_text
from verifier.findings import Finding, finding, in_order, not_judged, shown
from verifier.licence import LICENCE_STEPS, LicenceVerdict, judge_licence, no_licence
from verifier.licence_face import judge_face
from verifier.licence_metadata import Pairs, is_licence_like, read_custom_data
from verifier.memory import Memory
from verifier.package_files import PackageFiles
from verifier.path import PathJudge
from verifier.policy import Policy
from verifier.report import DocumentKind, Report
from verifier.revocation_evidence import RevocationEvidence
from verifier.signature_judgement import JudgedSignature, SignatureJudge
from verifier.signature_list import judge_signature_lists
from verifier.status_responses import read_status_response
from verifier.trust_list import TrustList

_ENCRYPTIONS = "Encryptions.xml"
_COMMENTS = frozenset({AnomalyKind.ARCHIVE_COMMENT, AnomalyKind.ENTRY_COMMENT})
"""Some makers write a few octets there; programs for documents do not read them."""
_AMBIGUOUS = frozenset({Tolerance.OFD_LOCATION_CASE, Tolerance.OFD_REFERENCE_RELATIVE})
"""Ways to write a path that make one program find a file and another a different one, or none."""


class Verifier:
    """Verifies documents against one trust list; keep one and use it from several threads.

    What it remembers between documents depends on octets alone (see ``verifier.memory``) and is bounded.
    """

    def __init__(
        self,
        trust: TrustList | None,
        crls: Iterable[bytes | Crl] = (),
        *,
        policy: Policy | None = None,
        limits: PackageLimits | None = None,
        cache_size: int = 4096,
        status_responses: Iterable[bytes | BasicResponse] = (),
    ) -> None:
        """Prepare.

        Args:
            trust: Whom to believe; None to learn cryptographic facts only, nothing then passes.
            crls: Revocation lists beside those of the trust list, newer ones for example; DER or decoded.
            policy: What is accepted; the strict default if left out.
            limits: What opening a package may cost.
            cache_size: How many certificates and paths are remembered.
            status_responses: OCSP responses that were fetched, as evidence beside the lists; DER or decoded.

        Raises:
            MalformedDataError: A revocation list or status response cannot be read, or is none.
        """
        self._trust = trust
        self._policy = policy or Policy()
        self._limits = limits or PackageLimits()
        self._memory = Memory(certificates=cache_size)
        paths = None
        if trust is not None:
            own = [read_crl(crl) if isinstance(crl, bytes) else crl for crl in crls]
            told = [read_status_response(each) if isinstance(each, bytes) else each for each in status_responses]
            paths = PathJudge(
                trust,
                RevocationEvidence((*trust.crls, *own), told),
                cache_size=cache_size,
                proven_time_needed=self._policy.proven_time_after_compromise,
            )
        self._signatures = SignatureJudge(trust, paths, self._policy, self._memory)

    def verify(self, data: bytes, *, at: datetime) -> Report:
        """Verify one document.

        Args:
            data: The file.
            at: Moment to judge at, timezone-aware UTC.

        Returns:
            Every step's finding and one verdict; a bad document is an answer, not an error.

        Raises:
            MalformedDataError: The file is no OFD document, or one that cannot be opened without doubt what it is.
            LimitExceededError: Reading it costs more than allowed.
            ValueError: ``at`` is not UTC.
        """
        if at.utcoffset() != timedelta(0):
            raise ValueError("the moment to judge at is in UTC")
        package = OfdPackage.open(data, self._limits)
        if MAIN_PART not in package:
            raise MalformedDataError("OFD.xml is missing", what="document")
        files = PackageFiles(package, data, self._memory.files)
        return _Verification(
            package, files, len(data), self._trust, self._policy, self._memory, self._signatures, at
        ).report()


def verify_document(
    data: bytes,
    *,
    trust: TrustList | None,
    at: datetime,
    crls: Iterable[bytes | Crl] = (),
    policy: Policy | None = None,
    status_responses: Iterable[bytes | BasicResponse] = (),
) -> Report:
    """Verify one document; for several keep a ``Verifier``, which remembers.

    Args:
        data: The file.
        trust: Whom to believe; None to learn cryptographic facts only, nothing then passes.
        at: Moment to judge at, timezone-aware UTC.
        crls: Revocation lists beside those of the trust list, DER or decoded.
        policy: What is accepted; the strict default if left out.
        status_responses: OCSP responses, as evidence beside the lists; DER or decoded.

    Raises:
        MalformedDataError: The file is no OFD document, or a revocation list or status response cannot be read.
        LimitExceededError: Reading costs more than allowed.
        ValueError: ``at`` is not UTC.
    """
    return Verifier(trust, crls, policy=policy, status_responses=status_responses).verify(data, at=at)


@dataclass(slots=True)
class _Verification:
    """One document being verified."""

    package: OfdPackage
    files: PackageFiles
    size: int
    trust: TrustList | None
    policy: Policy
    memory: Memory
    judge: SignatureJudge
    at: datetime

    def report(self) -> Report:
        parts = Parts(self.package)
        list_findings, lists = self._lists(parts)
        ambiguous = _AMBIGUOUS & parts.found
        document_findings, bodies = self._bodies(parts)
        entries = tuple(entry for each in lists for entry in each.entries)
        list_findings += judge_signature_lists(lists, self.files, self.policy)
        judged = [
            self.judge.judge(examined, self.package, at=self.at)
            for examined in examine_package(self.files, parts, entries[: self.policy.signatures], self.memory)
        ]
        coverage = judge_coverage(self.files, parts, lists, [each.examined for each in judged], self.policy)
        licence_like = any(is_licence_like(pairs) for pairs in bodies)
        licence = self._licence(licence_like, bodies, judged, coverage.partial)
        kind = DocumentKind.LICENCE if licence_like else DocumentKind.SEALED
        if not entries and not licence_like:
            kind = DocumentKind.UNSIGNED
        package_findings = [*self._package(), *document_findings]
        if ambiguous:
            package_findings.append(finding(Code.PACKAGE_AMBIGUOUS, "", ", ".join(sorted(ambiguous))))
        findings = [
            *self._trust_list(),
            *(package_findings or [finding(Code.PACKAGE_SOUND)]),
            *list_findings,
            *coverage.findings,
            *licence.findings,
        ]
        if any(each.code is Code.SIGNATURE_NOT_LISTED for each in coverage.findings):
            findings = [each for each in findings if each.code is not Code.SIGNATURES_LISTED]
        if self.policy.follow_pointers:
            findings += _pointers(parts, self.policy)
        return Report(
            at=self.at,
            document_kind=kind,
            size=self.size,
            document_findings=in_order(findings),
            signatures=tuple(sorted((each.report for each in judged), key=lambda each: (each.subject, each.id))),
            trust=self.trust.facts if self.trust else None,
            licence=licence.facts,
            tolerances=tuple(parts.tolerances),
        )

    def _trust_list(self) -> Iterator[Finding]:
        if self.trust is None:
            yield finding(Code.TRUST_LIST_NONE)
            return
        facts = self.trust.facts
        period = f"sequence {facts.sequence}, {day_text(facts.issued)} to {day_text(facts.next_update)}"
        if self.at < facts.issued:
            yield finding(Code.TRUST_LIST_NOT_YET_ISSUED, "", period)
        elif self.at > facts.next_update:
            yield finding(Code.TRUST_LIST_EXPIRED, "", period)
        else:
            yield finding(Code.TRUST_LIST_CURRENT if facts.pinned else Code.TRUST_LIST_UNPINNED, "", period)

    def _package(self) -> Iterator[Finding]:
        for anomaly in sorted(self.package.anomalies, key=str)[: self.policy.findings]:
            code = Code.PACKAGE_COMMENT if anomaly.kind in _COMMENTS else Code.PACKAGE_ANOMALY
            yield finding(code, "", f"{anomaly.kind.value}: {anomaly.detail}")
        if _ENCRYPTIONS in self.package:
            yield finding(Code.PACKAGE_ENCRYPTED)

    def _lists(self, parts: Parts) -> tuple[list[Finding], tuple[SignatureList, ...]]:
        try:
            lists = read_signature_lists(parts)
        except LimitExceededError:
            raise
        except MalformedDataError as exc:
            return [finding(Code.SIGNATURE_LIST_MALFORMED, "", str(exc))], ()
        if not any(each.entries for each in lists):
            return [finding(Code.UNSIGNED)], lists
        return [], lists

    def _bodies(self, parts: Parts) -> tuple[list[Finding], list[Pairs]]:
        """Custom data of every document body; none if the document's structure cannot be read."""
        try:
            main = parts.xml(MAIN_PART)
            bodies = main.children(main.expect_root("OFD"), "DocBody")
            for body in bodies:
                root = main.text(main.required_child(body, "DocRoot"))
                parts.xml(parts.require(root, MAIN_PART)).expect_root("Document")
            return [], [read_custom_data(main, body) for body in bodies]
        except LimitExceededError:
            raise
        except MalformedDataError as exc:
            return [finding(Code.PACKAGE_DOCUMENT, "", str(exc))], []

    def _licence(
        self,
        licence_like: bool,  # noqa: FBT001 - asked once, used twice
        bodies: Sequence[Pairs],
        judged: Sequence[JudgedSignature],
        partial: frozenset[str],
    ) -> LicenceVerdict:
        if not bodies:
            return LicenceVerdict(tuple(not_judged(step) for step in LICENCE_STEPS), None)
        if not licence_like:
            return no_licence()
        return judge_licence(bodies, judged, partial, self.trust, at=self.at, face=self._face)

    def _face(self, metadata: Metadata, data: Mapping[str, str]) -> tuple[Finding, ...]:
        """What is found of the pages; it follows from the octets of all files, under whose digests it is kept."""

        def read() -> FaceText:
            # Parts of its own: whether the pages were read already must not show in the report's tolerances.
            document = OfdDocument.read(Parts(self.package)).bodies[0].document
            return read_face(document, self.package, digest=self.files.digest, remember=self.memory.faces.get)

        def compare() -> tuple[Finding, ...]:
            return tuple(judge_face(metadata, data, read))

        digests = [(name, self.files.digest(name)) for name in self.package.names]
        if any(digest is None for _, digest in digests):
            return compare()
        parts = [(name.encode("utf-8", "surrogatepass"), digest) for name, digest in digests if digest is not None]
        key = sm3(b"".join([len(name).to_bytes(4, "big") + name + digest for name, digest in parts]))
        return self.memory.face_findings.get(key, compare)


def _pointers(parts: Parts, policy: Policy) -> Iterator[Finding]:
    """Pointers that lead nowhere, and files that nothing points to: worth telling, no fault of the signatures."""
    reached = explore(parts)
    for each in sorted(reached.missing, key=str)[: policy.findings]:
        yield finding(Code.COVERAGE_DANGLING, "", f"{each.named_in}: {shown(each.location)}")
    if isinstance(parts.package, OfdPackage):
        for name in sorted(reached.unreached(parts.package))[: policy.findings]:
            yield finding(Code.COVERAGE_UNREFERENCED, "", shown(name))
