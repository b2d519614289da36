"""A registration desk over the test hierarchy, with a key management part that is a fake."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Any

from ca.errors import RefusedError
from ca.registration.counter import DeskSettings
from ca.registration.intake import RenewalSubmission, Submission
from ca.registration.model import ApplicationRecord
from ca.registration.ports import EncryptionKeyRequest, ProvidedKey, RestoreRequest
from ca.registration.register import RegistrationRegister
from ca.registration.service import RegistrationDesk
from crypto import DEFAULT_USER_ID, KeyStoreError, PrivateKey, hmac_sm3, sign
from formats import oids
from formats.gbt20518 import Name, assemble_request, request_info
from formats.gbt20518.identity import IdentityNumber
from formats.gbt35276 import envelop_key
from tests.authority_world import CREDIT_CODE, PROFILES, World, make_world

CLERK, REVIEWER = "clerk-1", "reviewer-1"
SUBJECT = Name.build(
    [(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "测试市民政局"), (oids.COMMON_NAME, "测试市民政局业务系统")]
)
NUMBER_KEY = bytes(range(32))


def pkcs10(key: PrivateKey, subject: Name = SUBJECT, *, user_id: bytes = DEFAULT_USER_ID) -> bytes:
    """A request that proves possession."""
    info = request_info(subject, key.public_key)
    return assemble_request(info, sign(key, info, user_id=user_id))


def hash_number(number: IdentityNumber) -> str:
    return hmac_sm3(NUMBER_KEY, f"{number.kind}\0{number.text}".encode()).hex()


@dataclass
class FakeKeyManagement:
    """Keeps what a real one would: pairs by request key, the same when asked again."""

    pairs: dict[tuple[str, str], tuple[EncryptionKeyRequest, PrivateKey]] = field(default_factory=dict)
    asked: int = 0
    fail: bool = False
    lose_answer: bool = False

    def provide(self, request: EncryptionKeyRequest) -> ProvidedKey:
        self.asked += 1
        if self.fail:
            raise KeyStoreError("the key management part does not answer")
        place = (request.authority, request.request_key)
        known, private = self.pairs.setdefault(place, (request, PrivateKey.generate()))
        if known != request:
            raise RefusedError("the request key belongs to another request", code="test.key-reused")
        if self.lose_answer:
            raise KeyStoreError("the answer was lost")
        return ProvidedKey(private.public_key, envelop_key(private, request.protect_to, os.urandom(16)))

    def restore(self, request: RestoreRequest) -> ProvidedKey:
        for known, private in self.pairs.values():
            if (known.authority, known.certificate_serial) == (request.authority, request.certificate_serial):
                return ProvidedKey(private.public_key, envelop_key(private, request.protect_to, os.urandom(16)))
        raise RefusedError("no key is archived for that certificate", code="test.no-key")


@dataclass
class Desk:
    """A desk and all around it."""

    address: str = ":memory:"
    world: World = field(default_factory=make_world)
    keys: FakeKeyManagement = field(default_factory=FakeKeyManagement)
    store: Any = None
    desk: RegistrationDesk = field(init=False)

    def __post_init__(self) -> None:
        self.store = self.store or RegistrationRegister(self.address)
        self.desk = self.make(self.store)

    def make(self, store: Any, authority: Any = None, **changes: Any) -> RegistrationDesk:
        """A desk as a new process would build it."""
        arguments = {
            "store": store,
            "authority": authority or self.world.regional,
            "key_management": self.keys,
            "profiles": PROFILES,
            "settings": DeskSettings(),
            "clock": self.world.clock,
            "random": self.world.random.randbytes,
            "hash_number": hash_number,
            **changes,
        }
        return RegistrationDesk(**arguments)

    def apply(self, key: PrivateKey | None = None, /, **changes: Any) -> ApplicationRecord:
        """An application taken by the clerk."""
        return self.desk.apply(submission(key or PrivateKey.generate(), **changes), clerk=CLERK)

    def events(self) -> list[str]:
        return [str(entry["event"]) for entry in self.store.audit_entries()]


def submission(key: PrivateKey, /, **changes: Any) -> Submission:
    """A good submission for a pair of an organisation."""
    return replace(
        Submission(
            key=f"submission-{key.public_key.point[1:9].hex()}",
            profile="organisation-signing",
            request=pkcs10(key),
            days=365,
            evidence="卷宗 2026-17",
            credit_code=CREDIT_CODE,
        ),
        **changes,
    )


def renewal(earlier: Any, key: PrivateKey, /, **changes: Any) -> RenewalSubmission:
    """A renewal of an issued pair."""
    return replace(
        RenewalSubmission(
            key=f"renewal-{earlier.signing_serial}",
            replaces=earlier.signing_serial,
            request=pkcs10(key),
            days=365,
            overlap_days=30,
        ),
        **changes,
    )
