"""Every command shown in the README, the tutorial and the how-to pages is run, and does what the page says."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.conftest import Demonstration, Workplace
from tests.docs.console import Console, fits
from tests.docs.markdown import ROOT, Block, Command, blocks, commands

PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs" / "tutorial").glob("*.md")),
    *sorted((ROOT / "docs" / "how-to").glob("*.md")),
]
CONSOLE = frozenset({"console", "sh"})
_LONG = frozenset({"operate-an-authority.md"})
"""Pages with ceremonies and devices of full cost."""


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=pytest.mark.slow if page.name in _LONG else ()) for page in PAGES], ids=_name
)
def test_a_page_does_what_it_says(page: Path, workplace: Workplace, demonstration: Demonstration) -> None:
    """Files are written, commands and snippets run in the order of the page; output fits what is shown."""
    with Console(workplace.folder, workplace.environment) as console:
        for block in blocks(page):
            if block.language in CONSOLE and block.lines and block.lines[0].startswith("$ "):
                _run_commands(page, block, console, demonstration)
            elif block.file is not None:
                target = workplace.folder / block.file
                assert target.resolve().is_relative_to(workplace.folder), f"{_name(page)}:{block.number}"
                target.write_text(block.text, encoding="utf-8")
            elif block.language == "python":
                _run_snippet(page, block, workplace)


def _run_commands(page: Path, block: Block, console: Console, demonstration: Demonstration) -> None:
    shown = list(commands(block))
    for position, command in enumerate(shown):
        where = f"{_name(page)}:{command.number}: {command.text}"
        if command.text.split()[0] == "make":
            _check_make(where, command, demonstration)
            continue
        status, output = console.run(command.text)
        told = "\n".join(output)
        # A command may fail where the page then asks for its status.
        asked = position + 1 < len(shown) and shown[position + 1].text == "echo $?"
        assert status == 0 or asked, f"{where}\nended with {status}:\n{told}"
        assert not command.expected or fits(command.expected, output), f"{where}\ngave:\n{told}"


def _check_make(where: str, command: Command, demonstration: Demonstration) -> None:
    """``make demo`` was run already; of the other targets it is checked that they can be asked for."""
    words = command.text.split()[1:]
    targets = [word for word in words if "=" not in word]
    if targets == ["demo"]:
        assert fits(command.expected, list(demonstration.output)), where
        return
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in targets:
        assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE), where
    for word in words:
        name, _, value = word.partition("=")
        if name == "T":
            assert (ROOT / value).exists(), where
        elif name == "B":
            assert (ROOT / "benchmarks" / f"{value}.py").exists(), where
        elif value:
            assert re.search(rf"^{re.escape(name)} \?= ", makefile, re.MULTILINE), where


def _run_snippet(page: Path, block: Block, workplace: Workplace) -> None:
    ran = subprocess.run(
        [".venv/bin/python", "-W", "error", "-"],
        cwd=workplace.folder,
        env=workplace.environment,
        input=block.text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, f"{_name(page)}:{block.number}\n{ran.stdout}"


def test_wildcards_stand_for_what_they_should() -> None:
    """The comparison itself: no line too many, none too few, ``…`` within a line and as a line."""
    assert fits(("a … c", "…", "d"), ["a b c", "x", "y", "d"])
    assert fits(("a", "…"), ["a"])
    assert not fits(("a",), ["a", "b"])
    assert not fits(("a", "b"), ["a"])
    assert not fits(("a…",), ["b"])
    assert not fits(("a.c",), ["abc"])


def test_a_console_keeps_status_and_exports(tmp_path: Path) -> None:
    """A failed command's status can be asked for, exports last, output without a line end is whole."""
    with Console(tmp_path, dict(os.environ)) as console:
        assert console.run("export COLOUR=red; printf half") == (0, ["half"])
        assert console.run("(exit 3)") == (3, [])
        assert console.run("echo $? $COLOUR")[1] == ["3 red"]
        assert console.run("cat <<'END'\none\nEND") == (0, ["one"])
