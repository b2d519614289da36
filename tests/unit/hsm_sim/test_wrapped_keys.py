"""Pairs kept outside the device: made, used, refused, wrapped anew, revoked."""

import pytest

from crypto import PublicKey, encrypt, sm3, verify_digest, verify_many
from hsm_sim.batches import split_signatures
from hsm_sim.commands import CloseSession, GetAccessRight
from hsm_sim.encoding import decode
from hsm_sim.key_state_commands import ReportCompromise, ResumeKey, SuspendKey
from hsm_sim.management import DestroyKeys, ReadAudit, ResetPassword
from hsm_sim.model import KeyUsage
from hsm_sim.open_keys import OpenKeys
from hsm_sim.records import AuditEntry, KeyMarksRecord
from hsm_sim.return_codes import (
    AccessDeniedError,
    AccessRightError,
    DeviceStateError,
    HardwareError,
    InputArgumentError,
    KeyFaultError,
    KeyNotExistError,
    KeyStateError,
    KeyTypeError,
    OfficerRequiredError,
    PasswordLockedError,
    SigningError,
    StepError,
)
from hsm_sim.wrapped_key import WrappedPurpose, read_wrapped_key
from hsm_sim.wrapped_key_commands import (
    EnableWrapping,
    GetWrappedRight,
    KeyOrder,
    ListWrappingKeys,
    LoadedSign,
    LoadedSignBatch,
    LoadWrapped,
    MakeWrappedKeys,
    RetireWrapping,
    RevokeWrappedKeys,
    RewrapKeys,
    UnloadWrapped,
    UnlockWrappedKey,
    WrappedDecrypt,
    WrappedInfo,
    WrappedSign,
    WrappedSignBatch,
)

E = bytes(range(32))
OWN = b"a password of its own"


@pytest.fixture
def wrapping(one_key):
    """A device with a signing pair at index 1, which wraps."""
    one_key.officer().call(EnableWrapping())
    return one_key


def make(host, count=1, *, usage=KeyUsage.SIGN, guard=1, password=b"", purpose=WrappedPurpose.USE, not_after=None):
    orders = tuple(KeyOrder(f"seal {n}", f"office {n}") for n in range(count))
    asked = MakeWrappedKeys(usage, purpose, orders, not_after, guard, password)
    return list(host.officer().call(asked).keys)


def sign(caller, wrapped):
    signature = caller.call(WrappedSign(wrapped, E)).signature
    verify_digest(PublicKey(read_wrapped_key(wrapped).public_key), E, signature)


def test_pair_is_made_and_signs(wrapping):
    """A wrapped pair signs in a session with the right to its guard; the device keeps no record of it."""
    names = set(wrapping.storage.rows)
    [wrapped] = make(wrapping)
    assert set(wrapping.storage.rows) == names
    sign(wrapping.user(), wrapped)


def test_batch_and_handle(wrapping):
    """A batch and a loaded handle give signatures of the pair, in order."""
    [wrapped] = make(wrapping)
    key, caller = PublicKey(read_wrapped_key(wrapped).public_key), wrapping.user()
    digests = [sm3(bytes((n,))) for n in range(20)]
    loaded = caller.call(LoadWrapped(wrapped))
    assert loaded.public_key == key.point
    for reply in (
        caller.call(WrappedSignBatch(wrapped, b"".join(digests))),
        caller.call(LoadedSignBatch(loaded.handle, b"".join(digests))),
    ):
        signatures = split_signatures(reply.joined, len(digests))
        assert all(verify_many([(key, e, s) for e, s in zip(digests, signatures, strict=True)]))
    verify_digest(key, E, caller.call(LoadedSign(loaded.handle, E)).signature)
    caller.call(UnloadWrapped(loaded.handle))
    with pytest.raises(KeyNotExistError):
        caller.call(LoadedSign(loaded.handle, E))


def test_decryption(wrapping):
    """A wrapped encryption pair opens what was encrypted to it."""
    [wrapped] = make(wrapping, usage=KeyUsage.ENCRYPT)
    cipher = encrypt(PublicKey(read_wrapped_key(wrapped).public_key), b"plain")
    assert wrapping.user().call(WrappedDecrypt(wrapped, cipher)).octets == b"plain"


def test_what_is_told(wrapping):
    """The header is readable outside, and the device confirms it."""
    [wrapped] = make(wrapping, usage=KeyUsage.ENCRYPT, purpose=WrappedPurpose.ESCROW)
    header, info = read_wrapped_key(wrapped), wrapping.session().call(WrappedInfo(wrapped))
    assert (header.label, header.owner) == (info.label, info.owner) == ("seal 0", "office 0")
    assert (info.usage, info.purpose, info.wrapping_number) == (KeyUsage.ENCRYPT, WrappedPurpose.ESCROW, 1)
    assert (info.revoked, info.password_tries_left) == (0, None)
    assert info.key_id == header.key_id
    assert "sealed" not in repr(header)


def test_usages_stay_apart(wrapping):
    """A signing pair does not decrypt, an encryption pair does not sign, an escrowed pair does neither."""
    [signing] = make(wrapping)
    [decrypting] = make(wrapping, usage=KeyUsage.ENCRYPT)
    [escrowed] = make(wrapping, usage=KeyUsage.ENCRYPT, purpose=WrappedPurpose.ESCROW)
    caller = wrapping.user()
    cipher = encrypt(PublicKey(read_wrapped_key(signing).public_key), b"plain")
    for request, refusal in (
        (WrappedDecrypt(signing, cipher), KeyTypeError),
        (WrappedSign(decrypting, E), KeyTypeError),
        (WrappedSign(escrowed, E), KeyTypeError),
        (WrappedDecrypt(escrowed, cipher), AccessDeniedError),
    ):
        with pytest.raises(refusal):
            caller.call(request)


def test_signing_pairs_are_not_escrowed(wrapping):
    """A signing pair for escrow is not made."""
    with pytest.raises(InputArgumentError):
        make(wrapping, purpose=WrappedPurpose.ESCROW)


@pytest.mark.parametrize("given", [{"guard": None}, {"password": OWN}, {"guard": None, "password": b"short"}])
def test_access_is_by_guard_or_password(wrapping, given):
    """One of the two, and a password that is long enough."""
    with pytest.raises(InputArgumentError):
        make(wrapping, **given)


def test_guard_must_exist(wrapping):
    """An index without a signing pair guards nothing."""
    with pytest.raises(KeyNotExistError):
        make(wrapping, guard=2)


def test_officers_make(wrapping):
    """Making and enabling want an officer, using does not."""
    caller = wrapping.user()
    orders = (KeyOrder("", ""),)
    for request in (
        EnableWrapping(),
        ListWrappingKeys(),
        MakeWrappedKeys(KeyUsage.SIGN, WrappedPurpose.USE, orders, None, 1, b""),
        RewrapKeys((b"",)),
        RevokeWrappedKeys((bytes(16),)),
    ):
        with pytest.raises(OfficerRequiredError):
            caller.call(request)


def test_wrapping_is_enabled_first(one_key):
    """Before that nothing is made."""
    with pytest.raises(StepError):
        make(one_key)


def test_no_right_to_the_guard(wrapping):
    """Without the right to the guarding index, or after it ended, nothing is signed."""
    [wrapped] = make(wrapping)
    with pytest.raises(AccessDeniedError):
        wrapping.session().call(WrappedSign(wrapped, E))
    caller = wrapping.user()
    sign(caller, wrapped)
    wrapping.officer().call(ResetPassword(1, b""))
    with pytest.raises(AccessDeniedError):
        caller.call(WrappedSign(wrapped, E))


def test_another_pair_at_the_guarding_index_guards_nothing(wrapping):
    """Whoever has a key made at the index later does not inherit the pairs."""
    [wrapped] = make(wrapping)
    wrapping.officer().call(DestroyKeys(1))
    wrapping.generate()
    with pytest.raises(AccessDeniedError):
        wrapping.user().call(WrappedSign(wrapped, E))


def test_guard_in_another_state(wrapping):
    """While the guard is suspended nothing is used; a compromised one lets open, and not sign, as its own would."""
    [signing] = make(wrapping)
    [decrypting] = make(wrapping, usage=KeyUsage.ENCRYPT)
    cipher = encrypt(PublicKey(read_wrapped_key(decrypting).public_key), b"plain")
    wrapping.officer().call(SuspendKey(1, KeyUsage.SIGN, "leave", None))
    for request in (WrappedSign(signing, E), WrappedDecrypt(decrypting, cipher)):
        with pytest.raises(KeyStateError):
            wrapping.user().call(request)
    wrapping.officer().call(ResumeKey(1, KeyUsage.SIGN, "back", None))
    sign(wrapping.user(), signing)
    wrapping.officer().call(ReportCompromise(1, KeyUsage.SIGN, "lost", None))
    with pytest.raises(KeyStateError):
        wrapping.user().call(WrappedSign(signing, E))
    assert wrapping.user().call(WrappedDecrypt(decrypting, cipher)).octets == b"plain"


def test_own_password(wrapping):
    """A pair with a password of its own is used after that was given, in that session alone."""
    [wrapped] = make(wrapping, guard=None, password=OWN)
    caller = wrapping.session()
    with pytest.raises(AccessDeniedError):
        caller.call(WrappedSign(wrapped, E))
    caller.call(GetWrappedRight(wrapped, OWN))
    sign(caller, wrapped)
    with pytest.raises(AccessDeniedError):
        wrapping.user().call(WrappedSign(wrapped, E))


def test_wrong_passwords_are_counted_inside(wrapping):
    """Tries are counted by a mark that exists only while there are wrong ones, and survives a power cut."""
    [wrapped] = make(wrapping, guard=None, password=OWN)
    caller = wrapping.session()
    with pytest.raises(AccessRightError, match="2 tries left"):
        caller.call(GetWrappedRight(wrapped, b"a wrong one"))
    wrapping.restart()
    caller = wrapping.session()
    assert caller.call(WrappedInfo(wrapped)).password_tries_left == 2
    caller.call(GetWrappedRight(wrapped, OWN))
    assert caller.call(WrappedInfo(wrapped)).password_tries_left == 3
    assert not wrapping.device.ready().store.all(KeyMarksRecord)


def test_password_locks_until_an_officer_unlocks(wrapping):
    """After the last wrong password the right one is refused as well; other pairs are not concerned."""
    wrapped, other = make(wrapping, 2, guard=None, password=OWN)
    caller = wrapping.session()
    for _ in range(wrapping.POLICY.password_tries):
        with pytest.raises(AccessRightError):
            caller.call(GetWrappedRight(wrapped, b"a wrong one"))
    wrapping.restart()
    caller = wrapping.session()
    with pytest.raises(PasswordLockedError):
        caller.call(GetWrappedRight(wrapped, OWN))
    caller.call(GetWrappedRight(other, OWN))
    wrapping.officer().call(UnlockWrappedKey(read_wrapped_key(wrapped).key_id))
    caller.call(GetWrappedRight(wrapped, OWN))


def test_killing_the_device_does_not_win_a_try(wrapping):
    """The try is on the disk before the password is judged."""
    [wrapped] = make(wrapping, guard=None, password=OWN)
    before = len(wrapping.storage.commits)

    def cut(_change, apply):
        apply()
        raise KeyboardInterrupt

    wrapping.storage.fault = cut
    with pytest.raises(KeyboardInterrupt):
        wrapping.session().call(GetWrappedRight(wrapped, OWN))
    wrapping.storage.fault = None
    assert len(wrapping.storage.commits) == before + 1
    assert wrapping.restart().session().call(WrappedInfo(wrapped)).password_tries_left == 2


def test_end_of_use(wrapping):
    """After ``not_after`` the device refuses the pair."""
    [wrapped] = make(wrapping, not_after=wrapping.now + 60_000_000)
    caller = wrapping.user()
    sign(caller, wrapped)
    wrapping.now += 61_000_000
    with pytest.raises(AccessDeniedError):
        caller.call(WrappedSign(wrapped, E))
    with pytest.raises(InputArgumentError):
        make(wrapping, not_after=wrapping.now - 1)


def test_revoked_pair_is_refused_for_ever(wrapping):
    """A revoked pair is refused although it opens, after a restart too, and is not wrapped anew."""
    wrapped, other = make(wrapping, 2)
    caller = wrapping.user()
    handle = caller.call(LoadWrapped(wrapped)).handle
    wrapping.officer().call(RevokeWrappedKeys((read_wrapped_key(wrapped).key_id,)))
    for request in (WrappedSign(wrapped, E), LoadedSign(handle, E)):
        with pytest.raises((AccessDeniedError, KeyNotExistError)):
            caller.call(request)
    wrapping.restart()
    with pytest.raises(AccessDeniedError):
        wrapping.user().call(WrappedSign(wrapped, E))
    assert wrapping.session().call(WrappedInfo(wrapped)).revoked == 1
    wrapping.officer().call(EnableWrapping())
    with pytest.raises(AccessDeniedError):
        wrapping.officer().call(RewrapKeys((wrapped,)))
    sign(wrapping.user(), other)


def test_wrapping_anew(wrapping):
    """Pairs wrapped anew are the same pairs; the old copies end with their wrapping key, and only those."""
    old = make(wrapping, 2)
    own = make(wrapping, 1, guard=None, password=OWN)
    officer = wrapping.officer()
    with pytest.raises(DeviceStateError):
        officer.call(RetireWrapping(1))
    officer.call(EnableWrapping())
    new = list(officer.call(RewrapKeys(tuple(old + own))).keys)
    assert [read_wrapped_key(k).key_id for k in new] == [read_wrapped_key(k).key_id for k in old + own]
    caller = wrapping.user()
    handle = caller.call(LoadWrapped(old[0])).handle
    sign(caller, old[0])
    sign(caller, new[0])
    officer.call(RetireWrapping(1))
    for request in (WrappedSign(old[0], E), LoadedSign(handle, E)):
        with pytest.raises((KeyFaultError, KeyNotExistError)):
            caller.call(request)
    sign(caller, new[1])
    caller.call(GetWrappedRight(new[2], OWN))
    sign(caller, new[2])
    assert [key.number for key in officer.call(ListWrappingKeys()).keys] == [2]
    officer.call(EnableWrapping())
    assert [key.number for key in officer.call(ListWrappingKeys()).keys] == [2, 3]


def test_another_device(wrapping, blank):
    """A pair of one device opens on no other, whatever its wrapping keys are numbered."""
    [wrapped] = make(wrapping)
    blank.randomness = 1_000_000
    blank.initialise().generate()
    blank.officer().call(EnableWrapping())
    with pytest.raises(KeyFaultError):
        blank.user().call(WrappedSign(wrapped, E))


def test_handle_belongs_to_its_session(wrapping):
    """A handle of one session names nothing in another, and gives no right."""
    [wrapped] = make(wrapping)
    handle = wrapping.session().call(LoadWrapped(wrapped)).handle
    with pytest.raises(KeyNotExistError):
        wrapping.user().call(LoadedSign(handle, E))
    stranger = wrapping.session()
    handle = stranger.call(LoadWrapped(wrapped)).handle
    with pytest.raises(AccessDeniedError):
        stranger.call(LoadedSign(handle, E))


def test_open_pairs_are_bounded(wrapping):
    """The pairs used longest ago fall out of memory; a handle of one says to load it again."""
    pairs = make(wrapping, 4)
    open_keys = OpenKeys(wrapping.device.ready().wrapping, most=2)
    wrapping.device._interior = wrapping.device._interior.__class__(
        **{
            name: getattr(wrapping.device._interior, name)
            for name in wrapping.device._interior.__slots__
            if name != "open_keys"
        },
        open_keys=open_keys,
    )
    caller = wrapping.user()
    handles = [caller.call(LoadWrapped(pair)).handle for pair in pairs]
    assert len(open_keys) == 2
    with pytest.raises(KeyNotExistError):
        caller.call(LoadedSign(handles[0], E))
    caller.call(LoadedSign(handles[3], E))
    sign(caller, pairs[0])


def entries(host):
    lines = host.officer().call(ReadAudit(1)).lines
    return [decode(AuditEntry, line.entry, what="entry") for line in lines]


def test_one_line_of_the_log_for_many_pairs(wrapping):
    """A bulk making is one line with number and digest of what was handed out; uses are a line a session."""
    made = make(wrapping, 50)
    [line] = [entry for entry in entries(wrapping) if entry.operation == "make-wrapped"]
    assert line.count == 50
    assert line.object == f"sign use under 1 sm3 {sm3(b''.join(made))[:16].hex()}"
    caller = wrapping.user()
    for wrapped in made:
        sign(caller, wrapped)
    caller.call(CloseSession())
    [line] = [entry for entry in entries(wrapping) if "wrapped sign" in entry.object]
    assert (line.operation, line.count) == ("used", 50)


def test_uses_are_counted_together(wrapping):
    """Uses are counted on the wrapping key before they happen: exact after a clean stop, never too low."""
    made = make(wrapping, 3)
    caller = wrapping.user()
    for wrapped in made * 5:
        sign(caller, wrapped)
    caller.call(WrappedSignBatch(made[0], E * 10))
    wrapping.restart()
    [key] = wrapping.officer().call(ListWrappingKeys()).keys
    assert key.made == 3
    assert 25 <= key.uses <= 25 + 2 * wrapping.reserve
    wrapping.user().call(WrappedSign(made[0], E))
    wrapping.restart(clean=True)
    [again] = wrapping.officer().call(ListWrappingKeys()).keys
    assert again.uses == key.uses + 1


def test_wrong_signature_is_kept_back(wrapping, monkeypatch):
    """A signature that does not verify goes nowhere, and the device into its error state."""
    [wrapped] = make(wrapping)
    caller = wrapping.user()
    wrong = caller.call(WrappedSign(wrapped, E)).signature
    monkeypatch.setattr("hsm_sim.checked_signing.sign_digest", lambda key, digest: wrong)
    with pytest.raises(SigningError):
        caller.call(WrappedSign(wrapped, bytes(32)))
    with pytest.raises(HardwareError):
        caller.call(WrappedSign(wrapped, E))


def test_pairwise_test_fails(wrapping, monkeypatch):
    """A pair whose halves do not fit together is not handed out, and nothing is logged as made."""
    monkeypatch.setattr("hsm_sim.self_test.sign_digest", lambda key, digest: b"\x30\x06\x02\x01\x01\x02\x01\x01")
    with pytest.raises(SigningError):
        make(wrapping)
    assert not [
        entry for entry in entries(wrapping) if entry.operation == "make-wrapped" and not entry.return_code
    ]


def test_access_is_asked_again_after_reopening_the_session(wrapping):
    """The right to a guard ends with the session."""
    [wrapped] = make(wrapping)
    caller = wrapping.user()
    caller.close()
    with pytest.raises(AccessDeniedError):
        caller.call(WrappedSign(wrapped, E))
    caller.call(GetAccessRight(1, wrapping.PASSWORD))
    sign(caller, wrapped)
