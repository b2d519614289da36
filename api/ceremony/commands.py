"""What ``xinyin hsm ceremony`` and ``xinyin ca ceremony`` have in common."""

import argparse
import secrets
import tempfile
from pathlib import Path
from typing import Any

from api import moments
from api.arguments import add_command
from api.failures import CommandError, ExitStatus
from api.messages import Messages
from api.output import Output, shown


def add_ceremony(group: Any, text: Messages, *, authority: bool) -> None:
    """Add the command.

    Args:
        group: Where it goes.
        text: Catalogue.
        authority: Whether a root is made.
    """
    parser = add_command(group, text, "ceremony", "ceremony.ca" if authority else "ceremony.hsm")
    parser.add_argument("plan", metavar="PLAN", help=text("ceremony.option.plan"))
    parser.add_argument("--store", metavar="DIR", help=text("ceremony.option.store"))
    if authority:
        parser.add_argument("--directory", metavar="DIR", help=text("ceremony.option.directory"))
    parser.add_argument("--artefacts", metavar="DIR", required=True, help=text("ceremony.option.artefacts"))
    parser.add_argument("--answers", metavar="FILE", help=text("ceremony.option.answers"))
    parser.add_argument("--dry-run", action="store_true", help=text("ceremony.option.dry_run"))
    parser.set_defaults(handler=_run, authority=authority)


def _run(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api.ceremony.people import PeopleAtTheTerminal, PeopleInAFile
    from api.ceremony.plan import read_plan
    from api.ceremony.running import Ceremony, Places

    plan = read_plan(arguments.plan)
    if (plan.authority is not None) is not arguments.authority:
        raise CommandError("ceremony.other_command", file=shown(arguments.plan))
    people = PeopleInAFile(arguments.answers, text, out) if arguments.answers else PeopleAtTheTerminal(text, out)
    with tempfile.TemporaryDirectory(prefix="xinyin-") as scratch:
        ceremony = Ceremony(
            plan,
            _places(arguments, Path(scratch), Places),
            people,
            text=text,
            out=out,
            clock=moments.now,
            random=secrets.token_bytes,
            dry_run=arguments.dry_run,
        )
        transcript = ceremony.run()
    out.line(text("ceremony.done_dry" if arguments.dry_run else "ceremony.done", file=shown(transcript)))
    return ExitStatus.PASSED


def _places(arguments: argparse.Namespace, scratch: Path, places: Any) -> Any:
    artefacts = Path(arguments.artefacts)
    if arguments.dry_run:
        return places(scratch / "store", scratch / "authority", artefacts)
    directory = arguments.directory if arguments.authority else arguments.store
    if not arguments.store or not directory:
        raise CommandError("ceremony.places_missing")
    return places(Path(arguments.store), Path(directory), artefacts)
