"""Fonts and images of a document: numbered in order of first use, written to PublicRes and DocumentRes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from formats.gbt33190.drawing.images import ImageFile
from formats.gbt33190.drawing.model import Drawn, DrawnImage, DrawnText, Font
from formats.gbt33190.drawing.text import LAST_OF_BASIC_PLANE, NAMESPACE, XML_HEAD, attribute

GlyphIds: TypeAlias = Mapping[str, int]
RESOURCE_FOLDER = "Doc_0/Res/"


@dataclass(slots=True)
class ResourceUse:
    """What some objects draw with: characters per font, and images."""

    fonts: dict[Font, set[str]] = field(default_factory=dict)
    images: dict[ImageFile, None] = field(default_factory=dict)

    def add(self, objects: Iterable[Drawn]) -> None:
        """Take in the fonts, characters and images of the objects."""
        fonts = self.fonts
        for item in objects:
            if isinstance(item, DrawnText):
                characters = fonts.get(item.font)
                if characters is None:
                    characters = fonts[item.font] = set()
                for run in item.runs:
                    characters.update(run.text)
            elif isinstance(item, DrawnImage):
                self.images[item.image] = None


@dataclass(slots=True)
class ResourceFiles:
    """Numbered resources, their XML elements and their files.

    Attributes:
        glyph_ids: For each font the characters that pages name by glyph id: all of them where that was asked for,
            else those outside the Basic Multilingual Plane, which some readers do not find by themselves.
    """

    font_ids: dict[Font, int] = field(default_factory=dict)
    glyph_ids: dict[Font, GlyphIds] = field(default_factory=dict)
    image_ids: dict[ImageFile, int] = field(default_factory=dict)
    font_elements: list[str] = field(default_factory=list)
    image_elements: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    next_id: int = 1

    def add(self, use: ResourceUse, *, glyph_ids: bool) -> None:
        """Number and write what is used; images known already keep their number, fonts get a further subset."""
        for font, characters in use.fonts.items():
            self._add_font(font, characters, glyph_ids=glyph_ids)
        for image in use.images:
            if image not in self.image_ids:
                self._add_image(image)

    def _add_font(self, font: Font, characters: set[str], *, glyph_ids: bool) -> None:
        """One Font element and its file.

        An embedded subset's FontName carries its id: a reader that caches fonts by name must not take the
        template's subset for the page's.
        """
        font_id = self.font_ids[font] = self._take_id()
        beyond: set[str] = set()
        if max(characters, default="") > LAST_OF_BASIC_PLANE:
            beyond = {character for character in characters if character > LAST_OF_BASIC_PLANE}
        subset = font.subset(characters, glyph_ids=glyph_ids or bool(beyond))
        name = font.font_name if subset is None else f"{font.font_name}-{font_id}"
        open_tag = f'<ofd:Font ID="{font_id}"' + "".join(
            [
                attribute("FontName", name),
                attribute("FamilyName", font.family_name),
                ' Charset="unicode"',
                attribute("Bold", "true" if font.bold else None),
                attribute("Serif", "true" if font.serif else None),
            ]
        )
        if subset is None:
            self.font_elements.append(f"{open_tag}/>")
            return
        if glyph_ids:
            self.glyph_ids[font] = subset.glyph_ids
        elif beyond:
            self.glyph_ids[font] = {character: subset.glyph_ids[character] for character in beyond}
        file_name = f"font_{font_id}.{font.file_extension}"
        self.files[RESOURCE_FOLDER + file_name] = subset.data
        self.font_elements.append(f"{open_tag}><ofd:FontFile>{file_name}</ofd:FontFile></ofd:Font>")

    def _add_image(self, image: ImageFile) -> None:
        """One MultiMedia element and its file."""
        image_id = self.image_ids[image] = self._take_id()
        file_name = f"image_{image_id}.{'png' if image.format == 'PNG' else 'jpg'}"
        self.files[RESOURCE_FOLDER + file_name] = image.data
        self.image_elements.append(
            f'<ofd:MultiMedia ID="{image_id}" Type="Image"{attribute("Format", image.format)}>'
            f"<ofd:MediaFile>{file_name}</ofd:MediaFile></ofd:MultiMedia>"
        )

    def _take_id(self) -> int:
        """The next free id."""
        taken = self.next_id
        self.next_id += 1
        return taken


def resource_xml(kind: str, elements: Iterable[str]) -> bytes:
    """A Res file with one group of elements: ``Fonts`` or ``MultiMedias``."""
    body = "".join(elements)
    return f'{XML_HEAD}<ofd:Res {NAMESPACE} BaseLoc="Res"><ofd:{kind}>{body}</ofd:{kind}></ofd:Res>'.encode()
