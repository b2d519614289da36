"""Facts of real signatures, recomputed; ``expected.json`` beside the samples says what others found."""

import json
from pathlib import Path

import pytest

from formats.errors import MalformedDataError
from verifier.inspection import inspect_document, inspect_seal, inspect_signed_value

SIGNED = [
    "bare-sm2",
    "gbt35275-integrity-entries",
    "gbt35275-two-signatures-a",
    "gbt35275-two-signatures-b",
    "v1-nonconformant",
    "v4-invoice-a",
    "v4-invoice-b",
    "v4-invoice-c",
    "v4-invoice-c-edited",
    "v4-invoice-d",
    "v4-locked",
    "v4-raw64-and-gbt35275-edited",
    "v4-seal-expired",
    "v4-templates-uncovered",
]


@pytest.mark.parametrize("name", SIGNED)
def test_facts_agree_with_independent_recomputation(name: str, samples_dir: Path) -> None:
    """Generation, signature, seal, digest and references of every signature."""
    path = f"ofd/signed/{name}.ofd"
    expected = json.loads((samples_dir / "expected.json").read_text("utf-8"))[path]
    found = [each.to_dict() for each in inspect_document((samples_dir / path).read_bytes())]
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        for fact in ("generation", "signature", "seal", "data_hash"):
            assert ours[fact] == theirs[fact], fact
        if theirs["references"] == "all":
            matching, total = ours["references"]
            assert matching == total > 0
        else:
            assert ours["references"] == theirs["references"]


def test_every_signed_sample_is_in_the_list(samples_dir: Path) -> None:
    """A sample that is added is tested too."""
    assert sorted(path.stem for path in (samples_dir / "ofd" / "signed").glob("*.ofd")) == SIGNED


def test_plain_documents_have_no_signatures(samples_dir: Path) -> None:
    """Unsigned documents of other makers give an empty list, no error."""
    for path in sorted((samples_dir / "ofd" / "plain").glob("*.ofd")):
        assert inspect_document(path.read_bytes()) == []


@pytest.mark.parametrize("name", ["UserV1", "UserV4", "UserV5", "UserV5_ts"])
def test_seals_by_themselves(name: str, samples_dir: Path) -> None:
    """The maker's signature over each generation's own bytes."""
    expected = json.loads((samples_dir / "expected.json").read_text("utf-8"))[f"seals/{name}.esl"][0]
    data = (samples_dir / "seals" / f"{name}.esl").read_bytes()
    found = inspect_seal(data)
    assert (found.generation, found.seal) == (expected["generation"], expected["seal"])
    assert found.time_stamp is (name == "UserV5_ts")
    changed = bytearray(data)
    changed[len(data) // 3] ^= 1  # in the picture
    assert inspect_seal(bytes(changed)).seal is False


@pytest.mark.parametrize(("name", "generation"), [("SignedValueV4", "v4"), ("SignedValueV5", "v5")])
def test_signature_values_by_themselves(name: str, generation: str, samples_dir: Path) -> None:
    """Signature and seal hold; without a document nothing is said of its digest."""
    found = inspect_signed_value((samples_dir / "seals" / f"{name}.dat").read_bytes())
    assert (found.generation, found.signature, found.seal, found.data_hash) == (generation, True, True, None)


def test_changed_files_are_named(samples_dir: Path) -> None:
    """What was edited after signing is told by its path."""
    data = (samples_dir / "ofd/signed/v4-invoice-c-edited.ofd").read_bytes()
    (found,) = inspect_document(data)
    assert found.changed == ("Doc_0/Document.xml",)


def test_positions_and_names(samples_dir: Path) -> None:
    """Signer, seal, time and places of the imprint come from the file."""
    (found,) = inspect_document((samples_dir / "ofd/signed/v4-locked.ofd").read_bytes())
    told = found.to_dict()
    assert told["signer"]["name"]
    assert told["seal_name"]
    assert told["signed_at"].endswith("Z")
    assert told["positions"][0]["page"] >= 1
    assert found.signature_algorithm == "1.2.156.10197.1.501"


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"not a document", b"\x30\x03\x02\x01\x01"])
def test_other_files_are_refused(data: bytes) -> None:
    """What is no document, no seal and no signature value raises one kind of error."""
    for inspect in (inspect_document, inspect_seal, inspect_signed_value):
        with pytest.raises(MalformedDataError):
            inspect(data)
