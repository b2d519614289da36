"""Which engine is taken, and what is said when one is passed over."""

import os
import subprocess
import sys
import warnings
from types import ModuleType

import pytest

from crypto import EngineUnavailableError, engine_details, engine_name, engines
from crypto.engines import libcrypto, openssl
from crypto.engines.self_test import self_test
from tests import sm2_engines


class _Faulty:
    """An engine that works, but for what a test overrides."""

    def __init__(self, working: engines.Engine) -> None:
        self._working = working

    def __getattr__(self, name: str):
        return getattr(self._working, name)


class _AcceptsAll(_Faulty):
    def verify(self, *_: bytes) -> bool:
        return True


class _RefusesAll(_Faulty):
    def verify(self, *_: bytes) -> bool:
        return False


class _ForgetsNonce(_Faulty):
    def sign_batch(self, handle, digests):
        return [self._working.sign(handle, digests[0])] * (len(digests) - 1) + [
            self._working.sign(handle, digests[-1])
        ]


class _WrongPoint(_Faulty):
    def public_point(self, scalar: bytes) -> bytes:
        return self._working.public_point(scalar[:-1] + bytes((scalar[-1] ^ 1,)))


class _WrongPlaintext(_Faulty):
    def decrypt(self, handle, ciphertext: bytes) -> bytes:
        return self._working.decrypt(handle, ciphertext)[::-1]


class _SignsSomethingElse(_Faulty):
    def sign_batch(self, handle, digests):
        return [self._working.sign(handle, digest[::-1]) for digest in digests]


class _EncryptsForNobody(_Faulty):
    def encrypt(self, point: bytes, plaintext: bytes) -> bytes:
        return self._working.encrypt(point, plaintext + b"!")


class _Crashes(_Faulty):
    def public_point(self, scalar: bytes) -> bytes:
        raise ZeroDivisionError("deep inside")


def _register(monkeypatch: pytest.MonkeyPatch, name: str, create) -> None:
    module = ModuleType(engines.REGISTRY[name])
    module.create = create
    monkeypatch.setitem(sys.modules, engines.REGISTRY[name], module)


def _python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", sm2_engines.NAMES)
def test_self_test_passes_on_a_working_engine(name: str) -> None:
    """An engine that works gives no reason against it."""
    assert self_test(sm2_engines.load_or_skip(name)) is None


@pytest.mark.parametrize(
    ("faulty", "reason"),
    [
        (_AcceptsAll, "not made for"),
        (_RefusesAll, "known good signature"),
        (_ForgetsNonce, "nonce does not change"),
        (_WrongPoint, "wrong public key"),
        (_WrongPlaintext, "known ciphertext"),
        (_SignsSomethingElse, "own signature"),
        (_EncryptsForNobody, "own ciphertext"),
        (_Crashes, "ZeroDivisionError: deep inside"),
    ],
)
def test_self_test_finds_each_fault(faulty: type[_Faulty], reason: str) -> None:
    """Every known answer can fail, and the reason names what was wrong."""
    assert reason in str(self_test(faulty(engines.active())))


def test_a_faulty_engine_is_passed_over_with_one_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """A self-test that fails leads to the next engine and one warning that names both."""
    working = engines.active()
    _register(monkeypatch, "native", lambda: _AcceptsAll(working))
    _register(monkeypatch, "openssl", lambda: _RefusesAll(working))
    _register(monkeypatch, "gmssl", lambda: working)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert engines.choose(None) is working
    assert len(caught) == 1
    text = str(caught[0].message)
    assert text.startswith("SM2 engine native failed its self-test")
    assert "SM2 engine openssl failed its self-test" in text
    assert text.endswith("Using gmssl.")


def test_the_best_engine_is_taken_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A native engine that passes is preferred, without a word."""
    working = engines.active()
    _register(monkeypatch, "native", lambda: working)
    assert engines.choose(None) is working
    assert list(engines.REGISTRY) == ["native", "openssl", "gmssl"]


def test_nothing_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any working engine the error lists why each was refused; nothing is signed by a broken one."""
    working = engines.active()
    for name in engines.REGISTRY:
        _register(monkeypatch, name, lambda: _RefusesAll(working))
    with pytest.raises(EngineUnavailableError, match=r"native failed.*openssl failed.*gmssl failed"):
        engines.choose(None)


def test_a_demanded_engine_that_fails_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Demanding an engine means that one or none."""
    working = engines.active()
    _register(monkeypatch, "gmssl", lambda: _RefusesAll(working))
    with pytest.raises(EngineUnavailableError, match="gmssl failed its self-test"):
        engines.choose("gmssl")
    with pytest.raises(EngineUnavailableError, match="unknown SM2 engine 'sdf'; known: native, openssl, gmssl"):
        engines.choose("sdf")


def test_an_engine_that_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing dependency of an engine is told, unlike an engine that is not part of the installation."""
    monkeypatch.setitem(engines.REGISTRY, "gmssl", "tests.engine_that_is_not_there.inner")
    with pytest.raises(EngineUnavailableError, match="cannot be imported"):
        engines.load("gmssl")
    monkeypatch.setitem(engines.REGISTRY, "gmssl", "crypto.engines.not_there")
    with pytest.raises(EngineUnavailableError, match="not part of this installation"):
        engines.load("gmssl")


def test_no_libcrypto(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no file has the right name, or it is not a libcrypto 3, the reason names the files."""
    monkeypatch.setattr(libcrypto, "LIBRARY_NAMES", ("libcrypto.so.nowhere", "libc.so.6"))
    with pytest.raises(EngineUnavailableError, match=r"no usable libcrypto: .*nowhere.*; "):
        openssl.create()


def test_libcrypto_without_the_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    """A libcrypto built without SM2 is refused by name (here: asked for a curve number nobody has)."""
    sm2_engines.load_or_skip("openssl")
    monkeypatch.setattr(libcrypto, "NID_SM2", 999_999)
    with pytest.raises(EngineUnavailableError, match=r"OpenSSL .* was built without the SM2 curve"):
        openssl.create()


@pytest.mark.parametrize("name", sm2_engines.NAMES)
def test_environment_demands_an_engine(name: str) -> None:
    """XINYIN_SM2_ENGINE decides for a whole process."""
    sm2_engines.load_or_skip(name)
    ran = _python("import crypto; print(crypto.engine_name())", XINYIN_SM2_ENGINE=name)
    assert (ran.stdout.strip(), ran.stderr) == (name.partition(":")[0], "")


def test_environment_demands_an_unknown_engine() -> None:
    """The import fails with the error's own message."""
    ran = _python("import crypto", XINYIN_SM2_ENGINE="openssl1")
    assert ran.returncode == 1
    assert ran.stderr.strip().endswith(
        "crypto.errors.EngineUnavailableError: unknown SM2 engine 'openssl1'; known: native, openssl, gmssl"
    )


def test_an_empty_environment_variable_demands_nothing() -> None:
    """An empty value is the same as none."""
    assert _python("import crypto", XINYIN_SM2_ENGINE="").returncode == 0


def test_details_name_library_and_version(engine: engines.Engine) -> None:
    """--version can show what signs."""
    assert engine_name() == engine.name
    assert any(character.isdigit() for character in engine_details())
