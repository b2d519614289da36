"""Officers' duties, kept apart: which role may send which command, and which commands take two administrators.

Three roles. An *administrator* manages the device; what must not be in one pair of hands takes two of them
where the policy says so. An *operator* starts the device and puts keys to work. An *auditor* reads the log and
can never act: an auditor's secret does not even open the store (``hsm_sim.protection``).

The numbers are those of GM/T 0006 for administrators, auditors and operators. The tables are own rules: GM/T 0018
leaves management to the vendor. A command that is in no table is an administrator's.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from hsm_sim.commands import Command


class Role(IntEnum):
    """What an officer is enrolled for."""

    ADMINISTRATOR = 2
    AUDITOR = 4
    OPERATOR = 5

    @property
    def opens_store(self) -> bool:
        """Whether the officer's secret starts the device."""
        return self is not Role.AUDITOR


class Control(IntEnum):
    """How many administrators the commands of ``DUAL_CONTROL`` take; part of the device's policy."""

    SINGLE = 1
    DUAL = 2


_ADMINISTRATOR: Final = frozenset({Role.ADMINISTRATOR})
_RUNNING: Final = frozenset({Role.ADMINISTRATOR, Role.OPERATOR})
_READING: Final = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
_ANYONE: Final = frozenset(Role)

ROLES: Final[Mapping[Command, frozenset[Role]]] = {
    Command.OFFICER_LOGOUT: _ANYONE,
    Command.CHANGE_OFFICER_SECRET: _ANYONE,
    Command.ADD_OFFICER: _ADMINISTRATOR,
    Command.REMOVE_OFFICER: _ADMINISTRATOR,
    Command.UNLOCK_OFFICER: _ADMINISTRATOR,
    Command.LIST_OFFICERS: _READING,
    Command.PROPOSE_ACT: _ADMINISTRATOR,
    Command.CONFIRM_ACT: _ADMINISTRATOR,
    Command.WITHDRAW_ACT: _ADMINISTRATOR,
    Command.LIST_ACTS: _READING,
    Command.CHANGE_POLICY: _ADMINISTRATOR,
    Command.GENERATE_KEY_PAIR: _ADMINISTRATOR,
    Command.DESTROY_KEYS: _ADMINISTRATOR,
    Command.SET_LABEL: _ADMINISTRATOR,
    Command.RESET_PASSWORD: _ADMINISTRATOR,
    Command.ACTIVATE_KEY: _RUNNING,
    Command.SUSPEND_KEY: _RUNNING,
    Command.RESUME_KEY: _RUNNING,
    Command.DEACTIVATE_KEY: _ADMINISTRATOR,
    # Whoever learns of it first says so: a key that was marked wrongly is replaced, a lost one that was not is
    # misused.
    Command.REPORT_COMPROMISE: _RUNNING,
    Command.READ_KEY_HISTORY: _READING | _RUNNING,
    Command.SPLIT_MASTER: _ADMINISTRATOR,
    Command.CHECK_SHARES: _ANYONE,
    Command.MAKE_BACKUP: _ADMINISTRATOR,
    Command.READ_BACKUP: _ADMINISTRATOR,
    Command.ZEROISE: _ADMINISTRATOR,
    Command.OPEN_LID: _ADMINISTRATOR,
    Command.SIGN_LOG: _READING,
    Command.SIGN_STATEMENT: _ADMINISTRATOR,
    Command.GENERATE_KEK: _ADMINISTRATOR,
    Command.DESTROY_KEK: _ADMINISTRATOR,
    Command.ENABLE_WRAPPING: _ADMINISTRATOR,
    Command.RETIRE_WRAPPING: _ADMINISTRATOR,
    Command.UNLOCK_WRAPPED_KEY: _ADMINISTRATOR,
    Command.LIST_WRAPPING_KEYS: _READING | _RUNNING,
    # Daily work of whoever keeps seals or encryption keys; what it makes is worth nothing without its access.
    Command.MAKE_WRAPPED_KEYS: _RUNNING,
    Command.REWRAP_KEYS: _RUNNING,
    Command.REVOKE_WRAPPED_KEYS: _RUNNING,
    # A release takes two administrators whatever the policy says, see ``hsm_sim.key_release``.
    Command.REQUEST_RELEASE: _ADMINISTRATOR,
    Command.APPROVE_RELEASE: _ADMINISTRATOR,
    Command.WITHDRAW_RELEASE: _RUNNING,
    Command.LIST_RELEASES: _READING | _RUNNING,
    Command.READ_AUDIT: _READING,
    Command.SELF_TEST: _RUNNING,
}
"""Roles that may send a command; the others of the protocol want no officer, or an administrator."""

DUAL_CONTROL: Final = frozenset(
    {
        Command.ADD_OFFICER,
        Command.REMOVE_OFFICER,
        Command.UNLOCK_OFFICER,
        Command.CHANGE_POLICY,
        Command.GENERATE_KEY_PAIR,
        Command.DESTROY_KEYS,
        Command.RESET_PASSWORD,
        Command.SPLIT_MASTER,
        Command.MAKE_BACKUP,
        Command.ZEROISE,
        Command.GENERATE_KEK,
        Command.DESTROY_KEK,
        Command.ENABLE_WRAPPING,
        Command.RETIRE_WRAPPING,
        Command.UNLOCK_WRAPPED_KEY,
    }
)
"""Commands that one administrator proposes and another confirms, where the policy says ``Control.DUAL``."""


def may(role: Role, command: int) -> bool:
    """Whether an officer of this role may send a command that wants an officer."""
    return role in ROLES.get(command, _ADMINISTRATOR)  # type: ignore[call-overload]
