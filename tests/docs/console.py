"""Runs a page's commands as a reader would: one shell, one folder, one after the other."""

from __future__ import annotations

import re
import secrets
import subprocess
from pathlib import Path
from typing import Self

_STATUS = re.compile(r"status (\d+)\n")


class Console:
    """A shell in ``folder``; what a command exports, the next ones see."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._mark = f"end-of-command-{secrets.token_hex(8)}"
        self._shell = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def run(self, command: str) -> tuple[int, list[str]]:
        """Exit status and output lines, standard error among them."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        # The status is put back, so that a command that asks for $? gets the one a reader would get.
        end = f'kept=$?; printf "\\n{self._mark} status %d\\n" $kept; (exit $kept)'
        self._shell.stdin.write(f"{{ {command}\n}} </dev/null\n{end}\n")
        self._shell.stdin.flush()
        lines: list[str] = []
        for line in self._shell.stdout:
            if line.startswith(self._mark):
                found = _STATUS.search(line)
                assert found is not None
                if lines and not lines[-1]:
                    lines.pop()  # the line end that the mark brought along
                return int(found[1]), lines
            lines.append(line.rstrip("\n"))
        raise AssertionError(f"the shell ended in: {command}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._shell.terminate()
        self._shell.communicate(timeout=30)


def fits(expected: tuple[str, ...], given: list[str]) -> bool:
    """Whether output is what a page shows: ``…`` alone on a line stands for any lines, within one for any text."""
    pattern = "".join(_line_pattern(line) for line in expected)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in given)) is not None


def _line_pattern(line: str) -> str:
    if line.strip() == "…":
        return r"(?:.*\n)*"
    return ".*".join(re.escape(part) for part in line.rstrip().split("…")) + r" *\n"
