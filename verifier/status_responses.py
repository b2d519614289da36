"""Responses of status services (OCSP, RFC 6960) that somebody handed in: what each proves of a certificate.

A response counts if it is about this certificate of this issuer, the issuer's own key signed it or one the issuer
delegated to by a certificate valid when it was made, and no critical extension is unknown. Nobody asks a network.

- "revoked" is final and counts however old the response is, unless its signer's own certificate is known revoked;
- "good" counts by the rules for lists: the newest response, in force, or for an expired certificate one in force
  when it expired or that keeps such (archiveCutoff). A delegated signer's certificate must be valid now too, and
  not revoked since, as whoever has a revoked key can date a response back: id-pkix-ocsp-nocheck says so and no
  list says otherwise, or the lists say so;
- "unknown" says neither, and nothing at all of a certificate that had run out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from crypto import DEFAULT_USER_ID, InvalidSignatureError
from formats import der, oids
from formats.errors import MalformedDataError
from formats.gbt20518 import Certificate, RevocationReason, RevokedEntry
from formats.rfc6960 import (
    BasicResponse,
    CertStatus,
    SingleResponse,
    names_certificate,
    read_response,
    responder_of,
)
from verifier.revocation import RevocationLists, RevocationState, Status, state_of_entry

_Said = tuple[BasicResponse, SingleResponse]
_LOST: Final = frozenset({Status.REVOKED, Status.HELD, Status.COMPROMISED_LATER})
_DOUBT: Final = {CertStatus.GOOD: 0, CertStatus.UNKNOWN: 1, CertStatus.REVOKED: 2}
"""Of two responses of one moment the worse one counts."""


def read_status_response(data: bytes) -> BasicResponse:
    """The signed response in an OCSPResponse.

    Raises:
        MalformedDataError: Not a response, or one that says why there is none.
        LimitExceededError: Larger than allowed.
    """
    response = read_response(data)
    if response.basic is None:
        raise MalformedDataError(f"no status was given: {response.status.name}", what="OCSP response")
    return response.basic


class StatusResponses:
    """The responses at hand. Safe for threads: what is remembered is recomputed at worst."""

    __slots__ = ("_by_serial", "_lists", "_signers")

    def __init__(self, responses: Iterable[BasicResponse], lists: RevocationLists) -> None:
        """Prepare.

        Args:
            responses: As handed in.
            lists: Asked whether a delegated signer was revoked.
        """
        self._lists = lists
        self._by_serial: dict[int, list[_Said]] = {}
        for response in responses:
            for said in response.responses:
                self._by_serial.setdefault(said.cert_id.serial_number, []).append((response, said))
        self._signers: dict[tuple[bytes, bytes], Certificate | None] = {}

    def state(
        self, certificate: Certificate, issuer: Certificate, *, moment: datetime, at: datetime
    ) -> RevocationState | None:
        """What is known of ``certificate``, as ``RevocationLists.state`` has it; None if no response counts."""
        counted = list(self._counted(certificate, issuer, at))
        entries = [_entry(said) for _, said in counted if said.status is CertStatus.REVOKED]
        states = [state_of_entry(entry, moment) for entry in entries]
        final = [state for state in states if state.is_final]
        if final:
            return min(final, key=lambda state: state.since or at)
        if not counted:
            return None
        newest = max(counted, key=lambda each: (each[1].this_update, _DOUBT[each[1].status], each[0].produced_at))
        state = _of_newest(newest[1], certificate, moment, at)
        if (
            state.status is Status.STALE
            and certificate.validity.not_after < at
            and any(_covers_expiry(each, certificate) for _, each in counted)
        ):
            state = RevocationState(Status.GOOD)
        return replace(state, as_of=newest[1].this_update)

    def _counted(self, certificate: Certificate, issuer: Certificate, at: datetime) -> Iterator[_Said]:
        for response, said in self._by_serial.get(certificate.serial_number, ()):
            if response.unknown_critical_extensions or response.produced_at > at or said.this_update > at:
                continue
            if said.status is CertStatus.UNKNOWN and certificate.validity.not_after < said.this_update:
                continue  # services forget what has run out
            if not names_certificate(said.cert_id, certificate, issuer):
                continue
            signer = self._signer(response, issuer)
            if signer is None:
                continue
            if signer == issuer or self._may_say(said, response, signer, issuer, at):
                yield response, said

    def _signer(self, response: BasicResponse, issuer: Certificate) -> Certificate | None:
        key = response.encoded, issuer.encoded
        if key not in self._signers:
            try:
                signer = responder_of(response, issuer, at=response.produced_at, user_id=DEFAULT_USER_ID)
            except InvalidSignatureError:
                signer = None
            self._signers[key] = signer
        return self._signers[key]

    def _may_say(
        self, said: SingleResponse, response: BasicResponse, signer: Certificate, issuer: Certificate, at: datetime
    ) -> bool:
        """Whether a delegated signer's own status lets him say so; that of the issuer is the path's business."""
        if said.status is not CertStatus.GOOD:
            state = self._lists.state(signer, issuer, moment=response.produced_at, at=at)
            return state.status not in _LOST
        if not signer.validity.contains(at):
            return False
        state = self._lists.state(signer, issuer, moment=at, at=at)
        return state.status is Status.GOOD or (oids.OCSP_NO_CHECK in signer.extensions and state.since is None)


def _of_newest(said: SingleResponse, certificate: Certificate, moment: datetime, at: datetime) -> RevocationState:
    if said.status is CertStatus.REVOKED and said.reason is RevocationReason.CERTIFICATE_HOLD:
        return state_of_entry(_entry(said), moment)
    serial = f"response on serial {certificate.serial_number:x} of {said.this_update:%Y-%m-%dT%H:%M:%SZ}"
    if said.status is not CertStatus.GOOD:
        return RevocationState(Status.UNKNOWN, f"{serial}: neither good nor revoked")
    if certificate.validity.not_after < at:
        return RevocationState(Status.STALE, f"{serial}: not from when the certificate expired")
    if said.next_update is None or said.next_update < at:
        return RevocationState(Status.STALE, f"{serial}: out of date")
    return RevocationState(Status.GOOD)


def _entry(said: SingleResponse) -> RevokedEntry:
    """The same as an entry of a list; entry extensions may stand in a response (RFC 6960 4.4.5)."""
    reason = said.reason or RevocationReason.UNSPECIFIED
    date = said.revoked_at
    if date is None:
        raise ValueError("not revoked")
    return RevokedEntry(said.cert_id.serial_number, date, reason, _invalidity_date(said))


def _invalidity_date(said: SingleResponse) -> datetime | None:
    for extension in said.extensions:
        if extension.oid == oids.INVALIDITY_DATE:
            try:
                return der.parse(extension.value, what="invalidityDate").generalized_time()
            except MalformedDataError:
                return None  # the revocation counts from its own date
    return None


def _covers_expiry(said: SingleResponse, certificate: Certificate) -> bool:
    expires = certificate.validity.not_after
    if said.status is not CertStatus.GOOD:
        return False
    if said.next_update is not None and said.this_update <= expires <= said.next_update:
        return True
    return said.archive_cutoff is not None and said.archive_cutoff <= expires <= said.this_update
