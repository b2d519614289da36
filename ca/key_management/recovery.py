"""Recovery: one officer asks, another approves, then the pair goes to a new recipient; all of it with its reason.

GM/T 0034-2014 knows recovery by the owner (12.4) and for courts (12.5). Rules, own where the standard is silent:

1. Both officers are logged in to the device with secrets of their own, and tell it what they ask for and approve.
   The device gives the pair to nobody else, whatever this program does.
2. Who approves is another one than who asked. Register and device make sure of it, each for itself.
3. Reason and case reference are on record, and the device is told their digest.
4. What is not delivered in time is refused, and has to be asked for anew.
5. On record before it is done: the request before the device is asked, the delivery before the device envelopes,
   the rejection before the device's release is withdrawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ca.errors import RefusedError
from ca.key_management.envelopes import check_envelope
from ca.key_management.errors import EscrowNotFoundError
from ca.key_management.model import (
    RECOVERY_ID_OCTETS,
    EscrowedKey,
    EscrowSettings,
    Recovery,
    RecoveryEvent,
    RecoveryKind,
    RecoveryOrder,
    RecoveryState,
    next_recovery_state,
)
from ca.key_management.ports import EscrowDevice, KeyArchive, ReleaseOfficer, Transaction
from ca.ports import Clock, Random
from crypto import PublicKey, sm3

_LEAST_SECONDS = 60


class RecoveryDesk:
    """Where recoveries are asked for, approved, rejected and delivered.

    Args:
        archive: The centre's register.
        device: Envelopes.
        settings: The centre's rules.
        clock: Gives the present moment.
        random: Gives octets for identifiers.
    """

    def __init__(
        self,
        *,
        archive: KeyArchive,
        device: EscrowDevice,
        settings: EscrowSettings,
        clock: Clock,
        random: Random,
    ) -> None:
        self._archive = archive
        self._device = device
        self._settings = settings
        self._clock = clock
        self._random = random

    def request(self, order: RecoveryOrder, officer: ReleaseOfficer) -> Recovery:
        """Ask for a recovery. The same officer asking the same again meanwhile gets the same one.

        Raises:
            EscrowNotFoundError: No pair is archived for that certificate, or it was destroyed.
            RefusedError: It belongs to that recipient already.
            KeyStoreError: The device refused or did not answer; asking again goes on where it stopped.
        """
        with self._archive.transaction() as change:
            key, wrapped = _held(change, order)
            recovery = self._asked_before(change, key, order, officer.name)
            if recovery is None:
                recovery = self._record(change, key, order, officer.name)
        left = int((recovery.expires - self._clock()).total_seconds())
        officer.request_release(recovery, wrapped, seconds=max(left, _LEAST_SECONDS))
        return recovery

    def _asked_before(
        self, change: Transaction, key: EscrowedKey, order: RecoveryOrder, officer: str
    ) -> Recovery | None:
        now = self._clock()
        for recovery in change.recoveries_of(key.key_id):
            same = recovery.order == order and recovery.requested_by == officer
            if same and recovery.is_open and not recovery.is_expired(now):
                return recovery
        return None

    def _record(self, change: Transaction, key: EscrowedKey, order: RecoveryOrder, officer: str) -> Recovery:
        if key.enveloped is None:
            raise RefusedError("the pair has not been provided yet", code="kmc.not-provided")
        if order.recipient == present_recipient(key, change.recoveries_of(key.key_id)):
            raise RefusedError("the pair belongs to that key already", code="kmc.recovery-needless")
        now = self._clock().replace(microsecond=0)
        recovery = Recovery(
            self._random(RECOVERY_ID_OCTETS),
            order,
            key.key_id,
            RecoveryState.REQUESTED,
            officer,
            now,
            now + self._settings.recovery_window,
        )
        change.add_recovery(recovery)
        said = {"reason": order.reason, "case": order.case, "recipient": sm3(order.recipient.point).hex()}
        _audit(change, self._clock, officer, "recovery-requested", recovery, **said)
        return recovery

    def approve(self, recovery_id: bytes, officer: ReleaseOfficer) -> Recovery:
        """Approve what another officer asked for. Approving again changes nothing.

        Raises:
            EscrowNotFoundError: There is no such recovery.
            RefusedError: It is this officer's own, its time is over, or it is not waiting for approval.
            KeyStoreError: The device refused or did not answer; approving again goes on where it stopped.
        """
        with self._archive.transaction() as change:
            recovery = self._waiting(change, recovery_id)
        if officer.name == recovery.requested_by:
            raise RefusedError("another officer than the one who asked must approve", code="kmc.same-officer")
        if not _is_approved_by(recovery, officer.name):
            next_recovery_state(recovery.state, RecoveryEvent.APPROVE)
        officer.approve_release(recovery)
        with self._archive.transaction() as change:
            present = change.recovery(recovery_id)
            if _is_approved_by(present, officer.name):
                return present
            state = next_recovery_state(present.state, RecoveryEvent.APPROVE)
            now = self._clock().replace(microsecond=0)
            approved = replace(present, state=state, approved_by=officer.name, approved=now)
            change.update_recovery(approved)
            _audit(change, self._clock, officer.name, "recovery-approved", approved)
        return approved

    def reject(self, recovery_id: bytes, officer: ReleaseOfficer) -> Recovery:
        """Reject a recovery that was not delivered yet; from now on nothing is delivered under it.

        Raises:
            EscrowNotFoundError: There is no such recovery.
            IllegalKeyTransitionError: It was delivered.
            KeyStoreError: The device did not answer; rejecting again withdraws the device's release.
        """
        with self._archive.transaction() as change:
            recovery = change.recovery(recovery_id)
            if recovery.state is not RecoveryState.REJECTED:
                state = next_recovery_state(recovery.state, RecoveryEvent.REJECT)
                recovery = replace(recovery, state=state)
                change.update_recovery(recovery)
                _audit(change, self._clock, officer.name, "recovery-rejected", recovery)
        officer.withdraw_release(recovery)
        return recovery

    def deliver(self, recovery_id: bytes, *, actor: str) -> Recovery:
        """Deliver an approved recovery; one that was delivered is given as it was.

        Raises:
            EscrowNotFoundError: There is no such recovery.
            RefusedError: It is not approved, or its time is over.
            KeyStoreError: The device refused or did not answer; delivering again goes on where it stopped.
        """
        with self._archive.transaction() as change:
            recovery = change.recovery(recovery_id)
        return deliver(self._archive, self._device, self._clock, recovery, actor=actor)

    def _waiting(self, change: Transaction, recovery_id: bytes) -> Recovery:
        recovery = change.recovery(recovery_id)
        if recovery.is_expired(self._clock()):
            raise _too_late()
        return recovery


def deliver(
    archive: KeyArchive, device: EscrowDevice, clock: Clock, recovery: Recovery, *, actor: str
) -> Recovery:
    """Deliver an approved recovery. Raises as ``RecoveryDesk.deliver``."""
    with archive.transaction() as change:
        present = change.recovery(recovery.recovery_id)
        if present.state is RecoveryState.DELIVERED:
            _audit(change, clock, actor, "recovery-given-again", present)
            return present
        if present.is_expired(clock()):
            raise _too_late()
        next_recovery_state(present.state, RecoveryEvent.DELIVER)
        key, wrapped = _held(change, present.order)
        _audit(change, clock, actor, "recovery-delivering", present)
    enveloped = device.envelope(wrapped, present.order.recipient)
    check_envelope(enveloped, key.public_key)
    with archive.transaction() as change:
        present = change.recovery(recovery.recovery_id)
        if present.state is RecoveryState.DELIVERED:  # another process was quicker
            return present
        state = next_recovery_state(present.state, RecoveryEvent.DELIVER)
        now = clock().replace(microsecond=0)
        delivered = replace(present, state=state, enveloped=enveloped, delivered=now)
        change.update_recovery(delivered)
        _audit(change, clock, actor, "recovery-delivered", delivered, envelope=sm3(enveloped).hex())
    return delivered


def present_recipient(key: EscrowedKey, recoveries: Sequence[Recovery]) -> PublicKey | None:
    """The owner's key a pair was enveloped to last; None while it is nobody's.

    Args:
        key: The pair.
        recoveries: Of it, the oldest first.
    """
    moved = [
        each.order.recipient
        for each in recoveries
        if each.order.kind is RecoveryKind.OWNER and each.state is RecoveryState.DELIVERED
    ]
    first = key.assignment.recipient if key.assignment is not None else None
    return moved[-1] if moved else first


def _held(change: Transaction, order: RecoveryOrder) -> tuple[EscrowedKey, bytes]:
    """The pair an order is about, and its wrapped half.

    Raises:
        EscrowNotFoundError: No pair is archived for that certificate, or it was destroyed.
    """
    key = change.by_certificate(order.authority, order.serial)
    if key is None or key.wrapped is None:
        raise EscrowNotFoundError(f"no pair is archived for certificate {order.serial}")
    return key, key.wrapped


def _is_approved_by(recovery: Recovery, officer: str) -> bool:
    return recovery.state is RecoveryState.APPROVED and recovery.approved_by == officer


def _too_late() -> RefusedError:
    return RefusedError("the recovery's time is over; it has to be asked for anew", code="kmc.recovery-expired")


def _audit(change: Transaction, clock: Clock, actor: str, event: str, recovery: Recovery, **details: str) -> None:
    entry = {
        "recovery": recovery.recovery_id.hex(),
        "kind": str(recovery.order.kind),
        "key": recovery.key_id.hex(),
        "authority": recovery.order.authority,
        "serial": str(recovery.order.serial),
        "grounds": recovery.grounds().hex(),
        **details,
    }
    change.append_audit(clock(), actor, event, [entry])
