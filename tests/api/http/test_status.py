"""The status service's HTTP side: addresses, encodings, caching headers."""

import asyncio
import base64
from datetime import timedelta
from urllib.parse import quote

import pytest

from api.http.application import Application
from api.http.service import Route, Service
from api.http.settings import ServerSettings
from api.http.status import PATH, REQUEST, StatusFront, decoded
from ca.status.responder import MOST_OCTETS, StatusResponder
from formats.rfc6960 import CertStatus, ResponseStatus, read_response
from tests.api.http.asking import Answered, ask
from tests.responder_world import ResponderWorld, make_responder_world

POSTED = [(b"content-type", REQUEST.encode())]


def application(world: ResponderWorld, responder: StatusResponder) -> Application:
    front = StatusFront(responder.answer_many, responder.remembered, world.world.clock)
    route = Route(PATH, {"GET": front.get, "POST": front.post}, accepts=REQUEST, most=MOST_OCTETS, is_prefix=True)
    service = Service("status", routes=(route,))
    settings = ServerSettings(access_log=False)
    return Application([service], settings, clock=world.world.clock, write_log=lambda _: None)


def answered(world: ResponderWorld, *asked: tuple[str, str, bytes], headers: object = POSTED) -> list[Answered]:
    app = application(world, world.responder(validity=timedelta(hours=2)))

    async def all_of_them() -> list[Answered]:
        return [await ask(app, *each, headers=headers) for each in asked]  # type: ignore[arg-type]

    return asyncio.run(all_of_them())


def status_of(answer: Answered) -> ResponseStatus:
    assert answer.headers[b"content-type"] == b"application/ocsp-response"
    return read_response(answer.body).status


@pytest.fixture
def world() -> ResponderWorld:
    return make_responder_world()


def test_get_and_post_give_the_same(world: ResponderWorld) -> None:
    """Base64 with and without percent-encoding, a slash too many, and the body of a POST."""
    request = world.request(world.issue())
    text = base64.b64encode(request).decode()
    answers = answered(
        world,
        ("GET", f"{PATH}/{quote(text, safe='')}", b""),
        ("GET", f"{PATH}/{text}", b""),
        ("GET", f"{PATH}//{text}", b""),
        ("POST", PATH, request),
        ("POST", f"{PATH}/", request),
    )
    assert {each.body for each in answers} == {answers[0].body}
    basic = read_response(answers[0].body).basic
    assert basic is not None
    assert basic.responses[0].status is CertStatus.GOOD


def test_caches_are_told_as_rfc_9919_says(world: ResponderWorld) -> None:
    """max-age to half-life, Last-Modified is thisUpdate, Expires is nextUpdate, ETag brings 304."""
    path = f"{PATH}/{quote(base64.b64encode(world.request(world.issue())).decode(), safe='')}"
    (first,) = answered(world, ("GET", path, b""))
    assert first.headers[b"cache-control"] == b"max-age=3600, public, no-transform, must-revalidate"
    assert first.headers[b"last-modified"] == b"Thu, 01 Jan 2026 08:00:00 GMT"
    assert first.headers[b"expires"] == b"Thu, 01 Jan 2026 10:00:00 GMT"
    app = application(world, world.responder())

    async def twice() -> list[Answered]:
        tag = (await ask(app, "GET", path)).headers[b"etag"]
        asked = [await ask(app, "GET", path, headers=[(b"if-none-match", each)]) for each in (
            b'"x", W/' + tag, b"*", b'"other"',
        )]  # fmt: skip
        return [*asked, await ask(app, "HEAD", path)]

    same, anything, other, head = asyncio.run(twice())
    assert (same.status, anything.status, other.status) == (304, 304, 200)
    assert same.body == b""
    assert b"content-length" not in same.headers
    assert (head.status, head.body, head.headers[b"content-type"]) == (200, b"", b"application/ocsp-response")


def test_what_caches_may_not_keep_says_so(world: ResponderWorld) -> None:
    """Failures and answers with a nonce."""
    serial = world.issue()
    answers = answered(
        world,
        ("POST", PATH, world.request(serial, nonce=bytes(16))),
        ("POST", PATH, world.request(77)),
        ("POST", PATH, b"no request"),
    )
    for each in answers:
        assert each.headers[b"cache-control"] == b"no-store"
        assert b"etag" not in each.headers
    assert [status_of(each) for each in answers[1:]] == [
        ResponseStatus.UNAUTHORIZED,
        ResponseStatus.MALFORMED_REQUEST,
    ]


@pytest.mark.parametrize(
    "rest", ["", "/", "/%", "/MFM", "/%FF%FE", "/..%2f..%2fetc", "/a b", "/M=FM====", "/////"]
)
def test_path_that_is_no_request_is_malformed(world: ResponderWorld, rest: str) -> None:
    """Whatever stands in the path: an OCSP failure, and nothing is looked up."""
    (answer,) = answered(world, ("GET", PATH + rest, b""))
    assert (answer.status, status_of(answer)) == (200, ResponseStatus.MALFORMED_REQUEST)


def test_other_bodies_are_refused(world: ResponderWorld) -> None:
    """Too long, or of another media type."""
    (long,) = answered(world, ("POST", PATH, bytes(MOST_OCTETS + 1)))
    assert long.status == 413
    (other,) = answered(world, ("POST", PATH, b"{}"), headers=[(b"content-type", b"application/json")])
    assert other.status == 415
    assert decoded(b"%zz") is None
