"""The strict DER of signatures and ciphertexts, before any engine sees them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crypto import DecryptionError, InvalidSignatureError, signature_from_raw, signature_to_raw
from crypto.curve import N
from crypto.encoding import join_cipher, split_cipher, split_signature


def _cases(vectors_dir: Path) -> list[dict[str, Any]]:
    return json.loads((vectors_dir / "gbt32918" / "signatures.json").read_text("utf-8"))["cases"]


def test_refused_encodings_are_refused_by_the_reader(vectors_dir: Path) -> None:
    """Every case marked as an encoding fault is refused without asking an engine, with a reason."""
    cases = [case for case in _cases(vectors_dir) if case["name"].startswith("encoding: ")]
    assert len(cases) > 90
    for case in cases:
        with pytest.raises(InvalidSignatureError, match=r"signature|INTEGER|outside"):
            split_signature(bytes.fromhex(case["signature"]))


def test_raw_form(published: dict[str, Any]) -> None:
    """r ‖ s and DER turn into one another; the published pair is the same signature."""
    raw, der = (bytes.fromhex(published["signature"][form]) for form in ("raw", "der"))
    assert signature_to_raw(der) == raw
    assert signature_from_raw(raw) == der


def test_short_components_keep_their_zeros() -> None:
    """In the raw form small numbers are filled to 32 octets, in DER they are minimal."""
    raw = (1).to_bytes(32, "big") + (0x80).to_bytes(32, "big")
    assert signature_from_raw(raw) == bytes.fromhex("300702010102020080")
    assert signature_to_raw(bytes.fromhex("300702010102020080")) == raw


@pytest.mark.parametrize("length", [0, 63, 65, 128])
def test_raw_form_has_64_octets(length: int) -> None:
    """Nothing is padded or cut."""
    with pytest.raises(InvalidSignatureError, match="64 octets"):
        signature_from_raw(b"\x01" * length)


@pytest.mark.parametrize(("r", "s"), [(0, 1), (1, 0), (N, 1), (1, N), (2**256 - 1, 1)])
def test_raw_components_outside_the_range(r: int, s: int) -> None:
    """r and s lie in [1, n-1] in the raw form as well."""
    with pytest.raises(InvalidSignatureError, match="outside"):
        signature_from_raw(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def test_cipher_parts(published: dict[str, Any]) -> None:
    """The published ciphertext splits into the published C1, C3, C2 and joins again."""
    vector = {name: bytes.fromhex(published["encryption"][name]) for name in ("der", "c1", "c3", "c2")}
    assert split_cipher(vector["der"]) == (vector["c1"], vector["c3"], vector["c2"])
    assert join_cipher(vector["c1"], vector["c3"], vector["c2"]) == vector["der"]


@pytest.mark.parametrize("length", [1, 20, 127, 128, 255, 256, 65535, 65536])
def test_cipher_lengths(published: dict[str, Any], length: int) -> None:
    """Lengths on both sides of every change of form read back; C2 is as long as it was."""
    c1, c3 = bytes.fromhex(published["encryption"]["c1"]), bytes.fromhex(published["encryption"]["c3"])
    assert split_cipher(join_cipher(c1, c3, b"x" * length)) == (c1, c3, b"x" * length)


def test_faulty_ciphers_have_one_message(published: dict[str, Any]) -> None:
    """Cut, lengthened, off the curve, with a short C3 or no C2: refused, and the error tells none apart."""
    der = bytes.fromhex(published["encryption"]["der"])
    c1, c3, c2 = split_cipher(der)
    off_curve = c1[:-1] + bytes((c1[-1] ^ 1,))
    x = der[2:36]
    faulty = [der[:length] for length in range(len(der))]
    faulty += [
        der + b"\0",
        b"\x30\x81" + der[1:],
        b"\x30\x80" + der[2:] + b"\0\0",
        b"\x30\x84\xff\xff\xff\xff" + der[2:],
        b"\x30\x85\0\0\0\0\x7c" + der[2:],
        join_cipher(off_curve, c3, c2),
        join_cipher(b"\x04" + bytes(64), c3, c2),
        join_cipher(c1, c3[:-1], c2),
        join_cipher(c1, c3 + b"\0", c2),
        join_cipher(c1, c3, b""),
        b"\x31" + der[1:],
        bytes((0x30, der[1] + 1)) + b"\x02\x21\x00" + x[2:] + der[36:],  # X with a superfluous zero
        der[:36] + b"\x02\x20" + der[39:],  # Y without its leading zero, lengths no longer fit
        bytes((0x30, der[1] - 32)) + b"\x02\x00" + der[36:],  # X without octets
    ]
    for encoded in faulty:
        with pytest.raises(DecryptionError, match=r"^decryption failed$"):
            split_cipher(encoded)


def test_the_signature_cases_are_what_their_generator_makes(vectors_dir: Path) -> None:
    """Nobody edits signatures.json by hand: running its generator again gives the same octets."""
    folder = vectors_dir / "gbt32918"
    made = subprocess.run(
        [sys.executable, folder / "make_signatures.py"], capture_output=True, check=True, timeout=60
    ).stdout
    assert made == (folder / "signatures.json").read_bytes()
