"""Any sequence of events leaves record, revocation list and audit trail in agreement."""

from __future__ import annotations

from functools import cache

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from ca.errors import IllegalTransitionError
from ca.model import TRANSITIONS, CertificateEvent, CertificateState, SerialNumber
from ca.register import CaRegister
from crypto import PrivateKey, SoftwareSigner
from formats.gbt20518 import RevocationReason, crl_verify
from tests.authority_world import ACTOR, TurningClock, World, holder_request


@cache
def _signers() -> tuple[SoftwareSigner, SoftwareSigner]:
    return SoftwareSigner(PrivateKey.generate()), SoftwareSigner(PrivateKey.generate())


class CertificateLife(RuleBasedStateMachine):
    """Certificates of one authority, and a model of what state each should be in."""

    serials: Bundle[SerialNumber] = Bundle("serials")

    def __init__(self) -> None:
        super().__init__()
        root, regional = _signers()
        store = CaRegister(":memory:")
        self.world = World(store=store, clock=TurningClock(), root_signer=root, regional_signer=regional)
        self.authority = self.world.regional
        self.model: dict[SerialNumber, CertificateState] = {}
        self.lists = 0
        self.requests = 0

    @rule(target=serials, count=st.integers(1, 3))
    def issue(self, count: int) -> object:
        requests = [holder_request(f"r{self.requests + number}") for number in range(count)]
        self.requests += count
        made = [SerialNumber(each.serial_number) for each in self.authority.issue_many(requests, actor=ACTOR)]
        assert not set(made) & set(self.model)
        self.model.update(dict.fromkeys(made, CertificateState.VALID))
        return multiple(*made)

    @rule(serial=serials)
    def suspend(self, serial: SerialNumber) -> None:
        self._attempt(serial, CertificateEvent.SUSPEND, lambda: self.authority.suspend(serial, actor=ACTOR))

    @rule(serial=serials)
    def resume(self, serial: SerialNumber) -> None:
        self._attempt(serial, CertificateEvent.RESUME, lambda: self.authority.resume(serial, actor=ACTOR))

    @rule(
        serial=consumes(serials),
        reason=st.sampled_from([RevocationReason.SUPERSEDED, RevocationReason.UNSPECIFIED]),
    )
    def revoke(self, serial: SerialNumber, reason: RevocationReason) -> None:
        self._attempt(serial, CertificateEvent.REVOKE, lambda: self.authority.revoke(serial, reason, actor=ACTOR))

    # Twenty steps stay within a day, the backdating that the profile allows the fixed start of validity.
    @rule(minutes=st.integers(0, 60))
    def wait(self, minutes: int) -> None:
        self.world.clock.turn(minutes=minutes)

    @rule()
    def publish(self) -> None:
        crl = self.authority.publish_crl(actor=ACTOR)
        self.lists += 1
        assert crl.number == self.lists
        on_list = {CertificateState.HELD, CertificateState.REVOKED}
        assert set(crl.revoked) == {serial.value for serial, state in self.model.items() if state in on_list}
        crl_verify(crl, self.world.regional_signer.public_key)

    def _attempt(self, serial: SerialNumber, event: CertificateEvent, act: object) -> None:
        after = TRANSITIONS[self.model[serial]].get(event)
        try:
            act()  # type: ignore[operator]
        except IllegalTransitionError:
            assert after is None
        else:
            assert after is not None
            self.model[serial] = after

    @invariant()
    def record_and_trail_agree(self) -> None:
        assert {record.serial: record.state for record in self.authority.certificates()} == self.model
        assert self.authority.audit().is_clean


CertificateLife.TestCase.settings = hypothesis_settings(max_examples=25, stateful_step_count=20, deadline=None)
TestCertificateLife = CertificateLife.TestCase
