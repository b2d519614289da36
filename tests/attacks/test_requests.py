"""Hostile certification requests at the registration desk: a clear code each, a line in the trail, nothing issued."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from ca.errors import RefusedError
from ca.register import CaRegister
from crypto import DEFAULT_USER_ID, PrivateKey, SoftwareSigner, sign
from formats import der, oids
from formats.gbt20518 import Name, assemble_request, request_info
from formats.gbt20518 import extension_building as build
from tests.authority_world import TurningClock, World
from tests.registration_desk import CLERK, SUBJECT, Desk, pkcs10, submission

KEY, OTHER = PrivateKey.generate(), PrivateKey.generate()
INFO = request_info(SUBJECT, KEY.public_key)
P256 = "1.2.840.10045.3.1.7"


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk()


def _signed(info: bytes, key: PrivateKey = KEY) -> bytes:
    return assemble_request(info, sign(key, info, user_id=DEFAULT_USER_ID))


def _with_key(algorithm: bytes, point: bytes) -> bytes:
    """A request whose key is of another kind, signed with an SM2 key all the same."""
    spki = der.sequence(algorithm, der.bit_string(point))
    return _signed(der.sequence(der.integer(0), SUBJECT.encoded, spki, der.encode(der.context(0), b"")))


def _ec(curve: str) -> bytes:
    return der.sequence(der.oid(oids.EC_PUBLIC_KEY), der.oid(curve))


def _nested(depth: int) -> bytes:
    value = b""
    for _ in range(depth):
        value = der.encode(der.SEQUENCE, value)
    return value


def _attributes(*encoded: bytes) -> bytes:
    fields = [node.encoded for node in der.parse(INFO).children()][:3]
    return _signed(der.sequence(*fields, der.encode(der.context(0), b"".join(encoded))))


def _many_attributes(count: int) -> bytes:
    return _attributes(
        *(der.sequence(der.oid(f"1.2.3.{number}"), der.set_of([der.null()])) for number in range(count))
    )


def _other_algorithm() -> bytes:
    ecdsa = der.sequence(der.oid(oids.ECDSA_WITH_SHA256))
    return der.sequence(INFO, ecdsa, der.bit_string(sign(KEY, INFO, user_id=DEFAULT_USER_ID)))


def _swapped_key() -> bytes:
    """Somebody else's key in a request that was signed for ours."""
    signature = sign(KEY, INFO, user_id=DEFAULT_USER_ID)
    return assemble_request(request_info(SUBJECT, OTHER.public_key), signature)


def _flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "empty": ("registration.malformed", lambda: b""),
    "no DER": ("registration.malformed", lambda: b"-----BEGIN CERTIFICATE REQUEST-----"),
    "random": ("registration.malformed", lambda: os.urandom(2000)),
    "cut off": ("registration.malformed", lambda: pkcs10(KEY)[:-1]),
    "octets behind": ("registration.malformed", lambda: pkcs10(KEY) + b"\x00"),
    "indefinite length": ("registration.malformed", lambda: b"\x30\x80" + pkcs10(KEY)[4:] + b"\x00\x00"),
    "length of 4 GiB": ("registration.malformed", lambda: b"\x30\x84\xff\xff\xff\xff" + bytes(100)),
    "huge": ("registration.malformed", lambda: der.sequence(der.octet_string(bytes(70_000)))),
    "nested 10,000 deep": ("registration.malformed", lambda: _nested(10_000)),
    "many attributes": ("registration.malformed", lambda: _many_attributes(2000)),
    "repeated attribute": ("registration.malformed", lambda: _attributes(*([_EXTENSION_REQUEST] * 2))),
    "version 2": ("registration.malformed", lambda: _signed(INFO.replace(b"\x02\x01\x00", b"\x02\x01\x01", 1))),
    "a certificate": ("registration.malformed", lambda: Desk().world.regional.certificate.encoded),
    "RSA key": (
        "registration.key-algorithm",
        lambda: _with_key(
            der.sequence(der.oid(oids.RSA_ENCRYPTION), der.null()),
            der.sequence(der.integer(3 << 1000), der.integer(3)),
        ),
    ),
    "P-256 key": ("registration.key-algorithm", lambda: _with_key(_ec(P256), KEY.public_key.point)),
    "point off the curve": (
        "registration.malformed",
        lambda: _with_key(_ec(oids.SM2_CURVE), _flipped(KEY.public_key.point)),
    ),
    "point at infinity": ("registration.malformed", lambda: _with_key(_ec(oids.SM2_CURVE), b"\x00")),
    "ECDSA signature": ("registration.possession", _other_algorithm),
    "forged signature": ("registration.possession", lambda: _signed(INFO, OTHER)),
    "key of somebody else": ("registration.possession", _swapped_key),
    "signature of zeros": (
        "registration.possession",
        lambda: assemble_request(INFO, der.sequence(der.integer(0), der.integer(0))),
    ),
    "no signature": ("registration.possession", lambda: assemble_request(INFO, b"")),
    "signed under another identity": ("registration.possession", lambda: pkcs10(KEY, user_id=b"somebody")),
    "signed under the empty identity": ("registration.possession", lambda: pkcs10(KEY, user_id=b"")),
    "subject with a T61String": (
        "registration.subject",
        lambda: _signed(_info_with_subject(der.encode(der.T61_STRING, b"\xc4\xe3"))),
    ),
}
_EXTENSION_REQUEST = der.sequence(
    der.oid(oids.EXTENSION_REQUEST), der.set_of([der.sequence(build.subject_key_identifier(b"1").encode())])
)


def _info_with_subject(value: bytes) -> bytes:
    attribute = der.set_of([der.sequence(der.oid(oids.COMMON_NAME), value)])
    fields = [node.encoded for node in der.parse(INFO).children()]
    return der.sequence(fields[0], der.sequence(attribute), *fields[2:])


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_request_is_refused_and_noted(desk: Desk, name: str) -> None:
    """The refusal has its code and says nothing of the request's content; the trail holds the request's digest."""
    code, make = HOSTILE[name]
    before = len(desk.store.audit_entries())
    with pytest.raises(RefusedError) as caught:
        desk.desk.apply(submission(KEY, request=make()), clerk=CLERK)
    assert caught.value.code == code
    assert len(str(caught.value)) < 300
    entries = desk.store.audit_entries()
    assert len(entries) == before + 1
    assert (entries[-1]["event"], entries[-1]["code"]) == ("application-refused", code)
    assert desk.desk.applications() == []
    assert desk.world.regional.certificates() == []


def test_request_for_more_gets_no_more(desk: Desk) -> None:
    """Extensions a request asks for, an authority's or a server's, are not in the certificate."""
    key = PrivateKey.generate()
    wanted = [build.basic_constraints_of_ca(None), build.extended_key_usage([oids.KP_SERVER_AUTH], critical=False)]
    info = request_info(SUBJECT, key.public_key, wanted)
    taken = desk.desk.apply(submission(key, request=_signed(info, key)), clerk=CLERK)
    issued = desk.desk.approve(taken.id, reviewer="reviewer-1")
    assert not issued.signing.is_ca
    assert issued.signing.extended_key_usage is None


def test_subject_of_the_issuer_is_refused() -> None:
    """Nobody gets a certificate in the authority's own name."""
    desk, key = Desk(), PrivateKey.generate()
    own = desk.world.regional.certificate.subject
    with pytest.raises(RefusedError) as caught:
        desk.desk.apply(submission(key, request=pkcs10(key, own)), clerk=CLERK)
    assert caught.value.code == "ca.self-issued"


def test_key_of_the_issuer_is_refused() -> None:
    """Whoever could sign with the authority's key gets no certificate for it."""
    own = PrivateKey.generate()
    root = SoftwareSigner(PrivateKey.generate())
    desk = Desk(world=World(CaRegister(":memory:"), TurningClock(), root, SoftwareSigner(own)))
    with pytest.raises(RefusedError) as caught:
        desk.desk.apply(submission(own), clerk=CLERK)
    assert caught.value.code == "ca.key-of-issuer"


def test_names_with_look_alike_white_space_are_refused(desk: Desk) -> None:
    """A name that ends with white space, or is too long, is not taken."""
    for common_name in ("测试 ", "名" * 65):
        key = PrivateKey.generate()
        name = Name.build([*SUBJECT.attributes[:2], (oids.COMMON_NAME, common_name)])
        with pytest.raises(RefusedError) as caught:
            desk.desk.apply(submission(key, request=pkcs10(key, name)), clerk=CLERK)
        assert caught.value.code in {"ca.subject-space", "ca.subject-length"}
