"""Issuance that leaves nothing unrecorded: intent on record, then signature, then certificate on record.

After a crash, a lost write or a failed key store at any point:

* a serial number on record is never drawn again, whether or not its certificate was ever signed;
* whatever was signed has its content on record, so it can be found, counted and put on the revocation list;
* the same request, sent again, is finished under the same serial number and content;
* of two signatures over one content, made when a crash fell between signing and recording, only the recorded one
  ever left the authority.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TypeVar

from ca.authority import AuthoritySettings, Issuer, authority_id
from ca.drafting import Draft, Drafting
from ca.errors import IllegalTransitionError, LintError, RefusedError
from ca.issuance import LintedCertificate, issue_all
from ca.model import (
    CertificateEvent,
    CertificateRecord,
    CertificateState,
    IssuanceRequest,
    Revocation,
    SerialNumber,
    next_state,
)
from ca.ports import AuditDetails, CaStore, Clock, Random, Transaction
from ca.profile import Profile
from crypto import KeyStoreError, Signer, sm3
from formats.gbt20518 import Certificate, RevocationReason, read_certificate

_RECOVERY_BATCH = 200
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a restart did with intents that had no certificate on record.

    Attributes:
        completed: Signed and recorded now.
        abandoned: Given up, with the rule they would break today.
    """

    completed: tuple[SerialNumber, ...] = ()
    abandoned: tuple[tuple[SerialNumber, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Planned:
    """A request's certificate on its way: recorded already, or linted and pending."""

    record: CertificateRecord
    token: LintedCertificate | None
    actor: str


Outcome = Certificate | RefusedError | KeyStoreError
"""What became of one request among several that do not depend on each other."""


class RecordedIssuance:
    """Issues certificates of one authority.

    Args:
        store: Where the record lives.
        signer: Holds the authority's key.
        issuer: The name and key to issue under.
        settings: What the authority writes into certificates.
        profiles: Known profiles by name.
        clock: Gives the present moment.
        random: Gives octets for serial numbers.
    """

    def __init__(
        self,
        *,
        store: CaStore,
        signer: Signer,
        issuer: Issuer,
        settings: AuthoritySettings,
        profiles: Mapping[str, Profile],
        clock: Clock,
        random: Random,
    ) -> None:
        if signer.public_key != issuer.public_key:
            raise ValueError("the signer holds another key than the issuer's")
        self._store = store
        self._signer = signer
        self._user_id = settings.user_id
        self._clock = clock
        self._drafting = Drafting(issuer=issuer, settings=settings, profiles=profiles, clock=clock, random=random)
        self.authority = authority_id(issuer.public_key)

    def issue(self, requests: Sequence[IssuanceRequest], *, actor: str) -> list[Certificate]:
        """Certificates for requests, in the same order; all intents are recorded together, or none.

        Raises:
            RefusedError: A request breaks a rule (``LintError`` with the findings), its key belongs to another
                request, or it was given up before. Nothing was recorded.
            KeyStoreError: The key store failed. Intents are on record; sending the requests again finishes them.
        """
        if len({request.key for request in requests}) != len(requests):
            raise RefusedError("a request key is repeated in one batch", code="ca.request-key-repeated")
        drafts = self._drafts([(request, actor) for request in requests])
        with self._store.transaction() as change:
            planned = [_expect(each) for each in self._settle(change, drafts)]
        return [_expect(outcome) for outcome in self._finish(planned)]

    def issue_each(self, asked: Sequence[tuple[IssuanceRequest, str]]) -> list[Outcome]:
        """What becomes of each of several requests, in the same order; one that is refused harms no other.

        Args:
            asked: Requests, no key twice, and who asked.

        Raises:
            Exception: What the store raises; then nobody knows of any of them, and asking again tells.
        """
        drafts = self._drafts(asked)
        try:
            with self._store.transaction() as change:
                settled = self._settle(change, drafts)
        except RefusedError as refusal:  # the record takes one of them not, and with it the whole transaction
            if len(asked) == 1:
                return [refusal]
            return [outcome for each in asked for outcome in self.issue_each([each])]
        planned = [each for each in settled if isinstance(each, _Planned)]
        finished: Iterator[Outcome]
        try:
            finished = iter(self._finish(planned))
        except KeyStoreError as failure:
            finished = repeat(failure)
        return [next(finished) if isinstance(each, _Planned) else each for each in settled]

    def check(self, request: IssuanceRequest) -> None:
        """Build and judge what a request would give; nothing is recorded, and the token is thrown away.

        Raises:
            LintError: The content breaks rules.
        """
        (draft,) = self._drafts([(request, "")])
        _expect(draft.outcome)

    def recover(self, *, actor: str) -> Recovery:
        """Finish or give up every intent without a certificate; to be called at every start.

        Raises:
            KeyStoreError: The key store failed; what is not finished stays for the next call.
        """
        completed: list[SerialNumber] = []
        abandoned: list[tuple[SerialNumber, str]] = []
        pending = CertificateState.PENDING
        while records := self._store.certificates(self.authority, state=pending, most=_RECOVERY_BATCH):
            planned = []
            for record in records:
                try:
                    planned.append(_Planned(record, self._drafting.token_again(record), actor))
                except LintError as exc:
                    self.abandon(record.serial, reason=exc.code, actor=actor)
                    abandoned.append((record.serial, exc.code))
            if planned:
                self._finish(planned)
                completed.extend(each.record.serial for each in planned)
        return Recovery(tuple(completed), tuple(abandoned))

    def abandon(self, serial: SerialNumber, *, reason: str, actor: str) -> None:
        """Give an intent up. It goes on the revocation list, since it may have been signed before a crash.

        Raises:
            IllegalTransitionError: It is not pending.
        """
        with self._store.transaction() as change:
            record = change.certificate(self.authority, serial)
            state = next_state(record.state, CertificateEvent.ABANDON)
            listed = Revocation(record.intended_at, RevocationReason.UNSPECIFIED)
            change.set_state(self.authority, serial, state, listed, self._clock())
            details = {**self._names(record), "reason": reason}
            change.append_audit(self._clock(), actor, "certificate-abandoned", [details])

    # ------------------------------------------------------------------ steps

    def _drafts(self, asked: Sequence[tuple[IssuanceRequest, str]]) -> list[Draft]:
        # Before the transaction, so that nobody waits to write while content is built and linted.
        now = self._clock().replace(microsecond=0)
        return [self._drafting.draft(request, actor, now) for request, actor in asked]

    def _settle(self, change: Transaction, drafts: Sequence[Draft]) -> list[_Planned | RefusedError]:
        """Record what is new among drafts, and find what is not."""
        if change.successor(self.authority) is not None:
            return self._settle_retired(change, drafts)
        # Of a draft with a reserved number the record could not tell afterwards whether it is the new one.
        looked_up = [
            each.request.key
            for each in drafts
            if isinstance(each.outcome, RefusedError) or each.request.serial is not None
        ]
        known = dict(change.by_requests(self.authority, looked_up)) if looked_up else {}
        fresh = [
            each.outcome[0]
            for each in drafts
            if not isinstance(each.outcome, RefusedError) and each.request.key not in known
        ]
        if fresh:
            known.update(change.add_intents(fresh))
            self._audit_intents(change, [each for each in drafts if each.request.key not in known])
        return [self._planned(each, known.get(each.request.key)) for each in drafts]

    def _settle_retired(self, change: Transaction, drafts: Sequence[Draft]) -> list[_Planned | RefusedError]:
        """Find what was issued before; the key of a retired authority signs no certificate."""
        known = change.by_requests(self.authority, [each.request.key for each in drafts])
        refusal = RefusedError("the authority is retired: its key signs lists and nothing else", code="ca.retired")
        return [
            self._planned(each, known[each.request.key]) if each.request.key in known else refusal
            for each in drafts
        ]

    def _planned(self, draft: Draft, known: CertificateRecord | None) -> _Planned | RefusedError:
        if known is None:
            new = draft.outcome
            return new if isinstance(new, RefusedError) else _Planned(*new, draft.actor)
        if known.request_digest != draft.request.digest():
            return RefusedError("the request key belongs to another request", code="ca.request-key-reused")
        if known.state is CertificateState.ABANDONED:
            return RefusedError("the request was given up; send it under a new key", code="ca.request-abandoned")
        try:
            token = self._drafting.token_again(known) if known.encoded is None else None
        except LintError as refusal:
            return refusal
        return _Planned(known, token, draft.actor)

    def _audit_intents(self, change: Transaction, drafts: Sequence[Draft]) -> None:
        details: dict[str, list[AuditDetails]] = {}
        for draft in drafts:
            if isinstance(draft.outcome, RefusedError):
                continue
            record, _ = draft.outcome
            entry = {
                **self._names(record),
                "profile": record.profile,
                "request": record.request_key,
                "possession": str(draft.request.possession),
                "tbs": sm3(record.tbs).hex(),
            }
            details.setdefault(draft.actor, []).append(entry)
        for actor, entries in details.items():
            change.append_audit(self._clock(), actor, "certificate-intended", entries)

    def _finish(self, planned: Sequence[_Planned]) -> list[Certificate | IllegalTransitionError]:
        tokens = [each.token for each in planned if each.token is not None]
        signed: dict[SerialNumber, Certificate | IllegalTransitionError] = {}
        if tokens:
            certificates = issue_all(tokens, self._signer, user_id=self._user_id)
            actors = {each.record.serial: each.actor for each in planned}
            with self._store.transaction() as change:
                signed = self._record(change, certificates, actors)
        return [signed.get(each.record.serial) or _certificate_of(each.record) for each in planned]

    def _record(
        self, change: Transaction, certificates: Sequence[Certificate], actors: Mapping[SerialNumber, str]
    ) -> dict[SerialNumber, Certificate | IllegalTransitionError]:
        state = next_state(CertificateState.PENDING, CertificateEvent.RECORD)
        signed = {SerialNumber(certificate.serial_number): certificate for certificate in certificates}
        encoded = {serial: certificate.encoded for serial, certificate in signed.items()}
        recorded = change.record_certificates(self.authority, encoded, state)
        details: dict[str, list[AuditDetails]] = {}
        for serial, certificate in signed.items():
            if serial not in recorded:
                continue
            entry = {
                "authority": self.authority,
                "serial": str(serial),
                "certificate": certificate.digest().hex(),
            }
            details.setdefault(actors[serial], []).append(entry)
        for actor, entries in details.items():
            change.append_audit(self._clock(), actor, "certificate-issued", entries)
        # Where another process was faster its signature counts, and ours is forgotten.
        return {
            serial: certificate
            if serial in recorded
            else _certificate_of(change.certificate(self.authority, serial))
            for serial, certificate in signed.items()
        }

    def _names(self, record: CertificateRecord) -> dict[str, str]:
        return {"authority": self.authority, "serial": str(record.serial)}


def _expect(outcome: _Item | Exception) -> _Item:
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _certificate_of(record: CertificateRecord) -> Certificate | IllegalTransitionError:
    """The certificate on record, or that there is none: it was given up."""
    if record.encoded is None:
        return IllegalTransitionError(record.state, CertificateEvent.RECORD)
    return read_certificate(record.encoded)
