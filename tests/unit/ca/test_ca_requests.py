"""Issuance requests from certification requests."""

from __future__ import annotations

from typing import Any

import pytest

from ca.errors import RefusedError
from ca.model import IssuanceRequest, Possession
from ca.requests import request_from_pkcs10
from crypto import DEFAULT_USER_ID, InvalidSignatureError, PrivateKey, sign
from formats import der, oids
from formats.errors import MalformedDataError
from formats.gbt20518 import Name, assemble_request, read_name, request_info
from formats.gbt20518 import extension_building as build
from tests.authority_world import ACTOR, CREDIT_CODE, FIVE_YEARS, make_world

NAME = Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "测试市民政局"), (oids.COMMON_NAME, "甲")])


def _pkcs10(key: PrivateKey, name: Name = NAME, signer: PrivateKey | None = None) -> bytes:
    info = request_info(name, key.public_key, [build.basic_constraints_of_ca(None)])
    return assemble_request(info, sign(signer or key, info, user_id=DEFAULT_USER_ID))


def _request(data: bytes, **changes: Any) -> IssuanceRequest:
    arguments: dict[str, Any] = {
        "key": "k",
        "profile": "seal-holder",
        "validity": FIVE_YEARS,
        "user_id": DEFAULT_USER_ID,
        "credit_code": CREDIT_CODE,
        **changes,
    }
    return request_from_pkcs10(data, **arguments)


def test_request_is_certified_by_the_profile_alone() -> None:
    """Key and subject are taken over; the authority the request asks to be is not granted."""
    key = PrivateKey.generate()
    request = _request(_pkcs10(key))
    assert (request.subject, request.public_key, request.possession) == (NAME, key.public_key, Possession.PROVEN)
    certificate = make_world().regional.issue(request, actor=ACTOR)
    assert not certificate.is_ca


def test_officer_replaces_the_subject() -> None:
    """What the registering officer established counts, not what the requester wrote."""
    other = Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "乙"), (oids.COMMON_NAME, "乙")])
    assert _request(_pkcs10(PrivateKey.generate()), subject=other).subject == other


def test_possession_must_be_proven() -> None:
    """A request signed by another key than it names is refused."""
    with pytest.raises(InvalidSignatureError):
        _request(_pkcs10(PrivateKey.generate(), signer=PrivateKey.generate()))


def test_dirty_subject_is_not_taken_over() -> None:
    """A subject readers would have to tolerate is not certified as it is."""
    value = der.encode(der.T61_STRING, "甲".encode("gb18030"))
    name = read_name(der.sequence(der.set_of([der.sequence(der.oid(oids.COMMON_NAME), value)])))
    data = _pkcs10(PrivateKey.generate(), name)
    with pytest.raises(RefusedError) as caught:
        _request(data)
    assert caught.value.code == "ca.request-subject"
    assert _request(data, subject=NAME).subject == NAME


def test_garbage_is_malformed() -> None:
    """Octets that are no request give the reader's error."""
    with pytest.raises(MalformedDataError):
        _request(b"-----BEGIN")
