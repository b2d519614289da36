"""What entitles somebody to act: an office with its roles, a delegation, a capacity for a legal person. Pure."""

from dataclasses import dataclass, field
from datetime import datetime

from formats.gb32100 import CreditCode
from formats.identifier_text import read_identifier
from identity.model import (
    ID_ALPHABET,
    Action,
    Assurance,
    Basis,
    Capacity,
    Decision,
    OfficerId,
    Permitted,
    RefusalCode,
    Refused,
    RoleGrant,
    Validity,
)
from identity.number_hash import NumberHash
from identity.policy import ActionPolicy


@dataclass(frozen=True, slots=True)
class Representation:
    """A natural person's capacity to act for a legal person.

    Attributes:
        legal_person: For whom.
        person: Who, by keyed hash.
        capacity: In what capacity.
        validity: When.
    """

    legal_person: CreditCode
    person: NumberHash
    capacity: Capacity
    validity: Validity

    def may(self, action: Action, at: datetime, *, assurance: Assurance, policy: ActionPolicy) -> Decision:
        """Whether the person may do ``action`` for the legal person at a moment."""
        rule = policy.rule(action)
        if at not in self.validity or self.capacity not in rule.capacities:
            return Refused(
                RefusalCode.NO_CAPACITY,
                f"无权代表该法人办理“{rule.name_zh}”",
                f"no capacity to {action} for this legal person",
            )
        return policy.refusal_by_level(rule, assurance) or Permitted(Basis.CAPACITY, self.capacity)


@dataclass(frozen=True, slots=True)
class Officer:
    """An officer of an authority.

    Attributes:
        officer_id: Identifier.
        name: Full name; not in ``repr``.
        person: The natural person, by keyed hash.
        authority: Authority the officer serves.
        office: When the officer is in office.
        grants: Roles with their times.
    """

    officer_id: OfficerId
    name: str = field(repr=False)
    person: NumberHash
    authority: CreditCode
    office: Validity
    grants: tuple[RoleGrant, ...] = ()

    def roles_at(self, at: datetime) -> frozenset[str]:
        """Roles at a moment; none out of office."""
        if at not in self.office:
            return frozenset()
        return frozenset(grant.role for grant in self.grants if at in grant.validity)

    def may(self, action: Action, at: datetime, *, assurance: Assurance, policy: ActionPolicy) -> Decision:
        """Whether the officer may do ``action`` by an own role at a moment.

        Args:
            action: What.
            at: When, timezone-aware.
            assurance: How the officer was authenticated.
            policy: Rules of actions.

        Returns:
            ``Permitted`` naming the role, or ``Refused`` with the first reason of: not in office, no role,
            assurance too low.
        """
        rule = policy.rule(action)
        if at not in self.office:
            return Refused(
                RefusalCode.NOT_IN_OFFICE, "该人员此时不在任", f"officer {self.officer_id} is not in office"
            )
        roles = sorted(self.roles_at(at) & rule.roles)
        if not roles:
            return Refused(
                RefusalCode.NO_ROLE,
                f"该人员此时没有办理“{rule.name_zh}”的角色",
                f"officer {self.officer_id} has no role to {action}",
            )
        return policy.refusal_by_level(rule, assurance) or Permitted(Basis.ROLE, roles[0])


@dataclass(frozen=True, slots=True)
class Delegation:
    """Actions one officer lets another of the same authority do for a limited time. It cannot be passed on.

    Attributes:
        delegation_id: Identifier, as an officer's.
        delegator: Who delegates.
        delegate: To whom.
        actions: What.
        validity: When; always with an end.
        revoked_at: When it was taken back, if it was.

    Raises:
        ValueError: To oneself, of nothing, or without an end.
    """

    delegation_id: str
    delegator: OfficerId
    delegate: OfficerId
    actions: frozenset[Action]
    validity: Validity
    revoked_at: datetime | None = None

    def __post_init__(self) -> None:
        read_identifier(self.delegation_id, what="delegation id", alphabet=ID_ALPHABET, shortest=1, longest=64)
        if self.delegator == self.delegate:
            raise ValueError("an officer does not delegate to themselves")
        if not self.actions:
            raise ValueError("a delegation names actions")
        if self.validity.until is None:
            raise ValueError("a delegation has an end")

    def covers(self, action: Action, at: datetime) -> bool:
        """Whether the delegation reaches ``action`` at a moment."""
        return action in self.actions and at in self.validity and not self.is_revoked(at)

    def is_revoked(self, at: datetime) -> bool:
        """Whether it had been taken back at a moment."""
        return self.revoked_at is not None and self.revoked_at <= at
