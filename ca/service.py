"""The use cases of a certification authority.

Time, randomness, storage and the key arrive as arguments. Every change of state goes through ``model.TRANSITIONS``
and leaves an audit entry in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Self

from ca.audit import AuditReport, audit
from ca.authority import AuthoritySettings, Issuer, check_chain
from ca.errors import CrlNotFoundError, RefusedError
from ca.list_recording import RecordedLists
from ca.model import (
    REVOCATION_REASONS,
    WHOLE_LIST,
    CertificateEvent,
    CertificateRecord,
    CertificateState,
    CrlRecord,
    IssuanceRequest,
    Possession,
    Revocation,
    SerialNumber,
    next_state,
)
from ca.ports import CaStore, Clock, Random
from ca.profile import Certifies, Profile
from ca.recording import Outcome, RecordedIssuance, Recovery
from ca.rereading import Rereading
from crypto import Signer
from formats.gbt20518 import Certificate, Crl, Name, RevocationReason, Validity

_ROOT_REQUEST = "root"


class CertificateAuthority:
    """One authority: a root, or an authority below one.

    Args:
        store: Where the record lives; authorities may share one.
        signer: Holds the key of ``chain[0]``.
        chain: The authority's own certificate first, its issuers after it.
        profiles: Known profiles by name.
        settings: What the authority writes into certificates and lists.
        clock: Gives the present moment, UTC.
        random: Gives octets for serial numbers.
        profile: Name of the profile the authority itself was certified under.

    Attributes:
        lists: Makes its revocation lists.

    Raises:
        ValueError: The chain is broken, or the signer holds another key.
    """

    def __init__(
        self,
        *,
        store: CaStore,
        signer: Signer,
        chain: Sequence[Certificate],
        profiles: Mapping[str, Profile],
        settings: AuthoritySettings,
        clock: Clock,
        random: Random,
        profile: str = "issuing-ca",
    ) -> None:
        check_chain(chain)
        self.chain = tuple(chain)
        self._store = store
        self._settings = settings
        self._profiles = profiles
        self._clock = clock
        issuer = Issuer.of(chain[0])
        self._issuance = RecordedIssuance(
            store=store,
            signer=signer,
            issuer=issuer,
            settings=settings,
            profiles=profiles,
            clock=clock,
            random=random,
        )
        self._max_crl_validity = profiles[profile].max_crl_validity or settings.crl_validity
        self.lists = RecordedLists(
            store=store,
            signer=signer,
            issuer=issuer,
            settings=settings,
            max_validity=self._max_crl_validity,
            clock=clock,
        )
        self.authority = self._issuance.authority

    @classmethod
    def create_root(
        cls,
        *,
        store: CaStore,
        signer: Signer,
        subject: Name,
        validity: Validity,
        profiles: Mapping[str, Profile],
        settings: AuthoritySettings,
        clock: Clock,
        random: Random,
        actor: str,
        profile: str = "root",
    ) -> Self:
        """Make a root's certificate and give the root. Called again with the same arguments it gives the same.

        Raises:
            LintError: Subject or validity breaks the profile.
            RefusedError: This key is a root already, by another subject, validity or profile.
            KeyStoreError: The key store failed; the intent is on record and calling again finishes it.
        """
        issuance = RecordedIssuance(
            store=store,
            signer=signer,
            issuer=Issuer.root_to_be(subject, signer.public_key),
            settings=settings,
            profiles=profiles,
            clock=clock,
            random=random,
        )
        request = IssuanceRequest(_ROOT_REQUEST, profile, subject, signer.public_key, validity, Possession.PROVEN)
        chain = issuance.issue([request], actor=actor)
        return cls(
            store=store,
            signer=signer,
            chain=chain,
            profiles=profiles,
            settings=settings,
            clock=clock,
            random=random,
            profile=profile,
        )

    @property
    def certificate(self) -> Certificate:
        """The authority's own certificate."""
        return self.chain[0]

    @property
    def is_test(self) -> bool:
        """Whether it marks what it issues as test."""
        return self._settings.is_test

    # ------------------------------------------------------------------ issuing

    def issue(self, request: IssuanceRequest, *, actor: str) -> Certificate:
        """Certificate for one end entity; see ``issue_many``."""
        return self.issue_many([request], actor=actor)[0]

    def issue_many(self, requests: Sequence[IssuanceRequest], *, actor: str) -> list[Certificate]:
        """Certificates for end entities, in the same order.

        Repeating a request gives the certificate it gave before, in whatever state that is now.

        Args:
            requests: Each with a key of its own; all intents are recorded together, or none.
            actor: Who asked, for the audit trail; no personal number.

        Raises:
            RefusedError: A request breaks a rule (``LintError`` with the findings), its key belongs to another
                request, or it was given up before. Nothing was recorded.
            KeyStoreError: The key store failed. Intents are on record; sending the requests again finishes them.
        """
        for request in requests:
            self._expect(request, Certifies.END_ENTITY)
        return self._issuance.issue(requests, actor=actor)

    def check(self, request: IssuanceRequest) -> None:
        """Judge a request for an end entity by the rules, as of now, without recording or signing anything.

        Raises:
            RefusedError: A rule is broken (``LintError`` with the findings).
        """
        self._expect(request, Certifies.END_ENTITY)
        self._issuance.check(request)

    def issue_each(self, asked: Sequence[tuple[IssuanceRequest, str]]) -> list[Outcome]:
        """What becomes of each of several requests, in the same order; one that is refused harms no other.

        For many callers at once see ``ca.group_issuing``.

        Args:
            asked: Requests for end entities, no key twice, and who asked.

        Raises:
            Exception: What the store raises; then nobody knows of any of them, and asking again tells.
        """
        refusals = [self._refusal(request, Certifies.END_ENTITY) for request, _ in asked]
        proper = [each for each, refusal in zip(asked, refusals, strict=True) if refusal is None]
        issued = iter(self._issuance.issue_each(proper))
        return [refusal or next(issued) for refusal in refusals]

    def issue_subordinate(self, request: IssuanceRequest, *, actor: str) -> Certificate:
        """Certificate for an authority below this one; raises as ``issue_many`` does."""
        self._expect(request, Certifies.AUTHORITY)
        return self._issuance.issue([request], actor=actor)[0]

    def issue_link(self, request: IssuanceRequest, *, actor: str) -> Certificate:
        """Certificate for this authority under its key before or after; see ``ca.roll_over``."""
        self._expect(request, Certifies.LINK)
        return self._issuance.issue([request], actor=actor)[0]

    def issue_cross(self, request: IssuanceRequest, *, actor: str) -> Certificate:
        """Certificate for an authority of another hierarchy, within the request's bounds."""
        self._expect(request, Certifies.CROSS)
        return self._issuance.issue([request], actor=actor)[0]

    def retire(self, successor: str, *, actor: str) -> None:
        """Let this authority's key sign revocation lists and nothing else, for good.

        Args:
            successor: The authority that took over, see ``ca.authority.authority_id``.
            actor: Who asked, for the audit trail.

        Raises:
            RefusedError: Another one took over before, or an intent is not finished; ``recover`` deals with those.
        """
        with self._store.transaction() as change:
            before = change.successor(self.authority)
            if before == successor:
                return
            if before is not None or successor == self.authority:
                raise RefusedError("another authority took over", code="ca.retired")
            if change.has_pending(self.authority):
                raise RefusedError("an intent is not finished", code="ca.retire-pending")
            change.retire(self.authority, successor, self._now())
            details: dict[str, str | int | None] = {"authority": self.authority, "successor": successor}
            change.append_audit(self._now(), actor, "authority-retired", [details])

    def recover(self, *, actor: str) -> Recovery:
        """Finish or give up what a crash left open; to be called at every start.

        Raises:
            KeyStoreError: The key store failed; what is not finished stays for the next call.
        """
        return self._issuance.recover(actor=actor)

    def abandon(self, serial: SerialNumber, *, reason: str, actor: str) -> None:
        """Give up a pending certificate.

        Raises:
            IllegalTransitionError: It is not pending.
            CertificateNotFoundError: There is none with this number.
        """
        self._issuance.abandon(serial, reason=reason, actor=actor)

    def _expect(self, request: IssuanceRequest, certifies: Certifies) -> None:
        refusal = self._refusal(request, certifies)
        if refusal is not None:
            raise refusal

    def _refusal(self, request: IssuanceRequest, certifies: Certifies) -> RefusedError | None:
        profile = self._profiles.get(request.profile)
        if profile is None:
            return RefusedError(f"no profile is called {request.profile!r}", code="ca.profile-unknown")
        if profile.certifies is not certifies:
            return RefusedError(f"profile {profile.name} is not for {certifies}", code="ca.profile-kind")
        return None

    # ------------------------------------------------------------------ revoking

    def revoke(
        self,
        serial: SerialNumber,
        reason: RevocationReason,
        *,
        actor: str,
        invalidity_date: datetime | None = None,
    ) -> CertificateRecord:
        """Revoke for good. A certificate that was held keeps the day it was held as its revocation date.

        Args:
            serial: Which certificate.
            reason: Why.
            actor: Who asked, for the audit trail.
            invalidity_date: When the key is believed lost, if known; UTC, not after now.

        Raises:
            RefusedError: The reason is none to revoke for, or the invalidity date lies ahead.
            IllegalTransitionError: It is neither valid nor held.
            CertificateNotFoundError: There is none with this number.
        """
        now = self._now()
        if reason not in REVOCATION_REASONS:
            raise RefusedError(f"reason {reason.name} is none to revoke for", code="ca.reason")
        if invalidity_date is not None and invalidity_date > now:
            raise RefusedError("the invalidity date lies ahead", code="ca.invalidity-date")
        return self._change(serial, CertificateEvent.REVOKE, Revocation(now, reason, invalidity_date), actor)

    def suspend(self, serial: SerialNumber, *, actor: str) -> CertificateRecord:
        """Hold a certificate: on the list with reason certificateHold until resumed or revoked.

        Raises:
            IllegalTransitionError: It is not valid.
            CertificateNotFoundError: There is none with this number.
        """
        hold = Revocation(self._now(), RevocationReason.CERTIFICATE_HOLD)
        return self._change(serial, CertificateEvent.SUSPEND, hold, actor)

    def resume(self, serial: SerialNumber, *, actor: str) -> CertificateRecord:
        """End a hold; the next full list leaves the certificate out.

        Raises:
            IllegalTransitionError: It is not held.
            CertificateNotFoundError: There is none with this number.
        """
        return self._change(serial, CertificateEvent.RESUME, None, actor)

    def archive(self, serial: SerialNumber, *, actor: str) -> CertificateRecord:
        """Put away a certificate whose validity ended and that was never revoked; nothing of it is deleted.

        It cannot be revoked any more. What was revoked or given up is final as it is, and a certificate that ended
        held stays so, with its entry on the lists. The trail names the list that was the latest.

        Raises:
            RefusedError: Its validity has not ended.
            IllegalTransitionError: It is not valid.
            CertificateNotFoundError: There is none with this number.
        """
        if not self.record(serial).is_expired(self._now()):
            raise RefusedError("the certificate's validity has not ended", code="ca.not-expired")
        return self._change(serial, CertificateEvent.ARCHIVE, None, actor, list=self._latest_list())

    def archive_expired(self, *, actor: str, before: datetime) -> int:
        """Archive every certificate whose validity ended before a moment.

        Goes through all that are valid on record, in pages.

        Returns:
            How many were archived.
        """
        archived = 0
        last: SerialNumber | None = None
        while page := self.certificates(state=CertificateState.VALID, after=last):
            last = page[-1].serial
            for record in page:
                if record.not_after < min(before, self._now()):
                    self.archive(record.serial, actor=actor)
                    archived += 1
        return archived

    def _change(
        self,
        serial: SerialNumber,
        event: CertificateEvent,
        revocation: Revocation | None,
        actor: str,
        **evidence: int | None,
    ) -> CertificateRecord:
        with self._store.transaction() as change:
            record = change.certificate(self.authority, serial)
            state = next_state(record.state, event)
            if record.revocation is not None and revocation is not None:
                revocation = Revocation(record.revocation.at, revocation.reason, revocation.invalidity_date)
            change.set_state(self.authority, serial, state, revocation, self._now())
            details: dict[str, str | int | None] = {"authority": self.authority, "serial": str(serial)}
            if revocation is not None:
                details["reason"] = int(revocation.reason)
                details["since"] = revocation.at.isoformat()
            details.update(evidence)
            change.append_audit(self._now(), actor, f"certificate-{_PAST[event]}", [details])
            return change.certificate(self.authority, serial)

    def _latest_list(self) -> int | None:
        try:
            return self.crl().number
        except CrlNotFoundError:
            return None

    # ------------------------------------------------------------------ lists, record, audit

    def publish_crl(self, *, actor: str) -> Crl:
        """Make, sign and record the next list of everything; ``lists`` has the others.

        Raises:
            LintError: The list breaks rules, for example since the clock went back.
            KeyStoreError: The key store failed; the list's number stays unused.
        """
        return self.lists.publish(actor=actor)[0]

    def crl(self, number: int | None = None, *, list_name: str = WHOLE_LIST, is_delta: bool = False) -> CrlRecord:
        """A signed list; without a number the latest. Every list ever issued is kept.

        Args:
            number: Its number.
            list_name: Which of the lists, see ``ca.partition``.
            is_delta: A delta list.

        Raises:
            CrlNotFoundError: There is none.
        """
        return self._store.crl(self.authority, number, list_name=list_name, is_delta=is_delta)

    def record(self, serial: SerialNumber) -> CertificateRecord:
        """What is on record of a certificate.

        Raises:
            CertificateNotFoundError: There is none with this number.
        """
        return self._store.certificate(self.authority, serial)

    def certificates(
        self, *, state: CertificateState | None = None, after: SerialNumber | None = None, most: int = 1000
    ) -> Sequence[CertificateRecord]:
        """A page of certificates on record, in the order of their intents.

        Args:
            state: Only those in this state; None for all.
            after: Start behind this one; None for the first page.
            most: Length of the page.
        """
        return self._store.certificates(self.authority, state=state, after=after, most=most)

    def audit(self) -> AuditReport:
        """Judge audit trail and record of this authority against each other."""
        return audit(self._store, self.authority)

    def rereading(self) -> Rereading:
        """What reads everything this authority ever issued again, and judges it by today's rules."""
        return Rereading(
            store=self._store,
            issuer=Issuer.of(self.certificate),
            profiles=self._profiles,
            settings=self._settings,
            partitions=self.lists.partitions,
            max_crl_validity=self._max_crl_validity,
            now=self._now(),
        )

    def _now(self) -> datetime:
        return self._clock().replace(microsecond=0)


_PAST: Final = {
    CertificateEvent.SUSPEND: "suspended",
    CertificateEvent.RESUME: "resumed",
    CertificateEvent.REVOKE: "revoked",
    CertificateEvent.ARCHIVE: "archived",
}
