"""What is written has the octets others wrote, reads back as given, and cannot be malformed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from crypto import DEFAULT_USER_ID, PrivateKey, sign, verify
from formats import der
from formats.gbt38540 import (
    CertListType,
    ExtData,
    Generation,
    Seal,
    SealSignature,
    assemble_seal,
    assemble_seal_signature,
    read_seal,
    read_seal_signature,
    seal_info,
    tbs_sign,
)
from formats.tolerances import Tolerance

AT = datetime(2026, 6, 1, 8, tzinfo=UTC)
TOKEN = der.sequence(der.integer(1))
EXTENSIONS = (ExtData("1.2.3.4", True, b"x"), ExtData("1.2.3.5", False, b""))


def _rebuild_seal(seal: Seal) -> bytes:
    info = seal_info(seal.generation, seal.seal_id, seal.vendor_id, seal.property, seal.picture, seal.extensions)
    return assemble_seal(seal.generation, info, seal.maker_certificate, seal.signature, seal.time_stamp)


def _rebuild(value: SealSignature) -> bytes:
    assert value.time_info is not None
    tbs = tbs_sign(
        value.generation,
        _rebuild_seal(value.seal),
        value.time_info,
        value.data_hash,
        value.property_info,
        value.extensions,
    )
    return assemble_seal_signature(
        value.generation, tbs, value.signer_certificate, value.signature, value.time_stamp
    )


def test_published_vector_is_rebuilt(published: SealSignature) -> None:
    """From its parts the published vector is written octet for octet."""
    assert _rebuild(published) == published.encoded


def test_seals_of_others_are_rebuilt(samples_dir: Path) -> None:
    """The v4 and v5 seals and signatures of ofdrw are written octet for octet from their parts."""
    for name in ("UserV4.esl", "UserV5.esl"):
        data = (samples_dir / "seals" / name).read_bytes()
        assert _rebuild_seal(read_seal(data)) == data
    for name in ("SignedValueV4.dat", "SignedValueV5.dat"):
        data = (samples_dir / "seals" / name).read_bytes()
        assert _rebuild(read_seal_signature(data)) == data


@pytest.mark.parametrize("generation", [Generation.V4, Generation.V5])
def test_written_reads_back(published: SealSignature, generation: Generation) -> None:
    """A seal and a signature made with fresh keys read back with every value and hold."""
    maker, holder = PrivateKey.generate(), PrivateKey.generate()
    base = published.seal
    info = seal_info(generation, "11000000000002", "XINYIN", base.property, base.picture, EXTENSIONS)
    made = sign(maker, info, user_id=DEFAULT_USER_ID)
    stamp = TOKEN if generation is Generation.V5 else None
    seal = read_seal(assemble_seal(generation, info, base.maker_certificate, made, stamp))
    assert (seal.generation, seal.version) == (generation, int(generation[1:]))
    assert (seal.seal_id, seal.vendor_id, seal.extensions) == ("11000000000002", "XINYIN", EXTENSIONS)
    assert (seal.property, seal.picture, seal.time_stamp) == (base.property, base.picture, stamp)
    verify(maker.public_key, seal.signed_bytes, seal.signature_der, user_id=DEFAULT_USER_ID)

    tbs = tbs_sign(generation, seal.encoded, AT, bytes(range(32)), "/Doc_0/Signature.xml", EXTENSIONS)
    signature = sign(holder, tbs, user_id=DEFAULT_USER_ID)
    value = read_seal_signature(
        assemble_seal_signature(generation, tbs, published.signer_certificate, signature, TOKEN)
    )
    assert value.seal.encoded == seal.encoded
    assert (value.generation, value.version, value.time_info) == (generation, int(generation[1:]), AT)
    assert (value.data_hash, value.property_info) == (bytes(range(32)), "/Doc_0/Signature.xml")
    assert (value.extensions, value.time_stamp) == (EXTENSIONS, TOKEN)
    verify(holder.public_key, value.to_sign, value.signature_der, user_id=DEFAULT_USER_ID)


def test_critical_is_always_encoded(published: SealSignature) -> None:
    """FALSE is written too, against X.690 11.5: deployed verifiers drop an ExtData without it."""
    seal = published.seal
    info = seal_info(Generation.V4, "1", "V", seal.property, seal.picture, [ExtData("1.2.3.4", False, b"x")])
    assert info.endswith(bytes.fromhex("300d 300b 06032a0304 010100 040178"))
    read_back = read_seal(assemble_seal(Generation.V4, info, seal.maker_certificate, seal.signature))
    assert read_back.tolerances == (Tolerance.DER_ENCODED_DEFAULT,)


def test_digest_list_is_written(published: SealSignature) -> None:
    """A seal may list digests of certificates."""
    digests = (("SM3", bytes(32)), ("1.2.156.10197.1.401", bytes(range(32))))
    property_ = replace(
        published.seal.property, cert_list_type=CertListType.DIGESTS, certificates=(), certificate_digests=digests
    )
    info = seal_info(Generation.V4, "1", "V", property_, published.seal.picture)
    seal = read_seal(
        assemble_seal(Generation.V4, info, published.seal.maker_certificate, published.seal.signature)
    )
    assert seal.property == property_


@pytest.mark.parametrize(
    "change",
    [
        {"created": None},
        {"valid_to": None},
        {"valid_from": datetime(2036, 1, 1, tzinfo=UTC)},
        {"created": datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)},
        {"created": datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=8)))},
        {"name": ""},
        {"type": -1},
        {"certificates": ()},
        {"certificates": (b"no certificate",)},
        {"certificate_digests": (("SM3", bytes(32)),)},
        {"cert_list_type": CertListType.DIGESTS},
        {"certificate_identifiers": ("1",)},
    ],
)
def test_property_that_cannot_be_written(published: SealSignature, change: dict[str, object]) -> None:
    """A property the standard does not allow is refused, not written."""
    property_ = replace(published.seal.property, **change)  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        seal_info(Generation.V4, "1", "V", property_, published.seal.picture)


def test_parts_that_cannot_be_written(published: SealSignature) -> None:
    """Parts of another form are refused."""
    seal = published.seal
    with pytest.raises(ValueError, match="read, not written"):
        seal_info(Generation.V1, "1", "V", seal.property, seal.picture)
    for seal_id, vendor in (("", "V"), ("1", ""), ("一", "V")):
        with pytest.raises(ValueError):
            seal_info(Generation.V4, seal_id, vendor, seal.property, seal.picture)
    for picture in (replace(seal.picture, width_mm=0), replace(seal.picture, data=b"")):
        with pytest.raises(ValueError):
            seal_info(Generation.V4, "1", "V", seal.property, picture)
    with pytest.raises(ValueError, match="no time stamp"):
        assemble_seal(Generation.V4, seal.info_encoded, seal.maker_certificate, seal.signature, TOKEN)
    for signature in (b"", bytes(64), der.sequence(der.integer(0), der.integer(1)), der.sequence(der.integer(1))):
        with pytest.raises(ValueError):
            assemble_seal(Generation.V4, seal.info_encoded, seal.maker_certificate, signature)
    with pytest.raises(ValueError, match="dataHash"):
        tbs_sign(Generation.V4, seal.encoded, AT, bytes(31), "/S.xml")
    with pytest.raises(ValueError, match="propertyInfo"):
        tbs_sign(Generation.V4, seal.encoded, AT, bytes(32), "/文档/S.xml")
    with pytest.raises(ValueError):
        tbs_sign(Generation.V4, seal.encoded[:-1], AT, bytes(32), "/S.xml")
