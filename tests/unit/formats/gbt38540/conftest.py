"""The published vector, in pieces that tests put together anew."""

import json
from pathlib import Path
from typing import Any

import pytest

from formats.gbt38540 import SealSignature, read_seal_signature


@pytest.fixture(scope="session")
def vector(vectors_dir: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((vectors_dir / "gbt38540" / "complete_v4.json").read_text("utf-8"))
    data["der"] = bytes.fromhex("".join(data["der"]))
    return data


@pytest.fixture(scope="session")
def published(vector: dict[str, Any]) -> SealSignature:
    return read_seal_signature(vector["der"])
