"""The judge in Go over gmsm, built where Go is, as a fixture of the peers that ask it."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "tests" / "peers" / "go"
BUILT = ROOT / "build" / "peers" / "go"

Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def ask() -> Iterator[Ask]:
    """Puts one question to the judge; an answer has ``refused`` (empty if it accepts) and ``facts``."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("no go")
    BUILT.mkdir(parents=True, exist_ok=True)
    judge = BUILT / f"gmsmpeer-{os.getpid()}"
    built = subprocess.run(
        [go, "build", "-mod=readonly", "-buildvcs=false", "-o", judge, "."],
        cwd=SOURCE, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    if built.returncode != 0:
        pytest.skip(f"the judge could not be built: {built.stderr.strip().splitlines()[-1][:300]}")

    def ask(question: str, **given: Any) -> dict[str, Any]:
        fields = {
            name: [_text(each) for each in value] if isinstance(value, list) else _text(value)
            for name, value in given.items()
        }
        run = subprocess.run(
            [judge], input=json.dumps([{"ask": question, **fields}]), capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        [answer] = json.loads(run.stdout)
        return answer

    yield ask
    judge.unlink()


def _text(value: Any) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
