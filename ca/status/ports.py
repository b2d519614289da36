"""What the status service needs of the outside, as protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from ca.model import CertificateStanding, SerialNumber, StatusChange
from ca.status.model import StoredAnswer


class StatusRecord(Protocol):
    """The authority's record, read only; ``ca.register.CaRegister`` fits it."""

    def standings(
        self, authority: str, serials: Sequence[SerialNumber]
    ) -> Mapping[SerialNumber, CertificateStanding]:
        """How certificates stand; those not on record are left out."""

    def last_change(self, authority: str) -> int:
        """Number of the last change of a certificate's state; 0 without one."""

    def changes(self, authority: str, *, after: int = 0, most: int = 1000) -> Sequence[StatusChange]:
        """Certificates whose state changed, by number of their last change."""


class AnswerStore(Protocol):
    """Where answers signed beforehand are kept; they are replaced, not amended."""

    def answers(self, authority: str, algorithm: str, serials: Sequence[SerialNumber]) -> Sequence[StoredAnswer]:
        """Answers for CertIDs of one digest; those not stored are left out."""

    def due(
        self, authority: str, algorithms: Sequence[str], *, now: datetime, most: int
    ) -> Sequence[SerialNumber]:
        """Certificates with an answer of one of the digests that is due again by its time, oldest first."""

    def progress(self, authority: str) -> int:
        """Number of the last change on record that has reached the answers; 0 at first."""

    def replace(
        self,
        authority: str,
        answers: Sequence[StoredAnswer],
        *,
        without: Sequence[SerialNumber],
        progress: int | None,
        at: datetime,
    ) -> None:
        """Put answers in place of those before, drop others, and note the progress; all of it, or nothing.

        Args:
            authority: Whose.
            answers: Each replaces the one of its certificate and digest.
            without: Certificates that have no answer any more.
            progress: See ``progress``; None leaves it.
            at: The present moment, for the trail.
        """
