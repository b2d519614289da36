"""Which SM2 engines a test runs on: every one this checkout holds, skipped with the reason where it cannot run."""

from functools import lru_cache

import pytest

from crypto import engines
from crypto.errors import EngineUnavailableError

# The native engine has several paths to the same answers; each is an engine of its own to the tests.
NATIVE_PATHS = ("ifma", "avx2", "portable", "emulated")
NAMES = (*(f"native:{path}" for path in NATIVE_PATHS), "openssl", "gmssl")


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
