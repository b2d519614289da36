"""Attacks with time-stamp tokens: they stand beside what is signed, so anybody can exchange them."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from crypto import DEFAULT_USER_ID, PrivateKey, SoftwareSigner, sign_message, sm3
from formats import der, oids
from formats.gbt20518 import RevocationReason
from formats.gbt20520 import (
    MessageImprint,
    assemble_token,
    imprint_of,
    read_time_stamp_token,
    signed_attributes,
    tst_info,
)
from formats.gbt33190.signature_model import SignatureType
from formats.gbt35275 import read_signed_data
from formats.gbt38540 import Generation, read_seal_signature
from tests.unit.verifier.documents import Entries, Recipe, codes, seal_recipe, sealed, verified
from tests.unit.verifier.nation import DAY, FOUNDED, NOW, SIGNED, crl, issue, nation, revoked
from tests.unit.verifier.time_stamps import (
    POLICY,
    STAMPED,
    STAMPING,
    stamp,
    stamped_nation,
    stamper,
    stamper_with,
    stamping_authority,
    token_for,
)
from verifier.codes import Code
from verifier.findings import Verdict

N = nation()
VALUE = "Doc_0/Signs/Sign_0/SignedValue.dat"
SECOND = "Doc_0/Signs/Sign_1/SignedValue.dat"


def with_token(entries: Entries, token: bytes, path: str = VALUE) -> Entries:
    """A seal signature with its token exchanged or added; nothing that is signed changes."""
    parts = der.parse(entries[path]).children()[:4]
    value = der.sequence(*(each.encoded for each in parts), der.explicit(0, der.bit_string(token)))
    return {**entries, path: value}


def token_of(entries: Entries, path: str = VALUE) -> bytes:
    token = read_seal_signature(entries[path]).time_stamp
    assert token is not None
    return token


def signature_of(entries: Entries, path: str = VALUE) -> bytes:
    return read_seal_signature(entries[path]).signature


def edit(node: bytes, path: list[int], change: Callable[[bytes], bytes]) -> bytes:
    if not path:
        return change(node)
    parent = der.parse(node)
    parts = [child.encoded for child in parent.children()]
    parts[path[0]] = edit(parts[path[0]], path[1:], change)
    return der.encode(parent.tag, b"".join(parts))


BODY = [1, 0]
SIGNER = [*BODY, 4, 0]


# ---------------------------------------------------------------------- moved and exchanged


def test_tokens_of_two_documents_exchanged() -> None:
    """A good token of another document by the same bureau, stamped before the key was lost, does not help."""
    old, new = sealed((), time_stamp=stamp()), sealed(())
    entry = revoked(N.bureau, NOW - DAY, RevocationReason.KEY_COMPROMISE)
    people = stamped_nation(base=N.with_content(crls=(crl(N.maker_authority), crl(N.holder_authority, (entry,)))))
    report = verified(with_token(new, token_of(old)), people)
    assert codes(report) == {Code.TIMESTAMP_IMPRINT, Code.SIGNER_CERT_COMPROMISED_SINCE}


def test_tokens_of_two_signatures_swapped() -> None:
    """Two signatures of one document, each with the other's token."""
    first = sealed((), time_stamp=stamp())
    twice = Recipe(holder=N.other_bureau, time_stamp=stamp()).apply(first)
    signs = [path for path in twice if path.endswith("SignedValue.dat")]
    assert len(signs) == 2
    # The second signature covers the first one's value, so only its own token can be exchanged unseen.
    assert verified(twice, stamped_nation()).verdict is Verdict.PASSED
    swapped = with_token(twice, token_of(twice, signs[0]), signs[1])
    swapped = with_token(swapped, token_of(twice, signs[1]), signs[0])
    report = verified(swapped, stamped_nation())
    assert report.verdict is Verdict.FAILED
    assert [each.subject for each in report.findings if each.code is Code.TIMESTAMP_IMPRINT] == sorted(
        path.replace("SignedValue.dat", "Signature.xml") for path in signs
    )
    assert Code.REFERENCE in codes(report)


def test_token_moved_from_seal_to_signature() -> None:
    """The seal's token is good and older, and is over the maker's signature."""
    seal = seal_recipe(generation=Generation.V5, time_stamp=stamp(at=FOUNDED + 31 * DAY))
    entries = sealed((), seal=seal)
    own = read_seal_signature(entries[VALUE]).seal.time_stamp
    assert own is not None
    report = verified(with_token(entries, own), stamped_nation())
    assert codes(report) == {Code.TIMESTAMP_IMPRINT, Code.TIMESTAMP_ORDER}


def test_token_moved_from_signature_to_seal() -> None:
    """The other way round the signature breaks as well: it is over the seal."""
    entries = sealed((), seal=seal_recipe(generation=Generation.V5), time_stamp=stamp())
    token = token_of(entries)

    def add(seal: bytes) -> bytes:
        return der.sequence(der.parse(seal).content, der.explicit(0, der.bit_string(token)))

    report = verified({**entries, VALUE: edit(entries[VALUE], [0, 1], add)}, stamped_nation())
    assert {Code.TIMESTAMP_IMPRINT, Code.SIGNATURE, Code.SEAL_MISMATCH} <= codes(report)


def test_token_over_what_was_signed() -> None:
    """A token over TBS_Sign, or the document's digest, says nothing of when it was signed."""
    entries = sealed(())
    value = read_seal_signature(entries[VALUE])
    for other in (value.to_sign, value.data_hash, value.encoded, b""):
        report = verified(with_token(entries, token_for(other)), stamped_nation())
        assert codes(report) == {Code.TIMESTAMP_IMPRINT}


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "with the octet of unused bits": lambda value: b"\0" + value,
    "with tag and length": der.bit_string,
    "as 64 octets": lambda value: b"".join(
        each.integer().to_bytes(32, "big") for each in der.parse(value).children()
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_other_encodings_of_the_signature(form: str) -> None:
    """Over the right signature in an encoding that no standard names: told, and neither passed nor failed."""
    entries = sealed(())
    report = verified(with_token(entries, token_for(FORMS[form](signature_of(entries)))), stamped_nation())
    assert codes(report) == {Code.TIMESTAMP_IMPRINT_FORM}
    assert form in next(each.detail for each in report.findings if each.code is Code.TIMESTAMP_IMPRINT_FORM)
    assert report.signatures[0].proven_at is None


# ---------------------------------------------------------------------- forged


def forged(value: bytes, info: bytes, *, digest_of: bytes | None = None, attributes: bytes | None = None) -> bytes:
    """A token assembled by hand with the genuine authority's certificate and a key of one's own."""
    own = attributes or signed_attributes(digest_of or info, stamper().certificate.encoded)
    signature = sign_message(SoftwareSigner(PrivateKey.generate()), own, user_id=DEFAULT_USER_ID)
    certificate = stamper().certificate.encoded
    return assemble_token(
        info=info, attributes=own, signature=signature, certificate=certificate, certificates=(certificate,)
    )


def info_over(value: bytes) -> bytes:
    imprint = MessageImprint(oids.SM3, imprint_of(value))
    return tst_info(policy=POLICY, imprint=imprint, serial_number=1, at=STAMPED)


def test_forgeries() -> None:
    """A genuine certificate with a key of one's own; genuine attributes over a content of one's own."""
    entries = sealed(())
    value = signature_of(entries)
    genuine = token_for(b"something genuine")
    content = [*BODY, 2, 1, 0]
    exchanged = edit(genuine, content, lambda _: der.octet_string(info_over(value)))
    read = read_time_stamp_token(genuine)
    attributes = [*SIGNER, 3]
    wanted = der.parse(signed_attributes(info_over(value), stamper().certificate.encoded)).content
    resealed = edit(exchanged, attributes, lambda _: der.encode(der.context(0), wanted))
    for token in (forged(value, info_over(value)), exchanged, resealed):
        report = verified(with_token(entries, token), stamped_nation())
        assert codes(report) == {Code.TIMESTAMP_SIGNATURE}
    assert read.signed_data.signer.message_digest != sm3(info_over(value))


def test_certificates_of_the_same_key() -> None:
    """Another certificate of the authority's key, even with the same name and number, was not stamped with."""
    own = stamper()
    number = own.certificate.serial_number
    longer = (FOUNDED, NOW + 900 * DAY)
    same = issue(
        own.certificate.subject, stamping_authority(), extra=STAMPING, key=own.key, serial=number, period=longer
    )
    other = issue(own.certificate.subject, stamping_authority(), extra=STAMPING, key=own.key, period=longer)
    entries = sealed(())
    value = signature_of(entries)
    for attached, code in (
        ((same,), Code.TIMESTAMP_CERT_BINDING),
        ((other,), Code.TIMESTAMP_CERT_MISSING),
        ((other, own), None),
        ((same, own), None),
    ):
        token = token_for(value, certificates=tuple(each.certificate.encoded for each in attached))
        report = verified(with_token(entries, token), stamped_nation())
        assert codes(report) == ({code} if code else set())


def test_signer_exchanged() -> None:
    """The SignerInfo, which is not signed, names another certificate than the signed attributes do."""
    own = stamper()
    other = issue(own.certificate.subject, stamping_authority(), extra=STAMPING, key=own.key)
    entries = sealed(())
    token = edit(
        token_for(signature_of(entries), certificates=(other.certificate.encoded, own.certificate.encoded)),
        [*SIGNER, 1, 1],
        lambda _: der.integer(other.certificate.serial_number),
    )
    assert codes(verified(with_token(entries, token), stamped_nation())) == {Code.TIMESTAMP_CERT_BINDING}


def test_attributes_without_the_certificate() -> None:
    """A token that does not name its certificate in what is signed is not believed, though the key is right."""
    entries = sealed(())
    info = info_over(signature_of(entries))
    certificate = stamper().certificate.encoded
    parts = [each.encoded for each in der.parse(signed_attributes(info, certificate))]
    named = der.oid(oids.SIGNING_CERTIFICATE_V2)
    attributes = der.set_of([each for each in parts if named not in each])
    token = assemble_token(
        info=info,
        attributes=attributes,
        signature=stamper().sign(attributes),
        certificate=certificate,
        certificates=(certificate,),
    )
    assert codes(verified(with_token(entries, token), stamped_nation())) == {Code.TIMESTAMP_CERT_BINDING}


def test_algorithms_exchanged() -> None:
    """What the signer says of algorithms is not signed either: other names make nothing good."""
    entries = sealed(())
    token = token_for(signature_of(entries))
    digest, signature = [*SIGNER, 2], [*SIGNER, 4]
    for path, oid, code in (
        (digest, oids.SHA256, Code.TIMESTAMP_ALGORITHM),
        (digest, oids.SHA1, Code.TIMESTAMP_ALGORITHM),
        (signature, oids.RSA_WITH_SHA256, Code.TIMESTAMP_ALGORITHM),
        (signature, "1.2.156.10197.1.301.3", Code.TIMESTAMP_ALGORITHM),
    ):
        changed = edit(token, path, lambda _, oid=oid: der.sequence(der.oid(oid)))  # type: ignore[misc]
        assert codes(verified(with_token(entries, changed), stamped_nation())) == {code}
    both = edit(
        edit(token, digest, lambda _: der.sequence(der.oid(oids.SHA256))),
        signature,
        lambda _: der.sequence(der.oid(oids.ECDSA_WITH_SHA256)),
    )
    assert codes(verified(with_token(entries, both), stamped_nation())) == {Code.TIMESTAMP_ALGORITHM}


def test_signer_stamps_for_himself() -> None:
    """Who lost a key can make a time-stamp authority too; nobody listed it."""
    own = stamper_with(issuer=N.bureau)
    entries = sealed(())
    attached = (own.certificate.encoded, N.bureau.certificate.encoded)
    token = token_for(signature_of(entries), by=own, certificates=attached)
    assert codes(verified(with_token(entries, token), stamped_nation())) == {Code.TIMESTAMP_CERT_UNTRUSTED}
    bureau = token_for(signature_of(entries), by=N.bureau)
    report = verified(with_token(entries, bureau), stamped_nation())
    assert codes(report) == {Code.TIMESTAMP_CERT_UNTRUSTED, Code.TIMESTAMP_CERT_KEY_USAGE}


# ---------------------------------------------------------------------- shapes of octets


def nested(value: bytes, depth: int) -> bytes:
    """A good token that carries a token that carries a token …"""
    token = token_for(value)
    for _ in range(depth):
        attribute = der.sequence(der.oid(oids.TIME_STAMP_TOKEN), der.set_of([token]))
        unsigned = der.encode(der.context(1), attribute)
        token = edit(
            token_for(value),
            SIGNER,
            lambda node, unsigned=unsigned: der.sequence(der.parse(node).content, unsigned),  # type: ignore[misc]
        )
    return token


SHAPES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut short": lambda value: token_for(value)[:-1],
    "half": lambda value: token_for(value)[: len(token_for(value)) // 2],
    "octets behind": lambda value: token_for(value) + b"\0",
    "two tokens": lambda value: token_for(value) * 2,
    "two tokens in a sequence": lambda value: der.sequence(token_for(value), token_for(value)),
    "too large": lambda value: edit(
        token_for(value), [*BODY, 3], lambda node: der.encode(0xA0, der.sequence(der.octet_string(b"\0" * 2**20)))
    ),
    "depth without end": lambda _: b"\x30\x80" * 100_000,
    "lengths without end": lambda _: b"\x30\x84\xff\xff\xff\xff",
    "many certificates": lambda value: token_for(value, certificates=(der.sequence(),) * 65),
    "many attributes": lambda value: edit(
        token_for(value),
        [*SIGNER, 3],
        lambda node: der.encode(
            0xA0,
            der.parse(node).content
            + b"".join(der.sequence(der.oid(f"1.2.3.{number}"), der.set_of([])) for number in range(70)),
        ),
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape: str) -> None:
    """What is no token is a fault of the token, told in time, and not of the document around it."""
    entries = sealed(())
    token = SHAPES[shape](signature_of(entries))
    start = time.perf_counter()
    report = verified(with_token(entries, token), stamped_nation())
    assert time.perf_counter() - start < 5
    assert codes(report) == {Code.TIMESTAMP_FORMAT}


def test_tokens_inside_tokens() -> None:
    """Tokens inside a token are carried and not followed: the outer one is judged by itself."""
    entries = sealed(())
    report = verified(with_token(entries, nested(signature_of(entries), 10)), stamped_nation())
    assert report.verdict is Verdict.PASSED
    assert len(report.signatures[0].time_stamps) == 1


def test_two_tokens_in_signed_data() -> None:
    """Two values of the one attribute, or the attribute twice: which counts is not defined, so none does."""
    entries = sealed((), kind=SignatureType.SIGN, time_stamp=stamp())
    value = read_signed_data(entries[VALUE])
    own = token_for(value.signer.signature)
    two_values = der.sequence(der.oid(oids.TIME_STAMP_TOKEN), der.set_of([own, value.signer.time_stamp or b""]))
    for unsigned in (two_values, der.sequence(der.oid(oids.TIME_STAMP_TOKEN), der.set_of([own])) * 2):
        changed = edit(entries[VALUE], [*SIGNER, 6], lambda _, new=unsigned: der.encode(0xA1, new))  # type: ignore[misc]
        report = verified({**entries, VALUE: changed}, stamped_nation())
        assert report.verdict is Verdict.FAILED
        assert Code.FORMAT in codes(report)


def test_many_signatures_with_costly_tokens() -> None:
    """Tokens with sixty certificates each cost no more than reading them."""
    entries = sealed(())
    other = issue(stamper().certificate.subject, stamping_authority(), extra=STAMPING)
    chain = (*(other.certificate.encoded,) * 60, stamper().certificate.encoded)
    token = token_for(signature_of(entries), certificates=chain)
    start = time.perf_counter()
    report = verified(with_token(entries, token), stamped_nation())
    assert time.perf_counter() - start < 5
    assert report.verdict is Verdict.PASSED


def test_dated_back_and_stamped() -> None:
    """Who holds a revoked certificate's key dates back and has it stamped today: the token gives it away."""
    entry = revoked(N.bureau, NOW - 30 * DAY, RevocationReason.CESSATION_OF_OPERATION)
    people = stamped_nation(base=N.with_content(crls=(crl(N.maker_authority), crl(N.holder_authority, (entry,)))))
    report = verified(sealed((), at=SIGNED, time_stamp=stamp(at=NOW - timedelta(hours=1))), people)
    assert codes(report) == {Code.TIMESTAMP_LATE}
