"""A device of two administrators whose master key is split 2 of 3, and what is handed to it."""

from dataclasses import dataclass, field

import pytest

from hsm_sim.commands import DeviceInfo
from hsm_sim.custody.commands import (
    BACKUP_PAGE,
    LoadBackup,
    MakeBackup,
    PresentShare,
    ReadBackup,
    RestoreDevice,
    SplitMaster,
)
from hsm_sim.custody.shares import Custodian, ShareCredential
from hsm_sim.management import OfficerCredential
from tests.unit.hsm_sim.conftest import Host

CUSTODIANS = tuple(Custodian(name, f"passphrase of {name}".encode()) for name in ("chen", "liu", "sun"))
NEW = OfficerCredential("zhou", b"officer of the new device")


@dataclass
class Kept:
    """A device, its share files and its latest backup."""

    host: Host
    shares: list[ShareCredential] = field(default_factory=list)
    backup: bytes = b""

    def split(self, threshold=2, custodians=CUSTODIANS):
        files = self.host.officer().call(SplitMaster(threshold, custodians)).files
        self.shares = [ShareCredential(f, c.passphrase) for f, c in zip(files, custodians, strict=True)]
        return self.shares

    def back_up(self) -> bytes:
        officer = self.host.officer()
        made = officer.call(MakeBackup())
        backup = b""
        while len(backup) < made.length:
            backup += officer.call(ReadBackup(made.digest, len(backup))).octets
        self.backup = backup
        return backup

    def load(self, caller, backup=None, shares=None):
        """Hand a backup and two shares to a session."""
        octets = self.backup if backup is None else backup
        for offset in range(0, len(octets) or 1, BACKUP_PAGE):
            caller.call(LoadBackup(offset, octets[offset : offset + BACKUP_PAGE]))
        for share in self.shares[:2] if shares is None else shares:
            caller.call(PresentShare(share))
        return caller

    def restore(self, target=None, *, minimum=0, **given) -> tuple[Host, DeviceInfo]:
        target = target or Host(randomness=1_000_000)
        caller = self.load(target.session(), **given)
        return target, caller.call(RestoreDevice((NEW,), target.POLICY, minimum))


@pytest.fixture
def kept(host):
    """A device under single control with a set of shares in force."""
    device = Kept(host)
    device.split()
    return device
