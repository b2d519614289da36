"""Giving references out and ending them: the use cases of an operator."""

from __future__ import annotations

from datetime import datetime, timedelta

from ca.enrolment.errors import ReferenceRefusedError
from ca.enrolment.model import EnrolmentSecrets, Reference
from ca.enrolment.ports import EnrolmentStore
from ca.ports import Random
from formats.gbt20518 import Name


def add_reference(
    store: EnrolmentStore,
    secrets: EnrolmentSecrets,
    *,
    name: str,
    profile: str,
    subject: Name,
    any_common_name: bool,
    credit_code: str | None,
    days: int,
    uses: int,
    lasts: timedelta,
    actor: str,
    at: datetime,
    random: Random,
) -> bytes:
    """Record a reference, and give its secret, which is shown this once and kept nowhere.

    Raises:
        ReferenceRefusedError: There was one of this name, or it breaks its form.
    """
    reference = Reference(
        name=name,
        salt=random(16),
        profile=profile,
        subject=subject,
        any_common_name=any_common_name,
        credit_code=credit_code,
        days=days,
        uses=uses,
        not_after=at + lasts,
    )
    with store.transaction() as change:
        change.add_reference(reference)
        change.append_audit(
            at, actor, "reference-added", {"reference": name, "profile": profile, "uses": uses, "days": days}
        )
    return secrets.secret(name, reference.salt)


def withdraw_reference(store: EnrolmentStore, name: str, *, actor: str, at: datetime) -> None:
    """End a reference: no message under it is heard any more. Certificates had under it stay.

    Raises:
        ReferenceRefusedError: There is none of this name, or it was withdrawn before.
    """
    with store.transaction() as change:
        reference = change.reference(name)
        if reference is None or reference.is_withdrawn:
            raise ReferenceRefusedError(f"there is no reference {name} to withdraw")
        change.withdraw_reference(name)
        change.append_audit(at, actor, "reference-withdrawn", {"reference": name})
