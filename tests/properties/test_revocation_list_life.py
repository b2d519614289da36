"""Any life of certificates on shards: who holds a full list and the newest delta list to it knows exactly their state."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from ca.errors import IllegalTransitionError
from ca.model import CertificateState, SerialNumber
from ca.partition import PartitionPlan
from ca.register import CaRegister
from ca.service import CertificateAuthority
from crypto import PrivateKey, SoftwareSigner
from formats.gbt20518 import Crl, RevocationReason, read_certificate
from tests.authority_world import ACTOR, PROFILES, TurningClock, World, holder_request, settings
from verifier.revocation import RevocationLists, Status


@cache
def _signers() -> tuple[SoftwareSigner, SoftwareSigner]:
    return SoftwareSigner(PrivateKey.generate()), SoftwareSigner(PrivateKey.generate())


class ListLife(RuleBasedStateMachine):
    """An authority with shards and delta lists, a model of its certificates, and a reader of its lists."""

    serials: Bundle[SerialNumber] = Bundle("serials")

    def __init__(self) -> None:
        super().__init__()
        root, regional = _signers()
        self.world = World(
            store=CaRegister(":memory:"), clock=TurningClock(), root_signer=root, regional_signer=regional
        )
        self.epochs = (2,)
        self.model: dict[SerialNumber, CertificateState] = {}
        self.told: dict[SerialNumber, CertificateState] = {}
        self.fetched: list[Crl] = []
        self.numbers: dict[str, int] = {}
        self.requests = 0

    @property
    def authority(self) -> CertificateAuthority:
        plan = PartitionPlan("http://crl.test/one/", self.epochs)
        return CertificateAuthority(
            store=self.world.store,
            signer=self.world.regional_signer,
            chain=self.world.chain,
            profiles=PROFILES,
            settings=settings(partitions=plan, crl_renewal=timedelta(hours=4), delta_validity=timedelta(hours=12)),
            clock=self.world.clock,
            random=self.world.random.randbytes,
        )

    @rule(target=serials, count=st.integers(1, 3))
    def issue(self, count: int) -> object:
        requests = [holder_request(f"r{self.requests + number}") for number in range(count)]
        self.requests += count
        made = [SerialNumber(each.serial_number) for each in self.authority.issue_many(requests, actor=ACTOR)]
        self.model.update(dict.fromkeys(made, CertificateState.VALID))
        return multiple(*made)

    @rule(serial=serials, act=st.sampled_from(["suspend", "resume", "revoke"]))
    def change(self, serial: SerialNumber, act: str) -> None:
        authority = self.authority
        try:
            if act == "revoke":
                authority.revoke(serial, RevocationReason.SUPERSEDED, actor=ACTOR)
            else:
                getattr(authority, act)(serial, actor=ACTOR)
        except IllegalTransitionError:
            return
        after = {"suspend": "held", "resume": "valid", "revoke": "revoked"}
        self.model[serial] = CertificateState(after[act])

    @rule(minutes=st.integers(0, 60))
    def wait(self, minutes: int) -> None:
        self.world.clock.turn(minutes=minutes)

    @rule(shards=st.integers(1, 3))
    def spread_anew(self, shards: int) -> None:
        if len(self.epochs) < 3:
            self.epochs = (*self.epochs, shards)

    @rule()
    def publish(self) -> None:
        for crl in self.authority.lists.publish_due(actor=ACTOR):
            assert crl.number is not None
            assert crl.issuing_distribution_point is not None
            name = crl.issuing_distribution_point.uris[0]
            assert crl.number >= self.numbers.get(name, 0)
            self.numbers[name] = crl.number
            self.fetched.append(crl)
        self.told = dict(self.model)
        assert self.authority.lists.due() == ()

    @invariant()
    def reader_knows_what_was_told(self) -> None:
        now = self.world.clock.now
        lists = RevocationLists(self.fetched)
        issuer = self.authority.certificate
        expected = {
            CertificateState.VALID: Status.GOOD,
            CertificateState.HELD: Status.HELD,
            CertificateState.REVOKED: Status.REVOKED,
        }
        for serial, state in self.told.items():
            encoded = self.authority.record(serial).encoded
            assert encoded is not None
            known = lists.state(read_certificate(encoded), issuer, moment=now, at=now)
            assert known.status is expected[state], (serial, state, known)

    @invariant()
    def trail_agrees(self) -> None:
        assert self.authority.audit().is_clean


ListLife.TestCase.settings = hypothesis_settings(max_examples=12, stateful_step_count=16, deadline=None)
TestListLife = ListLife.TestCase
