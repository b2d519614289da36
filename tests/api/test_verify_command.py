"""``xinyin verify``: verdicts, exit statuses, what a person and a program are told."""

import io
import json
import os
import random
import sys
import zipfile
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from api.commands.verify import worst
from api.failures import ExitStatus
from api.messages import LANGUAGES
from crypto import sm3
from formats.gbt20518 import RevocationReason, to_pem
from formats.gbt33190.package_writer import write_package
from formats.rfc6960 import ResponseStatus, encode_failure
from tests.api.conftest import Run
from tests.unit.verifier import nation as people
from tests.unit.verifier import test_status_responses as ocsp
from tests.unit.verifier import time_stamps as stamps
from tests.unit.verifier.documents import document, edit, seal_recipe, sealed

AT = ["--at", people.NOW.isoformat()]
PASSED, FAILED, UNDETERMINED, UNUSABLE = 0, 1, 2, 3


@pytest.fixture
def trust(tmp_path: Path) -> list[object]:
    """Options that name the nation's list, its issuer pinned."""
    trust, root = tmp_path / "trust.json", tmp_path / "root.pem"
    trust.write_bytes(people.nation().trust_file())
    root.write_text(to_pem(people.nation().root.certificate.encoded, "CERTIFICATE"))
    return ["--trust", trust, "--trust-root", root, *AT]


@pytest.fixture
def licence(tmp_path: Path) -> Path:
    path = tmp_path / "licence.ofd"
    path.write_bytes(write_package(sealed()))
    return path


@pytest.fixture
def forged(tmp_path: Path) -> Path:
    """The holder's name changed after sealing."""
    path = tmp_path / "forged.ofd"
    path.write_bytes(write_package(edit(sealed(), "OFD.xml", "示例科技有限公司", "冒名科技有限公司")))
    return path


@pytest.mark.parametrize(("language", "verdict"), [("zh-CN", "有效"), ("en", "Valid")])
def test_good_licence_passes(run: Run, licence: Path, trust: list[object], language: str, verdict: str) -> None:
    """Status 0, the verdict first, who issued and who signed, the moment in Beijing time."""
    ended = run("verify", licence, *trust, "--language", language)
    assert (ended.status, ended.err) == (PASSED, "")
    assert ended.out.startswith(f"{verdict}  {licence}\n")
    assert "2026-06-01 08:00:00 +08:00" in ended.out
    assert "示例市市场监督管理局" in ended.out
    assert "营业执照" in ended.out
    assert "[SIGNATURE_VALID]" not in ended.out, "what passed is collapsed"
    assert "[SIGNATURE_VALID]" in run("verify", licence, *trust, "--verbose").out


@pytest.mark.parametrize(("language", "verdict"), [("zh-CN", "无效"), ("en", "Not valid")])
def test_forged_licence_fails(run: Run, forged: Path, trust: list[object], language: str, verdict: str) -> None:
    """Status 1, the reason in plain words with what to do, failed findings before all others."""
    ended = run("verify", forged, *trust, "--language", language)
    assert ended.status == FAILED
    lines = ended.out.splitlines()
    assert lines[0] == f"{verdict}  {forged}"
    assert lines[2].strip().startswith("下一步：" if language == "zh-CN" else "Next: ")
    assert "[REFERENCE]" in ended.out
    verbose = run("verify", forged, *trust, "--verbose").out
    assert verbose.index("[REFERENCE]") < verbose.index("[SIGNATURE_VALID]")


def test_without_trust_list_nothing_passes(run: Run, licence: Path) -> None:
    """Status 2: sums add up, and nobody said whom to believe."""
    ended = run("verify", licence, *AT)
    assert ended.status == UNDETERMINED
    assert "without a trust list" in ended.out
    assert "[TRUST_LIST_NONE]" in ended.out


def test_unsigned_document_does_not_pass(run: Run, tmp_path: Path, trust: list[object]) -> None:
    """No seal, no pass."""
    path = tmp_path / "plain.ofd"
    path.write_bytes(write_package(document()))
    ended = run("verify", path, *trust)
    assert ended.status in (FAILED, UNDETERMINED)
    assert "[UNSIGNED]" in ended.out


def test_unpinned_list_is_told_with_fingerprints(run: Run, licence: Path, trust: list[object]) -> None:
    """Whoever did not pin the issuer learns what was believed; --quiet and programs are not bothered."""
    unpinned = [*trust[:2], *AT]
    ended = run("verify", licence, *unpinned)
    listed = Path(str(trust[1])).read_bytes()
    assert sm3(listed).hex() in ended.err
    assert people.nation().operator.certificate.digest().hex() in ended.err
    assert json.loads(run("verify", licence, *unpinned, "--json").out)["report"]["trust_list"]["pinned"] is False
    assert run("verify", licence, *unpinned, "--quiet").err == ""
    assert run("verify", licence, *trust).err == ""


def test_root_may_come_from_the_environment(
    run: Run, licence: Path, trust: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """XINYIN_TRUST_ROOT pins too."""
    monkeypatch.setenv("XINYIN_TRUST_ROOT", str(trust[3]))
    report = json.loads(run("verify", licence, *trust[:2], *AT, "--json").out)["report"]
    assert report["trust_list"]["pinned"] is True


def test_json_is_one_object_a_line(
    run: Run, licence: Path, forged: Path, tmp_path: Path, trust: list[object]
) -> None:
    """Verdict, status and reason of each file in the order given; what was not read too."""
    ended = run("verify", licence, forged, tmp_path / "missing", *trust, "--json")
    assert ended.status == UNUSABLE
    good, bad, missing = (json.loads(line) for line in ended.out.splitlines())
    assert (good["status"], good["report"]["verdict"], good["summary"]["code"]) == (0, "PASSED", None)
    assert (bad["status"], bad["report"]["verdict"]) == (1, "FAILED")
    failing = {each["code"] for each in bad["report"]["findings"] if each["outcome"] == "failed"}
    assert bad["summary"]["code"] in failing
    assert (missing["status"], missing["file"]) == (3, str(tmp_path / "missing"))
    assert "report" not in missing


def test_reason_in_json_speaks_the_language_asked_for(run: Run, forged: Path, trust: list[object]) -> None:
    """The report itself does not change with the language."""
    english, chinese = (
        json.loads(run("verify", forged, *trust, "--json", "--language", language).out)
        for language in ("en", "zh-CN")
    )
    assert english["report"] == chinese["report"]
    assert english["summary"]["says"] != chinese["summary"]["says"]


def test_brief_and_quiet(run: Run, licence: Path, forged: Path, trust: list[object]) -> None:
    """One line for each file, or none at all; the status says the same."""
    brief = run("verify", "--brief", licence, forged, *trust)
    assert brief.out.splitlines() == [f"Valid  {licence}", f"Not valid  {forged}"]
    quiet = run("verify", "--quiet", licence, forged, *trust)
    assert (quiet.status, quiet.out) == (brief.status, "")


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([0], 0), ([2], 2), ([1], 1), ([3], 3), ([0, 2], 2), ([2, 1, 0], 1), ([0, 1, 3], 3), ([3, 1, 2], 3), ([0, 0], 0),
    ],
)  # fmt: skip
def test_worst_status_counts(statuses: list[int], expected: int) -> None:
    """Unreadable before failed before undetermined before passed."""
    assert worst(ExitStatus(status) for status in statuses) == expected


def test_moment_decides(run: Run, tmp_path: Path, trust: list[object]) -> None:
    """Judged before it was signed, a document does not pass; after the seal expired it still does."""
    path = tmp_path / "document.ofd"
    recipe = seal_recipe(valid_to=people.SIGNED + timedelta(days=1))
    path.write_bytes(write_package(sealed(custom=(), seal=recipe)))
    assert run("verify", path, *trust[:4], "--at", "2026-06-01T08:00").status == PASSED
    assert run("verify", path, *trust[:4], "--at", "2026-02-01").status != PASSED


def test_further_revocation_lists_count(run: Run, licence: Path, tmp_path: Path, trust: list[object]) -> None:
    """A newer list that revokes the signer before it signed fails the document."""
    nation = people.nation()
    entry = people.revoked(nation.bureau, people.SIGNED - timedelta(days=1), RevocationReason.KEY_COMPROMISE)
    newer = people.crl(nation.holder_authority, (entry,), this_update=people.NOW, number=8)
    path = tmp_path / "newer.crl"
    path.write_bytes(newer)
    assert run("verify", licence, *trust).status == PASSED
    for form in (newer, to_pem(newer, "X509 CRL").encode()):
        path.write_bytes(form)
        assert run("verify", licence, *trust, "--crl", path).status == FAILED


def test_status_responses_count(run: Run, licence: Path, tmp_path: Path, trust: list[object]) -> None:
    """A response that revokes the signer before it signed fails the document, also among many."""
    path = tmp_path / "signer.ocsp"
    assert run("verify", licence, *trust).status == PASSED
    for said, status in (
        (ocsp.said(), PASSED),
        (ocsp.lost(people.SIGNED), FAILED),
        (ocsp.UNKNOWN, UNDETERMINED),
    ):
        path.write_bytes(ocsp.answer(said))
        assert run("verify", licence, *trust, "--ocsp", path).status == status
        assert run("verify-batch", licence, *trust, "--ocsp", path, "--processes", "1").status == status
    path.write_bytes(encode_failure(ResponseStatus.TRY_LATER))
    ended = run("verify", licence, *trust, "--ocsp", path)
    assert ended.status == UNUSABLE
    assert "TRY_LATER" in ended.err


def test_standard_input(run: Run, licence: Path, trust: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    """``-`` is the document on standard input."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(licence.read_bytes())))
    assert run("verify", "-", *trust).status == PASSED


def hostile_files(folder: Path) -> dict[str, str]:
    """Files that are no documents, and paths that are no files."""
    generator = random.Random(7)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("OFD.xml", b"\0" * (80 << 20))
    contents = {
        "empty": b"",
        "one octet": b"P",
        "random": generator.randbytes(100_000),
        "picture": b"\x89PNG\r\n\x1a\n" + generator.randbytes(1000),
        "empty archive": b"PK\x05\x06" + b"\0" * 18,
        "bomb": bomb.getvalue(),
        "xml": b"<?xml version='1.0'?><OFD/>",
        "pdf": b"%PDF-1.7\n%%EOF",
        "seal": people.nation().root.certificate.encoded,
    }
    paths = {"directory": str(folder), "missing": str(folder / "missing"), "long": "x" * 4000, "empty name": ""}
    for name, content in contents.items():
        path = folder / name
        path.write_bytes(content)
        paths[name] = str(path)
    odd = os.fsdecode(os.fsencode(folder) + b"/\xff\xfe\x1b[31m\xe2\x80\xae.ofd")
    Path(odd).write_bytes(b"not a document")
    return {**paths, "odd name": odd}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "command",
    [
        ["verify"],
        ["verify", "--json"],
        ["verify", "--brief"],
        ["verify", "--quiet"],
        ["inspect"],
        ["inspect", "--json"],
    ],
)
def test_hostile_input_is_status_3(run: Run, tmp_path: Path, command: list[str], language: str) -> None:
    """What is no document gets one answer: unreadable, in words, without a control character."""
    for name, path in hostile_files(tmp_path).items():
        ended = run(*command, path, "--language", language)
        assert ended.status == UNUSABLE, name
        for stream in (ended.out, ended.err):
            assert all(character.isprintable() or character == "\n" for character in stream), name
        assert (ended.out + ended.err).strip(), name
        if command == ["verify", "--json"]:
            assert json.loads(ended.out)["status"] == 3


def test_one_bad_file_does_not_hide_the_others(
    run: Run, tmp_path: Path, licence: Path, trust: list[object]
) -> None:
    """Every file is judged, also after one that could not be read."""
    ended = run("verify", tmp_path / "missing", licence, *trust, "--brief")
    assert ended.status == UNUSABLE
    assert f"Valid  {licence}" in ended.out


@pytest.mark.parametrize("option", ["--trust", "--trust-root", "--crl", "--ocsp"])
@pytest.mark.parametrize("content", [None, b"", b"\x30\x00", b"{}", b"-----BEGIN CERTIFICATE-----\n"])
def test_unusable_options_are_status_3(
    run: Run, licence: Path, tmp_path: Path, trust: list[object], option: str, content: bytes | None
) -> None:
    """A list or root that cannot be read leaves every document unjudged."""
    path = tmp_path / "unusable"
    if content is not None:
        path.write_bytes(content)
    options = dict(zip(trust[::2], trust[1::2], strict=True)) | {option: path}
    ended = run("verify", licence, *[part for pair in options.items() for part in pair])
    assert (ended.status, ended.out) == (UNUSABLE, "")
    assert str(path) in ended.err


def test_names_in_documents_cannot_write_a_verdict(run: Run, tmp_path: Path, trust: list[object]) -> None:
    """A seal called like a verdict, with control characters, is shown as what it is."""
    path = tmp_path / "hostile.ofd"
    hostile = "\x1b[2J\r有效\u202e"
    path.write_bytes(write_package(sealed(custom=(), seal=seal_recipe(name=hostile))))
    for form in ([], ["--verbose"], ["--json"], ["--brief"]):
        out = run("verify", path, *trust, *form).out
        assert not set("\x1b\r\u202e") & set(out)


@pytest.mark.parametrize("name", ["v4-invoice-a", "v4-seal-expired", "v1-nonconformant", "bare-sm2"])
def test_real_documents_never_pass_without_their_roots(run: Run, samples_dir: Path, name: str) -> None:
    """The roots of real authorities are not public: the honest answer is never a pass."""
    ended = run("verify", samples_dir / "ofd" / "signed" / f"{name}.ofd", *AT)
    assert ended.status in (FAILED, UNDETERMINED)


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh-CN", "时间戳证明：签名 #1 在 2026-03-01 10:30:02 +08:00 之前已经存在。"),
        ("en", "A time stamp proves that signature #1 existed by 2026-03-01 10:30:02 +08:00."),
    ],
)
def test_proven_time_is_told(run: Run, tmp_path: Path, licence: Path, language: str, told: str) -> None:
    """What a good time stamp proves has a line of its own; without one there is none."""
    trust, stamped = tmp_path / "stamped.json", tmp_path / "stamped.ofd"
    trust.write_bytes(stamps.stamped_nation().trust_file())
    stamped.write_bytes(write_package(sealed(time_stamp=stamps.stamp())))
    ended = run("verify", stamped, "--trust", trust, *AT, "--language", language)
    assert ended.status == PASSED
    assert f"  {told}\n" in ended.out
    without = run("verify", licence, "--trust", trust, *AT, "--language", language).out
    assert "#1" in without
    assert told[:8] not in without
