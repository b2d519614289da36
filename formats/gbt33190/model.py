"""What OFD.xml, Document.xml and the pages say (GB/T 33190-2016 Annex A: OFD.xsd, Document.xsd, Page.xsd).

Dates stay text: makers write ``2020-04-16``, ``2022-11-01-17-22-33`` and ``D:20220708103442+02'34'``, and nothing
in a document depends on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from formats.gbt33190.page_objects import Layer, PageObject, UnreadableObject, ZOrder, walk
from formats.gbt33190.values import Box


@dataclass(frozen=True, slots=True)
class DocInfo:
    """DocInfo of a document body; texts without white space around them, ``None`` where absent."""

    doc_id: str | None
    title: str | None = None
    author: str | None = None
    subject: str | None = None
    abstract: str | None = None
    creation_date: str | None = None
    mod_date: str | None = None
    doc_usage: str | None = None
    cover: str | None = None
    keywords: tuple[str, ...] = ()
    creator: str | None = None
    creator_version: str | None = None
    custom_data: tuple[tuple[str, str], ...] = ()
    """CustomDatas in order, name and text; names may repeat."""

    def custom_values(self, name: str) -> tuple[str, ...]:
        """All texts given under a name."""
        return tuple(text for key, text in self.custom_data if key == name)


@dataclass(frozen=True, slots=True)
class Version:
    """One Version of a document body; ``location`` names its DocVersion file."""

    id: str
    index: int
    current: bool
    location: str


@dataclass(frozen=True, slots=True)
class VersionFile:
    """DocVersion: which files make up a version and where its document root is; locations as written."""

    id: str | None
    version: str | None
    name: str | None
    creation_date: str | None
    files: tuple[tuple[str, str], ...]
    """Id and location of each file."""
    doc_root: str | None


@dataclass(frozen=True, slots=True)
class PageArea:
    """CT_PageArea, millimetres."""

    physical: Box | None
    application: Box | None = None
    content: Box | None = None
    bleed: Box | None = None


@dataclass(frozen=True, slots=True)
class TemplatePage:
    """A template page as Document.xml declares it; ``z_order`` is ``None`` where not written."""

    id: int
    name: str | None
    z_order: ZOrder | None
    location: str


@dataclass(frozen=True, slots=True)
class PageEntry:
    """A page as Document.xml lists it; ``id`` is what PageRef and PageID elsewhere mean."""

    id: int
    location: str


@dataclass(frozen=True, slots=True)
class Permissions:
    """CT_Permission; everything is allowed where nothing is said. ``print_copies`` -1 is no limit."""

    edit: bool = True
    annotate: bool = True
    export: bool = True
    sign: bool = True
    watermark: bool = True
    print_screen: bool = True
    printable: bool = True
    print_copies: int = -1
    valid_from: str | None = None
    valid_to: str | None = None


@dataclass(frozen=True, slots=True)
class TemplateUse:
    """A page's reference to a template page."""

    template_id: int
    z_order: ZOrder


@dataclass(frozen=True, slots=True)
class Page:
    """The content of a page or template page.

    ``area`` is the page's own, ``None`` to take the document's. ``resources`` are locations as written.
    """

    path: str
    area: PageArea | None
    templates: tuple[TemplateUse, ...]
    resources: tuple[str, ...]
    layers: tuple[Layer, ...]
    unreadable: tuple[UnreadableObject, ...]

    def objects(self) -> Iterator[PageObject]:
        """Every object of every layer, see ``page_objects.walk``."""
        for layer in self.layers:
            yield from walk(layer.objects)
