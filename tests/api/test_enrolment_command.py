"""``xinyin ca enrolment``: setting enrolment up, references given out, listed, withdrawn."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from api.enrolment_folder import FILE, KEY, EnrolmentFile
from formats.errors import MalformedDataError
from tests.api.conftest import Ended, Run, RunningKeyStore

NAME = "C=CN,O=Test,CN=machine-1"


@pytest.fixture
def folder(run: Run, key_store: RunningKeyStore, tmp_path: Path) -> Path:
    """An authority with enrolment."""
    path = tmp_path / "authority"
    root = ["--subject", "C=CN,O=Test,CN=Root", "--crl-uri", "http://crl.example.cn/root.crl"]
    key = ["--key-index", key_store.new_key(), *key_store.with_pin]
    assert run("ca", "create", "--directory", path, *root, *key).status == 0
    ended = run("ca", "enrolment", "create", "--directory", path)
    assert (ended.status, ended.err) == (0, "")
    return path


def add(run: Run, folder: Path, name: str, *more: object) -> Ended:
    given = ["--directory", folder, "--profile", "device", "--subject", NAME]
    return run("ca", "enrolment", "add", name, *given, *more)


def test_a_reference_from_giving_out_to_withdrawing(run: Run, folder: Path) -> None:
    """The secret is printed alone, once; the list shows uses and state; the register holds no secret."""
    ended = add(run, folder, "m-1", "--uses", "3")
    assert ended.status == 0
    secret = ended.out.strip()
    assert len(secret) == 32
    assert "shown this once" in ended.err
    assert secret.encode() not in (folder / "enrolment.sqlite").read_bytes()
    assert json.loads(add(run, folder, "m-2", "--json").out)["secret"] != secret
    listed = run("ca", "enrolment", "list", "--directory", folder)
    assert [line.split()[:3] for line in listed.out.splitlines()] == [
        ["m-1", "open", "0/3"],
        ["m-2", "open", "0/1"],
    ]
    assert run("ca", "enrolment", "remove", "m-1", "--directory", folder).status == 0
    rows = run("ca", "enrolment", "list", "--directory", folder, "--json").out.splitlines()
    assert [json.loads(row)["open"] for row in rows] == [False, True]
    assert run("ca", "enrolment", "remove", "m-1", "--directory", folder).status == 1
    assert run("ca", "enrolment", "remove", "m-9", "--directory", folder).status == 1


def test_what_is_refused(run: Run, folder: Path, tmp_path: Path) -> None:
    """A reference twice or of another form, a profile for authorities or unknown, a folder without enrolment."""
    assert add(run, folder, "m-1").status == 0
    assert add(run, folder, "m-1").status == 1
    assert add(run, folder, "m 1").status == 1
    assert add(run, folder, "m-2", "--profile", "issuing-ca").status == 3
    assert add(run, folder, "m-2", "--profile", "none").status == 3
    assert run("ca", "enrolment", "create", "--directory", folder).status == 3
    ended = run("ca", "enrolment", "list", "--directory", tmp_path)
    assert (ended.status, "no enrolment" in ended.err) == (3, True)
    assert run("ca", "enrolment", "create", "--directory", tmp_path).status == 3
    (folder / FILE).unlink()
    halves = run("ca", "enrolment", "create", "--directory", folder, "--reply-key-index", "3")
    assert (halves.status, "belong together" in halves.err) == (3, True)


def test_the_master_secret_is_its_owners(run: Run, folder: Path) -> None:
    """Mode 0600, drawn once; a damaged one is refused without a word of it."""
    key = folder / KEY
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    octets = key.read_bytes()
    (folder / FILE).unlink()
    assert run("ca", "enrolment", "create", "--directory", folder, "--standard-identity").status == 0
    assert key.read_bytes() == octets
    key.write_bytes(b"damaged")
    ended = add(run, folder, "m-1")
    assert (ended.status, "damaged" in ended.err) == (3, False)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "xinyin.enrolment-service/2"},
        {"confirm_minutes": 0},
        {"implicit_confirm": 1},
        {"reply_key_index": 4},
        {"surprise": 1},
    ],
)
def test_the_file_is_read_strictly(folder: Path, change: dict[str, Any]) -> None:
    """What the schema does not know is refused."""
    content = json.loads((folder / FILE).read_text(encoding="utf-8"))
    assert EnrolmentFile.from_json(json.dumps(content).encode()) == EnrolmentFile()
    with pytest.raises(MalformedDataError):
        EnrolmentFile.from_json(json.dumps({**content, **change}).encode())
