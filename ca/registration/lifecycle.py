"""What happens to the certificates of an issued application afterwards: revoked, held, resumed, superseded.

Both certificates of a pair go together. Each step is done certificate by certificate and leaves out those it was
done to before, so that an interrupted step is finished by asking again; the desk's trail has the step once more
then, the authority's has each change once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ca.errors import RefusedError
from ca.model import CertificateRecord, CertificateState
from ca.ports import Clock
from ca.registration.model import ApplicationId, ApplicationRecord, ApplicationState, check_operator
from ca.registration.ports import Authority
from ca.registration.record_ports import DeskStore, entry_of
from formats.gbt20518 import RevocationReason


class PairLifecycle:
    """Changes the states of pairs.

    Args:
        store: The desk's record.
        authority: Who issued them.
        clock: Gives the present moment.
    """

    def __init__(self, *, store: DeskStore, authority: Authority, clock: Clock) -> None:
        self._store = store
        self._authority = authority
        self._clock = clock

    def revoke(
        self,
        application_id: ApplicationId,
        reason: RevocationReason,
        *,
        actor: str,
        invalidity_date: datetime | None = None,
    ) -> Sequence[CertificateRecord]:
        """Revoke the certificates of an application for good.

        Args:
            application_id: Which application.
            reason: Why.
            actor: Who asked.
            invalidity_date: When the signing key is believed lost, if known; it is stated of the signing
                certificate alone, since the encryption key is another one.

        Raises:
            RefusedError: Not issued, or the authority refuses reason or date.
        """
        found = self._certificates(application_id, actor, "pair-revoked", reason=int(reason))
        for position, record in enumerate(found):
            if record.state in {CertificateState.VALID, CertificateState.HELD}:
                since = invalidity_date if position == 0 else None
                self._authority.revoke(record.serial, reason, actor=actor, invalidity_date=since)
        return self._now_on_record(found)

    def suspend(self, application_id: ApplicationId, *, actor: str) -> Sequence[CertificateRecord]:
        """Hold the certificates of an application.

        Raises:
            RefusedError: Not issued, or one is neither valid nor held.
        """
        found = self._certificates(application_id, actor, "pair-suspended")
        for record in found:
            if record.state is not CertificateState.HELD:
                self._authority.suspend(record.serial, actor=actor)
        return self._now_on_record(found)

    def resume(self, application_id: ApplicationId, *, actor: str) -> Sequence[CertificateRecord]:
        """End a hold.

        Raises:
            RefusedError: Not issued, or one is neither held nor valid.
        """
        found = self._certificates(application_id, actor, "pair-resumed")
        for record in found:
            if record.state is not CertificateState.VALID:
                self._authority.resume(record.serial, actor=actor)
        return self._now_on_record(found)

    def supersede_due(self, *, actor: str) -> Sequence[ApplicationRecord]:
        """Revoke, as superseded, what was renewed long enough ago; to be called every day.

        Returns:
            The renewals whose earlier certificates were dealt with now.
        """
        check_operator(actor)
        now = self._clock().replace(microsecond=0)
        done = []
        for renewal in self._store.unsettled_renewals(self._authority.authority):
            due = renewal.supersedes_from()
            if due is not None and due <= now:
                self._supersede(renewal, now, actor)
                done.append(renewal)
        return done

    def _supersede(self, renewal: ApplicationRecord, now: datetime, actor: str) -> None:
        own = self._authority.authority
        with self._store.transaction() as change:
            earlier = change.by_serial(own, renewal.application.replaces) if renewal.application.replaces else None
        for serial in earlier.plan.serials if earlier is not None and earlier.plan is not None else ():
            record = self._authority.record(serial)
            is_open = record.state in {CertificateState.VALID, CertificateState.HELD}
            if is_open and not record.is_expired(now):
                self._authority.revoke(serial, RevocationReason.SUPERSEDED, actor=actor)
        with self._store.transaction() as change:
            if change.application(own, renewal.id).superseded_at is None:
                change.set_superseded(own, renewal.id, now)
                details = {"replaced": str(renewal.application.replaces)}
                change.append_audit(now, actor, "pair-superseded", entry_of(own, renewal.id, details))

    def _certificates(
        self, application_id: ApplicationId, actor: str, event: str, **details: int
    ) -> Sequence[CertificateRecord]:
        """The certificates of an issued application; the step is in the trail before the first changes."""
        check_operator(actor)
        own = self._authority.authority
        with self._store.transaction() as change:
            record = change.application(own, application_id)
            if record.state is not ApplicationState.ISSUED or record.plan is None:
                raise RefusedError(
                    f"the application is {record.state}, not issued", code="registration.not-issued"
                )
            change.append_audit(self._clock(), actor, event, entry_of(own, application_id, details))
        return [self._authority.record(serial) for serial in record.plan.serials]

    def _now_on_record(self, records: Sequence[CertificateRecord]) -> Sequence[CertificateRecord]:
        return [self._authority.record(record.serial) for record in records]
