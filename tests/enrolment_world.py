"""Enrolment at a test authority, and a machine that speaks CMP as a client would."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from ca.enrolment.model import EnrolmentSecrets
from ca.enrolment.parties import SM2_SIGNATURE, ReplySigner
from ca.enrolment.references import add_reference
from ca.enrolment.register import EnrolmentRegister
from ca.enrolment.service import EnrolmentService, EnrolmentSettings
from crypto import DEFAULT_USER_ID, PrivateKey, SoftwareSigner, sign_message, verify
from formats import der, oids
from formats.gbt20518 import Certificate, Name, RevocationReason, Validity, read_certificate
from formats.gbt20518.algorithm import public_key_info, read_public_key_info
from formats.gbt20518.general_name import directory_name
from formats.gbt20520 import PkiStatus
from formats.rfc9810 import (
    BodyKind,
    CertTemplate,
    PasswordMac,
    PkiHeader,
    PkiMessage,
    StatusInfo,
    assemble_message,
    protected_part,
    read_certificate_responses,
    read_error,
    read_message,
    read_password_mac,
    read_revocation_responses,
)
from formats.rfc9810 import writing as write
from tests.authority_world import ACTOR, START, World, holder_request, make_world

DEVICE = Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "测试"), (oids.COMMON_NAME, "machine-1")])
MASTER = bytes(range(32))
IMPLICIT: Mapping[str, bytes | None] = {oids.CMP_IMPLICIT_CONFIRM: der.null()}
REJECTED = StatusInfo(PkiStatus.REJECTION)
_numbers = itertools.count(1)


@dataclass
class Office:
    """An authority, its enrolment, and what a test needs to build both anew."""

    world: World
    store: Any
    service: EnrolmentService
    secrets: EnrolmentSecrets
    reply: ReplySigner

    def reference(self, name: str = "m-1", **changes: Any) -> bytes:
        """A reference for one device certificate; its secret."""
        given: dict[str, Any] = {
            "profile": "device", "subject": DEVICE, "any_common_name": False, "credit_code": None, "days": 90,
            "uses": 1, "lasts": timedelta(days=7), "actor": ACTOR, "at": self.world.clock(),
            "random": self.world.random.randbytes,
        }  # fmt: skip
        return add_reference(self.store, self.secrets, name=name, **{**given, **changes})

    def restarted(self, **changes: Any) -> EnrolmentService:
        """The service as a new process would build it."""
        store = changes.pop("store", self.store)
        return enrolment_service(self.world, store, self.secrets, self.reply, **changes)


def enrolment_service(
    world: World, store: Any, secrets: EnrolmentSecrets, reply: ReplySigner | None, **changes: Any
) -> EnrolmentService:
    given: dict[str, Any] = {
        "authority": world.regional, "store": store, "secrets": secrets, "settings": EnrolmentSettings(),
        "clock": world.clock, "random": world.random.randbytes, "reply_signer": reply,
    }  # fmt: skip
    return EnrolmentService(**{**given, **changes})


def open_office(address: str = ":memory:", world: World | None = None) -> Office:
    world = world or make_world()
    key = PrivateKey.generate()
    request = holder_request(
        f"cmp-reply-{next(_numbers)}",
        profile="device",
        subject=Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "测试"), (oids.COMMON_NAME, "CMP")]),
        public_key=key.public_key,
        validity=Validity(START, START + timedelta(days=900)),
        credit_code=None,
    )
    reply = ReplySigner(world.regional.issue(request, actor=ACTOR), SoftwareSigner(key))
    store, secrets = EnrolmentRegister(address), EnrolmentSecrets(MASTER)
    return Office(world, store, enrolment_service(world, store, secrets, reply), secrets, reply)


@dataclass
class Machine:
    """A client: what it sends, and what it makes of the answers."""

    office: Office
    name: str = "m-1"
    secret: bytes = b""
    key: PrivateKey = field(default_factory=PrivateKey.generate)
    certificate: Certificate | None = None
    mac: PasswordMac = field(default_factory=lambda: PasswordMac(b"salt of a client"))
    service: EnrolmentService | None = None
    transaction: bytes = b""
    last: PkiMessage | None = None

    # ------------------------------------------------------------------ messages

    def header(self, **changes: Any) -> PkiHeader:
        self.transaction = self.transaction or next(_numbers).to_bytes(16)
        made = PkiHeader(
            version=2,
            sender=directory_name(DEVICE),
            recipient=directory_name(self.office.world.regional.certificate.subject),
            message_time=self.office.world.clock(),
            transaction_id=self.transaction,
            sender_nonce=next(_numbers).to_bytes(16),
        )
        return replace(made, **changes)

    def by_secret(self, kind: BodyKind, body: bytes, **changes: Any) -> bytes:
        """A message protected by the secret."""
        header = self.header(protection_algorithm=self.mac.encode(), sender_key_id=self.name.encode(), **changes)
        protected = protected_part(header, kind, body)
        return assemble_message(protected, self.mac.protect(self.secret, protected))

    def by_signature(
        self, kind: BodyKind, body: bytes, *, user_id: bytes = DEFAULT_USER_ID, **changes: Any
    ) -> bytes:
        """A message signed with the key of the machine's certificate."""
        assert self.certificate is not None
        header = self.header(protection_algorithm=SM2_SIGNATURE, **changes)
        protected = protected_part(header, kind, body)
        signature = sign_message(SoftwareSigner(self.key), protected, user_id=user_id)
        return assemble_message(protected, signature, (self.certificate.encoded,))

    def request(
        self, *, subject: Name = DEVICE, key: PrivateKey | None = None, user_id: bytes = DEFAULT_USER_ID
    ) -> bytes:
        """CertReqMessages with proof of possession."""
        key = key or self.key
        info = read_public_key_info(der.parse(public_key_info(key.public_key)))
        request = write.certificate_request(0, CertTemplate(subject=subject, key_info=info))
        signature = sign_message(SoftwareSigner(key), request, user_id=user_id)
        return write.certificate_requests([(request, signature)], SM2_SIGNATURE)

    # ------------------------------------------------------------------ exchanges

    def send(self, data: bytes) -> PkiMessage:
        """The answer, its protection checked where it has one."""
        answer = read_message((self.service or self.office.service).answer(data))
        asked = read_message(data)
        assert answer.header.transaction_id == asked.header.transaction_id
        assert answer.header.recipient_nonce == asked.header.sender_nonce
        if answer.protection is not None:
            algorithm = answer.header.protection_algorithm or b""
            if algorithm == SM2_SIGNATURE:
                signer = read_certificate(answer.extra_certificates[0])
                assert signer.public_key is not None
                verify(signer.public_key, answer.protected, answer.protection, user_id=DEFAULT_USER_ID)
            else:
                assert read_password_mac(algorithm).holds(self.secret, answer.protected, answer.protection)
        self.last = answer
        return answer

    def enrol(self, kind: BodyKind = BodyKind.IR, **changes: Any) -> Certificate:
        """Ask for a certificate under the reference; it is not confirmed yet."""
        answer = self.send(self.by_secret(kind, self.request(), **changes))
        return self.take(answer)

    def take(self, answer: PkiMessage) -> Certificate:
        """The certificate of an answer that must hold one."""
        assert answer.kind in {BodyKind.IP, BodyKind.CP, BodyKind.KUP}, said(answer)
        (response,) = read_certificate_responses(answer.body)
        assert response.certificate is not None
        self.certificate = read_certificate(response.certificate)
        return self.certificate

    def confirmation(self, certificate: Certificate, status: StatusInfo | None = None, **changes: Any) -> bytes:
        """certConf for the last answer."""
        assert self.last is not None
        body = write.confirmation(0, certificate.digest(), status)
        return self.by_secret(
            BodyKind.CERTCONF, body, **{"recipient_nonce": self.last.header.sender_nonce, **changes}
        )

    def revocation(self, serial: int, reason: RevocationReason | None = RevocationReason.SUPERSEDED) -> bytes:
        """RevReqContent for a certificate of the authority."""
        template = CertTemplate(serial_number=serial, issuer=self.office.world.regional.certificate.subject)
        return write.revocation_request(template, reason)


def machine(office: Office, name: str = "m-1", **changes: Any) -> Machine:
    """A machine with a reference of its own."""
    return Machine(office, name, office.reference(name, **changes))


def said(answer: PkiMessage) -> set[int]:
    """Failures of an answer that is an error, or of the single revocation in it."""
    if answer.kind is BodyKind.ERROR:
        return set(read_error(answer.body).failures)
    if answer.kind is BodyKind.RP:
        (status,) = read_revocation_responses(answer.body)
        return set(status.failures)
    return set()
