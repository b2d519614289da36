"""Time-stamp tokens, requests and answers: read what was written, refuse what is none, name what departs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from crypto import DEFAULT_USER_ID, InvalidSignatureError, PrivateKey, SoftwareSigner, sm3, verify
from crypto.foreign import is_foreign_key
from formats import der, oids
from formats.errors import LimitExceededError, MalformedDataError
from formats.foreign_signature import foreign_algorithm, foreign_verify
from formats.gbt20518 import (
    Extension,
    KeyUsage,
    Name,
    TbsCertificate,
    Validity,
    assemble_certificate,
    read_certificate,
)
from formats.gbt20518 import extension_building as build
from formats.gbt20518.general_name import directory_name
from formats.gbt20520 import (
    Accuracy,
    FailureReason,
    MessageImprint,
    PkiStatus,
    TimeStampRequest,
    TimeStampResponse,
    differences,
    encode_request,
    encode_response,
    imprint_of,
    issue_token,
    read_request,
    read_response,
    read_time_stamp_token,
    read_tst_info,
    signed_attributes,
    tst_info,
)
from formats.tolerances import Tolerance

AT = datetime(2026, 3, 1, 2, 30, 0, 250_000, tzinfo=UTC)
POLICY = "1.2.3.4"
KEY = PrivateKey.generate()
SUBJECT = Name.build([(oids.COUNTRY, "CN"), (oids.COMMON_NAME, "时间戳")])
IMPRINT = MessageImprint(oids.SM3, sm3(b"signature value"))


@cache
def certificate() -> bytes:
    tbs = TbsCertificate(
        serial_number=7,
        issuer=SUBJECT,
        subject=SUBJECT,
        validity=Validity(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        public_key=KEY.public_key,
        extensions=(build.key_usage([KeyUsage.DIGITAL_SIGNATURE]),),
    ).encode()
    return assemble_certificate(tbs, SoftwareSigner(KEY).sign_digest(sm3(tbs)))


def token(**changes: Any) -> bytes:
    values: dict[str, Any] = {"imprint": IMPRINT, "policy": POLICY, "serial_number": 77, "at": AT, **changes}
    return issue_token(SoftwareSigner(KEY), certificate(), **values)


def edit(node: bytes, path: list[int], change: Callable[[bytes], bytes]) -> bytes:
    """``node`` with the element at ``path`` changed; lengths follow."""
    if not path:
        return change(node)
    parent = der.parse(node)
    parts = [child.encoded for child in parent.children()]
    parts[path[0]] = edit(parts[path[0]], path[1:], change)
    return der.encode(parent.tag, b"".join(parts))


BODY = [1, 0]
CONTENT = [*BODY, 2]
SIGNER = [*BODY, 4, 0]
ATTRIBUTES = [*SIGNER, 3]


# ---------------------------------------------------------------------- tokens


def test_every_field() -> None:
    """What is stated is read back, and the signature is over the attributes under the tag of SET."""
    critical = Extension("1.2.3.9", critical=True, value=b"\x05\x00")
    encoded = token(
        accuracy=Accuracy(1, 500, 3),
        ordering=True,
        nonce=2**64 + 1,
        tsa=directory_name(SUBJECT),
        extensions=(critical,),
    )
    read = read_time_stamp_token(encoded)
    info = read.info
    assert (info.policy, info.imprint, info.serial_number, info.gen_time) == (POLICY, IMPRINT, 77, AT)
    assert info.accuracy == Accuracy(1, 500, 3)
    assert info.accuracy.span == timedelta(seconds=1, milliseconds=500, microseconds=3)
    assert (info.ordering, info.nonce) == (True, 2**64 + 1)
    assert info.tsa is not None
    assert info.tsa.directory_name == SUBJECT
    assert list(info.extensions.values()) == [critical]
    assert read.tolerances == ()
    named = read.certificate_id
    assert named is not None
    own = read_certificate(certificate())
    assert (named.algorithm, named.digest) == (oids.SM3, sm3(certificate()))
    assert (named.issuer, named.serial_number) == (own.issuer.encoded, 7)
    signed = read.signed_data
    assert signed.certificates == (certificate(),)
    assert (signed.version, signed.signer.version, signed.content_type) == (3, 1, oids.TST_INFO)
    assert signed.signer.message_digest == sm3(info.encoded)
    (message,) = signed.signed_bytes()
    assert message == signed_attributes(info.encoded, certificate())
    verify(KEY.public_key, message, signed.signer.signature, user_id=DEFAULT_USER_ID)


def test_least() -> None:
    """Optional fields are absent unless given, and no certificate is attached where none was asked for."""
    read = read_time_stamp_token(token(certificates=()))
    info = read.info
    assert (info.accuracy, info.ordering, info.nonce, info.tsa) == (None, False, None, None)
    assert dict(info.extensions) == {}
    assert read.signed_data.certificates == ()


@pytest.mark.parametrize(
    ("written", "micros"),
    [(b"20260301023000Z", 0), (b"20260301023000.5Z", 500_000), (b"20260301023000.0000011Z", 2)],
)
def test_fractions(written: bytes, micros: int) -> None:
    """Any fraction is read, and rounded up: what a token proves is "not later than"."""
    info = read_tst_info(with_time(written))
    assert info.gen_time == AT.replace(microsecond=micros)
    assert info.tolerances == ()


def with_time(written: bytes) -> bytes:
    info = tst_info(policy=POLICY, imprint=IMPRINT, serial_number=1, at=AT)
    return edit(info, [4], lambda _: der.encode(der.GENERALIZED_TIME, written))


def test_trailing_zeros_are_named() -> None:
    """A fraction that ends in zeros departs from RFC 3161 2.4.2."""
    assert read_tst_info(with_time(b"20260301023000.50Z")).tolerances == (Tolerance.TSP_TIME_TRAILING_ZEROS,)


@pytest.mark.parametrize(
    "written",
    [
        b"202603010230Z",
        b"20260301023000",
        b"20260301023000.Z",
        b"20260301103000+0800",
        b"20260301023060Z",
        b"20260230023000Z",
        b"00000101000000Z",
        b"99991231235959.9999999Z",
        b"20260301023000,5Z",
    ],
)
def test_no_time(written: bytes) -> None:
    """Times without seconds, zone or existence are refused."""
    with pytest.raises(MalformedDataError, match=r"[tT]ime"):
        read_tst_info(with_time(written))


DEPARTURES: dict[str, tuple[list[int], Callable[[bytes], bytes], Tolerance]] = {
    "wrapper of GB/T 35275": ([0], lambda _: der.oid(oids.GBT35275_SIGNED_DATA), Tolerance.TSP_GBT35275_OID),
    "version 1": ([*BODY, 0], lambda _: der.integer(1), Tolerance.TSP_VERSION),
    "signer version 3": ([*SIGNER, 0], lambda _: der.integer(3), Tolerance.TSP_VERSION),
}


@pytest.mark.parametrize("name", DEPARTURES)
def test_departures_are_named(name: str) -> None:
    """Nothing irregular passes without its name."""
    path, change, tolerance = DEPARTURES[name]
    assert read_time_stamp_token(edit(token(), path, change)).tolerances == (tolerance,)


def test_signature_algorithms_of_both_standards_are_regular() -> None:
    """SM2 with SM3 (501) and SM2 signature (301.1) are both what tokens carry."""
    other = edit(token(), [*SIGNER, 4], lambda _: der.sequence(der.oid(oids.SM2_SIGN), der.null()))
    assert read_time_stamp_token(other).tolerances == ()


def attribute(oid: str, *values: bytes) -> bytes:
    return der.sequence(der.oid(oid), der.set_of(values))


def with_attributes(*changes: tuple[str, bytes | None]) -> bytes:
    """A token with attributes replaced, or taken away."""

    def change(node: bytes) -> bytes:
        parts = {each.sequence(2, 2).next().oid(): each.encoded for each in der.parse(node)}
        for oid, encoded in changes:
            parts.pop(oid, None)
            if encoded is not None:
                parts[oid] = encoded
        return der.encode(der.context(0), b"".join(sorted(parts.values())))

    return edit(token(), ATTRIBUTES, change)


def test_certificate_named_by_sha1_or_sha256_or_not() -> None:
    """The older attribute is read under its name, SHA-256 is the default of the newer, and none is None."""
    v1 = attribute(
        oids.SIGNING_CERTIFICATE, der.sequence(der.sequence(der.sequence(der.octet_string(b"\1" * 20))))
    )
    v2 = attribute(
        oids.SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(der.sequence(der.octet_string(b"\2" * 32))))
    )
    older = read_time_stamp_token(
        with_attributes((oids.SIGNING_CERTIFICATE_V2, None), (oids.SIGNING_CERTIFICATE, v1))
    )
    assert older.tolerances == (Tolerance.TSP_SIGNING_CERTIFICATE_V1,)
    assert older.certificate_id is not None
    assert (older.certificate_id.algorithm, older.certificate_id.digest) == (oids.SHA1, b"\1" * 20)
    newer = read_time_stamp_token(
        with_attributes((oids.SIGNING_CERTIFICATE_V2, v2), (oids.SIGNING_CERTIFICATE, v1))
    )
    assert newer.certificate_id is not None
    assert (newer.certificate_id.algorithm, newer.certificate_id.serial_number) == (oids.SHA256, None)
    assert read_time_stamp_token(with_attributes((oids.SIGNING_CERTIFICATE_V2, None))).certificate_id is None


def not_tokens() -> dict[str, bytes]:
    good = token()
    info = tst_info(policy=POLICY, imprint=IMPRINT, serial_number=1, at=AT)
    two_digests = attribute(oids.MESSAGE_DIGEST, der.octet_string(b"\0" * 32), der.octet_string(b"\1" * 32))
    return {
        "nothing": b"",
        "no content": edit(good, CONTENT, lambda _: der.sequence(der.oid(oids.TST_INFO))),
        "other content": edit(good, [*CONTENT, 0], lambda _: der.oid(oids.PKCS7_DATA)),
        "no attributes": edit(good, SIGNER, lambda node: without(node, 3)),
        "no message digest": with_attributes((oids.MESSAGE_DIGEST, None)),
        "two message digests": with_attributes((oids.MESSAGE_DIGEST, two_digests)),
        "no content type": with_attributes((oids.CONTENT_TYPE, None)),
        "another content type": with_attributes(
            (oids.CONTENT_TYPE, attribute(oids.CONTENT_TYPE, der.oid(oids.PKCS7_DATA)))
        ),
        "names no certificate": with_attributes(
            (oids.SIGNING_CERTIFICATE_V2, attribute(oids.SIGNING_CERTIFICATE_V2, der.sequence(der.sequence())))
        ),
        "two signers": edit(good, [*BODY, 4], lambda node: der.encode(der.SET, der.parse(node).content * 2)),
        "no signer": edit(good, [*BODY, 4], lambda _: der.set_of([])),
        "two tokens": good + good,
        "a request": encode_request(TimeStampRequest(IMPRINT)),
        "an answer": encode_response(TimeStampResponse(PkiStatus.GRANTED, good)),
        "TSTInfo alone": info,
    }


def without(node: bytes, position: int) -> bytes:
    parts = [child.encoded for child in der.parse(node)]
    del parts[position]
    return der.sequence(*parts)


@pytest.mark.parametrize("name", sorted(not_tokens()))
def test_not_a_token(name: str) -> None:
    """What lacks a part that RFC 3161 demands is refused."""
    with pytest.raises(MalformedDataError):
        read_time_stamp_token(not_tokens()[name])


INFO_FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "version 2": lambda info: edit(info, [0], lambda _: der.integer(2)),
    "a digest too short": lambda info: edit(info, [2, 1], lambda _: der.octet_string(b"\0" * 31)),
    "an empty digest": lambda info: edit(
        info, [2], lambda _: der.sequence(der.sequence(der.oid("1.2.3")), b"\x04\x00")
    ),
    "a digest with parameters": lambda info: edit(
        info, [2, 0], lambda _: der.sequence(der.oid(oids.SM3), der.integer(1))
    ),
    "a serial number of 22 octets": lambda info: edit(info, [3], lambda _: der.integer(1 << 170)),
    "UTCTime": lambda info: edit(info, [4], lambda _: der.utc_time(AT.replace(microsecond=0))),
    "accuracy of 0 ms": lambda info: more(info, der.sequence(der.encode(0x80, b"\0"))),
    "accuracy of 1000 ms": lambda info: more(info, der.sequence(der.integer(1000, tag=0x80))),
    "accuracy below nothing": lambda info: more(info, der.sequence(der.integer(-1))),
    "accuracy of centuries": lambda info: more(info, der.sequence(der.integer(1 << 40))),
    "fields out of order": lambda info: more(info, der.integer(1) + der.boolean(True)),
    "something behind": lambda info: more(info, der.null()),
    "a nonce without end": lambda info: more(info, der.integer(1 << 1000)),
    "an extension twice": lambda info: more(
        info, der.encode(der.context(1), Extension("1.2.3", critical=False, value=b"").encode() * 2)
    ),
    "cut short": lambda info: info[:-1],
}


def more(info: bytes, field: bytes) -> bytes:
    return der.sequence(der.parse(info).content, field)


@pytest.mark.parametrize("name", INFO_FAULTS)
def test_faults_of_the_content(name: str) -> None:
    """Each field is held to its form."""
    with pytest.raises(MalformedDataError):
        read_tst_info(INFO_FAULTS[name](tst_info(policy=POLICY, imprint=IMPRINT, serial_number=1, at=AT)))


def test_limits() -> None:
    """A token of more than 1 MiB is not looked at, and depth is bounded."""
    with pytest.raises(LimitExceededError):
        read_time_stamp_token(b"\x30" * (1024 * 1024 + 1))
    deep = der.null()
    for _ in range(40):
        deep = der.sequence(deep)
    with pytest.raises(MalformedDataError):
        read_time_stamp_token(deep)
    # A token in a token's unsigned attributes, and so on: what lies inside is carried, not followed.
    nested = token()
    for _ in range(30):
        nested = edit(token(), SIGNER, lambda node, inner=nested: with_unsigned(node, inner))  # type: ignore[misc]
    assert read_time_stamp_token(nested).info.serial_number == 77


def with_unsigned(signer: bytes, inner: bytes) -> bytes:
    unsigned = der.encode(der.context(1), attribute(oids.TIME_STAMP_TOKEN, inner))
    return der.sequence(der.parse(signer).content, unsigned)


@pytest.mark.parametrize(
    "changes",
    [
        {"serial_number": 0},
        {"serial_number": 1 << 160},
        {"at": AT.replace(tzinfo=None)},
        {"policy": "policy"},
    ],
    ids=str,
)
def test_writer_refuses(changes: dict[str, Any]) -> None:
    """Nothing is signed that no token can hold."""
    with pytest.raises(ValueError):
        token(**changes)


def test_values_refuse() -> None:
    """Imprints have their digest's length, accuracies their ranges, digests are known."""
    for wrong in (
        lambda: MessageImprint(oids.SHA256, b"\0" * 31),
        lambda: Accuracy(0, 1000),
        lambda: Accuracy(-1),
    ):
        with pytest.raises(ValueError):
            wrong()
    with pytest.raises(ValueError, match="digest"):
        imprint_of(b"", oids.SHA1)
    assert imprint_of(b"abc", oids.SHA256).hex().startswith("ba7816bf")
    assert [len(imprint_of(b"", each)) for each in (oids.SM3, oids.SHA384, oids.SHA512)] == [32, 48, 64]


# ---------------------------------------------------------------------- requests and answers


def test_requests() -> None:
    """Every field of a request, all and none."""
    extension = Extension("1.2.3", critical=False, value=b"\x05\x00")
    for request in (
        TimeStampRequest(IMPRINT),
        TimeStampRequest(MessageImprint(oids.SHA512, b"\1" * 64), POLICY, 5, certificates_wanted=True),
        TimeStampRequest(IMPRINT, nonce=-1, extensions=(extension,)),
    ):
        assert read_request(encode_request(request)) == request
    explicit_false = der.sequence(der.parse(encode_request(TimeStampRequest(IMPRINT))).content, der.boolean(False))
    assert read_request(explicit_false).tolerances == (Tolerance.DER_ENCODED_DEFAULT,)
    for wrong in (
        b"",
        der.sequence(der.integer(2), der.sequence()),
        encode_request(TimeStampRequest(IMPRINT))[:-1],
    ):
        with pytest.raises(MalformedDataError):
            read_request(wrong)


def test_answers() -> None:
    """Granted with a token, refused with reasons and texts; nothing between."""
    granted = TimeStampResponse(PkiStatus.GRANTED, token())
    refused = TimeStampResponse(
        PkiStatus.REJECTION,
        texts=("摘要算法不受支持",),
        failures=frozenset({FailureReason.BAD_ALGORITHM, FailureReason.SYSTEM_FAILURE}),
    )
    for each in (granted, refused):
        assert read_response(encode_response(each)) == each
    read = granted.read_token()
    assert read is not None
    assert (read.encoded, read.info.serial_number) == (granted.token, 77)
    assert refused.read_token() is None
    for wrong in (
        lambda: TimeStampResponse(PkiStatus.GRANTED),
        lambda: TimeStampResponse(PkiStatus.REJECTION, token()),
        lambda: TimeStampResponse(PkiStatus.GRANTED, token(), failures=frozenset({2})),
    ):
        with pytest.raises(ValueError):
            wrong()


@pytest.mark.parametrize(
    "wrong",
    [
        der.sequence(der.sequence(der.integer(0))),
        der.sequence(der.sequence(der.integer(9))),
        der.sequence(der.sequence(der.integer(2)), der.sequence()),
        der.sequence(der.sequence(der.integer(2), der.sequence(der.octet_string(b"x")))),
        der.sequence(der.sequence(der.integer(2), der.sequence(*[der.utf8_string("x")] * 17))),
        der.sequence(),
    ],
    ids=["granted nothing", "no such status", "a token refused", "text that is none", "much text", "empty"],
)
def test_no_answers(wrong: bytes) -> None:
    """An answer that contradicts itself is none."""
    with pytest.raises(MalformedDataError):
        read_response(wrong)


def test_differences() -> None:
    """A token for something else, with another nonce or policy, without or with a certificate, is told."""
    asked = TimeStampRequest(IMPRINT, POLICY, 5, certificates_wanted=True)
    assert differences(asked, read_time_stamp_token(token(nonce=5))) == ()
    other = MessageImprint(oids.SM3, sm3(b"other"))
    for changes, told in (
        ({"nonce": 6}, ("nonce",)),
        ({}, ("nonce",)),
        ({"nonce": 5, "imprint": other}, ("messageImprint",)),
        ({"nonce": 5, "policy": "1.2.3.5"}, ("policy",)),
        ({"nonce": 5, "certificates": ()}, ("certificates",)),
    ):
        assert differences(asked, read_time_stamp_token(token(**changes))) == told
    assert differences(TimeStampRequest(IMPRINT), read_time_stamp_token(token())) == ("certificates",)


# ---------------------------------------------------------------------- signatures of others


def test_foreign_algorithms() -> None:
    """A whole identifier and its parts mean the same; contradictions and old digests mean nothing."""
    assert foreign_algorithm(oids.RSA_WITH_SHA256, oids.SHA256) == oids.RSA_WITH_SHA256
    assert foreign_algorithm(oids.RSA_ENCRYPTION, oids.SHA384) == oids.RSA_WITH_SHA384
    assert foreign_algorithm(oids.RSA_WITH_SHA256, oids.SHA512) is None
    assert foreign_algorithm(oids.RSA_ENCRYPTION, oids.SHA1) is None
    assert foreign_algorithm(oids.SM2_WITH_SM3, oids.SM3) is None


def test_foreign_keys() -> None:
    """RSA below 2,048 bits, curves out of use, SM2 and octets are no keys here; other keys verify nothing."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    def spki(key: Any) -> bytes:
        return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    curve = ec.generate_private_key(ec.SECP256R1())
    small = rsa.generate_private_key(65537, 1024)
    good = rsa.generate_private_key(65537, 2048)
    assert is_foreign_key(spki(curve))
    assert is_foreign_key(spki(good))
    for wrong in (
        spki(small),
        spki(ec.generate_private_key(ec.SECP256K1())),
        read_certificate(certificate()).spki,
        b"",
    ):
        assert not is_foreign_key(wrong)
    signature = curve.sign(b"message", ec.ECDSA(hashes.SHA256()))
    foreign_verify(spki(curve), oids.EC_PUBLIC_KEY, oids.ECDSA_WITH_SHA256, b"message", signature)
    rsa_signature = good.sign(b"message", padding.PKCS1v15(), hashes.SHA256())
    foreign_verify(spki(good), oids.RSA_ENCRYPTION, oids.RSA_WITH_SHA256, b"message", rsa_signature)
    for key, kind, algorithm, message, value in (
        (curve, oids.EC_PUBLIC_KEY, oids.ECDSA_WITH_SHA256, b"massage", signature),
        (curve, oids.EC_PUBLIC_KEY, oids.ECDSA_WITH_SHA384, b"message", signature),
        (curve, oids.EC_PUBLIC_KEY, oids.ECDSA_WITH_SHA256, b"message", signature + b"\0"),
        (curve, oids.EC_PUBLIC_KEY, oids.ECDSA_WITH_SHA256, b"message", b""),
        (good, oids.RSA_ENCRYPTION, oids.RSA_WITH_SHA512, b"message", rsa_signature),
        (good, oids.EC_PUBLIC_KEY, oids.RSA_WITH_SHA256, b"message", rsa_signature),
        (small, oids.RSA_ENCRYPTION, oids.RSA_WITH_SHA256, b"message", rsa_signature),
    ):
        with pytest.raises(InvalidSignatureError):
            foreign_verify(spki(key), kind, algorithm, message, value)
