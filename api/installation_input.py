"""Opening an installation for a command: whatever is wrong with the folder is told in a line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from api.failures import CommandError

if TYPE_CHECKING:
    from api.installation import OpenInstallation


@contextmanager
def installation_at(folder: str) -> "Iterator[OpenInstallation]":
    """The installation in a folder, its key store running until the end.

    Raises:
        CommandError: The folder holds no installation, or one that cannot be opened.
    """
    from api.installation import FILE, open_installation
    from api.wiring import system_clock
    from formats.errors import MalformedDataError
    from formats.fonts import FontsNotFoundError
    from formats.register_errors import RegisterError

    path = Path(folder)
    if not (path / FILE).is_file():
        raise CommandError("errors.installation.none", folder=folder)
    try:
        with open_installation(path, clock=system_clock) as place:
            yield place
    except (MalformedDataError, RegisterError) as exc:
        raise CommandError("errors.installation.broken", folder=folder, detail=exc) from exc
    except FontsNotFoundError as exc:
        raise CommandError("errors.fonts", detail=exc) from exc
