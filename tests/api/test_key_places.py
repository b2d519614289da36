"""A device behind its vendor's library in the place of the key store, by a setting alone."""

from pathlib import Path

import pytest

from api import moments
from api.failures import CommandError
from api.key_places import DeviceLibrary, KeyStoreSocket, read_key_place
from crypto import PrivateKey
from formats.gbt20518 import certificate_verify, pem_blocks, read_certificate, to_pem
from formats.gbt20518.algorithm import public_key_info
from tests.api.conftest import Run, RunningKeyStore
from tests.api.test_ca_command import CRL_URI, NOW, seal_holder
from tests.running_store import built  # noqa: F401 - a fixture


def test_places_are_read() -> None:
    """A path is a socket; sdf: names a library, its profile, and how long it may take in a process of its own."""
    assert read_key_place("/run/key-store.sock") == KeyStoreSocket(Path("/run/key-store.sock"))
    assert read_key_place("sdf:/opt/lib.so") == DeviceLibrary(Path("/opt/lib.so"), "standard", None)
    place = read_key_place("sdf:/opt/lib.so?profile=softsdf&isolated=2.5")
    assert place == DeviceLibrary(Path("/opt/lib.so"), "softsdf", 2.5)


@pytest.mark.parametrize(
    "text",
    [
        "sdf:",
        "sdf:?profile=standard",
        "sdf:/opt/lib.so?profile=",
        "sdf:/opt/lib.so?profil=standard",
        "sdf:/opt/lib.so?profile",
        "sdf:/opt/lib.so?isolated=soon",
        "sdf:/opt/lib.so?isolated=-1",
        "sdf:/opt/lib.so?isolated=nan",
        "sdf:/opt/lib.so?profile=a&profile=b",
        "sdf:/opt/lib.so?" + "&".join(f"a{n}=b" for n in range(20)),
    ],
)
def test_places_that_are_none(text: str) -> None:
    """What begins as a library and goes on as nothing is an error with one line."""
    with pytest.raises(CommandError):
        read_key_place(text)


@pytest.fixture
def library(built, key_store: RunningKeyStore, monkeypatch: pytest.MonkeyPatch) -> str:  # noqa: F811
    """The library over the running key store, which it finds by its own setting, as a vendor's would."""
    monkeypatch.setattr(moments, "now", lambda: NOW)
    monkeypatch.setenv("XINYIN_SDF_SOCKET", str(key_store.socket))
    place = f"sdf:{built()}?profile=simulator"
    monkeypatch.setenv("XINYIN_KEY_STORE", place)
    return place


@pytest.mark.parametrize("options", ["", "&isolated=30"], ids=["in-process", "isolated"])
def test_an_authority_lives_behind_a_library(
    options: str,
    library: str,
    run: Run,
    key_store: RunningKeyStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A root is made, certifies a seal holder and gives a list; every signature comes through the C library."""
    monkeypatch.setenv("XINYIN_KEY_STORE", library + options)
    index, folder = key_store.new_key(), tmp_path / "root"
    pin = ["--pin-file", key_store.pin_file]
    subject = ["--subject", "C=CN, O=示例, CN=示例根", "--crl-uri", CRL_URI]
    created = run("ca", "create", "--directory", folder, "--key-index", index, *subject, *pin)
    assert created.status == 0, created.err
    root = read_certificate(pem_blocks(run("ca", "show", "--pem", "--directory", folder).out)[0][1])
    assert root.public_key == key_store.client.public_key(index)
    holder = tmp_path / "holder.pem"
    holder.write_text(to_pem(public_key_info(PrivateKey.generate().public_key), "PUBLIC KEY"))
    issued = run("ca", "issue", "--directory", folder, *seal_holder(holder), *pin)
    assert issued.status == 0, issued.err
    certificate_verify(read_certificate(pem_blocks(issued.out)[0][1]), root.public_key)
    listed = run("ca", "crl", "publish", "--directory", folder, *pin)
    assert listed.status == 0, listed.err
    # The pair was used as often as was signed: nothing signed elsewhere.
    assert key_store.client.key_info(index).uses >= 3


def test_management_is_the_vendors(library: str, run: Run) -> None:
    """Commands that manage the device say that a library has no functions for it."""
    ended = run("hsm", "keys")
    assert ended.status == 3
    assert "vendor's tools" in ended.err


def test_what_keeps_a_library_from_working(
    library: str, run: Run, key_store: RunningKeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong PIN, a missing key, an unknown profile and a missing library are each told in a line."""
    folder = tmp_path / "root"
    wrong = tmp_path / "wrong"
    wrong.write_text("a wrong PIN\n")
    wrong.chmod(0o600)

    def create(index: int, pin: Path) -> tuple[int, str]:
        subject = ["--subject", "C=CN, O=示例, CN=示例根", "--crl-uri", CRL_URI]
        ended = run("ca", "create", "--directory", folder, "--key-index", index, *subject, "--pin-file", pin)
        return ended.status, ended.err

    assert create(key_store.new_key(), wrong)[0] == 1
    assert create(4000, key_store.pin_file)[0] == 1
    monkeypatch.setenv("XINYIN_KEY_STORE", library.replace("simulator", "nobody"))
    status, told = create(1, key_store.pin_file)
    assert (status, "nobody" in told) == (3, True)
    monkeypatch.setenv("XINYIN_KEY_STORE", f"sdf:{tmp_path}/none.so")
    assert "cannot be loaded" in create(1, key_store.pin_file)[1]
