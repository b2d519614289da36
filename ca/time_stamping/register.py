"""The register of a time-stamp authority: blocks of serial numbers, stamps, changes of the clock, and their trail.

How the register is opened and how its audit trail is chained is told in ``formats.register_file``. Nothing in it
is ever changed or deleted. One entry of the trail binds the stamps of one group by a digest over all their fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from ca.time_stamping.clock_model import ClockEvent, ClockState
from ca.time_stamping.errors import StampRegisterError
from ca.time_stamping.model import GivenStamp, SerialBlock, digest_of, number_of
from ca.time_stamping.ports import ClockChange
from ca.time_stamping.tables import (
    AUDIT,
    AUDIT_ROWS,
    BLOCKS,
    CLOCK,
    GUARDS,
    METADATA,
    STAMPS,
    block_from,
    clock_change_from,
    moment_from,
    stamp_from,
    stamp_row,
)
from formats.register_errors import RegisterError
from formats.register_file import RegisterStore, time_text

SCHEMA_VERSION: Final = 1
ACTOR: Final = "time-stamp-authority"
"""Who the trail names for what the authority does by itself."""


class StampRegister(RegisterStore["StampTransaction"]):
    """``ports.StampStore`` in a register.

    Args:
        address: A file, ``:memory:`` for tests, or a URL of PostgreSQL.

    Raises:
        formats.register_errors.RegisterError: It cannot be opened, or has another layout.
    """

    def __init__(self, address: str) -> None:
        super().__init__(
            address,
            METADATA,
            AUDIT,
            layout="time-stamp-register",
            version=SCHEMA_VERSION,
            begin=StampTransaction,
            guards=GUARDS,
        )

    @contextmanager
    def transaction(self) -> Iterator[StampTransaction]:
        """Open a write transaction; committed and durable at normal exit."""
        with _register_errors(), super().transaction() as change:
            yield change

    def clock_change(self) -> ClockChange | None:
        """The latest change of the clock's state."""
        with self._reading() as connection:
            return _clock_change(connection)

    def last_time(self) -> datetime | None:
        """The latest genTime on record."""
        with self._reading() as connection:
            return _last_time(connection)

    def stamp(self, serial: int) -> GivenStamp | None:
        """A stamp on record."""
        number = number_of(serial)
        if not 0 < number < 1 << 63:
            return None
        with self._reading() as connection:
            row = connection.execute(sa.select(STAMPS).where(STAMPS.c.number == number)).one_or_none()
        found = None if row is None else stamp_from(row)
        return found if found is not None and found.serial == serial else None

    def count(self) -> int:
        """How many stamps are on record."""
        with self._reading() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(STAMPS)).scalar_one()

    def groups(self) -> Iterator[tuple[int, Sequence[GivenStamp]]]:
        """Groups with their stamps, in order."""
        number = 0
        while True:
            after = sa.select(sa.func.min(STAMPS.c.in_group)).where(STAMPS.c.in_group > number)
            with self._reading() as connection:
                following = connection.execute(after).scalar()
                if following is None:
                    return
                number = int(following)
                query = sa.select(STAMPS).where(STAMPS.c.in_group == number).order_by(STAMPS.c.number)
                stamps = [stamp_from(row) for row in connection.execute(query)]
            yield number, stamps

    def blocks(self) -> Sequence[SerialBlock]:
        """Blocks of serial numbers, in order."""
        with self._reading() as connection:
            return [
                block_from(row) for row in connection.execute(sa.select(BLOCKS).order_by(BLOCKS.c.first_number))
            ]

    def audit_break(self) -> int | None:
        """Index of the first audit entry that does not follow, None if the trail is whole."""
        with _register_errors():
            return super().audit_break()

    def audit_entries(self, *, after: int = 0, most: int = 10_000) -> Sequence[Mapping[str, str | int | None]]:
        """A page of audit entries, oldest first."""
        number = AUDIT_ROWS.c.number
        query = sa.select(number, AUDIT_ROWS.c.entry).where(number > after).order_by(number).limit(most)
        with self._reading() as connection:
            return [_entry(row) for row in connection.execute(query)]

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with _register_errors(), self._engine.connect() as connection:
            yield connection


class StampTransaction:
    """``ports.Transaction`` on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def reserve_serials(self, count: int, salt: int, *, at: datetime) -> SerialBlock:
        """Reserve numbers above every one reserved before."""
        last = self._connection.execute(
            sa.select(BLOCKS.c.first_number, BLOCKS.c.size).order_by(BLOCKS.c.first_number.desc()).limit(1)
        ).one_or_none()
        block = SerialBlock(1 if last is None else last.first_number + last.size, count, salt)
        salt_text = f"{salt:016x}"
        self._connection.execute(
            BLOCKS.insert().values(first_number=block.first, size=count, salt=salt_text, reserved_at=time_text(at))
        )
        details: dict[str, str | int | None] = {"first": block.first, "count": count, "salt": salt_text}
        self._append(at, ACTOR, "serials-reserved", details)
        return block

    def last_time(self) -> datetime | None:
        """The latest genTime on record."""
        return _last_time(self._connection)

    def add_stamps(self, stamps: Sequence[GivenStamp], certificate: bytes) -> None:
        """Record a group of stamps and an entry of the trail that binds them."""
        group = (self._connection.execute(sa.select(sa.func.max(STAMPS.c.in_group))).scalar() or 0) + 1
        self._connection.execute(STAMPS.insert(), [stamp_row(stamp, group) for stamp in stamps])
        details: dict[str, str | int | None] = {
            "group": group,
            "count": len(stamps),
            "stamps": digest_of(stamps).hex(),
            "certificate": certificate.hex(),
        }
        self._append(stamps[-1].at, ACTOR, "stamps-given", details)

    def clock_change(self) -> ClockChange | None:
        """The latest change of the clock's state."""
        return _clock_change(self._connection)

    def add_clock_change(
        self, event: ClockEvent, state: ClockState, reason: str, *, actor: str, at: datetime
    ) -> ClockChange:
        """Record a change of the clock's state, and an entry of the trail."""
        latest = self.clock_change()
        number = 1 if latest is None else latest.number + 1
        self._connection.execute(
            CLOCK.insert().values(
                number=number,
                at=time_text(at),
                event=str(event),
                state=str(state),
                reason=reason,
                actor=actor,
            )
        )
        self._append(at, actor, f"clock-{event}", {"change": number, "state": str(state), "reason": reason})
        return ClockChange(number, at, event, state, reason, actor)

    def _append(self, at: datetime, actor: str, event: str, details: Mapping[str, str | int | None]) -> None:
        AUDIT.append(self._connection, at=at, actor=actor, event=event, details=details)


@contextmanager
def _register_errors() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, RegisterError) as exc:
        raise StampRegisterError(str(getattr(exc, "orig", None) or exc)) from exc


def _clock_change(connection: sa.Connection) -> ClockChange | None:
    row = connection.execute(sa.select(CLOCK).order_by(CLOCK.c.number.desc()).limit(1)).one_or_none()
    return None if row is None else clock_change_from(row)


def _last_time(connection: sa.Connection) -> datetime | None:
    """That of the last group: groups are committed in the order of their times, but for what clocks may differ."""
    last = sa.select(sa.func.max(STAMPS.c.in_group)).scalar_subquery()
    text = connection.execute(sa.select(sa.func.max(STAMPS.c.at)).where(STAMPS.c.in_group == last)).scalar()
    return None if text is None else moment_from(text)


def _entry(row: Any) -> Mapping[str, str | int | None]:
    try:
        entry = json.loads(row.entry)
    except (TypeError, ValueError) as exc:
        raise StampRegisterError(f"audit entry {row.number} cannot be read") from exc
    if not isinstance(entry, dict):
        raise StampRegisterError(f"audit entry {row.number} cannot be read")
    return entry
