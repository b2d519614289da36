"""Signed data of every shape met in OFD files is read and verifies; what is written is standard and sorted."""

import base64
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crypto import DEFAULT_USER_ID, InvalidSignatureError, PrivateKey, sign, signature_to_raw, sm3, verify
from formats import der, oids
from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt20518 import read_certificate
from formats.gbt35275 import (
    Shape,
    SignedData,
    assemble_signed_data,
    issuer_and_serial_number,
    read_signed_data,
    signed_attributes,
    signer_certificate,
)
from formats.gbt38540 import SignedValueKind, read_seal_signature, signed_value_kind
from formats.tolerances import Tolerance

AT = datetime(2026, 6, 1, 8, tzinfo=UTC)
DIGEST = sm3(b"<Signature/>")
KEY = PrivateKey.generate()


@pytest.fixture(scope="module")
def certificates(vectors_dir: Path) -> tuple[bytes, bytes]:
    """Signer's and maker's certificate of the published seal vector; names and numbers are all that counts here."""
    vector = json.loads((vectors_dir / "gbt38540" / "complete_v4.json").read_text("utf-8"))
    value = read_seal_signature(bytes.fromhex("".join(vector["der"])))
    return value.signer_certificate, value.seal.maker_certificate


@pytest.fixture(scope="module")
def shape_a(certificates: tuple[bytes, bytes]) -> bytes:
    signature = sign(KEY, DIGEST, user_id=DEFAULT_USER_ID)
    return assemble_signed_data(content=DIGEST, signature=signature, signer_certificate=certificates[0])


@pytest.fixture(scope="module")
def shape_b(certificates: tuple[bytes, bytes]) -> bytes:
    attributes = signed_attributes(DIGEST, AT)
    return assemble_signed_data(
        attributes=attributes,
        signature=sign(KEY, attributes, user_id=DEFAULT_USER_ID),
        signer_certificate=certificates[0],
        other_certificates=[certificates[1]],
        time_stamp=der.sequence(der.integer(7)),
    )


def _edit(node: bytes, path: list[int], change: Callable[[bytes], bytes]) -> bytes:
    """``node`` with the element at ``path`` changed; lengths follow."""
    if not path:
        return change(node)
    parent = der.parse(node)
    parts = [child.encoded for child in parent.children()]
    parts[path[0]] = _edit(parts[path[0]], path[1:], change)
    return der.encode(parent.tag, b"".join(parts))


# Paths in ContentInfo
BODY = [1, 0]
SIGNER = [*BODY, 4, 0]


def test_shape_a(shape_a: bytes, certificates: tuple[bytes, bytes]) -> None:
    """Shape A attaches the digest, and the digest is what was signed."""
    signed = read_signed_data(shape_a)
    assert (signed.shape, signed.content, signed.content_present) == (Shape.DIGEST, DIGEST, True)
    assert (signed.version, signed.content_type, signed.tolerances) == (1, oids.GBT35275_DATA, ())
    assert signed.digest_algorithms == (signed.signer.digest_algorithm,) == (oids.SM3,)
    assert signed.signer.signature_algorithm == oids.SM2_SIGN
    assert signed.certificates == (certificates[0],)
    assert (signed.signer.issuer, signed.signer.serial_number) == issuer_and_serial_number(certificates[0])
    assert signer_certificate(signed) == certificates[0]
    assert signed.signed_bytes() == signed.signed_bytes(b"other") == (DIGEST,)
    verify(KEY.public_key, DIGEST, signed.signer.signature_der, user_id=DEFAULT_USER_ID)


def test_shape_b(shape_b: bytes, certificates: tuple[bytes, bytes]) -> None:
    """Shape B attaches nothing; its attributes, sorted under the tag of SET, are what was signed."""
    signed = read_signed_data(shape_b)
    signer = signed.signer
    assert (signed.shape, signed.content, signed.content_present) == (Shape.ATTRIBUTES, None, False)
    assert signed.tolerances == ()
    assert (signer.message_digest, signer.signing_time) == (DIGEST, AT)
    assert signer.content_type == oids.GBT35275_DATA
    assert signer.time_stamp == der.sequence(der.integer(7))
    assert signed.certificates == certificates
    assert signer_certificate(signed) == certificates[0]
    (attributes,) = signed.signed_bytes()
    assert attributes == signed_attributes(DIGEST, AT)
    assert attributes[0] == der.SET
    verify(KEY.public_key, attributes, signer.signature_der, user_id=DEFAULT_USER_ID)


def test_identifiers_are_written_without_parameters(shape_b: bytes) -> None:
    """SM3 and SM2 identifiers are a SEQUENCE of the OID alone."""
    for oid in (oids.SM3, oids.SM2_SIGN):
        assert der.sequence(der.oid(oid)) in shape_b
    assert der.null() not in shape_b


def test_shape_c_is_recognised(shape_a: bytes) -> None:
    """A Base64 digest as content is read and named; it is no standard's shape."""
    text = base64.b64encode(DIGEST)
    data = _edit(shape_a, [*BODY, 2, 1, 0], lambda _: der.octet_string(text))
    signed = read_signed_data(data)
    assert (signed.shape, signed.content, signed.tolerances) == (
        Shape.BASE64_DIGEST,
        text,
        (Tolerance.CMS_BASE64_DIGEST,),
    )


def test_whole_file_as_content(shape_a: bytes) -> None:
    """Any other content is kept and of no known shape."""
    data = _edit(shape_a, [*BODY, 2, 1, 0], lambda _: der.octet_string(b"<Signature/>"))
    signed = read_signed_data(data)
    assert (signed.shape, signed.content) == (Shape.OTHER, b"<Signature/>")


def test_detached_content(shape_a: bytes) -> None:
    """Without content and attributes the caller supplies what was signed; without that there is nothing."""
    data = _edit(shape_a, [*BODY, 2], lambda _: der.sequence(der.oid(oids.GBT35275_DATA)))
    signed = read_signed_data(data)
    assert signed.signed_bytes() == ()
    assert signed.signed_bytes(DIGEST) == (DIGEST,)
    assert signed.shape is Shape.OTHER


def test_foreign_identifiers(shape_b: bytes) -> None:
    """PKCS#7 content types, NULL parameters and 501 are read; what departs is named."""
    with_null = der.sequence(der.oid(oids.SM3), der.null())
    data = _edit(shape_b, [0], lambda _: der.oid(oids.PKCS7_SIGNED_DATA))
    data = _edit(data, [*BODY, 2, 0], lambda _: der.oid(oids.PKCS7_DATA))
    data = _edit(data, [*SIGNER, 2], lambda _: with_null)
    data = _edit(data, [*SIGNER, 4], lambda _: der.sequence(der.oid(oids.SM2_WITH_SM3), der.null()))
    signed = read_signed_data(data)
    assert signed.signer.signature_algorithm == oids.SM2_WITH_SM3
    assert signed.content_type == oids.PKCS7_DATA
    assert signed.tolerances == (
        Tolerance.CMS_MIXED_CONTENT_TYPES,
        Tolerance.CMS_PKCS7_OID,
        Tolerance.CMS_SIGNATURE_ALGORITHM,
    )
    data = _edit(data, [*SIGNER, 4], lambda _: der.sequence(der.oid(oids.SM2_WITH_SM3_MISPRINT)))
    assert Tolerance.ALGORITHM_MISPRINT in read_signed_data(data).tolerances


def test_raw_signature(shape_a: bytes) -> None:
    """64 octets r and s as encryptedDigest are named and given as DER too."""
    before = read_signed_data(shape_a).signer.signature
    raw = signature_to_raw(before)
    signed = read_signed_data(_edit(shape_a, [*SIGNER, 4], lambda _: der.octet_string(raw)))
    assert (signed.signer.signature, signed.signer.signature_der) == (raw, before)
    assert signed.tolerances == (Tolerance.SIGNATURE_RAW,)


def test_unsorted_attributes(shape_b: bytes) -> None:
    """Attributes out of order give two readings of what was signed: as received, then sorted."""
    data = _edit(
        shape_b,
        [*SIGNER, 3],
        lambda node: der.encode(0xA0, b"".join(child.encoded for child in reversed(der.parse(node).children()))),
    )
    signed = read_signed_data(data)
    assert signed.tolerances == (Tolerance.DER_UNSORTED_SET,)
    received, in_order = signed.signed_bytes()
    assert received == signed.signer.signed_attributes != in_order
    assert in_order == signed_attributes(DIGEST, AT)


def _indefinite(node: bytes, kept: bytes) -> bytes:
    """``node`` with every constructed value but ``kept`` in indefinite form, its 32-octet string in segments."""
    value = der.parse(node)
    if value.tag == der.OCTET_STRING and len(value.content) == 32:
        parts = [der.octet_string(value.content[:10]), der.octet_string(value.content[10:])]
        return b"\x24\x80" + b"".join(parts) + b"\x00\x00"
    if node == kept or not value.tag & 0x20:
        return node
    inner = b"".join(_indefinite(child.encoded, kept) for child in value.children())
    return bytes([value.tag]) + b"\x80" + inner + b"\x00\x00"


def test_indefinite_lengths(shape_a: bytes, certificates: tuple[bytes, bytes]) -> None:
    """Signed data in BER reads as its DER twin, named; certificates keep their octets."""
    twin = read_signed_data(shape_a)
    streamed = _indefinite(shape_a, certificates[0])
    assert signed_value_kind(streamed) is SignedValueKind.SIGNED_DATA
    signed = read_signed_data(streamed)
    assert signed.tolerances == (Tolerance.BER_CONSTRUCTED_STRING, Tolerance.BER_INDEFINITE_LENGTH)
    assert (signed.content, signed.certificates, signed.signer) == (twin.content, twin.certificates, twin.signer)
    assert signed.encoded == streamed


def test_other_version(shape_a: bytes) -> None:
    """Version 3, as in time-stamp tokens, is read and named."""
    signed = read_signed_data(_edit(shape_a, [*BODY, 0], lambda _: der.integer(3)))
    assert (signed.version, signed.tolerances) == (3, (Tolerance.CMS_VERSION,))


def _twice(node: bytes) -> bytes:
    value = der.parse(node)
    return der.encode(value.tag, value.content * 2)


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ([0], lambda _: der.oid(oids.GBT35275_DATA)),
        ([*BODY, 4], _twice),
        ([*BODY, 4], lambda _: der.set_of([])),
        ([*SIGNER, 3], _twice),
        ([*SIGNER, 3], lambda _: b"\xa0\x00"),
        ([*SIGNER, 3, 0, 1], lambda _: der.set_of([der.null(), der.integer(1)])),
        ([*SIGNER, 1], lambda _: der.octet_string(b"key identifier")),
        ([*SIGNER, 5], lambda _: der.bit_string(b"x")),
        ([*BODY, 3, 0], lambda _: der.integer(1)),
        ([*BODY, 3], lambda _: der.encode(0xA2, b"")),
    ],
)
def test_refused(shape_b: bytes, path: list[int], change: Callable[[bytes], bytes]) -> None:
    """Two signers or none, repeated attributes and other forms are malformed."""
    with pytest.raises(MalformedDataError):
        read_signed_data(_edit(shape_b, path, change))


def test_too_many_certificates(shape_a: bytes) -> None:
    """The number of certificates is bounded."""
    with pytest.raises(LimitExceededError):
        read_signed_data(_edit(shape_a, [*BODY, 3], lambda node: der.encode(0xA0, der.parse(node).content * 65)))


def test_hostile_octets(shape_b: bytes) -> None:
    """Every truncation is refused; every flipped bit is seen or refused."""
    whole = read_signed_data(shape_b)
    for end in range(len(shape_b)):
        with pytest.raises(MalformedDataError):
            read_signed_data(shape_b[:end])
    for position in range(len(shape_b)):
        flipped = bytearray(shape_b)
        flipped[position] ^= 1 << position % 8
        try:
            assert read_signed_data(bytes(flipped)) != whole
        except MalformedDataError:
            continue


def test_signer_certificate(shape_b: bytes, certificates: tuple[bytes, bytes]) -> None:
    """The signer's certificate is found by issuer and serial number; an unreadable neighbour does not matter."""

    def only(*items: bytes) -> SignedData:
        return read_signed_data(_edit(shape_b, [*BODY, 3], lambda _: der.encode(0xA0, b"".join(items))))

    assert signer_certificate(only(certificates[1])) is None
    assert signer_certificate(only(der.sequence(), certificates[0])) == certificates[0]
    issuer = read_signed_data(shape_b).signer.issuer
    other_type = issuer.replace(b"\x0c\x06signer", b"\x13\x06signer")
    assert other_type != issuer
    renamed = read_signed_data(_edit(shape_b, [*SIGNER, 1, 0], lambda _: other_type))
    assert signer_certificate(renamed) == certificates[0]
    unreadable = read_signed_data(_edit(shape_b, [*SIGNER, 1, 0], lambda _: der.sequence(der.null())))
    assert signer_certificate(unreadable) is None


def test_what_cannot_be_written(certificates: tuple[bytes, bytes]) -> None:
    """Signed data without anything signed, or with parts of another form, is refused."""
    signature = der.sequence(der.integer(1), der.integer(1))
    for change in (
        {},
        {"content": DIGEST, "signature": bytes(64)},
        {"content": DIGEST, "signer_certificate": b"\x30\x00"},
        {"content": DIGEST, "signer_certificate": b"no certificate"},
        {"content": DIGEST, "time_stamp": b"no token"},
        {"attributes": der.sequence()},
    ):
        arguments: dict[str, Any] = {"signature": signature, "signer_certificate": certificates[0]} | change
        with pytest.raises(ValueError):
            assemble_signed_data(**arguments)
    with pytest.raises(ValueError, match="messageDigest"):
        signed_attributes(bytes(20), AT)


def _holds(signed: SignedData) -> bool:
    certificate = signer_certificate(signed)
    assert certificate is not None
    key = read_certificate(certificate).public_key
    assert key is not None
    for message in signed.signed_bytes():
        try:
            verify(key, message, signed.signer.signature_der, user_id=DEFAULT_USER_ID)
        except InvalidSignatureError:
            continue
        return True
    return False


def test_signed_data_of_others(samples_dir: Path) -> None:
    """All signed data in real files is of its recorded shape, holds, and digests the file it signs."""
    shapes = []
    for path in sorted((samples_dir / "ofd" / "signed").glob("*.ofd")):
        with zipfile.ZipFile(path) as package:
            for name in sorted(package.namelist()):
                if not name.lower().endswith("signedvalue.dat"):
                    continue
                data = package.read(name)
                if signed_value_kind(data) is not SignedValueKind.SIGNED_DATA:
                    continue
                signed = read_signed_data(data)
                document = name.replace("SignedValue.dat", "Signature.xml").replace(
                    "signedvalue.dat", "OFDEntries.xml"
                )
                assert _holds(signed), (path.name, name)
                assert sm3(package.read(document)) == (signed.signer.message_digest or signed.content)
                shapes.append((path.name, signed.shape.value))
    assert shapes == [
        ("gbt35275-integrity-entries.ofd", "A"),
        *[("gbt35275-two-signatures-a.ofd", "B")] * 2,
        *[("gbt35275-two-signatures-b.ofd", "B")] * 2,
        ("v4-raw64-and-gbt35275-edited.ofd", "A"),
    ]
