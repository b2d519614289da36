"""Fixtures every room's tests share."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

from tests.postgresql import offices, postgresql, postgresql_address, register_address

__all__ = ["offices", "postgresql", "postgresql_address", "register_address"]

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


@pytest.fixture(scope="session", autouse=True)
def every_report_fits_its_schema() -> Iterator[None]:
    """Whatever a test verifies in this process, its report has the published form."""
    from tests.json_schema import faults
    from verifier.report import Report
    from verifier.schemas import REPORT, schema
    from verifier.verification import Verifier

    verify, form = Verifier.verify, schema(REPORT)

    def watched(self: Verifier, *arguments: Any, **options: Any) -> Report:
        report = verify(self, *arguments, **options)
        assert faults(report.to_dict(), form) == []
        return report

    watched.watched = True  # type: ignore[attr-defined]
    patch = pytest.MonkeyPatch()
    patch.setattr(Verifier, "verify", watched)
    yield
    patch.undo()
