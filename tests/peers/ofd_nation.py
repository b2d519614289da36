"""One region of the toy nation inside this process: its authorities, seals and licence service on keys in memory.

Built from the same data as the nation that ``xinyin demo`` builds, but without key stores, so that it stands in a
second; time stands where the caller puts it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.installation import Installation, IssuerEntry
from api.nation.building import Centre, catalogue_json, person_name, seal_picture
from api.nation.data import Department, NationData, Region, SampleLicence, nation_data
from api.nation.trust import publish_trust_list
from api.wiring import CatalogueDirectory, IssuerSeal, SealServiceSealer, SignersByLabel
from ca.authority import TEST_POLICY, AuthoritySettings, PolicyStatement
from ca.model import IssuanceRequest, Possession
from ca.profile import built_in_profiles
from ca.register import CaRegister
from ca.service import CertificateAuthority
from catalogue import CatalogueFile, CatalogueService
from crypto import PrivateKey, Signer, SoftwareSigner
from formats.fonts import installed_fonts
from formats.gb32100 import CreditCode
from formats.gbt20518 import Certificate, Validity
from formats.gbt38540 import Generation, SealPicture
from licence_service import IssueRequest, LicenceService, built_in_types
from licence_service.files import FolderFileStore
from licence_service.painting import FacePainter
from licence_service.register import LicenceRegister
from seal_service import SealApplication, SealId, SealMaker, SealService
from seal_service.register import SealRegister
from seal_service.sealing import SealHolder
from verifier.trust_list import TrustList

START = datetime(2026, 9, 1, 2, tzinfo=UTC)
_EARLIER = timedelta(hours=1)


@dataclass(frozen=True)
class Seal:
    """A department's seal: who holds it, its picture and its size in millimetres."""

    holder: SealHolder
    picture: SealPicture
    department: Department


@dataclass(frozen=True)
class OfdNation:
    """The region and what works in it."""

    data: NationData
    region: Region
    now: datetime
    root: CertificateAuthority
    authority: CertificateAuthority
    maker: SealMaker
    seal_service: SealService
    seals: Mapping[str, Seal]
    licences: LicenceService
    sealer: SealServiceSealer
    painter: FacePainter
    trust: TrustList
    trust_file: bytes
    close: Callable[[], None]

    def seal(
        self,
        department: str,
        *,
        generation: Generation = Generation.V4,
        picture: SealPicture | None = None,
    ) -> SealHolder:
        """A department's seal, made by the region's maker; of another generation or with another picture if asked."""
        known = self.seals[department]
        if generation is Generation.V4 and picture is None:
            return known.holder
        made = replace(self.maker, generation=generation).make(
            seal_id=f"{generation}-{department}",
            name=known.department.seal_name,
            type_code=known.department.seal_type,
            picture=picture or known.picture,
            holder_certificates=(known.holder.certificate,),
            valid_from=self.now - _EARLIER,
            valid_to=self.now + timedelta(days=700),
            at=self.now,
        )
        return replace(known.holder, seal=made.encoded)

    def request(self, licence_type: str, *, request_id: str) -> IssueRequest:
        """The sample request for a licence of this type."""
        sample = self.sample(licence_type)
        department = self.region.departments[sample.department]
        return sample.request(
            department, area=self.region.code, day=(self.now + timedelta(hours=8)).date(), request_id=request_id
        )

    def sample(self, licence_type: str) -> SampleLicence:
        return next(item for item in self.region.licences if item.licence_type == licence_type)


class _KeyPairs:
    """Signers by label, made when first asked for."""

    def __init__(self) -> None:
        self.signers: dict[str, Signer] = {}

    def __getitem__(self, label: str) -> Signer:
        return self.signers.setdefault(label, SoftwareSigner(PrivateKey.generate()))


def build_ofd_nation(folder: Path, *, now: datetime = START) -> OfdNation:
    """Build it; registers and files lie in ``folder``."""
    data = nation_data()
    region = data.regions[0]
    keys = _KeyPairs()

    def clock() -> datetime:
        return now

    root_store = CaRegister(str(folder / "root.sqlite"))
    root = CertificateAuthority.create_root(
        store=root_store,
        signer=keys["root"],
        subject=person_name(data.name, data.root_name),
        validity=Validity(now - _EARLIER, now + timedelta(days=3650)),
        profiles=built_in_profiles(),
        settings=_settings("http://crl.test/root.crl"),
        clock=clock,
        random=secrets.token_bytes,
        actor="ceremony",
    )
    list_signer = root.issue(
        _request(keys, "trust-list", "trust-list-signer", data.name, data.operator, now), actor="ceremony"
    )
    subordinate = root.issue_subordinate(
        _request(keys, "authority", "issuing-ca", region.authority.name, region.authority_name, now, days=3600),
        actor="ceremony",
    )
    ca_store = CaRegister(str(folder / "ca.sqlite"))
    authority = CertificateAuthority(
        store=ca_store,
        signer=keys["authority"],
        chain=[subordinate, root.certificate],
        profiles=built_in_profiles(),
        settings=_settings("http://crl.test/region.crl"),
        clock=clock,
        random=secrets.token_bytes,
    )

    def certify(key: str, profile: str, name: str, common_name: str, code: str) -> Certificate:
        request = replace(_request(keys, key, profile, name, common_name, now), credit_code=code)
        return authority.issue(request, actor="registration-desk")

    maker = SealMaker(
        certificate=certify(
            "maker", "seal-maker", region.maker.name, region.maker.name, region.maker.code
        ).encoded,
        signer=keys["maker"],
        vendor_id=region.maker_vendor,
    )
    seal_store = SealRegister(str(folder / "seals.sqlite"))
    holders = {
        key: certify(key, "seal-holder", department.name, department.seal_name, department.code).encoded
        for key, department in region.departments.items()
    }
    service = SealService(
        store=seal_store,
        maker=maker,
        maker_code=CreditCode.parse(region.maker.code),
        keys=SignersByLabel(keys.signers),
        clock=clock,
    )
    made = {key: _make_seal(service, region.departments[key], holders[key], now) for key in holders}
    seals, in_use, entries = {}, {}, {}
    for key, (seal_id, encoded, picture) in made.items():
        department = region.departments[key]
        seals[key] = Seal(SealHolder(encoded, holders[key], keys[key]), picture, department)
        in_use[department.code] = IssuerSeal(
            seal_id, department.seal_name, department.width_mm, department.height_mm
        )
        entries[key] = IssuerEntry(
            key=key,
            name=department.name,
            code=department.code,
            area_code=region.code,
            key_label=key,
            seal_id=str(seal_id),
            seal_name=department.seal_name,
            width_mm=department.width_mm,
            height_mm=department.height_mm,
            certificate=holders[key],
        )
    (folder / "catalogue.json").write_text(catalogue_json(region), encoding="utf-8")
    painter = FacePainter(installed_fonts())
    sealer = SealServiceSealer(service, in_use)
    licence_store = LicenceRegister(str(folder / "licences.sqlite"))
    licences = LicenceService(
        store=licence_store,
        files=FolderFileStore(folder / "licences"),
        sealer=sealer,
        directory=CatalogueDirectory(CatalogueService(CatalogueFile(folder / "catalogue.json"))),
        types=built_in_types(),
        painter=painter,
        index_key=secrets.token_bytes(32),
        clock=clock,
    )
    installation = Installation(
        name=region.name,
        region=region.code,
        chain=(subordinate.encoded, root.certificate.encoded),
        profile="issuing-ca",
        authority_key="authority",
        crl_uri="http://crl.test/region.crl",
        maker_name=region.maker.name,
        maker_code=region.maker.code,
        maker_vendor=region.maker_vendor,
        maker_key="maker",
        maker_certificate=maker.certificate,
        keys={},
        issuers=entries,
    )
    crls = [issuer.publish_crl(actor="operator").encoded for issuer in (root, authority)]
    trust_list = publish_trust_list(
        data,
        Centre(root, keys["trust-list"], (list_signer, root.certificate)),
        [(region, installation)],
        crls,
        sequence=1,
        at=now,
    )

    def close() -> None:
        for store in (root_store, ca_store, seal_store, licence_store):
            store.close()

    return OfdNation(
        data=data,
        region=region,
        now=now,
        root=root,
        authority=authority,
        maker=maker,
        seal_service=service,
        seals=seals,
        licences=licences,
        sealer=sealer,
        painter=painter,
        trust=TrustList.read(trust_list, at=now, anchor=root.certificate),
        trust_file=trust_list,
        close=close,
    )


def _settings(crl_uri: str) -> AuthoritySettings:
    return AuthoritySettings(policies=(PolicyStatement(TEST_POLICY),), crl_uris=(crl_uri,))


def _request(
    keys: _KeyPairs,
    key: str,
    profile: str,
    organisation: str,
    common_name: str,
    now: datetime,
    *,
    days: int = 1000,
) -> IssuanceRequest:
    return IssuanceRequest(
        key=key,
        profile=profile,
        subject=person_name(organisation, common_name),
        public_key=keys[key].public_key,
        validity=Validity(now - _EARLIER, now + timedelta(days=days)),
        possession=Possession.VOUCHED,
    )


def _make_seal(
    service: SealService, department: Department, certificate: bytes, now: datetime
) -> tuple[SealId, bytes, SealPicture]:
    seal_id = service.apply(
        SealApplication(
            owner=CreditCode.parse(department.code),
            owner_name=department.name,
            name=department.seal_name,
            type_code=department.seal_type,
            kind=department.seal_kind,
            lower_text=department.lower_text,
            width_mm=department.width_mm,
            height_mm=department.height_mm,
            valid_from=now - _EARLIER,
            valid_to=now + timedelta(days=900),
            applicant="seal-keeper",
        )
    )
    service.approve(seal_id, approver="seal-office")
    picture = seal_picture(department)
    made = service.make(
        seal_id,
        picture=picture,
        holder_certificate=certificate,
        key_label=department.key,
        operator="seal-maker",
    )
    return seal_id, made.encoded, picture
