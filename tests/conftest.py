"""Fixtures every room's tests share."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def samples_dir() -> Path:
    """Real files made by others, beside the checkout; they are not part of the project."""
    path = ROOT.parent / "shared" / "samples"
    if not path.is_dir():
        pytest.skip("third parties' samples are not beside this checkout (../shared/samples)")
    return path


@pytest.fixture(scope="session")
def vectors_dir() -> Path:
    """Vectors kept with the project, one folder per standard."""
    return ROOT / "tests" / "vectors"
