"""A folder like a reader's checkout after ``make demo``, one for each page."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT

# Pages may tell the reader to put a file into these; everything else is the checkout's own, by reference.
_COPIED = ("licence_service",)


@dataclass(frozen=True)
class Demonstration:
    """What ``make demo`` left, and what it said."""

    folder: Path
    output: tuple[str, ...]


@dataclass(frozen=True)
class Workplace:
    """A folder to run a page's commands in."""

    folder: Path
    environment: dict[str, str]


def environment_of(folder: Path) -> dict[str, str]:
    """A reader's environment: nothing of the machine's own settings, Chinese as it comes."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("XINYIN_", "LC_", "PYTEST_"))
    }
    return {**kept, "LANG": "C.UTF-8", "COLUMNS": "80", "PYTHONPATH": str(folder), "PYTHONIOENCODING": "utf-8"}


def lay_out(folder: Path) -> None:
    """The checkout as the commands of a page see it."""
    (folder / "build").mkdir(parents=True)
    if (ROOT / "build" / "fonts").is_dir():
        (folder / "build" / "fonts").symlink_to(ROOT / "build" / "fonts")
    for path in ROOT.iterdir():
        if path.name in _COPIED:
            shutil.copytree(path, folder / path.name, ignore=shutil.ignore_patterns("__pycache__"))
        elif path.name == ".venv" or not path.name.startswith((".", "build")):
            (folder / path.name).symlink_to(path)


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    """``make demo`` without its set-up, once."""
    if not (ROOT / ".venv" / "bin" / "xinyin").exists():
        pytest.skip("the project is not installed in .venv; make setup does it")
    folder = tmp_path_factory.mktemp("demonstration") / "xinyin"
    lay_out(folder)
    ran = subprocess.run(
        [".venv/bin/xinyin", "demo", "--directory", "build/demo"],
        cwd=folder,
        env=environment_of(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    return Demonstration(folder / "build" / "demo", tuple(ran.stdout.splitlines()))


@pytest.fixture
def workplace(demonstration: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A fresh folder with the demonstration in it."""
    folder = tmp_path_factory.mktemp("workplace") / "xinyin"
    lay_out(folder)
    shutil.copytree(demonstration.folder, folder / "build" / "demo")
    return Workplace(folder, environment_of(folder))
