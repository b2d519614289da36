"""Certificate status online: read what was written, refuse what is none, and whoever may not sign it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from crypto import DEFAULT_USER_ID, InvalidSignatureError, PrivateKey, sign, sm3
from formats import der, oids
from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt20518 import Certificate, Extension, KeyUsage, RevocationReason, Validity
from formats.gbt20518 import extension_building as build
from formats.rfc6960 import (
    BasicResponse,
    CertId,
    CertStatus,
    OcspRequest,
    OcspResponse,
    ResponderId,
    ResponseStatus,
    assemble_response,
    cert_id_of,
    encode_failure,
    encode_request,
    issue_response,
    names_certificate,
    read_basic_response,
    read_request,
    read_response,
    responder_of,
    response_data,
    response_verify,
)
from formats.tolerances import Tolerance
from tests.unit.formats.status_world import (
    DAY,
    NOW,
    OCSP_SIGNING,
    SIGNS,
    START,
    Holder,
    authority,
    ca,
    holder,
    responder,
    response,
    single,
    subject,
)

NULL_SM3 = der.sequence(der.oid(oids.SM3), der.null())
STRANGE = Extension("1.2.3.9", critical=True, value=b"\x05\x00")


def basic(encoded: bytes) -> BasicResponse:
    read = read_response(encoded)
    assert read.basic is not None
    return read.basic


def signer_of(encoded: bytes, issuer: Holder | None = None, user_id: bytes = DEFAULT_USER_ID) -> Certificate:
    return responder_of(basic(encoded), (issuer or ca()).certificate, at=NOW, user_id=user_id)


def edit(node: bytes, path: list[int], change: Callable[[bytes], bytes]) -> bytes:
    """``node`` with the element at ``path`` changed; lengths follow."""
    if not path:
        return change(node)
    parent = der.parse(node)
    parts = [child.encoded for child in parent.children()]
    parts[path[0]] = edit(parts[path[0]], path[1:], change)
    return der.encode(parent.tag, b"".join(parts))


def edited(path: list[int], change: Callable[[bytes], bytes], encoded: bytes | None = None) -> bytes:
    """A BasicOCSPResponse with one element changed."""
    return edit(basic(encoded or response()).encoded, path, change)


def signed_again(data: bytes) -> bytes:
    """Any ResponseData, properly signed."""
    return assemble_response(data, sign(responder().key, data, user_id=DEFAULT_USER_ID))


# ---------------------------------------------------------------------- responses


def test_every_field() -> None:
    """What is stated is read back, and the signature is over ResponseData."""
    revoked = single(
        status=CertStatus.REVOKED,
        revoked_at=NOW - DAY,
        reason=RevocationReason.KEY_COMPROMISE,
        archive_cutoff=START,
        extensions=(Extension("1.2.3.4", critical=False, value=b"\x05\x00"),),
    )
    other = single(cert_id=cert_id_of(5, ca().certificate), status=CertStatus.UNKNOWN, next_update=None)
    encoded = response(None, revoked, single(), other, nonce=b"n" * 32)
    read = basic(encoded)
    assert read.responder == ResponderId(name=responder().certificate.subject)
    assert (read.produced_at, read.nonce) == (NOW, b"n" * 32)
    first, second, third = read.responses
    assert (first.status, first.revoked_at, first.reason) == (
        CertStatus.REVOKED,
        NOW - DAY,
        RevocationReason.KEY_COMPROMISE,
    )
    assert first.archive_cutoff == START
    assert {each.oid for each in first.extensions} == {"1.2.3.4", oids.OCSP_ARCHIVE_CUTOFF}
    assert second == single()
    assert (third.status, third.next_update, third.revoked_at) == (CertStatus.UNKNOWN, None, None)
    assert read.certificates == (responder().certificate.encoded,)
    assert (read.signature_algorithm, read.unknown_critical_extensions, read.tolerances) == (
        oids.SM2_WITH_SM3,
        (),
        (),
    )
    response_verify(read, responder().certificate, user_id=DEFAULT_USER_ID)


def test_revoked_without_reason() -> None:
    """A responder need not say why."""
    (said,) = basic(response(None, single(status=CertStatus.REVOKED, revoked_at=NOW))).responses
    assert (said.status, said.revoked_at, said.reason) == (CertStatus.REVOKED, NOW, None)


def test_by_key() -> None:
    """byKey is the SHA-1 of the key's octets, also for SM2."""
    read = basic(response(by_key=True))
    assert read.responder.key_hash == build.key_identifier(responder().key.public_key)
    assert signer_of(response(by_key=True)) == responder().certificate


@pytest.mark.parametrize("status", [each for each in ResponseStatus if each is not ResponseStatus.SUCCESSFUL])
def test_failures(status: ResponseStatus) -> None:
    """A failure has no response, and says nothing of any certificate."""
    assert read_response(encode_failure(status)) == OcspResponse(status)


def test_failure_is_not_success() -> None:
    """Success without a response, and failure with one, contradict themselves."""
    with pytest.raises(ValueError, match="no failure"):
        encode_failure(ResponseStatus.SUCCESSFUL)
    with pytest.raises(MalformedDataError, match="if and only if"):
        read_response(der.sequence(der.integer(0, tag=der.ENUMERATED)))
    with pytest.raises(MalformedDataError, match="if and only if"):
        read_response(edit(response(), [0], lambda _: der.integer(6, tag=der.ENUMERATED)))


STATUS = [0, 2, 0, 1]
SINGLE = [0, 2, 0]
REFUSED: list[tuple[str, list[int], bytes, str]] = [
    ("no version 2", [0], der.sequence(der.explicit(0, der.integer(1))), "version|elements"),
    ("no status", [0, 2], der.sequence(), "says nothing"),
    ("good with content", STATUS, b"\x80\x01\x00", "NULL has content"),
    ("good constructed", STATUS, b"\xa0\x00", "expected"),
    ("fourth status", STATUS, b"\x83\x00", "expected"),
    ("revoked never", STATUS, b"\xa1\x00", "RevokedInfo"),
    (
        "reason 7",
        STATUS,
        der.encode(
            der.context(1), der.generalized_time(NOW) + der.explicit(0, der.integer(7, tag=der.ENUMERATED))
        ),
        "no such RevocationReason",
    ),
    ("UTCTime", [*SINGLE, 2], der.utc_time(NOW), "expected GeneralizedTime"),
    ("fraction", [*SINGLE, 2], der.encode(der.GENERALIZED_TIME, b"20260301023000.5Z"), "not of the form"),
    ("backwards", [*SINGLE, 3], der.explicit(0, der.generalized_time(NOW - DAY)), "before thisUpdate"),
    ("short hash", [*SINGLE, 0, 1], der.octet_string(b"x" * 20), "hash of 20 octets"),
    ("parameters", [*SINGLE, 0, 0], der.sequence(der.oid(oids.SM3), der.integer(1)), "expected NULL"),
    ("long byKey", [0, 0], der.explicit(2, der.octet_string(b"x" * 32)), "byKey of 32 octets"),
    ("two responders", [0, 0], der.encode(der.context(2), der.octet_string(b"x" * 20) * 2), "holds 2 values"),
    ("third responder", [0, 0], der.explicit(3, der.octet_string(b"x" * 20)), "expected"),
    ("signature bits", [2], b"\x03\x02\x01\x00", "unused bits"),
    ("certificates", [3], der.explicit(0, der.sequence(*[der.sequence()] * 17)), "17 certificates"),
    ("no certificate", [3], der.explicit(0, der.sequence(der.null())), "expected SEQUENCE"),
    ("repeated", [0, 3], der.explicit(1, der.sequence(STRANGE.encode(), STRANGE.encode())), "repeated"),
]


@pytest.mark.parametrize(
    ("path", "value", "message"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED]
)
def test_refused(path: list[int], value: bytes, message: str) -> None:
    """What breaks the syntax or contradicts itself is refused, and the error says where."""
    encoded = edited(path, lambda _: value, response(nonce=b"n"))
    with pytest.raises(MalformedDataError, match=message) as caught:
        read_basic_response(encoded)
    assert caught.value.offset is not None


def test_other_type() -> None:
    """Responses other than id-pkix-ocsp-basic are not read."""
    encoded = edit(response(), [1, 0, 0], lambda _: der.oid("1.2.3"))
    with pytest.raises(MalformedDataError, match=r"of type 1\.2\.3"):
        read_response(encoded)


def test_cut_short_and_followed() -> None:
    """Every prefix, and an octet too many, is refused."""
    encoded = response()
    for size in range(0, len(encoded), 7):
        with pytest.raises(MalformedDataError):
            read_response(encoded[:size])
    with pytest.raises(MalformedDataError, match="follow"):
        read_response(encoded + b"\x00")


def test_limits() -> None:
    """Size and number are bounded before anything else is looked at."""
    with pytest.raises(LimitExceededError):
        read_response(b"\x30" + bytes(1024 * 1024))
    with pytest.raises(LimitExceededError, match="4096 elements"):
        read_basic_response(edited([0, 2], lambda said: der.sequence(*[der.parse(said).content] * 4097)))
    with pytest.raises(LimitExceededError):
        read_request(b"\x30" + bytes(1024 * 1024))


def test_tolerances() -> None:
    """A version that is the default, and a bare nonce, are named; parameters of a digest are nobody's business."""
    data = der.parse(basic(response(nonce=b"nonce")).tbs).children()
    version = der.explicit(0, der.integer(0))
    bare = der.explicit(1, der.sequence(Extension(oids.OCSP_NONCE, critical=False, value=b"bare!").encode()))
    read = basic(signed_again(der.sequence(version, *(each.encoded for each in data[:3]), bare)))
    assert read.nonce == b"bare!"
    assert read.tolerances == (Tolerance.DER_ENCODED_DEFAULT, Tolerance.OCSP_NONCE_BARE)
    read = read_basic_response(edited([*SINGLE, 0, 0], lambda _: NULL_SM3))
    assert read.tolerances == ()
    assert read.responses[0].cert_id == single().cert_id


@pytest.mark.parametrize("value", [b"", der.octet_string(b""), der.octet_string(b"x" * 129), b"x" * 129])
def test_nonce_length(value: bytes) -> None:
    """A nonce has 1 to 128 octets (RFC 9654), in requests and responses, however wrapped."""
    wrong = der.sequence(Extension(oids.OCSP_NONCE, critical=False, value=value).encode())
    with pytest.raises(MalformedDataError, match="nonce of"):
        read_basic_response(edited([0, 3], lambda _: der.explicit(1, wrong), response(nonce=b"n")))
    request = encode_request(OcspRequest((single().cert_id,), b"n"))
    with pytest.raises(MalformedDataError, match="nonce of"):
        read_request(edit(request, [0, 1], lambda _: der.explicit(2, wrong)))
    with pytest.raises(ValueError, match="nonce of"):
        response(nonce=b"")


def test_unknown_critical_extensions() -> None:
    """They are named wherever they stand, for the verifier to refuse the response."""
    assert basic(response(extensions=(STRANGE,))).unknown_critical_extensions == ("1.2.3.9",)
    assert basic(response(None, single(extensions=(STRANGE,)))).unknown_critical_extensions == ("1.2.3.9",)


def test_writer_refuses() -> None:
    """What a response cannot hold is not written."""
    name = ResponderId(name=ca().certificate.subject)
    with pytest.raises(ValueError, match="one certificate at least"):
        response_data(responder=name, produced_at=NOW, responses=())
    with pytest.raises(ValueError, match="after producedAt"):
        response(None, single(this_update=NOW + timedelta(seconds=1)))
    with pytest.raises(ValueError, match="repeated"):
        response(extensions=(STRANGE, STRANGE))
    with pytest.raises(ValueError, match="range"):
        assemble_response(der.sequence(), der.sequence(der.integer(0), der.integer(1)))
    with pytest.raises(ValueError, match="another key"):
        issue_response(
            ca().signer,
            responder().certificate,
            responses=(single(),),
            produced_at=NOW,
            user_id=DEFAULT_USER_ID,
        )
    with pytest.raises(ValueError, match="if and only if"):
        single(status=CertStatus.REVOKED)
    with pytest.raises(ValueError, match="if and only if"):
        single(revoked_at=NOW)
    with pytest.raises(ValueError, match="without a revocation"):
        single(reason=RevocationReason.SUPERSEDED)
    with pytest.raises(ValueError, match="UTC"):
        single(this_update=NOW.replace(tzinfo=None))
    with pytest.raises(ValueError, match="either by name or by key"):
        ResponderId()


# ---------------------------------------------------------------------- CertID and requests


@pytest.mark.parametrize("algorithm", [oids.SM3, oids.SHA1, oids.SHA256, oids.SM3_PLAIN])
def test_cert_id(algorithm: str) -> None:
    """A CertID means one serial number of one issuer's name and key."""
    asked, issuer = subject().certificate, ca().certificate
    wanted = oids.SM3 if algorithm == oids.SM3_PLAIN else algorithm
    own = cert_id_of(asked.serial_number, issuer, algorithm=wanted)
    own = CertId(algorithm, own.issuer_name_hash, own.issuer_key_hash, own.serial_number)
    assert names_certificate(own, asked, issuer)
    assert not names_certificate(own, responder().certificate, issuer)
    same_name = authority()
    assert not names_certificate(own, asked, same_name.certificate)
    same_key = authority("另一机构", key=ca().key)
    other = holder("持有人", asked.serial_number, (SIGNS,), issuer=same_key)
    assert not names_certificate(own, other.certificate, same_key.certificate)


def test_cert_id_values() -> None:
    """Over the DER name and the point without tag, length and unused-bits octet (RFC 6960 4.1.1)."""
    own = single().cert_id
    assert own.issuer_name_hash == sm3(ca().certificate.subject.encoded)
    assert own.issuer_key_hash == sm3(ca().key.public_key.point)
    with pytest.raises(ValueError, match="no digest"):
        cert_id_of(1, ca().certificate, algorithm=oids.MD5)
    assert not names_certificate(
        CertId(oids.SHA512, bytes(64), bytes(64), 0x1234), subject().certificate, ca().certificate
    )


def test_request() -> None:
    """Requests come back as they were; their CertID goes into the response octet by octet."""
    ids = tuple(
        cert_id_of(0x1234, ca().certificate, algorithm=each) for each in (oids.SM3, oids.SHA1, oids.SHA256)
    )
    extension = Extension("1.2.3.4", critical=False, value=b"\x05\x00")
    request = OcspRequest(ids, b"n" * 32, (extension,))
    assert read_request(encode_request(request)) == request
    assert read_request(encode_request(OcspRequest(ids[:1]))) == OcspRequest(ids[:1])
    with_null = edit(encode_request(request), [0, 0, 0, 0, 0], lambda _: NULL_SM3)
    (asked, *_) = read_request(with_null).cert_ids
    assert asked == ids[0]
    assert NULL_SM3 in response(None, single(cert_id=asked))


def test_signed_request() -> None:
    """A signature on a request is noticed; requestor and version are read over."""
    plain = der.parse(encode_request(OcspRequest((single().cert_id,)))).children()[0]
    parts = [each.encoded for each in plain]
    requestor = der.explicit(1, der.explicit(4, ca().certificate.subject.encoded))
    tbs = der.sequence(der.explicit(0, der.integer(0)), requestor, *parts)
    signature = der.explicit(0, der.sequence(der.sequence(der.oid(oids.SM2_WITH_SM3)), der.bit_string(b"x")))
    read = read_request(der.sequence(tbs, signature))
    assert (read.signed, read.tolerances) == (True, (Tolerance.DER_ENCODED_DEFAULT,))
    with pytest.raises(ValueError, match="unsigned"):
        encode_request(read)
    with pytest.raises(MalformedDataError, match="no certificate"):
        read_request(der.sequence(der.sequence(der.sequence())))
    with pytest.raises(ValueError, match="one certificate at least"):
        OcspRequest(())


# ---------------------------------------------------------------------- who may sign


def test_delegated_and_issuer() -> None:
    """The issuer's own key signs, or one it delegated to, attached or not the issuer's."""
    assert signer_of(response()) == responder().certificate
    assert signer_of(response(ca(), attach=False)) == ca().certificate
    assert signer_of(response(ca(), by_key=True)) == ca().certificate


def test_user_id() -> None:
    """The identity is part of what SM2 signs."""
    own = authority(user_id=b"")
    encoded = response(own, user_id=b"")
    assert signer_of(encoded, own, b"") == own.certificate
    with pytest.raises(InvalidSignatureError):
        signer_of(encoded, own)


def delegated(*extensions: Extension, **options: object) -> Holder:
    return holder("状态服务", 0x98, extensions, issuer=ca(), **options)  # type: ignore[arg-type]


UNDELEGATED: list[tuple[str, Callable[[], bytes], str]] = [
    ("not attached", lambda: response(attach=False), "neither the issuer"),
    ("no purpose", lambda: response(delegated(SIGNS)), "not for OCSPSigning"),
    (
        "any purpose",
        lambda: response(delegated(SIGNS, build.extended_key_usage(["2.5.29.37.0"], critical=False))),
        "not for OCSPSigning",
    ),
    ("the certificate itself", lambda: response(subject()), "not for OCSPSigning"),
    (
        "key usage",
        lambda: response(delegated(build.key_usage([KeyUsage.NON_REPUDIATION]), OCSP_SIGNING)),
        "without digitalSignature",
    ),
    (
        "expired",
        lambda: response(delegated(SIGNS, OCSP_SIGNING, validity=Validity(START, NOW - DAY))),
        "not valid at that time",
    ),
    (
        "not yet",
        lambda: response(delegated(SIGNS, OCSP_SIGNING, validity=Validity(NOW + DAY, NOW + 9 * DAY))),
        "not valid at that time",
    ),
    ("unknown critical", lambda: response(delegated(SIGNS, OCSP_SIGNING, STRANGE)), "unknown critical"),
    (
        "a subordinate CA",
        lambda: response(delegated(SIGNS, OCSP_SIGNING, build.basic_constraints_of_ca(0))),
        "a CA's",
    ),
    (
        "another issuer",
        lambda: response(holder("状态服务", 2, (SIGNS, OCSP_SIGNING), issuer=authority("别人"))),
        "another issuer",
    ),
    (
        "an issuer of the same name",
        lambda: response(holder("状态服务", 2, (SIGNS, OCSP_SIGNING), issuer=authority())),
        "signature",
    ),
    ("the issuer's name, another key, not attached", lambda: response(authority(), attach=False), "signature"),
    ("the issuer's name, another key", lambda: response(authority()), "not for OCSPSigning"),
    (
        "self-signed",
        lambda: response(holder("状态测试机构", 3, (SIGNS, OCSP_SIGNING), key=PrivateKey.generate())),
        "signature",
    ),
]


@pytest.mark.parametrize(
    ("make", "message"), [each[1:] for each in UNDELEGATED], ids=[each[0] for each in UNDELEGATED]
)
def test_undelegated(make: Callable[[], bytes], message: str) -> None:
    """A response that its signer was not entitled to give has no responder."""
    with pytest.raises(InvalidSignatureError, match=message):
        signer_of(make())


def test_issuer_without_digital_signature() -> None:
    """An authority whose key may sign certificates and lists only does not sign responses."""
    own = authority(usage=(KeyUsage.KEY_CERT_SIGN, KeyUsage.CRL_SIGN))
    with pytest.raises(InvalidSignatureError, match="without digitalSignature"):
        signer_of(response(own), own)


def test_another_responders_signature() -> None:
    """A signature by another delegated key, or over other octets, does not hold."""
    other = delegated(SIGNS, OCSP_SIGNING)
    data = basic(response()).tbs
    swapped = assemble_response(
        data, basic(response(other)).signature, certificates=(responder().certificate.encoded,)
    )
    with pytest.raises(InvalidSignatureError):
        signer_of(swapped)
    # Of two delegates of one name, the one whose key it was is found, and what cannot be read is passed over.
    both = (der.sequence(), responder().certificate.encoded, other.certificate.encoded)
    mixed = assemble_response(basic(response(other)).tbs, basic(response(other)).signature, certificates=both)
    assert signer_of(mixed) == other.certificate


def test_wrong_algorithm() -> None:
    """An algorithm that is not the key's is refused, whatever the signature."""
    for oid in (oids.ECDSA_WITH_SHA256, oids.RSA_WITH_SHA256, oids.RSA_WITH_SM3, "1.2.3.4"):
        read = read_basic_response(edited([1], lambda _, oid=oid: der.sequence(der.oid(oid))))  # type: ignore[misc]
        with pytest.raises(InvalidSignatureError, match="signature algorithm"):
            response_verify(read, responder().certificate, user_id=DEFAULT_USER_ID)
