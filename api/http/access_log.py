"""The access log: one line of JSON for each exchange, gathered and written a few times a second.

A line holds no query, no body, no header, no address of a client and of the path only what the route declares, so
that no number of a person and no request that was sent as a path can come to stand in it.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from typing import Final

_SECONDS: Final = 0.25
_MOST_LINES: Final = 10_000


class AccessLog:
    """Lines on their way to a writer.

    Args:
        write: Takes text, whole lines; what it raises (a full disk) costs lines and no answer.
        clock: Gives the present moment, UTC.
        has_exchanges: Whether exchanges are noted; what else happens always is.
    """

    def __init__(
        self, write: Callable[[str], None], clock: Callable[[], datetime], *, has_exchanges: bool = True
    ) -> None:
        self._has_exchanges = has_exchanges
        self._write = write
        self._clock = clock
        self._lines: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._second: tuple[datetime | None, str] = (None, "")

    def exchange(self, *, service: str, route: str, method: str, status: int, octets: int, seconds: float) -> None:
        """Note an exchange; every text is the program's own."""
        if not self._has_exchanges:
            return
        self._add(
            f'{{"at":"{self._at()}","event":"exchange","service":"{service}",'
            f'"route":"{route}","method":"{method}","status":{status},"octets":{octets},'
            f'"ms":{seconds * 1000:.2f}}}\n'
        )

    def event(self, event: str, **facts: str | int) -> None:
        """Note something else that happened; ``facts`` hold no secret and no number of a person."""
        line = {"at": self._at(), "event": event, **facts}
        self._add(json.dumps(line, ensure_ascii=True) + "\n")

    def flush(self) -> None:
        """Write what was gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._lines = self._lines, []
        if not lines:
            return
        try:
            self._write("".join(lines))
        except OSError:  # a full disk must not stop the answers
            return

    def _at(self) -> str:
        """The present moment; written once for all lines of it."""
        now = self._clock()
        if now != self._second[0]:
            self._second = (now, f"{now:%Y-%m-%dT%H:%M:%SZ}")
        return self._second[1]

    def _add(self, line: str) -> None:
        self._lines.append(line)
        if len(self._lines) >= _MOST_LINES:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_SECONDS, self.flush)
