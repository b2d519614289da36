"""A test hierarchy made at run time: a root, a regional authority below it, and requests to it.

Time stands still until a test moves it; keys are generated; every certificate is marked with the test policy.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from ca.authority import TEST_POLICY, AuthoritySettings, PolicyStatement
from ca.model import IssuanceRequest, Possession
from ca.ports import CaStore
from ca.profile import built_in_profiles
from ca.register import CaRegister
from ca.service import CertificateAuthority
from crypto import DEFAULT_USER_ID, PrivateKey, Signer, SoftwareSigner
from formats import oids
from formats.gbt20518 import Name, Validity

START = datetime(2026, 1, 1, 8, tzinfo=UTC)
PROFILES = built_in_profiles()
CREDIT_CODE = "11320500014150050B"
ROOT_NAME = Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "测试根"), (oids.COMMON_NAME, "测试根证书")])
REGIONAL_NAME = Name.build(
    [(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "测试省"), (oids.COMMON_NAME, "测试省签发机构")]
)
TEN_YEARS = Validity(START, START + timedelta(days=3653))
FIVE_YEARS = Validity(START, START + timedelta(days=1827))
ACTOR = "officer-1"


def settings(**changes: object) -> AuthoritySettings:
    made = AuthoritySettings(
        policies=(PolicyStatement(TEST_POLICY, "http://policy.test/cps"),),
        crl_uris=("http://crl.test/regional.crl",),
        ocsp_uris=("http://ocsp.test/",),
        ca_issuers_uris=("http://ca.test/regional.cer",),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


class TurningClock:
    """Gives the time a test has set."""

    def __init__(self, start: datetime = START) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class World:
    """A root and a regional authority that share a store and a clock."""

    store: CaStore
    clock: TurningClock
    root_signer: Signer
    regional_signer: Signer
    seed: int = 1
    user_id: bytes = DEFAULT_USER_ID
    random: random.Random = field(init=False)
    root: CertificateAuthority = field(init=False)
    regional: CertificateAuthority = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.root = self.make_root(self.store)
        request = IssuanceRequest(
            key="regional",
            profile="issuing-ca",
            subject=REGIONAL_NAME,
            public_key=self.regional_signer.public_key,
            validity=TEN_YEARS,
            possession=Possession.VOUCHED,
        )
        certificate = self.root.issue_subordinate(request, actor=ACTOR)
        self.chain = (certificate, self.root.certificate)
        self.regional = self.make_regional(self.store, self.regional_signer)

    def make_root(self, store: CaStore) -> CertificateAuthority:
        return CertificateAuthority.create_root(
            store=store,
            signer=self.root_signer,
            subject=ROOT_NAME,
            validity=TEN_YEARS,
            profiles=PROFILES,
            settings=settings(user_id=self.user_id, crl_validity=timedelta(days=180)),
            clock=self.clock,
            random=self.random.randbytes,
            actor=ACTOR,
        )

    def make_regional(self, store: CaStore, signer: Signer) -> CertificateAuthority:
        return CertificateAuthority(
            store=store,
            signer=signer,
            chain=self.chain,
            profiles=PROFILES,
            settings=settings(user_id=self.user_id),
            clock=self.clock,
            random=self.random.randbytes,
        )


def make_world(path: str = ":memory:", *, user_id: bytes = DEFAULT_USER_ID) -> World:
    return World(
        store=CaRegister(path),
        clock=TurningClock(),
        root_signer=SoftwareSigner(PrivateKey.generate()),
        regional_signer=SoftwareSigner(PrivateKey.generate()),
        user_id=user_id,
    )


def holder_request(key: str = "request-1", **changes: object) -> IssuanceRequest:
    """A seal holder's request with a key made for it."""
    request = IssuanceRequest(
        key=key,
        profile="seal-holder",
        subject=Name.build(
            [(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "测试市民政局"), (oids.COMMON_NAME, "37030000001721")]
        ),
        public_key=PrivateKey.generate().public_key,
        validity=FIVE_YEARS,
        possession=Possession.VOUCHED,
        credit_code=CREDIT_CODE,
    )
    return replace(request, **changes)  # type: ignore[arg-type]
