"""Which version of this software runs."""

from importlib.metadata import PackageNotFoundError, version
from typing import Final

DISTRIBUTION: Final = "xinyin"


def installed_version() -> str | None:
    """The installed version; None if the checkout runs without being installed."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return None
