"""CSRResponse of GM/T 0092: comes back as written, is read in either tagging, half pairs are refused."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import PrivateKey
from formats import der
from formats.errors import MalformedDataError
from formats.gbt35276 import envelop_key, read_enveloped_key
from formats.gmt0092 import CsrResponse, read_csr_response
from tests.authority_world import make_world
from tests.registration_desk import REVIEWER, Desk


@pytest.fixture(scope="module")
def answer() -> CsrResponse:
    desk = Desk()
    taken = desk.apply()
    desk.desk.approve(taken.id, reviewer=REVIEWER)
    return read_csr_response(desk.desk.answer(taken.id))


def test_comes_back(answer: CsrResponse) -> None:
    """Written and read again it is the same, with and without a pair."""
    assert read_csr_response(answer.encode()) == answer
    single = CsrResponse(answer.signing_certificates)
    assert read_csr_response(single.encode()) == single


def test_either_tagging_is_read(answer: CsrResponse) -> None:
    """The tags that are explicit here implicit, and the other way round."""
    assert answer.enveloped_key is not None
    signing = der.set_of([each.encoded for each in answer.signing_certificates])
    envelope = der.encode(der.context(0), der.parse(answer.enveloped_key.encoded).content)
    encryption = der.explicit(1, der.set_of([each.encoded for each in answer.encryption_certificates]))
    assert read_csr_response(der.sequence(signing, envelope, encryption)).encryption_certificates == (
        answer.encryption_certificates
    )


def test_half_a_pair_is_refused(answer: CsrResponse) -> None:
    """An envelope without its certificate, or with another one, is no answer."""
    envelope = read_enveloped_key(
        envelop_key(PrivateKey.generate(), PrivateKey.generate().public_key, os.urandom(16))
    )
    cases: list[Any] = [
        (answer.signing_certificates, answer.enveloped_key, ()),
        (answer.signing_certificates, envelope, answer.encryption_certificates),
        ((), None, ()),
        (answer.signing_certificates * 11, None, ()),
    ]
    for case in cases:
        with pytest.raises(ValueError, match="certificate"):
            CsrResponse(*case)


def test_secrets_are_not_shown(answer: CsrResponse) -> None:
    """The envelope is not in the text of an answer."""
    assert "enveloped" not in repr(answer)


_CERTIFICATE = make_world().regional.certificate.encoded


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x30\x00",
        der.sequence(der.set_of([])),
        der.sequence(der.set_of([_CERTIFICATE] * 11)),
        der.sequence(der.sequence(_CERTIFICATE)),
        der.sequence(der.set_of([_CERTIFICATE]), der.explicit(0, der.null())),
        der.sequence(der.set_of([_CERTIFICATE]), der.encode(der.context(1), b"")),
        der.sequence(der.set_of([_CERTIFICATE]), der.explicit(2, der.null())),
        der.sequence(der.set_of([_CERTIFICATE])) + b"\x00",
    ],
)
def test_other_values_are_refused(value: bytes) -> None:
    """Broken syntax is one kind of error."""
    with pytest.raises(MalformedDataError):
        read_csr_response(value)


@given(flips=st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 255)), min_size=1, max_size=3))
@settings(max_examples=100, deadline=None)
def test_changed_answer_is_read_or_refused(answer: CsrResponse, flips: list[tuple[int, int]]) -> None:
    """Whatever octets change, the reader answers or says so."""
    changed = bytearray(answer.encode())
    for position, mask in flips:
        changed[position % len(changed)] ^= mask
    with contextlib.suppress(MalformedDataError):
        read_csr_response(bytes(changed))
