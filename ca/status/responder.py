"""The responder: octets of a request in, an answer out.

Answers are made for many requests at once: one look at the record and one batch of signatures serve them all.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ca.authority import authority_id
from ca.model import CertificateStanding, SerialNumber
from ca.ports import Clock
from ca.status.errors import ResponderUnfitError
from ca.status.memory import AnswerMemory
from ca.status.model import NeverIssued, StatusAnswer, StatusPolicy, caching_of
from ca.status.plain_requests import PlainRequests
from ca.status.ports import AnswerStore, StatusRecord
from ca.status.responder_key import ResponderKey
from ca.status.statements import EXTENDED_REVOKE, is_told, statement, unknown
from crypto import KeyStoreError
from formats.errors import MalformedDataError
from formats.gbt20518 import Certificate
from formats.rfc6960 import (
    CertId,
    IssuerHashes,
    OcspRequest,
    ResponseStatus,
    encode_failure,
    read_request,
    response_data,
)

MOST_OCTETS: Final = 16 * 1024
"""Of a request; one for 20 certificates has about 2 KiB."""


def failure(status: ResponseStatus) -> StatusAnswer:
    """An unsigned answer that says why there is none; no cache may keep it."""
    return _FAILURES[status]


_FAILURES: Final[Mapping[ResponseStatus, StatusAnswer]] = {
    status: StatusAnswer(encode_failure(status))
    for status in ResponseStatus
    if status is not ResponseStatus.SUCCESSFUL
}


@dataclass(slots=True)
class _Asked:
    """A request on its way to its answer."""

    octets: bytes
    request: OcspRequest
    ours: dict[CertId, SerialNumber]
    nonce: bytes | None
    answer: StatusAnswer | None = None

    @property
    def single(self) -> tuple[CertId, SerialNumber] | None:
        """The one certificate asked for without a nonce, if it is that simple."""
        if len(self.request.cert_ids) != 1 or self.nonce is not None or not self.ours:
            return None
        return next(iter(self.ours.items()))


class StatusResponder:
    """Answers for the certificates of one authority; may be used from any thread.

    Args:
        record: The authority's.
        issuer: Its certificate; the key in it signed the certificates asked for.
        key: What answers are signed with; None if everything is signed elsewhere.
        policy: How it answers.
        clock: Gives the present moment, UTC.
        answers: Answers signed beforehand; None without.

    Raises:
        ValueError: The policy signs on demand and there is no key, or gives stored answers and there is no store.
    """

    def __init__(
        self,
        *,
        record: StatusRecord,
        issuer: Certificate,
        key: ResponderKey | None,
        policy: StatusPolicy,
        clock: Clock,
        answers: AnswerStore | None = None,
    ) -> None:
        if issuer.public_key is None:
            raise ValueError("the issuer has no SM2 key")
        if policy.on_demand and key is None:
            raise ValueError("signing on demand needs a key")
        if policy.presigned and answers is None:
            raise ValueError("answers signed beforehand need a store")
        self.authority = authority_id(issuer.public_key)
        self._record = record
        self._hashes = IssuerHashes(issuer)
        self._plain = PlainRequests(issuer)
        self._key = key
        self._policy = policy
        self._clock = clock
        self._answers = answers if policy.presigned else None
        self._memory = AnswerMemory(policy.memory_octets)
        self._lock = threading.Lock()
        self._seen: int | None = None
        self._looked: datetime | None = None
        self._outdated: dict[SerialNumber, int] = {}

    def remembered(self, request: bytes) -> StatusAnswer | None:
        """The answer if it is at hand and the record was looked at lately; waits for nothing."""
        now = self._clock()
        return self._memory.get(request, now) if self._is_abreast(now) else None

    def answer(self, request: bytes) -> StatusAnswer:
        """The answer to one request; see ``answer_many``."""
        return self.answer_many([request])[0]

    def answer_many(self, requests: Sequence[bytes]) -> list[StatusAnswer]:
        """Answers to requests, in the same order; equal ones get one answer, a failure to answer is an answer.

        Raises:
            RegisterError: The record or the store is out of reach.
        """
        with self._lock:
            now = self._clock().replace(microsecond=0)
            self._notice_changes(now)
            answers = {each: self._memory.get(each, now) or self._read(each) for each in dict.fromkeys(requests)}
            asked = [each for each in answers.values() if isinstance(each, _Asked)]
            self._from_store(asked, now)
            self._on_demand([each for each in asked if each.answer is None], now)
            return [_settled(answers[each]) for each in requests]

    # ------------------------------------------------------------------ steps

    def _is_abreast(self, now: datetime) -> bool:
        """Whether the record was looked at lately; not after the clock went back."""
        looked = self._looked
        return looked is not None and timedelta(0) <= now - looked < self._policy.change_after

    def _notice_changes(self, now: datetime) -> None:
        """Forget what was said of certificates that changed since."""
        if self._is_abreast(now):
            return
        if self._seen is None:
            self._seen = self._record.last_change(self.authority) if self._answers is None else self._progress()
        while changes := self._record.changes(self.authority, after=self._seen):
            self._seen = changes[-1].number
            self._memory.forget(each.serial for each in changes)
            self._outdated.update((each.serial, each.number) for each in changes)
        if self._answers is None:
            self._outdated.clear()
        elif self._outdated:
            progress = self._progress()
            self._outdated = {serial: number for serial, number in self._outdated.items() if number > progress}
        self._looked = now

    def _progress(self) -> int:
        assert self._answers is not None
        return self._answers.progress(self.authority)

    def _read(self, octets: bytes) -> _Asked | StatusAnswer:
        if len(octets) > MOST_OCTETS:
            return failure(ResponseStatus.MALFORMED_REQUEST)
        try:
            request = self._plain.read(octets) or read_request(octets)
        except MalformedDataError:
            return failure(ResponseStatus.MALFORMED_REQUEST)
        if len(request.cert_ids) > self._policy.most_cert_ids or request.unknown_critical_extensions:
            return failure(ResponseStatus.MALFORMED_REQUEST)
        ours = {each: serial for each in request.cert_ids if (serial := self._own(each)) is not None}
        if not any(self._hashes.names_issuer(each) for each in request.cert_ids):
            return failure(ResponseStatus.UNAUTHORIZED)
        return _Asked(octets, request, ours, request.nonce if self._policy.echoes_nonce else None)

    def _own(self, cert_id: CertId) -> SerialNumber | None:
        """The serial number, if it can be one and the issuer is meant."""
        if not self._hashes.names_issuer(cert_id):
            return None
        try:
            return SerialNumber(cert_id.serial_number)
        except ValueError:
            return None

    def _from_store(self, asked: Sequence[_Asked], now: datetime) -> None:
        if self._answers is None:
            return
        wanted: dict[str, dict[SerialNumber, list[_Asked]]] = {}
        for each in asked:
            if each.single is not None and each.single[0].algorithm in self._policy.presigned:
                cert_id, serial = each.single
                wanted.setdefault(cert_id.algorithm, {}).setdefault(serial, []).append(each)
        for algorithm, by_serial in wanted.items():
            for stored in self._answers.answers(self.authority, algorithm, list(by_serial)):
                if stored.next_update <= now or stored.change < self._outdated.get(stored.serial, 0):
                    continue
                answer = StatusAnswer(
                    stored.encoded, caching_of(stored.encoded, stored.this_update, stored.next_update)
                )
                for each in by_serial[stored.serial]:
                    if each.request.cert_ids[0].encoded == stored.cert_id:
                        each.answer = answer
                        self._memory.put(each.octets, answer, stored.serial)

    def _on_demand(self, asked: Sequence[_Asked], now: datetime) -> None:
        if not asked:
            return
        key = self._key
        serials = {serial for each in asked for serial in each.ours.values()}
        if key is not None:
            serials.add(key.serial)
        standings = self._record.standings(self.authority, sorted(serials))
        if not self._policy.on_demand or key is None:
            for each in asked:
                each.answer = failure(self._unsigned(each, standings, now))
            return
        to_sign = [each for each in asked if self._is_answered(each, standings, now)]
        try:
            key.check(standings.get(key.serial), now)
            next_update = min(now + self._policy.validity, key.certificate.validity.not_after)
            bodies = key.sign([self._content(each, key, standings, now, next_update) for each in to_sign])
        except ResponderUnfitError:
            _fail(to_sign, ResponseStatus.INTERNAL_ERROR)
        except KeyStoreError:
            _fail(to_sign, ResponseStatus.TRY_LATER)
        else:
            for each, body in zip(to_sign, bodies, strict=True):
                each.answer = self._signed(each, body, standings, now, next_update)

    def _is_answered(
        self, asked: _Asked, standings: Mapping[SerialNumber, CertificateStanding], now: datetime
    ) -> bool:
        """Whether there is something to sign; otherwise the request is unauthorized."""
        if self._policy.never_issued is NeverIssued.UNAUTHORIZED and not self._any_told(asked, standings, now):
            _fail([asked], ResponseStatus.UNAUTHORIZED)
            return False
        return True

    def _signed(
        self,
        asked: _Asked,
        body: bytes,
        standings: Mapping[SerialNumber, CertificateStanding],
        now: datetime,
        next_update: datetime,
    ) -> StatusAnswer:
        """An answer; remembered and left to caches if it is of one certificate that the record knows."""
        single = asked.single
        if single is None or not is_told(standings.get(single[1]), self._policy, now=now):
            return StatusAnswer(body)
        answer = StatusAnswer(body, caching_of(body, now, next_update))
        self._memory.put(asked.octets, answer, single[1])
        return answer

    def _content(
        self,
        asked: _Asked,
        key: ResponderKey,
        standings: Mapping[SerialNumber, CertificateStanding],
        now: datetime,
        next_update: datetime,
    ) -> bytes:
        """ResponseData for a request."""
        said = []
        is_extended = False
        for cert_id in asked.request.cert_ids:
            if not self._hashes.names_issuer(cert_id):
                said.append(unknown(cert_id, now=now, next_update=next_update))
                continue
            serial = asked.ours.get(cert_id)
            standing = None if serial is None else standings.get(serial)
            said.append(statement(cert_id, standing, self._policy, now=now, next_update=next_update))
            is_extended |= self._policy.never_issued is NeverIssued.REVOKED
        return response_data(
            responder=key.responder,
            produced_at=now,
            responses=said,
            nonce=asked.nonce,
            extensions=(EXTENDED_REVOKE,) if is_extended else (),
        )

    def _any_told(
        self, asked: _Asked, standings: Mapping[SerialNumber, CertificateStanding], now: datetime
    ) -> bool:
        return any(is_told(standings.get(serial), self._policy, now=now) for serial in asked.ours.values())

    def _unsigned(
        self, asked: _Asked, standings: Mapping[SerialNumber, CertificateStanding], now: datetime
    ) -> ResponseStatus:
        """What is said where nothing is signed on demand: soon, if it is only not signed yet."""
        is_soon = asked.single is not None and asked.single[0].algorithm in self._policy.presigned
        if is_soon and self._any_told(asked, standings, now):
            return ResponseStatus.TRY_LATER
        return ResponseStatus.UNAUTHORIZED


def _fail(asked: Sequence[_Asked], status: ResponseStatus) -> None:
    for each in asked:
        each.answer = failure(status)


def _settled(asked: _Asked | StatusAnswer) -> StatusAnswer:
    if isinstance(asked, StatusAnswer):
        return asked
    assert asked.answer is not None
    return asked.answer
