"""Documents of the tiny nation: made by the house's writers, damaged by hand."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from crypto import sm3
from formats import der, oids
from formats.gb32100 import CreditCode
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import write_package
from formats.gbt33190.signature_model import Provider, SignatureType
from formats.gbt33190.signing import Protection, complete, prepare_signature
from formats.gbt33190.stamps import centred_stamp
from formats.gbt35275 import assemble_signed_data, signed_attributes
from formats.gbt36904 import LicenceId, LicenceTypeCode
from formats.gbt38540 import (
    CertListType,
    ExtData,
    Generation,
    SealPicture,
    SealProperty,
    assemble_seal,
    assemble_seal_signature,
    seal_info,
    tbs_sign,
)
from tests.unit.verifier.nation import (
    BUREAU,
    DAY,
    FOUNDED,
    LICENCE_TYPE,
    NOW,
    SIGNED,
    Holder,
    Nation,
    nation,
)
from verifier.codes import Code
from verifier.report import Report
from verifier.verification import verify_document

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fccfc0500f0004"
    "85018084a98c210000000049454e44ae426082"
)
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'
Entries = dict[str, bytes]
TimeStamp = bytes | Callable[[bytes], bytes] | None
"""A token, or how to get one over a signature value."""


def metadata(**changes: str | None) -> dict[str, str]:
    """Metadata of a licence of the bureau; a change of None leaves a name out."""
    identifier = LicenceId.build(LicenceTypeCode.parse(LICENCE_TYPE), CreditCode.parse(BUREAU), "A0000000001")
    values: dict[str, str | None] = {
        "ZZMC": "营业执照",
        "ZZLXDM": LICENCE_TYPE,
        "ZZBH": "A0000000001",
        "ZZBS": str(identifier),
        "ZZBFJG": "示例市市场监督管理局",
        "ZZBFJGDM": BUREAU,
        "ZZBFRQ": "20260301",
        "CZZT": "示例科技有限公司",
        "CZZTDM": "91990101MA9T00018G",
        "CZZTDMLX": "统一社会信用代码",
        "CZZTDMLXDM": "001",
        "ZZYXQQSRQ": "20260301",
        "ZZYXQJZRQ": "20310228",
        "CJSJ": "20260301100000",
        **changes,
    }
    return {name: value for name, value in values.items() if value is not None}


FACE = (
    ("", "ZZMC", 60.0),
    ("统一社会信用代码", "ZZBH", 80.0),
    ("名称", "CZZT", 92.0),
    ("法定代表人", "KZ_FDDBR", 104.0),
    ("登记机关", "ZZBFJG", 116.0),
    ("", "ZZBFRQ", 128.0),
)
"""Word, metadata and baseline of what the page of a licence shows."""


def text_object(
    number: int, x: float, y: float, text: str, *, size: float = 4, color: str = "0 0 0", more: str = ""
) -> str:
    """A line of text at a baseline in a font that is not embedded."""
    return (
        f'<ofd:TextObject ID="{number}" Boundary="{x} {y - size} {max(1, len(text)) * size} {size * 1.3}" Font="6" '
        f'Size="{size}"{more}><ofd:FillColor Value="{color}"/><ofd:TextCode X="0" Y="{size}" '
        f'DeltaX="g {max(1, len(text) - 1)} {size}">{text}</ofd:TextCode></ofd:TextObject>'
    )


def face(values: Mapping[str, str]) -> str:
    """The text objects of a licence's page, each value behind its word."""
    objects = []
    for place, (label, name, y) in enumerate(FACE):
        value = values.get(name, "").strip()
        if not value:
            continue
        if name == "ZZBFRQ" and len(value) == 8 and value.isascii() and value.isdigit():
            value = f"{value[:4]}年{int(value[4:6])}月{int(value[6:])}日"
        if label:
            objects.append(text_object(20 + place, 20, y, label))
        objects.append(text_object(30 + place, 60, y, value.replace("^", "、")))
    return "".join(objects)


def document(custom: Mapping[str, str] | Sequence[tuple[str, str]] = ()) -> Entries:
    """A minimal document of one page with a template page, a picture and an attachment; a licence shows its data."""
    pairs = list(custom.items()) if isinstance(custom, Mapping) else list(custom)
    data = "".join(f'<ofd:CustomData Name="{name}">{value}</ofd:CustomData>' for name, value in pairs)
    shown = face(dict(pairs))
    fonts = '<ofd:Fonts><ofd:Font ID="6" FontName="宋体"/></ofd:Fonts>'
    custom_data = f"<ofd:CustomDatas>{data}</ofd:CustomDatas>" if pairs else ""
    texts = {
        "OFD.xml": f'<ofd:OFD {NS} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo>'
        f"<ofd:DocID>0123456789abcdef0123456789abcdef</ofd:DocID>{custom_data}</ofd:DocInfo>"
        "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f"<ofd:Document {NS}><ofd:CommonData><ofd:MaxUnitID>99</ofd:MaxUnitID><ofd:PageArea>"
        "<ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea>"
        "<ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>"
        '<ofd:TemplatePage ID="8" BaseLoc="Tpls/Tpl_0/Content.xml"/></ofd:CommonData>'
        '<ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages>'
        "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments></ofd:Document>",
        "Doc_0/DocumentRes.xml": f'<ofd:Res {NS} BaseLoc="Res">{fonts}<ofd:MultiMedias>'
        '<ofd:MultiMedia ID="3" Type="Image" Format="PNG"><ofd:MediaFile>image_3.png</ofd:MediaFile>'
        "</ofd:MultiMedia></ofd:MultiMedias></ofd:Res>",
        "Doc_0/Pages/Page_0/Content.xml": f'<ofd:Page {NS}><ofd:Template TemplateID="8"/><ofd:Content>'
        '<ofd:Layer ID="4" Type="Body"><ofd:ImageObject ID="5" Boundary="20 20 30 30" CTM="30 0 0 30 0 0" '
        f'ResourceID="3"/>{shown}</ofd:Layer></ofd:Content></ofd:Page>',
        "Doc_0/Tpls/Tpl_0/Content.xml": f"<ofd:Page {NS}></ofd:Page>",
        "Doc_0/Attachs/Attachments.xml": f'<ofd:Attachments {NS}><ofd:Attachment ID="7" Name="data">'
        "<ofd:FileLoc>data.xml</ofd:FileLoc></ofd:Attachment></ofd:Attachments>",
        "Doc_0/Attachs/data.xml": "<data>1</data>",
    }
    return {**{name: (HEAD + text).encode() for name, text in texts.items()}, "Doc_0/Res/image_3.png": PNG}


def token_over(time_stamp: TimeStamp, signature: bytes) -> bytes | None:
    return time_stamp(signature) if callable(time_stamp) else time_stamp


IMPRINT = SealPicture("png", PNG, 40, 40)


@dataclass(frozen=True)
class SealRecipe:
    """How a seal is made; a test changes one thing."""

    generation: Generation = Generation.V4
    maker: Holder | None = None
    signed_by: Holder | None = None
    holders: tuple[bytes, ...] | None = None
    digests: tuple[tuple[str, bytes], ...] = ()
    created: datetime = FOUNDED + 30 * DAY
    valid_from: datetime = FOUNDED + 30 * DAY
    valid_to: datetime = FOUNDED + 3000 * DAY
    picture: SealPicture = IMPRINT
    extensions: tuple[ExtData, ...] = ()
    time_stamp: TimeStamp = None
    name: str = "示例市市场监督管理局"

    def make(self, people: Nation, holder: Holder) -> bytes:
        maker = self.maker or people.maker
        own = SealProperty(
            type=1,
            name=self.name,
            cert_list_type=CertListType.DIGESTS if self.digests else CertListType.CERTIFICATES,
            certificates=() if self.digests else (self.holders or (holder.certificate.encoded,)),
            certificate_digests=self.digests,
            created=self.created,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )
        if self.generation is Generation.V1:
            return self._make_v1(own, maker)
        info = seal_info(self.generation, "99010100000001", "Xinyin", own, self.picture, self.extensions)
        signature = (self.signed_by or maker).sign(info)
        token = token_over(self.time_stamp, signature)
        return assemble_seal(self.generation, info, maker.certificate.encoded, signature, token)

    def _make_v1(self, own: SealProperty, maker: Holder) -> bytes:
        info = der.sequence(
            der.sequence(der.ia5_string("ES"), der.integer(1), der.ia5_string("Xinyin")),
            der.ia5_string("99010100000001"),
            der.sequence(
                der.integer(own.type),
                der.utf8_string(own.name),
                der.sequence(*(der.octet_string(each) for each in own.certificates)),
                *(der.utc_time(each) for each in (self.created, self.valid_from, self.valid_to)),
            ),
            der.sequence(
                der.ia5_string("png"), der.octet_string(self.picture.data), der.integer(40), der.integer(40)
            ),
        )
        rest = der.octet_string(maker.certificate.encoded) + der.oid(oids.SM2_WITH_SM3)
        signature = (self.signed_by or maker).sign(der.sequence(info, rest))
        return der.sequence(info, der.sequence(rest, der.bit_string(signature)))


@dataclass(frozen=True)
class Recipe:
    """How a document is sealed or signed; a test changes one thing."""

    holder: Holder | None = None
    seal: SealRecipe = SealRecipe()
    at: datetime = SIGNED
    signed_by: Holder | None = None
    kind: SignatureType = SignatureType.SEAL
    shape: str = "B"
    protection: Protection = Protection.CONTINUE
    property_info: str | None = None
    data_hash: bytes | None = None
    version: Generation | None = None
    extensions: tuple[ExtData, ...] = ()
    time_stamp: TimeStamp = None
    time_info: bytes | None = None
    links: tuple[bytes, ...] = ()
    relative: str | None = None
    change_xml: Callable[[bytes], bytes] = field(default=lambda xml: xml)

    def apply(self, entries: Mapping[str, bytes], people: Nation | None = None) -> Entries:
        """The entries with one more signature."""
        people = people or nation()
        holder = self.holder or people.bureau
        is_seal = self.kind is SignatureType.SEAL
        seal = self.seal.make(people, holder) if is_seal else None
        prepared = prepare_signature(
            entries,
            kind=self.kind,
            provider=Provider("Xinyin"),
            at=self.at,
            seal=seal,
            stamps=[centred_stamp(1, 150, 250, width=40, height=40)] if is_seal else [],
            protection=self.protection,
            relative=self.relative,
        )
        xml = self.change_xml(prepared.signature_xml)
        digest = self.data_hash or sm3(xml)
        value = (
            self._seal_value(seal, holder, digest, self.property_info or prepared.property_info)
            if seal is not None
            else self._signed_data(holder, digest, xml)
        )
        result: Entries = complete(prepared, value)  # type: ignore[assignment]
        return {**result, prepared.signature_path: xml}

    def _seal_value(self, seal: bytes, holder: Holder, digest: bytes, path: str) -> bytes:
        signer = self.signed_by or holder
        certificate = holder.certificate.encoded
        generation = self.seal.generation
        if generation is Generation.V1:
            tbs = der.sequence(
                der.integer(1),
                seal,
                der.bit_string(self.time_info or der.utc_time(self.at)),
                der.bit_string(digest),
                der.ia5_string(path),
                der.octet_string(certificate),
                der.oid(oids.SM2_WITH_SM3),
            )
            return der.sequence(tbs, der.bit_string(signer.sign(tbs)))
        tbs = tbs_sign(self.version or generation, seal, self.at, digest, path, self.extensions)
        signature = signer.sign(tbs)
        token = token_over(self.time_stamp, signature)
        return assemble_seal_signature(generation, tbs, certificate, signature, token)

    def _signed_data(self, holder: Holder, digest: bytes, xml: bytes) -> bytes:
        signer = self.signed_by or holder
        if self.shape == "bare":
            return signer.sign(xml)
        content = {"A": digest, "B": None, "whole": xml}[self.shape]
        attributes = signed_attributes(digest, self.at) if self.shape == "B" else None
        signature = signer.sign(attributes or content or b"")
        return assemble_signed_data(
            signature=signature,
            signer_certificate=holder.certificate.encoded,
            content=content,
            attributes=attributes,
            other_certificates=self.links,
            time_stamp=token_over(self.time_stamp, signature),
        )


def sealed(custom: Any = None, people: Nation | None = None, **recipe: Any) -> Entries:
    """A sealed licence, or with ``custom=()`` a sealed plain document."""
    return Recipe(**recipe).apply(document(metadata() if custom is None else custom), people)


def seal_recipe(**changes: Any) -> SealRecipe:
    return replace(SealRecipe(), **changes)


def verified(
    entries: Mapping[str, bytes] | bytes, people: Nation | None = None, *, at: datetime = NOW, **options: Any
) -> Report:
    """The report on a document under the nation's list."""
    data = entries if isinstance(entries, bytes) else write_package(entries)
    return verify_document(data, trust=(people or nation()).trust(at), at=at, **options)


def codes(report: Report) -> set[Code]:
    """Codes of everything that did not plainly pass."""
    return {each.code for each in report.findings if each.outcome.value in {"failed", "undetermined"}}


def edit(entries: Mapping[str, bytes], name: str, old: str, new: str) -> Entries:
    """One file with a text replaced; the text must be there."""
    data = entries[name].decode()
    assert old in data
    return {**entries, name: data.replace(old, new).encode()}


def substitute(entries: Mapping[str, bytes], name: str, pattern: str, new: str) -> Entries:
    data = entries[name].decode()
    assert re.search(pattern, data)
    return {**entries, name: re.sub(pattern, new, data).encode()}


def unpacked(data: bytes) -> Entries:
    package = OfdPackage.open(data)
    return {name: package.read(name) for name in package.names}


def stored_zip(items: Sequence[tuple[str, bytes]]) -> bytes:
    """A ZIP of exactly these items in this order, stored; names may repeat, which ``zipfile`` warns about."""
    local, central = b"", b""
    for name, data in items:
        raw = name.encode()
        head = (
            b"\x14\x00\x00\x08\x00\x00\x00\x00\x21\x00"
            + zlib.crc32(data).to_bytes(4, "little")
            + len(data).to_bytes(4, "little") * 2
            + len(raw).to_bytes(2, "little")
            + b"\x00\x00"
        )
        central += b"PK\x01\x02\x14\x00" + head + b"\x00" * 10 + len(local).to_bytes(4, "little") + raw
        local += b"PK\x03\x04" + head + raw + data
    count = len(items).to_bytes(2, "little")
    end = b"PK\x05\x06\x00\x00\x00\x00" + count * 2 + len(central).to_bytes(4, "little")
    return local + central + end + len(local).to_bytes(4, "little") + b"\x00\x00"
