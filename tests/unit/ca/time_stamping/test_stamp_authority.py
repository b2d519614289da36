"""What a time-stamp authority answers, request by request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from ca.time_stamping.clock_model import ClockSettings
from ca.time_stamping.errors import StampingCertificateError
from ca.time_stamping.model import StampingSettings, StampPolicy, number_of
from ca.time_stamping.signing import Sm2TokenSigner
from crypto import DEFAULT_USER_ID, KeyStoreError, PrivateKey, SoftwareSigner, sm3, verify
from formats import der, oids
from formats.gbt20518 import Extension
from formats.gbt20520 import (
    Accuracy,
    FailureReason,
    MessageImprint,
    PkiStatus,
    differences,
    read_request,
    read_response,
)
from tests.authority_world import ACTOR, START, holder_request
from tests.stamping_world import (
    POLICY,
    ROUGH,
    SETTINGS,
    STAMPED,
    StampingPlace,
    TwoClocks,
    failures,
    hierarchy,
    request,
    response,
    stamping_certificate,
    stamping_key,
    stamping_place,
    token,
)


@pytest.fixture
def place() -> StampingPlace:
    return stamping_place()


def test_a_token_says_what_was_asked_and_when(place: StampingPlace) -> None:
    """Imprint and nonce come back, with the default policy, its accuracy, the clock's time and the name."""
    asked = request(nonce=0x1122334455667788, certificates_wanted=True)
    found = token(place, asked)
    info = found.info
    assert differences(read_request(asked), found) == ()
    assert (info.policy, info.accuracy, info.ordering) == (POLICY, Accuracy(seconds=1), False)
    assert info.gen_time == STAMPED
    assert info.tsa is not None
    assert found.tolerances == ()
    certificate = stamping_certificate()
    assert found.certificate_id is not None
    assert (found.certificate_id.algorithm, found.certificate_id.digest) == (oids.SM3, certificate.digest())
    assert found.certificate_id.serial_number == certificate.serial_number
    assert list(found.signed_data.certificates) == [certificate.encoded]
    signer = found.signed_data.signer
    assert certificate.public_key is not None
    verify(certificate.public_key, signer.signed_attributes or b"", signer.signature, user_id=DEFAULT_USER_ID)


def test_certificates_come_only_when_asked_for(place: StampingPlace) -> None:
    """Without certReq none is attached (RFC 3161 2.4.1)."""
    assert list(token(place).signed_data.certificates) == []


@pytest.mark.parametrize(
    ("policy", "algorithm"),
    [(POLICY, oids.SM3), (POLICY, oids.SHA256), (ROUGH, oids.SHA384), (ROUGH, oids.SHA512)],
)
def test_digests_are_those_of_the_policy(place: StampingPlace, policy: str, algorithm: str) -> None:
    """Each policy has its digests."""
    info = token(place, request(algorithm=algorithm, policy=policy)).info
    assert (info.policy, info.imprint.algorithm) == (policy, algorithm)


UNKNOWN = MessageImprint("1.2.3.99", bytes(40))
SHA1 = MessageImprint(oids.SHA1, bytes(20))


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (request(imprint=UNKNOWN), FailureReason.BAD_ALGORITHM),
        (request(imprint=SHA1), FailureReason.BAD_ALGORITHM),
        (request(algorithm=oids.SHA512), FailureReason.BAD_ALGORITHM),
        (request(policy=ROUGH, algorithm=oids.SHA256), FailureReason.BAD_ALGORITHM),
        (request(policy="1.2.3.99.3"), FailureReason.UNACCEPTED_POLICY),
        (request(extensions=(Extension("1.2.3", False, b"\5\0"),)), FailureReason.UNACCEPTED_EXTENSION),
        (b"", FailureReason.BAD_DATA_FORMAT),
    ],
)
def test_refusals_name_their_reason(place: StampingPlace, asked: bytes, reason: FailureReason) -> None:
    """PKIFailureInfo has the one bit that RFC 3161 2.4.2 gives to the case; nothing is recorded."""
    answer = response(place, asked)
    assert answer.status is PkiStatus.REJECTION
    assert (answer.failures, answer.token) == ({reason}, None)
    assert place.store.count() == 0


def test_every_stamp_is_on_record(place: StampingPlace) -> None:
    """Serial number, imprint, time, policy and the token's digest, before the answer is out."""
    answer = response(place)
    found = answer.read_token()
    assert found is not None
    kept = place.store.stamp(found.info.serial_number)
    assert kept is not None
    assert (kept.at, kept.policy, kept.imprint) == (STAMPED, POLICY, sm3(b"data"))
    assert kept.token == sm3(answer.token or b"")
    assert place.store.stamp(found.info.serial_number + 1) is None


def test_serial_numbers_never_repeat(tmp_path: Any) -> None:
    """Not within a process, not after a restart, not between two processes on one register."""
    path = str(tmp_path / "stamps.db")
    serials = []
    places = [stamping_place(path), stamping_place(path)]
    for place in [*places, stamping_place(path), *places]:
        serials += [token(place).info.serial_number for _ in range(3)]
    assert len(set(serials)) == len(serials)
    assert len({number_of(serial) for serial in serials}) == len(serials)


def test_a_restored_register_gives_other_serial_numbers(tmp_path: Any) -> None:
    """Where the register is a copy from before, the salt of new blocks keeps serial numbers apart."""
    fresh = token(stamping_place(salt=b"\1" * 8)).info.serial_number
    again = token(stamping_place(salt=b"\2" * 8)).info.serial_number
    assert number_of(fresh) == number_of(again)
    assert fresh != again


def test_many_are_answered_in_order(place: StampingPlace) -> None:
    """Good and bad requests mixed: each gets its own answer, and one group is recorded."""
    asked = [request(b"a"), b"no", request(b"b", policy=ROUGH), request(b"c", policy="1.2.3"), request(b"d")]
    answers = [read_response(each) for each in place.authority.answer_many(asked)]
    found = [answer.read_token() for answer in answers]
    assert [each and each.info.imprint.digest for each in found] == [sm3(b"a"), None, sm3(b"b"), None, sm3(b"d")]
    groups = list(place.store.groups())
    assert [(number, len(stamps)) for number, stamps in groups] == [(1, 3)]


def test_ordered_tokens_have_times_of_their_own() -> None:
    """Where an order is promised, no two stamps have the same time, within a group and between processes."""
    settings = StampingSettings(SETTINGS.policies, ordering=True)
    place = stamping_place(settings=settings)
    other = stamping_place(store=place.store, clocks=place.clocks, settings=settings)
    answers = place.authority.answer_many([request(bytes([n])) for n in range(3)])
    times = [read_response(each).read_token().info.gen_time for each in answers]  # type: ignore[union-attr]
    assert times == sorted(set(times))
    assert failures(other) == {FailureReason.SYSTEM_FAILURE}  # the clock stands still: a later time never comes
    place.clocks.run(0.01)
    later = token(other).info
    assert later.ordering
    assert later.gen_time > times[-1]


def test_a_policy_finer_than_the_clock_gets_no_time() -> None:
    """A stamp is given only where the clock is as exact as the policy promises."""
    fine, coarse = StampPolicy("1.2.3.1", Accuracy(millis=100)), StampPolicy("1.2.3.2", Accuracy(seconds=1))
    place = stamping_place(
        settings=StampingSettings((fine, coarse)), clock=ClockSettings(own_error=timedelta(seconds=0.5))
    )
    assert failures(place) == {FailureReason.TIME_NOT_AVAILABLE}
    assert token(place, request(policy="1.2.3.2")).info.accuracy == Accuracy(seconds=1)


@pytest.mark.parametrize(
    "moment",
    [
        START - timedelta(seconds=1),
        START + timedelta(milliseconds=400),  # the true time may lie before the period
        START + timedelta(days=366, seconds=1),  # profile time-stamp: the key signs for a year
        START + timedelta(days=2001),
    ],
)
def test_nothing_is_signed_outside_of_the_periods(moment: Any) -> None:
    """Outside of the certificate's validity or the private key's usage period the answer is systemFailure."""
    place = stamping_place(clocks=TwoClocks(moment))
    assert failures(place) == {FailureReason.SYSTEM_FAILURE}
    assert place.store.count() == 0


def test_periods_end_while_running(place: StampingPlace) -> None:
    """The last stamp of a key is inside of its year."""
    place.clocks.run(365 * 86_400)
    token(place)
    place.clocks.run(2 * 86_400)
    assert failures(place) == {FailureReason.SYSTEM_FAILURE}


class FaultySigner:
    """A device that gives wrong signatures, or none."""

    def __init__(self, fault: str) -> None:
        self._signer = SoftwareSigner(stamping_key())
        self._fault = fault

    @property
    def public_key(self) -> Any:
        return self._signer.public_key

    def sign_digest(self, digest: bytes) -> bytes:
        if self._fault == "none":
            raise KeyStoreError("no device")
        return self._signer.sign_digest(sm3(digest))

    def sign_digests(self, digests: Sequence[bytes]) -> list[bytes]:
        return [self.sign_digest(each) for each in digests]


@pytest.mark.parametrize("fault", ["none", "wrong"])
@pytest.mark.parametrize("count", [1, 3])
def test_a_faulty_device_stamps_nothing(fault: str, count: int) -> None:
    """No signature, or one that does not verify: systemFailure, and no stamp on record."""
    place = stamping_place(signer=Sm2TokenSigner(FaultySigner(fault)))
    for answer in place.authority.answer_many([request()] * count):
        assert read_response(answer).failures == {FailureReason.SYSTEM_FAILURE}
    assert place.store.count() == 0


def test_the_certificate_must_be_a_time_stamp_authoritys() -> None:
    """Another profile's certificate, or another key's, is refused at the start."""
    world = hierarchy(DEFAULT_USER_ID)
    holder = world.regional.issue(holder_request("not-a-tsa", public_key=stamping_key().public_key), actor=ACTOR)
    with pytest.raises(StampingCertificateError):
        stamping_place(certificate=holder)
    with pytest.raises(StampingCertificateError):
        stamping_place(certificate=world.chain[0])
    with pytest.raises(StampingCertificateError):
        stamping_place(signer=Sm2TokenSigner(SoftwareSigner(PrivateKey.generate())))


def test_settings_that_promise_nothing_are_refused() -> None:
    """Policies have identifiers of their own, digests that are computed here, and an accuracy."""
    with pytest.raises(ValueError, match="accuracy"):
        StampPolicy("1.2.3", Accuracy())
    with pytest.raises(ValueError, match="digests"):
        StampPolicy("1.2.3", Accuracy(1), frozenset({oids.SHA1}))
    with pytest.raises(ValueError, match="own"):
        StampingSettings((StampPolicy("1.2.3", Accuracy(1)), StampPolicy("1.2.3", Accuracy(2))))
    with pytest.raises(ValueError, match="policies"):
        StampingSettings(())


@pytest.mark.parametrize("nonce", [-1, 0, -(2**300), 2**500])
def test_any_nonce_is_echoed(place: StampingPlace, nonce: int) -> None:
    """Negative ones too, which clients send that take random octets as they come; up to 64 octets."""
    assert token(place, request(nonce=nonce)).info.nonce == nonce


def _request_of(*parts: bytes) -> bytes:
    return der.sequence(*parts)


_IMPRINT = der.sequence(der.sequence(der.oid(oids.SM3)), der.octet_string(bytes(32)))


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (_request_of(der.integer(2), _IMPRINT), FailureReason.BAD_REQUEST),
        (_request_of(der.integer(0), _IMPRINT), FailureReason.BAD_REQUEST),
        (_request_of(der.integer(1), _IMPRINT, der.integer(1 << 520)), FailureReason.BAD_DATA_FORMAT),
        (request() + b"\0", FailureReason.BAD_DATA_FORMAT),
        (request()[:-1], FailureReason.BAD_DATA_FORMAT),
        (
            _request_of(
                der.integer(1), der.sequence(der.sequence(der.oid(oids.SM3)), der.octet_string(bytes(31)))
            ),
            FailureReason.BAD_DATA_FORMAT,
        ),
        (
            _request_of(der.integer(1), der.sequence(der.sequence(der.oid("1.2.3")), der.octet_string(bytes(65)))),
            FailureReason.BAD_DATA_FORMAT,
        ),
        (b"\x30\x84\x7f\xff\xff\xff" + bytes(100), FailureReason.BAD_DATA_FORMAT),
        (b"\x30\x80" * 5000, FailureReason.BAD_DATA_FORMAT),
        (request() + bytes(1 << 20), FailureReason.BAD_DATA_FORMAT),
    ],
)
def test_hostile_requests_get_their_code(place: StampingPlace, asked: bytes, reason: FailureReason) -> None:
    """Wrong versions, lengths, nesting, trailing octets and sizes are answered, never raised."""
    assert failures(place, asked) == {reason}


def test_every_cut_request_is_answered(place: StampingPlace) -> None:
    """A request cut anywhere is badDataFormat."""
    whole = request(nonce=1 << 63, policy=POLICY, certificates_wanted=True)
    answers = place.authority.answer_many([whole[:length] for length in range(len(whole))])
    assert {tuple(read_response(each).failures) for each in answers} == {(FailureReason.BAD_DATA_FORMAT,)}
