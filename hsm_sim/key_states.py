"""The life of a key as a table: states and uses of NIST SP 800-57 Part 1 Rev. 5.

A key that was destroyed is gone; its history stays. *Compromised* can be reached from every state in which the key
still exists, and leads nowhere but to destruction.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from hsm_sim.model import KeyUsage
from hsm_sim.return_codes import KeyStateError


class KeyState(IntEnum):
    """SP 800-57 Part 1 Rev. 5."""

    PRE_ACTIVATION = 1
    ACTIVE = 2
    SUSPENDED = 3
    DEACTIVATED = 4
    COMPROMISED = 5
    DESTROYED = 6


class KeyEvent(IntEnum):
    """What moves a key from one state to another."""

    ACTIVATE = 1
    SUSPEND = 2
    RESUME = 3
    DEACTIVATE = 4
    COMPROMISE = 5
    DESTROY = 6


class Purpose(IntEnum):
    """What a private key is wanted for."""

    PROTECT = 1
    """Make something new: a signature."""
    PROCESS = 2
    """Open what was protected while the key was active: decrypt, unwrap."""


TRANSITIONS: Final[Mapping[KeyState, Mapping[KeyEvent, KeyState]]] = {
    KeyState.PRE_ACTIVATION: {
        KeyEvent.ACTIVATE: KeyState.ACTIVE,
        KeyEvent.COMPROMISE: KeyState.COMPROMISED,
        KeyEvent.DESTROY: KeyState.DESTROYED,
    },
    KeyState.ACTIVE: {
        KeyEvent.SUSPEND: KeyState.SUSPENDED,
        KeyEvent.DEACTIVATE: KeyState.DEACTIVATED,
        KeyEvent.COMPROMISE: KeyState.COMPROMISED,
        KeyEvent.DESTROY: KeyState.DESTROYED,
    },
    KeyState.SUSPENDED: {
        KeyEvent.RESUME: KeyState.ACTIVE,
        KeyEvent.DEACTIVATE: KeyState.DEACTIVATED,
        KeyEvent.COMPROMISE: KeyState.COMPROMISED,
        KeyEvent.DESTROY: KeyState.DESTROYED,
    },
    KeyState.DEACTIVATED: {
        KeyEvent.COMPROMISE: KeyState.COMPROMISED,
        KeyEvent.DESTROY: KeyState.DESTROYED,
    },
    KeyState.COMPROMISED: {KeyEvent.DESTROY: KeyState.DESTROYED},
    KeyState.DESTROYED: {},
}

ALLOWED: Final[Mapping[KeyState, frozenset[Purpose]]] = {
    KeyState.PRE_ACTIVATION: frozenset(),
    KeyState.ACTIVE: frozenset({Purpose.PROTECT, Purpose.PROCESS}),
    KeyState.SUSPENDED: frozenset(),
    KeyState.DEACTIVATED: frozenset({Purpose.PROCESS}),
    KeyState.COMPROMISED: frozenset({Purpose.PROCESS}),
    KeyState.DESTROYED: frozenset(),
}
"""Uses of the private key in each state. Verifying and encrypting with the public key need none of them."""

PURPOSE_OF: Final[Mapping[KeyUsage, Purpose]] = {
    KeyUsage.SIGN: Purpose.PROTECT,
    KeyUsage.ENCRYPT: Purpose.PROCESS,
}


def next_key_state(state: KeyState, event: KeyEvent) -> KeyState:
    """Look up where an event leads.

    Raises:
        KeyStateError: The event is not possible in this state.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise KeyStateError(f"{event.name.lower()} of a key that is {state.name.lower()}") from None


def check_use(state: KeyState, usage: KeyUsage) -> None:
    """Refuse a use that the key's state does not allow.

    Raises:
        KeyStateError: It does not.
    """
    if PURPOSE_OF[usage] not in ALLOWED[state]:
        raise KeyStateError(f"the key is {state.name.lower()}")
