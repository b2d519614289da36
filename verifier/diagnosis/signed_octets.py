"""Octets that software has signed, or may sign, in place of those the standards name."""

import base64
from collections.abc import Iterator

from crypto import sm3
from formats import der
from formats.gbt35275 import SignedData
from formats.gbt38540 import Generation, Seal, SealSignature
from verifier.diagnosis.model import Variant, distinct
from verifier.diagnosis.reencoding import reencodings


def of_seal_signature(
    value: SealSignature, document: bytes | None, seal_file: bytes | None
) -> tuple[list[Variant], list[Variant]]:
    """What may have been signed instead of TBS_Sign, as (messages, digests taken as e).

    Args:
        value: The signature.
        document: Signature.xml; None if it is not at hand.
        seal_file: Seal.esl beside it; None without one.
    """
    messages = [*_around(value.to_sign, value.signer_certificate, value.signature_algorithm)]
    messages.append(Variant(("message.data-hash",), value.data_hash))
    digests = [Variant(("message.data-hash-as-e",), value.data_hash)]
    if document is not None:
        messages.append(Variant(("message.document",), document))
        messages.append(Variant(("message.document",), sm3(document), "its digest"))
        digests.append(Variant(("message.document",), sm3(document), "its digest as e"))
    if seal_file is not None and seal_file != value.seal.encoded:
        messages.append(Variant(("message.seal-file",), _with_seal(value, seal_file)))
    return distinct(messages), digests


def of_seal(seal: Seal) -> list[Variant]:
    """What a maker may have signed instead of eSealInfo (v1: instead of eSealInfo, cert and algorithm)."""
    if seal.generation is Generation.V1:
        parts = der.parse(seal.signed_bytes, what="seal")
        bare = [
            Variant(("message.info-only",), seal.info_encoded),
            Variant(("message.without-header",), parts.content),
        ]
        return distinct([*bare, *_written_anew(seal.info_encoded)])
    return distinct([*_around(seal.info_encoded, seal.maker_certificate, seal.signature_algorithm)])


def of_signed_data(value: SignedData, document: bytes) -> tuple[list[Variant], list[Variant]]:
    """What may have been signed in GB/T 35275 data, as (messages, digests taken as e).

    Args:
        value: The signed data.
        document: Signature.xml, or OFDEntries.xml.
    """
    messages, digests = [], []
    info = value.signer
    if info.signed_attributes is not None:
        content = der.parse(info.signed_attributes, what="signed attributes").content
        messages += [
            Variant(("message.attributes-tag",), der.encode(der.context(0), content)),
            Variant(("message.without-header",), content),
            Variant(("message.data-hash",), info.message_digest or b""),
        ]
        digests.append(Variant(("message.data-hash-as-e",), info.message_digest or b""))
    if value.content is not None:
        wrapped = der.octet_string(value.content)
        messages.append(Variant(("message.content-header",), wrapped, "OCTET STRING"))
        messages.append(Variant(("message.content-header",), der.explicit(0, wrapped), "[0]"))
        if info.signed_attributes is not None:
            messages.append(Variant(("message.content",), value.content))
        digests.append(Variant(("message.data-hash-as-e",), value.content))
    own = sm3(document)
    messages += [
        Variant(("message.document",), document),
        Variant(("message.document",), own, "its digest"),
        Variant(("message.digest-text",), base64.b64encode(own), "Base64"),
    ]
    digests.append(Variant(("message.document",), own, "its digest as e"))
    return distinct([each for each in messages if each.octets]), digests


def _around(signed: bytes, certificate: bytes, algorithm: str) -> Iterator[Variant]:
    """The signed value with less or more around it than its own header."""
    content = der.parse(signed, what="signed value").content
    rest = der.octet_string(certificate) + der.oid(algorithm)
    yield Variant(("message.without-header",), content)
    yield Variant(("message.three-parts",), der.sequence(signed, rest), "in a SEQUENCE")
    yield Variant(("message.three-parts",), signed + rest, "one after the other")
    yield Variant(("message.three-parts",), der.sequence(content, rest), "in one structure")
    yield from _written_anew(signed)


def _written_anew(signed: bytes) -> Iterator[Variant]:
    for detail, octets in reencodings(signed):
        yield Variant(("message.re-encoded",), octets, detail)


def _with_seal(value: SealSignature, seal_file: bytes) -> bytes:
    """TBS_Sign with another seal, its length written anew."""
    parts = [node.encoded for node in der.parse(value.to_sign, what="TBS_Sign")]
    return der.sequence(parts[0], seal_file, *parts[2:])
