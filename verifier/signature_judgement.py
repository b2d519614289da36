"""One signature, every step (GB/T 38540-2020 7.3, recommended order; GB/T 35275 and GM/T 0099 where they differ).

 1 format            structure, type, versions, algorithms, critical extensions
 2 signature         SM2 over TBS_Sign, over the content or over the signed attributes
 3 signer in seal    certificate or digest in the seal's list
 4 seal              maker's signature, certificate and listing, validity at signing, picture, Seal.esl
 5 signer            chain, key usage, status
 6 time              inside the signer's certificate, not in the future
 7 data hash         SM3 of Signature.xml
 8 references        SM3 of every protected file
 9 property info     where the signature says it stands
10 time stamp        tokens of signature and seal, see ``verifier.time_stamp``

All steps run whatever the earlier ones found. A signature without a stated time (GB/T 35275 without attributes) is
judged as of now, or as of its time stamp. The stated time stays what a signature is judged at; a good time stamp
proves that it is no later than that, so that a key lost afterwards changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from formats.errors import MalformedDataError
from formats.gbt20518 import Certificate
from formats.gbt33190.digests import DigestAlgorithm
from formats.gbt33190.locations import resolve
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.signature_model import SignatureType
from formats.gbt35275 import Shape, SignedData
from formats.gbt38540 import ExtData, Generation, SealSignature
from formats.oids import GBT35275_DATA, PKCS7_DATA, SM2_WITH_SM3, SM2_WITH_SM3_MISPRINT, SM3, SM3_PLAIN
from formats.tolerances import Tolerance, collect
from verifier.certificate_judgement import SIGNER, CertificateVerdict, judge_certificate
from verifier.codes import Code, Step
from verifier.examination import Examined
from verifier.facts import moment_text
from verifier.findings import Finding, finding, in_order, not_judged, shown
from verifier.memory import SM2_ALGORITHMS, Memory
from verifier.party import seal_facts
from verifier.path import PathJudge
from verifier.policy import Policy
from verifier.report import REQUIRED_OF_SIGNATURE, SignatureKind, SignatureReport
from verifier.seal_judgement import SealVerdict, judge_seal, judge_seal_files
from verifier.time_stamp import TimeStampJudge, TimeStampVerdict
from verifier.trust_list import TrustList
from verifier.trust_list_model import Authority, ListedSealMaker

_SEAL_ALGORITHMS: Final = frozenset({SM2_WITH_SM3, SM2_WITH_SM3_MISPRINT})
_SM3: Final = frozenset({SM3, SM3_PLAIN})
_DATA: Final = frozenset({GBT35275_DATA, PKCS7_DATA})
_KINDS_OF_TYPE: Final = {
    SignatureType.SEAL: frozenset({SignatureKind.SEAL}),
    SignatureType.SIGN: frozenset({SignatureKind.SIGNED_DATA, SignatureKind.BARE}),
}


@dataclass(frozen=True, slots=True)
class JudgedSignature:
    """A signature's report, and what judging the whole document needs of it.

    Attributes:
        examined: Its facts.
        report: Its findings.
        signer_authority: Authority the signer's path ends at.
        maker_authority: Authority the seal maker's path ends at.
        listed_maker: Entry of the seal maker.
    """

    examined: Examined
    report: SignatureReport
    signer_authority: Authority | None
    maker_authority: Authority | None
    listed_maker: ListedSealMaker | None


class SignatureJudge:
    """Judges signatures against one trust list, or none. Safe for threads."""

    __slots__ = ("_memory", "_paths", "_policy", "_stamps", "_trust")

    def __init__(self, trust: TrustList | None, paths: PathJudge | None, policy: Policy, memory: Memory) -> None:
        self._trust = trust
        self._paths = paths
        self._policy = policy
        self._memory = memory
        self._stamps = TimeStampJudge(trust, paths, policy, memory)

    def judge(self, examined: Examined, package: OfdPackage, *, at: datetime) -> JudgedSignature:
        """Judge one signature, all steps.

        Args:
            examined: Its facts.
            package: Where it is; asked for the names of its files.
            at: Now.
        """
        value, subject = examined.value, examined.subject
        seal: SealVerdict | None = None
        findings = [*self._format(examined, at), *self._digests(examined), self._signature(examined)]
        stamps = self._stamps.judge(examined, at=at)
        signer = self._signer(examined, stamps.signature_existed, at)
        findings += [
            *signer.findings,
            self._time(examined, signer, stamps.signature_existed, at),
            *stamps.findings,
        ]
        if isinstance(value, SealSignature):
            seal = judge_seal(examined, value, self._trust, self._paths, stamps, at=at)
            findings += [*seal.findings, _property_info(value, subject)]
        elif examined.kind is SignatureKind.SIGNED_DATA:
            findings += judge_seal_files(examined)
        if examined.kind is SignatureKind.INTEGRITY:
            findings += self._integrity(examined, package)
        missing = REQUIRED_OF_SIGNATURE[examined.kind] - {each.step for each in findings}
        findings += [not_judged(step, subject) for step in missing]
        return JudgedSignature(
            examined,
            self._report(examined, stamps, in_order(_settled(findings))),
            signer.authority,
            seal.maker_authority if seal else None,
            seal.listed_maker if seal else None,
        )

    def _report(
        self, examined: Examined, stamps: TimeStampVerdict, findings: tuple[Finding, ...]
    ) -> SignatureReport:
        value, entry = examined.value, examined.entry
        return SignatureReport(
            subject=examined.subject,
            id=shown(entry.id) if entry else "",
            kind=examined.kind,
            generation=examined.generation,
            findings=findings,
            signer=self._memory.party(examined.signer),
            seal=seal_facts(value.seal, self._memory.party(examined.maker))
            if isinstance(value, SealSignature)
            else None,
            signed_at=examined.stated_time,
            proven_at=stamps.signature_existed,
            time_stamps=stamps.stamps,
            covered=len(examined.matching) if examined.sound else 0,
            tolerances=collect(value.tolerances if value is not None else (), stamps.tolerances),
        )

    # ------------------------------------------------------------------ format and algorithms

    def _format(self, examined: Examined, at: datetime) -> Iterator[Finding]:
        faults = list(self._format_faults(examined, at))
        yield from faults or [finding(Code.FORMAT_SOUND, examined.subject)]

    def _format_faults(self, examined: Examined, at: datetime) -> Iterator[Finding]:
        subject, value, entry = examined.subject, examined.value, examined.entry
        if examined.fault is not None:
            lacking = examined.value_path is None and (
                entry is None or entry.path is None or entry.file is not None
            )
            yield finding(Code.FORMAT_FILE_MISSING if lacking else Code.FORMAT, subject, examined.fault)
            return
        if entry is not None and examined.kind not in _KINDS_OF_TYPE[entry.type]:
            yield finding(Code.FORMAT_TYPE, subject, f"listed as {entry.type.value}, is {examined.kind.value}")
        if examined.kind is SignatureKind.BARE:
            yield finding(Code.FORMAT_BARE, subject)
        algorithms_held = self._trust is None or self._trust.accepts(SM2_WITH_SM3, SM3, examined.stated_time or at)
        if not algorithms_held:
            yield finding(Code.FORMAT_ALGORITHM, subject, "SM2 with SM3 is not on the trust list for that time")
        if isinstance(value, SealSignature):
            yield from self._seal_format(value, subject)
        elif isinstance(value, SignedData):
            yield from _signed_data_format(value, subject)

    def _seal_format(self, value: SealSignature, subject: str) -> Iterator[Finding]:
        seal = value.seal
        for what, algorithm in (("signature", value.signature_algorithm), ("seal", seal.signature_algorithm)):
            if algorithm not in _SEAL_ALGORITHMS:
                yield finding(Code.FORMAT_ALGORITHM, subject, f"{what}: {algorithm}")
        if seal.generation is not Generation.V1 and value.version != seal.version:
            yield finding(Code.FORMAT_VERSION, subject, f"signature {value.version}, seal {seal.version}")
        if value.generation not in self._policy.generations:
            yield finding(Code.FORMAT_GENERATION, subject, value.generation.value)
        for extension in (*seal.extensions, *value.extensions):
            if extension.critical:
                yield finding(Code.FORMAT_EXTENSION, subject, _extension_text(extension))

    def _signature(self, examined: Examined) -> Finding:
        subject = examined.subject
        if examined.signature is not None:
            return finding(Code.SIGNATURE_VALID if examined.signature else Code.SIGNATURE, subject)
        if examined.signer is None and examined.kind not in {SignatureKind.SEAL, SignatureKind.UNREADABLE}:
            return finding(Code.SIGNATURE_WITHOUT_KEY, subject, examined.signer_fault)
        return not_judged(Step.SIGNATURE, subject)

    # ------------------------------------------------------------------ who and when

    def _signer(self, examined: Examined, existed: datetime | None, at: datetime) -> CertificateVerdict:
        lacking = examined.signer is None and not isinstance(examined.value, SealSignature)
        return judge_certificate(
            SIGNER,
            examined.signer,
            "" if lacking else examined.signer_fault,
            self._paths,
            subject=examined.subject,
            moment=examined.stated_time,
            at=at,
            links=self._links(examined),
            existed=existed,
            stamped=existed,
        )

    def _links(self, examined: Examined) -> list[Certificate]:
        """CA certificates that came in signed data; one that cannot be read is as if it were not there."""
        if not isinstance(examined.value, SignedData):
            return []
        links = []
        for data in examined.value.certificates:
            try:
                certificate = self._memory.certificate(data)
            except MalformedDataError:
                continue
            if certificate.is_ca:
                links.append(certificate)
        return links

    def _time(
        self, examined: Examined, signer: CertificateVerdict, existed: datetime | None, at: datetime
    ) -> Finding:
        subject, stated = examined.subject, examined.stated_time
        if examined.signer is None:
            return not_judged(Step.SIGNING_TIME, subject)
        in_period = examined.signer.validity.contains(stated or existed or at)
        if stated is None:
            may_lack = isinstance(examined.value, SignedData)
            if not (may_lack and in_period and signer.in_period):
                return finding(Code.TIME_UNKNOWN, subject)
            if existed is None:
                return finding(Code.TIME_NOW, subject)
            return finding(Code.TIME_PROVEN, subject, f"not after {moment_text(existed)}")
        text = f"{stated:%Y-%m-%dT%H:%M:%SZ}"
        if stated > at + self._policy.clock_tolerance:
            return finding(Code.TIME_FUTURE, subject, text)
        if not in_period:
            return finding(Code.TIME, subject, text)
        if existed is None:
            return finding(Code.TIME_CLAIMED, subject, text)
        return finding(Code.TIME_PROVEN, subject, f"{text}, not after {moment_text(existed)}")

    # ------------------------------------------------------------------ what is signed

    def _digests(self, examined: Examined) -> Iterator[Finding]:
        subject, value = examined.subject, examined.value
        if value is None:
            yield not_judged(Step.DATA_HASH, subject)
        elif isinstance(value, SignedData) and value.signer.digest_algorithm not in _SM3:
            yield finding(Code.DATA_HASH_ALGORITHM, subject, value.signer.digest_algorithm)
        elif isinstance(value, SealSignature) and len(value.data_hash) != 32:
            yield finding(Code.DATA_HASH_ALGORITHM, subject, f"{len(value.data_hash)} octets")
        else:
            yield finding(Code.DATA_HASH_MATCHES if examined.data_hash else Code.DATA_HASH, subject)
        if examined.kind is not SignatureKind.INTEGRITY:
            yield from self._references(examined)

    def _references(self, examined: Examined) -> Iterator[Finding]:
        subject, references = examined.subject, examined.references
        if references is None:
            yield not_judged(Step.REFERENCES, subject)
            return
        if not references:
            yield finding(Code.REFERENCE_NONE, subject)
            return
        if any(each.algorithm is not DigestAlgorithm.SM3 for each in references):
            written = examined.entry.file.check_method.written if examined.entry and examined.entry.file else None
            yield finding(Code.REFERENCE_ALGORITHM, subject, shown(written or "none named"))
            return
        missing = [each.path for each in references if not each.found]
        changed = [each.path for each in references if each.found and not each.matches]
        yield from listed(Code.REFERENCE_MISSING, subject, missing, self._policy.findings)
        yield from listed(Code.REFERENCE, subject, changed, self._policy.findings)
        if not missing and not changed:
            yield finding(Code.REFERENCES_MATCH, subject, f"{len(references)} of {len(references)}")

    def _integrity(self, examined: Examined, package: OfdPackage) -> Iterator[Finding]:
        """GM/T 0099: fails on any file of the package that is not listed, but for the list and its value."""
        integrity = examined.integrity
        if integrity is None:
            return
        unlisted = integrity.unlisted(package)
        missing = [file.location for file in integrity.files if file.path is None]
        yield from listed(Code.INTEGRITY_FILE_UNLISTED, integrity.path, unlisted, self._policy.findings)
        yield from listed(Code.INTEGRITY_FILE_MISSING, integrity.path, missing, self._policy.findings)
        if not unlisted and not missing and examined.sound:
            yield finding(Code.INTEGRITY_LIST_COMPLETE, integrity.path, f"{len(integrity.files)} files")


def _settled(findings: list[Finding]) -> list[Finding]:
    """Without the plain word that a time stamp is valid where it was taken too late: one step has one message."""
    if all(each.code is not Code.TIMESTAMP_LATE for each in findings):
        return findings
    return [each for each in findings if each.code is not Code.TIMESTAMP_VALID]


def listed(code: Code, subject: str, paths: "list[str] | tuple[str, ...]", most: int) -> Iterator[Finding]:
    """One finding for each path, up to ``most``, then one that counts the rest."""
    names = sorted(set(paths))
    for path in names[:most]:
        yield finding(code, subject, shown(path))
    if len(names) > most:
        yield finding(code, subject, f"and {len(names) - most} more")


def _signed_data_format(value: SignedData, subject: str) -> Iterator[Finding]:
    """No idle field: what the signature does not cover must at least say what it has to."""
    info = value.signer
    if info.signature_algorithm not in SM2_ALGORITHMS:
        yield finding(Code.FORMAT_ALGORITHM, subject, info.signature_algorithm)
    if not value.digest_algorithms or not _SM3.issuperset(value.digest_algorithms):
        yield finding(Code.FORMAT_ALGORITHM, subject, f"digests {', '.join(value.digest_algorithms)}")
    if value.shape not in {Shape.DIGEST, Shape.ATTRIBUTES}:
        yield finding(Code.FORMAT_SHAPE, subject, value.shape.value)
    if Tolerance.CMS_VERSION in value.tolerances:
        yield finding(Code.FORMAT_SHAPE, subject, "version")
    for content_type in (value.content_type, info.content_type):
        if content_type is not None and content_type not in _DATA:
            yield finding(Code.FORMAT_SHAPE, subject, f"content type {content_type}")


def _property_info(value: SealSignature, subject: str) -> Finding:
    """A seal signature states the path of its Signature.xml: one found elsewhere was moved there."""
    try:
        stated = resolve(value.property_info, base="")
    except MalformedDataError:
        stated = ""
    matches = stated == subject
    return finding(
        Code.PROPERTY_INFO_MATCHES if matches else Code.PROPERTY_INFO,
        subject,
        shown(value.property_info[:200]),
    )


def _extension_text(extension: ExtData) -> str:
    return f"{extension.oid}, {len(extension.value)} octets"
