"""Serial numbers, the state table, revocation and requests."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from ca.errors import IllegalTransitionError, RefusedError
from ca.model import (
    TRANSITIONS,
    CertificateEvent,
    CertificateState,
    Possession,
    Revocation,
    SerialNumber,
    next_state,
)
from crypto import PrivateKey
from formats.gbt20518 import RevocationReason, Validity
from tests.authority_world import START, holder_request

ILLEGAL = [
    (state, event) for state in CertificateState for event in CertificateEvent if event not in TRANSITIONS[state]
]


@pytest.mark.parametrize("drawn", [bytes(19), b"\xff" * 19, bytes(range(19))])
def test_serial_number_is_positive_and_has_19_octets(drawn: bytes) -> None:
    """Whatever is drawn, the number is positive, of one length, and keeps 150 random bits."""
    serial = SerialNumber.draw(lambda count: drawn[:count])
    assert serial.value.bit_length() == 151
    assert serial.value & ((1 << 150) - 1) == int.from_bytes(drawn, "big") & ((1 << 150) - 1)


def test_serial_number_needs_all_its_randomness() -> None:
    """A random source that gives too little is refused, not padded."""
    with pytest.raises(ValueError, match="octets"):
        SerialNumber.draw(lambda count: bytes(count - 1))


def test_serial_number_is_read_as_it_is_written() -> None:
    """Forty hexadecimal digits, so that texts sort as numbers do; other software's shorter form is read too."""
    assert SerialNumber.parse(str(SerialNumber(0xABC))) == SerialNumber.parse("ABC") == SerialNumber(0xABC)
    assert len(str(SerialNumber(1))) == 40


@pytest.mark.parametrize("text", ["", "0", "g", "-1", "0x10", "f" * 40, "1" * 41, "１"])
def test_wrong_serial_numbers_are_refused(text: str) -> None:
    """Zero, 160-bit numbers and anything but hexadecimal digits are no serial numbers."""
    with pytest.raises(ValueError):
        SerialNumber.parse(text)


def test_every_state_has_its_ways_out() -> None:
    """The table names every state, and only a final one has no way out."""
    assert set(TRANSITIONS) == set(CertificateState)
    assert {state for state, ways in TRANSITIONS.items() if not ways} == {
        CertificateState.REVOKED,
        CertificateState.ABANDONED,
        CertificateState.ARCHIVED,
    }


@pytest.mark.parametrize(("state", "event"), ILLEGAL)
def test_unlisted_events_are_refused(state: CertificateState, event: CertificateEvent) -> None:
    """An event the table does not list raises and names both."""
    with pytest.raises(IllegalTransitionError, match=f"{state} allows no {event}"):
        next_state(state, event)


def test_revocation_times_are_utc() -> None:
    """Local times are refused where they are made."""
    beijing = timezone(timedelta(hours=8))
    with pytest.raises(ValueError, match="UTC"):
        Revocation(datetime(2026, 1, 1, tzinfo=beijing), RevocationReason.SUPERSEDED)
    with pytest.raises(ValueError, match="UTC"):
        Revocation(START, RevocationReason.SUPERSEDED, datetime(2026, 1, 1, tzinfo=beijing))


@pytest.mark.parametrize("key", ["", "a b", "a\n", "编号", "x" * 129])
def test_request_key_form(key: str) -> None:
    """An idempotency key is 1 to 128 visible ASCII characters."""
    with pytest.raises(RefusedError) as caught:
        holder_request(key)
    assert caught.value.code == "ca.request-key-form"


def test_request_digest_covers_all_that_decides_the_certificate() -> None:
    """Any change but that of the key itself gives another digest."""
    request = holder_request()
    changed = [
        replace(request, profile="seal-maker"),
        replace(request, public_key=PrivateKey.generate().public_key),
        replace(request, validity=Validity(START, START + timedelta(days=1))),
        replace(request, possession=Possession.PROVEN),
        replace(request, credit_code=None),
    ]
    digests = {each.digest() for each in [request, *changed]}
    assert len(digests) == 6
    assert replace(request, key="other").digest() == request.digest()


def test_fractions_of_seconds_are_refused() -> None:
    """A validity is given in whole seconds, since that is what a certificate holds."""
    with pytest.raises(RefusedError) as caught:
        holder_request(validity=Validity(START, START + timedelta(days=1, microseconds=1)))
    assert caught.value.code == "ca.validity-form"
