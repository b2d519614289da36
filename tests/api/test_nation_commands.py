"""The demonstration, and issuing and sealing at one of its places, as a newcomer runs them."""

import json
import shutil
from pathlib import Path

import pytest

from api.command_line import main
from api.installation import Secrets, key_store_settings
from formats.fonts import FontsNotFoundError, Typeface, installed_fonts
from hsm_sim import start_key_store
from tests.api.conftest import Run
from tests.running_store import Build, built  # noqa: F401 - a fixture

REGION = "990100"


@pytest.fixture(scope="module")
def nation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy nation, built once by the command itself."""
    try:
        installed_fonts().face(Typeface.SERIF)
    except FontsNotFoundError as missing:
        pytest.skip(f"no licence fonts here: {missing}")
    folder = tmp_path_factory.mktemp("nation") / "demo"
    assert main(["demo", "--directory", str(folder)]) == 0
    return folder


def request_of(nation: Path, **changes: object) -> dict[str, object]:
    """A good request at the first region."""
    installation = json.loads((nation / REGION / "installation.json").read_text(encoding="utf-8"))
    market = next(issuer for issuer in installation["issuers"] if issuer["key"] == "market")
    return {
        "request_id": "cli-1",
        "department": "market",
        "licence_type": "business-licence",
        "item_code": f"{market['code']}3000131001000",
        "holders": [{"name": "示例科技有限公司", "code": "91990101MA9T00018G", "code_type": "001"}],
        "issued_on": "2026-01-05",
        "face": {
            "KZ_LX": "有限责任公司",
            "KZ_FDDBR": "张三",
            "KZ_ZCZB": "壹佰万元整",
            "KZ_CLRQ": "20260105",
            "KZ_ZS": "示例路 1 号",
            "KZ_JYFW": "软件开发。",
        },
    } | changes


def written(folder: Path, content: object) -> Path:
    path = folder / "request.json"
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def trusted(nation: Path) -> list[str]:
    return ["--trust", str(nation / "trust-list.json"), "--trust-root", str(nation / "trust-root.cer")]


def test_the_demonstration_ends_as_told(nation: Path, run: Run) -> None:
    """Twelve licences, seven forgeries, pictures; and the command its last line names passes."""
    licences = sorted((nation / "licences").glob("*.ofd"))
    assert len(licences) == 12
    assert len(list((nation / "forged").glob("*.ofd"))) == 7
    assert {path.suffix for path in (nation / "pictures").iterdir()} == {".png", ".pdf"}
    ended = run("verify", *licences, *trusted(nation))
    assert ended.status == 0
    for path in sorted((nation / "forged").glob("*.ofd")):
        assert run("verify", path, *trusted(nation), "--quiet").status == 1, path.name


def test_the_demonstration_touches_nothing_else(tmp_path: Path, run: Run) -> None:
    """A folder with other files in it is left as it is, with a line of what to do."""
    (tmp_path / "thesis.txt").write_text("important")
    ended = run("demo", "--directory", tmp_path)
    assert ended.status == 3
    assert "--directory" in ended.err
    assert (tmp_path / "thesis.txt").read_text() == "important"


def test_secrets_are_the_owners(nation: Path) -> None:
    """Passwords of the key store lie in a file only its owner reads; nothing else holds one."""
    secrets = nation / REGION / "secrets.json"
    assert secrets.stat().st_mode & 0o077 == 0
    password = json.loads(secrets.read_text())["passwords"]["market"]
    others = [path for path in nation.rglob("*") if path.is_file() and path != secrets]
    assert not [path for path in others if password.encode() in path.read_bytes()]


def test_issue_then_verify(nation: Path, tmp_path: Path, run: Run) -> None:
    """A licence from a request file passes; asked again it is the same file."""
    request = written(tmp_path, request_of(nation))
    first, second = tmp_path / "a.ofd", tmp_path / "b.ofd"
    ended = run("issue", request, "--home", nation / REGION, "-o", first, "--json")
    assert ended.status == 0, ended.err
    told = json.loads(ended.out)
    assert told["state"] == "valid"
    assert run("issue", request, "--home", nation / REGION, "-o", second).status == 0
    assert first.read_bytes() == second.read_bytes()
    assert run("verify", first, *trusted(nation)).status == 0
    ended = run("inspect", first, "--json")
    assert json.loads(ended.out)[0]["generation"] == "v4"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"request_id": "n-1", "face": {}}, "KZ_LX"),
        ({"request_id": "n-2", "licence_type": "real-estate-title"}, "ZZBFJGDM"),
        ({"request_id": "n-3", "holders": []}, "CZZT"),
        ({"request_id": "n-4", "item_code": "x"}, "ZZBFJGDM"),
    ],
)
def test_refused_requests_name_the_field(
    nation: Path, tmp_path: Path, run: Run, changes: dict[str, object], told: str
) -> None:
    """What rules forbid ends with 1, names the field and writes no file."""
    request = written(tmp_path, request_of(nation, **changes))
    ended = run("issue", request, "--home", nation / REGION, "-o", tmp_path / "no.ofd")
    assert ended.status == 1
    assert told in ended.err
    assert not (tmp_path / "no.ofd").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"request_id": 1}',
        b"\xff\xfe",
        b'{"a": ' * 5000,
        b'{"request_id": "x", "request_id": "y"}',
    ],
)
def test_hostile_requests(nation: Path, tmp_path: Path, run: Run, content: bytes) -> None:
    """A request file that is no request ends with 3 and a line."""
    path = tmp_path / "request.json"
    path.write_bytes(content)
    ended = run("issue", path, "--home", nation / REGION, "-o", tmp_path / "no.ofd")
    assert ended.status == 3
    assert ended.err.strip()


def test_unknown_departments_and_places(nation: Path, tmp_path: Path, run: Run) -> None:
    """Names that are not there are answered with those that are."""
    request = written(tmp_path, request_of(nation, department="police"))
    ended = run("issue", request, "--home", nation / REGION, "-o", tmp_path / "no.ofd")
    assert ended.status == 3
    assert "market" in ended.err
    ended = run("issue", request, "--home", tmp_path, "-o", tmp_path / "no.ofd")
    assert ended.status == 3
    assert "xinyin demo" in ended.err


def test_a_broken_installation_is_told(nation: Path, tmp_path: Path, run: Run) -> None:
    """A place whose files do not parse is not opened."""
    place = tmp_path / "place"
    shutil.copytree(nation / REGION, place, ignore=shutil.ignore_patterns("*.sock"))
    (place / "installation.json").write_text('{"schema": 1}')
    ended = run("issue", written(tmp_path, request_of(nation)), "--home", place, "-o", tmp_path / "no.ofd")
    assert ended.status == 3
    assert "installation" in ended.err


def test_seal_a_document_twice(nation: Path, tmp_path: Path, run: Run) -> None:
    """A second seal by another department passes beside the first; riding the edges of two pages too."""
    title = nation / "licences" / f"{REGION}-real-estate-title.ofd"
    placed, riding = tmp_path / "placed.ofd", tmp_path / "riding.ofd"
    home = ["--home", nation / REGION, "--issuer", "market"]
    assert run("seal", title, *home, "--at", "60,150", "--page", 2, "-o", placed).status == 0
    assert run("seal", title, *home, "--riding", "right", "--request-id", "ride", "-o", riding).status == 0
    for path in (placed, riding):
        ended = run("verify", path, *trusted(nation), "--json")
        assert ended.status == 0, ended.out
        assert len(json.loads(ended.out)["report"]["signatures"]) == 2
    # The same file again is the same use of the seal: it is refused, not sealed twice.
    ended = run("seal", title, *home, "--at", "60,150", "--page", 2, "-o", tmp_path / "again.ofd")
    assert ended.status == 1
    assert not (tmp_path / "again.ofd").exists()


def test_a_last_seal_closes_the_document(nation: Path, tmp_path: Path, run: Run) -> None:
    """After ``--last`` nobody can add a seal, and the document still passes."""
    licence = nation / "licences" / f"{REGION}-business-licence.ofd"
    closed = tmp_path / "closed.ofd"
    home = ["--home", nation / REGION, "--issuer", "land"]
    assert run("seal", licence, *home, "--last", "-o", closed).status == 0
    assert run("verify", closed, *trusted(nation)).status == 0
    ended = run("seal", closed, *home, "-o", tmp_path / "more.ofd")
    assert ended.status == 1
    assert not (tmp_path / "more.ofd").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--at", "60"],
        ["--at", "a,b"],
        ["--at", "nan,1"],
        ["--page", "9"],
        ["--issuer", "police"],
        ["--riding", "left"],
    ],
)
def test_impossible_places_are_told(nation: Path, tmp_path: Path, run: Run, arguments: list[str]) -> None:
    """A place that is none, a page that is not there, one page for a riding seal: 3 and a line."""
    licence = nation / "licences" / f"{REGION}-business-licence.ofd"
    given = ["--issuer", "market", *arguments] if "--issuer" not in arguments else arguments
    ended = run("seal", licence, "--home", nation / REGION, *given, "-o", tmp_path / "no.ofd")
    assert ended.status == 3
    assert ended.err.strip()


def test_an_output_that_exists_is_kept(nation: Path, tmp_path: Path, run: Run) -> None:
    """Nothing is signed when its result could not be written."""
    output = tmp_path / "kept.ofd"
    output.write_bytes(b"mine")
    request = written(tmp_path, request_of(nation, request_id="kept"))
    assert run("issue", request, "--home", nation / REGION, "-o", output).status == 3
    licence = nation / "licences" / f"{REGION}-business-licence.ofd"
    assert run("seal", licence, "--home", nation / REGION, "--issuer", "market", "-o", output).status == 3
    assert output.read_bytes() == b"mine"


def test_licences_are_sealed_through_a_library(
    nation: Path,
    tmp_path: Path,
    run: Run,
    built: Build,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The place's keys behind a vendor's library: issuing and sealing sign through it, and what comes out verifies."""
    place = nation / REGION
    settings, officer = key_store_settings(place), Secrets.read(place).officer
    with (tmp_path / "log").open("wb") as log, start_key_store(settings, officer, stderr=log) as process:
        monkeypatch.setenv("XINYIN_SDF_SOCKET", str(process.socket_path))
        monkeypatch.setenv("XINYIN_KEY_STORE", f"sdf:{built()}?profile=simulator")
        licence = tmp_path / "licence.ofd"
        holder = {"name": "东岚市青禾书店有限公司", "code": "91990101MA9Y123472", "code_type": "001"}
        request = written(tmp_path, request_of(nation, request_id="cli-library", holders=[holder]))
        ended = run("issue", request, "--home", place, "-o", licence)
        assert ended.status == 0, ended.err
    assert run("verify", licence, *trusted(nation)).status == 0
