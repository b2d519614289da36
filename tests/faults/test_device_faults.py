"""A key store in service goes wrong on demand, and what stands above it does what is safe and no more."""

import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crypto import InvalidSignatureError, KeyStoreError, sign_message, verify_digest
from hsm_sim import (
    DevicePolicy,
    Fault,
    FaultKind,
    KeyStoreClient,
    KeyStoreProcess,
    KeyStoreSigner,
    KeyUsage,
    OfficerCredential,
    OfficerSession,
    ServiceSettings,
    initialise_key_store,
    start_key_store,
)
from hsm_sim.commands import Command, GenerateRandom
from hsm_sim.return_codes import (
    AccessDeniedError,
    CommunicationError,
    HardwareError,
    KeyExistsError,
    NoBufferError,
    NotSupportedError,
    OfficerRequiredError,
    OpenSessionError,
)

OFFICER = OfficerCredential("zhang", b"officer secret")
PASSWORD = b"password 1"
POLICY = DevicePolicy(secret_iterations=1000, password_iterations=1000)
E = bytes(range(32))


@pytest.fixture(scope="module")
def key_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyStoreProcess]:
    settings = ServiceSettings(tmp_path_factory.mktemp("ks"), reserve=0, allow_faults=True)
    initialise_key_store(settings, (OFFICER,), POLICY, stderr=subprocess.DEVNULL)
    with start_key_store(settings, OFFICER, stderr=subprocess.DEVNULL) as process:
        with process.client() as client, client.officer(OFFICER) as officer:
            officer.generate_key_pair(1, KeyUsage.SIGN, password=PASSWORD)
        yield process


@pytest.fixture
def client(key_store: KeyStoreProcess) -> Iterator[KeyStoreClient]:
    with key_store.client(seconds=20.0, reconnect_seconds=1.0) as client:
        yield client


@pytest.fixture
def impatient(key_store: KeyStoreProcess) -> Iterator[KeyStoreClient]:
    with key_store.client(seconds=0.7, reconnect_seconds=1.0) as client:
        yield client


@pytest.fixture
def officer(key_store: KeyStoreProcess) -> Iterator[OfficerSession]:
    """Whoever arms faults has a session of its own; a reset takes even that."""
    with key_store.client() as client, client.officer(OFFICER) as session:
        yield session
    with key_store.client() as client, client.officer(OFFICER) as session:
        session.clear_faults()


def signer_of(client: KeyStoreClient) -> KeyStoreSigner:
    return KeyStoreSigner(client, 1, PASSWORD, client.public_key(1), reconnect_seconds=1.0)


def uses(client: KeyStoreClient) -> int:
    return client.key_info(1).uses


BREAKING = [FaultKind.BREAK_BEFORE, FaultKind.BREAK_AFTER, FaultKind.CUT_REPLY, FaultKind.RESET]


@pytest.mark.parametrize("kind", BREAKING)
def test_signing_survives_a_broken_connection(
    client: KeyStoreClient, officer: OfficerSession, kind: FaultKind
) -> None:
    """One signature is asked for again on a new session, which gets the right anew; the counter tells every use."""
    with signer_of(client) as signer:
        before = uses(client)
        officer.arm_fault(Fault(kind, Command.INTERNAL_SIGN))
        verify_digest(signer.public_key, E, signer.sign_digest(E))
        carried_out_twice = kind in (FaultKind.BREAK_AFTER, FaultKind.CUT_REPLY)
        assert uses(client) - before == (2 if carried_out_twice else 1)


@pytest.mark.parametrize("kind", BREAKING)
def test_batch_goes_on_where_it_broke(client: KeyStoreClient, officer: OfficerSession, kind: FaultKind) -> None:
    """Of a long batch, what was answered is kept, and the rest is asked for again: every digest has its signature."""
    digests = [n.to_bytes(32, "big") for n in range(1100)]
    with signer_of(client) as signer:
        officer.arm_fault(Fault(kind, Command.INTERNAL_SIGN_BATCH, skip=1))
        signatures = signer.sign_digests(digests)
        for at in (0, 511, 512, 1023, 1024, 1099):
            verify_digest(signer.public_key, digests[at], signatures[at])
        assert len(signatures) == len(digests)


@pytest.mark.parametrize("kind", [FaultKind.BREAK_BEFORE, FaultKind.BREAK_AFTER, FaultKind.CUT_REPLY])
def test_making_a_key_is_never_repeated(client: KeyStoreClient, officer: OfficerSession, kind: FaultKind) -> None:
    """What is not safe to repeat is reported as SDR_COMMFAIL; whether the key was made is looked up."""
    index = 10 + kind
    officer.arm_fault(Fault(kind, Command.GENERATE_KEY_PAIR))
    with client.officer(OFFICER) as session, pytest.raises(CommunicationError):
        session.generate_key_pair(index, KeyUsage.SIGN, password=PASSWORD)
    made = any(key.index == index for key in client.list_keys())
    assert made is (kind is not FaultKind.BREAK_BEFORE)
    with client.officer(OFFICER) as session:
        if made:
            with pytest.raises(KeyExistsError):
                session.generate_key_pair(index, KeyUsage.SIGN, password=PASSWORD)
        else:
            session.generate_key_pair(index, KeyUsage.SIGN, password=PASSWORD)


def test_wrong_password_is_not_repeated(client: KeyStoreClient, officer: OfficerSession) -> None:
    """A try whose answer was lost may have cost one; it is not made again by itself."""
    officer.arm_fault(Fault(FaultKind.BREAK_AFTER, Command.GET_ACCESS_RIGHT, times=0))
    with client.open_session() as session, pytest.raises(CommunicationError):
        session.get_access_right(1, PASSWORD)


def test_hanging_device_costs_bounded_time(impatient: KeyStoreClient, officer: OfficerSession) -> None:
    """Whoever waits for a device that hangs gets SDR_COMMFAIL within its own patience."""
    with signer_of(impatient) as signer:
        officer.arm_fault(Fault(FaultKind.HANG, Command.INTERNAL_SIGN, times=0))
        begun = time.monotonic()
        with pytest.raises(CommunicationError):
            signer.sign_digest(E)
        assert time.monotonic() - begun < 10
        officer.clear_faults()
        verify_digest(signer.public_key, E, signer.sign_digest(E))


def test_hanging_once_is_made_good(impatient: KeyStoreClient, officer: OfficerSession) -> None:
    """One request that hangs is given up and asked for again on another session."""
    with signer_of(impatient) as signer:
        officer.arm_fault(Fault(FaultKind.HANG, Command.INTERNAL_SIGN))
        verify_digest(signer.public_key, E, signer.sign_digest(E))


def test_slow_device_is_waited_for(client: KeyStoreClient, officer: OfficerSession) -> None:
    """A delay within the client's patience is no failure."""
    with signer_of(client) as signer:
        officer.arm_fault(Fault(FaultKind.DELAY, Command.INTERNAL_SIGN, amount=200))
        begun = time.monotonic()
        verify_digest(signer.public_key, E, signer.sign_digest(E))
        assert time.monotonic() - begun >= 0.2


def test_other_threads_sign_on_while_one_request_hangs(impatient: KeyStoreClient, officer: OfficerSession) -> None:
    """A request that hangs holds its own session and no other."""
    with signer_of(impatient) as signer:
        officer.arm_fault(Fault(FaultKind.HANG, Command.INTERNAL_SIGN))
        done: list[bytes] = []
        threads = [threading.Thread(target=lambda: done.append(signer.sign_digest(E))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert len(done) == 4


def test_refusals_reach_the_caller_by_their_code(client: KeyStoreClient, officer: OfficerSession) -> None:
    """A return code is told as its exception, and only a broken connection is tried again."""
    with signer_of(client) as signer:
        before = uses(client)
        officer.arm_fault(Fault(FaultKind.REFUSE, Command.INTERNAL_SIGN, amount=HardwareError.code))
        with pytest.raises(HardwareError):
            signer.sign_digest(E)
        assert uses(client) == before
        verify_digest(signer.public_key, E, signer.sign_digest(E))


def test_reset_takes_every_right(client: KeyStoreClient, officer: OfficerSession) -> None:
    """After a reset a session is useless, and a new one holds no right until it asks for it."""
    with client.open_session() as session:
        session.get_access_right(1, PASSWORD)
        officer.arm_fault(Fault(FaultKind.RESET, Command.GENERATE_RANDOM))
        client.random(8)
        with pytest.raises(CommunicationError):
            session.sign_digest(1, E)
    with client.open_session() as session, pytest.raises(AccessDeniedError):
        session.sign_digest(1, E)


def test_wrong_signature_never_passes_whoever_checks(client: KeyStoreClient, officer: OfficerSession) -> None:
    """A device that answers a wrong signature as if it were right is found out before anything is handed on."""
    with signer_of(client) as signer:
        officer.arm_fault(Fault(FaultKind.WRONG_SIGNATURE, Command.INTERNAL_SIGN, times=2))
        with pytest.raises(InvalidSignatureError):
            verify_digest(signer.public_key, E, signer.sign_digest(E))
        with pytest.raises(KeyStoreError, match="does not verify"):
            sign_message(signer, b"message", user_id=b"1234567812345678")


def test_exhausted_sessions_are_told(client: KeyStoreClient, officer: OfficerSession) -> None:
    """Where no session is to be had the caller is told SDR_OPENSESSION at once."""
    officer.arm_fault(Fault(FaultKind.NO_SESSION))
    with pytest.raises(OpenSessionError):
        client.open_session()
    client.open_session().close()


def test_clock_jump_shows_in_the_log_and_breaks_nothing(client: KeyStoreClient, officer: OfficerSession) -> None:
    """A clock that was put back leaves a log whose chain holds, with the times the clock told."""
    officer.arm_fault(Fault(FaultKind.CLOCK_BACK, Command.GENERATE_RANDOM, amount=24 * 3600 * 1000))
    client.random(1)
    officer.arm_fault(Fault(FaultKind.CLOCK_FORWARD, Command.GENERATE_RANDOM, amount=24 * 3600 * 1000))
    entries = officer.audit_log()
    assert entries[-1].time < entries[-2].time
    client.random(1)


def test_faults_are_listed_and_cleared(officer: OfficerSession) -> None:
    """What is armed can be told, with how often it struck, and a list that is full takes no more."""
    fault = Fault(FaultKind.DELAY, Command.EXPORT_PUBLIC_KEY, skip=3, times=2, amount=1)
    officer.arm_fault(fault)
    assert [(each.fault, each.struck) for each in officer.faults()] == [(fault, 0)]
    for _ in range(63):
        officer.arm_fault(fault)
    with pytest.raises(NoBufferError):
        officer.arm_fault(fault)
    officer.clear_faults()
    assert officer.faults() == ()


def test_faults_want_an_officer(client: KeyStoreClient) -> None:
    """Whoever may sign may not arm a fault."""
    from hsm_sim.fault_commands import ArmFault

    with client.open_session() as session, pytest.raises(OfficerRequiredError):
        session.call(ArmFault(Fault(FaultKind.HANG)))


def test_key_store_in_service_knows_no_faults(tmp_path: Path) -> None:
    """A key store that was not started for it says SDR_NOTSUPPORT, to officers too."""
    settings = ServiceSettings(tmp_path)
    initialise_key_store(settings, (OFFICER,), POLICY, stderr=subprocess.DEVNULL)
    with (
        start_key_store(settings, OFFICER, stderr=subprocess.DEVNULL) as process,
        process.client() as client,
        client.officer(OFFICER) as session,
        pytest.raises(NotSupportedError),
    ):
        session.arm_fault(Fault(FaultKind.HANG))


def test_key_store_says_that_faults_are_allowed(tmp_path: Path) -> None:
    """The operator is told at the start."""
    settings = ServiceSettings(tmp_path, allow_faults=True)
    with (tmp_path / "said").open("wb") as said:
        initialise_key_store(settings, (OFFICER,), POLICY, stderr=said)
    assert b"officers may arm faults" in (tmp_path / "said").read_bytes()


@pytest.mark.parametrize(
    ("kind", "command", "amount"),
    [
        (FaultKind.DELAY, 0, 0),
        (FaultKind.DELAY, 0, 24 * 3600 * 1000 + 1),
        (FaultKind.REFUSE, 0, 0),
        (FaultKind.REFUSE, 0, 1 << 32),
        (FaultKind.HANG, 0, 1),
        (FaultKind.NO_SESSION, Command.INTERNAL_SIGN, 0),
    ],
)
def test_fault_without_sense_cannot_be_made(kind: FaultKind, command: int, amount: int) -> None:
    """An amount belongs to the kinds that take one, within its bounds."""
    with pytest.raises(ValueError):
        Fault(kind, command, amount=amount)


def test_stopping_lets_go_what_hangs(tmp_path: Path) -> None:
    """A key store that is told to stop does not wait for a request that hangs by a fault."""
    settings = ServiceSettings(tmp_path, allow_faults=True)
    initialise_key_store(settings, (OFFICER,), POLICY, stderr=subprocess.DEVNULL)
    process = start_key_store(settings, OFFICER, stderr=subprocess.DEVNULL)
    with process.client() as client, client.officer(OFFICER) as session:
        session.arm_fault(Fault(FaultKind.HANG, Command.GENERATE_RANDOM))
        with client.open_session() as waiting:
            waiting.send(GenerateRandom(1))
            time.sleep(0.2)
            begun = time.monotonic()
            process.stop()
            assert time.monotonic() - begun < 5
