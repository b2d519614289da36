"""``xinyin inspect``: facts of real and made signatures."""

import json
from pathlib import Path

import pytest

from api.messages import LANGUAGES
from formats.gbt33190.package_writer import write_package
from tests.api.conftest import Run
from tests.unit.verifier import nation as people
from tests.unit.verifier.documents import Recipe, document, seal_recipe, sealed

FACTS = ("generation", "signature", "seal", "data_hash")


def test_facts_of_every_sample_agree_with_others(run: Run, samples_dir: Path) -> None:
    """Through the command line, every fact that independent recomputation found, in the order of the file."""
    expected = json.loads((samples_dir / "expected.json").read_text("utf-8"))
    assert expected
    for path, signatures in expected.items():
        ended = run("inspect", "--json", samples_dir / path)
        assert ended.status == 0, path
        found = json.loads(ended.out)
        assert len(found) == len(signatures), path
        for ours, theirs in zip(found, signatures, strict=True):
            stated = [fact for fact in FACTS if fact in theirs]  # of a seal by itself only its own
            assert {fact: ours[fact] for fact in stated} == {fact: theirs[fact] for fact in stated}, path
            if "references" not in theirs:
                assert ours["references"] is None, path
            elif theirs["references"] == "all":
                matching, total = ours["references"]
                assert matching == total > 0, path
            else:
                assert ours["references"] == theirs["references"], path


@pytest.mark.parametrize("language", LANGUAGES)
def test_people_are_told_the_facts_and_their_limit(run: Run, tmp_path: Path, language: str) -> None:
    """Signer, seal, times in Beijing, positions; and that nobody's trust was asked."""
    path = tmp_path / "licence.ofd"
    path.write_bytes(write_package(sealed()))
    ended = run("inspect", path, "--language", language)
    assert ended.status == 0
    for expected in ("v4 (GB/T 38540-2020)", people.BUREAU, "2026-03-01 10:30:00 +08:00", "40 × 40 mm"):
        assert expected in ended.out
    assert ended.out.rstrip().splitlines()[-1].count("xinyin verify") == 1


def test_json_holds_what_integrators_need(run: Run, tmp_path: Path) -> None:
    """One object for each signature, in the order of the file."""
    path = tmp_path / "twice.ofd"
    path.write_bytes(write_package(Recipe(holder=people.nation().other_bureau).apply(sealed())))
    found = json.loads(run("inspect", path, "--json").out)
    assert [each["signer"]["credit_code"] for each in found] == [people.BUREAU, people.OTHER_BUREAU]
    for each in found:
        assert {
            *FACTS,
            "references",
            "seal_name",
            "signed_at",
            "signature_algorithm",
            "positions",
            "tolerances",
        } <= set(each)
        assert each["references"][0] == each["references"][1]


def test_unsigned_documents_have_nothing_to_tell(run: Run, tmp_path: Path) -> None:
    """An empty list, and a sentence."""
    path = tmp_path / "plain.ofd"
    path.write_bytes(write_package(document()))
    assert json.loads(run("inspect", path, "--json").out) == []
    assert run("inspect", path).out == "the document carries no signature.\n"


def test_seals_by_themselves(run: Run, tmp_path: Path) -> None:
    """A seal file is recognised by its octets, not by its name."""
    path = tmp_path / "seal"
    path.write_bytes(seal_recipe().make(people.nation(), people.nation().bureau))
    (found,) = json.loads(run("inspect", path, "--json").out)
    assert (found["seal"], found["signature"], found["references"]) == (True, None, None)


def test_wrong_sums_are_told_and_still_status_0(run: Run, tmp_path: Path) -> None:
    """It answers what the sums come to; whether that is acceptable is asked of verify."""
    path = tmp_path / "wrong.ofd"
    path.write_bytes(write_package(sealed(signed_by=people.nation().other_bureau)))
    ended = run("inspect", path)
    assert ended.status == 0
    assert "WRONG" in ended.out
