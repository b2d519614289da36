"""After the issue: pairs are revoked, held and resumed together, and superseded once their overlap is over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ca.errors import IllegalTransitionError, RefusedError
from ca.model import CertificateState
from ca.registration.model import ApplicationRecord
from crypto import PrivateKey
from formats.gbt20518 import RevocationReason
from tests.authority_world import ACTOR
from tests.registration_desk import CLERK, REVIEWER, Desk, renewal


@pytest.fixture
def desk() -> Desk:
    return Desk()


def _issued(desk: Desk, key: PrivateKey | None = None) -> ApplicationRecord:
    return desk.desk.approve(desk.apply(key).id, reviewer=REVIEWER).record


def _states(desk: Desk, record: ApplicationRecord) -> list[CertificateState]:
    assert record.plan is not None
    return [desk.world.regional.record(serial).state for serial in record.plan.serials]


def test_pair_is_revoked_together(desk: Desk) -> None:
    """Both are on the next list with the reason; the day the key was lost is told of the signing certificate alone."""
    issued = _issued(desk)
    desk.world.clock.turn(days=2)
    lost = desk.world.clock() - timedelta(days=1)
    records = desk.desk.pairs.revoke(issued.id, RevocationReason.KEY_COMPROMISE, actor=ACTOR, invalidity_date=lost)
    assert [record.state for record in records] == [CertificateState.REVOKED] * 2
    assert [record.revocation and record.revocation.invalidity_date for record in records] == [lost, None]
    crl = desk.world.regional.publish_crl(actor=ACTOR)
    assert issued.plan is not None
    assert set(crl.revoked) == {serial.value for serial in issued.plan.serials}
    assert desk.events()[-1] == "pair-revoked"


def test_pair_is_held_and_resumed(desk: Desk) -> None:
    """Together, and a step that was interrupted between the two is finished by asking again."""
    issued = _issued(desk)
    assert issued.plan is not None
    desk.world.regional.suspend(issued.plan.signing_serial, actor=ACTOR)
    desk.desk.pairs.suspend(issued.id, actor=ACTOR)
    assert _states(desk, issued) == [CertificateState.HELD] * 2
    desk.world.regional.resume(issued.plan.signing_serial, actor=ACTOR)
    desk.desk.pairs.resume(issued.id, actor=ACTOR)
    assert _states(desk, issued) == [CertificateState.VALID] * 2
    desk.desk.pairs.revoke(issued.id, RevocationReason.CESSATION_OF_OPERATION, actor=ACTOR)
    desk.desk.pairs.revoke(issued.id, RevocationReason.CESSATION_OF_OPERATION, actor=ACTOR)
    with pytest.raises(IllegalTransitionError):
        desk.desk.pairs.resume(issued.id, actor=ACTOR)


def test_only_what_was_issued_changes(desk: Desk) -> None:
    """An application that is not issued has no certificates to hold."""
    taken = desk.apply()
    calls: list[Any] = [desk.desk.pairs.suspend, desk.desk.pairs.resume]
    for call in calls:
        with pytest.raises(RefusedError) as caught:
            call(taken.id, actor=ACTOR)
        assert caught.value.code == "registration.not-issued"


def test_superseded_after_the_overlap(desk: Desk) -> None:
    """Renewed with an overlap of 30 days: on day 29 both pairs are valid, on day 30 the earlier one is superseded,
    once, and the later one stays."""
    key = PrivateKey.generate()
    earlier = _issued(desk, key)
    desk.world.clock.turn(days=100)
    taken = desk.desk.renew(renewal(earlier.plan, key), clerk=CLERK)
    later = desk.desk.approve(taken.id, reviewer=REVIEWER).record
    desk.world.clock.turn(days=29)
    assert desk.desk.pairs.supersede_due(actor=ACTOR) == []
    desk.world.clock.turn(days=1)
    assert [each.id for each in desk.desk.pairs.supersede_due(actor=ACTOR)] == [later.id]
    assert _states(desk, earlier) == [CertificateState.REVOKED] * 2
    assert _states(desk, later) == [CertificateState.VALID] * 2
    assert earlier.plan is not None
    revocation = desk.world.regional.record(earlier.plan.signing_serial).revocation
    assert revocation is not None
    assert revocation.reason is RevocationReason.SUPERSEDED
    assert desk.desk.record(later.id).superseded_at == desk.world.clock()
    assert desk.desk.pairs.supersede_due(actor=ACTOR) == []
    assert desk.events().count("pair-superseded") == 1


def test_superseding_leaves_other_reasons(desk: Desk) -> None:
    """What was revoked for another reason meanwhile keeps that reason."""
    key = PrivateKey.generate()
    earlier = _issued(desk, key)
    taken = desk.desk.renew(renewal(earlier.plan, key, overlap_days=0), clerk=CLERK)
    desk.desk.approve(taken.id, reviewer=REVIEWER)
    desk.desk.pairs.revoke(earlier.id, RevocationReason.KEY_COMPROMISE, actor=ACTOR)
    assert len(desk.desk.pairs.supersede_due(actor=ACTOR)) == 1
    assert earlier.plan is not None
    revocation = desk.world.regional.record(earlier.plan.signing_serial).revocation
    assert revocation is not None
    assert revocation.reason is RevocationReason.KEY_COMPROMISE


def test_without_an_overlap_both_stay(desk: Desk) -> None:
    """A renewal that names no overlap never supersedes."""
    key = PrivateKey.generate()
    earlier = _issued(desk, key)
    taken = desk.desk.renew(renewal(earlier.plan, key, overlap_days=None), clerk=CLERK)
    desk.desk.approve(taken.id, reviewer=REVIEWER)
    desk.world.clock.turn(days=200)
    assert desk.desk.pairs.supersede_due(actor=ACTOR) == []
    assert _states(desk, earlier) == [CertificateState.VALID] * 2


def test_archived_after_the_end(desk: Desk) -> None:
    """An expired certificate is put away with the list that was the latest, stays on record, and is final."""
    issued = _issued(desk)
    assert issued.plan is not None
    serial = issued.plan.signing_serial
    with pytest.raises(RefusedError) as caught:
        desk.world.regional.archive(serial, actor=ACTOR)
    assert caught.value.code == "ca.not-expired"
    desk.world.clock.turn(days=365, seconds=1)
    number = desk.world.regional.publish_crl(actor=ACTOR).number
    archived = desk.world.regional.archive(serial, actor=ACTOR)
    assert archived.state is CertificateState.ARCHIVED
    assert archived.encoded is not None
    with pytest.raises(IllegalTransitionError):
        desk.world.regional.revoke(serial, RevocationReason.SUPERSEDED, actor=ACTOR)
    entry = desk.world.store.audit_entries()[-1]
    assert (entry["event"], entry["list"]) == ("certificate-archived", number)
    assert desk.world.regional.audit().is_clean


def test_everything_expired_is_archived(desk: Desk) -> None:
    """What is valid stays, what ended is put away, what ended revoked stays revoked."""
    old = _issued(desk)
    revoked = _issued(desk)
    desk.desk.pairs.revoke(revoked.id, RevocationReason.UNSPECIFIED, actor=ACTOR)
    desk.world.clock.turn(days=400)
    young = _issued(desk)
    assert desk.world.regional.archive_expired(actor=ACTOR, before=desk.world.clock()) == 2
    assert _states(desk, old) == [CertificateState.ARCHIVED] * 2
    assert _states(desk, revoked) == [CertificateState.REVOKED] * 2
    assert _states(desk, young) == [CertificateState.VALID] * 2
    assert desk.world.regional.audit().is_clean
