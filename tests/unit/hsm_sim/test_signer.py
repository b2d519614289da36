"""``KeyStoreSigner``, ``KeyStoreClient`` and the pool, against a server in this process."""

import os
import threading
import time

import pytest

from crypto import (
    DEFAULT_USER_ID,
    KeyStoreError,
    PublicKey,
    Signer,
    encrypt,
    sign_message,
    verify,
    verify_many,
)
from hsm_sim.client import KeyStoreClient
from hsm_sim.connection import Connection
from hsm_sim.frames import Frame, FrameKind
from hsm_sim.management import DestroyKeys, DevicePolicy, OfficerCredential
from hsm_sim.model import DeviceState, KeyUsage
from hsm_sim.return_codes import (
    AccessDeniedError,
    AccessRightError,
    CommunicationError,
    DeviceStateError,
    InputArgumentError,
    KeyFaultError,
    KeyNotExistError,
    OfficerSecretError,
    OpenDeviceError,
    PasswordLockedError,
    StoreIntegrityError,
    UseLimitError,
    VerificationError,
)
from hsm_sim.server import bind
from hsm_sim.session_pool import SessionPool
from hsm_sim.signer import KeyStoreSigner
from hsm_sim.wrapped_calls import BATCH

E = bytes(range(32))


@pytest.fixture
def client(served):
    with KeyStoreClient(served.path, seconds=10, reconnect_seconds=1) as made:
        yield made


@pytest.fixture
def signer(served, client):
    with KeyStoreSigner(client, 1, served.host.PASSWORD, client.public_key(1), reconnect_seconds=3) as made:
        yield made


def test_it_is_a_signer(signer):
    """It does what ``crypto.Signer`` promises, and its signatures verify under the registered key."""
    fits: Signer = signer
    signature = sign_message(fits, "电子证照".encode(), user_id=DEFAULT_USER_ID)
    verify(signer.public_key, "电子证照".encode(), signature, user_id=DEFAULT_USER_ID)
    assert signer.index == 1
    assert "password" not in repr(signer)


@pytest.mark.parametrize("count", [0, 1, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH + 7])
def test_batches_of_any_length(signer, client, count):
    """Batches are cut into requests; every signature is there, in order, and counted once."""
    digests = [os.urandom(32) for _ in range(count)]
    signatures = signer.sign_digests(digests)
    assert len(signatures) == count
    assert all(verify_many([(signer.public_key, e, s) for e, s in zip(digests, signatures, strict=True)]))
    assert client.key_info(1).uses == count


def test_other_key_at_the_index_is_noticed(served, client, signer):
    """On activation, and again on every new session, the exported key must be the registered one."""
    other = PublicKey(served.host.generate(2).public_key)
    with pytest.raises(KeyFaultError):
        KeyStoreSigner(client, 1, served.host.PASSWORD, other)
    assert client.key_info(1).password_tries_left == 3
    served.host.officer().call(DestroyKeys(1))
    served.host.generate(1)
    with pytest.raises(AccessDeniedError):
        signer.sign_digest(E)  # the old session's right has ended
    served.restart()
    with pytest.raises(KeyFaultError):
        signer.sign_digest(E)


def test_restart_is_survived(served, signer):
    """A device that is started anew is found again, the right is taken anew, and no signature is missing."""
    assert signer.sign_digest(E)
    served.restart()
    assert signer.sign_digest(E)
    served.restart()
    assert len(signer.sign_digests([E] * (BATCH + 1))) == BATCH + 1


def test_patience_ends(served, signer):
    """When nobody comes back, the error is told after the patience is spent; it is a KeyStoreError."""
    served.stop()
    with KeyStoreClient(served.path, reconnect_seconds=0.2) as impatient:
        begun = time.monotonic()
        with pytest.raises(OpenDeviceError):
            impatient.device_info()
        assert 0.2 <= time.monotonic() - begun < 5
    signer._pool._reconnect_seconds = 0
    with pytest.raises(KeyStoreError):
        signer.sign_digest(E)


def test_refused_password_is_not_tried_again(served, client, signer):
    """After the password was changed elsewhere, one try is spent and no more, however often signing is asked."""
    with client.open_session() as session:
        session.change_password(1, served.host.PASSWORD, b"password 2")
    with pytest.raises(AccessDeniedError):
        signer.sign_digest(E)
    served.restart()
    for _ in range(5):
        with pytest.raises(AccessRightError):
            signer.sign_digest(E)
    assert client.key_info(1).password_tries_left == 2
    with pytest.raises(AccessRightError):
        KeyStoreSigner(client, 1, b"a wrong one", client.public_key(1))
    with pytest.raises(AccessRightError):
        KeyStoreSigner(client, 1, b"a wrong one", client.public_key(1))
    with pytest.raises(PasswordLockedError):
        KeyStoreSigner(client, 1, b"password 2", client.public_key(1))


def test_many_threads_sign(signer, client):
    """Threads share a few sessions; every signature is right."""
    digests = [os.urandom(32) for _ in range(96)]
    signatures: dict[bytes, bytes] = {}

    def sign(part) -> None:
        for digest in part:
            signatures[digest] = signer.sign_digest(digest)

    threads = [threading.Thread(target=sign, args=(digests[n::12],)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(verify_many([(signer.public_key, e, s) for e, s in signatures.items()]))
    assert len(signatures) == client.key_info(1).uses == 96


def test_use_limit_in_the_middle_of_a_batch(served, client):
    """What was signed before the limit is counted, the rest refused, and the signer goes on telling why."""
    made = served.host.generate(2, use_limit=BATCH + 10)
    with KeyStoreSigner(client, 2, served.host.PASSWORD, PublicKey(made.public_key)) as signer:
        with pytest.raises(UseLimitError):
            signer.sign_digests([E] * (3 * BATCH))
        assert client.key_info(2).uses == BATCH
        assert len(signer.sign_digests([E] * 10)) == 10
        with pytest.raises(UseLimitError):
            signer.sign_digest(E)


def test_wrong_digest_length_is_told(signer):
    """Too long does not leave the client; too short is refused by the device. Neither ends the session."""
    for digest in (bytes(33), bytes(31)):
        with pytest.raises(InputArgumentError):
            signer.sign_digest(digest)
    assert signer.sign_digest(E)


def test_closed_signer_signs_no_more(signer):
    """After close the password is forgotten and nothing is signed."""
    signer.close()
    assert not signer._password
    with pytest.raises(CommunicationError):
        signer.sign_digest(E)


def test_public_operations(served, client):
    """Everything a client may ask without a right."""
    info = client.device_info()
    assert info.state is DeviceState.READY
    assert len(client.random(100)) == 100
    assert [(key.index, key.usage) for key in client.list_keys()] == [(1, KeyUsage.SIGN)]
    with pytest.raises(KeyNotExistError):
        client.public_key(9)
    with client.open_session() as session:
        session.get_access_right(1, served.host.PASSWORD)
        signature = session.sign_digest(1, E)
        session.release_access_right(1)
        with pytest.raises(AccessDeniedError):
            session.sign_digest(1, E)
    client.verify_digest(1, E, signature)
    with pytest.raises(VerificationError):
        client.verify_digest(1, bytes(32), signature)
    with pytest.raises(DeviceStateError):
        client.initialise((OfficerCredential("li", b"another secret"),), DevicePolicy())


def test_officers_session(served, client):
    """Management from outside: make, name, lock, unlock, destroy, officers, log."""
    host = served.host
    with client.officer(host.OFFICER) as officer:
        made = officer.generate_key_pair(3, KeyUsage.SIGN, password=b"password 3", label="三", use_limit=5)
        pair = officer.generate_key_pair(3, KeyUsage.ENCRYPT)
        assert client.list_keys()[1:] == [made, pair]
        officer.set_label(3, KeyUsage.SIGN, "叁")
        assert client.key_info(3).label == "叁"
        with client.open_session() as session:
            for _ in range(3):
                with pytest.raises(AccessRightError):
                    session.get_access_right(3, b"a wrong one")
            officer.unlock_password(3)
            session.get_access_right(3, b"password 3")
            assert session.decrypt(3, encrypt(PublicKey(pair.public_key), b"text")) == b"text"
            officer.reset_password(3, b"password 4")
            session.get_access_right(3, b"password 4")
        officer.add_officer(OfficerCredential("li", b"another secret"))
        officer.unlock_officer("li")
        officer.change_secret(b"a newer secret")
        officer.remove_officer("li")
        officer.self_test()
        officer.destroy_keys(3)
        log = officer.audit_log()
        assert [entry.sequence for entry in log] == list(range(1, len(log) + 1))
        assert log[-1].operation == "destroy-key"
        officer.logout()
    with pytest.raises(OfficerSecretError):
        client.officer(host.OFFICER).__enter__()
    assert len(client.list_keys()) == 1


def test_tampered_log_is_noticed_from_outside(served, client):
    """The reader of the log checks the chain itself."""
    host = served.host
    with client.officer(host.OFFICER) as officer:
        assert officer.audit_log()
        dropped = host.storage.log.pop(2)
        with pytest.raises(StoreIntegrityError):
            officer.audit_log()
        host.storage.log.insert(2, dropped)
        assert officer.audit_log()


def test_long_lists_and_logs_are_paged(served, client, monkeypatch):
    """More keys and entries than fit into one reply."""
    monkeypatch.setattr("hsm_sim.keys.MAX_KEY_PAGE", 2)
    monkeypatch.setattr("hsm_sim.device.MAX_AUDIT_PAGE", 2)
    for index in range(2, 6):
        served.host.generate(index)
    assert [key.index for key in client.list_keys()] == [1, 2, 3, 4, 5]
    with client.officer(served.host.OFFICER) as officer:
        assert len(officer.audit_log()) > 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_child_does_not_use_the_parents_sessions(signer):
    """A child opens its own; the parent's connection is not spoilt, and no reply goes to the wrong process."""
    assert signer.sign_digest(E)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if len(signer.sign_digest(E)) > 60 else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert signer.sign_digest(E)


class Pretender:
    """Something else that listens on the socket and answers what it likes."""

    def __init__(self, path, answer) -> None:
        self.listener = bind(path)
        self.answer = answer
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        connection, _ = self.listener.accept()
        with connection:
            while connection.recv(65536):
                octets = self.answer()
                if octets is None:
                    break
                connection.sendall(octets)
        self.listener.close()


@pytest.mark.parametrize(
    "octets",
    [
        b"junk that is no frame at all",
        Frame(FrameKind.REPLY, 1, 2, 0, b"").encode(),  # reply to another request
        Frame(FrameKind.REPLY, 9, 1, 0, b"").encode(),  # to another command
        Frame(FrameKind.REPLY, 1, 1, 0, b"\x00").encode(),  # whose body does not parse
        Frame(FrameKind.REQUEST, 1, 1, 0, b"").encode(),
        None,
    ],
    ids=["junk", "identifier", "command", "body", "kind", "silence"],
)
def test_nonsense_from_the_other_end(tmp_path, octets):
    """What is no reply to the request is a communication failure, whatever it is."""
    pretender = Pretender(tmp_path / "p.sock", lambda: octets)
    with pytest.raises(CommunicationError):
        Connection(tmp_path / "p.sock", name="test", seconds=5)
    pretender.thread.join(5)


def test_detail_from_the_other_end_is_cleaned(tmp_path):
    """Escape sequences and broken text in a refusal do not reach a terminal."""
    body = b"\x1b[31mred\xff\n" + b"x" * 1000
    pretender = Pretender(tmp_path / "p.sock", lambda: Frame(FrameKind.REPLY, 1, 1, 0x01000006, body).encode())
    with pytest.raises(KeyStoreError) as caught:
        Connection(tmp_path / "p.sock", name="test", seconds=5)
    pretender.thread.join(5)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 700


def test_pool_waits_for_a_place(served, client):
    """A pool of one lends its session to one thread at a time; a pool of none is refused."""
    pool = SessionPool(client.open_session, size=1, reconnect_seconds=0)
    order = []
    with pool.borrow() as session:
        thread = threading.Thread(target=lambda: pool.run(lambda other: order.append(other is session)))
        thread.start()
        order.append(None)
    thread.join(10)
    assert order == [None, True]
    pool.close()
    with pytest.raises(ValueError):
        SessionPool(client.open_session, size=0, reconnect_seconds=0)
