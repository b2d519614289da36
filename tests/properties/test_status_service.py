"""What must be true of the status service whatever it is asked."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from ca.model import SerialNumber
from ca.status.plain_requests import PlainRequests
from ca.status.responder import StatusResponder
from formats import oids
from formats.gbt20518 import RevocationReason
from formats.rfc6960 import (
    CertId,
    CertStatus,
    OcspRequest,
    encode_request,
    read_request,
    read_response,
    with_null_parameters,
)
from tests.authority_world import ACTOR
from tests.responder_world import ResponderWorld, make_responder_world


@cache
def asked() -> tuple[ResponderWorld, StatusResponder, SerialNumber, SerialNumber]:
    world = make_responder_world()
    good, revoked = world.issue(), world.issue()
    world.world.regional.revoke(revoked, RevocationReason.KEY_COMPROMISE, actor=ACTOR)
    return world, world.responder(), good, revoked


def assert_truthful(responder: StatusResponder, request: bytes) -> None:
    """Whatever is answered is an OCSPResponse that echoes what was asked and calls only the good good."""
    world, _, good, _ = asked()
    basic = read_response(responder.answer(request).body).basic
    if basic is None:
        return
    wanted = read_request(request)
    assert [each.cert_id for each in basic.responses] == list(wanted.cert_ids)
    assert basic.nonce == wanted.nonce
    own = SerialNumber(world.certificate.serial_number)
    for single in basic.responses:
        if single.status is CertStatus.GOOD:
            assert single.cert_id.serial_number in (good.value, own.value)


@given(
    st.sampled_from([oids.SM3, oids.SHA1, oids.SHA256]),
    st.booleans(),
    st.one_of(st.integers(1 << 143, (1 << 152) - 1), st.integers(-(2**160), 2**160)),
    st.integers(0, 400),
)
def test_known_octets_mean_what_decoding_says(algorithm: str, with_null: bool, serial: int, cut: int) -> None:
    """A request known by its octets is the one that decoding gives, encoding of the CertID included."""
    world = asked()[0]
    cert_id = world.cert_id(serial, algorithm)
    octets = encode_request(OcspRequest((with_null_parameters(cert_id) if with_null else cert_id,)))
    plain = PlainRequests(world.issuer)
    known = plain.read(octets)
    is_plain = serial > 0 and 145 <= serial.bit_length() <= 151
    assert (known is not None) == is_plain
    if known is not None:
        decoded = read_request(octets)
        assert known == decoded
        assert known.cert_ids[0].encoded == decoded.cert_ids[0].encoded
    assert plain.read(octets[:cut]) in (None, known)


@given(st.binary(max_size=400))
def test_any_octets_are_answered(octets: bytes) -> None:
    """No octets make the responder raise."""
    assert_truthful(asked()[1], octets)


@settings(max_examples=150)
@given(st.data())
def test_changed_requests_are_answered_truthfully(data: st.DataObject) -> None:
    """A true request with octets changed, cut or doubled."""
    world, responder, good, revoked = asked()
    request = bytearray(world.request(good, revoked, nonce=bytes(16)))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(request) - 1))
        request[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(request)))
    assert_truthful(responder, bytes(request))
    assert_truthful(responder, bytes(request[:cut]))
    assert_truthful(responder, bytes(request[:cut] + request[cut // 2 :]))


@settings(max_examples=60)
@given(
    st.lists(
        st.one_of(st.integers(-(2**200), 2**200), st.sampled_from(["good", "revoked"])), min_size=1, max_size=5
    ),
    st.sampled_from([oids.SM3, oids.SHA1, oids.SHA256]),
    st.one_of(st.none(), st.binary(min_size=1, max_size=128)),
    st.booleans(),
)
def test_statuses_are_those_on_record(
    names: list[int | str], algorithm: str, nonce: bytes | None, foreign: bool
) -> None:
    """Any mix of issued and other numbers, by any digest, with any nonce, beside another issuer's."""
    world, responder, good, revoked = asked()
    known = {"good": good.value, "revoked": revoked.value}
    cert_ids = [world.cert_id(known[each] if isinstance(each, str) else each, algorithm) for each in names]
    if foreign:
        length = len(cert_ids[0].issuer_key_hash)
        cert_ids.append(CertId(algorithm, bytes(length), bytes(length), good.value))
    request = encode_request(OcspRequest(tuple(cert_ids), nonce=nonce))
    basic = read_response(responder.answer(request).body).basic
    if basic is None:
        assert not {"good", "revoked"} & set(map(str, names))
        return
    assert basic.nonce == nonce
    for name, single in zip(names, basic.responses, strict=False):
        expected = {"good": CertStatus.GOOD, "revoked": CertStatus.REVOKED}.get(str(name), CertStatus.UNKNOWN)
        assert single.status is expected
    if foreign:
        assert basic.responses[-1].status is CertStatus.UNKNOWN
