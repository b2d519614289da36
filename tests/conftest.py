"""Fixtures every room's tests share."""

import os
from pathlib import Path

import pytest
from hypothesis import Phase, settings

# A property that fails is shrunk within bounds; where a suite decides over a change, the same examples are drawn each
# time, and elsewhere new ones.
settings.register_profile("here", deadline=None, phases=tuple(set(Phase) - {Phase.explain}))
settings.register_profile("decides", settings.get_profile("here"), derandomize=True, print_blob=True)
settings.load_profile("decides" if os.environ.get("CI") else "here")

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
