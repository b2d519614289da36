"""``xinyin verify --receipt`` and ``xinyin receipt check``, with a key that stays in its key store."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api import moments
from api.messages import LANGUAGES
from formats.gbt20518 import TbsCertificate, Validity, assemble_certificate, to_pem
from formats.gbt33190.package_writer import write_package
from tests.api.conftest import Run, RunningKeyStore
from tests.unit.verifier import nation as people
from tests.unit.verifier.documents import edit, sealed
from verifier.receipt import read_receipt

NATION = people.nation()
AT = ["--at", people.NOW.isoformat()]
LATER = people.NOW + people.DAY


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day after the moment judged at."""
    monkeypatch.setattr(moments, "now", lambda: LATER)


@pytest.fixture
def trust(tmp_path: Path) -> list[object]:
    """Options that name the nation's list, its issuer pinned."""
    trust, root = tmp_path / "trust.json", tmp_path / "root.pem"
    trust.write_bytes(NATION.trust_file())
    root.write_text(to_pem(NATION.root.certificate.encoded, "CERTIFICATE"))
    return ["--trust", trust, "--trust-root", root, *AT]


@pytest.fixture
def licence(tmp_path: Path) -> Path:
    path = tmp_path / "licence.ofd"
    path.write_bytes(write_package(sealed()))
    return path


def certified(key_store: RunningKeyStore, index: int, folder: Path) -> Path:
    """A certificate of the key at ``index``, by the authority for seal holders."""
    tbs = TbsCertificate(
        serial_number=4711,
        issuer=NATION.holder_authority.certificate.subject,
        subject=people.name("验证回执"),
        validity=Validity(people.FOUNDED, people.ENDS),
        public_key=key_store.client.public_key(index),
        extensions=people.holder_extensions(people.OTHER_BUREAU),
    ).encode()
    path = folder / f"receipts-{index}.pem"
    encoded = assemble_certificate(tbs, NATION.holder_authority.sign(tbs))
    path.write_text(to_pem(encoded, "CERTIFICATE"))
    return path


@pytest.fixture
def signing(key_store: RunningKeyStore, tmp_path: Path) -> Callable[[Path], list[Any]]:
    """Options that make a receipt."""
    index = key_store.new_key()
    certificate = certified(key_store, index, tmp_path)
    key = ["--receipt-key", index, "--receipt-certificate", certificate]
    return lambda path: ["--receipt", path, *key, *key_store.with_pin]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_receipt_from_key_to_court(
    run: Run,
    licence: Path,
    trust: list[object],
    signing: Callable[[Path], list[Any]],
    tmp_path: Path,
    language: str,
) -> None:
    """Made beside the report, checked with the file: by whom, of what, saying what."""
    path = tmp_path / "receipt.json"
    made = run("verify", licence, *trust, *signing(path), "--language", language)
    assert made.status == 0
    assert made.out == run("verify", licence, *trust, "--language", language).out
    later = [*trust[:-2], "--at", LATER.isoformat()]
    checked = run("receipt", "check", path, licence, *later, "--language", language)
    assert checked.status == 0
    for expected in (
        "验证回执",
        people.OTHER_BUREAU,
        "2026-06-01 08:00:00 +08:00",
        "有效" if language != "en" else "Valid",
    ):
        assert expected in checked.out
    data = json.loads(run("receipt", "check", path, licence, *later, "--json").out)
    assert data["check"]["verdict"] == "PASSED"
    assert data["check"]["receipt"]["verdict"] == "PASSED"
    assert data["check"]["receipt"]["issued_at"] == "2026-06-02T00:00:00Z"


def test_a_receipt_of_a_forgery(
    run: Run, trust: list[object], signing: Callable[[Path], list[Any]], tmp_path: Path
) -> None:
    """The status of verifying stays 1; the receipt counts and says FAILED with its code."""
    forged, path = tmp_path / "forged.ofd", tmp_path / "receipt.json"
    forged.write_bytes(write_package(edit(sealed(), "OFD.xml", "示例科技有限公司", "冒名科技有限公司")))
    assert run("verify", forged, *trust, *signing(path), "--quiet").status == 1
    later = [*trust[:-2], "--at", LATER.isoformat()]
    checked = run("receipt", "check", path, forged, *later)
    assert checked.status == 0
    assert "Not valid" in checked.out
    assert "REFERENCE" in checked.out


@pytest.mark.parametrize("language", LANGUAGES)
def test_receipts_that_do_not_count(
    run: Run,
    licence: Path,
    trust: list[object],
    signing: Callable[[Path], list[Any]],
    tmp_path: Path,
    language: str,
) -> None:
    """For another file, changed, before it was made, without trust, by another signer than the pinned one."""
    path, other = tmp_path / "receipt.json", tmp_path / "other.ofd"
    run("verify", licence, *trust, *signing(path))
    other.write_bytes(licence.read_bytes() + b"\0")
    later = [*trust[:-2], "--at", LATER.isoformat(), "--language", language]
    assert run("receipt", "check", path, other, *later).status == 1
    assert run("receipt", "check", path, licence, *trust, "--language", language).status == 1
    assert run("receipt", "check", path, licence, "--at", LATER.isoformat(), "--language", language).status == 2
    stranger = tmp_path / "stranger.pem"
    stranger.write_text(to_pem(NATION.bureau.certificate.encoded, "CERTIFICATE"))
    assert run("receipt", "check", path, licence, *later, "--signer", stranger).status == 1
    changed = tmp_path / "changed.json"
    envelope = json.loads(path.read_bytes())
    envelope["signatures"][0]["sig"] = "MAYCAQECAQE="
    changed.write_text(json.dumps(envelope))
    assert run("receipt", "check", changed, licence, *later).status == 1
    changed.write_bytes(b"{}")
    ended = run("receipt", "check", changed, licence, *later)
    assert (ended.status, ended.out) == (3, "")
    assert len(ended.err.splitlines()) == 1


def test_what_a_receipt_needs_is_asked_for_first(
    run: Run,
    licence: Path,
    trust: list[object],
    signing: Callable[[Path], list[Any]],
    tmp_path: Path,
    key_store: RunningKeyStore,
) -> None:
    """A part left out, several documents, standard output, another key's certificate, a file that exists, no PIN."""
    path = tmp_path / "receipt.json"
    options = signing(path)
    other = certified(key_store, key_store.new_key(), tmp_path)
    existing = tmp_path / "existing"
    existing.write_text("kept")
    for arguments in (
        [licence, *options[2:]],
        [licence, *options[:2], *options[4:]],
        [licence, licence, *options],
        [licence, "--receipt", "-", *options[2:]],
        [licence, *options[:4], "--receipt-certificate", other, *options[6:]],
        [licence, "--receipt", existing, *options[2:]],
        [licence, *options[:6], "--key-store", key_store.socket],
    ):
        ended = run("verify", *arguments, *trust)
        assert ended.status == 3, arguments
        assert ended.out == ""
        assert not path.exists()
    assert existing.read_text() == "kept"
    assert run("verify", licence, *trust, "--receipt", existing, *options[2:], "--force").status == 0
    assert read_receipt(existing.read_bytes())[0].judged_at == people.NOW


def test_a_judgement_of_the_future_has_no_receipt(
    run: Run,
    licence: Path,
    trust: list[object],
    signing: Callable[[Path], list[Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The report is shown; the receipt is refused."""
    monkeypatch.setattr(moments, "now", lambda: datetime(2026, 1, 1, tzinfo=UTC))
    path = tmp_path / "receipt.json"
    ended = run("verify", licence, *trust, *signing(path))
    assert ended.status == 3
    assert not path.exists()
    assert "lies ahead" in ended.err


def test_an_unreadable_document_has_no_receipt(
    run: Run, trust: list[object], signing: Callable[[Path], list[Any]], tmp_path: Path
) -> None:
    """There is nothing to state."""
    file, path = tmp_path / "file", tmp_path / "receipt.json"
    file.write_bytes(b"no document")
    assert run("verify", file, *trust, *signing(path)).status == 3
    assert not path.exists()
