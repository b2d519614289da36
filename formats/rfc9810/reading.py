"""Reading messages of CMP (RFC 9810 5, appendix F; RFC 4211), DER and nothing else, within narrow limits.

Not read, and refused: messages nested in others, encrypted certificates, keys made by the authority, several
requests in one message beyond ``MOST_REQUESTS``, proof of possession with an input of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from formats import der, oids
from formats.der import DerLimits, Node
from formats.errors import MalformedDataError
from formats.gbt20518 import RevocationReason
from formats.gbt20518.algorithm import read_public_key_info
from formats.gbt20518.extension import read_extensions
from formats.gbt20518.name import name_from
from formats.gbt20520 import PkiStatus
from formats.gbt20520.protocol import read_status_info
from formats.rfc9810.model import (
    BodyKind,
    CertConfirmation,
    CertRequestMessage,
    CertResponse,
    CertTemplate,
    PkiHeader,
    PkiMessage,
    RevocationDetails,
    SignedPossession,
    StatusInfo,
)
from formats.tolerances import Tolerance

LIMITS: Final = DerLimits(size=64 * 1024, depth=20, elements=128)
MOST_REQUESTS: Final = 8
MOST_CERTIFICATES: Final = 10
MOST_OCTETS: Final = 64
"""Of an identifier or a nonce."""
_WHAT: Final = "PKIMessage"


def read_message(data: bytes) -> PkiMessage:
    """Decode PKIMessage; its body is read by the functions below.

    Raises:
        MalformedDataError: Not a message of the kinds known here.
        LimitExceededError: Larger than allowed.
    """
    fields = der.parse(data, what=_WHAT, limits=LIMITS).sequence(2, 4)
    header, body = fields.next("header"), fields.next("body")
    protection = fields.optional(der.context(0))
    extra = fields.optional(der.context(1))
    fields.end()
    number = body.tag & 0x1F
    if body.tag & 0xE0 != 0xA0 or number not in BodyKind.__members__.values():
        raise body.error("a message of this kind is not read here")
    certificates = () if extra is None else tuple(each.encoded for each in extra.explicit(1))
    if len(certificates) > MOST_CERTIFICATES:
        raise MalformedDataError("too many certificates", what=_WHAT)
    return PkiMessage(
        encoded=bytes(data),
        header=_header(header),
        kind=BodyKind(number),
        body=body.explicit(number).encoded,
        protected=der.sequence(header.encoded, body.encoded),
        protection=None if protection is None else protection.explicit(0).bits(),
        extra_certificates=certificates,
    )


def _header(node: Node) -> PkiHeader:
    fields = node.sequence(3, 12)
    version = fields.next("pvno").integer(max_octets=4)
    sender, recipient = fields.next("sender"), fields.next("recipient")
    optional = {number: fields.optional(der.context(number)) for number in range(9)}
    fields.end()
    inner = {number: each.explicit(number) for number, each in optional.items() if each is not None}
    return PkiHeader(
        version=version,
        sender=sender.encoded,
        recipient=recipient.encoded,
        message_time=inner[0].generalized_time() if 0 in inner else None,
        protection_algorithm=inner[1].expect(der.SEQUENCE).encoded if 1 in inner else None,
        sender_key_id=_octets(inner.get(2), most=256),
        transaction_id=_octets(inner.get(4)),
        sender_nonce=_octets(inner.get(5)),
        recipient_nonce=_octets(inner.get(6)),
        general_info=_values(inner[8]) if 8 in inner else {},
    )


def _octets(node: Node | None, *, most: int = MOST_OCTETS) -> bytes | None:
    if node is None:
        return None
    octets = node.octets()
    if not 0 < len(octets) <= most:
        raise node.error(f"{len(octets)} octets, 1 to {most} are read")
    return octets


def _values(node: Node) -> Mapping[str, bytes | None]:
    """InfoTypeAndValue by type."""
    found: dict[str, bytes | None] = {}
    for each in node.expect(der.SEQUENCE):
        parts = each.sequence(1, 2)
        oid, value = parts.next("infoType").oid(), parts.peek()
        if oid in found:
            raise each.error(f"{oid} is repeated")
        found[oid] = None if value is None else value.encoded
    return found


# ---------------------------------------------------------------------- what clients send


def read_certificate_requests(body: bytes) -> tuple[CertRequestMessage, ...]:
    """CertReqMessages: of ir, cr and kur.

    Raises:
        MalformedDataError: Not at least one and at most ``MOST_REQUESTS`` requests.
    """
    node = _parse(body)
    members = node.expect(der.SEQUENCE).children()
    if not 0 < len(members) <= MOST_REQUESTS:
        raise node.error(f"{len(members)} requests, 1 to {MOST_REQUESTS} are read")
    return tuple(_certificate_request(each) for each in members)


def _certificate_request(node: Node) -> CertRequestMessage:
    fields = node.sequence(1, 3)
    request = fields.next("certReq")
    possession = fields.optional(*(der.context(number, constructed=bool(number)) for number in range(4)))
    fields.optional(der.SEQUENCE)  # regInfo tells nothing that is asked for here
    fields.end()
    parts = request.sequence(2, 3)
    number = parts.next("certReqId").integer(max_octets=8)
    template = read_template(parts.next("certTemplate"))
    controls = parts.optional(der.SEQUENCE)
    parts.end()
    return CertRequestMessage(
        request_id=number,
        template=template,
        request=request.encoded,
        controls={} if controls is None else _controls(controls),
        possession=None if possession is None else _possession(possession),
    )


def _controls(node: Node) -> Mapping[str, bytes]:
    found: dict[str, bytes] = {}
    for each in node:
        parts = each.sequence(2, 2)
        oid = parts.next("type").oid()
        if oid in found:
            raise each.error(f"{oid} is repeated")
        found[oid] = parts.next("value").encoded
    return found


def _possession(node: Node) -> SignedPossession | None:
    if node.tag != der.context(1):
        return None
    fields = node.elements(2, 3)
    if fields.optional(der.context(0)) is not None:
        raise node.error("proof of possession with an input of its own is not read")
    algorithm = fields.next("algorithmIdentifier").expect(der.SEQUENCE).encoded
    signature = fields.next("signature").bits()
    fields.end()
    return SignedPossession(algorithm, signature)


def read_template(node: Node) -> CertTemplate:
    """CertTemplate at ``node``.

    Raises:
        MalformedDataError: Not one.
    """
    found: list[Tolerance] = []
    fields = node.sequence(0, 10)
    parts = {}
    for number in range(10):
        primitive = number in {0, 1, 7, 8}
        parts[number] = fields.optional(der.context(number, constructed=not primitive))
    fields.end()
    serial, issuer, subject, key, extensions = (parts[number] for number in (1, 3, 5, 6, 9))
    return CertTemplate(
        serial_number=None if serial is None else serial.integer(tag=serial.tag, max_octets=21),
        issuer=None if issuer is None else name_from(issuer.explicit(3)),
        subject=None if subject is None else name_from(subject.explicit(5)),
        key_info=None if key is None else read_public_key_info(_retagged(key)),
        extensions={} if extensions is None else read_extensions(_retagged(extensions), found),
    )


def read_revocation_requests(body: bytes) -> tuple[RevocationDetails, ...]:
    """RevReqContent.

    Raises:
        MalformedDataError: Not at least one and at most ``MOST_REQUESTS`` requests.
    """
    node = _parse(body)
    members = node.expect(der.SEQUENCE).children()
    if not 0 < len(members) <= MOST_REQUESTS:
        raise node.error(f"{len(members)} requests, 1 to {MOST_REQUESTS} are read")
    details = []
    for each in members:
        fields = each.sequence(1, 2)
        template, entry = read_template(fields.next("certDetails")), fields.optional(der.SEQUENCE)
        fields.end()
        details.append(RevocationDetails(template, None if entry is None else _reason(entry)))
    return tuple(details)


def _reason(node: Node) -> RevocationReason | None:
    extension = read_extensions(node, []).get(oids.CRL_REASON)
    if extension is None:
        return None
    value = der.parse(extension.value, what="reasonCode").integer(tag=der.ENUMERATED, max_octets=2)
    try:
        return RevocationReason(value)
    except ValueError as exc:
        raise node.error("no such reason") from exc


def read_confirmations(body: bytes) -> tuple[CertConfirmation, ...]:
    """CertConfirmContent; an empty one rejects every certificate (RFC 9810 5.3.18).

    Raises:
        MalformedDataError: Not one, or longer than ``MOST_REQUESTS``.
    """
    node = _parse(body)
    members = node.expect(der.SEQUENCE).children()
    if len(members) > MOST_REQUESTS:
        raise node.error(f"{len(members)} confirmations, at most {MOST_REQUESTS} are read")
    return tuple(_confirmation(each) for each in members)


def _confirmation(node: Node) -> CertConfirmation:
    fields = node.sequence(2, 4)
    digest = fields.next("certHash").octets()
    number = fields.next("certReqId").integer(max_octets=8)
    status = fields.optional(der.SEQUENCE)
    algorithm = fields.optional(der.context(0))
    fields.end()
    accepted = status is None or _status(status).status in {
        PkiStatus.GRANTED,
        PkiStatus.GRANTED_WITH_MODIFICATIONS,
    }
    named = None if algorithm is None else algorithm.explicit(0).sequence(1, 2).next("algorithm").oid()
    return CertConfirmation(number, digest, named, accepted)


# ---------------------------------------------------------------------- what authorities send


def read_certificate_responses(body: bytes) -> tuple[CertResponse, ...]:
    """CertRepMessage: of ip, cp and kup.

    Raises:
        MalformedDataError: Not one, or with encrypted certificates.
    """
    fields = _parse(body).sequence(1, 2)
    fields.optional(der.context(1))
    members = fields.next("response").expect(der.SEQUENCE).children()
    fields.end()
    return tuple(_certificate_response(each) for each in members)


def _certificate_response(node: Node) -> CertResponse:
    fields = node.sequence(2, 4)
    number = fields.next("certReqId").integer(max_octets=8)
    status = _status(fields.next("status"))
    pair = fields.optional(der.SEQUENCE)
    fields.optional(der.OCTET_STRING)
    fields.end()
    if pair is None:
        return CertResponse(number, status)
    certificate = pair.sequence(1, 3).next("certOrEncCert").explicit(0).expect(der.SEQUENCE)
    return CertResponse(number, status, certificate.encoded)


def read_revocation_responses(body: bytes) -> tuple[StatusInfo, ...]:
    """How each revocation went (RevRepContent).

    Raises:
        MalformedDataError: Not one.
    """
    fields = _parse(body).sequence(1, 3)
    return tuple(_status(each) for each in fields.next("status").expect(der.SEQUENCE))


def read_error(body: bytes) -> StatusInfo:
    """ErrorMsgContent: what went wrong.

    Raises:
        MalformedDataError: Not one.
    """
    return _status(_parse(body).sequence(1, 3).next("pKIStatusInfo"))


# ---------------------------------------------------------------------- parts


def _status(node: Node) -> StatusInfo:
    return StatusInfo(*read_status_info(node.sequence(1, 3)))


def _parse(body: bytes) -> Node:
    return der.parse(body, what=_WHAT, limits=LIMITS)


def _retagged(node: Node) -> Node:
    """The same under the tag of SEQUENCE: RFC 4211 tags implicitly."""
    return der.parse(der.encode(der.SEQUENCE, node.content), what=node.what, limits=LIMITS)
