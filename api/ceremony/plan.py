"""The plan of a ceremony: a strict JSON file, reviewed before, whose digest everybody present compares."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from api.failures import reading
from api.files import read_file
from api.output import shown
from formats.json_data import JsonNode, read_json

if TYPE_CHECKING:
    from hsm_sim import DevicePolicy

SCHEMA: Final = "xinyin.ceremony-plan/1"
MAX_PLAN: Final = 1 << 20
_MOST_PEOPLE: Final = 16
_MOST_DAYS: Final = 36_525


@dataclass(frozen=True, slots=True)
class SubordinatePlan:
    """An authority below the root that gets its certificate at the ceremony.

    Attributes:
        name: What its file is called.
        request: Its request (PKCS#10), a path from the plan's folder.
        request_digest: SM3 of the request, hexadecimal, as it was reviewed.
        profile: Profile it is certified under.
        days: Validity from the ceremony's beginning.
    """

    name: str
    request: str
    request_digest: str
    profile: str
    days: int


@dataclass(frozen=True, slots=True)
class AuthorityPlan:
    """The root to be made.

    Attributes:
        key_index: Where its key goes.
        label: Of the key.
        subject: Its name, as ``C=CN, O=…, CN=…``.
        days: Validity from the ceremony's beginning.
        profile: Profile it is certified under.
        policies: Policies of what it issues, beside the one that marks test authorities.
        crl_uris, ocsp_uris, ca_issuers_uris: Addresses it writes into certificates.
        crl_days: Days from one list to the latest next one.
        issue: Authorities below it.
    """

    key_index: int
    label: str
    subject: str
    days: int
    profile: str
    policies: tuple[str, ...]
    crl_uris: tuple[str, ...]
    ocsp_uris: tuple[str, ...]
    ca_issuers_uris: tuple[str, ...]
    crl_days: int
    issue: tuple[SubordinatePlan, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, by whom.

    Attributes:
        octets: The file as it was reviewed.
        folder: Where it lies; requests are found from there.
        title: What the ceremony is called.
        leader: Who leads it.
        witnesses: Who watches and signs on paper.
        administrators, operators, auditors: Officers of the device.
        custodians: Who gets a share.
        threshold: How many of them it takes.
        policy: Of the device.
        authority: The root to be made; None where only the device is set up.
    """

    octets: bytes
    folder: Path
    title: str
    leader: str
    witnesses: tuple[str, ...]
    administrators: tuple[str, ...]
    operators: tuple[str, ...]
    auditors: tuple[str, ...]
    custodians: tuple[str, ...]
    threshold: int
    policy: "DevicePolicy"
    authority: AuthorityPlan | None

    @property
    def digest(self) -> bytes:
        """SM3 of the file."""
        from crypto import sm3

        return sm3(self.octets)

    @property
    def steps(self) -> tuple[str, ...]:
        """Names of the steps, in their order."""
        authority: tuple[str, ...] = ()
        if self.authority is not None:
            authority = ("root-key", "root-certificate", *(f"issue-{one.name}" for one in self.authority.issue))
            authority += ("first-list",)
        return (
            "plan",
            "checks",
            "initialise",
            "officers",
            *authority,
            "custody",
            "backup",
            "restore-test",
            "log",
            "digests",
        )


def read_plan(path: str) -> Plan:
    """Read a plan file.

    Raises:
        CommandError: It cannot be read or breaks its schema.
    """
    data = read_file(path, most=MAX_PLAN)
    with reading(shown(path), "plan"):
        return plan_of(data, Path(path).parent)


def plan_of(data: bytes, folder: Path) -> Plan:
    """Read a plan.

    Raises:
        MalformedDataError: It breaks its schema; the message names the place.
    """
    top = read_json(data, what="plan", most=MAX_PLAN).members(
        required=("schema", "title", "people", "threshold", "policy"), optional=("authority",)
    )
    top["schema"].choice((SCHEMA,))
    people = top["people"].members(
        required=("leader", "witnesses", "administrators", "custodians"), optional=("operators", "auditors")
    )
    custodians = _names(people["custodians"])
    if not 2 <= len(custodians) <= 10:
        people["custodians"].fail("2 to 10 custodians")
    policy = _policy(top["policy"])
    administrators = _names(people["administrators"])
    if len(administrators) < policy.control or len(administrators) > 2:
        people["administrators"].fail("as many administrators as the control of the policy takes, and no third")
    return Plan(
        data,
        folder,
        top["title"].text(longest=200),
        people["leader"].text(longest=64),
        _names(people["witnesses"]),
        administrators,
        _names(people["operators"]) if "operators" in people else (),
        _names(people["auditors"]) if "auditors" in people else (),
        custodians,
        top["threshold"].integer(least=2, most=len(custodians)),
        policy,
        _authority(top["authority"]) if "authority" in top else None,
    )


def _policy(node: JsonNode) -> "DevicePolicy":
    from hsm_sim import DevicePolicy
    from hsm_sim.roles import Control

    members = node.members(
        required=("control",),
        optional=(
            "secret_iterations",
            "password_iterations",
            "secret_tries",
            "password_tries",
            "confirmation_seconds",
        ),
    )
    control = Control[members["control"].choice(("single", "dual")).upper()]
    numbers = {name: each.integer(least=1, most=50_000_000) for name, each in members.items() if name != "control"}
    try:
        return DevicePolicy(control=control, **numbers)
    except ValueError as error:
        node.fail(str(error))


def _authority(node: JsonNode) -> AuthorityPlan:
    from api.subject_input import read_subject

    members = node.members(
        required=("key_index", "label", "subject", "days", "crl_days"),
        optional=("profile", "policies", "crl_uris", "ocsp_uris", "ca_issuers_uris", "issue"),
    )
    subject = members["subject"].text(longest=1000)
    try:
        read_subject(subject)
    except ValueError as error:
        members["subject"].fail(str(error))
    issue = tuple(_subordinate(each) for each in members["issue"].items(most=16)) if "issue" in members else ()
    if len({one.name for one in issue}) != len(issue):
        members["issue"].fail("names differ")
    return AuthorityPlan(
        members["key_index"].integer(least=1, most=4096),
        members["label"].text(longest=64),
        subject,
        members["days"].integer(least=1, most=_MOST_DAYS),
        members["profile"].text(longest=40) if "profile" in members else "root",
        _texts(members, "policies"),
        _texts(members, "crl_uris"),
        _texts(members, "ocsp_uris"),
        _texts(members, "ca_issuers_uris"),
        members["crl_days"].integer(least=1, most=3660),
        issue,
    )


def _subordinate(node: JsonNode) -> SubordinatePlan:
    members = node.members(required=("name", "request", "request_digest", "profile", "days"))
    name = members["name"].text(longest=40)
    if not all(each.isascii() and (each.isalnum() or each in "-_") for each in name):
        members["name"].fail("letters, digits, - and _")
    return SubordinatePlan(
        name,
        members["request"].text(longest=500),
        members["request_digest"].text(longest=64),
        members["profile"].text(longest=40),
        members["days"].integer(least=1, most=_MOST_DAYS),
    )


def _names(node: JsonNode) -> tuple[str, ...]:
    names = tuple(each.text(longest=60) for each in node.items(most=_MOST_PEOPLE))
    if len(set(names)) != len(names) or not all(_is_name(name) for name in names):
        node.fail("names that differ, of letters, digits, - and _, Chinese included")
    return names


def _is_name(name: str) -> bool:
    return all(each.isalnum() or each in "-_" for each in name) and len(name.encode()) <= 64


def _texts(members: Mapping[str, JsonNode], name: str) -> tuple[str, ...]:
    node = members.get(name)
    return tuple(each.text(longest=2000) for each in node.items(most=20)) if node is not None else ()
