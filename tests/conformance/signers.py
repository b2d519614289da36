"""Every kind of ``crypto.Signer`` there is, for one set of tests.

A kind is a function that opens a signer over the key of a ``Place``; adding one is adding a function under
``@signer_kind``. What a kind needs and this machine lacks it answers with ``pytest.skip`` and the reason.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from crypto import PrivateKey, PublicKey, Signer, SoftwareSigner
from hsm_sim import KeyStoreSigner, WrappedKeyAccess
from hsm_sim.pkcs11 import Pkcs11Signer, Token, built_in_vendor_profiles
from hsm_sim.sdf import IsolatedSdfSigner, SdfSigner, read_profile
from tests.native import build as native
from tests.running_store import Build, RunningStore

# Of GB/T 32918.5; published, and no key of anybody.
EXAMPLE_KEY = PublicKey(
    bytes.fromhex(
        "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
        "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
    )
)


@dataclass(frozen=True)
class Place:
    """Where a key lies, and what the opener believes of it.

    Attributes:
        store: The key store with the key.
        build: Compiles the device interface over it.
        index: Of the key.
        password: Handed in; wrong in some tests.
        public_key: The registered one; another key's in some tests.
        folder: For what a kind must write.
    """

    store: RunningStore
    build: Build
    index: int
    password: bytes
    public_key: PublicKey
    folder: Path


@dataclass(frozen=True)
class SignerKind:
    """How to open one kind.

    Attributes:
        open: Gives an opened signer.
        password: Whether the password of the index is asked for.
        registered: Whether the registered key is compared with the device's.
        slow: Whether it is left to the long runs.
    """

    open: Callable[[Place], AbstractContextManager[Signer]]
    password: bool
    registered: bool
    slow: bool


KINDS: dict[str, SignerKind] = {}
Opener = Callable[[Place], Iterator[Signer]]


def signer_kind(
    name: str, *, password: bool = True, registered: bool = True, slow: bool = False
) -> Callable[[Opener], Opener]:
    """Register a generator function that yields the opened signer."""

    def register(function: Opener) -> Opener:
        KINDS[name] = SignerKind(contextmanager(function), password, registered, slow)
        return function

    return register


@signer_kind("software", password=False, registered=False)
def _software(_place: Place) -> Iterator[Signer]:
    yield SoftwareSigner(PrivateKey.generate())


@signer_kind("key-store")
def _key_store(place: Place) -> Iterator[Signer]:
    with KeyStoreSigner(place.store.client, place.index, place.password, place.public_key) as signer:
        yield signer


@signer_kind("wrapped-key", registered=False)
def _wrapped_key(place: Place) -> Iterator[Signer]:
    wrapped = place.store.wrapped_key(place.index)
    with WrappedKeyAccess(place.store.client, place.password, guard=place.index) as access:
        yield access.signer(wrapped)


@signer_kind("vendor-library")
def _vendor_library(place: Place) -> Iterator[Signer]:
    path, profile = place.build(), read_profile("simulator")
    with SdfSigner(path, profile, place.index, place.password, place.public_key) as signer:
        yield signer


@signer_kind("vendor-library-narrow", slow=True)
def _vendor_library_narrow(place: Place) -> Iterator[Signer]:
    path, profile = place.build("-DXINYIN_SDF_COORDINATE=32"), read_profile("narrow")
    with SdfSigner(path, profile, place.index, place.password, place.public_key) as signer:
        yield signer


@signer_kind("vendor-library-isolated")
def _vendor_library_isolated(place: Place) -> Iterator[Signer]:
    with IsolatedSdfSigner(place.build(), "simulator", place.index, place.password, place.public_key) as signer:
        yield signer


@signer_kind("pkcs11-token", password=False, registered=False)
def _pkcs11_token(place: Place) -> Iterator[Signer]:
    """A module of this project's own C source, over the published example key, numbered as one vendor does."""
    try:
        module = shutil.copy(native.module(native.RELEASE, "token.c"), place.folder / "token.so")
    except native.NotBuiltError as reason:
        pytest.skip(str(reason))
    profile = built_in_vendor_profiles()["sansec"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XINYIN_TOKEN_MECHANISM", str(profile.sign_mechanism))
        patch.setenv("XINYIN_TOKEN_KEY_TYPE", str(profile.key_type))
        patch.setenv("XINYIN_TOKEN_FORM", profile.signature)
        with Token(str(module), "xinyin test", b"1234") as token:
            yield Pkcs11Signer(token, "seal", EXAMPLE_KEY, profile)
