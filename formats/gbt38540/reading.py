"""Reading electronic seals and electronic seal signatures of every generation.

Which generation it is: a seal of two elements and a signature of two elements are v1 (GM/T 0031-2014). A seal of
four has the generation its header names, 5 or else 4; a fifth element is the time stamp of v5, with header version
4 it is tolerated and read as v4. A signature of four or five elements has the generation of the seal inside.
"""

from collections.abc import Callable
from typing import Final

from formats import der
from formats.der import Node
from formats.gbt38540 import fields, reading_v1
from formats.gbt38540.model import CertListType, ExtData, Generation, Seal, SealProperty, SealSignature
from formats.tolerances import Tolerance, collect

_VERSION_5: Final = 5

SealReader = Callable[[bytes, int, int, Callable[[], Seal]], Seal]
"""Gives the seal that octets ``start`` to ``end`` of the data encode, by decoding it or from memory."""


def _decode_each(data: bytes, start: int, end: int, decode: Callable[[], Seal]) -> Seal:  # noqa: ARG001
    return decode()


def read_seal(data: bytes) -> Seal:
    """Decode SESeal (Seal.esl).

    Args:
        data: DER, at most 16 MiB.

    Raises:
        MalformedDataError: Not a seal of any generation.
        LimitExceededError: Too large or too many elements.
    """
    return _seal(der.parse(data, what="seal", limits=fields.LIMITS))


def read_seal_signature(data: bytes, *, seal_reader: SealReader = _decode_each) -> SealSignature:
    """Decode SES_Signature (SignedValue.dat of a signature of type Seal).

    Args:
        data: DER, at most 16 MiB.
        seal_reader: Asked for the seal inside, but for one of v1; may know it from another document.

    Raises:
        MalformedDataError: Not a seal signature of any generation.
        LimitExceededError: Too large or too many elements.
    """
    node = der.parse(data, what="seal signature", limits=fields.LIMITS)
    parts = fields.between(node, 2, 5)
    if len(parts) == 2:
        return reading_v1.read_signature(node, parts)
    if len(parts) == 3:
        raise node.error("3 elements; a seal signature has 2 (v1), 4 or 5")
    return _signature(node, parts, seal_reader)


def _seal(node: Node) -> Seal:
    parts = fields.between(node, 2, 5)
    if len(parts) == 2:
        return reading_v1.read_seal(node, parts)
    if len(parts) == 3:
        raise node.error("3 elements; a seal has 2 (v1), 4 or 5")
    return _seal_v4(node, parts)


def _seal_v4(node: Node, parts: list[Node]) -> Seal:
    found: list[Tolerance] = []
    info = parts[0]
    header, seal_id, properties, picture, *extensions = fields.between(info, 4, 5)
    version, vendor_id = fields.read_header(header, found)
    if version not in (4, 5):
        found.append(Tolerance.SES_VERSION)
    generation = Generation.V5 if version == _VERSION_5 else Generation.V4
    algorithm = fields.read_algorithm(parts[2], found)
    time_stamp = None
    if len(parts) == 5:
        time_stamp = parts[4].explicit(0).bits()
        if generation is Generation.V4:
            found.append(Tolerance.SES_TIME_STAMP_IN_V4)
    return Seal(
        generation=generation,
        encoded=node.encoded,
        info_encoded=(signed := info.encoded),
        signed_bytes=signed,
        seal_id=fields.ia5_text(seal_id, found),
        version=version,
        vendor_id=vendor_id,
        property=_property(properties, found),
        picture=fields.read_picture(picture, found),
        extensions=fields.read_seal_extensions(extensions[0], found) if extensions else (),
        maker_certificate=fields.read_certificate_octets(parts[1]),
        signature_algorithm=algorithm,
        signature=fields.read_signature_value(parts[3], algorithm, found),
        time_stamp=time_stamp,
        tolerances=collect(found) if found else (),
    )


def _property(node: Node, found: list[Tolerance]) -> SealProperty:
    kind, name, list_type, cert_list, created, valid_from, valid_to = fields.exactly(node, 7)
    which = list_type.integer(found, max_octets=4)
    if which not in (CertListType.CERTIFICATES, CertListType.DIGESTS):
        raise list_type.error(f"certListType {which}")
    entries = cert_list.expect(der.SEQUENCE).children()
    certificates: tuple[bytes, ...] = ()
    digests: tuple[tuple[str, bytes], ...] = ()
    if which == CertListType.CERTIFICATES:
        certificates = tuple([fields.read_certificate_octets(entry) for entry in entries])
    else:
        digests = tuple([_certificate_digest(entry) for entry in entries])
    expected = der.GENERALIZED_TIME
    return SealProperty(
        type=kind.integer(found, max_octets=8),
        name=name.string(der.UTF8_STRING),
        cert_list_type=CertListType(which),
        certificates=certificates,
        certificate_digests=digests,
        created=fields.read_seal_time(created, found, expected=expected)[0],
        valid_from=fields.read_seal_time(valid_from, found, expected=expected)[0],
        valid_to=fields.read_seal_time(valid_to, found, expected=expected)[0],
    )


def _certificate_digest(node: Node) -> tuple[str, bytes]:
    kind, value = fields.exactly(node, 2)
    return kind.string(der.PRINTABLE_STRING), value.octets()


def _signature(node: Node, parts: list[Node], seal_reader: SealReader) -> SealSignature:
    found: list[Tolerance] = []
    to_sign, certificate, algorithm_node, signature, *time_stamp = parts
    version, seal_node, time_node, data_hash, property_info, *extensions = fields.between(to_sign, 5, 6)
    seal = seal_reader(seal_node.buffer, seal_node.offset, seal_node.end, lambda: _seal(seal_node))
    if seal.generation is Generation.V1:
        raise seal_node.error("a v1 seal inside a signature of generation v4 or v5")
    moment, text = fields.read_seal_time(time_node, found, expected=der.GENERALIZED_TIME)
    algorithm = fields.read_algorithm(algorithm_node, found)
    return SealSignature(
        generation=seal.generation,
        encoded=node.encoded,
        to_sign=to_sign.encoded,
        version=version.integer(found, max_octets=4),
        seal=seal,
        time_info=moment,
        time_text=text,
        data_hash=data_hash.bits(),
        property_info=fields.ia5_text(property_info, found),
        extensions=_signature_extensions(extensions[0], found) if extensions else (),
        signer_certificate=fields.read_certificate_octets(certificate),
        signature_algorithm=algorithm,
        signature=fields.read_signature_value(signature, algorithm, found),
        time_stamp=time_stamp[0].explicit(0).bits() if time_stamp else None,
        tolerances=collect(found, seal.tolerances) if found or seal.tolerances else (),
    )


def _signature_extensions(node: Node, found: list[Tolerance]) -> tuple[ExtData, ...]:
    """Read extDatas of TBS_Sign: in [0], untagged is tolerated."""
    if node.tag == der.SEQUENCE:
        found.append(Tolerance.SES_EXTENSIONS_UNTAGGED)
        return fields.read_extensions(node, found)
    return fields.read_extensions(node.explicit(0), found)
