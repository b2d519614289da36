"""What several use cases ask: is the actor entitled, do roles exclude each other, may something be delegated."""

from dataclasses import dataclass
from datetime import datetime

from identity.entitlement import Officer
from identity.errors import RefusedError, UnknownOfficerError
from identity.model import (
    Action,
    Assurance,
    Basis,
    Decision,
    OfficerId,
    Permitted,
    RefusalCode,
    Refused,
    RoleGrant,
)
from identity.policy import ActionPolicy
from identity.ports import Transaction


@dataclass(frozen=True, slots=True)
class Actor:
    """The officer at the console, and how they were authenticated."""

    officer_id: OfficerId
    assurance: Assurance


def refusal(code: RefusalCode, message_zh: str, message_en: str) -> RefusedError:
    """The exception for a broken rule."""
    return RefusedError(code, message_zh, message_en)


def required(decision: Decision) -> Permitted:
    """The permission; raises ``RefusedError`` if there is none."""
    if isinstance(decision, Refused):
        raise refusal(decision.code, decision.message_zh, decision.message_en)
    return decision


def registered(transaction: Transaction, officer_id: OfficerId) -> Officer:
    """An officer on record; raises ``UnknownOfficerError``."""
    officer = transaction.officer(officer_id)
    if officer is None:
        raise UnknownOfficerError(f"no officer {officer_id}")
    return officer


def require_manager(transaction: Transaction, policy: ActionPolicy, actor: Actor, at: datetime) -> None:
    """Raises ``RefusedError`` unless the actor may manage officers by an own role."""
    officer = registered(transaction, actor.officer_id)
    required(officer.may(Action.MANAGE_OFFICERS, at, assurance=actor.assurance, policy=policy))


def check_grants(policy: ActionPolicy, grants: tuple[RoleGrant, ...]) -> None:
    """Raises ``RefusedError`` if a role is unknown or two exclude each other at some time."""
    for grant in grants:
        if grant.role not in policy.roles:
            raise refusal(RefusalCode.UNKNOWN_ROLE, "没有这个角色", "there is no such role")
    conflict = policy.conflict(grants)
    if conflict is not None:
        raise _exclusive(*conflict)


def check_delegable(
    policy: ActionPolicy, delegator: Officer, delegate: Officer, action: Action, at: datetime, assurance: Assurance
) -> None:
    """Raises ``RefusedError`` if ``action`` is not the delegator's to delegate to this delegate now."""
    rule = policy.rule(action)
    if not rule.delegable:
        raise refusal(RefusalCode.NOT_DELEGABLE, f"“{rule.name_zh}”不能委托", f"{action} cannot be delegated")
    permitted = required(delegator.may(action, at, assurance=assurance, policy=policy))
    clash = _clash(policy, permitted, delegate, at)
    if clash is not None:
        raise _exclusive(permitted.named, clash)


def officer_decision(
    transaction: Transaction,
    policy: ActionPolicy,
    officer_id: OfficerId,
    action: Action,
    at: datetime,
    assurance: Assurance,
) -> Decision:
    """Whether an officer may do ``action``: by an own role, else by the first delegation that counts."""
    officer = registered(transaction, officer_id)
    own = officer.may(action, at, assurance=assurance, policy=policy)
    if isinstance(own, Permitted) or own.code is not RefusalCode.NO_ROLE:
        return own
    rule = policy.rule(action)
    for delegation in transaction.delegations_to(officer_id):
        if not (rule.delegable and delegation.covers(action, at)):
            continue
        delegator = transaction.officer(delegation.delegator)
        if delegator is None or delegator.authority != officer.authority:
            continue
        # the delegate's session counts for the level: it is the delegate who acts
        through = delegator.may(action, at, assurance=assurance, policy=policy)
        if isinstance(through, Refused):
            if through.code is RefusalCode.ASSURANCE_TOO_LOW:
                own = through
            continue
        if _clash(policy, through, officer, at) is None:
            return Permitted(Basis.DELEGATION, delegation.delegation_id)
    return own


def _clash(policy: ActionPolicy, permitted: Permitted, delegate: Officer, at: datetime) -> str | None:
    """A role of the delegate that excludes the one the delegator acts by."""
    clashing = policy.excluded_by({permitted.named}) & delegate.roles_at(at)
    return min(clashing) if clashing else None


def _exclusive(one: str, other: str) -> RefusedError:
    return refusal(
        RefusalCode.EXCLUSIVE_ROLES,
        f"角色 {one} 与 {other} 不能由同一人同时担任",
        f"one officer cannot have the roles {one} and {other} at the same time",
    )
