"""What a forger would try, made from genuine parts: each function gives a document that must not pass.

They change the packages' bytes and use keys the forger might hold; none goes through the services that would have
refused to take part.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from api.installation import OpenInstallation
from api.nation.building import person_name
from api.nation.data import Department
from api.wiring import IssuerSeal, SealServiceSealer
from ca.authority import TEST_POLICY, AuthoritySettings, PolicyStatement
from ca.model import IssuanceRequest, Possession
from ca.profile import built_in_profiles
from ca.register import CaRegister
from ca.service import CertificateAuthority
from crypto import PrivateKey, SoftwareSigner, sign_message
from formats.fonts import installed_fonts
from formats.gbt20518 import Validity
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import write_package
from formats.gbt33190.signature_model import Provider, SignatureType
from formats.gbt33190.signing import complete, prepare_signature
from formats.gbt33190.stamps import StampPlacement
from formats.gbt33190.values import Box
from formats.gbt38540 import SealPicture, assemble_seal_signature, read_seal, tbs_sign
from licence_service import IssueRequest, LicenceService, built_in_types
from licence_service.files import FolderFileStore
from licence_service.painting import FacePainter
from licence_service.register import LicenceRegister
from seal_service import SealHolder, SealId, SealMaker

_PAGE: Final = "Doc_0/Pages/Page_0/Content.xml"


def entries_of(document: bytes) -> dict[str, bytes]:
    """All entries of a package."""
    package = OfdPackage.open(document)
    return {name: package.read(name) for name in package.names}


def unsealed(document: bytes) -> dict[str, bytes]:
    """The entries of a licence as they were before it was sealed."""
    entries = {name: data for name, data in entries_of(document).items() if "/Signs/" not in name}
    entries["OFD.xml"] = re.sub(rb"<ofd:Signatures>[^<]*</ofd:Signatures>", b"", entries["OFD.xml"])
    return entries


def one_byte_changed(document: bytes) -> bytes:
    """One byte of the first page is another: a digit on the page, nothing else."""
    entries = entries_of(document)
    page = bytearray(entries[_PAGE])
    digits = [match.start() for match in re.finditer(rb">[^<]*\d", bytes(page))]
    position = next(index for index in range(digits[0], len(page)) if chr(page[index]).isdigit())
    page[position] = ord("8") if page[position] != ord("8") else ord("3")
    entries[_PAGE] = bytes(page)
    return write_package(entries)


def seal_picture_swapped(document: bytes, picture: SealPicture) -> bytes:
    """Another unit's imprint inside the seal, in Seal.esl and in the signed value alike.

    The replacement is padded to the original's length, so that every length field stays right and only the
    signatures can tell.
    """
    entries = entries_of(document)
    for name, data in list(entries.items()):
        if name.endswith("Seal.esl"):
            original = read_seal(data).picture.data
    replacement = _padded_png(picture.data, len(original))
    for name, data in list(entries.items()):
        if name.endswith(("Seal.esl", "SignedValue.dat")):
            entries[name] = data.replace(original, replacement)
    return write_package(entries)


def _padded_png(data: bytes, length: int) -> bytes:
    """The same PNG, as long as wanted if it is shorter: readers ignore what follows IEND."""
    return (data + bytes(max(0, length - len(data))))[:length]


def page_added(document: bytes) -> bytes:
    """One more page that no signature covers, listed in the document root like the others."""
    entries = entries_of(document)
    root = entries["Doc_0/Document.xml"]
    entries["Doc_0/Pages/Page_9/Content.xml"] = entries[_PAGE]
    added = b'<ofd:Page ID="9999" BaseLoc="Pages/Page_9/Content.xml"/></ofd:Pages>'
    entries["Doc_0/Document.xml"] = root.replace(b"</ofd:Pages>", added)
    return write_package(entries)


def first_page_id(entries: dict[str, bytes]) -> int:
    """Object id of the first page."""
    found = re.search(rb'<ofd:Page ID="(\d+)"', entries["Doc_0/Document.xml"])
    if found is None:
        raise ValueError("the document lists no page")
    return int(found.group(1))


def sealed_with(document: bytes, holder: SealHolder, department: Department, *, at: datetime) -> bytes:
    """The licence's content sealed anew by whatever holder, past every register and every rule of sealing."""
    entries = unsealed(document)
    centre = StampPlacement(
        first_page_id(entries),
        Box(
            150.0 - department.width_mm / 2,
            150.0 - department.height_mm / 2,
            department.width_mm,
            department.height_mm,
        ),
    )
    prepared = prepare_signature(
        entries,
        kind=SignatureType.SEAL,
        provider=Provider(name="Xinyin", version="1", company="Xinyin"),
        at=at,
        seal=holder.seal,
        stamps=[centre],
    )
    generation = read_seal(holder.seal).generation
    tbs = tbs_sign(generation, holder.seal, at, prepared.data_hash, prepared.property_info)
    signature = sign_message(holder.signer, tbs, user_id=holder.user_id)
    value = assemble_seal_signature(generation, tbs, holder.certificate, signature)
    return write_package(complete(prepared, value))


def expired_seal(opened: OpenInstallation, department: Department, *, at: datetime) -> SealHolder:
    """A department's earlier seal, whose validity ended ten minutes before ``at``."""
    installation = opened.installation
    issuer = installation.issuers[department.key]
    genuine = read_seal(holder_of(opened, department.key).seal)
    maker = SealMaker(
        certificate=installation.maker_certificate,
        signer=opened.signers[installation.maker_key],
        vendor_id=installation.maker_vendor,
    )
    made = maker.make(
        seal_id=f"{issuer.seal_id}-OLD",
        name=genuine.property.name,
        type_code=genuine.property.type,
        picture=genuine.picture,
        holder_certificates=(issuer.certificate,),
        valid_from=at - timedelta(minutes=50),
        valid_to=at - timedelta(minutes=10),
        at=at - timedelta(minutes=45),
    )
    return SealHolder(made.encoded, issuer.certificate, opened.signers[issuer.key_label])


def unknown_hierarchy(
    department: Department, authority_name: str, picture: SealPicture, *, clock: Callable[[], datetime]
) -> SealHolder:
    """A complete hierarchy with the genuine names and the forger's own keys, in memory."""
    now = clock()
    settings = AuthoritySettings(policies=(PolicyStatement(TEST_POLICY),), crl_uris=("http://crl.example/x.crl",))
    keys = [SoftwareSigner(PrivateKey.generate()) for _ in range(3)]
    root = CertificateAuthority.create_root(
        store=CaRegister(":memory:"),
        signer=keys[0],
        subject=person_name(department.name, authority_name),
        validity=Validity(now - timedelta(hours=1), now + timedelta(days=3000)),
        profiles=built_in_profiles(),
        settings=settings,
        clock=clock,
        random=secrets.token_bytes,
        actor="forger",
    )
    certificates = [
        root.issue(
            IssuanceRequest(
                key=profile,
                profile=profile,
                subject=person_name(department.name, department.seal_name),
                public_key=key.public_key,
                validity=Validity(now - timedelta(hours=1), now + timedelta(days=1000)),
                possession=Possession.VOUCHED,
                credit_code=department.code,
            ),
            actor="forger",
        )
        for profile, key in (("seal-maker", keys[1]), ("seal-holder", keys[2]))
    ]
    maker = SealMaker(certificate=certificates[0].encoded, signer=keys[1], vendor_id="XY")
    made = maker.make(
        seal_id="FORGED",
        name=department.seal_name,
        type_code=department.seal_type,
        picture=picture,
        holder_certificates=(certificates[1].encoded,),
        valid_from=now - timedelta(minutes=30),
        valid_to=now + timedelta(days=900),
        at=now,
    )
    return SealHolder(made.encoded, certificates[1].encoded, keys[2])


def holder_of(opened: OpenInstallation, key: str) -> SealHolder:
    """A department's seal with its key, taken past the register of use."""
    issuer = opened.installation.issuers[key]
    record = opened.seals.record(SealId.parse(issuer.seal_id))
    if record.encoded is None:
        raise ValueError("the seal has not been made")
    return SealHolder(record.encoded, issuer.certificate, opened.signers[issuer.key_label])


class _RogueDirectory:
    """A catalogue that refuses nothing, as a rogue insider would have it."""

    def refusal(self, *, issuer: str, licence_type: str, item: str, on: date) -> str | None:
        """Never a reason."""
        del issuer, licence_type, item, on
        return None


def issued_beyond_right(
    opened: OpenInstallation, department: str, request: IssueRequest, *, clock: Callable[[], datetime]
) -> bytes:
    """A licence of a type the department may not issue, made with its genuine seal past the catalogue's rule."""
    issuer = opened.installation.issuers[department]
    seal = IssuerSeal(SealId.parse(issuer.seal_id), issuer.seal_name, issuer.width_mm, issuer.height_mm)
    with TemporaryDirectory() as folder:
        store = LicenceRegister(":memory:")
        rogue = LicenceService(
            store=store,
            files=FolderFileStore(Path(folder)),
            sealer=SealServiceSealer(opened.seals, {issuer.code: seal}),
            directory=_RogueDirectory(),
            types=built_in_types(),
            painter=FacePainter(installed_fonts()),
            index_key=secrets.token_bytes(32),
            clock=clock,
        )
        document = rogue.issue(replace(request, request_id="forged-beyond-right")).document
        store.close()
    return document
