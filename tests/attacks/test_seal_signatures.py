"""Attacks on the signed value itself: parts nothing signs, shapes of other generations, encodings, foreign digests."""

import base64
import hashlib
from collections.abc import Callable

import pytest

from crypto import signature_to_raw, sm3
from formats import der, oids
from formats.gbt33190.signature_model import SignatureType
from formats.gbt35275 import assemble_signed_data, signed_attributes
from formats.gbt38540 import Generation, read_seal_signature
from tests.unit.verifier.documents import Entries, codes, seal_recipe, sealed, verified
from tests.unit.verifier.nation import (
    BUREAU,
    DAY,
    FOUNDED,
    NOW,
    SIGNED,
    crl,
    holder_extensions,
    issue,
    name,
    nation,
    revoked,
)
from tests.unit.verifier.test_twins import SEAL, SIGNATURE, VALUE
from verifier.codes import Code
from verifier.findings import Verdict

N = nation()
ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
"""n of the SM2 curve (GB/T 32918.5)."""
PLAIN = sealed(())
OTHER = sealed((), seal=seal_recipe(generation=Generation.V5))
OLD = sealed((), seal=seal_recipe(generation=Generation.V1))

CERTIFICATE = der.octet_string(N.bureau.certificate.encoded)
ALGORITHM = der.oid(oids.SM2_WITH_SM3)


def tbs(
    *,
    version: int = 4,
    seal: bytes = PLAIN[SEAL],
    time: bytes | None = None,
    digest: bytes | None = None,
    path: str = f"/{SIGNATURE}",
    more: bytes = b"",
) -> bytes:
    """TBS_Sign over the plain document."""
    return der.sequence(
        der.integer(version),
        seal,
        der.generalized_time(SIGNED) if time is None else time,
        der.bit_string(sm3(PLAIN[SIGNATURE]) if digest is None else digest),
        der.ia5_string(path),
        more,
    )


def value(
    to_sign: bytes | None = None,
    *,
    certificate: bytes = CERTIFICATE,
    algorithm: bytes = ALGORITHM,
    signature: bytes | None = None,
    more: bytes = b"",
) -> bytes:
    """SES_Signature of generation v4."""
    own = tbs() if to_sign is None else to_sign
    signed = der.bit_string(N.bureau.sign(own)) if signature is None else signature
    return der.sequence(own, certificate, algorithm, signed, more)


def good() -> bytes:
    return N.bureau.sign(tbs())


def parts_of(signature: bytes) -> tuple[int, int]:
    raw = signature_to_raw(signature)
    return int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")


def rs(first: int, second: int) -> bytes:
    return der.bit_string(der.sequence(der.integer(first), der.integer(second)))


def twisted(change: Callable[[int, int], tuple[int, int]]) -> bytes:
    return value(signature=rs(*change(*parts_of(good()))))


def seal_in_old_shape() -> bytes:
    """A seal of v4 inside a signature of GM/T 0031-2014."""
    own = der.sequence(
        der.integer(1),
        PLAIN[SEAL],
        der.bit_string(der.utc_time(SIGNED)),
        der.bit_string(sm3(PLAIN[SIGNATURE])),
        der.ia5_string(f"/{SIGNATURE}"),
        CERTIFICATE,
        ALGORITHM,
    )
    return der.sequence(own, der.bit_string(N.bureau.sign(own)))


FAILING: dict[str, tuple[Callable[[], bytes], set[Code]]] = {
    # ------------------------------------------------------------------ what nothing signs
    "another certificate": (
        lambda: value(certificate=der.octet_string(N.other_bureau.certificate.encoded)),
        {Code.SIGNATURE, Code.SIGNER_NOT_IN_SEAL},
    ),
    "algorithm RSA": (lambda: value(algorithm=der.oid("1.2.840.113549.1.1.11")), {Code.FORMAT_ALGORITHM}),
    "algorithm of key exchange": (lambda: value(algorithm=der.oid("1.2.156.10197.1.301.2")), {Code.FORMAT_ALGORITHM}),
    "algorithm with parameters": (lambda: value(algorithm=der.sequence(ALGORITHM, der.null())), {Code.FORMAT}),
    "a time stamp of nothing": (lambda: value(more=der.explicit(0, der.bit_string(b""))), {Code.TIMESTAMP_FORMAT}),
    "a sixth element": (lambda: value(more=der.explicit(0, der.bit_string(b"x")) + der.null()), {Code.FORMAT}),
    "octets behind": (lambda: value() + b"\0", {Code.FORMAT}),
    # ------------------------------------------------------------------ encodings of one signature
    "long length": (lambda: b"\x30\x84" + len(value()[4:]).to_bytes(4, "big") + value()[4:], {Code.FORMAT}),
    "indefinite length": (lambda: b"\x30\x80" + value()[4:] + b"\0\0", {Code.FORMAT}),
    "unused bits": (lambda: value(signature=der.encode(der.BIT_STRING, b"\x01" + good()[:-1] + b"\0")), {Code.FORMAT}),
    "empty signature": (lambda: value(signature=der.bit_string(b"")), {Code.SIGNATURE}),
    "octets behind the numbers": (lambda: value(signature=der.bit_string(good() + b"\0")), {Code.SIGNATURE}),
    "three numbers": (
        lambda: value(signature=der.bit_string(der.sequence(good()[2:], der.integer(1)))),
        {Code.SIGNATURE},
    ),
    "r plus n": (lambda: twisted(lambda r, s: (r + ORDER, s)), {Code.SIGNATURE}),
    "s plus n": (lambda: twisted(lambda r, s: (r, s + ORDER)), {Code.SIGNATURE}),
    "n minus s": (lambda: twisted(lambda r, s: (r, ORDER - s)), {Code.SIGNATURE}),
    "r negative": (lambda: twisted(lambda r, s: (-r, s)), {Code.SIGNATURE}),
    "r nought": (lambda: twisted(lambda _, s: (0, s)), {Code.SIGNATURE}),
    "s nought": (lambda: twisted(lambda r, _: (r, 0)), {Code.SIGNATURE}),
    "both nought": (lambda: twisted(lambda *_: (0, 0)), {Code.SIGNATURE}),
    "sum nought": (lambda: twisted(lambda r, _: (r, ORDER - r)), {Code.SIGNATURE}),
    "exchanged": (lambda: twisted(lambda r, s: (s, r)), {Code.SIGNATURE}),
    "raw nought": (lambda: value(signature=der.bit_string(bytes(64))), {Code.SIGNATURE}),
    "not minimal": (
        lambda: value(
            signature=der.bit_string(
                der.sequence(
                    *(der.encode(der.INTEGER, b"\0" + each.to_bytes(33, "big")) for each in parts_of(good()))
                )
            )
        ),
        {Code.SIGNATURE},
    ),
    # ------------------------------------------------------------------ generations and versions
    "version of the next generation": (lambda: value(tbs(version=5)), {Code.FORMAT_VERSION}),
    "version nought": (lambda: value(tbs(version=0)), {Code.FORMAT_VERSION}),
    "version below nought": (lambda: value(tbs(version=-4)), {Code.FORMAT_VERSION}),
    "seal of v5 under version 4": (lambda: value(tbs(seal=OTHER[SEAL])), {Code.FORMAT_VERSION, Code.SEAL_MISMATCH}),
    "seal of v1 in the shape of v4": (lambda: value(tbs(seal=OLD[SEAL])), {Code.FORMAT}),
    "seal of v4 in the shape of v1": (
        seal_in_old_shape,
        {Code.FORMAT},
    ),
    "signature of v1 beside a seal of v4": (lambda: OLD[VALUE], {Code.SEAL_MISMATCH, Code.DATA_HASH}),
    "the seal itself": (lambda: PLAIN[SEAL], {Code.FORMAT}),
    "a certificate": (lambda: N.bureau.certificate.encoded, {Code.FORMAT}),
    # ------------------------------------------------------------------ what the signature is over
    "digest of another file": (lambda: value(tbs(digest=sm3(PLAIN["OFD.xml"]))), {Code.DATA_HASH}),
    "digest of nothing": (lambda: value(tbs(digest=b"")), {Code.DATA_HASH_ALGORITHM}),
    "SHA-1 of the right file": (
        lambda: value(tbs(digest=hashlib.sha1(PLAIN[SIGNATURE]).digest())),
        {Code.DATA_HASH_ALGORITHM},
    ),
    "digest with octets behind": (
        lambda: value(tbs(digest=sm3(PLAIN[SIGNATURE]) + b"\0")),
        {Code.DATA_HASH_ALGORITHM},
    ),
    "path of another signature": (
        lambda: value(tbs(path="/Doc_0/Signs/Sign_1/Signature.xml")),
        {Code.PROPERTY_INFO},
    ),
    "path of the document": (lambda: value(tbs(path="/OFD.xml")), {Code.PROPERTY_INFO}),
    "path in another case": (lambda: value(tbs(path=f"/{SIGNATURE.lower()}")), {Code.PROPERTY_INFO}),
    "path out of the package": (lambda: value(tbs(path="/../x")), {Code.PROPERTY_INFO}),
    "empty path": (lambda: value(tbs(path="")), {Code.PROPERTY_INFO}),
    "signature over the digest alone": (
        lambda: value(signature=der.bit_string(N.bureau.sign(sm3(PLAIN[SIGNATURE])))),
        {Code.SIGNATURE},
    ),
    "signature over the seal": (lambda: value(signature=der.bit_string(N.bureau.sign(PLAIN[SEAL]))), {Code.SIGNATURE}),
    "a critical extension": (
        lambda: value(
            tbs(
                more=der.explicit(
                    0,
                    der.sequence(der.sequence(der.oid("1.2.3.4"), der.boolean(True), der.octet_string(b"x"))),
                )
            )
        ),
        {Code.FORMAT_EXTENSION},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAILING)
def test_signed_value(case: str) -> None:
    """No value of this kind passes, though the genuine bureau's key made it."""
    make, expected = FAILING[case]
    report = verified({**PLAIN, VALUE: make()})
    assert report.verdict is not Verdict.PASSED
    assert expected <= codes(report)


PASSING: dict[str, Callable[[], bytes]] = {
    "as the house writes it": value,
    "algorithm misprinted": lambda: value(algorithm=der.oid(oids.SM2_WITH_SM3_MISPRINT)),
    "raw signature": lambda: value(signature=der.bit_string(signature_to_raw(good()))),
    "path without a leading slash": lambda: value(tbs(path=SIGNATURE)),
    "UTCTime": lambda: value(tbs(time=der.utc_time(SIGNED))),
    "offset of Beijing": lambda: value(tbs(time=der.encode(der.GENERALIZED_TIME, b"20260301103000+0800"))),
    "fraction": lambda: value(tbs(time=der.encode(der.GENERALIZED_TIME, b"20260301023000.907Z"))),
    "last second before now": lambda: value(tbs(time=der.generalized_time(NOW))),
    "extension that says it is not critical": lambda: value(
        tbs(
            more=der.explicit(
                0, der.sequence(der.sequence(der.oid("1.2.3.4"), der.boolean(False), der.octet_string(b"x")))
            )
        )
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PASSING)
def test_signed_values_in_use(case: str) -> None:
    """Departures that products in use make, over the same content, pass."""
    report = verified({**PLAIN, VALUE: PASSING[case]()})
    assert codes(report) == set()
    assert report.verdict is Verdict.PASSED


TIMES = {
    b"20260601000001Z": {Code.TIME_FUTURE},
    b"20260601080001+0800": {Code.TIME_FUTURE},
    b"20260301023000": {Code.SEAL_PERIOD_UNKNOWN, Code.TIME_UNKNOWN},
    b"20240130235959Z": {Code.SEAL_CREATED_LATER, Code.SEAL_NOT_YET_VALID},
    b"20231231235959Z": {Code.TIME, Code.SIGNER_CERT_PERIOD},
    b"20440101000001Z": {Code.TIME_FUTURE, Code.SEAL_EXPIRED},
    b"00010101000000Z": {Code.TIME, Code.SEAL_NOT_YET_VALID},
    b"99991231235959Z": {Code.TIME_FUTURE, Code.SEAL_EXPIRED},
    b"99991231235959-1400": {Code.FORMAT},
    b"00010101000000+1400": {Code.FORMAT},
    b"00000101000000Z": {Code.FORMAT},
    b"20260229000000Z": {Code.FORMAT},
    b"20260301240000Z": {Code.FORMAT},
    b"202603010230Z": {Code.FORMAT},
    b"20260301023000+9999": {Code.FORMAT},
    b"": {Code.FORMAT},
    "２０２６0301023000Z".encode(): {Code.FORMAT},
}


@pytest.mark.parametrize("text", TIMES)
def test_times(text: bytes) -> None:
    """A time before the seal, after now, of no zone or of no calendar does not pass."""
    report = verified({**PLAIN, VALUE: value(tbs(time=der.encode(der.GENERALIZED_TIME, text)))})
    assert report.verdict is not Verdict.PASSED
    assert TIMES[text] <= codes(report)


def test_second_certificate_of_the_same_key() -> None:
    """The certificate beside a seal signature is unsigned: a good one of the same key replaces a revoked one.

    A seal names its signers, so the good one does not count unless the maker put it there.
    """
    first = issue(name("旧"), N.holder_authority, extra=holder_extensions(BUREAU))
    while True:  # signatures differ in length by an octet or two, and lengths inside the value must stay right
        second = issue(name("新"), N.holder_authority, extra=holder_extensions(BUREAU), key=first.key)
        if len(second.certificate.encoded) == len(first.certificate.encoded):
            break
    people = N.with_content(
        crls=(crl(N.maker_authority), crl(N.holder_authority, (revoked(first, FOUNDED + DAY),)))
    )
    entries = sealed((), holder=first)
    assert Code.SIGNER_CERT_REVOKED in codes(verified(entries, people))
    exchanged = entries[VALUE].replace(
        der.octet_string(first.certificate.encoded) + ALGORITHM,
        der.octet_string(second.certificate.encoded) + ALGORITHM,
    )
    assert read_seal_signature(exchanged).signer_certificate == second.certificate.encoded
    assert Code.SIGNER_NOT_IN_SEAL in codes(verified({**entries, VALUE: exchanged}, people))


# ---------------------------------------------------------------------- GB/T 35275

SIGN = sealed((), kind=SignatureType.SIGN)
DIGEST = sm3(SIGN[SIGNATURE])


def signed_data(*, content: bytes | None = None, attributes: bytes | None = None, over: bytes) -> bytes:
    return assemble_signed_data(
        signature=N.bureau.sign(over),
        signer_certificate=N.bureau.certificate.encoded,
        content=content,
        attributes=attributes,
    )


def attributes_without_digest() -> bytes:
    kept = [
        each.encoded
        for each in der.parse(signed_attributes(DIGEST, SIGNED))
        if oids.MESSAGE_DIGEST not in _oid(each)
    ]
    return der.set_of(kept)


def _oid(attribute: der.Node) -> str:
    return attribute.sequence(2, 2).next().oid()


def attached(content: bytes) -> bytes:
    return signed_data(content=content, over=content)


SIGNED_DATA: dict[str, tuple[Callable[[], bytes], set[Code]]] = {
    "digest of another file": (lambda: attached(sm3(b"")), {Code.DATA_HASH}),
    "whole file inside": (lambda: attached(SIGN[SIGNATURE]), {Code.FORMAT_SHAPE}),
    "digest in Base64": (lambda: attached(base64.b64encode(DIGEST)), {Code.FORMAT_SHAPE}),
    "attributes beside a content": (
        lambda: signed_data(
            content=DIGEST, attributes=signed_attributes(sm3(DIGEST), SIGNED), over=signed_attributes(sm3(DIGEST), SIGNED)
        ),
        {Code.FORMAT_SHAPE},
    ),
    "attributes of another digest": (
        lambda: signed_data(attributes=signed_attributes(sm3(b""), SIGNED), over=signed_attributes(sm3(b""), SIGNED)),
        {Code.DATA_HASH},
    ),
    "attributes without a digest": (
        lambda: signed_data(attributes=attributes_without_digest(), over=attributes_without_digest()),
        {Code.DATA_HASH},
    ),
    "signature over the content instead of the attributes": (
        lambda: signed_data(attributes=signed_attributes(DIGEST, SIGNED), over=DIGEST),
        {Code.SIGNATURE},
    ),
    "attributes as content": (
        lambda: signed_data(content=signed_attributes(DIGEST, SIGNED), over=signed_attributes(DIGEST, SIGNED)),
        {Code.FORMAT_SHAPE, Code.DATA_HASH},
    ),
    "seal signature listed as digital": (lambda: PLAIN[VALUE], {Code.FORMAT_TYPE}),
    "bare signature": (lambda: N.bureau.sign(SIGN[SIGNATURE]), {Code.FORMAT_BARE}),
    "no signer": (lambda: attached(DIGEST).replace(b"\x31", b"\x30"), {Code.FORMAT}),
}  # fmt: skip


@pytest.mark.parametrize("case", SIGNED_DATA)
def test_signed_data(case: str) -> None:
    """Signed data that is over something else, or whose shape leaves open what it is over."""
    make, expected = SIGNED_DATA[case]
    report = verified({**SIGN, VALUE: make()})
    assert report.verdict is not Verdict.PASSED
    assert expected <= codes(report)


def test_swapped_values() -> None:
    """The values of two documents exchanged: each signature is over its own document."""
    other: Entries = sealed((("x", "1"),))
    assert Code.DATA_HASH in codes(verified({**PLAIN, VALUE: other[VALUE], SEAL: other[SEAL]}))
