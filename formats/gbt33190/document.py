"""The document a package holds: bodies, their pages and everything the pages need (GB/T 33190-2016).

``OfdDocument.read`` reads OFD.xml and the document root of every body, so a package without a sound skeleton is
refused at once. Pages, resources and lists are read when asked for, each raising ``MalformedDataError`` by itself.
"""

from __future__ import annotations

from functools import cached_property

from formats.errors import MalformedDataError
from formats.gbt33190 import value_text
from formats.gbt33190.annotations import PageAnnotations, read_annotations
from formats.gbt33190.attachments import Attachment, read_attachments
from formats.gbt33190.custom_tags import CustomTag, TagFile, read_custom_tags, read_tag_file
from formats.gbt33190.extensions import Extension, read_extensions
from formats.gbt33190.main_part import read_doc_info, read_permissions, read_version_file, read_versions
from formats.gbt33190.model import (
    DocInfo,
    Page,
    PageArea,
    PageEntry,
    Permissions,
    TemplatePage,
    Version,
    VersionFile,
)
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.page_objects import ZOrder
from formats.gbt33190.page_reader import read_area, read_page
from formats.gbt33190.parts import MAIN_PART, Parts
from formats.gbt33190.resource_reader import read_resources
from formats.gbt33190.resources import Resources
from formats.gbt33190.xml import Element
from formats.tolerances import Tolerance


class Document:
    """One document: what its Document.xml says, and readers for what that points to."""

    def __init__(self, parts: Parts, path: str) -> None:
        """Read Document.xml.

        Raises:
            MalformedDataError: it is missing, no document root, or lists no pages.
        """
        self._parts = parts
        self._part = parts.xml(path)
        root = self._root = self._part.expect_root("Document")
        self.path = path
        self._common = self._part.required_child(root, "CommonData")
        self._pages: dict[str, Page] = {}
        self.pages = self._read_pages()
        self.template_pages = self._read_template_pages()

    def __repr__(self) -> str:
        return f"<Document {self.path}, {len(self.pages)} pages>"

    # What Document.xml says

    @cached_property
    def max_unit_id(self) -> int | None:
        """MaxUnitID, the greatest object id in use as the maker says."""
        text = self._part.child_text(self._common, "MaxUnitID")
        value = None if text is None else value_text.identifier(text)
        if value is None:
            self._part.found.add(Tolerance.OFD_ELEMENT_MISSING if text is None else Tolerance.OFD_VALUE_IGNORED)
        return value

    @cached_property
    def page_area(self) -> PageArea:
        """The area of pages that state none of their own."""
        element = self._part.child(self._common, "PageArea")
        if element is None:
            self._part.found.add(Tolerance.OFD_ELEMENT_MISSING)
            return PageArea(None)
        return read_area(self._part, element)

    @cached_property
    def public_resources(self) -> tuple[str, ...]:
        """Locations of the public resource files, as written."""
        return self._common_locations("PublicRes")

    @cached_property
    def document_resources(self) -> tuple[str, ...]:
        """Locations of the document's resource files, as written."""
        return self._common_locations("DocumentRes")

    @cached_property
    def default_color_space(self) -> int | None:
        """The colour space of colours that name none; ``None`` for RGB."""
        text = self._part.child_text(self._common, "DefaultCS")
        return None if text is None else value_text.identifier(text)

    @cached_property
    def permissions(self) -> Permissions:
        """What the maker allows a reader to do; nothing enforces it."""
        return read_permissions(self._part, self._root)

    def _common_locations(self, local: str) -> tuple[str, ...]:
        elements = self._part.children(self._common, local)
        return tuple(self._part.text(element).strip() for element in elements)

    def _read_pages(self) -> tuple[PageEntry, ...]:
        part = self._part
        pages = part.required_child(self._root, "Pages")
        return tuple(
            PageEntry(part.identifier(page, "ID"), part.required(page, "BaseLoc"))
            for page in part.children(pages, "Page")
        )

    def _read_template_pages(self) -> tuple[TemplatePage, ...]:
        part = self._part
        return tuple(
            TemplatePage(
                id=part.identifier(element, "ID"),
                name=element.get("Name"),
                z_order=part.optional_choice(element, "ZOrder", ZOrder),
                location=part.required(element, "BaseLoc"),
            )
            for element in part.children(self._common, "TemplatePage")
        )

    def find(self, location: str, *bases: str) -> str | None:
        """The entry a location means, written in this document or in one of ``bases``; None if there is none."""
        return self._parts.find(location, *(bases or (self.path,)))

    def location_of(self, local: str) -> str | None:
        """The location Document.xml gives for Annotations, CustomTags, Attachments or Extensions."""
        return self._part.child_text(self._root, local) or None

    # What it points to

    def page(self, entry: PageEntry | TemplatePage) -> Page:
        """The content of a page or template page; read once.

        Raises:
            MalformedDataError: the part is missing or no page.
        """
        name = self._parts.require(entry.location, self.path)
        page = self._pages.get(name)
        if page is None:
            page = self._pages[name] = read_page(self._parts.xml(name))
        return page

    def page_by_id(self, page_id: int) -> PageEntry | None:
        """The page a PageRef or PageID means; two pages of one id are no page."""
        matches = [entry for entry in self.pages if entry.id == page_id]
        return matches[0] if len(matches) == 1 else None

    def template(self, template_id: int) -> TemplatePage | None:
        """The template page a TemplateID means; two of one id are none."""
        matches = [entry for entry in self.template_pages if entry.id == template_id]
        return matches[0] if len(matches) == 1 else None

    def area_of(self, page: Page) -> PageArea:
        """The page's own area, else the document's."""
        return page.area if page.area is not None and page.area.physical is not None else self.page_area

    def resources(self, page: Page | None = None) -> Resources:
        """What a page draws with: its own resource files, the document's and the public ones.

        Raises:
            LimitExceededError: they are too much. Missing and damaged ones are listed in ``unreadable``.
        """
        own = [(location, page.path) for location in page.resources] if page is not None else []
        if not own:
            return self._shared_resources
        return read_resources(self._parts, own + self._shared_resource_files)

    @cached_property
    def _shared_resource_files(self) -> list[tuple[str, str]]:
        return [(location, self.path) for location in (*self.document_resources, *self.public_resources)]

    @cached_property
    def _shared_resources(self) -> Resources:
        return read_resources(self._parts, self._shared_resource_files)

    @cached_property
    def annotations(self) -> tuple[PageAnnotations, ...]:
        """The annotations of all pages that have any; a missing or damaged file is listed as unreadable."""
        name = self._list_part("Annotations")
        return () if name is None else read_annotations(self._parts, name)

    @cached_property
    def attachments(self) -> tuple[Attachment, ...]:
        """Attached files."""
        name = self._list_part("Attachments")
        return () if name is None else read_attachments(self._parts, name)

    @cached_property
    def custom_tags(self) -> tuple[CustomTag, ...]:
        """Custom tags; ``tag_file`` reads the file of one."""
        name = self._list_part("CustomTags")
        return () if name is None else read_custom_tags(self._parts, name)

    def tag_file(self, tag: CustomTag) -> TagFile:
        """The content of a custom tag.

        Raises:
            MalformedDataError: the file is missing or no well-formed XML.
        """
        if tag.file is None:
            raise MalformedDataError("the file of a custom tag is missing", what=self.path)
        return read_tag_file(self._parts, tag.file)

    @cached_property
    def extensions(self) -> tuple[Extension, ...]:
        """Data of other software."""
        name = self._list_part("Extensions")
        return () if name is None else read_extensions(self._parts, name)

    def _list_part(self, local: str) -> str | None:
        location = self.location_of(local)
        return None if location is None else self._parts.require(location, self.path)


class DocBody:
    """One document body of OFD.xml; ``signatures`` is the location of its Signatures.xml as written."""

    def __init__(self, parts: Parts, element: Element) -> None:
        """Read a DocBody and the document root it points to.

        Raises:
            MalformedDataError: the root is missing or broken.
        """
        self._part = parts.xml(MAIN_PART)
        self._element = element
        self.doc_root = self._part.text(self._part.required_child(element, "DocRoot")).strip()
        self.signatures = self._part.child_text(element, "Signatures") or None
        self.document = Document(parts, parts.require(self.doc_root, MAIN_PART))

    def __repr__(self) -> str:
        return f"<DocBody {self.document!r}>"

    @cached_property
    def info(self) -> DocInfo:
        """What the document says of itself."""
        return read_doc_info(self._part, self._element)

    @cached_property
    def versions(self) -> tuple[Version, ...]:
        """Its versions, if it lists any."""
        return read_versions(self._part, self._element)


class OfdDocument:
    """What OFD.xml says. ``tolerances`` grows as more of the package is read."""

    def __init__(self, parts: Parts) -> None:
        """Read OFD.xml and every document root; see ``read``."""
        self.parts = parts
        part = parts.xml(MAIN_PART)
        root = part.expect_root("OFD")
        self.version = root.get("Version")
        self.doc_type = root.get("DocType")
        if self.version != "1.0":
            part.found.add(Tolerance.OFD_VERSION)
        if self.doc_type != "OFD":
            part.found.add(Tolerance.OFD_DOC_TYPE)
        bodies = part.children(root, "DocBody")
        if not bodies:
            raise part.error("DocBody is missing", root)
        self.bodies = tuple(DocBody(parts, element) for element in bodies)

    @classmethod
    def read(cls, source: OfdPackage | Parts) -> OfdDocument:
        """Read the document of a package.

        Args:
            source: A package, or the parts of one if other readers share them.

        Raises:
            MalformedDataError: OFD.xml or a document root is missing or broken.
        """
        return cls(source if isinstance(source, Parts) else Parts(source))

    @property
    def tolerances(self) -> tuple[Tolerance, ...]:
        """What had to be let pass so far."""
        return self.parts.tolerances

    def version_file(self, version: Version) -> VersionFile:
        """The DocVersion file of a version.

        Raises:
            MalformedDataError: it is missing or none.
        """
        return read_version_file(self.parts, self.parts.require(version.location, MAIN_PART))

    def version_document(self, version: Version) -> Document | None:
        """The document a version's file names as its root, ``None`` if it names none.

        Raises:
            MalformedDataError: the version's file or the document root is missing or broken.
        """
        path = self.parts.require(version.location, MAIN_PART)
        doc_root = read_version_file(self.parts, path).doc_root
        return None if doc_root is None else Document(self.parts, self.parts.require(doc_root, path))
