"""From what a path comes to, to findings about the maker's and the signer's certificate."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from formats.gbt20518 import Certificate
from verifier.codes import Code, Step
from verifier.facts import day_text
from verifier.findings import Finding, finding, not_judged, shown
from verifier.path import Judged, PathJudge, PathState
from verifier.trust_list_model import Authority, Purpose


@dataclass(frozen=True, slots=True)
class Role:
    """Whose certificate is judged, and the codes that say so.

    Attributes:
        step: Step of the findings.
        purpose: What the trust list must list the authority for.
        unreadable: The certificate cannot be read, or holds no SM2 key.
        no_trust: There is no trust list.
        codes: Code of every state of a path.
    """

    step: Step
    purpose: Purpose
    unreadable: Code
    no_trust: Code
    codes: dict[PathState, Code]


def code_of(role: str, state: PathState) -> Code:
    """The code of a path's state for ``MAKER`` or ``SIGNER``."""
    return Code[f"{role}_CERT_{state.value}"]


def _role(role: str, step: Step, purpose: Purpose) -> Role:
    return Role(
        step,
        purpose,
        Code[f"{role}_CERT"],
        Code[f"{role}_CERT_NO_TRUST"],
        {state: code_of(role, state) for state in PathState},
    )


MAKER: Final = _role("MAKER", Step.MAKER_CERTIFICATE, Purpose.SEAL_MAKER)
SIGNER: Final = _role("SIGNER", Step.SIGNER_CERTIFICATE, Purpose.SEAL_HOLDER)

_LONGEST_DETAIL: Final = 1000
"""Characters; names in use have a tenth of it, and hostile ones a hundred times."""

_ENDED: Final = frozenset({PathState.PERIOD, PathState.REVOKED, PathState.HELD, PathState.AUTHORITY_WITHDRAWN})
_NEEDS_THE_TIME: Final = frozenset({PathState.PERIOD, PathState.REVOKED, PathState.HELD})


@dataclass(frozen=True, slots=True)
class CertificateVerdict:
    """Findings about one certificate, and where its path ends."""

    findings: tuple[Finding, ...]
    authority: Authority | None = None
    in_period: bool = False


def judge_certificate(
    role: Role,
    certificate: Certificate | None,
    fault: str,
    paths: PathJudge | None,
    *,
    subject: str,
    moment: datetime | None,
    at: datetime,
    links: Sequence[Certificate] = (),
    existed: datetime | None = None,
    stamped: datetime | None = None,
) -> CertificateVerdict:
    """Judge one certificate.

    Args:
        role: Whose it is.
        certificate: It; None if it could not be read.
        fault: Why it could not be read, or why its key cannot be used.
        paths: The judge of paths; None without a trust list.
        subject: The signature, for findings.
        moment: When its key was used; None if that is not known: then it is judged as of now, and what only the
            time could excuse is left open.
        at: Now.
        links: CA certificates that came with the document.
        existed: A time stamp proves that its key had been used by then; None if none does. The key lost later
            changes nothing, and where ``moment`` is not known this one is judged at.
        stamped: The same by a time stamp of its own: if the certificate had ended by then, it proves nothing of
            the time before, which is told.
    """
    if certificate is None:
        if fault:
            return CertificateVerdict((finding(role.unreadable, subject, fault),))
        return CertificateVerdict((not_judged(role.step, subject),))
    if certificate.public_key is None:
        return CertificateVerdict((finding(role.unreadable, subject, fault),))
    if paths is None:
        return CertificateVerdict((finding(role.no_trust, subject),))
    judged = paths.judge(
        certificate, role.purpose, moment=moment or existed or at, at=at, links=links, proven=existed
    )
    states = _states(judged, time_known=moment is not None)
    findings = [
        finding(role.codes[state], subject, _detail(certificate, state, detail)) for state, detail in states
    ]
    if stamped is not None and moment is not None:
        then = paths.judge(certificate, role.purpose, moment=stamped, at=at, links=links)
        if _ENDED & {each.state for each in then.results} and not _ENDED & {state for state, _ in states}:
            told = f"{day_text(stamped)}, the certificate of {certificate.subject} had ended"
            findings.append(finding(Code.TIMESTAMP_LATE, subject, shown(told, _LONGEST_DETAIL)))
    return CertificateVerdict(tuple(findings), judged.authority, judged.in_period)


def _detail(certificate: Certificate, state: PathState, detail: str) -> str:
    if state is PathState.TRUSTED:
        return ""  # the report names signer and maker
    subject = str(certificate.subject)
    return shown(f"{subject}: {detail}" if detail else subject, _LONGEST_DETAIL)


def _states(judged: Judged, *, time_known: bool) -> list[tuple[PathState, str]]:
    states = []
    for each in judged.results:
        open_question = not time_known and each.state in _NEEDS_THE_TIME
        states.append((PathState.UNDECIDED if open_question else each.state, each.detail))
    return states
