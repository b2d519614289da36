"""PEM armour."""

from __future__ import annotations

import pytest

from formats.errors import MalformedDataError
from formats.gbt20518 import der_or_pem, from_pem, pem_blocks, to_pem


@pytest.mark.parametrize("length", [0, 1, 47, 48, 49, 1000])
def test_round_trip(length: int) -> None:
    """Octets come back, and no line is longer than 64 characters."""
    data = bytes(range(256)) * 4
    text = to_pem(data[:length], "CERTIFICATE")
    assert from_pem(text, "CERTIFICATE") == data[:length]
    assert max(map(len, text.splitlines()[1:-1]), default=0) <= 64


def test_text_between_blocks_and_windows_line_ends_are_let_pass() -> None:
    """Explanatory text as OpenSSL writes it does not matter; order of blocks is kept."""
    text = (
        "subject=CN\r\n" + to_pem(b"one", "CERTIFICATE").replace("\n", "\r\n") + "x\n" + to_pem(b"two", "X509 CRL")
    )
    assert pem_blocks(text) == [("CERTIFICATE", b"one"), ("X509 CRL", b"two")]
    assert from_pem(text, "X509 CRL") == b"two"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-----BEGIN CERTIFICATE-----\nAAAA\n",
        "-----BEGIN CERTIFICATE-----\nAA*A\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAA\n-----END CERTIFICATE-----\n",
        to_pem(b"a", "CERTIFICATE") * 2,
        to_pem(b"a", "X509 CRL"),
    ],
)
def test_broken_or_ambiguous_text_is_refused(text: str) -> None:
    """Missing, unfinished, damaged and repeated blocks give a clear error."""
    with pytest.raises(MalformedDataError):
        from_pem(text, "CERTIFICATE")


def test_der_passes_through() -> None:
    """Input that starts like DER is taken as DER, everything else as PEM."""
    assert der_or_pem(b"\x30\x00", "CERTIFICATE") == b"\x30\x00"
    assert der_or_pem(to_pem(b"\x30\x00", "CERTIFICATE").encode(), "CERTIFICATE") == b"\x30\x00"
