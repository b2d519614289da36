"""Building the toy nation: key stores, authorities, seal makers, seals, catalogue, trust list.

Every private key is made inside a key store's process and used only there. All certificates carry the test policy.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Final

from api.installation import (
    CATALOGUE,
    FILE,
    Installation,
    IssuerEntry,
    KeyEntry,
    Secrets,
    authority_settings,
    key_store_settings,
)
from api.installation_stamping import OwnStamps
from api.nation.data import Department, NationData, Region
from api.wiring import SignersByLabel
from ca.model import IssuanceRequest, Possession
from ca.profile import built_in_profiles
from ca.register import CaRegister
from ca.service import CertificateAuthority
from crypto import PublicKey, Signer
from formats import oids
from formats.fonts import Typeface, installed_fonts
from formats.gb32100 import CreditCode
from formats.gbt20518 import Certificate, Name, Validity
from formats.gbt38540 import SealPicture
from hsm_sim import (
    DevicePolicy,
    KeyStoreSigner,
    KeyUsage,
    initialise_key_store,
    start_key_store,
)
from licence_service import built_in_types
from seal_service import SealApplication, SealMaker, SealService
from seal_service.pictures import SealDesign, draw_seal, png
from seal_service.register import SealRegister

ROOT_KEY: Final = "root"
TRUST_LIST_KEY: Final = "trust-list"
AUTHORITY_KEY: Final = "authority"
MAKER_KEY: Final = "maker"
TIME_STAMP_KEY: Final = "time-stamp"
STAMP_POLICY: Final = "2.999.1"
"""A policy under the arc for examples (ITU-T X.660)."""
_EARLIER: Final = timedelta(hours=1)
"""Certificates of a nation just born begin a little in the past, so that its first seals are inside them."""


@dataclass(frozen=True, slots=True)
class Centre:
    """The nation's centre, opened: its root and the signer of its trust list.

    Attributes:
        root: The root authority.
        trust_list_signer: Signs trust lists.
        trust_list_chain: The signer's certificate, then the root's.
    """

    root: CertificateAuthority
    trust_list_signer: Signer
    trust_list_chain: tuple[Certificate, ...]


def person_name(organisation: str, common_name: str) -> Name:
    """A subject name of the form the profiles ask for."""
    return Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, organisation), (oids.COMMON_NAME, common_name)])


def build_centre(
    folder: Path,
    data: NationData,
    stack: ExitStack,
    *,
    clock: Callable[[], datetime],
    policy: DevicePolicy,
    stderr: int | IO[bytes] | None,
) -> Centre:
    """Make root and trust-list signer; the key store runs until ``stack`` closes."""
    signers, _, _ = _new_keys(folder, [ROOT_KEY, TRUST_LIST_KEY], stack, policy=policy, stderr=stderr)
    now = clock()
    store = CaRegister(str(folder / "ca.sqlite"))
    stack.callback(store.close)
    root = CertificateAuthority.create_root(
        store=store,
        signer=signers[ROOT_KEY],
        subject=person_name(data.name, data.root_name),
        validity=Validity(now - _EARLIER, now + timedelta(days=3650)),
        profiles=built_in_profiles(),
        settings=authority_settings("http://crl.example/root.crl"),
        clock=clock,
        random=secrets.token_bytes,
        actor="ceremony",
    )
    signer = root.issue(
        IssuanceRequest(
            key="trust-list-signer",
            profile="trust-list-signer",
            subject=person_name(data.name, data.operator),
            public_key=signers[TRUST_LIST_KEY].public_key,
            validity=Validity(now - _EARLIER, now + timedelta(days=1000)),
            possession=Possession.VOUCHED,
        ),
        actor="ceremony",
    )
    return Centre(root, signers[TRUST_LIST_KEY], (signer, root.certificate))


def build_region(
    folder: Path,
    region: Region,
    centre: Centre,
    *,
    clock: Callable[[], datetime],
    policy: DevicePolicy,
    stderr: int | IO[bytes] | None,
) -> None:
    """Make a region's installation; its key store has stopped when this returns."""
    with ExitStack() as stack:
        labels = [AUTHORITY_KEY, MAKER_KEY, TIME_STAMP_KEY, *region.departments]
        signers, keys, secret = _new_keys(folder, labels, stack, policy=policy, stderr=stderr)
        now = clock()
        start = now - _EARLIER
        subordinate = centre.root.issue_subordinate(
            IssuanceRequest(
                key=f"authority-{region.code}",
                profile="issuing-ca",
                subject=person_name(region.authority.name, region.authority_name),
                public_key=signers[AUTHORITY_KEY].public_key,
                validity=Validity(start, now + timedelta(days=3600)),
                possession=Possession.VOUCHED,
            ),
            actor="ceremony",
        )
        store = CaRegister(str(folder / "ca.sqlite"))
        stack.callback(store.close)
        crl_uri = f"http://crl.example/{region.code}.crl"
        authority = CertificateAuthority(
            store=store,
            signer=signers[AUTHORITY_KEY],
            chain=[subordinate, centre.root.certificate],
            profiles=built_in_profiles(),
            settings=authority_settings(crl_uri),
            clock=clock,
            random=secrets.token_bytes,
        )

        def certify(key: str, profile: str, name: str, common_name: str, code: str) -> Certificate:
            return authority.issue(
                IssuanceRequest(
                    key=key,
                    profile=profile,
                    subject=person_name(name, common_name),
                    public_key=signers[key].public_key,
                    validity=Validity(start, now + timedelta(days=1800)),
                    possession=Possession.VOUCHED,
                    credit_code=code,
                ),
                actor="registration-desk",
            )

        maker = certify(MAKER_KEY, "seal-maker", region.maker.name, region.maker.name, region.maker.code)
        stamper = certify(
            TIME_STAMP_KEY, "time-stamp", region.authority.name, f"{region.name}时间戳服务", region.authority.code
        )
        holders = {
            key: certify(key, "seal-holder", department.name, department.seal_name, department.code)
            for key, department in region.departments.items()
        }
        seal_store = SealRegister(str(folder / "seals.sqlite"))
        stack.callback(seal_store.close)
        seals = SealService(
            store=seal_store,
            maker=SealMaker(certificate=maker.encoded, signer=signers[MAKER_KEY], vendor_id=region.maker_vendor),
            maker_code=CreditCode.parse(region.maker.code),
            keys=SignersByLabel(signers),
            clock=clock,
        )
        issuers = {
            key: _seal_of(seals, region, department, holders[key], start=start, end=now + timedelta(days=1700))
            for key, department in region.departments.items()
        }
        installation = Installation(
            name=region.name,
            region=region.code,
            chain=(subordinate.encoded, centre.root.certificate.encoded),
            profile="issuing-ca",
            authority_key=AUTHORITY_KEY,
            crl_uri=crl_uri,
            maker_name=region.maker.name,
            maker_code=region.maker.code,
            maker_vendor=region.maker_vendor,
            maker_key=MAKER_KEY,
            maker_certificate=maker.encoded,
            keys={key.label: key for key in keys},
            issuers=issuers,
            stamping=OwnStamps(TIME_STAMP_KEY, stamper.encoded, STAMP_POLICY),
        )
        (folder / FILE).write_text(installation.to_json(), encoding="utf-8")
        (folder / CATALOGUE).write_text(catalogue_json(region), encoding="utf-8")
        secret.save(folder)


def _new_keys(
    folder: Path,
    labels: Sequence[str],
    stack: ExitStack,
    *,
    policy: DevicePolicy,
    stderr: int | IO[bytes] | None,
) -> tuple[dict[str, Signer], list[KeyEntry], Secrets]:
    """A key store with one signing key for each label, running, and signers over them."""
    folder.mkdir(parents=True, exist_ok=True)
    secret = Secrets.fresh(list(labels))
    settings = key_store_settings(folder)
    initialise_key_store(settings, (secret.officer,), policy, stderr=stderr)
    process = stack.enter_context(start_key_store(settings, secret.officer, stderr=stderr))
    client = stack.enter_context(process.client())
    keys = []
    with client.officer(secret.officer) as session:
        for index, label in enumerate(labels, start=1):
            made = session.generate_key_pair(index, KeyUsage.SIGN, password=secret.passwords[label], label=label)
            keys.append(KeyEntry(label, index, made.public_key))
    signers: dict[str, Signer] = {
        key.label: stack.enter_context(
            KeyStoreSigner(client, key.index, secret.passwords[key.label], PublicKey(key.public_key))
        )
        for key in keys
    }
    return signers, keys, secret


def _seal_of(
    seals: SealService,
    region: Region,
    department: Department,
    certificate: Certificate,
    *,
    start: datetime,
    end: datetime,
) -> IssuerEntry:
    """Apply for a department's seal, approve it, draw it and have it made."""
    seal_id = seals.apply(
        SealApplication(
            owner=CreditCode.parse(department.code),
            owner_name=department.name,
            name=department.seal_name,
            type_code=department.seal_type,
            kind=department.seal_kind,
            lower_text=department.lower_text,
            width_mm=department.width_mm,
            height_mm=department.height_mm,
            valid_from=start,
            valid_to=end,
            applicant="seal-keeper",
        )
    )
    seals.approve(seal_id, approver="seal-office")
    seals.make(
        seal_id,
        picture=seal_picture(department),
        holder_certificate=certificate.encoded,
        key_label=department.key,
        operator="seal-maker",
    )
    return IssuerEntry(
        key=department.key,
        name=department.name,
        code=department.code,
        area_code=region.code,
        key_label=department.key,
        seal_id=str(seal_id),
        seal_name=department.seal_name,
        width_mm=department.width_mm,
        height_mm=department.height_mm,
        certificate=certificate.encoded,
    )


def seal_picture(department: Department) -> SealPicture:
    """The imprint of a department's seal, as PNG."""
    design = SealDesign(
        department.seal_kind, department.name, department.lower_text, department.width_mm, department.height_mm
    )
    drawing = draw_seal(design, installed_fonts().face(Typeface.SERIF_BOLD))
    return SealPicture("png", png(drawing), department.width_mm, department.height_mm)


def catalogue_json(region: Region) -> str:
    """The region's catalogue: its departments, the items of its licences, and who may issue what."""
    types = built_in_types()
    items = {licence.item_code[-12:]: types[licence.licence_type] for licence in region.licences}
    content = {
        "layout": "xinyin-catalogue/1",
        "version": "2026.1",
        "authorities": [
            {"code": department.code, "name": department.name, "level": "3", "division": region.code}
            for department in region.departments.values()
        ],
        "items": [
            {"code": code, "name": f"核发{licence_type.name}", "from": "2019-01-01"}
            for code, licence_type in items.items()
        ],
        "licence_types": [
            {
                "code": str(licence_type.type_code),
                "name": licence_type.name,
                "definer_name": licence_type.definer_name,
                "definer_level": "1",
                "holder_categories": ["1", "2"],
                "validity_ranges": ["长期"],
                "issuer_level": "3",
                "catalogue_type": "1",
                "related_items": [code],
                "from": "2019-01-01",
            }
            for code, licence_type in items.items()
        ],
        "issuing_rights": [
            {
                "authority": region.departments[licence.department].code,
                "licence_type": str(types[licence.licence_type].type_code),
                "item": licence.item_code[-12:],
                "from": "2019-01-01",
            }
            for licence in region.licences
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
