"""What officers do together and with the states of keys: acts for two, policy, officers' list, keys' lives."""

from collections.abc import Callable
from typing import Any, Final

from hsm_sim.act_commands import (
    ChangePolicy,
    ConfirmAct,
    ListActs,
    ListOfficers,
    OfficerInfo,
    OfficerList,
    Outcome,
    PendingAct,
    PendingActs,
    ProposeAct,
    WithdrawAct,
)
from hsm_sim.audit import Event
from hsm_sim.commands import Command, Done, KeyInfo, Request
from hsm_sim.device import Device
from hsm_sim.encoding import decode
from hsm_sim.handlers import DONE, Handlers
from hsm_sim.key_lives import event_of, histories, moved
from hsm_sim.key_state_commands import STATE_REQUESTS, KeyHistories, KeyStateRequest, ReadKeyHistory
from hsm_sim.records import OfficerRecord
from hsm_sim.return_codes import DeviceError, DeviceStateError, InputArgumentError, RoleError
from hsm_sim.roles import DUAL_CONTROL, Control, Role, may
from hsm_sim.sessions import Session

CarryOut = Callable[[Session, int, bytes], bytes]
"""Carries a request out by command number and encoded body, and gives the encoded reply."""
RequestClasses = Callable[[Command], type[Request[Any]]]
_DIGITS: Final = 32
"""Hexadecimal digits of an act's digest that the log shows."""


class CustodyHandlers:
    """Dual control and key states.

    Args:
        device: The device.
        carry_out: Runs what was confirmed.
        request_class: Finds the class of what is proposed.
    """

    def __init__(self, device: Device, carry_out: CarryOut, request_class: RequestClasses) -> None:
        self._device = device
        self._carry_out = carry_out
        self._request_class = request_class

    def table(self) -> Handlers:
        """Request class and method of each command."""
        return {
            ProposeAct: self._propose,
            ConfirmAct: self._confirm,
            WithdrawAct: self._withdraw,
            ListActs: self._list_acts,
            ChangePolicy: self._change_policy,
            ListOfficers: self._list_officers,
            ReadKeyHistory: self._read_history,
            **dict.fromkeys(STATE_REQUESTS, self._move_key),
        }

    def _propose(self, session: Session, proposed: ProposeAct) -> PendingAct:
        interior = self._device.managed(session)
        policy = interior.store.root.policy
        if proposed.act not in DUAL_CONTROL:
            raise InputArgumentError(f"{_name(proposed.act)} is not an act for two")
        if policy.control is not Control.DUAL:
            raise DeviceStateError("the device works under single control: send the command itself")
        request = decode(self._request_class(proposed.act), proposed.request, what=_name(proposed.act))
        now = self._device.now()
        proposal = interior.acts.propose(
            proposed.act,
            proposed.request,
            request,
            proposer=session.officer or "",
            now=now,
            seconds=policy.confirmation_seconds,
        )
        try:
            interior.store.change([self._event(session, "propose-act", proposal.shown, proposal.command)])
        except DeviceError:
            interior.acts.withdraw(proposal.shown.number, now=now)  # nobody confirms what is not on record
            raise
        return proposal.shown

    def _confirm(self, session: Session, request: ConfirmAct) -> Outcome:
        interior = self._device.managed(session)
        proposal = interior.acts.take(
            request.number, request.digest, confirmer=session.officer or "", now=self._device.now()
        )
        proposer = interior.store.get(OfficerRecord, proposal.shown.proposer.encode())
        if proposer is None or not may(proposer.role, proposal.command):
            raise RoleError("who proposed it is no administrator any more")
        interior.store.change([self._event(session, "confirm-act", proposal.shown, proposal.command)])
        session.proposer = proposal.shown.proposer
        try:
            return Outcome(self._carry_out(session, proposal.command, proposal.body))
        finally:
            session.proposer = None

    def _withdraw(self, session: Session, request: WithdrawAct) -> Done:
        interior = self._device.managed(session)
        proposal = interior.acts.withdraw(request.number, now=self._device.now())
        interior.store.change([self._event(session, "withdraw-act", proposal.shown, proposal.command)])
        return DONE

    def _list_acts(self, session: Session, _request: ListActs) -> PendingActs:
        return PendingActs(self._device.managed(session).acts.waiting(now=self._device.now()))

    @staticmethod
    def _event(session: Session, operation: str, act: PendingAct, command: Command) -> Event:
        return Event(session.actor, operation, f"{_name(command)} act {act.number} {act.digest.hex()[:_DIGITS]}")

    def _change_policy(self, session: Session, request: ChangePolicy) -> Done:
        interior = self._device.managed(session)
        with interior.store.exclusive:
            administrators = [
                each for each in interior.store.all(OfficerRecord) if each.role is Role.ADMINISTRATOR
            ]
            if request.policy.control is Control.DUAL and len(administrators) < 2:
                raise DeviceStateError("dual control wants two administrators")
            event = Event(session.actor, "change-policy", request.policy.control.name.lower())
            interior.store.change([event], policy=request.policy)
        return DONE

    def _list_officers(self, session: Session, _request: ListOfficers) -> OfficerList:
        store = self._device.managed(session).store
        return OfficerList(
            tuple(OfficerInfo(each.name, each.role, each.tries_left) for each in store.all(OfficerRecord)),
            store.root.policy,
        )

    def _move_key(self, session: Session, request: KeyStateRequest) -> KeyInfo:
        interior = self._device.managed(session)
        keys = interior.keys
        with interior.passwords.exclusive, interior.store.exclusive:
            record = keys.record(request.index, request.usage)
            history = moved(
                interior.store,
                record,
                request.event,
                time=self._device.now(),
                session=session,
                reason=request.reason,
                evidence=request.evidence,
                uses=interior.counters.used(record.index, record.usage),
            )
            keys.end_rights(request.index)  # first, so that no right outlives a step that is reported as failed
            interior.store.change([event_of(request, session)], puts=[history])
        return keys.info(record)

    def _read_history(self, session: Session, request: ReadKeyHistory) -> KeyHistories:
        store = self._device.managed(session).store
        return KeyHistories(histories(store, request.index, request.usage))


def _name(command: Command) -> str:
    return command.name.lower().replace("_", "-")
