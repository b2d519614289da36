"""What an error becomes on the network: a problem document (RFC 9457), by one table from typed errors.

Errors of the domains carry no secret and no number of a person, so their text is told. Of everything not foreseen
nothing is told but that it happened; the log names its type.
"""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from api.failures import CommandError
from api.http.exchange import PROBLEM_JSON, Headers, HttpAnswer
from ca.errors import (
    CertificateNotFoundError,
    CrlNotFoundError,
    RecordDamagedError,
    RefusedError,
)
from ca.registration.errors import ApplicationNotFoundError, KeyProvisionError
from crypto import CryptoError, KeyStoreError
from formats.errors import LimitExceededError, MalformedDataError

_RETRY_SECONDS: Final = b"10"


@dataclass(frozen=True, slots=True)
class _Row:
    """How one type of error is told."""

    status: HTTPStatus
    code: str
    tells: bool = True


_TABLE: Final[dict[type[Exception], _Row]] = {
    LimitExceededError: _Row(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "limit-exceeded"),
    MalformedDataError: _Row(HTTPStatus.BAD_REQUEST, "malformed"),
    RefusedError: _Row(HTTPStatus.CONFLICT, "refused"),
    CertificateNotFoundError: _Row(HTTPStatus.NOT_FOUND, "not-found"),
    CrlNotFoundError: _Row(HTTPStatus.NOT_FOUND, "not-found"),
    ApplicationNotFoundError: _Row(HTTPStatus.NOT_FOUND, "not-found"),
    KeyProvisionError: _Row(HTTPStatus.BAD_GATEWAY, "key-management"),
    RecordDamagedError: _Row(HTTPStatus.INTERNAL_SERVER_ERROR, "record-damaged", tells=False),
    KeyStoreError: _Row(HTTPStatus.SERVICE_UNAVAILABLE, "key-store", tells=False),
    CryptoError: _Row(HTTPStatus.BAD_REQUEST, "crypto"),
    TimeoutError: _Row(HTTPStatus.SERVICE_UNAVAILABLE, "too-slow", tells=False),
}
"""By the nearest class of an error; its own ``code`` goes before the one here."""
_UNFORESEEN: Final = _Row(HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected", tells=False)
_STORE_AWAY: Final = _Row(HTTPStatus.SERVICE_UNAVAILABLE, "register", tells=False)


class ProblemError(Exception):
    """An answer that is a problem, raised where the request is looked at.

    Args:
        status: HTTP status code.
        code: Stable code for programs.
        detail: For people; no secret, no number of a person.
        headers: To go with the answer.
    """

    def __init__(self, status: HTTPStatus, code: str, detail: str = "", *, headers: Headers = ()) -> None:
        super().__init__(detail or code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers


FORESEEN: Final[tuple[type[Exception], ...]] = (ProblemError, *_TABLE)
"""What the table knows, for frameworks that want their handlers by class."""


def problem_document(status: HTTPStatus, code: str, detail: str = "") -> bytes:
    """An ``application/problem+json`` document; ``code`` is an extension member that programs can rely on."""
    content = {"type": "about:blank", "title": status.phrase, "status": int(status), "code": code}
    if detail:
        content["detail"] = detail
    return json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace")


def problem(status: HTTPStatus, code: str, detail: str = "", *, headers: Headers = ()) -> HttpAnswer:
    """The answer that is a problem document; never cached."""
    return HttpAnswer(
        status, problem_document(status, code, detail), PROBLEM_JSON, ((b"cache-control", b"no-store"), *headers)
    )


def problem_of(error: Exception) -> HttpAnswer:
    """The answer that an error becomes."""
    if isinstance(error, ProblemError):
        return problem(error.status, error.code, error.detail, headers=error.headers)
    if isinstance(error, CommandError):  # what is set up wrongly is for the operator's eyes
        return problem(_UNFORESEEN.status, "settings")
    row = _row_of(error)
    headers = ((b"retry-after", _RETRY_SECONDS),) if row.status is HTTPStatus.SERVICE_UNAVAILABLE else ()
    code = getattr(error, "code", None)
    return problem(
        row.status,
        code if row.tells and isinstance(code, str) else row.code,
        str(error) if row.tells else "",
        headers=headers,
    )


def is_foreseen(error: Exception) -> bool:
    """Whether the table knows the error; what it does not is worth an operator's look."""
    return isinstance(error, ProblemError) or _row_of(error) is not _UNFORESEEN


def _row_of(error: Exception) -> _Row:
    for kind in type(error).__mro__:
        if kind in _TABLE:
            return _TABLE[kind]
        if kind.__module__.partition(".")[0] == "sqlalchemy" and kind.__name__ == "OperationalError":
            return _STORE_AWAY
    return _UNFORESEEN
