"""Settings of the server: typed, with bounds, read strictly from ``server.json`` or given as options.

What an option says goes before what the file says, and that before the defaults.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from api.files import read_file
from formats.json_data import read_json

FILE: Final = "server.json"
SCHEMA: Final = "xinyin.server/1"
_MOST_OCTETS: Final = 64 * 1024
_ADDRESS: Final = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]{2,45})\]|(?P<host>[A-Za-z0-9.-]{1,253})):(?P<port>[0-9]{1,5})"
)
_NUMBERS: Final[Mapping[str, tuple[int, int]]] = {
    "workers": (1, 64),
    "connections": (1, 65_536),
    "path_octets": (256, 65_536),
    "head_octets": (1024, 262_144),
    "head_seconds": (1, 600),
    "body_seconds": (1, 3600),
    "idle_seconds": (1, 3600),
    "stop_seconds": (0, 600),
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen.

    Attributes:
        host: A name, an IPv4 or IPv6 address.
        port: 0 for any that is free.
    """

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read ``HOST:PORT``, an IPv6 address in brackets.

        Raises:
            ValueError: Not of that form.
        """
        found = _ADDRESS.fullmatch(text)
        if found is None or int(found["port"]) > 65_535:
            raise ValueError("not HOST:PORT")
        return cls(found["six"] or found["host"], int(found["port"]))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How the server listens, and what it bears.

    Attributes:
        listen: Where; by default this machine alone can reach it.
        workers: Processes that answer.
        connections: At a time in each worker; one more is answered 503.
        path_octets: Greatest length of a path, query included.
        head_octets: Greatest size of a request's head: path and headers.
        head_seconds: Within this a head is whole.
        body_seconds: Within this a body is whole, and a piece of an answer is taken.
        idle_seconds: A connection without a request is closed after this.
        stop_seconds: What is still running is given this long when the server stops.
        access_log: Whether exchanges are logged on standard error.

    Raises:
        ValueError: At construction, if a number is out of bounds.
    """

    listen: Address = Address("127.0.0.1", 8440)
    workers: int = 1
    connections: int = 1024
    path_octets: int = 8192
    head_octets: int = 32_768
    head_seconds: int = 10
    body_seconds: int = 10
    idle_seconds: int = 15
    stop_seconds: int = 10
    access_log: bool = True

    def __post_init__(self) -> None:
        for name, (least, most) in _NUMBERS.items():
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {least} to {most}")

    def changed(self, **given: Any) -> "ServerSettings":
        """These settings with what was given; None leaves one as it is."""
        return replace(self, **{name: value for name, value in given.items() if value is not None})


def read_server_settings(folder: Path) -> ServerSettings:
    """What ``server.json`` in an authority's folder says; the defaults without the file.

    Raises:
        MalformedDataError: It breaks its schema; the message names the place.
    """
    path = folder / FILE
    if not path.exists():
        return ServerSettings()
    return server_settings(read_file(str(path), most=_MOST_OCTETS))


def server_settings(data: bytes) -> ServerSettings:
    """Read ``server.json``, strictly.

    Raises:
        MalformedDataError: It breaks its schema; the message names the place.
    """
    top = read_json(data, what=FILE, most=_MOST_OCTETS).members(
        required=("schema",), optional=("listen", "access_log", *_NUMBERS)
    )
    top["schema"].choice((SCHEMA,))
    given: dict[str, Any] = {
        name: top[name].integer(least=least, most=most) for name, (least, most) in _NUMBERS.items() if name in top
    }
    if "listen" in top:
        try:
            given["listen"] = Address.parse(top["listen"].text(longest=300))
        except ValueError as error:
            top["listen"].fail(str(error))
    if "access_log" in top:
        given["access_log"] = top["access_log"].boolean()
    return ServerSettings(**given)
