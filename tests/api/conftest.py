"""A command line as a person runs it, without another process."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from api.command_line import main


@dataclass(frozen=True)
class Ended:
    """What a run left behind."""

    status: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """English texts, a known width, and nothing of the machine's own settings."""
    for name in [*os.environ]:
        if name.startswith(("XINYIN_", "LC_")) or name == "LANG":
            monkeypatch.delenv(name)
    monkeypatch.setenv("XINYIN_LANGUAGE", "en")
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``xinyin`` with arguments; no exception may leave it."""

    def call(*arguments: object) -> Ended:
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert isinstance(status, int)
        assert "Traceback" not in captured.err
        return Ended(int(status), captured.out, captured.err)

    return call
