"""SM3, its MAC and its key derivations, on both of the libraries that may carry them."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF

from crypto import Sm3, hmac_sm3, pbkdf2_sm3, sm3, sm3_kdf
from crypto import sm3 as sm3_function
from crypto.sm3 import _PortableSm3


def _cases(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text("utf-8"))["cases"]


@pytest.fixture(params=["hashlib", "cryptography"])
def _library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    module = __import__("sys").modules["crypto.sm3"]
    if request.param == "cryptography":
        monkeypatch.setattr(module, "_USE_HASHLIB", False)
        monkeypatch.setattr(module, "_EMPTY", _PortableSm3())
    elif not module._USE_HASHLIB:
        pytest.skip("this Python's hashlib has no SM3")


pytestmark = pytest.mark.usefixtures("_library")


def test_published_digests(vectors_dir: Path) -> None:
    """The examples of GB/T 32905 come out, in one piece and octet by octet."""
    for case in _cases(vectors_dir / "gbt32905" / "digests.json"):
        message, digest = bytes.fromhex(case["message"]), bytes.fromhex(case["digest"])
        assert sm3(message) == digest
        running = Sm3()
        for octet in message:
            running.update(bytes((octet,)))
        assert running.digest() == digest


def test_running_digest_goes_on_after_digest_and_copy() -> None:
    """Asking for a digest ends nothing, and a copy leaves its original alone."""
    running = Sm3(b"ab")
    assert running.digest() == sm3_function(b"ab")
    twin = running.copy()
    twin.update(b"c")
    assert twin.digest() == sm3_function(b"abc")
    assert running.digest() == sm3_function(b"ab")


def test_published_hmac(vectors_dir: Path) -> None:
    """The examples of GM/T 0042 come out, keys shorter and longer than a digest included."""
    for case in _cases(vectors_dir / "gbt32905" / "hmac.json"):
        assert hmac_sm3(bytes.fromhex(case["key"]), bytes.fromhex(case["message"])).hex() == case["mac"]


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 64, 1000])
def test_kdf_equals_the_one_of_x963(length: int) -> None:
    """GB/T 32918's derivation is ANSI X9.63's with SM3; another implementation of that gives the same octets."""
    z = bytes(range(64))
    derived = sm3_kdf(z, length)
    assert len(derived) == length
    if length:
        assert derived == X963KDF(algorithm=hashes.SM3(), length=length, sharedinfo=None).derive(z)


@pytest.mark.parametrize("length", [-1, (2**32 - 1) * 32 + 1])
def test_kdf_refuses_lengths_its_counter_cannot_reach(length: int) -> None:
    """A negative length, or one beyond the counter, is the caller's mistake and says so at once."""
    with pytest.raises(ValueError, match="derived key"):
        sm3_kdf(b"z", length)


def test_pbkdf2() -> None:
    """PBKDF2 agrees with another implementation, and refuses to do nothing."""
    expected = PBKDF2HMAC(algorithm=hashes.SM3(), length=40, salt=b"salt", iterations=3).derive(b"password")
    assert pbkdf2_sm3(b"password", b"salt", 3, 40) == expected
    for iterations, length in ((0, 32), (1, 0)):
        with pytest.raises(ValueError, match="at least one"):
            pbkdf2_sm3(b"password", b"salt", iterations, length)
