"""Revocation lists of an authority: which are due, making them, looking at them, and publishing all there is."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from api import moments
from api.arguments import add_command, add_group
from api.authority_access import (
    actor_of,
    add_actor,
    add_directory,
    add_key,
    signing_authority,
    unsigning_authority,
)
from api.failures import CommandError, ExitStatus
from api.files import deliver
from api.messages import Messages
from api.moments import beijing_text, utc_text
from api.output import Output, shown

if TYPE_CHECKING:
    from ca.list_schedule import DueList
    from ca.model import ListHead
    from ca.service import CertificateAuthority

_PAGE: Final = 1000


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    lists = add_group(add_command(group, text, "crl", "ca.crl"), text, "crl_command")
    publish = add_command(lists, text, "publish", "ca.crl.publish")
    add_directory(publish, text)
    publish.add_argument("--all", action="store_true", help=text("ca.crl.publish.all"))
    publish.add_argument("--to", metavar="DIR", help=text("ca.publish.to"))
    add_actor(publish, text)
    add_key(publish, text)
    publish.set_defaults(handler=_publish)

    for name, handler in (("due", _due), ("list", _list)):
        parser = add_command(lists, text, name, f"ca.crl.{name}")
        add_directory(parser, text)
        parser.add_argument("--json", action="store_true", help=text("arguments.json"))
        parser.set_defaults(handler=handler)

    show = add_command(lists, text, "show", "ca.crl.show")
    add_directory(show, text)
    show.add_argument("--name", metavar="NAME", default="whole", help=text("ca.crl.show.name"))
    show.add_argument("--number", metavar="N", type=int, help=text("ca.crl.show.number"))
    show.add_argument("--delta", action="store_true", help=text("ca.crl.show.delta"))
    show.add_argument("-o", "--output", metavar="FILE", default="-", help=text("arguments.output"))
    show.add_argument("--pem", action="store_true", help=text("ca.crl.show.pem"))
    show.set_defaults(handler=_show)

    everything = add_command(group, text, "publish", "ca.publish")
    add_directory(everything, text)
    everything.add_argument("--to", metavar="DIR", required=True, help=text("ca.publish.to"))
    everything.set_defaults(handler=_publish_all)


def _publish(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with signing_authority(arguments, text, out) as authority:
        actor = actor_of(arguments)
        if arguments.all:
            crls = [crl for each in authority.lists.needed() for crl in authority.lists.publish(each, actor=actor)]
        else:
            crls = authority.lists.publish_due(actor=actor)
        for crl in crls:
            scope = crl.issuing_distribution_point
            out.line(
                text(
                    "ca.crl.publish.made",
                    number=crl.number,
                    kind=text("ca.crl.delta") if crl.delta_base is not None else text("ca.crl.full"),
                    where=shown(scope.uris[0]) if scope is not None and scope.uris else text("ca.crl.everything"),
                    count=len(crl.revoked),
                    until=beijing_text(crl.next_update),
                )
            )
        if not crls:
            out.line(text("ca.crl.publish.none"))
        if arguments.to is not None:
            _to_folder(authority, arguments.to, text, out)
    return ExitStatus.PASSED


def _publish_all(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with unsigning_authority(arguments) as authority:
        _to_folder(authority, arguments.to, text, out)
    return ExitStatus.PASSED


def _to_folder(authority: "CertificateAuthority", folder: str, text: Messages, out: Output) -> None:
    from api.authority_publication import publication_of
    from api.repository_folder import RepositoryFolder

    published = RepositoryFolder(Path(folder)).publish(list(publication_of(authority)), at=moments.now())
    out.line(
        text(
            "ca.publish.done",
            count=len(published.files),
            number=published.number,
            directory=shown(published.folder),
        )
    )


def _due(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with unsigning_authority(arguments) as authority:
        due, following = authority.lists.due(), authority.lists.next_moment()
    if arguments.json:
        out.json({"due": [_due_data(each) for each in due], "next": utc_text(following)})
        return ExitStatus.PASSED
    out.table([_due_row(each, text) for each in due])
    if not due:
        out.line(text("ca.crl.due.none"))
    if following is not None:
        out.line(text("ca.crl.due.next", at=beijing_text(following)))
    return ExitStatus.PASSED


def _due_data(each: "DueList") -> dict[str, Any]:
    return {
        "list": each.partition.name,
        "kind": "delta" if each.is_delta else "full",
        "reason": str(each.reason),
        "since": utc_text(each.since),
    }


def _due_row(each: "DueList", text: Messages) -> tuple[str, ...]:
    kind = text("ca.crl.delta") if each.is_delta else text("ca.crl.full")
    return each.partition.name, kind, text(f"ca.crl.due.{each.reason}"), beijing_text(each.since)


def _list(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with unsigning_authority(arguments) as authority:
        heads = _heads(authority)
        if arguments.json:
            for head in heads:
                out.json(_head_data(head), compact=True)
            return ExitStatus.PASSED
        rows = [_head_row(head, text) for head in heads]
    out.table(rows)
    if not rows:
        out.line(text("ca.crl.list.none"))
    return ExitStatus.PASSED


def _heads(authority: "CertificateAuthority") -> Iterator["ListHead"]:
    position = 0
    while page := authority.lists.heads(after=position, most=_PAGE):
        yield from page
        position += len(page)


def _head_data(head: "ListHead") -> dict[str, Any]:
    return {
        "list": head.list_name,
        "number": head.number,
        "base": head.base,
        "this_update": utc_text(head.this_update),
        "next_update": utc_text(head.next_update),
        "entries": head.entries,
    }


def _head_row(head: "ListHead", text: Messages) -> tuple[str, ...]:
    kind = text("ca.crl.full") if head.base is None else text("ca.crl.delta_to", number=head.base)
    return (
        head.list_name,
        str(head.number),
        kind,
        beijing_text(head.this_update),
        beijing_text(head.next_update),
        text("ca.crl.list.entries", count=head.entries),
    )


def _show(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    del text
    from formats.gbt20518 import to_pem

    with unsigning_authority(arguments) as authority:
        encoded = authority.crl(arguments.number, list_name=arguments.name, is_delta=arguments.delta).encoded
    if encoded is None:
        raise CommandError("ca.crl.show.unsigned")
    data = to_pem(encoded, "X509 CRL").encode() if arguments.pem else encoded
    deliver(arguments.output, data, out, replace=True, printable=arguments.pem)
    return ExitStatus.PASSED
