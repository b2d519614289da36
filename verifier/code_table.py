"""What every code means: the step it ends, the outcome, the clause.

A code belongs to exactly one step and one outcome, so a finding is made from its code alone and nothing can
report ``SIGNATURE`` as passed. Clauses are copied from the standards as far as their text was at hand; a whole
standard is named where the clause number is not known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from verifier.codes import Code, Outcome, Step


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What a code means to a program.

    Attributes:
        step: Where it arises; None for the two codes that say why any step was left out.
        outcome: How the step ended.
        clause: Standard and, where known, clause.
        notable: Passed, yet worth telling the reader.
    """

    step: Step | None
    outcome: Outcome
    clause: str
    notable: bool = False


_P, _F, _U, _S = Outcome.PASSED, Outcome.FAILED, Outcome.UNDETERMINED, Outcome.SKIPPED

_SEAL_SIGNATURE: Final = "GB/T 38540-2020 7.3"
_SEAL: Final = "GB/T 38540-2020 6.3"
_TIME: Final = "GB/T 38540-2020 7.3; GM/T 0031-2014 6.2.3 d"
_PATH: Final = "RFC 5280 6"
_TRUST: Final = "ETSI TS 119 612"
_PACKAGE: Final = "GB/T 33190-2016"
_LIST: Final = "GB/T 33190-2016 18.1"
_SIGNATURE_FILE: Final = "GB/T 33190-2016 18.2"
_TIME_STAMP: Final = "GB/T 20520; RFC 3161 2.4.2"
_INTEGRITY: Final = "GM/T 0099-2020"
_FILE: Final = "GB/T 36905-2018"
_FACE: Final = "own rule; GB/T 36905-2018"
_METADATA: Final = "GB/T 36903-2018"
_IDENTIFIER: Final = "GB/T 36904-2018"


def _facts(step: Step, clause: str, **outcomes: tuple[str, ...]) -> dict[Code, CodeFacts]:
    """Entries of one step: ``passed``, ``notable``, ``failed``, ``undetermined`` and ``skipped`` code names."""
    kinds = {"passed": _P, "notable": _P, "failed": _F, "undetermined": _U, "skipped": _S}
    return {
        Code[name]: CodeFacts(step, kinds[kind], clause, notable=kind == "notable")
        for kind, names in outcomes.items()
        for name in names
    }


def _certificate_facts(step: Step, role: str, clause: str) -> dict[Code, CodeFacts]:
    """The same set of codes for the maker's and the signer's certificate."""
    return _facts(
        step,
        clause,
        passed=(f"{role}_CERT_TRUSTED",),
        notable=(f"{role}_CERT_EXPIRED_SINCE", f"{role}_CERT_REVOKED_SINCE"),
        failed=(
            f"{role}_CERT",
            f"{role}_CERT_UNTRUSTED",
            f"{role}_CERT_PERIOD",
            f"{role}_CERT_REVOKED",
            f"{role}_CERT_HELD",
            f"{role}_CERT_KEY_USAGE",
            f"{role}_CERT_AUTHORITY_WITHDRAWN",
        ),
        undetermined=(
            f"{role}_CERT_NO_TRUST",
            f"{role}_CERT_EXTENSION",
            f"{role}_CERT_STATUS_UNKNOWN",
            f"{role}_CERT_STATUS_STALE",
            f"{role}_CERT_COMPROMISED_SINCE",
            f"{role}_CERT_AUTHORITY_COMPROMISED",
            f"{role}_CERT_UNDECIDED",
        ),
    )


CODES: Final[Mapping[Code, CodeFacts]] = MappingProxyType(
    {
        Code.NOT_APPLICABLE: CodeFacts(None, _S, ""),
        Code.NOT_JUDGED: CodeFacts(None, _S, ""),
        **_facts(
            Step.TRUST_LIST,
            _TRUST,
            passed=("TRUST_LIST_CURRENT",),
            notable=("TRUST_LIST_UNPINNED",),
            undetermined=("TRUST_LIST_NONE", "TRUST_LIST_EXPIRED", "TRUST_LIST_NOT_YET_ISSUED"),
        ),
        **_facts(
            Step.PACKAGE,
            _PACKAGE,
            passed=("PACKAGE_SOUND",),
            notable=("PACKAGE_COMMENT",),
            failed=("PACKAGE_ANOMALY", "PACKAGE_DOCUMENT"),
            undetermined=("PACKAGE_ENCRYPTED", "PACKAGE_AMBIGUOUS"),
        ),
        **_facts(
            Step.SIGNATURE_LIST,
            _LIST,
            passed=("SIGNATURES_LISTED",),
            failed=(
                "UNSIGNED",
                "SIGNATURE_LIST_MALFORMED",
                "SIGNATURE_ID_REPEATED",
                "SIGNATURE_LISTED_TWICE",
                "SIGNATURE_NOT_LISTED",
                "SIGNATURE_BASE_MISSING",
                "SIGNATURES_TOO_MANY",
            ),
        ),
        **_facts(
            Step.FORMAT,
            _SEAL_SIGNATURE,
            passed=("FORMAT_SOUND",),
            failed=(
                "FORMAT",
                "FORMAT_FILE_MISSING",
                "FORMAT_TYPE",
                "FORMAT_VERSION",
                "FORMAT_ALGORITHM",
                "FORMAT_GENERATION",
            ),
            undetermined=("FORMAT_EXTENSION", "FORMAT_SHAPE", "FORMAT_BARE"),
        ),
        **_facts(
            Step.SIGNATURE,
            _SEAL_SIGNATURE,
            passed=("SIGNATURE_VALID",),
            failed=("SIGNATURE",),
            undetermined=("SIGNATURE_WITHOUT_KEY",),
        ),
        **_facts(
            Step.SIGNER_IN_SEAL,
            _SEAL_SIGNATURE,
            passed=("SIGNER_IN_SEAL",),
            failed=("SIGNER_NOT_IN_SEAL",),
            undetermined=("SIGNER_LIST_UNKNOWN",),
        ),
        **_facts(Step.SEAL_SIGNATURE, f"{_SEAL} b", passed=("SEAL_SIGNATURE_VALID",), failed=("SEAL_SIGNATURE",)),
        **_certificate_facts(Step.MAKER_CERTIFICATE, "MAKER", f"{_SEAL} c; GM/T 0031-2025"),
        **_facts(
            Step.MAKER_LISTING,
            _TRUST,
            passed=("MAKER_LISTED",),
            failed=("MAKER_NOT_LISTED", "MAKER_NOT_LISTED_THEN", "MAKER_GENERATION"),
            undetermined=("MAKER_LISTING_UNKNOWN",),
        ),
        **_facts(
            Step.SEAL_VALIDITY,
            f"{_SEAL} d",
            passed=("SEAL_IN_PERIOD",),
            notable=("SEAL_EXPIRED_SINCE",),
            failed=("SEAL_EXPIRED", "SEAL_NOT_YET_VALID", "SEAL_CREATED_LATER"),
            undetermined=("SEAL_PERIOD_UNKNOWN",),
        ),
        **_facts(
            Step.SEAL_PICTURE,
            f"{_SEAL} a",
            passed=("SEAL_PICTURE_PRESENT",),
            failed=("SEAL_PICTURE",),
            undetermined=("SEAL_IMPRINT",),
        ),
        **_facts(
            Step.SEAL_FILE,
            _SIGNATURE_FILE,
            passed=("SEAL_MATCHES",),
            failed=("SEAL_MISMATCH", "SEAL_NOT_USED"),
            undetermined=("SEAL_IMAGE",),
        ),
        **_certificate_facts(Step.SIGNER_CERTIFICATE, "SIGNER", f"{_SEAL_SIGNATURE}; {_PATH}"),
        **_facts(
            Step.SIGNING_TIME,
            _TIME,
            passed=("TIME_CLAIMED", "TIME_PROVEN"),
            notable=("TIME_NOW",),
            failed=("TIME", "TIME_FUTURE"),
            undetermined=("TIME_UNKNOWN",),
        ),
        **_facts(
            Step.DATA_HASH,
            _SEAL_SIGNATURE,
            passed=("DATA_HASH_MATCHES",),
            failed=("DATA_HASH", "DATA_HASH_ALGORITHM"),
        ),
        **_facts(
            Step.REFERENCES,
            _SIGNATURE_FILE,
            passed=("REFERENCES_MATCH",),
            failed=("REFERENCE", "REFERENCE_MISSING", "REFERENCE_ALGORITHM", "REFERENCE_NONE"),
        ),
        **_facts(
            Step.PROPERTY_INFO,
            _SEAL_SIGNATURE,
            passed=("PROPERTY_INFO_MATCHES",),
            failed=("PROPERTY_INFO",),
        ),
        **_facts(
            Step.TIME_STAMP,
            _TIME_STAMP,
            passed=("TIMESTAMP_VALID",),
            notable=("TIMESTAMP_CERT_EXPIRED_SINCE", "TIMESTAMP_CERT_REVOKED_SINCE"),
            failed=(
                "TIMESTAMP_FORMAT",
                "TIMESTAMP_IMPRINT",
                "TIMESTAMP_SIGNATURE",
                "TIMESTAMP_ORDER",
                "TIMESTAMP_FUTURE",
                "TIMESTAMP_CERT",
                "TIMESTAMP_CERT_BINDING",
                "TIMESTAMP_CERT_KEY_USAGE",
                "TIMESTAMP_CERT_PERIOD",
                "TIMESTAMP_CERT_REVOKED",
                "TIMESTAMP_CERT_HELD",
            ),
            undetermined=(
                "TIMESTAMP_UNJUDGED",
                "TIMESTAMP_IMPRINT_FORM",
                "TIMESTAMP_ALGORITHM",
                "TIMESTAMP_EXTENSION",
                "TIMESTAMP_INACCURATE",
                "TIMESTAMP_LATE",
                "TIMESTAMP_CERT_MISSING",
                "TIMESTAMP_CERT_NO_TRUST",
                "TIMESTAMP_CERT_UNTRUSTED",
                "TIMESTAMP_CERT_UNDECIDED",
                "TIMESTAMP_CERT_EXTENSION",
                "TIMESTAMP_CERT_AUTHORITY_WITHDRAWN",
                "TIMESTAMP_CERT_AUTHORITY_COMPROMISED",
                "TIMESTAMP_CERT_COMPROMISED_SINCE",
                "TIMESTAMP_CERT_STATUS_UNKNOWN",
                "TIMESTAMP_CERT_STATUS_STALE",
            ),
            skipped=("TIMESTAMP_ABSENT",),
        ),
        **_facts(
            Step.INTEGRITY_LIST,
            _INTEGRITY,
            passed=("INTEGRITY_LIST_COMPLETE",),
            failed=("INTEGRITY_FILE_UNLISTED", "INTEGRITY_FILE_MISSING"),
        ),
        **_facts(
            Step.COVERAGE,
            _FILE,
            passed=("COVERAGE_COMPLETE",),
            notable=("COVERAGE_UNREFERENCED", "COVERAGE_DANGLING"),
            failed=("COVERAGE_MISSING",),
            undetermined=("COVERAGE_PARTIAL", "COVERAGE_UNDECIDED"),
        ),
        **_facts(
            Step.LICENCE_METADATA,
            _METADATA,
            passed=("METADATA_READ",),
            failed=("METADATA", "METADATA_INCOMPLETE", "METADATA_SEVERAL"),
        ),
        **_facts(
            Step.LICENCE_IDENTIFIER,
            _IDENTIFIER,
            passed=("IDENTIFIER_VALID",),
            failed=("IDENTIFIER", "IDENTIFIER_TYPE", "IDENTIFIER_ISSUER"),
        ),
        **_facts(
            Step.LICENCE_ISSUER,
            _FILE,
            passed=("ISSUER_ENTITLED",),
            failed=("ISSUER_NOT_LISTED", "ISSUER_TYPE", "ISSUER_ITEM", "ISSUER_PERIOD"),
            undetermined=("ISSUER_ITEM_UNSTATED", "ISSUER_UNKNOWN"),
        ),
        **_facts(
            Step.ISSUER_SEAL,
            _FILE,
            passed=("ISSUER_SEALED",),
            failed=("ISSUER_NOT_SEALED", "ISSUER_SEAL_REGION"),
            undetermined=("ISSUER_SEAL_UNKNOWN",),
        ),
        **_facts(
            Step.LICENCE_VALIDITY,
            _METADATA,
            passed=("LICENCE_IN_FORCE",),
            failed=("LICENCE_EXPIRED", "LICENCE_NOT_YET_VALID", "LICENCE_COPY_EXPIRED"),
        ),
        **_facts(
            Step.LICENCE_FACE,
            _FACE,
            passed=("FACE_MATCHES",),
            failed=("FACE_DIFFERS", "FACE_HIDDEN", "FACE_GLYPH_MISMATCH", "FACE_MISSING"),
            undetermined=("FACE_NOT_SHOWN", "FACE_UNDECIDED", "FACE_UNREADABLE"),
        ),
        **_facts(Step.LICENCE_STATUS, _FILE, skipped=("LICENCE_STATUS_NOT_ASKED",)),
    }
)
"""Facts of every code."""
