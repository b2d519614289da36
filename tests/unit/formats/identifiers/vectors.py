"""Vectors of the identifier standards, kept in ``tests/vectors``."""

import json
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).resolve().parents[3] / "vectors"


def cases(path: str) -> list[dict[str, Any]]:
    """Cases of one vector file; a file without a source or without cases is an error."""
    content = json.loads((VECTORS / path).read_text(encoding="utf-8"))
    assert content["source"]
    assert content["cases"]
    return list(content["cases"])
