"""``xinyin render``: pages of an OFD document as PDF or PNG, and what could not be drawn."""

import argparse
from typing import TYPE_CHECKING, Any, Final

from api.arguments import add_command, checked, whole_number
from api.failures import CommandError, ExitStatus, reading
from api.files import MAX_DOCUMENT, STANDARD_STREAM, deliver, read_file
from api.messages import Messages
from api.output import Output, shown

if TYPE_CHECKING:
    from formats.gbt33190.package import OfdPackage
    from formats.rendering import Omission

_FORMATS: Final = ("pdf", "png")
_DPI: Final = 150
_MOST_DPI: Final = 1200
_MOST_PAGES: Final = 100_000


def add_parser(subparsers: Any, text: Messages) -> None:
    """Add the command."""
    parser = add_command(subparsers, text, "render", "render")
    parser.add_argument("file", metavar="FILE", help=text("render.file"))
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help=text("render.output"))
    parser.add_argument("--format", choices=_FORMATS, help=text("render.format"))
    parser.add_argument(
        "--page",
        metavar="N",
        type=checked(whole_number(1, _MOST_PAGES), text, "arguments.not_a_number"),
        help=text("render.page"),
    )
    parser.add_argument(
        "--dpi",
        metavar="N",
        type=checked(whole_number(1, _MOST_DPI), text, "arguments.not_a_number"),
        default=_DPI,
        help=text("render.dpi"),
    )
    parser.add_argument("--no-seals", action="store_true", help=text("render.no_seals"))


def run(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    """Draw, write, and tell what was left out."""
    from formats.errors import LimitExceededError
    from formats.gbt33190.package import OfdPackage

    form = arguments.format or _format_of(arguments.output)
    data = read_file(arguments.file, most=MAX_DOCUMENT)
    with reading(shown(arguments.file), "document"):
        try:
            drawn, omissions = _draw(OfdPackage.open(data), form, arguments)
        except LimitExceededError as error:
            raise CommandError("render.too_costly", file=shown(arguments.file), detail=error) from error
    deliver(arguments.output, drawn, out, replace=True)
    for each in omissions:
        told = text.get(f"render.left.{each.what}") or each.what.value
        out.note(text("render.omission", what=told, where=shown(each.where), detail=shown(each.detail)).rstrip())
    if not arguments.no_seals:
        out.note(text("render.no_verdict"))
    return ExitStatus.PASSED


def _format_of(output: str) -> str:
    ending = output.rpartition(".")[2].lower()
    if output == STANDARD_STREAM or ending not in _FORMATS:
        raise CommandError("render.which_format", output=shown(output))
    return ending


def _draw(package: "OfdPackage", form: str, arguments: argparse.Namespace) -> "tuple[bytes, tuple[Omission, ...]]":
    from formats.rendering import render_pdf, render_png

    stamps = () if arguments.no_seals else None
    try:
        if form == "png":
            return render_png(package, arguments.page or 1, arguments.dpi, stamps=stamps)
        pages = None if arguments.page is None else [arguments.page]
        rendered = render_pdf(package, page_numbers=pages, stamps=stamps)
    except ValueError as error:
        from formats.errors import MalformedDataError

        if isinstance(error, MalformedDataError):
            raise
        raise CommandError("render.no_such_page", page=arguments.page or 1, detail=error) from error
    return rendered.pdf, rendered.omissions
