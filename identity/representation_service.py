"""Use cases of capacities: who acts for which legal person."""

from dataclasses import replace
from datetime import datetime

from formats.gb32100 import CreditCode
from identity.entitlement import Representation
from identity.model import Action, Assurance, Capacity, Decision, Permitted, RefusalCode, Refused
from identity.number_hash import NumberHash
from identity.policy import ActionPolicy
from identity.ports import IdentityStore, Transaction
from identity.rules import Actor, refusal, require_manager


class RepresentationService:
    """The register of capacities and its decisions.

    Args:
        store: Where it is kept.
        policy: Rules of actions.
    """

    def __init__(self, store: IdentityStore, policy: ActionPolicy) -> None:
        self._store = store
        self._policy = policy

    def representative_may(
        self,
        legal_person: CreditCode,
        person: NumberHash,
        action: Action,
        at: datetime,
        *,
        assurance: Assurance,
    ) -> Decision:
        """Whether a person may do ``action`` for a legal person, in any capacity they have at that moment."""
        with self._store.transaction() as transaction:
            capacities = transaction.representations(legal_person, person)
        refused: Decision | None = None
        for capacity in capacities:
            decision = capacity.may(action, at, assurance=assurance, policy=self._policy)
            if isinstance(decision, Permitted):
                return decision
            if refused is None or decision.code is RefusalCode.ASSURANCE_TOO_LOW:
                refused = decision
        return refused or Refused(
            RefusalCode.NO_CAPACITY,
            "该人员与该法人没有登记的代表关系",
            "no capacity for this legal person is registered",
        )

    def register_representation(self, representation: Representation, *, actor: Actor, at: datetime) -> None:
        """Record that a person acts for a legal person.

        Raises:
            RefusedError: The actor may not, or the same capacity runs already.
            UnknownOfficerError: The actor is not registered.
        """
        with self._store.transaction() as transaction:
            require_manager(transaction, self._policy, actor, at)
            known = transaction.representations(representation.legal_person, representation.person)
            if any(
                other.capacity is representation.capacity and other.validity.overlaps(representation.validity)
                for other in known
            ):
                raise refusal(
                    RefusalCode.ALREADY_REGISTERED, "该代表关系已经登记", "the capacity is registered already"
                )
            transaction.save_representation(representation)
            _record(transaction, at, actor, "register-representation", representation)

    def end_representation(
        self, legal_person: CreditCode, person: NumberHash, capacity: Capacity, *, actor: Actor, at: datetime
    ) -> None:
        """End a person's capacity for a legal person at once.

        Raises:
            RefusedError: The actor may not, or no such capacity is in force.
            UnknownOfficerError: The actor is not registered.
        """
        with self._store.transaction() as transaction:
            require_manager(transaction, self._policy, actor, at)
            for known in transaction.representations(legal_person, person):
                if known.capacity is capacity and at in known.validity:
                    ended = replace(known, validity=known.validity.ended(at))
                    transaction.save_representation(ended)
                    _record(transaction, at, actor, "end-representation", ended)
                    return
            raise refusal(RefusalCode.ALREADY_ENDED, "没有有效的代表关系", "no such capacity is in force")


def _record(
    transaction: Transaction, at: datetime, actor: Actor, event: str, representation: Representation
) -> None:
    transaction.append_audit(
        at,
        str(actor.officer_id),
        event,
        {
            "legal_person": str(representation.legal_person),
            "person": str(representation.person),
            "capacity": representation.capacity,
        },
    )
