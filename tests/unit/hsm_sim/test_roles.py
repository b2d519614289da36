"""Who may do what: every role against every command, and what an auditor's secret opens."""

import pytest

from hsm_sim.commands import Command
from hsm_sim.encoding import encode
from hsm_sim.management import (
    AddOfficer,
    ChangeOfficerSecret,
    OfficerCredential,
    OfficerLogin,
    ReadAudit,
    RemoveOfficer,
)
from hsm_sim.protection import open_master
from hsm_sim.records import OfficerRecord
from hsm_sim.return_codes import (
    DeviceStateError,
    InputArgumentError,
    KeyExistsError,
    NoBufferError,
    OfficerSecretError,
    RoleError,
)
from hsm_sim.roles import DUAL_CONTROL, ROLES, Role, may

LI = OfficerCredential("li", b"operator secret")
WANG = OfficerCredential("wang", b"auditor secret")
A, R, U = Role.ADMINISTRATOR, Role.OPERATOR, Role.AUDITOR
# Written out once more, by hand: what the table should say.
EXPECTED = {
    Command.OFFICER_LOGOUT: {A, R, U},
    Command.CHANGE_OFFICER_SECRET: {A, R, U},
    Command.ADD_OFFICER: {A},
    Command.REMOVE_OFFICER: {A},
    Command.UNLOCK_OFFICER: {A},
    Command.LIST_OFFICERS: {A, U},
    Command.PROPOSE_ACT: {A},
    Command.CONFIRM_ACT: {A},
    Command.WITHDRAW_ACT: {A},
    Command.LIST_ACTS: {A, U},
    Command.CHANGE_POLICY: {A},
    Command.GENERATE_KEY_PAIR: {A},
    Command.DESTROY_KEYS: {A},
    Command.SET_LABEL: {A},
    Command.RESET_PASSWORD: {A},
    Command.ACTIVATE_KEY: {A, R},
    Command.SUSPEND_KEY: {A, R},
    Command.RESUME_KEY: {A, R},
    Command.DEACTIVATE_KEY: {A},
    Command.REPORT_COMPROMISE: {A, R},
    Command.READ_KEY_HISTORY: {A, R, U},
    Command.SPLIT_MASTER: {A},
    Command.CHECK_SHARES: {A, R, U},
    Command.MAKE_BACKUP: {A},
    Command.READ_BACKUP: {A},
    Command.ZEROISE: {A},
    Command.OPEN_LID: {A},
    Command.SIGN_LOG: {A, U},
    Command.SIGN_STATEMENT: {A},
    Command.GENERATE_KEK: {A},
    Command.DESTROY_KEK: {A},
    Command.ENABLE_WRAPPING: {A},
    Command.RETIRE_WRAPPING: {A},
    Command.UNLOCK_WRAPPED_KEY: {A},
    Command.LIST_WRAPPING_KEYS: {A, R, U},
    Command.MAKE_WRAPPED_KEYS: {A, R},
    Command.REWRAP_KEYS: {A, R},
    Command.REVOKE_WRAPPED_KEYS: {A, R},
    Command.REQUEST_RELEASE: {A},
    Command.APPROVE_RELEASE: {A},
    Command.WITHDRAW_RELEASE: {A, R},
    Command.LIST_RELEASES: {A, R, U},
    Command.READ_AUDIT: {A, U},
    Command.SELF_TEST: {A, R},
}
READS = {
    Command.LIST_OFFICERS,
    Command.LIST_ACTS,
    Command.READ_KEY_HISTORY,
    Command.LIST_WRAPPING_KEYS,
    Command.LIST_RELEASES,
    Command.SIGN_LOG,
    Command.CHECK_SHARES,
    Command.READ_AUDIT,
}
OWN = {Command.OFFICER_LOGOUT, Command.CHANGE_OFFICER_SECRET}


@pytest.fixture
def staffed(host):
    """A device with an administrator (zhang), an operator (li) and an auditor (wang)."""
    administrator = host.officer()
    administrator.call(AddOfficer(LI, R))
    administrator.call(AddOfficer(WANG, U))
    return host


def test_table_is_the_expected_one():
    """The table says of every command what was agreed, and of one it does not list that it is an administrator's."""
    assert {command: set(roles) for command, roles in ROLES.items()} == EXPECTED
    assert [role for role in Role if may(role, 0xFFFE)] == [A]


def test_auditor_only_reads():
    """Beside looking after the own secret, an auditor's commands change nothing."""
    assert {command for command in ROLES if may(U, command)} == READS | OWN


def test_what_takes_two_is_for_administrators():
    """No other role could propose or confirm it."""
    assert all(ROLES[command] == {A} for command in DUAL_CONTROL)


@pytest.mark.parametrize("command", sorted(EXPECTED), ids=lambda command: command.name.lower())
@pytest.mark.parametrize("officer", [LI, WANG], ids=["operator", "auditor"])
def test_device_keeps_to_the_table(staffed, officer, command):
    """Over the protocol, with a body that parses: RoleError exactly where the table has no such role."""
    role = {"li": R, "wang": U}[officer.name]
    caller = staffed.session()
    caller.call(OfficerLogin(officer))
    before = len(staffed.storage.rows), staffed.device.ready().store.root.policy
    request, _ = staffed.dispatcher._handlers[command]
    reply = caller.frame(command, encode(sample(request)))
    refused = reply.return_code == RoleError.code
    assert refused is (role not in EXPECTED[command])
    if refused:
        assert (len(staffed.storage.rows), staffed.device.ready().store.root.policy) == before


def sample(request):
    """A request of this class that parses."""
    from hsm_sim import act_commands as acts
    from hsm_sim import key_state_commands as states
    from hsm_sim import management
    from hsm_sim import wrapped_key_commands as wrapped
    from hsm_sim.custody import commands as custody
    from hsm_sim.functions.key_commands import DestroyKek, GenerateKek
    from hsm_sim.model import KeyUsage
    from hsm_sim.wrapped_key import ReleasePurpose, WrappedPurpose

    policy = management.DevicePolicy(1000, 1000)
    given = {
        management.AddOfficer: (OfficerCredential("zhao", b"another secret"),),
        management.RemoveOfficer: ("zhang",),
        management.UnlockOfficer: ("zhang",),
        management.ChangeOfficerSecret: (b"a newer secret",),
        management.GenerateKeyPair: (1, KeyUsage.SIGN, "", None, b"password 1"),
        management.DestroyKeys: (1,),
        management.SetLabel: (1, KeyUsage.SIGN, "x"),
        management.ResetPassword: (1, b"password 1"),
        management.ReadAudit: (1,),
        acts.ProposeAct: (Command.DESTROY_KEYS, encode(management.DestroyKeys(1))),
        acts.ConfirmAct: (1, bytes(32)),
        acts.WithdrawAct: (1,),
        acts.ChangePolicy: (policy,),
        states.ReadKeyHistory: (1, KeyUsage.SIGN),
        custody.SplitMaster: (
            2,
            (custody.Custodian("a", b"passphrase a"), custody.Custodian("b", b"passphrase b")),
        ),
        custody.ReadBackup: (bytes(32), 0),
        custody.SignStatement: (bytes(32),),
        GenerateKek: (1, ""),
        DestroyKek: (1,),
        wrapped.RetireWrapping: (1,),
        wrapped.MakeWrappedKeys: (KeyUsage.SIGN, WrappedPurpose.USE, (), None, 1, b""),
        wrapped.RewrapKeys: ((),),
        wrapped.RevokeWrappedKeys: ((),),
        wrapped.UnlockWrappedKey: (bytes(16),),
        wrapped.RequestRelease: (bytes(16), ReleasePurpose.OWNER, b"", bytes(65), bytes(32), 60),
        wrapped.ApproveRelease: (bytes(16), bytes(16), bytes(65), bytes(32)),
        wrapped.WithdrawRelease: (bytes(16),),
    }
    if issubclass(request, states.KeyStateRequest):
        return request(1, KeyUsage.SIGN, "a reason")
    return request(*given.get(request, ()))


def test_operator_starts_the_device_and_an_auditor_does_not(staffed):
    """An operator's secret opens the store; an auditor's is refused before the store is touched."""
    device = staffed.new_device()
    with pytest.raises(RoleError):
        device.open(WANG)
    device.open(LI)


def test_auditors_secret_unwraps_nothing_of_use(staffed):
    """What an auditor's record wraps is not the master key, so the secret and the store file give no key."""
    store = staffed.device.ready().store
    record = store.get(OfficerRecord, b"wang")
    assert open_master(record, WANG.secret) != store.protection._master
    assert open_master(store.get(OfficerRecord, b"li"), LI.secret) == store.protection._master


def test_auditor_whose_record_was_given_another_role(staffed):
    """The role is bound into the wrapping: a record altered on the disk opens nothing."""
    from dataclasses import replace

    record = replace(staffed.device.ready().store.get(OfficerRecord, b"wang"), role=A)
    with pytest.raises(OfficerSecretError):
        open_master(record, WANG.secret)


def test_auditor_changes_the_own_secret_and_stays_one(staffed):
    """Login works with the new secret, and the role is the same."""
    caller = staffed.session()
    caller.call(OfficerLogin(WANG))
    caller.call(ChangeOfficerSecret(b"a newer secret"))
    caller.call(OfficerLogin(OfficerCredential("wang", b"a newer secret")))
    caller.call(ReadAudit(1))
    with pytest.raises(RoleError):
        caller.call(RemoveOfficer("li"))


def test_last_administrator_stays(staffed):
    """Operators and auditors do not count."""
    with pytest.raises(DeviceStateError):
        staffed.officer().call(RemoveOfficer("zhang"))
    staffed.officer().call(RemoveOfficer("li"))


def test_officers_are_bounded_and_named_once(host):
    """Sixteen officers at most, and a name is taken once, whatever the role."""
    caller = host.officer()
    for number in range(15):
        caller.call(AddOfficer(OfficerCredential(f"officer {number}", b"some secret"), R))
    with pytest.raises(KeyExistsError):
        caller.call(AddOfficer(OfficerCredential("officer 3", b"some secret"), U))
    with pytest.raises(NoBufferError):
        caller.call(AddOfficer(LI, R))


def test_dual_control_wants_two_at_the_beginning(blank):
    """A device that could never confirm anything is not made."""
    from dataclasses import replace

    from hsm_sim.management import Initialise
    from hsm_sim.roles import Control

    with pytest.raises(InputArgumentError):
        blank.session().call(Initialise((blank.OFFICER,), replace(blank.POLICY, control=Control.DUAL)))
    assert not blank.storage.rows
