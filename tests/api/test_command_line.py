"""The frame of the command line: help, languages, exit statuses, and what nobody foresaw."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from api import command_line
from api.commands import COMMANDS
from api.messages import LANGUAGES
from formats.gbt33190.package_writer import write_package
from tests.api.conftest import Run
from tests.unit.verifier.documents import sealed

ROOT = Path(__file__).resolve().parent.parent.parent


def xinyin(*arguments: str | bytes, **options: object) -> "subprocess.CompletedProcess[bytes]":
    """A real process."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(  # noqa: PLW1510
        [sys.executable, "-m", "api", *arguments],
        env=environment,
        timeout=60,
        **{"capture_output": True, **options},
    )  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_lists_every_command(run: Run, language: str) -> None:
    """Help is given in both languages, on standard output, and passes."""
    ended = run("--language", language, "--help")
    assert (ended.status, ended.err) == (0, "")
    for name in COMMANDS:
        assert re.search(rf"^ +{name} ", ended.out, re.MULTILINE)
    assert ("选项" in ended.out) == (language == "zh-CN")
    assert ("positional arguments" in ended.out) is False


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(run: Run, name: str, language: str) -> None:
    """Each command explains itself, and speaks one language throughout."""
    ended = run(name, "--help", "--language", language)
    assert ended.status == 0
    head = "usage: " if language == "en" else "用法："
    assert ended.out.startswith(f"{head}xinyin {name} ")
    if language == "zh-CN":
        assert "show this help" not in ended.out
        assert "options:" not in ended.out


def test_version_names_the_engine(run: Run) -> None:
    """--version says which engine computes SM2; wherever it stands."""
    from crypto import engine_details

    for arguments in (["--version"], ["--language", "zh-CN", "--version"], ["--version", "--language", "en"]):
        ended = run(*arguments)
        assert ended.status == 0
        assert ended.out.startswith("xinyin ")
        assert engine_details() in ended.out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["verify"],
        ["verify", "--at", "yesterday", "x"],
        ["verify", "--at", "0001-01-01", "x"],
        ["verify", "--json", "--quiet", "x"],
        ["verify", "--crl"],
        ["verify", "--quie", "x"],
        ["verify", "--trust-root", "r", "x"],
        ["trust"],
        ["trust", "show"],
        ["hsm", "export", "--index", "0", "--key-store", "s"],
        ["hsm", "export", "--index", "9" * 5000, "--key-store", "s"],
        ["hsm", "export", "--index", "一", "--key-store", "s"],
        ["--language", "tlh", "verify", "x"],
        ["verify", "x", "--language"],
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_wrong_usage_is_status_3(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str], language: str
) -> None:
    """What cannot be asked is told on standard error, with the way to the help."""
    monkeypatch.setenv("XINYIN_LANGUAGE", language)
    ended = run(*arguments)
    assert (ended.status, ended.out) == (3, "")
    assert "xinyin" in ended.err
    spoken = re.sub(r"'[^']*'|[-\w]*[A-Za-z][-\w./:<>+]*", "", ended.err)
    assert bool(re.search(r"[\u4e00-\u9fff]", spoken.replace("一", ""))) == (language == "zh-CN")


def test_unforeseen_errors_are_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect is a line that asks to be reported, with status 3."""

    def broken(_: object) -> None:
        raise ZeroDivisionError("inside\nout")

    monkeypatch.setattr(command_line, "build_parser", broken)
    ended = run("verify", "x")
    assert ended.status == 3
    assert ended.err.count("\n") == 1
    assert "ZeroDivisionError" in ended.err
    assert "XINYIN_DEBUG=1" in ended.err


def test_traceback_only_on_request(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """XINYIN_DEBUG=1 adds the traceback."""
    monkeypatch.setattr(command_line, "build_parser", lambda _: 1 / 0)
    monkeypatch.setenv("XINYIN_DEBUG", "1")
    assert command_line.main(["verify", "x"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_interrupt_is_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends quietly with the status shells know."""

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "build_parser", interrupted)
    ended = run("verify", "x")
    assert (ended.status, ended.out, ended.err) == (130, "", "")


def test_missing_library_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an optional library the command names what to install."""

    def missing(_: object) -> None:
        raise ModuleNotFoundError("No module named 'reportlab'", name="reportlab.pdfgen")

    monkeypatch.setattr(command_line, "build_parser", missing)
    ended = run("verify", "x")
    assert ended.status == 3
    assert "reportlab" in ended.err
    assert "xinyin[all]" in ended.err


def test_memory_running_out_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too large an input is no defect of the program."""

    def exhausted(_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(command_line, "build_parser", exhausted)
    assert run("verify", "x").status == 3


def test_argparse_speaks_english_again_afterwards(run: Run) -> None:
    """Texts of argparse are exchanged for the time of parsing only."""
    import argparse

    before = (argparse._, argparse.ngettext)  # type: ignore[attr-defined]
    run("--language", "zh-CN", "--help")
    run("--language", "zh-CN", "nonsense")
    assert (argparse._, argparse.ngettext) == before  # type: ignore[attr-defined]


def test_module_runs_as_a_process() -> None:
    """``python -m api`` is the command line, and passes its status on."""
    assert xinyin("--help").returncode == 0
    ended = xinyin("verify", "there-is-no-such-file.ofd", "--language", "en")
    assert ended.returncode == 3
    assert b"there is no file" in ended.stdout
    assert b"Traceback" not in ended.stderr


def test_a_name_that_is_no_text_is_shown_and_refused() -> None:
    """A path that is not UTF-8 neither stops the program nor reaches the terminal raw."""
    ended = xinyin("verify", b"/tmp/\xff\xfe\x1b[2J.ofd", "--language", "en")
    assert ended.returncode == 3
    assert b"\x1b" not in ended.stdout + ended.stderr


def test_closed_pipe_ends_quietly() -> None:
    """A reader that goes away is no error to complain about, and nobody is told that all is well."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = xinyin("--help", stdout=writer, stderr=subprocess.PIPE, capture_output=False)
    finally:
        os.close(writer)
    assert ended.returncode == 141
    assert ended.stderr == b""


def test_full_disk_is_told() -> None:
    """Output that cannot be written is an error, not a pass."""
    with Path("/dev/full").open("wb") as full:
        ended = xinyin("--help", stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert ended.returncode == 3
    assert ended.stderr.count(b"\n") == 1


def test_closed_standard_output_is_survived() -> None:
    """With standard output closed by the shell, the status still tells."""
    command = f"{sys.executable} -m api --version >&- 2>&-"
    ended = subprocess.run(["sh", "-c", command], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert ended.returncode == 0


def test_terminals_without_chinese_are_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal of another encoding, characters it lacks are written as escapes."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    monkeypatch.setattr(sys, "stdout", stream)
    assert command_line.main(["--language", "zh-CN", "--help"]) == 0
    assert b"\\u9009\\u9879" in stream.buffer.getvalue()  # type: ignore[attr-defined]


def test_base_install_is_enough_to_verify(tmp_path: Path) -> None:
    """Without database and drawing libraries verify works, and other commands say what to install."""
    optional = ("sqlalchemy", "reportlab", "pypdfium2", "uharfbuzz", "zxingcpp", "PIL", "zlib_ng")
    block = f"import sys; sys.modules.update(dict.fromkeys({optional}))"
    (tmp_path / "authority.json").write_text("{}")

    def status(*arguments: object) -> tuple[int, str]:
        call = f"{block}; from api.command_line import main; sys.exit(main({[str(each) for each in arguments]}))"
        ended = subprocess.run(
            [sys.executable, "-c", call],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.returncode, ended.stderr

    document = tmp_path / "document.ofd"
    document.write_bytes(write_package(sealed()))
    assert status("verify", document) == (2, "")
    assert status("inspect", document) == (0, "")
    code, told = status("render", document, "-o", tmp_path / "a.png")
    assert code == 3
    assert "xinyin[all]" in told


def test_help_is_quick() -> None:
    """Help imports no engine, no XML library and no room: people wait for it."""
    probe = (
        "import sys; from api.command_line import main; main(['--help']);"
        "heavy = {'cryptography', 'lxml', 'sqlalchemy', 'cffi', 'gmssl', 'crypto', 'verifier', 'ca', 'hsm_sim',"
        " 'reportlab', 'pypdfium2', 'PIL', 'seal_service', 'licence_service'};"
        "found = heavy & set(sys.modules); sys.exit(f'imported: {sorted(found)}' if found else 0)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", probe],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
