"""Which other parts each kind of part names.

Every function takes a part and yields the pointers in it. An element that occurs more often than it may is
followed each time, and one that lacks its pointer is passed over: other readers may do either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from formats.gbt33190.locations import resolve_directory
from formats.gbt33190.parts import MAIN_PART
from formats.gbt33190.xml import Element
from formats.gbt33190.xml_part import XmlPart


class Reason(StrEnum):
    """What a part is to the document; the value is stable and appears in reports."""

    MAIN = "main"
    COVER = "cover"
    DOCUMENT_ROOT = "document-root"
    VERSION = "version"
    VERSION_MEMBER = "version-member"
    PAGE = "page"
    TEMPLATE_PAGE = "template-page"
    RESOURCES = "resources"
    FONT = "font"
    MEDIA = "media"
    COLOR_PROFILE = "color-profile"
    ANNOTATION_LIST = "annotation-list"
    PAGE_ANNOTATIONS = "page-annotations"
    ATTACHMENT_LIST = "attachment-list"
    ATTACHMENT = "attachment"
    CUSTOM_TAG_LIST = "custom-tag-list"
    CUSTOM_TAG = "custom-tag"
    CUSTOM_TAG_SCHEMA = "custom-tag-schema"
    EXTENSION_LIST = "extension-list"
    EXTENSION_DATA = "extension-data"
    SIGNATURE_LIST = "signature-list"
    SIGNATURE = "signature"
    SIGNED_VALUE = "signed-value"
    SEAL = "seal"
    SEAL_IMAGE = "seal-image"
    INTEGRITY_LIST = "integrity-list"
    INTEGRITY_VALUE = "integrity-value"
    ENCRYPTION_LIST = "encryption-list"
    ENCRYPTION_DATA = "encryption-data"


class Pointer(NamedTuple):
    """A location as written, and the parts or directories it is relative to."""

    reason: Reason
    location: str
    bases: tuple[str, ...]


def _texts(
    part: XmlPart, parent: Element, local: str, reason: Reason, bases: tuple[str, ...] = ()
) -> Iterator[Pointer]:
    """Pointers written as the text of children, empty ones left out."""
    for element in part.children(parent, local):
        location = part.text(element).strip()
        if location:
            yield Pointer(reason, location, bases or (part.name,))


def _attributes(part: XmlPart, parent: Element, local: str, name: str, reason: Reason) -> Iterator[Pointer]:
    """Pointers written as an attribute of children."""
    for element in part.children(parent, local):
        location = element.get(name)
        if location:
            yield Pointer(reason, location, (part.name,))


def _follow_main(part: XmlPart) -> Iterator[Pointer]:
    for body in part.children(part.root, "DocBody"):
        yield from _texts(part, body, "DocRoot", Reason.DOCUMENT_ROOT)
        yield from _texts(part, body, "Signatures", Reason.SIGNATURE_LIST)
        for info in part.children(body, "DocInfo"):
            yield from _texts(part, info, "Cover", Reason.COVER)
        for versions in part.children(body, "Versions"):
            yield from _attributes(part, versions, "Version", "BaseLoc", Reason.VERSION)


def _follow_version(part: XmlPart) -> Iterator[Pointer]:
    yield from _texts(part, part.root, "DocRoot", Reason.DOCUMENT_ROOT)
    for files in part.children(part.root, "FileList"):
        yield from _texts(part, files, "File", Reason.VERSION_MEMBER)


def _follow_document(part: XmlPart) -> Iterator[Pointer]:
    root = part.root
    for common in part.children(root, "CommonData"):
        yield from _texts(part, common, "PublicRes", Reason.RESOURCES)
        yield from _texts(part, common, "DocumentRes", Reason.RESOURCES)
        yield from _attributes(part, common, "TemplatePage", "BaseLoc", Reason.TEMPLATE_PAGE)
    for pages in part.children(root, "Pages"):
        yield from _attributes(part, pages, "Page", "BaseLoc", Reason.PAGE)
    yield from _texts(part, root, "Annotations", Reason.ANNOTATION_LIST)
    yield from _texts(part, root, "CustomTags", Reason.CUSTOM_TAG_LIST)
    yield from _texts(part, root, "Attachments", Reason.ATTACHMENT_LIST)
    yield from _texts(part, root, "Extensions", Reason.EXTENSION_LIST)


def _follow_page(part: XmlPart) -> Iterator[Pointer]:
    yield from _texts(part, part.root, "PageRes", Reason.RESOURCES)


def _follow_resources(part: XmlPart) -> Iterator[Pointer]:
    base = part.root.get("BaseLoc", "").strip()
    bases = (resolve_directory(base, base=part.name), part.name) if base else (part.name,)
    for group in part.root:
        for resource in group:
            kind = part.local(resource)
            if kind == "Font":
                yield from _texts(part, resource, "FontFile", Reason.FONT, bases)
            elif kind == "MultiMedia":
                yield from _texts(part, resource, "MediaFile", Reason.MEDIA, bases)
            elif kind == "ColorSpace" and resource.get("Profile"):
                yield Pointer(Reason.COLOR_PROFILE, resource.get("Profile", ""), bases)


def _follow_annotation_list(part: XmlPart) -> Iterator[Pointer]:
    for page in part.children(part.root, "Page"):
        yield from _texts(part, page, "FileLoc", Reason.PAGE_ANNOTATIONS)


def _follow_attachments(part: XmlPart) -> Iterator[Pointer]:
    for attachment in part.children(part.root, "Attachment"):
        yield from _texts(part, attachment, "FileLoc", Reason.ATTACHMENT)


def _follow_custom_tags(part: XmlPart) -> Iterator[Pointer]:
    for tag in part.children(part.root, "CustomTag"):
        yield from _texts(part, tag, "FileLoc", Reason.CUSTOM_TAG)
        yield from _texts(part, tag, "SchemaLoc", Reason.CUSTOM_TAG_SCHEMA)


def _follow_extensions(part: XmlPart) -> Iterator[Pointer]:
    for extension in part.children(part.root, "Extension"):
        yield from _texts(part, extension, "ExtendData", Reason.EXTENSION_DATA)


def _follow_signature_list(part: XmlPart) -> Iterator[Pointer]:
    yield from _attributes(part, part.root, "Signature", "BaseLoc", Reason.SIGNATURE)


def _follow_signature(part: XmlPart) -> Iterator[Pointer]:
    yield from _texts(part, part.root, "SignedValue", Reason.SIGNED_VALUE)
    for info in part.children(part.root, "SignedInfo"):
        for seal in part.children(info, "Seal"):
            yield from _texts(part, seal, "BaseLoc", Reason.SEAL)
            yield from _texts(part, seal, "ImageLoc", Reason.SEAL_IMAGE)


def _follow_integrity_list(part: XmlPart) -> Iterator[Pointer]:
    yield from _texts(part, part.root, "SignedValueLoc", Reason.INTEGRITY_VALUE)


def _follow_encryptions(part: XmlPart) -> Iterator[Pointer]:
    for info in part.children(part.root, "EncryptInfo"):
        yield from _texts(part, info, "DecryptSeedLoc", Reason.ENCRYPTION_DATA)
        yield from _texts(part, info, "EntriesMapLoc", Reason.ENCRYPTION_DATA)


FIXED_NAMES: Final[Mapping[str, Reason]] = {
    MAIN_PART: Reason.MAIN,
    "OFDEntries.xml": Reason.INTEGRITY_LIST,
    "Encryptions.xml": Reason.ENCRYPTION_LIST,
}
"""Parts that are known by their name: of GB/T 33190 the first, of GM/T 0099 the others."""

FOLLOW: Final[Mapping[Reason, Callable[[XmlPart], Iterator[Pointer]]]] = {
    Reason.MAIN: _follow_main,
    Reason.VERSION: _follow_version,
    Reason.DOCUMENT_ROOT: _follow_document,
    Reason.PAGE: _follow_page,
    Reason.TEMPLATE_PAGE: _follow_page,
    Reason.RESOURCES: _follow_resources,
    Reason.ANNOTATION_LIST: _follow_annotation_list,
    Reason.ATTACHMENT_LIST: _follow_attachments,
    Reason.CUSTOM_TAG_LIST: _follow_custom_tags,
    Reason.EXTENSION_LIST: _follow_extensions,
    Reason.SIGNATURE_LIST: _follow_signature_list,
    Reason.SIGNATURE: _follow_signature,
    Reason.INTEGRITY_LIST: _follow_integrity_list,
    Reason.ENCRYPTION_LIST: _follow_encryptions,
}
"""How to find the pointers of a part that was reached for a reason; parts of other kinds point to nothing."""

SOLE_POINTER: Final[Mapping[Reason, bytes]] = {Reason.PAGE: b"PageRes", Reason.TEMPLATE_PAGE: b"PageRes"}
"""The only element that points anywhere in parts of these kinds: without it there is nothing to follow."""
