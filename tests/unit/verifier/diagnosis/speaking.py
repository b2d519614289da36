"""Documents in a dialect: the sealed document of the tiny nation, signed anew the way some software might."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from crypto import DEFAULT_USER_ID, message_digest, sign, sign_digest, signature_to_raw, sm3
from formats import der, oids
from formats.gbt33190.package_writer import write_package
from formats.gbt33190.signature_model import SignatureType
from tests.unit.verifier.documents import Entries, Recipe, document, sealed
from tests.unit.verifier.nation import NOW, SIGNED, Holder, Nation, nation
from verifier.diagnosis import Answer, Diagnosis, Question, diagnose_document
from verifier.report import Report
from verifier.trust_list import TrustList
from verifier.verification import verify_document

N = nation()
SIGNATURE = "Doc_0/Signs/Sign_0/Signature.xml"
VALUE = "Doc_0/Signs/Sign_0/SignedValue.dat"
SEAL = "Doc_0/Signs/Sign_0/Seal.esl"
ALGORITHM = der.oid(oids.SM2_WITH_SM3)
Signing = Callable[[Holder, bytes], bytes]


def properly(holder: Holder, message: bytes) -> bytes:
    return holder.sign(message)


def under(user_id: bytes) -> Signing:
    return lambda holder, message: sign(holder.key, message, user_id=user_id)


def without_z(holder: Holder, message: bytes) -> bytes:
    return sign_digest(holder.key, sm3(message))


def as_e(digest: Callable[[Holder, bytes], bytes]) -> Signing:
    return lambda holder, message: sign_digest(holder.key, digest(holder, message))


def of(change: Callable[[bytes], bytes], signing: Signing = properly) -> Signing:
    """Sign something made of the message."""
    return lambda holder, message: signing(holder, change(message))


def written(change: Callable[[bytes], bytes], signing: Signing = properly) -> Signing:
    """Sign, then write the value otherwise."""
    return lambda holder, message: change(signing(holder, message))


def numbers(value: bytes) -> tuple[bytes, bytes]:
    raw = signature_to_raw(value)
    return raw[:32], raw[32:]


def as_der(r: bytes, s: bytes) -> bytes:
    return der.sequence(der.integer(int.from_bytes(r, "big")), der.integer(int.from_bytes(s, "big")))


def e_of(holder: Holder, message: bytes) -> bytes:
    return message_digest(holder.certificate.public_key, message, user_id=DEFAULT_USER_ID)  # type: ignore[arg-type]


@cache
def plain() -> Mapping[str, bytes]:
    """The document as it should be."""
    return sealed(())


@cache
def digital(shape: str) -> Mapping[str, bytes]:
    """The document with a digital signature instead of a seal."""
    return Recipe(kind=SignatureType.SIGN, shape=shape).apply(document())


def parts_of_tbs(
    *, seal: bytes | None = None, digest: bytes | None = None, xml: bytes | None = None
) -> list[bytes]:
    """Elements of TBS_Sign."""
    return [
        der.integer(4),
        plain()[SEAL] if seal is None else seal,
        der.generalized_time(SIGNED),
        der.bit_string(sm3(plain()[SIGNATURE] if xml is None else xml) if digest is None else digest),
        der.ia5_string(f"/{SIGNATURE}"),
    ]


def certificate() -> bytes:
    return der.octet_string(N.bureau.certificate.encoded)


def resigned(
    *,
    signing: Signing = properly,
    tbs: bytes | None = None,
    files: Mapping[str, bytes] | None = None,
    frame: Callable[[bytes, bytes], bytes] | None = None,
    **parts: Any,
) -> Entries:
    """The document with another signature value.

    Args:
        signing: How it is signed.
        tbs: TBS_Sign; made of ``parts`` if left out.
        files: Files put in the place of others.
        frame: Makes SES_Signature of TBS_Sign and signature.
    """
    to_sign = der.sequence(*parts_of_tbs(**parts)) if tbs is None else tbs
    signature = signing(N.bureau, to_sign)
    own = frame or (lambda signed, value: der.sequence(signed, certificate(), ALGORITHM, der.bit_string(value)))
    return {**plain(), **(files or {}), VALUE: own(to_sign, signature)}


def seal_signed(signing: Signing, info: bytes | None = None, maker: Holder | None = None) -> Entries:
    """The document with a seal whose maker signed in a dialect, beside it and inside."""
    seal = der.parse(plain()[SEAL])
    own = seal.children()[0].encoded if info is None else info
    value = signing(maker or N.maker, own)
    made = der.sequence(own, der.octet_string(N.maker.certificate.encoded), ALGORITHM, der.bit_string(value))
    return with_seal(made)


def with_seal(seal: bytes, **options: Any) -> Entries:
    """The document with another seal, its reference and signatures made anew."""
    xml = with_check_value(plain()[SIGNATURE], sm3(plain()[SEAL]), sm3(seal))
    return resigned(seal=seal, xml=xml, files={SIGNATURE: xml, SEAL: seal}, **options)


def with_check_value(xml: bytes, old: bytes, new: bytes) -> bytes:
    assert base64.b64encode(old) in xml
    return xml.replace(base64.b64encode(old), base64.b64encode(new))


def xml_changed(old: str, new: str, **options: Any) -> Entries:
    """The document with Signature.xml changed before it was signed."""
    text = plain()[SIGNATURE].decode()
    assert old in text
    xml = text.replace(old, new).encode()
    return resigned(xml=xml, files={SIGNATURE: xml}, **options)


@cache
def trust() -> TrustList:
    """The nation's list, signed once: reports on it can be compared."""
    return N.trust(NOW)


def reported(entries: Mapping[str, bytes], people: Nation | None = None) -> tuple[bytes, Report]:
    data = write_package(entries)
    return data, verify_document(data, trust=people.trust(NOW) if people else trust(), at=NOW)


def diagnosed(entries: Mapping[str, bytes], people: Nation | None = None) -> Diagnosis:
    """The diagnosis; the report it was made from is the same before and after."""
    data, report = reported(entries, people)
    before = report.to_dict()
    diagnosis = diagnose_document(data, report)
    assert report.to_dict() == before
    assert people is not None or reported(entries)[1].to_dict() == before
    assert diagnosis.verdict is report.verdict
    return diagnosis


def answers(diagnosis: Diagnosis) -> dict[Question, Answer]:
    found = {each.question: each for each in diagnosis.answers}
    assert len(found) == len(diagnosis.answers)
    return found


def dialects_of(diagnosis: Diagnosis) -> dict[Question, list[tuple[str, ...]]]:
    """Dialects of every answer."""
    return {question: [fit.dialects for fit in each.fits] for question, each in answers(diagnosis).items()}
