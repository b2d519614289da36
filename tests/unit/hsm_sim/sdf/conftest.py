"""The key store and the library over it."""

from tests.running_store import built, library_path, running_store, store  # noqa: F401
