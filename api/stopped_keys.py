"""Keys that signed wrongly and were stopped: a file each, in the folder of the authority or installation.

```
stopped-<16 hexadecimal digits>.json               a key that is stopped
lifted-<the same digits>-<moment>.json             what it was stopped for, and who lifted that, when and why
```

The digits are the first of the SM3 of the public key. A file that cannot be read stops the key as well.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from api.failures import CommandError, ExitStatus
from api.files import read_file, write_file
from api.moments import read_moment, utc_text
from api.output import shown
from crypto import PublicKey, sm3
from formats.errors import MalformedDataError
from formats.json_data import read_json

SCHEMA: Final = "xinyin.stopped-key/1"
_MOST_OCTETS: Final = 64 * 1024
_LONGEST: Final = 1000


def stop_name(public_key: PublicKey) -> str:
    """How a key is named in files and commands: 16 hexadecimal digits."""
    return sm3(public_key.point).hex()[:16]


@dataclass(frozen=True, slots=True)
class Stop:
    """A key that is stopped.

    Attributes:
        name: Of the key, see ``stop_name``.
        at: When it was stopped; None if the file cannot be read.
        reason: Why.
    """

    name: str
    at: datetime | None
    reason: str


class StopFile:
    """``crypto.StopRecord`` in a folder.

    Args:
        folder: Of the authority or installation.
        public_key: Of the key.
        clock: Gives the present moment, UTC.
    """

    def __init__(self, folder: Path, public_key: PublicKey, *, clock: Callable[[], datetime]) -> None:
        self._path = _path(folder, stop_name(public_key))
        self._clock = clock
        self._here: str | None = None

    def reason(self) -> str | None:
        """Why the key is stopped; None while it signs."""
        if self._here is not None:
            return self._here
        return _read(self._path).reason if self._path.exists() else None

    def stop(self, reason: str) -> None:
        """Stop the key for this process and those to come. Where the file cannot be written, this one at least."""
        self._here = reason
        if self._path.exists():
            return
        content = {"schema": SCHEMA, "at": utc_text(self._clock()), "reason": reason}
        try:
            write_file(str(self._path), _json(content), replace=False, mode=0o600)
        except CommandError as error:
            if not self._path.exists():  # another process may have been first
                self._here = f"{reason}; this could not be recorded: {error.values.get('detail', error.key)}"


def stops_in(folder: Path) -> list[Stop]:
    """The keys of a folder that are stopped, by name."""
    return [_read(path) for path in sorted(folder.glob("stopped-*.json"))]


def lift(folder: Path, name: str, *, actor: str, why: str, at: datetime) -> Stop:
    """Let a key sign again; what it was stopped for stays on record.

    Raises:
        CommandError: It is not stopped, or the folder cannot be written.
    """
    path = _path(folder, name)
    if not path.exists():
        raise CommandError("hsm.lift_stop.not_stopped", status=ExitStatus.FAILED, name=shown(name))
    stop = _read(path)
    content = {
        "schema": SCHEMA,
        "at": utc_text(stop.at),
        "reason": stop.reason,
        "lifted_at": utc_text(at),
        "lifted_by": actor,
        "why": why,
    }
    kept = folder / f"lifted-{name}-{at:%Y%m%dT%H%M%SZ}.json"
    write_file(str(kept), _json(content), replace=False, mode=0o600)
    path.unlink()
    return stop


def _path(folder: Path, name: str) -> Path:
    return folder / f"stopped-{name}.json"


def _json(content: dict[str, str | None]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _read(path: Path) -> Stop:
    name = path.stem.removeprefix("stopped-")
    try:
        top = read_json(read_file(str(path), most=_MOST_OCTETS), what=path.name, most=_MOST_OCTETS).members(
            required=("schema", "at", "reason")
        )
        top["schema"].choice((SCHEMA,))
        return Stop(name, read_moment(top["at"].text(longest=40)), top["reason"].text(longest=_LONGEST))
    except (MalformedDataError, CommandError, ValueError, OverflowError):
        return Stop(name, None, f"{path.name} cannot be read")
