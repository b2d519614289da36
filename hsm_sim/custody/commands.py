"""Commands of custody: splitting, presenting shares, backing up, restoring, zeroising, signing the log."""

from dataclasses import dataclass, field
from typing import Annotated, Final

from hsm_sim.commands import MAX_OFFICERS, U8, U32, U64, Command, DeviceInfo, Done, Request
from hsm_sim.custody.secret_sharing import MAX_SHARES
from hsm_sim.custody.shares import MAX_SHARE_FILE, Custodian, CustodySet, ShareCredential
from hsm_sim.encoding import Fixed, ListOf, Nested, Octets, Optional, Text
from hsm_sim.management import DevicePolicy, OfficerCredential
from hsm_sim.model import SERIAL_LENGTH

MAX_BACKUP: Final = 64 * 1024 * 1024
BACKUP_PAGE: Final = 256 * 1024
"""Octets of a backup in one request or reply."""


@dataclass(frozen=True, slots=True)
class ShareFiles:
    """Share files in the order of the custodians."""

    files: Annotated[tuple[bytes, ...], ListOf(Octets(MAX_SHARE_FILE), MAX_SHARES)] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SplitMaster(Request[ShareFiles]):
    """Make a new custody secret, wrap the master key under it and split it. An earlier set opens nothing any more.

    Not repeatable: the files of a reply that was lost are lost, and the splitting is done again.
    """

    threshold: Annotated[int, U8]
    custodians: Annotated[tuple[Custodian, ...], ListOf(Nested(Custodian), MAX_SHARES)]
    command = Command.SPLIT_MASTER
    reply = ShareFiles


@dataclass(frozen=True, slots=True)
class CustodyInfo:
    """The set in force, or none."""

    custody_set: Annotated[CustodySet | None, Optional(Nested(CustodySet))]
    made: Annotated[int, U64]
    """Microseconds since 1970-01-01 UTC; 0 for none."""


@dataclass(frozen=True, slots=True)
class GetCustodyInfo(Request[CustodyInfo]):
    """Who holds shares; public."""

    command = Command.GET_CUSTODY_INFO
    reply = CustodyInfo
    repeatable = True


@dataclass(frozen=True, slots=True)
class SharesPresented:
    """How far a session has come."""

    presented: Annotated[int, U8]
    threshold: Annotated[int, U8]


@dataclass(frozen=True, slots=True)
class PresentShare(Request[SharesPresented]):
    """Hand a share to the session, in any state; it is opened and judged at once, and gone with the session."""

    share: Annotated[ShareCredential, Nested(ShareCredential)]
    command = Command.PRESENT_SHARE
    reply = SharesPresented


@dataclass(frozen=True, slots=True)
class CheckShares(Request[Done]):
    """The drill: whether the shares presented open this device's master key. They are forgotten."""

    command = Command.CHECK_SHARES
    reply = Done


@dataclass(frozen=True, slots=True)
class BackupMade:
    """A backup that waits to be read."""

    length: Annotated[int, U64]
    digest: Annotated[bytes, Fixed(32)]
    """SM3 of the whole file."""


@dataclass(frozen=True, slots=True)
class MakeBackup(Request[BackupMade]):
    """Encrypt the whole store under the custody secret; the latest backup can be read until the device stops."""

    command = Command.MAKE_BACKUP
    reply = BackupMade


@dataclass(frozen=True, slots=True)
class BackupPage:
    """A piece of a backup."""

    octets: Annotated[bytes, Octets(BACKUP_PAGE)]


@dataclass(frozen=True, slots=True)
class ReadBackup(Request[BackupPage]):
    """Read the backup of this digest from an offset on."""

    digest: Annotated[bytes, Fixed(32)]
    offset: Annotated[int, U64]
    command = Command.READ_BACKUP
    reply = BackupPage
    repeatable = True


@dataclass(frozen=True, slots=True)
class LoadBackup(Request[Done]):
    """Hand a backup to the session, piece by piece from offset 0 on; in any state."""

    offset: Annotated[int, U64]
    octets: Annotated[bytes, Octets(BACKUP_PAGE)] = field(repr=False)
    command = Command.LOAD_BACKUP
    reply = Done


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup holds, after all of it was checked."""

    serial: Annotated[str, Text(SERIAL_LENGTH)]
    generation: Annotated[int, U64]
    created: Annotated[int, U64]
    key_pairs: Annotated[int, U32]
    """User pairs; of each the public key was recomputed from the private one."""
    records: Annotated[int, U32]
    audit_length: Annotated[int, U64]
    audit_head: Annotated[bytes, Fixed(32)]


@dataclass(frozen=True, slots=True)
class VerifyBackup(Request[BackupReport]):
    """Do all that restoring does but for writing, with the backup and the shares of this session; in any state."""

    command = Command.VERIFY_BACKUP
    reply = BackupReport


@dataclass(frozen=True, slots=True)
class RestoreDevice(Request[DeviceInfo]):
    """Leave the initial state with what a backup holds, under a new serial, device pair and administrators.

    The shares the session presented, m of n, take the place of officers.
    """

    officers: Annotated[tuple[OfficerCredential, ...], ListOf(Nested(OfficerCredential), MAX_OFFICERS)]
    policy: Annotated[DevicePolicy, Nested(DevicePolicy)]
    minimum_generation: Annotated[int, U64]
    """Refuse an older backup than of this generation of its device."""
    command = Command.RESTORE_DEVICE
    reply = DeviceInfo


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The device's word on its log: serial, length and head, signed with the signing pair of index 0."""

    serial: Annotated[str, Text(SERIAL_LENGTH)]
    length: Annotated[int, U64]
    head: Annotated[bytes, Fixed(32)]
    signature: Annotated[bytes, Octets(72)]
    """DER, over ``hsm_sim.custody.checkpoints.statement``."""


@dataclass(frozen=True, slots=True)
class SignLog(Request[Checkpoint]):
    """Sign the head of the log as it stands; nothing is written."""

    command = Command.SIGN_LOG
    reply = Checkpoint
    repeatable = True


@dataclass(frozen=True, slots=True)
class SignStatement(Request[Checkpoint]):
    """Sign a digest a ceremony ends with, together with the log as it stands; an entry of the log tells it.

    The statement is ``hsm_sim.custody.checkpoints.ceremony_statement``: it cannot be taken for anything else.
    """

    digest: Annotated[bytes, Fixed(32)]
    command = Command.SIGN_STATEMENT
    reply = Checkpoint


@dataclass(frozen=True, slots=True)
class Zeroise(Request[Checkpoint]):
    """Destroy every key and record; the device is in its initial state. The reply is its last word on its log."""

    command = Command.ZEROISE
    reply = Checkpoint


@dataclass(frozen=True, slots=True)
class OpenLid(Request[Done]):
    """What opening the case does: everything is destroyed; only a new start leads out of the error state."""

    command = Command.OPEN_LID
    reply = Done
