"""The signer over pairs that are kept outside, against a device behind a real socket."""

import os

import pytest

from crypto import DEFAULT_USER_ID, Signer, encrypt, sign_message, verify, verify_many
from hsm_sim.client import KeyStoreClient
from hsm_sim.model import KeyUsage
from hsm_sim.return_codes import (
    AccessDeniedError,
    AccessRightError,
    KeyFaultError,
    PasswordLockedError,
)
from hsm_sim.wrapped_calls import BATCH
from hsm_sim.wrapped_key import read_wrapped_key
from hsm_sim.wrapped_key_commands import MAX_MADE, KeyOrder
from hsm_sim.wrapped_signer import WrappedKeyAccess

E = bytes(range(32))
OWN = b"a password of its own"


@pytest.fixture
def client(served):
    with KeyStoreClient(served.path, seconds=10, reconnect_seconds=1) as made:
        with made.officer(served.host.OFFICER) as officer:
            officer.enable_wrapping()
        yield made


@pytest.fixture
def make(served, client):
    def make(count=1, **given):
        given = given or {"guard": 1}
        with client.officer(served.host.OFFICER) as officer:
            return officer.make_wrapped_keys(KeyUsage.SIGN, [KeyOrder("", str(n)) for n in range(count)], **given)

    return make


@pytest.fixture
def access(served, client):
    with WrappedKeyAccess(client, served.host.PASSWORD, guard=1) as made:
        yield made


def test_it_is_a_signer(make, access):
    """It does what ``crypto.Signer`` promises, for every pair under the same guard."""
    for wrapped in make(3):
        fits: Signer = access.signer(wrapped)
        signature = sign_message(fits, "电子印章".encode(), user_id=DEFAULT_USER_ID)
        verify(fits.public_key, "电子印章".encode(), signature, user_id=DEFAULT_USER_ID)
        assert fits.public_key.point == read_wrapped_key(wrapped).public_key
        assert wrapped.hex() not in repr(fits)


@pytest.mark.parametrize("count", [0, 1, BATCH + 1])
def test_batches_of_any_length(make, access, count):
    """Batches are cut into requests; every signature is there, in order."""
    signer = access.signer(make()[0])
    digests = [os.urandom(32) for _ in range(count)]
    signatures = signer.sign_digests(digests)
    assert all(verify_many([(signer.public_key, e, s) for e, s in zip(digests, signatures, strict=True)]))


def test_more_pairs_than_one_request_makes(make):
    """Makings are cut into requests; pairs come in the order of the orders."""
    made = [read_wrapped_key(wrapped) for wrapped in make(MAX_MADE + 2)]
    assert [each.owner for each in made] == [str(n) for n in range(MAX_MADE + 2)]
    assert len({each.key_id for each in made}) == len(made)


def test_restart_is_survived(served, make, access):
    """A device that is started anew is found again, and the right taken anew."""
    signer = access.signer(make()[0])
    signer.sign_digest(E)
    served.restart()
    signer.sign_digest(E)


def test_password_of_its_own(client, make):
    """Access to one pair by its password; a refused one is not tried again on further sessions."""
    [wrapped] = make(password=OWN)
    with WrappedKeyAccess(client, OWN, wrapped=wrapped) as access:
        access.signer(wrapped).sign_digest(E)
        assert "password" not in repr(access)
    with pytest.raises(AccessRightError):
        WrappedKeyAccess(client, b"a wrong one", wrapped=wrapped)
    with client.open_session() as session:
        assert session.wrapped_info(wrapped).password_tries_left == 2
        for _ in range(2):
            with pytest.raises(AccessRightError):
                session.get_wrapped_right(wrapped, b"a wrong one")
    with pytest.raises(PasswordLockedError):
        WrappedKeyAccess(client, OWN, wrapped=wrapped)


def test_access_to_one_pair_is_none_to_another(client, make):
    """The right to one pair gives none to its neighbour."""
    wrapped, other = make(2, password=OWN)
    with WrappedKeyAccess(client, OWN, wrapped=wrapped) as access, pytest.raises(AccessDeniedError):
        access.signer(other).sign_digest(E)


def test_octets_that_are_no_pair(access):
    """A register that gives back something else is noticed before anything is asked."""
    with pytest.raises(KeyFaultError):
        access.signer(b"something else")
    with pytest.raises(ValueError, match="guard"):
        WrappedKeyAccess(access._client, b"")


def test_handles_and_life(served, client, make, access):
    """Loading, wrapping anew, revoking and decrypting through the client."""
    with client.officer(served.host.OFFICER) as officer:
        [decrypting] = officer.make_wrapped_keys(KeyUsage.ENCRYPT, [KeyOrder("", "")], guard=1)
        [wrapped] = make()

        def use(session):
            loaded = session.load_wrapped(wrapped)
            signed = [session.sign_loaded(loaded.handle, E)]
            session.sign_digests_loaded(loaded.handle, [E, E], signed)
            session.unload_wrapped(loaded.handle)
            cipher = encrypt(access.signer(decrypting).public_key, b"plain")
            return signed, session.decrypt_wrapped(decrypting, cipher)

        signed, plain = access.run(use)
        key = access.signer(wrapped).public_key
        assert all(verify_many([(key, E, each) for each in signed]))
        assert plain == b"plain"
        officer.enable_wrapping()
        [anew] = officer.rewrap([wrapped])
        assert [each.made for each in officer.wrapping_keys()] == [2, 1]
        officer.retire_wrapping(1)
        with pytest.raises(KeyFaultError):
            access.signer(wrapped).sign_digest(E)
        access.signer(anew).sign_digest(E)
        officer.revoke_wrapped([read_wrapped_key(anew).key_id])
        with pytest.raises(AccessDeniedError):
            access.signer(anew).sign_digest(E)
        officer.unlock_wrapped(bytes(16))
        assert officer.releases() == ()
