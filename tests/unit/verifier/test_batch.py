"""Many files over worker processes: one row each, in order, the same as one at a time, whatever single files do."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path

import pytest

from crypto import sm3
from formats.gbt33190.package_writer import write_package
from tests.unit.verifier import batch_faults as faults
from tests.unit.verifier import nation as people
from tests.unit.verifier.documents import document, edit, sealed
from verifier.batch import (
    BatchCounts,
    BatchError,
    BatchLimits,
    BatchProblem,
    BatchQuestion,
    BatchRow,
    verify_files,
)
from verifier.errors import TrustListRefusedError
from verifier.findings import Verdict
from verifier.trust_list import TrustList
from verifier.verification import Verifier

ROOT = Path(__file__).resolve().parents[3]
TWO = BatchLimits(processes=2)


@cache
def trust_file() -> bytes:
    return people.nation().trust_file()


def question(kind: type[BatchQuestion] = BatchQuestion) -> BatchQuestion:
    return kind(people.NOW, trust_file(), people.nation().root.certificate.encoded)


@pytest.fixture(scope="module")
def documents() -> dict[str, bytes]:
    return {
        "good": write_package(sealed()),
        "forged": write_package(edit(sealed(), "OFD.xml", "示例科技有限公司", "冒名科技有限公司")),
        "unsigned": write_package(document()),
        "empty": b"",
        "no package": b"%PDF-1.7",
        "cut": write_package(sealed())[:-100],
    }


@pytest.fixture
def files(tmp_path: Path, documents: dict[str, bytes]) -> list[str]:
    for name, data in documents.items():
        (tmp_path / name).write_bytes(data)
    return [str(tmp_path / name) for name in documents]


def no_workers_left() -> bool:
    """Whether this process has no child that runs a worker."""
    return not workers_of(os.getpid())


def workers_of(process: int) -> list[int]:
    """The workers a process has."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((each / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == process and b"verifier.batch_worker" in (each / "cmdline").read_bytes():
                found.append(int(each.name))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
    return found


@pytest.fixture(autouse=True)
def workers_are_ended() -> Iterator[None]:
    yield
    assert no_workers_left()


@pytest.mark.parametrize("processes", [1, 2])
def test_rows_are_those_of_one_at_a_time(files: list[str], processes: int) -> None:
    """Reports, digests and lengths are what a verifier in this process finds, in the order given."""
    trust = TrustList.read(trust_file(), at=people.NOW, anchor=people.nation().root.certificate)
    verifier = Verifier(trust)
    asked = files * 3
    rows = list(verify_files(asked, question(), BatchLimits(processes=processes)))
    assert [row.file for row in rows] == asked
    for row in rows:
        data = Path(row.file).read_bytes()
        assert (row.digest, row.size) == (sm3(data), len(data))
        if row.report is None:
            assert row.problem is BatchProblem.MALFORMED
            with pytest.raises(ValueError):
                verifier.verify(data, at=people.NOW)
        else:
            assert row.report == verifier.verify(data, at=people.NOW)
    assert rows[0].report is not None
    assert rows[0].report.verdict is Verdict.PASSED


def test_three_hundred_files(files: list[str]) -> None:
    """More files than may wait: all are answered, each once, in order."""
    asked = [files[place % len(files)] for place in range(300)]
    counts = BatchCounts()
    rows = list(verify_files(iter(asked), question(), BatchLimits(processes=2, pending=8)))
    for row in rows:
        counts.add(row)
    assert [row.file for row in rows] == asked
    assert (counts.files, counts.passed, counts.unread) == (300, 50, 150)
    assert counts.failed + counts.undetermined == 100


def test_no_files_start_no_process() -> None:
    """Nothing asked, nothing done."""
    assert list(verify_files([], question())) == []


def test_files_that_cannot_be_read_are_rows(tmp_path: Path, files: list[str]) -> None:
    """Missing, a folder, a loop of links, a pipe nobody writes to, a device without end, no right to read, odd names."""
    loop, pipe, secret = tmp_path / "loop", tmp_path / "pipe", tmp_path / "secret"
    loop.symlink_to(loop)
    os.mkfifo(pipe)
    secret.write_bytes(b"")
    secret.chmod(0)
    unreadable = BatchProblem.MALFORMED if os.access(secret, os.R_OK) else BatchProblem.DENIED  # root reads all
    cases = {
        str(tmp_path / "missing"): BatchProblem.MISSING,
        str(tmp_path): BatchProblem.DIRECTORY,
        str(loop): BatchProblem.MISSING,
        str(pipe): BatchProblem.SPECIAL,
        "/dev/zero": BatchProblem.SPECIAL,
        str(secret): unreadable,
        f"{files[0]}/below": BatchProblem.MISSING,
        "a\0b": BatchProblem.MISSING,
        "x" * 5000: BatchProblem.NAME_TOO_LONG,
        "y" * 1_000_000: BatchProblem.NAME_TOO_LONG,
        os.fsdecode(b"\xff\xfe"): BatchProblem.MISSING,
        "": BatchProblem.MISSING,
    }
    rows = list(verify_files([*cases, files[0]], question(), TWO))
    assert [row.problem for row in rows] == [*cases.values(), None]


def test_size_limit(files: list[str]) -> None:
    """A file of the limit is read, one octet more is not."""
    size = Path(files[0]).stat().st_size
    (row,) = verify_files(files[:1], question(), BatchLimits(octets=size))
    assert row.problem is None
    (row,) = verify_files(files[:1], question(), BatchLimits(octets=size - 1))
    assert (row.problem, row.digest, row.size) == (BatchProblem.TOO_LARGE, None, None)


FAULTS = {
    faults.DIE: (BatchProblem.WORKER_DIED, "exit status -9"),
    faults.EXIT: (BatchProblem.WORKER_DIED, "exit status 7"),
    faults.EXHAUST: (BatchProblem.OUT_OF_MEMORY, ""),
    faults.FAIL: (BatchProblem.UNEXPECTED, "RuntimeError: a mistake of the program"),
}


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: each.decode())
def test_a_fault_spoils_its_file_alone(tmp_path: Path, files: list[str], fault: bytes, processes: int) -> None:
    """Every fourth file kills its worker or makes it fail; all others are judged as ever."""
    bad = tmp_path / "bad"
    bad.write_bytes(fault)
    asked = [str(bad) if place % 4 == 1 else files[0] for place in range(12)]
    rows = list(verify_files(asked, question(faults.FaultyQuestion), BatchLimits(processes=processes)))
    assert [row.file for row in rows] == asked
    for place, row in enumerate(rows):
        if place % 4 == 1:
            assert (row.problem, row.detail) == FAULTS[fault]
        else:
            assert row.report is not None
            assert row.report.verdict is Verdict.PASSED


def test_time_limit(tmp_path: Path, files: list[str]) -> None:
    """A file that never ends is given up; the files behind it, also the one its worker had waiting, are judged."""
    slow = tmp_path / "slow"
    slow.write_bytes(faults.HANG)
    asked = [files[0], str(slow), files[0], files[0], files[0]]
    limits = BatchLimits(seconds=2)
    rows = list(verify_files(asked, question(faults.FaultyQuestion), limits))
    assert [row.problem for row in rows] == [None, BatchProblem.OUT_OF_TIME, None, None, None]


def test_a_slow_reader_of_rows_is_no_slow_file(files: list[str]) -> None:
    """What was answered in time counts, however late the row is asked for."""
    rows = []
    for row in verify_files(files[:1] * 6, question(), BatchLimits(seconds=2)):
        rows.append(row)
        if len(rows) == 2:
            time.sleep(2.2)
    assert [row.problem for row in rows] == [None] * 6


def test_memory_limit(tmp_path: Path, files: list[str]) -> None:
    """A file that needs more than the worker may have is told; a small one passes in the same worker."""
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(1 << 30)
    limits = BatchLimits(octets=1 << 30, memory=1 << 30)
    rows = list(verify_files([str(large), files[0]], question(), limits))
    assert [row.problem for row in rows] == [BatchProblem.OUT_OF_MEMORY, None]


def test_closing_and_cancelling_end_the_workers(tmp_path: Path, files: list[str]) -> None:
    """Whoever stops asking leaves no process behind, even one that hangs."""
    slow = tmp_path / "slow"
    slow.write_bytes(faults.HANG)
    asked = [files[0], *[str(slow)] * 10]
    rows = verify_files(asked, question(faults.FaultyQuestion), TWO)
    assert [row.problem for row in islice(rows, 1)] == [None]
    assert not no_workers_left()
    rows.close()
    assert no_workers_left()
    seen: list[BatchRow] = []
    for row in verify_files(asked, question(faults.FaultyQuestion), TWO, cancelled=lambda: bool(seen)):
        seen.append(row)
    assert len(seen) == 1


def test_a_worker_killed_from_outside(tmp_path: Path, files: list[str]) -> None:
    """By the system for want of memory, say: the file in hand is told, all others are judged."""
    slow = tmp_path / "slow"
    slow.write_bytes(faults.HANG)
    rows = verify_files([files[0], str(slow), *files[:1] * 5], question(faults.FaultyQuestion))
    assert next(rows).problem is None
    (worker,) = workers_of(os.getpid())
    os.kill(worker, signal.SIGKILL)
    row = next(rows)
    assert (row.file, row.problem, row.detail) == (str(slow), BatchProblem.WORKER_DIED, "exit status -9")
    assert [each.problem for each in rows] == [None] * 5


PROGRAM = """
import sys
from tests.unit.verifier import test_batch as tests
question = tests.question(tests.faults.FaultyQuestion)
for row in tests.verify_files(sys.argv[1:], question, tests.TWO):
    print("row", flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda each: each.name)
def test_workers_end_with_their_program(tmp_path: Path, files: list[str], how: signal.Signals) -> None:
    """However the program ends, and whatever its workers do."""
    slow = tmp_path / "slow"
    slow.write_bytes(faults.HANG)
    command = [sys.executable, "-c", PROGRAM, files[0], str(slow), str(slow)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"row\n"
        workers = workers_of(program.pid)
        assert workers
        program.send_signal(how)
        program.wait(timeout=60)
    for _ in range(600):
        if not any(is_running(worker) for worker in workers):
            return
        time.sleep(0.1)
    raise AssertionError("a worker outlives its program")


def is_running(process: int) -> bool:
    try:
        return (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_files_are_taken_as_they_are_needed(files: list[str]) -> None:
    """Memory does not grow with the files: no more are taken than may wait."""
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield files[0]

    rows = verify_files(endless(), question(), BatchLimits(processes=2, pending=4))
    list(islice(rows, 10))
    assert taken <= 10 + 4
    rows.close()


def test_what_cannot_begin_is_told() -> None:
    """A list that may not be used, a moment that is not UTC, workers that do not start."""
    stranger = replace(question(), anchor=people.nation().bureau.certificate.encoded)
    with pytest.raises(TrustListRefusedError):
        verify_files([], stranger)
    with pytest.raises(ValueError, match="UTC"):
        verify_files([], replace(question(), at=people.NOW.replace(tzinfo=None)))
    with pytest.raises(BatchError, match="exit status 5"):
        list(verify_files(["x"], question(faults.NeverBeginning)))


@pytest.mark.parametrize(
    "wrong",
    [{"processes": 0}, {"processes": 10_000}, {"octets": 0}, {"seconds": 0}, {"pending": 0}, {"memory": 0}],
)
def test_limits_are_sensible(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        BatchLimits(**wrong)  # type: ignore[arg-type]


def test_a_row_is_a_report_or_a_problem() -> None:
    with pytest.raises(ValueError, match="report or a problem"):
        BatchRow("x")
