"""SM2 key exchange: the published example on every engine, and what the other side can do wrong."""

import json
from pathlib import Path

import pytest

from crypto import DEFAULT_USER_ID, CryptoError, PrivateKey, PublicKey, exchange_key
from crypto.curve import N, add_points


def test_published_example(engine, vectors_dir: Path) -> None:
    """Both sides of the example of GB/T 32918.5 derive its key."""
    vector = json.loads((vectors_dir / "gbt32918" / "key_exchange.json").read_text("utf-8"))
    lasting, fleeting = [], []
    for side in (vector["initiator"], vector["responder"]):
        lasting.append(PrivateKey(bytes.fromhex(side["private_key"])))
        fleeting.append(PrivateKey(bytes.fromhex(side["fleeting_private_key"])))
        assert lasting[-1].public_key.point.hex() == side["public_key"]
        assert fleeting[-1].public_key.point.hex() == side["fleeting_public_key"]
    z = [key.public_key.z_value(vector["user_id_text"].encode()) for key in lasting]
    for own, other in ((0, 1), (1, 0)):
        key = exchange_key(
            lasting[own],
            fleeting[own],
            lasting[other].public_key,
            fleeting[other].public_key,
            initiator_z=z[0],
            responder_z=z[1],
            length=16,
        )
        assert key.hex() == vector["key"]


def test_points_that_lead_to_infinity_are_refused() -> None:
    """A partner whose lasting key is P = -x̄·R makes P + x̄·R infinity, and gets no key."""
    own, own_fleeting, fleeting = (PrivateKey.generate() for _ in range(3))
    x = int.from_bytes(fleeting.public_key.point[1:33], "big")
    reduced = (1 << 127) + (x & ((1 << 127) - 1))
    lasting = PrivateKey(((-reduced * int.from_bytes(fleeting.scalar(), "big")) % N).to_bytes(32, "big"))
    z = bytes(32)
    with pytest.raises(CryptoError):
        exchange_key(
            own, own_fleeting, lasting.public_key, fleeting.public_key, initiator_z=z, responder_z=z, length=16
        )


@pytest.mark.parametrize(("z", "length"), [(bytes(31), 16), (bytes(32), 0)])
def test_lengths_are_checked(z: bytes, length: int) -> None:
    """Z values have 32 octets, and at least one octet is derived."""
    key = PrivateKey.generate()
    with pytest.raises(ValueError):
        exchange_key(key, key, key.public_key, key.public_key, initiator_z=z, responder_z=z, length=length)


def test_another_identity_gives_another_key() -> None:
    """The identities enter through Z."""
    a, ra, b, rb = (PrivateKey.generate() for _ in range(4))
    keys = {
        exchange_key(
            a,
            ra,
            b.public_key,
            rb.public_key,
            initiator_z=a.public_key.z_value(user_id),
            responder_z=b.public_key.z_value(DEFAULT_USER_ID),
            length=16,
        )
        for user_id in (DEFAULT_USER_ID, b"another")
    }
    assert len(keys) == 2


def test_sums_of_points() -> None:
    """Addition agrees with multiplication, doubling included, and knows infinity."""
    one, two, three = (PrivateKey(n.to_bytes(32, "big")).public_key.point for n in (1, 2, 3))
    assert add_points(one, two) == three
    assert add_points(one, one) == two
    negative = PublicKey(
        one[:33]
        + ((1 << 256) - (1 << 224) - (1 << 96) + (1 << 64) - 1 - int.from_bytes(one[33:], "big")).to_bytes(
            32, "big"
        )
    )
    assert add_points(one, negative.point) is None
