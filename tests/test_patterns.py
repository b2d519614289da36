"""Regular expressions of the house match alike on every supported Python."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

from tests.test_layers import ALLOWED

# Python up to 3.11.4 matches these wrongly in some surroundings (a look-ahead before, for one).
UNSAFE = {"POSSESSIVE_REPEAT", "ATOMIC_GROUP"}


def patterns(room: str) -> Iterator[tuple[str, "re.Pattern[str] | re.Pattern[bytes]"]]:
    package = importlib.import_module(room)
    names = [room, *(found.name for found in pkgutil.walk_packages(package.__path__, f"{room}."))]
    for name in names:
        if name.endswith("__main__") or name == "crypto.engines.native":
            continue
        module = importlib.import_module(name)
        for key, value in vars(module).items():
            if isinstance(value, re.Pattern):
                yield f"{name}.{key}", value


def operators(parsed: object) -> Iterator[str]:
    if hasattr(parsed, "data"):
        for operator, argument in parsed.data:
            yield str(operator)
            yield from operators(argument)
    elif isinstance(parsed, list | tuple):
        for item in parsed:
            yield from operators(item)


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_no_pattern_needs_a_mended_python(room: str) -> None:
    """No pattern kept in a module uses possessive quantifiers or atomic groups."""
    for name, pattern in patterns(room):
        parsed = re._parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)  # type: ignore[attr-defined]
        assert not UNSAFE & set(operators(parsed)), f"{name}: {pattern.pattern!r}"


def test_the_check_can_fail() -> None:
    """The check finds what it looks for."""
    parsed = re._parser.parse(r"(?:a++b)*+(?>c)")  # type: ignore[attr-defined]
    assert set(operators(parsed)) >= UNSAFE
