"""SM2 engines: one protocol, several libraries behind it, the best that passes its known answers is taken.

``active()`` gives the engine chosen at import. The environment variable ``XINYIN_SM2_ENGINE`` names one that must
be used; then nothing else is tried. ``native:portable`` demands one path of the native engine.
"""

import os
import warnings
from importlib import import_module
from typing import Final, cast

from crypto.engines.protocol import Engine
from crypto.engines.self_test import self_test
from crypto.errors import EngineUnavailableError

__all__ = ["ENVIRONMENT_VARIABLE", "REGISTRY", "Engine", "active", "load"]

ENVIRONMENT_VARIABLE: Final = "XINYIN_SM2_ENGINE"

REGISTRY: Final = {
    "native": "crypto.engines.native",
    "openssl": "crypto.engines.openssl",
    "gmssl": "crypto.engines.gmssl",
}
"""Name and module of each engine, best first. A module has ``create() -> Engine``."""

_WITH_PATHS: Final = {"native"}


class _NotBuiltError(EngineUnavailableError):
    """The engine's module is not part of this installation: expected, and worth no warning."""


def load(name: str) -> Engine:
    """Make an engine and run its known answers.

    Raises:
        EngineUnavailableError: The name is unknown, the engine cannot run here, or it failed its self-test.
    """
    base, colon, path = name.partition(":")
    if base not in REGISTRY or (colon and base not in _WITH_PATHS):
        raise EngineUnavailableError(f"unknown SM2 engine {name!r}; known: {', '.join(REGISTRY)}")
    module_name = REGISTRY[base]
    try:
        module = import_module(module_name)
        engine = cast("Engine", module.create(path) if colon else module.create())
    except ModuleNotFoundError as error:
        if error.name not in {module_name, f"crypto.engines._{base}"}:
            raise EngineUnavailableError(f"SM2 engine {name} cannot be imported: {error}") from error
        raise _NotBuiltError(f"SM2 engine {name} is not part of this installation") from error
    except ImportError as error:
        raise EngineUnavailableError(f"SM2 engine {name} cannot be imported: {error}") from error
    failure = self_test(engine)
    if failure is not None:
        raise EngineUnavailableError(f"SM2 engine {name} failed its self-test: {failure}")
    return engine


def choose(demanded: str | None) -> Engine:
    """Take the engine that is demanded, or the best one that works.

    Engines that should have worked and did not are told in one ``RuntimeWarning``.

    Raises:
        EngineUnavailableError: The demanded engine does not work, or none does.
    """
    if demanded:
        return load(demanded)
    failures: list[str] = []
    for name in REGISTRY:
        try:
            engine = load(name)
        except _NotBuiltError:
            continue
        except EngineUnavailableError as error:
            failures.append(str(error))
            continue
        if failures:
            warnings.warn(f"{'; '.join(failures)}. Using {name}.", RuntimeWarning, stacklevel=2)
        return engine
    raise EngineUnavailableError("no SM2 engine works: " + "; ".join(failures))


_active: Engine = choose(os.environ.get(ENVIRONMENT_VARIABLE))


def active() -> Engine:
    """Give the engine in use."""
    return _active


def _forget_in_child() -> None:
    _active.forget()


os.register_at_fork(after_in_child=_forget_in_child)
