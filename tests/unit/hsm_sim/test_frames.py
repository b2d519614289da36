"""Frames and the decoder that cuts a stream into them."""

import time

import pytest

from formats.errors import LimitExceededError, MalformedDataError
from hsm_sim.frames import HEADER_LENGTH, MAX_BODY, Frame, FrameDecoder, FrameKind

REQUEST = Frame(FrameKind.REQUEST, 0x20, 7, 0, b"body")
OCTETS = REQUEST.encode()


def test_layout() -> None:
    """The header has 20 octets in the documented order."""
    assert OCTETS.hex(" ") == "58 4b 01 01 00 20 00 00 00 00 00 07 00 00 00 00 00 00 00 04 62 6f 64 79"
    assert HEADER_LENGTH == 20


def test_stream_in_any_pieces() -> None:
    """However the octets arrive, the same frames come out, and only an unfinished one is pending."""
    stream = OCTETS * 3
    for size in (1, 2, 3, 19, 20, 21, 24, 50, len(stream)):
        decoder = FrameDecoder(FrameKind.REQUEST)
        frames = []
        for at in range(0, len(stream), size):
            frames += decoder.feed(stream[at : at + size])
            assert decoder.mid_frame == bool((min(at + size, len(stream))) % len(OCTETS))
        assert frames == [REQUEST] * 3


@pytest.mark.parametrize(
    ("offset", "value"), [(0, 0x59), (1, 0x4C), (2, 2), (3, 2), (3, 0), (6, 1), (7, 1), (12, 1)]
)
def test_header_is_judged_at_once(offset: int, value: int) -> None:
    """A wrong octet of the header is refused no later than with the header's last octet, without any body."""
    bad = bytearray(OCTETS[:HEADER_LENGTH])
    bad[offset] = value
    with pytest.raises(MalformedDataError):
        FrameDecoder(FrameKind.REQUEST).feed(bytes(bad))
    if offset <= 3:  # and these with the octet itself
        with pytest.raises(MalformedDataError):
            FrameDecoder(FrameKind.REQUEST).feed(bytes(bad[: offset + 1]))


def test_claimed_length_is_bounded() -> None:
    """A header that claims more than the limit is refused before any of the body is kept."""
    header = OCTETS[:16]
    with pytest.raises(LimitExceededError):
        FrameDecoder(FrameKind.REQUEST).feed(header + (MAX_BODY + 1).to_bytes(4, "big"))
    assert FrameDecoder(FrameKind.REQUEST).feed(header + MAX_BODY.to_bytes(4, "big")) == []


def test_body_that_comes_octet_by_octet_is_not_copied_each_time():
    """A long body in single octets costs time in proportion to its length: a quarter of a million in well under 2 s."""
    body = bytes(250_000)
    octets = Frame(FrameKind.REQUEST, 1, 1, 0, body).encode()
    decoder = FrameDecoder(FrameKind.REQUEST)
    begun = time.monotonic()
    frames = [frame for at in range(len(octets)) for frame in decoder.feed(octets[at : at + 1])]
    assert time.monotonic() - begun < 2
    assert [frame.body for frame in frames] == [body]


def test_good_frames_before_a_bad_one_count() -> None:
    """Frames that were complete are handed out; the fault comes with the next call, and stays."""
    decoder = FrameDecoder(FrameKind.REQUEST)
    assert decoder.feed(OCTETS + b"junk") == [REQUEST]
    for _ in range(2):
        with pytest.raises(MalformedDataError):
            decoder.feed(OCTETS)


def test_frame_that_cannot_be_sent() -> None:
    """Bodies over the limit and numbers that do not fit are refused on the sender's side."""
    with pytest.raises(ValueError):
        Frame(FrameKind.REQUEST, 1, 1, 0, bytes(MAX_BODY + 1)).encode()
    with pytest.raises(ValueError):
        Frame(FrameKind.REQUEST, 1, 2**32, 0, b"").encode()
