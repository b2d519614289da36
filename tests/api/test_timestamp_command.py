"""``xinyin ca timestamp`` and ``xinyin timestamp``: a service set up, served, asked, stopped, let go on."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.time_stamp_service import FILE, REGISTER, StampServiceFile
from ca.time_stamping.clock_model import ClockEvent, ClockState
from ca.time_stamping.register import StampRegister
from formats import oids
from formats.errors import MalformedDataError
from formats.gbt20520 import Accuracy, imprint_of, read_response
from tests.api.conftest import Ended, Run, RunningKeyStore
from tests.serving import serving

POLICY = "1.2.3.99.1"
SUBJECT = "C=CN,O=Test,CN=Time stamps"


@pytest.fixture
def folder(run: Run, key_store: RunningKeyStore, tmp_path: Path) -> Path:
    """An authority with a time-stamp service."""
    path = tmp_path / "authority"
    root = ["--subject", "C=CN,O=Test,CN=Root", "--crl-uri", "http://crl.example.cn/root.crl"]
    ended = run(
        "ca", "create", "--directory", path, "--key-index", key_store.new_key(), *root, *key_store.with_pin
    )
    assert ended.status == 0, ended.err
    ended = made(run, key_store, path)
    assert ended.status == 0, ended.err
    assert "without reference clocks" in ended.err
    return path


def made(run: Run, key_store: RunningKeyStore, path: Path, *arguments: object) -> Ended:
    key = ["--key-index", key_store.new_key(), "--subject", SUBJECT, "--policy", POLICY]
    return run("ca", "timestamp", "create", "--directory", path, *key, *arguments, *key_store.with_pin)


def stop(path: Path) -> None:
    """What the service records when it sees a jump."""
    store = StampRegister(str(path / REGISTER))
    with store.transaction() as change:
        at = (
            change.last_time()
            or StampServiceFile.from_json((path / FILE).read_bytes()).certificate.validity.not_before
        )
        change.add_clock_change(
            ClockEvent.FAULT,
            ClockState.STOPPED,
            "jumped-forward",
            actor="clock-guard",
            at=at + timedelta(seconds=1),
        )
    store.close()


def test_a_service_from_setting_up_to_a_stamp(
    run: Run, key_store: RunningKeyStore, folder: Path, tmp_path: Path
) -> None:
    """Set up, served over HTTP, asked for a file's stamp, audited; after a stop only an acknowledgement helps."""
    document, answer = tmp_path / "document", tmp_path / "document.tsr"
    document.write_bytes(b"content")
    with serving(folder, key_store.with_pin) as address:
        ask: Callable[..., Ended] = lambda *more: run(  # noqa: E731
            "timestamp", "request", document, "--service", f"{address}/timestamp", "-o", answer, *more
        )
        ended = ask()
        assert ended.status == 0, ended.err
        assert POLICY in ended.out
        token = read_response(answer.read_bytes()).read_token()
        assert token is not None
        assert token.info.imprint.digest == imprint_of(b"content")
        ended = ask("--force", "--digest", "sha256", "--json")
        assert json.loads(ended.out)["policy"] == POLICY
        ended = ask("--force", "--digest", "sha512")
        assert (ended.status, "the digest is not accepted" in ended.err) == (1, True)
        assert ask("--force", "--policy", "1.2.3").status == 1

        status = run("ca", "timestamp", "status", "--directory", folder, "--audit")
        assert status.status == 0
        assert "clock: trusted" in status.out
        assert "time stamps: 2" in status.out
        assert "agree" in status.out

        stop(folder)
        ended = ask("--force")
        assert (ended.status, "no trusted time" in ended.err) == (1, True)
        told = json.loads(run("ca", "timestamp", "status", "--directory", folder, "--json").out)
        assert (told["clock"], told["reason"], told["stamps"]) == ("stopped", "jumped-forward", 2)
        ended = run("ca", "timestamp", "acknowledge", "--directory", folder, "--reason", "daemon mended")
        assert ended.status == 0, ended.err
        for _ in range(30):  # the service looks at the record once a second
            ended = ask("--force")
            if ended.status == 0:
                break
            pause()
        assert ended.status == 0, ended.err
    status = run("ca", "timestamp", "status", "--directory", folder, "--audit")
    assert (status.status, "time stamps: 3" in status.out) == (0, True)


def pause() -> None:
    import time

    time.sleep(0.1)


def test_nothing_to_acknowledge(run: Run, folder: Path, tmp_path: Path) -> None:
    """An acknowledgement needs a stopped clock and a reason; without a service both commands say so."""
    ended = run("ca", "timestamp", "acknowledge", "--directory", folder, "--reason", "x")
    assert (ended.status, "doubtful" in ended.err) == (1, True)
    assert run("ca", "timestamp", "acknowledge", "--directory", folder, "--reason", " ").status == 3
    for command in (["status"], ["acknowledge", "--reason", "x"]):
        ended = run("ca", "timestamp", *command, "--directory", tmp_path)
        assert (ended.status, "no time-stamp service" in ended.err) == (3, True)


def test_a_damaged_register_fails_the_audit(run: Run, folder: Path) -> None:
    """What the trail does not tell of is told."""
    from tests.registers import rewrite

    stop(folder)
    rewrite(str(folder / REGISTER), "UPDATE time_stamp_audit SET entry = {octet}", drop_guards=True)
    ended = run("ca", "timestamp", "status", "--directory", folder, "--audit")
    assert ended.status == 3
    block = "INSERT INTO time_stamp_blocks VALUES ({first}, 5, '00', '2026-01-01T00:00:00Z')"
    blocks = [block.format(first=first) for first in (1, 3)]
    rewrite(str(folder / REGISTER), "DELETE FROM time_stamp_audit", *blocks, drop_guards=True)
    ended = run("ca", "timestamp", "status", "--directory", folder, "--audit")
    assert (ended.status, "overlaps" in ended.out) == (1, True)


def test_a_second_service_is_refused(run: Run, key_store: RunningKeyStore, folder: Path) -> None:
    """One service in a folder."""
    ended = made(run, key_store, folder)
    assert (ended.status, "already" in ended.err) == (3, True)


def test_what_cannot_be_promised_is_refused(run: Run, key_store: RunningKeyStore, folder: Path) -> None:
    """A quorum beyond the references, a policy twice, no reference: refused before anything is issued."""
    (folder / FILE).unlink()
    for arguments, expected in (
        (("--quorum", "1"), "were named"),
        (("--policy", POLICY), "identifier of its own"),
        (("--reference", "here"), "NAME=HOST"),
        (("--reference", "a=b:99999"), "NAME=HOST"),
    ):
        ended = made(run, key_store, folder, *arguments)
        assert (ended.status, expected in ended.err) == (3, True), ended.err
    assert not (folder / FILE).exists()


def test_references_and_digests_are_put_down(run: Run, key_store: RunningKeyStore, folder: Path) -> None:
    """More than half of the references must agree, unless another quorum is named; the file reads back the same."""
    (folder / FILE).unlink()
    references = [part for name in "abc" for part in ("--reference", f"{name}=time.example.cn:12{ord(name)}")]
    ended = made(run, key_store, folder, *references, "--digest", "sm3", "--accuracy", "1500", "--ordering")
    assert (ended.status, ended.err) == (0, "")
    file = StampServiceFile.from_json((folder / FILE).read_bytes())
    assert (file.clock.quorum, [each.name for each in file.references]) == (2, ["a", "b", "c"])
    assert file.settings.ordering
    (policy,) = file.settings.policies
    assert (policy.accuracy, policy.digests) == (Accuracy(1, 500), {oids.SM3})
    assert StampServiceFile.from_json(file.to_json()) == file


def test_another_keys_certificate_is_refused(
    run: Run, key_store: RunningKeyStore, folder: Path, tmp_path: Path
) -> None:
    """The certificate must be of the key at the index, and a time-stamp authority's."""
    (folder / FILE).unlink()
    pem = tmp_path / "root.pem"
    assert run("ca", "show", "--directory", folder, "--pem", "-o", pem).status == 0
    create = ["ca", "timestamp", "create", "--directory", folder, "--policy", POLICY, "--certificate", pem]
    ended = run(*create, "--key-index", key_store.new_key(), *key_store.with_pin)
    assert ended.status == 3
    index = json.loads((folder / "authority.json").read_text())["key_index"]
    ended = run(*create, "--key-index", index, *key_store.with_pin)
    assert (ended.status, "timeStamping" in ended.err) == (1, True)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "xinyin.time-stamp-service/2"},
        {"policies": []},
        {"policies": [{"oid": POLICY, "accuracy_ms": 0, "digests": ["sm3"]}]},
        {"policies": [{"oid": POLICY, "accuracy_ms": 1, "digests": ["md5"]}]},
        {"policies": [{"oid": POLICY, "accuracy_ms": 1, "digests": []}]},
        {"certificate": "AA=="},
        {"clock": {"quorum": 17}},
        {"clock": {"max_jump_ms": 0}},
        {"references": [{"name": "x"}]},
        {"surprise": 1},
    ],
)
def test_the_file_is_read_strictly(folder: Path, change: dict[str, Any]) -> None:
    """What the schema does not know is refused, with the place."""
    content = json.loads((folder / FILE).read_text(encoding="utf-8"))
    with pytest.raises(MalformedDataError):
        StampServiceFile.from_json(json.dumps({**content, **change}).encode())
    assert StampServiceFile.from_json(json.dumps(content).encode()).settings.policies


def test_no_service_is_named(run: Run, tmp_path: Path) -> None:
    """Without an address, or with one that is none, nothing is asked."""
    document = tmp_path / "document"
    document.write_bytes(b"x")
    ended = run("timestamp", "request", document, "-o", tmp_path / "r")
    assert (ended.status, "XINYIN_TIME_STAMP" in ended.err) == (3, True)
    for address in ("ftp://time.example.cn/", "file:///etc/passwd", "http://", "https://user:word@host/"):
        ended = run("timestamp", "request", document, "-o", tmp_path / "r", "--service", address)
        assert (ended.status, "no http://" in ended.err) == (3, True)
    ended = run("timestamp", "request", document, "-o", tmp_path / "r", "--service", "http://127.0.0.1:9/")
    assert (ended.status, "does not answer" in ended.err) == (1, True)
