"""The status service over HTTP (RFC 6960 appendix A, RFC 9919): GET and POST at ``/ocsp``.

What is in memory is answered on the loop; the rest is gathered while one look at the record runs in a thread. The
responder's certificate is read anew when ``status-service.json`` changes, so that renewing it needs no restart.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes

from api.failures import CommandError
from api.http.exchange import Headers, HttpAnswer, HttpRequest
from api.http.gathering import Gathered
from api.http.service import Health, Job, Route, Service
from api.http.surroundings import Surroundings
from api.moments import utc_text
from api.status_folder import FILE, StatusFile, read_status_file, status_register
from ca.status import Caching, Presigner, ResponderKey, StatusAnswer, StatusResponder
from ca.status.errors import ResponderUnfitError
from ca.status.register import StatusRegister
from ca.status.responder import MOST_OCTETS, failure
from formats.rfc6960 import ResponseStatus

PATH: Final = "/ocsp"
REQUEST: Final = "application/ocsp-request"
RESPONSE: Final = "application/ocsp-response"
_PRESIGN_EVERY: Final = timedelta(seconds=5)
_TOLD_BEFORE: Final = timedelta(days=7)
_NO_STORE: Final = ((b"cache-control", b"no-store"),)


def build(surroundings: Surroundings) -> Service | None:
    """The status service; None if the folder has no ``status-service.json``.

    Raises:
        CommandError: The key or the certificate is not the responder's.
    """
    if not (surroundings.folder / FILE).exists():
        return None
    desk = StatusDesk(surroundings)
    front = StatusFront(desk.answer_many, desk.remembered, surroundings.clock)
    return Service(
        "status",
        routes=(
            Route(PATH, {"GET": front.get, "POST": front.post}, accepts=REQUEST, most=MOST_OCTETS, is_prefix=True),
        ),
        jobs=(Job("presign", _PRESIGN_EVERY, desk.presign),) if desk.presigns else (),
        start=lambda: _look_once(desk),
        health=desk.health,
    )


def _look_once(desk: "StatusDesk") -> None:
    desk.answer_many(())


class StatusDesk:
    """The responder of a folder, made anew when its file changes.

    Args:
        surroundings: Of the authority.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._path: Path = surroundings.folder / FILE
        self._register: StatusRegister | None = None
        self._seen = _version(self._path)
        self._complaint = ""
        self._settle(read_status_file(surroundings.folder))

    @property
    def presigns(self) -> bool:
        """Whether answers are signed beforehand in this process: it has the key."""
        return self._presigner is not None

    def remembered(self, request: bytes) -> StatusAnswer | None:
        """See ``StatusResponder.remembered``."""
        return self._responder.remembered(request)

    def answer_many(self, requests: Sequence[bytes]) -> list[StatusAnswer]:
        """See ``StatusResponder.answer_many``."""
        self._renew()
        return self._responder.answer_many(requests)

    def presign(self) -> None:
        """Sign what is due."""
        self._renew()
        if self._presigner is not None:
            self._presigner.run()

    def health(self) -> Health:
        """Whether the responder's certificate may sign now, and whether its end is near."""
        key = self._key
        if self._complaint:
            return Health(is_ready=False, detail=self._complaint)
        if key is None:
            return Health(is_ready=True)
        now = self._surroundings.clock()
        standings = self._surroundings.store.standings(self._responder.authority, [key.serial])
        try:
            key.check(standings.get(key.serial), now)
        except ResponderUnfitError as error:
            return Health(is_ready=False, detail=str(error))
        ends = key.certificate.validity.not_after
        is_near = ends - now < _TOLD_BEFORE
        return Health(is_ready=True, detail=f"its certificate ends at {utc_text(ends)}" if is_near else "")

    def _renew(self) -> None:
        """Take up what the file says if it changed; a file that is wrong leaves the responder as it was."""
        version = _version(self._path)
        if version == self._seen:
            return
        self._seen = version
        try:
            self._settle(read_status_file(self._surroundings.folder))
        except Exception as error:  # noqa: BLE001 - told by /health; what worked goes on working
            self._complaint = f"{FILE} was changed and cannot be taken up: {type(error).__name__}"
        else:
            self._complaint = ""

    def _settle(self, file: StatusFile) -> None:
        around = self._surroundings
        issuer = around.file.chain[0]
        policy = file.policy
        try:
            key = self._opened(file) if policy.on_demand else None
        except ResponderUnfitError as error:
            raise CommandError("ca.status.unfit", detail=error) from error
        if policy.presigned and self._register is None:
            self._register = around.open(closing(status_register(around.folder, file)))
        answers = self._register if policy.presigned else None
        self._key = key
        self._responder = StatusResponder(
            record=around.store, issuer=issuer, key=key, policy=policy, clock=around.clock, answers=answers
        )
        self._presigner = None
        if key is not None and answers is not None:
            self._presigner = Presigner(
                record=around.store, issuer=issuer, key=key, policy=policy, answers=answers, clock=around.clock
            )

    def _opened(self, file: StatusFile) -> ResponderKey:
        around = self._surroundings
        signer = around.signer(file.key_index, pin_file=file.pin_file)
        return ResponderKey(signer, file.certificate, around.file.chain[0], user_id=around.file.settings.user_id)


class StatusFront:
    """The addresses of a status service.

    Args:
        answer_many: Answers requests; called in a thread.
        remembered: The answer if it is at hand; called on the loop.
        clock: Gives the present moment, UTC.
    """

    def __init__(
        self,
        answer_many: Callable[[Sequence[bytes]], Sequence[StatusAnswer]],
        remembered: Callable[[bytes], StatusAnswer | None],
        clock: Callable[[], datetime],
    ) -> None:
        self._gathered = Gathered(answer_many)
        self._remembered = remembered
        self._clock = clock

    async def get(self, request: HttpRequest) -> HttpAnswer:
        """A request in the path, Base64 and then percent-encoded; a slash too many before it is forgiven."""
        octets = decoded(request.rest)
        if octets is None:
            return _answer(failure(ResponseStatus.MALFORMED_REQUEST), self._clock())
        answer = self._remembered(octets) or await self._gathered.answer(octets)
        if answer.caching is not None and _is_tagged(request.headers.get(b"if-none-match"), answer.caching.tag):
            return HttpAnswer(304, headers=_caching_headers(answer.caching, self._clock()))
        return _answer(answer, self._clock())

    async def post(self, request: HttpRequest) -> HttpAnswer:
        """A request in the body."""
        answer = self._remembered(request.body) or await self._gathered.answer(request.body)
        return _answer(answer, self._clock())


@lru_cache(maxsize=16_384)
def decoded(rest: bytes) -> bytes | None:
    """The request in a path; None if it is not Base64."""
    try:
        return base64.b64decode(unquote_to_bytes(rest).lstrip(b"/"), validate=True)
    except binascii.Error:
        return None


def _answer(answer: StatusAnswer, now: datetime) -> HttpAnswer:
    headers = _NO_STORE if answer.caching is None else _caching_headers(answer.caching, now)
    return HttpAnswer(200, answer.body, RESPONSE, headers)


def _caching_headers(caching: Caching, now: datetime) -> Headers:
    """RFC 9919: fresh until a newer answer is to be had."""
    seconds = max(0, int((caching.refresh_at - now).total_seconds()))
    control = b"max-age=%d, public, no-transform, must-revalidate" % seconds
    return ((b"cache-control", control), *_fixed_headers(caching))


@lru_cache(maxsize=4096)
def _fixed_headers(caching: Caching) -> Headers:
    return (
        (b"etag", f'"{caching.tag}"'.encode("ascii")),
        (b"last-modified", format_datetime(caching.this_update, usegmt=True).encode("ascii")),
        (b"expires", format_datetime(caching.next_update, usegmt=True).encode("ascii")),
    )


def _is_tagged(if_none_match: bytes | None, tag: str) -> bool:
    """Whether If-None-Match names an answer (RFC 9110 13.1.2, weak comparison)."""
    if if_none_match is None:
        return False
    tags = {each.strip().removeprefix(b"W/") for each in if_none_match.split(b",")}
    return b"*" in tags or f'"{tag}"'.encode("ascii") in tags


def _version(path: Path) -> tuple[int, int] | None:
    """Tells one content of a file from another."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino
