"""Asking reference clocks on the network how far off the machine's clock is: SNTP, RFC 4330 and RFC 5905.

What comes back is a measurement for the clock guard, which compares several and believes no single one. The
protocol has no signature here, so references belong on a network that is trusted not to lie in concert.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from ca.time_stamping.clock_model import Measurement
from ca.time_stamping.ports import MonotonicClock, Random, WallClock

_PACKET: Final = struct.Struct("!BBbbIIIQ8sQQ")
_CLIENT: Final = 0x23
"""No warning, version 4, mode client."""
_SERVER_MODE: Final = 4
_UNSYNCHRONISED: Final = 3
_MOST_STRATUM: Final = 15
_ERA: Final = datetime(1900, 1, 1, tzinfo=UTC)
_ERA_SECONDS: Final = 1 << 32
_HALF_ERA: Final = timedelta(seconds=1 << 31)


class ReferenceUnusableError(Exception):
    """A reference did not answer, or not so that its answer counts."""


@dataclass(frozen=True, slots=True)
class ReferenceClock:
    """A reference clock on the network.

    Attributes:
        name: For the record and the operator.
        host: Name or address.
        port: UDP.
    """

    name: str
    host: str
    port: int = 123


def measure(
    reference: ReferenceClock, *, wall: WallClock, monotonic: MonotonicClock, random: Random, seconds: float = 2.0
) -> Measurement:
    """Ask once.

    Args:
        reference: Whom.
        wall: The clock to measure.
        monotonic: Times the round trip.
        random: Gives octets that the answer has to repeat.
        seconds: For an answer to come.

    Raises:
        ReferenceUnusableError: No answer, or one that does not count; its message names no address.
    """
    cookie = random(8)
    try:
        family, kind, number, _, place = socket.getaddrinfo(
            reference.host, reference.port, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, number) as asking:
            asking.settimeout(seconds)
            asking.connect(place)
            sent, started = wall(), monotonic()
            asking.send(_PACKET.pack(_CLIENT, 0, 0, 0, 0, 0, 0, 0, bytes(8), 0, int.from_bytes(cookie, "big")))
            answer = asking.recv(1024)
            came, ended = wall(), monotonic()
    except OSError as error:
        told = error.strerror or type(error).__name__
        raise ReferenceUnusableError(f"{reference.name}: {told}") from error
    return _measurement(reference, answer, cookie, (sent, came), (started, ended))


def _measurement(
    reference: ReferenceClock,
    answer: bytes,
    cookie: bytes,
    walls: tuple[datetime, datetime],
    monotonics: tuple[float, float],
) -> Measurement:
    if len(answer) < _PACKET.size:
        raise ReferenceUnusableError(f"{reference.name}: the answer is cut")
    flags, stratum, _, precision, delay, dispersion, _, _, origin, received, transmitted = _PACKET.unpack_from(
        answer
    )
    if flags & 7 != _SERVER_MODE or origin != cookie:
        raise ReferenceUnusableError(f"{reference.name}: not the answer to this question")
    if flags >> 6 == _UNSYNCHRONISED or not 0 < stratum <= _MOST_STRATUM or not (received and transmitted):
        raise ReferenceUnusableError(f"{reference.name}: it has no time itself")
    theirs = [_moment(each, walls[0]) for each in (received, transmitted)]
    trip = timedelta(seconds=monotonics[1] - monotonics[0]) - (theirs[1] - theirs[0])
    if trip < timedelta(0):
        raise ReferenceUnusableError(f"{reference.name}: its answer took less than no time")
    offset = ((theirs[0] - walls[0]) + (theirs[1] - walls[1])) / 2
    own = timedelta(seconds=delay / (1 << 17) + dispersion / (1 << 16) + 2.0 ** min(precision, 8))
    return Measurement(reference.name, offset, trip / 2 + own, monotonics[1])


def _moment(stamp: int, near: datetime) -> datetime:
    """The moment of a timestamp of 64 bits, in the era that brings it next to ``near``."""
    moment = _ERA + timedelta(seconds=stamp / _ERA_SECONDS)
    while near - moment > _HALF_ERA:
        moment += timedelta(seconds=_ERA_SECONDS)
    return moment


class ReferencePolling:
    """Asks references again and again in a thread of its own, and hands on what they say.

    Args:
        references: Whom to ask.
        report: Takes measurements.
        ask: Asks one; raises ``ReferenceUnusableError``.
        every: From the end of one round to the start of the next.
    """

    def __init__(
        self,
        references: Sequence[ReferenceClock],
        report: Callable[[Measurement], None],
        ask: Callable[[ReferenceClock], Measurement],
        *,
        every: timedelta = timedelta(seconds=30),
    ) -> None:
        self._references = tuple(references)
        self._report = report
        self._ask = ask
        self._every = every.total_seconds()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reference-clocks", daemon=True)
        self.failing: dict[str, str] = {}
        """References whose last answer did not count: why."""

    def start(self) -> None:
        """Ask all once, then go on in the background."""
        self.ask_all()
        if self._references:
            self._thread.start()

    def stop(self) -> None:
        """End; what is being asked is not waited for long."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(5)

    def ask_all(self) -> None:
        """One round."""
        for reference in self._references:
            try:
                self._report(self._ask(reference))
            except ReferenceUnusableError as error:
                self.failing[reference.name] = str(error)
            else:
                self.failing.pop(reference.name, None)

    def _run(self) -> None:
        while not self._stopping.wait(self._every):
            self.ask_all()
