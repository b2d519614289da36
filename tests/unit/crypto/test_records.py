"""Records in buffers, digests of many messages, keys by the hundred: the same answers as one at a time."""

import hashlib

import pytest

from crypto import (
    DEFAULT_USER_ID,
    InvalidKeyError,
    PrivateKey,
    engines,
    message_digest,
    message_digests,
    sign_digest,
    sign_records,
    signature_from_raw,
    signature_to_raw,
    sm3,
    sm3_many,
    verify_digest,
    verify_records,
)
from crypto.curve import N, P


def _few(engine: engines.Engine, count: int) -> int:
    """The pure-Python engine takes milliseconds for one operation."""
    return count if engine.parallel else min(count, 3)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 8, 9, 33, 300])
def test_signed_records_verify(engine: engines.Engine, count: int) -> None:
    """Signature i of the buffer is over digest i and in the form of 64 octets."""
    count = _few(engine, count)
    key = PrivateKey.generate()
    digests = [sm3(index.to_bytes(4, "big")) for index in range(count)]
    signed = sign_records(key, b"".join(digests))
    assert len(signed) == 64 * count
    raws = [signed[64 * index : 64 * index + 64] for index in range(count)]
    for digest, raw in list(zip(digests, raws, strict=True))[:10]:
        verify_digest(key.public_key, digest, signature_from_raw(raw))
    point = key.public_key.point[1:]
    records = b"".join(point + digest + raw for digest, raw in zip(digests, raws, strict=True))
    assert verify_records(records) == b"\1" * count
    assert verify_records(bytearray(records)) == verify_records(memoryview(records)) == b"\1" * count


def test_bad_records_spoil_only_themselves(engine: engines.Engine) -> None:
    """Nothing about a record needs to be checked before: every fault is a 0, and its neighbours stay 1."""
    key, other = PrivateKey.generate(), PrivateKey.generate()
    digest = sm3(b"x")
    raw = signature_to_raw(sign_digest(key, digest))
    point = key.public_key.point[1:]
    good = point + digest + raw
    r, s = raw[:32], raw[32:]
    bad = [
        point + sm3(b"y") + raw,
        other.public_key.point[1:] + digest + raw,
        point + digest + bytes(32) + s,
        point + digest + r + bytes(32),
        point + digest + N.to_bytes(32, "big") + s,
        point + digest + r + N.to_bytes(32, "big"),
        point + digest + r + (N - int.from_bytes(r, "big")).to_bytes(32, "big"),
        bytes(64) + digest + raw,
        point[:63] + bytes((point[63] ^ 1,)) + digest + raw,
        P.to_bytes(32, "big") + point[32:] + digest + raw,
        b"\xff" * 160,
    ]
    records = good + b"".join(one + good for one in bad)
    assert verify_records(records) == b"\1" + b"\0\1" * len(bad)


def test_buffers_hold_whole_records() -> None:
    """A buffer cut short is refused, not read to its last whole record."""
    key = PrivateKey.generate()
    with pytest.raises(ValueError, match="whole records of 32"):
        sign_records(key, bytes(33))
    with pytest.raises(ValueError, match="whole records of 160"):
        verify_records(bytes(161))
    key.wipe()
    with pytest.raises(InvalidKeyError, match="wiped"):
        sign_records(key, bytes(32))


def test_sm3_of_many_messages(engine: engines.Engine) -> None:
    """Every length around the ends of blocks, in one call, gives what hashlib gives."""
    if "sm3" not in hashlib.algorithms_available:
        pytest.skip("this Python's hashlib has no SM3 to compare with")
    messages = [bytes((length + index) % 256 for index in range(length)) for length in range(260)]
    messages += [b"", b"abc", bytes(5000), b"abcd" * 16]
    assert engines.active() is engine
    assert sm3_many(messages) == [hashlib.new("sm3", message).digest() for message in messages]
    assert sm3_many([]) == []


def test_digests_of_many_messages(engine: engines.Engine) -> None:
    """e comes out as it does one at a time, for keys that repeat and keys that differ."""
    keys = [key.public_key for key in PrivateKey.generate_many(_few(engine, 5))]
    items = [(keys[number % len(keys)], bytes(number)) for number in range(200)]
    expected = [message_digest(key, message, user_id=DEFAULT_USER_ID) for key, message in items]
    assert message_digests(items, user_id=DEFAULT_USER_ID) == expected
    assert message_digests(items[:1], user_id=b"") == [message_digest(*items[0], user_id=b"")]
    assert message_digests([], user_id=DEFAULT_USER_ID) == []
    with pytest.raises(ValueError, match="8,191"):
        message_digests(items, user_id=bytes(8192))


@pytest.mark.parametrize("count", [0, 1, 8, 70])
def test_many_keys(engine: engines.Engine, count: int) -> None:
    """Each generated key is its own, and its public half belongs to its private half."""
    keys = PrivateKey.generate_many(_few(engine, count))
    assert len({key.public_key for key in keys}) == len(keys) == _few(engine, count)
    digest = sm3(b"x")
    for key in keys[:3]:
        assert PrivateKey.from_scalar(key.scalar()).public_key == key.public_key
        verify_digest(key.public_key, digest, sign_digest(key, digest))
