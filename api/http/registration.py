"""The registration desk over HTTP: REST below ``/registration/v1``, operators with bearer tokens."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Header, Query, Request, Response
from fastapi import Path as PathParameter

from api.http.problems import ProblemError
from api.http.registration_bodies import (
    ApplicationView,
    CertificateView,
    NewApplication,
    NewRenewal,
    Reasoned,
    Revoked,
    TrailSoundness,
)
from api.http.rest import rest_application
from api.http.service import Health, Job, Mount, Service
from api.http.surroundings import Surroundings
from api.operators import Operator, Role, read_operators
from api.registration_access import desk_over, open_centre
from api.registration_folder import FILE, desk_register, read_registration
from ca.registration.errors import ApplicationNotFoundError
from ca.registration.model import ApplicationId, ApplicationState
from ca.registration.record_ports import DeskStore
from ca.registration.service import RegistrationDesk
from formats.gbt20518 import RevocationReason
from hsm_sim import KeyStoreClient

PATH: Final = "/registration/v1"
_MOST_BODY: Final = 256 * 1024
_MOST_PAGE: Final = 500
_SERVICE_ACTOR: Final = "registration-service"
_FINISH_EVERY: Final = timedelta(minutes=1)
_SUPERSEDE_EVERY: Final = timedelta(hours=1)

Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=128, pattern=r"^[!-~]+$")]
Id = Annotated[str, PathParameter(description="32 hexadecimal digits", max_length=64)]


def build(surroundings: Surroundings) -> Service | None:
    """The desk; None if the folder has no ``registration.json``.

    Raises:
        CommandError: A key or a register cannot be opened.
    """
    folder = surroundings.folder
    if not (folder / FILE).exists():
        return None
    file = read_registration(folder)
    store = desk_register(folder, file)
    centre = None
    if file.centre is not None:
        own = file.centre.key_store
        client = (
            surroundings.key_store()
            if own is None
            else surroundings.open(KeyStoreClient(Path(own), name="xinyin serve"))
        )
        centre = surroundings.open(open_centre(folder, file.centre, client))
    desk = desk_over(folder, store, surroundings.authority(), centre)
    return Service(
        "registration",
        mounts=(Mount(PATH, desk_application(desk, store, folder, surroundings.clock), most=_MOST_BODY),),
        jobs=(
            Job("finish", _FINISH_EVERY, lambda: _finish(desk)),
            Job("supersede", _SUPERSEDE_EVERY, lambda: _supersede(desk)),
        ),
        stop=store.close,
        health=lambda: _health(folder),
    )


def _finish(desk: RegistrationDesk) -> None:
    desk.recover(actor=_SERVICE_ACTOR)


def _supersede(desk: RegistrationDesk) -> None:
    desk.pairs.supersede_due(actor=_SERVICE_ACTOR)


def _health(folder: Path) -> Health:
    count = len(read_operators(folder).operators)
    return Health(count > 0, f"{count} operators")


class _Doorkeeper:
    """Knows operators by their tokens; the file is read for each request, so that removing one counts at once.

    Args:
        folder: The authority's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def admit(self, *roles: Role) -> Callable[[Request], Operator]:
        """A dependency that lets in operators of some roles."""

        def known(request: Request) -> Operator:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            operator = None
            if scheme.lower() == "bearer" and token:
                operator = read_operators(self._folder).of_token(token.strip())
            if operator is None:
                raise ProblemError(
                    HTTPStatus.UNAUTHORIZED,
                    "token",
                    "no operator's token",
                    headers=((b"www-authenticate", b"Bearer"),),
                )
            if operator.role not in roles:
                raise ProblemError(HTTPStatus.FORBIDDEN, "role", f"not for a {operator.role}")
            return operator

        return known


def desk_application(
    desk: RegistrationDesk, store: DeskStore, folder: Path, clock: Callable[[], datetime]
) -> FastAPI:
    """The REST application.

    Args:
        desk: Does the work.
        store: Its register, for the trail.
        folder: Where ``operators.json`` lies.
        clock: Gives the present moment.
    """
    application = rest_application("Xinyin registration desk", "1")
    door = _Doorkeeper(folder)
    clerk = Depends(door.admit(Role.CLERK))
    reviewer = Depends(door.admit(Role.REVIEWER))
    auditor = Depends(door.admit(Role.AUDITOR))
    anybody = Depends(door.admit(*Role))
    worker = Depends(door.admit(Role.CLERK, Role.REVIEWER))
    # Approvals sign, and end in the order they came; everything else runs side by side.
    signing = threading.Lock()

    @application.post("/applications")
    def apply(body: NewApplication, key: Key, operator: Operator = clerk) -> ApplicationView:
        """Take an application for first certificates; the same key gives the same application."""
        return ApplicationView.of(desk.apply(body.submission(key), clerk=operator.name), clock())

    @application.post("/renewals")
    def renew(body: NewRenewal, key: Key, operator: Operator = clerk) -> ApplicationView:
        """Take an application to renew certificates of the desk."""
        return ApplicationView.of(desk.renew(body.submission(key), clerk=operator.name), clock())

    @application.get("/applications", dependencies=[anybody])
    def applications(
        state: ApplicationState | None = None,
        after: str | None = None,
        most: Annotated[int, Query(ge=1, le=_MOST_PAGE)] = 100,
    ) -> list[ApplicationView]:
        """A page of applications in the order they came."""
        start = _id(after) if after is not None else None
        return [
            ApplicationView.of(each, clock()) for each in desk.applications(state=state, after=start, most=most)
        ]

    @application.get("/applications/{number}", dependencies=[anybody])
    def one(number: Id) -> ApplicationView:
        """One application."""
        return ApplicationView.of(desk.record(_id(number)), clock())

    @application.get("/applications/{number}/answer", dependencies=[worker])
    def answer(number: Id) -> Response:
        """The answer to the applicant: DER CSRResponse (GM/T 0092)."""
        return Response(desk.answer(_id(number)), media_type="application/octet-stream")

    @application.post("/applications/{number}/approval")
    def approve(number: Id, operator: Operator = reviewer) -> ApplicationView:
        """Approve and issue; asking again finishes what was interrupted."""
        with signing:
            return ApplicationView.of(desk.approve(_id(number), reviewer=operator.name).record, clock())

    @application.post("/applications/{number}/rejection")
    def reject(number: Id, body: Reasoned, operator: Operator = reviewer) -> ApplicationView:
        """Turn an application down."""
        return ApplicationView.of(desk.reject(_id(number), reviewer=operator.name, reason=body.reason), clock())

    @application.post("/applications/{number}/withdrawal")
    def withdraw(number: Id, body: Reasoned, operator: Operator = clerk) -> ApplicationView:
        """Take an application back before it is decided."""
        return ApplicationView.of(desk.withdraw(_id(number), clerk=operator.name, reason=body.reason), clock())

    @application.post("/applications/{number}/revocation")
    def revoke(number: Id, body: Revoked, operator: Operator = reviewer) -> list[CertificateView]:
        """Revoke the certificates of an application for good."""
        since = body.invalid_since
        if since is not None and since.utcoffset() is None:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "validation", "invalid_since: no offset")
        records = desk.pairs.revoke(
            _id(number),
            RevocationReason[body.reason.upper()],
            actor=operator.name,
            invalidity_date=since.astimezone(UTC).replace(microsecond=0) if since else None,
        )
        return [CertificateView.of(each) for each in records]

    @application.post("/applications/{number}/suspension")
    def suspend(number: Id, operator: Operator = reviewer) -> list[CertificateView]:
        """Hold the certificates of an application."""
        return [CertificateView.of(each) for each in desk.pairs.suspend(_id(number), actor=operator.name)]

    @application.post("/applications/{number}/resumption")
    def resume(number: Id, operator: Operator = reviewer) -> list[CertificateView]:
        """End a hold."""
        return [CertificateView.of(each) for each in desk.pairs.resume(_id(number), actor=operator.name)]

    @application.get("/trail", dependencies=[auditor])
    def trail(
        after: Annotated[int, Query(ge=0)] = 0, most: Annotated[int, Query(ge=1, le=_MOST_PAGE)] = 100
    ) -> list[dict[str, Any]]:
        """A page of the desk's audit trail."""
        return [dict(each) for each in store.audit_entries(after=after, most=most)]

    @application.get("/trail/soundness", dependencies=[auditor])
    def soundness() -> TrailSoundness:
        """Whether the trail's chain is whole; goes through all of it."""
        return TrailSoundness(first_break=store.audit_break())

    return application


def _id(text: str) -> ApplicationId:
    try:
        return ApplicationId(text)
    except ValueError as error:
        raise ApplicationNotFoundError("no such application") from error
