"""A time-stamp authority in a test hierarchy, with clocks that a test turns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from ca.time_stamping.authority import TimeStampAuthority
from ca.time_stamping.clock_guard import ClockGuard
from ca.time_stamping.clock_model import ClockSettings
from ca.time_stamping.model import StampingSettings, StampPolicy
from ca.time_stamping.register import StampRegister
from ca.time_stamping.signing import Sm2TokenSigner
from crypto import DEFAULT_USER_ID, PrivateKey, SoftwareSigner
from formats import oids
from formats.gbt20518 import Certificate, Name, Validity
from formats.gbt20520 import (
    Accuracy,
    MessageImprint,
    TimeStampRequest,
    TimeStampResponse,
    TimeStampToken,
    encode_request,
    imprint_of,
    read_response,
)
from tests.authority_world import ACTOR, START, World, holder_request, make_world

POLICY = "1.2.3.99.1"
ROUGH = "1.2.3.99.2"
STAMPED = START + timedelta(hours=3, microseconds=250_000)
SETTINGS = StampingSettings(
    (
        StampPolicy(POLICY, Accuracy(seconds=1)),
        StampPolicy(ROUGH, Accuracy(seconds=60), frozenset({oids.SM3, oids.SHA384, oids.SHA512})),
    )
)


class TwoClocks:
    """A wall clock and a monotonic clock that a test moves, together or apart."""

    def __init__(self, wall: datetime = STAMPED) -> None:
        self.now = wall
        self.seconds = 1000.0

    def wall(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.seconds

    def run(self, seconds: float) -> None:
        """Time passes."""
        self.now += timedelta(seconds=seconds)
        self.seconds += seconds

    def jump(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self.now += timedelta(seconds=seconds)


@cache
def hierarchy(user_id: bytes) -> World:
    """One hierarchy for all tests of a run."""
    return make_world(user_id=user_id)


@cache
def stamping_key() -> PrivateKey:
    return PrivateKey.generate()


def stamping_certificate(user_id: bytes = DEFAULT_USER_ID) -> Certificate:
    """A certificate of the profile time-stamp."""
    return _certificate_under(user_id)


@cache
def _certificate_under(user_id: bytes) -> Certificate:
    world = hierarchy(user_id)
    request = holder_request(
        key=f"tsa-{len(world.regional.certificates())}",
        profile="time-stamp",
        subject=Name.build(
            [(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "测试"), (oids.COMMON_NAME, "测试时间戳服务")]
        ),
        public_key=stamping_key().public_key,
        validity=Validity(START, START + timedelta(days=2000)),
        credit_code=None,
    )
    return world.regional.issue(request, actor=ACTOR)


@dataclass
class StampingPlace:
    """An authority, its register and its clocks; ``restart`` gives another process on the same register."""

    store: Any
    clocks: TwoClocks
    authority: TimeStampAuthority

    @property
    def guard(self) -> ClockGuard:
        return self.authority.guard


def stamping_place(
    path: str = ":memory:",
    *,
    store: Any = None,
    clocks: TwoClocks | None = None,
    signer: Any = None,
    certificate: Certificate | None = None,
    settings: StampingSettings = SETTINGS,
    clock: ClockSettings | None = None,
    user_id: bytes = DEFAULT_USER_ID,
    salt: bytes = bytes(range(8)),
) -> StampingPlace:
    clocks = clocks or TwoClocks()
    store = store or StampRegister(path)
    guard = ClockGuard(
        store=store, wall=clocks.wall, monotonic=clocks.monotonic, settings=clock or ClockSettings()
    )
    authority = TimeStampAuthority(
        store=store,
        signer=signer or Sm2TokenSigner(SoftwareSigner(stamping_key()), user_id=user_id),
        certificate=certificate or stamping_certificate(user_id),
        settings=settings,
        guard=guard,
        random=lambda octets: salt[:octets],
    )
    return StampingPlace(store, clocks, authority)


def request(data: bytes = b"data", algorithm: str = oids.SM3, **changes: Any) -> bytes:
    """A request for a stamp of ``data``."""
    imprint = changes.pop("imprint", None) or MessageImprint(algorithm, imprint_of(data, algorithm))
    return encode_request(TimeStampRequest(imprint, **changes))


def response(place: StampingPlace, asked: bytes | None = None) -> TimeStampResponse:
    return read_response(place.authority.answer(request() if asked is None else asked))


def token(place: StampingPlace, asked: bytes | None = None) -> TimeStampToken:
    """The token of an answer that must hold one."""
    found = response(place, asked).read_token()
    assert found is not None
    return found


def failures(place: StampingPlace, asked: bytes | None = None) -> set[int]:
    """Why none was given."""
    answer = response(place, asked)
    assert answer.token is None
    return set(answer.failures)
