"""Acts that wait for a second administrator. They live in memory and end with the device.

Rules:

1. Who proposed is not who confirms, and both are administrators at the moment of confirming.
2. An act is named by number and digest together. The digest is keyed by octets drawn at this start, so a
   confirmation
   that was recorded earlier names nothing later.
3. It is confirmed at most once: it is taken out before it is carried out, whatever comes of that.
4. It waits no longer than the policy says, by the device's clock; a clock that went back ends it too.
"""

import hmac
import threading
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Final

from crypto import hmac_sm3
from hsm_sim.act_commands import MAX_PENDING, PendingAct
from hsm_sim.commands import Command
from hsm_sim.protection import RandomOctets
from hsm_sim.return_codes import ActError, DualControlError, NoBufferError

_SUMMARY: Final = 1024


@dataclass(frozen=True, slots=True)
class Proposal:
    """One act with the request to carry out.

    Attributes:
        shown: What others may know of it.
        command: Of the request.
        body: The request, encoded.
        proposed: When, in microseconds since 1970-01-01 UTC.
    """

    shown: PendingAct
    command: Command
    body: bytes
    proposed: int

    def __repr__(self) -> str:
        return f"<Proposal {self.shown.number} {self.command.name}>"

    def waits(self, now: int) -> bool:
        """Whether it can still be confirmed."""
        return self.proposed <= now < self.shown.expires


class PendingActs:
    """What was proposed since the device started.

    Args:
        random: Source of random octets.
    """

    def __init__(self, random: RandomOctets) -> None:
        self._key = random(32)
        self._number = 0
        self._waiting: dict[int, Proposal] = {}
        self._lock = threading.Lock()

    def propose(
        self, command: Command, body: bytes, request: object, *, proposer: str, now: int, seconds: int
    ) -> Proposal:
        """Keep a request until another administrator confirms it.

        Args:
            command: Of the request.
            body: The request, encoded.
            request: The same, decoded; what is told of it is taken from here.
            proposer: The administrator's name.
            now: Microseconds since 1970-01-01 UTC.
            seconds: How long it waits.

        Raises:
            NoBufferError: Too many wait already.
        """
        with self._lock:
            self._drop_old(now)
            if len(self._waiting) >= MAX_PENDING:
                raise NoBufferError(f"{MAX_PENDING} acts wait already")
            self._number += 1
            named = self._number.to_bytes(8, "big") + command.to_bytes(2, "big") + proposer.encode() + b"\x00"
            shown = PendingAct(
                self._number,
                hmac_sm3(self._key, named + body),
                summary(command, request),
                proposer,
                now + seconds * 1_000_000,
            )
            proposal = Proposal(shown, command, body, now)
            self._waiting[self._number] = proposal
            return proposal

    def take(self, number: int, digest: bytes, *, confirmer: str, now: int) -> Proposal:
        """Take an act out to be carried out.

        Raises:
            ActError: None of this number and digest waits.
            DualControlError: Whoever confirms is who proposed; the act waits on.
        """
        with self._lock:
            self._drop_old(now)
            found = self._waiting.get(number)
            if found is None or not hmac.compare_digest(found.shown.digest, digest):
                raise ActError(f"act {number}")
            if found.shown.proposer == confirmer:
                raise DualControlError("another administrator than the one who proposed it confirms")
            return self._waiting.pop(number)

    def withdraw(self, number: int, *, now: int) -> Proposal:
        """Drop an act.

        Raises:
            ActError: None of this number waits.
        """
        with self._lock:
            self._drop_old(now)
            try:
                return self._waiting.pop(number)
            except KeyError:
                raise ActError(f"act {number}") from None

    def waiting(self, *, now: int) -> tuple[PendingAct, ...]:
        """Acts that can be confirmed now."""
        with self._lock:
            self._drop_old(now)
            return tuple(each.shown for each in self._waiting.values())

    def _drop_old(self, now: int) -> None:
        for number in [number for number, each in self._waiting.items() if not each.waits(now)]:
            del self._waiting[number]


def summary(command: Command, request: object) -> str:
    """What a request asks for, for the administrator who is to confirm it; without fields hidden in ``repr``."""
    text = f"{command.name.lower().replace('_', '-')} {_told(request)}".strip()
    return text.encode()[:_SUMMARY].decode("utf-8", "ignore")


def _told(value: object) -> str:
    if is_dataclass(value) and not isinstance(value, type):
        shown = [each for each in fields(value) if each.repr]
        return " ".join(f"{each.name}={_told(getattr(value, each.name))}" for each in shown)
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, bytes):
        return f"{len(value)} octets" if len(value) > 32 else value.hex()
    if isinstance(value, tuple):
        return "[" + "; ".join(map(_told, value)) + "]"
    return repr(value) if isinstance(value, str) else str(value)
