"""Revocation lists and responses of status services together: what both say of one certificate.

Where they disagree:

- who says "revoked" is right, since revocation is final; of two revocations the worse one counts;
- a suspension is not final, so the newer of the two counts, and the suspension where they are of the same moment;
- a service that does not know a certificate of its own authority leaves doubt, unless a list is newer than its
  response;
- else one that proves the certificate good is enough: a response is asked for where the list is out of date.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from formats.gbt20518 import Certificate, Crl
from formats.rfc6960 import BasicResponse
from verifier.revocation import RevocationLists, RevocationState, Status
from verifier.status_responses import StatusResponses

_WORST_FIRST: Final = (Status.REVOKED, Status.COMPROMISED_LATER, Status.REVOKED_LATER)
_BEST_FIRST: Final = (Status.GOOD, Status.STALE, Status.UNKNOWN)
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class RevocationEvidence:
    """Lists and responses at hand. Safe for threads."""

    __slots__ = ("_lists", "_responses")

    def __init__(self, crls: Iterable[Crl], responses: Iterable[BasicResponse] = ()) -> None:
        self._lists = RevocationLists(crls)
        self._responses = StatusResponses(responses, self._lists)

    def state(
        self, certificate: Certificate, issuer: Certificate, *, moment: datetime, at: datetime
    ) -> RevocationState:
        """What is known of ``certificate``.

        Args:
            certificate: Asked about.
            issuer: Certificate of the CA that issued it, already found to have.
            moment: When its key was used.
            at: Now; lists and responses of a later date are not looked at.
        """
        listed = self._lists.state(certificate, issuer, moment=moment, at=at)
        told = self._responses.state(certificate, issuer, moment=moment, at=at)
        return listed if told is None else _together(listed, told)


def _together(listed: RevocationState, told: RevocationState) -> RevocationState:
    both = (listed, told)
    final = [each for each in both if each.is_final]
    if final:
        return min(final, key=lambda each: (_WORST_FIRST.index(each.status), each.since or _LONG_AGO))
    suspended = [each for each in both if each.since is not None]
    if len(suspended) == 1:
        other = listed if suspended[0] is told else told
        # Only proof lifts a suspension: what is out of date or unknown does not.
        lifted = other.status is Status.GOOD and _as_of(other) > _as_of(suspended[0])
        return other if lifted else suspended[0]
    if suspended:
        return max(both, key=_as_of)
    if told.status is Status.UNKNOWN and not (listed.status is Status.GOOD and _as_of(listed) > _as_of(told)):
        return told
    return min(both, key=lambda each: _BEST_FIRST.index(each.status))


def _as_of(state: RevocationState) -> datetime:
    return state.as_of or _LONG_AGO
