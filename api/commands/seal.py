"""``xinyin seal``: an electronic seal on an OFD file, its use recorded, at an installation of this machine."""

import argparse
import getpass
import math
from typing import TYPE_CHECKING, Any, Final

from api.arguments import add_command
from api.failures import CommandError, ExitStatus
from api.files import MAX_DOCUMENT, deliver, keep_existing, read_file
from api.installation_input import installation_at
from api.messages import Messages
from api.output import Output

if TYPE_CHECKING:
    from api.installation import IssuerEntry, OpenInstallation
    from formats.gbt33190.document import Document
    from seal_service import StampPlacement

_EDGES: Final = ("left", "right", "top", "bottom")
_A4: Final = (210.0, 297.0)
_FROM_RIGHT_MM: Final = 45.0
_FROM_BOTTOM_MM: Final = 50.0


def add_parser(subparsers: Any, text: Messages) -> None:
    """Add the command."""
    parser = add_command(subparsers, text, "seal", "seal")
    parser.add_argument("file", metavar="FILE", help=text("seal.file"))
    parser.add_argument("--home", metavar="DIR", required=True, help=text("seal.home"))
    parser.add_argument("--issuer", metavar="NAME", required=True, help=text("seal.issuer"))
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help=text("arguments.output"))
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--at", metavar="X,Y", help=text("seal.at"))
    place.add_argument("--riding", choices=_EDGES, help=text("seal.riding"))
    parser.add_argument("--page", metavar="N", type=int, default=1, help=text("seal.page"))
    parser.add_argument("--last", action="store_true", help=text("seal.last"))
    parser.add_argument("--purpose", metavar="TEXT", default="", help=text("seal.purpose"))
    parser.add_argument("--request-id", metavar="KEY", help=text("seal.request_id"))
    parser.add_argument("--force", action="store_true", help=text("arguments.force"))


def run(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    """Seal and write the file."""
    from crypto import sm3
    from formats.gbt33190.document import OfdDocument
    from formats.gbt33190.package import OfdPackage
    from formats.gbt33190.parts import Parts
    from seal_service import SealId, SealingRequest
    from seal_service.errors import SealServiceError

    keep_existing(arguments.output, replace=arguments.force)
    document = read_file(arguments.file, most=MAX_DOCUMENT)
    body = OfdDocument.read(Parts(OfdPackage.open(document))).bodies[0].document
    with installation_at(arguments.home) as place:
        issuer = _issuer(place, arguments.issuer)
        try:
            request = SealingRequest.of_document(
                document,
                request_id=arguments.request_id or f"file-{sm3(document).hex()}",
                stamps=_stamps(arguments, body, issuer),
                purpose=arguments.purpose,
                closes=arguments.last,
            )
            seal_id = SealId.parse(issuer.seal_id)
            sealed = place.seals.seal(seal_id, [request], operator=getpass.getuser())[0]
        except SealServiceError as exc:
            raise CommandError("errors.sealing", detail=exc, status=ExitStatus.FAILED) from exc
    deliver(arguments.output, sealed, out, replace=arguments.force)
    if arguments.output != "-":
        out.line(text("seal.sealed", seal=issuer.seal_name))
    return ExitStatus.PASSED


def _issuer(place: "OpenInstallation", name: str) -> "IssuerEntry":
    issuers = place.installation.issuers
    if name not in issuers:
        raise CommandError("seal.no_issuer", issuer=name, known=", ".join(sorted(issuers)))
    return issuers[name]


def _stamps(
    arguments: argparse.Namespace, body: "Document", issuer: "IssuerEntry"
) -> "tuple[StampPlacement, ...]":
    """Where the imprint goes: at a place, over an edge, or at the lower right of the page."""
    from formats.gbt33190.stamps import Edge, PageSize, riding_stamps
    from seal_service import StampPlacement

    pages = [PageSize(page.id, *_page_size(body, index)) for index, page in enumerate(body.pages)]
    if arguments.riding:
        if len(pages) < 2:
            raise CommandError("seal.one_page")
        along = pages[0].height if arguments.riding in {"left", "right"} else pages[0].width
        extent = issuer.height_mm if arguments.riding in {"left", "right"} else issuer.width_mm
        placed = riding_stamps(
            pages,
            Edge[arguments.riding.upper()],
            width=issuer.width_mm,
            height=issuer.height_mm,
            offset=(along - extent) / 2,
        )
        return tuple(
            StampPlacement(
                stamp.page_ref,
                stamp.boundary.x,
                stamp.boundary.y,
                stamp.boundary.width,
                stamp.boundary.height,
                None if stamp.clip is None else (stamp.clip.x, stamp.clip.y, stamp.clip.width, stamp.clip.height),
            )
            for stamp in placed
        )
    if not 1 <= arguments.page <= len(pages):
        raise CommandError("seal.no_page", page=arguments.page)
    page = pages[arguments.page - 1]
    x, y = _place(arguments.at) if arguments.at else (page.width - _FROM_RIGHT_MM, page.height - _FROM_BOTTOM_MM)
    return (
        StampPlacement(
            page.page_ref, x - issuer.width_mm / 2, y - issuer.height_mm / 2, issuer.width_mm, issuer.height_mm
        ),
    )


def _page_size(body: "Document", index: int) -> tuple[float, float]:
    """The physical box, A4 where the document states none."""
    box = body.area_of(body.page(body.pages[index])).physical
    return (box.width, box.height) if box is not None else _A4


def _place(value: str) -> tuple[float, float]:
    try:
        x, y = (float(part) for part in value.split(","))
    except ValueError:
        raise CommandError("seal.bad_place", value=value) from None
    if not (math.isfinite(x) and math.isfinite(y) and 0 <= x <= 10_000 and 0 <= y <= 10_000):
        raise CommandError("seal.bad_place", value=value)
    return x, y
