"""Asking for time stamps: what comes back is bounded, and is what was asked for, or there is none."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from api.http.gathering import Gathered
from api.time_stamp_clients import (
    REPLY_TYPE,
    HttpTimeStampService,
    ServiceAddress,
    TimeStampClient,
    checked_answer,
)
from formats.gbt20520 import PkiStatus, TimeStampResponse, encode_response, read_request, read_time_stamp_token
from seal_service.errors import TimeStampError
from tests.stamping_world import POLICY, request, response, stamping_place


def counted() -> Callable[[int], bytes]:
    numbers = iter(range(1, 1000))
    return lambda octets: next(numbers).to_bytes(octets, "big")


def test_tokens_over_signatures() -> None:
    """Each signature gets a token of its own, with a nonce of its own and the certificate."""
    place = stamping_place()
    client = TimeStampClient(place.authority.answer_many, policy=POLICY, random=counted())
    tokens = [read_time_stamp_token(each) for each in client.time_stamps([b"one", b"two"])]
    assert [each.info.nonce for each in tokens] == [1, 2]
    assert len({each.info.imprint.digest for each in tokens}) == 2
    assert all(each.signed_data.certificates for each in tokens)


def test_answers_to_something_else_are_refused() -> None:
    """Another nonce, other data, another policy, no certificate, a broken signature, a refusal, rubbish."""
    place = stamping_place()
    asked = read_request(request(nonce=5, certificates_wanted=True, policy=POLICY))
    good = place.authority.answer(request(nonce=5, certificates_wanted=True, policy=POLICY))
    assert checked_answer(asked, good).info.nonce == 5
    token = checked_answer(asked, good)
    signature = token.signed_data.signer.signature
    at = good.rindex(signature) + len(signature) - 1
    for bad in (
        place.authority.answer(request(nonce=6, certificates_wanted=True, policy=POLICY)),
        place.authority.answer(request(b"other", nonce=5, certificates_wanted=True, policy=POLICY)),
        place.authority.answer(request(nonce=5, policy=POLICY)),
        place.authority.answer(b""),
        good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :],
        good[:-1],
        b"",
        encode_response(TimeStampResponse(PkiStatus.WAITING)),
    ):
        with pytest.raises(TimeStampError):
            checked_answer(asked, bad)
    assert response(place, b"").token is None


@contextmanager
def speaking(*pieces: bytes, pause: float = 0.0) -> Iterator[str]:
    """A service that says these octets to everybody, whatever it is asked."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopping = threading.Event()

    def serve() -> None:
        while not stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                try:
                    for piece in pieces:
                        connection.sendall(piece)
                        if stopping.wait(pause):
                            return
                except OSError:
                    continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        stopping.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def reply(body: bytes, *, kind: str = REPLY_TYPE, status: str = "200 OK", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (reply(b"x", status="503 Busy"), "status 503"),
        (reply(b"", status="302 Found", more="Location: http://127.0.0.1:9/\r\n"), "status 302"),
        (reply(b"x", kind="text/html"), "something else"),
        (reply(bytes(70_000)), "more than"),
        (reply(b"x")[:-1] + b"", "in time"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nTransfer-Encoding: chunked\r\n\r\nfffff", "in time"),
        (b"not http at all\r\n\r\n", "in time"),
        (b"", "in time"),
    ],
)  # fmt: skip
def test_a_service_that_misbehaves_gives_one_error(said: bytes, expected: str) -> None:
    """Wrong status, redirects, wrong types, too much, too little: a ``TimeStampError`` that says what."""
    with speaking(said) as url:
        service = HttpTimeStampService(ServiceAddress(url, 2.0))
        with pytest.raises(TimeStampError, match=expected):
            service.answer_many([b"q"])


@pytest.mark.parametrize("head", [b"", reply(bytes(1000))[:-1000]])
def test_a_trickle_ends_at_the_deadline(head: bytes) -> None:
    """Octets that come slowly, in the head or in the body, do not keep a caller longer than was allowed."""
    with speaking(head, *[b"H"] * 200, pause=0.05) as url:
        started = time.monotonic()
        with pytest.raises(TimeStampError):
            HttpTimeStampService(ServiceAddress(url, 0.3)).answer_many([b"q"])
        assert time.monotonic() - started < 2


def test_answers_of_many_come_in_order() -> None:
    """Several are asked at a time; nothing is asked for nothing."""
    with speaking(reply(b"answer")) as url:
        service = HttpTimeStampService(ServiceAddress(url, 5.0))
        assert service.answer_many([b"a", b"b", b"c"]) == [b"answer"] * 3
        assert service.answer_many([]) == []


@pytest.mark.parametrize("url", ["ftp://host/", "file:///x", "http:///x", "https://user@host/", "http://host/#x"])
def test_addresses_are_checked(url: str) -> None:
    """Only http and https with a host."""
    with pytest.raises(ValueError, match="http"):
        ServiceAddress(url)
    with pytest.raises(ValueError, match="600"):
        ServiceAddress("http://host/", 0)


async def _ask_together(gathered: Gathered, requests: list[bytes]) -> list[bytes | BaseException]:
    import asyncio

    return await asyncio.gather(*(gathered.answer(each) for each in requests), return_exceptions=True)


def test_requests_that_come_together_are_answered_together() -> None:
    """The first is answered at once, the others that came meanwhile as one group; each gets its own answer."""
    import asyncio

    groups: list[int] = []

    def answer_many(requests: object) -> list[bytes]:
        assert isinstance(requests, list)
        groups.append(len(requests))
        return [b"to " + each for each in requests]

    found = asyncio.run(_ask_together(Gathered(answer_many, most=3), [bytes([n]) for n in range(8)]))
    assert found == [b"to " + bytes([n]) for n in range(8)]
    assert sum(groups) == 8
    assert max(groups) == 3


def test_an_error_reaches_everybody_of_a_group() -> None:
    """Nobody waits for ever where answering raises, and the next group is answered."""
    import asyncio

    calls = iter([True, False])

    def answer_many(requests: object) -> list[bytes]:
        if next(calls):
            raise ValueError("broken")
        return [b"fine"]

    async def both() -> tuple[list[bytes | BaseException], list[bytes | BaseException]]:
        gathered = Gathered(answer_many)
        return await _ask_together(gathered, [b"a", b"b"]), await _ask_together(gathered, [b"c"])

    first, second = asyncio.run(both())
    assert all(isinstance(each, ValueError) for each in first)
    assert second == [b"fine"]
