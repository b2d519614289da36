"""Who is present at a ceremony: they confirm steps and hand in secrets, at the terminal or through a file.

An answers file (``xinyin.ceremony-answers/1``) is for drills and tests: it holds secrets.
"""

import getpass
import sys
from pathlib import Path
from typing import Final, Protocol

from api.failures import CommandError, reading
from api.files import read_file
from api.messages import Messages
from api.output import Output, shown
from formats.json_data import read_json

SCHEMA: Final = "xinyin.ceremony-answers/1"
ADMINISTRATOR: Final = "administrator"
OPERATOR: Final = "operator"
AUDITOR: Final = "auditor"
CUSTODIAN: Final = "custodian"
ROOT_KEY: Final = "root-key"
_MOST_OCTETS: Final = 1 << 20


class People(Protocol):
    """Those present."""

    def confirm(self, step: str, question: str) -> None:
        """Have them say yes to what they see. Raises CommandError if they do not."""
        ...

    def secret(self, role: str, name: str, *, new: bool) -> bytes:
        """One person's secret; asked for twice if it is new."""
        ...


class PeopleAtTheTerminal:
    """Asked one after another.

    Args:
        text: Catalogue.
        out: Where questions go.
    """

    def __init__(self, text: Messages, out: Output) -> None:
        self._text = text
        self._out = out

    def confirm(self, step: str, question: str) -> None:
        """Ask for ``yes``.

        Raises:
            CommandError: The answer is another, or there is no terminal.
        """
        self._terminal()
        self._out.line(question)
        self._out.flush()
        if input(self._text("ceremony.confirm_prompt")).strip().lower() not in ("yes", "是"):
            raise CommandError("ceremony.not_confirmed", step=step)

    def secret(self, role: str, name: str, *, new: bool) -> bytes:
        """Ask without echo.

        Raises:
            CommandError: Two answers differ, or there is no terminal.
        """
        self._terminal()
        prompt = self._text("ceremony.secret_prompt", role=self._text(f"ceremony.role.{role}"), name=shown(name))
        secret = getpass.getpass(prompt)
        if new and getpass.getpass(self._text("ceremony.again_prompt")) != secret:
            raise CommandError("secrets.differ")
        return secret.encode()

    def _terminal(self) -> None:
        if not sys.stdin or not sys.stdin.isatty():
            raise CommandError("ceremony.no_terminal")


class PeopleInAFile:
    """Answers that were written down before.

    Args:
        path: Of the file.
        out: Where the questions and that they were answered from a file are shown.
        text: Catalogue.
    """

    def __init__(self, path: str, text: Messages, out: Output) -> None:
        self._text = text
        self._out = out
        self._name = Path(path).name
        with reading(shown(path), "answers"):
            top = read_json(read_file(path, most=_MOST_OCTETS), what="answers", most=_MOST_OCTETS).members(
                required=("schema", "confirm", "secrets")
            )
            top["schema"].choice((SCHEMA,))
            self._confirmed = frozenset(each.text(longest=64) for each in top["confirm"].items(most=100))
            self._secrets = {name: each.text(longest=256) for name, each in top["secrets"].entries().items()}

    def confirm(self, step: str, question: str) -> None:
        """Look the step up.

        Raises:
            CommandError: It is not among those confirmed.
        """
        self._out.line(question)
        if step not in self._confirmed:
            raise CommandError("ceremony.not_confirmed", step=step)

    def secret(self, role: str, name: str, *, new: bool) -> bytes:
        """Look it up under ``role name``.

        Raises:
            CommandError: It is not there.
        """
        del new
        found = self._secrets.get(f"{role} {name}".strip())
        if found is None:
            raise CommandError("ceremony.no_answer", name=f"{role} {name}".strip(), file=shown(self._name))
        return found.encode()
