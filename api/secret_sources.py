"""Where secrets come from: a file, the environment, or the keyboard; never the command line, which others see."""

import getpass
import os
import stat
import sys
from dataclasses import dataclass
from typing import Final

from api.arguments import ArgumentParser
from api.failures import CommandError
from api.files import STANDARD_STREAM, read_file
from api.messages import Messages
from api.output import Output, shown

_MOST_OCTETS: Final = 4096


@dataclass(frozen=True, slots=True)
class SecretSource:
    """One kind of secret.

    Attributes:
        option: Option that names a file whose first line is the secret.
        variable: Environment variable that may hold it instead; it is taken out of the environment when read, so
            that no process started later inherits it. None where only file and keyboard make sense.
        asked: Path of the text that asks for it.
        twice: Whether it is new and therefore asked for twice.
    """

    option: str
    variable: str | None
    asked: str
    twice: bool = False

    @property
    def dest(self) -> str:
        """Where the parser leaves the file's name."""
        return self.option.lstrip("-").replace("-", "_")

    def add_to(self, parser: ArgumentParser, text: Messages) -> None:
        """Add the option."""
        told = text("secrets.file", what=text(self.asked))
        if self.variable is not None:
            told = text("secrets.file_or_variable", what=text(self.asked), variable=self.variable)
        parser.add_argument(self.option, metavar="FILE", help=told)

    def read(self, path: str | None, text: Messages, out: Output) -> bytes:
        """The secret.

        Args:
            path: What the option was given; ``-`` is standard input.
            text: Catalogue, for the question.
            out: Where a warning about the file's permissions goes.

        Raises:
            CommandError: It is nowhere to be found, or empty, or not typed the same twice.
        """
        if path is not None:
            return self._from_file(path, text, out)
        given = os.environ.pop(self.variable, None) if self.variable else None
        secret = self._typed(text) if given is None else os.fsencode(given)
        return self._not_empty(secret, text)

    def _from_file(self, path: str, text: Messages, out: Output) -> bytes:
        secret = first_line(path)
        if path != STANDARD_STREAM and _open_to_others(path):
            out.note(text("secrets.open_to_others", file=shown(path)))
        return self._not_empty(secret, text)

    def _typed(self, text: Messages) -> bytes:
        if not sys.stdin or not sys.stdin.isatty():
            raise CommandError("secrets.nowhere", what=text(self.asked), option=self.option)
        secret = getpass.getpass(text("secrets.prompt", what=text(self.asked)))
        if self.twice and getpass.getpass(text("secrets.prompt_again", what=text(self.asked))) != secret:
            raise CommandError("secrets.differ")
        return secret.encode()

    def _not_empty(self, secret: bytes, text: Messages) -> bytes:
        if not secret:
            raise CommandError("secrets.empty", what=text(self.asked))
        return secret


def named_secret(argument: str, text: Messages, out: Output, asked: str) -> tuple[str, bytes]:
    """A secret that belongs to a name: ``NAME=FILE`` takes the file's first line, ``NAME`` alone asks for it.

    Args:
        argument: As typed.
        text: Catalogue.
        out: Where a warning about the file's permissions goes.
        asked: Path of the text that says what is asked for.

    Raises:
        CommandError: As ``SecretSource.read``.
    """
    name, _, path = argument.partition("=")
    source = SecretSource(name, None, asked)
    return name, source.read(path or None, text, out)


def first_line(path: str) -> bytes:
    """The secret in a file: its first line.

    Raises:
        CommandError: The file cannot be read.
    """
    return read_file(path, most=_MOST_OCTETS).split(b"\n", 1)[0].removesuffix(b"\r")


def _open_to_others(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - the path is shown and used as typed
    except OSError:
        return False
    return stat.S_ISREG(mode) and bool(mode & (stat.S_IRWXG | stat.S_IRWXO))


OFFICER_SECRET: Final = SecretSource("--secret-file", "XINYIN_OFFICER_SECRET", "secrets.officer_secret")
FIRST_OFFICER_SECRET: Final = SecretSource(
    "--secret-file", "XINYIN_OFFICER_SECRET", "secrets.officer_secret", twice=True
)
NEW_OFFICER_SECRET: Final = SecretSource("--new-secret-file", None, "secrets.new_officer_secret", twice=True)
SECOND_OFFICER_SECRET: Final = SecretSource(
    "--second-secret-file", "XINYIN_SECOND_OFFICER_SECRET", "secrets.second_officer_secret"
)
KEY_PIN: Final = SecretSource("--pin-file", "XINYIN_KEY_PIN", "secrets.key_pin")
FIRST_KEY_PIN: Final = SecretSource("--pin-file", "XINYIN_KEY_PIN", "secrets.key_pin", twice=True)
NEW_KEY_PIN: Final = SecretSource("--new-pin-file", None, "secrets.new_key_pin", twice=True)
