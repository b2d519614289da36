"""The time-stamp authority: what it answers to a request (RFC 3161 2.4, GB/T 20520).

A request goes through these steps; the first that fails is the answer:

1. it parses, and is of version 1                       badDataFormat(5), badRequest(2)
2. its digest is one the policy allows                  badAlg(0)
3. its policy is one of the authority's                 unacceptedPolicy(15)
4. it has no extensions                                 unacceptedExtension(16)
5. the clock is trusted, within the policy's accuracy   timeNotAvailable(14)
6. certificate and private key may be used today        systemFailure(25)
7. serial number, signature, verification, record       systemFailure(25)

Steps 5 to 7 are taken for many requests together.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ca.time_stamping.clock_guard import ClockGuard, TrustedTime
from ca.time_stamping.clock_model import ClockState
from ca.time_stamping.errors import (
    OutOfOrderError,
    StampingCertificateError,
    StampRegisterError,
    TimeNotTrustedError,
)
from ca.time_stamping.model import GivenStamp, StampingSettings, StampPolicy
from ca.time_stamping.ports import Random, StampStore, TokenSigner
from ca.time_stamping.serials import SerialNumbers
from crypto import KeyStoreError, sm3
from formats import MalformedDataError, oids
from formats.gbt20518 import Certificate, KeyUsage
from formats.gbt20518.general_name import directory_name
from formats.gbt20520 import (
    FailureReason,
    PkiStatus,
    RequestVersionError,
    TimeStampRequest,
    TimeStampResponse,
    TokenForm,
    encode_response,
    read_request,
    tst_info,
)

_LOG: Final = logging.getLogger(__name__)
_MICROSECOND: Final = timedelta(microseconds=1)
_ORDER_ATTEMPTS: Final = 3
_SIGNING: Final = frozenset({KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION})
_TEXTS: Final = {
    FailureReason.BAD_ALGORITHM: "the digest is not accepted",
    FailureReason.BAD_REQUEST: "only version 1 is answered",
    FailureReason.BAD_DATA_FORMAT: "not a time-stamp request",
    FailureReason.TIME_NOT_AVAILABLE: "there is no trusted time at the moment",
    FailureReason.UNACCEPTED_POLICY: "no such policy",
    FailureReason.UNACCEPTED_EXTENSION: "extensions are not accepted",
    FailureReason.SYSTEM_FAILURE: "the service cannot stamp at the moment",
}


@dataclass(frozen=True, slots=True)
class _Accepted:
    """A request that is to be stamped, and under which policy."""

    request: TimeStampRequest
    policy: StampPolicy


class TimeStampAuthority:
    """Answers requests for time stamps. May be used from any thread.

    Args:
        store: The register.
        signer: Holds the key of ``certificate``.
        certificate: The authority's own.
        settings: What the authority promises.
        guard: Its clock.
        random: Gives octets for the salts of serial numbers.
        attached: Further certificates for tokens that carry certificates, DER, in order of the path.

    Raises:
        StampingCertificateError: The certificate is none to stamp with, or not of this key.
    """

    def __init__(
        self,
        *,
        store: StampStore,
        signer: TokenSigner,
        certificate: Certificate,
        settings: StampingSettings,
        guard: ClockGuard,
        random: Random,
        attached: Sequence[bytes] = (),
    ) -> None:
        check_certificate(certificate)
        if certificate.spki != signer.public_key_info:
            raise StampingCertificateError("the key is not that of the certificate")
        self.certificate = certificate
        self.settings = settings
        self.guard = guard
        self._store = store
        self._signer = signer
        self._serials = SerialNumbers(store=store, random=random)
        self._form = TokenForm(certificate.encoded, (certificate.encoded, *attached), signer.algorithms)
        self._name = directory_name(certificate.subject) if settings.named else None

    def answer(self, request: bytes) -> bytes:
        """TimeStampResp to TimeStampReq, both DER; whatever the request is, there is an answer."""
        return self.answer_many([request])[0]

    def answer_many(self, requests: Sequence[bytes]) -> list[bytes]:
        """Answers in the same order; those with a stamp are signed and recorded together."""
        decided = [self._decide(each) for each in requests]
        accepted = [each for each in decided if isinstance(each, _Accepted)]
        given = iter(self._stamp(accepted) if accepted else ())
        return [
            encode_response(next(given) if isinstance(each, _Accepted) else _refusal(each)) for each in decided
        ]

    # ------------------------------------------------------------------ deciding

    def _decide(self, data: bytes) -> _Accepted | FailureReason:
        try:
            request = read_request(data)
        except RequestVersionError:
            return FailureReason.BAD_REQUEST
        except MalformedDataError:
            return FailureReason.BAD_DATA_FORMAT
        policy = self.settings.policy(request.policy)
        if policy is None:
            return FailureReason.UNACCEPTED_POLICY
        if request.imprint.algorithm not in policy.digests:
            return FailureReason.BAD_ALGORITHM
        if request.extensions:
            return FailureReason.UNACCEPTED_EXTENSION
        return _Accepted(request, policy)

    # ------------------------------------------------------------------ stamping

    def _stamp(self, accepted: Sequence[_Accepted]) -> list[TimeStampResponse]:
        """Answers to ``accepted`` in order: each a token or the reason for none."""
        for _ in range(_ORDER_ATTEMPTS):
            try:
                time = self.guard.read()
                return self._stamp_at(accepted, time)
            except TimeNotTrustedError:
                return [_refusal(FailureReason.TIME_NOT_AVAILABLE)] * len(accepted)
            except OutOfOrderError:
                continue  # another process was faster; a time after its own is stamped
            except (StampRegisterError, KeyStoreError) as error:
                _LOG.error("no time stamps: %s", error)
                break
        return [_refusal(FailureReason.SYSTEM_FAILURE)] * len(accepted)

    def _stamp_at(self, accepted: Sequence[_Accepted], time: TrustedTime) -> list[TimeStampResponse]:
        exact = [each for each in accepted if each.policy.accuracy.span >= time.error]
        reason = unusable(self.certificate, time)
        if reason is not None:
            _LOG.error("no time stamps: %s", reason)
            return [_refusal(FailureReason.SYSTEM_FAILURE)] * len(accepted)
        tokens = iter(self._tokens(exact, time) if exact else ())
        return [
            TimeStampResponse(PkiStatus.GRANTED, next(tokens))
            if each.policy.accuracy.span >= time.error
            else _refusal(FailureReason.TIME_NOT_AVAILABLE)
            for each in accepted
        ]

    def _tokens(self, accepted: Sequence[_Accepted], time: TrustedTime) -> list[bytes]:
        """Numbered, signed, verified, recorded: in this order, and only then handed out."""
        serials = self._serials.take(len(accepted), at=time.at)
        step = _MICROSECOND if self.settings.ordering else timedelta(0)
        times = [time.at + position * step for position in range(len(accepted))]
        infos = [
            tst_info(
                policy=each.policy.oid,
                imprint=each.request.imprint,
                serial_number=serial,
                at=at,
                accuracy=each.policy.accuracy,
                ordering=self.settings.ordering,
                nonce=each.request.nonce,
                tsa=self._name,
            )
            for each, serial, at in zip(accepted, serials, times, strict=True)
        ]
        attributes = [self._form.signed_attributes(info) for info in infos]
        signatures = self._signer.sign_all(attributes)
        tokens = [
            self._form.token(info, signed, value, with_certificates=each.request.certificates_wanted)
            for each, info, signed, value in zip(accepted, infos, attributes, signatures, strict=True)
        ]
        stamps = [
            GivenStamp(
                serial=serial,
                at=at,
                policy=each.policy.oid,
                digest_algorithm=each.request.imprint.algorithm,
                imprint=each.request.imprint.digest,
                token=sm3(token),
            )
            for each, serial, at, token in zip(accepted, serials, times, tokens, strict=True)
        ]
        self._record(stamps)
        return tokens

    def _record(self, stamps: Sequence[GivenStamp]) -> None:
        with self._store.transaction() as change:
            clock = change.clock_change()
            if clock is not None and clock.state is ClockState.STOPPED:
                # Another process, or a look since, found the clock wrong: what was signed is not handed out.
                raise TimeNotTrustedError(clock.state, clock.reason)
            if self.settings.ordering:
                last = change.last_time()
                if last is not None and last >= stamps[0].at:
                    raise OutOfOrderError("a later time is on record")
            change.add_stamps(stamps, self.certificate.digest())


def _refusal(reason: FailureReason) -> TimeStampResponse:
    return TimeStampResponse(PkiStatus.REJECTION, texts=(_TEXTS[reason],), failures=frozenset({reason}))


def check_certificate(certificate: Certificate) -> None:
    """Refuse a certificate that verifiers would not take for a time-stamp authority's (RFC 3161 2.3).

    Raises:
        StampingCertificateError: With the reason.
    """
    extension = certificate.extensions.get(oids.EXTENDED_KEY_USAGE)
    alone = certificate.extended_key_usage == (oids.KP_TIME_STAMPING,)
    if extension is None or not extension.critical or not alone:
        raise StampingCertificateError("its only purpose, critical, is not timeStamping")
    if certificate.is_ca:
        raise StampingCertificateError("it is a certification authority's")
    if not (certificate.key_usage or frozenset()) & _SIGNING or (certificate.key_usage or frozenset()) - _SIGNING:
        raise StampingCertificateError("its key usage is not signing alone")


def unusable(certificate: Certificate, time: TrustedTime) -> str | None:
    """Why the certificate or its private key may not be used now; None if they may.

    The whole span the true time may lie in has to be inside of both periods.
    """
    earliest, latest = time.at - time.error, time.at + time.error
    if not (certificate.validity.contains(earliest) and certificate.validity.contains(latest)):
        return "outside the validity of the certificate"
    start, end = certificate.private_key_usage_period or (None, None)
    if (start is not None and earliest < start) or (end is not None and latest > end):
        return "outside the usage period of the private key"
    return None
