"""The published v4 vector and real seals are read exactly; hostile octets give MalformedDataError only."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crypto import DEFAULT_USER_ID, InvalidSignatureError, sm3, verify
from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt20518 import read_certificate
from formats.gbt38540 import (
    CertListType,
    Generation,
    Seal,
    SealSignature,
    SignedValueKind,
    read_seal,
    read_seal_signature,
    signed_value_kind,
)
from formats.tolerances import Tolerance


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _holds(certificate: bytes, message: bytes, signature: bytes) -> bool:
    key = read_certificate(certificate).public_key
    assert key is not None
    try:
        verify(key, message, signature, user_id=DEFAULT_USER_ID)
    except InvalidSignatureError:
        return False
    return True


def _maker_signed(seal: Seal) -> bool:
    return _holds(seal.maker_certificate, seal.signed_bytes, seal.signature_der)


def _holder_signed(value: SealSignature) -> bool:
    return _holds(value.signer_certificate, value.to_sign, value.signature_der)


def test_published_vector_offsets(vector: dict[str, Any], published: SealSignature) -> None:
    """Every slice stands where the published offsets say, and the file is the published one."""
    data = vector["der"]
    assert len(data) == vector["size"]
    assert sm3(data).hex() == vector["sm3"]
    start, end = vector["slices"]["to_sign"]
    assert published.to_sign == data[start:end]
    start, end = vector["slices"]["seal"]
    assert published.seal.encoded == data[start:end]
    start, end = vector["slices"]["seal_info"]
    assert published.seal.info_encoded == published.seal.signed_bytes == data[start:end]
    at = vector["value_offsets"]
    assert data[at["seal_signature_bit_string"] :][3 : 3 + 70] == published.seal.signature
    assert data[at["data_hash_bit_string"] :][3 : 3 + 32] == published.data_hash
    assert data[at["signature_bit_string"] :][3:] == published.signature


def test_published_vector_values(vector: dict[str, Any], published: SealSignature) -> None:
    """Every field of the published vector has its published value and nothing needed a tolerance."""
    expected, seal = vector["expected"], published.seal
    assert published.generation is seal.generation is Generation(expected["generation"])
    assert published.version == seal.version == expected["version"]
    assert (seal.vendor_id, seal.seal_id) == (expected["vendor_id"], expected["seal_id"])
    assert (seal.property.type, seal.property.name) == (expected["seal_type"], expected["name"])
    assert seal.property.cert_list_type is CertListType.CERTIFICATES
    assert seal.property.certificates == (published.signer_certificate,)
    assert seal.property.created == _moment(expected["created"])
    assert seal.property.valid_from == _moment(expected["valid_from"])
    assert seal.property.valid_to == _moment(expected["valid_to"])
    assert seal.picture.type == expected["picture_type"]
    assert (seal.picture.width_mm, seal.picture.height_mm) == (expected["width_mm"], expected["height_mm"])
    assert published.time_info == _moment(expected["time_info"])
    assert published.time_text == "20260601080000Z"
    assert published.property_info == expected["property_info"]
    assert published.tolerances == seal.tolerances == ()
    assert published.time_stamp is seal.time_stamp is None


def test_published_vector_signatures(vector: dict[str, Any], published: SealSignature) -> None:
    """Both signatures of the vector hold, and its dataHash is SM3 of the document without Z."""
    assert _maker_signed(published.seal)
    assert _holder_signed(published)
    assert published.data_hash == sm3(bytes.fromhex(vector["expected"]["document"]))


def test_seal_signature_is_not_over_certificate(published: SealSignature) -> None:
    """A v4 maker signs eSealInfo alone; the three-element form of v1 does not verify."""
    seal = published.seal
    three = seal.encoded[4 + len(seal.info_encoded) :]
    assert not _holds(seal.maker_certificate, seal.info_encoded + three, seal.signature_der)


def _signature_values(path: Path) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as package:
        names = [name for name in package.namelist() if name.lower().endswith("signedvalue.dat")]
        return [(name, package.read(name)) for name in sorted(names)]


def test_seals_of_others(samples_dir: Path) -> None:
    """Seals made by ofdrw are read as their generation and their maker's signature holds as recorded."""
    expected = json.loads((samples_dir / "expected.json").read_text("utf-8"))
    for path in sorted((samples_dir / "seals").glob("*.esl")):
        (wanted,) = expected[f"seals/{path.name}"]
        seal = read_seal(path.read_bytes())
        assert seal.generation == wanted["generation"], path.name
        assert _maker_signed(seal) is wanted["seal"], path.name
        assert seal.encoded == path.read_bytes()
        assert (seal.time_stamp is not None) is ("_ts" in path.name)


def test_signatures_of_others(samples_dir: Path) -> None:
    """Every seal signature in real files has the recorded generation, signature, seal and dataHash results."""
    expected = json.loads((samples_dir / "expected.json").read_text("utf-8"))
    seen = 0
    for path in sorted((samples_dir / "ofd" / "signed").glob("*.ofd")):
        wanted = expected[f"ofd/signed/{path.name}"]
        values = _signature_values(path)
        assert len(values) == len(wanted)
        for (name, data), facts in zip(values, wanted, strict=True):
            if facts["generation"] not in set(Generation):
                assert signed_value_kind(data) is not SignedValueKind.SEAL_SIGNATURE
                continue
            assert signed_value_kind(data) is SignedValueKind.SEAL_SIGNATURE
            value = read_seal_signature(data)
            assert value.generation == facts["generation"], (path.name, name)
            assert _holder_signed(value) is facts["signature"], (path.name, name)
            assert _maker_signed(value.seal) is facts["seal"], (path.name, name)
            with zipfile.ZipFile(path) as package:
                document = package.read(value.property_info.lstrip("/"))
            assert (sm3(document) == value.data_hash) is facts["data_hash"], (path.name, name)
            seen += 1
    assert seen == 10


def test_tolerances_of_real_files(samples_dir: Path) -> None:
    """What real makers do against the standard is named, not hidden."""
    signed = samples_dir / "ofd" / "signed"

    def tolerances(name: str) -> tuple[Tolerance, ...]:
        return read_seal_signature(_signature_values(signed / name)[0][1]).tolerances

    assert tolerances("v4-raw64-and-gbt35275-edited.ofd") == (Tolerance.SIGNATURE_RAW,)
    assert tolerances("v4-invoice-a.ofd") == (Tolerance.DER_ENCODED_DEFAULT,)
    assert tolerances("v1-nonconformant.ofd") == (
        Tolerance.SES_CERT_LIST_IDENTIFIER,
        Tolerance.SES_TIME_TEXT,
        Tolerance.TIME_FRACTION,
    )
    value = read_seal_signature(_signature_values(signed / "v1-nonconformant.ofd")[0][1])
    assert value.time_info == datetime(2020, 1, 25, 7, 31, 56, 377000, tzinfo=UTC)
    assert value.seal.property.certificate_identifiers == ("1",)
    assert value.seal.property.certificates == ()


def test_signature_values_of_ofdrw(samples_dir: Path) -> None:
    """The v4 and v5 signature values of ofdrw's unit tests verify."""
    for name, generation in (("SignedValueV4.dat", Generation.V4), ("SignedValueV5.dat", Generation.V5)):
        value = read_seal_signature((samples_dir / "seals" / name).read_bytes())
        assert value.generation is generation
        assert value.version == value.seal.version == int(generation[1:])
        assert _holder_signed(value)
        assert _maker_signed(value.seal)


# ------------------------------------------------------------------ hostile octets


def test_every_truncation_is_refused(vector: dict[str, Any]) -> None:
    """A seal signature cut at any octet is malformed."""
    data = vector["der"]
    for end in range(len(data)):
        with pytest.raises(MalformedDataError):
            read_seal_signature(data[:end])


def test_every_flipped_bit_is_read_or_refused(vector: dict[str, Any], published: SealSignature) -> None:
    """A flipped bit gives MalformedDataError or other contents; it never passes unseen."""
    data = vector["der"]
    refused = 0
    for position in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            try:
                assert read_seal_signature(bytes(flipped)) != published
            except MalformedDataError:
                refused += 1
    assert refused > 500


def test_following_octets_are_refused(vector: dict[str, Any]) -> None:
    """Octets behind the signature are not silently dropped."""
    with pytest.raises(MalformedDataError, match="follow the value"):
        read_seal_signature(vector["der"] + b"\x00")


@pytest.mark.parametrize("read", [read_seal, read_seal_signature])
@pytest.mark.parametrize(
    "data",
    [b"", b"\x30", b"\x30\x00", b"\x30\x80\x00\x00", b"\x05\x00", b"\x30\x84\xff\xff\xff\xff", b"\x30\x03" * 60],
)
def test_rubbish_is_refused(read: Any, data: bytes) -> None:
    """Nothing that is no seal leads to another error."""
    with pytest.raises(MalformedDataError):
        read(data)


def test_huge_and_deep_are_refused() -> None:
    """Size, nesting and number of elements are bounded."""
    with pytest.raises(LimitExceededError):
        read_seal(bytes(17 * 1024 * 1024))
    deep = b""
    for _ in range(2000):
        deep = b"\x30" + (bytes([len(deep)]) if len(deep) < 128 else b"\x83" + len(deep).to_bytes(3, "big")) + deep
    with pytest.raises(MalformedDataError):
        read_seal(deep)
    many = b"\x05\x00" * 5000
    with pytest.raises(LimitExceededError):
        read_seal(b"\x30\x82" + len(many).to_bytes(2, "big") + many)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x30\x06\x02\x01\x01\x02\x01\x01", SignedValueKind.BARE_SIGNATURE),
        (b"\x30\x80\x06\x01\x2a\x00\x00", SignedValueKind.SIGNED_DATA),
        (b"\x30\x82\x00\x05\x30\x00", SignedValueKind.SEAL_SIGNATURE),
    ],
)
def test_kind_of_signature_value(data: bytes, kind: SignedValueKind) -> None:
    """The first element tells what a signature value is, also behind an indefinite length."""
    assert signed_value_kind(data) is kind


@pytest.mark.parametrize(
    "data", [b"", b"\x30\x82\x01", b"\x30\x02\x05\x00", b"\x31\x03\x02\x01\x01", b"\x30\xfe\x02\x01"]
)
def test_kind_of_rubbish(data: bytes) -> None:
    """What begins like none of the three is malformed."""
    with pytest.raises(MalformedDataError):
        signed_value_kind(data)
