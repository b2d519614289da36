"""Why does another reader say otherwise? Replays known dialects over what did not pass.

A diagnosis takes a report as it is and explains it. It has no way to change a finding or the verdict: that a
dialect fits means that its maker signed something else than the standards ask for, and no reader can tell such a
file from one that was made to look like it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from crypto import DEFAULT_USER_ID, sm3
from formats.errors import MalformedDataError
from formats.gbt20518 import Certificate
from formats.gbt33190.package import OfdPackage, PackageLimits
from formats.gbt33190.parts import Parts
from formats.gbt33190.signatures import read_signatures
from formats.gbt35275 import Shape, SignedData
from formats.gbt38540 import SealSignature, read_seal
from formats.tolerances import Tolerance
from verifier.codes import Code
from verifier.diagnosis import digest_search, signature_search, signed_octets, signer_lists
from verifier.diagnosis.digested_octets import of_list, of_signature_file
from verifier.diagnosis.model import Answer, Budget, Conclusion, Diagnosis, DiagnosisLimits, Fit, Question
from verifier.diagnosis.reference_search import ReferenceSearch
from verifier.diagnosis.signature_search import SignatureQuestion
from verifier.diagnosis.strictness import remarks
from verifier.diagnosis.structures import repair
from verifier.examination import Examined, examine_package, examine_seal
from verifier.memory import Memory
from verifier.package_files import PackageFiles
from verifier.policy import Policy
from verifier.report import Report, SignatureKind

_REFERENCE_CODES: Final = frozenset({Code.REFERENCE, Code.REFERENCE_MISSING, Code.REFERENCE_ALGORITHM})
_TIME_UNKNOWN: Final = frozenset({Code.TIME_UNKNOWN, Code.SEAL_PERIOD_UNKNOWN})
_TIME_WRONG: Final = frozenset({Code.TIME, Code.TIME_FUTURE})
_BEIJING: Final = timedelta(hours=8)
_MOST_LISTED: Final = 8
_NAMED_SHAPES: Final = {
    Shape.BASE64_DIGEST: "content is the Base64 text of the digest",
    Shape.OTHER: "other content",
}


def diagnose_document(
    data: bytes,
    report: Report,
    *,
    package_limits: PackageLimits | None = None,
    limits: DiagnosisLimits | None = None,
) -> Diagnosis:
    """Say which known dialects would explain what did not pass, and over what others may refuse.

    Args:
        data: The document the report is about.
        report: What verifying it gave; it is read and not changed.
        package_limits: What opening it may cost, as for the verifier.
        limits: What trying may cost.

    Raises:
        MalformedDataError: ``data`` is no document that can be opened; then there is no report on it.
        LimitExceededError: Reading it costs more than allowed.
        ValueError: The report is about another document.
    """
    if report.size != len(data):
        raise ValueError("the report is about another document")
    package = OfdPackage.open(data, package_limits or PackageLimits())
    memory = Memory(certificates=64, seals=8, files=1)
    files = PackageFiles(package, data, memory.files)
    budget = Budget(limits or DiagnosisLimits())
    parts = Parts(package)
    try:
        entries = read_signatures(parts)[: Policy().signatures]
    except MalformedDataError:
        entries = ()  # the report tells it; there is nothing to try
    examined = list(examine_package(files, parts, entries, memory))
    answers: list[Answer] = []
    for each in examined:
        answers += _Signature(each, report, files, data, budget, memory).answers()
    return Diagnosis(
        verdict=report.verdict,
        answers=tuple(dict.fromkeys(answers)),
        remarks=remarks(report, examined),
        tried=budget.tried,
        complete=not budget.exhausted,
    )


def diagnose_seal(data: bytes, *, limits: DiagnosisLimits | None = None) -> Diagnosis:
    """Say which known dialect would explain that the maker's signature on a seal (Seal.esl) does not hold.

    Raises:
        MalformedDataError: Not a seal.
    """
    budget = Budget(limits or DiagnosisLimits())
    seal = read_seal(data)
    memory = Memory(certificates=4, seals=1, files=1)
    maker, _, holds = examine_seal(seal, memory)
    answers: tuple[Answer, ...] = ()
    if holds is not True:
        fit = None
        if maker is not None and maker.public_key is not None:
            question = SignatureQuestion(seal.signature, maker, seal.signed_bytes, signed_octets.of_seal(seal))
            fit = signature_search.search(question, budget)
            if fit is not None and holds is None:
                fit = Fit(("algorithm.name", *fit.dialects), seal.signature_algorithm)
        can_try = maker is not None and maker.public_key is not None
        answers = (_answer("", Question.SEAL_SIGNATURE, fit, budget, 0, tried_any=can_try),)
    return Diagnosis(None, answers, (), budget.tried, complete=not budget.exhausted)


class _Signature:
    """One signature being diagnosed."""

    def __init__(
        self,
        examined: Examined,
        report: Report,
        files: PackageFiles,
        octets: bytes,
        budget: Budget,
        memory: Memory,
    ) -> None:
        self._examined = examined
        self._report = report
        self._files = files
        self._octets = octets
        self._budget = budget
        self._memory = memory
        own = [each for each in report.signatures if each.subject == examined.subject]
        self._codes = frozenset(finding.code for each in own for finding in each.findings)
        self._all_codes = frozenset(finding.code for finding in report.document_findings)

    def answers(self) -> Iterator[Answer]:
        """One answer for every question that did not pass."""
        yield from self._format()
        value = self._examined.value
        if Code.SIGNATURE in self._codes or Code.SIGNATURE_WITHOUT_KEY in self._codes:
            yield self._signature()
        if Code.SEAL_SIGNATURE in self._codes and isinstance(value, SealSignature):
            yield self._seal(value)
        if Code.SIGNER_NOT_IN_SEAL in self._codes or Code.SIGNER_LIST_UNKNOWN in self._codes:
            yield from self._signer_list()
        if Code.DATA_HASH in self._codes or Code.DATA_HASH_ALGORITHM in self._codes:
            yield self._data_hash(value)
        if _REFERENCE_CODES & self._codes or Code.PACKAGE_AMBIGUOUS in self._all_codes:
            yield from self._references()
        yield from self._time()

    # ------------------------------------------------------------------ format

    def _format(self) -> Iterator[Answer]:
        examined = self._examined
        if Code.FORMAT in self._codes and examined.kind is SignatureKind.UNREADABLE and examined.value_path:
            yield from self._repaired(self._files.package.read(examined.value_path))
        if Code.FORMAT_ALGORITHM in self._codes:
            yield self._misnamed()
        fits = {
            Code.FORMAT_VERSION: Fit(("shape.version",)),
            Code.FORMAT_TYPE: Fit(("shape.type",), examined.kind.value),
            Code.FORMAT_SHAPE: self._shape(),
        }
        if examined.signature is True:  # else the answer about the signature tells more
            for code in sorted(fits.keys() & self._codes):
                yield _answer(examined.subject, Question.FORMAT, fits[code], self._budget, self._budget.tried)

    def _shape(self) -> Fit:
        value = self._examined.value
        detail = _NAMED_SHAPES.get(value.shape, "") if isinstance(value, SignedData) else ""
        return Fit(("shape.signed-data",), detail)

    def _repaired(self, data: bytes) -> Iterator[Answer]:
        before = self._budget.tried
        repaired = repair(data)
        subject = self._examined.subject
        if repaired is None:
            yield Answer(subject, Question.FORMAT, Conclusion.UNTRIED)
            return
        value = repaired.value
        signer = self._certificate(value.signer_certificate)
        fit = None
        if signer is not None and signer.public_key is not None:
            question = SignatureQuestion(value.signature, signer, repaired.signed)
            found = signature_search.search(question, self._budget)
            if found is not None:
                detail = ", ".join(each for each in (repaired.detail, found.detail) if each)
                fit = Fit((*repaired.dialects, *found.dialects), detail)
        yield _answer(subject, Question.FORMAT, fit, self._budget, before)
        entry = self._examined.entry
        if entry is not None and entry.file is not None and sm3(entry.file.encoded) != value.data_hash:
            yield self._data_hash(value)

    def _misnamed(self) -> Answer:
        """Another algorithm is named; the signature may still be SM2 with SM3."""
        examined, before = self._examined, self._budget.tried
        name = Fit(("algorithm.name",))
        if examined.signature is not None:
            fit = name if examined.signature else None
            return _answer(examined.subject, Question.FORMAT, fit, self._budget, before)
        question = self._question()
        found = signature_search.search(question, self._budget) if question else None
        fit = Fit((*name.dialects, *found.dialects), found.detail) if found else None
        return _answer(
            examined.subject, Question.FORMAT, fit, self._budget, before, tried_any=question is not None
        )

    # ------------------------------------------------------------------ signatures

    def _signature(self) -> Answer:
        before = self._budget.tried
        question = self._question()
        fit = signature_search.search(question, self._budget) if question else None
        return _answer(
            self._examined.subject,
            Question.SIGNATURE,
            fit,
            self._budget,
            before,
            tried_any=question is not None,
        )

    def _question(self) -> SignatureQuestion | None:
        examined, value = self._examined, self._examined.value
        signer = examined.signer
        if signer is None or signer.public_key is None:
            return None
        if isinstance(value, SealSignature):
            messages, digests = signed_octets.of_seal_signature(value, self._document(), self._seal_file())
            own = value.seal.property.certificates[:_MOST_LISTED]
            others = [self._certificate(each) for each in (value.seal.maker_certificate, *own)]
            found = [each for each in others if each is not None]
            return SignatureQuestion(value.signature, signer, value.to_sign, messages, digests, found)
        document = self._document()
        if not isinstance(value, SignedData) or document is None:
            return None
        signed = value.signed_bytes()
        messages, digests = signed_octets.of_signed_data(value, document)
        others = [self._certificate(each) for each in value.certificates[:_MOST_LISTED]]
        return SignatureQuestion(
            value.signer.signature,
            signer,
            signed[0] if signed else document,
            messages,
            digests,
            [each for each in others if each is not None],
        )

    def _seal(self, value: SealSignature) -> Answer:
        before = self._budget.tried
        maker = self._examined.maker
        fit = None
        if maker is not None and maker.public_key is not None:
            others = [self._examined.signer] if self._examined.signer is not None else []
            question = SignatureQuestion(
                value.seal.signature, maker, value.seal.signed_bytes, signed_octets.of_seal(value.seal), (), others
            )
            fit = signature_search.search(question, self._budget)
        return _answer(
            self._examined.subject, Question.SEAL_SIGNATURE, fit, self._budget, before, tried_any=maker is not None
        )

    def _signer_list(self) -> Iterator[Answer]:
        value, signer = self._examined.value, self._examined.signer
        if isinstance(value, SealSignature) and signer is not None:
            before = self._budget.tried
            fit = signer_lists.search(value, signer, self._budget)
            yield _answer(self._examined.subject, Question.SIGNER_IN_SEAL, fit, self._budget, before)

    # ------------------------------------------------------------------ digests

    def _data_hash(self, value: SealSignature | SignedData | None) -> Answer:
        before = self._budget.tried
        stated = _stated_digest(value)
        entry, integrity = self._examined.entry, self._examined.integrity
        fit = None
        if stated is not None and entry is not None and entry.file is not None:
            contents = of_signature_file(entry.file, self._files.package, self._budget)
            fit = digest_search.search(stated, contents, self._z_values(), self._budget) or self._other_file(
                stated
            )
        elif stated is not None and integrity is not None:
            contents = of_list(integrity.encoded, self._budget)
            fit = digest_search.search(stated, contents, self._z_values(), self._budget)
        return _answer(
            self._examined.subject, Question.DATA_HASH, fit, self._budget, before, tried_any=stated is not None
        )

    def _other_file(self, stated: bytes) -> Fit | None:
        """Whether the digest is that of another file of the package."""
        for name, entry in self._files.package.entries.items():
            if not self._budget.may_digest(entry.size):
                return None
            if self._files.digest(name) == stated:
                return Fit(("content.other-file",), name[:200])
        return None

    def _references(self) -> Iterator[Answer]:
        entry = self._examined.entry
        if entry is None or entry.file is None:
            return
        search = ReferenceSearch(self._files, self._octets, self._z_values(), self._budget)
        answer = search.answer(entry.file, self._examined.subject)
        if answer is not None:
            yield answer

    def _z_values(self) -> list[bytes]:
        keys = [each.public_key for each in (self._examined.signer, self._examined.maker) if each is not None]
        return [key.z_value(DEFAULT_USER_ID) for key in keys if key is not None]

    # ------------------------------------------------------------------ time

    def _time(self) -> Iterator[Answer]:
        value, subject = self._examined.value, self._examined.subject
        if value is None:
            return
        if _TIME_UNKNOWN & self._codes and Tolerance.TIME_WITHOUT_ZONE in value.tolerances:
            yield Answer(subject, Question.SIGNING_TIME, Conclusion.FITS, (Fit(("time.without-zone",)),))
        stated = self._examined.stated_time
        if _TIME_WRONG & self._codes and stated is not None and self._fits_as_local(stated):
            yield Answer(subject, Question.SIGNING_TIME, Conclusion.FITS, (Fit(("time.local-as-utc",)),))

    def _fits_as_local(self, stated: datetime) -> bool:
        """Whether the time would do if it were Beijing time written with a false Z."""
        signer = self._examined.signer
        try:
            moved = stated - _BEIJING
        except OverflowError:
            return False
        return signer is not None and moved <= self._report.at and signer.validity.contains(moved)

    # ------------------------------------------------------------------ what is at hand

    def _document(self) -> bytes | None:
        entry, integrity = self._examined.entry, self._examined.integrity
        if entry is not None and entry.file is not None:
            return entry.file.encoded
        return integrity.encoded if integrity is not None else None

    def _seal_file(self) -> bytes | None:
        entry = self._examined.entry
        name = entry.file.seal if entry is not None and entry.file is not None else None
        if name is None:
            return None
        try:
            data = self._files.package.read(name)
            read_seal(data)
        except MalformedDataError:
            return None
        return data

    def _certificate(self, data: bytes) -> Certificate | None:
        try:
            return self._memory.certificate(data)
        except MalformedDataError:
            return None


def _stated_digest(value: SealSignature | SignedData | None) -> bytes | None:
    """The digest a signature states."""
    if isinstance(value, SealSignature):
        return value.data_hash
    if isinstance(value, SignedData):
        return value.content if value.signer.signed_attributes is None else value.signer.message_digest
    return None


def _answer(
    subject: str, question: Question, fit: Fit | None, budget: Budget, before: int, *, tried_any: bool = True
) -> Answer:
    if not tried_any:
        return Answer(subject, question, Conclusion.UNTRIED)
    tried = budget.tried - before
    if fit is not None and fit.dialects:
        return Answer(subject, question, Conclusion.FITS, (fit,), tried=tried)
    unlisted = question is Question.SIGNER_IN_SEAL
    conclusion = Conclusion.STOPPED if budget.exhausted else Conclusion.UNLISTED if unlisted else Conclusion.NONE
    return Answer(subject, question, conclusion, tried=tried)
