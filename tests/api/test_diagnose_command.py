"""``xinyin diagnose``: explanations for a person and a program, with the status of ``verify``."""

import json
from pathlib import Path

import pytest

from api.messages import LANGUAGES
from formats.gbt20518 import to_pem
from formats.gbt33190.package_writer import write_package
from tests.api.conftest import Run
from tests.unit.verifier import nation as people
from tests.unit.verifier.diagnosis.speaking import SEAL, plain, resigned, seal_signed, under
from verifier.diagnosis import texts

AT = ["--at", people.NOW.isoformat()]


@pytest.fixture
def trust(tmp_path: Path) -> list[object]:
    """Options that name the nation's list, its issuer pinned."""
    trust, root = tmp_path / "trust.json", tmp_path / "root.pem"
    trust.write_bytes(people.nation().trust_file())
    root.write_text(to_pem(people.nation().root.certificate.encoded, "CERTIFICATE"))
    return ["--trust", trust, "--trust-root", root, *AT]


@pytest.fixture
def dialect(tmp_path: Path) -> Path:
    path = tmp_path / "dialect.ofd"
    path.write_bytes(write_package(resigned(signing=under(b""))))
    return path


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_person_is_told_what_fits(run: Run, dialect: Path, trust: list[object], language: str) -> None:
    """Verdict, name of the dialect, who accepts it, what to change; the status is that of verifying."""
    ended = run("diagnose", dialect, *trust, "--language", language)
    words = texts(language)
    assert ended.status == run("verify", dialect, *trust).status == 1
    assert ended.out.startswith(f"{'无效' if language == 'zh-CN' else 'Not valid'}  {dialect}\n")
    assert "[user-id.empty]" in ended.out
    for text in (words.dialects["user-id.empty"], words.readers["openssl"], words.changes["default-id"]):
        assert text in ended.out


def test_a_program_is_told_the_same(run: Run, dialect: Path, trust: list[object]) -> None:
    """Names are the same in every language, sentences stand apart."""
    ended = run("diagnose", dialect, *trust, "--json")
    found = json.loads(ended.out)
    assert found["status"] == ended.status == 1
    assert found["diagnosis"]["verdict"] == "FAILED"
    assert [each["fits"][0]["dialects"] for each in found["diagnosis"]["answers"]] == [["user-id.empty"]]
    assert found["explained"]["dialects"].keys() == {"user-id.empty"}
    assert found["explained"]["remarks"].keys() == {each["name"] for each in found["diagnosis"]["remarks"]}


def test_verifying_gives_the_same_before_and_after(run: Run, dialect: Path, trust: list[object]) -> None:
    """The report is the same octet for octet, whether or not the file was diagnosed in between."""
    before = run("verify", dialect, *trust, "--json").out
    run("diagnose", dialect, *trust)
    assert run("verify", dialect, *trust, "--json").out == before


def test_a_document_that_passes(run: Run, tmp_path: Path, trust: list[object]) -> None:
    """Status 0, no dialect, and what others may stop at."""
    path = tmp_path / "good.ofd"
    path.write_bytes(write_package(plain()))
    ended = run("diagnose", path, *trust)
    assert ended.status == 0
    assert "no dialect to look for" in ended.out
    assert "[default-identity]" in ended.out


def test_a_seal_by_itself(run: Run, tmp_path: Path) -> None:
    """It has no verdict, whether or not the maker's signature holds."""
    for entries, told in ((plain(), "no dialect to look for"), (seal_signed(under(b"")), "[user-id.empty]")):
        path = tmp_path / "Seal.esl"
        path.write_bytes(entries[SEAL])
        ended = run("diagnose", path)
        assert ended.status == 2
        assert told in ended.out


@pytest.mark.parametrize("data", [b"", b"no document", b"\x30\x03\x02\x01\x00", b"PK\x03\x04"])
def test_what_is_no_document(run: Run, tmp_path: Path, data: bytes) -> None:
    """One line to standard error, status 3."""
    path = tmp_path / "file"
    path.write_bytes(data)
    ended = run("diagnose", path)
    assert ended.status == 3
    assert ended.out == ""
    assert len(ended.err.splitlines()) == 1
