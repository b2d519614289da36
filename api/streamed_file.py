"""Files written piece by piece that are there whole or not at all."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from api.failures import CommandError
from api.output import shown


class StreamedFile:
    """A file being written.

    The octets go to a new file beside it, reach the disk, and take its name when the ``with`` block ends well; if
    it does not, nothing is left. Something that is no regular file, such as ``/dev/null``, is written to directly.

    Args:
        path: As typed.
        replace: Whether a file of this name may go.
        mode: Permissions of the new file, before the umask.

    Raises:
        CommandError: It cannot be written, or exists and is to be kept; also from ``write`` and at the end.
    """

    def __init__(self, path: str, *, replace: bool, mode: int = 0o644) -> None:
        self._path = path
        self._replace = replace
        self._mode = mode
        self._target = Path(path)
        self._temporary: Path | None = None
        with self._telling():
            if is_special(self._target):
                self._file: BinaryIO = self._target.open("wb")
                return
            self._temporary = self._target.with_name(f".{self._target.name[:100]}.{secrets.token_hex(8)}")
            descriptor = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
            self._file = os.fdopen(descriptor, "wb")

    def write(self, data: bytes) -> int:
        """Add octets; returns how many."""
        with self._telling():
            self._file.write(data)
        return len(data)

    def flush(self) -> None:
        """Hand what was written to the system."""
        with self._telling():
            self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                with self._telling():
                    self._keep()
        finally:
            with suppress(OSError):
                self._file.close()
            if self._temporary is not None:
                with suppress(OSError):
                    self._temporary.unlink()

    def _keep(self) -> None:
        self._file.flush()
        if self._temporary is None:
            return
        os.fsync(self._file.fileno())
        self._file.close()
        if not self._replace:
            # Takes the name if nobody has it; the place holder is replaced at once.
            os.close(os.open(self._target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, self._mode))
        self._temporary.replace(self._target)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except FileExistsError:
            raise CommandError("errors.output.exists", file=shown(self._path)) from None
        except OSError as error:
            detail = error.strerror or type(error).__name__
            raise CommandError("errors.output.failed", file=shown(self._path), detail=detail) from error
        except ValueError:
            raise CommandError("errors.output.failed", file=shown(self._path), detail="NUL") from None


def is_special(path: Path) -> bool:
    """Whether something is there that is no regular file."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False
