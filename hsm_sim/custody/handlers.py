"""Custody over the protocol: splitting, shares, backups, restoring, zeroising, signing the log."""

from crypto import sm3
from hsm_sim.audit import Event
from hsm_sim.commands import DeviceInfo, Done
from hsm_sim.custody.backups import make_backup, open_backup
from hsm_sim.custody.checkpoints import signed
from hsm_sim.custody.commands import (
    BACKUP_PAGE,
    MAX_BACKUP,
    BackupMade,
    BackupPage,
    BackupReport,
    Checkpoint,
    CheckShares,
    CustodyInfo,
    GetCustodyInfo,
    LoadBackup,
    MakeBackup,
    OpenLid,
    PresentShare,
    ReadBackup,
    RestoreDevice,
    ShareFiles,
    SharesPresented,
    SignLog,
    SignStatement,
    SplitMaster,
    VerifyBackup,
    Zeroise,
)
from hsm_sim.custody.custody_sets import check_opens, split_master
from hsm_sim.device import Device
from hsm_sim.handlers import DONE, Handlers
from hsm_sim.protection import RandomOctets
from hsm_sim.records import CustodyRecord
from hsm_sim.return_codes import BackupError, FileOffsetError, InputArgumentError, StepError
from hsm_sim.sessions import Session


class CustodySetHandlers:
    """Commands of ``hsm_sim.custody.commands``.

    Args:
        device: The device.
        random: Source of secrets, coefficients, salts and nonces.
    """

    def __init__(self, device: Device, random: RandomOctets) -> None:
        self._device = device
        self._random = random
        self._backup = b""

    def table(self) -> Handlers:
        """Request class and method of each command."""
        return {
            SplitMaster: self._split,
            GetCustodyInfo: self._info,
            PresentShare: self._present,
            CheckShares: self._check_shares,
            MakeBackup: self._make_backup,
            ReadBackup: self._read_backup,
            LoadBackup: self._load_backup,
            VerifyBackup: self._verify_backup,
            RestoreDevice: self._restore,
            SignLog: self._sign_log,
            SignStatement: self._sign_statement,
            Zeroise: self._zeroise,
            OpenLid: self._open_lid,
        }

    def _split(self, session: Session, request: SplitMaster) -> ShareFiles:
        interior = self._device.managed(session)
        return ShareFiles(
            split_master(
                interior.store,
                request.threshold,
                request.custodians,
                actor=session.actor,
                now=self._device.now(),
                random=self._random,
            )
        )

    def _info(self, _session: Session, _request: GetCustodyInfo) -> CustodyInfo:
        record = self._device.ready().store.get(CustodyRecord, b"")
        return CustodyInfo(None, 0) if record is None else CustodyInfo(record.custody_set, record.created)

    def _present(self, session: Session, request: PresentShare) -> SharesPresented:
        self._device.answers()
        return SharesPresented(*session.custody.present(request.share))

    def _check_shares(self, session: Session, _request: CheckShares) -> Done:
        interior = self._device.managed(session)
        check_opens(interior.store, *session.custody.take_secret())
        interior.store.change([Event(session.actor, "check-shares")])
        return DONE

    def _make_backup(self, session: Session, _request: MakeBackup) -> BackupMade:
        interior = self._device.managed(session)
        made = make_backup(interior.store, actor=session.actor, now=self._device.now(), random=self._random)
        self._backup = made
        return BackupMade(len(made), sm3(made))

    def _read_backup(self, session: Session, request: ReadBackup) -> BackupPage:
        self._device.managed(session)
        backup = self._backup
        if not backup or sm3(backup) != request.digest:
            raise BackupError("the device holds no backup of this digest")
        if request.offset > len(backup):
            raise FileOffsetError(f"{request.offset} of {len(backup)} octets")
        return BackupPage(backup[request.offset : request.offset + BACKUP_PAGE])

    def _load_backup(self, session: Session, request: LoadBackup) -> Done:
        self._device.answers()
        backup = session.custody.backup
        if request.offset == 0:
            backup.clear()
        if request.offset != len(backup):
            raise StepError(f"{len(backup)} octets have come, the next begins at {request.offset}")
        if len(backup) + len(request.octets) > MAX_BACKUP:
            raise InputArgumentError(f"a backup has at most {MAX_BACKUP} octets")
        backup += request.octets
        return DONE

    def _verify_backup(self, session: Session, _request: VerifyBackup) -> BackupReport:
        self._device.answers()
        custody_set, secret = session.custody.take_secret()
        opened = open_backup(bytes(session.custody.backup), custody_set, secret, clock=self._device.now)
        source = f"{opened.report.serial} generation {opened.report.generation}"
        self._device.log([Event(session.actor, "verify-backup", source, opened.report.records)])
        return opened.report

    def _restore(self, session: Session, request: RestoreDevice) -> DeviceInfo:
        self._device.initial()
        custody_set, secret = session.custody.take_secret()
        opened = open_backup(bytes(session.custody.backup), custody_set, secret, clock=self._device.now)
        if opened.root.generation < request.minimum_generation:
            raise BackupError(
                f"the backup is of generation {opened.root.generation}, "
                f"at least {request.minimum_generation} was asked for"
            )
        info = self._device.restore(opened, request.officers, request.policy, actor=session.actor)
        session.custody.wipe()
        return info

    def _sign_log(self, session: Session, _request: SignLog) -> Checkpoint:
        interior = self._device.managed(session)
        with interior.store.exclusive:
            return signed(interior.store, interior.keys)

    def _sign_statement(self, session: Session, request: SignStatement) -> Checkpoint:
        interior = self._device.managed(session)
        with interior.store.exclusive:
            interior.store.change([Event(session.actor, "sign-statement", request.digest.hex())])
            return signed(interior.store, interior.keys, request.digest)

    def _zeroise(self, session: Session, _request: Zeroise) -> Checkpoint:
        self._device.managed(session)
        self._backup = b""
        return self._device.zeroise(actor=session.actor)

    def _open_lid(self, session: Session, _request: OpenLid) -> Done:
        self._device.managed(session)
        self._backup = b""
        self._device.tamper(session.actor)
        return DONE
