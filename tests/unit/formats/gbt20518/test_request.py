"""Certification requests and proof of possession."""

from __future__ import annotations

import pytest

from crypto import DEFAULT_USER_ID, InvalidSignatureError, PrivateKey, sign
from formats import der, oids
from formats.errors import MalformedDataError
from formats.gbt20518 import KeyUsage, assemble_request, read_request, request_info, verify_possession
from formats.gbt20518 import extension_building as build
from formats.gbt20518.algorithm import public_key_info

from .conftest import NAME


def _request(key: PrivateKey, info: bytes) -> bytes:
    return assemble_request(info, sign(key, info, user_id=DEFAULT_USER_ID))


def test_request_is_read_as_written(example_key: PrivateKey) -> None:
    """Subject, key and extensions come back, and possession of the key is proven."""
    usage = build.key_usage([KeyUsage.DIGITAL_SIGNATURE])
    request = read_request(_request(example_key, request_info(NAME, example_key.public_key, [usage])))
    assert request.subject == NAME
    assert request.extensions == {oids.KEY_USAGE: usage}
    assert request.tolerances == ()
    assert verify_possession(request, user_id=DEFAULT_USER_ID) == example_key.public_key


def test_request_without_extensions_has_no_attribute(example_key: PrivateKey) -> None:
    """The attributes field stays, empty, as PKCS#10 wants it."""
    request = read_request(_request(example_key, request_info(NAME, example_key.public_key)))
    assert dict(request.attributes) == {}
    assert request.info.endswith(b"\xa0\x00")


def test_possession_is_not_proven_by_another_key(example_key: PrivateKey) -> None:
    """A request signed with another key than it names is refused, and so is another user identity."""
    info = request_info(NAME, PrivateKey.generate().public_key)
    with pytest.raises(InvalidSignatureError):
        verify_possession(read_request(_request(example_key, info)), user_id=DEFAULT_USER_ID)
    own = read_request(_request(example_key, request_info(NAME, example_key.public_key)))
    with pytest.raises(InvalidSignatureError):
        verify_possession(own, user_id=b"someone else")


def test_request_for_another_kind_of_key_proves_nothing(example_key: PrivateKey) -> None:
    """A key that is not SM2 is read and refused."""
    spki = der.sequence(der.sequence(der.oid("1.2.840.113549.1.1.1"), der.null()), der.bit_string(b"\x30\x00"))
    info = der.sequence(der.integer(0), NAME.encoded, spki, b"\xa0\x00")
    with pytest.raises(InvalidSignatureError, match="no SM2 key"):
        verify_possession(read_request(_request(example_key, info)), user_id=DEFAULT_USER_ID)


def test_challenge_password_does_not_show(example_key: PrivateKey) -> None:
    """A challenge password is kept as an attribute and is not part of any text of the request."""
    attribute = der.sequence(der.oid(oids.CHALLENGE_PASSWORD), der.set_of([der.utf8_string("geheim")]))
    spki = public_key_info(example_key.public_key)
    info = der.sequence(der.integer(0), NAME.encoded, spki, der.encode(0xA0, attribute))
    request = read_request(_request(example_key, info))
    assert oids.CHALLENGE_PASSWORD in request.attributes
    assert "geheim" not in repr(request)


@pytest.mark.parametrize("version", [1, 2])
def test_other_versions_are_refused(example_key: PrivateKey, version: int) -> None:
    """PKCS#10 knows version number 0 only."""
    info = der.sequence(der.integer(version), NAME.encoded, public_key_info(example_key.public_key), b"\xa0\x00")
    with pytest.raises(MalformedDataError, match="version"):
        read_request(_request(example_key, info))


def test_truncation_at_every_octet_is_refused(example_key: PrivateKey) -> None:
    """No prefix of a request is a request."""
    data = _request(example_key, request_info(NAME, example_key.public_key))
    for length in range(len(data)):
        with pytest.raises(MalformedDataError):
            read_request(data[:length])
