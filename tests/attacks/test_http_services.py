"""Hostile clients of a real server: slow, huge, broken, many. Each costs its bounds, and others are answered."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ca.model import SerialNumber
from crypto import PrivateKey, SoftwareSigner
from formats import der, oids
from formats.gbt20518 import Extension
from formats.rfc6960 import CertStatus, OcspRequest, ResponseStatus, encode_request, read_response
from tests.api.http.status_server import SETTINGS, ServedStatus
from tests.responder_world import ResponderWorld, make_responder_world

HEAD = b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Type: application/ocsp-request\r\n"


class Served:
    """A running server and what it knows."""

    def __init__(self, port: int, world: ResponderWorld, serial: SerialNumber) -> None:
        self.port = port
        self.world = world
        self.serial = serial

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=15)

    def sent(self, octets: bytes) -> bytes:
        """What comes back until the server closes or has said all it will."""
        with self.connect() as connection:
            connection.sendall(octets)
            return received(connection)

    def post(self, body: bytes) -> bytes:
        answer = self.sent(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        head, _, content = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        return content

    def assert_alive(self) -> None:
        basic = read_response(self.post(self.world.request(self.serial))).basic
        assert basic is not None
        assert basic.responses[0].status is CertStatus.GOOD


def received(connection: socket.socket) -> bytes:
    pieces = []
    try:
        while piece := connection.recv(65536):
            pieces.append(piece)
    except ConnectionResetError:  # it closed with octets of ours unread
        pass
    return b"".join(pieces)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("served")
    key = PrivateKey.generate()
    record = str(folder / "ca.sqlite")
    world = make_responder_world(signer=SoftwareSigner(key), record=record)
    serial = world.issue()
    work = ServedStatus(
        record, world.issuer.encoded, world.certificate.encoded, key.scalar(), at=world.world.clock()
    )
    with work.running() as port:
        yield Served(port, world, serial)


@pytest.fixture(autouse=True)
def alive_afterwards(served: Served) -> Iterator[None]:
    """Whatever was sent, the next client is answered."""
    yield
    served.assert_alive()


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40), b"400"),
        (b"hello\r\n\r\n", b"400"),
        (b"GET /ocsp HTTP/9.9\r\n\r\n", b"400"),
        (b"GET " + b"/" * (SETTINGS.path_octets + 10) + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * (SETTINGS.head_octets + 10) + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 101 + b"\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * (SETTINGS.head_octets + 10), b"431"),
        (HEAD + b"Content-Length: 99999999999\r\n\r\n", b"413"),
        (HEAD + b"Content-Length: -1\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"GET /ocsp/../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"200"),
        (b"GET /%2e%2e/etc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"404"),
        (b"DELETE /ocsp HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"405"),
        (b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
    ],
)
def test_what_is_out_of_bounds_has_a_plain_answer(served: Served, octets: bytes, status: bytes) -> None:
    """No HTTP, too long, contradictory, climbing paths: a status, a closed connection, no word of what is inside."""
    answer = served.sent(octets)
    assert answer.startswith(b"HTTP/1.1 " + status), answer[:200]
    assert b"Traceback" not in answer
    assert b"uvicorn" not in answer


@pytest.mark.parametrize(
    "begun", [b"", b"G", b"GET /ocsp HTTP/1.1\r\nHost:", HEAD + b"Content-Length: 100\r\n\r\nabc"]
)
def test_slow_client_is_closed(served: Served, begun: bytes) -> None:
    """Nothing, half a head, or half a body: the connection ends within its seconds, with 408."""
    began = time.monotonic()
    answer = served.sent(begun)
    assert answer.startswith(b"HTTP/1.1 408"), answer
    assert time.monotonic() - began < 10


def test_dripping_head_is_closed(served: Served) -> None:
    """An octet now and then does not buy more time."""
    began = time.monotonic()
    with served.connect() as connection:
        try:
            for octet in b"GET /ocsp HTTP/1.1\r\nX: " + b"a" * 1000:
                connection.sendall(bytes([octet]))
                time.sleep(0.05)
        except OSError:
            pass
        answer = received(connection)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began < 10


def test_more_connections_than_allowed_are_told(served: Served) -> None:
    """Beyond the bound 503; once the idle ones have ended everything is answered again."""
    with ExitStack() as stack:
        for _ in range(SETTINGS.connections):
            stack.enter_context(served.connect())
        answer = served.sent(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 503")
        time.sleep(SETTINGS.head_seconds + 1.0)
        served.assert_alive()


def test_pipelined_requests_are_answered_in_order(served: Served) -> None:
    """A hundred requests in one go, malformed and good in turn."""
    good = served.world.request(served.serial)
    bodies = [good, b"\x30\x00"] * 50
    octets = b"".join(HEAD + b"Content-Length: %d\r\n\r\n" % len(each) + each for each in bodies)
    answer = served.sent(octets + b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200") == 101


def _nested(levels: int) -> bytes:
    octets = b""
    for _ in range(levels):
        octets = der.sequence(octets)
    return octets


def test_hostile_requests_are_malformed(served: Served) -> None:
    """Cut, nested, huge lengths, many CertIDs, wrong version, unknown critical extensions: malformedRequest."""
    request = served.world.request(served.serial)
    critical = Extension("1.2.3", critical=True, value=b"")
    version = der.sequence(der.sequence(der.explicit(0, der.integer(7)), der.sequence()))
    for body in (
        b"\0",
        request[:-1],
        request[:20],
        _nested(2000),
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x80" + request[2:],
        version,
        served.world.request(*range(1, 100)),
        encode_request(OcspRequest((served.world.cert_id(1),), extensions=(critical,))),
    ):
        assert read_response(served.post(body)).status is ResponseStatus.MALFORMED_REQUEST


def test_signed_request_is_answered(served: Served) -> None:
    """A signature on a request is not asked for, and not judged: it changes nothing."""
    request = served.world.request(served.serial)
    tbs = der.parse(request, what="request").sequence(1, 1).next("tbs").encoded
    algorithm = der.sequence(der.oid(oids.SM2_WITH_SM3))
    signature = der.explicit(0, der.sequence(algorithm, der.bit_string(b"no signature")))
    basic = read_response(served.post(der.sequence(tbs, signature))).basic
    assert basic is not None
    assert basic.responses[0].status is CertStatus.GOOD


@pytest.mark.slow
def test_soak(served: Served) -> None:
    """Twenty seconds of good, malformed and broken-off exchanges: every good one is answered rightly."""
    good = served.world.request(served.serial)
    until = time.monotonic() + 20
    count = 0
    while time.monotonic() < until:
        served.assert_alive()
        assert read_response(served.post(good[: count % len(good)])).status is ResponseStatus.MALFORMED_REQUEST
        with served.connect() as connection:
            connection.sendall(HEAD[: count % len(HEAD)])
        count += 1
    assert count > 50
