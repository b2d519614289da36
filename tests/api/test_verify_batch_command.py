"""``xinyin verify-batch``: tables, lines of JSON, statuses; the same verdicts as ``xinyin verify``."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from api import batch_table, spreadsheet
from api.commands import verify_batch
from api.document_walk import documents
from api.messages import LANGUAGES, messages
from crypto import sm3
from formats.gbt20518 import to_pem
from formats.gbt33190.package_writer import write_package
from tests.api.conftest import Run
from tests.unit.verifier import batch_faults as faults
from tests.unit.verifier import nation as people
from tests.unit.verifier import time_stamps as stamps
from tests.unit.verifier.documents import document, edit, sealed
from verifier.batch import BatchProblem, BatchQuestion, BatchRow
from verifier.facts import LicenceFacts
from verifier.verification import verify_document

AT = ["--at", people.NOW.isoformat()]
PASSED, FAILED, UNDETERMINED, UNUSABLE = 0, 1, 2, 3
LIMITS = ["--processes", "2"]


@pytest.fixture
def trust(tmp_path: Path) -> list[object]:
    """Options that name the nation's list, its issuer pinned."""
    trust, root = tmp_path / "trust.json", tmp_path / "root.pem"
    trust.write_bytes(stamps.stamped_nation().trust_file())
    root.write_text(to_pem(people.nation().root.certificate.encoded, "CERTIFICATE"))
    return ["--trust", trust, "--trust-root", root, *AT, *LIMITS]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Documents of every verdict, files that are none, and folders below."""
    folder = tmp_path / "incoming"
    (folder / "b" / "deep").mkdir(parents=True)
    files = {
        "a.ofd": write_package(sealed()),
        "b/forged.OFD": write_package(edit(sealed(), "OFD.xml", "示例科技有限公司", "冒名科技有限公司")),
        "b/deep/unsigned.ofd": write_package(document()),
        "b/empty.ofd": b"",
        "b/readme.txt": b"no document",
        "stamped.ofd": write_package(sealed(time_stamp=stamps.stamp())),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "b" / "loop").symlink_to(folder)
    (folder / "gone.ofd").symlink_to(folder / "nowhere")
    return folder


FOUND = ["a.ofd", "b/deep/unsigned.ofd", "b/empty.ofd", "b/forged.OFD", "gone.ofd", "stamped.ofd"]


def table_of(path: Path) -> list[dict[str, str]]:
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_documents_below_a_folder(folder: Path) -> None:
    """Sorted by name, endings in any case, no loop of links walked, what was named taken as it is."""
    assert list(documents([str(folder), "x"], recursive=True)) == [*(str(folder / each) for each in FOUND), "x"]
    assert list(documents([str(folder), "x"], recursive=False)) == [str(folder), "x"]


def test_folders_that_cannot_be_listed_are_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is passed over in silence."""
    listed = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("deep"):
            raise PermissionError
        return listed(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert str(folder / "b" / "deep") in list(documents([str(folder)], recursive=True))


def test_folders_nested_deeper_than_the_stack(tmp_path: Path) -> None:
    """Depth costs memory for one folder's names each, no recursion."""
    deep = tmp_path.joinpath(*["d"] * 1200)
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    try:
        (deep / "a.ofd").write_bytes(b"")
        found = list(documents([str(tmp_path)], recursive=True))
    finally:
        subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)  # deeper than shutil.rmtree goes
    assert found == [str(deep / "a.ofd")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_table_and_lines(run: Run, folder: Path, trust: list[object], tmp_path: Path, language: str) -> None:
    """Each file has its row in both, in order, with the verdict, code and status that ``verify`` gives."""
    table, lines = tmp_path / "out.csv", tmp_path / "out.jsonl"
    options = [*trust, "--language", language]
    ended = run("verify-batch", folder, "--recursive", *options, "--table", table, "--json-lines", lines)
    assert ended.status == UNUSABLE
    assert ended.err == ""
    told = messages(language)
    rows = table_of(table)
    objects = [json.loads(line) for line in lines.read_text().splitlines()]
    names = [told(f"verify_batch.columns.{each}") for each in batch_table.COLUMNS]
    files = [str(folder / each) for each in FOUND]
    assert [row[names[0]] for row in rows] == [each["file"] for each in objects] == files
    for path, row, found in zip(files, rows, objects, strict=True):
        assert list(row) == names
        single = run("verify", path, *trust[:-2], "--json", "--language", language)
        alone = json.loads(single.out)
        assert found["status"] == single.status == alone["status"]
        if "report" not in alone:
            assert (found["problem"], row[names[3]]) == (row[names[4]], told("verify.unreadable"))
            continue
        data = Path(path).read_bytes()
        assert (found["report"], found["summary"]) == (alone["report"], alone["summary"])
        assert found["sm3"] == row[names[1]] == sm3(data).hex()
        assert row[names[2]] == str(len(data))
        assert row[names[4]] == (alone["summary"]["code"] or "")
        assert row[names[5]] == alone["summary"]["says"]
    assert rows[0][names[6]] == "示例市市场监督管理局"
    assert rows[0][names[8]] == "2026-03-01 10:30:00 +08:00"
    assert (rows[0][names[9]], rows[-1][names[9]]) == ("", "2026-03-01 10:30:02 +08:00")
    counted = told("verify_batch.summary", files=6, passed=2, failed=2, undetermined=0, unread=2)
    assert ended.out.splitlines()[-1] == counted


def test_status_is_that_of_the_worst(run: Run, folder: Path, trust: list[object]) -> None:
    """As with ``verify``: unreadable, not valid, undetermined, valid."""
    good, forged = folder / "a.ofd", folder / "b" / "forged.OFD"
    ended = run("verify-batch", good, good, *trust)
    assert (ended.status, ended.out) == (PASSED, "2 files: 2 valid, 0 not valid, 0 not confirmed, 0 not read\n")
    ended = run("verify-batch", good, forged, *trust)
    assert ended.status == FAILED
    assert ended.out.splitlines()[0] == f"Not valid  {forged}"
    assert "[REFERENCE]" in ended.out
    assert run("verify-batch", good, *AT, *LIMITS).status == UNDETERMINED
    ended = run("verify-batch", good, folder, *trust)
    assert ended.status == UNUSABLE
    assert "[FILE_DIRECTORY]" in ended.out
    ended = run("verify-batch", good, forged, *trust, "--quiet")
    assert (ended.status, ended.out, ended.err) == (FAILED, "", "")


def test_nothing_found_is_not_a_pass(run: Run, tmp_path: Path, trust: list[object]) -> None:
    """An empty folder is no batch of valid documents, and leaves no table."""
    (tmp_path / "empty").mkdir()
    ended = run("verify-batch", tmp_path / "empty", "--recursive", *trust, "--table", tmp_path / "out.csv")
    assert ended.status == UNUSABLE
    assert "no document was found" in ended.err
    assert not (tmp_path / "out.csv").exists()


def test_outputs_are_kept_and_distinct(run: Run, folder: Path, trust: list[object], tmp_path: Path) -> None:
    """What exists stays without --force; two results do not go to one file; a missing folder is told."""
    good, out = folder / "a.ofd", tmp_path / "out"
    out.write_text("kept")
    ended = run("verify-batch", good, *trust, "--table", out)
    assert (ended.status, out.read_text()) == (UNUSABLE, "kept")
    assert run("verify-batch", good, *trust, "--table", out, "--force").status == PASSED
    assert len(table_of(out)) == 1
    ended = run("verify-batch", good, *trust, "--force", "--table", out, "--json-lines", f"{tmp_path}/./out")
    assert "the same file" in ended.err
    assert run("verify-batch", good, *trust, "--table", tmp_path / "none" / "out").status == UNUSABLE
    assert run("verify-batch", good, *trust, "--table", "/dev/null", "--json-lines", "/dev/null").status == PASSED


def test_a_worker_that_dies_is_a_row(
    run: Run, folder: Path, trust: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file it had in hand is told by name; the others are judged."""
    bad, lines = tmp_path / "bad.ofd", tmp_path / "lines"
    bad.write_bytes(faults.DIE)
    plain = verify_batch._batch_question

    def faulty(question: object) -> BatchQuestion:
        asked = plain(question)  # type: ignore[arg-type]
        return faults.FaultyQuestion(asked.at, asked.trust_list, asked.anchor, asked.crls)

    monkeypatch.setattr(verify_batch, "_batch_question", faulty)
    ended = run("verify-batch", folder / "a.ofd", bad, folder / "a.ofd", *trust, "--json-lines", lines)
    assert ended.status == UNUSABLE
    assert ended.out.startswith(f"Not read  {bad}\n  [WORKER_DIED] ")
    assert [json.loads(line)["status"] for line in lines.read_text().splitlines()] == [0, 3, 0]


def test_interruption_leaves_nothing(
    run: Run, folder: Path, trust: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the middle: status 130, no half table."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(verify_batch._Telling, "take", interrupted)
    ended = run("verify-batch", folder / "a.ofd", *trust, "--table", tmp_path / "out.csv")
    assert ended.status == 130
    assert not [each for each in tmp_path.iterdir() if "out.csv" in each.name]


def test_progress_on_a_terminal(
    run: Run, folder: Path, trust: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal sees counts on the way, and none of it at the end; a log does not see it at all."""
    monkeypatch.setattr(verify_batch, "_BETWEEN_SIGHTS", 0)
    assert run("verify-batch", folder / "a.ofd", *trust).err == ""
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda _: True)
    ended = run("verify-batch", folder / "a.ofd", *trust)
    assert "1 files so far: 1 valid" in ended.err
    assert ended.err.endswith("\r\x1b[2K")


def test_list_is_named_if_not_pinned(run: Run, folder: Path, trust: list[object]) -> None:
    """As ``verify`` does."""
    assert "not pinned" in run("verify-batch", folder / "a.ofd", *trust[:2], *trust[4:]).err


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+86", "'+86"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\u3000=1", "'\u3000=1"),
        ("＝1", "'＝1"),
        ("\t=1", "\\t=1"),
        ("\r\n=1", "\\r\\n=1"),
        ("\u200b=1", "\\u200b=1"),
        ("a=1", "a=1"),
        ("", ""),
        (7, "7"),
    ],
)
def test_cells_are_harmless(cell: object, expected: str) -> None:
    """No cell is a formula, none has a line end or a character that hides."""
    assert batch_table.harmless(cell) == expected


def test_cells_are_bounded() -> None:
    """A name of a million characters does not become a cell of as many."""
    assert len(batch_table.harmless("x" * 1_000_000)) == 2000


def test_files_named_as_formulas(
    run: Run, folder: Path, trust: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes from outside, names of files first of all, is text in the table."""
    monkeypatch.chdir(tmp_path)
    names = ['=cmd|"calc"!A1.ofd', "+1.ofd", "@a.ofd", 'a",=1.ofd', "a;=1.ofd", "a\n=1.ofd"]
    for name in names:
        shutil.copy(folder / "a.ofd", name)
    assert run("verify-batch", *names, *trust, "--table", "out.csv").status == PASSED
    cells = [row["File"] for row in table_of(tmp_path / "out.csv")]
    assert cells == [f"'{each}" for each in names[:3]] + [*names[3:5], "a\\n=1.ofd"]
    assert b"\n=1" not in (tmp_path / "out.csv").read_bytes()


def test_hostile_issuer_is_text() -> None:
    """Names inside documents are as their makers please."""
    facts = LicenceFacts("1.2.156.-", "名", "t", "c", '=HYPERLINK("http://example.invalid")', "", "", "")
    report = replace(verify_document(write_package(sealed()), trust=None, at=people.NOW), licence=facts)
    cells = batch_table.cells(BatchRow("a", b"\0" * 32, 1, report), messages("en"))
    assert cells[6] == '\'=HYPERLINK("http://example.invalid")'


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("11010519491231002X", "110105********002X"),
        ("11010519491231002x/1", "110105********002X/1"),
        ("T9911010519491231002X", "T99110105********002X"),
        ("110105194912310021", "110105194912310021"),
        ("1.2.156.3005.2.11100000MB0143028R001.1", "1.2.156.3005.2.11100000MB0143028R001.1"),
    ],
)
def test_numbers_of_citizens_are_masked(number: str, expected: str) -> None:
    """Wherever one stands in a licence's number; what is none stays."""
    assert batch_table.masked(number) == expected


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("problem", BatchProblem)
def test_every_problem_has_a_sentence(problem: BatchProblem, language: str) -> None:
    """In both languages, and in the reference."""
    code, says = batch_table.reason_of(BatchRow("x", problem=problem), messages(language))
    assert (code, bool(says)) == (problem.value, True)
    page = Path(__file__).resolve().parents[2] / "docs" / "reference" / "command-line.md"
    assert f"`{problem.value}`" in page.read_text("utf-8")


def rows_of(workbook: bytes) -> list[list[str]]:
    """Every cell of a workbook's one sheet as text, by its place."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as package:
        assert package.testzip() is None
        sheet = etree.fromstring(package.read("xl/worksheets/sheet1.xml"))
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert not list(sheet.iter(f"{space}f")), "no formulas"
    rows = [["".join(cell.itertext()) for cell in row] for row in sheet.iter(f"{space}row")]
    places = [cell.get("r") for cell in sheet.iter(f"{space}c")]
    assert places == [f"{'ABCDEFGHIJ'[at]}{number}" for number in range(1, len(rows) + 1) for at in range(10)]
    return rows


def test_workbook_has_the_cells_of_the_table(
    run: Run, folder: Path, trust: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that ends in .xlsx gives a workbook with the same rows, and the same workbook each time."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(folder / "a.ofd", "=1&<x>\ufffe.ofd")
    asked = ["verify-batch", folder, "=1&<x>\ufffe.ofd", "--recursive", *trust]
    for name in ("a.csv", "a.xlsx", "b.XLSX"):
        run(*asked, "--table", name)
    workbook = (tmp_path / "a.xlsx").read_bytes()
    assert workbook == (tmp_path / "b.XLSX").read_bytes()
    table = [*csv.reader(io.StringIO((tmp_path / "a.csv").read_text("utf-8-sig"), newline=""))]
    assert table[-1][0] == "'=1&<x>\ufffe.ofd"
    table[-1][0] = "'=1&<x>\ufffd.ofd"  # XML has no such character
    assert rows_of(workbook) == table


def test_workbook_that_is_full_is_told(
    run: Run, folder: Path, trust: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sheet ends somewhere; nothing half is left."""
    monkeypatch.setattr(spreadsheet, "MOST_ROWS", 2)
    out = tmp_path / "out.xlsx"
    ended = run("verify-batch", folder / "a.ofd", folder / "a.ofd", *trust, "--table", out)
    assert (ended.status, out.exists()) == (UNUSABLE, False)
    assert "no room" in ended.err
    assert run("verify-batch", folder / "a.ofd", *trust, "--table", out).status == PASSED


def test_workbook_opens_in_other_software(run: Run, folder: Path, trust: list[object], tmp_path: Path) -> None:
    """Judged by openpyxl where it is installed."""
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is not installed")
    out = tmp_path / "out.xlsx"
    run("verify-batch", folder, "--recursive", *trust, "--table", out)
    sheet = openpyxl.load_workbook(out).active
    assert [row[0].value for row in sheet.rows] == [
        "File",
        *(str(folder / each) for each in FOUND),
    ]
