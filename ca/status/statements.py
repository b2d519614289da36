"""From a certificate's standing on record to what is said of it: the only place that decides."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from ca.model import CertificateStanding, CertificateState
from ca.status.model import NeverIssued, StatusPolicy
from formats import der, oids
from formats.gbt20518 import Extension, RevocationReason
from formats.rfc6960 import CertId, CertStatus, SingleResponse

EXTENDED_REVOKE: Final = Extension(oids.OCSP_EXTENDED_REVOKE, critical=False, value=der.encode(der.NULL, b""))
"""responseExtension that goes with a number never issued said to be revoked (RFC 6960 4.4.8)."""
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


def is_told(standing: CertificateStanding | None, policy: StatusPolicy, *, now: datetime) -> bool:
    """Whether the record says something of a certificate that may be told.

    Not of a number never issued, not while its signature is not on record, not beyond the archive.
    """
    if standing is None or standing.state is CertificateState.PENDING:
        return False
    return policy.archive is None or standing.not_after + policy.archive >= now


def statement(
    cert_id: CertId,
    standing: CertificateStanding | None,
    policy: StatusPolicy,
    *,
    now: datetime,
    next_update: datetime,
) -> SingleResponse:
    """What is said of one certificate of the issuer.

    Args:
        cert_id: As asked, so that its encoding is repeated.
        standing: On record; None for a number that is not.
        policy: How numbers never issued are spoken of, and how long the archive reaches.
        now: thisUpdate.
        next_update: nextUpdate.
    """
    cutoff = None if policy.archive is None else now - policy.archive
    if standing is None or not is_told(standing, policy, now=now):
        never = standing is None or standing.state is CertificateState.PENDING
        if never and policy.never_issued is NeverIssued.REVOKED:
            return SingleResponse(
                cert_id,
                CertStatus.REVOKED,
                now,
                next_update,
                revoked_at=_NEVER,
                reason=RevocationReason.CERTIFICATE_HOLD,
            )
        return SingleResponse(cert_id, CertStatus.UNKNOWN, now, next_update)
    if standing.state in {CertificateState.VALID, CertificateState.ARCHIVED}:  # archived: ended, never revoked
        return SingleResponse(cert_id, CertStatus.GOOD, now, next_update, archive_cutoff=cutoff)
    revoked_at, reason = _revocation(standing)
    return SingleResponse(
        cert_id, CertStatus.REVOKED, now, next_update, revoked_at=revoked_at, reason=reason, archive_cutoff=cutoff
    )


def unknown(cert_id: CertId, *, now: datetime, next_update: datetime) -> SingleResponse:
    """What is said of a certificate of another issuer."""
    return SingleResponse(cert_id, CertStatus.UNKNOWN, now, next_update)


def _revocation(standing: CertificateStanding) -> tuple[datetime, RevocationReason | None]:
    """As ``ca.revocation_list.entry_of`` lists it; unspecified is left out (RFC 5280 5.3.1)."""
    if standing.revocation is None:  # given up before its signature was on record
        return standing.intended_at, None
    reason = standing.revocation.reason
    return standing.revocation.at, None if reason is RevocationReason.UNSPECIFIED else reason
