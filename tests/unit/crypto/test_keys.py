"""Keys: what is refused, what stays hidden, what the Z value is."""

import copy
import pickle
from typing import Any

import pytest

from crypto import InvalidKeyError, PrivateKey, PublicKey, engines, sign_digest, z_value
from crypto.curve import GX, GY, N, P

GENERATOR = b"\x04" + GX.to_bytes(32, "big") + GY.to_bytes(32, "big")
USER_ID = b"1234567812345678"


def _point(x: int, y: int) -> bytes:
    return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")


@pytest.mark.parametrize(
    ("encoded", "why"),
    [
        (b"", "no octets"),
        (b"\x00", "infinity"),
        (b"\x00" * 65, "infinity, padded"),
        (b"\x04" + b"\x00" * 64, "x = y = 0"),
        (GENERATOR[:-1], "one octet short"),
        (GENERATOR + b"\x00", "one octet more"),
        (b"\x06" + GENERATOR[1:], "hybrid form, y even"),
        (b"\x07" + GENERATOR[1:], "hybrid form, y odd"),
        (GENERATOR[1:], "without its first octet"),
        # On y² = x³ + ax + b' with b' ≠ b: the invalid-curve attack, since addition never uses b.
        (_point(GX, GY - 1), "on another curve"),
        (_point(GX + 1, GY), "off the curve"),
        (_point(GY, GX), "coordinates exchanged"),
        (_point(P, GY), "x = p"),
        (_point(GX, P), "y = p"),
        (b"\xff" * 65, "all ones"),
    ],
)
def test_points_that_are_no_keys(encoded: bytes, why: str) -> None:
    """No object exists for a point that is not on the curve, nor for infinity."""
    for make in (PublicKey, PublicKey.from_point):
        with pytest.raises(InvalidKeyError):
            make(encoded)
    assert why


def test_coordinate_above_p_is_refused_where_it_would_fit() -> None:
    """x + p denotes the same field element for small x, and is refused: an encoding is unique."""
    for x in range(100):
        y = pow(x**3 - 3 * x + 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93, (P + 1) // 4, P)
        try:
            PublicKey(_point(x, y))
        except InvalidKeyError:
            continue  # no point has this x
        with pytest.raises(InvalidKeyError):
            PublicKey(_point(x + P, y))
        return
    pytest.fail("no small x found")


def test_compressed_points() -> None:
    """02 and 03 open to the two points with this X; an X of the twist, which no point has, is refused."""
    even, odd = sorted((GY, P - GY), key=lambda y: y & 1)
    x = GX.to_bytes(32, "big")
    assert PublicKey.from_point(b"\x02" + x).point == _point(GX, even)
    assert PublicKey.from_point(b"\x03" + x).point == _point(GX, odd)
    refused = 0
    for candidate in range(2, 40):
        try:
            PublicKey.from_point(b"\x02" + candidate.to_bytes(32, "big"))
        except InvalidKeyError:
            refused += 1
    assert 0 < refused < 38
    for bad in (b"\x04" + x, b"\x02" + P.to_bytes(32, "big"), b"\x02" + b"\xff" * 32):
        with pytest.raises(InvalidKeyError):
            PublicKey.from_point(bad)


def test_public_keys_are_values() -> None:
    """Equal points are equal keys with equal hashes, and nothing about them can be changed."""
    first, second = PublicKey(GENERATOR), PublicKey.from_point(bytes(GENERATOR))
    assert first == second
    assert len({first, second}) == 1
    with pytest.raises(AttributeError):
        first.point = b""  # type: ignore[misc]


def test_z_value(published: dict[str, Any]) -> None:
    """The published Z comes out; another identity gives another; the longest identity is 8,191 octets."""
    key = PublicKey(bytes.fromhex(published["public_key"]))
    assert key.z_value(USER_ID).hex() == published["signature"]["z_value"]
    assert z_value(key, USER_ID) == key.z_value(USER_ID)
    assert key.z_value(b"") != key.z_value(USER_ID)
    assert len(key.z_value(b"x" * 8191)) == 32
    with pytest.raises(ValueError, match="8,191"):
        key.z_value(b"x" * 8192)


def test_private_key_gives_its_public_key(published: dict[str, Any], engine: engines.Engine) -> None:
    """The example scalar gives the example point on every engine; so do the ends of the range."""
    key = PrivateKey.from_scalar(bytes.fromhex(published["private_key"]))
    assert key.public_key.point.hex() == published["public_key"]
    assert key.scalar().hex() == published["private_key"]
    assert PrivateKey.from_scalar((1).to_bytes(32, "big")).public_key.point == GENERATOR
    last = PrivateKey.from_scalar((N - 2).to_bytes(32, "big")).public_key.point
    assert PublicKey(last).point == last
    assert engine.public_point((N - 2).to_bytes(32, "big")) == last


@pytest.mark.parametrize("value", [0, N - 1, N, 2**256 - 1])
def test_scalars_outside_the_range(value: int) -> None:
    """0 and everything from n-1 up are refused; n-1 would make 1 + d, which signing inverts, zero."""
    with pytest.raises(InvalidKeyError, match=r"^an SM2 private key has 32 octets and a value in \[1, n-2\]$"):
        PrivateKey.from_scalar(value.to_bytes(32, "big"))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_scalars_of_another_length(length: int) -> None:
    """Exactly 32 octets, nothing is padded or cut."""
    with pytest.raises(InvalidKeyError):
        PrivateKey.from_scalar(b"\x01" * length)


def test_generated_keys_differ(engine: engines.Engine) -> None:
    """Each generated key is its own, and lies on the curve (its PublicKey exists)."""
    assert len({PrivateKey.generate().public_key for _ in range(5)}) == 5


def test_a_private_key_does_not_show_itself() -> None:
    """Neither repr, str, format, pickle nor copy gives the scalar away; there is no __dict__ to look into."""
    key = PrivateKey.generate()
    hexadecimal, number = key.scalar().hex(), str(int.from_bytes(key.scalar(), "big"))
    for shown in (repr(key), str(key), f"{key}", repr([key])):
        assert hexadecimal not in shown.lower()
        assert number not in shown
    for copier in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="neither pickled nor copied"):
            copier(key)
    assert not hasattr(key, "__dict__")


def test_a_wiped_key_is_gone(engine: engines.Engine) -> None:
    """After wipe() the buffer holds nothing and neither signing nor export works; the public key stays."""
    key = PrivateKey.generate()
    sign_digest(key, bytes(32))
    buffer = key._scalar
    public_key = key.public_key
    key.wipe()
    key.wipe()
    assert not buffer
    for use in (key.scalar, lambda: sign_digest(key, bytes(32))):
        with pytest.raises(InvalidKeyError, match="wiped"):
            use()
    assert key.public_key == public_key
