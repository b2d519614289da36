"""Management commands: the device's beginning, its officers, making and destroying keys, the audit log.

GM/T 0018 leaves these to the vendor; they are kept apart from what applications call, see
``hsm_sim.commands``.
"""

from dataclasses import dataclass, field
from typing import Annotated, Final

from hsm_sim.commands import (
    MAX_OFFICERS,
    U8,
    U32,
    U64,
    AuditPage,
    Command,
    DeviceInfo,
    Done,
    KeyInfo,
    Request,
)
from hsm_sim.encoding import Choice, ListOf, Nested, Octets, Optional, Text
from hsm_sim.key_states import KeyState
from hsm_sim.model import MAX_LABEL, MAX_NAME, KeyUsage
from hsm_sim.roles import Control, Role

_PASSWORD: Final = Octets(64)
_SECRET: Final = Octets(256)
_NAME: Final = Text(MAX_NAME)
_LABEL: Final = Text(MAX_LABEL)


@dataclass(frozen=True, slots=True)
class OfficerCredential:
    """An officer's name and secret."""

    name: Annotated[str, _NAME]
    secret: Annotated[bytes, _SECRET] = field(repr=False)


@dataclass(frozen=True, slots=True)
class DevicePolicy:
    """Set at initialisation, bound by the store's integrity tag; changed by administrators only.

    Attributes:
        secret_iterations: PBKDF2-SM3 iterations for an officer's secret, 1,000 to 50,000,000; it guards the store
            file against guessing offline.
        password_iterations: The same for a private key's password, which is only tried inside the device.
        secret_tries: Wrong secrets in a row before the officer is locked, 1 to 100.
        password_tries: Wrong passwords in a row before the index is locked, 1 to 100.
        control: Whether the commands of ``hsm_sim.roles.DUAL_CONTROL`` take two administrators.
        confirmation_seconds: How long an act that was proposed waits to be confirmed, 10 s to a day.
    """

    secret_iterations: Annotated[int, U32] = 600_000
    password_iterations: Annotated[int, U32] = 20_000
    secret_tries: Annotated[int, U8] = 5
    password_tries: Annotated[int, U8] = 5
    control: Annotated[Control, Choice(Control)] = Control.SINGLE
    confirmation_seconds: Annotated[int, U32] = 900

    def __post_init__(self) -> None:
        for iterations in (self.secret_iterations, self.password_iterations):
            if not 1_000 <= iterations <= 50_000_000:
                raise ValueError("PBKDF2 runs 1,000 to 50,000,000 iterations")
        if not (1 <= self.secret_tries <= 100 and 1 <= self.password_tries <= 100):
            raise ValueError("1 to 100 tries")
        if not 10 <= self.confirmation_seconds <= 86_400:
            raise ValueError("an act waits 10 to 86,400 seconds for its confirmation")


@dataclass(frozen=True, slots=True)
class Initialise(Request[DeviceInfo]):
    """Create the store, its officers and the device's own pairs; from the initial state only.

    The officers are administrators; they enrol the others. Dual control wants two of them.
    """

    officers: Annotated[tuple[OfficerCredential, ...], ListOf(Nested(OfficerCredential), MAX_OFFICERS)]
    policy: Annotated[DevicePolicy, Nested(DevicePolicy)]
    command = Command.INITIALISE
    reply = DeviceInfo


@dataclass(frozen=True, slots=True)
class OfficerLogin(Request[Done]):
    """Make this session an officer's; every wrong secret counts."""

    officer: Annotated[OfficerCredential, Nested(OfficerCredential)]
    command = Command.OFFICER_LOGIN
    reply = Done


@dataclass(frozen=True, slots=True)
class OfficerLogout(Request[Done]):
    """Give the session back."""

    command = Command.OFFICER_LOGOUT
    reply = Done


@dataclass(frozen=True, slots=True)
class AddOfficer(Request[Done]):
    """Another officer; the secret opens the store too, unless it is an auditor's."""

    officer: Annotated[OfficerCredential, Nested(OfficerCredential)]
    role: Annotated[Role, Choice(Role)] = Role.ADMINISTRATOR
    command = Command.ADD_OFFICER
    reply = Done


@dataclass(frozen=True, slots=True)
class RemoveOfficer(Request[Done]):
    """Take an officer away; the last administrator stays, and under dual control the last two."""

    name: Annotated[str, _NAME]
    command = Command.REMOVE_OFFICER
    reply = Done


@dataclass(frozen=True, slots=True)
class ChangeOfficerSecret(Request[Done]):
    """The officer of this session takes a new secret."""

    secret: Annotated[bytes, _SECRET] = field(repr=False)
    command = Command.CHANGE_OFFICER_SECRET
    reply = Done


@dataclass(frozen=True, slots=True)
class UnlockOfficer(Request[Done]):
    """Give another officer the full number of tries again."""

    name: Annotated[str, _NAME]
    command = Command.UNLOCK_OFFICER
    reply = Done


@dataclass(frozen=True, slots=True)
class GenerateKeyPair(Request[KeyInfo]):
    """Make one pair at an index. Not repeatable: the second call would find the index taken.

    The first pair at an index sets its password; for the second the password is left empty, since one password
    covers both pairs. ``state`` is active, or pre-activation for a key that an operator activates later.
    """

    index: Annotated[int, U32]
    usage: Annotated[KeyUsage, Choice(KeyUsage)]
    label: Annotated[str, _LABEL]
    use_limit: Annotated[int | None, Optional(U64)]
    password: Annotated[bytes, _PASSWORD] = field(repr=False)
    state: Annotated[KeyState, Choice(KeyState)] = KeyState.ACTIVE
    command = Command.GENERATE_KEY_PAIR
    reply = KeyInfo

    def __post_init__(self) -> None:
        if self.state not in (KeyState.PRE_ACTIVATION, KeyState.ACTIVE):
            raise ValueError("a new key is active or not yet active")
        if self.use_limit is not None and not 1 <= self.use_limit < 2**63:
            raise ValueError("a use limit is at least 1")


@dataclass(frozen=True, slots=True)
class DestroyKeys(Request[Done]):
    """Destroy both pairs at an index and its password."""

    index: Annotated[int, U32]
    command = Command.DESTROY_KEYS
    reply = Done


@dataclass(frozen=True, slots=True)
class SetLabel(Request[Done]):
    """Name a pair anew."""

    index: Annotated[int, U32]
    usage: Annotated[KeyUsage, Choice(KeyUsage)]
    label: Annotated[str, _LABEL]
    command = Command.SET_LABEL
    reply = Done


@dataclass(frozen=True, slots=True)
class ResetPassword(Request[Done]):
    """Unlock an index; with a new password, or with an empty one to keep the present. All rights to it end."""

    index: Annotated[int, U32]
    password: Annotated[bytes, _PASSWORD] = field(repr=False)
    command = Command.RESET_PASSWORD
    reply = Done


@dataclass(frozen=True, slots=True)
class ReadAudit(Request[AuditPage]):
    """Entries from sequence number ``first`` (the first entry is number 1), one page at most."""

    first: Annotated[int, U64]
    command = Command.READ_AUDIT
    reply = AuditPage
    repeatable = True


@dataclass(frozen=True, slots=True)
class SelfTest(Request[Done]):
    """Run the self-tests now; a failure leads to the error state."""

    command = Command.SELF_TEST
    reply = Done
    repeatable = True
