"""A key's life: every state against every event, and what a key in it does."""

import itertools

import pytest

from crypto import PublicKey, encrypt
from hsm_sim.commands import GetAccessRight, InternalDecrypt, InternalSign, InternalVerify, ListKeys
from hsm_sim.encoding import encode
from hsm_sim.key_state_commands import (
    ActivateKey,
    DeactivateKey,
    ReadKeyHistory,
    ReportCompromise,
    ResumeKey,
    SuspendKey,
)
from hsm_sim.key_states import ALLOWED, TRANSITIONS, KeyEvent, KeyState, Purpose, next_key_state
from hsm_sim.management import DestroyKeys, GenerateKeyPair
from hsm_sim.model import KeyUsage
from hsm_sim.return_codes import AccessDeniedError, InputArgumentError, KeyNotExistError, KeyStateError

E = bytes(range(32))
SIGN, ENCRYPT = KeyUsage
P, A, S, D, C, X = KeyState
EXPECTED = {
    (P, KeyEvent.ACTIVATE): A,
    (P, KeyEvent.COMPROMISE): C,
    (P, KeyEvent.DESTROY): X,
    (A, KeyEvent.SUSPEND): S,
    (A, KeyEvent.DEACTIVATE): D,
    (A, KeyEvent.COMPROMISE): C,
    (A, KeyEvent.DESTROY): X,
    (S, KeyEvent.RESUME): A,
    (S, KeyEvent.DEACTIVATE): D,
    (S, KeyEvent.COMPROMISE): C,
    (S, KeyEvent.DESTROY): X,
    (D, KeyEvent.COMPROMISE): C,
    (D, KeyEvent.DESTROY): X,
    (C, KeyEvent.DESTROY): X,
}
WAY = {
    P: [],
    A: [ActivateKey],
    S: [ActivateKey, SuspendKey],
    D: [ActivateKey, DeactivateKey],
    C: [ReportCompromise],
}
REQUESTS = {each.event: each for each in (ActivateKey, SuspendKey, ResumeKey, DeactivateKey, ReportCompromise)}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(KeyState, KeyEvent)))
def test_every_pair_of_state_and_event(state, event):
    """What is not among the transitions of SP 800-57 is refused."""
    if (state, event) in EXPECTED:
        assert next_key_state(state, event) is EXPECTED[state, event]
    else:
        with pytest.raises(KeyStateError):
            next_key_state(state, event)


def test_signing_wants_an_active_key():
    """No other state makes anything new, and a key that is not active yet, suspended or destroyed does nothing."""
    assert [state for state in KeyState if Purpose.PROTECT in ALLOWED[state]] == [A]
    assert [state for state in KeyState if Purpose.PROCESS in ALLOWED[state]] == [A, D, C]
    assert set(TRANSITIONS) == set(ALLOWED) == set(KeyState)


def device_with(host, state):
    """Both pairs at index 1 in a state."""
    officer = host.officer()
    for usage, password in ((SIGN, host.PASSWORD), (ENCRYPT, b"")):
        officer.call(GenerateKeyPair(1, usage, "x", None, password, KeyState.PRE_ACTIVATION))
        for request in WAY[state]:
            officer.call(request(1, usage, "as planned"))
    return officer


@pytest.mark.parametrize("state", WAY)
def test_device_enforces_uses(host, state):
    """In every state: signing, decrypting and verifying, each through the protocol."""
    device_with(host, state)
    keys = {key.usage: key for key in host.session().call(ListKeys(1)).keys}
    assert {key.state for key in keys.values()} == {state}
    caller = host.user()
    if state is A:
        signature = caller.call(InternalSign(1, E)).signature
        caller.call(InternalVerify(1, E, signature))
    else:
        with pytest.raises(KeyStateError):
            caller.call(InternalSign(1, E))
    ciphertext = encrypt(PublicKey(keys[ENCRYPT].public_key), b"text")
    if state in (A, D, C):
        assert caller.call(InternalDecrypt(1, ciphertext)).octets == b"text"
    else:
        with pytest.raises(KeyStateError):
            caller.call(InternalDecrypt(1, ciphertext))


@pytest.mark.parametrize(("state", "event"), list(itertools.product(WAY, REQUESTS)))
def test_device_keeps_to_the_table(host, state, event):
    """Each command in each state: carried out where the table has it, refused without a change where it has not."""
    officer = device_with(host, state)
    before = dict(host.storage.rows)
    request = REQUESTS[event](1, SIGN, "a reason")
    if (state, event) in EXPECTED:
        assert officer.call(request).state is EXPECTED[state, event]
        host.restart()
        assert host.session().call(ListKeys(1)).keys[0].state is EXPECTED[state, event]
    else:
        with pytest.raises(KeyStateError):
            officer.call(request)
        changed = {name for name, row in host.storage.rows.items() if before.get(name) != row}
        assert changed <= {(0, b"")}  # the root alone: the refusal is in the log


def test_right_ends_with_the_state(one_key):
    """A session that holds the right and has the key at hand cannot sign after a step, and another right does not help."""
    user = one_key.user()
    user.call(InternalSign(1, E))
    one_key.officer().call(SuspendKey(1, SIGN, "a pause"))
    with pytest.raises(AccessDeniedError):
        user.call(InternalSign(1, E))
    user.call(GetAccessRight(1, one_key.PASSWORD))
    with pytest.raises(KeyStateError):
        user.call(InternalSign(1, E))
    one_key.officer().call(ResumeKey(1, SIGN, "over"))
    user.call(GetAccessRight(1, one_key.PASSWORD))
    user.call(InternalSign(1, E))


def test_history_tells_who_when_why_from_where(one_key):
    """Each step with officer, time, states, reason and evidence; it outlives the key, and another key has its own."""
    one_key.user().call(InternalSign(1, E))
    officer = one_key.officer()
    officer.call(SuspendKey(1, SIGN, "complaint 17", E))
    officer.call(ReportCompromise(1, SIGN, "confirmed"))
    officer.call(DestroyKeys(1))
    one_key.generate()
    one_key.restart(clean=True)
    (history,) = one_key.officer().call(ReadKeyHistory(1, SIGN)).histories
    steps = [(each.before, each.after, each.actor, each.reason) for each in history.transitions]
    assert steps == [
        (A, S, "zhang", "complaint 17"),
        (S, C, "zhang", "confirmed"),
        (C, X, "zhang", "destroyed"),
    ]
    assert history.transitions[0].evidence == E
    assert [each.time for each in history.transitions] == sorted(each.time for each in history.transitions)
    assert history.state is X
    assert history.uses == 1
    (key,) = one_key.session().call(ListKeys(1)).keys
    assert key.state is A
    assert key.public_key != history.public_key


def test_reason_is_given(one_key):
    """A step without a reason is not taken, whoever built the request."""
    with pytest.raises(ValueError, match="reason"):
        SuspendKey(1, SIGN, "  ")
    body = encode(SuspendKey(1, SIGN, "x")).replace(b"\x00\x01x", b"\x00\x01 ")
    assert one_key.officer().frame(SuspendKey.command, body).return_code == InputArgumentError.code


def test_suspensions_are_bounded_and_the_end_is_not(one_key):
    """A key that was suspended and resumed for ever is refused more of it, and can still be ended."""
    officer = one_key.officer()
    with pytest.raises(KeyStateError, match="often"):
        for _ in range(40):
            officer.call(SuspendKey(1, SIGN, "x"))
            officer.call(ResumeKey(1, SIGN, "x"))
    officer.call(DeactivateKey(1, SIGN, "x"))
    officer.call(ReportCompromise(1, SIGN, "x"))
    officer.call(DestroyKeys(1))


def test_device_pair_and_empty_index_have_no_life_of_this_kind(host):
    """Index 0 is closed, and where no key is none is moved."""
    with pytest.raises(AccessDeniedError):
        host.officer().call(SuspendKey(0, SIGN, "x"))
    with pytest.raises(KeyNotExistError):
        host.officer().call(SuspendKey(9, SIGN, "x"))
