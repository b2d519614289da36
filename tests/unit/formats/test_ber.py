"""Indefinite lengths and segmented strings become definite; all else keeps its octets or is refused."""

import pytest

from formats import ber, der
from formats.der import DerLimits
from formats.errors import LimitExceededError, MalformedDataError
from formats.tolerances import Tolerance

END = b"\x00\x00"


def test_definite_is_untouched() -> None:
    """DER comes back as it is and nothing is reported."""
    data = der.sequence(der.integer(5), der.set_of([der.null()]), der.octet_string(b"\x30\x80"))
    assert ber.to_definite(data) == (data, ())


def test_indefinite_becomes_definite() -> None:
    """Nested indefinite lengths are closed; a definite value around them is re-encoded too."""
    inner = b"\xa0\x80" + der.integer(5) + END
    data = b"\x30\x80" + der.sequence(inner) + der.null() + END
    assert ber.to_definite(data) == (
        der.sequence(der.sequence(der.explicit(0, der.integer(5))), der.null()),
        (Tolerance.BER_INDEFINITE_LENGTH,),
    )


def test_segments_are_joined() -> None:
    """An OCTET STRING in segments, also nested ones, becomes one."""
    segments = b"\x24\x80" + der.octet_string(b"ab") + b"\x24\x03" + der.octet_string(b"c") + END
    assert ber.to_definite(segments) == (
        der.octet_string(b"abc"),
        (Tolerance.BER_CONSTRUCTED_STRING, Tolerance.BER_INDEFINITE_LENGTH),
    )


def test_non_minimal_length_inside_is_kept() -> None:
    """A value with a longer length form than needed keeps its octets: the strict reader judges it."""
    odd = b"\x04\x81\x01x"
    definite, found = ber.to_definite(b"\x30\x80" + odd + END)
    assert definite == der.sequence(odd)
    assert found == (Tolerance.BER_INDEFINITE_LENGTH,)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x80",
        b"\x30\x80\x00",
        b"\x30\x80" + END + b"\x00",
        b"\x04\x80" + END,
        b"\x30\x85\x00\x00\x00\x00\x00",
        b"\x30\x82\x01",
        b"\x30\x02\x04\x05",
        b"\x1f\x81\x00",
        b"\x24\x80" + der.integer(1) + END,
        b"\x30\x02\x30\x80" + END,
    ],
)
def test_rubbish_is_refused(data: bytes) -> None:
    """What is not BER is malformed, whatever the fault."""
    with pytest.raises(MalformedDataError):
        ber.to_definite(data)


def test_limits() -> None:
    """Depth, number of values and size are bounded."""
    with pytest.raises(LimitExceededError):
        ber.to_definite(b"\x30\x80" * 100_000)
    with pytest.raises(LimitExceededError):
        ber.to_definite(b"\x30\x80" + der.null() * 100 + END, limits=DerLimits(elements=50))
    with pytest.raises(LimitExceededError):
        ber.to_definite(bytes(11), limits=DerLimits(size=10))
