"""Each departure real makers are known for is read and named; what is not known is refused."""

from datetime import UTC, datetime

import pytest

from formats import der, oids
from formats.errors import MalformedDataError
from formats.gbt38540 import (
    CertListType,
    ExtData,
    Generation,
    SealSignature,
    read_seal,
    read_seal_signature,
)
from formats.tolerances import Tolerance

EXTENSIONS = der.sequence(der.sequence(der.oid("1.2.3.4"), der.boolean(True), der.octet_string(b"x")))


def _replace(node: bytes, path: list[int], new: bytes | None) -> bytes:
    """``node`` with the element at ``path`` replaced, or left out."""
    parent = der.parse(node)
    parts = [child.encoded for child in parent.children()]
    if len(path) == 1:
        parts[path[0] : path[0] + 1] = [] if new is None else [new]
    else:
        parts[path[0]] = _replace(parts[path[0]], path[1:], new)
    return der.encode(parent.tag, b"".join(parts))


def _append(node: bytes, path: list[int], new: bytes) -> bytes:
    parent = der.parse(node)
    parts = [child.encoded for child in parent.children()]
    if path:
        parts[path[0]] = _append(parts[path[0]], path[1:], new)
    else:
        parts.append(new)
    return der.encode(parent.tag, b"".join(parts))


# Paths in SES_Signature (v4)
SEAL = [0, 1]
INFO = [*SEAL, 0]
HEADER_VERSION = [*INFO, 0, 1]
PROPERTY = [*INFO, 2]
VALID_FROM = [*PROPERTY, 5]
TIME_INFO = [0, 2]


@pytest.mark.parametrize(
    ("time", "moment", "tolerances"),
    [
        (der.encode(0x18, b"20260601080000Z"), datetime(2026, 6, 1, 8, tzinfo=UTC), ()),
        (
            der.encode(0x18, b"20260601080000.25Z"),
            datetime(2026, 6, 1, 8, 0, 0, 250000, tzinfo=UTC),
            (Tolerance.TIME_FRACTION,),
        ),
        (der.encode(0x18, b"20260601160000+0800"), datetime(2026, 6, 1, 8, tzinfo=UTC), (Tolerance.TIME_OFFSET,)),
        (der.encode(0x18, b"20260601040000-0400"), datetime(2026, 6, 1, 8, tzinfo=UTC), (Tolerance.TIME_OFFSET,)),
        (der.encode(0x18, b"20260601160000"), None, (Tolerance.TIME_WITHOUT_ZONE,)),
        (der.encode(0x17, b"260601080000Z"), datetime(2026, 6, 1, 8, tzinfo=UTC), (Tolerance.SES_UTC_TIME,)),
        (
            der.encode(0x17, b"260601160000+0800"),
            datetime(2026, 6, 1, 8, tzinfo=UTC),
            (Tolerance.SES_UTC_TIME, Tolerance.TIME_OFFSET),
        ),
    ],
)
def test_time_codings(
    published: SealSignature, time: bytes, moment: datetime | None, tolerances: tuple[Tolerance, ...]
) -> None:
    """Other codings of timeInfo and of validity are brought to UTC and named; without a zone the moment is open."""
    value = read_seal_signature(_replace(published.encoded, TIME_INFO, time))
    assert (value.time_info, value.tolerances) == (moment, tolerances)
    assert value.time_text == der.parse(time).content.decode()
    value = read_seal_signature(_replace(published.encoded, VALID_FROM, time))
    assert (value.seal.property.valid_from, value.tolerances) == (moment, tolerances)
    assert value.seal.tolerances == tolerances


@pytest.mark.parametrize(
    "time",
    [
        b"\x18\x0f20261301080000Z",
        b"\x18\x0f2026060108000xZ",
        b"\x18\x0d202606010800Z",
        b"\x18\x1320260601160000+9900",
        b"\x18\x1300010101000000+0800",
        b"\x17\x0d261301080000Z",
        b"\x0c\x0f20260601080000Z",
        b"\x18\x0f\xb2026060108000Z\x00"[:17],
    ],
)
def test_no_times(published: SealSignature, time: bytes) -> None:
    """What is no time is malformed, never another error."""
    with pytest.raises(MalformedDataError):
        read_seal_signature(_replace(published.encoded, TIME_INFO, time))


def test_extensions_of_the_seal(published: SealSignature) -> None:
    """A seal's extDatas are untagged; [0] is tolerated and named."""
    expected = (ExtData("1.2.3.4", True, b"x"),)
    value = read_seal_signature(_append(published.encoded, INFO, EXTENSIONS))
    assert (value.seal.extensions, value.tolerances) == (expected, ())
    value = read_seal_signature(_append(published.encoded, INFO, der.explicit(0, EXTENSIONS)))
    assert (value.seal.extensions, value.tolerances) == (expected, (Tolerance.SES_EXTENSIONS_TAGGED,))


def test_extensions_of_the_signature(published: SealSignature) -> None:
    """TBS_Sign has its extDatas in [0]; untagged is tolerated and named."""
    expected = (ExtData("1.2.3.4", True, b"x"),)
    value = read_seal_signature(_append(published.encoded, [0], der.explicit(0, EXTENSIONS)))
    assert (value.extensions, value.tolerances) == (expected, ())
    value = read_seal_signature(_append(published.encoded, [0], EXTENSIONS))
    assert (value.extensions, value.tolerances) == (expected, (Tolerance.SES_EXTENSIONS_UNTAGGED,))


def test_critical_flag(published: SealSignature) -> None:
    """An absent critical is FALSE; an encoded FALSE is FALSE and named; TRUE as 01 is named."""

    def read(flag: bytes) -> tuple[bool, tuple[Tolerance, ...]]:
        item = der.sequence(der.sequence(der.oid("1.2.3.4"), *([flag] if flag else []), der.octet_string(b"")))
        value = read_seal_signature(_append(published.encoded, [0], der.explicit(0, item)))
        return value.extensions[0].critical, value.tolerances

    assert read(b"") == (False, ())
    assert read(b"\x01\x01\x00") == (False, (Tolerance.DER_ENCODED_DEFAULT,))
    assert read(b"\x01\x01\x01") == (True, (Tolerance.DER_BOOLEAN_NOT_FF,))


def test_digest_list(published: SealSignature) -> None:
    """CertListType 2 gives digests with their names as written."""
    digests = der.sequence(der.sequence(der.printable_string("SM3"), der.octet_string(bytes(32))))
    data = _replace(published.encoded, [*PROPERTY, 2], der.integer(2))
    with pytest.raises(MalformedDataError):
        read_seal_signature(data)
    seal = read_seal_signature(_replace(data, [*PROPERTY, 3], digests)).seal
    assert seal.property.cert_list_type is CertListType.DIGESTS
    assert seal.property.certificate_digests == (("SM3", bytes(32)),)
    assert seal.property.certificates == ()
    with pytest.raises(MalformedDataError, match="certListType 3"):
        read_seal_signature(_replace(published.encoded, [*PROPERTY, 2], der.integer(3)))


def test_raw_signature(published: SealSignature) -> None:
    """64 octets r and s are kept as received, named, and given as DER too."""
    parts = der.parse(published.signature).sequence(2, 2)
    raw = b"".join(parts.next().integer().to_bytes(32, "big") for _ in range(2))
    value = read_seal_signature(_replace(published.encoded, [3], der.bit_string(raw)))
    assert value.tolerances == (Tolerance.SIGNATURE_RAW,)
    assert (value.signature, value.signature_der) == (raw, published.signature)


def test_short_der_signature_is_not_raw(published: SealSignature) -> None:
    """A DER signature that happens to have 64 octets is not taken for r and s."""
    short = der.sequence(der.integer(1 << 230), der.integer(1 << 230))
    assert len(short) == 64
    value = read_seal_signature(_replace(published.encoded, [3], der.bit_string(short)))
    assert value.tolerances == ()
    assert value.signature_der == short


def test_generation_follows_the_seal(published: SealSignature) -> None:
    """Header version 5 makes it v5; other versions in the v4 shape are v4, named unless it is 4."""
    five = read_seal_signature(_replace(published.encoded, HEADER_VERSION, der.integer(5)))
    assert (five.generation, five.version, five.seal.version) == (Generation.V5, 4, 5)
    odd = read_seal_signature(_replace(published.encoded, HEADER_VERSION, der.integer(3)))
    assert (odd.generation, odd.tolerances) == (Generation.V4, (Tolerance.SES_VERSION,))


def test_time_stamp_of_the_seal(published: SealSignature) -> None:
    """The fifth element of a seal is the time stamp of v5; with header version 4 it is named."""
    stamp = der.explicit(0, der.bit_string(b"\x30\x00"))
    data = _append(published.encoded, SEAL, stamp)
    value = read_seal_signature(data)
    assert (value.seal.time_stamp, value.tolerances) == (b"\x30\x00", (Tolerance.SES_TIME_STAMP_IN_V4,))
    value = read_seal_signature(_replace(data, HEADER_VERSION, der.integer(5)))
    assert (value.generation, value.seal.time_stamp, value.tolerances) == (Generation.V5, b"\x30\x00", ())


def test_time_stamp_of_the_signature(published: SealSignature) -> None:
    """The fifth element of a signature is its time stamp; any other tag is refused."""
    stamp = der.bit_string(b"\x30\x00")
    assert read_seal_signature(_append(published.encoded, [], der.explicit(0, stamp))).time_stamp == b"\x30\x00"
    with pytest.raises(MalformedDataError):
        read_seal_signature(_append(published.encoded, [], der.explicit(1, stamp)))


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ([*INFO, 0, 0], der.ia5_string("EX")),
        ([*INFO, 3, 2], der.integer(-1)),
        ([*INFO, 3, 2], der.integer(1 << 40)),
        ([*INFO, 3], None),
        ([*PROPERTY, 1], der.encode(der.UTF8_STRING, b"\xff")),
        ([*PROPERTY, 3], der.sequence(der.octet_string(b"no certificate"))),
        ([1], der.octet_string(b"")),
        ([2], der.sequence(der.oid(oids.SM2_WITH_SM3))),
        ([0, 3], der.encode(der.BIT_STRING, b"\x01\x00")),
        ([0, 4], der.encode(der.IA5_STRING, b"\xff\xfe")),
        ([0, 0], der.encode(der.INTEGER, b"\x01" * 9)),
    ],
)
def test_refused(published: SealSignature, path: list[int], new: bytes | None) -> None:
    """What no maker does is malformed."""
    with pytest.raises(MalformedDataError):
        read_seal_signature(_replace(published.encoded, path, new))


def test_texts_and_misprint(published: SealSignature) -> None:
    """UTF-8 in an IA5String and the misprinted algorithm identifier are read and named."""
    data = _replace(published.encoded, [0, 4], der.encode(der.IA5_STRING, "/文档/S.xml".encode()))
    data = _replace(data, [2], der.oid(oids.SM2_WITH_SM3_MISPRINT))
    value = read_seal_signature(data)
    assert value.property_info == "/文档/S.xml"
    assert value.tolerances == (Tolerance.ALGORITHM_MISPRINT, Tolerance.SES_TEXT_NOT_IA5)


# ------------------------------------------------------------------ generation v1


def _v1_seal(published: SealSignature, **fields: bytes) -> bytes:
    """A v1 seal in the printed form, single fields exchanged."""
    utc = der.encode(0x17, b"260101000000Z")
    certificate = der.octet_string(published.signer_certificate)
    parts = {
        "version": der.integer(11),
        "cert_list": der.sequence(certificate),
        "created": utc,
        "extensions": b"",
        "sign_info": der.sequence(certificate, der.oid(oids.SM2_WITH_SM3), der.bit_string(published.signature)),
    } | fields
    properties = der.sequence(
        der.integer(1), der.utf8_string("章"), parts["cert_list"], parts["created"], utc, utc
    )
    picture = der.parse(published.seal.info_encoded).children()[3].encoded
    info = der.sequence(
        der.sequence(der.ia5_string("ES"), parts["version"], der.ia5_string("V")),
        der.ia5_string("id"),
        properties,
        picture,
        parts["extensions"],
    )
    return der.sequence(info, parts["sign_info"])


def _v1_signature(
    published: SealSignature, seal: bytes, time_info: bytes, data_hash: bytes | None = None
) -> bytes:
    to_sign = der.sequence(
        der.integer(1),
        seal,
        time_info,
        data_hash or der.bit_string(bytes(32)),
        der.ia5_string("/S.xml"),
        der.octet_string(published.signer_certificate),
        der.oid(oids.SM2_WITH_SM3),
    )
    return der.sequence(to_sign, der.bit_string(published.signature))


def test_v1_as_printed(published: SealSignature) -> None:
    """A v1 seal in the printed form needs no tolerance; the maker signs the SEQUENCE of three."""
    encoded = _v1_seal(published)
    seal = read_seal(encoded)
    assert (seal.generation, seal.version, seal.tolerances) == (Generation.V1, 11, ())
    info, sign_info = der.parse(encoded).children()
    certificate, algorithm, _ = sign_info.children()
    assert seal.signed_bytes == der.sequence(info.encoded, certificate.encoded, algorithm.encoded)
    time_info = der.bit_string(der.encode(0x17, b"260601080000Z"))
    value = read_seal_signature(_v1_signature(published, encoded, time_info))
    assert (value.generation, value.tolerances) == (Generation.V1, ())
    assert (value.time_info, value.time_text) == (datetime(2026, 6, 1, 8, tzinfo=UTC), "260601080000Z")
    assert value.to_sign == der.parse(value.encoded).children()[0].encoded


@pytest.mark.parametrize(
    ("fields", "tolerance"),
    [
        ({"version": der.integer(4)}, Tolerance.SES_VERSION),
        ({"cert_list": der.sequence(der.ia5_string("1"))}, Tolerance.SES_CERT_LIST_IDENTIFIER),
        ({"cert_list": der.sequence(der.sequence())}, Tolerance.SES_CERT_LIST_BARE),
        ({"created": der.encode(0x18, b"20260101000000Z")}, Tolerance.SES_GENERALIZED_TIME),
        ({"extensions": der.explicit(0, EXTENSIONS)}, Tolerance.SES_EXTENSIONS_TAGGED),
    ],
)
def test_v1_departures(published: SealSignature, fields: dict[str, bytes], tolerance: Tolerance) -> None:
    """Each known departure of v1 makers is read and named."""
    assert read_seal(_v1_seal(published, **fields)).tolerances == (tolerance,)


def test_v1_wrapped_sign_info(published: SealSignature) -> None:
    """SignInfo wrapped in a BIT STRING is read; the signed SEQUENCE is the same."""
    plain = _v1_seal(published)
    wrapped = _replace(plain, [1], der.bit_string(der.parse(plain).children()[1].encoded))
    seal = read_seal(wrapped)
    assert seal.tolerances == (Tolerance.SES_SIGN_INFO_WRAPPED,)
    assert seal.signed_bytes == read_seal(plain).signed_bytes


@pytest.mark.parametrize(
    ("content", "moment", "text", "token", "tolerances"),
    [
        (
            b"2020-01-25T07:31:56.377Z",
            datetime(2020, 1, 25, 7, 31, 56, 377000, tzinfo=UTC),
            "2020-01-25T07:31:56.377Z",
            None,
            (Tolerance.SES_TIME_TEXT, Tolerance.TIME_FRACTION),
        ),
        (
            b"2020-01-25 07:31:56",
            None,
            "2020-01-25 07:31:56",
            None,
            (Tolerance.SES_TIME_TEXT, Tolerance.TIME_WITHOUT_ZONE),
        ),
        (b"\x30\x03\x02\x01\x01", None, "", b"\x30\x03\x02\x01\x01", ()),
        (b"noon", None, "", None, (Tolerance.SES_TIME_UNREADABLE,)),
        (b"", None, "", None, (Tolerance.SES_TIME_UNREADABLE,)),
        (b"2020-13-25 07:31:56", None, "", None, (Tolerance.SES_TIME_UNREADABLE,)),
        (b"\x17\x0d209901080000Z", None, "", None, (Tolerance.SES_TIME_UNREADABLE,)),
    ],
)
def test_v1_time_info(
    published: SealSignature,
    content: bytes,
    moment: datetime | None,
    text: str,
    token: bytes | None,
    tolerances: tuple[Tolerance, ...],
) -> None:
    """TimeInfo of v1 is text, UTCTime or a token; the unreadable leaves a signature without a time."""
    value = read_seal_signature(_v1_signature(published, _v1_seal(published), der.bit_string(content)))
    assert (value.time_info, value.time_text, value.time_stamp, value.tolerances) == (
        moment,
        text,
        token,
        tolerances,
    )


def test_v1_octet_strings(published: SealSignature) -> None:
    """TimeInfo and dataHash of v1 may be OCTET STRINGs."""
    data = _v1_signature(
        published,
        _v1_seal(published),
        der.octet_string(der.encode(0x17, b"260601080000Z")),
        der.octet_string(b"\x01" * 32),
    )
    value = read_seal_signature(data)
    assert value.data_hash == b"\x01" * 32
    assert value.tolerances == (Tolerance.SES_OCTET_STRING,)


def test_v1_seal_in_v4_signature(published: SealSignature) -> None:
    """A v1 seal inside a signature of the v4 shape is malformed, and the other way round."""
    with pytest.raises(MalformedDataError, match="v1 seal"):
        read_seal_signature(_replace(published.encoded, SEAL, _v1_seal(published)))
    time_info = der.bit_string(b"noon")
    with pytest.raises(MalformedDataError):
        read_seal_signature(_v1_signature(published, published.seal.encoded, time_info))
