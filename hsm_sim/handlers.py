"""The shape of a table of handlers, which ``hsm_sim.dispatch`` joins."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from hsm_sim.commands import Done, Request
from hsm_sim.sessions import Session

Handlers: TypeAlias = Mapping[type[Request[Any]], Callable[[Session, Any], Any]]
DONE: Final = Done()
