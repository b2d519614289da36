"""The nation's trust list: authorities, seal makers, entitled departments, revocation lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from api.installation import Installation
from api.nation.building import Centre
from api.nation.data import NationData, Region
from crypto import sm3
from formats import oids
from formats.gbt2260 import DivisionCode
from formats.gbt20518 import read_certificate
from formats.gbt38540 import Generation
from licence_service import built_in_types
from verifier.trust_list_model import (
    AlgorithmPeriod,
    Authority,
    Days,
    Entitlement,
    ListedIssuer,
    ListedSealMaker,
    Period,
    Purpose,
    Regions,
)
from verifier.trust_list_writing import TrustListContent, sign_trust_list

LIST_VALIDITY: Final = timedelta(days=6)
"""Shorter than the revocation lists inside, so that they never go stale before the list does."""
_ENTITLED_SINCE: Final = date(2019, 1, 1)


def publish_trust_list(
    data: NationData,
    centre: Centre,
    installations: Sequence[tuple[Region, Installation]],
    crls: Sequence[bytes],
    *,
    sequence: int,
    at: datetime,
) -> bytes:
    """Sign the list.

    Args:
        data: The nation.
        centre: Signs it.
        installations: Regions on the list.
        crls: The latest revocation list of the root and of every region's authority, DER.
        sequence: Number of the list.
        at: Its time of issue, UTC.
    """
    types = built_in_types()
    since = at - timedelta(days=1)
    authorities, makers, issuers = [], [], []
    for region, installation in installations:
        served = Regions((DivisionCode.parse(region.code),))
        authorities.append(
            Authority(
                certificate=read_certificate(installation.chain[0]),
                purposes=frozenset({Purpose.SEAL_MAKER, Purpose.SEAL_HOLDER, Purpose.TIME_STAMP}),
                regions=served,
                listed=Period(since),
            )
        )
        makers.append(
            ListedSealMaker(
                name=region.maker.name,
                certificate_digest=sm3(installation.maker_certificate),
                regions=served,
                generations=frozenset({Generation.V4, Generation.V5}),
                listed=Period(since),
            )
        )
        for department in region.departments.values():
            entitled = [
                Entitlement(
                    licence_type=str(types[licence.licence_type].type_code),
                    items=frozenset({licence.item_code}),
                    days=Days(_ENTITLED_SINCE),
                )
                for licence in region.licences
                if licence.department == department.key
            ]
            issuers.append(
                ListedIssuer(department.code, department.name, DivisionCode.parse(region.code), tuple(entitled))
            )
    root = Authority(
        certificate=centre.root.certificate,
        purposes=frozenset({Purpose.STATUS}),
        regions=Regions(),
        listed=Period(since),
    )
    content = TrustListContent(
        sequence=sequence,
        issued=at,
        next_update=at + LIST_VALIDITY,
        operator=data.operator,
        operator_credit_code=data.code,
        regions={DivisionCode.parse(region.code): region.name for region, _ in installations},
        authorities=[root, *authorities],
        seal_makers=makers,
        issuers=issuers,
        crls=crls,
        algorithms=[AlgorithmPeriod(oids.SM2_WITH_SM3, oids.SM3, Period(since))],
    )
    return sign_trust_list(content, centre.trust_list_signer, centre.trust_list_chain)
