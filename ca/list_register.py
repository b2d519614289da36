"""What is on record of revocation lists, and the entries of the next ones, read as of one moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from ca.errors import RecordDamagedError
from ca.model import WHOLE_LIST, CrlRecord, KeptEntries, ListHead
from ca.ports import Entries
from ca.tables import CERTIFICATES, CRLS, HEAD, crl_from, head_from
from formats.gbt20518 import RevocationReason, RevokedEntry
from formats.register_file import time_text

_AT_ONCE: Final = 5000
_REASONS: Final = {int(reason): reason for reason in RevocationReason}
_ENTRY: Final = (
    CERTIFICATES.c.serial,
    CERTIFICATES.c.revoked_at,
    CERTIFICATES.c.reason,
    CERTIFICATES.c.invalidity_date,
)


class ListView:
    """``ports.ListView`` on one connection.

    Args:
        connection: In a transaction that sees one state of the record throughout.
        authority: Whose lists.
    """

    def __init__(self, connection: sa.Connection, authority: str) -> None:
        self._connection = connection
        self._authority = authority

    def names(self) -> Sequence[str]:
        """Names of all lists certificates belong to, sorted."""
        columns = CERTIFICATES.c
        names: list[str] = []
        while True:  # one seek in the index for each, however many certificates there are
            query = sa.select(sa.func.min(columns.list_name)).where(
                columns.authority == self._authority, columns.list_name > (names[-1] if names else "")
            )
            name = self._connection.execute(query).scalar()
            if name is None:
                return names
            names.append(name)

    def has_unexpired(self, list_name: str, since: datetime) -> bool:
        """Whether a certificate of the list ends its validity at ``since`` or later."""
        columns = CERTIFICATES.c
        query = sa.select(columns.position).where(
            columns.authority == self._authority,
            columns.list_name.in_(self._covered(list_name)),
            columns.not_after >= time_text(since),
        )
        return self._connection.execute(query.limit(1)).first() is not None

    def last_change(self, list_name: str) -> int:
        """Number of the last change that concerns the list; 0 without one."""
        columns = CERTIFICATES.c
        numbers = [
            self._connection.execute(
                sa.select(sa.func.max(columns.list_changed)).where(
                    columns.authority == self._authority,
                    columns.list_name == name,
                    columns.list_changed.is_not(None),
                )
            ).scalar()
            for name in self._covered(list_name)
        ]
        return max((int(number) for number in numbers if number is not None), default=0)

    def listed(self, list_name: str, kept: KeptEntries) -> Entries:
        """Entries of a full list, by serial number."""
        columns = CERTIFICATES.c
        conditions: list[sa.ColumnElement[bool]] = [columns.revoked_at.is_not(None)]
        if kept.since is not None:
            conditions.append(
                sa.or_(columns.not_after >= time_text(kept.since), columns.list_changed > kept.changed)
            )
        return self._entries(list_name, sa.null(), conditions)

    def changed_since(self, list_name: str, number: int) -> Entries:
        """Entries of a delta list, by serial number."""
        columns = CERTIFICATES.c
        conditions = [columns.list_changed.is_not(None), columns.list_changed > number]
        return self._entries(list_name, columns.lifted_at, conditions)

    def next_number(self, list_name: str) -> int:
        """A number above every one given out."""
        query = sa.select(sa.func.max(CRLS.c.number)).where(*self._lists(list_name))
        return int(self._connection.execute(query).scalar() or 0) + 1

    def heads(self, list_name: str, *, is_delta: bool, most: int = 2) -> Sequence[ListHead]:
        """The newest signed lists of a kind, newest first."""
        query = sa.select(*HEAD).where(*self._signed(list_name, is_delta=is_delta))
        rows = self._connection.execute(query.order_by(CRLS.c.number.desc()).limit(most))
        return [head_from(row) for row in rows]

    def all_heads(self, *, after: int = 0, most: int = 1000) -> Sequence[ListHead]:
        """A page of signed lists of every name, in the order of name and number."""
        query = sa.select(*HEAD).where(CRLS.c.authority == self._authority, CRLS.c.signature.is_not(None))
        order = query.order_by(CRLS.c.list_name, CRLS.c.number, CRLS.c.base)
        return [head_from(row) for row in self._connection.execute(order.offset(after).limit(most))]

    def record(self, list_name: str, number: int | None, *, is_delta: bool) -> CrlRecord | None:
        """A signed list; without a number the newest of its kind."""
        query = sa.select(CRLS).where(*self._signed(list_name, is_delta=is_delta))
        if number is not None:
            query = query.where(CRLS.c.number == number)
        row = self._connection.execute(query.order_by(CRLS.c.number.desc()).limit(1)).one_or_none()
        return None if row is None else crl_from(row)

    def unsigned(self) -> Sequence[CrlRecord]:
        """Lists whose intent is on record without a signature, oldest first."""
        query = sa.select(CRLS).where(CRLS.c.authority == self._authority, CRLS.c.signature.is_(None))
        return [crl_from(row) for row in self._connection.execute(query.order_by(CRLS.c.number))]

    # ------------------------------------------------------------------ parts

    def _covered(self, list_name: str) -> Sequence[str]:
        """Names of the lists whose certificates a list covers: the whole one covers all."""
        return self.names() if list_name == WHOLE_LIST else [list_name]

    def _entries(
        self, list_name: str, lifted_at: sa.ColumnElement[Any], conditions: Sequence[sa.ColumnElement[bool]]
    ) -> Entries:
        columns = CERTIFICATES.c
        names = self._covered(list_name)
        # One name at a time is the order of an index; several have to be sorted.
        of_names = columns.list_name == names[0] if len(names) == 1 else columns.list_name.in_(names)
        query = sa.select(*_ENTRY, lifted_at).where(columns.authority == self._authority, of_names, *conditions)
        return _Entries(self._connection, query.order_by(columns.serial))

    def _lists(self, list_name: str) -> list[sa.ColumnElement[bool]]:
        return [CRLS.c.authority == self._authority, CRLS.c.list_name == list_name]

    def _signed(self, list_name: str, *, is_delta: bool) -> list[sa.ColumnElement[bool]]:
        kind = CRLS.c.base > 0 if is_delta else CRLS.c.base == 0
        return [*self._lists(list_name), CRLS.c.signature.is_not(None), kind]


class _Entries:
    """Entries that are asked of the database anew each time they are iterated, some thousand rows at once."""

    def __init__(self, connection: sa.Connection, query: sa.Select[Any]) -> None:
        self._connection = connection
        self._query = query.execution_options(yield_per=_AT_ONCE)

    def __iter__(self) -> Iterator[RevokedEntry]:
        rows = self._connection.execute(self._query)
        try:
            for serial, revoked_at, reason, invalidity_date, lifted_at in rows:
                if revoked_at is None:
                    yield RevokedEntry(int(serial, 16), _moment(lifted_at), RevocationReason.REMOVE_FROM_CRL)
                else:
                    since = _moment(invalidity_date) if invalidity_date else None
                    yield RevokedEntry(int(serial, 16), _moment(revoked_at), _REASONS[reason], since)
        except (KeyError, TypeError, ValueError) as exc:
            raise RecordDamagedError("an entry of a revocation list cannot be read") from exc


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(f"{text[:-1]}+00:00")  # a tenth of the time of strptime, a million times over
    if moment.tzinfo is not UTC or text[-1] != "Z":
        raise ValueError("not a moment as registers write it")
    return moment
