"""How an escrowed pair leaves the device, and that it goes to another recipient only as two officers say."""

from dataclasses import replace

import pytest

from crypto import PrivateKey, PublicKey
from formats.gbt35276 import open_enveloped_key, read_enveloped_key
from hsm_sim.commands import GetAccessRight
from hsm_sim.management import AddOfficer, OfficerCredential, OfficerLogin
from hsm_sim.model import KeyUsage
from hsm_sim.return_codes import (
    AccessDeniedError,
    DeviceStateError,
    InputArgumentError,
    KeyExistsError,
    KeyNotExistError,
    OfficerRequiredError,
    PublicKeyOperationError,
)
from hsm_sim.wrapped_key import ReleasePurpose, WrappedPurpose, read_wrapped_key
from hsm_sim.wrapped_key_commands import (
    ApproveRelease,
    EnableWrapping,
    EnvelopeWrapped,
    KeyOrder,
    ListReleases,
    MakeWrappedKeys,
    RequestRelease,
    RevokeWrappedKeys,
    WithdrawRelease,
)

LI = OfficerCredential("li", b"another secret")
WANG = OfficerCredential("wang", b"a third secret")
GROUNDS = bytes(range(32))
RELEASE = b"release 00000001"
FIRST, SECOND = PrivateKey.generate(), PrivateKey.generate()
TO_FIRST, TO_SECOND = FIRST.public_key.point, SECOND.public_key.point


@pytest.fixture
def escrow(one_key):
    """A device with an escrowed pair guarded by index 1 and three officers."""
    officer = one_key.officer()
    officer.call(AddOfficer(LI))
    officer.call(AddOfficer(WANG))
    officer.call(EnableWrapping())
    orders = (KeyOrder("", "pool"),)
    asked = MakeWrappedKeys(KeyUsage.ENCRYPT, WrappedPurpose.ESCROW, orders, None, 1, b"")
    [one_key.wrapped] = officer.call(asked).keys
    return one_key


def officer(host, who):
    caller = host.session()
    caller.call(OfficerLogin(who))
    return caller


def envelope(host, recipient, wrapped=None):
    return host.user().call(EnvelopeWrapped(wrapped or host.wrapped, recipient)).octets


def asked(host, **given):
    request = RequestRelease(RELEASE, ReleasePurpose.OWNER, host.wrapped, TO_SECOND, GROUNDS, 3600)
    return replace(request, **given)


def approval(host, **given):
    return replace(ApproveRelease(RELEASE, read_wrapped_key(host.wrapped).key_id, TO_SECOND, GROUNDS), **given)


def holds_the_pair(host, enveloped, recipient):
    key = open_enveloped_key(read_enveloped_key(enveloped), recipient)
    return key.public_key == PublicKey(read_wrapped_key(host.wrapped).public_key)


def test_first_recipient_needs_no_officer(escrow):
    """The service with the right to the guard hands a pair out, and may do so again to the same key."""
    assert holds_the_pair(escrow, envelope(escrow, TO_FIRST), FIRST)
    escrow.restart()
    assert holds_the_pair(escrow, envelope(escrow, TO_FIRST), FIRST)


def test_second_recipient_is_refused(escrow):
    """Without a release a pair goes to no other key, however it is brought."""
    envelope(escrow, TO_FIRST)
    escrow.restart()
    with pytest.raises(AccessDeniedError):
        envelope(escrow, TO_SECOND)


def test_no_right_to_the_guard(escrow):
    """Without the right to the guarding index nothing leaves, with or without officers."""
    with pytest.raises(AccessDeniedError):
        officer(escrow, LI).call(EnvelopeWrapped(escrow.wrapped, TO_FIRST))


def test_two_officers_release(escrow):
    """One asks, another approves; then the pair belongs to the new key, also after the release has ended."""
    envelope(escrow, TO_FIRST)
    officer(escrow, LI).call(asked(escrow))
    with pytest.raises(AccessDeniedError):
        envelope(escrow, TO_SECOND)
    escrow.restart()
    told = officer(escrow, WANG).call(approval(escrow))
    assert (told.requested_by, told.approved_by) == ("li", "wang")
    assert holds_the_pair(escrow, envelope(escrow, TO_SECOND), SECOND)
    escrow.now += 3_700_000_000
    assert holds_the_pair(escrow, envelope(escrow, TO_SECOND), SECOND)
    with pytest.raises(AccessDeniedError):
        envelope(escrow, TO_FIRST)


def test_judicial_release_leaves_the_owner(escrow):
    """What a court is given changes nothing for the owner, and ends with the release."""
    envelope(escrow, TO_FIRST)
    officer(escrow, LI).call(asked(escrow, purpose=ReleasePurpose.JUDICIAL))
    officer(escrow, WANG).call(approval(escrow))
    for _ in range(2):
        assert holds_the_pair(escrow, envelope(escrow, TO_SECOND), SECOND)
    envelope(escrow, TO_FIRST)
    [told] = officer(escrow, LI).call(ListReleases()).releases
    assert told.deliveries == 2
    escrow.now += 3_700_000_000
    with pytest.raises(AccessDeniedError):
        envelope(escrow, TO_SECOND)
    envelope(escrow, TO_FIRST)


def test_one_officer_is_not_two(escrow):
    """The officer who asked cannot approve, in another session neither."""
    envelope(escrow, TO_FIRST)
    officer(escrow, LI).call(asked(escrow))
    with pytest.raises(AccessDeniedError):
        officer(escrow, LI).call(approval(escrow))
    with pytest.raises(AccessDeniedError):
        envelope(escrow, TO_SECOND)


def test_without_officers(escrow):
    """An application can neither ask nor approve, nor look."""
    envelope(escrow, TO_FIRST)
    caller = escrow.user()
    for request in (asked(escrow), approval(escrow), WithdrawRelease(RELEASE), ListReleases()):
        with pytest.raises(OfficerRequiredError):
            caller.call(request)


@pytest.mark.parametrize("other", [{"recipient": TO_FIRST}, {"grounds": bytes(32)}, {"key_id": bytes(16)}])
def test_approval_says_what_is_approved(escrow, other):
    """An approval for another recipient, pair or other grounds approves nothing."""
    envelope(escrow, TO_FIRST)
    officer(escrow, LI).call(asked(escrow))
    with pytest.raises(InputArgumentError):
        officer(escrow, WANG).call(approval(escrow, **other))
    with pytest.raises(AccessDeniedError):
        envelope(escrow, TO_SECOND)


def test_release_ends_by_itself(escrow):
    """After its time a release can neither be approved nor used, and its identifier is free again."""
    envelope(escrow, TO_FIRST)
    officer(escrow, LI).call(asked(escrow))
    escrow.now += 3_700_000_000
    with pytest.raises(KeyNotExistError):
        officer(escrow, WANG).call(approval(escrow))
    officer(escrow, LI).call(asked(escrow))
    officer(escrow, WANG).call(approval(escrow))
    escrow.now += 3_700_000_000
    with pytest.raises(AccessDeniedError):
        envelope(escrow, TO_SECOND)


def test_release_can_be_withdrawn(escrow):
    """Any officer takes a release back, approved or not."""
    envelope(escrow, TO_FIRST)
    officer(escrow, LI).call(asked(escrow))
    officer(escrow, WANG).call(approval(escrow))
    officer(escrow, LI).call(WithdrawRelease(RELEASE))
    with pytest.raises(AccessDeniedError):
        envelope(escrow, TO_SECOND)
    with pytest.raises(KeyNotExistError):
        officer(escrow, LI).call(WithdrawRelease(RELEASE))


def test_asking_again_changes_nothing(escrow):
    """The same request and the same approval give the same release; another one under its identifier is refused."""
    envelope(escrow, TO_FIRST)
    first = officer(escrow, LI).call(asked(escrow))
    assert officer(escrow, LI).call(asked(escrow)) == first
    for other in ({"grounds": bytes(32)}, {"recipient": PrivateKey.generate().public_key.point}):
        with pytest.raises(KeyExistsError):
            officer(escrow, LI).call(asked(escrow, **other))
    with pytest.raises(KeyExistsError):
        officer(escrow, WANG).call(asked(escrow))
    approved = officer(escrow, WANG).call(approval(escrow))
    assert officer(escrow, WANG).call(approval(escrow)) == approved
    with pytest.raises(DeviceStateError):
        officer(escrow, escrow.OFFICER).call(approval(escrow))


def test_what_takes_no_release(escrow):
    """A pair that nobody has, or that this very key has, is not released."""
    with pytest.raises(DeviceStateError):
        officer(escrow, LI).call(asked(escrow))
    envelope(escrow, TO_SECOND)
    with pytest.raises(DeviceStateError):
        officer(escrow, LI).call(asked(escrow))


def test_revoked_pair_does_not_leave(escrow):
    """A revoked pair is handed to nobody, and no release is asked for."""
    envelope(escrow, TO_FIRST)
    escrow.officer().call(RevokeWrappedKeys((read_wrapped_key(escrow.wrapped).key_id,)))
    with pytest.raises(AccessDeniedError):
        envelope(escrow, TO_FIRST)
    with pytest.raises(AccessDeniedError):
        officer(escrow, LI).call(asked(escrow))


@pytest.mark.parametrize("point", [bytes(65), b"\x04" + bytes(63) + b"\x01"])
def test_recipient_must_be_a_point(escrow, point):
    """What is no point of the curve gets an answer, and the pair stays unassigned."""
    with pytest.raises(PublicKeyOperationError):
        envelope(escrow, point)
    assert holds_the_pair(escrow, envelope(escrow, TO_FIRST), FIRST)


def test_other_pairs_do_not_leave(escrow):
    """A pair to decrypt with is not enveloped."""
    orders = (KeyOrder("", ""),)
    made = MakeWrappedKeys(KeyUsage.ENCRYPT, WrappedPurpose.USE, orders, None, 1, b"")
    [wrapped] = escrow.officer().call(made).keys
    with pytest.raises(AccessDeniedError):
        envelope(escrow, TO_FIRST, wrapped)


@pytest.mark.parametrize("kept", [False, True])
def test_recipient_is_written_down_first(escrow, kept):
    """If writing fails nothing leaves; whether it was kept or lost, the pair can then go to one key only."""

    def fail(_change, apply):
        if kept:
            apply()
        raise KeyboardInterrupt

    caller = escrow.session()
    caller.call(GetAccessRight(1, escrow.PASSWORD))
    escrow.storage.fault = fail
    with pytest.raises(KeyboardInterrupt):
        caller.call(EnvelopeWrapped(escrow.wrapped, TO_FIRST))
    escrow.storage.fault = None
    escrow.restart()
    assert holds_the_pair(escrow, envelope(escrow, TO_FIRST), FIRST)
    with pytest.raises(AccessDeniedError):
        envelope(escrow, TO_SECOND)
