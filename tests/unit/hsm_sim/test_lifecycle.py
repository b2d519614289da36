"""States of the device, and what a session may ask in them."""

import pytest

from hsm_sim.commands import (
    CloseSession,
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
)
from hsm_sim.management import (
    DestroyKeys,
    DevicePolicy,
    GenerateKeyPair,
    Initialise,
    OfficerCredential,
    OfficerLogin,
    ReadAudit,
    SelfTest,
)
from hsm_sim.model import TRANSITIONS, DeviceEvent, DeviceState, KeyUsage, next_state
from hsm_sim.return_codes import (
    DeviceStateError,
    HardwareError,
    InputArgumentError,
    NotSupportedError,
    OfficerRequiredError,
    RandomError,
    StepError,
    StoreIntegrityError,
)

E = bytes(32)
NEEDS_A_STORE = [
    ExportPublicKey(1, KeyUsage.SIGN),
    ListKeys(1),
    GetAccessRight(1, b"password 1"),
    InternalSign(1, E),
    InternalSignBatch(1, E),
    InternalVerify(1, E, b""),
    InternalDecrypt(1, b"x"),
    OfficerLogin(OfficerCredential("zhang", b"officer secret")),
    GenerateKeyPair(1, KeyUsage.SIGN, "", None, b"password 1"),
    DestroyKeys(1),
    ReadAudit(1),
    SelfTest(),
]


def test_initial_state_tells_itself_and_no_more(blank):
    """GM/T 0018: in the initial state only the device's information is read, and it can be initialised."""
    caller = blank.session()
    info = caller.call(GetDeviceInfo())
    assert (info.state, info.serial, info.device_public_key) == (DeviceState.INITIAL, "", None)
    for request in NEEDS_A_STORE:
        with pytest.raises(DeviceStateError):
            caller.call(request)
    assert not blank.storage.rows


def test_initialisation_makes_a_device(blank):
    """It leads to the ready state, with a serial of 16 characters and the device's own pair."""
    caller = blank.session()
    info = caller.call(Initialise((blank.OFFICER,), blank.POLICY))
    assert info.state is DeviceState.READY
    assert len(info.serial) == 16
    assert info.serial[:11] == "20231114SIM"
    assert info.device_public_key[0] == 4
    assert caller.call(GetDeviceInfo()) == info
    assert len(blank.storage.commits) == 1  # all of it, or nothing


def test_second_initialisation_is_refused(host):
    """A device that is ready keeps its officers and keys."""
    before = dict(host.storage.rows)
    with pytest.raises(DeviceStateError):
        host.session().call(Initialise((OfficerCredential("li", b"another secret"),), DevicePolicy()))
    assert {name for name in host.storage.rows if name[0] != 0} == {name for name in before if name[0] != 0}


@pytest.mark.parametrize(
    "officers",
    [
        (),
        (OfficerCredential("", b"officer secret"),),
        (OfficerCredential(" zhang", b"officer secret"),),
        (OfficerCredential("zhang", b"short"),),
        (OfficerCredential("zhang", b"two lines\nof text"),),
        (OfficerCredential("zhang", b"officer secret"), OfficerCredential("zhang", b"another secret")),
    ],
)
def test_officers_are_checked_before_anything_is_written(blank, officers):
    """A name or secret that could not be used at the next start is refused, and the device stays as it was."""
    with pytest.raises(InputArgumentError):
        blank.session().call(Initialise(officers, blank.POLICY))
    assert blank.device.state is DeviceState.INITIAL
    assert not blank.storage.rows


def test_open_session_comes_first_and_once(host):
    """Every other command before it, and a second one, are out of order."""
    caller = host.session(name="")
    for request in [GetDeviceInfo(), GenerateRandom(8), *NEEDS_A_STORE]:
        with pytest.raises(StepError):
            caller.call(request)
    assert caller.call(OpenSession("test")).state is DeviceState.READY
    with pytest.raises(StepError):
        caller.call(OpenSession("test"))
    with pytest.raises(InputArgumentError):
        host.session(name="").call(OpenSession(""))


def test_management_wants_an_officer(one_key):
    """Management from a session without an officer is refused, also when another session has one."""
    one_key.officer()
    caller = one_key.session()
    for request in NEEDS_A_STORE[8:]:
        with pytest.raises(OfficerRequiredError):
            caller.call(request)


def test_unknown_command_and_bad_body(host):
    """A number without a command is not supported; a body that does not parse is a bad argument."""
    caller = host.session()
    assert caller.frame(0x7777, b"").return_code == NotSupportedError.code
    assert caller.frame(InternalSign.command, b"\x00").return_code == InputArgumentError.code
    assert caller.frame(GetDeviceInfo.command, b"\x00").return_code == InputArgumentError.code
    assert caller.frame(GenerateRandom.command, (4097).to_bytes(4, "big")).return_code == InputArgumentError.code
    assert len(caller.call(GenerateRandom(4096)).octets) == 4096


def test_error_state_answers_its_state_only(one_key):
    """After a failure nothing is given out: no signature, no key, no random octets; only the state is told."""
    caller, officer = one_key.user(), one_key.officer()
    one_key.device.fail("test")
    assert caller.call(GetDeviceInfo()).state is DeviceState.ERROR
    for request in [GenerateRandom(8), *NEEDS_A_STORE]:
        with pytest.raises(HardwareError):
            officer.call(request)
        with pytest.raises(HardwareError):
            caller.call(request)
    assert caller.call(CloseSession()) is not None
    assert any("error state" in line for line in one_key.said)
    one_key.restart()
    assert one_key.user().call(InternalSign(1, E)).signature


def test_failed_self_test_leads_to_the_error_state(one_key, monkeypatch):
    """A source of random octets that repeats itself is noticed on demand, and keeps a device from starting."""
    officer = one_key.officer()
    officer.call(SelfTest())
    one_key.random = bytes  # zeros
    monkeypatch.setattr(one_key.device, "_random", one_key.random)
    with pytest.raises(RandomError):
        officer.call(SelfTest())
    assert one_key.device.state is DeviceState.ERROR
    with pytest.raises(RandomError):
        one_key.new_device()


def test_unforeseen_failure_is_one_reply(host, monkeypatch):
    """A defect in one command costs that request only, tells no detail, and the operator hears of it."""
    caller = host.session()
    monkeypatch.setattr(host.device, "info", lambda: 1 / 0)
    reply = caller.frame(GetDeviceInfo.command, b"")
    assert (reply.return_code, reply.body) == (0x01000001, b"internal ZeroDivisionError")
    assert host.said == ["unforeseen ZeroDivisionError in command 0x03"]
    assert caller.call(ListKeys(1)).keys == ()


def test_opening_takes_an_initialised_store(blank):
    """An empty store is no device, and records without a root are none either."""
    assert not blank.device.is_initialised()
    with pytest.raises(StoreIntegrityError):
        blank.device.open(blank.OFFICER)
    blank.initialise()
    assert blank.device.is_initialised()
    del blank.storage.rows[(0, b"")]
    with pytest.raises(StoreIntegrityError):
        blank.device.is_initialised()


@pytest.mark.parametrize("state", DeviceState)
@pytest.mark.parametrize("event", DeviceEvent)
def test_transitions(state, event):
    """What the table does not list is refused; from the error state nothing leads away."""
    if event in TRANSITIONS[state]:
        assert next_state(state, event) is TRANSITIONS[state][event]
    else:
        with pytest.raises(DeviceStateError):
            next_state(state, event)
    assert set(TRANSITIONS[DeviceState.ERROR].values()) == {DeviceState.ERROR}
