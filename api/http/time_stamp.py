"""The time-stamp service over HTTP (RFC 3161 3.4): POST of a query, answered by a reply."""

import secrets
from functools import partial
from http import HTTPStatus
from typing import Final

from api.http.exchange import HttpAnswer, HttpRequest
from api.http.gathering import Gathered
from api.http.service import Health, Route, Service
from api.http.surroundings import Surroundings
from api.network_time import ReferencePolling, measure
from api.time_stamp_clients import QUERY_TYPE, REPLY_TYPE
from api.time_stamp_service import MACHINE_CLOCKS, read_stamp_service, stamp_authority
from ca.time_stamping.authority import TimeStampAuthority
from ca.time_stamping.clock_model import ClockState
from ca.time_stamping.register import StampRegister
from formats.gbt20520.protocol import REQUEST_LIMITS

_NOT_KEPT: Final = ((b"cache-control", b"no-store"),)


def build(surroundings: Surroundings) -> Service | None:
    """The service, if the authority's folder has one."""
    file = read_stamp_service(surroundings.folder)
    if file is None:
        return None
    store = StampRegister(file.register_address(surroundings.folder))
    authority = stamp_authority(
        store=store,
        signer=surroundings.signer(file.key_index, pin_file=file.pin_file),
        certificate=file.certificate,
        settings=file.settings,
        clock=file.clock,
    )
    ask = partial(
        measure, wall=MACHINE_CLOCKS.wall, monotonic=MACHINE_CLOCKS.monotonic, random=secrets.token_bytes
    )
    polling = ReferencePolling(file.references, authority.guard.report, ask)

    def stop() -> None:
        polling.stop()
        store.close()

    return Service(
        name="time-stamp",
        routes=(stamping_route(authority, file.path),),
        start=polling.start,
        stop=stop,
        health=lambda: _health(authority, polling),
    )


def stamping_route(authority: TimeStampAuthority, path: str) -> Route:
    """Where an authority answers; requests that come at the same time are stamped together."""
    gathered = Gathered(authority.answer_many)

    async def endpoint(request: HttpRequest) -> HttpAnswer:
        return HttpAnswer(HTTPStatus.OK, await gathered.answer(request.body), REPLY_TYPE, _NOT_KEPT)

    return Route(path, {"POST": endpoint}, accepts=QUERY_TYPE, most=REQUEST_LIMITS.size)


def _health(authority: TimeStampAuthority, polling: ReferencePolling) -> Health:
    """Ready while the clock is trusted; every look at the health looks at the clock."""
    state = authority.guard.check()
    told = [] if state is ClockState.TRUSTED else [f"clock {state}: {authority.guard.reason}"]
    return Health(state is ClockState.TRUSTED, "; ".join([*told, *polling.failing.values()]))
