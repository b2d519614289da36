"""What a time-stamp authority promises, and what it keeps of each stamp. Pure values and rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crypto import sm3
from formats import oids
from formats.gbt20520 import IMPRINT_DIGESTS, Accuracy

SALT_BITS: Final = 64
_MOST_NUMBER: Final = 1 << 63
DEFAULT_DIGESTS: Final = frozenset({oids.SM3, oids.SHA256})


@dataclass(frozen=True, slots=True)
class StampPolicy:
    """A policy stamps are given under.

    Attributes:
        oid: Its identifier, from the authority's own arc.
        accuracy: How far from the true time a stamp's may lie; nothing is stamped while the clock is worse.
        digests: Identifiers of the digests imprints may be made with.
    """

    oid: str
    accuracy: Accuracy
    digests: frozenset[str] = DEFAULT_DIGESTS

    def __post_init__(self) -> None:
        if self.accuracy.span <= timedelta(0):
            raise ValueError("a policy promises an accuracy above zero")
        if not self.digests or not self.digests <= IMPRINT_DIGESTS.keys():
            raise ValueError(f"a policy allows digests of {', '.join(sorted(IMPRINT_DIGESTS))}")


@dataclass(frozen=True, slots=True)
class StampingSettings:
    """What an authority promises.

    Attributes:
        policies: The first is taken where a request names none; no identifier twice.
        ordering: Whether any two tokens can be ordered by their times (RFC 3161 2.4.2): no two have the same.
        named: Whether tokens carry the authority's name.
    """

    policies: tuple[StampPolicy, ...]
    ordering: bool = False
    named: bool = True

    def __post_init__(self) -> None:
        if not self.policies or len({policy.oid for policy in self.policies}) != len(self.policies):
            raise ValueError("an authority has policies, each with an identifier of its own")

    def policy(self, oid: str | None) -> StampPolicy | None:
        """The policy a request asks for, the default if it asks for none; None if there is no such policy."""
        if oid is None:
            return self.policies[0]
        return next((policy for policy in self.policies if policy.oid == oid), None)


@dataclass(frozen=True, slots=True)
class SerialBlock:
    """Numbers reserved in the register before any of them is used.

    A serial number is ``number << 64 | salt``. Numbers never repeat within a register; the salt, drawn for each
    block, keeps serial numbers apart even where a register was restored from an old copy. [D]

    Attributes:
        first: The first number, from 1.
        count: How many.
        salt: 64 random bits.
    """

    first: int
    count: int
    salt: int

    def __post_init__(self) -> None:
        if not (self.first > 0 and self.count > 0 and self.first + self.count <= _MOST_NUMBER):
            raise ValueError("a block has numbers of 63 bits")
        if not 0 <= self.salt < 1 << SALT_BITS:
            raise ValueError("a salt has 64 bits")

    def serials(self, offset: int, count: int) -> list[int]:
        """``count`` serial numbers from the one at ``offset``."""
        if offset + count > self.count:
            raise ValueError("the block is used up")
        start = self.first + offset
        return [number << SALT_BITS | self.salt for number in range(start, start + count)]


def number_of(serial: int) -> int:
    """The number of the register inside a serial number."""
    return serial >> SALT_BITS


@dataclass(frozen=True, slots=True)
class GivenStamp:
    """What is kept of one stamp.

    Attributes:
        serial: Serial number of the token.
        at: Its genTime, UTC, to the microsecond.
        policy: Identifier of its policy.
        digest_algorithm: Identifier of the imprint's digest.
        imprint: hashedMessage.
        token: SM3 of the token, 32 octets.
    """

    serial: int
    at: datetime
    policy: str
    digest_algorithm: str
    imprint: bytes
    token: bytes

    def line(self) -> str:
        """One line of text that binds every field."""
        values = (
            f"{self.serial:x}",
            self.at.isoformat(timespec="microseconds"),
            self.policy,
            self.digest_algorithm,
            self.imprint.hex(),
            self.token.hex(),
        )
        return " ".join(values) + "\n"


def digest_of(stamps: Iterable[GivenStamp]) -> bytes:
    """SM3 over stamps in order: what the audit trail says of a group of them."""
    return sm3("".join(stamp.line() for stamp in stamps).encode("ascii"))
