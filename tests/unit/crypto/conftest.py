"""What the cryptography tests share."""

import json
from pathlib import Path
from typing import Any

import pytest

from crypto import engines
from tests import sm2_engines


@pytest.fixture(params=sm2_engines.NAMES)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> engines.Engine:
    """Each registered engine in turn, made the active one."""
    loaded = sm2_engines.load_or_skip(request.param)
    monkeypatch.setattr(engines, "_active", loaded)
    return loaded


@pytest.fixture
def published(vectors_dir: Path) -> dict[str, Any]:
    """The examples of GB/T 32918.5."""
    return json.loads((vectors_dir / "gbt32918" / "published.json").read_text("utf-8"))
