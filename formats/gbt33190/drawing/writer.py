"""A drawn document as the entries of a package.

Ids run from 1: first what the base holds (fonts, images, template pages and their objects), then the document's
own fonts and images, pages, and annotations. Equal input gives equal bytes. Template pages and their resources
are prepared once and shared by every document drawn on them:

```python
base = prepare_base([DrawnTemplate("face", area, layers)])
written = write_document(DrawnDocument(info, pages), base=base)
write_package(written.entries)
```
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from formats.gbt33190.drawing import annexes_xml, document_xml
from formats.gbt33190.drawing.document import DrawnDocument
from formats.gbt33190.drawing.model import DrawnPage, DrawnTemplate
from formats.gbt33190.drawing.objects_xml import ObjectWriter
from formats.gbt33190.drawing.resources import ResourceFiles, ResourceUse, resource_xml


class ObjectReference(NamedTuple):
    """A text object: the id of its page, as StampAnnot and ObjectRef use it, and its own."""

    page_id: int
    object_id: int


@dataclass(frozen=True, slots=True)
class PreparedBase:
    """Template pages and their resources, written.

    Attributes:
        entries: Package entries that every document on this base holds unchanged.
        templates: Id and stacking of each template page by name.
    """

    entries: Mapping[str, bytes]
    templates: Mapping[str, tuple[int, str]]
    template_elements: str
    resources: ResourceFiles
    next_id: int


@dataclass(frozen=True, slots=True)
class WrittenDocument:
    """The entries of a package and what later steps need to know of them.

    Attributes:
        entries: Everything but signatures, by package path.
        constant: Names of the entries that come unchanged from the base: digests and compressed forms of these
            can be kept.
        page_ids: Page/@ID, in page order.
        fields: Where each business field stands.
        max_unit_id: The largest id in use.
    """

    entries: dict[str, bytes]
    constant: frozenset[str]
    page_ids: tuple[int, ...]
    fields: Mapping[str, tuple[ObjectReference, ...]]
    max_unit_id: int


def prepare_base(templates: Sequence[DrawnTemplate], *, glyph_ids: bool = False) -> PreparedBase:
    """Write template pages once, for any number of documents.

    Args:
        templates: With distinct names.
        glyph_ids: Whether all text also names glyph ids (CGTransform), for readers that ignore a font's character
            map. Characters outside the Basic Multilingual Plane are always named so.

    Raises:
        ValueError: Two templates share a name, or a drawing is out of the format's range.
    """
    use = ResourceUse()
    for template in templates:
        for layer in template.layers:
            use.add(layer.objects)
    resources = ResourceFiles()
    resources.add(use, glyph_ids=glyph_ids)
    writer = ObjectWriter(resources, resources.next_id)
    entries = dict(resources.files)
    known: dict[str, tuple[int, str]] = {}
    elements = []
    for index, template in enumerate(templates):
        if template.name in known:
            raise ValueError(f"two template pages are called {template.name!r}")
        template_id = writer.take_id()
        known[template.name] = (template_id, template.z_order.value)
        location = f"Tpls/Tpl_{index}/Content.xml"
        elements.append(
            f'<ofd:TemplatePage ID="{template_id}" ZOrder="{template.z_order.value}" BaseLoc="{location}"/>'
        )
        entries[f"Doc_0/{location}"] = document_xml.page_xml(template.area, writer.layers(template.layers))
    return PreparedBase(
        MappingProxyType(entries), MappingProxyType(known), "".join(elements), resources, writer.next_id
    )


EMPTY_BASE: Final = prepare_base(())


def write_document(
    document: DrawnDocument, *, base: PreparedBase = EMPTY_BASE, glyph_ids: bool = False
) -> WrittenDocument:
    """Write a document.

    Args:
        document: Its pages name templates of ``base``.
        base: From :func:`prepare_base`.
        glyph_ids: As in :func:`prepare_base`, for the document's own text.

    Raises:
        ValueError: The document has no page, a page names an unknown template, or a drawing is out of the
            format's range.
        UnrepresentableTextError: Text holds a character the format cannot carry.
    """
    if not document.pages:
        raise ValueError("a document has at least one page")
    return _DocumentWriter(document, base, glyph_ids=glyph_ids).write()


class _DocumentWriter:
    """The parts of one document as they come about."""

    def __init__(self, document: DrawnDocument, base: PreparedBase, *, glyph_ids: bool) -> None:
        self.document = document
        self.base = base
        self.resources = _document_resources(document, base, glyph_ids=glyph_ids)
        self.objects = ObjectWriter(self.resources, self.resources.next_id)
        self.pointers: list[tuple[str, str]] = []
        self.fields: dict[str, list[ObjectReference]] = {}

    def write(self) -> WrittenDocument:
        """Entries in the order a reader meets them."""
        document, base, resources = self.document, self.base, self.resources
        page_ids = tuple([self.objects.take_id() for _ in document.pages])
        parts: dict[str, bytes] = {}
        for index, (page, page_id) in enumerate(zip(document.pages, page_ids, strict=True)):
            parts[f"Doc_0/Pages/Page_{index}/Content.xml"] = self._page(page, page_id)
        parts |= self._annotations(page_ids)
        parts |= self._index()
        parts |= self._attachments()
        max_unit_id = self.objects.next_id - 1
        entries = {
            "OFD.xml": document_xml.ofd_xml(document.info),
            "Doc_0/Document.xml": document_xml.document_xml(
                max_unit_id=max_unit_id,
                area=document.pages[0].area,
                has_fonts=bool(resources.font_elements),
                has_images=bool(resources.image_elements),
                template_elements=base.template_elements,
                page_ids=page_ids,
                pointers=self.pointers,
            ),
        }
        if resources.font_elements:
            entries["Doc_0/PublicRes.xml"] = resource_xml("Fonts", resources.font_elements)
        if resources.image_elements:
            entries["Doc_0/DocumentRes.xml"] = resource_xml("MultiMedias", resources.image_elements)
        entries |= base.entries
        entries |= resources.files
        entries |= parts
        located = {name: tuple(places) for name, places in self.fields.items()}
        return WrittenDocument(entries, frozenset(base.entries), page_ids, located, max_unit_id)

    def _page(self, page: DrawnPage, page_id: int) -> bytes:
        """Content.xml; the page's fields are taken down for the index."""
        templates = []
        for name in page.templates:
            if name not in self.base.templates:
                raise ValueError(f"no template page is called {name!r}")
            template_id, z_order = self.base.templates[name]
            templates.append(f'<ofd:Template TemplateID="{template_id}" ZOrder="{z_order}"/>')
        content = document_xml.page_xml(page.area, self.objects.layers(page.layers), "".join(templates))
        for name, object_id in self.objects.fields:
            self.fields.setdefault(name, []).append(ObjectReference(page_id, object_id))
        self.objects.fields.clear()
        return content

    def _annotations(self, page_ids: Sequence[int]) -> dict[str, bytes]:
        """Annotations.xml and a file for each page that has any."""
        parts: dict[str, bytes] = {}
        listed = []
        for index, (page, page_id) in enumerate(zip(self.document.pages, page_ids, strict=True)):
            if page.annotations:
                location = f"Page_{index}/Annotation.xml"
                parts[f"Doc_0/Annots/{location}"] = annexes_xml.page_annotations_xml(
                    page.annotations, self.objects
                )
                listed.append((page_id, location))
        if listed:
            parts["Doc_0/Annots/Annotations.xml"] = annexes_xml.annotations_xml(listed)
            self.pointers.append(("Annotations", "Annots/Annotations.xml"))
        return parts

    def _index(self) -> dict[str, bytes]:
        """CustomTags.xml and the index file, if asked for and any text shows a field."""
        index = self.document.index
        if index is None or not self.fields:
            return {}
        self.pointers.append(("CustomTags", "Tags/CustomTags.xml"))
        return {
            "Doc_0/Tags/CustomTags.xml": annexes_xml.custom_tags_xml(index, "Tag_0.xml"),
            "Doc_0/Tags/Tag_0.xml": annexes_xml.index_xml(index, self.fields),
        }

    def _attachments(self) -> dict[str, bytes]:
        """Attachments.xml and the attached files."""
        attachments = self.document.attachments
        if not attachments:
            return {}
        named = list(zip(attachments, annexes_xml.attachment_file_names(attachments), strict=True))
        self.pointers.append(("Attachments", "Attachs/Attachments.xml"))
        parts = {f"Doc_0/Attachs/{file_name}": item.data for item, file_name in named}
        return {"Doc_0/Attachs/Attachments.xml": annexes_xml.attachments_xml(named), **parts}


def _document_resources(document: DrawnDocument, base: PreparedBase, *, glyph_ids: bool) -> ResourceFiles:
    """The base's resources continued by the document's own; files are the document's alone."""
    use = ResourceUse()
    for page in document.pages:
        for layer in page.layers:
            use.add(layer.objects)
        for annotation in page.annotations:
            use.add(annotation.objects)
    shared = base.resources
    resources = ResourceFiles(
        image_ids=dict(shared.image_ids),
        font_elements=list(shared.font_elements),
        image_elements=list(shared.image_elements),
        next_id=base.next_id,
    )
    resources.add(use, glyph_ids=glyph_ids)
    return resources
