"""From an approved application to its certificates, so that a crash at any point costs nothing.

The desk's record and the authority's are two registers, and the key management part keeps a third. The order:

1. the approval is on the desk's record, with validity and serial numbers reserved for it;
2. the key management part is asked for the encryption key under a key of its own, and gives the same when asked
   again; what it gave is checked and on the desk's record;
3. the authority is asked for both certificates in one batch, under keys of their own and the reserved serial
   numbers, and gives the same when asked again;
4. the application is issued on the desk's record.

``finish`` does whatever of this is not done. ``give_up`` closes an application that cannot be finished, and then
sees to it that none of its serial numbers is a certificate anybody relies on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ca.errors import CertificateNotFoundError, RefusedError
from ca.model import CertificateState
from ca.ports import Clock
from ca.profile import ProfileSet
from ca.registration.errors import IllegalStepError, KeyProvisionError
from ca.registration.intake import issuance_requests
from ca.registration.model import (
    ApplicationEvent,
    ApplicationId,
    ApplicationRecord,
    ApplicationState,
    IssuePlan,
    next_state,
)
from ca.registration.ports import Authority, EncryptionKeyRequest, KeyManagement, ProvidedKey
from ca.registration.record_ports import DeskStore, DeskTransaction, entry_of
from crypto import sm3
from formats.errors import MalformedDataError
from formats.gbt20518 import Certificate, RevocationReason, read_certificate
from formats.gbt35276 import read_enveloped_key
from formats.gmt0092 import CsrResponse


@dataclass(frozen=True, slots=True)
class IssuedPair:
    """What an application ended in.

    Attributes:
        record: The application.
        signing: The signing certificate.
        encryption: The encryption certificate; None for profiles without a twin.
    """

    record: ApplicationRecord
    signing: Certificate
    encryption: Certificate | None


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of finishing every approved application.

    Attributes:
        issued: Finished now.
        refused: Those a rule refuses, with its code; they stay approved until finished or given up.
    """

    issued: tuple[IssuedPair, ...] = ()
    refused: tuple[tuple[ApplicationId, str], ...] = ()


class ApprovedIssuance:
    """Has the certificates of approved applications made.

    Args:
        store: The desk's record.
        authority: Who issues.
        key_management: Who makes encryption keys.
        profiles: Known profiles.
        clock: Gives the present moment.
    """

    def __init__(
        self,
        *,
        store: DeskStore,
        authority: Authority,
        key_management: KeyManagement | None,
        profiles: ProfileSet,
        clock: Clock,
    ) -> None:
        self._store = store
        self._authority = authority
        self._key_management = key_management
        self._profiles = profiles
        self._clock = clock

    def finish(self, application_id: ApplicationId, *, actor: str, notes_refusal: bool = True) -> IssuedPair:
        """Do what is not done yet of an approved application; of an issued one, give what was issued.

        Args:
            application_id: Which application.
            actor: Who asked.
            notes_refusal: Whether the trail tells that the authority refuses it; not where the same is tried again
                and again by itself.

        Raises:
            IllegalStepError: It is neither approved nor issued.
            RefusedError: The authority refuses it; it stays approved.
            KeyProvisionError: The key management part gave no usable key.
            KeyStoreError: A key store failed.
        """
        record = self._store.application(self._authority.authority, application_id)
        if record.state not in {ApplicationState.APPROVED, ApplicationState.ISSUED} or record.plan is None:
            raise IllegalStepError(record.state, ApplicationEvent.ISSUE)
        if record.state is ApplicationState.ISSUED:
            return self._issued(record, self._certificates(record.plan))
        plan = self._with_encryption_key(record, actor)
        certificates = self._ask_authority(record, plan, actor, notes_refusal=notes_refusal)
        with self._store.transaction() as change:
            record = change.application(self._authority.authority, application_id)
            if record.state is ApplicationState.APPROVED:
                state = next_state(record.state, ApplicationEvent.ISSUE)
                change.set_state(self._authority.authority, application_id, state)
                digests = {
                    name: each.digest().hex()
                    for name, each in zip(("signing", "encryption"), certificates, strict=False)
                }
                self._audit(change, actor, "application-issued", application_id, **digests)
            record = change.application(self._authority.authority, application_id)
        if record.state is not ApplicationState.ISSUED:
            self._void(plan, actor, "given up meanwhile")
            raise IllegalStepError(record.state, ApplicationEvent.ISSUE)
        return self._issued(record, certificates)

    def give_up(self, application_id: ApplicationId, *, actor: str, reason: str) -> ApplicationRecord:
        """Close an approved application, then abandon or revoke what was made of it; calling again finishes that.

        Raises:
            IllegalStepError: It is not approved.
        """
        with self._store.transaction() as change:
            record = change.application(self._authority.authority, application_id)
            if record.state is not ApplicationState.GIVEN_UP:
                state = next_state(record.state, ApplicationEvent.GIVE_UP)
                change.set_state(self._authority.authority, application_id, state)
                self._audit(change, actor, "application-given-up", application_id, reason=reason)
            record = change.application(self._authority.authority, application_id)
        if record.plan is not None:
            self._void(record.plan, actor, reason)
        return record

    def answer(self, application_id: ApplicationId) -> bytes:
        """DER CSRResponse of an issued application.

        Raises:
            RefusedError: It is not issued.
        """
        record = self._store.application(self._authority.authority, application_id)
        if record.state is not ApplicationState.ISSUED or record.plan is None:
            raise RefusedError(f"the application is {record.state}, not issued", code="registration.not-issued")
        issued = self._issued(record, self._certificates(record.plan))
        if issued.encryption is None or record.plan.encryption_key is None:
            return CsrResponse((issued.signing,)).encode()
        envelope = read_enveloped_key(record.plan.encryption_key.enveloped_key)
        return CsrResponse((issued.signing,), envelope, (issued.encryption,)).encode()

    # ------------------------------------------------------------------ steps

    def _with_encryption_key(self, record: ApplicationRecord, actor: str) -> IssuePlan:
        plan = record.plan
        if plan is None:
            raise IllegalStepError(record.state, ApplicationEvent.ISSUE)
        if plan.encryption_serial is None or plan.encryption_key is not None:
            return plan
        if self._key_management is None:
            raise RefusedError("there is no key management part", code="registration.no-key-management")
        provided = self._key_management.provide(
            EncryptionKeyRequest(
                authority=self._authority.authority,
                certificate_serial=plan.encryption_serial,
                request_key=f"{record.id}/encryption",
                protect_to=record.application.public_key,
                not_after=plan.validity.not_after,
            )
        )
        _check_provided(provided, record)
        with self._store.transaction() as change:
            current = change.application(self._authority.authority, record.id).plan
            if current is not None and current.encryption_key is not None:
                return current  # another process was faster; the pair is the same
            change.attach_key(self._authority.authority, record.id, provided)
            digest = sm3(provided.public_key.point).hex()
            self._audit(change, actor, "encryption-key-provided", record.id, key=digest)
            stored = change.application(self._authority.authority, record.id).plan
        return stored or plan

    def _ask_authority(
        self, record: ApplicationRecord, plan: IssuePlan, actor: str, *, notes_refusal: bool
    ) -> Sequence[Certificate]:
        key = plan.encryption_key.public_key if plan.encryption_key else None
        try:
            requests = issuance_requests(
                record.application, plan, self._profiles, key=f"desk/{record.id}", encryption_key=key
            )
            return self._authority.issue_many(requests, actor=actor)
        except RefusedError as exc:
            if notes_refusal:
                with self._store.transaction() as change:
                    self._audit(change, actor, "issue-refused", record.id, code=exc.code)
            raise

    def _certificates(self, plan: IssuePlan) -> Sequence[Certificate]:
        found = []
        for serial in plan.serials:
            encoded = self._authority.record(serial).encoded
            if encoded is None:
                raise CertificateNotFoundError(f"certificate {serial} has no signature on record")
            found.append(read_certificate(encoded))
        return found

    def _issued(self, record: ApplicationRecord, certificates: Sequence[Certificate]) -> IssuedPair:
        return IssuedPair(record, certificates[0], certificates[1] if len(certificates) > 1 else None)

    def _void(self, plan: IssuePlan, actor: str, reason: str) -> None:
        """See to it that nothing under the plan's serial numbers is relied on."""
        for serial in plan.serials:
            try:
                state = self._authority.record(serial).state
            except CertificateNotFoundError:
                continue
            if state is CertificateState.PENDING:
                self._authority.abandon(serial, reason=reason, actor=actor)
            elif state in {CertificateState.VALID, CertificateState.HELD}:
                self._authority.revoke(serial, RevocationReason.CESSATION_OF_OPERATION, actor=actor)

    def _audit(
        self, change: DeskTransaction, actor: str, event: str, application_id: ApplicationId, **details: str | None
    ) -> None:
        change.append_audit(
            self._clock(), actor, event, entry_of(self._authority.authority, application_id, details)
        )


def _check_provided(provided: ProvidedKey, record: ApplicationRecord) -> None:
    """Refuse an answer of the key management part that would make a pair nobody can use.

    Raises:
        KeyProvisionError: The envelope cannot be read, holds another key, or the key is the signing key.
    """
    try:
        envelope = read_enveloped_key(provided.enveloped_key)
    except MalformedDataError as exc:
        raise KeyProvisionError("the key management part's envelope cannot be read") from exc
    if envelope.public_key != provided.public_key:
        raise KeyProvisionError("the key management part's envelope holds another key than it names")
    if provided.public_key == record.application.public_key:
        raise KeyProvisionError("the key management part gave the signing key as encryption key")
