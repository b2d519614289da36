"""Each write about pairs kept outside is lost, kept but reported as failed, or cut by a power failure; then a restart."""

import contextlib

import pytest

from crypto import PrivateKey, PublicKey, verify_digest
from hsm_sim.audit import chain_start, read_entries
from hsm_sim.management import AddOfficer, OfficerCredential, OfficerLogin
from hsm_sim.model import KeyUsage
from hsm_sim.return_codes import (
    AccessDeniedError,
    AccessRightError,
    DeviceError,
    KeyFaultError,
    PasswordLockedError,
)
from hsm_sim.storage import StorageError
from hsm_sim.wrapped_key import ReleasePurpose, WrappedPurpose, read_wrapped_key
from hsm_sim.wrapped_key_commands import (
    ApproveRelease,
    EnableWrapping,
    EnvelopeWrapped,
    GetWrappedRight,
    KeyOrder,
    ListWrappingKeys,
    MakeWrappedKeys,
    RequestRelease,
    RetireWrapping,
    RevokeWrappedKeys,
    RewrapKeys,
    UnlockWrappedKey,
    WithdrawRelease,
    WrappedInfo,
    WrappedSign,
    WrappedSignBatch,
)
from tests.unit.hsm_sim.test_every_write_fails import Fault, PowerCutError

E = bytes(range(32))
LI = OfficerCredential("li", b"another secret")
OWN = b"a password of its own"
RELEASE, GROUNDS = bytes(16), bytes(32)
FIRST, SECOND, THIRD = (PrivateKey.generate().public_key.point for _ in range(3))

# What is asked, and in how many writes it is done.
OPERATIONS = {
    "enable": (lambda w: EnableWrapping(), 1),
    "make": (lambda w: w.making(), 1),
    "rewrap": (lambda w: RewrapKeys((w.signing,)), 1),
    "retire": (lambda w: RetireWrapping(1), 1),
    "revoke": (lambda w: RevokeWrappedKeys((w.key_id,)), 1),
    "unlock": (lambda w: UnlockWrappedKey(read_wrapped_key(w.own).key_id), 1),
    "right": (lambda w: GetWrappedRight(w.own, OWN), 2),
    "wrong-password": (lambda w: GetWrappedRight(w.own, b"a wrong one"), 2),
    "sign": (lambda w: WrappedSign(w.signing, E), 1),
    "batch": (lambda w: WrappedSignBatch(w.signing, E * 40), 1),
    "envelope": (lambda w: EnvelopeWrapped(w.fresh, FIRST), 1),
    "envelope-released": (lambda w: EnvelopeWrapped(w.given, SECOND), 1),
    "request-release": (
        lambda w: RequestRelease(bytes(15) + b"1", ReleasePurpose.OWNER, w.given, THIRD, GROUNDS, 60),
        1,
    ),
    "withdraw-release": (lambda w: WithdrawRelease(RELEASE), 1),
}


class Wrapped:
    """A device with pairs of each kind, one of them handed out and released to another key by two officers."""

    def __init__(self, host):
        self.host = host
        officer = host.officer()
        officer.call(EnableWrapping())
        self.signing = officer.call(self.making()).keys[0]
        self.own = officer.call(self.making(guard=None, password=OWN)).keys[0]
        escrow = {"usage": KeyUsage.ENCRYPT, "purpose": WrappedPurpose.ESCROW}
        self.fresh, self.given = (officer.call(self.making(**escrow)).keys[0] for _ in range(2))
        self.key_id = read_wrapped_key(self.signing).key_id
        officer.call(EnableWrapping())
        officer.call(AddOfficer(LI))
        self.caller = host.user()
        self.caller.call(EnvelopeWrapped(self.given, FIRST))
        given_id = read_wrapped_key(self.given).key_id
        officer.call(RequestRelease(RELEASE, ReleasePurpose.OWNER, self.given, SECOND, GROUNDS, 86_400))
        second = host.session()
        second.call(OfficerLogin(LI))
        second.call(ApproveRelease(RELEASE, given_id, SECOND, GROUNDS))
        with contextlib.suppress(AccessRightError):
            self.caller.call(GetWrappedRight(self.own, b"a wrong one"))
        for _ in range(1 + host.reserve):  # the reservation is spent: the next use needs a write
            self.caller.call(WrappedSign(self.signing, E))
        self.caller.session.officer = "zhang"

    @staticmethod
    def making(usage=KeyUsage.SIGN, purpose=WrappedPurpose.USE, guard=1, password=b""):
        return MakeWrappedKeys(usage, purpose, (KeyOrder("", ""),), None, guard, password)

    def uses(self):
        return self.host.officer().call(ListWrappingKeys()).keys[0].uses


@pytest.mark.parametrize("operation", OPERATIONS)
def test_number_of_writes(one_key, operation):
    """The matrix below covers every write there is."""
    wrapped = Wrapped(one_key)
    request, writes = OPERATIONS[operation]
    before = len(one_key.storage.commits)
    with contextlib.suppress(AccessRightError):
        wrapped.caller.call(request(wrapped))
    assert len(one_key.storage.commits) - before == writes


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name.lower())
@pytest.mark.parametrize(
    ("operation", "write"), [(name, n + 1) for name, (_, writes) in OPERATIONS.items() for n in range(writes)]
)
def test_nothing_acknowledged_is_lost(one_key, operation, write, fault):
    """After the fault and a restart the log is whole, and no pair is usable that was refused, or goes to two."""
    wrapped = Wrapped(one_key)
    signed, writes = 1 + one_key.reserve, 0

    def fail(_change, apply):
        nonlocal writes
        writes += 1
        if writes != write:
            return apply()
        if fault in (Fault.KEPT_BUT_REPORTED_FAILED, Fault.POWER_CUT_AFTER):
            apply()
        raise PowerCutError if "CUT" in fault.name else StorageError("test")

    one_key.storage.fault = fail
    with pytest.raises((DeviceError, PowerCutError)):
        wrapped.caller.call(OPERATIONS[operation][0](wrapped))
    one_key.storage.fault = None
    one_key.restart()
    root = one_key.device.ready().store.root
    assert len(read_entries(one_key.storage.log, length=0, head=chain_start(root.serial))) == root.audit_length
    kept = fault in (Fault.KEPT_BUT_REPORTED_FAILED, Fault.POWER_CUT_AFTER)
    user = one_key.user()
    check_signing(user, wrapped, refused=kept and operation in ("retire", "revoke"))
    check_recipients(user, wrapped, moved=kept and operation == "envelope-released")
    check_tries(user, wrapped, operation)
    if operation != "retire":
        assert wrapped.uses() >= signed


def check_signing(user, wrapped, *, refused):
    if refused:
        with pytest.raises((AccessDeniedError, KeyFaultError)):
            user.call(WrappedSign(wrapped.signing, E))
    else:
        signature = user.call(WrappedSign(wrapped.signing, E)).signature
        verify_digest(PublicKey(read_wrapped_key(wrapped.signing).public_key), E, signature)


def check_recipients(user, wrapped, *, moved):
    with contextlib.suppress(KeyFaultError):  # its wrapping key may be retired
        with pytest.raises(AccessDeniedError):
            user.call(EnvelopeWrapped(wrapped.given, THIRD))
        if moved:
            with pytest.raises(AccessDeniedError):
                user.call(EnvelopeWrapped(wrapped.given, FIRST))
        else:
            user.call(EnvelopeWrapped(wrapped.given, FIRST))


def check_tries(user, wrapped, operation):
    """Whatever happened, tries are only given back by the right password or an officer."""
    with contextlib.suppress(KeyFaultError):
        left = user.call(WrappedInfo(wrapped.own)).password_tries_left
        full = wrapped.host.POLICY.password_tries
        assert left == full or left <= full - 1
        if operation == "wrong-password":
            assert left <= full - 1
        with contextlib.suppress(PasswordLockedError):
            user.call(GetWrappedRight(wrapped.own, OWN))
