"""Which route an address belongs to: exact paths first, then prefixes, the longest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from api.http.problems import ProblemError
from api.http.service import Mount, Route, Service

HEALTH: Final = "/health"
READY: Final = "/ready"


@dataclass(frozen=True, slots=True)
class Found:
    """Where an address leads; exactly one of route, mount and probe is there.

    Attributes:
        service: Whose it is; ``-`` of the application itself.
        path: As declared, for the log.
        route: A machine protocol's.
        mount: A REST part.
        probe: ``/health`` or ``/ready``.
        rest: What follows the route's own path, as received, without the slash between.
    """

    service: str
    path: str
    route: Route | None = None
    mount: Mount | None = None
    probe: str | None = None
    rest: bytes = b""


class Router:
    """The addresses of services.

    Args:
        services: Whose.

    Raises:
        ValueError: An address is there twice, or is the application's own.
    """

    def __init__(self, services: Sequence[Service]) -> None:
        self._exact: dict[bytes, Found] = {
            path.encode("ascii"): Found("-", path, probe=path) for path in (HEALTH, READY)
        }
        prefixes: dict[bytes, Found] = {}
        for found, is_prefix in _addresses(services):
            own = found.path.encode("ascii")
            if own in self._exact:
                raise ValueError(f"two services answer {found.path}")
            self._exact[own] = found
            if is_prefix:
                prefixes[own + b"/"] = found
        self._prefixes = sorted(prefixes.items(), key=lambda item: -len(item[0]))

    def find(self, raw_path: bytes) -> Found:
        """The route of an address.

        Args:
            raw_path: As received, without query.

        Raises:
            ProblemError: 404.
        """
        found = self._exact.get(raw_path)
        if found is not None:
            return found
        for prefix, below in self._prefixes:
            if raw_path.startswith(prefix):
                rest = raw_path[len(prefix) :]
                return Found(below.service, below.path, below.route, below.mount, rest=rest)
        raise ProblemError(HTTPStatus.NOT_FOUND, "no-such-address")


def _addresses(services: Sequence[Service]) -> Iterator[tuple[Found, bool]]:
    for service in services:
        for route in service.routes:
            yield Found(service.name, route.path, route=route), route.is_prefix
        for mount in service.mounts:
            yield Found(service.name, mount.path, mount=mount), True
