"""Which SM2 engines a test runs on: every one this checkout holds, skipped with the reason where it cannot run."""

from functools import lru_cache
from importlib.util import find_spec

import pytest

from crypto import engines
from crypto.errors import EngineUnavailableError

NAMES = tuple(name for name, module in engines.REGISTRY.items() if find_spec(module) is not None)


@lru_cache
def _load(name: str) -> engines.Engine | str:
    try:
        return engines.load(name)
    except EngineUnavailableError as error:
        return str(error)


def load_or_skip(name: str) -> engines.Engine:
    """Give the engine of this name, or skip the test that asked."""
    loaded = _load(name)
    if isinstance(loaded, str):
        pytest.skip(loaded)
    return loaded
