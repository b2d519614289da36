"""``xinyin trust show``."""

import json
from pathlib import Path

import pytest

from api.messages import LANGUAGES
from formats.gbt20518 import to_pem
from tests.api.conftest import Run
from tests.unit.verifier import nation as people

AT = ["--at", "2026-06-01"]


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    path = tmp_path / "trust.json"
    path.write_bytes(people.nation().trust_file())
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root.pem"
    path.write_text(to_pem(people.nation().root.certificate.encoded, "CERTIFICATE"))
    return path


@pytest.mark.parametrize("language", LANGUAGES)
def test_trust_list_is_shown(run: Run, trust: Path, root: Path, language: str) -> None:
    """Its own facts, whom it lists, and fingerprints to compare."""
    nation = people.nation()
    ended = run("trust", "show", trust, *AT, "--trust-root", root, "--language", language)
    assert ended.status == 0
    for expected in (
        "国家电子印章信任服务",
        "2026-07-01 08:00:00 +08:00",
        nation.operator.certificate.digest().hex(),
        nation.maker_authority.certificate.digest().hex(),
        nation.maker.certificate.digest().hex(),
        people.BUREAU,
        "示例省",
    ):
        assert expected in ended.out


def test_pinning_is_told(run: Run, trust: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By option or by environment; without either the list says it is one's own choice."""
    assert json.loads(run("trust", "show", trust, *AT, "--json").out)["pinned"] is False
    assert "your own choice" in run("trust", "show", trust, *AT).out
    monkeypatch.setenv("XINYIN_TRUST_ROOT", str(root))
    assert json.loads(run("trust", "show", trust, *AT, "--json").out)["pinned"] is True


def test_wrong_anchor_is_refused(run: Run, trust: Path, tmp_path: Path) -> None:
    """A list that the pinned certificate does not vouch for is not printed."""
    other = tmp_path / "other.der"
    other.write_bytes(people.issue(people.name("别国根"), None, extra=people.CA_EXTENSIONS).certificate.encoded)
    ended = run("trust", "show", trust, *AT, "--trust-root", other)
    assert (ended.status, ended.out) == (3, "")
    assert "--trust-root" in ended.err


def test_expired_list_is_shown_as_such(run: Run, trust: Path) -> None:
    """It can be read, and says that it is past."""
    assert "(expired)" in run("trust", "show", trust, "--at", "2027-01-01").out
    assert "(current)" in run("trust", "show", trust, *AT).out


@pytest.mark.parametrize("data", [b"", b"{}", b"[" * 100_000, b"\xff", b'{"payloadType": 1}'])
def test_what_is_no_trust_list(run: Run, tmp_path: Path, data: bytes) -> None:
    """Status 3 and one line."""
    path = tmp_path / "hostile.json"
    path.write_bytes(data)
    ended = run("trust", "show", path)
    assert (ended.status, ended.out) == (3, "")
    assert ended.err.count("\n") == 1


def test_altered_list_is_refused(run: Run, trust: Path) -> None:
    """A flipped bit in the payload breaks the signature."""
    envelope = json.loads(trust.read_text())
    envelope["payload"] = envelope["payload"].replace("A", "B", 1)
    trust.write_text(json.dumps(envelope))
    assert run("trust", "show", trust, *AT).status == 3
