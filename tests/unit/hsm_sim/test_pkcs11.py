"""The PKCS#11 client against a module of this project's own C source that numbers SM2 as vendors do."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from crypto import (
    DEFAULT_USER_ID,
    KeyStoreError,
    PrivateKey,
    PublicKey,
    Signer,
    sign_message,
    verify_digest,
    verify_many,
)
from formats.errors import MalformedDataError
from hsm_sim.pkcs11 import (
    Pkcs11Signer,
    SignatureForm,
    Token,
    TokenError,
    TokenKeyError,
    TokenModuleError,
    TokenUnreachableError,
    VendorProfile,
    built_in_vendor_profiles,
    read_vendor_profile,
)
from tests.native import build

E = bytes(range(32))
LABEL, PIN, TOKEN = "seal", b"1234", "xinyin test"
# The example of GB/T 32918.5, annex A; published, and no key of anybody.
KEY = PrivateKey(bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")).public_key
PROFILES = built_in_vendor_profiles()
Set = Callable[..., None]


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Set:
    def put(profile: VendorProfile = PROFILES["sansec"], **others: str) -> None:
        monkeypatch.setenv("XINYIN_TOKEN_MECHANISM", str(profile.sign_mechanism))
        monkeypatch.setenv("XINYIN_TOKEN_KEY_TYPE", str(profile.key_type))
        monkeypatch.setenv("XINYIN_TOKEN_FORM", profile.signature)
        for name, value in others.items():
            monkeypatch.setenv(f"XINYIN_TOKEN_{name.upper()}", value)

    put()
    return put


@pytest.fixture
def library(tmp_path: Path, settings: Set) -> str:
    """A module of its own for each test, since a module keeps its state for as long as the process lives."""
    del settings
    try:
        made = build.module(build.RELEASE, "token.c")
    except build.NotBuiltError as reason:
        pytest.skip(str(reason))
    return str(shutil.copy(made, tmp_path / "token.so"))


def signer_of(token: Token, profile: VendorProfile = PROFILES["sansec"], key: PublicKey = KEY) -> Pkcs11Signer:
    return Pkcs11Signer(token, LABEL, key, profile)


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_every_vendor_profile_signs(library: str, settings: Set, name: str) -> None:
    """With a vendor's mechanism, key type and form of signature the token signs as any other signer does."""
    profile = PROFILES[name]
    settings(profile)
    with Token(library, TOKEN, PIN) as token:
        signer: Signer = signer_of(token, profile)
        assert signer.public_key == KEY
        verify_digest(KEY, E, signer.sign_digest(E))
        digests = [n.to_bytes(32, "big") for n in range(20)]
        signatures = signer.sign_digests(digests)
        assert all(verify_many([(KEY, e, s) for e, s in zip(digests, signatures, strict=True)]))
        sign_message(signer, b"message", user_id=DEFAULT_USER_ID)


def test_other_mechanism_is_refused_by_the_module(library: str) -> None:
    """A profile of another vendor does not come to sign, and is told by the module's answer."""
    with Token(library, TOKEN, PIN) as token, pytest.raises(TokenError, match="MechanismInvalid"):
        signer_of(token, PROFILES["tass"]).sign_digest(E)


@pytest.mark.parametrize("form", ["wrapped", "plain", "private", "none"])
def test_registered_key_is_recognised(library: str, settings: Set, form: str) -> None:
    """Wherever and however the token tells its point; one that tells none is known by its signatures."""
    settings(point=form)
    with Token(library, TOKEN, PIN) as token:
        verify_digest(KEY, E, signer_of(token).sign_digest(E))


@pytest.mark.parametrize("form", ["wrapped", "plain", "private", "wrong"])
def test_other_key_is_refused_at_once(library: str, settings: Set, form: str) -> None:
    """A key other than the registered one signs nothing in its name."""
    settings(point=form)
    other = KEY if form == "wrong" else PrivateKey.generate().public_key
    with Token(library, TOKEN, PIN) as token, pytest.raises(TokenKeyError):
        signer_of(token, key=other)


def test_other_key_that_tells_no_point_is_found_out_by_its_signature(library: str, settings: Set) -> None:
    """Every signature is verified before it is handed out."""
    settings(point="none")
    with Token(library, TOKEN, PIN) as token:
        signer = signer_of(token, key=PrivateKey.generate().public_key)
        with pytest.raises(KeyStoreError, match="does not verify"):
            signer.sign_digest(E)
        with pytest.raises(KeyStoreError, match="does not verify"):
            signer.sign_digests([E, E])


@pytest.mark.parametrize("lies", [{"lies": "1"}, {"form": "der"}])
def test_wrong_signatures_are_kept_back(library: str, settings: Set, lies: dict[str, str]) -> None:
    """Neither a signature of another digest nor one in another form is handed out."""
    settings(**lies)
    with Token(library, TOKEN, PIN) as token:
        signer = signer_of(token)
        with pytest.raises(KeyStoreError):
            signer.sign_digest(E)
        with pytest.raises(KeyStoreError):
            signer.sign_digests([E])


@pytest.mark.parametrize("at", [1, 3, 10])
def test_lost_session_is_made_good(library: str, settings: Set, at: int) -> None:
    """When the session is lost in the middle of a batch, a new one is logged in to and what is left is signed."""
    settings(loses=str(at))
    digests = [n.to_bytes(32, "big") for n in range(10)]
    with Token(library, TOKEN, PIN) as token:
        signatures = signer_of(token).sign_digests(digests)
        assert all(verify_many([(KEY, e, s) for e, s in zip(digests, signatures, strict=True)]))


def test_work_that_is_not_to_be_repeated_is_not(library: str, settings: Set) -> None:
    """Other work than signing is reported, not done again."""
    settings(loses="1")
    runs = []

    def lose(session) -> None:
        runs.append(session)
        for key in session.get_objects():
            if hasattr(key, "sign"):
                from hsm_sim.pkcs11.signer import vendor_mechanism

                key.sign(E, mechanism=vendor_mechanism(PROFILES["sansec"].sign_mechanism))

    with Token(library, TOKEN, PIN) as token, pytest.raises(TokenUnreachableError):
        token.run(lose, again=False)
    assert len(runs) == 1


def test_wrong_pin_is_tried_once(library: str) -> None:
    """After a refused PIN no further one is tried: the module would lock the token."""
    with Token(library, TOKEN, b"0000") as token:
        for _ in range(10):
            with pytest.raises(TokenError, match="PinIncorrect"):
                signer_of(token)
    with Token(library, TOKEN, PIN) as token:
        signer_of(token).sign_digest(E)


def test_missing_key_token_and_module_are_told_apart(library: str, tmp_path: Path) -> None:
    """What is not there is named."""
    with Token(library, TOKEN, PIN) as token, pytest.raises(TokenKeyError, match="0 keys"):
        Pkcs11Signer(token, "other", KEY, PROFILES["sansec"])
    with Token(library, "other", PIN) as token, pytest.raises(TokenKeyError, match="no token"):
        signer_of(token)
    (tmp_path / "no-module.so").write_bytes(b"\x7fELF")
    for path in ("no-module.so", "missing.so"):
        with (
            Token(str(tmp_path / path), TOKEN, PIN) as token,
            pytest.raises(TokenModuleError),
        ):
            signer_of(token)


def test_closed_token_signs_nothing(library: str) -> None:
    """After it is closed the PIN is gone, and nobody logs in anew."""
    with Token(library, TOKEN, PIN) as token:
        signer = signer_of(token)
    with pytest.raises(TokenUnreachableError):
        signer.sign_digest(E)


def test_forked_child_uses_nothing_of_it(library: str) -> None:
    """A module does not survive a fork; a child is told so before it calls into it."""
    with Token(library, TOKEN, PIN) as token:
        signer = signer_of(token)
        child = os.fork()
        if child == 0:
            try:
                signer.sign_digest(E)
            except TokenUnreachableError:
                os._exit(7)
            os._exit(1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 7
        signer.sign_digest(E)


def test_digests_of_another_length_are_not_sent(library: str) -> None:
    """e has 32 octets."""
    with Token(library, TOKEN, PIN) as token:
        signer = signer_of(token)
        assert signer.sign_digests([]) == []
        for digest in (b"", bytes(31), bytes(33)):
            with pytest.raises(KeyStoreError):
                signer.sign_digests([E, digest])


def test_texts_hold_no_pin(library: str) -> None:
    """Neither the token's text nor an error's tells the PIN."""
    with Token(library, TOKEN, b"0000") as token:
        assert "0000" not in repr(token)
        with pytest.raises(TokenError) as caught:
            signer_of(token)
        assert "0000" not in str(caught.value)


GOOD = {
    "name": "x",
    "title": "X",
    "key_type": "0x80000004",
    "sign_mechanism": "0x80008104",
    "signature": "raw",
    "basis": ["its manual"],
}


def test_vendor_profiles_are_data() -> None:
    """A profile of one's own is read from a file like those that come with the project."""
    profile = read_vendor_profile(json.dumps(GOOD).encode(), what="x.json")
    assert (profile.key_type, profile.sign_mechanism) == (0x80000004, 0x80008104)
    assert profile.signature is SignatureForm.RAW


@pytest.mark.parametrize(
    "change",
    [
        {"key_type": "80000004"},
        {"key_type": "0x"},
        {"key_type": "0x1_0"},
        {"key_type": "0x100000000"},
        {"sign_mechanism": 5},
        {"signature": "asn1"},
        {"name": None},
        {"more": "x"},
    ],
)
def test_profile_that_breaks_its_form_is_refused(change: dict[str, object]) -> None:
    """With the place that is wrong."""
    with pytest.raises(MalformedDataError):
        read_vendor_profile(json.dumps(GOOD | change).encode(), what="x.json")
