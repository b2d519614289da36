"""Pieces of OFD.xml and Document.xml that become values (GB/T 33190: OFD.xsd, Document.xsd, Version.xsd)."""

from __future__ import annotations

from formats.gbt33190 import value_text
from formats.gbt33190.model import DocInfo, Permissions, Version, VersionFile
from formats.gbt33190.parts import Parts
from formats.gbt33190.xml import Element
from formats.gbt33190.xml_part import XmlPart
from formats.tolerances import Tolerance


def read_doc_info(part: XmlPart, body: Element) -> DocInfo:
    """DocInfo of a document body; a body without one has an empty one."""
    element = part.child(body, "DocInfo")
    if element is None:
        part.found.add(Tolerance.OFD_ELEMENT_MISSING)
        return DocInfo(doc_id=None)
    keywords = part.child(element, "Keywords")
    custom = part.child(element, "CustomDatas")
    return DocInfo(
        doc_id=part.child_text(element, "DocID"),
        title=part.child_text(element, "Title"),
        author=part.child_text(element, "Author"),
        subject=part.child_text(element, "Subject"),
        abstract=part.child_text(element, "Abstract"),
        creation_date=part.child_text(element, "CreationDate"),
        mod_date=part.child_text(element, "ModDate"),
        doc_usage=part.child_text(element, "DocUsage"),
        cover=part.child_text(element, "Cover") or None,
        keywords=() if keywords is None else _texts(part, keywords, "Keyword"),
        creator=part.child_text(element, "Creator"),
        creator_version=part.child_text(element, "CreatorVersion"),
        custom_data=() if custom is None else _read_custom_data(part, custom),
    )


def _texts(part: XmlPart, element: Element, local: str) -> tuple[str, ...]:
    return tuple(part.text(child).strip() for child in part.children(element, local))


def _read_custom_data(part: XmlPart, element: Element) -> tuple[tuple[str, str], ...]:
    return tuple(
        (part.required(child, "Name"), part.text(child).strip()) for child in part.children(element, "CustomData")
    )


def read_versions(part: XmlPart, body: Element) -> tuple[Version, ...]:
    """The versions of a document body."""
    element = part.child(body, "Versions")
    if element is None:
        return ()
    return tuple(
        Version(
            id=part.required(child, "ID"),
            index=part.typed(child, "Index", value_text.integer),
            current=part.boolean(child, "Current", default=False),
            location=part.required(child, "BaseLoc"),
        )
        for child in part.children(element, "Version")
    )


def read_version_file(parts: Parts, name: str) -> VersionFile:
    """A DocVersion part."""
    part = parts.xml(name)
    root = part.expect_root("DocVersion")
    files = part.child(root, "FileList")
    return VersionFile(
        id=root.get("ID"),
        version=root.get("Version"),
        name=root.get("Name"),
        creation_date=root.get("CreationDate"),
        files=()
        if files is None
        else tuple((file.get("ID", ""), part.text(file).strip()) for file in part.children(files, "File")),
        doc_root=part.child_text(root, "DocRoot") or None,
    )


def read_permissions(part: XmlPart, document: Element) -> Permissions:
    """Permissions of a document; what is not stated is allowed."""
    element = part.child(document, "Permissions")
    if element is None:
        return Permissions()

    def allowed(local: str) -> bool:
        text = part.child_text(element, local)
        return True if text is None else part.boolean_text(text, default=True)

    printing = part.child(element, "Print")
    period = part.child(element, "ValidPeriod")
    return Permissions(
        edit=allowed("Edit"),
        annotate=allowed("Annot"),
        export=allowed("Export"),
        sign=allowed("Signature"),
        watermark=allowed("Watermark"),
        print_screen=allowed("PrintScreen"),
        printable=True if printing is None else part.boolean(printing, "Printable", default=True),
        print_copies=-1 if printing is None else part.integer(printing, "Copies", -1),
        valid_from=None if period is None else period.get("StartDate"),
        valid_to=None if period is None else period.get("EndDate"),
    )
