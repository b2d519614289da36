"""OCSP: what is written is read; a response with any bit changed says nothing that its signer did not say."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import DEFAULT_USER_ID, InvalidSignatureError
from formats import oids
from formats.errors import MalformedDataError
from formats.gbt20518 import RevocationReason
from formats.rfc6960 import (
    CertId,
    CertStatus,
    OcspRequest,
    ResponderId,
    SingleResponse,
    assemble_response,
    encode_request,
    read_basic_response,
    read_request,
    read_response,
    responder_of,
    response_data,
)
from tests.unit.formats.status_world import NOW, ca, response

PROPERTY = settings(max_examples=150, deadline=None)
SECONDS = st.integers(0, 8 * 10**9)
NONCES = st.none() | st.binary(min_size=1, max_size=128)
CERT_IDS = st.builds(
    CertId,
    st.sampled_from([oids.SM3, oids.SHA256]),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=32, max_size=32),
    st.integers(0, 2**159),
) | st.builds(
    CertId,
    st.just(oids.SHA1),
    st.binary(min_size=20, max_size=20),
    st.binary(min_size=20, max_size=20),
    st.integers(0, 2**159),
)
BASE = datetime(1970, 1, 1, tzinfo=UTC)
SIGNATURE = bytes.fromhex("3006020101020101")
GOOD = response()


@st.composite
def singles(draw: st.DrawFn) -> SingleResponse:
    this_update = BASE + timedelta(seconds=draw(SECONDS))
    revoked = draw(st.booleans())
    ahead = draw(st.none() | SECONDS)
    return SingleResponse(
        cert_id=draw(CERT_IDS),
        status=CertStatus.REVOKED if revoked else draw(st.sampled_from([CertStatus.GOOD, CertStatus.UNKNOWN])),
        this_update=this_update,
        next_update=None if ahead is None else this_update + timedelta(seconds=ahead),
        revoked_at=BASE + timedelta(seconds=draw(SECONDS)) if revoked else None,
        reason=draw(st.none() | st.sampled_from(RevocationReason)) if revoked else None,
    )


@PROPERTY
@given(st.lists(singles(), min_size=1, max_size=4), NONCES, st.none() | st.binary(min_size=20, max_size=20))
def test_responses_come_back(said: list[SingleResponse], nonce: bytes | None, key: bytes | None) -> None:
    """Every response that can be written is read as it was, without a tolerance."""
    named = ResponderId(name=ca().certificate.subject) if key is None else ResponderId(key_hash=key)
    produced = max(each.this_update for each in said)
    data = response_data(responder=named, produced_at=produced, responses=said, nonce=nonce)
    read = read_response(assemble_response(data, SIGNATURE)).basic
    assert read is not None
    assert (read.tbs, read.responder, read.produced_at, read.nonce) == (data, named, produced, nonce)
    assert list(read.responses) == said
    assert read.tolerances == ()


@PROPERTY
@given(st.lists(CERT_IDS, min_size=1, max_size=4).map(tuple), NONCES)
def test_requests_come_back(asked: tuple[CertId, ...], nonce: bytes | None) -> None:
    """Every request that can be written is read as it was."""
    request = OcspRequest(asked, nonce)
    assert read_request(encode_request(request)) == request


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 8 * len(GOOD) - 1))
def test_any_bit(bit: int) -> None:
    """With one bit changed it is refused, or nobody signed it, or what was signed is the same to the octet."""
    changed = bytearray(GOOD)
    changed[bit // 8] ^= 1 << (bit % 8)
    original = read_response(GOOD).basic
    assert original is not None
    with suppress(MalformedDataError, InvalidSignatureError):
        read = read_response(bytes(changed)).basic
        assert read is not None
        responder_of(read, ca().certificate, at=NOW, user_id=DEFAULT_USER_ID)
        assert (read.tbs, read.responses) == (original.tbs, original.responses)


@PROPERTY
@given(st.binary(max_size=200))
def test_any_octets(data: bytes) -> None:
    """Whatever comes in, no other error leaves the readers."""
    for read in (read_response, read_basic_response, read_request):
        with suppress(MalformedDataError):
            read(data)
