"""Two administrators: one proposes, another confirms, once, in time."""

from dataclasses import replace

import pytest

from hsm_sim.act_commands import ChangePolicy, ConfirmAct, ListActs, ProposeAct, WithdrawAct
from hsm_sim.audit import chain_start, read_entries
from hsm_sim.commands import Command, KeyInfo, ListKeys
from hsm_sim.custody.commands import MakeBackup, SplitMaster, Zeroise
from hsm_sim.custody.shares import Custodian
from hsm_sim.encoding import decode, encode
from hsm_sim.functions.key_commands import DestroyKek, GenerateKek
from hsm_sim.management import (
    AddOfficer,
    DestroyKeys,
    DevicePolicy,
    GenerateKeyPair,
    Initialise,
    OfficerCredential,
    OfficerLogin,
    RemoveOfficer,
    ResetPassword,
    SetLabel,
    UnlockOfficer,
)
from hsm_sim.model import KeyUsage
from hsm_sim.return_codes import (
    ActError,
    AuditFullError,
    DeviceStateError,
    DualControlError,
    FileWriteError,
    InputArgumentError,
    KeyExistsError,
    NoBufferError,
    OfficerRequiredError,
    RoleError,
)
from hsm_sim.roles import DUAL_CONTROL, Control, Role
from hsm_sim.wrapped_key_commands import EnableWrapping, RetireWrapping, UnlockWrappedKey

LI = OfficerCredential("li", b"another secret")
WANG = OfficerCredential("wang", b"operator secret")
GENERATE = GenerateKeyPair(7, KeyUsage.SIGN, "root", None, b"password 7")


@pytest.fixture
def dual(blank):
    """A device of two administrators under dual control, with acts that wait 100 seconds."""
    policy = replace(blank.POLICY, control=Control.DUAL, confirmation_seconds=100)
    blank.session().call(Initialise((blank.OFFICER, LI), policy))
    return blank


def login(host, officer):
    caller = host.session()
    caller.call(OfficerLogin(officer))
    return caller


def propose(caller, request):
    return caller.call(ProposeAct(request.command, encode(request)))


def together(host, request):
    act = propose(login(host, host.OFFICER), request)
    return decode(request.reply, login(host, LI).call(ConfirmAct(act.number, act.digest)).reply, what="reply")


ACTS = [
    AddOfficer(WANG),
    RemoveOfficer("li"),
    UnlockOfficer("li"),
    ChangePolicy(DevicePolicy(1000, 1000)),
    GENERATE,
    DestroyKeys(1),
    ResetPassword(1, b"password 1"),
    SplitMaster(2, (Custodian("a", b"passphrase a"), Custodian("b", b"passphrase b"))),
    MakeBackup(),
    Zeroise(),
    GenerateKek(1, ""),
    DestroyKek(1),
    EnableWrapping(),
    RetireWrapping(1),
    UnlockWrappedKey(bytes(16)),
]


@pytest.mark.parametrize("request_", ACTS, ids=lambda each: each.command.name.lower())
def test_one_alone_is_refused(dual, request_):
    """Sent directly, an act for two is refused and changes nothing but the log."""
    before = set(dual.storage.rows)
    with pytest.raises(DualControlError):
        login(dual, dual.OFFICER).call(request_)
    assert set(dual.storage.rows) == before


def test_every_act_for_two_is_tried_above():
    """The list above leaves none out."""
    assert {request.command for request in ACTS} == DUAL_CONTROL


def test_two_do_it_and_the_log_names_both(dual):
    """The reply is that of the command itself; proposal, confirmation and deed stand in the log with both names."""
    made = together(dual, GENERATE)
    assert isinstance(made, KeyInfo)
    assert [key.index for key in dual.session().call(ListKeys(1)).keys] == [7]
    root = dual.device.ready().store.root
    log = read_entries(dual.storage.log, length=0, head=chain_start(root.serial))
    told = [
        (each.operation, each.actor) for each in log if "act" in each.operation or "generate" in each.operation
    ]
    assert [operation for operation, _ in told] == ["propose-act", "confirm-act", "generate-key-pair"]
    assert told[0][1].endswith("officer zhang")
    assert told[2][1].endswith("officer li for zhang")


def test_summary_tells_what_will_be_done_and_no_secret(dual):
    """The second administrator sees index, usage and label; the password stays hidden, and the digest is keyed."""
    act = propose(login(dual, dual.OFFICER), GENERATE)
    assert "index=7" in act.summary
    assert "'root'" in act.summary
    assert "password" not in act.summary
    assert act.proposer == "zhang"
    assert login(dual, LI).call(ListActs()).acts == (act,)
    again = propose(login(dual, dual.OFFICER), GENERATE)
    assert again.digest != act.digest


def test_nobody_confirms_the_own_proposal(dual):
    """Not from another session either; the act waits on."""
    act = propose(login(dual, dual.OFFICER), GENERATE)
    with pytest.raises(DualControlError):
        login(dual, dual.OFFICER).call(ConfirmAct(act.number, act.digest))
    login(dual, LI).call(ConfirmAct(act.number, act.digest))


def test_confirmation_is_not_repeated(dual):
    """A confirmation that is sent again, or was recorded before a restart, names nothing."""
    act = propose(login(dual, dual.OFFICER), GENERATE)
    confirmation = ConfirmAct(act.number, act.digest)
    login(dual, LI).call(confirmation)
    with pytest.raises(ActError):
        login(dual, LI).call(confirmation)
    dual.restart()
    propose(login(dual, dual.OFFICER), DestroyKeys(7))  # takes the same number after the restart
    with pytest.raises(ActError):
        login(dual, LI).call(confirmation)
    assert len(dual.session().call(ListKeys(1)).keys) == 1


def test_same_act_after_a_restart_has_another_digest(dual):
    """The key of the digests lives as long as the device runs."""
    before = propose(login(dual, dual.OFFICER), GENERATE)
    dual.restart()
    after = propose(login(dual, dual.OFFICER), GENERATE)
    assert (before.number, before.summary) == (after.number, after.summary)
    assert before.digest != after.digest


@pytest.mark.parametrize("altered", [{"number": 2}, {"digest": bytes(32)}], ids=["number", "digest"])
def test_number_and_digest_must_fit(dual, altered):
    """Neither alone is enough."""
    act = propose(login(dual, dual.OFFICER), GENERATE)
    named = {"number": act.number, "digest": act.digest} | altered
    with pytest.raises(ActError):
        login(dual, LI).call(ConfirmAct(**named))


@pytest.mark.parametrize("seconds", [200, -200], ids=["late", "clock went back"])
def test_time_runs_out(dual, seconds):
    """After the policy's time, and when the clock went back behind the proposal, the act is gone."""
    act = propose(login(dual, dual.OFFICER), GENERATE)
    second = login(dual, LI)
    dual.now += seconds * 1_000_000
    with pytest.raises(ActError):
        second.call(ConfirmAct(act.number, act.digest))


def test_withdrawn(dual):
    """Any administrator drops an act."""
    act = propose(login(dual, dual.OFFICER), GENERATE)
    login(dual, LI).call(WithdrawAct(act.number))
    with pytest.raises(ActError):
        login(dual, LI).call(ConfirmAct(act.number, act.digest))


def test_who_proposed_must_still_be_administrator(dual):
    """An act of an administrator who was taken away meanwhile is not carried out."""
    together(dual, AddOfficer(OfficerCredential("zhao", b"third secret")))
    act = propose(login(dual, OfficerCredential("zhao", b"third secret")), GENERATE)
    together(dual, RemoveOfficer("zhao"))
    with pytest.raises(RoleError):
        login(dual, LI).call(ConfirmAct(act.number, act.digest))


def test_who_confirms_is_administrator_now(dual):
    """An operator, and an administrator who logged out, confirm nothing."""
    together(dual, AddOfficer(WANG, Role.OPERATOR))
    act = propose(login(dual, dual.OFFICER), GENERATE)
    with pytest.raises(RoleError):
        login(dual, WANG).call(ConfirmAct(act.number, act.digest))
    with pytest.raises(OfficerRequiredError):
        dual.session().call(ConfirmAct(act.number, act.digest))


def test_failure_spends_the_act(dual):
    """An act that could not be carried out tells why and does not wait on; its proposer's name stays nowhere."""
    together(dual, GENERATE)
    act = propose(login(dual, dual.OFFICER), GENERATE)
    second = login(dual, LI)
    with pytest.raises(KeyExistsError):
        second.call(ConfirmAct(act.number, act.digest))
    assert second.session.proposer is None
    with pytest.raises(ActError):
        second.call(ConfirmAct(act.number, act.digest))
    with pytest.raises(DualControlError):
        second.call(DestroyKeys(7))


@pytest.mark.parametrize(
    "request_",
    [SetLabel(1, KeyUsage.SIGN, "x"), ConfirmAct(1, bytes(32)), ListActs()],
    ids=lambda r: type(r).__name__,
)
def test_only_acts_for_two_are_proposed(dual, request_):
    """Confirming cannot be proposed, nor what needs no second person."""
    with pytest.raises(InputArgumentError):
        propose(login(dual, dual.OFFICER), request_)


def test_what_does_not_parse_is_not_proposed(dual):
    """Nobody is asked to confirm octets that mean nothing."""
    with pytest.raises(InputArgumentError):
        login(dual, dual.OFFICER).call(ProposeAct(Command.DESTROY_KEYS, b"\x00"))


def test_waiting_acts_are_bounded(dual):
    """Sixteen wait at most; time makes room again."""
    caller = login(dual, dual.OFFICER)
    for _ in range(16):
        dual.now -= 2_000_000
        propose(caller, GENERATE)
    with pytest.raises(NoBufferError):
        propose(caller, GENERATE)
    dual.now += 300_000_000
    propose(caller, GENERATE)


def test_single_control_needs_no_proposal(host):
    """The small device says so."""
    with pytest.raises(DeviceStateError):
        propose(host.officer(), GENERATE)


def test_policy_goes_to_dual_with_two_and_back_by_two(host):
    """One administrator cannot ask for two; two can, and then it takes both to go back."""
    policy = replace(host.POLICY, control=Control.DUAL)
    with pytest.raises(DeviceStateError):
        host.officer().call(ChangePolicy(policy))
    host.officer().call(AddOfficer(LI))
    host.officer().call(ChangePolicy(policy))
    with pytest.raises(DualControlError):
        host.officer().call(ChangePolicy(host.POLICY))
    host.restart()
    assert host.device.ready().store.root.policy == policy
    together(host, ChangePolicy(host.POLICY))
    host.generate()


def test_two_administrators_stay(dual):
    """Under dual control the last two cannot take each other away."""
    act = propose(login(dual, dual.OFFICER), RemoveOfficer("li"))
    with pytest.raises(DeviceStateError):
        login(dual, LI).call(ConfirmAct(act.number, act.digest))


def test_full_log_keeps_acts_from_being_carried_out(dual):
    """What could not be recorded is not done."""
    act = propose(login(dual, dual.OFFICER), GENERATE)
    second = login(dual, LI)
    store = dual.device.ready().store
    store._max_audit_length = store.root.audit_length
    with pytest.raises(AuditFullError):
        second.call(ConfirmAct(act.number, act.digest))
    assert not dual.session().call(ListKeys(1)).keys


@pytest.mark.parametrize("stored", [False, True], ids=["lost", "stored but reported failed"])
@pytest.mark.parametrize("write", [1, 2], ids=["confirmation", "deed"])
def test_confirming_whose_write_fails(dual, write, stored):
    """What is not on record is not done; what was reported as failed but kept is there after a restart, once."""
    from hsm_sim.return_codes import DeviceError
    from hsm_sim.storage import StorageError

    act = propose(login(dual, dual.OFFICER), GENERATE)
    second = login(dual, LI)
    writes = 0

    def fault(_change, apply):
        nonlocal writes
        writes += 1
        if writes != write:
            return apply()
        if stored:
            apply()
        raise StorageError("test")

    dual.storage.fault = fault
    with pytest.raises(DeviceError):
        second.call(ConfirmAct(act.number, act.digest))
    dual.storage.fault = None
    with pytest.raises(ActError):
        second.call(ConfirmAct(act.number, act.digest))
    dual.restart()
    made = len(dual.session().call(ListKeys(1)).keys)
    assert made == (1 if write == 2 and stored else 0)
    if not made:
        together(dual, GENERATE)


def test_proposal_that_could_not_be_recorded(dual):
    """It is refused; nobody confirms what is not in the log."""
    from hsm_sim.storage import StorageError

    caller, second = login(dual, dual.OFFICER), login(dual, LI)

    def fault(_change, _apply):
        raise StorageError("test")

    dual.storage.fault = fault
    with pytest.raises(FileWriteError):
        propose(caller, GENERATE)
    dual.storage.fault = None
    assert not second.call(ListActs()).acts
