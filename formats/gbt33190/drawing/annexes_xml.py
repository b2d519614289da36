"""The files beside the pages: annotations, attachments and the data index."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final

from formats.gbt33190.drawing.document import AttachedFile, DataIndex
from formats.gbt33190.drawing.model import Annotation
from formats.gbt33190.drawing.objects_xml import ObjectWriter
from formats.gbt33190.drawing.text import NAMESPACE, XML_HEAD, attribute, box_text, element, escape, number

_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_XML_NAME: Final = re.compile(
    r"[A-Za-z_\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u1fff\u3001-\ud7ff][\w.\-·]*"
)
_ANNOTATION_TYPES: Final = frozenset({"Link", "Path", "Highlight", "Stamp", "Watermark"})


def annotations_xml(page_files: Iterable[tuple[int, str]]) -> bytes:
    """Annotations.xml: page id and file of each page that has annotations."""
    pages = "".join(
        [
            f'<ofd:Page PageID="{page_id}"><ofd:FileLoc>{location}</ofd:FileLoc></ofd:Page>'
            for page_id, location in page_files
        ]
    )
    return f"{XML_HEAD}<ofd:Annotations {NAMESPACE}>{pages}</ofd:Annotations>".encode()


def page_annotations_xml(annotations: Iterable[Annotation], writer: ObjectWriter) -> bytes:
    """Annotation.xml of one page; annotations and their objects get ids from the writer."""
    body = "".join([_annotation(annotation, writer) for annotation in annotations])
    return f"{XML_HEAD}<ofd:PageAnnot {NAMESPACE}>{body}</ofd:PageAnnot>".encode()


def _annotation(annotation: Annotation, writer: ObjectWriter) -> str:
    """One Annot: Remark, Parameters, Appearance."""
    if annotation.type not in _ANNOTATION_TYPES:
        raise ValueError(f"no annotation type {annotation.type!r}")
    identity = writer.take_id()
    attributes = [
        attribute("Type", annotation.type),
        attribute("Creator", annotation.creator),
        attribute("LastModDate", annotation.modified.isoformat()),
        attribute("Subtype", annotation.subtype),
        attribute("Visible", None if annotation.visible else "false"),
        attribute("Print", None if annotation.printed else "false"),
        attribute("ReadOnly", None if annotation.read_only else "false"),
    ]
    parameters = "".join(
        [
            f"<ofd:Parameter{attribute('Name', name)}>{escape(value, name)}</ofd:Parameter>"
            for name, value in annotation.parameters.items()
        ]
    )
    return (
        f'<ofd:Annot ID="{identity}"{"".join(attributes)}>{element("Remark", annotation.remark)}'
        f"{f'<ofd:Parameters>{parameters}</ofd:Parameters>' if parameters else ''}"
        f'<ofd:Appearance Boundary="{box_text(annotation.boundary)}">{writer.objects(annotation.objects)}'
        "</ofd:Appearance></ofd:Annot>"
    )


def attachment_file_names(attachments: Iterable[AttachedFile]) -> list[str]:
    """File names inside the package: the attachment's own where it is plain and unused, else by number."""
    names: list[str] = []
    for index, attachment in enumerate(attachments):
        extension = attachment.format if _PLAIN_NAME.fullmatch(attachment.format) else "dat"
        wanted = attachment.name
        if not wanted.lower().endswith(f".{extension.lower()}"):
            wanted = f"{wanted}.{extension}"
        taken = {name.lower() for name in names} | {"attachments.xml"}
        plain = _PLAIN_NAME.fullmatch(wanted) is not None and wanted.lower() not in taken
        names.append(wanted if plain else f"attachment_{index}.{extension}")
    return names


def attachments_xml(attachments: Iterable[tuple[AttachedFile, str]]) -> bytes:
    """Attachments.xml; ids are of type xs:ID, a number space of their own, and so may not start with a digit."""
    body = "".join([_attachment(index, *named) for index, named in enumerate(attachments, 1)])
    return f"{XML_HEAD}<ofd:Attachments {NAMESPACE}>{body}</ofd:Attachments>".encode()


def _attachment(index: int, item: AttachedFile, file_name: str) -> str:
    """One Attachment; Size is in kilobytes."""
    attributes = [
        attribute("Name", item.name),
        attribute("Format", item.format),
        attribute("CreationDate", _time(item.created)),
        attribute("ModDate", _time(item.modified)),
        attribute("Size", number(len(item.data) / 1024)),
        attribute("Visible", None if item.visible else "false"),
        attribute("Usage", item.usage),
    ]
    location = f"<ofd:FileLoc>{file_name}</ofd:FileLoc>"
    return f'<ofd:Attachment ID="A{index}"{"".join(attributes)}>{location}</ofd:Attachment>'


def _time(value: datetime | None) -> str | None:
    """A dateTime in whole seconds without a zone: common readers take none."""
    return None if value is None else value.replace(tzinfo=None, microsecond=0).isoformat()


def custom_tags_xml(index: DataIndex, location: str) -> bytes:
    """CustomTags.xml with one CustomTag."""
    tag = f"<ofd:CustomTag{attribute('NameSpace', index.namespace)}><ofd:FileLoc>{location}</ofd:FileLoc>"
    return f"{XML_HEAD}<ofd:CustomTags {NAMESPACE}>{tag}</ofd:CustomTag></ofd:CustomTags>".encode()


def index_xml(index: DataIndex, fields: Mapping[str, Iterable[tuple[int, int]]]) -> bytes:
    """The index file: one element a field, in it an ObjectRef for each object that shows it."""
    prefix = _xml_name(index.prefix)
    if prefix == "ofd":
        raise ValueError("the prefix ofd is taken by the format itself")
    root = f"{prefix}:{_xml_name(index.root)}"
    parts = []
    for field, objects in fields.items():
        name = f"{prefix}:{_xml_name(field)}"
        references = "".join(
            [f'<ofd:ObjectRef PageRef="{page}">{identity}</ofd:ObjectRef>' for page, identity in objects]
        )
        parts.append(f"<{name}>{references}</{name}>")
    namespaces = f"{attribute(f'xmlns:{prefix}', index.namespace)} {NAMESPACE}"
    return f"{XML_HEAD}<{root}{namespaces}>{''.join(parts)}</{root}>".encode()


@lru_cache(maxsize=1024)
def _xml_name(name: str) -> str:
    """A name without a prefix.

    Raises:
        ValueError: It is none.
    """
    if _XML_NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} is no XML name")
    return name
