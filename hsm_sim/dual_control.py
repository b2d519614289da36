"""The client's side of dual control: a session of one administrator with a second one at hand, or without."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from formats.errors import MalformedDataError
from hsm_sim.act_commands import ConfirmAct, ListOfficers, OfficerList, PendingAct, ProposeAct
from hsm_sim.commands import Request
from hsm_sim.encoding import decode, encode
from hsm_sim.officer_session import OfficerSession
from hsm_sim.return_codes import InputArgumentError
from hsm_sim.roles import DUAL_CONTROL, Control

R = TypeVar("R")


class ProposedError(Exception):
    """The request was proposed and waits for another administrator; nothing was done yet.

    Attributes:
        act: What was proposed.
    """

    def __init__(self, act: PendingAct) -> None:
        super().__init__(f"act {act.number} waits for another administrator")
        self.act = act


class ProposingSession(OfficerSession):
    """One administrator alone, on a device under dual control: what takes two is proposed."""

    def call(self, request: Request[R]) -> R:
        """As ``Connection.call``.

        Raises:
            ProposedError: It was proposed.
        """
        if not _takes_two(super().call, request):
            return super().call(request)
        raise ProposedError(propose(super().call, request))


class TwoAdministrators(OfficerSession):
    """Two administrators on a device under dual control: one proposes, the other confirms at once.

    Args:
        path: Of the socket.
        name: What the client calls itself in the device's log.
        seconds: How long to wait.
        second: The session of the administrator who confirms.
    """

    def __init__(self, path: Path, *, name: str, seconds: float, second: OfficerSession) -> None:
        super().__init__(path, name=name, seconds=seconds)
        self._second = second

    def call(self, request: Request[R]) -> R:
        """As ``Connection.call``, through both."""
        if not _takes_two(super().call, request):
            return super().call(request)
        act = propose(super().call, request)
        outcome = self._second.call(ConfirmAct(act.number, act.digest))
        try:
            return decode(request.reply, outcome.reply, what="key store reply")
        except MalformedDataError as error:
            raise self.fail(str(error)) from error


def propose(call: Callable[[Request[PendingAct]], PendingAct], request: Request[R]) -> PendingAct:
    """Propose a request over a session's own ``call``.

    Raises:
        InputArgumentError: The request does not keep its own limits.
    """
    try:
        body = encode(request)
    except ValueError as error:
        raise InputArgumentError(str(error)) from None
    return call(ProposeAct(request.command, body))


def _takes_two(call: Callable[[Request[OfficerList]], OfficerList], request: Request[R]) -> bool:
    """Whether a request is an act for two on the device a session talks to."""
    return request.command in DUAL_CONTROL and call(ListOfficers()).policy.control is Control.DUAL
