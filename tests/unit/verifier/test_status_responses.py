"""What OCSP responses prove beside revocation lists, and what they do not."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest

from crypto import DEFAULT_USER_ID
from formats import der, oids
from formats.errors import MalformedDataError
from formats.gbt20518 import Extension, RevocationReason, read_crl
from formats.gbt20518 import extension_building as extensions
from formats.gbt33190.package_writer import write_package
from formats.rfc6960 import (
    CertStatus,
    ResponseStatus,
    SingleResponse,
    cert_id_of,
    encode_failure,
    issue_response,
)
from tests.unit.verifier.documents import codes, sealed
from tests.unit.verifier.nation import (
    DAY,
    FOUNDED,
    NOW,
    SIGNED,
    SIGNING,
    Holder,
    crl,
    issue,
    name,
    nation,
    revoked,
)
from tests.unit.verifier.test_receipt import checked, receipt
from verifier.batch_model import BatchQuestion
from verifier.codes import Code
from verifier.findings import Verdict
from verifier.report import Report
from verifier.revocation import Status
from verifier.revocation_evidence import RevocationEvidence
from verifier.status_responses import read_status_response
from verifier.verification import Verifier, verify_document

N = nation()
CA = N.holder_authority
BUREAU = N.bureau
HOUR = timedelta(hours=1)
OCSP_SIGNING = extensions.extended_key_usage([oids.KP_OCSP_SIGNING], critical=False)
UNKNOWN_CRITICAL = Extension("1.2.3.9", critical=True, value=b"\x05\x00")


def service(*extra: Extension, issuer: Holder = CA, **options: Any) -> Holder:
    return issue(name("状态服务"), issuer, extra=(SIGNING, OCSP_SIGNING, *extra), **options)


@cache
def unchecked() -> Holder:
    """A service whose certificate need not be asked about."""
    return service(extensions.ocsp_no_check())


@cache
def to_be_checked() -> Holder:
    return service()


def said(holder: Holder = BUREAU, issuer: Holder = CA, **changes: Any) -> SingleResponse:
    """Good since an hour ago, for a day."""
    values: dict[str, Any] = {
        "cert_id": cert_id_of(holder.certificate.serial_number, issuer.certificate),
        "status": CertStatus.GOOD,
        "this_update": NOW - HOUR,
        "next_update": NOW + DAY,
        **changes,
    }
    return SingleResponse(**values)


def lost(when: datetime, reason: RevocationReason | None = None, **changes: Any) -> SingleResponse:
    return said(status=CertStatus.REVOKED, revoked_at=when, reason=reason, **changes)


def answer(*statuses: SingleResponse, by: Holder | None = None, **options: Any) -> bytes:
    by = by or unchecked()
    made = max(each.this_update for each in statuses)
    values: dict[str, Any] = {"produced_at": made, "user_id": DEFAULT_USER_ID, **options}
    return issue_response(by.signer, by.certificate, responses=statuses, **values)


def state(
    *answers: bytes,
    crls: Sequence[bytes] = (),
    holder: Holder = BUREAU,
    issuer: Holder = CA,
    moment: datetime = SIGNED,
    at: datetime = NOW,
) -> Status:
    evidence = RevocationEvidence(map(read_crl, crls), map(read_status_response, answers))
    return evidence.state(holder.certificate, issuer.certificate, moment=moment, at=at).status


UNKNOWN = said(status=CertStatus.UNKNOWN)
HOLD = RevocationReason.CERTIFICATE_HOLD

# ---------------------------------------------------------------------- good, and how long


@pytest.mark.parametrize("algorithm", [oids.SM3, oids.SHA1, oids.SHA256])
def test_good(algorithm: str) -> None:
    """A current response of a delegated service is enough, by any digest of CertID."""
    named = cert_id_of(BUREAU.certificate.serial_number, CA.certificate, algorithm=algorithm)
    assert state(answer(said(cert_id=named))) is Status.GOOD


def test_freshness_is_that_of_lists() -> None:
    """Until nextUpdate, to the second; without one it is out of date; of the future it is not looked at."""
    assert state(answer(said(next_update=NOW))) is Status.GOOD
    assert state(answer(said(next_update=NOW - timedelta(seconds=1)))) is Status.STALE
    assert state(answer(said(next_update=None))) is Status.STALE
    assert state(answer(said(this_update=NOW + HOUR))) is Status.UNKNOWN
    assert state(answer(said(), produced_at=NOW + HOUR)) is Status.UNKNOWN


def test_a_response_stands_in_for_an_old_list() -> None:
    """A list out of date and a current response: good. The other way round too."""
    old = crl(CA, this_update=NOW - 7 * DAY, next_update=NOW - DAY)
    stale = answer(said(this_update=NOW - 2 * DAY, next_update=NOW - DAY))
    assert state(crls=[old]) is Status.STALE
    assert state(answer(said()), crls=[old]) is Status.GOOD
    assert state(stale, crls=[crl(CA)]) is Status.GOOD
    assert state(stale, crls=[old]) is Status.STALE


def test_other_certificates() -> None:
    """A response on another serial number, or of another issuer, says nothing."""
    assert state(answer(said(N.other_bureau))) is Status.UNKNOWN
    assert state(answer(said(issuer=N.maker_authority))) is Status.UNKNOWN
    both = answer(said(N.other_bureau), lost(SIGNED))
    assert state(both) is Status.REVOKED
    assert state(both, holder=N.other_bureau) is Status.GOOD


def test_unknown_is_neither() -> None:
    """Unknown is never good, nor revoked; newer than a list it leaves doubt, older it does not."""
    assert state(answer(UNKNOWN)) is Status.UNKNOWN
    assert state(answer(UNKNOWN), crls=[crl(CA)]) is Status.UNKNOWN
    assert state(answer(UNKNOWN), crls=[crl(CA, this_update=NOW - timedelta(minutes=1))]) is Status.GOOD
    assert state(answer(UNKNOWN), answer(said())) is Status.UNKNOWN
    assert state(answer(UNKNOWN), answer(said(this_update=NOW - timedelta(minutes=1)))) is Status.GOOD
    entry = revoked(BUREAU, SIGNED, RevocationReason.SUPERSEDED)
    assert state(answer(UNKNOWN), crls=[crl(CA, (entry,))]) is Status.REVOKED


# ---------------------------------------------------------------------- revoked


@pytest.mark.parametrize(
    ("when", "reason", "expected"),
    [
        (SIGNED, None, Status.REVOKED),
        (SIGNED, RevocationReason.SUPERSEDED, Status.REVOKED),
        (SIGNED + timedelta(seconds=1), RevocationReason.SUPERSEDED, Status.REVOKED_LATER),
        (SIGNED + DAY, RevocationReason.KEY_COMPROMISE, Status.COMPROMISED_LATER),
        (SIGNED, HOLD, Status.HELD),
        (SIGNED + DAY, HOLD, Status.REVOKED_LATER),
        (SIGNED, RevocationReason.REMOVE_FROM_CRL, Status.UNKNOWN),
    ],
)
def test_revoked(when: datetime, reason: RevocationReason | None, expected: Status) -> None:
    """The times and reasons mean what they mean in lists."""
    assert state(answer(lost(when, reason))) is expected


def test_invalidity_date() -> None:
    """An entry extension in a response: the key was lost before the revocation (RFC 6960 4.4.5)."""
    value = der.generalized_time(SIGNED - DAY)
    for octets, expected in ((value, Status.REVOKED), (b"?", Status.COMPROMISED_LATER)):
        extension = Extension(oids.INVALIDITY_DATE, critical=False, value=octets)
        entry = lost(SIGNED + DAY, RevocationReason.KEY_COMPROMISE, extensions=(extension,))
        assert state(answer(entry)) is expected


def test_revocation_wins_over_everything() -> None:
    """However old, whichever of the two says it; of two revocations the worse."""
    old = answer(lost(SIGNED, this_update=SIGNED + DAY, next_update=SIGNED + 2 * DAY))
    assert state(old, answer(said())) is Status.REVOKED
    assert state(old, crls=[crl(CA)]) is Status.REVOKED
    entry = revoked(BUREAU, SIGNED, RevocationReason.SUPERSEDED)
    assert state(answer(said()), crls=[crl(CA, (entry,), this_update=NOW - 3 * DAY)]) is Status.REVOKED
    later = revoked(BUREAU, SIGNED + DAY, RevocationReason.SUPERSEDED)
    compromised = answer(lost(SIGNED + 2 * DAY, RevocationReason.KEY_COMPROMISE))
    assert state(compromised, crls=[crl(CA, (later,))]) is Status.COMPROMISED_LATER
    assert state(old, crls=[crl(CA, (later,))]) is Status.REVOKED


def test_suspension_of_the_newer() -> None:
    """A suspension holds until something newer proves that it was lifted."""
    held = revoked(BUREAU, SIGNED, HOLD)
    before, after = NOW - 2 * HOUR, NOW - timedelta(minutes=1)
    assert state(answer(said()), crls=[crl(CA, (held,), this_update=before)]) is Status.GOOD
    assert state(answer(said()), crls=[crl(CA, (held,), this_update=NOW - HOUR)]) is Status.HELD
    assert state(answer(said()), crls=[crl(CA, (held,), this_update=after)]) is Status.HELD
    assert state(answer(lost(SIGNED, HOLD)), crls=[crl(CA, this_update=after)]) is Status.GOOD
    assert state(answer(lost(SIGNED, HOLD)), crls=[crl(CA, this_update=before)]) is Status.HELD
    assert state(answer(lost(SIGNED, HOLD)), crls=[crl(CA, (held,), this_update=before)]) is Status.HELD
    assert state(answer(lost(SIGNED, HOLD)), answer(said())) is Status.HELD
    # What is out of date or unknown proves nothing, so it lifts nothing.
    stale = said(next_update=NOW - timedelta(minutes=1))
    for each in (stale, UNKNOWN):
        assert state(answer(each), crls=[crl(CA, (held,), this_update=before)]) is Status.HELD


# ---------------------------------------------------------------------- who signed


def test_who_may_not_sign() -> None:
    """Nobody but the issuer's delegate: what others say counts for nothing, be it good or revoked."""
    strangers = [
        BUREAU,
        service(issuer=N.maker_authority),
        service(issuer=issue(CA.certificate.subject, None)),
        issue(name("状态服务"), CA, extra=(SIGNING,)),
        service(UNKNOWN_CRITICAL),
        service(extensions.ocsp_no_check(), period=(FOUNDED, NOW - DAY)),
        CA,  # may sign certificates and lists alone
    ]
    for by in strangers:
        assert state(answer(said(), by=by)) is Status.UNKNOWN
        assert state(answer(lost(SIGNED), by=by), crls=[crl(CA)]) is Status.GOOD
    assert state(answer(said(), attach=False)) is Status.UNKNOWN
    assert state(answer(said(), extensions=(UNKNOWN_CRITICAL,))) is Status.UNKNOWN


def test_status_of_the_signer() -> None:
    """Without id-pkix-ocsp-nocheck a list must say that the service's certificate is good; with it none need."""
    by = to_be_checked()
    assert state(answer(said(), by=by)) is Status.UNKNOWN
    assert state(answer(said(), by=by), crls=[crl(CA)]) is Status.GOOD
    own = revoked(by, SIGNED, RevocationReason.SUPERSEDED)
    elsewhere = crl(CA, (own,), this_update=NOW - 9 * DAY, next_update=NOW - 8 * DAY)
    assert state(answer(said(), by=by), crls=[elsewhere]) is Status.STALE
    # A revocation counts though the status of its signer is not known, and does not once it is known revoked.
    assert state(answer(lost(SIGNED), by=by)) is Status.REVOKED
    assert state(answer(lost(SIGNED), by=by), crls=[elsewhere, crl(CA)]) is Status.GOOD
    # Revoked after it signed, or so it says: what it called revoked stays so, what it called good does not.
    since = [
        crl(CA, (revoked(unchecked(), NOW - timedelta(minutes=30)),), this_update=NOW - timedelta(minutes=20))
    ]
    assert state(answer(lost(SIGNED)), crls=since) is Status.REVOKED
    held = answer(lost(SIGNED, HOLD, this_update=NOW - 2 * HOUR))
    assert state(held, answer(said()), crls=[]) is Status.GOOD
    out_of_date = crl(
        CA, (revoked(unchecked(), NOW - timedelta(minutes=30)),), next_update=NOW - timedelta(minutes=1)
    )
    assert state(answer(said()), crls=[out_of_date]) is Status.STALE
    assert state(held, answer(said()), crls=[out_of_date]) is Status.HELD
    for reason in (RevocationReason.KEY_COMPROMISE, RevocationReason.SUPERSEDED):
        both = [crl(CA, (revoked(unchecked(), NOW - 2 * HOUR, reason),), next_update=NOW - HOUR)]
        assert state(answer(said()), crls=both) is Status.STALE


def test_expired_signer_proves_no_good() -> None:
    """A delegated key that ran out may be anybody's now: its revocations stand, its good answers do not."""
    by = service(extensions.ocsp_no_check(), period=(FOUNDED, NOW - timedelta(minutes=1)))
    assert state(answer(said(), by=by)) is Status.UNKNOWN
    assert state(answer(lost(SIGNED), by=by)) is Status.REVOKED


# ---------------------------------------------------------------------- expired certificates


def test_expired_certificates() -> None:
    """For a certificate that ran out, the response in force then, or one that keeps such (archiveCutoff)."""
    expires = SIGNED + DAY
    holder = issue(name("到期"), CA, period=(FOUNDED, expires))
    then = answer(said(holder, this_update=expires - HOUR, next_update=expires + HOUR))
    assert state(then, holder=holder) is Status.GOOD
    assert state(answer(said(holder)), holder=holder) is Status.STALE
    assert state(answer(said(holder, archive_cutoff=FOUNDED)), holder=holder) is Status.GOOD
    assert state(answer(said(holder, archive_cutoff=expires + HOUR)), holder=holder) is Status.STALE
    # Services forget what ran out, so that one does not know it now says nothing.
    forgotten = answer(said(holder, status=CertStatus.UNKNOWN))
    assert state(then, forgotten, holder=holder) is Status.GOOD


# ---------------------------------------------------------------------- documents


def judged(*answers: bytes, crls: Sequence[bytes] = ()) -> Report:
    people = N.with_content(crls=(crl(N.maker_authority), *crls))
    verifier = Verifier(people.trust(), status_responses=answers)
    return verifier.verify(write_package(dict(sealed(()))), at=NOW)


def test_documents() -> None:
    """A seal's holder by a response alone: passed, failed and undetermined, with the codes lists have."""
    assert judged(answer(said())).verdict is Verdict.PASSED
    for answers, code in (
        ((), Code.SIGNER_CERT_STATUS_UNKNOWN),
        ((answer(UNKNOWN),), Code.SIGNER_CERT_STATUS_UNKNOWN),
        ((answer(said(next_update=NOW - timedelta(seconds=1))),), Code.SIGNER_CERT_STATUS_STALE),
        ((answer(lost(SIGNED)),), Code.SIGNER_CERT_REVOKED),
        ((answer(lost(SIGNED, HOLD)),), Code.SIGNER_CERT_HELD),
        ((answer(lost(NOW - DAY, RevocationReason.KEY_COMPROMISE)),), Code.SIGNER_CERT_COMPROMISED_SINCE),
    ):
        report = judged(*answers)
        assert codes(report) == {code}
        assert report.verdict is not Verdict.PASSED
    assert codes(judged(answer(lost(SIGNED)), crls=[crl(CA)])) == {Code.SIGNER_CERT_REVOKED}


def test_many_documents() -> None:
    """Worker processes get the octets, and find what one verifier finds."""
    people = N.with_content(crls=(crl(N.maker_authority),))
    data = write_package(dict(sealed(())))
    for answers, verdict in (((), Verdict.INDETERMINATE), ((answer(said()),), Verdict.PASSED)):
        question = BatchQuestion(NOW, people.trust_file(), N.root.certificate.encoded, status_responses=answers)
        assert question.verifier(remembered=16).verify(data, at=NOW).verdict is verdict


def test_receipts() -> None:
    """A response that revokes the signer of a receipt before it was made counts there too."""
    assert checked(receipt(), status_responses=[answer(said())]).verdict is Verdict.PASSED
    gone = answer(lost(NOW - DAY, RevocationReason.SUPERSEDED))
    assert checked(receipt(), status_responses=[gone]).verdict is Verdict.FAILED


def test_question_that_cannot_be_put() -> None:
    """Octets that are no response, and answers without a status, are the caller's mistake."""
    for octets in (b"", b"0\x00", encode_failure(ResponseStatus.TRY_LATER)):
        with pytest.raises(MalformedDataError, match="OCSP response"):
            Verifier(N.trust(), status_responses=[octets])
    data = write_package(dict(sealed(())))
    report = verify_document(data, trust=N.trust(), at=NOW, status_responses=[answer(said())])
    assert report.verdict is Verdict.PASSED
