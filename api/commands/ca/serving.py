"""``xinyin ca serve``: an authority's services over HTTP, until told to stop."""

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.arguments import add_command, checked, whole_number
from api.authority_access import add_directory, add_key
from api.failures import CommandError, ExitStatus
from api.key_places import SOCKET_VARIABLE
from api.messages import Messages
from api.output import Output, shown
from api.secret_sources import KEY_PIN

if TYPE_CHECKING:
    from api.http.surroundings import KeyAccess


def add_parsers(group: Any, text: Messages) -> None:
    """Add the command."""
    serve = add_command(group, text, "serve", "ca.serve")
    add_directory(serve, text)
    serve.add_argument("--listen", metavar="HOST:PORT", help=text("ca.serve.listen"))
    serve.add_argument(
        "--workers",
        metavar="N",
        type=checked(whole_number(1, 64), text, "arguments.not_a_number"),
        help=text("ca.serve.workers"),
    )
    serve.add_argument(
        "--no-access-log",
        dest="access_log",
        action="store_false",
        default=None,
        help=text("ca.serve.no_access_log"),
    )
    serve.add_argument("--json", action="store_true", help=text("ca.serve.json"))
    add_key(serve, text)
    serve.set_defaults(handler=_serve)


def _serve(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api.http.assembly import Assembly, WorkerError
    from api.http.server import address_of, listen
    from api.http.settings import Address, read_server_settings
    from api.http.workers import Workers, WorkersFailedError

    folder = Path(arguments.directory)
    settings = read_server_settings(folder)
    if arguments.listen is not None:
        try:
            settings = settings.changed(listen=Address.parse(arguments.listen))
        except ValueError as error:
            raise CommandError("ca.serve.not_an_address", value=shown(arguments.listen)) from error
    settings = settings.changed(workers=arguments.workers, access_log=arguments.access_log)
    assembly = Assembly(folder, settings, _keys(arguments, text, out), text.language)
    try:
        listener = listen(settings.listen)
    except OSError as error:
        detail = error.strerror or str(error)
        raise CommandError("ca.serve.not_listening", address=settings.listen, detail=detail) from error
    on_ready = _teller(arguments, text, out, str(address_of(listener)), settings.workers)
    try:
        if settings.workers == 1:
            assembly(0, listener, on_ready)
        else:
            Workers(assembly, settings.workers, listener, stop_seconds=settings.stop_seconds).run(
                on_ready=on_ready
            )
    except (WorkerError, WorkersFailedError) as error:
        raise CommandError("ca.serve.failed", detail=error) from error
    finally:
        listener.close()
    return ExitStatus.PASSED


def _keys(arguments: argparse.Namespace, text: Messages, out: Output) -> "KeyAccess":
    from api.http.surroundings import KeyAccess

    given = arguments.pin_file is not None or (KEY_PIN.variable or "") in os.environ
    pin = KEY_PIN.read(arguments.pin_file, text, out) if given else None
    return KeyAccess(arguments.key_store or os.environ.get(SOCKET_VARIABLE), pin)


def _teller(
    arguments: argparse.Namespace, text: Messages, out: Output, address: str, workers: int
) -> Callable[[Sequence[str]], None]:
    def tell(services: Sequence[str]) -> None:
        if arguments.json:
            facts = {"state": "ready", "listen": address, "workers": workers, "services": list(services)}
            out.json(facts, compact=True)
        else:
            out.line(text("ca.serve.ready", address=f"http://{address}", services=", ".join(services)))
        out.flush()

    return tell
