"""Requests for time stamps and their answers (RFC 3161 2.4.1 and 2.4.2; GB/T 20520): read and written."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from formats import der
from formats.der import DerLimits, Elements, Node
from formats.errors import MalformedDataError
from formats.gbt20518 import Extension
from formats.gbt20520.model import MessageImprint, TimeStampToken
from formats.gbt20520.reading import (
    LIMITS,
    MAX_NONCE_OCTETS,
    read_implicit_extensions,
    read_imprint,
    read_time_stamp_token,
)
from formats.gbt20520.writing import encode_extensions, encode_imprint
from formats.tolerances import Tolerance, collect

REQUEST_LIMITS: Final = DerLimits(size=64 * 1024, depth=8, elements=64)
"""A request with the longest imprint and nonce has some two hundred octets; the rest is for extensions."""
_MOST_TEXTS: Final = 16
_LONGEST_TEXT: Final = 4096


class PkiStatus(IntEnum):
    """Whether a time stamp was given (PKIStatus)."""

    GRANTED = 0
    GRANTED_WITH_MODIFICATIONS = 1
    REJECTION = 2
    WAITING = 3
    REVOCATION_WARNING = 4
    REVOCATION_NOTIFICATION = 5


class FailureReason(IntEnum):
    """Why none was given (PKIFailureInfo), by bit."""

    BAD_ALGORITHM = 0
    BAD_REQUEST = 2
    BAD_DATA_FORMAT = 5
    TIME_NOT_AVAILABLE = 14
    UNACCEPTED_POLICY = 15
    UNACCEPTED_EXTENSION = 16
    ADDITIONAL_INFORMATION_NOT_AVAILABLE = 17
    SYSTEM_FAILURE = 25


class RequestVersionError(MalformedDataError):
    """A request of another version than 1: well formed perhaps, and not to be understood."""


_GIVEN: Final = frozenset({PkiStatus.GRANTED, PkiStatus.GRANTED_WITH_MODIFICATIONS})


@dataclass(frozen=True, slots=True)
class TimeStampRequest:
    """A request (TimeStampReq).

    Attributes:
        imprint: Of what a time stamp is wanted.
        policy: Identifier of the policy wanted, or None for the authority's own.
        nonce: A large random number that binds the answer to this request, or None.
        certificates_wanted: certReq: the token shall carry the authority's certificate.
        extensions: Undecoded; no identifier twice.
        tolerances: Departures let pass on reading.
    """

    imprint: MessageImprint
    policy: str | None = None
    nonce: int | None = None
    certificates_wanted: bool = False
    extensions: tuple[Extension, ...] = ()
    tolerances: tuple[Tolerance, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeStampResponse:
    """An answer (TimeStampResp). It holds a token if and only if it grants one.

    Attributes:
        status: Whether one was given.
        token: ContentInfo, DER; None without one.
        texts: What the authority says to people.
        failures: Why none was given, by bit number; see ``FailureReason``.
    """

    status: PkiStatus
    token: bytes | None = field(default=None, repr=False)
    texts: tuple[str, ...] = ()
    failures: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if (self.status in _GIVEN) != (self.token is not None):
            raise ValueError("a token is there if and only if it was granted")
        if self.status in _GIVEN and self.failures:
            raise ValueError("what was granted did not fail")

    def read_token(self) -> TimeStampToken | None:
        """The decoded token; None without one.

        Raises:
            MalformedDataError: It does not decode.
        """
        return None if self.token is None else read_time_stamp_token(self.token)


def encode_request(request: TimeStampRequest) -> bytes:
    """TimeStampReq as DER."""
    parts = [der.integer(1), encode_imprint(request.imprint)]
    if request.policy is not None:
        parts.append(der.oid(request.policy))
    if request.nonce is not None:
        parts.append(der.integer(request.nonce))
    if request.certificates_wanted:
        parts.append(der.boolean(True))
    if request.extensions:
        parts.append(encode_extensions(0, request.extensions))
    return der.sequence(*parts)


def read_request(data: bytes) -> TimeStampRequest:
    """Decode TimeStampReq.

    Raises:
        RequestVersionError: Of another version.
        MalformedDataError: Not a request.
        LimitExceededError: Larger than allowed.
    """
    found: list[Tolerance] = []
    fields = der.parse(data, what="time-stamp request", limits=REQUEST_LIMITS).sequence(2, 6)
    version = fields.next("version")
    if version.integer(found, max_octets=4) != 1:
        raise RequestVersionError("version is not 1", what=version.what, offset=version.offset)
    imprint = read_imprint(fields.next("messageImprint"))
    policy = fields.optional(der.OBJECT_IDENTIFIER)
    nonce = fields.optional(der.INTEGER)
    wanted = fields.optional(der.BOOLEAN)
    certificates_wanted = wanted is not None and wanted.boolean(found)
    if wanted is not None and not certificates_wanted:
        found.append(Tolerance.DER_ENCODED_DEFAULT)
    extensions = fields.optional(der.context(0))
    fields.end()
    return TimeStampRequest(
        imprint=imprint,
        policy=None if policy is None else policy.oid(),
        nonce=None if nonce is None else nonce.integer(found, max_octets=MAX_NONCE_OCTETS),
        certificates_wanted=certificates_wanted,
        extensions=tuple(read_implicit_extensions(extensions, found).values()),
        tolerances=collect(found),
    )


def encode_response(response: TimeStampResponse) -> bytes:
    """TimeStampResp as DER.

    Raises:
        ValueError: The token is not one DER value.
    """
    parts = [encode_status_info(response.status, response.texts, response.failures)]
    if response.token is not None:
        parts.append(der.parse(response.token, what="time-stamp token").expect(der.SEQUENCE).encoded)
    return der.sequence(*parts)


def encode_status_info(status: PkiStatus, texts: Iterable[str] = (), failures: Collection[int] = ()) -> bytes:
    """PKIStatusInfo as DER."""
    parts = [der.integer(status)]
    said = [der.utf8_string(text) for text in texts]
    if said:
        parts.append(der.sequence(*said))
    if failures:
        parts.append(der.named_bits(failures))
    return der.sequence(*parts)


def read_response(data: bytes) -> TimeStampResponse:
    """Decode TimeStampResp; the token inside is read by ``TimeStampResponse.read_token``.

    Raises:
        MalformedDataError: Not an answer, or one that contradicts itself.
        LimitExceededError: Larger than allowed.
    """
    outer = der.parse(data, what="time-stamp response", limits=LIMITS)
    fields = outer.sequence(1, 2)
    status, texts, failures = read_status_info(fields.next("status").sequence(1, 3))
    token = fields.optional(der.SEQUENCE)
    fields.end()
    try:
        return TimeStampResponse(status, None if token is None else token.encoded, texts, failures)
    except ValueError as exc:
        raise outer.error(str(exc)) from exc


def read_status_info(fields: Elements) -> tuple[PkiStatus, tuple[str, ...], frozenset[int]]:
    """PKIStatusInfo: status, texts, and bits of PKIFailureInfo.

    Raises:
        MalformedDataError: Not one.
    """
    number = fields.next("status")
    try:
        status = PkiStatus(number.integer(max_octets=4))
    except MalformedDataError:
        raise
    except ValueError as exc:
        raise number.error("no such status") from exc
    free_text = fields.optional(der.SEQUENCE)
    failures = fields.optional(der.BIT_STRING)
    fields.end()
    texts = () if free_text is None else tuple(_texts(free_text))
    found: list[Tolerance] = []  # trailing zeros of a bit list change nothing in what failed
    return status, texts, frozenset() if failures is None else failures.named_bits(found)


def _texts(node: Node) -> list[str]:
    texts = [item.string(der.UTF8_STRING) for item in node]
    if len(texts) > _MOST_TEXTS or any(len(text) > _LONGEST_TEXT for text in texts):
        raise node.error("more text than an answer has to say")
    return texts


def differences(request: TimeStampRequest, token: TimeStampToken) -> tuple[str, ...]:
    """In what a token is not what was asked for (RFC 3161 2.2, 2.4.2); empty if in nothing.

    Returns:
        Of ``messageImprint``, ``nonce``, ``policy`` and ``certificates``.
    """
    info = token.info
    checks = {
        "messageImprint": info.imprint == request.imprint,
        "nonce": info.nonce == request.nonce,
        "policy": request.policy is None or info.policy == request.policy,
        "certificates": bool(token.signed_data.certificates) == request.certificates_wanted,
    }
    return tuple(name for name, right in checks.items() if not right)
