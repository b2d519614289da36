"""No private scalar, password or secret leaves the device: not in a reply, not in the store, not in a message."""

import base64
import contextlib
from dataclasses import replace

from crypto import PrivateKey, PublicKey, encrypt
from hsm_sim.act_commands import ChangePolicy, ConfirmAct, ListActs, ListOfficers, ProposeAct, WithdrawAct
from hsm_sim.commands import (
    ChangePassword,
    CloseSession,
    Command,
    ExportPublicKey,
    GenerateRandom,
    GetAccessRight,
    GetDeviceInfo,
    InternalDecrypt,
    InternalSign,
    InternalSignBatch,
    InternalVerify,
    ListKeys,
    OpenSession,
    ReleaseAccessRight,
    Request,
)
from hsm_sim.custody.commands import (
    CheckShares,
    GetCustodyInfo,
    LoadBackup,
    MakeBackup,
    PresentShare,
    ReadBackup,
    RestoreDevice,
    SignLog,
    SignStatement,
    SplitMaster,
    VerifyBackup,
)
from hsm_sim.custody.shares import Custodian, ShareCredential
from hsm_sim.dispatch import Dispatcher
from hsm_sim.encoding import encode
from hsm_sim.fault_commands import ArmFault, ClearFaults, Fault, FaultKind, ListFaults
from hsm_sim.faults import FaultHandlers, Faults
from hsm_sim.functions.cipher_commands import (
    AuthDecrypt,
    AuthEncrypt,
    CalculateMac,
    Decrypt,
    Encrypt,
    OperationFinal,
    OperationInit,
    OperationKind,
    OperationUpdate,
)
from hsm_sim.functions.digest_commands import HashFinal, HashInit, HashUpdate, HmacFinal, HmacInit, HmacUpdate
from hsm_sim.functions.file_commands import CreateFile, DeleteFile, ReadFile, WriteFile
from hsm_sim.functions.key_commands import (
    DestroyKek,
    DestroyKey,
    ExchangeDigitEnvelope,
    GenerateAgreementData,
    GenerateAgreementDataAndKey,
    GenerateKek,
    GenerateKeyWithAgreement,
    GenerateKeyWithEpk,
    GenerateKeyWithIpk,
    GenerateKeyWithKek,
    ImportKeyWithIsk,
    ImportKeyWithKek,
    ListKeks,
)
from hsm_sim.functions.public_commands import DescribeDevice, ExternalEncrypt, ExternalVerify, InternalEncrypt
from hsm_sim.functions.session_keys import SessionKeys
from hsm_sim.key_state_commands import (
    ActivateKey,
    DeactivateKey,
    ReadKeyHistory,
    ReportCompromise,
    ResumeKey,
    SuspendKey,
)
from hsm_sim.key_states import KeyState
from hsm_sim.management import (
    AddOfficer,
    ChangeOfficerSecret,
    DestroyKeys,
    GenerateKeyPair,
    Initialise,
    OfficerCredential,
    OfficerLogin,
    OfficerLogout,
    ReadAudit,
    RemoveOfficer,
    ResetPassword,
    SelfTest,
    SetLabel,
    UnlockOfficer,
)
from hsm_sim.model import KeyUsage
from hsm_sim.protection import Protection
from hsm_sim.records import RECORD_CLASSES
from hsm_sim.return_codes import DeviceError
from hsm_sim.roles import Control
from hsm_sim.wrapped_key import ReleasePurpose, WrappedPurpose, read_wrapped_key
from hsm_sim.wrapped_key_commands import (
    ApproveRelease,
    EnableWrapping,
    EnvelopeWrapped,
    GetWrappedRight,
    KeyOrder,
    ListReleases,
    ListWrappingKeys,
    LoadedSign,
    LoadedSignBatch,
    LoadWrapped,
    MakeWrappedKeys,
    RequestRelease,
    RetireWrapping,
    RevokeWrappedKeys,
    RewrapKeys,
    UnloadWrapped,
    UnlockWrappedKey,
    WithdrawRelease,
    WrappedDecrypt,
    WrappedInfo,
    WrappedSign,
    WrappedSignBatch,
)

E = bytes(range(32))
LI = OfficerCredential("li", b"another secret")
SECRETS = (
    b"a passphrase 1",
    b"a passphrase 2",
    b"officer secret",
    b"another secret",
    b"a newer secret",
    b"password 1",
    b"password 2",
    b"a wrong one",
)


def shapes(secret: bytes) -> list[bytes]:
    """A secret as someone might have written it by mistake."""
    return [
        secret,
        secret[::-1],
        secret.hex().encode(),
        secret.hex().upper().encode(),
        base64.b64encode(secret),
        str(int.from_bytes(secret, "big")).encode(),
    ]


def function_requests(encryption_key: PublicKey) -> list[Request]:
    """The functions of GM/T 0018, the only caller of them in its device: handles are counted from 1."""
    point, sm4, gcm, sm2 = encryption_key.point, 0x402, 0x02000400, 0x00020800
    wrapped = encrypt(encryption_key, b"a session key :)")
    return [
        GetAccessRight(1, b"password 2"),
        GenerateKek(1, "KEK"),
        GenerateKeyWithIpk(1, 128),
        GenerateKeyWithEpk(256, sm2, point),
        GenerateKeyWithKek(128, sm4, 1),
        ImportKeyWithIsk(1, wrapped),
        ImportKeyWithKek(sm4, 1, bytes(32)),
        ExchangeDigitEnvelope(1, sm2, point, wrapped),
        GenerateAgreementData(1, 128, b"a"),
        GenerateAgreementDataAndKey(1, 128, b"b", b"a", point, point),
        GenerateKeyWithAgreement(6, b"b", point, point),
        Encrypt(1, sm4, bytes(16), E),
        Decrypt(1, sm4, bytes(16), E),
        CalculateMac(1, 0x410, bytes(16), E),
        AuthEncrypt(1, gcm, bytes(12), b"", E),
        AuthDecrypt(1, gcm, bytes(12), b"", bytes(16), E),
        OperationInit(OperationKind.ENCRYPT, 1, sm4, bytes(16), b"", b"", 0),
        OperationUpdate(OperationKind.ENCRYPT, E),
        OperationFinal(OperationKind.ENCRYPT),
        HashInit(1, point, b"1234567812345678"),
        HashUpdate(E),
        HashFinal(),
        HmacInit(1, 1),
        HmacUpdate(E),
        HmacFinal(),
        CreateFile(b"f", 64),
        WriteFile(b"f", 0, E),
        ReadFile(b"f", 0, 64),
        DeleteFile(b"f"),
        ExternalVerify(0x00020200, point, E, bytes(70)),
        ExternalEncrypt(sm2, point, E),
        InternalEncrypt(1, E),
        DescribeDevice(),
        ListKeks(),
        DestroyKey(1),
        DestroyKek(1),
    ]


def use_custody(host, call) -> None:
    """Split, back up, verify, restore (into a device that is ready, which refuses), sign."""
    custodians = (Custodian("sun", b"a passphrase 1"), Custodian("chen", b"a passphrase 2"))
    files = call(SplitMaster(2, custodians)).files
    shares = [ShareCredential(file, each.passphrase) for file, each in zip(files, custodians, strict=True)]
    made = call(MakeBackup())
    backup = call(ReadBackup(made.digest, 0)).octets
    for request in (CheckShares(), VerifyBackup()):
        for share in shares:
            call(PresentShare(share))
        call(LoadBackup(0, backup))
        assert call(request)
    assert call(RestoreDevice((LI,), host.POLICY, 0)) is None
    call(GetCustodyInfo())
    call(SignLog())
    call(SignStatement(E))


def use_everything(host) -> None:
    """Send every command there is, in an order in which it succeeds, and once where it is refused."""
    further = FaultHandlers(host.device, Faults()).table()
    host.dispatcher = Dispatcher(host.device, host.random, host.said.append, further=further)
    caller = host.session(name="")
    sent = set()

    def call(request):
        sent.add(request.command)
        try:
            return caller.call(request)
        except DeviceError:
            return None

    stranger = host.session()
    call(OpenSession("test"))
    call(Initialise((host.OFFICER,), host.POLICY))
    call(OfficerLogin(host.OFFICER))
    call(AddOfficer(LI))
    call(GenerateKeyPair(1, KeyUsage.SIGN, "标签", None, b"password 1"))
    made = call(GenerateKeyPair(1, KeyUsage.ENCRYPT, "", 10, b""))
    requests = [
        GetDeviceInfo(),
        GenerateRandom(64),
        GetAccessRight(1, b"a wrong one"),
        GetAccessRight(1, b"password 1"),
        ExportPublicKey(1, KeyUsage.SIGN),
        ExportPublicKey(0, KeyUsage.SIGN),
        ListKeys(0),
        InternalSign(1, E),
        InternalSignBatch(1, E * 3),
        InternalVerify(1, E, bytes(70)),
        InternalDecrypt(1, encrypt(PublicKey(made.public_key), b"plain text")),
        ReleaseAccessRight(1),
        ChangePassword(1, b"password 1", b"password 2"),
        ResetPassword(1, b"password 2"),
        SetLabel(1, KeyUsage.SIGN, "x"),
        SuspendKey(1, KeyUsage.SIGN, "a pause"),
        ResumeKey(1, KeyUsage.SIGN, "over"),
        DeactivateKey(1, KeyUsage.SIGN, "its time is over"),
        ReportCompromise(1, KeyUsage.SIGN, "seen elsewhere", E),
        ReadKeyHistory(1, KeyUsage.SIGN),
        GenerateKeyPair(3, KeyUsage.SIGN, "", None, b"password 2", KeyState.PRE_ACTIVATION),
        ActivateKey(3, KeyUsage.SIGN, "it is time"),
        ListOfficers(),
        UnlockOfficer("li"),
        ChangeOfficerSecret(b"a newer secret"),
        ReadAudit(1),
        SelfTest(),
        ArmFault(Fault(FaultKind.WRONG_SIGNATURE)),
        ListFaults(),
        ClearFaults(),
        ChangePolicy(replace(host.POLICY, control=Control.DUAL)),
        ProposeAct(Command.RESET_PASSWORD, encode(ResetPassword(1, b"password 2"))),
        ListActs(),
    ]
    seconder = host.session()
    seconder.call(OfficerLogin(LI))
    for request in requests:
        with contextlib.suppress(DeviceError):
            stranger.call(request)
        call(request)
    (act,) = caller.call(ListActs()).acts
    seconder.call(ConfirmAct(act.number, act.digest))
    act = caller.call(ProposeAct(Command.CHANGE_POLICY, encode(ChangePolicy(host.POLICY))))
    seconder.call(ConfirmAct(act.number, act.digest))
    sent.add(Command.CONFIRM_ACT)
    requests = [
        WithdrawAct(1),
        RemoveOfficer("li"),
        GenerateKeyPair(2, KeyUsage.SIGN, "", None, b"password 2"),
        DestroyKeys(2),
    ]
    for request in requests:
        with contextlib.suppress(DeviceError):
            stranger.call(request)
        call(request)
    refused = [type(request) for request in function_requests(PublicKey(made.public_key)) if call(request) is None]
    assert refused == [AuthDecrypt, ExternalVerify]
    use_custody(host, call)
    call(OfficerLogout())
    use_wrapped_keys(host, call)
    call(CloseSession())
    assert sent | {Command.ZEROISE, Command.OPEN_LID} == set(Command), set(Command) - sent


def use_wrapped_keys(host, call) -> None:
    """Commands about pairs that are kept outside; all succeed but what takes a second officer."""
    for request in (
        OfficerLogin(OfficerCredential("zhang", b"a newer secret")),
        EnableWrapping(),
        GenerateKeyPair(3, KeyUsage.SIGN, "", None, b"password 1"),
        GetAccessRight(3, b"password 1"),
        ListWrappingKeys(),
    ):
        call(request)
    orders = (KeyOrder("seal", "office"),)
    use, escrow = WrappedPurpose.USE, WrappedPurpose.ESCROW
    [signing] = call(MakeWrappedKeys(KeyUsage.SIGN, use, orders, None, 3, b"")).keys
    [own] = call(MakeWrappedKeys(KeyUsage.SIGN, use, orders, None, None, b"password 2")).keys
    [decrypting] = call(MakeWrappedKeys(KeyUsage.ENCRYPT, use, orders, None, 3, b"")).keys
    [escrowed] = call(MakeWrappedKeys(KeyUsage.ENCRYPT, escrow, orders, None, 3, b"")).keys
    handle = call(LoadWrapped(signing)).handle
    to, key_id = PrivateKey.generate().public_key.point, read_wrapped_key(escrowed).key_id
    for request in (
        GetWrappedRight(own, b"a wrong one"),
        GetWrappedRight(own, b"password 2"),
        UnlockWrappedKey(read_wrapped_key(own).key_id),
        WrappedSign(signing, E),
        WrappedSignBatch(signing, E * 3),
        LoadedSign(handle, E),
        LoadedSignBatch(handle, E * 3),
        UnloadWrapped(handle),
        WrappedDecrypt(decrypting, encrypt(PublicKey(read_wrapped_key(decrypting).public_key), b"plain text")),
        WrappedInfo(signing),
        EnvelopeWrapped(escrowed, PrivateKey.generate().public_key.point),
        RequestRelease(bytes(16), ReleasePurpose.OWNER, escrowed, to, E, 60),
        ApproveRelease(bytes(16), key_id, to, E),
        ListReleases(),
        EnvelopeWrapped(escrowed, to),
        WithdrawRelease(bytes(16)),
        RewrapKeys((signing,)),
        RevokeWrappedKeys((key_id,)),
        RetireWrapping(1),
    ):
        call(request)


def test_nothing_secret_in_replies_store_or_messages(blank, monkeypatch):
    """Every command is used, and all that came out is searched for every secret in six shapes."""
    session_keys = []
    keep = SessionKeys.keep

    def kept(self, session, octets):
        session_keys.append(octets)
        return keep(self, session, octets)

    monkeypatch.setattr(SessionKeys, "keep", kept)
    masters = []
    random = blank.random

    def watched(length):
        octets = random(length)
        masters.append(octets)
        return octets

    blank.device._random = watched
    use_everything(blank)
    master = next(octets for octets in masters if len(octets) == 32)
    assert blank.device.ready().store.protection._master == master
    protection = blank.device.ready().store.protection
    stored = b"".join(
        part
        for change in blank.storage.commits
        for record in change.puts
        for part in (record.name, record.body, record.tag)
    ) + b"".join(entry.entry for change in blank.storage.commits for entry in change.entries)
    out = b"".join(blank.replies) + stored + "\n".join(blank.said).encode()
    # The device's own pairs, user pairs, a fleeting pair of each side of an agreement, and pairs kept outside.
    assert len(blank.made) == 2 + 5 + 2 + 4
    assert len(session_keys) == 7
    keys = [*session_keys, master, protection._encryption, protection._integrity]
    for secret in [*blank.made, *keys, *SECRETS]:
        for shape in shapes(secret):
            assert shape not in out


def test_search_would_find_a_scalar(blank):
    """The search above is able to find what it looks for."""
    key = blank.make_key()
    for shape in shapes(key.scalar()):
        assert any(shape in b"..." + other for other in shapes(key.scalar()))
    assert blank.made[-1] == key.scalar()


def test_secrets_do_not_show_in_repr(one_key):
    """What ends up in a traceback or a log line by accident holds no secret."""
    officer = OfficerCredential("zhang", b"officer secret")
    shown = [
        officer,
        OfficerLogin(officer),
        AddOfficer(officer),
        Initialise((officer,), one_key.POLICY),
        ChangeOfficerSecret(b"officer secret"),
        GetAccessRight(1, b"password 1"),
        ChangePassword(1, b"password 1", b"password 1"),
        ResetPassword(1, b"password 1"),
        GenerateKeyPair(1, KeyUsage.SIGN, "", None, b"password 1"),
        Protection(bytes(32), bytes),
        *(one_key.device.ready().store.all(kind) for kind in RECORD_CLASSES.values()),
        one_key.user().session,
    ]
    text = repr(shown)
    assert "officer secret" not in text
    assert "password 1" not in text
    assert "wrapped" not in text
