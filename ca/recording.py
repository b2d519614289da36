"""Issuance that leaves nothing unrecorded: intent on record, then signature, then certificate on record.

After a crash, a lost write or a failed key store at any point:

* a serial number on record is never drawn again, whether or not its certificate was ever signed;
* whatever was signed has its content on record, so it can be found, counted and put on the revocation list;
* the same request, sent again, is finished under the same serial number and content;
* of two signatures over one content, made when a crash fell between signing and recording, only the recorded one
  ever left the authority.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ca.authority import AuthoritySettings, Issuer, authority_id
from ca.errors import IllegalTransitionError, LintError, LintFinding, RefusedError
from ca.issuance import LintedCertificate, issue_all, prepare, readmit
from ca.model import (
    CertificateEvent,
    CertificateRecord,
    CertificateState,
    IssuanceRequest,
    Revocation,
    SerialNumber,
    next_state,
)
from ca.ports import CaStore, Clock, Random, Transaction
from ca.profile import Certifies, Profile
from crypto import Signer, sm3
from formats.gbt20518 import Certificate, RevocationReason, read_certificate

_RECOVERY_BATCH = 200


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
    is_new: bool


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
        self._issuer = issuer
        self._settings = settings
        self._profiles = profiles
        self._clock = clock
        self._random = random
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
        now = self._clock().replace(microsecond=0)
        with self._store.transaction() as change:
            known = change.by_requests(self.authority, [request.key for request in requests])
            planned = [self._plan(known.get(request.key), request, now) for request in requests]
            self._record_intents(change, [each for each in planned if each.is_new], requests, now, actor)
        return self._finish(planned, actor)

    def check(self, request: IssuanceRequest) -> None:
        """Build and judge what a request would give; nothing is recorded, and the token is thrown away.

        Raises:
            LintError: The content breaks rules.
        """
        self._new(request, self._clock().replace(microsecond=0))

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
                    planned.append(_Planned(record, self._token_again(record), is_new=False))
                except LintError as exc:
                    self.abandon(record.serial, reason=exc.code, actor=actor)
                    abandoned.append((record.serial, exc.code))
            if planned:
                self._finish(planned, actor)
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

    def _plan(self, record: CertificateRecord | None, request: IssuanceRequest, now: datetime) -> _Planned:
        if record is None:
            return self._new(request, now)
        if record.request_digest != request.digest():
            raise RefusedError("the request key belongs to another request", code="ca.request-key-reused")
        if record.state is CertificateState.ABANDONED:
            raise RefusedError("the request was given up; send it under a new key", code="ca.request-abandoned")
        token = self._token_again(record) if record.encoded is None else None
        return _Planned(record, token, is_new=False)

    def _new(self, request: IssuanceRequest, now: datetime) -> _Planned:
        profile = self._profile(request.profile)
        serial = request.serial or SerialNumber.draw(self._random)
        token = prepare(profile, request, self._issuer, self._settings, serial=serial, now=now)
        record = CertificateRecord(
            authority=self.authority,
            serial=serial,
            state=CertificateState.PENDING,
            profile=profile.identifier,
            request_key=request.key,
            request_digest=request.digest(),
            subject=str(request.subject),
            not_after=request.validity.not_after,
            intended_at=now,
            tbs=token.tbs,
            list_name=self._settings.partition_of(
                serial, is_authority=profile.certifies is not Certifies.END_ENTITY
            ).name,
        )
        return _Planned(record, token, is_new=True)

    def _token_again(self, record: CertificateRecord) -> LintedCertificate:
        """A token for recorded content: linted as of its intent, and still of use today."""
        token = readmit(record.tbs, self._profile(record.profile), self._issuer, now=record.intended_at)
        now = self._clock()
        above = self._issuer.certificate
        if record.is_expired(now) or (above is not None and not above.validity.contains(now)):
            raise LintError(
                [LintFinding("ca.recovered-too-late", "[D]", "it or its issuer is not valid any more")]
            )
        return token

    def _profile(self, name: str) -> Profile:
        try:
            return self._profiles[name]
        except KeyError:
            raise LintError([LintFinding("ca.profile-unknown", "[D]", f"no profile is called {name!r}")]) from None

    def _record_intents(
        self,
        change: Transaction,
        fresh: Sequence[_Planned],
        requests: Sequence[IssuanceRequest],
        now: datetime,
        actor: str,
    ) -> None:
        if not fresh:
            return
        change.add_intents([each.record for each in fresh])
        possession = {request.key: str(request.possession) for request in requests}
        details = [
            {
                **self._names(each.record),
                "profile": each.record.profile,
                "request": each.record.request_key,
                "possession": possession[each.record.request_key],
                "tbs": sm3(each.record.tbs).hex(),
            }
            for each in fresh
        ]
        change.append_audit(now, actor, "certificate-intended", details)

    def _finish(self, planned: Sequence[_Planned], actor: str) -> list[Certificate]:
        tokens = [each.token for each in planned if each.token is not None]
        signed: dict[SerialNumber, Certificate] = {}
        if tokens:
            certificates = issue_all(tokens, self._signer, user_id=self._settings.user_id)
            with self._store.transaction() as change:
                signed = self._record(change, certificates, actor)
        return [signed.get(each.record.serial) or _certificate_of(each.record) for each in planned]

    def _record(
        self, change: Transaction, certificates: Sequence[Certificate], actor: str
    ) -> dict[SerialNumber, Certificate]:
        state = next_state(CertificateState.PENDING, CertificateEvent.RECORD)
        signed = {SerialNumber(certificate.serial_number): certificate for certificate in certificates}
        encoded = {serial: certificate.encoded for serial, certificate in signed.items()}
        recorded = change.record_certificates(self.authority, encoded, state)
        for serial in signed.keys() - recorded:
            # Another process was faster: its signature counts, ours is forgotten.
            signed[serial] = _certificate_of(change.certificate(self.authority, serial))
        details = [
            {"authority": self.authority, "serial": str(serial), "certificate": certificate.digest().hex()}
            for serial, certificate in signed.items()
            if serial in recorded
        ]
        change.append_audit(self._clock(), actor, "certificate-issued", details)
        return signed

    def _names(self, record: CertificateRecord) -> dict[str, str]:
        return {"authority": self.authority, "serial": str(record.serial)}


def _certificate_of(record: CertificateRecord) -> Certificate:
    """The certificate on record.

    Raises:
        IllegalTransitionError: There is none: it was given up.
    """
    if record.encoded is None:
        raise IllegalTransitionError(record.state, CertificateEvent.RECORD)
    return read_certificate(record.encoded)
