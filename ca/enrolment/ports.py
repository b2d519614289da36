"""What enrolment needs of the outside, as protocols; ``api/`` and tests provide them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from ca.enrolment.model import Enrolment, EnrolmentState, Reference
from ca.model import SerialNumber


class Transaction(Protocol):
    """Everything one change of the register may do; all of it happens, or none."""

    def add_reference(self, reference: Reference) -> None:
        """Record a reference.

        Raises:
            ReferenceRefusedError: There was one of this name.
        """

    def reference(self, name: str) -> Reference | None:
        """A reference; None if there is none."""

    def use_reference(self, name: str) -> None:
        """Count one use; the rules were checked before."""

    def withdraw_reference(self, name: str) -> None:
        """End a reference."""

    def add_enrolment(self, enrolment: Enrolment) -> None:
        """Record an enrolment that starts; its transaction was not there before."""

    def enrolment(self, transaction_id: bytes) -> Enrolment | None:
        """The enrolment of a transaction; None if there is none."""

    def set_enrolment(self, transaction_id: bytes, state: EnrolmentState, answer: bytes | None) -> None:
        """Change a state, and attach the answer if there is one; the rules were checked before."""

    def append_audit(self, at: datetime, actor: str, event: str, details: Mapping[str, str | int | None]) -> None:
        """Add an entry to the hash-chained audit trail."""


class EnrolmentStore(Protocol):
    """Where references and enrolments live."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Open a write transaction; committed and durable at normal exit, rolled back on an exception."""

    def reference(self, name: str) -> Reference | None:
        """A reference; None if there is none."""

    def references(self) -> Sequence[Reference]:
        """All references, in the order they were added."""

    def enrolment(self, transaction_id: bytes) -> Enrolment | None:
        """The enrolment of a transaction; None if there is none."""

    def unconfirmed(self, until: datetime, *, most: int) -> Sequence[Enrolment]:
        """Enrolments that started or wait, and should have been confirmed by then."""

    def serials_of(self, reference: str) -> frozenset[SerialNumber]:
        """Serial numbers of the certificates asked for under a reference."""

    def audit_break(self) -> int | None:
        """Index of the first audit entry that does not follow from those before, None if the trail is whole."""
