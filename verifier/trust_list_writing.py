"""Making a trust list: the operator's side.

``payload`` turns entries into the octets that are signed, ``sign_trust_list`` signs them with a key that lives
elsewhere and reads the result back before handing it out.
"""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crypto import Signer
from formats.gbt2260 import DivisionCode
from formats.gbt20518 import Certificate
from verifier.facts import moment_text
from verifier.signed_envelope import write_envelope
from verifier.trust_list import SCHEMA, TrustList
from verifier.trust_list_envelope import PAYLOAD_TYPE
from verifier.trust_list_model import (
    AlgorithmPeriod,
    Authority,
    Entitlement,
    ListedIssuer,
    ListedSealMaker,
    Period,
    Regions,
)


@dataclass(frozen=True, slots=True)
class TrustListContent:
    """What goes into a list.

    Attributes:
        sequence: Greater than that of every list before it.
        issued: Start of its period, UTC, whole seconds.
        next_update: End of its period, UTC, whole seconds.
        operator: Name of who issues it.
        operator_credit_code: Credit code of the operator, or None.
        regions: Names of divisions by code.
        authorities: Certificate authorities.
        seal_makers: Seal makers.
        issuers: Licence issuers.
        crls: Revocation lists of every authority, DER.
        algorithms: Which algorithms hold when.
    """

    sequence: int
    issued: datetime
    next_update: datetime
    operator: str
    regions: Mapping[DivisionCode, str]
    authorities: Sequence[Authority]
    seal_makers: Sequence[ListedSealMaker]
    issuers: Sequence[ListedIssuer]
    crls: Sequence[bytes]
    algorithms: Sequence[AlgorithmPeriod]
    operator_credit_code: str | None = None


def sign_trust_list(content: TrustListContent, signer: Signer, certificates: Sequence[Certificate]) -> bytes:
    """Sign a trust list.

    Args:
        content: What goes into it.
        signer: Holds the key of ``certificates[0]``.
        certificates: The signer's certificate, then those between it and the anchor verifiers pin.

    Returns:
        The file.

    Raises:
        ValueError: ``certificates`` is empty, or the first one is for another key.
        KeyStoreError: The signer failed.
        MalformedDataError: The content breaks a rule of the list, named by its path.
        TrustListRefusedError: A certificate of the chain is not in force when the list is issued.
    """
    data = write_envelope(payload(content), PAYLOAD_TYPE, signer, certificates)
    TrustList.read(data, at=content.issued)  # what readers would refuse is not published
    return data


def payload(content: TrustListContent) -> bytes:
    """The octets that are signed: JSON, UTF-8."""
    operator = {"name": content.operator}
    if content.operator_credit_code is not None:
        operator["credit_code"] = content.operator_credit_code
    document = {
        "schema": SCHEMA,
        "sequence": content.sequence,
        "issued": moment_text(content.issued),
        "next_update": moment_text(content.next_update),
        "operator": operator,
        "regions": [{"code": str(code), "name": name} for code, name in content.regions.items()],
        "authorities": [_authority(each) for each in content.authorities],
        "seal_makers": [_seal_maker(each) for each in content.seal_makers],
        "issuers": [_issuer(each) for each in content.issuers],
        "crls": [_base64(each) for each in content.crls],
        "algorithms": [
            {"signature": each.signature, "digest": each.digest, **_period(each.period)}
            for each in content.algorithms
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _authority(authority: Authority) -> dict[str, Any]:
    history = [
        {
            "status": change.status.value,
            "since": moment_text(change.since),
            **({"compromised": True} if change.compromised else {}),
        }
        for change in authority.history
    ]
    return {
        "certificate": _base64(authority.certificate.encoded),
        "purposes": sorted(authority.purposes),
        **_regions(authority.regions),
        **_period(authority.listed),
        **({"history": history} if history else {}),
    }


def _seal_maker(maker: ListedSealMaker) -> dict[str, Any]:
    return {
        "name": maker.name,
        "certificate_digest": maker.certificate_digest.hex(),
        "generations": sorted(maker.generations),
        **_regions(maker.regions),
        **_period(maker.listed),
    }


def _issuer(issuer: ListedIssuer) -> dict[str, Any]:
    return {
        "credit_code": issuer.credit_code,
        "name": issuer.name,
        "region": str(issuer.region),
        "entitlements": [_entitlement(each) for each in issuer.entitlements],
        **({"delegates": sorted(issuer.delegates)} if issuer.delegates else {}),
    }


def _entitlement(entitlement: Entitlement) -> dict[str, Any]:
    days = entitlement.days
    return {
        "licence_type": entitlement.licence_type,
        **({"items": sorted(entitlement.items)} if entitlement.items else {}),
        "valid_from": days.start.isoformat(),
        **({"valid_to": days.end.isoformat()} if days.end else {}),
    }


def _regions(regions: Regions) -> dict[str, list[str]]:
    return {"regions": _texts(regions.codes)} if regions.codes else {}


def _texts(values: Iterable[object]) -> list[str]:
    return [str(value) for value in values]


def _period(period: Period) -> dict[str, str | None]:
    end = {"valid_to": moment_text(period.end)} if period.end else {}
    return {"valid_from": moment_text(period.start), **end}


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
