"""OFD.xml, Document.xml and the frame of a page."""

from collections.abc import Iterable
from functools import lru_cache

from formats.gbt33190.drawing.document import DocInfo
from formats.gbt33190.drawing.text import NAMESPACE, XML_HEAD, attribute, box_text, element, escape
from formats.gbt33190.values import Box


def ofd_xml(info: DocInfo) -> bytes:
    """OFD.xml with one DocBody."""
    return (
        f'{XML_HEAD}<ofd:OFD {NAMESPACE} Version="1.0" DocType="OFD"><ofd:DocBody>{_doc_info(info)}'
        "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
    ).encode()


@lru_cache(maxsize=1024)
def _name(name: str) -> str:
    """Attribute Name of a CustomData; names, unlike values, are few."""
    return attribute("Name", name)


def _doc_info(info: DocInfo) -> str:
    """DocInfo, children in the schema's order."""
    parts = [
        ("DocID", info.document_id),
        ("Title", info.title),
        ("Author", info.author),
        ("Subject", info.subject),
        ("Abstract", info.abstract),
        ("CreationDate", info.created.isoformat() if info.created else None),
        ("ModDate", info.modified.isoformat() if info.modified else None),
        ("DocUsage", info.usage),
    ]
    text = "".join([element(name, value) for name, value in parts])
    if info.keywords:
        text += f"<ofd:Keywords>{''.join([element('Keyword', word) for word in info.keywords])}</ofd:Keywords>"
    text += element("Creator", info.creator) + element("CreatorVersion", info.creator_version)
    if info.custom:
        pairs = [
            f"<ofd:CustomData{_name(name)}>{escape(value, name)}</ofd:CustomData>"
            for name, value in info.custom.items()
        ]
        text += f"<ofd:CustomDatas>{''.join(pairs)}</ofd:CustomDatas>"
    return f"<ofd:DocInfo>{text}</ofd:DocInfo>"


def document_xml(
    *,
    max_unit_id: int,
    area: Box,
    has_fonts: bool,
    has_images: bool,
    template_elements: str,
    page_ids: Iterable[int],
    pointers: Iterable[tuple[str, str]],
) -> bytes:
    """Document.xml; ``pointers`` names and locates Annotations, CustomTags and Attachments, in that order."""
    public = "<ofd:PublicRes>PublicRes.xml</ofd:PublicRes>" if has_fonts else ""
    media = "<ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>" if has_images else ""
    pages = "".join(
        [
            f'<ofd:Page ID="{page_id}" BaseLoc="Pages/Page_{index}/Content.xml"/>'
            for index, page_id in enumerate(page_ids)
        ]
    )
    rest = "".join([f"<ofd:{name}>{location}</ofd:{name}>" for name, location in pointers])
    return (
        f"{XML_HEAD}<ofd:Document {NAMESPACE}><ofd:CommonData><ofd:MaxUnitID>{max_unit_id}</ofd:MaxUnitID>"
        f"<ofd:PageArea><ofd:PhysicalBox>{box_text(area)}</ofd:PhysicalBox></ofd:PageArea>{public}{media}"
        f"{template_elements}</ofd:CommonData><ofd:Pages>{pages}</ofd:Pages>{rest}</ofd:Document>"
    ).encode()


def page_xml(area: Box, layers: str, templates: str = "") -> bytes:
    """Content.xml of a page or template page: Template, Area, Content."""
    return (
        f"{XML_HEAD}<ofd:Page {NAMESPACE}>{templates}<ofd:Area><ofd:PhysicalBox>{box_text(area)}</ofd:PhysicalBox>"
        f"</ofd:Area><ofd:Content>{layers}</ofd:Content></ofd:Page>"
    ).encode()
