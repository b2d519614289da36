"""A device in memory: frames go through the whole codec, nothing touches a disk or a socket."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from crypto import PrivateKey
from hsm_sim.commands import GetAccessRight, OpenSession, Request
from hsm_sim.device import Device
from hsm_sim.dispatch import Dispatcher
from hsm_sim.encoding import decode, encode
from hsm_sim.frames import Frame, FrameDecoder, FrameKind
from hsm_sim.management import DevicePolicy, GenerateKeyPair, Initialise, OfficerCredential, OfficerLogin
from hsm_sim.model import KeyUsage
from hsm_sim.return_codes import error_for
from hsm_sim.server import Server, ServerLimits, bind
from hsm_sim.sessions import Session
from hsm_sim.storage import Change, StorageError, StoredEntry, StoredRecord

START = 1_700_000_000_000_000
OFFICER = OfficerCredential("zhang", b"officer secret")
PASSWORD = b"password 1"
POLICY = DevicePolicy(secret_iterations=1000, password_iterations=1000, secret_tries=3, password_tries=3)


class MemoryStorage:
    """Records in memory. ``fault`` decides what happens to a commit: None, or a function that may raise."""

    def __init__(self) -> None:
        self.rows: dict[tuple[int, bytes], StoredRecord] = {}
        self.log: list[StoredEntry] = []
        self.commits: list[Change] = []
        self.fault: Callable[[Change, Callable[[], None]], None] | None = None
        self.erase_fault: Callable[[MemoryStorage], None] | None = None
        self.unreadable = False
        self.closed = False

    def records(self) -> list[StoredRecord]:
        if self.unreadable:
            raise StorageError("unreadable")
        return [self.rows[name] for name in sorted(self.rows)]

    def entries(self, first: int, count: int) -> list[StoredEntry]:
        return [entry for entry in self.log if entry.sequence >= first][:count]

    def commit(self, change: Change) -> None:
        def apply() -> None:
            assert [e.sequence for e in change.entries] == list(
                range(len(self.log) + 1, len(self.log) + 1 + len(change.entries))
            )
            for record in change.puts:
                self.rows[(record.kind, record.name)] = record
            for kind, name in change.removes:
                self.rows.pop((int(kind), name), None)
            self.log += change.entries
            self.commits.append(change)

        if self.fault is None:
            apply()
        else:
            self.fault(change, apply)

    def erase(self) -> None:
        if self.erase_fault is None:
            self.rows.clear()
            self.log.clear()
        else:
            self.erase_fault(self)

    def close(self) -> None:
        self.closed = True

    def copy(self) -> "MemoryStorage":
        twin = MemoryStorage()
        twin.rows, twin.log = dict(self.rows), list(self.log)
        return twin


@dataclass
class Host:
    """A device with everything around it that can be turned by hand."""

    OFFICER: ClassVar[OfficerCredential] = OFFICER
    PASSWORD: ClassVar[bytes] = PASSWORD
    POLICY: ClassVar[DevicePolicy] = POLICY
    Storage: ClassVar[type[MemoryStorage]] = MemoryStorage

    storage: MemoryStorage = field(default_factory=MemoryStorage)
    reserve: int = 16
    now: int = START
    said: list[str] = field(default_factory=list)
    replies: list[bytes] = field(default_factory=list)
    made: list[bytes] = field(default_factory=list)
    sessions: int = 0
    randomness: int = 0

    def __post_init__(self) -> None:
        self.device = self.new_device()
        self.dispatcher = Dispatcher(self.device, self.random, self.said.append)

    def new_device(self) -> Device:
        return Device(
            self.storage,
            clock=self.clock,
            random=self.random,
            make_key=self.make_key,
            reserve=self.reserve,
            say=self.said.append,
        )

    def clock(self) -> int:
        self.now += 1_000_000
        return self.now

    def random(self, length: int) -> bytes:
        """Octets that never repeat within a test, and are the same in every run."""
        self.randomness += 1
        return hashlib.shake_256(self.randomness.to_bytes(8, "big")).digest(length)

    def make_key(self) -> PrivateKey:
        key = PrivateKey.generate()
        self.made.append(key.scalar())
        return key

    def session(self, name: str = "test") -> "Caller":
        self.sessions += 1
        caller = Caller(self, Session(self.sessions, "uid 0 pid 1"))
        if name:
            caller.call(OpenSession(name))
        return caller

    def officer(self) -> "Caller":
        caller = self.session()
        caller.call(OfficerLogin(OFFICER))
        return caller

    def user(self, index: int = 1, password: bytes = PASSWORD) -> "Caller":
        caller = self.session()
        caller.call(GetAccessRight(index, password))
        return caller

    def initialise(self) -> "Host":
        self.session().call(Initialise((OFFICER,), POLICY))
        return self

    def generate(self, index: int = 1, usage: KeyUsage = KeyUsage.SIGN, **options: Any) -> Any:
        given = {"label": "", "use_limit": None, "password": PASSWORD} | options
        return self.officer().call(GenerateKeyPair(index, usage, **given))

    def restart(self, *, clean: bool = False, **options: Any) -> "Host":
        """A new device over what the storage holds now; as after a power cut unless ``clean``."""
        if clean:
            self.device.close()
            self.storage.closed = False
        self.device = self.new_device()
        self.device.open(OFFICER, **options)
        self.dispatcher = Dispatcher(self.device, self.random, self.said.append)
        return self


@dataclass
class Caller:
    """One session; every call goes through request frame, device and reply frame."""

    host: Host
    session: Session
    sent: int = 0

    def call(self, request: Request[Any]) -> Any:
        reply = self.frame(request.command, encode(request))
        if reply.return_code:
            raise error_for(reply.return_code, reply.body.decode())
        return decode(request.reply, reply.body, what="reply")

    def frame(self, command: int, body: bytes) -> Frame:
        self.sent += 1
        octets = Frame(FrameKind.REQUEST, command, self.sent, 0, body).encode()
        (request,) = FrameDecoder(FrameKind.REQUEST).feed(octets)
        octets = self.host.dispatcher.handle(self.session, request).encode()
        self.host.replies.append(octets)
        (reply,) = FrameDecoder(FrameKind.REPLY).feed(octets)
        assert (reply.command, reply.request_id) == (command, self.sent)
        return reply

    def close(self) -> None:
        self.host.device.end_session(self.session)


@pytest.fixture
def blank() -> Host:
    """A device in its initial state."""
    return Host()


@pytest.fixture
def host() -> Host:
    """An initialised device without user keys."""
    return Host().initialise()


@pytest.fixture
def one_key(host: Host) -> Host:
    """An initialised device with a signing pair at index 1."""
    host.generate()
    return host


class Served:
    """A host behind a socket, which can be stopped and started again."""

    def __init__(self, host, path) -> None:
        self.host, self.path = host, path
        self.start()

    def start(self, **limits) -> None:
        self.server = Server(
            self.host.device, bind(self.path), self.host.dispatcher, ServerLimits(**limits), self.host.said.append
        )
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()

    def stop(self) -> None:
        self.server.stop()
        self.thread.join(10)

    def restart(self) -> None:
        self.stop()
        self.host.restart()
        self.start()


@pytest.fixture
def served(one_key, tmp_path):
    made = Served(one_key, tmp_path / "s.sock")
    yield made
    made.stop()
