"""What the identity service needs of the outside, as protocols."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from formats.gb32100 import CreditCode
from identity.entitlement import Delegation, Officer, Representation
from identity.model import OfficerId
from identity.number_hash import NumberHash


class Transaction(Protocol):
    """Everything one change of the register may do; all of it happens, or none."""

    def has_officers(self) -> bool:
        """Whether any officer was ever registered."""

    def officer(self, officer_id: OfficerId) -> Officer | None:
        """An officer, in office or not; ``None`` if never registered."""

    def save_officer(self, officer: Officer) -> None:
        """Record an officer, new or changed."""

    def delegation(self, delegation_id: str) -> Delegation | None:
        """A delegation, in force or not."""

    def delegations_to(self, delegate: OfficerId) -> Sequence[Delegation]:
        """Delegations an officer received, ordered by identifier."""

    def save_delegation(self, delegation: Delegation) -> None:
        """Record a delegation, new or revoked."""

    def representations(self, legal_person: CreditCode, person: NumberHash) -> Sequence[Representation]:
        """Capacities of a person for a legal person, past ones too, ordered by start."""

    def save_representation(self, representation: Representation) -> None:
        """Record a capacity, new or with another end; known by legal person, person, capacity and start."""

    def append_audit(self, at: datetime, actor: str, event: str, details: Mapping[str, str | int | None]) -> None:
        """Add an entry to the audit trail."""


class IdentityStore(Protocol):
    """The register of officers, delegations and representations."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Open a write transaction; committed on normal exit, rolled back on an exception."""

    def audit_break(self) -> int | None:
        """Index of the first audit entry that does not follow from those before, None if the trail is whole."""
