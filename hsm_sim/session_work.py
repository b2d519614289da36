"""What a session has in hand: session keys, agreements, one digest, one code, one operation in parts.

All of it dies with the session. Handles are numbers that the device never gives out twice, so that a handle kept
too long, or another session's, is no key.
"""

from dataclasses import dataclass, field
from typing import Protocol

from crypto import HmacSm3, PrivateKey, Sm3
from hsm_sim.return_codes import KeyNotExistError


class Operation(Protocol):
    """A cipher, a code or an authenticated cipher over data in parts."""

    def update(self, data: bytes) -> bytes:
        """Take the next part and give what can be given."""
        ...

    def finish(self) -> tuple[bytes, bytes]:
        """Give what is left, and the tag or code if there is one."""
        ...


@dataclass(slots=True)
class SessionKey:
    """A symmetric key that lives in this device alone."""

    octets: bytearray = field(repr=False)

    def wipe(self) -> None:
        """Overwrite it."""
        for at in range(len(self.octets)):
            self.octets[at] = 0


@dataclass(slots=True)
class Agreement:
    """This side of a key exchange that waits for the other.

    Attributes:
        index: Whose encryption pair takes part.
        key_octets: Length of the key to derive.
        user_id: This side's identity.
        fleeting: The pair made for this exchange.
    """

    index: int
    key_octets: int
    user_id: bytes
    fleeting: PrivateKey


@dataclass(slots=True)
class SessionWork:
    """Everything of one session that is not an access right."""

    keys: dict[int, SessionKey] = field(default_factory=dict)
    agreements: dict[int, Agreement] = field(default_factory=dict)
    digest: Sm3 | None = None
    code: HmacSm3 | None = field(default=None, repr=False)
    kind: int = 0
    """Of the operation, as ``functions.cipher_commands.OperationKind``; 0 if there is none."""
    operation: Operation | None = field(default=None, repr=False)

    @property
    def held(self) -> int:
        """Places taken of the quota."""
        return len(self.keys) + len(self.agreements)

    def key(self, handle: int) -> bytes:
        """The octets of a session key.

        Raises:
            KeyNotExistError: The session has no such key.
        """
        found = self.keys.get(handle)
        if found is None:
            raise KeyNotExistError("no such session key")
        return bytes(found.octets)

    def wipe(self) -> None:
        """Overwrite the keys and forget the rest."""
        for key in self.keys.values():
            key.wipe()
        for agreement in self.agreements.values():
            agreement.fleeting.wipe()
        self.keys.clear()
        self.agreements.clear()
        self.digest = self.code = self.operation = None
        self.kind = 0
