"""A key management centre over a device in memory that keeps its own rules, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ca.key_management.model import EscrowSettings, Recovery, RecoveryKind, RecoveryOrder, WrappedPair
from ca.key_management.ports import KeyArchive
from ca.key_management.recovery import RecoveryDesk
from ca.key_management.register import KeyRegister
from ca.key_management.service import KeyManagementCentre
from ca.model import SerialNumber
from ca.registration.ports import EncryptionKeyRequest
from crypto import KeyStoreError, PrivateKey, PublicKey, sm3
from formats.gbt35276 import envelop_key

START = datetime(2026, 11, 30, 8, tzinfo=UTC)
ACTOR = "operator"
AUTHORITY = "a" * 40
END = START + timedelta(days=365)


class MemoryDevice:
    """Pairs by their wrapped form; the first recipient is remembered, another takes two officers."""

    def __init__(self) -> None:
        self.pairs: dict[bytes, PrivateKey] = {}
        self.recipients: dict[bytes, PublicKey] = {}
        self.releases: dict[bytes, list[object]] = {}
        self.revoked: set[bytes] = set()
        self.served: list[tuple[bytes, PublicKey]] = []
        self.fail_before = False
        self.fail_after = False

    def _reach(self, *, after: bool = False) -> None:
        if self.fail_after if after else self.fail_before:
            raise KeyStoreError("the device does not answer")

    def make_pairs(self, count: int) -> Sequence[WrappedPair]:
        self._reach()
        made = []
        for key in PrivateKey.generate_many(count):
            key_id = sm3(key.public_key.point)[:16]
            self.pairs[b"wrapped " + key_id] = key
            made.append(WrappedPair(key_id, key.public_key, b"wrapped " + key_id))
        self._reach(after=True)
        return made

    def rewrap(self, wrapped: Sequence[bytes]) -> Sequence[bytes]:
        self._reach()
        anew = []
        for old in wrapped:
            new = b"wrapped " + old.removeprefix(b"wrapped ")[:16] + len(self.pairs).to_bytes(4, "big")
            self.pairs[new] = self.pairs[old]
            if old in self.recipients:
                self.recipients[new] = self.recipients[old]
            anew.append(new)
        self._reach(after=True)
        return anew

    def forget(self, key_ids: Sequence[bytes]) -> None:
        self._reach()
        self.revoked |= set(key_ids)
        self._reach(after=True)

    def envelope(self, wrapped: bytes, recipient: PublicKey) -> bytes:
        self._reach()
        key_id = wrapped.removeprefix(b"wrapped ")[:16]
        if key_id in self.revoked:
            raise KeyStoreError("revoked")
        if self.recipients.setdefault(wrapped, recipient) != recipient:
            asked = [r for r in self.releases.values() if r[0] == key_id and r[1] == recipient and r[3]]
            if not asked:
                raise KeyStoreError("handed out to another key")
            if asked[-1][4] is RecoveryKind.OWNER:
                self.recipients[wrapped] = recipient
        enveloped = envelop_key(self.pairs[wrapped], recipient, sm3(recipient.point + wrapped)[:16])
        self.served.append((key_id, recipient))
        self._reach(after=True)
        return enveloped


@dataclass
class MemoryOfficer:
    """An officer at the device above."""

    device: MemoryDevice
    name: str

    def request_release(self, recovery: Recovery, wrapped: bytes, *, seconds: int) -> None:
        assert 60 <= seconds <= 604_800
        self.device._reach()
        order = recovery.order
        asked = [recovery.key_id, order.recipient, self.name, None, order.kind]
        self.device.releases.setdefault(recovery.recovery_id, asked)
        self.device._reach(after=True)

    def approve_release(self, recovery: Recovery) -> None:
        self.device._reach()
        release = self.device.releases.get(recovery.recovery_id)
        if release is None or release[2] == self.name:
            raise KeyStoreError("nothing to approve for this officer")
        release[3] = self.name
        self.device._reach(after=True)

    def withdraw_release(self, recovery: Recovery) -> None:
        self.device._reach()
        self.device.releases.pop(recovery.recovery_id, None)


@dataclass
class EscrowWorld:
    """A centre that can be started anew on the same register."""

    address: str
    device: MemoryDevice = field(default_factory=MemoryDevice)
    now: datetime = START
    settings: EscrowSettings = field(default_factory=EscrowSettings)
    drawn: int = 0

    def __post_init__(self) -> None:
        self.store = KeyRegister(self.address)
        self.use(self.store)

    def use(self, archive: KeyArchive) -> None:
        """Work over this register."""
        self.centre = KeyManagementCentre(
            archive=archive, device=self.device, settings=self.settings, clock=lambda: self.now
        )
        self.desk = RecoveryDesk(
            archive=archive, device=self.device, settings=self.settings, clock=lambda: self.now, random=self.random
        )

    def restart(self) -> None:
        """As after a crash: nothing is left but the register and the device."""
        if self.address != ":memory:":
            self.store.close()
            self.store = KeyRegister(self.address)
        self.device.fail_before = self.device.fail_after = False
        self.use(self.store)

    def random(self, length: int) -> bytes:
        self.drawn += 1
        return sm3(self.drawn.to_bytes(8, "big"))[:length]

    def fill(self, level: int = 4) -> int:
        return self.centre.fill(level, self.device, actor=ACTOR)

    def officer(self, name: str) -> MemoryOfficer:
        return MemoryOfficer(self.device, name)


def asked(number: int = 1, subject: PublicKey | None = None, **given: object) -> EncryptionKeyRequest:
    """A request for the encryption certificate of this number."""
    fields: dict[str, object] = {
        "authority": AUTHORITY,
        "certificate_serial": SerialNumber(number),
        "request_key": f"request-{number}",
        "protect_to": subject or PrivateKey.generate().public_key,
        "not_after": END,
    } | given
    return EncryptionKeyRequest(**fields)  # type: ignore[arg-type]


def order(recipient: PublicKey, number: int = 1, kind: RecoveryKind = RecoveryKind.OWNER) -> RecoveryOrder:
    """What an officer asks for."""
    return RecoveryOrder(kind, AUTHORITY, SerialNumber(number), recipient, "签名介质遗失", "案 2026-17")
