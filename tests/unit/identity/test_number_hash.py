"""Keyed hashes of numbers."""

import json
from pathlib import Path
from typing import Any

import pytest

from formats.errors import MalformedDataError
from formats.gbt36903 import HolderCode
from identity import NumberHash, NumberHasher

VECTORS = json.loads(
    (Path(__file__).resolve().parents[2] / "vectors" / "identity" / "number_hashes.json").read_text(
        encoding="utf-8"
    )
)
KEY = bytes.fromhex(VECTORS["key"])
NUMBER = HolderCode("111", "990101199003071237")


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: f"{case['label']} {case['code_type']}")
def test_digest_is_what_openssl_computes(case: dict[str, Any]) -> None:
    """Label, type and number give the HMAC-SM3 an unrelated implementation gives."""
    hasher = NumberHasher(KEY, key_id="k1")
    code = HolderCode(case["code_type"], case["number"])
    label, _, application = case["label"].partition("/")
    found = hasher.pairwise(code, application=application) if application else hasher.hash(code)
    assert label in {"xinyin.number.1", "xinyin.pairwise.1"}
    assert found == NumberHash("k1", case["digest"])


def test_hashes_are_kept_apart() -> None:
    """Key, key id, code type and application each give another hash; the same question the same hash."""
    hasher = NumberHasher(KEY, key_id="k1")
    hashes = {
        hasher.hash(NUMBER),
        NumberHasher(KEY[::-1], key_id="k1").hash(NUMBER),
        NumberHasher(KEY, key_id="k2").hash(NUMBER),
        hasher.hash(HolderCode("999", NUMBER.reveal())),
        hasher.pairwise(NUMBER, application="a"),
        hasher.pairwise(NUMBER, application="b"),
    }
    assert len(hashes) == 6
    assert hasher.hash(NUMBER) == hasher.hash(HolderCode("111", NUMBER.reveal()))


def test_neither_key_nor_number_is_shown() -> None:
    """Representation and text of hasher and hash show no secret and no number."""
    hasher = NumberHasher(b"a secret of thirty-two octets 00", key_id="k1")
    shown = f"{hasher!r} {hasher} {hasher.hash(NUMBER)!r} {hasher.hash(NUMBER)}"
    assert "secret" not in shown
    assert b"a secret".hex() not in shown
    assert NUMBER.reveal() not in shown


def test_text_form_comes_back() -> None:
    """Key id and digest joined by a colon are read again."""
    found = NumberHasher(KEY, key_id="2026-01").hash(NUMBER)
    assert NumberHash.parse(str(found)) == found


@pytest.mark.parametrize(
    "text",
    ["", "k1", "k1:", ":" + "0" * 64, "k1:" + "0" * 63, "k1:" + "A" * 64, "k 1:" + "0" * 64, "k1:" + "٣" * 64],
)
def test_malformed_text(text: str) -> None:
    """Other texts are refused."""
    with pytest.raises(MalformedDataError):
        NumberHash.parse(text)


def test_refused_keys_and_names() -> None:
    """A short key, a bad key id and a nameless application are refused."""
    with pytest.raises(ValueError, match="fewer than 32"):
        NumberHasher(b"x" * 31, key_id="k1")
    with pytest.raises(MalformedDataError):
        NumberHasher(KEY, key_id="")
    for application in ("", "门户", "a\0b", "x" * 129):
        with pytest.raises(ValueError, match="application"):
            NumberHasher(KEY, key_id="k").pairwise(NUMBER, application=application)
