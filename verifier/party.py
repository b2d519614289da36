"""Who a certificate and a seal name."""

from typing import Final

from formats import oids
from formats.errors import MalformedDataError
from formats.gbt20518 import Certificate
from formats.gbt38540 import Seal
from verifier.credit_codes import parse_credit_code
from verifier.facts import PartyFacts, SealFacts

_LONGEST: Final = 500
"""Characters of a name in a report, far more than any in use has."""


def credit_code_of(certificate: Certificate) -> str:
    """The credit code of the organisation a certificate names; empty if it names none.

    Where organisationCode (1.2.156.10260.4.1.4) is present it decides, readable or not. Certificates of government
    seals also write the code in front of the organisation's name (``11320500014150050B苏州市民政局``).
    """
    if oids.ORGANIZATION_CODE in certificate.extensions:
        return _valid(certificate.credit_code or "")
    return _valid((certificate.subject.organization or "")[:18])


def _valid(text: str) -> str:
    try:
        return str(parse_credit_code(text))
    except MalformedDataError:
        return ""


def party_facts(certificate: Certificate) -> PartyFacts:
    """Who ``certificate`` names."""
    subject = certificate.subject
    return PartyFacts(
        name=_brief(subject.common_name or str(subject)),
        organisation=_brief(subject.organization or ""),
        credit_code=credit_code_of(certificate),
        serial_number=f"{certificate.serial_number:x}",
        issuer=_brief(str(certificate.issuer)),
    )


def seal_facts(seal: Seal, maker: PartyFacts | None) -> SealFacts:
    """What ``seal`` says of itself, and who made it."""
    return SealFacts(
        seal_id=_brief(seal.seal_id),
        name=_brief(seal.property.name),
        type=seal.property.type,
        valid_from=seal.property.valid_from,
        valid_to=seal.property.valid_to,
        maker=maker,
    )


def _brief(text: str) -> str:
    """The text as a report carries it, which must not outgrow its document for a name of a million characters."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
