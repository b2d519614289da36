"""The centre at work: filling the pool, providing pairs, giving them back, the end of their time.

A pair is assigned on record before the device is asked to envelope it, and stays assigned whatever happens then;
so no pair is ever given to two, and a request that was interrupted is carried on by asking again. The device
remembers first recipients too (``ports.EscrowDevice``): a register that was put back to an older state gives
nothing away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ca.errors import RefusedError
from ca.key_management.envelopes import check_envelope
from ca.key_management.errors import EscrowNotFoundError, UnsoundEnvelopeError
from ca.key_management.model import (
    Assignment,
    EscrowedKey,
    EscrowEvent,
    EscrowSettings,
    EscrowState,
    Recovery,
    RecoveryKind,
    RecoveryState,
    WrappedPair,
    check_request_key,
    next_state,
)
from ca.key_management.ports import EscrowDevice, KeyArchive, PoolMaker, Transaction
from ca.key_management.recovery import deliver, present_recipient
from ca.model import SerialNumber
from ca.ports import AuditDetails, Clock
from ca.registration.ports import EncryptionKeyRequest, ProvidedKey, RestoreRequest
from crypto import sm3

PORTION: Final = 256
"""Pairs made, or moved, in one transaction."""


class KeyManagementCentre:
    """What authorities and operators ask of the centre; fits ``ca.registration.ports.KeyManagement``.

    Args:
        archive: Its register.
        device: Envelopes.
        settings: Its rules.
        clock: Gives the present moment.
        actor: Who the trail names for what authorities ask.
    """

    def __init__(
        self,
        *,
        archive: KeyArchive,
        device: EscrowDevice,
        settings: EscrowSettings,
        clock: Clock,
        actor: str = "key-management",
    ) -> None:
        self._archive = archive
        self._device = device
        self._settings = settings
        self._clock = clock
        self._actor = actor

    # The pool

    def fill(self, level: int, maker: PoolMaker, *, actor: str) -> int:
        """Make pairs until ``level`` of them are in store.

        Returns:
            How many were made. After an interruption those of whole portions are in store.

        Raises:
            KeyStoreError: The device failed.
        """
        made = 0
        while (missing := level - self._archive.counts()[EscrowState.POOLED]) > 0:
            pairs = maker.make_pairs(min(missing, PORTION))
            if not pairs:
                raise UnsoundEnvelopeError("the device made no pairs")
            self._put_in_store(pairs, actor)
            made += len(pairs)
        return made

    def _put_in_store(self, pairs: Sequence[WrappedPair], actor: str) -> None:
        digest = sm3(b"".join(pair.key_id + pair.public_key.point for pair in pairs)).hex()
        with self._archive.transaction() as change:
            now = self._clock()
            change.add_pairs(pairs, now)
            change.append_audit(now, actor, "pairs-made", [{"count": len(pairs), "pairs": digest}])

    def rewrap(self, maker: PoolMaker, *, actor: str) -> int:
        """Wrap every pair anew under the device's newest wrapping key; then the older ones can be retired.

        Returns:
            How many. After an interruption it is done again from the beginning, which harms nothing.

        Raises:
            KeyStoreError: The device failed; pairs of whole portions are wrapped anew.
        """
        done = 0
        last: bytes | None = None
        while page := self._archive.pairs(after=last, most=PORTION):
            last = page[-1].key_id
            held = {key.key_id: key.wrapped for key in page if key.wrapped is not None}
            anew = dict(zip(held, maker.rewrap(list(held.values())), strict=True)) if held else {}
            if anew:
                digest = sm3(b"".join(anew.values())).hex()
                with self._archive.transaction() as change:
                    change.replace_wrapped(anew)
                    told: AuditDetails = {"count": len(anew), "wrapped": digest}
                    change.append_audit(self._clock(), actor, "pairs-rewrapped", [told])
            done += len(anew)
        return done

    # What authorities ask

    def provide(self, request: EncryptionKeyRequest) -> ProvidedKey:
        """A pair for an encryption certificate; the same one whenever it is asked for again.

        Raises:
            RefusedError: The request key belongs to another request, or the certificate has a pair under another
                request key.
            PoolEmptyError: No pair is in store.
            KeyStoreError: The device failed; asking again goes on where it stopped.
        """
        check_request_key(request.request_key)
        with self._archive.transaction() as change:
            key = change.assigned(request.authority, request.request_key)
            if key is None:
                key = self._assign(change, request)
            elif not _is_for(key, request):
                raise RefusedError("the request key was used for another request", code="kmc.request-key-reused")
        if key.enveloped is None:
            key = self._hand_out(key)
        return _provided(key, key.enveloped)

    def _assign(self, change: Transaction, request: EncryptionKeyRequest) -> EscrowedKey:
        now = self._clock().replace(microsecond=0)
        assignment = Assignment(
            request.authority,
            request.certificate_serial,
            request.request_key,
            request.protect_to,
            request.not_after,
            now,
        )
        key = change.assign_oldest(assignment)
        self._audit(change, key, "pair-assigned", recipient=sm3(request.protect_to.point).hex())
        return key

    def _hand_out(self, key: EscrowedKey) -> EscrowedKey:
        """Envelope an assigned pair and attach the envelope; another process may have been quicker."""
        assignment, wrapped = _held(key)
        enveloped = self._device.envelope(wrapped, assignment.recipient)
        check_envelope(enveloped, key.public_key)
        with self._archive.transaction() as change:
            present = change.key(key.key_id)
            if present.enveloped is None and present.wrapped is not None:
                change.record_envelope(key.key_id, enveloped)
                self._audit(change, key, "pair-provided", envelope=sm3(enveloped).hex())
            return change.key(key.key_id)

    def restore(self, request: RestoreRequest) -> ProvidedKey:
        """The archived pair of an encryption certificate, as its owner may have it again.

        To the key it was provided to it is given again as it is, unless it went to a newer one. To a new one only
        after two officers approved that (``ca.key_management.recovery``), within the time they were given.

        Raises:
            EscrowNotFoundError: No pair is archived for that certificate.
            RefusedError: Its recovery to this key was not approved, or its time is over.
            KeyStoreError: The device failed; asking again may help.
        """
        check_request_key(request.request_key)
        with self._archive.transaction() as change:
            key = self._of_certificate(change, request.authority, request.certificate_serial)
            assignment, _ = _held(key)
            recoveries = change.recoveries_of(key.key_id)
            present = present_recipient(key, recoveries)
            again = request.protect_to == present == assignment.recipient
            if again:
                self._audit(change, key, "pair-given-again", request=request.request_key)
            recovery = None if again else _recovery_for(recoveries, request)
        if again:
            given = key if key.enveloped is not None else self._hand_out(key)
            return _provided(given, given.enveloped)
        if recovery is None:
            raise RefusedError("no recovery to this key was approved", code="kmc.recovery-not-approved")
        delivered = deliver(self._archive, self._device, self._clock, recovery, actor=self._actor)
        return _provided(key, delivered.enveloped)

    # The end of a pair's time

    def supersede(self, authority: str, serial: SerialNumber, *, actor: str) -> None:
        """Note that the owner has a newer pair.

        Raises:
            EscrowNotFoundError: No pair is archived for that certificate.
            IllegalKeyTransitionError: It is not in use.
        """
        with self._archive.transaction() as change:
            key = self._of_certificate(change, authority, serial)
            self._move(change, key, EscrowEvent.SUPERSEDE, actor)

    def archive_ended(self, *, actor: str) -> int:
        """Archive every pair whose certificate has ended; returns how many."""
        ended = (EscrowState.IN_USE, EscrowState.SUPERSEDED)
        moved = 0
        while True:
            with self._archive.transaction() as change:
                keys = change.ended(ended, self._clock(), PORTION)
                for key in keys:
                    self._move(change, key, EscrowEvent.ARCHIVE, actor)
            moved += len(keys)
            if len(keys) < PORTION:
                return moved

    def destroy_kept(self, maker: PoolMaker, *, actor: str) -> int:
        """Destroy every archived pair whose time of keeping is over; returns how many.

        The device is told first: what it refuses for ever can be destroyed on record, and not the other way round,
        since a copy of the register might be left somewhere.

        Raises:
            KeyStoreError: The device failed; pairs it was not told of stay archived.
        """
        gone = 0
        while True:
            before = self._clock() - self._settings.kept_after_end
            with self._archive.transaction() as change:
                keys = change.ended((EscrowState.ARCHIVED,), before, PORTION)
            if not keys:
                return gone
            maker.forget([key.key_id for key in keys])
            with self._archive.transaction() as change:
                for key in keys:
                    if change.key(key.key_id).state is EscrowState.ARCHIVED:
                        self._move(change, key, EscrowEvent.DESTROY, actor)
            gone += len(keys)

    def _move(self, change: Transaction, key: EscrowedKey, event: EscrowEvent, actor: str) -> None:
        state = next_state(key.state, event)
        change.set_state(key.key_id, state)
        self._audit(change, key, f"pair-{state}", actor=actor)

    @staticmethod
    def _of_certificate(change: Transaction, authority: str, serial: SerialNumber) -> EscrowedKey:
        key = change.by_certificate(authority, serial)
        if key is None:
            raise EscrowNotFoundError(f"no pair is archived for certificate {serial}")
        return key

    def _audit(
        self, change: Transaction, key: EscrowedKey, event: str, *, actor: str | None = None, **details: str
    ) -> None:
        assignment = key.assignment
        own = {"authority": assignment.authority, "serial": str(assignment.serial)} if assignment else {}
        change.append_audit(
            self._clock(), actor or self._actor, event, [{"key": key.key_id.hex(), **own, **details}]
        )


def _is_for(key: EscrowedKey, request: EncryptionKeyRequest) -> bool:
    assigned = key.assignment
    return assigned is not None and (assigned.serial, assigned.recipient, assigned.not_after) == (
        request.certificate_serial,
        request.protect_to,
        request.not_after,
    )


def _held(key: EscrowedKey) -> tuple[Assignment, bytes]:
    """For whom a pair is, and its wrapped half.

    Raises:
        EscrowNotFoundError: It is nobody's, or was destroyed.
    """
    if key.assignment is None or key.wrapped is None:
        raise EscrowNotFoundError(f"pair {key.key_id.hex()} is not held for anybody")
    return key.assignment, key.wrapped


def _recovery_for(recoveries: Sequence[Recovery], request: RestoreRequest) -> Recovery | None:
    """The latest recovery to the owner's present key that was approved, delivered or not."""
    ready = (RecoveryState.APPROVED, RecoveryState.DELIVERED)
    fitting = [
        each
        for each in recoveries
        if each.order.kind is RecoveryKind.OWNER
        and each.order.recipient == request.protect_to
        and each.state in ready
    ]
    return fitting[-1] if fitting else None


def _provided(key: EscrowedKey, enveloped: bytes | None) -> ProvidedKey:
    if enveloped is None:
        raise EscrowNotFoundError(f"pair {key.key_id.hex()} was destroyed")
    return ProvidedKey(key.public_key, enveloped)
