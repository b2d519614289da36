"""Every way of signing that is known is told as exactly that; one that is not known is told as a change."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from crypto import DEFAULT_USER_ID, sm3
from formats import der, oids
from formats.gbt33190.signature_model import SignatureType
from formats.gbt35275 import assemble_signed_data, signed_attributes
from formats.gbt38540 import Generation
from tests.unit.verifier.diagnosis.speaking import (
    ALGORITHM,
    SEAL,
    SIGNATURE,
    VALUE,
    N,
    Signing,
    answers,
    as_der,
    as_e,
    certificate,
    diagnosed,
    dialects_of,
    digital,
    e_of,
    numbers,
    of,
    parts_of_tbs,
    plain,
    properly,
    resigned,
    seal_signed,
    under,
    with_seal,
    without_z,
    written,
)
from tests.unit.verifier.documents import Entries, Recipe, document, seal_recipe, sealed
from tests.unit.verifier.nation import SIGNED
from verifier.diagnosis import Conclusion, Question, diagnose_seal

Names = tuple[str, ...]


def reversed_numbers(value: bytes) -> bytes:
    r, s = numbers(value)
    return r[::-1] + s[::-1]


def swapped(value: bytes) -> bytes:
    r, s = numbers(value)
    return as_der(s, r)


def unsigned_integers(value: bytes) -> bytes:
    """INTEGERs as 32 octets, which are negative or too long where DER would add or leave out one of zero."""
    r, s = numbers(value)
    return der.sequence(der.encode(der.INTEGER, r), der.encode(der.INTEGER, b"\0\0" + s))


def long_length(value: bytes) -> bytes:
    return b"\x30\x81" + value[1:]


THREE = certificate() + ALGORITHM
OF_MESSAGE: dict[str, tuple[Signing, Names]] = {
    "empty id": (under(b""), ("user-id.empty",)),
    "no Z": (without_z, ("user-id.none",)),
    "zero id": (under(bytes(16)), ("user-id.zero-octets",)),
    "the word": (under(b"DEFAULT"), ("user-id.word-default",)),
    "hex id": (under(DEFAULT_USER_ID.hex().encode()), ("user-id.hex-text",)),
    "packed id": (under(bytes.fromhex("1234567812345678")), ("user-id.packed",)),
    "tls id": (under(b"TLSv1.3+GM+Cipher+Suite"), ("user-id.tls",)),
    "s before r": (written(swapped), ("value.order-swapped",)),
    "little-endian": (written(reversed_numbers), ("value.little-endian",)),
    "octet string": (written(der.octet_string), ("value.wrapped",)),
    "bit string": (written(der.bit_string), ("value.wrapped",)),
    "raw in octet string": (written(lambda value: der.octet_string(b"".join(numbers(value)))), ("value.wrapped",)),
    "unused bits twice": (written(lambda value: b"\0" + value), ("value.padding-octet",)),
    "hex text": (written(lambda value: value.hex().encode()), ("value.text",)),
    "base64 text": (written(base64.b64encode), ("value.text",)),
    "integers": (written(unsigned_integers), ("value.integer-form",)),
    "length": (written(long_length), ("value.length-form",)),
    "trailing": (written(lambda value: value + b"\0\0"), ("value.trailing-octets",)),
    "header": (of(lambda message: der.parse(message).content), ("message.without-header",)),
    "digest of digest": (of(sm3), ("message.digest",)),
    "digest text": (of(lambda message: sm3(message).hex().encode()), ("message.digest-text",)),
    "capital text": (of(lambda message: sm3(message).hex().upper().encode()), ("message.digest-text",)),
    "e as message": (lambda holder, message: holder.sign(e_of(holder, message)), ("message.e-again",)),
    "e hashed": (as_e(lambda holder, message: sm3(e_of(holder, message))), ("message.e-again",)),
    "empty id, swapped": (written(swapped, under(b"")), ("value.order-swapped", "user-id.empty")),
    "no Z, wrapped": (written(der.octet_string, without_z), ("value.wrapped", "user-id.none")),
    "digest, no id": (of(sm3, under(b"")), ("user-id.empty", "message.digest")),
    "digest, no Z": (of(sm3, without_z), ("user-id.none", "message.digest")),
    "reversed and swapped": (
        written(lambda value: b"".join(numbers(value))[::-1]), ("value.order-swapped", "value.little-endian")
    ),
}  # fmt: skip
OF_TBS: dict[str, tuple[Signing, Names]] = {
    "subject": (under(N.bureau.certificate.subject.encoded), ("user-id.subject",)),
    "common name": (under((N.bureau.certificate.subject.common_name or "").encode()), ("user-id.subject",)),
    "data hash": (of(lambda _: sm3(plain()[SIGNATURE])), ("message.data-hash",)),
    "data hash as e": (as_e(lambda *_: sm3(plain()[SIGNATURE])), ("message.data-hash-as-e",)),
    "document": (of(lambda _: plain()[SIGNATURE]), ("message.document",)),
    "three in a sequence": (of(lambda message: der.sequence(message, THREE)), ("message.three-parts",)),
    "three in a row": (of(lambda message: message + THREE), ("message.three-parts",)),
    "three in one": (
        of(lambda message: der.sequence(der.parse(message).content, THREE)),
        ("message.three-parts",),
    ),
    "maker's key": (lambda _, message: N.maker.sign(message), ("key.other-certificate",)),
}
OF_SEAL: dict[str, tuple[Signing, Names]] = {
    "three": (
        of(lambda info: der.sequence(info, der.octet_string(N.maker.certificate.encoded), ALGORITHM)),
        ("message.three-parts",),
    ),
    "the holder signed": (lambda _, info: N.bureau.sign(info), ("key.other-certificate",)),
    "subject": (under(N.maker.certificate.subject.encoded), ("user-id.subject",)),
}


@pytest.mark.parametrize("case", [*OF_MESSAGE, *OF_TBS])
def test_a_document_signed_in_a_dialect(case: str) -> None:
    """The dialect, or the pair, is told; nothing else is asked about."""
    signing, names = (OF_MESSAGE | OF_TBS)[case]
    assert dialects_of(diagnosed(resigned(signing=signing))) == {Question.SIGNATURE: [names]}


@pytest.mark.parametrize("case", [*OF_MESSAGE, *OF_SEAL])
def test_a_seal_signed_in_a_dialect(case: str) -> None:
    """The maker's signature on the seal is asked about by itself."""
    signing, names = (OF_MESSAGE | OF_SEAL)[case]
    assert dialects_of(diagnosed(seal_signed(signing))) == {Question.SEAL_SIGNATURE: [names]}


def extended(extension: bytes) -> bytes:
    """TBS_Sign with one extension."""
    return der.sequence(*parts_of_tbs(), der.explicit(0, der.sequence(extension)))


SHORT = der.sequence(der.oid("1.2.3.4"), der.octet_string(b"x"))
FULL = der.sequence(der.oid("1.2.3.4"), der.boolean(False), der.octet_string(b"x"))


@pytest.mark.parametrize(
    ("stored", "signed"),
    [
        (extended(SHORT), extended(FULL)),
        (extended(FULL), extended(SHORT)),
        (extended(FULL), der.sequence(*parts_of_tbs())),
        (
            der.sequence(*parts_of_tbs()[:2], der.encode(der.GENERALIZED_TIME, b"20260301103000+0800"), *parts_of_tbs()[3:]),
            der.sequence(*parts_of_tbs()),
        ),
        (
            der.sequence(*parts_of_tbs()[:2], der.utc_time(SIGNED), *parts_of_tbs()[3:]),
            der.sequence(*parts_of_tbs()),
        ),
    ],
    ids=["critical dropped", "critical added", "extensions dropped", "offset", "utc time"],
)  # fmt: skip
def test_a_structure_encoded_again_before_signing(stored: bytes, signed: bytes) -> None:
    """What is stored differs from what was signed by what software that re-encodes changes."""
    found = diagnosed(resigned(tbs=stored, signing=of(lambda _: signed)))
    assert dialects_of(found) == {Question.SIGNATURE: [("message.re-encoded",)]}


def test_a_signature_over_the_seal_file_beside_it() -> None:
    """The seal inside is another one than the Seal.esl that was signed."""
    other = sealed((), seal=seal_recipe(name="别的名称"))[SEAL]
    tbs = der.sequence(*parts_of_tbs(seal=other))
    found = diagnosed(resigned(tbs=tbs, signing=of(lambda _: der.sequence(*parts_of_tbs()))))
    assert dialects_of(found) == {Question.SIGNATURE: [("message.seal-file",)]}


def signed_data(**changes: object) -> bytes:
    options: dict[str, object] = {"signer_certificate": N.bureau.certificate.encoded, **changes}
    return assemble_signed_data(**options)  # type: ignore[arg-type]


def in_attributes(signing: Signing) -> Entries:
    entries = digital("B")
    attributes = signed_attributes(sm3(entries[SIGNATURE]), SIGNED)
    return {**entries, VALUE: signed_data(signature=signing(N.bureau, attributes), attributes=attributes)}


def in_content(signing: Signing) -> Entries:
    entries = digital("A")
    content = sm3(entries[SIGNATURE])
    return {**entries, VALUE: signed_data(signature=signing(N.bureau, content), content=content)}


@pytest.mark.parametrize(
    ("make", "signing", "names"),
    [
        (in_attributes, under(b""), ("user-id.empty",)),
        (in_attributes, of(lambda octets: b"\xa0" + octets[1:]), ("message.attributes-tag",)),
        (in_attributes, of(lambda octets: der.parse(octets).content), ("message.without-header",)),
        (in_attributes, of(lambda _: digital("B")[SIGNATURE]), ("message.document",)),
        (in_attributes, of(lambda _: sm3(digital("B")[SIGNATURE])), ("message.data-hash",)),
        (in_attributes, as_e(lambda *_: sm3(digital("B")[SIGNATURE])), ("message.data-hash-as-e",)),
        (in_content, as_e(lambda _, content: content), ("message.data-hash-as-e",)),
        (in_content, of(der.octet_string), ("message.content-header",)),
        (in_content, of(sm3), ("message.digest",)),
        (in_content, of(lambda _: digital("A")[SIGNATURE]), ("message.document",)),
        (in_content, of(base64.b64encode), ("message.digest-text",)),
        (in_content, without_z, ("user-id.none",)),
    ],
)
def test_a_digital_signature_in_a_dialect(
    make: Callable[[Signing], Entries], signing: Signing, names: Names
) -> None:
    """GB/T 35275 data in both shapes."""
    assert dialects_of(diagnosed(make(signing))) == {Question.SIGNATURE: [names]}


def test_content_signed_beside_attributes() -> None:
    """With attributes it is they that are to be signed; readers of PKCS#7 without them sign the content."""
    entries = digital("B")
    content = sm3(entries[SIGNATURE])
    attributes = signed_attributes(sm3(content), SIGNED)
    value = signed_data(signature=N.bureau.sign(content), content=content, attributes=attributes)
    assert dialects_of(diagnosed({**entries, VALUE: value}))[Question.SIGNATURE] == [("message.content",)]


def test_an_algorithm_misnamed() -> None:
    """The identifier names key exchange, the signature is SM2 with SM3; and one that is wrong in another way too."""
    name = der.oid("1.2.156.10197.1.301.2")
    for signing, names in ((properly, ("algorithm.name",)), (under(b""), ("algorithm.name", "user-id.empty"))):
        entries = resigned(
            signing=signing,
            frame=lambda signed, value: der.sequence(signed, certificate(), name, der.bit_string(value)),
        )
        assert dialects_of(diagnosed(entries))[Question.FORMAT] == [names]
    sm2_sign = der.oid(oids.SM2_SIGN)
    entries = resigned(
        frame=lambda signed, value: der.sequence(signed, certificate(), sm2_sign, der.bit_string(value))
    )
    assert dialects_of(diagnosed(entries)) == {Question.FORMAT: [("algorithm.name",)]}


def test_an_old_seal_signed_the_new_way() -> None:
    """GM/T 0031-2014 signs three parts; a maker who signs eSealInfo alone is told so."""
    old = der.parse(sealed((), seal=seal_recipe(generation=Generation.V1))[SEAL])
    info, sign_info = old.children()
    own = sign_info.children()
    seal = der.sequence(
        info.encoded,
        der.sequence(own[0].encoded, own[1].encoded, der.bit_string(N.maker.sign(info.encoded))),
    )
    answer = diagnose_seal(seal).answers[0]
    assert [each.dialects for each in answer.fits] == [("message.info-only",)]
    assert diagnose_seal(old.encoded).answers == ()


def test_a_signature_without_a_key() -> None:
    """Nothing can be tried where no certificate is attached."""
    entries = Recipe(kind=SignatureType.SIGN, shape="bare").apply(document())
    answer = answers(diagnosed(entries))[Question.SIGNATURE]
    assert answer.conclusion is Conclusion.UNTRIED
    assert answer.tried == 0


def test_a_changed_structure_is_no_dialect() -> None:
    """A signature over something else fits nothing, and how much was tried is told."""
    found = diagnosed(resigned(signing=of(lambda message: message + b"!")))
    answer = answers(found)[Question.SIGNATURE]
    assert answer.conclusion is Conclusion.NONE
    assert answer.tried > 200
    assert found.complete


def test_a_good_document_is_asked_nothing() -> None:
    """What passed has no answer."""
    assert diagnosed(plain()).answers == ()
    assert diagnosed(with_seal(plain()[SEAL])).answers == ()
