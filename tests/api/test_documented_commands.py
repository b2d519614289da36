"""The page about the command line says what the commands say."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.arguments import argparse_speaking
from api.command_line import build_parser
from api.commands import COMMANDS
from api.failures import BROKEN_PIPE, INTERRUPTED, ExitStatus
from api.messages import messages
from tests.api.conftest import Run
from tools import document_commands
from tools.document_commands import PAGE, ROOT
from verifier import SignatureInspection


def squeezed(text: str) -> str:
    """The words alone: terminals wrap where they like."""
    return re.sub(r"\s+", "", text)


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def documented(page: str) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Usage line and rows of every command on the page."""
    found = {}
    for part in re.split(r"^### ", page, flags=re.MULTILINE)[1:]:
        name = part.split("\n", 1)[0]
        usage = re.search(r"```text\n(.*)\n```", part)
        assert usage is not None, name
        found[name] = (usage[1], re.findall(r"^\| `(.+?)` \| (.*) \|$", part, flags=re.MULTILINE))
    return found


def test_page_is_as_the_tool_would_write_it(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """``python tools/document_commands.py`` would change nothing."""
    monkeypatch.setenv("COLUMNS", "80")
    assert document_commands.page(page) == page


def test_every_command_is_documented(page: str) -> None:
    """Each command, and each of those below it, has its section."""
    text = messages("en")
    with argparse_speaking(text):
        existing = [parser.prog for parser in document_commands.leaves(build_parser(text))]
    assert list(documented(page)) == existing
    assert {name.split()[1] for name in existing} == set(COMMANDS)


def test_page_agrees_with_the_help_people_see(page: str, run: Run) -> None:
    """Usage, every argument and what it means stand in the output of --help."""
    for name, (usage, rows) in documented(page).items():
        ended = run(*name.split()[1:], "--help")
        assert ended.status == 0
        shown = squeezed(ended.out.replace("[-h] [--language {zh-CN,en}]", ""))
        assert squeezed(usage) in shown.replace("[-h][--language{zh-CN,en}]", ""), name
        for argument, meaning in rows:
            assert squeezed(meaning) in shown, f"{name} {argument}"
            for option in re.findall(r"--[a-z-]+", argument):
                assert option in shown, f"{name} {option}"


def test_exit_statuses_are_documented(page: str) -> None:
    """Every status a command can end with has its row."""
    rows = set(re.findall(r"^\| (\d+) \|", page, flags=re.MULTILINE))
    assert rows == {str(int(status)) for status in (*ExitStatus, INTERRUPTED, BROKEN_PIPE)}


def test_environment_variables_are_documented(page: str) -> None:
    """Every variable the command line reads stands on the page, and no other."""
    sources = [*(ROOT / "api").rglob("*.py"), *(ROOT / "formats" / "fonts").rglob("*.py")]
    read = {name for path in sources for name in re.findall(r'"(XINYIN_[A-Z_]+)"', path.read_text("utf-8"))}
    assert set(re.findall(r"`(XINYIN_[A-Z_]+)`", page)) == read


def commands_in(path: Path) -> Iterator[list[str]]:
    """Calls of ``xinyin`` in a page's code blocks, each up to what the shell does with its output."""
    for block in re.findall(
        r"^```(?:sh|bash|console|shell)\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        for line in block.replace("\\\n", " ").splitlines():
            called = re.search(r"(?:^|\$ |bin/|&& )xinyin (.*)", line)
            if called is not None:
                yield shlex.split(re.split(r" [|>&#]", called[1])[0])


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_on_pages_can_be_typed(path: Path) -> None:
    """Every call of ``xinyin`` shown on a page is one that the parser accepts."""
    text = messages("en")
    with argparse_speaking(text):
        parser = build_parser(text)
        for arguments in commands_in(path):
            assert parser.parse_args(arguments).command in COMMANDS, arguments


def test_members_of_inspect_are_documented() -> None:
    """The guide's table has every member of the JSON, and no other."""
    page = (ROOT / "docs" / "how-to" / "inspect-a-file.md").read_text("utf-8")
    table = page[page.index("| member | value |") : page.index("## Look closer")]
    first = re.findall(r"^\| (`.*?) \|", table, flags=re.MULTILINE)
    empty = SignatureInspection(generation=None, signature=None, seal=None, data_hash=None, references=None)
    assert {name for cell in first for name in re.findall(r"`(\w+)`", cell)} == set(empty.to_dict())


def test_the_guides_show_commands() -> None:
    """The test above looks at something."""
    assert len(list(commands_in(ROOT / "docs" / "how-to" / "verify-a-document.md"))) >= 6
