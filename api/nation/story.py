"""The demonstration: build the toy nation, issue, verify across regions, forge, and see every forgery fail.

The story's clock starts three hours before now and is moved by the story, so that all it signs lies in the past
when a reader verifies the files afterwards.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from api.installation import OpenInstallation, open_installation
from api.nation import forgeries
from api.nation.building import Centre, build_centre, build_region, seal_picture
from api.nation.data import NationData, Region, nation_data
from api.nation.trust import publish_trust_list
from api.time_stamp_service import Clocks
from api.wiring import BEIJING, system_clock
from ca.model import SerialNumber
from formats.gbt20518 import RevocationReason, read_certificate
from hsm_sim import DevicePolicy
from licence_service import FieldViolation, RefusedError
from verifier.codes import Code, Outcome
from verifier.findings import Verdict
from verifier.report import Report
from verifier.trust_list import TrustList
from verifier.verification import Verifier

DEMO_POLICY: Final = DevicePolicy(secret_iterations=100_000, password_iterations=10_000)
"""Key-store passwords of a demonstration are random; stretching them long would only cost its reader time."""
_EARLIER: Final = timedelta(hours=3)


class StoryClock:
    """A clock that the story moves."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def __call__(self) -> datetime:
        """The story's time, UTC."""
        return self._now

    def forward(self, step: timedelta) -> None:
        """Let time pass."""
        self._now += step


@dataclass(frozen=True, slots=True)
class Forgery:
    """A document that must fail.

    Attributes:
        key: Name of the file and of its text.
        document: The forged file.
        codes: Findings that must be among the failures.
    """

    key: str
    document: bytes = field(repr=False)
    codes: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class ForgeryResult:
    """What the verifier said of a forgery.

    Attributes:
        forgery: The forgery.
        report: The verifier's report.
    """

    forgery: Forgery
    report: Report = field(repr=False)

    @property
    def failed(self) -> tuple[Code, ...]:
        """Codes of the failed findings, in order, each once."""
        found = (finding.code for finding in self.report.findings if finding.outcome is Outcome.FAILED)
        return tuple(dict.fromkeys(found))

    @property
    def as_told(self) -> bool:
        """Whether it failed, and for the reason it should."""
        return self.report.verdict is Verdict.FAILED and set(self.forgery.codes) <= set(self.failed)


@dataclass(slots=True)
class Story:
    """Everything the demonstration makes, kept for telling it.

    Attributes:
        folder: Where it goes.
        data: The nation.
        clock: The story's clock.
        documents: Genuine licences by region and licence type.
        matrix: Passed licences by verifying and issuing region.
        results: What became of the forgeries.
        refusal: Why licensing itself refused the licence type the department may not issue.
        still_valid: Genuine licences that pass under the last trust list too, one of them sealed with a
            certificate that was revoked later.
    """

    folder: Path
    data: NationData = field(default_factory=nation_data)
    clock: StoryClock = field(default_factory=lambda: StoryClock(system_clock() - _EARLIER))
    documents: dict[tuple[str, str], bytes] = field(default_factory=dict)
    matrix: dict[tuple[str, str], int] = field(default_factory=dict)
    results: list[ForgeryResult] = field(default_factory=list)
    refusal: tuple[FieldViolation, ...] = ()
    still_valid: int = 0

    @property
    def licences(self) -> Path:
        """Folder of the genuine licences."""
        return self.folder / "licences"

    @property
    def forged(self) -> Path:
        """Folder of the forgeries."""
        return self.folder / "forged"

    @property
    def trust_list(self) -> Path:
        """The trust list."""
        return self.folder / "trust-list.json"

    @property
    def trust_root(self) -> Path:
        """The certificate to pin."""
        return self.folder / "trust-root.cer"

    @property
    def as_told(self) -> bool:
        """Whether all of it came out as told."""
        expected = len(self.data.regions) ** 2
        complete = (
            all(self.matrix.get(key, 0) == self.kinds for key in self._pairs()) and len(self.matrix) == expected
        )
        return (
            complete
            and bool(self.refusal)
            and len(self.results) == 7
            and all(result.as_told for result in self.results)
        )

    @property
    def kinds(self) -> int:
        """How many kinds of licence each region issues."""
        return len(self.data.regions[0].licences)

    def _pairs(self) -> Iterator[tuple[str, str]]:
        for reader in self.data.regions:
            for issuer in self.data.regions:
                yield reader.code, issuer.code


def run_story(story: Story, tell: Callable[[str], None]) -> None:
    """Play the whole story.

    Args:
        story: Filled as it goes; its folder must be empty or not exist.
        tell: Called with the key of each chapter as it begins: ``centre``, ``region``, ``issue``, ``trust``,
            ``matrix``, ``forge`` and ``judge``.
    """
    story.licences.mkdir(parents=True)
    story.forged.mkdir()
    with ExitStack() as stack:
        tell("centre")
        centre = build_centre(
            story.folder / "centre",
            story.data,
            stack,
            clock=story.clock,
            policy=DEMO_POLICY,
            stderr=subprocess.DEVNULL,
        )
        story.trust_root.write_bytes(centre.root.certificate.encoded)
        for region in story.data.regions:
            tell("region")
            build_region(
                story.folder / region.code,
                region,
                centre,
                clock=story.clock,
                policy=DEMO_POLICY,
                stderr=subprocess.DEVNULL,
            )
        story.clock.forward(timedelta(minutes=5))
        opened = [
            stack.enter_context(
                open_installation(
                    story.folder / region.code,
                    clock=story.clock,
                    stderr=subprocess.DEVNULL,
                    stamp_clocks=Clocks(story.clock, lambda: story.clock().timestamp()),
                )
            )
            for region in story.data.regions
        ]
        for region, place in zip(story.data.regions, opened, strict=True):
            tell("issue")
            _issue(story, region, place)
        tell("trust")
        _publish(story, centre, opened, sequence=1)
        tell("matrix")
        _verify_across(story)
        tell("forge")
        story.clock.forward(timedelta(hours=1))
        forged = _forge(story, opened)
        _publish(story, centre, opened, sequence=2)
        story.clock.forward(timedelta(minutes=5))
        tell("judge")
        _judge(story, forged)


def story_day(story: Story) -> date:
    """The story's day on pages."""
    return story.clock().astimezone(BEIJING).date()


def _issue(story: Story, region: Region, place: OpenInstallation) -> None:
    for licence in region.licences:
        request = licence.request(
            region.departments[licence.department],
            area=region.code,
            day=story_day(story),
            request_id=f"demo-{region.code}-{licence.licence_type}",
        )
        issued = place.licences.issue(request)
        story.documents[region.code, licence.licence_type] = issued.document
        (story.licences / f"{region.code}-{licence.licence_type}.ofd").write_bytes(issued.document)


def _publish(story: Story, centre: Centre, opened: Sequence[OpenInstallation], *, sequence: int) -> None:
    crls = [centre.root.publish_crl(actor="operator").encoded]
    crls += [place.authority.publish_crl(actor="operator").encoded for place in opened]
    installations = [
        (region, place.installation) for region, place in zip(story.data.regions, opened, strict=True)
    ]
    story.trust_list.write_bytes(
        publish_trust_list(story.data, centre, installations, crls, sequence=sequence, at=story.clock())
    )


def _reader(story: Story) -> Verifier:
    """A verifier that has the trust list and the pinned root, and nothing else."""
    anchor = read_certificate(story.trust_root.read_bytes())
    return Verifier(TrustList.read(story.trust_list.read_bytes(), at=story.clock(), anchor=anchor))


def _verify_across(story: Story) -> None:
    for reader in story.data.regions:
        verifier = _reader(story)
        for issuer in story.data.regions:
            story.matrix[reader.code, issuer.code] = sum(
                verifier.verify(
                    (story.licences / f"{issuer.code}-{licence.licence_type}.ofd").read_bytes(), at=story.clock()
                ).verdict
                is Verdict.PASSED
                for licence in issuer.licences
            )


def _forge(story: Story, opened: Sequence[OpenInstallation]) -> list[Forgery]:
    first, second, third = story.data.regions
    business = story.documents[first.code, "business-licence"]
    market = first.departments["market"]
    made = [
        Forgery("byte", forgeries.one_byte_changed(business), (Code.REFERENCE,)),
        Forgery(
            "picture",
            forgeries.seal_picture_swapped(business, seal_picture(second.departments["land"])),
            (Code.SEAL_SIGNATURE, Code.SIGNATURE),
        ),
        Forgery("page", forgeries.page_added(business), (Code.COVERAGE_MISSING, Code.REFERENCE)),
        _revoked(story, third, opened[2]),
        Forgery(
            "expired",
            forgeries.sealed_with(
                business,
                forgeries.expired_seal(opened[0], market, at=story.clock()),
                market,
                at=story.clock(),
            ),
            (Code.SEAL_EXPIRED,),
        ),
        _unknown(story, second),
        _not_entitled(story, first, opened[0]),
    ]
    for forgery in made:
        (story.forged / f"{forgery.key}.ofd").write_bytes(forgery.document)
    return made


def _revoked(story: Story, region: Region, place: OpenInstallation) -> Forgery:
    """A department's certificate is revoked; half an hour later its key is used once more."""
    department = region.departments["hospital"]
    certificate = read_certificate(place.installation.issuers[department.key].certificate)
    place.authority.revoke(
        SerialNumber(certificate.serial_number), RevocationReason.CESSATION_OF_OPERATION, actor="operator"
    )
    story.clock.forward(timedelta(minutes=30))
    document = forgeries.sealed_with(
        story.documents[region.code, "birth-certificate"],
        forgeries.holder_of(place, department.key),
        department,
        at=story.clock(),
    )
    return Forgery("revoked", document, (Code.SIGNER_CERT_REVOKED,))


def _unknown(story: Story, region: Region) -> Forgery:
    department = region.departments["market"]
    holder = forgeries.unknown_hierarchy(
        department, region.authority_name, seal_picture(department), clock=story.clock
    )
    document = forgeries.sealed_with(
        story.documents[region.code, "food-business-permit"], holder, department, at=story.clock()
    )
    return Forgery("unknown", document, (Code.SIGNER_CERT_UNTRUSTED, Code.MAKER_CERT_UNTRUSTED))


def _not_entitled(story: Story, region: Region, place: OpenInstallation) -> Forgery:
    """The market regulator issues a real-estate title: first its own licensing refuses, then it is forced."""
    market = region.departments["market"]
    title = next(licence for licence in region.licences if licence.licence_type == "real-estate-title")
    request = title.request(market, area=region.code, day=story_day(story), request_id="demo-not-entitled")
    try:
        place.licences.issue(request)
    except RefusedError as exc:
        story.refusal = exc.violations
    forced = forgeries.issued_beyond_right(place, market.key, request, clock=story.clock)
    return Forgery("entitled", forced, (Code.ISSUER_TYPE,))


def _judge(story: Story, forged: Sequence[Forgery]) -> None:
    verifier = _reader(story)
    story.results = [
        ForgeryResult(forgery, verifier.verify(forgery.document, at=story.clock())) for forgery in forged
    ]
    story.still_valid = sum(
        verifier.verify(document, at=story.clock()).verdict is Verdict.PASSED
        for document in story.documents.values()
    )
