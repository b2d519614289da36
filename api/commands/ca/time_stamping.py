"""The time-stamp service of an authority: setting it up, its state, and letting a stopped clock go on."""

import argparse
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from api import moments
from api.arguments import absolute_path, add_command, add_group, checked, whole_number
from api.authority_access import actor_of, add_actor, add_directory, add_key, signing_authority
from api.certificate_input import read_certificates
from api.failures import CommandError, ExitStatus
from api.key_store_access import add_index, key_store
from api.messages import Messages
from api.moments import beijing_text, utc_text
from api.output import Output, shown
from api.subject_input import read_subject

if TYPE_CHECKING:
    from api.network_time import ReferenceClock
    from api.time_stamp_service import StampServiceFile
    from ca.time_stamping.audit import StampAuditReport
    from ca.time_stamping.model import StampingSettings
    from ca.time_stamping.register import StampRegister
    from crypto import PublicKey
    from formats.gbt20518 import Certificate

_DAYS: Final = 1826
_MOST_DAYS: Final = 2192
_DIGESTS: Final = ("sm3", "sha256", "sha384", "sha512")
_REFERENCE: Final = re.compile(r"([A-Za-z0-9._-]{1,64})=([A-Za-z0-9.-]{1,253})(?::([0-9]{1,5}))?")


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    own = add_group(add_command(group, text, "timestamp", "ca.timestamp"), text, "timestamp_command")
    _add_create(own, text)

    status = add_command(own, text, "status", "ca.timestamp.status")
    add_directory(status, text)
    status.add_argument("--audit", action="store_true", help=text("ca.timestamp.status.audit"))
    status.add_argument("--json", action="store_true", help=text("arguments.json"))
    status.set_defaults(handler=_status)

    acknowledge = add_command(own, text, "acknowledge", "ca.timestamp.acknowledge")
    add_directory(acknowledge, text)
    acknowledge.add_argument(
        "--reason", metavar="TEXT", required=True, help=text("ca.timestamp.acknowledge.reason")
    )
    add_actor(acknowledge, text)
    acknowledge.set_defaults(handler=_acknowledge)


def _add_create(group: Any, text: Messages) -> None:
    create = add_command(group, text, "create", "ca.timestamp.create")
    number = text, "arguments.not_a_number"
    add_directory(create, text)
    add_index(create, text, "--key-index")
    source = create.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--subject",
        metavar="NAME",
        type=checked(read_subject, text, "arguments.not_a_subject"),
        help=text("ca.timestamp.create.subject"),
    )
    source.add_argument("--certificate", metavar="FILE", help=text("ca.timestamp.create.certificate"))
    create.add_argument(
        "--days",
        metavar="N",
        type=checked(whole_number(1, _MOST_DAYS), *number),
        default=_DAYS,
        help=text("ca.timestamp.create.days"),
    )
    create.add_argument(
        "--policy", metavar="OID", action="append", required=True, help=text("ca.timestamp.create.policy")
    )
    create.add_argument(
        "--accuracy",
        metavar="MS",
        type=checked(whole_number(1, 600_000), *number),
        default=1000,
        help=text("ca.timestamp.create.accuracy"),
    )
    create.add_argument(
        "--digest", choices=_DIGESTS, action="append", default=[], help=text("ca.timestamp.create.digest")
    )
    create.add_argument("--ordering", action="store_true", help=text("ca.timestamp.create.ordering"))
    create.add_argument(
        "--reference",
        metavar="NAME=HOST[:PORT]",
        action="append",
        default=[],
        type=checked(_reference, text, "ca.timestamp.create.not_a_reference"),
        help=text("ca.timestamp.create.reference"),
    )
    create.add_argument(
        "--quorum",
        metavar="N",
        type=checked(whole_number(0, 16), *number),
        help=text("ca.timestamp.create.quorum"),
    )
    create.add_argument(
        "--stamp-pin-file", type=absolute_path, metavar="FILE", help=text("ca.timestamp.create.pin_file")
    )
    add_actor(create, text)
    add_key(create, text)
    create.set_defaults(handler=_create)


def _reference(value: str) -> "ReferenceClock":
    from api.network_time import ReferenceClock

    found = _REFERENCE.fullmatch(value)
    if found is None or int(found[3] or 123) > 65_535:
        raise ValueError("not NAME=HOST[:PORT]")
    return ReferenceClock(found[1], found[2], int(found[3] or 123))


def _create(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api.time_stamp_service import FILE, StampServiceFile, write_stamp_service
    from ca.time_stamping.authority import check_certificate
    from ca.time_stamping.clock_model import ClockSettings

    folder = Path(arguments.directory)
    if (folder / FILE).exists():
        raise CommandError("ca.timestamp.create.exists", directory=shown(folder))
    references = tuple(arguments.reference)
    quorum = (len(references) // 2 + 1 if references else 0) if arguments.quorum is None else arguments.quorum
    if quorum > len(references):
        raise CommandError("ca.timestamp.create.quorum_unreachable", quorum=quorum, count=len(references))
    settings = _settings(arguments)
    with key_store(arguments) as client:
        public_key = client.public_key(arguments.key_index)
    certificate = _certificate(arguments, public_key, text, out)
    check_certificate(certificate)
    file = StampServiceFile(
        key_index=arguments.key_index,
        certificate=certificate,
        settings=settings,
        clock=ClockSettings(quorum=quorum),
        references=references,
        pin_file=arguments.stamp_pin_file,
    )
    write_stamp_service(folder, file)
    with _register(folder, file):
        pass  # its register is there from the first day
    out.line(text("ca.timestamp.create.done", directory=shown(folder), subject=shown(certificate.subject)))
    if quorum == 0:
        out.note(text("ca.timestamp.create.no_references"))
    return ExitStatus.PASSED


def _settings(arguments: argparse.Namespace) -> "StampingSettings":
    from api.time_stamp_service import policy_of
    from ca.time_stamping.model import StampingSettings

    digests = frozenset(arguments.digest or ("sm3", "sha256"))
    try:
        policies = tuple(policy_of(oid, arguments.accuracy, digests) for oid in arguments.policy)
        return StampingSettings(policies, ordering=arguments.ordering)
    except ValueError as error:
        raise CommandError("ca.timestamp.create.settings", detail=error) from error


def _certificate(
    arguments: argparse.Namespace, public_key: "PublicKey", text: Messages, out: Output
) -> "Certificate":
    """The one that was given, or a new one from this authority; of the key at the index in both cases."""
    from ca.model import IssuanceRequest, Possession
    from formats.gbt20518 import Validity

    if arguments.certificate is not None:
        certificate = read_certificates(arguments.certificate)[0]
        if certificate.public_key != public_key:
            raise CommandError(
                "ca.create.chain_of_another", file=shown(arguments.certificate), index=arguments.key_index
            )
        return certificate
    start = moments.now()
    request = IssuanceRequest(
        key=f"time-stamp-{public_key.point.hex()[2:34]}",
        profile="time-stamp",
        subject=arguments.subject,
        public_key=public_key,
        validity=Validity(start, start + timedelta(days=arguments.days)),
        possession=Possession.VOUCHED,
    )
    with signing_authority(arguments, text, out) as authority:
        return authority.issue(request, actor=actor_of(arguments))


@contextmanager
def _register(folder: Path, file: "StampServiceFile | None") -> "Iterator[StampRegister]":
    """The register of the service in a folder, an authority's or an installation's.

    Raises:
        CommandError: There is none, or it cannot be opened.
    """
    from api.time_stamp_service import REGISTER
    from ca.time_stamping.register import StampRegister

    if file is None and not (folder / REGISTER).is_file():
        raise CommandError("ca.timestamp.none", directory=shown(folder))
    store = StampRegister(file.register_address(folder) if file is not None else str(folder / REGISTER))
    try:
        yield store
    finally:
        store.close()


def _status(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api.time_stamp_service import read_stamp_service
    from ca.time_stamping.audit import audit_stamps

    folder = Path(arguments.directory)
    with _register(folder, read_stamp_service(folder)) as store:
        report = audit_stamps(store) if arguments.audit else None
        facts = _facts(store, report)
        change, last = store.clock_change(), store.last_time()
    if arguments.json:
        out.json(facts)
    else:
        state = text(f"ca.timestamp.states.{facts['clock']}")
        out.line(text("ca.timestamp.status.clock", state=state))
        if change is not None:
            out.line(
                text(
                    "ca.timestamp.status.change",
                    at=beijing_text(change.at),
                    actor=shown(change.actor),
                    reason=shown(change.reason),
                )
            )
        out.line(text("ca.timestamp.status.stamps", count=facts["stamps"], last=beijing_text(last) or "-"))
        for problem in facts.get("contradictions", ()):
            out.line(text("ca.timestamp.status.contradiction", detail=problem))
        if report is not None and report.is_clean:
            out.line(text("ca.timestamp.status.clean", count=report.entries))
    return ExitStatus.PASSED if report is None or report.is_clean else ExitStatus.FAILED


def _facts(store: "StampRegister", report: "StampAuditReport | None") -> dict[str, Any]:
    change = store.clock_change()
    facts: dict[str, Any] = {
        "clock": str(change.state) if change is not None else "doubtful",
        "reason": change.reason if change is not None else None,
        "since": utc_text(change.at) if change is not None else None,
        "stamps": store.count(),
        "last": utc_text(store.last_time()),
        "numbers_reserved": sum(block.count for block in store.blocks()),
    }
    if report is not None:
        broken = () if report.first_break is None else (f"the trail breaks at entry {report.first_break}",)
        facts["contradictions"] = [*broken, *report.contradictions]
    return facts


def _acknowledge(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api.time_stamp_service import read_stamp_service
    from ca.time_stamping.clock_guard import acknowledge

    reason = arguments.reason.strip()
    if not 0 < len(reason) <= 1000:
        raise CommandError("ca.timestamp.acknowledge.no_reason")
    folder = Path(arguments.directory)
    with _register(folder, read_stamp_service(folder)) as store:
        acknowledge(store, reason=reason, actor=actor_of(arguments)[:200], at=moments.now())
    out.line(text("ca.timestamp.acknowledge.done"))
    return ExitStatus.PASSED
