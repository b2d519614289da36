"""What the application does for every service: routes, bounds, problems, health, life, log."""

import asyncio
import json
from datetime import timedelta

import pytest

from api.http.application import Application
from api.http.exchange import HttpAnswer, HttpRequest
from api.http.problems import problem_of
from api.http.rest import rest_application
from api.http.service import Health, Job, Mount, Route, Service
from api.http.settings import ServerSettings
from ca.errors import CertificateNotFoundError, IllegalTransitionError, LintError, LintFinding, RecordDamagedError
from crypto import InvalidSignatureError, KeyStoreError
from formats.errors import LimitExceededError, MalformedDataError
from tests.api.http.asking import Answered, ask, running
from tests.api.http.small_services import clock, small_service

SETTINGS = ServerSettings(body_seconds=1)


class Log(list[str]):
    """Lines of the access log."""

    @property
    def events(self) -> list[dict[str, object]]:
        return [json.loads(line) for text in self for line in text.splitlines()]


def application(*services: Service, log: Log | None = None, runs_jobs: bool = True) -> Application:
    write = (Log() if log is None else log).append
    return Application(services or (small_service(),), SETTINGS, clock=clock, write_log=write, runs_jobs=runs_jobs)


def asked(method: str, path: str, *arguments: object, **options: object) -> Answered:
    return asyncio.run(ask(application(), method, path, *arguments, **options))  # type: ignore[arg-type]


def failing_with(error: Exception) -> Service:
    async def fail(_: HttpRequest) -> HttpAnswer:
        raise error

    return Service("failing", routes=(Route("/fail", {"GET": fail}),))


def test_prefix_gets_the_rest_as_received() -> None:
    """What follows a prefix route reaches the endpoint undecoded, slashes and percent signs included."""
    assert asked("GET", "/echo/a%2Fb//c").body == b"GET a%2Fb//c "
    assert asked("GET", "/echo").body == b"GET  "


def test_body_reaches_the_endpoint_whole() -> None:
    """A body in pieces is put together."""
    kind = [(b"content-type", b"Text/Plain; charset=utf-8")]
    assert asked("POST", "/echo", [b"one ", b"two"], headers=kind).body == b"POST  one two"


def test_head_is_get_without_its_body() -> None:
    """HEAD gives the length of what GET would send, and none of it."""
    answer = asked("HEAD", "/echo/x")
    assert (answer.status, answer.body, answer.headers[b"content-length"]) == (200, b"", b"6")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "no-such-address"),
        ("GET", "/process/below", 404, "no-such-address"),
        ("GET", "/echoes", 404, "no-such-address"),
        ("GET", "/../echo", 404, "no-such-address"),
        ("DELETE", "/echo", 405, "method"),
        ("POST", "/health", 405, "method"),
    ],
)
def test_addresses_and_methods_are_those_declared(method: str, path: str, status: int, code: str) -> None:
    """Anything else is a problem document that says which."""
    answer = asked(method, path)
    assert (answer.status, answer.problem["code"]) == (status, code)
    assert (status == 405) == (b"allow" in answer.headers)


def test_long_body_is_refused() -> None:
    """By what it announces before anything is read, and by what arrives when it announces nothing."""
    kind = [(b"content-type", b"text/plain")]
    for body in (bytes(1001), [bytes(600), bytes(600)]):
        answer = asked("POST", "/echo", body, headers=kind)
        assert (answer.status, answer.problem["code"]) == (413, "body-too-long")
        assert answer.headers[b"connection"] == b"close"
    assert asked("POST", "/echo", bytes(1000), headers=kind).status == 200
    huge = [(b"content-length", b"9" * 400), *kind]
    assert asked("POST", "/echo", headers=huge).status == 413


def test_slow_body_is_given_up() -> None:
    """A body that stops arriving costs the configured seconds and no more."""
    answer = asked("POST", "/echo", [b"begun"], headers=[(b"content-type", b"text/plain")], stalls=True)
    assert (answer.status, answer.problem["code"]) == (408, "body-too-slow")


def test_other_media_type_is_refused() -> None:
    """A body of another type is not given to the endpoint."""
    assert asked("POST", "/echo", b"{}", headers=[(b"content-type", b"application/json")]).status == 415
    assert asked("POST", "/echo", b"{}").status == 415


def test_client_that_leaves_gets_nothing() -> None:
    """A connection that ends within a body is no error and no answer."""
    answer = asked("POST", "/echo", [], headers=[(b"content-type", b"text/plain")])
    assert answer.status == 0


@pytest.mark.parametrize(
    ("error", "status", "code", "told"),
    [
        (MalformedDataError("odd", what="thing"), 400, "malformed", True),
        (LimitExceededError("much", what="thing"), 413, "limit-exceeded", True),
        (InvalidSignatureError("wrong"), 400, "crypto", True),
        (IllegalTransitionError("revoked", "resume"), 409, "ca.illegal-transition", True),
        (LintError([LintFinding("ca.rule", "RFC", "broken")]), 409, "ca.rule", True),
        (CertificateNotFoundError("none"), 404, "not-found", True),
        (RecordDamagedError("row 7"), 500, "record-damaged", False),
        (KeyStoreError("index 3"), 503, "key-store", False),
        (TimeoutError(), 503, "too-slow", False),
        (ZeroDivisionError("inside"), 500, "unexpected", False),
    ],
)
def test_errors_become_problems_by_one_table(error: Exception, status: int, code: str, told: bool) -> None:
    """A typed error has its status and code; what is inside is not told of faults of ours."""
    answer = asyncio.run(ask(application(failing_with(error)), "GET", "/fail"))
    assert (answer.status, answer.problem["code"]) == (status, code)
    assert ("detail" in answer.problem) == told
    assert (b"retry-after" in answer.headers) == (status == 503)
    assert problem_of(error).status == status


def test_unforeseen_error_is_logged_by_type_alone() -> None:
    """Its text, which may hold anything, goes nowhere."""
    log = Log()
    app = application(failing_with(ZeroDivisionError("secret")), log=log)

    async def during() -> None:
        await ask(app, "GET", "/fail", query=b"id=11010519491231002X")

    asyncio.run(running(app, during=during))
    assert [event["event"] for event in log.events] == ["unexpected", "exchange"]
    assert log.events[0]["kind"] == "ZeroDivisionError"
    assert "secret" not in "".join(log)


def test_without_access_log_events_are_still_written() -> None:
    """What an operator must see does not go with the lines of exchanges."""
    log = Log()
    settings = ServerSettings(access_log=False)
    app = Application([failing_with(ZeroDivisionError())], settings, clock=clock, write_log=log.append)

    async def during() -> None:
        await ask(app, "GET", "/fail")

    asyncio.run(running(app, during=during))
    assert [event["event"] for event in log.events] == ["unexpected"]


def test_log_line_holds_no_query_rest_or_body() -> None:
    """Only what the route declares, so that no number of a person comes to stand in the log."""
    log = Log()
    app = application(log=log)

    async def during() -> None:
        kind = [(b"content-type", b"text/plain")]
        await ask(app, "POST", "/echo/11010519491231002X", b"11010519491231002X", headers=kind, query=b"q=1")
        await ask(app, "GET", "/11010519491231002X")

    asyncio.run(running(app, during=during))
    assert [(event["route"], event["status"]) for event in log.events] == [("/echo", 200), ("-", 404)]
    assert "110105" not in "".join(log)


def test_ready_follows_the_services() -> None:
    """/ready is 503 while one service is not ready; /health tells which and stays 200."""
    sick = Service("sick", health=lambda: Health(is_ready=False, detail="its certificate ended"))

    def broken() -> Health:
        raise OSError

    for service in (sick, Service("broken", health=broken)):
        app = application(small_service(), service)
        assert asyncio.run(ask(app, "GET", "/ready")).status == 503
        health = asyncio.run(ask(app, "GET", "/health"))
        told = json.loads(health.body)["services"]
        assert (health.status, told["small"]["status"]) == (200, "ready")
        assert told[service.name]["status"] == "not-ready"
    assert asyncio.run(ask(application(), "GET", "/ready")).status == 200


def test_services_start_in_order_and_stop_in_reverse() -> None:
    """Each starts once before the first request and stops once after the last."""
    happened: list[str] = []
    services = [
        Service(name, start=lambda n=name: happened.append(f"+{n}"), stop=lambda n=name: happened.append(f"-{n}"))
        for name in "ab"
    ]
    assert asyncio.run(running(application(*services)))[-1] == "lifespan.shutdown.complete"
    assert happened == ["+a", "+b", "-b", "-a"]


def test_service_that_does_not_start_stops_the_others() -> None:
    """The server does not come up, and what had started is stopped."""
    happened: list[str] = []

    def refuse() -> None:
        raise KeyStoreError("another key")

    app = application(Service("a", stop=lambda: happened.append("-a")), Service("b", start=refuse))
    assert asyncio.run(running(app)) == ["lifespan.startup.failed"]
    assert happened == ["-a"]
    assert app.start_error is not None
    assert app.start_error.service == "b"


def test_failing_job_is_told_and_tried_again() -> None:
    """A job's failure reaches log and /health, and ends neither the job nor the service."""
    runs: list[int] = []
    log = Log()

    def work() -> None:
        runs.append(1)
        if len(runs) == 1:
            raise KeyStoreError("away")

    app = application(small_service(jobs=(Job("work", timedelta(seconds=0.05), work),)), log=log)
    told: list[str | None] = []

    async def during() -> None:
        for _ in range(200):
            await asyncio.sleep(0.005)
            health = json.loads((await ask(app, "GET", "/health")).body)
            told.append(health["services"]["small"].get("failing_job"))
            if len(runs) > 1 and told[-1] is None:
                return

    asyncio.run(running(app, during=during))
    assert "work" in told
    assert told[-1] is None
    assert next(event for event in log.events if event["event"] == "job-failed")["job"] == "work"


def test_jobs_are_left_to_one_worker() -> None:
    """The other workers answer and do no job."""
    runs: list[int] = []
    service = small_service(jobs=(Job("work", timedelta(seconds=60), lambda: runs.append(1)),))

    async def during() -> None:
        await asyncio.sleep(0.02)

    asyncio.run(running(application(service, runs_jobs=False), during=during))
    assert runs == []


def test_two_services_cannot_share_a_name_or_an_address() -> None:
    """Contradictions are refused when services are put together."""
    with pytest.raises(ValueError, match="name"):
        application(small_service(), small_service())
    with pytest.raises(ValueError, match="/echo"):
        application(small_service(), small_service(name="other"))
    health = Route("/health", {"GET": small_service().routes[0].endpoints["GET"]})
    with pytest.raises(ValueError, match="/health"):
        application(Service("x", routes=(health,)))
    for path in ("echo", "/echo/", "/", "/a b", "/a/../b/"):
        with pytest.raises(ValueError, match="path"):
            Route(path, {"GET": small_service().routes[0].endpoints["GET"]})


def test_rest_part_speaks_problems() -> None:
    """FastAPI's own errors, the domains' and ours leave a mounted application as problem documents."""
    rest = rest_application("test", "1")
    log = Log()

    @rest.get("/numbers/{number}")
    def number(number: int) -> dict[str, int]:
        if number == 1:
            raise IllegalTransitionError("revoked", "resume")
        if number == 2:
            raise ZeroDivisionError("secret")
        return {"number": number}

    app = application(Service("rest", mounts=(Mount("/rest", rest, most=10),)), log=log)

    async def ask_all() -> list[Answered]:
        found = [await ask(app, "GET", f"/rest/{rest}") for rest in ("numbers/7", "numbers/1", "numbers/2")]
        found.append(await ask(app, "GET", "/rest/numbers/11010519491231002X"))
        found.append(await ask(app, "GET", "/rest/nothing"))
        found.append(await ask(app, "POST", "/rest/numbers/7", bytes(11)))
        return found

    answers: list[Answered] = []

    async def during() -> None:
        answers.extend(await ask_all())

    asyncio.run(running(app, during=during))
    good, *bad = answers
    assert json.loads(good.body) == {"number": 7}
    assert [(each.status, each.problem["code"]) for each in bad] == [
        (409, "ca.illegal-transition"),
        (500, "unexpected"),
        (422, "validation"),
        (404, "http"),
        (413, "body-too-long"),
    ]
    assert not any(b"110105" in each.body or b"secret" in each.body for each in bad)
    assert [event["kind"] for event in log.events if event["event"] == "unexpected"] == ["ZeroDivisionError"]
