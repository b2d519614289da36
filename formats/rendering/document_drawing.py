"""Pages of a document onto canvases: templates, layers, annotations, imprints, in their order.

From the bottom: background templates, the page's layers by type (background, body, foreground; others as body),
foreground templates, annotations, imprints of signatures. A template's own layers are ordered the same way.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Final

from formats.errors import MalformedDataError
from formats.gbt33190.annotations import Annotation, PageAnnotations
from formats.gbt33190.document import Document, OfdDocument
from formats.gbt33190.model import Page, PageEntry, TemplateUse
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.page_objects import LayerType, ZOrder
from formats.gbt33190.values import IDENTITY, Box, Matrix
from formats.rendering.canvas import Canvas
from formats.rendering.image_drawing import show_picture
from formats.rendering.model import MAX_NESTED_PACKAGES, Left, Stamp
from formats.rendering.painter import Painter
from formats.rendering.path_geometry import rectangle
from formats.rendering.place import Place, Setting, Workshop

_LAYER_ORDER: Final = {
    LayerType.BACKGROUND: 0,
    LayerType.BODY: 1,
    LayerType.CUSTOM: 1,
    LayerType.FOREGROUND: 2,
}
_MAX_SIDE: Final = 5000.0
"""Millimetres; PDF ends at 5080."""
_DEFAULT_BOX: Final = Box(0, 0, 210, 297)
_ZIP_START: Final = b"PK\x03\x04"


class DocumentDrawing:
    """Draws the pages of one document of a package."""

    def __init__(self, package: OfdPackage, document: Document, workshop: Workshop, *, depth: int = 0) -> None:
        self.package = package
        self.document = document
        self.workshop = workshop
        self.account = workshop.output.account
        self._depth = depth
        self._templates: dict[int, str | None] = {}
        self._shared = self._setting(None)

    def page_box(self, page: Page) -> Box:
        """The physical box; sides are limited, a missing or empty one is A4."""
        box = self.document.area_of(page).physical
        if box is None or box.width <= 0 or box.height <= 0:
            return _DEFAULT_BOX
        return Box(box.x, box.y, min(box.width, _MAX_SIDE), min(box.height, _MAX_SIDE))

    def draw_page(self, entry: PageEntry, page: Page, canvas: Canvas, stamps: Iterable[Stamp]) -> None:
        """Draw a page in the space of its physical box's millimetres.

        Raises:
            RenderingTooCostlyError: A limit is reached.
        """
        box = self.page_box(page)
        area = box.width * box.height
        for use in page.templates:
            if use.z_order is ZOrder.BACKGROUND:
                self._draw_template(use, canvas, area, page.path)
        setting = self._setting(page) if page.resources else self._shared
        self._draw_layers(page, Painter(canvas, setting), area)
        for use in page.templates:
            if use.z_order is ZOrder.FOREGROUND:
                self._draw_template(use, canvas, area, page.path)
        self._draw_annotations(entry, Painter(canvas, setting), area)
        for stamp in stamps:
            self._draw_stamp(stamp, canvas, area)

    def _setting(self, page: Page | None) -> Setting:
        resources = self.document.resources(page)
        for fault in resources.unreadable:
            self.account.omit(Left.RESOURCE_MISSING, fault.part, fault.reason)
        return Setting(self.workshop, self.package, resources, self.document.default_color_space)

    def _draw_layers(self, page: Page, painter: Painter, area: float) -> None:
        for fault in page.unreadable:
            where = page.path if fault.object_id is None else f"{page.path}#{fault.object_id}"
            self.account.omit(Left.OBJECT_UNREADABLE, where, fault.element)
        for layer in sorted(page.layers, key=lambda layer: _LAYER_ORDER[layer.type]):
            painter.draw(layer.objects, Place(IDENTITY, area, page.path, layer.draw_param))

    def _draw_template(self, use: TemplateUse, canvas: Canvas, area: float, where: str) -> None:
        """A template is written once and shown on every page that uses it."""
        if use.template_id not in self._templates:
            self._templates[use.template_id] = self._template_form(use.template_id, area, where)
        name = self._templates[use.template_id]
        if name is not None:
            self.account.spend("painted_area")
            canvas.write(f"/{name} Do")

    def _template_form(self, template_id: int, area: float, where: str) -> str | None:
        entry = self.document.template(template_id)
        try:
            page = None if entry is None else self.document.page(entry)
        except MalformedDataError:
            page = None
        if page is None:
            self.account.omit(Left.TEMPLATE_MISSING, where, str(template_id))
            return None
        canvas = Canvas()
        setting = self._setting(page) if page.resources else self._shared
        self._draw_layers(page, Painter(canvas, setting), area)
        return self.workshop.output.form(canvas)

    # ------------------------------------------------------------------ annotations

    def _draw_annotations(self, entry: PageEntry, painter: Painter, area: float) -> None:
        for listed in self._annotations:
            if listed.page_id != entry.id:
                continue
            where = listed.path or self.document.path
            for fault in listed.unreadable:
                self.account.omit(Left.ANNOTATIONS_UNREADABLE, where, fault.element)
            for annotation in listed.annotations:
                if annotation.visible:
                    self._draw_annotation(annotation, painter, Place(IDENTITY, area, where))

    @cached_property
    def _annotations(self) -> tuple[PageAnnotations, ...]:
        try:
            return self.document.annotations
        except MalformedDataError:
            self.account.omit(Left.ANNOTATIONS_UNREADABLE, self.document.path)
            return ()

    def _draw_annotation(self, annotation: Annotation, painter: Painter, place: Place) -> None:
        """The appearance in the space of its boundary, clipped by it."""
        box = annotation.boundary
        with painter.canvas.state():
            if box is not None:
                if box.width > 0 and box.height > 0:
                    painter.canvas.clip(rectangle(box.x, box.y, box.width, box.height))
                painter.canvas.transform(Matrix(1, 0, 0, 1, box.x, box.y))
            painter.draw(annotation.objects, place)

    # ------------------------------------------------------------------ imprints

    def _draw_stamp(self, stamp: Stamp, canvas: Canvas, area: float) -> None:
        """The whole imprint scaled to the boundary, the part inside the clip shown."""
        box, clip = stamp.boundary, stamp.clip
        if box.width <= 0 or box.height <= 0:
            self.account.omit(Left.SEAL_UNREADABLE, stamp.where, "empty boundary")
            return
        self.account.spend("painted_area", min(1.0, box.width * box.height / area))
        with canvas.state():
            canvas.clip(rectangle(box.x, box.y, box.width, box.height))
            if clip is not None:
                canvas.clip(rectangle(box.x + clip.x, box.y + clip.y, clip.width, clip.height))
            if stamp.format == "ofd" or stamp.data.startswith(_ZIP_START):
                self._draw_nested(stamp, canvas)
                return
            picture = self.workshop.pictures.picture(stamp.data, stamp.where)
            if picture is not None:
                if not picture.clear:  # the white of a scanned imprint must not hide what it is put on
                    canvas.write(f"/{self.workshop.output.multiply()} gs")
                canvas.transform(Matrix(box.width, 0, 0, box.height, box.x, box.y))
                show_picture(canvas, picture)

    def _draw_nested(self, stamp: Stamp, canvas: Canvas) -> None:
        """An imprint that is an OFD package: its first page, scaled."""
        if self._depth >= MAX_NESTED_PACKAGES:
            self.account.omit(Left.NESTED_TOO_DEEP, stamp.where)
            return
        try:
            package = OfdPackage.open(stamp.data)
            document = OfdDocument.read(package).bodies[0].document
            inner = DocumentDrawing(package, document, self.workshop, depth=self._depth + 1)
            entry = document.pages[0]
            page = document.page(entry)
        except (MalformedDataError, IndexError) as exc:
            self.account.omit(Left.SEAL_UNREADABLE, stamp.where, type(exc).__name__)
            return
        source, target = inner.page_box(page), stamp.boundary
        scale_x, scale_y = target.width / source.width, target.height / source.height
        canvas.transform(
            Matrix(scale_x, 0, 0, scale_y, target.x - source.x * scale_x, target.y - source.y * scale_y)
        )
        inner.draw_page(entry, page, canvas, ())
