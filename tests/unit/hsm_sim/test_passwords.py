"""Passwords of indexes and secrets of officers."""

import pytest

from hsm_sim.commands import ChangePassword, ExportPublicKey, GetAccessRight, InternalSign
from hsm_sim.management import (
    AddOfficer,
    ChangeOfficerSecret,
    GenerateKeyPair,
    OfficerCredential,
    OfficerLogin,
    OfficerLogout,
    RemoveOfficer,
    ResetPassword,
    UnlockOfficer,
)
from hsm_sim.model import KeyUsage
from hsm_sim.records import PasswordRecord
from hsm_sim.return_codes import (
    AccessDeniedError,
    AccessRightError,
    DeviceStateError,
    InputArgumentError,
    KeyExistsError,
    OfficerLockedError,
    OfficerRequiredError,
    OfficerSecretError,
    PasswordLockedError,
)

E = bytes(32)
WRONG = b"a wrong one"


def tries_left(host) -> int:
    return host.session().call(ExportPublicKey(1, KeyUsage.SIGN)).password_tries_left


def test_wrong_passwords_lock_the_index(one_key):
    """Three wrong ones in a row lock it: then the right one is refused too, also after a restart."""
    caller = one_key.session()
    for left in (2, 1, 0):
        with pytest.raises(AccessRightError):
            caller.call(GetAccessRight(1, WRONG))
        assert tries_left(one_key) == left
    with pytest.raises(PasswordLockedError):
        caller.call(GetAccessRight(1, one_key.PASSWORD))
    one_key.restart()
    with pytest.raises(PasswordLockedError):
        one_key.user()


def test_right_password_gives_all_tries_back(one_key):
    """Only wrong ones in a row count."""
    caller = one_key.session()
    for _ in range(3):
        for _ in range(2):
            with pytest.raises(AccessRightError):
                caller.call(GetAccessRight(1, WRONG))
        caller.call(GetAccessRight(1, one_key.PASSWORD))
        assert tries_left(one_key) == 3


def test_try_is_on_the_disk_before_it_is_judged(one_key, monkeypatch):
    """A device that dies while it judges a password has spent the try."""

    class PowerCutError(BaseException):
        pass

    def dies(protection, record, password):
        raise PowerCutError

    for left in (2, 1, 0):
        with monkeypatch.context() as patch, pytest.raises(PowerCutError):
            patch.setattr("hsm_sim.protection.Protection.is_password", dies)
            one_key.user()
        one_key.restart()
        assert tries_left(one_key) == left
    with pytest.raises(PasswordLockedError):
        one_key.user()


@pytest.mark.parametrize("password", [b"", b"1234567"])
def test_short_password_costs_no_try(one_key, password):
    """Fewer than 8 octets cannot be the password: a bad argument."""
    with pytest.raises(InputArgumentError):
        one_key.user(password=password)
    assert tries_left(one_key) == 3


def test_officer_unlocks(one_key):
    """An officer gives the tries back, with the same password or a new one; rights given before end."""
    holder = one_key.user()
    for _ in range(3):
        with pytest.raises(AccessRightError):
            one_key.user(password=WRONG)
    officer = one_key.officer()
    officer.call(ResetPassword(1, b""))
    with pytest.raises(AccessDeniedError):
        holder.call(InternalSign(1, E))
    one_key.user().call(InternalSign(1, E))
    officer.call(ResetPassword(1, b"password 2"))
    assert one_key.storage.commits[-1].erases
    with pytest.raises(AccessRightError):
        one_key.user()
    one_key.user(password=b"password 2").call(InternalSign(1, E))
    with pytest.raises(InputArgumentError):
        officer.call(ResetPassword(1, b"short"))
    with pytest.raises(OfficerRequiredError):
        one_key.user(password=b"password 2").call(ResetPassword(1, b""))


def test_user_changes_the_password(one_key):
    """With the old password; a wrong one counts; every right to the index ends."""
    holder, caller = one_key.user(), one_key.session()
    with pytest.raises(AccessRightError):
        caller.call(ChangePassword(1, WRONG, b"password 2"))
    assert tries_left(one_key) == 2
    with pytest.raises(InputArgumentError):
        caller.call(ChangePassword(1, one_key.PASSWORD, b"short"))
    caller.call(ChangePassword(1, one_key.PASSWORD, b"password 2"))
    with pytest.raises(AccessDeniedError):
        holder.call(InternalSign(1, E))
    with pytest.raises(AccessRightError):
        one_key.user()
    one_key.restart()
    one_key.user(password=b"password 2").call(InternalSign(1, E))


def test_equal_passwords_are_stored_differently(host):
    """The same password at two indexes leaves nothing equal in the store."""
    host.generate(1)
    host.generate(2)
    records = [host.device.ready().store.get(PasswordRecord, n.to_bytes(4, "big")) for n in (1, 2)]
    assert records[0].salt != records[1].salt
    assert records[0].wrapped_verifier != records[1].wrapped_verifier


def test_officer_login_and_logout(host):
    """The officer belongs to one session, until logout."""
    first, second = host.officer(), host.session()
    make = GenerateKeyPair(1, KeyUsage.SIGN, "", None, host.PASSWORD)
    with pytest.raises(OfficerRequiredError):
        second.call(make)
    first.call(OfficerLogout())
    with pytest.raises(OfficerRequiredError):
        first.call(make)
    with pytest.raises(OfficerRequiredError):
        first.call(OfficerLogout())


def test_unknown_officer_and_wrong_secret_look_the_same(host):
    """Who guesses names learns nothing, and a failed login ends the login before it."""
    caller = host.officer()
    replies = []
    for officer in (OfficerCredential("nobody", WRONG), OfficerCredential("zhang", WRONG)):
        with pytest.raises(OfficerSecretError):
            caller.call(OfficerLogin(officer))
        replies.append(host.replies[-1][12:])
    assert replies[0] == replies[1]
    with pytest.raises(OfficerRequiredError):
        caller.call(OfficerLogout())


def test_wrong_secrets_lock_the_officer(host):
    """Three wrong ones lock; another officer unlocks, and so does a start with the right secret."""
    li = OfficerCredential("li", b"another secret")
    host.officer().call(AddOfficer(li))
    caller = host.session()
    for _ in range(3):
        with pytest.raises(OfficerSecretError):
            caller.call(OfficerLogin(OfficerCredential("zhang", WRONG)))
    with pytest.raises(OfficerLockedError):
        host.officer()
    other = host.session()
    other.call(OfficerLogin(li))
    other.call(UnlockOfficer("zhang"))
    host.officer()
    for _ in range(3):
        with pytest.raises(OfficerSecretError):
            caller.call(OfficerLogin(OfficerCredential("zhang", WRONG)))
    host.restart()
    host.officer()


def test_officers_come_and_go(host):
    """An added officer opens the store; a removed one does not, at once; the last one stays."""
    li = OfficerCredential("li", b"another secret")
    zhang = host.officer()
    zhang.call(AddOfficer(li))
    with pytest.raises(KeyExistsError):
        zhang.call(AddOfficer(li))
    other = host.session()
    other.call(OfficerLogin(li))
    other.call(RemoveOfficer("zhang"))
    with pytest.raises(OfficerRequiredError):
        zhang.call(AddOfficer(OfficerCredential("wang", b"third secret")))
    with pytest.raises(DeviceStateError):
        other.call(RemoveOfficer("li"))
    with pytest.raises(InputArgumentError):
        other.call(RemoveOfficer("zhang"))
    with pytest.raises(OfficerSecretError):
        host.restart()
    host.device = host.new_device()
    host.device.open(li)


def test_officer_changes_the_secret(host):
    """The new secret opens the store and the old one does not; the keys stay."""
    host.generate()
    host.officer().call(ChangeOfficerSecret(b"a newer secret"))
    assert host.storage.commits[-1].erases
    with pytest.raises(OfficerSecretError):
        host.restart()
    host.device = host.new_device()
    host.device.open(OfficerCredential("zhang", b"a newer secret"))
    assert host.device.ready().keys.record(1, KeyUsage.SIGN)


def test_officer_keeps_a_usable_secret(host):
    """A secret that breaks the rules is not taken, and the old one stays."""
    officer = host.officer()
    for secret in (b"short", b"two lines\nof text", b""):
        with pytest.raises(InputArgumentError):
            officer.call(ChangeOfficerSecret(secret))
    host.officer()
