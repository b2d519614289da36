"""Reading and writing files for commands: bounded on the way in, whole or not at all on the way out."""

import errno
import os
import sys
from pathlib import Path
from typing import Final

from api.failures import CommandError
from api.output import Output, shown
from api.streamed_file import StreamedFile, is_special

STANDARD_STREAM: Final = "-"
MAX_DOCUMENT: Final = 128 << 20
"""Octets of the greatest OFD package that is read (``formats.gbt33190.PackageLimits``)."""
MAX_LIST: Final = 128 << 20
"""Octets of the greatest trust list or revocation list."""
MAX_CERTIFICATE: Final = 1 << 20
_PROBLEMS: Final = {
    errno.ENOENT: "missing",
    errno.ENOTDIR: "missing",
    errno.EISDIR: "directory",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.ENAMETOOLONG: "name_too_long",
    errno.ELOOP: "missing",
}


def read_file(path: str, *, most: int) -> bytes:
    """The octets of a file, or of standard input for ``-``.

    Args:
        path: As typed.
        most: Octets; a larger file is refused unread.

    Raises:
        CommandError: It cannot be read, or is larger.
    """
    try:
        if path == STANDARD_STREAM:
            if sys.stdin is None:
                raise CommandError("errors.file.no_input")
            data = sys.stdin.buffer.read(most + 1)
        else:
            with open(path, "rb") as file:  # noqa: PTH123 - the path is shown as typed
                data = file.read(most + 1)
    except OSError as error:
        raise _input_error(path, error) from error
    except ValueError:  # an octet of zero in the path
        raise CommandError("errors.file.missing", file=shown(path)) from None
    if len(data) > most:
        raise CommandError("errors.file.large", file=shown(path), most=most >> 20)
    return data


def _input_error(path: str, error: OSError) -> CommandError:
    problem = _PROBLEMS.get(error.errno or 0)
    if problem is None:
        return CommandError("errors.file.other", file=shown(path), detail=error.strerror or type(error).__name__)
    return CommandError(f"errors.file.{problem}", file=shown(path))


def write_file(path: str, data: bytes, *, replace: bool, mode: int = 0o644) -> None:
    """Write a file so that it is there whole or not at all.

    The octets go to a new file beside it, reach the disk, and take its name. Something that is no regular file,
    such as ``/dev/null``, is written to directly.

    Args:
        path: As typed.
        data: The octets.
        replace: Whether a file of this name may go.
        mode: Permissions of the new file, before the umask.

    Raises:
        CommandError: It cannot be written, or exists and is to be kept.
    """
    with StreamedFile(path, replace=replace, mode=mode) as file:
        file.write(data)


def keep_existing(path: str, *, replace: bool) -> None:
    """Refuse early what ``write_file`` would refuse in the end: before something is signed and recorded.

    Raises:
        CommandError: The file exists and is to be kept.
    """
    if path != STANDARD_STREAM and not replace and os.path.lexists(path) and not is_special(Path(path)):
        raise CommandError("errors.output.exists", file=shown(path))


def deliver(
    path: str, data: bytes, out: Output, *, replace: bool, printable: bool = False, mode: int = 0o644
) -> None:
    """Write a result to a file, or to standard output for ``-``.

    Raises:
        CommandError: It cannot be written.
    """
    if path == STANDARD_STREAM:
        out.octets(data, printable=printable)
    else:
        write_file(path, data, replace=replace, mode=mode)
