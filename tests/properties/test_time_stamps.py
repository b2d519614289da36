"""Time-stamp tokens: what is written is read; whatever is done to a good one, what is signed in it decides."""

from contextlib import suppress
from datetime import UTC, datetime
from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from formats import oids
from formats.errors import MalformedDataError
from formats.gbt20518 import Extension
from formats.gbt20520 import (
    Accuracy,
    FailureReason,
    MessageImprint,
    PkiStatus,
    TimeStampRequest,
    TimeStampResponse,
    differences,
    encode_request,
    encode_response,
    read_request,
    read_response,
    read_time_stamp_token,
    read_tst_info,
    tst_info,
)
from formats.gbt33190.package_writer import write_package
from formats.gbt38540 import read_seal_signature
from tests.attacks.test_time_stamps import VALUE, with_token
from tests.stamping_world import POLICY, StampingPlace, stamping_place
from tests.stamping_world import request as stamp_request
from tests.unit.verifier.documents import Entries, sealed
from tests.unit.verifier.nation import NOW
from tests.unit.verifier.time_stamps import stamped_nation, stamper, token_for
from verifier.codes import Code
from verifier.findings import Verdict
from verifier.report import Report
from verifier.verification import Verifier

PROPERTY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

IMPRINTS = st.one_of(
    st.builds(MessageImprint, st.just(oids.SM3), st.binary(min_size=32, max_size=32)),
    st.builds(MessageImprint, st.just(oids.SHA512), st.binary(min_size=64, max_size=64)),
    st.builds(MessageImprint, st.just("1.2.3.4"), st.binary(min_size=1, max_size=64)),
)
EXTENSIONS = st.lists(
    st.builds(
        Extension,
        st.integers(1, 2**40).map(lambda arc: f"1.2.{arc}"),
        critical=st.booleans(),
        value=st.binary(max_size=20),
    ),
    max_size=3,
    unique_by=lambda each: each.oid,
).map(tuple)
MOMENTS = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
NONCES = st.none() | st.integers(-(2**100), 2**100)
ACCURACIES = st.none() | st.builds(Accuracy, st.integers(0, 2**31 - 1), st.integers(0, 999), st.integers(0, 999))


@PROPERTY
@given(IMPRINTS, st.integers(1, 2**160 - 1), MOMENTS, ACCURACIES, st.booleans(), NONCES, EXTENSIONS)
def test_tst_info(
    imprint: MessageImprint,
    number: int,
    at: datetime,
    accuracy: Accuracy | None,
    ordering: bool,
    nonce: int | None,
    extensions: tuple[Extension, ...],
) -> None:
    """Reading gives back every field, and no departure."""
    encoded = tst_info(
        policy="1.2.3",
        imprint=imprint,
        serial_number=number,
        at=at,
        accuracy=accuracy,
        ordering=ordering,
        nonce=nonce,
        extensions=extensions,
    )
    read = read_tst_info(encoded)
    assert (read.encoded, read.imprint, read.serial_number, read.gen_time) == (encoded, imprint, number, at)
    assert (read.accuracy, read.ordering, read.nonce) == (accuracy, ordering, nonce)
    assert tuple(read.extensions.values()) == extensions
    assert read.tolerances == ()


@PROPERTY
@given(IMPRINTS, st.none() | st.just("1.2.3"), NONCES, st.booleans(), EXTENSIONS)
def test_requests(
    imprint: MessageImprint, policy: str | None, nonce: int | None, wanted: bool, extensions: tuple[Extension, ...]
) -> None:
    """A request is read as it was written."""
    request = TimeStampRequest(imprint, policy, nonce, certificates_wanted=wanted, extensions=extensions)
    assert read_request(encode_request(request)) == request


@PROPERTY
@given(
    st.sampled_from([PkiStatus.REJECTION, PkiStatus.WAITING]),
    st.lists(st.text(max_size=20), max_size=3).map(tuple),
    st.frozensets(st.sampled_from(FailureReason)),
)
def test_answers(status: PkiStatus, texts: tuple[str, ...], failures: frozenset[FailureReason]) -> None:
    """A refusal is read as it was written."""
    with suppress(UnicodeEncodeError):
        answer = TimeStampResponse(status, texts=texts, failures=failures)
        assert read_response(encode_response(answer)) == answer


@cache
def document() -> Entries:
    return sealed(())


@cache
def good() -> bytes:
    return token_for(read_seal_signature(document()[VALUE]).signature)


@cache
def verifier() -> Verifier:
    return Verifier(stamped_nation().trust())


def judged(token: bytes) -> Report:
    return verifier().verify(write_package(with_token(document(), token)), at=NOW)


def proves(token: bytes) -> bool:
    return judged(token).signatures[0].proven_at is not None


def test_the_good_one_is_good() -> None:
    """Else the properties below would hold of nothing."""
    report = judged(good())
    assert report.verdict is Verdict.PASSED
    assert Code.TIMESTAMP_VALID in {each.code for each in report.findings}


def same_signed_parts(token: bytes) -> bool:
    """Whether all that is signed, the signature and the certificate are those of the good token."""
    before, after = read_time_stamp_token(good()), read_time_stamp_token(token)
    one, other = before.signed_data.signer, after.signed_data.signer
    return (
        before.info.encoded == after.info.encoded
        and one.signed_attributes == other.signed_attributes
        and one.signature == other.signature
        and stamper().certificate.encoded in after.signed_data.certificates
    )


@settings(PROPERTY, max_examples=600)
@given(st.data())
def test_any_flipped_bit(data: st.DataObject) -> None:
    """A flipped bit loses the proof, unless it lies in what is not signed: versions, names of algorithms."""
    token = bytearray(good())
    place = data.draw(st.integers(0, len(token) - 1))
    token[place] ^= 1 << data.draw(st.integers(0, 7))
    if proves(bytes(token)):
        assert same_signed_parts(bytes(token))


def test_every_octet_that_is_signed() -> None:
    """Each octet of content, attributes, signature and certificate counts, one by one."""
    token = good()
    read = read_time_stamp_token(token)
    signer = read.signed_data.signer
    attributes = (signer.signed_attributes or b"")[2:]
    for part in (read.info.encoded, attributes[-120:], signer.signature, stamper().certificate.encoded[-80:]):
        start = token.index(part)
        for place in range(start, start + len(part), 3):
            changed = token[:place] + bytes([token[place] ^ 0x04]) + token[place + 1 :]
            assert not proves(changed), place


@PROPERTY
@given(st.data())
def test_no_octets_raise_anything_else(data: st.DataObject) -> None:
    """Octets of any kind, and good tokens cut, doubled and overwritten, are read or refused."""
    token = good()
    cut = data.draw(st.integers(0, len(token)))
    middle = data.draw(st.binary(max_size=40))
    rest = data.draw(st.integers(0, len(token)))
    for octets in (middle, token[:cut] + middle, token[:cut] + middle + token[rest:]):
        with suppress(MalformedDataError):
            read_time_stamp_token(octets)
        with suppress(MalformedDataError):
            read_tst_info(octets)
        with suppress(MalformedDataError):
            read_response(octets)
        with suppress(MalformedDataError):
            read_request(octets)
    if token[:cut] + middle + token[rest:] != token:
        changed = token[:cut] + middle + token[rest:]
        assert not proves(changed) or same_signed_parts(changed)


@PROPERTY
@given(st.data())
def test_an_authority_answers_whatever_it_is_asked(data: st.DataObject) -> None:
    """Octets of any kind, and good requests cut and overwritten, get one answer that parses; if it holds a token,
    then of what was asked."""
    asked = stamp_request(b"x", nonce=data.draw(st.integers(-(2**200), 2**200)), policy=POLICY)
    cut = data.draw(st.integers(0, len(asked)))
    middle = data.draw(st.binary(max_size=12))
    rest = data.draw(st.integers(0, len(asked)))
    octets = [asked, middle, asked[:cut] + middle + asked[rest:]]
    for request, answer in zip(octets, standing_authority().authority.answer_many(octets), strict=True):
        response = read_response(answer)
        token = response.read_token()
        assert (token is None) == (len(response.failures) == 1)
        if token is not None:
            assert differences(read_request(request), token) == ()


@cache
def standing_authority() -> StampingPlace:
    return stamping_place()
