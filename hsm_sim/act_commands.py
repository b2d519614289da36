"""Commands of dual control: one administrator proposes an act, another confirms it; and what officers there are.

What is proposed is an ordinary request of a command in ``hsm_sim.roles.DUAL_CONTROL``. The device keeps it in
memory until it is confirmed, withdrawn or out of time, and carries it out when a second administrator names it
by its number and digest.
"""

from dataclasses import dataclass, field
from typing import Annotated, Final

from hsm_sim.commands import MAX_OFFICERS, U8, U64, Command, Done, Request
from hsm_sim.encoding import Choice, Fixed, ListOf, Nested, Octets, Text
from hsm_sim.management import DevicePolicy
from hsm_sim.model import MAX_NAME
from hsm_sim.roles import Role

MAX_PENDING: Final = 16
MAX_ACT: Final = 64 * 1024
"""Octets of the request that is proposed."""
MAX_REPLY: Final = 256 * 1024
"""Octets of the reply to what was confirmed."""
_SUMMARY: Final = Text(1024)
_DIGEST: Final = Fixed(32)


@dataclass(frozen=True, slots=True)
class PendingAct:
    """An act that waits for a second administrator."""

    number: Annotated[int, U64]
    digest: Annotated[bytes, _DIGEST]
    """HMAC-SM3 over number, proposer and request under a key of this start of the device: it names the act, and
    tells nothing of secrets in it."""
    summary: Annotated[str, _SUMMARY]
    """What will be done, as the device understood it; secrets left out."""
    proposer: Annotated[str, Text(MAX_NAME)]
    expires: Annotated[int, U64]
    """Microseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class PendingActs:
    """All that wait."""

    acts: Annotated[tuple[PendingAct, ...], ListOf(Nested(PendingAct), MAX_PENDING)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The reply to the request that was confirmed, encoded."""

    reply: Annotated[bytes, Octets(MAX_REPLY)]


@dataclass(frozen=True, slots=True)
class ProposeAct(Request[PendingAct]):
    """Propose a request; nothing is done yet."""

    act: Annotated[Command, Choice(Command, width=2)]
    request: Annotated[bytes, Octets(MAX_ACT)] = field(repr=False)
    command = Command.PROPOSE_ACT
    reply = PendingAct


@dataclass(frozen=True, slots=True)
class ConfirmAct(Request[Outcome]):
    """Have a proposed act carried out, as another administrator than the one who proposed it. Works once."""

    number: Annotated[int, U64]
    digest: Annotated[bytes, _DIGEST]
    command = Command.CONFIRM_ACT
    reply = Outcome


@dataclass(frozen=True, slots=True)
class WithdrawAct(Request[Done]):
    """Drop a proposed act; any administrator may."""

    number: Annotated[int, U64]
    command = Command.WITHDRAW_ACT
    reply = Done


@dataclass(frozen=True, slots=True)
class ListActs(Request[PendingActs]):
    """Acts that wait and are not out of time."""

    command = Command.LIST_ACTS
    reply = PendingActs
    repeatable = True


@dataclass(frozen=True, slots=True)
class ChangePolicy(Request[Done]):
    """Give the device another policy. Secrets and passwords keep their iterations until they are next changed."""

    policy: Annotated[DevicePolicy, Nested(DevicePolicy)]
    command = Command.CHANGE_POLICY
    reply = Done


@dataclass(frozen=True, slots=True)
class OfficerInfo:
    """What may be known of an officer."""

    name: Annotated[str, Text(MAX_NAME)]
    role: Annotated[Role, Choice(Role)]
    tries_left: Annotated[int, U8]


@dataclass(frozen=True, slots=True)
class OfficerList:
    """All officers, and the policy they work under."""

    officers: Annotated[tuple[OfficerInfo, ...], ListOf(Nested(OfficerInfo), MAX_OFFICERS)]
    policy: Annotated[DevicePolicy, Nested(DevicePolicy)]


@dataclass(frozen=True, slots=True)
class ListOfficers(Request[OfficerList]):
    """Names, roles, tries left, and the policy."""

    command = Command.LIST_OFFICERS
    reply = OfficerList
    repeatable = True
