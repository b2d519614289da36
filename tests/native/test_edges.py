"""The corners of SM2 on every path: tests/vectors/gbt32918/edges.json, made by textbook arithmetic, judged by OpenSSL too."""

import json
import random
from collections import defaultdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from crypto.encoding import InvalidSignatureError, join_signature, signature_to_raw
from crypto.engines import Engine
from crypto.errors import CryptoError
from tests import sm2_engines
from tests.native import build, library
from tests.native.library import PATH_NAMES, Library, PublicKey

VARIANTS = {"assembly chains": build.RELEASE, "plain C": build.PLAIN_C, "clang": build.CLANG}
VARIANT_MARKS = [
    pytest.param("assembly chains"),
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("plain C", "clang")),
]
VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "gbt32918" / "edges.json"
Case = dict[str, Any]


@lru_cache
def _all() -> dict[str, list[Case]]:
    content: dict[str, list[Case]] = json.loads(VECTORS.read_text(encoding="utf-8"))
    return content


def _octets(text: str) -> bytes:
    return bytes.fromhex(text)


@pytest.fixture(params=VARIANT_MARKS, scope="module")
def native(request: pytest.FixtureRequest) -> Library:
    return library.load_or_skip(VARIANTS[request.param])


@pytest.fixture(params=PATH_NAMES, scope="module")
def path(request: pytest.FixtureRequest, native: Library) -> library.Path:
    return native.path_or_skip(request.param)


@pytest.fixture(scope="module")
def openssl() -> Engine:
    return sm2_engines.load_or_skip("openssl")


Items = list[tuple[str, bool, tuple[PublicKey, bytes, bytes]]]


def _verifications(path: library.Path, tables: bool) -> Items:
    """Every case, and beside each that verifies a twin whose digest has one bit flipped."""
    items: Items = []
    keys: dict[str, PublicKey] = {}
    for case in _all()["verifications"]:
        key = keys.setdefault(case["point"], PublicKey(_octets(case["point"]), path if tables else None))
        signature, digest = _octets(case["r"] + case["s"]), _octets(case["e"])
        items.append((case["name"], case["valid"], (key, digest, signature)))
        if case["valid"]:
            flipped = digest[:-1] + bytes((digest[-1] ^ 1,))
            items.append((f"{case['name']}, digest flipped", False, (key, flipped, signature)))
    return items


@pytest.mark.parametrize("tables", [False, True], ids=["fresh keys", "key tables"])
def test_verification_one_by_one(path: library.Path, tables: bool) -> None:
    """A single call leaves most lanes empty or takes the plain core."""
    wrong = []
    for name, valid, item in _verifications(path, tables):
        several = 1 if "flipped" in name else 5
        if path.verify([item]) != [valid] or path.verify([item] * several) != [valid] * several:
            wrong.append(name)
    assert wrong == []


def test_verification_in_mixed_batches(path: library.Path) -> None:
    """Batches of 1 to 40 with and without tables: no case spoils its neighbours, whatever lane it stands in."""
    cases = _verifications(path, tables=False) + _verifications(path, tables=True)
    draw = random.Random(20240501)
    draw.shuffle(cases)
    start, wrong = 0, []
    while start < len(cases):
        length = draw.randint(1, 40)
        batch = cases[start : start + length]
        answers = path.verify([item for _, _, item in batch])
        wrong += [name for (name, valid, _), answer in zip(batch, answers, strict=True) if valid != answer]
        start += length
    assert wrong == []
    everything = path.verify([item for _, _, item in cases])
    assert everything == [valid for _, valid, _ in cases]


def test_verifications_by_openssl(openssl: Engine) -> None:
    """The vectors are right: a reader and an arithmetic that are not ours say the same."""
    for case in _all()["verifications"]:
        signature = join_signature(int(case["r"], 16), int(case["s"], 16))
        answer = openssl.verify(b"\x04" + _octets(case["point"]), _octets(case["e"]), signature)
        assert answer == case["valid"], case["name"]


def test_signing(path: library.Path, native: Library) -> None:
    """Signatures bit for bit, and which nonces do not serve; one by one and in batches of every length to 40."""
    by_key = defaultdict(list)
    for case in _all()["signings"]:
        by_key[case["d"]].append(case)
    draw = random.Random(20240502)
    for d, cases in by_key.items():
        key = native.private_key(_octets(d))
        assert key is not None
        lengths = [1] * len(cases) + list(range(1, 41)) + [len(cases)]
        start = 0
        for length in lengths:
            batch = [cases[(start + i) % len(cases)] for i in range(length)]
            start += length
            if start >= len(cases):
                start = 0
                draw.shuffle(cases)
            digests, nonces = ([_octets(case[name]) for case in batch] for name in ("e", "k"))
            expected = [_octets(case["signature"]) if case["signature"] else None for case in batch]
            signed = path.sign_with_nonces(key, digests, nonces)
            names = [
                case["name"] for case, one, other in zip(batch, signed, expected, strict=True) if one != other
            ]
            assert names == []


def test_signatures_by_openssl(openssl: Engine) -> None:
    """OpenSSL verifies every signature of the vectors under the key it computes itself."""
    for case in _all()["signings"]:
        if case["signature"]:
            point = openssl.public_point(_octets(case["d"]))
            r, s = int(case["signature"][:64], 16), int(case["signature"][64:], 16)
            assert openssl.verify(point, _octets(case["e"]), join_signature(r, s)), case["name"]


def test_end_of_signing(native: Library) -> None:
    """An x1 from n to p - 1 is met by nobody, and is reduced all the same."""
    for case in _all()["finishes"]:
        key = native.private_key(_octets(case["d"]))
        assert key is not None
        expected = _octets(case["signature"]) if case["signature"] else None
        assert native.sign_finish(key, _octets(case["e"]), int(case["k"], 16), int(case["x1"], 16)) == expected, (
            case["name"]
        )


def test_multiplication(path: library.Path, native: Library) -> None:
    """Products with G by every path, and with other points."""
    cases = [case for case in _all()["multiplications"] if case["point"] is None]
    scalars, products = ([_octets(case[name]) for case in cases] for name in ("k", "product"))
    assert path.base_multiply(scalars) == products
    for case, scalar, product in zip(cases, scalars, products, strict=True):
        assert path.base_multiply([scalar]) == [product], case["name"]
    draw = random.Random(20240503)
    for length in range(1, 41):
        chosen = [draw.randrange(len(cases)) for _ in range(length)]
        assert path.base_multiply([scalars[i] for i in chosen]) == [products[i] for i in chosen]


def test_multiplication_of_points(native: Library) -> None:
    for case in _all()["multiplications"]:
        point = _octets(case["point"]) if case["point"] else None
        if point is not None:
            assert native.point_multiply(point, _octets(case["k"])) == _octets(case["product"]), case["name"]


def test_multiplication_by_openssl(openssl: Engine) -> None:
    for case in _all()["multiplications"]:
        if case["point"] is None:
            assert openssl.public_point(_octets(case["k"])) == b"\x04" + _octets(case["product"]), case["name"]


def test_private_keys(native: Library) -> None:
    for case in _all()["private_keys"]:
        assert (native.private_key(_octets(case["scalar"])) is not None) == case["accepted"], case["name"]


def test_points(native: Library) -> None:
    for case in _all()["points"]:
        assert native.point_check(_octets(case["point"])) == case["valid"], case["name"]


def test_points_by_openssl(openssl: Engine) -> None:
    """A key that OpenSSL loads verifies nothing here; one that it refuses raises."""
    signature = join_signature(1, 1)
    for case in _all()["points"]:
        point = b"\x04" + _octets(case["point"])
        if case["valid"]:
            assert not openssl.verify(point, bytes(32), signature)
        else:
            with pytest.raises(CryptoError):
                openssl.verify(point, bytes(32), signature)


def test_decompression(native: Library) -> None:
    for case in _all()["decompressions"]:
        expected = _octets(case["x"] + case["y"]) if case["y"] else None
        assert native.point_decompress(_octets(case["x"]), case["sign"]) == expected, case["name"]


def test_der(native: Library) -> None:
    """Strict both ways, and the same answers as the reader that all engines share."""
    for case in _all()["encodings"]:
        der, raw = _octets(case["der"]), _octets(case["raw"]) if case["raw"] else None
        assert native.signature_from_der(der) == raw, case["name"]
        if raw is not None:
            assert native.signature_to_der(raw) == der
            assert signature_to_raw(der) == raw
        else:
            with pytest.raises(InvalidSignatureError):
                signature_to_raw(der)
