"""How a command ends, and what a person is told when it cannot do what was asked.

Commands raise ``CommandError`` with the key of a text; what lower rooms raise is told here, in one place, so that
no traceback reaches a person.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Final

from api.messages import Messages

_OPTIONAL_LIBRARIES: Final = frozenset(
    {"sqlalchemy", "reportlab", "pypdfium2", "uharfbuzz", "zxingcpp", "PIL", "zlib_ng"}
)
_SERVER_LIBRARIES: Final = frozenset({"fastapi", "starlette", "pydantic", "uvicorn", "uvloop", "httptools"})
_DAMAGE: Final = frozenset({"RecordDamagedError", "StampRegisterError"})
_DOMAINS: Final = frozenset({"ca", "seal_service", "licence_service", "identity", "catalogue"})
_TOLD_RETURN_CODES: Final = frozenset(
    {
        "sdr_prkrerr",
        "sdr_keynotexist",
        "xdr_pinlocked",
        "xdr_uselimit",
        "xdr_officersecret",
        "xdr_officerlocked",
        "xdr_keyexists",
    }
)
"""Return codes of the key store a person can do something about; each has its own text."""


class ExitStatus(IntEnum):
    """What the process returns."""

    PASSED = 0
    """Done; of a verification: every document is valid (有效)."""
    FAILED = 1
    """A document is not valid (无效), or a rule refused what was asked."""
    UNDETERMINED = 2
    """Nothing failed, yet a document's validity could not be confirmed (无法确认)."""
    UNUSABLE = 3
    """The question could not be put: wrong usage, an unreadable file, a service that does not answer."""


INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141


class CommandError(Exception):
    """A command ends here, with a text for a person.

    Args:
        key: Path of the text in the catalogue.
        status: How the process ends.
        values: Put into the text by name.
    """

    def __init__(self, key: str, *, status: ExitStatus = ExitStatus.UNUSABLE, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.status = status
        self.values = values

    def told(self, text: Messages) -> str:
        """The text in one language."""
        return text(self.key, **self.values)


@contextmanager
def reading(file: str, kind: str) -> Iterator[None]:
    """Turn what a reader of outside bytes raises into an error that names the file.

    Args:
        file: As the person wrote it.
        kind: Which text under ``errors.malformed`` says what it should have been.
    """
    from formats.errors import MalformedDataError

    try:
        yield
    except MalformedDataError as error:
        raise CommandError(f"errors.malformed.{kind}", file=file, detail=error) from error


def as_command_error(error: Exception) -> CommandError | None:
    """What lower rooms raise, as an error for a person; None for what nobody foresaw.

    A rule that says no is FAILED, since the question was put and answered; all else is UNUSABLE.
    """
    if isinstance(error, CommandError):
        return error
    if isinstance(error, ModuleNotFoundError):
        library = (error.name or "").split(".")[0]
        if library in _SERVER_LIBRARIES:
            return CommandError("errors.server_library", library=library)
        return CommandError("errors.library", library=library) if library in _OPTIONAL_LIBRARIES else None
    if isinstance(error, OSError):
        return CommandError("errors.system", detail=error.strerror or type(error).__name__)
    if isinstance(error, MemoryError | RecursionError):
        return CommandError("errors.exhausted")
    return _of_rooms(error)


def _of_rooms(error: Exception) -> CommandError | None:
    from crypto import CryptoError, KeyStoreError
    from formats.errors import MalformedDataError
    from formats.register_errors import RegisterError

    if isinstance(error, KeyStoreError):
        return _of_key_store(error)
    if isinstance(error, MalformedDataError):
        return CommandError("errors.malformed.data", detail=error)
    room, _, module = type(error).__module__.partition(".")
    if room in _DOMAINS and module.rpartition(".")[2] == "errors":
        return _of_domain(error)
    if room == "sqlalchemy" or isinstance(error, RegisterError):
        return CommandError("errors.register", detail=getattr(error, "orig", None) or error)
    if isinstance(error, CryptoError):
        return CommandError("errors.crypto", detail=str(error) or type(error).__name__)
    return None


def _of_domain(error: Exception) -> CommandError:
    """What the domains raise; each has the same tree: refused, not found, and damage to its record."""
    if type(error).__name__ in _DAMAGE:
        return CommandError("errors.register", detail=error)
    return CommandError("errors.refused", status=ExitStatus.FAILED, detail=error)


def _of_key_store(error: Exception) -> CommandError:
    from crypto import SigningStoppedError
    from hsm_sim import DeviceError, return_codes

    if isinstance(error, SigningStoppedError):
        return CommandError("errors.key_store.stopped", status=ExitStatus.FAILED, detail=error)
    if isinstance(error, return_codes.OpenDeviceError | return_codes.CommunicationError):
        return CommandError("errors.key_store.unreachable", detail=error)
    name = error.name.lower() if isinstance(error, DeviceError) else ""
    key = f"errors.key_store.{name if name in _TOLD_RETURN_CODES else 'refused'}"
    return CommandError(key, status=ExitStatus.FAILED, detail=error)
