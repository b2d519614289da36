"""Words and limits of the device: key model, states, what a password or label may be (GM/T 0018)."""

from collections.abc import Mapping
from enum import IntEnum, auto
from typing import Final

from hsm_sim.return_codes import DeviceStateError, InputArgumentError

SGD_SM2_1: Final = 0x00020200
"""SM2 signing, GM/T 0006."""
SGD_SM2_3: Final = 0x00020800
"""SM2 encryption, GM/T 0006."""

DEVICE_FAMILY: Final = "xinyin-simulated-1"
"""Devices that can take over each other's stores, and so open each other's wrapped keys."""
DEVICE_INDEX: Final = 0
"""Holds the device's own pairs; closed to applications."""
MAX_INDEX: Final = 4096
PASSWORD_LENGTHS: Final = range(8, 65)
"""Octets of the password of a private key; GM/T 0018 asks for at least 8."""
SECRET_LENGTHS: Final = range(8, 257)
"""Octets of an officer's secret."""
MAX_NAME: Final = 64
MAX_LABEL: Final = 256
"""Octets of UTF-8."""
MAX_REASON: Final = 256
"""Octets of UTF-8 that say why."""
MAX_ACTOR: Final = 192
"""Octets of an actor in the log: a session and up to two officers."""
MAX_BATCH: Final = 4096
"""Digests in one request."""
MAX_CIPHERTEXT: Final = 64 * 1024
"""Octets of the DER SM2Cipher that internal decryption takes."""
MAX_RANDOM: Final = 4096
DIGEST_LENGTH: Final = 32
SERIAL_LENGTH: Final = 16
"""Device serial: 8 digits of the date, 3 of the batch, 5 of the number (DEVICEINFO)."""


class KeyUsage(IntEnum):
    """Which pair at an index. The pair says what a key may do: there is no key that signs and decrypts."""

    SIGN = 1
    ENCRYPT = 2

    @property
    def algorithm(self) -> int:
        """Algorithm identifier of GM/T 0006."""
        return SGD_SM2_1 if self is KeyUsage.SIGN else SGD_SM2_3


class DeviceState(IntEnum):
    """GM/T 0018 knows initial and ready; the error state is where a failed self-test leads."""

    INITIAL = 1
    READY = 2
    ERROR = 3


class DeviceEvent(IntEnum):
    """What moves a device from one state to another."""

    INITIALISE = auto()
    FAIL = auto()
    ZEROISE = auto()


# The error state has no way out but a new start, which runs the self-tests again.
TRANSITIONS: Final[Mapping[DeviceState, Mapping[DeviceEvent, DeviceState]]] = {
    DeviceState.INITIAL: {
        DeviceEvent.INITIALISE: DeviceState.READY,
        DeviceEvent.FAIL: DeviceState.ERROR,
    },
    DeviceState.READY: {DeviceEvent.FAIL: DeviceState.ERROR, DeviceEvent.ZEROISE: DeviceState.INITIAL},
    DeviceState.ERROR: {DeviceEvent.FAIL: DeviceState.ERROR},
}


def next_state(state: DeviceState, event: DeviceEvent) -> DeviceState:
    """Look up where an event leads.

    Raises:
        DeviceStateError: The event is not possible in this state.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise DeviceStateError(f"{event.name.lower()} in state {state.name.lower()}") from None


def check_password(password: bytes) -> None:
    """Refuse a private-key password of fewer than 8 or more than 64 octets.

    Raises:
        InputArgumentError: The length is wrong.
    """
    if len(password) not in PASSWORD_LENGTHS:
        raise InputArgumentError("a private-key password has 8 to 64 octets")


def check_officer(name: str, secret: bytes) -> None:
    """Refuse an officer's name or secret that could not be typed in again at the next start.

    The secret is read from one line of standard input, so it holds no line end and no zero octet.

    Raises:
        InputArgumentError: Name or secret breaks a rule.
    """
    if not name or name != name.strip() or len(name.encode()) > MAX_NAME:
        raise InputArgumentError(f"an officer's name has 1 to {MAX_NAME} octets and no spaces around it")
    if len(secret) not in SECRET_LENGTHS or set(secret) & {0x00, 0x0A, 0x0D}:
        raise InputArgumentError("an officer's secret has 8 to 256 octets, none of them a line end or zero")


def check_user_index(index: int) -> None:
    """Refuse index 0 and indexes the device does not have, where a key is to be made.

    Raises:
        InputArgumentError: The index is not in 1..MAX_INDEX.
    """
    if not 1 <= index <= MAX_INDEX:
        raise InputArgumentError(f"user keys have indexes 1 to {MAX_INDEX}, not {index}")
