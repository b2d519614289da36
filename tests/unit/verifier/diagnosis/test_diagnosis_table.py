"""The table of dialects, its texts, and what other readers may refuse."""

import json
import re
from pathlib import Path

import pytest

import verifier.diagnosis as package
from formats import der
from formats.gbt33190.signature_model import SignatureType
from formats.gbt38540 import ExtData, Generation
from formats.tolerances import Tolerance
from tests.unit.verifier.diagnosis.speaking import (
    N,
    diagnosed,
    numbers,
    parts_of_tbs,
    plain,
    resigned,
    written,
    xml_changed,
)
from tests.unit.verifier.documents import Recipe, document, seal_recipe, sealed
from tests.unit.verifier.nation import DAY, NOW, SIGNED
from verifier.codes import Code
from verifier.diagnosis import (
    Conclusion,
    Evidence,
    Question,
    diagnose_document,
    diagnose_seal,
    dialects,
    strictnesses,
    texts,
)
from verifier.explanation import LANGUAGES
from verifier.verification import verify_document

FOLDER = Path(package.__file__).parent
NAMED = re.compile(
    r'"((?:value|user-id|message|key|content|digest|path|method|reference|list|shape|algorithm|time)\.[a-z0-9-]+)"'
)


def test_the_table_has_every_dialect_that_is_tried() -> None:
    """Names in the code and in the table are the same."""
    source = "\n".join(path.read_text("utf-8") for path in FOLDER.glob("*.py"))
    assert set(NAMED.findall(source)) == set(dialects())


def test_every_dialect_is_shown_by_a_test() -> None:
    """Each name stands in the tests beside this one, which assert it for a file made so."""
    beside = sorted(Path(__file__).parent.glob("test_*_dialects.py"))
    source = "\n".join(path.read_text("utf-8") for path in beside)
    assert set(dialects()) - set(NAMED.findall(source)) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text(language: str) -> None:
    """And no other."""
    words = texts(language)
    assert set(words.dialects) == set(dialects())
    assert set(words.readers) == {each.readers for each in dialects().values()}
    assert set(words.changes) == {each.change for each in dialects().values()}
    assert set(words.strictnesses) == set(strictnesses())
    assert set(words.conclusions) == set(Conclusion)
    assert set(words.questions) == set(Question)
    assert set(words.evidence) == set(Evidence)


def test_strictnesses_name_what_exists() -> None:
    """Tolerances, codes and generations are those of the verifier."""
    for each in strictnesses().values():
        assert each.tolerance is None or Tolerance(each.tolerance)
        assert all(Code(code) for code in each.codes)
        assert each.generation is None or Generation(each.generation)
    with pytest.raises(ValueError, match="tlh"):
        texts("tlh")


def remarked(entries: dict[str, bytes]) -> set[str]:
    return {each.name for each in diagnosed(entries).remarks}


EVERY = {"default-identity", "numeric-id"}
EXTENSION = der.explicit(0, der.sequence(der.sequence(der.oid("1.2.3.4"), der.octet_string(b"x"))))


def test_a_plain_document_may_be_refused_for_few_reasons() -> None:
    """Only for what is so in every document this house makes."""
    assert remarked(dict(plain())) <= EVERY | {"lettered-id"}


def test_what_others_refuse_is_told() -> None:
    """Each departure that passes here, and over which another reader is known to stop."""
    utc = der.sequence(*parts_of_tbs()[:2], der.utc_time(SIGNED), *parts_of_tbs()[3:])
    cases = {
        "raw-signature": resigned(signing=written(lambda value: b"".join(numbers(value)))),
        "utc-time": resigned(tbs=utc),
        "generation-v5": sealed((), seal=seal_recipe(generation=Generation.V5)),
        "generation-v1": sealed((), seal=seal_recipe(generation=Generation.V1)),
        "digest-list": sealed((), seal=seal_recipe(digests=(("SM3", N.bureau.certificate.digest()),))),
        "critical-left-out": resigned(tbs=der.sequence(*parts_of_tbs(), EXTENSION)),
        "seal-expired-since": sealed((), seal=seal_recipe(valid_to=NOW - DAY)),
        "base64-white-space": xml_changed("=</ofd:CheckValue>", "\n=</ofd:CheckValue>"),
        "check-method-plain": xml_changed('"1.2.156.10197.1.401"', '"1.2.156.10197.1.401.1"'),
        "reference-relative": xml_changed('"/Doc_0/Res/image_3.png"', '"Doc_0/Res/image_3.png"'),
        "location-case": xml_changed('"/Doc_0/Res/image_3.png"', '"/Doc_0/Res/Image_3.png"'),
    }
    for name, entries in cases.items():
        assert name in remarked(entries), name
        assert name not in remarked(dict(plain())), name
    with_critical = sealed((), extensions=(ExtData("1.2.3.4", critical=False, value=b"x"),))
    assert "critical-left-out" not in remarked(with_critical)


def test_an_unsigned_document_has_nothing_to_explain() -> None:
    """Neither answers nor remarks."""
    found = diagnosed(document())
    assert (found.answers, found.remarks, found.tried) == ((), (), 0)


def test_the_json_form_is_json() -> None:
    """And says which schema it has."""
    written_form = diagnosed(Recipe(kind=SignatureType.SIGN, shape="whole").apply(document())).to_dict()
    assert json.loads(json.dumps(written_form)) == written_form
    assert written_form["schema"] == "xinyin.diagnosis/1"


def test_samples_of_others_are_diagnosed_as_others_found(samples_dir: Path) -> None:
    """What independent recomputation noted: the one maker with a dialect of its own, and files that were edited."""
    expected = json.loads((samples_dir / "expected.json").read_text("utf-8"))
    for path, signatures in expected.items():
        data = (samples_dir / path).read_bytes()
        if path.startswith("seals/"):
            assert diagnose_seal(data).answers == (), path
            continue
        found = diagnose_document(data, verify_document(data, trust=None, at=NOW))
        asked = {each.question for each in found.answers}
        for question, fact in ((Question.SEAL_SIGNATURE, "seal"), (Question.DATA_HASH, "data_hash")):
            assert (question in asked) == any(each.get(fact) is False for each in signatures), path
        changed = {each.subject: len(each.unexplained) for each in found.answers if each.unexplained}
        edited = sorted(
            each["references"][1] - each["references"][0]
            for each in signatures
            if isinstance(each["references"], list) and each["references"][0] < each["references"][1]
        )
        if path.endswith("v1-nonconformant.ofd"):
            by_question = {each.question: each for each in found.answers}
            assert [each.dialects for each in by_question[Question.SIGNATURE].fits] == [
                ("message.data-hash-as-e",)
            ]
            assert [each.dialects for each in by_question[Question.REFERENCES].fits] == [
                ("method.name", "digest.with-z")
            ]
            assert by_question[Question.REFERENCES].fits[0].paths[0].endswith("Seal.esl")
            assert list(changed.values()) == [5]
        else:
            assert sorted(changed.values()) == edited, path
        raw = any(each.name == "raw-signature" for each in found.remarks)
        assert raw == any("raw 64-byte" in each["note"] for each in signatures), path
