"""Each write of each operation is lost, kept but reported as failed, or cut by a power failure; then a restart."""

import contextlib
from enum import Enum, auto

import pytest

from crypto import PublicKey, verify_digest
from hsm_sim.act_commands import ChangePolicy
from hsm_sim.audit import chain_start, read_entries
from hsm_sim.commands import ChangePassword, GetAccessRight, InternalSign, InternalSignBatch, ListKeys
from hsm_sim.functions.file_commands import CreateFile
from hsm_sim.functions.key_commands import GenerateKek
from hsm_sim.key_state_commands import DeactivateKey
from hsm_sim.key_states import KeyState
from hsm_sim.management import (
    AddOfficer,
    ChangeOfficerSecret,
    DestroyKeys,
    DevicePolicy,
    GenerateKeyPair,
    OfficerCredential,
    RemoveOfficer,
    ResetPassword,
    SetLabel,
)
from hsm_sim.model import KeyUsage
from hsm_sim.return_codes import AccessRightError, DeviceError, OfficerSecretError
from hsm_sim.storage import StorageError

E = bytes(32)
LI = OfficerCredential("li", b"another secret")
NEW = OfficerCredential("zhang", b"a newer secret")


class Fault(Enum):
    LOST = auto()
    KEPT_BUT_REPORTED_FAILED = auto()
    POWER_CUT_BEFORE = auto()
    POWER_CUT_AFTER = auto()


class PowerCutError(BaseException):
    """The process is gone."""


OPERATIONS = {
    "generate": GenerateKeyPair(2, KeyUsage.SIGN, "", None, b"password 1"),
    "generate-second-pair": GenerateKeyPair(1, KeyUsage.ENCRYPT, "", None, b""),
    "destroy": DestroyKeys(1),
    "label": SetLabel(1, KeyUsage.SIGN, "new"),
    "sign": InternalSign(1, E),
    "batch": InternalSignBatch(1, E * 40),
    "right": GetAccessRight(1, b"password 1"),
    "wrong-password": GetAccessRight(1, b"a wrong one"),
    "change-password": ChangePassword(1, b"password 1", b"password 2"),
    "reset-password": ResetPassword(1, b"password 2"),
    "deactivate": DeactivateKey(1, KeyUsage.SIGN, "its time is over"),
    "generate-inactive": GenerateKeyPair(2, KeyUsage.ENCRYPT, "", None, b"password 1", KeyState.PRE_ACTIVATION),
    "change-policy": ChangePolicy(DevicePolicy(1000, 1000)),
    "add-officer": AddOfficer(LI),
    "change-secret": ChangeOfficerSecret(NEW.secret),
    "remove-officer": RemoveOfficer("zhang"),
    "generate-kek": GenerateKek(1, ""),
    "create-file": CreateFile(b"f", 10),
}

# A password is tried in two: the try, and what came of it; changing one adds the change.
WRITES = {"right": 2, "wrong-password": 2, "change-password": 3}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_number_of_writes(one_key, operation):
    """The matrix below covers every write there is."""
    if operation == "remove-officer":
        one_key.officer().call(AddOfficer(LI))
    caller = one_key.user()
    caller.session.officer = "zhang"
    caller.call(InternalSign(1, E))
    caller.call(InternalSignBatch(1, E * 16))
    before = len(one_key.storage.commits)
    with contextlib.suppress(AccessRightError):
        caller.call(OPERATIONS[operation])
    assert len(one_key.storage.commits) - before == WRITES.get(operation, 1)


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name.lower())
@pytest.mark.parametrize(
    ("operation", "write"), [(name, n + 1) for name in OPERATIONS for n in range(WRITES.get(name, 1))]
)
def test_nothing_acknowledged_is_lost(one_key, operation, write, fault):
    """After the fault and a restart the store opens, the log is whole, keys that are shown work, counts are no less."""
    host = one_key
    if operation == "remove-officer":
        host.officer().call(AddOfficer(LI))
    caller = host.user()
    caller.session.officer = "zhang"
    caller.call(InternalSign(1, E))
    caller.call(InternalSignBatch(1, E * 16))  # the reservation is spent: the next use needs a write
    point = caller.call(ListKeys(1)).keys[0].public_key
    writes = 0

    def fail(change, apply):
        nonlocal writes
        writes += 1
        if writes != write:
            return apply()
        if fault in (Fault.KEPT_BUT_REPORTED_FAILED, Fault.POWER_CUT_AFTER):
            apply()
        raise PowerCutError if "CUT" in fault.name else StorageError("test")

    host.storage.fault = fail
    signed, failed = 17, False
    try:
        caller.call(OPERATIONS[operation])
        signed += {"sign": 1, "batch": 40}.get(operation, 0)
    except (DeviceError, PowerCutError) as error:
        failed = not isinstance(error, AccessRightError)
    host.storage.fault = None
    assert failed

    open_with_whoever(host)
    root = host.device.ready().store.root
    assert len(read_entries(host.storage.log, length=0, head=chain_start(root.serial))) == root.audit_length
    keys = {(key.index, key.usage): key for key in host.session().call(ListKeys(1)).keys}
    if operation != "destroy":
        assert keys[1, KeyUsage.SIGN].public_key == point
        assert keys[1, KeyUsage.SIGN].uses >= signed
    for (index, usage), key in keys.items():
        if usage is KeyUsage.SIGN and key.state is KeyState.ACTIVE:
            sign_with_whichever(host, index, key.public_key)


def open_with_whoever(host) -> None:
    """One of the secrets that may now be the officer's opens the store."""
    for officer in (host.OFFICER, NEW, LI):
        host.device = host.new_device()
        try:
            host.device.open(officer)
        except OfficerSecretError:
            continue
        host.dispatcher = type(host.dispatcher)(host.device, host.random, host.said.append)
        return
    raise AssertionError("nobody can open the store")


def sign_with_whichever(host, index: int, point: bytes) -> None:
    """One of the passwords that may now be the index's gives the right, and the key is the one shown."""
    caller = host.session()
    for password in (b"password 1", b"password 2"):
        try:
            caller.call(GetAccessRight(index, password))
        except AccessRightError:
            continue
        verify_digest(PublicKey(point), E, caller.call(InternalSign(index, E)).signature)
        return
    raise AssertionError("nobody can use the key")
