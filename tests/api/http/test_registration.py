"""The registration desk over HTTP: tokens and roles, bounded bodies, problems, the whole way of an application."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from api.http.application import Application
from api.http.registration import PATH, desk_application
from api.http.service import Mount, Service
from api.http.settings import ServerSettings
from api.operators import FILE, OperatorsFile, Role, read_operators, write_operators
from ca.errors import RefusedError
from crypto import PrivateKey, sm3
from formats.errors import MalformedDataError
from formats.gbt20518 import to_pem
from formats.gbt35276 import open_enveloped_key
from formats.gmt0092 import read_csr_response
from tests.api.http.asking import Answered, ask
from tests.authority_world import CREDIT_CODE
from tests.registration_desk import Desk, pkcs10

CITIZEN = "11010519491231002X"  # the worked example of GB 11643


class Counter:
    """A desk behind HTTP, and a token for each role."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.desk = Desk(str(folder / "desk.db"))
        self.log: list[str] = []
        operators, self.tokens = OperatorsFile(), {}
        for name, role in (("lin", Role.CLERK), ("wu", Role.REVIEWER), ("zhao", Role.AUDITOR)):
            operators, self.tokens[role] = operators.with_operator(name, role, os.urandom)
        write_operators(folder, operators)
        rest = desk_application(self.desk.desk, self.desk.store, folder, self.desk.world.clock)
        service = Service("registration", mounts=(Mount(PATH, rest, most=256 * 1024),))
        clock = self.desk.world.clock
        self.application = Application([service], ServerSettings(), clock=clock, write_log=self.log.append)

    def send(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> Answered:
        path, _, query = path.partition("?")
        octets = b"" if body is None else json.dumps(body).encode()
        given = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        given.append((b"content-type", b"application/json"))
        exchange = ask(self.application, method, PATH + path, octets, headers=given, query=query.encode())
        return asyncio.run(exchange)

    def ask(self, role: Role | None, method: str, path: str, body: Any = None, key: str | None = None) -> Answered:
        headers = {} if role is None else {"Authorization": f"Bearer {self.tokens[role]}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return self.send(method, path, headers, body)

    def told(self, role: Role, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        """What a good answer says."""
        answer = self.ask(role, method, path, body, key)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def apply(self, key: PrivateKey, **changes: Any) -> Answered:
        return self.ask(Role.CLERK, "POST", "/applications", {**_body(key), **changes}, "k-1")

    def taken(self, key: PrivateKey) -> str:
        """Number of a good application."""
        answer = self.apply(key)
        assert answer.status == 200, answer.body
        return str(json.loads(answer.body)["id"])


def _body(key: PrivateKey) -> dict[str, Any]:
    return {
        "profile": "organisation-signing",
        "request": to_pem(pkcs10(key), "CERTIFICATE REQUEST"),
        "days": 365,
        "credit_code": CREDIT_CODE,
    }


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter(tmp_path)


def _problem(answer: Answered, status: int, code: str) -> None:
    assert (answer.status, answer.problem["code"]) == (status, code)


def test_whole_way(counter: Counter) -> None:
    """Applied for by a clerk, approved by a reviewer, fetched, held, resumed, revoked; the trail names both."""
    key = PrivateKey.generate()
    number = counter.taken(key)
    assert counter.taken(key) == number
    approved = counter.told(Role.REVIEWER, "POST", f"/applications/{number}/approval")
    assert (approved["state"], approved["reviewer"]) == ("issued", "wu")
    answer = read_csr_response(counter.ask(Role.CLERK, "GET", f"/applications/{number}/answer").body)
    assert answer.enveloped_key is not None
    opened = open_enveloped_key(answer.enveloped_key, key)
    assert opened.public_key == answer.encryption_certificates[0].public_key
    for step, state in (("suspension", "held"), ("resumption", "valid")):
        changed = counter.told(Role.REVIEWER, "POST", f"/applications/{number}/{step}")
        assert [each["state"] for each in changed] == [state] * 2
    since = "2026-01-01T15:00:00+08:00"
    body = {"reason": "key_compromise", "invalid_since": since}
    revoked = counter.told(Role.REVIEWER, "POST", f"/applications/{number}/revocation", body)
    assert [each["state"] for each in revoked] == ["revoked"] * 2
    body["invalid_since"] = "2026-01-01T15:00:00"
    _problem(counter.ask(Role.REVIEWER, "POST", f"/applications/{number}/revocation", body), 422, "validation")
    trail = counter.told(Role.AUDITOR, "GET", "/trail")
    assert [(each["event"], each["actor"]) for each in trail][:2] == [
        ("application-taken", "lin"),
        ("application-approved", "wu"),
    ]
    assert counter.told(Role.AUDITOR, "GET", "/trail/soundness") == {"first_break": None}
    assert not any(token in "".join(counter.log) for token in counter.tokens.values())


def test_renewed_listed_rejected_withdrawn(counter: Counter) -> None:
    """The other ways of an application."""
    number = counter.taken(PrivateKey.generate())
    serial = counter.told(Role.REVIEWER, "POST", f"/applications/{number}/approval")["serials"][0]
    renewals = []
    for name in ("r-1", "r-2"):
        request = to_pem(pkcs10(PrivateKey.generate()), "CERTIFICATE REQUEST")
        body = {"replaces": serial, "request": request, "days": 365}
        renewals.append(counter.told(Role.CLERK, "POST", "/renewals", body, name))
    assert [each["kind"] for each in renewals] == ["rekey"] * 2
    first, second = (each["id"] for each in renewals)
    rejected = counter.told(Role.REVIEWER, "POST", f"/applications/{first}/rejection", {"reason": "重复"})
    assert (rejected["state"], rejected["reason"]) == ("rejected", "重复")
    withdrawn = counter.told(Role.CLERK, "POST", f"/applications/{second}/withdrawal", {"reason": "误报"})
    assert withdrawn["state"] == "withdrawn"
    listed = counter.told(Role.AUDITOR, "GET", f"/applications?after={number}&most=1")
    assert [each["id"] for each in listed] == [first]
    by_state = counter.told(Role.AUDITOR, "GET", "/applications?state=withdrawn")
    assert [each["id"] for each in by_state] == [second]


def test_nobody_without_a_token(counter: Counter) -> None:
    """No token, a wrong one, another scheme, a removed operator's: 401, and nothing done."""
    for authorization in (
        None,
        "Bearer ",
        "Bearer wrong",
        f"Basic {counter.tokens[Role.CLERK]}",
        "Bearer " + "x" * 3000,
    ):
        headers = {} if authorization is None else {"Authorization": authorization}
        answer = counter.send("GET", "/applications", headers)
        _problem(answer, 401, "token")
        assert answer.headers[b"www-authenticate"] == b"Bearer"
    write_operators(counter.folder, read_operators(counter.folder).without("LIN"))
    _problem(counter.ask(Role.CLERK, "GET", "/applications"), 401, "token")


@pytest.mark.parametrize(
    ("role", "method", "path"),
    [
        (Role.REVIEWER, "POST", "/applications"),
        (Role.REVIEWER, "POST", "/renewals"),
        (Role.CLERK, "POST", "/applications/" + "0" * 32 + "/approval"),
        (Role.CLERK, "POST", "/applications/" + "0" * 32 + "/revocation"),
        (Role.AUDITOR, "POST", "/applications/" + "0" * 32 + "/suspension"),
        (Role.AUDITOR, "GET", "/applications/" + "0" * 32 + "/answer"),
        (Role.CLERK, "GET", "/trail"),
    ],
)
def test_roles_keep_to_their_work(counter: Counter, role: Role, method: str, path: str) -> None:
    """A clerk does not decide, a reviewer takes nothing, an auditor changes nothing; asked before any body is."""
    _problem(counter.ask(role, method, path), 403, "role")


def test_same_person_under_two_tokens(counter: Counter) -> None:
    """An operator who is given the other role does not decide on what he took."""
    number = counter.taken(PrivateKey.generate())
    operators, token = read_operators(counter.folder).with_operator("Lin", Role.REVIEWER, os.urandom)
    write_operators(counter.folder, operators)
    counter.tokens[Role.REVIEWER] = token
    answer = counter.ask(Role.REVIEWER, "POST", f"/applications/{number}/approval")
    _problem(answer, 409, "registration.same-person")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"request": "nothing"}, 409, "registration.malformed"),
        ({"request": "-----BEGIN X-----"}, 409, "registration.malformed"),
        ({"request": "x" * 200_000}, 422, "validation"),
        ({"days": 0}, 422, "validation"),
        ({"days": "many"}, 422, "validation"),
        ({"surprise": 1}, 422, "validation"),
        ({"profile": "root"}, 409, "registration.profile"),
        ({"names": [{"kind": "dns", "name": "*"}]}, 409, "registration.field"),
        ({"subject": "nothing"}, 409, "registration.subject"),
        ({"numbers": [{"kind": "passport", "number": CITIZEN}]}, 409, "registration.identity"),
        ({"numbers": [{"kind": CITIZEN, "number": "1"}]}, 422, "validation"),
        ({"numbers": [{"kind": "passport", "number": [CITIZEN]}]}, 422, "validation"),
    ],
)
def test_what_is_refused(counter: Counter, changes: dict[str, Any], status: int, code: str) -> None:
    """Each with a problem document that quotes no value and no number."""
    answer = counter.apply(PrivateKey.generate(), **changes)
    _problem(answer, status, code)
    assert CITIZEN.encode() not in answer.body
    assert counter.desk.desk.applications() == []


def test_idempotency_key_is_needed(counter: Counter) -> None:
    """Without one, or with one that is malformed, nothing is taken; used twice for two, the second is refused."""
    body = _body(PrivateKey.generate())
    _problem(counter.ask(Role.CLERK, "POST", "/applications", body), 422, "validation")
    _problem(counter.ask(Role.CLERK, "POST", "/applications", body, "a b"), 422, "validation")
    counter.apply(PrivateKey.generate())
    _problem(counter.apply(PrivateKey.generate()), 409, "registration.key-reused")


def test_unknown_applications(counter: Counter) -> None:
    """Numbers that are none, or nobody's, are not found; an answer that is not there yet is refused."""
    for number in ("12", "0" * 32):
        _problem(counter.ask(Role.CLERK, "GET", f"/applications/{number}"), 404, "not-found")
    number = counter.taken(PrivateKey.generate())
    _problem(counter.ask(Role.CLERK, "GET", f"/applications/{number}/answer"), 409, "registration.not-issued")


def test_openapi_names_every_route(counter: Counter) -> None:
    """The description comes out of the code, with bodies and the idempotency header."""
    told = json.loads(counter.send("GET", "/openapi.json", {}).body)
    assert "/applications/{number}/approval" in told["paths"]
    parameters = told["paths"]["/applications"]["post"]["parameters"]
    assert [each["name"] for each in parameters] == ["Idempotency-Key"]


def test_operators_file(tmp_path: Path) -> None:
    """Holds digests and no tokens, gives each operator one token, and reads back strictly."""
    operators, first = OperatorsFile().with_operator("lin", Role.CLERK, os.urandom)
    operators, second = operators.with_operator("lin", Role.REVIEWER, os.urandom)
    write_operators(tmp_path, operators)
    text = (tmp_path / FILE).read_text()
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert first not in text + repr(operators)
    assert second not in text + repr(operators)
    assert sm3(second.encode()).hex() in text
    assert read_operators(tmp_path) == operators
    assert operators.of_token(first) is None
    found = operators.of_token(second)
    assert found is not None
    assert (found.name, found.role) == ("lin", Role.REVIEWER)
    with pytest.raises(RefusedError):
        operators.with_operator(f"li {CITIZEN}", Role.CLERK, os.urandom)
    entry = json.loads(text)["operators"][0]
    for wrong in ([entry, {**entry, "name": "LIN"}], [{**entry, "role": "chief"}], [{**entry, "token_sm3": "xy"}]):
        (tmp_path / FILE).write_text(json.dumps({"schema": "xinyin.operators/1", "operators": wrong}))
        with pytest.raises(MalformedDataError):
            read_operators(tmp_path)
