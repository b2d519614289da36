"""The text a person sees on the pages of a document, and the text that stands there unseen."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from copy import copy
from dataclasses import dataclass
from typing import Any, Final

from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt33190.document import Document
from formats.gbt33190.model import Page, PageEntry
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.page_objects import ZOrder
from formats.gbt33190.resources import Resources
from formats.gbt33190.values import Box, Matrix
from formats.page_text.font_map import FontMap
from formats.page_text.lines import Piece, pieces_of
from formats.page_text.model import DEFAULT_LIMITS, Bounds, Effort, FaceLimits, Origin, Run, Sight
from formats.page_text.outline import box_area
from formats.page_text.sight import Judge, settle_glyphs
from formats.page_text.walk import Drawing, PageWalk, annotation_place

_LARGEST_FONT: Final = 8 << 20
_LARGEST_REMEMBERED: Final = 256 << 10
"""Octets of a template page that is remembered."""
_MEDIA_HEAD: Final = 1 << 16
_DEFAULT_BOX: Final = Box(0, 0, 210, 297)
_BETWEEN: Final = 1_000_000
"""Numbers between the drawing orders of a page's templates and layers."""

Remember = Callable[[tuple[Hashable, ...], Callable[[], Any]], Any]
"""Keeps results under a key that says all they depend on."""
Digest = Callable[[str], bytes | None]
"""Digest of an entry; None if it cannot be read."""


@dataclass(frozen=True, slots=True)
class FaceText:
    """What the pages show.

    Attributes:
        pieces: Text that is seen, or may be, page by page in reading order.
        hidden: Text that is not seen.
        beside: Text of annotations, which some programs show and others do not.
        exchanged: Runs whose glyphs draw other characters than their TextCode says.
        doubts: What could not be read, so that nobody knows what else the pages show.
        pictures: Whether the pages show pictures, or outlines that could be written text.
    """

    pieces: tuple[Piece, ...]
    hidden: tuple[Piece, ...] = ()
    beside: tuple[Piece, ...] = ()
    exchanged: tuple[Run, ...] = ()
    doubts: tuple[str, ...] = ()
    pictures: bool = False


def read_face(
    document: Document,
    package: OfdPackage,
    *,
    limits: FaceLimits = DEFAULT_LIMITS,
    digest: Digest | None = None,
    remember: Remember | None = None,
) -> FaceText:
    """Read the text of every page.

    Args:
        document: The document.
        package: The package it is in.
        limits: What it may cost.
        digest: Digests of entries; with ``remember``, templates and fonts that documents share are read once.
        remember: Keeps what follows from octets alone.

    Raises:
        MalformedDataError: A page cannot be read.
        LimitExceededError: The pages hold more than the limits allow.
    """
    return _Reading(document, package, limits, digest, remember).face()


class _Reading:
    def __init__(
        self,
        document: Document,
        package: OfdPackage,
        limits: FaceLimits,
        digest: Digest | None,
        remember: Remember | None,
    ) -> None:
        self._document = document
        self._package = package
        self._effort = Effort(limits)
        self._digest = digest
        self._remember = remember
        self._fonts: dict[str, FontMap | None] = {}
        self._solid: dict[str, bool | None] = {}
        self._doubts: list[str] = []

    def face(self) -> FaceText:
        document = self._document
        limits = self._effort.limits
        if len(document.pages) > limits.pages:
            raise LimitExceededError(f"more than {limits.pages} pages", what="face")
        ids = [entry.id for entry in document.pages]
        if len(set(ids)) != len(ids):
            self._doubts.append("two pages have one id")
        seen: list[Piece] = []
        hidden: list[Piece] = []
        beside: list[Piece] = []
        exchanged: list[Run] = []
        pictures = False
        for index, entry in enumerate(document.pages):
            runs, covered = self._page(entry)
            pictures = pictures or covered
            visible = [run for run in runs if run.sight is not Sight.HIDDEN]
            own = [run for run in visible if run.origin is not Origin.ANNOTATION]
            seen += pieces_of(own, index)
            if len(visible) != len(runs):
                hidden += pieces_of([run for run in runs if run.sight is Sight.HIDDEN], index)
            if len(own) != len(visible):
                beside += pieces_of([run for run in visible if run.origin is Origin.ANNOTATION], index)
            exchanged += [run for run in visible if run.drawn is not run.said and run.drawn != run.said]
        return FaceText(tuple(seen), tuple(hidden), tuple(beside), tuple(exchanged), tuple(self._doubts), pictures)

    def _page(self, entry: PageEntry) -> tuple[list[Run], bool]:
        """Everything written on a page, judged, and whether it shows pictures or outlines."""
        document = self._document
        page = document.page(entry)
        area = document.area_of(page).physical
        if area is None or area.width <= 0 or area.height <= 0:
            area = _DEFAULT_BOX
        box: Bounds = (area.x, area.y, area.right, area.bottom)
        resources = document.resources(page)
        self._doubts += [str(fault.part) for fault in resources.unreadable[:5]]
        below = [use for use in page.templates if use.z_order is ZOrder.BACKGROUND]
        above = [use for use in page.templates if use.z_order is ZOrder.FOREGROUND]
        if not above and len(below) == 1:
            return self._on_ground(entry, page, below[0].template_id, box, resources)
        drawing = Drawing()
        start = 0
        for use in below:
            start = self._add(drawing, self._template(use.template_id), start)
        start = self._walk(drawing, page, resources, start, Origin.PAGE)
        for use in above:
            start = self._add(drawing, self._template(use.template_id), start)
        self._annotations(drawing, entry, resources, start)
        return self._judged(drawing, box, resources), _pictured(drawing)

    def _on_ground(
        self, entry: PageEntry, page: Page, template_id: int, box: Bounds, resources: Resources
    ) -> tuple[list[Run], bool]:
        """The usual page: one template under it, judged by itself once and looked at again where it is covered."""
        ground = self._template(template_id)
        drawing = Drawing()
        start = self._walk(drawing, page, resources, _BETWEEN, Origin.PAGE)
        self._annotations(drawing, entry, resources, start)
        judged = self._judged_template(template_id, ground, box)
        self._doubts += drawing.doubts + ground.doubts
        for run in drawing.runs:
            self._settle(run, resources)
        everything = [*ground.covers, *drawing.covers]
        runs = [*ground.runs, *drawing.runs]
        judge = Judge(box, everything, runs, lambda media: self._is_solid(media, resources), self._effort)
        again: list[Run] = []
        over = [each.bounds for each in drawing.covers if each.alpha >= 0.05]
        over += [run.bounds for run in drawing.runs if run.alpha > 0]
        for run in judged:
            self._effort.spend(steps=len(over) // 8 + 1)
            x1, y1, x2, y2 = run.bounds
            if any(a < x2 and x1 < c and b < y2 and y1 < d for a, b, c, d in over):
                again += judge.parts(run)
            else:
                again.append(run)
        for run in drawing.runs:
            again += judge.parts(run)
        return again, _pictured(drawing) or _pictured(ground)

    def _judged_template(self, template_id: int, ground: Drawing, box: Bounds) -> list[Run]:
        """A template's text, judged against the template alone."""

        def judge() -> list[Run]:
            runs = [copy(run) for run in ground.runs]  # what their fonts draw is another document's business
            for run in runs:
                self._settle(run, resources)
            page = Judge(box, ground.covers, runs, lambda media: self._is_solid(media, resources), self._effort)
            return [part for run in runs for part in page.parts(run)]

        resources = ground.own if ground.own is not None else self._document.resources(None)
        key = self._template_key(template_id)
        pictured = any(cover.image is not None for cover in ground.covers)
        if key is None or self._remember is None or pictured or ground.own is not None:
            return judge()
        # Another document may share the template and its resource files and not the fonts these name.
        ids = dict.fromkeys(run.font for run in ground.runs)
        files = [resources.fonts[each].file for each in ids if each in resources.fonts]
        digests = tuple([None if file is None else self._digest_of(file) for file in files])
        found: list[Run] = self._remember(("judged", key, digests, box), judge)
        return found

    def _template(self, template_id: int) -> Drawing:
        """What a template draws; what it costs is counted each time it is shown."""
        key = self._template_key(template_id)
        if key is None or self._remember is None:
            return self._read_template(template_id)
        found: Drawing = self._remember(("template", key), lambda: self._read_template(template_id))
        if found.own is not None:  # files of its own, which the key does not tell
            return self._read_template(template_id)
        self._effort.spend(objects=len(found.covers) + len(found.runs))
        return found

    def _template_key(self, template_id: int) -> tuple[Hashable, ...] | None:
        """All that a template's drawing depends on, as digests; None if it cannot be told."""
        if self._digest is None:
            return None
        entry = self._document.template(template_id)
        if entry is None:
            return None
        name = self._document.find(entry.location)
        listed = None if name is None else self._package.entries.get(name)
        if listed is None or listed.size > _LARGEST_REMEMBERED:
            return None
        names = [(entry.location, self._document.path)]
        names += [
            (each, self._document.path)
            for each in (*self._document.document_resources, *self._document.public_resources)
        ]
        digests = []
        for location, base in names:
            name = self._document.find(location, base)
            found = None if name is None else self._digest_of(name)
            if found is None:
                return None
            digests.append((name, found))
        return (*digests, self._document.default_color_space)

    def _digest_of(self, name: str) -> bytes | None:
        return None if self._digest is None else self._digest(name)

    def _read_template(self, template_id: int) -> Drawing:
        drawing = Drawing()
        entry = self._document.template(template_id)
        if entry is None:
            drawing.doubts.append(f"template page {template_id}")
            return drawing
        page = self._document.page(entry)
        resources = self._document.resources(page)
        if page.resources:
            drawing.own = resources
        self._walk(drawing, page, resources, 0, Origin.TEMPLATE)
        return drawing

    def _walk(self, drawing: Drawing, page: Page, resources: Resources, start: int, origin: Origin) -> int:
        walk = PageWalk(resources, self._document.default_color_space, self._effort, drawing, start=start)
        walk.page(page, origin)
        return walk.order

    def _add(self, drawing: Drawing, other: Drawing, start: int) -> int:
        """A template's drawing at a place in the order."""
        last = start
        for cover in other.covers:
            moved = copy(cover)
            moved.order += start
            drawing.covers.append(moved)
            last = max(last, moved.order)
        for run in other.runs:
            shifted = copy(run)
            shifted.order += start
            self._settle(shifted, self._document.resources(None) if other.own is None else other.own)
            drawing.runs.append(shifted)
            last = max(last, shifted.order)
        drawing.doubts += other.doubts
        return last

    def _annotations(self, drawing: Drawing, entry: PageEntry, resources: Resources, start: int) -> None:
        if self._document.location_of("Annotations") is None:
            return
        try:
            listed = self._document.annotations
        except LimitExceededError:
            raise
        except MalformedDataError:
            drawing.doubts.append("annotations")
            return
        walk = PageWalk(resources, self._document.default_color_space, self._effort, drawing, start=start)
        for page in listed:
            if page.page_id != entry.id:
                continue
            drawing.doubts += [f"annotations: {fault.element}" for fault in page.unreadable[:5]]
            for annotation in page.annotations:
                if not annotation.visible:
                    continue
                box = annotation.boundary
                matrix, window = Matrix(1, 0, 0, 1, 0, 0), None
                if box is not None:
                    matrix = Matrix(1, 0, 0, 1, box.x, box.y)
                    if box.width > 0 and box.height > 0:
                        window = box_area(box.x, box.y, box.right, box.bottom, Matrix(1, 0, 0, 1, 0, 0))
                walk.objects(annotation.objects, annotation_place(matrix, page.path or "annotations", window))

    def _judged(self, drawing: Drawing, box: Bounds, resources: Resources) -> list[Run]:
        self._doubts += drawing.doubts
        for run in drawing.runs:
            if run.origin is not Origin.TEMPLATE:
                self._settle(run, resources)
        judge = Judge(
            box, drawing.covers, drawing.runs, lambda media: self._is_solid(media, resources), self._effort
        )
        return [part for run in drawing.runs for part in judge.parts(run)]

    # ------------------------------------------------------------------ fonts and pictures

    def _settle(self, run: Run, resources: Resources) -> None:
        font = resources.fonts.get(run.font)
        file = None if font is None else font.file
        settle_glyphs(run, None if file is None else self._font(file), embedded=file is not None)

    def _font(self, name: str) -> FontMap | None:
        if name not in self._fonts:
            self._fonts[name] = self._load(name)
        return self._fonts[name]

    def _load(self, name: str) -> FontMap | None:
        try:
            data = self._package.read(name)
        except LimitExceededError:
            raise
        except MalformedDataError:
            return None
        return FontMap(data) if len(data) <= _LARGEST_FONT else None

    def _is_solid(self, media: int, resources: Resources) -> bool | None:
        """Whether a picture has no clear parts, from its first octets; None where that is not known."""
        resource = resources.media.get(media)
        if resource is None or resource.file is None:
            return None
        if resource.file not in self._solid:
            try:
                data = self._package.read(resource.file)
            except LimitExceededError:
                raise
            except MalformedDataError:
                data = b""
            self._solid[resource.file] = _solid(data)
        return self._solid[resource.file]


def _solid(data: bytes) -> bool | None:
    if data.startswith((b"\xff\xd8\xff", b"BM")):
        return True
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) > 33:
        kind = data[25]
        if kind in (4, 6):
            return None
        if kind in (0, 2, 3):
            return None if b"tRNS" in data[:_MEDIA_HEAD] else True
    return None


def _pictured(drawing: Drawing) -> bool:
    return any(cover.image is not None or (cover.source and len(cover.source[0].data) > 4000)
               for cover in drawing.covers)  # fmt: skip
