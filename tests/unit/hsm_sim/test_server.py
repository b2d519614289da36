"""The server on a real socket, in this process: sessions, patience, hostile octets."""

import os
import random
import socket
import stat
import struct
import threading
import time

import pytest

from hsm_sim.client import KeyStoreClient, KeyStoreSession
from hsm_sim.commands import GetDeviceInfo, InternalSign, OpenSession
from hsm_sim.encoding import encode
from hsm_sim.frames import HEADER_LENGTH, MAX_BODY, Frame, FrameDecoder, FrameKind
from hsm_sim.return_codes import (
    AccessDeniedError,
    CommunicationError,
    InputArgumentError,
    OpenDeviceError,
    OpenSessionError,
    StepError,
)
from hsm_sim.server import Server, ServerLimits, bind

E = bytes(32)


class Running:
    """A server in a thread."""

    def __init__(self, host, path, limits: ServerLimits) -> None:
        self.path = path
        self.host = host
        self.server = Server(host.device, bind(path), host.dispatcher, limits, host.said.append)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()

    def connect(self) -> socket.socket:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(10)
        made.connect(os.fspath(self.path))
        return made

    def session(self) -> KeyStoreSession:
        return KeyStoreSession(self.path, name="test", seconds=10)

    def stop(self) -> None:
        self.server.stop()
        self.thread.join(10)
        assert not self.thread.is_alive()

    def alive(self) -> bool:
        with self.session() as session:
            return bool(session.alive().serial)


@pytest.fixture
def serve(one_key, tmp_path):
    running = []

    def start(**limits) -> Running:
        running.append(Running(one_key, tmp_path / f"{len(running)}.sock", ServerLimits(**limits)))
        return running[-1]

    yield start
    for each in running:
        each.stop()


def received(connection: socket.socket) -> bytes:
    """Everything until the other end closes."""
    octets = b""
    while piece := connection.recv(65536):
        octets += piece
    return octets


def last_words(connection: socket.socket) -> Frame:
    (frame,) = FrameDecoder(FrameKind.REPLY).feed(received(connection))
    assert (frame.command, frame.request_id) == (0, 0)
    return frame


def request(message, request_id: int = 1) -> bytes:
    return Frame(FrameKind.REQUEST, message.command, request_id, 0, encode(message)).encode()


def test_socket_is_the_owners(serve):
    """Mode 0600."""
    assert stat.S_IMODE(serve().path.stat().st_mode) == 0o600


def test_other_users_are_turned_away(serve, monkeypatch):
    """The kernel is asked who connects; a foreign user gets no reply at all."""
    running = serve()
    monkeypatch.setattr("hsm_sim.server._peer", lambda connection: (1, os.geteuid() + 1))
    with running.connect() as connection:
        assert received(connection) == b""
    assert any("turned away" in line for line in running.host.said)
    monkeypatch.undo()
    assert running.alive()


def test_session_dies_with_its_connection(serve):
    """The right belongs to one session; a new connection begins without."""
    running = serve()
    with running.session() as session:
        session.get_access_right(1, running.host.PASSWORD)
        assert session.sign_digest(1, E)
    with running.session() as session, pytest.raises(AccessDeniedError):
        session.sign_digest(1, E)


def test_one_session_too_many(serve):
    """SDR_OPENSESSION, and when one is closed there is room again."""
    running = serve(max_sessions=2)
    with running.session(), running.session() as second:
        with pytest.raises(OpenSessionError):
            running.session()
        second.close()
        deadline = time.monotonic() + 10
        while True:
            try:
                running.session().close()
                break
            except OpenSessionError:
                assert time.monotonic() < deadline


def test_requests_in_advance_are_answered_in_order(serve):
    """Several requests may be on their way; replies carry their identifiers."""
    with serve().connect() as connection:
        connection.sendall(
            request(OpenSession("test"), 5) + request(GetDeviceInfo(), 6) + request(InternalSign(1, E), 7)
        )
        decoder, frames = FrameDecoder(FrameKind.REPLY), []
        while len(frames) < 3:
            frames += decoder.feed(connection.recv(65536))
        assert [(f.request_id, f.return_code) for f in frames] == [(5, 0), (6, 0), (7, AccessDeniedError.code)]


@pytest.mark.parametrize(
    "octets",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        bytes(HEADER_LENGTH),
        b"XK" + bytes(18),
        struct.pack(">2sBBHHIII", b"XK", 1, 2, 1, 0, 1, 0, 0),  # a reply instead of a request
        struct.pack(">2sBBHHIII", b"XK", 2, 1, 1, 0, 1, 0, 0),  # another version
        struct.pack(">2sBBHHIII", b"XK", 1, 1, 1, 0, 1, 0, MAX_BODY + 1),
        struct.pack(">2sBBHHIII", b"XK", 1, 1, 1, 0, 1, 0, 2**32 - 1),
    ],
    ids=["http", "tls", "zeros", "header", "reply", "version", "long", "huge"],
)
def test_what_is_no_frame_gets_one_answer(serve, octets):
    """SDR_INARGERR with what was wrong, then the connection is closed; the server stays."""
    running = serve()
    with running.connect() as connection:
        connection.sendall(octets)
        assert last_words(connection).return_code == InputArgumentError.code
    assert running.alive()


def test_frame_that_is_cut_off(serve):
    """A connection that ends in the middle of a frame is closed without a word."""
    running = serve()
    whole = request(OpenSession("test"))
    for length in (1, HEADER_LENGTH - 1, HEADER_LENGTH, len(whole) - 1):
        with running.connect() as connection:
            connection.sendall(whole[:length])
            connection.shutdown(socket.SHUT_WR)
            assert received(connection) == b""
    assert running.alive()


def test_random_octets(serve):
    """Whatever is sent, the server is alive afterwards."""
    running = serve()
    source = random.Random(20261123)
    for _ in range(60):
        with running.connect() as connection:
            connection.sendall(source.randbytes(source.randrange(1, 200)))
            connection.shutdown(socket.SHUT_WR)
            received(connection)
    assert running.alive()


def test_random_bodies_in_good_frames(serve):
    """Every command with a body of random octets gets a reply to its request, and no body ends the session."""
    running = serve()
    source = random.Random(1)
    with running.connect() as connection:
        connection.sendall(request(OpenSession("test")))
        decoder = FrameDecoder(FrameKind.REPLY)
        assert decoder.feed(connection.recv(65536))[0].return_code == 0
        for number in range(2, 400):
            command = source.choice([c for c in range(3, 0x70) if c != 0x02])
            body = source.randbytes(source.randrange(60))
            connection.sendall(Frame(FrameKind.REQUEST, command, number, 0, body).encode())
            frames = []
            while not frames:
                frames = decoder.feed(connection.recv(65536))
            assert frames[0].request_id == number
    assert running.alive()


def test_slow_sender_is_not_waited_for(serve):
    """A frame that does not get complete in time, octet by octet, ends the session; others are served meanwhile."""
    running = serve(frame_seconds=0.3, idle_seconds=5)
    whole = request(OpenSession("test"))
    begun = time.monotonic()
    with running.connect() as connection, pytest.raises((BrokenPipeError, ConnectionResetError)):
        for octet in whole * 100:
            connection.sendall(bytes((octet,)))
            time.sleep(0.02)
            if time.monotonic() - begun < 0.2:
                assert running.alive()
    assert 0.25 < time.monotonic() - begun < 3


def test_no_thread_left(serve, monkeypatch):
    """When no thread can be started the connection is closed, its place is free again, and the server goes on."""
    running = serve(max_sessions=1)

    def refuse(thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr("threading.Thread.start", refuse)
        with running.connect() as connection:
            assert received(connection) == b""
    assert running.alive()


def test_idle_session_is_closed(serve):
    """Without a request a session ends after its time, and its right with it."""
    running = serve(idle_seconds=0.2)
    with running.session() as session:
        session.get_access_right(1, running.host.PASSWORD)
        time.sleep(0.6)
        with pytest.raises(CommunicationError):
            session.sign_digest(1, E)
    assert running.alive()


def test_receiver_that_does_not_listen(serve):
    """Replies that nobody takes do not hold the server: the session ends, others go on."""
    running = serve(frame_seconds=0.3)
    with running.connect() as connection:
        connection.sendall(request(OpenSession("test")))
        connection.settimeout(0.5)
        with pytest.raises(OSError):
            for number in range(2, 100_000):
                connection.sendall(request(GetDeviceInfo(), number))
    assert running.alive()


def test_stop_ends_sessions_and_finishes_requests(serve):
    """After a stop sessions are closed, and a request that was being carried out got its reply."""
    running = serve()
    session = running.session()
    session.get_access_right(1, running.host.PASSWORD)
    signed, errors = [], []

    def sign() -> None:
        try:
            while True:
                signed.append(session.sign_digest(1, E))
        except CommunicationError as error:
            errors.append(error)

    thread = threading.Thread(target=sign)
    thread.start()
    while len(signed) < 5:
        time.sleep(0.001)
    running.stop()
    thread.join(10)
    assert len(errors) == 1
    assert running.host.device.ready().counters.used(1, 1) <= len(signed) + 1
    with pytest.raises(OpenDeviceError):
        running.session()


def test_socket_left_behind_is_replaced(one_key, tmp_path):
    """A socket file nobody serves is taken over; another file is not touched; a long path is told."""
    path = tmp_path / "a.sock"
    bind(path).close()
    assert path.is_socket()
    bind(path).close()
    path.unlink()
    path.write_text("a file")
    with pytest.raises(OpenDeviceError):
        bind(path)
    assert path.read_text() == "a file"
    with pytest.raises(OpenDeviceError, match="107"):
        bind(tmp_path / ("x" * 108))


def test_steps_on_the_wire(serve):
    """A command before OPEN_SESSION is out of order, over the socket as in memory."""
    with serve().connect() as connection:
        connection.sendall(request(GetDeviceInfo()))
        (frame,) = FrameDecoder(FrameKind.REPLY).feed(connection.recv(65536))
        assert frame.return_code == StepError.code


def test_many_clients(serve):
    """Sixteen threads over a small pool get their own answers."""
    running = serve()
    with KeyStoreClient(running.path, max_sessions=3) as client:
        answers = []

        def ask(number: int) -> None:
            for length in range(1, 20):
                answers.append(len(client.random(number * 20 + length)) - number * 20 - length)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [0] * 16 * 19
