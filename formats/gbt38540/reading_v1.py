"""Reading generation v1, GM/T 0031-2014, with what its makers made of it.

The standard prints a ``certID`` it never uses, leaves a tag number out and lets timeInfo be "time stamp or
UTCTIME" inside a BIT STRING; makers diverge accordingly. Every departure is named.
"""

from datetime import datetime
from typing import Final

from formats import der
from formats.der import Node
from formats.errors import MalformedDataError
from formats.gbt38540 import fields
from formats.gbt38540.model import CertListType, Generation, Seal, SealProperty, SealSignature
from formats.times import read_time_text
from formats.tolerances import Tolerance, collect

_VERSIONS: Final = frozenset({1, 2, 3, 11})


def read_seal(node: Node, parts: list[Node]) -> Seal:
    """SESeal of two elements; ``parts`` are they."""
    found: list[Tolerance] = []
    info = parts[0]
    certificate, algorithm_node, signature = fields.exactly(_sign_info(parts[1], found), 3)
    header, seal_id, properties, picture, *extensions = fields.between(info, 4, 5)
    version, vendor_id = fields.read_header(header, found)
    if version not in _VERSIONS:
        found.append(Tolerance.SES_VERSION)
    algorithm = fields.read_algorithm(algorithm_node, found)
    info_encoded = info.encoded
    return Seal(
        generation=Generation.V1,
        encoded=node.encoded,
        info_encoded=info_encoded,
        # GM/T 0031-2014: the maker signs a SEQUENCE of the three as they stand.
        signed_bytes=der.sequence(info_encoded, certificate.encoded, algorithm_node.encoded),
        seal_id=fields.ia5_text(seal_id, found),
        version=version,
        vendor_id=vendor_id,
        property=_property(properties, found),
        picture=fields.read_picture(picture, found),
        extensions=fields.read_seal_extensions(extensions[0], found) if extensions else (),
        maker_certificate=fields.read_certificate_octets(certificate),
        signature_algorithm=algorithm,
        signature=fields.read_signature_value(signature, algorithm, found),
        time_stamp=None,
        tolerances=collect(found),
    )


def _sign_info(node: Node, found: list[Tolerance]) -> Node:
    if node.tag != der.BIT_STRING:
        return node
    found.append(Tolerance.SES_SIGN_INFO_WRAPPED)
    return der.parse(node.bits(), what=f"signInfo of the {node.what}", limits=node.limits)


def _property(node: Node, found: list[Tolerance]) -> SealProperty:
    kind, name, cert_list, created, valid_from, valid_to = fields.exactly(node, 6)
    certificates: list[bytes] = []
    identifiers: list[str] = []
    for entry in cert_list.expect(der.SEQUENCE):
        if entry.tag == der.IA5_STRING:
            found.append(Tolerance.SES_CERT_LIST_IDENTIFIER)
            identifiers.append(fields.ia5_text(entry, found))
        elif entry.tag == der.SEQUENCE:
            found.append(Tolerance.SES_CERT_LIST_BARE)
            certificates.append(entry.encoded)
        else:
            certificates.append(fields.read_certificate_octets(entry))
    return SealProperty(
        type=kind.integer(found, max_octets=8),
        name=name.string(der.UTF8_STRING),
        cert_list_type=CertListType.CERTIFICATES,
        certificates=tuple(certificates),
        certificate_digests=(),
        created=fields.read_seal_time(created, found, expected=der.UTC_TIME)[0],
        valid_from=fields.read_seal_time(valid_from, found, expected=der.UTC_TIME)[0],
        valid_to=fields.read_seal_time(valid_to, found, expected=der.UTC_TIME)[0],
        certificate_identifiers=tuple(identifiers),
    )


def read_signature(node: Node, parts: list[Node]) -> SealSignature:
    """SES_Signature of two elements; ``parts`` are they."""
    found: list[Tolerance] = []
    to_sign = parts[0]
    version, seal_node, time_info, data_hash, property_info, certificate, algorithm_node = fields.exactly(
        to_sign, 7
    )
    seal = read_seal(seal_node, fields.exactly(seal_node, 2))
    moment, text, token = _time_info(time_info, found)
    algorithm = fields.read_algorithm(algorithm_node, found)
    return SealSignature(
        generation=Generation.V1,
        encoded=node.encoded,
        to_sign=to_sign.encoded,
        version=version.integer(found, max_octets=4),
        seal=seal,
        time_info=moment,
        time_text=text,
        data_hash=_bits_or_octets(data_hash, found),
        property_info=fields.ia5_text(property_info, found),
        extensions=(),
        signer_certificate=fields.read_certificate_octets(certificate),
        signature_algorithm=algorithm,
        signature=fields.read_signature_value(parts[1], algorithm, found),
        time_stamp=token,
        tolerances=collect(found, seal.tolerances),
    )


def _bits_or_octets(node: Node, found: list[Tolerance]) -> bytes:
    if node.tag != der.OCTET_STRING:
        return node.bits()
    found.append(Tolerance.SES_OCTET_STRING)
    return node.octets()


def _time_info(node: Node, found: list[Tolerance]) -> tuple[datetime | None, str, bytes | None]:
    """Read timeInfo as (moment, text, token): text, DER time and token are tried in this order."""
    content = _bits_or_octets(node, found)
    as_text = read_time_text(content, found)
    if as_text is not None:
        found.append(Tolerance.SES_TIME_TEXT)
        return *as_text, None
    if content[:1] == b"\x30":
        return None, "", content
    try:
        time_node = der.parse(content, what="timeInfo")
        return *fields.read_seal_time(time_node, found, expected=der.UTC_TIME), None
    except MalformedDataError:
        found.append(Tolerance.SES_TIME_UNREADABLE)
        return None, "", None
