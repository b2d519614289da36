"""SM4 modes without padding: pieces equal the whole, and the initial value continues."""

import itertools

import pytest

from crypto import Sm4CbcMac, Sm4Mode, Sm4Stream, sm4_ctr, sm4_ecb_encrypt, sm4_transform

KEY, IV = bytes(range(16)), bytes(range(16, 32))
DATA = bytes(index * 7 % 256 for index in range(96))
MODES = list(Sm4Mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("cut", [0, 16, 48, 96])
def test_two_calls_are_one(mode: Sm4Mode, cut: int) -> None:
    """The initial value that comes back continues in either direction as if both calls had been one."""
    whole, after = sm4_transform(mode, KEY, IV, DATA, decrypting=False)
    first, middle = sm4_transform(mode, KEY, IV, DATA[:cut], decrypting=False)
    second, end = sm4_transform(mode, KEY, middle, DATA[cut:], decrypting=False)
    assert (first + second, end) == (whole, after)
    opened, middle = sm4_transform(mode, KEY, IV, whole[:cut], decrypting=True)
    rest, end = sm4_transform(mode, KEY, middle, whole[cut:], decrypting=True)
    assert (opened + rest, end) == (DATA, after)


@pytest.mark.parametrize(("mode", "decrypting"), list(itertools.product(MODES, (False, True))))
def test_pieces_equal_the_whole(mode: Sm4Mode, decrypting: bool) -> None:
    """Pieces of any length give what the whole gives."""
    stream = Sm4Stream(mode, KEY, IV, decrypting=decrypting)
    pieces = b"".join(stream.update(piece) for piece in (DATA[:1], DATA[1:20], DATA[20:], b"")) + stream.finish()
    assert pieces == sm4_transform(mode, KEY, IV, DATA, decrypting=decrypting)[0]


def by_blocks(mode: Sm4Mode) -> bytes:
    """The modes written out over single blocks (GB/T 17964)."""
    out, feedback = b"", IV
    for at in range(0, len(DATA), 16):
        block = DATA[at : at + 16]
        mask = sm4_ecb_encrypt(KEY, feedback)
        mixed = bytes(a ^ b for a, b in zip(block, mask, strict=True))
        if mode is Sm4Mode.CBC:
            mixed = sm4_ecb_encrypt(KEY, bytes(a ^ b for a, b in zip(block, feedback, strict=True)))
        feedback = mask if mode is Sm4Mode.OFB else mixed
        out += mixed
    return out


@pytest.mark.parametrize("mode", [Sm4Mode.CBC, Sm4Mode.CFB, Sm4Mode.OFB])
def test_modes_are_what_they_say(mode: Sm4Mode) -> None:
    """CBC, CFB and OFB over blocks as their definition writes them."""
    assert sm4_transform(mode, KEY, IV, DATA, decrypting=False)[0] == by_blocks(mode)


def test_counter_wraps_and_agrees_with_ctr() -> None:
    """CTR is the project's CTR; the counter of 128 bits goes from all ones to zero."""
    out, after = sm4_transform(Sm4Mode.CTR, KEY, b"\xff" * 16, DATA[:17], decrypting=False)
    assert out == sm4_ctr(KEY, b"\xff" * 16, DATA[:17])
    assert after == bytes(15) + b"\x01"


def test_mac_is_the_last_cbc_block() -> None:
    """The code over pieces is the last block of CBC; incomplete blocks and nothing are refused."""
    mac = Sm4CbcMac(KEY, IV)
    for piece in (DATA[:5], DATA[5:90], DATA[90:]):
        mac.update(piece)
    assert mac.finish() == sm4_transform(Sm4Mode.CBC, KEY, IV, DATA, decrypting=False)[0][-16:]
    for data in (b"", b"x"):
        short = Sm4CbcMac(KEY, IV)
        short.update(data)
        with pytest.raises(ValueError):
            short.finish()


@pytest.mark.parametrize("mode", [Sm4Mode.ECB, Sm4Mode.CBC])
def test_incomplete_blocks_are_refused(mode: Sm4Mode) -> None:
    """ECB and CBC want whole blocks."""
    assert mode.whole_blocks
    with pytest.raises(ValueError):
        sm4_transform(mode, KEY, IV, DATA[:17], decrypting=False)


@pytest.mark.parametrize(("key", "iv"), [(KEY[:15], IV), (KEY, IV[:15])])
def test_lengths_are_checked(key: bytes, iv: bytes) -> None:
    """Key and initial value have 16 octets."""
    with pytest.raises(ValueError):
        Sm4Stream(Sm4Mode.CTR, key, iv, decrypting=False)
