"""``xinyin ca``: a root, an authority below it, certificates, lists, the record."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api import moments
from api.messages import LANGUAGES
from ca.authority import TEST_POLICY
from crypto import PrivateKey
from formats.gbt20518 import (
    Certificate,
    RevocationReason,
    certificate_verify,
    crl_verify,
    pem_blocks,
    read_certificate,
    read_crl,
    to_pem,
)
from formats.gbt20518.algorithm import public_key_info
from formats.gbt20518.certificate_pair import read_certificate_pair
from tests.api.conftest import Ended, Run, RunningKeyStore

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
CODE = "11990100MB9T00011N"
CRL_URI = "http://crl.example.cn/ca.crl"
LINKS = ("new-with-old.cer", "old-with-new.cer")


@dataclass
class Clock:
    """The command line's clock, turned by hand."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    turned = Clock()
    monkeypatch.setattr(moments, "now", turned.now)
    return turned


@dataclass(frozen=True)
class World:
    """A root and a subordinate in folders of their own."""

    root: Path
    issuing: Path
    call: Callable[..., Ended]
    key_store: RunningKeyStore

    def ca(self, command: str, *arguments: object, at: Path | None = None) -> Ended:
        return self.call("ca", command, "--directory", at or self.issuing, *arguments)

    def list(self, command: str, *arguments: object) -> Ended:
        return self.call("ca", "crl", command, "--directory", self.issuing, *arguments)

    def issue(self, *arguments: object) -> Certificate:
        ended = self.ca("issue", *arguments, *self.key_store.with_pin)
        assert ended.status == 0, ended.err
        return certificates(ended.out)[0]

    def certificate(self, at: Path) -> Certificate:
        return certificates(self.ca("show", "--pem", at=at).out)[0]


def certificates(pem: str) -> list[Certificate]:
    return [read_certificate(octets) for _, octets in pem_blocks(pem)]


@pytest.fixture
def world(run: Run, key_store: RunningKeyStore, tmp_path: Path, clock: Clock) -> World:
    """The issuing authority's certificate is made as its operator and the root's would: by request and file."""
    del clock
    root, issuing = tmp_path / "root", tmp_path / "issuing"
    made = World(root, issuing, run, key_store)
    root_key, own_key = key_store.new_key(), key_store.new_key()
    options = ["--crl-uri", CRL_URI, *key_store.with_pin]
    created = made.ca("create", "--key-index", root_key, "--subject", "C=CN, O=示例, CN=示例根", *options, at=root)
    assert created.status == 0, created.err
    request, chain = tmp_path / "request.pem", tmp_path / "chain.pem"
    subject = "C=CN, O=示例, CN=示例区域CA"
    run("hsm", "request", *key_store.with_pin, "--index", own_key, "--subject", subject, "-o", request)
    issued = made.ca(
        "issue", "--request", request, "--profile", "issuing-ca", "--days", 1825, "--with-chain", "-o", chain,
        *key_store.with_pin, at=root,
    )  # fmt: skip
    assert issued.status == 0, issued.err
    below = made.ca("create", "--key-index", own_key, "--chain", chain, *options)
    assert below.status == 0, below.err
    return made


def holder(tmp_path: Path) -> Path:
    """A public key in a file."""
    path = tmp_path / "holder.pem"
    path.write_text(to_pem(public_key_info(PrivateKey.generate().public_key), "PUBLIC KEY"))
    return path


def seal_holder(path: Path) -> list[object]:
    subject = "C=CN, O=示例局, CN=示例局"
    return ["--public-key", path, "--profile", "seal-holder", "--subject", subject, "--credit-code", CODE]


def test_hierarchy_is_signed_from_the_root_down(world: World, tmp_path: Path) -> None:
    """Root, issuing authority and seal holder; each certificate is signed by the one above and marked as test."""
    root, issuing = world.certificate(world.root), world.certificate(world.issuing)
    own = world.issue(*seal_holder(holder(tmp_path)))
    assert root.public_key is not None
    assert issuing.public_key is not None
    certificate_verify(root, root.public_key)
    certificate_verify(issuing, root.public_key)
    certificate_verify(own, issuing.public_key)
    assert own.credit_code == CODE
    assert TEST_POLICY in {policy.oid for policy in own.policies}
    assert own.crl_distribution_points == (CRL_URI,)


def test_requests_prove_possession(world: World, tmp_path: Path) -> None:
    """A request whose signature is wrong is refused, one that is right is certified with its own subject."""
    index = world.key_store.new_key()
    path = tmp_path / "holder.pem"
    subject = "C=CN, O=示例局, CN=示例局"
    world.call("hsm", "request", *world.key_store.with_pin, "--index", index, "--subject", subject, "-o", path)
    arguments = ["--request", path, "--profile", "seal-holder", "--credit-code", CODE]
    assert str(world.issue(*arguments).subject) == subject
    ((_, octets),) = pem_blocks(path.read_bytes())
    forged = octets.replace("示例局".encode(), "假冒局".encode())
    path.write_bytes(forged)
    ended = world.ca("issue", *arguments, *world.key_store.with_pin)
    assert ended.status == 1
    assert "possession" in ended.err


def test_hostile_requests_are_status_3(world: World, tmp_path: Path) -> None:
    """What is no request and no key is told with its file."""
    path = tmp_path / "hostile"
    for option in ("--request", "--public-key"):
        for data in (b"", b"\x30\x03\x02\x01\x01", b"-----BEGIN CERTIFICATE REQUEST-----\n"):
            path.write_bytes(data)
            ended = world.ca(
                "issue", option, path, "--profile", "seal-holder", "--subject", "CN=x", *world.key_store.with_pin
            )
            assert ended.status == 3, (option, data)
            assert str(path) in ended.err


def test_rules_are_kept(world: World, tmp_path: Path) -> None:
    """What breaks a profile is refused with status 1, and nothing is on record."""
    for changed in (
        ["--profile", "root"],
        ["--profile", "nonsense"],
        ["--days", "9000"],
        ["--subject", "CN=only"],
        ["--not-before", "2020-01-01"],
        ["--request-key", "with space"],
    ):
        arguments = [*seal_holder(holder(tmp_path)), *changed]
        ended = world.ca("issue", *arguments, *world.key_store.with_pin)
        assert ended.status == 1, ended.err
        assert ended.err.count("\n") == 1
    assert world.ca("list").out.strip() == "no certificates."


def test_same_request_key_gives_the_same_certificate(world: World, tmp_path: Path, clock: Clock) -> None:
    """With key and start of validity given, a repeated command finishes or repeats, and never doubles."""
    arguments = [*seal_holder(holder(tmp_path)), "--request-key", "case-17", "--not-before", "2026-06-01T10:00"]
    first = world.issue(*arguments)
    clock.at = NOW + timedelta(hours=1)
    assert world.issue(*arguments) == first
    other = world.ca("issue", *arguments, "--days", 100, *world.key_store.with_pin)
    assert other.status == 1
    assert len(world.ca("list", "--json").out.splitlines()) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_revocation_reaches_the_list(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    """Suspended, resumed, revoked; the list that is published next tells."""
    monkeypatch.setenv("XINYIN_LANGUAGE", language)
    own = world.issue(*seal_holder(holder(tmp_path)))
    serial = f"{own.serial_number:x}"
    assert world.ca("suspend", serial).status == 0
    assert world.ca("suspend", serial).status == 1
    assert world.ca("resume", serial).status == 0
    revoked = world.ca("revoke", serial, "--reason", "key-compromise", "--invalid-since", "2026-05-01")
    assert revoked.status == 0
    assert world.ca("revoke", serial, "--reason", "superseded").status == 1
    path = tmp_path / "list.crl"
    assert world.list("publish", *world.key_store.with_pin).status == 0
    assert world.list("show", "-o", path).status == 0
    crl = read_crl(path.read_bytes())
    issuing = world.certificate(world.issuing)
    assert issuing.public_key is not None
    crl_verify(crl, issuing.public_key)
    entry = crl.revoked[own.serial_number]
    assert entry.reason is RevocationReason.KEY_COMPROMISE
    assert entry.invalidity_date == datetime(2026, 4, 30, 16, tzinfo=UTC)

    again = tmp_path / "again.pem"
    assert world.list("show", "--number", crl.number, "--pem", "-o", again).status == 0
    assert world.call("crl", "show", again).status == 0
    assert world.list("show", "--number", "99").status == 1


def test_no_list_yet_is_told(world: World) -> None:
    """Without a list there is nothing to get."""
    assert world.list("show").status == 1


def test_invalidity_in_the_future_is_refused(world: World, tmp_path: Path) -> None:
    """A key cannot be believed lost from tomorrow on."""
    own = world.issue(*seal_holder(holder(tmp_path)))
    told = ["--reason", "key-compromise", "--invalid-since", "2027-01-01"]
    assert world.ca("revoke", f"{own.serial_number:x}", *told).status == 1


def test_record_is_listed_and_shown(world: World, tmp_path: Path, clock: Clock) -> None:
    """Certificates by state, one with its certificate, expiry computed."""
    own = world.issue(*seal_holder(holder(tmp_path)), "--days", "10")
    serial = f"{own.serial_number:040x}"
    (listed,) = [json.loads(line) for line in world.ca("list", "--json").out.splitlines()]
    assert (listed["serial"], listed["state"]) == (serial, "valid")
    assert world.ca("list", "--state", "revoked").out.strip() == "no certificates."
    assert "expired" not in world.ca("list").out
    shown = json.loads(world.ca("show", serial, "--json").out)
    assert shown["certificate"]["digest"] == own.digest().hex()
    assert shown["record"]["profile"].startswith("seal-holder/")
    colons = ":".join(serial[at : at + 2] for at in range(0, 40, 2))
    assert certificates(world.ca("show", colons, "--pem").out) == [own]
    assert "示例局" in world.ca("show", serial).out
    clock.at = NOW + timedelta(days=11)
    assert "expired" in world.ca("list").out


def test_serials_that_are_none(world: World) -> None:
    """Not a number, unknown, too long; nothing at all shows the authority itself."""
    for serial, status in (("zz", 3), ("1", 1), ("f" * 41, 3), ("0", 3)):
        assert world.ca("show", serial).status == status, serial
    assert world.ca("show").status == 0


def test_audit_holds_and_notices(world: World, tmp_path: Path) -> None:
    """A whole record passes; one that was changed behind the program's back does not."""
    own = world.issue(*seal_holder(holder(tmp_path)))
    clean = world.ca("audit")
    assert clean.status == 0
    assert json.loads(world.ca("audit", "--json").out)["clean"] is True
    with sqlite3.connect(world.issuing / "ca.sqlite") as database:
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            database.execute(f'DROP TRIGGER "{name}"')
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        table = next(name for name in tables if "certificate" in name)
        database.execute(
            f"UPDATE {table} SET state = 'abandoned' WHERE serial = ?", (f"{own.serial_number:040x}",)
        )
    database.close()
    broken = world.ca("audit")
    assert broken.status == 1
    assert f"{own.serial_number:040x}" in broken.out


def test_interrupted_issuance_is_finished(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the key store fails after the intent, the next signing command, or recover, finishes the certificate."""
    from crypto import KeyStoreError
    from hsm_sim import KeyStoreSigner

    def broken(*_: object) -> bytes:
        raise KeyStoreError("gone")

    with monkeypatch.context() as failing:
        failing.setattr(KeyStoreSigner, "sign_digest", broken)
        arguments = seal_holder(holder(tmp_path))
        assert world.ca("issue", *arguments, *world.key_store.with_pin).status == 1
    (pending,) = [json.loads(line) for line in world.ca("list", "--json").out.splitlines()]
    assert pending["state"] == "pending"
    assert world.ca("show", pending["serial"], "--pem").status == 1
    assert world.ca("show", pending["serial"]).status == 0
    assert "unfinished" in world.ca("audit").out
    recovered = world.ca("recover", *world.key_store.with_pin)
    assert recovered.status == 0
    assert pending["serial"] in recovered.err
    assert json.loads(world.ca("list", "--json").out)["state"] == "valid"


def test_interrupted_root_is_finished(
    run: Run, key_store: RunningKeyStore, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A root whose making broke off is made with the validity first planned; only then does its folder work."""
    from crypto import KeyStoreError
    from hsm_sim import KeyStoreSigner

    def broken(*_: object) -> bytes:
        raise KeyStoreError("gone")

    create = [
        "ca", "create", "--directory", tmp_path, "--key-index", key_store.new_key(),
        "--subject", "C=CN, O=示例, CN=示例根", *key_store.with_pin,
    ]  # fmt: skip
    with monkeypatch.context() as failing:
        failing.setattr(KeyStoreSigner, "sign_digest", broken)
        assert run(*create).status == 1
    assert run("ca", "list", "--directory", tmp_path).status == 3
    clock.at = NOW + timedelta(minutes=5)
    other = [each if each != "C=CN, O=示例, CN=示例根" else "C=CN, O=示例, CN=另一根" for each in create]
    assert run(*other).status == 3
    assert run(*create).status == 0
    (root,) = certificates(run("ca", "show", "--directory", tmp_path, "--pem").out)
    assert root.validity.not_before == NOW
    again = run(*create)
    assert again.status == 3
    assert "already" in again.err


def test_chain_must_be_of_the_key(world: World, run: Run, tmp_path: Path) -> None:
    """A subordinate is not made with somebody else's certificate."""
    chain = tmp_path / "chain.pem"
    chain.write_text(world.ca("show", "--pem", at=world.root).out)
    ended = run(
        "ca", "create", "--directory", tmp_path / "x", "--key-index", world.key_store.new_key(), "--chain", chain,
        *world.key_store.with_pin,
    )  # fmt: skip
    assert ended.status == 3
    assert not (tmp_path / "x").exists()


def test_another_key_store_is_noticed(world: World, tmp_path: Path) -> None:
    """The key at the index must be the one the authority was made with."""
    path = world.issuing / "authority.json"
    file = json.loads(path.read_text())
    file["key_index"] = world.key_store.new_key()
    path.write_text(json.dumps(file))
    ended = world.ca("issue", *seal_holder(holder(tmp_path)), *world.key_store.with_pin)
    assert ended.status == 3
    assert "does not hold" in ended.err


def test_damaged_folders_are_told(world: World) -> None:
    """Damage is status 3 and one line."""
    for name, content in (
        ("ca.sqlite", b"not a database at all" * 100),
        ("authority.json", b"{}"),
        ("authority.json", b""),
    ):
        (world.issuing / name).write_bytes(content)
        ended = world.ca("list")
        assert ended.status == 3, name
        assert ended.err.count("\n") == 1


def test_folder_without_authority(run: Run, tmp_path: Path) -> None:
    """Says how to make one."""
    ended = run("ca", "list", "--directory", tmp_path)
    assert ended.status == 3
    assert "xinyin ca create" in ended.err


def test_existing_output_is_kept(world: World, tmp_path: Path) -> None:
    """A certificate does not replace a file unless told to."""
    kept = tmp_path / "kept.pem"
    kept.write_text("kept")
    arguments = seal_holder(holder(tmp_path))
    assert world.ca("issue", *arguments, "-o", kept, *world.key_store.with_pin).status == 3
    assert kept.read_text() == "kept"
    assert world.ca("list").out.strip() == "no certificates."
    assert world.ca("issue", *arguments, "-o", kept, "--force", *world.key_store.with_pin).status == 0


def test_own_profiles_take_the_place_of_the_built_in(world: World, tmp_path: Path) -> None:
    """An authority with a folder of profiles knows those and no other."""
    from importlib.resources import files

    own = world.issuing / "profiles"
    own.mkdir()
    built_in = files("ca.profiles")
    for name in ("issuing-ca", "seal-holder"):
        (own / f"{name}.json").write_bytes(built_in.joinpath(f"{name}.json").read_bytes())
    world.issue(*seal_holder(holder(tmp_path)))
    maker = ["--profile", "seal-maker"]
    assert world.ca("issue", *seal_holder(holder(tmp_path)), *maker, *world.key_store.with_pin).status == 1
    (own / "again.json").write_bytes((own / "seal-holder.json").read_bytes())
    assert world.ca("list").status == 1


def test_actor_is_on_record(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asked stands in the audit trail: by option, by variable, else the system's user."""
    monkeypatch.setenv("XINYIN_ACTOR", "registrar-7")
    own = world.issue(*seal_holder(holder(tmp_path)))
    world.ca("suspend", f"{own.serial_number:x}", "--actor", "registrar-8")
    with sqlite3.connect(world.issuing / "ca.sqlite") as database:
        trail = b"".join(row[0] for row in database.execute("SELECT entry FROM ca_audit ORDER BY number"))
    database.close()
    assert b"registrar-7" in trail
    assert b"registrar-8" in trail


def test_the_record_in_postgresql(
    run: Run, key_store: RunningKeyStore, tmp_path: Path, clock: Clock, postgresql_address: str
) -> None:
    """An authority keeps its record where its file says: issued by one command, found by the next, nothing beside it."""
    del clock
    folder, options = tmp_path / "ca", ["--crl-uri", CRL_URI, "--record", postgresql_address, *key_store.with_pin]
    subject = "C=CN, O=示例, CN=示例根"
    created = run(
        "ca", "create", "--directory", folder, "--key-index", key_store.new_key(), "--subject", subject, *options
    )
    assert created.status == 0, created.err
    assert [path.name for path in folder.iterdir()] == ["authority.json"]
    listed = run("ca", "list", "--directory", folder)
    assert "示例根" in listed.out
    assert run("ca", "audit", "--directory", folder).status == 0


def test_no_password_is_kept(run: Run, key_store: RunningKeyStore, tmp_path: Path, clock: Clock) -> None:
    """An address with a password is refused without repeating it, on the command line and in the file."""
    del clock
    folder = tmp_path / "ca"
    options = ["--directory", folder, "--key-index", key_store.new_key(), "--subject", "C=CN, O=示例, CN=示例根"]
    for address in (
        "postgresql://ca:secret-1@db.test/x",
        "postgresql://db.test/x?password=secret-1",
        "file.sqlite",
    ):
        ended = run("ca", "create", *options, "--record", address, *key_store.with_pin)
        assert ended.status == 3
        assert "secret-1" not in ended.err
        assert not folder.exists()
    assert run("ca", "create", *options, *key_store.with_pin).status == 0
    path = folder / "authority.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"record": "postgresql://ca:secret-1@db.test/x"}))
    ended = run("ca", "list", "--directory", folder)
    assert ended.status == 3
    assert "secret-1" not in ended.err
    path.write_text(json.dumps(content | {"record": f"postgresql://ca@/x?host={tmp_path}"}))
    ended = run("ca", "list", "--directory", folder)
    assert ended.status == 3
    assert "does not answer" in ended.err
    assert ended.err.count("\n") == 1


def test_audit_reads_everything_again(world: World, tmp_path: Path, clock: Clock) -> None:
    """The audit tells how much it read; an overdue list is a fault, told readable and as JSON; it goes on anywhere."""
    own = world.issue(*seal_holder(holder(tmp_path)))
    assert world.list("publish", *world.key_store.with_pin).status == 0
    ended = world.ca("audit", "--language", "en")
    assert ended.status == 0
    assert "1 certificates, 1 lists, nothing wrong" in ended.out
    assert "read again" not in world.ca("audit", "--language", "en", "--trail-only").out
    clock.at += timedelta(days=8)
    ended = world.ca("audit")
    assert ended.status == 1
    assert "ca.crl-overdue" in ended.out
    report = json.loads(world.ca("audit", "--json").out)
    assert (report["clean"], report["certificates"], report["wrong"]) == (False, 1, {"ca.crl-overdue": 1})
    report = json.loads(world.ca("audit", "--json", "--after", report["last"]).out)
    assert (report["certificates"], report["entries"]) == (0, None)
    assert f"{own.serial_number:040x}" not in json.dumps(report["findings"])
    for wrong in ("no serial", "77"):
        assert world.ca("audit", "--after", wrong).status in {1, 3}


def test_lists_are_due_made_listed_and_published(
    run: Run, key_store: RunningKeyStore, tmp_path: Path, clock: Clock
) -> None:
    """Shards and delta lists from the command line: due, made, on record, and in a folder for others."""
    folder, out, key = tmp_path / "ca", tmp_path / "www", key_store.new_key()
    options = ["--crl-folder", "http://crl.example.cn/", "--shards", 2, "--delta-hours", 12, *key_store.with_pin]
    subject = "C=CN, O=示例, CN=示例根"
    created = run("ca", "create", "--directory", folder, "--key-index", key, "--subject", subject, *options)
    assert created.status == 0, created.err

    def lists(command: str, *arguments: object) -> Ended:
        ended = run("ca", "crl", command, "--directory", folder, *arguments)
        assert ended.status == 0, ended.err
        return ended

    due = json.loads(lists("due", "--json").out)
    assert [(each["list"], each["kind"], each["reason"]) for each in due["due"]] == [
        (name, "full", "first") for name in ("ca", "user-1-0000", "user-1-0001")
    ]
    assert lists("publish", "--to", out, *key_store.with_pin).out.count("http://crl.example.cn/") == 3
    assert sorted(path.name for path in (out / "current" / "crl").iterdir()) == [
        "ca.crl",
        "user-1-0000.crl",
        "user-1-0001.crl",
    ]
    assert "no list is due" in lists("due").out or "没有" in lists("due").out
    later = json.loads(lists("due", "--json").out)
    assert later == {"due": [], "next": "2026-06-01T08:00:00Z"}
    clock.at += timedelta(hours=6)
    lists("publish", *key_store.with_pin)
    rows = [json.loads(line) for line in lists("list", "--json").out.splitlines()]
    assert [(each["list"], each["number"], each["base"]) for each in rows] == [
        (name, number, base)
        for name in ("ca", "user-1-0000", "user-1-0001")
        for number, base in ((1, None), (2, 1))
    ]
    shown = tmp_path / "delta.crl"
    lists("show", "--name", "ca", "--delta", "-o", shown)
    assert read_crl(shown.read_bytes()).delta_base == 1
    assert run("ca", "publish", "--directory", folder, "--to", out).status == 0
    assert (out / "current" / "crl" / "ca-delta.crl").read_bytes() == shown.read_bytes()
    lists("publish", "--all", *key_store.with_pin)
    assert read_crl((out / "archive" / "crl" / root_id(folder) / "ca" / "1.crl").read_bytes()).number == 1
    refused = run(
        "ca", "create", "--directory", tmp_path / "other", "--key-index", key_store.new_key(), "--subject", subject,
        "--crl-folder", "https://crl.example.cn", *key_store.with_pin,
    )  # fmt: skip
    assert refused.status == 3


def root_id(folder: Path) -> str:
    """How the archive names an authority: by its key identifier."""
    from api.authority_folder import read_authority
    from ca.authority import authority_id

    return authority_id(read_authority(folder).public_key)


def test_root_rolls_over_and_certifies_another_hierarchy(
    run: Run, key_store: RunningKeyStore, tmp_path: Path, clock: Clock
) -> None:
    """Planned, run, run again; the old key then signs lists alone; a cross-certificate and its pair are written."""
    del clock
    old, new, other = tmp_path / "old", tmp_path / "new", tmp_path / "other"
    for folder, organisation in ((old, "示例"), (new, "示例"), (other, "别处")):
        created = run(
            "ca", "create", "--directory", folder, "--key-index", key_store.new_key(), "--subject",
            f"C=CN, O={organisation}, CN=根", "--crl-uri", f"http://crl.example.cn/{folder.name}.crl",
            *key_store.with_pin,
        )  # fmt: skip
        assert created.status == 0, created.err
    options = ["--directory", old, "--successor", new]
    assert run("ca", "rollover", "plan", "--directory", old, "--successor", other).status == 1
    assert run("ca", "rollover", "plan", *options).status == 0
    for _ in range(2):
        ended = run("ca", "rollover", "run", *options, "--to", tmp_path / "links", *key_store.with_pin)
        assert ended.status == 0, ended.err
    up, down = (read_certificate((tmp_path / "links" / name).read_bytes()) for name in LINKS)
    own = {
        each: certificates(run("ca", "show", "--pem", "--directory", each).out)[0] for each in (old, new, other)
    }
    assert (up.public_key, down.public_key) == (own[new].public_key, own[old].public_key)
    assert own[old].public_key is not None
    certificate_verify(up, own[old].public_key)
    refused = run("ca", "issue", "--directory", old, *seal_holder(holder(tmp_path)), *key_store.with_pin)
    assert refused.status == 1
    assert run("ca", "crl", "publish", "--directory", old, *key_store.with_pin).status == 0
    theirs, pair = tmp_path / "theirs.pem", tmp_path / "pair.der"
    theirs.write_text(to_pem(own[other].encoded, "CERTIFICATE"))
    cross = run(
        "ca", "cross", "issue", "--directory", new, "--certificate", theirs, "--permitted", "C=CN, O=别处",
        "--request-key", "cross-1", "--pair", pair, *key_store.with_pin,
    )  # fmt: skip
    assert cross.status == 0, cross.err
    (made,) = certificates(cross.out)
    assert read_certificate_pair(pair.read_bytes()).issued_by_this == made
    assert made.subject.encoded == own[other].subject.encoded
    assert made.name_constraints is not None
