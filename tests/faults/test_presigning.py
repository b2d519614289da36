"""Signing answers beforehand under faults: each write lost, or stored and reported failed; then the next run.

Afterwards every certificate has one answer that says how it stands, a responder that signs nothing gives no other,
and the trail is whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import Enum, auto
from typing import Any

import pytest

from ca.model import SerialNumber
from ca.status import Presigner, StatusPolicy
from ca.status.model import StoredAnswer
from crypto import KeyStoreError, SoftwareSigner
from formats import oids
from formats.gbt20518 import RevocationReason
from formats.rfc6960 import CertStatus, OcspRequest, encode_request, read_response, with_null_parameters
from tests.authority_world import ACTOR
from tests.responder_world import ResponderWorld, make_responder_world

POLICY = StatusPolicy(presigned=(oids.SHA256,), validity=timedelta(days=1))
ONLY = {"on_demand": False, "presigned": (oids.SHA256,), "change_after": timedelta(0)}


class Fault(Enum):
    LOST = auto()
    STORED_BUT_REPORTED_FAILED = auto()


class StoreFaultError(Exception):
    """What a failing store raises in these tests."""


class FaultyAnswers:
    """A store of answers whose n-th write fails."""

    def __init__(self, world: ResponderWorld, fault: Fault, after: int) -> None:
        self._answers = world.answers
        self._fault = fault
        self._left = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._answers, name)

    def replace(self, authority: str, answers: Sequence[StoredAnswer], **more: Any) -> None:
        self._left -= 1
        if self._left != 0:
            self._answers.replace(authority, answers, **more)
            return
        if self._fault is Fault.STORED_BUT_REPORTED_FAILED:
            self._answers.replace(authority, answers, **more)
        raise StoreFaultError


def presigner(world: ResponderWorld, answers: Any) -> Presigner:
    return Presigner(
        record=world.world.store,  # type: ignore[arg-type]
        issuer=world.issuer,
        key=world.key(),
        policy=POLICY,
        answers=answers,
        clock=world.world.clock,
    )


def assert_settled(world: ResponderWorld, expected: dict[SerialNumber, CertStatus]) -> None:
    responder = world.responder(**ONLY)
    for serial, status in expected.items():
        cert_id = with_null_parameters(world.cert_id(serial, oids.SHA256))
        basic = read_response(responder.answer(encode_request(OcspRequest((cert_id,)))).body).basic
        assert basic is not None
        assert basic.responses[0].status is status
    stored = world.answers.answers(world.world.regional.authority, oids.SHA256, list(expected))
    assert len(stored) == len(expected)
    assert world.answers.audit_break() is None


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("at_change", [False, True])
def test_next_run_makes_it_good(fault: Fault, at_change: bool) -> None:
    """The first signing and the replacement after a revocation both survive a lost or doubtful write."""
    world = make_responder_world()
    good, revoked = world.issue(), world.issue()
    expected = {good: CertStatus.GOOD, revoked: CertStatus.GOOD}
    if at_change:
        presigner(world, world.answers).run()
        world.world.regional.revoke(revoked, RevocationReason.KEY_COMPROMISE, actor=ACTOR)
        expected[revoked] = CertStatus.REVOKED
    with pytest.raises(StoreFaultError):
        presigner(world, FaultyAnswers(world, fault, after=1)).run()
    if at_change:  # in between, the old good answer is never given
        cert_id = with_null_parameters(world.cert_id(revoked, oids.SHA256))
        answer = world.responder(**ONLY).answer(encode_request(OcspRequest((cert_id,))))
        basic = read_response(answer.body).basic
        assert basic is None or basic.responses[0].status is CertStatus.REVOKED
    presigner(world, world.answers).run()
    assert_settled(world, expected)


@pytest.mark.parametrize("fault", Fault)
def test_renewal_at_half_life_survives(fault: Fault) -> None:
    """Answers stay in place until the newer ones are."""
    world = make_responder_world()
    good = world.issue()
    presigner(world, world.answers).run()
    world.world.clock.turn(hours=12)
    with pytest.raises(StoreFaultError):
        presigner(world, FaultyAnswers(world, fault, after=1)).run()
    assert_settled(world, {good: CertStatus.GOOD})
    presigner(world, world.answers).run()
    assert_settled(world, {good: CertStatus.GOOD})


class FailsOnce:
    """A key store that fails its first batch."""

    def __init__(self, signer: SoftwareSigner) -> None:
        self._signer = signer
        self._failed = False
        self.public_key = signer.public_key

    def sign_digest(self, digest: bytes) -> bytes:
        return self.sign_digests([digest])[0]

    def sign_digests(self, digests: Sequence[bytes]) -> list[bytes]:
        if not self._failed:
            self._failed = True
            raise KeyStoreError("away")
        return self._signer.sign_digests(digests)


def test_failing_key_store_loses_nothing() -> None:
    """What was not signed stays due."""
    world = make_responder_world()
    good = world.issue()
    world.signer = FailsOnce(world.signer)  # type: ignore[arg-type]
    with pytest.raises(KeyStoreError):
        presigner(world, world.answers).run()
    presigner(world, world.answers).run()
    assert_settled(world, {good: CertStatus.GOOD})


def test_two_runners_meet(register_address: str) -> None:
    """Two processes that sign beforehand at once leave one answer for each certificate, in either database."""
    world = make_responder_world(address=register_address)
    good = world.issue()
    second: list[Presigner] = []

    class Meeting:
        def __getattr__(self, name: str) -> Any:
            return getattr(world.answers, name)

        def replace(self, authority: str, answers: Sequence[StoredAnswer], **more: Any) -> None:
            while second:
                second.pop().run()
            world.answers.replace(authority, answers, **more)

    second.append(presigner(world, world.answers))
    presigner(world, Meeting()).run()
    assert_settled(world, {good: CertStatus.GOOD})
    world.answers.close()
