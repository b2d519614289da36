"""Resource files to ``Resources``.

Ids are unique in a document, so a page's files are read as one pool: its own first, then the document's, then the
public ones. Where an id occurs twice the first counts and the repetition is recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt33190 import value_text
from formats.gbt33190.color_reader import child_color
from formats.gbt33190.draw_params import DrawParam
from formats.gbt33190.locations import resolve_directory
from formats.gbt33190.object_reader import ObjectReader
from formats.gbt33190.page_objects import Cap, Join
from formats.gbt33190.parts import Parts
from formats.gbt33190.resources import (
    ColorSpace,
    ColorSpaceType,
    CompositeUnit,
    Font,
    MediaType,
    MultiMedia,
    Resources,
    UnreadableResource,
)
from formats.gbt33190.xml import Element
from formats.gbt33190.xml_part import XmlPart
from formats.tolerances import Tolerance

R = TypeVar("R", Font, ColorSpace, DrawParam, MultiMedia, CompositeUnit)


@dataclass(slots=True)
class _Pool:
    fonts: dict[int, Font] = field(default_factory=dict)
    color_spaces: dict[int, ColorSpace] = field(default_factory=dict)
    draw_params: dict[int, DrawParam] = field(default_factory=dict)
    media: dict[int, MultiMedia] = field(default_factory=dict)
    composites: dict[int, CompositeUnit] = field(default_factory=dict)
    unreadable: list[UnreadableResource] = field(default_factory=list)


def read_resources(parts: Parts, files: Iterable[tuple[str, str]]) -> Resources:
    """Read resource files.

    Args:
        parts: The package.
        files: Location and the part it is written in, in order of precedence.

    Raises:
        LimitExceededError: they are too much. Whatever else is wrong is listed in ``unreadable``.
    """
    pool = _Pool()
    seen: set[str] = set()
    for location, base in files:
        try:
            name = parts.require(location, base)
            if name not in seen:
                seen.add(name)
                _ResourceFile(parts, parts.xml(name)).add_to(pool)
        except LimitExceededError:
            raise
        except MalformedDataError as exc:
            pool.unreadable.append(UnreadableResource(location, str(exc)))
    return Resources(
        pool.fonts, pool.color_spaces, pool.draw_params, pool.media, pool.composites, tuple(pool.unreadable)
    )


def named_files(parts: Parts, name: str) -> Iterator[tuple[str, str, str | None]]:
    """Every file a resource file names: kind of element, location as written, entry or ``None`` if absent.

    Raises:
        MalformedDataError: the part is no resource file.
    """
    file = _ResourceFile(parts, parts.xml(name))
    part = file.part
    for kind, resource in file.resources():
        if kind == "ColorSpace" and resource.get("Profile"):
            location = resource.get("Profile", "")
            yield kind, location, file.find(location)
        elif kind in ("Font", "MultiMedia"):
            for child in resource:
                if part.local(child) in ("FontFile", "MediaFile") and part.text(child).strip():
                    location = part.text(child).strip()
                    yield kind, location, file.find(location)


class _ResourceFile:
    """One Res part."""

    def __init__(self, parts: Parts, part: XmlPart) -> None:
        self._parts = parts
        self.part = part
        self._root = part.expect_root("Res")
        base = self._root.get("BaseLoc")
        if base is None:
            part.found.add(Tolerance.OFD_ATTRIBUTE_MISSING)
        self._bases = (
            (part.name,) if not base or not base.strip() else (resolve_directory(base, base=part.name), part.name)
        )

    def find(self, location: str) -> str | None:
        """The entry a FontFile, MediaFile or Profile means: below Res/@BaseLoc, else beside this part."""
        return self._parts.find(location, *self._bases)

    def resources(self) -> Iterator[tuple[str, Element]]:
        """Every resource with the local name of its element."""
        for group in self._root:
            for element in group:
                yield self.part.local(element), element

    def add_to(self, pool: _Pool) -> None:
        """Read every resource into ``pool``."""
        for kind, element in self.resources():
            try:
                self._add(kind, element, pool)
            except LimitExceededError:
                raise
            except MalformedDataError as exc:
                pool.unreadable.append(UnreadableResource(self.part.name, exc.message))

    def _add(self, kind: str, element: Element, pool: _Pool) -> None:
        if kind == "Font":
            self._keep(pool.fonts, self._read_font(element))
        elif kind == "MultiMedia":
            self._keep(pool.media, self._read_media(element))
        elif kind == "DrawParam":
            self._keep(pool.draw_params, self._read_draw_param(element))
        elif kind == "ColorSpace":
            self._keep(pool.color_spaces, self._read_color_space(element))
        elif kind == "CompositeGraphicUnit":
            self._keep(pool.composites, self._read_composite(element))

    def _keep(self, target: dict[int, R], resource: R) -> None:
        if target.setdefault(resource.id, resource) is not resource:
            self.part.found.add(Tolerance.OFD_RESOURCE_ID_REPEATED)

    def _read_font(self, element: Element) -> Font:
        part = self.part
        location = part.child_text(element, "FontFile") or None
        charset = element.get("Charset")
        if charset is None:
            charset = element.get("CharSet", "unicode")
            if "CharSet" in element.attrib:
                part.found.add(Tolerance.OFD_ATTRIBUTE_SPELLING)
        return Font(
            id=part.identifier(element, "ID"),
            name=part.required(element, "FontName"),
            family=element.get("FamilyName"),
            charset=charset,
            italic=part.boolean(element, "Italic", default=False),
            bold=part.boolean(element, "Bold", default=False),
            serif=part.boolean(element, "Serif", default=False),
            fixed_width=part.boolean(element, "FixedWidth", default=False),
            location=location,
            file=None if location is None else self.find(location),
        )

    def _read_media(self, element: Element) -> MultiMedia:
        part = self.part
        location = part.text(part.required_child(element, "MediaFile")).strip()
        return MultiMedia(
            id=part.identifier(element, "ID"),
            type=part.choice(element, "Type", MediaType, MediaType.IMAGE),
            format=element.get("Format"),
            location=location,
            file=self.find(location),
        )

    def _read_draw_param(self, element: Element) -> DrawParam:
        part = self.part
        read_block = ObjectReader(part).read_block
        return DrawParam(
            id=part.identifier(element, "ID"),
            relative=part.optional(element, "Relative", value_text.identifier),
            line_width=part.optional(element, "LineWidth", value_text.number),
            cap=part.optional_choice(element, "Cap", Cap),
            join=part.optional_choice(element, "Join", Join),
            miter_limit=part.optional(element, "MiterLimit", value_text.number),
            dash_offset=part.optional(element, "DashOffset", value_text.number),
            dash_pattern=part.optional(element, "DashPattern", value_text.array),
            fill_color=child_color(part, element, "FillColor", read_block),
            stroke_color=child_color(part, element, "StrokeColor", read_block),
        )

    def _read_color_space(self, element: Element) -> ColorSpace:
        part = self.part
        palette = part.child(element, "Palette")
        profile = element.get("Profile")
        return ColorSpace(
            id=part.identifier(element, "ID"),
            type=part.choice(element, "Type", ColorSpaceType, ColorSpaceType.RGB),
            bits_per_component=part.integer(element, "BitsPerComponent", 8),
            palette=() if palette is None else tuple(map(self._read_entry, part.children(palette, "CV"))),
            profile=self.find(profile) if profile else None,
        )

    def _read_entry(self, element: Element) -> tuple[float, ...]:
        values = value_text.array(self.part.text(element))
        if values is None:
            raise self.part.error("a palette entry is not numbers", element)
        return values

    def _read_composite(self, element: Element) -> CompositeUnit:
        part = self.part
        reader = ObjectReader(part)
        content = part.child(element, "Content")
        objects = () if content is None else reader.read_block(content)
        return CompositeUnit(
            id=part.identifier(element, "ID"),
            width=part.typed(element, "Width", value_text.number),
            height=part.typed(element, "Height", value_text.number),
            thumbnail=self._reference(element, "Thumbnail"),
            substitution=self._reference(element, "Substitution"),
            objects=objects,
            unreadable=tuple(reader.unreadable),
        )

    def _reference(self, element: Element, local: str) -> int | None:
        text = self.part.child_text(element, local)
        value = None if text is None else value_text.identifier(text)
        if text is not None and value is None:
            self.part.found.add(Tolerance.OFD_VALUE_IGNORED)
        return value
