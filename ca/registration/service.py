"""The use cases of the registration desk: apply, renew, review, withdraw.

``issuing`` issues what was approved, ``lifecycle`` revokes, holds and supersedes it.

Two people decide on every certificate: the clerk who takes an application is never the one who reviews it. Every
change of state goes through ``model.TRANSITIONS`` and leaves an entry in the desk's own audit trail in the same
transaction. What is refused at the counter is in the trail too, by its digest.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ca.errors import RefusedError
from ca.model import SerialNumber
from ca.ports import Clock, Random
from ca.profile import ProfileSet
from ca.registration.audit import DeskReport, audit_desk
from ca.registration.counter import Counter, DeskSettings
from ca.registration.intake import RenewalSubmission, Submission
from ca.registration.issuing import ApprovedIssuance, Finished, IssuedPair
from ca.registration.lifecycle import PairLifecycle
from ca.registration.model import (
    ApplicationEvent,
    ApplicationId,
    ApplicationRecord,
    ApplicationState,
    Decision,
    check_operator,
    check_reason,
    next_state,
    same_person,
)
from ca.registration.ports import Authority, KeyManagement, NumberHash
from ca.registration.record_ports import DeskStore, DeskTransaction, entry_of
from ca.registration.rules import DeskRules


class RegistrationDesk:
    """The desk of one authority.

    Args:
        store: Where its record lives.
        authority: Who issues what was approved.
        key_management: Who makes encryption keys; without it profiles with a twin are refused.
        profiles: Known profiles, those of the authority.
        settings: How it works.
        clock: Gives the present moment, UTC.
        random: Gives octets for serial numbers and identifiers.
        hash_number: Hashes numbers for profiles that want that; without it such numbers are refused.

    Attributes:
        pairs: What happens to issued certificates afterwards.
    """

    def __init__(
        self,
        *,
        store: DeskStore,
        authority: Authority,
        key_management: KeyManagement | None,
        profiles: ProfileSet,
        settings: DeskSettings,
        clock: Clock,
        random: Random,
        hash_number: NumberHash | None = None,
    ) -> None:
        self._store = store
        self._authority = authority
        self._clock = clock
        self.pairs = PairLifecycle(store=store, authority=authority, clock=clock)
        self._rules = DeskRules(
            authority=authority,
            profiles=profiles,
            has_key_management=key_management is not None,
            clock=clock,
            random=random,
        )
        self._counter = Counter(
            store=store,
            authority=authority,
            rules=self._rules,
            profiles=profiles,
            settings=settings,
            clock=clock,
            random=random,
            hash_number=hash_number,
        )
        self._issuance = ApprovedIssuance(
            store=store, authority=authority, key_management=key_management, profiles=profiles, clock=clock
        )

    # ------------------------------------------------------------------ at the counter

    def apply(self, submission: Submission, *, clerk: str) -> ApplicationRecord:
        """Take an application for a first certificate, or pair, of a key.

        The same submission under the same key gives the application it gave before.

        Raises:
            RefusedError: The request does not prove possession, a rule is broken, or the key is on record. An
                entry of the trail says so; nothing else was changed.
        """
        return self._counter.apply(submission, clerk=clerk)

    def renew(self, submission: RenewalSubmission, *, clerk: str) -> ApplicationRecord:
        """Take an application to renew a certificate, or pair, that this desk approved.

        Names, numbers and profile are those of the earlier application, the profile in its latest version. An
        encryption certificate gets a fresh key in any case; the earlier key stays in escrow.

        Raises:
            RefusedError: As for ``apply``; or the certificate is none of this desk's, or not valid any more.
        """
        return self._counter.renew(submission, clerk=clerk)

    def withdraw(self, application_id: ApplicationId, *, clerk: str, reason: str) -> ApplicationRecord:
        """Take an application back before it is decided.

        Raises:
            IllegalStepError: It was decided or withdrawn before.
        """
        return self._close(application_id, ApplicationEvent.WITHDRAW, Decision(clerk, self._now(), reason))

    # ------------------------------------------------------------------ review

    def approve(self, application_id: ApplicationId, *, reviewer: str) -> IssuedPair:
        """Approve an application and have its certificates made; approving again finishes what a crash left open.

        Raises:
            RefusedError: The reviewer took the application, it waited too long, or the rules refuse it today.
                Nothing was changed.
            KeyStoreError: The authority's or the key management part's key store failed. The approval is on
                record; asking again finishes it.
        """
        check_operator(reviewer)
        with self._store.transaction() as change:
            record = change.application(self._authority.authority, application_id)
            self._check_reviewer(record, reviewer)
            if record.state not in {ApplicationState.APPROVED, ApplicationState.ISSUED}:
                self._record_approval(change, record, reviewer)
        return self._issuance.finish(application_id, actor=reviewer)

    def reject(self, application_id: ApplicationId, *, reviewer: str, reason: str) -> ApplicationRecord:
        """Turn an application down.

        Raises:
            RefusedError: The reviewer took the application, or gave no reason.
            IllegalStepError: It was decided or withdrawn before.
        """
        return self._close(application_id, ApplicationEvent.REJECT, Decision(reviewer, self._now(), reason))

    def finish(self, application_id: ApplicationId, *, actor: str) -> IssuedPair:
        """Finish an approved application; see ``ca.registration.issuing``."""
        check_operator(actor)
        return self._issuance.finish(application_id, actor=actor)

    def give_up(self, application_id: ApplicationId, *, actor: str, reason: str) -> ApplicationRecord:
        """Give up an approved application that cannot be finished; see ``ca.registration.issuing``."""
        check_operator(actor)
        check_reason(reason)
        return self._issuance.give_up(application_id, actor=actor, reason=reason)

    def recover(self, *, actor: str) -> Finished:
        """Finish every approved application; to be called at every start.

        Raises:
            KeyProvisionError, KeyStoreError: The key management part or a key store failed; what is not finished
                stays for the next call.
        """
        check_operator(actor)
        issued: list[IssuedPair] = []
        refused: list[tuple[ApplicationId, str]] = []
        for record in self._approved():
            try:
                issued.append(self._issuance.finish(record.id, actor=actor, notes_refusal=False))
            except RefusedError as exc:
                refused.append((record.id, exc.code))
        return Finished(tuple(issued), tuple(refused))

    # ------------------------------------------------------------------ looking

    def record(self, application_id: ApplicationId) -> ApplicationRecord:
        """An application on record.

        Raises:
            ApplicationNotFoundError: There is none.
        """
        return self._store.application(self._authority.authority, application_id)

    def applications(
        self,
        *,
        state: ApplicationState | None = None,
        after: ApplicationId | None = None,
        most: int = 1000,
    ) -> Sequence[ApplicationRecord]:
        """A page of applications in the order they came; see ``record_ports.DeskStore.applications``."""
        return self._store.applications(self._authority.authority, state=state, after=after, most=most)

    def answer(self, application_id: ApplicationId) -> bytes:
        """The answer to the applicant: DER CSRResponse (GM/T 0092-2020) with certificates and enveloped key.

        Raises:
            RefusedError: The application is not issued.
            ApplicationNotFoundError: There is none.
        """
        return self._issuance.answer(application_id)

    def audit(self) -> DeskReport:
        """Judge the desk's record, its trail and the authority's record against each other."""
        return audit_desk(self._store, self._authority)

    # ------------------------------------------------------------------ steps

    def _approved(self) -> Sequence[ApplicationRecord]:
        found: list[ApplicationRecord] = []
        after = None
        while page := self.applications(state=ApplicationState.APPROVED, after=after):
            found += page
            after = page[-1].id
        return found

    def _check_reviewer(self, record: ApplicationRecord, reviewer: str) -> None:
        if same_person(record.application.clerk, reviewer):
            raise RefusedError("who took an application does not decide on it", code="registration.same-person")

    def _record_approval(self, change: DeskTransaction, record: ApplicationRecord, reviewer: str) -> None:
        now = self._now()
        state = next_state(record.state, ApplicationEvent.APPROVE)
        if record.is_expired(now):
            raise RefusedError("the application waited too long", code="registration.expired")
        self._rules.check_renewable(record.application)
        plan = self._rules.plan(record.application)
        change.decide(self._authority.authority, record.id, state, Decision(reviewer, now), plan)
        details = {"signing": str(plan.signing_serial), "encryption": _text_or_none(plan.encryption_serial)}
        self._audit(change, reviewer, "application-approved", record.id, **details)

    def _close(
        self, application_id: ApplicationId, event: ApplicationEvent, decision: Decision
    ) -> ApplicationRecord:
        check_operator(decision.reviewer)
        check_reason(decision.reason)
        with self._store.transaction() as change:
            record = change.application(self._authority.authority, application_id)
            if event is ApplicationEvent.REJECT:
                self._check_reviewer(record, decision.reviewer)
            state = next_state(record.state, event)
            change.decide(self._authority.authority, application_id, state, decision, None)
            self._audit(change, decision.reviewer, f"application-{state}", application_id, reason=decision.reason)
            return change.application(self._authority.authority, application_id)

    def _audit(
        self, change: DeskTransaction, actor: str, event: str, application_id: ApplicationId, **details: str | None
    ) -> None:
        change.append_audit(
            self._now(), actor, event, entry_of(self._authority.authority, application_id, details)
        )

    def _now(self) -> datetime:
        return self._clock().replace(microsecond=0)


def _text_or_none(serial: SerialNumber | None) -> str | None:
    return None if serial is None else str(serial)
