"""The device the key management part needs, over the key store: ``ca.key_management.ports`` fulfilled.

Pairs are wrapped keys for escrow (``hsm_sim.wrapped_key``), guarded by the centre's own key index. The centre's
service works with that index's PIN and can envelope pairs to their first recipients, and nothing else; making
pairs takes an operator, and letting one go to another recipient takes two administrators, each logged in himself.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from ca.key_management.model import Recovery, RecoveryKind, WrappedPair
from crypto import PublicKey
from hsm_sim import KeyOrder, KeyUsage, OfficerSession, ReleasePurpose, WrappedKeyAccess, WrappedPurpose
from hsm_sim.return_codes import KeyNotExistError
from hsm_sim.wrapped_key import read_wrapped_key

OWNER: Final = "key-management"
_PURPOSES: Final = {RecoveryKind.OWNER: ReleasePurpose.OWNER, RecoveryKind.JUDICIAL: ReleasePurpose.JUDICIAL}


class KeyStoreEscrow:
    """``EscrowDevice`` over the sessions that hold the right to the centre's index."""

    def __init__(self, access: WrappedKeyAccess) -> None:
        self._access = access

    def envelope(self, wrapped: bytes, recipient: PublicKey) -> bytes:
        """Envelope a pair inside the device."""
        return self._access.run(lambda session: session.envelope_wrapped(wrapped, recipient.point))


class KeyStorePoolMaker:
    """``PoolMaker`` over an operator's session.

    Args:
        session: The operator is logged in to it.
        guard: The centre's key index.
    """

    def __init__(self, session: OfficerSession, guard: int) -> None:
        self._session = session
        self._guard = guard

    def make_pairs(self, count: int) -> Sequence[WrappedPair]:
        """Make pairs for escrow."""
        made = self._session.make_wrapped_keys(
            KeyUsage.ENCRYPT,
            [KeyOrder("", OWNER)] * count,
            purpose=WrappedPurpose.ESCROW,
            guard=self._guard,
        )
        return [_pair(wrapped) for wrapped in made]

    def rewrap(self, wrapped: Sequence[bytes]) -> Sequence[bytes]:
        """Wrap pairs anew."""
        return self._session.rewrap(wrapped)

    def forget(self, key_ids: Sequence[bytes]) -> None:
        """Revoke pairs."""
        self._session.revoke_wrapped(key_ids)


class KeyStoreOfficer:
    """``ReleaseOfficer`` over an administrator's session.

    Args:
        session: The administrator is logged in to it.
        name: As the device knows him.
    """

    def __init__(self, session: OfficerSession, name: str) -> None:
        self._session = session
        self.name = name

    def request_release(self, recovery: Recovery, wrapped: bytes, *, seconds: int) -> None:
        """Ask the device for a release."""
        self._session.request_release(
            recovery.recovery_id,
            wrapped,
            recovery.order.recipient.point,
            purpose=_PURPOSES[recovery.order.kind],
            grounds=recovery.grounds(),
            seconds=seconds,
        )

    def approve_release(self, recovery: Recovery) -> None:
        """Approve a release, saying again what is approved."""
        self._session.approve_release(
            recovery.recovery_id, recovery.key_id, recovery.order.recipient.point, recovery.grounds()
        )

    def withdraw_release(self, recovery: Recovery) -> None:
        """Take a release back; one that the device does not know has ended by itself."""
        with suppress(KeyNotExistError):
            self._session.withdraw_release(recovery.recovery_id)


def _pair(wrapped: bytes) -> WrappedPair:
    read = read_wrapped_key(wrapped)
    return WrappedPair(read.key_id, PublicKey(read.public_key), wrapped)
