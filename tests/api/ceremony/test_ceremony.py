"""A root's ceremony from plan to judged transcript: run, interrupted, rehearsed, and tampered with."""

import json
import shutil
from pathlib import Path

import pytest

from api.ceremony.judging import Mark, judge
from api.ceremony.transcript import read_transcript
from formats.errors import MalformedDataError
from formats.gbt20518 import certificate_verify, der_or_pem, read_certificate
from tests.api.ceremony.conftest import Stage
from tests.api.conftest import Run


def marks(path: Path) -> dict[str, set[Mark]]:
    found: dict[str, set[Mark]] = {}
    for each in judge(path):
        found.setdefault(each.check, set()).add(each.mark)
    return found


def test_ceremony_of_a_root(run: Run, stage: Stage) -> None:
    """Everything is made, restored on a second device, signed by device and root, and the transcript holds."""
    ended = run("ca", "ceremony", *stage.write(), *stage.places)
    assert ended.status == 0, ended.err
    transcript = stage.artefacts / "transcript.jsonl"
    names = {path.name for path in stage.artefacts.iterdir()}
    assert names == {
        "plan.json",
        "root.cer",
        "issuing.cer",
        "root.crl",
        "chen.share.json",
        "liu.share.json",
        "sun.share.json",
        "key-store.backup",
        "key-store-log.jsonl",
        "digests.sm3",
        "transcript.jsonl",
    }
    told = run("ceremony", "verify", transcript)
    assert told.status == 0, told.out
    assert set().union(*marks(transcript).values()) == {Mark.PASSED}
    root, below = (
        read_certificate(der_or_pem((stage.artefacts / name).read_bytes(), "CERTIFICATE"))
        for name in ("root.cer", "issuing.cer")
    )
    assert root.public_key is not None
    certificate_verify(below, root.public_key)
    for secret in stage.answers["secrets"].values():
        assert not [p.name for p in stage.artefacts.iterdir() if secret.encode() in p.read_bytes()]
        assert secret not in ended.out + ended.err

    # Nothing is needed but transcript and artefacts: the shares were handed out, the device is elsewhere.
    away = stage.folder / "away"
    shutil.copytree(stage.artefacts, away)
    shutil.rmtree(stage.folder / "store")
    for share in away.glob("*.share.json"):
        share.unlink()
    assert marks(away / "transcript.jsonl")["file"] == {Mark.PASSED, Mark.ABSENT}
    assert run("ceremony", "verify", away / "transcript.jsonl", "--json").status == 0

    check_tampering(stage.artefacts, stage.folder)
    again = run("ca", "ceremony", *stage.write(), *stage.places)
    assert again.status == 3
    assert "finished" in again.err


def check_tampering(artefacts: Path, folder: Path) -> None:
    """Every line and every artefact that is altered is told; so is a transcript whose signatures are cut off."""
    lines = (artefacts / "transcript.jsonl").read_bytes().splitlines(keepends=True)
    entries = [json.loads(line) for line in lines]
    for number, entry in enumerate(entries[:-1]):
        altered = entry | {"time": "2020-01-01T00:00:00Z"}
        data = b"".join([*lines[:number], json.dumps(altered).encode() + b"\n", *lines[number + 1 :]])
        with pytest.raises(MalformedDataError):
            read_transcript(data)
        with pytest.raises(MalformedDataError):
            read_transcript(b"".join([*lines[:number], *lines[number + 1 :]]))
    forged = folder / "forged"
    shutil.copytree(artefacts, forged)
    path = forged / "transcript.jsonl"
    path.write_bytes(b"".join(lines[:-1]))
    assert marks(path)["device"] == marks(path)["authority"] == {Mark.FAILED}
    last = entries[-1]
    for name, member in (("device", last["device"] | {"length": 1}), ("authority", last["authority"][:-2] + "00")):
        path.write_bytes(b"".join(lines[:-1]) + json.dumps(last | {name: member}).encode() + b"\n")
        assert marks(path)[name] == {Mark.FAILED}
    path.write_bytes(b"".join(lines))
    for artefact in sorted(forged.iterdir()):
        if artefact != path:
            good = artefact.read_bytes()
            artefact.write_bytes(good[:-1] + bytes((good[-1] ^ 1,)))
            assert Mark.FAILED in marks(path)["file"], artefact.name
            artefact.write_bytes(good)
    assert set().union(*marks(path).values()) == {Mark.PASSED}


@pytest.mark.slow
def test_rebuilt_transcript_needs_the_keys(run: Run, stage: Stage) -> None:
    """A chain rebuilt over other facts is whole, but neither device nor root signed it. Also: a dry run is marked."""
    ended = run("ca", "ceremony", *stage.write(), "--dry-run")
    assert ended.status == 0, ended.err
    assert all(path.name.startswith("DRY-RUN-") for path in stage.artefacts.iterdir())
    assert not (stage.folder / "store").exists()
    path = stage.artefacts / "DRY-RUN-transcript.jsonl"
    assert set().union(*marks(path).values()) == {Mark.PASSED}
    root = read_certificate(der_or_pem((stage.artefacts / "DRY-RUN-root.cer").read_bytes(), "CERTIFICATE"))
    assert "CN=DRY RUN 示例根" in str(root.subject)

    from api.ceremony.transcript import TranscriptFile

    before = read_transcript(path.read_bytes())
    other = stage.folder / "other"
    shutil.copytree(stage.artefacts, other)
    (other / path.name).unlink()
    file = TranscriptFile(other, "DRY-RUN-")
    for entry in before.entries:
        people = ("nobody",) if entry.step == "checks" else entry.people
        file.append(entry.step, time=entry.time, people=people, told=entry.told, files=entry.files)
    assert before.signatures is not None
    file.finish(before.signatures.device, before.signatures.authority)
    found = marks(other / path.name)
    assert found["chain"] == {Mark.PASSED}
    assert found["device"] == found["authority"] == {Mark.FAILED}


@pytest.mark.slow
def test_interrupted_and_taken_up(run: Run, stage: Stage) -> None:
    """Stopped at several steps, each time gone on with; what was made is made once, and the transcript holds."""
    confirmed = list(stage.answers["confirm"])
    for missing in ("checks", "initialise", "root-key", "root-certificate", "issue-issuing", "digests"):
        stage.answers["confirm"] = [step for step in confirmed if step != missing]
        ended = run("ca", "ceremony", *stage.write(), *stage.places)
        assert ended.status == 3, ended.out
        assert missing in ended.err
    stage.answers["confirm"] = confirmed
    ended = run("ca", "ceremony", *stage.write(), *stage.places)
    assert ended.status == 0, ended.err
    assert set().union(*marks(stage.artefacts / "transcript.jsonl").values()) == {Mark.PASSED}


@pytest.mark.slow
def test_ceremony_of_a_key_store(run: Run, stage: Stage) -> None:
    """Without an authority only the device is set up, also after a stop; each command takes its own kind of plan."""
    assert run("hsm", "ceremony", *stage.write(), "--store", stage.folder / "store").status == 3
    del stage.plan["authority"]
    assert run("ca", "ceremony", *stage.write(), *stage.places).status == 3
    confirmed = list(stage.answers["confirm"])
    stage.answers["confirm"] = ["plan", "checks"]
    stopped = run("hsm", "ceremony", *stage.write(), "--store", stage.folder / "store")
    assert stopped.status == 3
    assert "initialise" in stopped.err
    stage.answers["confirm"] = confirmed
    ended = run("hsm", "ceremony", *stage.write(), "--store", stage.folder / "store")
    assert ended.status == 0, ended.err
    assert "going on behind step checks" in ended.out
    found = marks(stage.artefacts / "transcript.jsonl")
    assert set().union(*found.values()) == {Mark.PASSED}
    assert "root" not in found


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda plan: plan.update(threshold=4), "threshold"),
        (lambda plan: plan.update(threshold=1), "threshold"),
        (lambda plan: plan["people"].update(administrators=["zhang"]), "administrators"),
        (lambda plan: plan["people"].update(custodians=["chen", "chen"]), "custodians"),
        (lambda plan: plan["people"].update(custodians=["../chen", "liu"]), "custodians"),
        (lambda plan: plan["policy"].update(control="none"), "control"),
        (lambda plan: plan["policy"].update(secret_iterations=1), "policy"),
        (lambda plan: plan["authority"].update(subject="nonsense"), "subject"),
        (lambda plan: plan["authority"]["issue"][0].update(name="../x"), "name"),
        (lambda plan: plan.update(surprise=1), "surprise"),
        (lambda plan: plan.pop("title"), "title"),
    ],
)
def test_plan_is_read_strictly(run: Run, stage: Stage, change: object, told: str) -> None:
    """What is wrong in a plan is named before anything is done."""
    change(stage.plan)  # type: ignore[operator]
    ended = run("ca", "ceremony", *stage.write(), *stage.places)
    assert ended.status == 3
    assert told in ended.err
    assert not stage.artefacts.exists()


def test_request_that_was_exchanged(run: Run, stage: Stage) -> None:
    """A request other than the one reviewed is not certified, however good it is."""
    (stage.folder / "issuing.csr").write_text("-----BEGIN CERTIFICATE REQUEST-----\n")
    ended = run("ca", "ceremony", *stage.write(), *stage.places)
    assert ended.status == 3
    assert "reviewed" in ended.err
    assert not (stage.artefacts / "issuing.cer").exists()


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"{}\n", b"[]\n", b"\xff\n", b"{" * 5000 + b"\n", b'{"signed": "x"}\n']
)
def test_hostile_transcripts(run: Run, tmp_path: Path, data: bytes) -> None:
    """Anything at all is judged without a traceback, and does not hold."""
    path = tmp_path / "transcript.jsonl"
    path.write_bytes(data)
    assert run("ceremony", "verify", path).status == 1
