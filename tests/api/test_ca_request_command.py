"""``xinyin ca request``: from an application to certificates in a subject's hands, and what becomes of them."""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api import moments
from api.http.application import Application
from api.http.assembly import built
from api.http.settings import ServerSettings
from api.http.surroundings import KeyAccess
from ca.register import CaRegister
from crypto import DEFAULT_USER_ID, PrivateKey, sign
from formats import oids
from formats.gbt20518 import (
    Name,
    RevocationReason,
    assemble_request,
    certificate_verify,
    crl_verify,
    pem_blocks,
    read_certificate,
    read_crl,
    request_info,
    to_pem,
)
from formats.gbt35276 import open_enveloped_key
from formats.gmt0092 import CsrResponse, read_csr_response
from tests.api.conftest import Ended, Run, RunningKeyStore
from tests.api.http.asking import ask

START = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
CODE = "11990100MB9T00011N"
SUBJECT = Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "示例局"), (oids.COMMON_NAME, "示例局业务系统")])
CITIZEN = "11010519491231002X"  # the worked example of GB 11643
CLERK, REVIEWER = ["--actor", "clerk-1"], ["--actor", "reviewer-1"]


@dataclass
class Desk:
    """An authority with a key management centre and a desk, in folders of their own."""

    folder: Path
    centre: Path
    run: Run
    key_store: RunningKeyStore
    now: datetime = START

    def request(self, command: str, *arguments: object) -> Ended:
        return self.run("ca", "request", command, *arguments, "--directory", self.folder)

    def good(self, command: str, *arguments: object) -> str:
        ended = self.request(command, *arguments)
        assert ended.status == 0, ended.err
        return ended.out

    def submit(self, key: PrivateKey, *more: object, profile: str = "organisation-signing") -> str:
        """The application's number."""
        given = ["--request", self.file(key), "--profile", profile, "--credit-code", CODE]
        return self.good("submit", *given, *more, *CLERK).strip()

    def file(self, key: PrivateKey, subject: Name = SUBJECT) -> Path:
        path = self.folder.parent / f"{key.public_key.point[1:5].hex()}.pem"
        if not path.exists():
            info = request_info(subject, key.public_key)
            data = assemble_request(info, sign(key, info, user_id=DEFAULT_USER_ID))
            path.write_text(to_pem(data, "CERTIFICATE REQUEST"))
        return path

    def fetch(self, application: str) -> CsrResponse:
        path = self.folder.parent / "answer.der"
        self.good("fetch", application, "-o", path, "--force")
        return read_csr_response(path.read_bytes())


@pytest.fixture
def desk(run: Run, key_store: RunningKeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    folder, centre = tmp_path / "ca", tmp_path / "centre"
    made = Desk(folder, centre, run, key_store)
    monkeypatch.setattr(moments, "now", lambda: made.now)
    created = run(
        "ca", "create", "--directory", folder, "--key-index", key_store.new_key(), "--subject",
        "C=CN, O=示例, CN=示例根", "--crl-uri", "http://crl.example.cn/ca.crl", *key_store.with_pin,
    )  # fmt: skip
    assert created.status == 0, created.err
    index = key_store.new_key()
    begun = run("kmc", "init", "--directory", centre, "--key-index", index, *key_store.as_officer)
    assert begun.status == 0, begun.err
    assert run("kmc", "fill", "--directory", centre, "--level", 2, *key_store.as_officer).status == 0
    made.good("set-up", "--hash-numbers", "--centre", centre, "--centre-pin-file", key_store.pin_file)
    return made


def test_story_of_a_pair(desk: Desk) -> None:
    """Applied for by a clerk, approved by a reviewer, opened by the subject, renewed with an overlap, superseded,
    revoked, listed."""
    key = PrivateKey.generate()
    application = desk.submit(key, "--evidence", "卷宗 2026-17")
    assert desk.submit(key, "--evidence", "卷宗 2026-17") == application
    refused = desk.request("approve", application, *CLERK, *desk.key_store.with_pin)
    assert refused.status == 1
    assert "does not decide" in refused.err
    assert len(desk.good("approve", application, *REVIEWER, *desk.key_store.with_pin).splitlines()) == 2

    answer = desk.fetch(application)
    (signing,), (encryption,) = answer.signing_certificates, answer.encryption_certificates
    assert answer.enveloped_key is not None
    assert open_enveloped_key(answer.enveloped_key, key).public_key == encryption.public_key
    assert signing.public_key == key.public_key
    pem = desk.good("fetch", application, "--pem")
    chain = [read_certificate(octets) for _, octets in pem_blocks(pem)]
    assert chain[:2] == [signing, encryption]
    assert chain[2].public_key is not None
    certificate_verify(signing, chain[2].public_key)

    desk.now += timedelta(days=300)
    new_key = PrivateKey.generate()
    renewal = desk.run(
        "ca", "renew", f"{signing.serial_number:x}", "--directory", desk.folder, "--request", desk.file(new_key),
        "--overlap-days", 14, *CLERK,
    )  # fmt: skip
    assert renewal.status == 0, renewal.err
    second = renewal.out.strip()
    desk.good("approve", second, *REVIEWER, *desk.key_store.with_pin)
    renewed = desk.fetch(second)
    assert renewed.signing_certificates[0].public_key == new_key.public_key
    assert renewed.encryption_certificates[0].public_key != encryption.public_key

    assert desk.good("supersede", *REVIEWER) == "nothing is due.\n"
    desk.now += timedelta(days=14)
    assert second in desk.good("supersede", *REVIEWER)
    desk.good("revoke", second, "--reason", "key-compromise", "--invalid-since", "2027-04-01T00:00Z", *REVIEWER)

    listed = desk.folder.parent / "ca.crl"
    published = desk.run("ca", "crl", "publish", "--directory", desk.folder, "--all", *desk.key_store.with_pin)
    assert published.status == 0, published.err
    assert desk.run("ca", "crl", "show", "--directory", desk.folder, "-o", listed).status == 0
    crl = read_crl(listed.read_bytes())
    crl_verify(crl, chain[2].public_key)
    reasons = {serial: entry.reason for serial, entry in crl.revoked.items()}
    assert reasons == {
        signing.serial_number: RevocationReason.SUPERSEDED,
        encryption.serial_number: RevocationReason.SUPERSEDED,
        renewed.signing_certificates[0].serial_number: RevocationReason.KEY_COMPROMISE,
        renewed.encryption_certificates[0].serial_number: RevocationReason.KEY_COMPROMISE,
    }
    assert desk.run("ca", "audit", "--directory", desk.folder).status == 0
    assert desk.run("kmc", "audit", "--directory", desk.centre).status == 0
    assert desk.good("audit") == "2 applications; record, trail and authority agree.\n"


def test_listing_and_showing(desk: Desk) -> None:
    """By state, as table and as JSON; a rejected application tells why and by whom."""
    assert desk.good("list") == "no applications.\n"
    first, second = desk.submit(PrivateKey.generate()), desk.submit(PrivateKey.generate())
    desk.good("reject", first, "--reason", "授权书已过期", *REVIEWER)
    desk.good("withdraw", second, "--reason", "重复", *CLERK)
    told = [json.loads(line) for line in desk.good("list", "--json").splitlines()]
    assert [(each["id"], each["state"]) for each in told] == [(first, "rejected"), (second, "withdrawn")]
    assert (told[0]["reviewer"], told[0]["reason"]) == ("reviewer-1", "授权书已过期")
    assert desk.good("list", "--state", "applied") == "no applications.\n"
    assert "授权书已过期" in desk.good("show", first)
    assert json.loads(desk.good("show", first, "--json"))["clerk"] == "clerk-1"
    fetched = desk.request("fetch", first)
    assert fetched.status == 1
    assert "not issued" in fetched.err


def test_numbers_come_in_a_file_and_stay_there(desk: Desk) -> None:
    """A person's number from a file is hashed; neither output, folder nor certificate holds it."""
    key, numbers = PrivateKey.generate(), desk.folder.parent / "numbers.json"
    numbers.write_text(json.dumps({"resident-card": CITIZEN}))
    person = Name.build([(oids.COUNTRY, "CN"), (oids.COMMON_NAME, "张三")])
    given = ["--request", desk.file(key, person), "--profile", "person-signing", "--numbers", numbers]
    submitted = desk.request("submit", *given, *CLERK)
    assert submitted.status == 0, submitted.err
    application = submitted.out.strip()
    approved = desk.good("approve", application, *REVIEWER, *desk.key_store.with_pin)
    shown = desk.good("show", application) + desk.good("list", "--json")
    held = b"".join(path.read_bytes() for path in desk.folder.iterdir())
    assert CITIZEN not in submitted.err + approved + shown
    assert CITIZEN.encode() not in held
    numbers.write_text('{"shoe-size": "' + CITIZEN + '"}')
    wrong = desk.request("submit", *given, *CLERK)
    assert wrong.status == 3
    assert CITIZEN not in wrong.err


def test_interrupted_approval_is_finished(desk: Desk) -> None:
    """With an empty pool the approval stays; once the pool is filled, finishing issues."""
    applications = [desk.submit(PrivateKey.generate()) for _ in range(3)]
    for application in applications[:2]:
        desk.good("approve", application, *REVIEWER, *desk.key_store.with_pin)
    empty = desk.request("approve", applications[2], *REVIEWER, *desk.key_store.with_pin)
    assert empty.status != 0
    assert json.loads(desk.good("show", applications[2], "--json"))["state"] == "approved"
    desk.run("kmc", "fill", "--directory", desk.centre, "--level", 1, *desk.key_store.as_officer)
    finished = desk.request("finish", *REVIEWER, *desk.key_store.with_pin)
    assert (finished.status, len(finished.out.splitlines())) == (0, 2)
    assert desk.good("list", "--state", "approved") == "no applications.\n"


def test_held_resumed_given_up(desk: Desk) -> None:
    """A pair is held and resumed; an approved application without a key is given up."""
    application = desk.submit(PrivateKey.generate())
    desk.good("approve", application, *REVIEWER, *desk.key_store.with_pin)
    assert desk.good("suspend", application, *REVIEWER).count("held") == 2
    assert desk.good("resume", application, *REVIEWER).count("valid") == 2
    assert desk.request("give-up", application, "--reason", "x", *REVIEWER).status == 1


def test_without_a_centre_only_single_certificates(desk: Desk) -> None:
    """A desk that was never set up refuses pairs and issues the rest; half a centre is no centre."""
    (desk.folder / "registration.json").unlink()
    key = PrivateKey.generate()
    given = ["--request", desk.file(key), "--credit-code", CODE]
    pair = desk.request("submit", *given, "--profile", "organisation-signing", *CLERK)
    assert pair.status == 1
    assert "no key management" in pair.err
    application = desk.good("submit", *given, "--profile", "registration-operator", *CLERK).strip()
    desk.good("approve", application, *REVIEWER, *desk.key_store.with_pin)
    assert len(desk.fetch(application).signing_certificates) == 1
    assert desk.request("set-up", "--centre", desk.centre).status == 3


def test_what_cannot_be_asked_for(desk: Desk) -> None:
    """Wrong numbers, missing files and files that are no requests are told without a traceback."""
    for arguments, status in (
        (["show", "12"], 3),
        (["show", "0" * 32], 1),
        (["submit", "--request", "nothing.pem", "--profile", "device"], 3),
        (["submit", "--request", __file__, "--profile", "device"], 3),
    ):
        assert desk.request(*arguments).status == status


def test_names_on_the_command_line(desk: Desk) -> None:
    """Host names and addresses go into the certificate, from the desk and from direct issue; wrong ones are told."""
    key = PrivateKey.generate()
    server = Name.build([*SUBJECT.attributes[:2], (oids.COMMON_NAME, "www.example.cn")])
    given = ["--request", desk.file(key, server), "--profile", "tls-server"]
    names = ["--dns", "www.example.cn", "--ip", "192.0.2.7"]
    wrong = desk.request("submit", *given, "--dns", "*.example.cn", *CLERK)
    assert wrong.status == 3
    issued = desk.run("ca", "issue", "--directory", desk.folder, *given, *names, *desk.key_store.with_pin)
    assert issued.status == 0, issued.err
    certificate = read_certificate(pem_blocks(issued.out)[0][1])
    assert [name.text for name in certificate.subject_alt_names] == ["www.example.cn", ""]
    application = desk.good("submit", *given, *names, *CLERK).strip()
    desk.good("approve", application, *REVIEWER, *desk.key_store.with_pin)
    assert (
        desk.fetch(application).signing_certificates[0].extensions[oids.SUBJECT_ALT_NAME]
        == (certificate.extensions[oids.SUBJECT_ALT_NAME])
    )


def test_served_desk_issues_over_both_devices(desk: Desk) -> None:
    """The folder's desk behind HTTP: a reviewer's token approves, a clerk's does not, and the jobs run."""
    made = {}
    for name, role in (("lin", "clerk"), ("wu", "reviewer")):
        made[role] = desk.good("operator", name, "--role", role).strip()
    first, second = desk.submit(PrivateKey.generate()), desk.submit(PrivateKey.generate())
    keys = KeyAccess(str(desk.key_store.socket), desk.key_store.pin_file.read_bytes().strip())
    with built(desk.folder, keys) as services:
        (service,) = services
        assert service.health().is_ready
        application = Application(services, ServerSettings(), clock=moments.now, write_log=lambda _: None)
        answers = [
            asyncio.run(
                ask(
                    application, "POST", f"/registration/v1/applications/{first}/approval",
                    headers=[(b"authorization", f"Bearer {made[role]}".encode())],
                )
            )
            for role in ("clerk", "reviewer")
        ]  # fmt: skip
        assert [answer.status for answer in answers] == [403, 200]
        for job in service.jobs:
            job.run()
    assert len(desk.fetch(first).encryption_certificates) == 1
    assert json.loads(desk.good("show", second, "--json"))["state"] == "applied"
    assert desk.good("operator", "wu", "--remove") == "the token is worth nothing any more.\n"


def test_profiles_and_archive(desk: Desk) -> None:
    """Every version of every profile is listed; what ended is put away."""
    listed = desk.run("ca", "profiles").out
    assert "seal-holder/1" in listed
    assert "seal-holder/2" in listed
    told = [
        json.loads(line)
        for line in desk.run("ca", "profiles", "--directory", desk.folder, "--json").out.splitlines()
    ]
    assert {each["encryption_twin"] for each in told if each["name"] == "device"} == {"device-encryption"}
    application = desk.submit(PrivateKey.generate())
    desk.good("approve", application, *REVIEWER, *desk.key_store.with_pin)
    assert desk.run("ca", "archive", "--directory", desk.folder).out == "0 certificates are archived.\n"
    desk.now += timedelta(days=366)
    assert desk.run("ca", "archive", "--directory", desk.folder).out == "2 certificates are archived.\n"
    assert "archived" in desk.run("ca", "list", "--directory", desk.folder, "--state", "archived").out
    store = CaRegister(str(desk.folder / "ca.sqlite"))
    assert store.audit_break() is None
    store.close()
