"""Answers signed beforehand: what is due, when they are given, and that a change never waits for them."""

from datetime import timedelta

import pytest

from ca.model import SerialNumber
from ca.status.errors import ResponderUnfitError
from ca.status.model import StoredAnswer, is_due, refresh_at
from ca.status.presigning import PresigningRun
from formats import oids
from formats.gbt20518 import RevocationReason
from formats.rfc6960 import CertStatus, OcspRequest, ResponseStatus, encode_request, with_null_parameters
from tests.authority_world import ACTOR, START
from tests.responder_world import ResponderWorld, failed, make_responder_world, responder_certificate, said

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ONLY = {"on_demand": False, "presigned": (oids.SHA256,), "change_after": timedelta(0)}


@pytest.fixture
def world() -> ResponderWorld:
    return make_responder_world()


def asked(world: ResponderWorld, serial: SerialNumber | int, algorithm: str = oids.SHA256) -> bytes:
    """A request as OpenSSL asks: digest parameters NULL."""
    return encode_request(OcspRequest((with_null_parameters(world.cert_id(serial, algorithm)),)))


def stored(change: int = 5) -> StoredAnswer:
    return StoredAnswer(SerialNumber(1), b"", oids.SHA256, START, START + DAY, change, b"")


def test_due_is_what_changed_or_is_at_half_its_life() -> None:
    """A pure rule: no answer, an older one than the change, or half of the time from thisUpdate to nextUpdate."""
    half = refresh_at(START, START + DAY)
    assert half == START + DAY / 2
    assert is_due(None, 0, now=START)
    assert is_due(stored(), 6, now=START)
    assert not is_due(stored(), 5, now=START)
    assert not is_due(stored(), 0, now=half - timedelta(seconds=1))
    assert is_due(stored(), 0, now=half)


def test_run_signs_what_is_due_and_no_more(world: ResponderWorld) -> None:
    """Everything once, then nothing, then what changed, then everything at half its life."""
    serials = [world.issue() for _ in range(3)]
    presigner = world.presigner(oids.SHA256, oids.SM3, validity=DAY)
    own = 1  # the responder's certificate has a status like any other
    assert presigner.run() == PresigningRun(2 * (3 + own))
    assert presigner.run() == PresigningRun()
    world.world.regional.revoke(serials[1], RevocationReason.SUPERSEDED, actor=ACTOR)
    assert presigner.run() == PresigningRun(2)
    world.world.clock.turn(hours=12)
    assert presigner.run() == PresigningRun(2 * (3 + own))
    assert world.answers.audit_break() is None


def test_answers_are_given_without_any_key(world: ResponderWorld) -> None:
    """A responder that signs nothing gives what was signed beforehand, nonce or not."""
    good, revoked = world.issue(), world.issue()
    world.world.regional.revoke(revoked, RevocationReason.KEY_COMPROMISE, actor=ACTOR)
    world.presigner().run()
    responder = world.responder(**ONLY)
    for serial, status in ((good, CertStatus.GOOD), (revoked, CertStatus.REVOKED)):
        answer = responder.answer(asked(world, serial))
        assert said(answer).responses[0].status is status
        assert answer.caching is not None
    cert_id = with_null_parameters(world.cert_id(good, oids.SHA256))
    with_nonce = responder.answer(encode_request(OcspRequest((cert_id,), nonce=bytes(16))))
    assert said(with_nonce).nonce is None


def test_without_signing_the_rest_is_unauthorized(world: ResponderWorld) -> None:
    """Another digest, two certificates at once, and numbers never issued (RFC 9919)."""
    first, second = world.issue(), world.issue()
    world.presigner().run()
    responder = world.responder(**ONLY)
    for request in (
        asked(world, first, oids.SM3),
        world.request(first, second, algorithm=oids.SHA256),
        asked(world, 7),
    ):
        assert failed(responder.answer(request)) is ResponseStatus.UNAUTHORIZED


def test_changed_status_is_not_given_from_the_store(world: ResponderWorld) -> None:
    """Between a revocation and its new answer the old good one is withheld: tryLater, or signed on demand."""
    serial = world.issue()
    presigner = world.presigner()
    presigner.run()
    only, with_key = world.responder(**ONLY), world.responder(**{**ONLY, "on_demand": True})
    request = asked(world, serial)
    assert said(only.answer(request)).responses[0].status is CertStatus.GOOD
    world.world.regional.revoke(serial, RevocationReason.KEY_COMPROMISE, actor=ACTOR)
    assert failed(only.answer(request)) is ResponseStatus.TRY_LATER
    assert said(with_key.answer(request)).responses[0].status is CertStatus.REVOKED
    fresh = world.responder(**ONLY)  # as after a restart in that very moment
    assert failed(fresh.answer(request)) is ResponseStatus.TRY_LATER
    presigner.run()
    for responder in (only, fresh):
        assert said(responder.answer(request)).responses[0].status is CertStatus.REVOKED


def test_new_certificate_waits_for_its_answer(world: ResponderWorld) -> None:
    """Issued, and not signed for yet: tryLater, never unauthorized."""
    world.presigner().run()
    assert failed(world.responder(**ONLY).answer(asked(world, world.issue()))) is ResponseStatus.TRY_LATER


def test_stale_answer_is_not_given(world: ResponderWorld) -> None:
    """Past nextUpdate a stored answer is no answer."""
    serial = world.issue()
    world.presigner(validity=DAY).run()
    world.world.clock.turn(days=1)
    assert failed(world.responder(**ONLY).answer(asked(world, serial))) is ResponseStatus.TRY_LATER


def test_expired_certificate_leaves_the_store(world: ResponderWorld) -> None:
    """After its end, unless an archive keeps it, nothing is signed for it any more."""
    serial = world.issue()
    presigner = world.presigner()
    presigner.run()
    world.world.clock.now = world.world.regional.record(serial).not_after + HOUR
    world.certificate = responder_certificate(world.world, world.signer, key="later")
    run = world.presigner().run()
    assert run.dropped >= 1
    authority = world.world.regional.authority
    assert world.answers.answers(authority, oids.SHA256, [serial]) == []
    assert world.presigner().run() == PresigningRun()


def test_unfit_responder_signs_nothing_beforehand(world: ResponderWorld) -> None:
    """The runner is told, and what is stored stays."""
    serial = world.issue()
    world.presigner().run()
    world.world.clock.now = world.certificate.validity.not_after
    with pytest.raises(ResponderUnfitError):
        world.presigner().run()
    assert world.answers.answers(world.world.regional.authority, oids.SHA256, [serial])


def test_many_changes_of_one_certificate_cost_one_signature(world: ResponderWorld) -> None:
    """What counts is how it stands now."""
    ca = world.world.regional
    serial = world.issue()
    for _ in range(3):
        ca.suspend(serial, actor=ACTOR)
        ca.resume(serial, actor=ACTOR)
    assert world.presigner().run().signed == 2
