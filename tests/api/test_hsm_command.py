"""``xinyin hsm``: a key store from the first start to its log."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api import secret_sources
from api.commands.hsm.faults import KINDS
from api.messages import LANGUAGES
from crypto import DEFAULT_USER_ID
from formats.gbt20518 import from_pem, read_request, verify_possession
from hsm_sim import DevicePolicy, FaultKind, ServiceSettings, initialise_key_store, start_key_store
from tests.api.conftest import OFFICER, PIN, Run, RunningKeyStore

ROOT = Path(__file__).resolve().parent.parent.parent


def test_status_tells_state_and_engine(run: Run, key_store: RunningKeyStore) -> None:
    """State, serial and the head of the log; by option or by environment."""
    data = json.loads(run("hsm", "status", "--key-store", key_store.socket, "--json").out)
    assert data["state"] == "ready"
    assert len(data["serial"]) == 16
    assert data["serial"] in run("hsm", "status", "--key-store", key_store.socket).out


def test_key_store_from_the_environment(
    run: Run, key_store: RunningKeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XINYIN_KEY_STORE names the socket."""
    monkeypatch.setenv("XINYIN_KEY_STORE", str(key_store.socket))
    assert run("hsm", "status").status == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_life_of_a_key(
    run: Run, key_store: RunningKeyStore, tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made, listed, its public key handed out, a request signed, its PIN changed, destroyed."""
    monkeypatch.setenv("XINYIN_LANGUAGE", language)
    index = key_store.new_index()
    of_index = ["--index", index]
    made = run(
        "hsm", "generate", *key_store.as_officer, *of_index, "--pin-file", key_store.pin_file, "--label", "章"
    )
    assert made.status == 0
    point = made.out.splitlines()[-1]

    second = run("hsm", "generate", *key_store.as_officer, *of_index, "--usage", "encrypt")
    assert second.status == 0, "the second pair of an index needs no PIN"

    listed = json.loads(run("hsm", "keys", "--key-store", key_store.socket, "--json").out)
    own = [each for each in listed if each["index"] == index]
    assert [each["usage"] for each in own] == ["sign", "encrypt"]
    assert own[0]["public_key"] == point
    assert own[0]["label"] == "章"

    exported = run("hsm", "export", "--key-store", key_store.socket, *of_index)
    assert bytes.fromhex(point) in from_pem(exported.out, "PUBLIC KEY")

    path = tmp_path / "request.pem"
    name = "C=CN, O=示例局, CN=示例局"
    requested = run("hsm", "request", *key_store.with_pin, *of_index, "--subject", name, "-o", path)
    assert requested.status == 0
    request = read_request(from_pem(path.read_text(), "CERTIFICATE REQUEST"))
    assert str(request.subject) == name
    assert verify_possession(request, user_id=DEFAULT_USER_ID).point.hex() == point

    new_pin = tmp_path / "new"
    new_pin.write_text("a new pin")
    new_pin.chmod(0o600)
    assert run("hsm", "change-pin", *key_store.with_pin, *of_index, "--new-pin-file", new_pin).status == 0
    assert run("hsm", "request", *key_store.with_pin, *of_index, "--subject", name).status == 1

    assert run("hsm", "destroy", *key_store.as_officer, *of_index).status == 3
    assert run("hsm", "destroy", *key_store.as_officer, *of_index, "--force").status == 0
    assert run("hsm", "export", "--key-store", key_store.socket, *of_index).status == 1


def test_locked_pin_is_unlocked_by_an_officer(run: Run, key_store: RunningKeyStore, tmp_path: Path) -> None:
    """Wrong PINs lock the key and say so; an officer unlocks it."""
    index = key_store.new_key()
    wrong = tmp_path / "wrong"
    wrong.write_text("not the pin")
    wrong.chmod(0o600)
    request = ["hsm", "request", "--key-store", key_store.socket, "--index", index, "--subject", "CN=x"]
    told = [run(*request, "--pin-file", wrong) for _ in range(6)]
    assert {each.status for each in told} == {1}
    assert "tries left" in told[0].err
    assert "xinyin hsm unlock" in told[-1].err
    assert run("hsm", "unlock", *key_store.as_officer, "--index", index).status == 0
    assert run(*request, "--pin-file", key_store.pin_file).status == 0


def test_use_limit_ends_a_key(run: Run, key_store: RunningKeyStore) -> None:
    """A key of one use signs once."""
    index = key_store.new_index()
    limit = ["--use-limit", "1"]
    assert (
        run(
            "hsm", "generate", *key_store.as_officer, "--index", index, "--pin-file", key_store.pin_file, *limit
        ).status
        == 0
    )
    request = ["hsm", "request", *key_store.with_pin, "--index", index, "--subject", "CN=x"]
    assert run(*request).status == 0
    assert run(*request).status == 1


def test_officers(run: Run, key_store: RunningKeyStore, tmp_path: Path) -> None:
    """A second officer is enrolled, changes the secret, is locked, unlocked, taken away."""
    secret, other = tmp_path / "secret", tmp_path / "other"
    for path, text in ((secret, "second officer"), (other, "another secret")):
        path.write_text(text)
        path.chmod(0o600)
    assert run("hsm", "add-officer", "zhang", *key_store.as_officer, "--new-secret-file", secret).status == 0
    as_zhang = ["--key-store", key_store.socket, "--officer", "zhang", "--secret-file"]
    assert run("hsm", "self-test", *as_zhang, secret).status == 0
    assert run("hsm", "change-secret", *as_zhang, secret, "--new-secret-file", other).status == 0
    assert {run("hsm", "self-test", *as_zhang, secret).status for _ in range(6)} == {1}
    assert run("hsm", "self-test", *as_zhang, other).status == 1
    assert run("hsm", "unlock-officer", "zhang", *key_store.as_officer).status == 0
    assert run("hsm", "self-test", *as_zhang, other).status == 0
    assert run("hsm", "remove-officer", "zhang", *key_store.as_officer).status == 0
    assert run("hsm", "self-test", *as_zhang, other).status == 1


def test_faults_are_for_key_stores_started_for_them(run: Run, key_store: RunningKeyStore) -> None:
    """A key store in service takes no fault, and what makes no sense is not even asked."""
    refused = run("hsm", "fault", "arm", "hang", *key_store.as_officer)
    assert refused.status == 1
    assert "SDR_NOTSUPPORT" in refused.err
    assert run("hsm", "fault", "arm", "delay", *key_store.as_officer).status == 3
    assert run("hsm", "fault", "arm", "flood", *key_store.as_officer).status == 3
    assert run("hsm", "fault", "arm", "hang", "--command", "dance", *key_store.as_officer).status == 3


def test_kinds_in_the_help_are_those_there_are() -> None:
    """What the help lists is what the key store knows."""
    assert [kind.name.lower().replace("_", "-") for kind in FaultKind] == list(KINDS)


def test_faults_are_armed_listed_and_cleared(run: Run, tmp_path: Path) -> None:
    """From the command line: armed for one command, listed with what they struck, cleared."""
    settings = ServiceSettings(tmp_path / "store", allow_faults=True)
    policy = DevicePolicy(secret_iterations=1_000, password_iterations=1_000)
    initialise_key_store(settings, (OFFICER,), policy, stderr=subprocess.DEVNULL)
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_bytes(OFFICER.secret)
    with start_key_store(settings, OFFICER, stderr=subprocess.DEVNULL) as process:
        officer = ["--key-store", process.socket_path, "--secret-file", secret]
        refuse = ["refuse", "--command", "list-keys", "--times", "2", "--amount", "0x01000004"]
        assert run("hsm", "fault", "arm", *refuse, *officer).status == 0
        assert "SDR_HARDFAIL" in run("hsm", "keys", "--key-store", process.socket_path).err
        assert run("hsm", "fault", "list", *officer).out.splitlines()[-1].split() == [
            "1", "refuse", "list-keys", "0", "2", "16777220", "1",
        ]  # fmt: skip
        assert run("hsm", "fault", "clear", *officer).status == 0
        assert run("hsm", "keys", "--key-store", process.socket_path).status == 0
        assert run("hsm", "fault", "list", *officer).out == "no faults are armed.\n"


def test_audit_shows_who_did_what(run: Run, key_store: RunningKeyStore) -> None:
    """Every entry, its chain checked; for programs one a line."""
    index = key_store.new_key()
    assert f"index {index}" in run("hsm", "audit", *key_store.as_officer).out
    lines = run("hsm", "audit", *key_store.as_officer, "--json").out.splitlines()
    entries = [json.loads(line) for line in lines]
    assert [each["sequence"] for each in entries] == list(range(1, len(entries) + 1))


def test_nobody_listening_is_status_3(run: Run, tmp_path: Path) -> None:
    """No key store is no refusal, and the way to start one is told."""
    ended = run("hsm", "status", "--key-store", tmp_path / "none.sock")
    assert ended.status == 3
    assert "xinyin hsm serve" in ended.err


def test_not_naming_a_key_store_is_status_3(run: Run) -> None:
    """Neither option nor variable."""
    ended = run("hsm", "status")
    assert ended.status == 3
    assert "XINYIN_KEY_STORE" in ended.err


class TestSecrets:
    """Secrets come from files, the environment or the keyboard, never from arguments."""

    def test_no_option_takes_a_secret(self) -> None:
        """Every option about a secret names a file."""
        from api.command_line import build_parser
        from api.messages import messages

        text = build_parser(messages("en")).format_help()
        assert "--pin " not in text
        for source in vars(secret_sources).values():
            if isinstance(source, secret_sources.SecretSource):
                assert source.option.endswith("-file")

    def test_environment_is_read_once(
        self, run: Run, key_store: RunningKeyStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The variable works, and is gone afterwards: no other process inherits it."""
        monkeypatch.setenv("XINYIN_OFFICER_SECRET", OFFICER.secret.decode())
        assert run("hsm", "self-test", "--key-store", key_store.socket).status == 0
        assert "XINYIN_OFFICER_SECRET" not in os.environ

    def test_keyboard_is_asked(
        self, run: Run, key_store: RunningKeyStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """On a terminal the secret is asked for, unseen."""
        asked: list[str] = []

        def getpass(prompt: str) -> str:
            asked.append(prompt)
            return PIN.decode()

        monkeypatch.setattr(secret_sources.getpass, "getpass", getpass)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        index = key_store.new_key()
        arguments = ["--key-store", key_store.socket, "--index", index]
        assert run("hsm", "request", *arguments, "--subject", "CN=x").status == 0
        assert asked == ["key's PIN: "]

    def test_new_secrets_are_asked_for_twice(
        self, run: Run, key_store: RunningKeyStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A slip of the finger makes no key whose PIN nobody knows."""
        answers = iter(["first try", "second try"])
        monkeypatch.setattr(secret_sources.getpass, "getpass", lambda _: next(answers))
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        ended = run("hsm", "generate", *key_store.as_officer, "--index", key_store.new_index())
        assert ended.status == 3
        assert "differ" in ended.err

    def test_without_terminal_the_file_is_named(self, run: Run, key_store: RunningKeyStore) -> None:
        """Nothing waits for a keyboard that is not there."""
        ended = run("hsm", "self-test", "--key-store", key_store.socket)
        assert ended.status == 3
        assert "--secret-file" in ended.err

    def test_files_open_to_others_are_told(self, run: Run, key_store: RunningKeyStore, tmp_path: Path) -> None:
        """A secret that others can read works, with a warning."""
        path = tmp_path / "open"
        path.write_bytes(OFFICER.secret)
        path.chmod(0o644)
        ended = run("hsm", "self-test", "--key-store", key_store.socket, "--secret-file", path)
        assert ended.status == 0
        assert "chmod 600" in ended.err

    def test_empty_files_are_refused(self, run: Run, key_store: RunningKeyStore, tmp_path: Path) -> None:
        """An empty first line is no secret."""
        path = tmp_path / "empty"
        path.write_bytes(b"\nsecret\n")
        path.chmod(0o600)
        assert run("hsm", "self-test", "--key-store", key_store.socket, "--secret-file", path).status == 3

    def test_secrets_appear_nowhere(self, run: Run, key_store: RunningKeyStore, tmp_path: Path) -> None:
        """Not in results, not in complaints."""
        path = tmp_path / "wrong"
        path.write_text("a very secret secret")
        path.chmod(0o600)
        ended = run("hsm", "self-test", "--key-store", key_store.socket, "--secret-file", path)
        assert ended.status == 1
        assert "very secret" not in ended.out + ended.err


def test_store_is_made_served_and_stopped(tmp_path: Path) -> None:
    """init, serve in a process, status, Ctrl-C; a second init and a second serve are refused."""
    secret = tmp_path / "secret"
    secret.write_text("the officer's secret")
    secret.chmod(0o600)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XINYIN_LANGUAGE": "en"}
    directory = tmp_path / "store"

    def xinyin(*arguments: object) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "api", *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    own = ["--directory", directory, "--secret-file", secret]
    made = xinyin("hsm", "init", *own)
    assert made.returncode == 0
    assert "SIMULATED" in made.stderr
    assert xinyin("hsm", "init", *own).returncode == 1
    serving = subprocess.Popen(
        [sys.executable, "-m", "api", "hsm", "serve", *map(str, own)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert serving.stdout is not None
        assert "listening on" in serving.stdout.readline()
        assert xinyin("hsm", "status", "--key-store", directory / "key-store.sock").returncode == 0
        second = xinyin("hsm", "serve", *own)
        assert second.returncode == 1
        assert "cannot be opened" in second.stderr
    finally:
        serving.send_signal(signal.SIGINT)
        assert serving.wait(timeout=30) == 0
        serving.stdout.close()
    assert xinyin("hsm", "status", "--key-store", directory / "key-store.sock").returncode == 3
