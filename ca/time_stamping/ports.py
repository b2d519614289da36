"""What the time-stamp authority needs of the outside, as protocols; ``api/`` and tests provide them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from ca.time_stamping.clock_model import ClockEvent, ClockState
from ca.time_stamping.model import GivenStamp, SerialBlock
from formats.gbt20520 import TokenAlgorithms

WallClock: TypeAlias = Callable[[], datetime]
"""Gives the present moment, timezone-aware UTC, as exact as the machine has it."""

MonotonicClock: TypeAlias = Callable[[], float]
"""Gives seconds that never go back, for example ``time.monotonic``."""

Random: TypeAlias = Callable[[int], bytes]
"""Gives that many random octets, for example ``secrets.token_bytes``."""


class TokenSigner(Protocol):
    """Signs the attributes of tokens, and verifies every signature before it hands it out."""

    @property
    def algorithms(self) -> TokenAlgorithms:
        """What it digests and signs with."""

    @property
    def public_key_info(self) -> bytes:
        """SubjectPublicKeyInfo of its key, DER."""

    def sign_all(self, attributes: Sequence[bytes]) -> list[bytes]:
        """Signature values over messages, in the same order.

        Raises:
            crypto.KeyStoreError: The key store failed, or gave a signature that does not verify.
        """


@dataclass(frozen=True, slots=True)
class ClockChange:
    """One change of the clock's state, as recorded.

    Attributes:
        number: From 1, in order.
        at: When, by the wall clock, which may be the very thing that is wrong.
        event: What happened.
        state: The state since then.
        reason: Why; of an acknowledgement what the operator wrote.
        actor: Who.
    """

    number: int
    at: datetime
    event: ClockEvent
    state: ClockState
    reason: str
    actor: str


class Transaction(Protocol):
    """Everything one change of the register may do; all of it happens, or none."""

    def reserve_serials(self, count: int, salt: int, *, at: datetime) -> SerialBlock:
        """Reserve numbers above every one reserved before, for ever."""

    def last_time(self) -> datetime | None:
        """The latest genTime on record; None without one."""

    def add_stamps(self, stamps: Sequence[GivenStamp], certificate: bytes) -> None:
        """Record a group of stamps and an entry of the trail that binds them.

        Args:
            stamps: In the order of their serial numbers.
            certificate: SM3 of the certificate they were signed under.
        """

    def clock_change(self) -> ClockChange | None:
        """The latest change of the clock's state."""

    def add_clock_change(
        self, event: ClockEvent, state: ClockState, reason: str, *, actor: str, at: datetime
    ) -> ClockChange:
        """Record a change of the clock's state, and an entry of the trail."""


class StampStore(Protocol):
    """Where the register lives. Processes may share one.

    Every method raises ``StampRegisterError`` when the register cannot be read or written.
    """

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Open a write transaction; committed and durable at normal exit, rolled back on an exception."""

    def clock_change(self) -> ClockChange | None:
        """The latest change of the clock's state."""

    def last_time(self) -> datetime | None:
        """The latest genTime on record; None without one."""

    def stamp(self, serial: int) -> GivenStamp | None:
        """A stamp on record, None if there is none with this serial number."""

    def count(self) -> int:
        """How many stamps are on record."""

    def groups(self) -> Iterator[tuple[int, Sequence[GivenStamp]]]:
        """Groups with their stamps, in order."""

    def blocks(self) -> Sequence[SerialBlock]:
        """Blocks of serial numbers, in order."""

    def audit_break(self) -> int | None:
        """Index of the first audit entry that does not follow from those before, None if the trail is whole."""

    def audit_entries(self, *, after: int = 0, most: int = 10_000) -> Sequence[Mapping[str, str | int | None]]:
        """A page of audit entries, oldest first."""
