"""The status service: what it says of certificates in every state, and what it refuses."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ca.model import SerialNumber
from ca.revocation_list import entry_of
from ca.status.errors import ResponderUnfitError
from ca.status.model import NeverIssued, NoncePolicy, StatusPolicy
from ca.status.responder import MOST_OCTETS
from ca.status.responder_key import ResponderKey
from crypto import DEFAULT_USER_ID, PrivateKey, SoftwareSigner
from formats import der, oids
from formats.gbt20518 import Extension, RevocationReason
from formats.rfc6960 import (
    CertId,
    CertStatus,
    OcspRequest,
    ResponseStatus,
    encode_request,
    responder_of,
    with_null_parameters,
)
from tests.authority_world import ACTOR, holder_request
from tests.responder_world import (
    RESPONDER_NAME,
    ResponderWorld,
    failed,
    make_responder_world,
    responder_certificate,
    said,
)

ALWAYS = {"change_after": timedelta(0)}
HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> ResponderWorld:
    return make_responder_world()


def test_valid_certificate_is_good(world: ResponderWorld) -> None:
    """The answer is signed by the delegated responder, named by name, and holds for the policy's time."""
    serial = world.issue()
    answer = world.responder(validity=HOUR).answer(world.request(serial))
    basic = said(answer)
    (single,) = basic.responses
    now = world.world.clock()
    assert single.status is CertStatus.GOOD
    assert (single.this_update, single.next_update, basic.produced_at) == (now, now + HOUR, now)
    assert basic.responder.name == RESPONDER_NAME
    found = responder_of(basic, world.issuer, at=now, user_id=DEFAULT_USER_ID)
    assert found == world.certificate
    assert not basic.extensions
    assert not basic.tolerances
    assert answer.caching is not None
    assert answer.caching.refresh_at == now + HOUR / 2


@pytest.mark.parametrize("algorithm", [oids.SM3, oids.SHA1, oids.SHA256])
@pytest.mark.parametrize("with_null", [False, True])
def test_cert_id_is_repeated_as_asked(world: ResponderWorld, algorithm: str, with_null: bool) -> None:
    """SM3, SHA-1 and SHA-256, parameters NULL or absent: matched by value, answered octet for octet."""
    cert_id = world.cert_id(world.issue(), algorithm)
    if with_null:
        cert_id = with_null_parameters(cert_id)
    (single,) = said(world.responder().answer(encode_request(OcspRequest((cert_id,))))).responses
    assert single.status is CertStatus.GOOD
    request = encode_request(OcspRequest((cert_id,)))
    assert single.cert_id.encoded is not None
    assert single.cert_id.encoded in request


def test_keyless_sm3_identifier_is_sm3(world: ResponderWorld) -> None:
    """1.2.156.10197.1.401.1 names the same hashes as 1.2.156.10197.1.401."""
    plain = world.cert_id(world.issue())
    cert_id = replace(plain, algorithm=oids.SM3_PLAIN)
    (single,) = said(world.responder().answer(encode_request(OcspRequest((cert_id,))))).responses
    assert (single.status, single.cert_id.algorithm) == (CertStatus.GOOD, oids.SM3_PLAIN)


def test_every_state_agrees_with_the_revocation_list(world: ResponderWorld) -> None:
    """Revoked, held, resumed and given up: date and reason are those of the list made at the same moment."""
    ca, clock = world.world.regional, world.world.clock
    revoked, unspecified, held, held_then_revoked, resumed, good = (world.issue() for _ in range(6))
    clock.turn(hours=1)
    ca.revoke(revoked, RevocationReason.KEY_COMPROMISE, actor=ACTOR)
    ca.revoke(unspecified, RevocationReason.UNSPECIFIED, actor=ACTOR)
    for serial in (held, held_then_revoked, resumed):
        ca.suspend(serial, actor=ACTOR)
    clock.turn(hours=1)
    ca.revoke(held_then_revoked, RevocationReason.SUPERSEDED, actor=ACTOR)
    ca.resume(resumed, actor=ACTOR)
    abandoned = world.issue()
    with world.world.store.transaction() as change:  # as a crash leaves it: intended, never signed
        record = change.certificate(ca.authority, abandoned)
        lost = replace(record, serial=SerialNumber(12345), request_key="lost", encoded=None)
        change.add_intents([lost])
    ca.abandon(SerialNumber(12345), reason="ca.test", actor=ACTOR)

    serials = [revoked, unspecified, held, held_then_revoked, resumed, good, SerialNumber(12345)]
    crl = ca.publish_crl(actor=ACTOR)
    responses = said(world.responder().answer(world.request(*serials))).responses
    for serial, single in zip(serials, responses, strict=True):
        entry = crl.revoked.get(serial.value)
        if entry is None:
            assert single.status is CertStatus.GOOD
            assert serial in (resumed, good)
            continue
        assert entry == entry_of(ca.record(serial))
        listed = None if entry.reason is RevocationReason.UNSPECIFIED else entry.reason
        assert (single.status, single.revoked_at, single.reason) == (CertStatus.REVOKED, entry.date, listed)
    assert responses[2].reason is RevocationReason.CERTIFICATE_HOLD


def test_change_is_noticed_at_once(world: ResponderWorld) -> None:
    """An answer in memory does not outlive a revocation, a hold or its end."""
    ca = world.world.regional
    serial = world.issue()
    responder = world.responder(**ALWAYS)
    request = world.request(serial)
    assert responder.remembered(request) is None
    assert responder.answer(request) is responder.answer(request)
    statuses = []
    for change in (ca.suspend, ca.resume):
        change(serial, actor=ACTOR)
        statuses.append(said(responder.answer(request)).responses[0].status)
    ca.revoke(serial, RevocationReason.KEY_COMPROMISE, actor=ACTOR)
    statuses.append(said(responder.answer(request)).responses[0].status)
    assert statuses == [CertStatus.REVOKED, CertStatus.GOOD, CertStatus.REVOKED]


def test_memory_is_trusted_for_a_moment_only(world: ResponderWorld) -> None:
    """``remembered`` gives nothing once the record was not looked at for the policy's time, or the clock went back."""
    clock = world.world.clock
    responder = world.responder(change_after=timedelta(seconds=1))
    request = world.request(world.issue())
    answer = responder.answer(request)
    assert responder.remembered(request) is answer
    clock.turn(seconds=1)
    assert responder.remembered(request) is None
    assert responder.answer(request) is answer
    clock.turn(seconds=-5)
    assert responder.remembered(request) is None


def test_memory_gives_way_at_half_life(world: ResponderWorld) -> None:
    """An answer is signed anew at half its life."""
    responder = world.responder(validity=2 * HOUR)
    request = world.request(world.issue())
    first = responder.answer(request)
    world.world.clock.turn(hours=1)
    second = responder.answer(request)
    assert said(second).produced_at == said(first).produced_at + HOUR


def test_memory_is_bounded(world: ResponderWorld) -> None:
    """It takes no more than the policy gives it; the oldest goes first."""
    responder = world.responder(memory_octets=10_000)
    requests = [world.request(world.issue()) for _ in range(20)]
    responder.answer_many(requests)
    kept = [each for each in requests if responder.remembered(each) is not None]
    assert 0 < len(kept) < 10
    assert kept == requests[-len(kept) :]


@pytest.mark.parametrize(
    ("policy", "status"), [(NeverIssued.UNKNOWN, CertStatus.UNKNOWN), (NeverIssued.REVOKED, CertStatus.REVOKED)]
)
def test_never_issued_is_never_good(world: ResponderWorld, policy: NeverIssued, status: CertStatus) -> None:
    """Signed as unknown, or as RFC 6960 2.2 says: revoked, certificateHold, 1970-01-01, with the extension."""
    answer = world.responder(never_issued=policy).answer(world.request(7))
    basic = said(answer)
    (single,) = basic.responses
    assert single.status is status
    assert answer.caching is None
    extended = {each.oid: each.value for each in basic.extensions}
    if policy is NeverIssued.REVOKED:
        assert (single.revoked_at, single.reason) == (
            datetime(1970, 1, 1, tzinfo=UTC),
            RevocationReason.CERTIFICATE_HOLD,
        )
        assert extended == {oids.OCSP_EXTENDED_REVOKE: b"\x05\x00"}
    else:
        assert extended == {}


def test_never_issued_is_unauthorized_by_default(world: ResponderWorld) -> None:
    """As of pre-signed answers (RFC 9919); among others it is unknown."""
    responder = world.responder()
    assert failed(responder.answer(world.request(7))) is ResponseStatus.UNAUTHORIZED
    assert failed(responder.answer(world.request(1 << 300))) is ResponseStatus.UNAUTHORIZED
    assert failed(responder.answer(world.request(-7))) is ResponseStatus.UNAUTHORIZED
    singles = said(responder.answer(world.request(world.issue(), 7, -7))).responses
    assert [each.status for each in singles] == [CertStatus.GOOD, CertStatus.UNKNOWN, CertStatus.UNKNOWN]


@pytest.mark.parametrize("policy", NeverIssued)
def test_pending_is_as_never_issued(world: ResponderWorld, policy: NeverIssued) -> None:
    """An intent whose signature is not on record is not good, and is answered anew once it is."""
    ca = world.world.regional
    responder = world.responder(never_issued=policy, **ALWAYS)
    record = ca.record(world.issue())
    pending = replace(record, serial=SerialNumber(777), request_key="pending", encoded=None)
    with world.world.store.transaction() as change:
        change.add_intents([pending])
    answer = responder.answer(world.request(777))
    assert answer.caching is None
    if policy is NeverIssued.UNAUTHORIZED:
        assert failed(answer) is ResponseStatus.UNAUTHORIZED
    else:
        assert said(answer).responses[0].status.name == policy.name


def test_other_issuer_is_not_spoken_for(world: ResponderWorld) -> None:
    """Alone it is unauthorized; beside one of ours it is unknown."""
    responder = world.responder()
    other = CertId(oids.SM3, bytes(32), bytes(32), 5)
    ours = world.cert_id(world.issue())
    assert failed(responder.answer(encode_request(OcspRequest((other,))))) is ResponseStatus.UNAUTHORIZED
    basic = said(responder.answer(encode_request(OcspRequest((other, ours)))))
    assert [each.status for each in basic.responses] == [CertStatus.UNKNOWN, CertStatus.GOOD]
    half = replace(ours, issuer_key_hash=bytes(32))
    assert failed(responder.answer(encode_request(OcspRequest((half,))))) is ResponseStatus.UNAUTHORIZED


@pytest.mark.parametrize("length", [1, 16, 32, 128])
def test_nonce_is_echoed(world: ResponderWorld, length: int) -> None:
    """1 to 128 octets (RFC 9654) come back in an answer of its own, which no cache may keep."""
    answer = world.responder().answer(world.request(world.issue(), nonce=bytes(range(length))))
    assert said(answer).nonce == bytes(range(length))
    assert answer.caching is None


def test_nonce_can_be_ignored(world: ResponderWorld) -> None:
    """By policy the answer is the one for everybody."""
    answer = world.responder(nonce=NoncePolicy.IGNORE).answer(world.request(world.issue(), nonce=bytes(16)))
    assert said(answer).nonce is None
    assert answer.caching is not None


def test_nonce_of_wrong_length_is_malformed(world: ResponderWorld) -> None:
    """Empty, or above 128 octets."""
    serial = world.issue()
    for nonce in (b"", bytes(129)):
        extension = Extension(oids.OCSP_NONCE, critical=False, value=der.octet_string(nonce))
        request = encode_request(OcspRequest((world.cert_id(serial),), extensions=(extension,)))
        assert failed(world.responder().answer(request)) is ResponseStatus.MALFORMED_REQUEST


def test_what_is_no_request_is_malformed(world: ResponderWorld) -> None:
    """Cut, empty, too long, too many certificates, an unknown critical extension: malformedRequest, no exception."""
    request = world.request(world.issue())
    critical = Extension("1.2.3.4", critical=True, value=b"\x05\x00")
    responder = world.responder(most_cert_ids=3)
    for octets in (
        b"",
        request[:-1],
        request + b"\0",
        bytes(MOST_OCTETS + 1),
        world.request(*range(1, 5)),
        encode_request(OcspRequest((world.cert_id(1),), extensions=(critical,))),
    ):
        assert failed(responder.answer(octets)) is ResponseStatus.MALFORMED_REQUEST


def test_many_requests_are_answered_each_for_itself(world: ResponderWorld) -> None:
    """One batch holds good, failed, repeated and remembered requests; each gets its own answer."""
    first, second = world.issue(), world.issue()
    world.world.regional.revoke(second, RevocationReason.SUPERSEDED, actor=ACTOR)
    responder = world.responder()
    requests = [world.request(first), b"", world.request(second), world.request(9), world.request(first)]
    answers = responder.answer_many(requests)
    assert said(answers[0]).responses[0].status is CertStatus.GOOD
    assert failed(answers[1]) is ResponseStatus.MALFORMED_REQUEST
    assert said(answers[2]).responses[0].status is CertStatus.REVOKED
    assert failed(answers[3]) is ResponseStatus.UNAUTHORIZED
    assert said(answers[4]).responses[0].status is CertStatus.GOOD


def test_archive_reaches_as_far_as_the_policy_says(world: ResponderWorld) -> None:
    """An expired certificate keeps its status until the archive ends; archiveCutoff says how far back it goes."""
    serial = world.issue()
    ends = world.world.regional.record(serial).not_after
    world.world.clock.now = ends + timedelta(days=10)
    certificate = responder_certificate(world.world, world.signer, key="later")
    key = world.key(certificate)
    kept = world.responder(key=key, archive=timedelta(days=11)).answer(world.request(serial))
    (single,) = said(kept).responses
    assert (single.status, single.archive_cutoff) == (CertStatus.GOOD, ends - timedelta(days=1))
    gone = world.responder(key=key, archive=timedelta(days=9)).answer(world.request(serial))
    assert failed(gone) is ResponseStatus.UNAUTHORIZED
    revoked = world.responder(key=key, archive=timedelta(days=9), never_issued=NeverIssued.REVOKED)
    assert said(revoked.answer(world.request(serial))).responses[0].status is CertStatus.UNKNOWN


# ---------------------------------------------------------------------- the responder's own certificate


def test_expired_responder_signs_nothing(world: ResponderWorld) -> None:
    """internalError, and no signature is made."""
    serial = world.issue()
    responder = world.responder()
    for moment in (world.certificate.validity.not_after, world.certificate.validity.not_before - HOUR):
        world.world.clock.now = moment
        assert failed(responder.answer(world.request(serial))) is ResponseStatus.INTERNAL_ERROR


def test_answer_does_not_outlive_its_responder(world: ResponderWorld) -> None:
    """nextUpdate is at most the end of the responder's certificate."""
    serial = world.issue()
    ends = world.certificate.validity.not_after
    world.world.clock.now = ends - HOUR
    (single,) = said(world.responder().answer(world.request(serial))).responses
    assert single.next_update == ends


def test_revoked_responder_signs_nothing(world: ResponderWorld) -> None:
    """Though its certificate carries id-pkix-ocsp-nocheck, the responder looks itself up."""
    serial = world.issue()
    own = SerialNumber(world.certificate.serial_number)
    world.world.regional.revoke(own, RevocationReason.KEY_COMPROMISE, actor=ACTOR)
    assert failed(world.responder().answer(world.request(serial))) is ResponseStatus.INTERNAL_ERROR


def test_certificate_of_the_wrong_kind_is_refused(world: ResponderWorld) -> None:
    """Another key, another purpose, another issuer, another issuer's key: refused when the responder is made."""
    other = SoftwareSigner(PrivateKey.generate())
    holder = world.world.regional.issue(holder_request("own", public_key=other.public_key), actor=ACTOR)
    root = world.world.root.certificate
    for signer, certificate, issuer in (
        (other, world.certificate, world.issuer),
        (other, holder, world.issuer),
        (world.signer, world.certificate, root),
        (world.signer, world.certificate, make_responder_world().issuer),
    ):
        with pytest.raises(ResponderUnfitError):
            ResponderKey(signer, certificate, issuer, user_id=DEFAULT_USER_ID)


class DeadSigner:
    """A key store that does not answer."""

    def __init__(self, signer: SoftwareSigner) -> None:
        self.public_key = signer.public_key

    def sign_digest(self, digest: bytes) -> bytes:
        from crypto import KeyStoreError

        raise KeyStoreError("away")

    def sign_digests(self, digests: list[bytes]) -> list[bytes]:
        return [self.sign_digest(each) for each in digests]


class WrongSigner(DeadSigner):
    """A key store that signs wrongly."""

    def sign_digest(self, digest: bytes) -> bytes:
        return SoftwareSigner(PrivateKey.generate()).sign_digest(digest)


@pytest.mark.parametrize("kind", [DeadSigner, WrongSigner])
def test_failing_key_store_is_try_later(kind: type[DeadSigner]) -> None:
    """No answer leaves with a signature that was not verified; the client is told to come again."""
    world = make_responder_world()
    serials = [world.issue(), world.issue()]
    world.signer = kind(world.signer)  # type: ignore[arg-type]
    answers = world.responder().answer_many([world.request(each) for each in serials])
    assert [failed(each) for each in answers] == [ResponseStatus.TRY_LATER] * 2


# ---------------------------------------------------------------------- policy


@pytest.mark.parametrize(
    "policy",
    [
        {"validity": timedelta(seconds=1)},
        {"validity": timedelta(days=11)},
        {"on_demand": False},
        {"on_demand": False, "presigned": (oids.SM3,), "never_issued": NeverIssued.UNKNOWN},
        {"presigned": (oids.SHA512,)},
        {"presigned": (oids.SM3, oids.SM3)},
        {"most_cert_ids": 0},
    ],
)
def test_policy_that_contradicts_itself_cannot_be_made(policy: dict[str, object]) -> None:
    """Contradictions are refused when the policy is made."""
    with pytest.raises(ValueError, match=r"\w"):
        StatusPolicy(**policy)  # type: ignore[arg-type]
