"""What an authority answers to machines: enrolling, confirming, renewing, revoking, and everything it refuses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ca.enrolment.errors import EnrolmentTransitionError, ReferenceRefusedError
from ca.enrolment.model import TRANSITIONS, EnrolmentEvent, EnrolmentSecrets, EnrolmentState, next_state
from ca.enrolment.references import withdraw_reference
from ca.enrolment.service import EnrolmentSettings
from ca.model import CertificateState, SerialNumber
from crypto import DEFAULT_USER_ID, KeyStoreError, PrivateKey, SoftwareSigner, sign_message
from formats import der, oids
from formats.errors import MalformedDataError
from formats.gbt20518 import Certificate, Name, assemble_request, request_info
from formats.rfc9810 import BodyKind, CertTemplate, CmpFailure, PasswordMac, assemble_message, protected_part
from formats.rfc9810 import writing as write
from formats.rfc9810.model import PkiHeader
from tests.authority_world import ACTOR
from tests.enrolment_world import DEVICE, IMPLICIT, REJECTED, Machine, Office, machine, open_office, said


@pytest.fixture
def office() -> Office:
    return open_office()


def state(office: Office, certificate: Certificate) -> CertificateState:
    return office.world.regional.record(SerialNumber(certificate.serial_number)).state


def stands(office: Office, own: Machine) -> EnrolmentState:
    enrolment = office.store.enrolment(own.transaction)
    assert enrolment is not None
    return EnrolmentState(enrolment.state)


# ---------------------------------------------------------------------- enrolling


@pytest.mark.parametrize("kind", [BodyKind.IR, BodyKind.CR])
def test_a_machine_enrols_and_confirms(office: Office, kind: BodyKind) -> None:
    """The certificate is of the reference's profile and subject; confirmed, it stays."""
    own = machine(office)
    certificate = own.enrol(kind)
    assert (str(certificate.subject), certificate.public_key) == (str(DEVICE), own.key.public_key)
    assert certificate.validity.not_after - certificate.validity.not_before == timedelta(days=90)
    assert stands(office, own) is EnrolmentState.WAITING
    answer = own.send(own.confirmation(certificate))
    assert answer.kind is BodyKind.PKICONF
    assert stands(office, own) is EnrolmentState.CONFIRMED
    office.world.clock.turn(hours=1)
    assert office.service.lapse() == 0
    assert state(office, certificate) is CertificateState.VALID
    assert office.store.audit_break() is None


def pkcs10(key: PrivateKey, user_id: bytes = DEFAULT_USER_ID, subject: Name = DEVICE) -> bytes:
    info = request_info(subject, key.public_key)
    return assemble_request(info, sign_message(SoftwareSigner(key), info, user_id=user_id))


@pytest.mark.parametrize("user_id", [DEFAULT_USER_ID, b""])
def test_pkcs10_with_implicit_confirmation(office: Office, user_id: bytes) -> None:
    """p10cr under the standard identity or the empty one; asked to do without, no confirmation is awaited."""
    own = machine(office)
    answer = own.send(own.by_secret(BodyKind.P10CR, pkcs10(own.key, user_id), general_info=IMPLICIT))
    assert answer.kind is BodyKind.CP
    assert oids.CMP_IMPLICIT_CONFIRM in answer.header.general_info
    own.take(answer)
    assert stands(office, own) is EnrolmentState.CONFIRMED


def test_confirmation_can_be_insisted_on(office: Office) -> None:
    """Where the authority wants it, asking to do without changes nothing."""
    own = machine(office)
    own.service = office.restarted(settings=EnrolmentSettings(implicit_confirm=False))
    answer = own.send(own.by_secret(BodyKind.IR, own.request(), general_info=IMPLICIT))
    assert oids.CMP_IMPLICIT_CONFIRM not in answer.header.general_info
    assert oids.CMP_CONFIRM_WAIT_TIME in answer.header.general_info
    assert stands(office, own) is EnrolmentState.WAITING


def test_several_machines_under_one_reference(office: Office) -> None:
    """The common name is theirs to choose, nothing else; uses are counted."""
    secret = office.reference("fleet", any_common_name=True, uses=2)
    for number in (1, 2):
        own = Machine(office, "fleet", secret)
        subject = Name.build([*DEVICE.attributes[:2], (oids.COMMON_NAME, f"machine-{number}")])
        certificate = own.take(own.send(own.by_secret(BodyKind.IR, own.request(subject=subject))))
        assert certificate.subject.common_name == f"machine-{number}"
    other = Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "别处"), (oids.COMMON_NAME, "machine-3")])
    own = Machine(office, "fleet", secret)
    assert said(own.send(own.by_secret(BodyKind.IR, own.request(subject=other)))) == {CmpFailure.BAD_CERT_TEMPLATE}
    own = Machine(office, "fleet", secret)
    assert said(own.send(own.by_secret(BodyKind.IR, own.request()))) == {CmpFailure.NOT_AUTHORIZED}


@pytest.mark.parametrize(
    "mac",
    [
        PasswordMac(b"12345678", 100, oids.SM3, oids.SM3_KEYED),
        PasswordMac(b"12345678", 500, oids.SHA256, oids.HMAC_SHA1_PKIX),
        PasswordMac(b"12345678", 500, oids.SHA512, oids.HMAC_SHA512),
        PasswordMac(b"12345678", 1000, oids.HMAC_SHA256, oids.HMAC_SHA256, is_pbmac1=True),
    ],
)
def test_protections_by_secret(office: Office, mac: PasswordMac) -> None:
    """Digests and MACs that are accepted; the answer comes under the same, with a salt of its own."""
    own = machine(office)
    own.mac = mac
    own.enrol()
    assert own.last is not None
    assert own.last.header.protection_algorithm != mac.encode()


# ---------------------------------------------------------------------- repetition


def test_the_same_message_again_gets_the_same_answer(office: Office) -> None:
    """An answer that was lost on the way is had again; nothing more is issued."""
    own = machine(office)
    message = own.by_secret(BodyKind.IR, own.request())
    first = office.service.answer(message)
    count = len(office.world.regional.certificates())
    assert office.service.answer(message) == first
    assert office.restarted().answer(message) == first
    assert len(office.world.regional.certificates()) == count


def test_a_transaction_is_for_one_enrolment(office: Office) -> None:
    """Another request under the same transactionID is refused, whoever sends it."""
    office.reference("m-2")
    own = machine(office, uses=5)
    own.enrol()
    again = own.send(own.by_secret(BodyKind.IR, own.request(key=PrivateKey.generate())))
    assert said(again) == {CmpFailure.TRANSACTION_ID_IN_USE}


# ---------------------------------------------------------------------- confirming


def test_a_certificate_nobody_confirms_is_revoked(office: Office) -> None:
    """After its time, and a minute for what is on its way; a confirmation that comes later is refused."""
    own = machine(office)
    certificate = own.enrol()
    office.world.clock.turn(minutes=10, seconds=30)
    assert office.service.lapse() == 0
    office.world.clock.turn(minutes=1)
    assert office.service.lapse() == 1
    assert state(office, certificate) is CertificateState.REVOKED
    assert said(own.send(own.confirmation(certificate))) == {CmpFailure.CERT_CONFIRMED}
    assert office.service.lapse() == 0


def test_a_late_confirmation_is_none(office: Office) -> None:
    """Also before anybody has looked for what lapsed."""
    own = machine(office)
    certificate = own.enrol()
    office.world.clock.turn(minutes=11)
    assert said(own.send(own.confirmation(certificate))) == {CmpFailure.CERT_CONFIRMED}


def test_a_machine_can_reject_what_it_got(office: Office) -> None:
    """Then it is revoked; an empty confirmation rejects as well."""
    own = machine(office, uses=2)
    certificate = own.enrol()
    assert own.send(own.confirmation(certificate, REJECTED)).kind is BodyKind.PKICONF
    assert (state(office, certificate), stands(office, own)) == (CertificateState.REVOKED, EnrolmentState.REJECTED)
    other = Machine(office, own.name, own.secret)
    certificate = other.enrol()
    assert other.last is not None
    empty = other.by_secret(BodyKind.CERTCONF, der.sequence(), recipient_nonce=other.last.header.sender_nonce)
    assert other.send(empty).kind is BodyKind.PKICONF
    assert state(office, certificate) is CertificateState.REVOKED


def test_confirmations_that_are_none(office: Office) -> None:
    """Another nonce, another digest, another party: the certificate still waits."""
    own = machine(office)
    certificate = own.enrol()
    answer = own.last
    assert answer is not None
    wrong = own.send(own.confirmation(certificate, recipient_nonce=bytes(16)))
    assert said(wrong) == {CmpFailure.BAD_RECIPIENT_NONCE}
    own.last = answer
    body = write.confirmation(0, bytes(32))
    nonce = {"recipient_nonce": answer.header.sender_nonce}
    assert said(own.send(own.by_secret(BodyKind.CERTCONF, body, **nonce))) == {CmpFailure.BAD_CERT_ID}
    body = write.confirmation(1, certificate.digest())
    assert said(own.send(own.by_secret(BodyKind.CERTCONF, body, **nonce))) == {CmpFailure.BAD_CERT_ID}
    body = write.confirmation(0, certificate.digest(), algorithm=oids.MD5)
    assert said(own.send(own.by_secret(BodyKind.CERTCONF, body, **nonce))) == {CmpFailure.BAD_ALGORITHM}
    stranger = machine(office, "m-9")
    stranger.transaction = own.transaction
    body = write.confirmation(0, certificate.digest())
    assert said(stranger.send(stranger.by_secret(BodyKind.CERTCONF, body, **nonce))) == {CmpFailure.BAD_REQUEST}
    assert stands(office, own) is EnrolmentState.WAITING
    own.last = answer
    assert own.send(own.confirmation(certificate)).kind is BodyKind.PKICONF
    own.last = answer
    assert own.send(own.confirmation(certificate)).kind is BodyKind.PKICONF  # sent again, answered again


# ---------------------------------------------------------------------- renewing and revoking by signature


def enrolled(office: Office, name: str = "m-1") -> Machine:
    own = machine(office, name)
    own.enrol(general_info=IMPLICIT)
    own.transaction = b""
    return own


def test_a_certificate_renews_itself(office: Office) -> None:
    """kur signed with the old key: same subject and profile, a new key; the answer is signed, the old one stays."""
    own = enrolled(office)
    old = own.certificate
    assert old is not None
    office.world.clock.turn(days=60)
    fresh = PrivateKey.generate()
    answer = own.send(own.by_signature(BodyKind.KUR, own.request(key=fresh), general_info=IMPLICIT))
    assert answer.kind is BodyKind.KUP
    renewed = own.take(answer)
    assert (renewed.subject, renewed.public_key) == (old.subject, fresh.public_key)
    assert renewed.validity.not_after == old.validity.not_after + timedelta(days=60)
    assert state(office, old) is CertificateState.VALID


def test_a_renewal_is_confirmed_by_signature(office: Office) -> None:
    """Explicitly, with the key it was asked for with."""
    own = enrolled(office)
    old, key = own.certificate, own.key
    fresh = PrivateKey.generate()
    renewed = own.take(own.send(own.by_signature(BodyKind.KUR, own.request(key=fresh))))
    own.certificate = old
    assert own.last is not None
    body = write.confirmation(0, renewed.digest())
    nonce = own.last.header.sender_nonce
    assert own.key == key
    answer = own.send(own.by_signature(BodyKind.CERTCONF, body, recipient_nonce=nonce))
    assert answer.kind is BodyKind.PKICONF
    assert stands(office, own) is EnrolmentState.CONFIRMED


def test_renewals_that_are_refused(office: Office) -> None:
    """Another subject, the same key, by secret, under another identity, with a revoked certificate."""
    own = enrolled(office)
    fresh = PrivateKey.generate()

    def ask(body: bytes, **changes: Any) -> set[int]:
        own.transaction = b""
        return said(own.send(own.by_signature(BodyKind.KUR, body, **changes)))

    other = Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "测试"), (oids.COMMON_NAME, "machine-2")])
    assert ask(own.request(subject=other, key=fresh)) == {CmpFailure.BAD_CERT_TEMPLATE}
    assert ask(own.request()) == {CmpFailure.BAD_CERT_TEMPLATE}
    assert ask(own.request(key=fresh), user_id=b"") == {CmpFailure.BAD_MESSAGE_CHECK}
    own.transaction = b""
    assert said(own.send(own.by_signature(BodyKind.IR, own.request(key=fresh)))) == {CmpFailure.NOT_AUTHORIZED}
    own.transaction = b""
    secret = own.send(own.by_secret(BodyKind.KUR, own.request(key=fresh)))
    assert said(secret) == {CmpFailure.WRONG_AUTHORITY}
    assert own.certificate is not None
    own.transaction = b""
    answer = own.send(own.by_signature(BodyKind.RR, own.revocation(own.certificate.serial_number)))
    assert (answer.kind, said(answer)) == (BodyKind.RP, set())
    assert ask(own.request(key=fresh)) == {CmpFailure.SIGNER_NOT_TRUSTED}


def test_signed_messages_need_a_key_to_answer_with(office: Office) -> None:
    """Without one they are refused."""
    own = enrolled(office)
    own.service = office.restarted(reply_signer=None)
    answer = own.send(own.by_signature(BodyKind.KUR, own.request(key=PrivateKey.generate())))
    assert said(answer) == {CmpFailure.WRONG_AUTHORITY}


def test_strangers_certificates_are_not_trusted(office: Office) -> None:
    """A certificate of another authority, one with another key's signature, and none at all."""
    own = enrolled(office)
    other = enrolled(open_office())
    own.certificate, own.key = other.certificate, other.key
    assert said(own.send(own.by_signature(BodyKind.KUR, own.request(key=PrivateKey.generate())))) == {
        CmpFailure.SIGNER_NOT_TRUSTED
    }
    whole = own.by_signature(BodyKind.KUR, own.request(key=PrivateKey.generate()))
    node = der.parse(whole).sequence()
    cut = der.sequence(node.next().encoded, node.next().encoded, node.next().encoded)
    assert said(own.send(cut)) == {CmpFailure.SIGNER_NOT_TRUSTED}


def test_revocation_under_the_reference(office: Office) -> None:
    """What was had under a reference can be revoked under it, even when its uses are gone; nothing else can."""
    own, other = enrolled(office), enrolled(office, "m-2")
    assert own.certificate is not None
    assert other.certificate is not None
    answer = own.send(own.by_secret(BodyKind.RR, own.revocation(other.certificate.serial_number)))
    assert said(answer) == {CmpFailure.NOT_AUTHORIZED}
    serial = own.certificate.serial_number
    assert said(own.send(own.by_secret(BodyKind.RR, own.revocation(serial)))) == set()
    assert state(office, own.certificate) is CertificateState.REVOKED
    assert said(own.send(own.by_secret(BodyKind.RR, own.revocation(serial)))) == {CmpFailure.CERT_REVOKED}
    assert said(own.send(own.by_secret(BodyKind.RR, own.revocation(12345)))) == {CmpFailure.NOT_AUTHORIZED}
    nobody = write.revocation_request(CertTemplate(serial_number=serial), None)
    assert said(own.send(own.by_secret(BodyKind.RR, nobody))) == {CmpFailure.BAD_CERT_ID}


# ---------------------------------------------------------------------- refusals


def test_who_is_not_recognised_gets_one_answer(office: Office) -> None:
    """Another secret, an unknown, ended or withdrawn reference, no protection: badMessageCheck, unprotected."""
    own = machine(office)
    right = own.secret
    messages = []
    own.secret = b"wrong"
    messages.append(own.by_secret(BodyKind.IR, own.request()))
    own.secret, own.name = right, "m-9"
    messages.append(own.by_secret(BodyKind.IR, own.request()))
    own.name = "m-1"
    messages.append(assemble_message(protected_part(own.header(), BodyKind.IR, own.request()), None))
    for message in messages:
        answer = own.send(message)
        assert (said(answer), answer.protection) == ({CmpFailure.BAD_MESSAGE_CHECK}, None)
    withdraw_reference(office.store, "m-1", actor=ACTOR, at=office.world.clock())
    assert said(own.send(own.by_secret(BodyKind.IR, own.request()))) == {CmpFailure.BAD_MESSAGE_CHECK}
    with pytest.raises(ReferenceRefusedError):
        withdraw_reference(office.store, "m-1", actor=ACTOR, at=office.world.clock())
    late = machine(office, "m-3")
    office.world.clock.turn(days=8)
    assert said(late.send(late.by_secret(BodyKind.IR, late.request()))) == {CmpFailure.BAD_MESSAGE_CHECK}


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"version": 1}, CmpFailure.UNSUPPORTED_VERSION),
        ({"transaction_id": b"short"}, CmpFailure.BAD_DATA_FORMAT),
        ({"sender_nonce": None}, CmpFailure.BAD_SENDER_NONCE),
        ({"message_time": None, "version": 4}, CmpFailure.UNSUPPORTED_VERSION),
    ],
)
def test_headers_that_cannot_be_answered(office: Office, changes: dict[str, Any], failure: CmpFailure) -> None:
    """Version, transaction and nonce are asked for; protected answers say what is missing."""
    own = machine(office)
    assert said(own.send(own.by_secret(BodyKind.IR, own.request(), **changes))) == {failure}


def test_old_messages_are_refused(office: Office) -> None:
    """A message whose time is too far from ours, either way."""
    own = machine(office)
    message = own.by_secret(BodyKind.IR, own.request())
    office.world.clock.turn(minutes=11)
    assert said(own.send(message)) == {CmpFailure.BAD_TIME}


def test_possession_must_be_proven(office: Office) -> None:
    """No signature, another key's, over something else, and of a request for another subject."""
    own = machine(office)
    own_key = own.key
    own.key = PrivateKey.generate()
    foreign = own.request()
    own.key = own_key
    bare = der.sequence(der.sequence(der.parse(own.request()).children()[0].children()[0].encoded))
    swapped = der.sequence(
        der.sequence(
            der.parse(own.request()).children()[0].children()[0].encoded,
            der.parse(foreign).children()[0].children()[1].encoded,
        )
    )
    for body in (bare, swapped):
        own.transaction = b""
        assert said(own.send(own.by_secret(BodyKind.IR, body))) == {CmpFailure.BAD_POSSESSION}
    own.transaction = b""
    forged = pkcs10(PrivateKey.generate())
    spoiled = forged[:-3] + bytes([forged[-3] ^ 1]) + forged[-2:]
    assert said(own.send(own.by_secret(BodyKind.P10CR, spoiled))) == {CmpFailure.BAD_POSSESSION}
    assert office.store.reference("m-1").used == 0


def test_the_empty_identity_can_be_refused(office: Office) -> None:
    """Where only the standard identity is taken, possession proven under the empty one is not."""
    own = machine(office)
    own.service = office.restarted(settings=EnrolmentSettings(identities=(DEFAULT_USER_ID,)))
    assert said(own.send(own.by_secret(BodyKind.IR, own.request(user_id=b"")))) == {CmpFailure.BAD_POSSESSION}
    own.transaction = b""
    own.enrol()


def test_what_the_profile_refuses_costs_no_use(office: Office) -> None:
    """The authority's own rules are asked before anything is recorded."""
    own = machine(office, days=5000)
    assert said(own.send(own.by_secret(BodyKind.IR, own.request()))) == {CmpFailure.BAD_CERT_TEMPLATE}
    assert office.store.reference("m-1").used == 0
    assert office.store.enrolment(own.transaction) is None


class BrokenSigner:
    """A key store that does not answer."""

    def __init__(self, signer: Any) -> None:
        self._signer = signer
        self.broken = True

    @property
    def public_key(self) -> Any:
        return self._signer.public_key

    def sign_digest(self, digest: bytes) -> bytes:
        return self.sign_digests([digest])[0]

    def sign_digests(self, digests: Any) -> list[bytes]:
        if self.broken:
            raise KeyStoreError("no answer")
        return list(self._signer.sign_digests(digests))


def test_a_key_store_that_fails_is_asked_again(office: Office) -> None:
    """systemUnavail; the same message later is finished under the same serial number, for one use."""
    own = machine(office)
    broken = BrokenSigner(office.world.regional_signer)
    own.service = office.restarted(authority=office.world.make_regional(office.world.store, broken))
    message = own.by_secret(BodyKind.IR, own.request())
    assert said(own.send(message)) == {CmpFailure.SYSTEM_UNAVAILABLE}
    assert stands(office, own) is EnrolmentState.STARTED
    serial = office.store.enrolment(own.transaction).serial
    broken.broken = False
    certificate = own.take(own.send(message))
    assert certificate.serial_number == serial.value
    assert office.store.reference("m-1").used == 1


def test_an_enrolment_that_never_was_answered_lapses(office: Office) -> None:
    """The intent of its certificate is given up; nothing of it becomes valid later."""
    own = machine(office)
    broken = BrokenSigner(office.world.regional_signer)
    own.service = office.restarted(authority=office.world.make_regional(office.world.store, broken))
    message = own.by_secret(BodyKind.IR, own.request())
    own.send(message)
    office.world.clock.turn(minutes=12)
    assert own.service.lapse() == 1
    serial = office.store.enrolment(own.transaction).serial
    assert office.world.regional.record(serial).state is CertificateState.ABANDONED
    broken.broken = False
    office.world.clock.turn(minutes=-12)
    assert said(own.send(message)) == {CmpFailure.BAD_REQUEST}


# ---------------------------------------------------------------------- hostile messages


def test_every_cut_message_is_refused(office: Office) -> None:
    """Cut anywhere it does not parse, and nothing is recorded."""
    own = machine(office)
    whole = own.by_secret(BodyKind.IR, own.request())
    for length in range(0, len(whole), 7):
        with pytest.raises(MalformedDataError):
            office.service.answer(whole[:length])
    for hostile in (b"\x30\x80" * 3000, b"\x30\x84\x7f\xff\xff\xff", bytes(70_000), whole + b"\0"):
        with pytest.raises(MalformedDataError):
            office.service.answer(hostile)
    assert office.store.reference("m-1").used == 0


def test_iterations_are_bounded(office: Office) -> None:
    """Nobody makes the authority work for a million rounds, and a handful protects nothing."""
    own = machine(office)
    for count in (0, 1, 99, 20_001, 10**9, -5):
        parameters = der.sequence(
            der.octet_string(bytes(16)),
            der.sequence(der.oid(oids.SHA256)),
            der.integer(count),
            der.sequence(der.oid(oids.HMAC_SHA256)),
        )
        algorithm = der.sequence(der.oid(oids.PASSWORD_BASED_MAC), parameters)
        header = own.header(protection_algorithm=algorithm, sender_key_id=b"m-1")
        message = assemble_message(protected_part(header, BodyKind.IR, own.request()), bytes(32))
        assert said(own.send(message)) == {CmpFailure.BAD_DATA_FORMAT}


def test_bodies_that_do_not_parse(office: Office) -> None:
    """Protected rubbish is answered badDataFormat, protected; several requests at once badRequest."""
    own = machine(office)
    for kind in (BodyKind.IR, BodyKind.P10CR, BodyKind.RR):
        own.transaction = b""
        assert said(own.send(own.by_secret(kind, der.sequence(der.integer(1))))) == {CmpFailure.BAD_DATA_FORMAT}
    own.transaction = b""
    one = der.parse(own.request()).content
    assert said(own.send(own.by_secret(BodyKind.IR, der.sequence(one, one)))) == {CmpFailure.BAD_REQUEST}
    own.transaction = b""
    assert said(own.send(own.by_secret(BodyKind.IR, der.sequence(one * 9)))) == {CmpFailure.BAD_DATA_FORMAT}
    own.transaction = b""
    assert said(own.send(own.by_secret(BodyKind.PKICONF, der.null()))) == {CmpFailure.BAD_REQUEST}


def test_one_bit_anywhere_breaks_a_message(office: Office) -> None:
    """Of what is protected; whatever still parses is not recognised, or is refused."""
    own = machine(office)
    whole = own.by_secret(BodyKind.IR, own.request())
    for place in range(8, len(whole), 11):
        changed = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        try:
            office.service.answer(changed)
        except MalformedDataError:
            continue
    assert office.store.reference("m-1").used == 0


# ---------------------------------------------------------------------- values


@pytest.mark.parametrize("state", EnrolmentState)
@pytest.mark.parametrize("event", EnrolmentEvent)
def test_the_table_is_all_there_is(state: EnrolmentState, event: EnrolmentEvent) -> None:
    """An event that is not in the table raises."""
    if event in TRANSITIONS[state]:
        assert next_state(state, event) in EnrolmentState
    else:
        with pytest.raises(EnrolmentTransitionError):
            next_state(state, event)


def test_secrets_are_derived_and_hidden(office: Office) -> None:
    """The same master gives the same secret, another reference or salt another; none shows in a repr."""
    secrets = EnrolmentSecrets(bytes(32))
    assert secrets.secret("a", bytes(16)) == EnrolmentSecrets(bytes(32)).secret("a", bytes(16))
    others = {secrets.secret("a", bytes(16)), secrets.secret("b", bytes(16)), secrets.secret("a", b"1" * 16)}
    assert len(others) == 3
    assert len(secrets.secret("a", bytes(16))) == 32
    assert "00" not in repr(secrets)
    with pytest.raises(ValueError, match="32"):
        EnrolmentSecrets(b"short")
    office.reference("kept")
    with pytest.raises(ReferenceRefusedError):
        office.reference("kept")
    for bad in ("", "a b", "é", "x" * 65):
        with pytest.raises(ReferenceRefusedError):
            office.reference(bad)


def test_the_register_on_both_databases(register_address: str) -> None:
    """An enrolment, its confirmation and a withdrawal; what was recorded is guarded."""
    import sqlalchemy as sa

    from tests.registers import rewrite

    office = open_office(register_address)
    own = machine(office)
    certificate = own.enrol()
    own.send(own.confirmation(certificate))
    assert [each.used for each in office.store.references()] == [1]
    assert office.store.serials_of("m-1") == {SerialNumber(certificate.serial_number)}
    assert office.store.audit_break() is None
    for statement in (
        "UPDATE enrolment_references SET used = 0",
        "UPDATE enrolment_references SET profile = 'tls-server'",
        "DELETE FROM enrolment_references",
        "UPDATE enrolment_enrolments SET state = 'waiting'",
        "UPDATE enrolment_enrolments SET serial = '1'",
        "DELETE FROM enrolment_enrolments",
        "DELETE FROM enrolment_audit",
    ):
        with pytest.raises(sa.exc.IntegrityError):
            rewrite(register_address, statement)


def test_a_header_reads_back() -> None:
    """A header reads back as it was written."""
    from formats.rfc9810 import read_message

    header = PkiHeader(
        3, b"\xa4\x02\x30\x00", b"\xa4\x02\x30\x00", transaction_id=bytes(16), general_info={"1.2.3": None}
    )
    message = read_message(assemble_message(protected_part(header, BodyKind.PKICONF, der.null()), None))
    assert message.header == header
    assert message.protection is None
