"""Reading again everything an authority ever issued, and judging it by the rules of today.

Rules grow, programs had faults, and a disk is not for ever. So each certificate on record is read and linted once
more, as of its issue, under the version of the profile it was issued under and under the latest one; its signature
is verified, what the record says of it compared with what it says itself, and keys are looked for that different
subjects share. Each list is read, linted and verified, and what is revoked is looked for on the newest.

A page of certificates is in memory at a time; keys are remembered in a database of SQLite's own that is gone
afterwards. A run can end anywhere and go on behind the last serial number it read; keys are compared within a run.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ca.authority import AuthoritySettings, Issuer, authority_id
from ca.candidate import Candidate
from ca.errors import LintFinding
from ca.lint import lint_certificate
from ca.model import WHOLE_LIST, CertificateRecord, CrlRecord, ListHead, SerialNumber
from ca.partition import Partition
from ca.ports import CaStore
from ca.profile import Profile
from ca.revocation_list import CrlContent, lint_crl
from crypto import InvalidSignatureError, message_digest, sm3, verify_many
from formats import oids
from formats.errors import MalformedDataError
from formats.gbt20518 import Certificate, Crl, crl_verify, read_certificate, read_crl

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Reread:
    """What is wrong with something that was issued.

    Attributes:
        item: Which: ``certificate`` and its serial number, or ``list``, its name and number.
        finding: The rule and what is wrong.
        is_outdated: It kept the profile it was issued under; the latest version asks for something else.
    """

    item: str
    finding: LintFinding
    is_outdated: bool = False


@dataclass(frozen=True, slots=True)
class RereadPage:
    """Some of what was read.

    Attributes:
        read: How many certificates or lists.
        last: Serial number of the last certificate; a later run goes on behind it. None for lists.
        found: What is wrong with them.
    """

    read: int
    last: SerialNumber | None
    found: tuple[Reread, ...]


class Rereading:
    """Reads one authority's record again.

    Args:
        store: Where the record lives.
        issuer: The authority.
        profiles: Known profiles, ``name`` the latest version of each and ``name/version`` each version.
        settings: What the authority signs under.
        partitions: Lists it has or had.
        max_crl_validity: Longest time to a next list its profile allows.
        now: The present moment.
    """

    def __init__(
        self,
        *,
        store: CaStore,
        issuer: Issuer,
        profiles: Mapping[str, Profile],
        settings: AuthoritySettings,
        partitions: Sequence[Partition],
        max_crl_validity: timedelta,
        now: datetime,
    ) -> None:
        self._store = store
        self._issuer = issuer
        self._profiles = profiles
        self._user_id = settings.user_id
        self._partitions = {partition.name: partition for partition in partitions}
        self._max_crl_validity = max_crl_validity
        self._now = now
        self._authority = authority_id(issuer.public_key)

    # ------------------------------------------------------------------ certificates

    def certificates(self, *, after: SerialNumber | None = None) -> Iterator[RereadPage]:
        """Certificates in the order of their intents.

        Args:
            after: Start behind this one; None for all.

        Raises:
            CertificateNotFoundError: ``after`` is not on record.
            RecordDamagedError: A row cannot be read at all.
        """
        newest = self._newest_lists()
        with closing(_KeyBook()) as keys:
            while page := self._store.certificates(self._authority, after=after, most=_PAGE):
                after = page[-1].serial
                found: list[Reread] = []
                signed: list[tuple[CertificateRecord, Certificate]] = []
                for record in page:
                    found += _unlisted(record, newest)
                    if record.encoded is None:
                        continue
                    try:
                        certificate = read_certificate(record.encoded)
                    except MalformedDataError as exc:
                        found.append(_told(record, "ca.unreadable", "RFC 5280", str(exc)))
                        continue
                    signed.append((record, certificate))
                    found += self._judged(record, certificate, keys)
                yield RereadPage(len(page), after, (*found, *self._unsigned(signed)))

    def _judged(self, record: CertificateRecord, certificate: Certificate, keys: _KeyBook) -> Iterator[Reread]:
        for message in _contradictions(record, certificate):
            yield _told(record, "ca.record-differs", "[D]", message)
        issued_under = self._profiles.get(record.profile)
        latest = self._profiles.get(record.profile.partition("/")[0])
        if issued_under is None:
            message = f"profile {record.profile} is not known any more"
            yield replace(_told(record, "ca.profile-unknown", "[D]", message), is_outdated=latest is not None)
        own = () if issued_under is None else self._lint(certificate, issued_under, record)
        for finding in own:
            yield Reread(_item(record), finding)
        if latest is not None and latest is not issued_under:
            known = {finding.code for finding in own}
            for finding in self._lint(certificate, latest, record):
                if finding.code not in known:
                    yield Reread(_item(record), finding, is_outdated=True)
        other = keys.other_holder(certificate)
        if other is not None:
            message = f"certificate {other} has this key for another subject or another use"
            yield _told(record, "ca.key-reused", "[D]", message)

    def _lint(
        self, certificate: Certificate, profile: Profile, record: CertificateRecord
    ) -> tuple[LintFinding, ...]:
        return lint_certificate(Candidate(certificate, profile, self._issuer, record.intended_at))

    def _unsigned(self, signed: Sequence[tuple[CertificateRecord, Certificate]]) -> Iterator[Reread]:
        key = self._issuer.public_key
        good = verify_many(
            [(key, message_digest(key, each.tbs, user_id=self._user_id), each.signature) for _, each in signed]
        )
        for (record, certificate), is_good in zip(signed, good, strict=True):
            if not is_good or certificate.signature_algorithm != oids.SM2_WITH_SM3:
                yield _told(record, "ca.signature", "RFC 5280 6.1.3", "not signed with the issuer's key")

    # ------------------------------------------------------------------ lists

    def lists(self) -> Iterator[RereadPage]:
        """Every list ever signed, one at a time."""
        heads: list[ListHead] = []
        with self._store.lists(self._authority) as view:
            while page := view.all_heads(after=len(heads)):
                heads += page
        newest = {head.list_name: head for head in heads if not head.is_delta}
        previous: dict[str, datetime] = {}
        for head in heads:
            record = self._store.crl(
                self._authority, head.number, list_name=head.list_name, is_delta=head.is_delta
            )
            found = list(self._judged_list(record, previous.get(head.list_name)))
            previous[head.list_name] = head.this_update
            if newest[head.list_name] == head and head.next_update < self._now:
                finding = LintFinding("ca.crl-overdue", "RFC 5280 5.1.2.5", "the next list is overdue")
                found.append(Reread(_list_item(head), finding))
            yield RereadPage(1, None, tuple(found))

    def _judged_list(self, record: CrlRecord, previous: datetime | None) -> Iterator[Reread]:
        head, item = record.head, _list_item(record.head)
        try:
            crl = read_crl(record.encoded or b"")
        except MalformedDataError as exc:
            yield Reread(item, LintFinding("ca.unreadable", "RFC 5280 5", str(exc)))
            return
        try:
            crl_verify(crl, self._issuer.public_key, user_id=self._user_id)
        except InvalidSignatureError:
            yield Reread(item, LintFinding("ca.signature", "RFC 5280 6.3.3", "not signed with the issuer's key"))
        stated = (crl.this_update, crl.next_update, len(crl.revoked))
        if stated != (head.this_update, head.next_update, head.entries):
            yield Reread(item, LintFinding("ca.record-differs", "[D]", "times or length are not those on record"))
        partition = self._partitions.get(head.list_name)
        if partition is None:
            finding = LintFinding("ca.crl-scope", "[D]", "the authority's settings know no list of this name")
            yield Reread(item, finding, is_outdated=True)
            return
        content = CrlContent(
            number=head.number,
            this_update=head.this_update,
            next_update=head.next_update,
            entries=crl.revoked.values(),
            previous=previous,
            max_validity=self._max_crl_validity,
            partition=partition,
            base=head.base,
            has_deltas=oids.FRESHEST_CRL in crl.extensions,
            keep_expired_since=crl.expired_since,
        )
        for finding in lint_crl(crl, content, self._issuer):
            yield Reread(item, finding)

    def _newest_lists(self) -> dict[str, _Newest]:
        """The newest full list of each name; what cannot be read is told by ``lists``."""
        heads: dict[str, tuple[ListHead, frozenset[int]]] = {}
        with self._store.lists(self._authority) as view:
            for name in {WHOLE_LIST, *view.names()}:
                for head in view.heads(name, is_delta=False, most=1):
                    later = frozenset(entry.serial for entry in view.changed_since(name, head.changed))
                    heads[name] = head, later
        newest: dict[str, _Newest] = {}
        for name, (head, later) in heads.items():
            record = self._store.crl(self._authority, head.number, list_name=name)
            try:
                newest[name] = _Newest(head, read_crl(record.encoded or b""), later)
            except MalformedDataError:
                continue
        return newest


@dataclass(frozen=True, slots=True)
class _Newest:
    """A newest full list, and serial numbers of what was changed after it was made."""

    head: ListHead
    crl: Crl
    later: frozenset[int]


def _unlisted(record: CertificateRecord, newest: Mapping[str, _Newest]) -> Iterator[Reread]:
    """A revoked certificate the newest list does not tell of, or one it tells something else of."""
    of_list = newest.get(record.list_name) or newest.get(WHOLE_LIST)
    if of_list is None or record.not_after < of_list.head.this_update or record.serial.value in of_list.later:
        return
    entry, revocation = of_list.crl.revoked.get(record.serial.value), record.revocation
    on_list = None if entry is None else (entry.date, entry.reason)
    on_record = None if revocation is None else (revocation.at, revocation.reason)
    if on_list != on_record:
        message = "revoked, and not on the newest list" if entry is None else "not on record as on the newest list"
        yield _told(record, "ca.not-listed", "RFC 5280 5", message)


def _contradictions(record: CertificateRecord, certificate: Certificate) -> Iterator[str]:
    if certificate.tbs != record.tbs:
        yield "its content is not what was intended"
    if certificate.serial_number != record.serial.value:
        yield "its serial number is not the one on record"
    if certificate.validity.not_after != record.not_after or str(certificate.subject) != record.subject:
        yield "its subject or the end of its validity is not the one on record"


def _item(record: CertificateRecord) -> str:
    return f"certificate {record.serial}"


def _told(record: CertificateRecord, code: str, clause: str, message: str) -> Reread:
    return Reread(_item(record), LintFinding(code, clause, message))


def _list_item(head: ListHead) -> str:
    kind = f" to {head.base}" if head.is_delta else ""
    return f"list {head.list_name} {head.number}{kind}"


class _KeyBook:
    """Who had which key, in a database that SQLite keeps in a temporary file of its own."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE holders (key BLOB PRIMARY KEY, use BLOB, serial TEXT) WITHOUT ROWID")

    def other_holder(self, certificate: Certificate) -> str | None:
        """Serial number of a certificate with the same key for another subject or use; None without one.

        A renewal keeps its key, for the same subject and the same use.
        """
        usage = ",".join(sorted(str(int(bit)) for bit in certificate.key_usage or ()))
        use = sm3(certificate.subject.encoded + usage.encode())[:16]
        key = sm3(certificate.spki)
        row = self._database.execute("SELECT use, serial FROM holders WHERE key = ?", (key,)).fetchone()
        if row is None:
            entry = (key, use, f"{certificate.serial_number:040x}")
            self._database.execute("INSERT INTO holders VALUES (?, ?, ?)", entry)
            return None
        return None if row[0] == use else str(row[1])

    def close(self) -> None:
        """Forget everything."""
        self._database.close()
