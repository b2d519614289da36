"""Asking for time stamps: of the installation's own authority, or of a service over HTTP (RFC 3161 3.4).

Both give what ``seal_service.ports.TimeStamper`` promises. What comes back is checked against what was asked, and
its signature against the certificate in it; whom to believe is decided by who verifies, by the trust list.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from crypto import DEFAULT_USER_ID, InvalidSignatureError, verify
from formats import MalformedDataError, oids
from formats.gbt20518 import read_certificate
from formats.gbt20520 import (
    MessageImprint,
    TimeStampRequest,
    TimeStampToken,
    differences,
    encode_request,
    imprint_of,
    read_response,
)
from seal_service.errors import TimeStampError

QUERY_TYPE: Final = "application/timestamp-query"
REPLY_TYPE: Final = "application/timestamp-reply"
_MOST_OCTETS: Final = 64 * 1024
_NONCE_OCTETS: Final = 8
_TOO_LONG: Final = "the time-stamp service answered more than a time-stamp reply"
_AT_A_TIME: Final = 8

AnswerMany = Callable[[Sequence[bytes]], list[bytes]]
Random = Callable[[int], bytes]


class TimeStampClient:
    """Time stamps over any way of asking.

    Args:
        ask: Gives answers to requests, in the same order; raises ``TimeStampError`` where none came.
        policy: Identifier of the policy to ask for; None for the authority's own.
        random: Gives octets for nonces.
    """

    def __init__(self, ask: AnswerMany, *, policy: str | None, random: Random) -> None:
        self._ask = ask
        self._policy = policy
        self._random = random

    def time_stamps(self, signatures: Sequence[bytes]) -> list[bytes]:
        """A token over each signature value, DER, with the authority's certificate in it.

        Raises:
            TimeStampError: One was refused, did not come, or is not what was asked for.
        """
        requests = [self.request(MessageImprint(oids.SM3, imprint_of(each))) for each in signatures]
        answers = self._ask([encode_request(each) for each in requests])
        return [checked_answer(request, answer).encoded for request, answer in zip(requests, answers, strict=True)]

    def request(self, imprint: MessageImprint) -> TimeStampRequest:
        """A request for one stamp, with a nonce of its own."""
        nonce = int.from_bytes(self._random(_NONCE_OCTETS), "big")
        return TimeStampRequest(imprint, self._policy, nonce, certificates_wanted=True)


def checked_answer(request: TimeStampRequest, answer: bytes) -> TimeStampToken:
    """The token of an answer, if it is what was asked for and its signature holds under its own certificate.

    A signature with another algorithm than SM2 with SM3 is left to who verifies.

    Raises:
        TimeStampError: It is not.
    """
    try:
        response = read_response(answer)
        token = response.read_token()
        if token is None:
            failures = ", ".join(str(each) for each in sorted(response.failures))
            said = "; ".join(response.texts)[:200]
            raise TimeStampError(f"the authority refused: {said or response.status.name} ({failures})")
        wrong = differences(request, token)
        if wrong:
            raise TimeStampError(f"the time stamp is not what was asked for: {', '.join(wrong)}")
        _check_signature(token)
    except MalformedDataError as error:
        raise TimeStampError(f"the answer does not parse: {error}") from error
    return token


def _check_signature(token: TimeStampToken) -> None:
    signer = token.signed_data.signer
    own = [
        certificate
        for certificate in map(read_certificate, token.signed_data.certificates)
        if certificate.serial_number == signer.serial_number and certificate.issuer.encoded == signer.issuer
    ]
    if not own:
        raise TimeStampError("the authority's certificate is not in the time stamp")
    if own[0].public_key is None:
        return
    try:
        verify(own[0].public_key, signer.signed_attributes or b"", signer.signature, user_id=DEFAULT_USER_ID)
    except InvalidSignatureError as error:
        raise TimeStampError("the signature of the time stamp does not hold") from error


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """Where a time-stamp service answers; comes from settings, never from a document.

    Attributes:
        url: ``http`` or ``https``, with a host.
        seconds: To connect, and then to the last octet of the answer.
    """

    url: str
    seconds: float = 10.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.fragment:
            raise ValueError("an address of a time-stamp service is http:// or https:// with a host")
        if not 0 < self.seconds <= 600:
            raise ValueError("a time-stamp service is given up to 600 s")


class HttpTimeStampService:
    """Asks a service over HTTP, several requests at a time. No redirect is followed, no proxy asked.

    Args:
        address: Of the service.
    """

    def __init__(self, address: ServiceAddress) -> None:
        self._address = address

    def answer_many(self, requests: Sequence[bytes]) -> list[bytes]:
        """TimeStampResp to each TimeStampReq, in the same order, unchecked.

        Raises:
            TimeStampError: One did not come in time, or is no answer of such a service.
        """
        if len(requests) == 1:
            return [self._answer(requests[0])]
        with ThreadPoolExecutor(min(_AT_A_TIME, max(1, len(requests)))) as threads:
            return list(threads.map(self._answer, requests))

    def _answer(self, request: bytes) -> bytes:
        connection = self._connection()
        cut = threading.Timer(self._address.seconds, _cut, [connection])
        cut.daemon = True
        try:
            connection.connect()
            cut.start()
            octets = self._exchange(connection, request)
        except (OSError, ValueError, http.client.HTTPException) as error:
            told = getattr(error, "strerror", None) or type(error).__name__
            raise TimeStampError(f"the time-stamp service does not answer in time: {told}") from error
        finally:
            cut.cancel()
            connection.close()
        if len(octets) > _MOST_OCTETS:
            raise TimeStampError(_TOO_LONG)
        return octets

    def _exchange(self, connection: http.client.HTTPConnection, request: bytes) -> bytes:
        """The body of the answer; one without a length is cut at one octet more than there may be."""
        parts = urlsplit(self._address.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, request, {"Content-Type": QUERY_TYPE, "Accept": REPLY_TYPE})
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise TimeStampError(f"the time-stamp service answered with status {response.status}")
        kind = (response.getheader("Content-Type") or "").split(";", 1)[0].strip().lower()
        if kind != REPLY_TYPE:
            raise TimeStampError("the time-stamp service answered something else than a time-stamp reply")
        if response.length is None:  # it comes in chunks, or ends with the connection
            return response.read(_MOST_OCTETS + 1)
        if response.length > _MOST_OCTETS:
            raise TimeStampError(_TOO_LONG)
        return response.read()  # which sees to it that it is whole

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self._address.url)
        host, seconds = str(parts.hostname), self._address.seconds
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, parts.port, timeout=seconds)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=context)


def _cut(connection: http.client.HTTPConnection) -> None:
    """End an exchange that takes too long, however slowly octets still trickle in."""
    if connection.sock is not None:
        with suppress(OSError):
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)
