"""A session: one connection's officer, access rights and refusals. Used by one thread at a time."""

from dataclasses import dataclass, field
from typing import Final

from crypto import PrivateKey
from hsm_sim.audit import Event
from hsm_sim.custody.work import CustodyWork
from hsm_sim.model import KeyUsage
from hsm_sim.return_codes import DeviceError
from hsm_sim.session_work import SessionWork
from hsm_sim.wrapped_session import WrappedSession

_MAX_KINDS_OF_REFUSAL: Final = 32
_OTHER: Final = ("other", "", 0)


@dataclass(slots=True)
class AccessRight:
    """The right to the private keys of an index, with those that were used already out of their wrapping.

    Attributes:
        version: ``Keys.version`` when the right was given; another one later means that the right has ended.
        keys: Loaded at first use.
        uses: How often each pair was used under this right.
    """

    version: int
    keys: dict[KeyUsage, PrivateKey] = field(default_factory=dict)
    uses: dict[KeyUsage, int] = field(default_factory=dict)

    def wipe(self) -> None:
        """Overwrite the scalars."""
        for key in self.keys.values():
            key.wipe()
        self.keys.clear()


@dataclass(slots=True)
class Session:
    """What belongs to one connection and is gone with it.

    Attributes:
        number: Counted from 1 at each start of the device.
        peer: Who is on the other end, as the kernel tells, for example ``"uid 0 pid 17"``.
        client: What the other end calls itself; empty before OPEN_SESSION.
        officer: Name of the officer who is logged in.
        command: What the session is asking for at present.
        proposer: While an act is carried out that took two: the officer who proposed it.
        closed: The other end has ended the session; the connection follows.
        rights: By index.
        work: Session keys and what is done in parts.
        wrapped: What the session knows of pairs that are kept outside.
        custody: Shares and a backup the session was handed.
    """

    number: int
    peer: str
    client: str = ""
    officer: str | None = None
    command: int = 0
    proposer: str | None = None
    closed: bool = False
    rights: dict[int, AccessRight] = field(default_factory=dict)
    work: SessionWork = field(default_factory=SessionWork)
    wrapped: WrappedSession = field(default_factory=WrappedSession, repr=False)
    custody: CustodyWork = field(default_factory=CustodyWork)
    _refusals: dict[tuple[str, str, int], int] = field(default_factory=dict)

    @property
    def actor(self) -> str:
        """Who acts, for the log."""
        who = f"officer {self.officer}" if self.officer is not None else self.client
        if self.proposer is not None:
            who += f" for {self.proposer}"
        return f"session {self.number} {self.peer} {who}"

    def drop_right(self, index: int) -> None:
        """Forget the right to an index and overwrite its keys."""
        right = self.rights.pop(index, None)
        if right is not None:
            right.wipe()

    def refusal(self, operation: str, error: DeviceError) -> Event | None:
        """Note a refusal; the event to log now, or None if one of its kind was logged before."""
        kind = (operation, error.detail, error.return_code)
        if kind not in self._refusals and len(self._refusals) >= _MAX_KINDS_OF_REFUSAL:
            kind = _OTHER
        first = kind not in self._refusals
        self._refusals[kind] = self._refusals.get(kind, 0) + 1
        return self._event(kind, 1) if first else None

    def repeated_refusals(self) -> list[Event]:
        """Refusals that were noted and not logged, with their counts; forgotten by this."""
        events = [self._event(kind, count - 1) for kind, count in self._refusals.items() if count > 1]
        self._refusals.clear()
        return events

    def _event(self, kind: tuple[str, str, int], count: int) -> Event:
        operation, target, code = kind
        return Event(self.actor, operation, target, count, code)

    def use_events(self, index: int) -> list[Event]:
        """How often the pairs of an index were used under the present right."""
        right = self.rights[index]
        return [
            Event(self.actor, "used", f"index {index} {usage.name.lower()}", count)
            for usage, count in right.uses.items()
        ]

    def wrapped_events(self) -> list[Event]:
        """How often pairs that are kept outside were used in this session, all of them together."""
        return [
            Event(self.actor, "used", f"wrapped {usage.name.lower()} keys", count)
            for usage, count in self.wrapped.uses.items()
        ]
