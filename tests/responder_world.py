"""A status service in a test hierarchy: a responder with its own key, certificates in every state."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ca.model import IssuanceRequest, Possession, SerialNumber
from ca.status.model import StatusAnswer, StatusPolicy
from ca.status.presigning import Presigner
from ca.status.register import StatusRegister
from ca.status.responder import StatusResponder
from ca.status.responder_key import ResponderKey
from crypto import DEFAULT_USER_ID, PrivateKey, Signer, SoftwareSigner
from formats import oids
from formats.gbt20518 import Certificate, Name, Validity
from formats.rfc6960 import (
    BasicResponse,
    CertId,
    OcspRequest,
    ResponseStatus,
    cert_id_of,
    encode_request,
    read_response,
)
from tests.authority_world import ACTOR, World, holder_request, make_world

RESPONDER_NAME = Name.build(
    [(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "测试省"), (oids.COMMON_NAME, "测试省证书状态服务")]
)


@dataclass
class ResponderWorld:
    """A regional authority, its responder and the store of answers."""

    world: World
    signer: Signer
    certificate: Certificate
    answers: StatusRegister
    issued: int = 0
    issuer: Certificate = field(init=False)

    def __post_init__(self) -> None:
        self.issuer = self.world.chain[0]

    def key(self, certificate: Certificate | None = None) -> ResponderKey:
        return ResponderKey(self.signer, certificate or self.certificate, self.issuer, user_id=self.world.user_id)

    def responder(self, *, key: ResponderKey | None = None, **policy: Any) -> StatusResponder:
        made = StatusPolicy(**policy)
        return StatusResponder(
            record=self.world.store,  # type: ignore[arg-type]
            issuer=self.issuer,
            key=(key or self.key()) if made.on_demand else None,
            policy=made,
            clock=self.world.clock,
            answers=self.answers,
        )

    def presigner(self, *presigned: str, **policy: Any) -> Presigner:
        return Presigner(
            record=self.world.store,  # type: ignore[arg-type]
            issuer=self.issuer,
            key=self.key(),
            policy=StatusPolicy(presigned=presigned or (oids.SHA256,), **policy),
            answers=self.answers,
            clock=self.world.clock,
        )

    def issue(self, **changes: Any) -> SerialNumber:
        self.issued += 1
        now = self.world.clock()
        validity = Validity(now, now + timedelta(days=1000))
        request = holder_request(f"holder-{self.issued}", **{"validity": validity, **changes})
        return SerialNumber(self.world.regional.issue(request, actor=ACTOR).serial_number)

    def cert_id(self, serial: SerialNumber | int, algorithm: str = oids.SM3) -> CertId:
        value = serial if isinstance(serial, int) else serial.value
        return cert_id_of(value, self.issuer, algorithm=algorithm)

    def request(self, *serials: SerialNumber | int, algorithm: str = oids.SM3, **more: Any) -> bytes:
        return encode_request(OcspRequest(tuple(self.cert_id(each, algorithm) for each in serials), **more))


def make_responder_world(
    *,
    user_id: bytes = DEFAULT_USER_ID,
    signer: Signer | None = None,
    address: str = ":memory:",
    record: str = ":memory:",
) -> ResponderWorld:
    world = make_world(record, user_id=user_id)
    own = signer or SoftwareSigner(PrivateKey.generate())
    return ResponderWorld(world, own, responder_certificate(world, own), StatusRegister(address))


def responder_certificate(
    world: World, signer: Signer, *, days: float = 60, key: str = "responder"
) -> Certificate:
    now = world.clock()
    request = IssuanceRequest(
        key=key,
        profile="status-service",
        subject=RESPONDER_NAME,
        public_key=signer.public_key,
        validity=Validity(now, now + timedelta(days=days)),
        possession=Possession.VOUCHED,
    )
    return world.regional.issue(request, actor=ACTOR)


def said(answer: StatusAnswer) -> BasicResponse:
    """The signed response in an answer."""
    response = read_response(answer.body)
    assert response.basic is not None, response.status
    return response.basic


def failed(answer: StatusAnswer) -> ResponseStatus:
    """Why there is none."""
    response = read_response(answer.body)
    assert response.basic is None
    assert answer.caching is None
    return response.status
