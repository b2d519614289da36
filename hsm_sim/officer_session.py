"""An officer's session: management of the device from outside."""

from collections.abc import Sequence

from hsm_sim.act_commands import (
    ChangePolicy,
    ConfirmAct,
    ListActs,
    ListOfficers,
    OfficerList,
    PendingAct,
    WithdrawAct,
)
from hsm_sim.audit import chain_start, read_entries
from hsm_sim.commands import GetDeviceInfo, KeyInfo
from hsm_sim.custody.commands import (
    Checkpoint,
    CheckShares,
    MakeBackup,
    PresentShare,
    ReadBackup,
    SignLog,
    SignStatement,
    SplitMaster,
    Zeroise,
)
from hsm_sim.custody.shares import Custodian, ShareCredential
from hsm_sim.fault_commands import ArmedFault, ArmFault, ClearFaults, Fault, ListFaults
from hsm_sim.functions.key_commands import DestroyKek, GenerateKek, KekInfo, ListKeks
from hsm_sim.key_state_commands import KeyStateRequest, ReadKeyHistory
from hsm_sim.key_states import KeyState
from hsm_sim.management import (
    AddOfficer,
    ChangeOfficerSecret,
    DestroyKeys,
    DevicePolicy,
    GenerateKeyPair,
    OfficerCredential,
    OfficerLogout,
    ReadAudit,
    RemoveOfficer,
    ResetPassword,
    SelfTest,
    SetLabel,
    UnlockOfficer,
)
from hsm_sim.model import KeyUsage
from hsm_sim.records import AuditEntry, KeyHistoryRecord
from hsm_sim.return_codes import StoreIntegrityError
from hsm_sim.roles import Role
from hsm_sim.storage import StoredEntry
from hsm_sim.wrapped_calls import WrappedKeyManagement


class OfficerSession(WrappedKeyManagement):
    """A session an officer is logged in to, made by ``KeyStoreClient.officer``."""

    def generate_key_pair(
        self,
        index: int,
        usage: KeyUsage,
        *,
        password: bytes = b"",
        label: str = "",
        use_limit: int | None = None,
        state: KeyState = KeyState.ACTIVE,
    ) -> KeyInfo:
        """Make a pair.

        Args:
            index: 1 to 4,096.
            usage: Which pair.
            password: 8 to 64 octets for the first pair of an index; empty for the second, which it covers too.
            label: Up to 256 octets of UTF-8.
            use_limit: How often the key may be used, for good; None for no limit.
            state: Active, or pre-activation for a key that an operator activates later.

        Raises:
            KeyExistsError: The index has such a pair.
            CommunicationError: No answer came; look with ``KeyStoreClient.list_keys`` whether the pair was made.
        """
        return self.call(GenerateKeyPair(index, usage, label, use_limit, password, state))

    def destroy_keys(self, index: int) -> None:
        """Destroy both pairs of an index and its password."""
        self.call(DestroyKeys(index))

    def generate_kek(self, index: int, label: str = "") -> KekInfo:
        """Make a key-encrypting key, 1 to 4,096 in a number space of its own.

        Raises:
            KeyExistsError: There is one at the index.
            NoBufferError: The device holds as many as it takes.
        """
        return self.call(GenerateKek(index, label))

    def destroy_kek(self, index: int) -> None:
        """Destroy a key-encrypting key."""
        self.call(DestroyKek(index))

    def list_keks(self) -> tuple[KekInfo, ...]:
        """All key-encrypting keys."""
        return self.call(ListKeks()).keys

    def set_label(self, index: int, usage: KeyUsage, label: str) -> None:
        """Name a pair anew."""
        self.call(SetLabel(index, usage, label))

    def unlock_password(self, index: int) -> None:
        """Give an index its tries back; its rights end."""
        self.call(ResetPassword(index, b""))

    def reset_password(self, index: int, password: bytes) -> None:
        """Give an index a new password and its tries back; its rights end."""
        self.call(ResetPassword(index, password))

    def move_key(self, request: KeyStateRequest) -> KeyInfo:
        """Move a key through its life: one of ``hsm_sim.key_state_commands``.

        Raises:
            KeyStateError: It is not possible in the key's state.
        """
        return self.call(request)

    def key_history(self, index: int, usage: KeyUsage) -> tuple[KeyHistoryRecord, ...]:
        """What became of the pairs that were ever at an index, oldest first."""
        return self.call(ReadKeyHistory(index, usage)).histories

    def add_officer(self, officer: OfficerCredential, role: Role = Role.ADMINISTRATOR) -> None:
        """Enrol another officer."""
        self.call(AddOfficer(officer, role))

    def officers(self) -> OfficerList:
        """All officers, and the policy they work under."""
        return self.call(ListOfficers())

    def change_policy(self, policy: DevicePolicy) -> None:
        """Give the device another policy."""
        self.call(ChangePolicy(policy))

    def pending_acts(self) -> tuple[PendingAct, ...]:
        """Acts that wait for a second administrator."""
        return self.call(ListActs()).acts

    def confirm(self, number: int, digest: bytes) -> None:
        """Have an act carried out that another administrator proposed.

        Raises:
            ActError: None of this number and digest waits.
            DualControlError: This administrator proposed it.
        """
        self.call(ConfirmAct(number, digest))

    def withdraw(self, number: int) -> None:
        """Drop an act that waits."""
        self.call(WithdrawAct(number))

    def remove_officer(self, name: str) -> None:
        """Take an officer away; the last administrator stays, and under dual control the last two."""
        self.call(RemoveOfficer(name))

    def change_secret(self, secret: bytes) -> None:
        """Give the officer of this session a new secret."""
        self.call(ChangeOfficerSecret(secret))

    def unlock_officer(self, name: str) -> None:
        """Give another officer all tries back."""
        self.call(UnlockOfficer(name))

    def arm_fault(self, fault: Fault) -> None:
        """Let something go wrong with requests to come.

        Raises:
            NotSupportedError: The key store was not started with faults allowed.
            NoBufferError: Too many are armed.
        """
        self.call(ArmFault(fault))

    def faults(self) -> tuple[ArmedFault, ...]:
        """What is armed, in the order of arming."""
        return self.call(ListFaults()).faults

    def clear_faults(self) -> None:
        """Clear all faults and let go what hangs."""
        self.call(ClearFaults())

    def split_master(self, threshold: int, custodians: Sequence[Custodian]) -> tuple[bytes, ...]:
        """Split the master key; an earlier set of shares is worth nothing afterwards.

        Returns:
            Share files in the order of the custodians.
        """
        return self.call(SplitMaster(threshold, tuple(custodians))).files

    def check_shares(self, shares: Sequence[ShareCredential]) -> None:
        """The drill: whether these shares open the master key.

        Raises:
            ShareError: They do not.
        """
        for share in shares:
            self.call(PresentShare(share))
        self.call(CheckShares())

    def back_up(self) -> bytes:
        """Back the whole store up under the custody secret.

        Raises:
            DeviceStateError: The master key was never split.
        """
        made = self.call(MakeBackup())
        backup = bytearray()
        while len(backup) < made.length:
            page = self.call(ReadBackup(made.digest, len(backup))).octets
            if not page:
                raise self.fail("the backup ends before its length")
            backup += page
        return bytes(backup)

    def sign_log(self) -> Checkpoint:
        """Have the device sign the head of its log."""
        return self.call(SignLog())

    def sign_statement(self, digest: bytes) -> Checkpoint:
        """Have the device sign what a ceremony ends with, 32 octets, and its log with it."""
        return self.call(SignStatement(digest))

    def zeroise(self) -> Checkpoint:
        """Destroy every key and record of the device; its last word on its log."""
        return self.call(Zeroise())

    def self_test(self) -> None:
        """Run the device's self-tests.

        Raises:
            DeviceError: One failed; the device is in its error state.
        """
        self.call(SelfTest())

    def audit_log(self) -> list[AuditEntry]:
        """Read the whole log and check its chain from the device's serial to the head the device tells.

        Raises:
            StoreIntegrityError: An entry was altered, dropped, added or moved.
        """
        info = self.call(GetDeviceInfo())
        head = chain_start(info.serial)
        entries: list[AuditEntry] = []
        while len(entries) < info.audit_length:
            page = self.call(ReadAudit(len(entries) + 1)).lines[: info.audit_length - len(entries)]
            if not page:
                raise StoreIntegrityError(f"the log ends after {len(entries)} of {info.audit_length} entries")
            numbered = [StoredEntry(n, each.entry, each.digest) for n, each in enumerate(page, len(entries) + 1)]
            entries += read_entries(numbered, length=len(entries), head=head)
            head = page[-1].digest
        if head != info.audit_head:
            raise StoreIntegrityError("the log does not end at the head the device tells")
        return entries

    def logout(self) -> None:
        """Log the officer out; the session stays open."""
        self.call(OfficerLogout())
