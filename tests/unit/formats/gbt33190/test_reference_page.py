"""The reference page names what the code names."""

from pathlib import Path

import pytest

from formats.gbt33190.anomalies import AnomalyKind
from formats.gbt33190.limits import DEFAULT_LIMITS
from formats.gbt33190.reachability import Reason
from formats.tolerances import Tolerance

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "ofd.md"
NAMES = [
    *(tolerance.value for tolerance in Tolerance if tolerance.value.startswith(("zip.", "xml.", "ofd."))),
    *(kind.value for kind in AnomalyKind),
    *(reason.value for reason in Reason),
    *(f"{field}" for field in DEFAULT_LIMITS.__dataclass_fields__),
]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_names_it(name: str) -> None:
    """Every tolerance, anomaly, reason and limit stands on the page."""
    assert f"`{name}`" in PAGE.read_text(encoding="utf-8")
