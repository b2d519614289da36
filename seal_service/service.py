"""The use cases: apply, approve, make, use, suspend, resume, revoke.

Every change of state goes through ``model.TRANSITIONS`` and leaves an audit entry in the same transaction. A use
is recorded before the key is asked (intent), then signed, then closed: after a crash in between, ``open_uses``
names every signature that may exist without being recorded as handed out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from crypto import KeyStoreError, sm3
from formats.gb32100 import CreditCode
from formats.gbt38540 import SealPicture
from seal_service.errors import RefusedError, TimeStampError
from seal_service.making import MadeSeal, SealMaker
from seal_service.model import SealApplication, SealEvent, SealRecord, SealState, next_state
from seal_service.ports import KeyRing, SealStore, SealUse, TimeStamper, Transaction, UseState
from seal_service.seal_id import SealId
from seal_service.sealing import PreparedSeal, SealHolder, SealingRequest, complete_documents, prepare_document

MOST_SKEW: Final = timedelta(minutes=5)
"""How far a signing time given by the caller may lie from the register's clock."""
_LONGEST_REQUEST_ID: Final = 128


class SealService:
    """The register of one seal-making unit and the use of its seals.

    Args:
        store: Where the register lives.
        maker: The maker's certificate and key.
        maker_code: The making unit's credit code.
        keys: Finds holders' signers.
        clock: Gives the current time, UTC, whole seconds.
        stamper: Where signatures get time stamps; without one they have none.
    """

    def __init__(
        self,
        *,
        store: SealStore,
        maker: SealMaker,
        maker_code: CreditCode,
        keys: KeyRing,
        clock: Callable[[], datetime],
        stamper: TimeStamper | None = None,
    ) -> None:
        self._store = store
        self._maker = maker
        self._maker_code = maker_code
        self._keys = keys
        self._clock = clock
        self._stamper = stamper

    # ------------------------------------------------------------------ getting a seal

    def apply(self, application: SealApplication) -> SealId:
        """Register an application for a seal.

        Raises:
            RefusedError: A live seal of the same owner, name and type exists.
        """
        with self._store.transaction() as change:
            if change.live_seals_of(str(application.owner), application.name, application.type_code):
                raise RefusedError(
                    "the owner already has a live seal of this name and type", code="seal.duplicate"
                )
            sequence = change.next_sequence(str(self._maker_code), str(application.owner), application.type_code)
            seal_id = SealId(self._maker_code, application.owner, application.type_code, sequence)
            change.add_seal(SealRecord(seal_id, application, SealState.APPLIED, None, None, None))
            self._audit(change, application.applicant, "apply", seal_id)
        return seal_id

    def approve(self, seal_id: SealId, *, approver: str) -> None:
        """Approve an application; the approver is another person than the applicant.

        Raises:
            RefusedError: Approver and applicant are the same, or the state does not allow it.
        """
        with self._store.transaction() as change:
            if change.seal(seal_id).application.applicant == approver:
                raise RefusedError("who applied for a seal cannot approve it", code="seal.same-person")
            self._move(change, seal_id, SealEvent.APPROVE, approver)

    def make(
        self, seal_id: SealId, *, picture: SealPicture, holder_certificate: bytes, key_label: str, operator: str
    ) -> MadeSeal:
        """Make an approved seal and put it to use.

        Args:
            seal_id: An approved application.
            picture: The imprint.
            holder_certificate: Certificate whose key will seal, DER.
            key_label: Under which label ``KeyRing`` finds that key.
            operator: Who makes it.

        Raises:
            RefusedError: Not approved, the key does not fit the certificate, or a making rule is broken.
        """
        with self._store.transaction() as change:
            record = change.seal(seal_id)
            next_state(record.state, SealEvent.MAKE)
            application = record.application
            made = self._maker.make(
                seal_id=seal_id,
                name=application.name,
                type_code=application.type_code,
                picture=picture,
                holder_certificates=(holder_certificate,),
                valid_from=application.valid_from,
                valid_to=application.valid_to,
                at=self._clock(),
            )
            SealHolder.check(made.encoded, holder_certificate, self._keys.signer(key_label))
            change.set_made(seal_id, made.encoded, holder_certificate, key_label)
            self._move(change, seal_id, SealEvent.MAKE, operator, picture_digest=sm3(picture.data).hex())
        return made

    # ------------------------------------------------------------------ changing its state

    def change_state(self, seal_id: SealId, event: SealEvent, *, actor: str, reason: str) -> SealState:
        """Suspend, resume, report lost, revoke, cancel or reject a seal.

        Raises:
            RefusedError: No reason was given, or the event is not one of these.
            IllegalTransitionError: The seal's state does not allow it.
        """
        if event in (SealEvent.APPROVE, SealEvent.MAKE):
            raise RefusedError(f"{event} has its own operation", code="seal.wrong-operation")
        if not reason.strip():
            raise RefusedError("a change of state needs a reason", code="seal.no-reason")
        with self._store.transaction() as change:
            return self._move(change, seal_id, event, actor, reason=reason)

    def record(self, seal_id: SealId) -> SealRecord:
        """What the register says of a seal.

        Raises:
            SealNotFoundError: There is none.
        """
        with self._store.transaction() as change:
            return change.seal(seal_id)

    # ------------------------------------------------------------------ using it

    def seal(
        self, seal_id: SealId, requests: Sequence[SealingRequest], *, operator: str, at: datetime | None = None
    ) -> list[bytes]:
        """Seal documents (电子签章), all of one seal, recorded as one batch.

        A request whose key is already recorded is refused as a whole batch before anything is signed: an answer
        that was lost is asked for by the caller's own records, never by sealing twice.

        Args:
            seal_id: The seal.
            requests: What to seal, with an idempotency key each.
            operator: Who, or which system, uses the seal.
            at: Signing time the document already states; the register's clock must agree within
                ``MOST_SKEW``. Left out, the clock decides.

        Returns:
            The sealed packages, in order.

        Raises:
            RefusedError: Seal not usable, a repeated key, or a document that cannot be sealed.
            KeyStoreError: The key store failed; the uses are closed as failed.
            TimeStampError: No time stamp was to be had; the same.
        """
        if not requests:
            return []
        for request in requests:
            if not 0 < len(request.request_id) <= _LONGEST_REQUEST_ID:
                raise RefusedError(
                    f"a request key has 1 to {_LONGEST_REQUEST_ID} characters", code="seal.request-key"
                )
        now = self._clock()
        at = now if at is None else at
        if abs(at - now) > MOST_SKEW:
            raise RefusedError("the signing time asked for is not now", code="seal.time")
        with self._store.transaction() as change:
            record = change.seal(seal_id)
            record.require_usable(at)
            holder = self._holder(record)
            prepared = [prepare_document(request, holder, at=at) for request in requests]
            uses = [
                SealUse(
                    request_id=request.request_id,
                    seal_id=seal_id,
                    at=at,
                    operator=operator,
                    purpose=request.purpose,
                    document_digest=ready.document_digest,
                    state=UseState.INTENDED,
                )
                for request, ready in zip(requests, prepared, strict=True)
            ]
            change.add_uses(uses)
            self._audit(change, operator, "use", seal_id, count=len(uses), first=uses[0].request_id)
        return self._sign_and_close(seal_id, holder, prepared, uses, operator)

    def _sign_and_close(
        self,
        seal_id: SealId,
        holder: SealHolder,
        prepared: Sequence[PreparedSeal],
        uses: Sequence[SealUse],
        operator: str,
    ) -> list[bytes]:
        try:
            sealed = complete_documents(prepared, holder, self._stamper)
        except (KeyStoreError, TimeStampError) as exc:
            with self._store.transaction() as change:
                change.finish_uses([replace(use, state=UseState.FAILED, reason=str(exc)[:400]) for use in uses])
                self._audit(change, operator, "use-failed", seal_id, count=len(uses), reason=str(exc)[:400])
            raise
        with self._store.transaction() as change:
            change.finish_uses(
                [
                    replace(use, state=UseState.SEALED, result_digest=sm3(document.signed_value))
                    for use, document in zip(uses, sealed, strict=True)
                ]
            )
        return [document.package for document in sealed]

    def _holder(self, record: SealRecord) -> SealHolder:
        if record.encoded is None or record.holder_certificate is None or record.key_label is None:
            raise RefusedError(f"the seal {record.seal_id} has not been made", code="seal.not-made")
        return SealHolder(
            seal=record.encoded,
            certificate=record.holder_certificate,
            signer=self._keys.signer(record.key_label),
        )

    def _move(
        self, change: Transaction, seal_id: SealId, event: SealEvent, actor: str, **details: str | int | None
    ) -> SealState:
        state = next_state(change.seal(seal_id).state, event)
        change.set_state(seal_id, state)
        self._audit(change, actor, str(event), seal_id, state=str(state), **details)
        return state

    def _audit(
        self, change: Transaction, actor: str, event: str, seal_id: SealId, **details: str | int | None
    ) -> None:
        change.append_audit(self._clock(), actor, event, {"seal": str(seal_id), **details})
