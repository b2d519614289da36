"""The vocabulary of identity: persons, actions, assurance, validity, decisions. Pure.

Somebody may do something for one of four reasons, the basis of the permission:

* as the holder of a licence (``HOLDER``),
* in a capacity for a legal person: its legal representative or an agent (``CAPACITY``),
* by a role as an officer of an authority (``ROLE``),
* by delegation from an officer who has such a role (``DELEGATION``).

Whichever it is, the person must be authenticated at least at the action's assurance level. Which action asks for
which level, role or capacity is data, see ``policy``; officers and capacities themselves are in ``entitlement``.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final, TypeAlias

from formats.errors import MalformedDataError
from formats.gb11643 import CitizenNumber
from formats.gb32100 import CreditCode
from formats.gbt36903 import HolderCode, HolderKind
from formats.identifier_text import ALPHANUMERIC, read_identifier

ID_ALPHABET: Final = ALPHANUMERIC + ALPHANUMERIC.lower() + "-_."
"""Characters of identifiers the house gives to officers and delegations."""


class AssuranceLevel(IntEnum):
    """How sure we are of a person, normalised: provinces number differently and pass on this and the methods."""

    DECLARED = 1
    """Self-declared; only the format is checked."""
    MATCHED = 2
    """Name and number matched with the population or legal-person base."""
    PROVEN = 3
    """Real person, real name and real document shown to be one (实人、实名、实证)."""
    STRONG = 4
    """As before by a stronger route: digital certificate or counter."""


class Action(StrEnum):
    """What somebody may want to do; each has a rule in the policy."""

    VIEW_OWN_LICENCES = "view-own-licences"
    PRESENT_LICENCE = "present-licence"
    AUTHORISE_LICENCE_USE = "authorise-licence-use"
    SIGN_FOR_LEGAL_PERSON = "sign-for-legal-person"
    APPLY_FOR_SEAL = "apply-for-seal"
    USE_SEAL = "use-seal"
    APPROVE_SEAL = "approve-seal"
    MAKE_SEAL = "make-seal"
    CHANGE_SEAL_STATUS = "change-seal-status"
    ISSUE_LICENCE = "issue-licence"
    CHANGE_LICENCE_STATUS = "change-licence-status"
    READ_LICENCE_IN_CASE = "read-licence-in-case"
    REVIEW_CERTIFICATE_REQUEST = "review-certificate-request"
    MANAGE_OFFICERS = "manage-officers"
    OPERATE_SYSTEM = "operate-system"
    READ_AUDIT_TRAIL = "read-audit-trail"


class Capacity(StrEnum):
    """In what capacity a person acts for a legal person."""

    LEGAL_REPRESENTATIVE = "legal-representative"
    """法定代表人 or 负责人."""
    AGENT = "agent"
    """经办人."""


class Basis(StrEnum):
    """What entitles somebody."""

    HOLDER = "holder"
    CAPACITY = "capacity"
    ROLE = "role"
    DELEGATION = "delegation"


class RefusalCode(StrEnum):
    """Why somebody may not; stable."""

    NOT_FOR_HOLDERS = "not-for-holders"
    NO_CAPACITY = "no-capacity"
    NOT_IN_OFFICE = "not-in-office"
    NO_ROLE = "no-role"
    ASSURANCE_TOO_LOW = "assurance-too-low"
    UNKNOWN_ROLE = "unknown-role"
    EXCLUSIVE_ROLES = "exclusive-roles"
    NOT_DELEGABLE = "not-delegable"
    OTHER_AUTHORITY = "other-authority"
    NOT_THE_DELEGATOR = "not-the-delegator"
    ALREADY_REGISTERED = "already-registered"
    ALREADY_ENDED = "already-ended"


@dataclass(frozen=True, slots=True)
class Permitted:
    """Somebody may.

    Attributes:
        basis: What entitles them.
        named: Which role, capacity or delegation; empty for a holder. Belongs into the record of the act.
    """

    basis: Basis
    named: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody may not.

    Attributes:
        code: Which rule is against it.
        message_zh: For users; holds no numbers of persons.
        message_en: The same in English.
    """

    code: RefusalCode
    message_zh: str
    message_en: str


Decision: TypeAlias = Permitted | Refused


@dataclass(frozen=True, slots=True)
class Assurance:
    """How a person was authenticated for the act at hand. Made by ``ActionPolicy.assurance``.

    Attributes:
        level: Normalised level.
        methods: Codes of the methods that gave it.
    """

    level: AssuranceLevel
    methods: frozenset[str]


@dataclass(frozen=True, slots=True)
class Validity:
    """Half-open interval, timezone-aware UTC: from ``since`` on, no more at ``until``; no ``until`` means open.

    Raises:
        ValueError: Not UTC, or the end is before the start.
    """

    since: datetime
    until: datetime | None = None

    def __post_init__(self) -> None:
        for moment in (self.since, self.until):
            if moment is not None and moment.utcoffset() != timedelta(0):
                raise ValueError("validity is kept in UTC")
        if self.until is not None and self.until < self.since:
            raise ValueError("validity ends before it starts")

    def __contains__(self, at: datetime) -> bool:
        return self.since <= at and not self.is_over(at)

    def is_over(self, at: datetime) -> bool:
        """Whether it has ended at a moment."""
        return self.until is not None and self.until <= at

    def overlaps(self, other: "Validity") -> bool:
        """Whether the two share a moment."""
        start = max(self.since, other.since)
        return not self.is_over(start) and not other.is_over(start)

    def ended(self, at: datetime) -> "Validity":
        """The same, over from ``at`` on; what had not begun never does.

        Raises:
            ValueError: It is over already.
        """
        if self.is_over(at):
            raise ValueError("validity is over already")
        return Validity(self.since, max(at, self.since))


@dataclass(frozen=True, slots=True)
class OfficerId:
    """Identifier of an officer; stands in records and logs, so no person's number may be in it.

    Attributes:
        text: 1 to 64 characters of ``A``-``Z``, ``a``-``z``, ``0``-``9``, ``-``, ``_``, ``.``.
    """

    text: str

    def __post_init__(self) -> None:
        read_identifier(self.text, what="officer id", alphabet=ID_ALPHABET, shortest=1, longest=64)
        for start in range(len(self.text) - 17):
            if _is_citizen_number(self.text[start : start + 18]):
                raise MalformedDataError("holds the number of a person", what="officer id")

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class NaturalPerson:
    """A natural person as a holder; ``repr`` shows neither name nor number.

    Raises:
        ValueError: The code is one of legal persons.
    """

    name: str = field(repr=False)
    code: HolderCode = field(repr=False)

    def __post_init__(self) -> None:
        if self.code.kind is not HolderKind.NATURAL:
            raise ValueError("the code is one of legal persons")


@dataclass(frozen=True, slots=True)
class LegalPerson:
    """A legal person or other organisation as a holder."""

    name: str
    code: CreditCode


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """A role an officer has for a time."""

    role: str
    validity: Validity


def _is_citizen_number(text: str) -> bool:
    try:
        CitizenNumber.parse(text)
    except MalformedDataError:
        return False
    return True
