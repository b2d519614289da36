"""Writing electronic seals and seal signatures of generations v4 (GB/T 38540-2020) and v5 (GM/T 0031-2025).

Each structure is made in two steps, for the signature comes from a key store: ``seal_info`` gives the octets the
maker signs, ``assemble_seal`` puts the signature to them; ``tbs_sign`` and ``assemble_seal_signature`` do the same
for a seal signature. What is signed is embedded as it is, never encoded twice.

The writer is strict DER but for one thing: ``critical`` of an ExtData is always encoded, also when FALSE, where
X.690 11.5 wants it left out. Deployed verifiers drop or refuse an ExtData without it.

The v1 shape (GM/T 0031-2014) is read only.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from formats import der, oids
from formats.errors import MalformedDataError
from formats.gbt38540.fields import LIMITS, MAX_MILLIMETRES
from formats.gbt38540.model import HEADER_ID, CertListType, ExtData, Generation, SealPicture, SealProperty
from formats.signature_value import check_signature_der

_VERSION: Final = {Generation.V4: 4, Generation.V5: 5}
_MAX_INT32: Final = 0x7FFFFFFF


def seal_info(
    generation: Generation,
    seal_id: str,
    vendor_id: str,
    property: SealProperty,  # noqa: A002  the standard's name
    picture: SealPicture,
    extensions: Sequence[ExtData] = (),
) -> bytes:
    """ESealInfo as DER: exactly what the seal maker signs.

    Args:
        generation: v4 or v5.
        seal_id: esID, ASCII, not empty.
        vendor_id: Vid, ASCII, not empty.
        property: Times in UTC, whole seconds; one of the two lists, as ``cert_list_type`` says, not empty.
        picture: Imprint with its size in millimetres.
        extensions: extDatas; left out if there are none.

    Raises:
        ValueError: A value that this structure cannot hold.
    """
    version = _version(generation)
    header = der.sequence(_ia5(HEADER_ID, "ID"), der.integer(version), _ia5(vendor_id, "Vid"))
    parts = [header, _ia5(seal_id, "esID"), _property(property), _picture(picture)]
    if extensions:
        parts.append(_extensions(extensions))
    return der.sequence(*parts)


def assemble_seal(
    generation: Generation,
    info: bytes,
    maker_certificate: bytes,
    signature: bytes,
    time_stamp: bytes | None = None,
) -> bytes:
    """Put SESeal together, as DER.

    Args:
        generation: As given to ``seal_info``.
        info: What ``seal_info`` returned and the maker signed.
        maker_certificate: DER.
        signature: DER SEQUENCE {r, s} over ``info``.
        time_stamp: GB/T 20520 token over ``signature``, v5 only; DER.

    Raises:
        ValueError: A part has another form, or a time stamp is given for v4, which has no place for it.
    """
    version = _version(generation)
    parts = [
        _one(info, "eSealInfo"),
        _certificate(maker_certificate),
        der.oid(oids.SM2_WITH_SM3),
        _signature_value(signature),
    ]
    if time_stamp is not None:
        if version < 5:
            raise ValueError("a v4 seal holds no time stamp")
        parts.append(_time_stamp(time_stamp))
    return der.sequence(*parts)


def tbs_sign(
    generation: Generation,
    seal: bytes,
    at: datetime,
    data_hash: bytes,
    property_info: str,
    extensions: Sequence[ExtData] = (),
) -> bytes:
    """TBS_Sign as DER: exactly what the seal holder signs.

    Args:
        generation: That of ``seal``.
        seal: SESeal, embedded octet for octet.
        at: timeInfo, UTC, whole seconds.
        data_hash: SM3 of the document (in OFD: of Signature.xml as stored), 32 bytes.
        property_info: What was hashed; in OFD the absolute path of Signature.xml, ASCII.
        extensions: extDatas; left out if there are none.

    Raises:
        ValueError: A value that this structure cannot hold.
    """
    if len(data_hash) != 32:
        raise ValueError(f"dataHash of {len(data_hash)} octets, SM3 has 32")
    parts = [
        der.integer(_version(generation)),
        _one(seal, "seal"),
        der.generalized_time(at),
        der.bit_string(data_hash),
        _ia5(property_info, "propertyInfo"),
    ]
    if extensions:
        parts.append(der.explicit(0, _extensions(extensions)))
    return der.sequence(*parts)


def assemble_seal_signature(
    generation: Generation,
    tbs: bytes,
    certificate: bytes,
    signature: bytes,
    time_stamp: bytes | None = None,
) -> bytes:
    """Put SES_Signature together, as DER.

    Args:
        generation: As given to ``tbs_sign``.
        tbs: What ``tbs_sign`` returned and the holder signed.
        certificate: The signer's certificate, DER.
        signature: DER SEQUENCE {r, s} over ``tbs``.
        time_stamp: GB/T 20520 token over ``signature``, DER.

    Raises:
        ValueError: A part has another form.
    """
    _version(generation)
    parts = [
        _one(tbs, "TBS_Sign"),
        _certificate(certificate),
        der.oid(oids.SM2_WITH_SM3),
        _signature_value(signature),
    ]
    if time_stamp is not None:
        parts.append(_time_stamp(time_stamp))
    return der.sequence(*parts)


def _version(generation: Generation) -> int:
    if generation not in _VERSION:
        raise ValueError(f"generation {generation} is read, not written")
    return _VERSION[generation]


def _property(value: SealProperty) -> bytes:
    if value.created is None or value.valid_from is None or value.valid_to is None:
        raise ValueError("createDate, validStart and validEnd must be known")
    if value.valid_from > value.valid_to:
        raise ValueError("validStart is later than validEnd")
    if not value.name:
        raise ValueError("a seal has a name")
    return der.sequence(
        der.integer(_number(value.type, "seal type")),
        der.utf8_string(value.name),
        der.integer(value.cert_list_type),
        _cert_list(value),
        der.generalized_time(value.created),
        der.generalized_time(value.valid_from),
        der.generalized_time(value.valid_to),
    )


def _cert_list(value: SealProperty) -> bytes:
    if value.certificate_identifiers:
        raise ValueError("certificate identifiers belong to v1")
    if value.certificates and value.certificate_digests:
        raise ValueError("certList holds either certificates or digests")
    if value.cert_list_type is CertListType.CERTIFICATES:
        listed = [_certificate(certificate) for certificate in value.certificates]
    else:
        listed = [
            der.sequence(der.printable_string(name), der.octet_string(digest))
            for name, digest in value.certificate_digests
        ]
    if not listed:
        raise ValueError("certList is empty")
    return der.sequence(*listed)


def _picture(value: SealPicture) -> bytes:
    if not value.data:
        raise ValueError("the picture is empty")
    for name, size in (("width", value.width_mm), ("height", value.height_mm)):
        if not 0 < size <= MAX_MILLIMETRES:
            raise ValueError(f"picture {name} of {size} mm")
    return der.sequence(
        _ia5(value.type, "picture type"),
        der.octet_string(value.data),
        der.integer(value.width_mm),
        der.integer(value.height_mm),
    )


def _extensions(extensions: Sequence[ExtData]) -> bytes:
    return der.sequence(
        *[
            der.sequence(der.oid(item.oid), der.boolean(item.critical), der.octet_string(item.value))
            for item in extensions
        ]
    )


def _ia5(text: str, name: str) -> bytes:
    if not text or not text.isascii():
        raise ValueError(f"{name} is not ASCII text")
    return der.ia5_string(text)


def _number(value: int, name: str) -> int:
    if not 0 <= value <= _MAX_INT32:
        raise ValueError(f"{name} {value} is out of range")
    return value


def _one(encoded: bytes, name: str) -> bytes:
    """``encoded`` if it is one DER SEQUENCE."""
    try:
        return der.parse(encoded, what=name, limits=LIMITS).expect(der.SEQUENCE).encoded
    except MalformedDataError as exc:
        raise ValueError(str(exc)) from exc


def _certificate(encoded: bytes) -> bytes:
    return der.octet_string(_one(encoded, "certificate"))


def _time_stamp(token: bytes) -> bytes:
    return der.explicit(0, der.bit_string(_one(token, "time-stamp token")))


def _signature_value(signature: bytes) -> bytes:
    return der.bit_string(check_signature_der(signature))
