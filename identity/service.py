"""Use cases of officers: registering them, their roles and delegations, and who may do what.

Every change is made by an officer who may manage officers, or, for a delegation, by the delegator; it is recorded
in the audit trail in the same transaction. No number of a person comes in here: persons are keyed hashes.
"""

from dataclasses import replace
from datetime import datetime

from identity.entitlement import Delegation, Officer
from identity.model import Action, Assurance, Decision, OfficerId, Permitted, RefusalCode, RoleGrant
from identity.policy import ActionPolicy
from identity.ports import IdentityStore, Transaction
from identity.rules import (
    Actor,
    check_delegable,
    check_grants,
    officer_decision,
    refusal,
    registered,
    require_manager,
    required,
)


class OfficerService:
    """The register of officers and its decisions.

    Args:
        store: Where it is kept.
        policy: Rules of actions.
    """

    def __init__(self, store: IdentityStore, policy: ActionPolicy) -> None:
        self._store = store
        self._policy = policy

    def officer_may(
        self, officer_id: OfficerId, action: Action, at: datetime, *, assurance: Assurance
    ) -> Decision:
        """Whether an officer may do ``action``, by an own role or by delegation.

        A delegation counts while the delegator could do the action by an own role, and only if the delegate has no
        role that excludes the delegator's.

        Raises:
            UnknownOfficerError: No such officer.
        """
        with self._store.transaction() as transaction:
            return officer_decision(transaction, self._policy, officer_id, action, at, assurance)

    def require_officer(
        self, officer_id: OfficerId, action: Action, at: datetime, *, assurance: Assurance
    ) -> Permitted:
        """As ``officer_may``; raises ``RefusedError`` if the officer may not."""
        return required(self.officer_may(officer_id, action, at, assurance=assurance))

    def bootstrap(self, officer: Officer, at: datetime) -> None:
        """Register the first officer, who may manage others; only in an empty register.

        Raises:
            RefusedError: The register is not empty, or the officer's roles exclude each other.
        """
        with self._store.transaction() as transaction:
            if transaction.has_officers():
                raise refusal(
                    RefusalCode.ALREADY_REGISTERED, "登记簿已有人员", "the register has officers already"
                )
            check_grants(self._policy, officer.grants)
            transaction.save_officer(officer)
            _record(transaction, at, officer.officer_id, "bootstrap", officer)

    def register_officer(self, officer: Officer, *, actor: Actor, at: datetime) -> None:
        """Register an officer.

        Raises:
            RefusedError: The actor may not, the identifier is taken, or roles exclude each other.
            UnknownOfficerError: The actor is not registered.
        """
        with self._store.transaction() as transaction:
            require_manager(transaction, self._policy, actor, at)
            if transaction.officer(officer.officer_id) is not None:
                raise refusal(
                    RefusalCode.ALREADY_REGISTERED,
                    "该人员标识已经登记",
                    f"{officer.officer_id} is registered already",
                )
            check_grants(self._policy, officer.grants)
            transaction.save_officer(officer)
            _record(transaction, at, actor.officer_id, "register-officer", officer)

    def grant_role(self, officer_id: OfficerId, grant: RoleGrant, *, actor: Actor, at: datetime) -> None:
        """Give an officer a role for a time.

        Raises:
            RefusedError: The actor may not, the role is unknown, or it excludes one the officer has at that time.
            UnknownOfficerError: Actor or officer is not registered.
        """
        with self._store.transaction() as transaction:
            require_manager(transaction, self._policy, actor, at)
            officer = registered(transaction, officer_id)
            changed = replace(officer, grants=(*officer.grants, grant))
            check_grants(self._policy, changed.grants)
            transaction.save_officer(changed)
            _record(transaction, at, actor.officer_id, "grant-role", changed, role=grant.role)

    def end_role(self, officer_id: OfficerId, role: str, *, actor: Actor, at: datetime) -> None:
        """End a role of an officer at once.

        Raises:
            RefusedError: The actor may not, or the officer has no such role now or later.
            UnknownOfficerError: Actor or officer is not registered.
        """
        with self._store.transaction() as transaction:
            require_manager(transaction, self._policy, actor, at)
            officer = registered(transaction, officer_id)
            running = [grant for grant in officer.grants if grant.role == role and not grant.validity.is_over(at)]
            if not running:
                raise refusal(
                    RefusalCode.ALREADY_ENDED, "该人员没有此角色", f"{officer_id} has no role {role} to end"
                )
            kept = [grant for grant in officer.grants if grant not in running]
            ended = [RoleGrant(role, grant.validity.ended(at)) for grant in running]
            changed = replace(officer, grants=(*kept, *ended))
            transaction.save_officer(changed)
            _record(transaction, at, actor.officer_id, "end-role", changed, role=role)

    def end_office(self, officer_id: OfficerId, *, actor: Actor, at: datetime) -> None:
        """End an officer's office at once; delegations from and to the officer stop counting with it.

        Raises:
            RefusedError: The actor may not, or the office has ended.
            UnknownOfficerError: Actor or officer is not registered.
        """
        with self._store.transaction() as transaction:
            require_manager(transaction, self._policy, actor, at)
            officer = registered(transaction, officer_id)
            if officer.office.is_over(at):
                raise refusal(RefusalCode.ALREADY_ENDED, "该人员已离任", f"the office of {officer_id} has ended")
            changed = replace(officer, office=officer.office.ended(at))
            transaction.save_officer(changed)
            _record(transaction, at, actor.officer_id, "end-office", changed)

    def delegate(self, delegation: Delegation, *, actor: Actor, at: datetime) -> None:
        """Record a delegation; the actor is the delegator.

        Raises:
            RefusedError: Another delegates, an action cannot be delegated or is not the delegator's, the officers
                serve different authorities, or roles exclude each other.
            UnknownOfficerError: An officer is not registered.
        """
        with self._store.transaction() as transaction:
            if actor.officer_id != delegation.delegator:
                raise refusal(
                    RefusalCode.NOT_THE_DELEGATOR, "只能由委托人本人委托", "only the delegator delegates"
                )
            delegator = registered(transaction, delegation.delegator)
            delegate = registered(transaction, delegation.delegate)
            if delegator.authority != delegate.authority:
                raise refusal(
                    RefusalCode.OTHER_AUTHORITY, "双方不属于同一机构", "the officers serve different authorities"
                )
            if transaction.delegation(delegation.delegation_id) is not None:
                raise refusal(
                    RefusalCode.ALREADY_REGISTERED, "该委托已经登记", "the delegation is registered already"
                )
            for action in sorted(delegation.actions):
                check_delegable(self._policy, delegator, delegate, action, at, actor.assurance)
            transaction.save_delegation(delegation)
            details = {"delegation": delegation.delegation_id, "delegate": str(delegation.delegate)}
            details["actions"] = ",".join(sorted(delegation.actions))
            transaction.append_audit(at, str(actor.officer_id), "delegate", details)

    def revoke_delegation(self, delegation_id: str, *, actor: Actor, at: datetime) -> None:
        """Take a delegation back at once; the delegator may, and who manages officers.

        Raises:
            RefusedError: The actor may not, or there is no such delegation in force or to come.
            UnknownOfficerError: The actor is not registered.
        """
        with self._store.transaction() as transaction:
            found = transaction.delegation(delegation_id)
            if found is None or found.revoked_at is not None or found.validity.is_over(at):
                raise refusal(
                    RefusalCode.ALREADY_ENDED, "没有可撤回的委托", "there is no such delegation to revoke"
                )
            if actor.officer_id != found.delegator:
                require_manager(transaction, self._policy, actor, at)
            transaction.save_delegation(replace(found, revoked_at=at))
            transaction.append_audit(at, str(actor.officer_id), "revoke-delegation", {"delegation": delegation_id})


def _record(
    transaction: Transaction, at: datetime, actor: OfficerId, event: str, officer: Officer, *, role: str = ""
) -> None:
    details: dict[str, str | int | None] = {
        "officer": str(officer.officer_id),
        "authority": str(officer.authority),
        "person": str(officer.person),
        "roles": ",".join(sorted({grant.role for grant in officer.grants if not grant.validity.is_over(at)})),
    }
    if role:
        details["role"] = role
    transaction.append_audit(at, str(actor), event, details)
