"""Facts that hold for all inputs: engines agree, a flipped bit fails, encodings are unique."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import (
    DecryptionError,
    InvalidKeyError,
    InvalidSignatureError,
    PublicKey,
    Sm3,
    engines,
    signature_from_raw,
    signature_to_raw,
    sm3,
    sm3_kdf,
    sm4_cbc_decrypt,
    sm4_cbc_encrypt,
    sm4_ctr,
    sm4_gcm_decrypt,
    sm4_gcm_encrypt,
)
from crypto.curve import N
from crypto.encoding import join_cipher, join_signature, split_cipher, split_signature
from tests import sm2_engines

SCALARS = st.integers(1, N - 2).map(lambda value: value.to_bytes(32, "big"))
COMPONENTS = st.integers(1, N - 1) | st.integers(1, 1 << 16) | st.integers(1, 1 << 128)
DIGESTS = st.binary(min_size=32, max_size=32)
BLOCKS = st.binary(min_size=16, max_size=16)
# The pure-Python engine takes milliseconds for what the others do in microseconds.
FEW = settings(max_examples=15, deadline=None)


def _flip(data: bytes, bit: int) -> bytes:
    index, shift = divmod(bit % (8 * len(data)), 8)
    return data[:index] + bytes((data[index] ^ 1 << shift,)) + data[index + 1 :]


@pytest.fixture(params=sm2_engines.NAMES, scope="module")
def engine(request: pytest.FixtureRequest) -> engines.Engine:
    return sm2_engines.load_or_skip(request.param)


@pytest.fixture(params=sm2_engines.NAMES, scope="module")
def other(request: pytest.FixtureRequest) -> engines.Engine:
    return sm2_engines.load_or_skip(request.param)


@FEW
@given(scalar=SCALARS, digest=DIGESTS, bit=st.integers(0, 255))
def test_engines_agree_on_signatures(
    engine: engines.Engine, other: engines.Engine, scalar: bytes, digest: bytes, bit: int
) -> None:
    """What one engine signs the other verifies, over the same public point; a digest with one bit flipped fails."""
    point = engine.public_point(scalar)
    assert other.public_point(scalar) == point
    signature = engine.sign(engine.private_handle(scalar, point), digest)
    assert other.verify(point, digest, signature)
    assert not other.verify(point, _flip(digest, bit), signature)


@FEW
@given(scalar=SCALARS, plaintext=st.binary(min_size=1, max_size=200))
def test_engines_agree_on_ciphertexts(
    engine: engines.Engine, other: engines.Engine, scalar: bytes, plaintext: bytes
) -> None:
    """What one engine encrypts the other opens."""
    point = engine.public_point(scalar)
    ciphertext = engine.encrypt(point, plaintext)
    assert other.decrypt(other.private_handle(scalar, point), ciphertext) == plaintext


@FEW
@given(scalar=SCALARS, digest=DIGESTS, bit=st.integers(0, 8 * 72 - 1))
def test_a_flipped_bit_in_a_signature_fails(
    engine: engines.Engine, scalar: bytes, digest: bytes, bit: int
) -> None:
    """Whichever bit it is, in a header or in a number."""
    point = engine.public_point(scalar)
    signature = engine.sign(engine.private_handle(scalar, point), digest)
    assert not engine.verify(point, digest, _flip(signature, bit))


@FEW
@given(scalar=SCALARS, plaintext=st.binary(min_size=1, max_size=40), bit=st.integers(0, 8 * 180))
def test_a_flipped_bit_in_a_ciphertext_fails(
    engine: engines.Engine, scalar: bytes, plaintext: bytes, bit: int
) -> None:
    """Whichever bit it is, in a header, in C1, C3 or C2."""
    point = engine.public_point(scalar)
    altered = _flip(engine.encrypt(point, plaintext), bit)
    with pytest.raises(DecryptionError):
        engine.decrypt(engine.private_handle(scalar, point), altered)


@FEW
@given(digest=DIGESTS, r=COMPONENTS, s=COMPONENTS, scalar=SCALARS)
def test_engines_agree_on_signatures_nobody_made(scalar: bytes, digest: bytes, r: int, s: int) -> None:
    """Numbers in range that come from nowhere get the same answer, False, from every engine."""
    loaded = [sm2_engines.load_or_skip(name) for name in sm2_engines.NAMES]
    point = loaded[0].public_point(scalar)
    assert {engine.verify(point, digest, join_signature(r, s)) for engine in loaded} == {False}


@given(scalar=SCALARS, bit=st.integers(0, 519))
@settings(max_examples=100, deadline=None)
def test_a_flipped_bit_in_a_public_key_is_no_key(scalar: bytes, bit: int) -> None:
    """No neighbour of a point is a point."""
    point = engines.active().public_point(scalar)
    with pytest.raises(InvalidKeyError):
        PublicKey(_flip(point, bit))


@given(scalar=SCALARS)
@settings(max_examples=50, deadline=None)
def test_compression_loses_nothing(scalar: bytes) -> None:
    """X and the parity of Y give the whole point back."""
    point = engines.active().public_point(scalar)
    compressed = bytes((2 + (point[64] & 1),)) + point[1:33]
    assert PublicKey.from_point(compressed).point == point


@given(r=COMPONENTS, s=COMPONENTS)
def test_signature_encodings_round_trip(r: int, s: int) -> None:
    """Numbers, DER and the raw form are three writings of the same signature."""
    der = join_signature(r, s)
    assert split_signature(der) == (r, s)
    assert signature_from_raw(signature_to_raw(der)) == der


@given(encoded=st.binary(max_size=80) | st.builds(lambda tail: b"\x30" + tail, st.binary(max_size=75)))
def test_only_one_encoding_of_a_signature_is_read(encoded: bytes) -> None:
    """Any octets are refused with the promised error, or are exactly what the writer would write."""
    try:
        r, s = split_signature(encoded)
    except InvalidSignatureError:
        return
    assert join_signature(r, s) == encoded


@given(r=COMPONENTS, s=COMPONENTS, bits=st.lists(st.integers(0, 8 * 72 - 1), min_size=1, max_size=3))
def test_neighbours_of_a_signature_are_strict_or_refused(r: int, s: int, bits: list[int]) -> None:
    """Octets next to a real encoding are refused too, unless they are another signature's own encoding."""
    encoded = join_signature(r, s)
    for bit in bits:
        encoded = _flip(encoded, bit)
    try:
        read = split_signature(encoded)
    except InvalidSignatureError:
        return
    assert join_signature(*read) == encoded


@given(octets=st.binary(max_size=300), cut=st.integers(0, 300), bit=st.integers(0, 2400))
def test_only_one_encoding_of_a_ciphertext_is_read(octets: bytes, cut: int, bit: int) -> None:
    """Any octets, and any neighbour of a real ciphertext, are refused or are what the writer would write."""
    point = engines.active().public_point(b"\x11" * 32)
    real = join_cipher(point, octets[:32].ljust(32, b"\0"), octets or b"\0")
    for encoded in (octets, b"\x30" + octets, real[:cut], _flip(real, bit), real):
        try:
            parts = split_cipher(encoded)
        except DecryptionError:
            continue
        assert join_cipher(*parts) == encoded


@given(pieces=st.lists(st.binary(max_size=200), max_size=8))
def test_pieces_digest_as_the_whole(pieces: list[bytes]) -> None:
    """How data arrives does not change its digest."""
    running = Sm3()
    for piece in pieces:
        running.update(piece)
    assert running.digest() == sm3(b"".join(pieces))


@given(z=st.binary(max_size=100), length=st.integers(0, 200), shorter=st.integers(0, 200))
def test_derived_keys_are_prefixes_of_longer_ones(z: bytes, length: int, shorter: int) -> None:
    """Asking for less gives the beginning of asking for more."""
    shorter = min(shorter, length)
    assert sm3_kdf(z, length)[:shorter] == sm3_kdf(z, shorter)


@given(key=BLOCKS, iv=BLOCKS, data=st.binary(max_size=300), aad=st.binary(max_size=40), bit=st.integers(0))
def test_sm4_round_trips(key: bytes, iv: bytes, data: bytes, aad: bytes, bit: int) -> None:
    """CBC, CTR and GCM give back what went in; GCM refuses any flipped bit."""
    assert sm4_cbc_decrypt(key, iv, sm4_cbc_encrypt(key, iv, data)) == data
    assert sm4_ctr(key, iv, sm4_ctr(key, iv, data)) == data
    sealed = sm4_gcm_encrypt(key, iv[:12], data, aad)
    assert sm4_gcm_decrypt(key, iv[:12], sealed, aad) == data
    with pytest.raises(DecryptionError):
        sm4_gcm_decrypt(key, iv[:12], _flip(sealed, bit), aad)


@given(key=BLOCKS, iv=BLOCKS, data=st.binary(max_size=100))
def test_any_octets_are_a_cbc_ciphertext_or_refused(key: bytes, iv: bytes, data: bytes) -> None:
    """Opening random octets gives octets or the one promised error."""
    try:
        opened = sm4_cbc_decrypt(key, iv, data)
    except DecryptionError:
        return
    assert sm4_cbc_encrypt(key, iv, opened) == data
