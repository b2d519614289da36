"""What an authority answers to enrolment messages (RFC 9810; the use cases of RFC 9483 that need no polling).

A request that is to be granted goes through these steps:

1. the message parses, is protected by a known party, and its header can be answered  ``parties.Parties``
2. the party may ask for this: open reference with uses left, subject and profile, or the certificate to renew
3. possession of the key is proven
4. use, serial number and transaction are on record                                     ``STARTED``
5. the authority issues, as it always does: linted, recorded, signed
6. the answer is on record with the state                                               ``WAITING``, ``CONFIRMED``

The same message sent again gets the same answer, or goes on from step 5; another message in its transaction is
refused. Nothing in a request but key and common name finds its way into a certificate.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ca.enrolment.model import Enrolment, EnrolmentEvent, EnrolmentSecrets, EnrolmentState, next_state
from ca.enrolment.parties import (
    NONCE_OCTETS,
    SM2_SIGNATURE,
    KeyParty,
    Parties,
    Party,
    RefusedMessageError,
    ReplySigner,
    SecretParty,
)
from ca.enrolment.ports import EnrolmentStore
from ca.errors import CertificateNotFoundError, IllegalTransitionError, RefusedError
from ca.model import CertificateState, IssuanceRequest, Possession, SerialNumber
from ca.ports import Clock, Random
from ca.service import CertificateAuthority
from crypto import DEFAULT_USER_ID, InvalidSignatureError, KeyStoreError, PublicKey, sm3, verify
from formats import MalformedDataError, der, oids
from formats.gbt20518 import (
    Certificate,
    Name,
    RevocationReason,
    Validity,
    read_certificate,
    read_request,
    verify_possession,
)
from formats.gbt20520 import IMPRINT_DIGESTS, PkiStatus
from formats.rfc9810 import (
    BodyKind,
    CertConfirmation,
    CertRequestMessage,
    CertResponse,
    CmpFailure,
    PkiMessage,
    RevocationDetails,
    StatusInfo,
    read_certificate_requests,
    read_confirmations,
    read_message,
    read_revocation_requests,
)
from formats.rfc9810.writing import certificate_responses, confirm_wait_time, revocation_responses

_LOG: Final = logging.getLogger(__name__)
_GRANTED: Final = StatusInfo(PkiStatus.GRANTED)
_ANSWERS: Final = {
    BodyKind.IR: BodyKind.IP,
    BodyKind.CR: BodyKind.CP,
    BodyKind.P10CR: BodyKind.CP,
    BodyKind.KUR: BodyKind.KUP,
}
_P10_REQUEST_ID: Final = -1
_LAPSE_PORTION: Final = 200
_GRACE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class EnrolmentSettings:
    """How enrolment works here.

    Attributes:
        confirm_within: Until when a certificate has to be confirmed.
        implicit_confirm: Whether confirmation is left out where a client asks for that.
        max_skew: How far the time of a message may be from ours.
        identities: SM2 identities under which possession may be proven. The empty one is what clients sign under
            that know of none; it proves possession as well.
    """

    confirm_within: timedelta = timedelta(minutes=10)
    implicit_confirm: bool = True
    max_skew: timedelta = timedelta(minutes=10)
    identities: tuple[bytes, ...] = (DEFAULT_USER_ID, b"")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A certificate that is asked for, possession proven."""

    request_id: int
    public_key: PublicKey
    profile: str
    subject: Name
    credit_code: str | None
    days: timedelta


class EnrolmentService:
    """Answers enrolment messages of one authority. May be used from any thread.

    Args:
        authority: Issues and revokes.
        store: Keeps references and enrolments.
        secrets: Derives the secrets of references.
        settings: How enrolment works here.
        clock: Gives the present moment.
        random: Gives octets.
        reply_signer: For messages that are signed; without one they are refused.
    """

    def __init__(
        self,
        *,
        authority: CertificateAuthority,
        store: EnrolmentStore,
        secrets: EnrolmentSecrets,
        settings: EnrolmentSettings,
        clock: Clock,
        random: Random,
        reply_signer: ReplySigner | None = None,
    ) -> None:
        self._authority = authority
        self._store = store
        self._settings = settings
        self._clock = clock
        self._random = random
        self._parties = Parties(
            authority=authority,
            store=store,
            secrets=secrets,
            random=random,
            max_skew=settings.max_skew,
            reply_signer=reply_signer,
        )

    def answer(self, data: bytes) -> bytes:
        """PKIMessage to PKIMessage, both DER.

        Raises:
            MalformedDataError: Not a message that could be answered.
            KeyStoreError: The key that protects the answer does not work.
        """
        message = read_message(data)
        now = self._now()
        party: Party | None = None
        try:
            party = self._parties.recognise(message, now)
            return self._answer(message, party, now)
        except RefusedMessageError as refused:
            status = refused.status
        except MalformedDataError:
            status = _rejection(CmpFailure.BAD_DATA_FORMAT, "the message does not parse")
        except RefusedError as refused_by_rule:
            status = _rejection(CmpFailure.BAD_CERT_TEMPLATE, str(refused_by_rule))
        except KeyStoreError as error:
            _LOG.error("enrolment: %s", error)
            status = _rejection(CmpFailure.SYSTEM_UNAVAILABLE, "the authority cannot sign at the moment")
        return self._parties.error(message, party, status, now=now)

    def lapse(self) -> int:
        """End enrolments that nobody confirmed in time, and revoke their certificates; gives how many.

        To be called now and then. A fault in one leaves the others to the next call.
        """
        now = self._now()
        # A confirmation that came in the last moment may still be on its way to the record.
        waiting = self._store.unconfirmed(now - _GRACE, most=_LAPSE_PORTION)
        for each in waiting:
            # Revoked before it is recorded: after a crash in between this is done once more, and changes nothing.
            self._withdraw(each.serial, actor="enrolment")
            self._move(each, EnrolmentEvent.LAPSE, now)
        return len(waiting)

    def _answer(self, message: PkiMessage, party: Party, now: datetime) -> bytes:
        if message.kind in _ANSWERS:
            return self._enrol(message, party, now)
        if message.kind is BodyKind.CERTCONF:
            return self._confirm(message, party, now)
        if message.kind is BodyKind.RR:
            return self._revoke(message, party, now)
        raise RefusedMessageError(CmpFailure.BAD_REQUEST, "a message of this kind is not answered")

    # ------------------------------------------------------------------ enrolling

    def _enrol(self, message: PkiMessage, party: Party, now: datetime) -> bytes:
        transaction_id = _transaction(message)
        digest = sm3(message.encoded)
        known = self._store.enrolment(transaction_id)
        if known is not None and known.request_digest != digest:
            raise RefusedMessageError(CmpFailure.TRANSACTION_ID_IN_USE, "the transaction is there already")
        if known is not None and known.answer:
            return known.answer
        wanted = self._wanted(message, party)
        enrolment = known or self._start(message, party, wanted, digest, now)
        if enrolment.state is not EnrolmentState.STARTED:
            raise RefusedMessageError(CmpFailure.BAD_REQUEST, f"the enrolment is {enrolment.state}")
        return self._issue(message, party, wanted, enrolment, now)

    def _start(
        self, message: PkiMessage, party: Party, wanted: _Wanted, digest: bytes, now: datetime
    ) -> Enrolment:
        """Put the intent on record, and count the use of the reference."""
        reference = party.reference.name if isinstance(party, SecretParty) else None
        enrolment = Enrolment(
            transaction_id=_transaction(message),
            reference=reference,
            state=EnrolmentState.STARTED,
            request_digest=digest,
            serial=SerialNumber.draw(self._random),
            request_id=wanted.request_id,
            server_nonce=self._random(NONCE_OCTETS),
            confirm_by=now + self._settings.confirm_within,
            started_at=now,
        )
        # The whole request, so that a profile that would refuse it costs the client no use of its reference.
        self._authority.check(self._request(wanted, enrolment))
        with self._store.transaction() as change:
            if change.enrolment(enrolment.transaction_id) is not None:
                raise RefusedMessageError(CmpFailure.TRANSACTION_ID_IN_USE, "the transaction is there already")
            if reference is not None:
                current = change.reference(reference)
                if current is None or not current.is_open(now) or current.used >= current.uses:
                    raise RefusedMessageError(CmpFailure.NOT_AUTHORIZED, "the reference is used up")
                change.use_reference(reference)
            change.add_enrolment(enrolment)
            details = {"transaction": enrolment.transaction_id.hex(), "serial": str(enrolment.serial)}
            change.append_audit(now, party.name, "enrolment-started", {**details, "kind": message.kind.name})
        return enrolment

    def _issue(
        self, message: PkiMessage, party: Party, wanted: _Wanted, enrolment: Enrolment, now: datetime
    ) -> bytes:
        try:
            certificate = self._authority.issue(self._request(wanted, enrolment), actor=party.name)
        except RefusedError:
            self._move(enrolment, EnrolmentEvent.REFUSE, now)
            raise
        implicit = self._settings.implicit_confirm and oids.CMP_IMPLICIT_CONFIRM in message.header.general_info
        info: dict[str, bytes | None] = {oids.CMP_CONFIRM_WAIT_TIME: confirm_wait_time(enrolment.confirm_by)}
        if implicit:
            info = {oids.CMP_IMPLICIT_CONFIRM: der.null()}
        roots: Sequence[bytes] = ()
        if message.kind is BodyKind.IR and isinstance(party, SecretParty):
            roots = (self._authority.chain[-1].encoded,)
        response = CertResponse(wanted.request_id, _GRANTED, certificate.encoded)
        answer = self._parties.reply(
            message,
            party,
            _ANSWERS[message.kind],
            certificate_responses([response], roots),
            now=now,
            nonce=enrolment.server_nonce,
            general_info=info,
        )
        event = EnrolmentEvent.DELIVER_CONFIRMED if implicit else EnrolmentEvent.DELIVER
        self._move(enrolment, event, now, answer)
        return answer

    def _request(self, wanted: _Wanted, enrolment: Enrolment) -> IssuanceRequest:
        """The same for the same enrolment, however often it is asked for."""
        start = enrolment.started_at
        return IssuanceRequest(
            key=f"cmp-{enrolment.serial}",
            profile=wanted.profile,
            subject=wanted.subject,
            public_key=wanted.public_key,
            validity=Validity(start, start + wanted.days),
            possession=Possession.PROVEN,
            credit_code=wanted.credit_code,
            serial=enrolment.serial,
        )

    # ------------------------------------------------------------------ what is asked for

    def _wanted(self, message: PkiMessage, party: Party) -> _Wanted:
        if message.kind is BodyKind.P10CR:
            subject, key = self._of_pkcs10(message.body)
            number = _P10_REQUEST_ID
        else:
            requests = read_certificate_requests(message.body)
            if len(requests) != 1:
                raise RefusedMessageError(CmpFailure.BAD_REQUEST, "one certificate is asked for at a time")
            subject, key = self._of_crmf(requests[0])
            number = requests[0].request_id
            if message.kind is BodyKind.KUR:
                _check_old_certificate(requests[0], party)
        if isinstance(party, KeyParty):
            return self._renewal(message, party, subject, key, number)
        if message.kind is BodyKind.KUR:
            raise RefusedMessageError(CmpFailure.WRONG_AUTHORITY, "a renewal is signed with the key to be renewed")
        reference = party.reference
        if not reference.allows(subject):
            raise RefusedMessageError(CmpFailure.BAD_CERT_TEMPLATE, "the reference is for another subject")
        name = subject if reference.any_common_name else reference.subject
        return _Wanted(
            number, key, reference.profile, _rewritten(name), reference.credit_code, timedelta(reference.days)
        )

    def _renewal(
        self, message: PkiMessage, party: KeyParty, subject: Name, key: PublicKey, number: int
    ) -> _Wanted:
        old = party.certificate
        if message.kind is not BodyKind.KUR:
            raise RefusedMessageError(CmpFailure.NOT_AUTHORIZED, "a certificate renews itself, and no more")
        if not subject.matches(old.subject):
            raise RefusedMessageError(CmpFailure.BAD_CERT_TEMPLATE, "a renewal is for the same subject")
        if key == old.public_key:
            raise RefusedMessageError(CmpFailure.BAD_CERT_TEMPLATE, "a renewal is for a new key")
        span = old.validity.not_after - old.validity.not_before
        return _Wanted(number, key, party.profile, old.subject, old.credit_code, span)

    def _of_pkcs10(self, body: bytes) -> tuple[Name, PublicKey]:
        request = read_request(body)
        for identity in self._settings.identities:
            try:
                return request.subject, verify_possession(request, user_id=identity)
            except InvalidSignatureError:
                continue
        raise _no_possession()

    def _of_crmf(self, request: CertRequestMessage) -> tuple[Name, PublicKey]:
        template, proof = request.template, request.possession
        key = None if template.key_info is None else template.key_info.public_key
        if key is None or template.subject is None:
            raise RefusedMessageError(CmpFailure.BAD_CERT_TEMPLATE, "a request names a subject and an SM2 key")
        if proof is None or proof.algorithm != SM2_SIGNATURE:
            raise _no_possession()
        for identity in self._settings.identities:
            try:
                verify(key, request.request, proof.signature, user_id=identity)
            except InvalidSignatureError:
                continue
            return template.subject, key
        raise _no_possession()

    # ------------------------------------------------------------------ confirming

    def _confirm(self, message: PkiMessage, party: Party, now: datetime) -> bytes:
        enrolment = self._store.enrolment(_transaction(message))
        if enrolment is None or not self._is_of(enrolment, party):
            raise RefusedMessageError(CmpFailure.BAD_REQUEST, "there is nothing to confirm")
        if not hmac.compare_digest(message.header.recipient_nonce or b"", enrolment.server_nonce):
            raise RefusedMessageError(CmpFailure.BAD_RECIPIENT_NONCE, "the nonce is not that of our answer")
        confirmations = read_confirmations(message.body)
        accepted = bool(confirmations)
        for each in confirmations:
            accepted = self._accepts(each, enrolment) and accepted
        wanted = EnrolmentState.CONFIRMED if accepted else EnrolmentState.REJECTED
        if enrolment.state is not wanted:
            if enrolment.state is not EnrolmentState.WAITING or now > enrolment.confirm_by:
                raise RefusedMessageError(CmpFailure.CERT_CONFIRMED, f"the enrolment is {enrolment.state}")
            if not accepted:
                self._withdraw(enrolment.serial, actor=party.name)
            self._move(enrolment, EnrolmentEvent.CONFIRM if accepted else EnrolmentEvent.REJECT, now)
        nonce = self._random(NONCE_OCTETS)
        return self._parties.reply(message, party, BodyKind.PKICONF, der.null(), now=now, nonce=nonce)

    def _accepts(self, confirmation: CertConfirmation, enrolment: Enrolment) -> bool:
        """Whether a client keeps its certificate; the digest must be of the one it was given."""
        compute = IMPRINT_DIGESTS.get(confirmation.algorithm or oids.SM3)
        certificate = self._certificate(enrolment.serial)
        if compute is None:
            raise RefusedMessageError(CmpFailure.BAD_ALGORITHM, "the digest is not accepted")
        same = certificate is not None and hmac.compare_digest(compute(certificate.encoded), confirmation.digest)
        if confirmation.request_id != enrolment.request_id or not same:
            raise RefusedMessageError(CmpFailure.BAD_CERT_ID, "another certificate is confirmed")
        return confirmation.accepted

    def _is_of(self, enrolment: Enrolment, party: Party) -> bool:
        """Whether an enrolment is of who speaks: by its reference, or by the certificate that was renewed."""
        if isinstance(party, SecretParty):
            return enrolment.reference == party.reference.name
        renewed = self._certificate(enrolment.serial)
        return (
            enrolment.reference is None
            and renewed is not None
            and renewed.subject.matches(party.certificate.subject)
        )

    # ------------------------------------------------------------------ revoking

    def _revoke(self, message: PkiMessage, party: Party, now: datetime) -> bytes:
        statuses = [self._revoked(each, party) for each in read_revocation_requests(message.body)]
        nonce = self._random(NONCE_OCTETS)
        return self._parties.reply(
            message, party, BodyKind.RP, revocation_responses(statuses), now=now, nonce=nonce
        )

    def _revoked(self, details: RevocationDetails, party: Party) -> StatusInfo:
        template = details.template
        try:
            serial = SerialNumber(template.serial_number or 0)
        except ValueError:
            return _rejection(CmpFailure.BAD_CERT_ID, "a revocation names a serial number")
        if template.issuer is None or not template.issuer.matches(self._authority.certificate.subject):
            return _rejection(CmpFailure.BAD_CERT_ID, "a revocation names this authority as issuer")
        if isinstance(party, SecretParty):
            may = serial in self._store.serials_of(party.reference.name)
        else:
            may = serial == party.serial
        if not may:
            return _rejection(CmpFailure.NOT_AUTHORIZED, "the certificate is not who asks's to revoke")
        reason = details.reason or RevocationReason.UNSPECIFIED
        try:
            self._authority.revoke(serial, reason, actor=party.name)
        except IllegalTransitionError:
            return _rejection(CmpFailure.CERT_REVOKED, "the certificate is not valid")
        except CertificateNotFoundError:
            return _rejection(CmpFailure.BAD_CERT_ID, "there is no such certificate")
        except RefusedError as refused:
            return _rejection(CmpFailure.BAD_REQUEST, str(refused))
        return _GRANTED

    # ------------------------------------------------------------------ parts

    def _withdraw(self, serial: SerialNumber, *, actor: str) -> None:
        """See to it that a certificate nobody took is not valid, however far its issuing came."""
        try:
            record = self._authority.record(serial)
        except CertificateNotFoundError:
            return
        if record.state is CertificateState.PENDING:
            self._authority.abandon(serial, reason="enrolment-unconfirmed", actor=actor)
        elif record.state in {CertificateState.VALID, CertificateState.HELD}:
            self._authority.revoke(serial, RevocationReason.CESSATION_OF_OPERATION, actor=actor)

    def _move(
        self, enrolment: Enrolment, event: EnrolmentEvent, now: datetime, answer: bytes | None = None
    ) -> None:
        with self._store.transaction() as change:
            current = change.enrolment(enrolment.transaction_id)
            state = next_state(enrolment.state if current is None else current.state, event)
            change.set_enrolment(enrolment.transaction_id, state, answer)
            details = {"transaction": enrolment.transaction_id.hex(), "serial": str(enrolment.serial)}
            change.append_audit(now, enrolment.reference or "renewal", f"enrolment-{event}", details)

    def _certificate(self, serial: SerialNumber) -> Certificate | None:
        try:
            encoded = self._authority.record(serial).encoded
        except CertificateNotFoundError:
            return None
        return None if encoded is None else read_certificate(encoded)

    def _now(self) -> datetime:
        return self._clock().replace(microsecond=0)


def _transaction(message: PkiMessage) -> bytes:
    """The transaction of a message whose header was looked at."""
    return message.header.transaction_id or b""


def _rewritten(name: Name) -> Name:
    """The same name in the encoding of the house's certificates.

    Raises:
        RefusedMessageError: It cannot be written so.
    """
    try:
        return Name.build(name.attributes)
    except ValueError as error:
        raise RefusedMessageError(CmpFailure.BAD_CERT_TEMPLATE, f"the subject: {error}") from error


def _check_old_certificate(request: CertRequestMessage, party: Party) -> None:
    """OldCertId, where it is there, names the certificate that signs (RFC 9483 4.1.3).

    Raises:
        RefusedMessageError: It names another.
    """
    control = request.controls.get(oids.CRMF_OLD_CERT_ID)
    if control is None or not isinstance(party, KeyParty):
        return
    parts = der.parse(control, what="oldCertId").sequence(2, 2)
    parts.next("issuer")
    if parts.next("serialNumber").integer(max_octets=21) != party.certificate.serial_number:
        raise RefusedMessageError(CmpFailure.BAD_CERT_ID, "another certificate signs than is to be renewed")


def _no_possession() -> RefusedMessageError:
    return RefusedMessageError(CmpFailure.BAD_POSSESSION, "possession of the key is not proven")


def _rejection(failure: CmpFailure, text: str) -> StatusInfo:
    return StatusInfo(PkiStatus.REJECTION, (text[:200],), frozenset({failure}))
