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

from formats.gbt20518 import Certificate, Name
from verifier.bounded_cache import BoundedCache
from verifier.issuance import may_issue, may_sign, names_allow, signed_by, unreadable_criticals
from verifier.memory import MAX_REMEMBERED_CERTIFICATE
from verifier.revocation import RevocationLists, Status
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
        self, trust: TrustList, lists: RevocationLists, *, cache_size: int, proven_time_needed: bool
    ) -> None:
        """Prepare.

        Args:
            trust: Whom to believe.
            lists: Revocation lists.
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
        self._listed_keys = {each.certificate.public_key for each in trust.authorities}

    def judge(
        self,
        certificate: Certificate,
        purpose: Purpose,
        *,
        moment: datetime,
        at: datetime,
        links: Sequence[Certificate] = (),
    ) -> Judged:
        """Judge one certificate.

        Args:
            certificate: The end entity's.
            purpose: What it is to be believed for.
            moment: When its key was used.
            at: Now.
            links: CA certificates that came with the document; nothing in them is believed unless a listed
                authority vouches for it.
        """
        in_period = certificate.validity.contains(moment)
        own = _own_results(certificate, at, in_period=in_period)
        paths = self._known_paths(certificate, purpose)
        if not paths and links:
            paths = tuple(self._find(certificate, purpose, links[:16]))
        if not paths:
            # A list that is not in force may lack an authority approved since.
            state = PathState.UNTRUSTED if self._trust.current_at(at) else PathState.UNDECIDED
            return Judged((*own, PathResult(state, f"issued by {certificate.issuer}")), None, in_period)
        judged = [self._judge_path(path, own, moment, at, in_period=in_period) for path in paths]
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
        while pending and budget > 0 and found < MAX_PATHS:
            chain = pending.pop()
            top = chain[-1]
            for authority in self._authorities(top, purpose):
                budget -= 1
                key = authority.certificate.public_key
                if may_issue(authority.certificate, len(chain) - 1) and key is not None and signed_by(top, key):
                    found += 1
                    yield _path(chain, authority)
            if len(chain) > MAX_LINKS:
                continue
            issuer = top.issuer.comparison_key()
            for link, subject in subjects:
                if link in chain or link.public_key in self._listed_keys or link.public_key is None:
                    continue
                if issuer != subject or not may_issue(link, len(chain) - 1):
                    continue
                budget -= 1
                if signed_by(top, link.public_key):
                    pending.append((*chain, link))

    def _named(self, name: Name) -> Sequence[Authority]:
        """Authorities of this name, under every certificate and in every encoding it is listed with."""
        return self._by_name.get(name.comparison_key(), ())

    def _authorities(self, certificate: Certificate, purpose: Purpose) -> list[Authority]:
        named = self._named(certificate.issuer)
        return [each for each in named if purpose in each.purposes and each.certificate != certificate]

    # ------------------------------------------------------------------ judging

    def _judge_path(
        self, path: Path, own: tuple[PathResult, ...], moment: datetime, at: datetime, *, in_period: bool
    ) -> Judged:
        results = list(own)
        results += [PathResult(PathState.UNTRUSTED, fault) for fault in path.faults]
        results += [PathResult(PathState.EXTENSION, doubt) for doubt in path.doubts]
        results += [
            PathResult(PathState.PERIOD, f"{each.subject}")
            for each in (*path.certificates[1:], path.authority.certificate)
            if not each.validity.contains(moment)
        ]
        results += self._authority_results(path, moment, at)
        for position, certificate in enumerate(path.certificates):
            state = self._lists.state(certificate, path.issuer_of(position), moment=moment, at=at)
            if state.status is Status.GOOD:
                continue
            mapped = _OF_STATUS[state.status]
            if mapped is PathState.COMPROMISED_SINCE and not self._proven_time_needed:
                mapped = PathState.REVOKED_SINCE
            results.append(PathResult(mapped, state.detail))
        return Judged(tuple(results) or (PathResult(PathState.TRUSTED),), path.authority, in_period)

    def _authority_results(self, path: Path, moment: datetime, at: datetime) -> Iterator[PathResult]:
        """Status when the key was used and when the certificate below was issued (TS 119 612)."""
        authority = path.authority
        subject = authority.certificate.subject
        if authority.compromised and self._proven_time_needed:
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
            key = each.certificate.public_key
            if each != authority and key is not None and signed_by(authority.certificate, key):
                return each.certificate
        return None


def is_failure(state: PathState) -> bool:
    """Whether the state means the certificate is not to be believed."""
    return _RANK[state] <= _LAST_FAILURE


def is_doubt(state: PathState) -> bool:
    """Whether the state leaves it open."""
    return _LAST_FAILURE < _RANK[state] <= _LAST_DOUBT


def _own_results(certificate: Certificate, at: datetime, *, in_period: bool) -> tuple[PathResult, ...]:
    results = []
    if not may_sign(certificate):
        results.append(PathResult(PathState.KEY_USAGE))
    if not in_period:
        period = certificate.validity
        results.append(
            PathResult(PathState.PERIOD, f"{period.not_before:%Y-%m-%d} to {period.not_after:%Y-%m-%d}")
        )
    elif certificate.validity.not_after < at:
        results.append(PathResult(PathState.EXPIRED_SINCE, f"{certificate.validity.not_after:%Y-%m-%d}"))
    return tuple(results)


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
