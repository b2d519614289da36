"""OFD packages: opening, writing, following and signing, microseconds each, on a licence-like package of 60 KB."""

import io
import random
import timeit
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime

from crypto import sm3
from formats.gbt33190.document import OfdDocument
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import Part, Precompressed, plain_bytes, write_package
from formats.gbt33190.parts import Parts
from formats.gbt33190.reachability import explore
from formats.gbt33190.references import check_references
from formats.gbt33190.signature_model import Provider, SignatureType
from formats.gbt33190.signatures import read_signatures
from formats.gbt33190.signing import complete, prepare_signature
from formats.gbt33190.stamps import centred_stamp

NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'
AT = datetime(2026, 6, 1, 8, tzinfo=UTC)


def microseconds(action: Callable[[], object], number: int = 200) -> float:
    """The best of seven rounds, microseconds a call."""
    return min(timeit.repeat(action, number=number, repeat=7)) / number * 1e6


def licence_entries() -> dict[str, Part]:
    """Twelve parts: skeleton, a page and a template of sixty texts, resources, font, picture, tags, data."""
    noise = random.Random(33190)
    text = (
        '<ofd:TextObject ID="{0}" Boundary="{0} 70 80 8" Font="2" Size="5"><ofd:FillColor Value="0 0 0"/>'
        '<ofd:TextCode X="0" Y="5" DeltaX="5 5 5 5">统一社会信用代码{0}</ofd:TextCode></ofd:TextObject>'
    )
    layer = "".join(text.format(number) for number in range(10, 70))
    page = f'<ofd:Page {NS}><ofd:Content><ofd:Layer ID="4">{layer}</ofd:Layer></ofd:Content></ofd:Page>'
    texts = {
        "OFD.xml": f'<ofd:OFD {NS} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo><ofd:DocID>0</ofd:DocID>'
        "</ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f"<ofd:Document {NS}><ofd:CommonData><ofd:MaxUnitID>99</ofd:MaxUnitID><ofd:PageArea>"
        "<ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea><ofd:PublicRes>PublicRes.xml</ofd:PublicRes>"
        "<ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>"
        '<ofd:TemplatePage ID="8" BaseLoc="Tpls/Tpl_0/Content.xml"/></ofd:CommonData><ofd:Pages>'
        '<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages>'
        "<ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags>"
        "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments></ofd:Document>",
        "Doc_0/PublicRes.xml": f'<ofd:Res {NS} BaseLoc="Res"><ofd:Fonts><ofd:Font ID="2" FontName="Song">'
        "<ofd:FontFile>font_2.ttf</ofd:FontFile></ofd:Font></ofd:Fonts></ofd:Res>",
        "Doc_0/DocumentRes.xml": f'<ofd:Res {NS} BaseLoc="Res"><ofd:MultiMedias><ofd:MultiMedia ID="3"'
        ' Type="Image"><ofd:MediaFile>image_3.png</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias></ofd:Res>',
        "Doc_0/Pages/Page_0/Content.xml": page,
        "Doc_0/Tpls/Tpl_0/Content.xml": page,
        "Doc_0/Attachs/Attachments.xml": f'<ofd:Attachments {NS}><ofd:Attachment ID="a" Name="n">'
        "<ofd:FileLoc>d.xml</ofd:FileLoc></ofd:Attachment></ofd:Attachments>",
        "Doc_0/Attachs/d.xml": "<licence>" + "<f>字段</f>" * 100 + "</licence>",
        "Doc_0/Tags/CustomTags.xml": f'<ofd:CustomTags {NS}><ofd:CustomTag NameSpace="u"><ofd:FileLoc>t.xml'
        "</ofd:FileLoc></ofd:CustomTag></ofd:CustomTags>",
        "Doc_0/Tags/t.xml": f"<t {NS}>"
        + "".join(f'<f><ofd:ObjectRef PageRef="1">{number}</ofd:ObjectRef></f>' for number in range(10, 40))
        + "</t>",
    }
    entries: dict[str, Part] = {name: value.encode() for name, value in texts.items()}
    entries["Doc_0/Res/font_2.ttf"] = noise.randbytes(16000) + bytes(4000)
    entries["Doc_0/Res/image_3.png"] = b"\x89PNG\r\n\x1a\n" + noise.randbytes(4000)
    return entries


def run(record: Callable[..., None]) -> None:
    """Open and read, write, read the document and what it reaches, prepare a signature, check its references."""
    entries = licence_entries()
    seal = random.Random(1).randbytes(6000)

    def prepare(digests: dict[str, bytes] | None = None) -> dict[str, Part]:
        prepared = prepare_signature(
            entries,
            kind=SignatureType.SEAL,
            provider=Provider("p"),
            at=AT,
            seal=seal,
            stamps=(centred_stamp(1, 100, 100, width=40, height=40),),
            digests=digests,
        )
        return complete(prepared, seal)

    signed = prepare()
    plain = {name: plain_bytes(part) for name, part in signed.items()}
    cached: dict[str, Part] = {
        name: Precompressed.of(data) if name.startswith(("Doc_0/Tpls", "Doc_0/Res/font")) else data
        for name, data in plain.items()
    }
    data = write_package(plain)
    size = f"{len(plain)} entries, {sum(map(len, plain.values())) // 1000} KB"

    def read_all() -> None:
        package = OfdPackage.open(data)
        for name in package:
            package.read(name)

    def read_all_zipfile() -> None:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            for name in file.namelist():
                file.read(name)

    def write_zipfile() -> None:
        with zipfile.ZipFile(io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as file:
            for name, part in plain.items():
                file.writestr(name, part)

    def read_pages() -> None:
        root = OfdDocument.read(OfdPackage.open(data)).bodies[0].document
        for entry in (*root.pages, *root.template_pages):
            root.page(entry)

    def check() -> None:
        package = OfdPackage.open(data)
        parts = Parts(package)
        explore(parts)
        for entry in read_signatures(parts):
            assert entry.file is not None
            assert all(result.matches for result in check_references(package, entry.file))

    read_peers = {"zipfile": microseconds(read_all_zipfile)}
    write_peers = {"zipfile": microseconds(write_zipfile)}
    digests = {name: sm3(plain_bytes(part)) for name, part in entries.items()}
    record(f"package: open ({size})", microseconds(lambda: OfdPackage.open(data)), "µs")
    record(f"package: open and read ({size})", microseconds(read_all), "µs", read_peers)
    record(f"package: write ({size})", microseconds(lambda: write_package(plain)), "µs", write_peers)
    record(
        "package: write, template and font cached", microseconds(lambda: write_package(cached)), "µs", write_peers
    )
    record("document: open, read two pages of 60 texts", microseconds(read_pages), "µs")
    record("signature: prepare", microseconds(prepare), "µs")
    record("signature: prepare, digests known", microseconds(lambda: prepare(digests)), "µs")
    record("signature: open, reach, read, check digests", microseconds(check), "µs")
