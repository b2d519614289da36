"""Enrolment over HTTP (RFC 9811): POST of a PKIMessage, answered by one."""

from datetime import timedelta
from http import HTTPStatus
from typing import Final

from api.enrolment_folder import enrolment_register, enrolment_secrets, read_enrolment
from api.http.exchange import HttpAnswer, HttpRequest
from api.http.service import Job, Route, Service, in_thread
from api.http.surroundings import Surroundings
from ca.enrolment.parties import ReplySigner
from ca.enrolment.service import EnrolmentService
from formats.rfc9810.reading import LIMITS

MEDIA_TYPE: Final = "application/pkixcmp"
_NOT_KEPT: Final = ((b"cache-control", b"no-store"),)
_LAPSE_EVERY: Final = timedelta(minutes=1)


def build(surroundings: Surroundings) -> Service | None:
    """The service, if the authority's folder has one."""
    folder = surroundings.folder
    file = read_enrolment(folder)
    if file is None:
        return None
    reply_signer = None
    if file.reply_key_index is not None and file.reply_certificate is not None:
        reply_signer = ReplySigner(file.reply_certificate, surroundings.signer(file.reply_key_index))
    service = EnrolmentService(
        authority=surroundings.authority(),
        store=surroundings.open(enrolment_register(folder, file)),
        secrets=enrolment_secrets(folder),
        settings=file.settings,
        clock=surroundings.clock,
        random=surroundings.random,
        reply_signer=reply_signer,
    )

    def answer(request: HttpRequest) -> HttpAnswer:
        return HttpAnswer(HTTPStatus.OK, service.answer(request.body), MEDIA_TYPE, _NOT_KEPT)

    def lapse() -> None:
        service.lapse()

    return Service(
        name="enrolment",
        routes=(Route(file.path, {"POST": in_thread(answer)}, accepts=MEDIA_TYPE, most=LIMITS.size),),
        jobs=(Job("lapse", _LAPSE_EVERY, lapse),),
    )
