"""Signing answers beforehand: what is due at this moment, by time or since it changed, and no more.

The record is not searched. The numbers of its changes tell what was issued or changed since the last run, and the
stored answers tell by their times which are at half their life; a run costs what is due, however many certificates
there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ca.authority import authority_id
from ca.model import CertificateStanding, SerialNumber
from ca.ports import Clock
from ca.status.model import StatusPolicy, StoredAnswer, is_due
from ca.status.ports import AnswerStore, StatusRecord
from ca.status.responder_key import ResponderKey
from ca.status.statements import is_told, statement
from formats.gbt20518 import Certificate
from formats.rfc6960 import CertId, cert_id_of, response_data, with_null_parameters

_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class PresigningRun:
    """What a run did.

    Attributes:
        signed: Answers put in place.
        dropped: Certificates whose answers were taken away: over, and beyond the archive.
    """

    signed: int = 0
    dropped: int = 0

    def __add__(self, other: PresigningRun) -> PresigningRun:
        return PresigningRun(self.signed + other.signed, self.dropped + other.dropped)


class Presigner:
    """Keeps stored answers fresh; one of it at a time for a store.

    Args:
        record: The authority's.
        issuer: Its certificate.
        key: What answers are signed with.
        policy: For which digests, and for how long.
        answers: Where they go.
        clock: Gives the present moment, UTC.
    """

    def __init__(
        self,
        *,
        record: StatusRecord,
        issuer: Certificate,
        key: ResponderKey,
        policy: StatusPolicy,
        answers: AnswerStore,
        clock: Clock,
    ) -> None:
        if issuer.public_key is None:
            raise ValueError("the issuer has no SM2 key")
        self._authority = authority_id(issuer.public_key)
        self._record = record
        self._issuer = issuer
        self._key = key
        self._policy = policy
        self._answers = answers
        self._clock = clock

    def run(self) -> PresigningRun:
        """Sign what is due now; what an interruption leaves undone is due the next time.

        Raises:
            ResponderUnfitError: The responder's certificate is not valid now.
            KeyStoreError: The key store failed.
            RegisterError: The record or the store is out of reach.
        """
        done = PresigningRun()
        progress = self._answers.progress(self._authority)
        while changes := self._record.changes(self._authority, after=progress, most=_BATCH):
            progress = changes[-1].number
            done += self._settle({each.serial: each.number for each in changes}, progress=progress)
        while serials := self._due_by_time():
            done += self._settle(dict.fromkeys(serials, 0), progress=None)
        return done

    def _due_by_time(self) -> Sequence[SerialNumber]:
        return self._answers.due(self._authority, self._policy.presigned, now=self._now(), most=_BATCH)

    def _settle(self, serials: Mapping[SerialNumber, int], *, progress: int | None) -> PresigningRun:
        """Sign anew for certificates, as they stand now."""
        now = self._now()
        head = self._record.last_change(self._authority)
        standings = self._record.standings(self._authority, [*serials, self._key.serial])
        self._key.check(standings.get(self._key.serial), now)
        due = self._due(serials, now)
        told = {serial for serial in serials if self._is_kept(standings.get(serial), now)}
        signed = self._sign(
            [each for each in due if SerialNumber(each.serial_number) in told], standings, head, now
        )
        dropped = [serial for serial in serials if serial not in told]
        self._answers.replace(self._authority, signed, without=dropped, progress=progress, at=now)
        return PresigningRun(len(signed), len(dropped))

    def _due(self, serials: Mapping[SerialNumber, int], now: datetime) -> list[CertId]:
        wanted = []
        for algorithm in self._policy.presigned:
            stored = {
                each.serial: each for each in self._answers.answers(self._authority, algorithm, list(serials))
            }
            wanted += [
                with_null_parameters(cert_id_of(serial.value, self._issuer, algorithm=algorithm))
                for serial, changed in serials.items()
                if is_due(stored.get(serial), changed, now=now)
            ]
        return wanted

    def _is_kept(self, standing: CertificateStanding | None, now: datetime) -> bool:
        """Whether answers are kept for a certificate: until its end, or as long as the archive reaches."""
        if standing is None or not is_told(standing, self._policy, now=now):
            return False
        return self._policy.archive is not None or standing.not_after >= now

    def _sign(
        self,
        cert_ids: Sequence[CertId],
        standings: Mapping[SerialNumber, CertificateStanding],
        head: int,
        now: datetime,
    ) -> list[StoredAnswer]:
        next_update = min(now + self._policy.validity, self._key.certificate.validity.not_after)
        contents = []
        for cert_id in cert_ids:
            standing = standings[SerialNumber(cert_id.serial_number)]
            said = statement(cert_id, standing, self._policy, now=now, next_update=next_update)
            contents.append(response_data(responder=self._key.responder, produced_at=now, responses=(said,)))
        return [
            StoredAnswer(
                serial=SerialNumber(cert_id.serial_number),
                cert_id=cert_id.encoded or b"",
                algorithm=cert_id.algorithm,
                this_update=now,
                next_update=next_update,
                change=head,
                encoded=encoded,
            )
            for cert_id, encoded in zip(cert_ids, self._key.sign(contents), strict=True)
        ]

    def _now(self) -> datetime:
        return self._clock().replace(microsecond=0)
