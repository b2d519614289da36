"""Certification paths (RFC 5280 6): from an end entity to an authority of the trust list that may vouch for it.

What does not change with time is found once for a certificate and remembered: who signed whom, who is a CA, what
is critical and not understood. What depends on the moment is asked each time: validity, status of the authority,
revocation. Every path found is judged and the best one counts, since an authority may be listed under several
certificates.

An authority on the list is believed for its purposes and no others: a certificate of a listed authority is never
used as a link of a path towards another one, which would lend it purposes it was not given.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from crypto import PublicKey
from formats.gbt20518 import Certificate, Name, RevocationReason
from verifier.bounded_cache import BoundedCache
from verifier.issuance import issued_by, may_issue, may_sign, may_time_stamp, names_allow, unreadable_criticals
from verifier.memory import MAX_REMEMBERED_CERTIFICATE
from verifier.revocation import RevocationSource, RevocationState, Status
from verifier.trust_list import TrustList
from verifier.trust_list_model import Authority, Purpose

MAX_LINKS: Final = 3
"""CA certificates between an end entity and a listed authority; real hierarchies have none or one."""
MAX_PATHS: Final = 8
_MAX_SIGNATURES: Final = 48


class PathState(StrEnum):
    """What a path comes to, the worst first; each has a code for makers and one for signers."""

    KEY_USAGE = "KEY_USAGE"
    PERIOD = "PERIOD"
    REVOKED = "REVOKED"
    HELD = "HELD"
    AUTHORITY_WITHDRAWN = "AUTHORITY_WITHDRAWN"
    UNTRUSTED = "UNTRUSTED"
    UNDECIDED = "UNDECIDED"
    EXTENSION = "EXTENSION"
    AUTHORITY_COMPROMISED = "AUTHORITY_COMPROMISED"
    COMPROMISED_SINCE = "COMPROMISED_SINCE"
    STATUS_UNKNOWN = "STATUS_UNKNOWN"
    STATUS_STALE = "STATUS_STALE"
    REVOKED_SINCE = "REVOKED_SINCE"
    EXPIRED_SINCE = "EXPIRED_SINCE"
    TRUSTED = "TRUSTED"


_RANK: Final = {state: rank for rank, state in enumerate(PathState)}
_LAST_FAILURE: Final = _RANK[PathState.UNTRUSTED]
_LAST_DOUBT: Final = _RANK[PathState.STATUS_STALE]
_OF_STATUS: Final = {
    Status.REVOKED: PathState.REVOKED,
    Status.HELD: PathState.HELD,
    Status.REVOKED_LATER: PathState.REVOKED_SINCE,
    Status.COMPROMISED_LATER: PathState.COMPROMISED_SINCE,
    Status.STALE: PathState.STATUS_STALE,
    Status.UNKNOWN: PathState.STATUS_UNKNOWN,
}
_LEAVES_TIME_STAMPS = frozenset(
    {RevocationReason.AFFILIATION_CHANGED, RevocationReason.SUPERSEDED, RevocationReason.CESSATION_OF_OPERATION}
)
"""Reasons for which a time-stamp authority's earlier tokens stay valid (RFC 3161 4, 1). unspecified (0) is one too
if it is stated, but reads the same as no reason, after which no token of that key is to be believed."""


@dataclass(frozen=True, slots=True)
class PathResult:
    """One thing found about a certificate's path."""

    state: PathState
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the best path comes to.

    Attributes:
        results: At least one; more if several things are wrong.
        authority: The authority the path ends at; None if there is no path.
        in_period: The end entity's own certificate was in its validity period.
    """

    results: tuple[PathResult, ...]
    authority: Authority | None
    in_period: bool

    @property
    def rank(self) -> int:
        """How good it is: a path is as good as its worst result."""
        return min(_RANK[each.state] for each in self.results)


@dataclass(frozen=True, slots=True)
class Path:
    """An end entity, CA certificates above it, and the listed authority; signatures and constraints hold.

    Attributes:
        certificates: The end entity first; never the authority's own.
        authority: Where it ends.
        doubts: Critical extensions not understood, name constraints not compared.
        faults: What can never hold: names a CA may not certify.
    """

    certificates: tuple[Certificate, ...]
    authority: Authority
    doubts: tuple[str, ...]
    faults: tuple[str, ...]

    def issuer_of(self, position: int) -> Certificate:
        """The certificate above the one at ``position``."""
        above = position + 1
        return self.certificates[above] if above < len(self.certificates) else self.authority.certificate


class PathJudge:
    """Judges certificates against one trust list and the revocation lists at hand. Safe for threads."""

    __slots__ = ("_by_name", "_listed_keys", "_lists", "_paths", "_proven_time_needed", "_superiors", "_trust")

    def __init__(
        self, trust: TrustList, lists: RevocationSource, *, cache_size: int, proven_time_needed: bool
    ) -> None:
        """Prepare.

        Args:
            trust: Whom to believe.
            lists: Revocation lists, and responses of status services.
            cache_size: How many certificates' paths are remembered.
            proven_time_needed: After a key compromise, do not believe a time that only the signer states.
        """
        self._trust = trust
        self._lists = lists
        self._proven_time_needed = proven_time_needed
        self._paths: BoundedCache[tuple[bytes, Purpose], tuple[Path, ...]] = BoundedCache(cache_size)
        self._superiors: BoundedCache[bytes, Certificate | None] = BoundedCache(cache_size)
        self._by_name: dict[Hashable, list[Authority]] = {}
        for authority in trust.authorities:
            self._by_name.setdefault(authority.certificate.subject.comparison_key(), []).append(authority)
        self._listed_keys = {_key(each.certificate) for each in trust.authorities}

    def judge(
        self,
        certificate: Certificate,
        purpose: Purpose,
        *,
        moment: datetime,
        at: datetime,
        links: Sequence[Certificate] = (),
        proven: datetime | None = None,
    ) -> Judged:
        """Judge one certificate.

        Args:
            certificate: The end entity's.
            purpose: What it is to be believed for.
            moment: When its key was used.
            at: Now.
            links: CA certificates that came with the document; nothing in them is believed unless a listed
                authority vouches for it.
            proven: A time stamp proves that its key had been used by then: losing the key later changes nothing.
        """
        in_period = certificate.validity.contains(moment)
        own = _own_results(certificate, purpose, moment, at, in_period=in_period)
        paths = self._known_paths(certificate, purpose)
        if not paths and links:
            paths = tuple(self._find(certificate, purpose, links[:16]))
        if not paths:
            # A list that is not in force may lack an authority approved since.
            state = PathState.UNTRUSTED if self._trust.current_at(at) else PathState.UNDECIDED
            return Judged((*own, PathResult(state, f"issued by {certificate.issuer}")), None, in_period)
        judged = [self._judge_path(path, purpose, own, moment, at, proven, in_period=in_period) for path in paths]
        return judged[0] if len(judged) == 1 else max(judged, key=lambda each: each.rank)

    # ------------------------------------------------------------------ finding

    def _known_paths(self, certificate: Certificate, purpose: Purpose) -> tuple[Path, ...]:
        def find() -> tuple[Path, ...]:
            return tuple(self._find(certificate, purpose, ()))

        if len(certificate.encoded) > MAX_REMEMBERED_CERTIFICATE:
            return find()
        return self._paths.get((certificate.encoded, purpose), find)

    def _find(self, certificate: Certificate, purpose: Purpose, links: Sequence[Certificate]) -> Iterator[Path]:
        """Paths by depth-first search; cost is bounded by the number of signatures verified."""
        budget = _MAX_SIGNATURES
        found = 0
        subjects = [(link, link.subject.comparison_key()) for link in links]
        pending: list[tuple[Certificate, ...]] = [(certificate,)]
        foreign = purpose is Purpose.TIME_STAMP
        while pending and budget > 0 and found < MAX_PATHS:
            chain = pending.pop()
            top = chain[-1]
            for authority in self._authorities(top, purpose):
                budget -= 1
                if may_issue(authority.certificate, _counted(chain)) and issued_by(
                    top, authority.certificate, foreign=foreign
                ):
                    found += 1
                    yield _path(chain, authority)
            if len(chain) > MAX_LINKS:
                continue
            issuer = top.issuer.comparison_key()
            for link, subject in subjects:
                if link in chain or _key(link) in self._listed_keys or (link.public_key is None and not foreign):
                    continue
                if issuer != subject or not may_issue(link, _counted(chain)):
                    continue
                budget -= 1
                if issued_by(top, link, foreign=foreign):
                    pending.append((*chain, link))

    def _named(self, name: Name) -> Sequence[Authority]:
        """Authorities of this name, under every certificate and in every encoding it is listed with."""
        return self._by_name.get(name.comparison_key(), ())

    def _authorities(self, certificate: Certificate, purpose: Purpose) -> list[Authority]:
        named = self._named(certificate.issuer)
        return [each for each in named if purpose in each.purposes and each.certificate != certificate]

    # ------------------------------------------------------------------ judging

    def _judge_path(
        self,
        path: Path,
        purpose: Purpose,
        own: tuple[PathResult, ...],
        moment: datetime,
        at: datetime,
        proven: datetime | None,
        *,
        in_period: bool,
    ) -> Judged:
        results = list(own)
        results += [PathResult(PathState.UNTRUSTED, fault) for fault in path.faults]
        results += [PathResult(PathState.EXTENSION, doubt) for doubt in path.doubts]
        results += [
            PathResult(PathState.PERIOD, f"{each.subject}")
            for each in (*path.certificates[1:], path.authority.certificate)
            if not each.validity.contains(moment)
        ]
        results += self._authority_results(path, purpose, moment, at)
        for position, certificate in enumerate(path.certificates):
            state = self._lists.state(certificate, path.issuer_of(position), moment=moment, at=at)
            if state.status is not Status.GOOD:
                # A lost key of a CA could certify anybody as of any date; a proven signature does not exclude it.
                used_by = proven if position == 0 else None
                results.append(PathResult(self._path_state(state, purpose, used_by), state.detail))
        return Judged(tuple(results) or (PathResult(PathState.TRUSTED),), path.authority, in_period)

    def _path_state(self, state: RevocationState, purpose: Purpose, used_by: datetime | None) -> PathState:
        mapped = _OF_STATUS[state.status]
        if purpose is Purpose.TIME_STAMP:
            # Its own times are what a lost key forges, so no policy and no other time stamp helps a time stamp.
            doubtful = mapped is PathState.REVOKED_SINCE and state.reason not in _LEAVES_TIME_STAMPS
            return PathState.COMPROMISED_SINCE if doubtful else mapped
        if mapped is not PathState.COMPROMISED_SINCE:
            return mapped
        proven = used_by is not None and state.since is not None and used_by < state.since
        return PathState.REVOKED_SINCE if proven or not self._proven_time_needed else mapped

    def _authority_results(
        self, path: Path, purpose: Purpose, moment: datetime, at: datetime
    ) -> Iterator[PathResult]:
        """Status when the key was used and when the certificate below was issued (TS 119 612)."""
        authority = path.authority
        subject = authority.certificate.subject
        if authority.compromised and (self._proven_time_needed or purpose is Purpose.TIME_STAMP):
            yield PathResult(PathState.AUTHORITY_COMPROMISED, str(subject))
        issued = path.certificates[-1].validity.not_before
        if not authority.granted_at(moment) or not authority.granted_at(issued):
            yield PathResult(PathState.AUTHORITY_WITHDRAWN, str(subject))
        superior = self._superiors.get(authority.certificate.encoded, lambda: self._superior(authority))
        if superior is not None:
            state = self._lists.state(authority.certificate, superior, moment=moment, at=at)
            if state.status in {Status.REVOKED, Status.HELD}:
                yield PathResult(PathState.REVOKED, f"{subject}: {state.detail}")

    def _superior(self, authority: Authority) -> Certificate | None:
        """The listed certificate that issued an authority's own; an anchor needs none to be believed.

        It is asked for one thing only: whether it has revoked what the list still names.
        """
        for each in self._named(authority.certificate.issuer):
            if each != authority and issued_by(authority.certificate, each.certificate, foreign=True):
                return each.certificate
        return None


def _counted(chain: tuple[Certificate, ...]) -> int:
    """CA certificates of a chain that count in path lengths: self-issued ones do not (RFC 5280 6.1.4 l)."""
    return sum(not each.subject.matches(each.issuer) for each in chain[1:])


def is_failure(state: PathState) -> bool:
    """Whether the state means the certificate is not to be believed."""
    return _RANK[state] <= _LAST_FAILURE


def is_doubt(state: PathState) -> bool:
    """Whether the state leaves it open."""
    return _LAST_FAILURE < _RANK[state] <= _LAST_DOUBT


def _key(certificate: Certificate) -> PublicKey | bytes:
    """What tells a key from others: the point of an SM2 key, else its SubjectPublicKeyInfo."""
    return certificate.spki if certificate.public_key is None else certificate.public_key


def _own_results(
    certificate: Certificate, purpose: Purpose, moment: datetime, at: datetime, *, in_period: bool
) -> tuple[PathResult, ...]:
    results = []
    stamps = purpose is Purpose.TIME_STAMP
    if not (may_time_stamp(certificate) if stamps else may_sign(certificate)):
        results.append(PathResult(PathState.KEY_USAGE))
    if stamps and not _key_in_use(certificate, moment):
        results.append(PathResult(PathState.PERIOD, "outside of the private key's usage period"))
    if not in_period:
        period = certificate.validity
        results.append(
            PathResult(PathState.PERIOD, f"{period.not_before:%Y-%m-%d} to {period.not_after:%Y-%m-%d}")
        )
    elif certificate.validity.not_after < at:
        results.append(PathResult(PathState.EXPIRED_SINCE, f"{certificate.validity.not_after:%Y-%m-%d}"))
    return tuple(results)


def _key_in_use(certificate: Certificate, moment: datetime) -> bool:
    """Whether ``moment`` lies in the private key usage period, if there is one: tokens outlive their key."""
    start, end = certificate.private_key_usage_period or (None, None)
    return (start is None or start <= moment) and (end is None or moment <= end)


def _path(chain: tuple[Certificate, ...], authority: Authority) -> Path:
    doubts: list[str] = []
    faults: list[str] = []
    above = (*chain[1:], authority.certificate)
    for certificate in (*chain, authority.certificate):
        doubts += unreadable_criticals(certificate)
    for position, issuer in enumerate(above):
        constraints = issuer.name_constraints
        if constraints is None:
            continue
        for certificate in chain[: position + 1]:
            allowed = names_allow(constraints, certificate)
            if allowed is None:
                doubts.append(f"name constraints of {issuer.subject}")
            elif not allowed:
                faults.append(f"{issuer.subject} may not certify {certificate.subject}")
    return Path(chain, authority, tuple(doubts), tuple(faults))
