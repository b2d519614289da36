"""JSON Schemas (draft 2020-12) of what this package emits, for integrators; packaged data files.

A schema's version goes up when a program written for the old one could stumble: a member taken away, renamed or of
another type, a choice added to a closed list. Codes and steps are only added to, so they are no closed lists here.
"""

import json
from importlib.resources import files
from typing import Any, Final

REPORT: Final = "verification-report-1.json"
"""``Report.to_dict()``, member ``report`` of a line of ``xinyin verify --json``."""
RECEIPT: Final = "verification-receipt-1.json"
"""The payload of a receipt."""
NAMES: Final = (REPORT, RECEIPT)


def schema(name: str) -> dict[str, Any]:
    """One of ``NAMES``, parsed anew each time.

    Raises:
        ValueError: There is none of this name.
    """
    if name not in NAMES:
        raise ValueError(f"no schema {name!r}")
    parsed: dict[str, Any] = json.loads(files("verifier.schemas").joinpath(name).read_bytes())
    return parsed
