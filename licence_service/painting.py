"""Drawing a licence's face: a licence type and metadata become the entries of an OFD package.

What all licences of a type share (ground, border, rosette, printed words, their fonts) is drawn once as template
pages; its entries are compressed and digested once and shared by every licence. Only values, the two-dimensional
code and their subset fonts are made anew. Metadata stands in DocInfo/CustomDatas, and the data index binds every
value on the page to its metadata field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from crypto import sm3
from formats import MalformedDataError
from formats.fonts import FontLibrary, MissingGlyphError, Typeface
from formats.gbt33190.drawing import (
    DataIndex,
    DocInfo,
    Drawn,
    DrawnDocument,
    DrawnLayer,
    DrawnPage,
    PreparedBase,
    UnrepresentableTextError,
    WrittenDocument,
    prepare_base,
    write_document,
)
from formats.gbt33190.package_writer import Part, Precompressed
from formats.gbt33190.page_objects import LayerType
from formats.gbt33190.values import Box
from formats.gbt36903 import Element, HolderCode, Metadata, to_custom_data
from formats.layout import Align, LayoutError, TextStyle, VerticalAlign, lay_pages, lay_text, qr_code
from licence_service.errors import FieldViolation, RefusedError
from licence_service.face_data import Continuation, Face, FacePage, Place, Style, ValuePlace
from licence_service.face_template import face_templates
from licence_service.licence_types import LicenceType

INDEX_NAMESPACE: Final = "urn:xinyin:licence:data-index:1"
"""Namespace of the data index (数据索引); the standards leave the carrier open, this is the project's own."""
CODE_PREFIX: Final = "XYLIC1:"
"""What the printed two-dimensional code begins with; the licence identifier follows, and nothing personal."""
CREATOR: Final = "Xinyin"
_CODE_MASK: Final = 2
"""One data mask for all codes: trying all eight costs more than drawing the page's text."""


@dataclass(frozen=True, slots=True)
class PaintedFace:
    """A licence ready to be sealed.

    Attributes:
        entries: Package entries.
        digests: SM3 of the entries shared by all licences of the type.
        seal_page_id: Id of the page the seal stands on.
        seal_centre: Where, in millimetres.
    """

    entries: dict[str, Part]
    digests: Mapping[str, bytes]
    seal_page_id: int
    seal_centre: tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What is made once for a licence type."""

    base: PreparedBase
    shared: Mapping[str, Precompressed]
    digests: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class FaceToPaint:
    """One licence to draw: its type, its checked metadata, and its DocID of 32 hexadecimal digits."""

    licence_type: LicenceType
    metadata: Metadata
    document_id: str


class FacePainter:
    """Draws faces; holds what was made once for each licence type.

    Args:
        fonts: Where fonts come from.
    """

    def __init__(self, fonts: FontLibrary) -> None:
        self._fonts = fonts
        self._prepared: dict[tuple[str, str], _Prepared] = {}
        self._styles: dict[tuple[Style, bool], TextStyle] = {}

    def paint(self, licence_type: LicenceType, metadata: Metadata, *, document_id: str) -> PaintedFace:
        """Draw one licence.

        Args:
            licence_type: Gives the face.
            metadata: Checked metadata; everything shown comes from it.
            document_id: DocID, 32 hexadecimal digits.

        Raises:
            RefusedError: A value does not fit its place, or holds a character no font has; the field is named.
            MalformedDataError: The type's own printed text does not fit its place; the text is named.
        """
        return self.paint_many([FaceToPaint(licence_type, metadata, document_id)])[0]

    def paint_many(self, items: Sequence[FaceToPaint]) -> list[PaintedFace]:
        """Draw several licences, each step for all of them before the next.

        What one step needs stays in the processor's caches meanwhile: a sixth is saved against drawing one
        licence after the other. The faces are the same.

        Args:
            items: What to draw; all drawings are held at once, so a batch is no larger than those that are sealed
                together.

        Raises:
            RefusedError: As ``paint``, for the first item that a step refuses; nothing is drawn.
            MalformedDataError: As ``paint``.
        """
        prepared = [self._prepare(item.licence_type) for item in items]
        laid = [self._pages(item.licence_type.face, item.metadata) for item in items]
        drawn = [_document(item, pages) for item, (pages, _) in zip(items, laid, strict=True)]
        written = [_written(document, made.base) for document, made in zip(drawn, prepared, strict=True)]
        return [
            _painted(item.licence_type.face, made, done, seal_page)
            for item, made, done, (_, seal_page) in zip(items, prepared, written, laid, strict=True)
        ]

    def _prepare(self, licence_type: LicenceType) -> _Prepared:
        key = (licence_type.key, licence_type.version)
        known = self._prepared.get(key)
        if known is None:
            try:
                templates = face_templates(licence_type.face, self.style)
            except (LayoutError, MissingGlyphError) as exc:
                raise MalformedDataError(f"the printed part of the face: {exc}", what=licence_type.key) from exc
            base = prepare_base(templates)
            shared = {name: Precompressed.of(data) for name, data in base.entries.items()}
            digests = {name: sm3(data) for name, data in base.entries.items()}
            known = self._prepared.setdefault(key, _Prepared(base, shared, digests))
        return known

    def style(self, style: Style, *, mark: bool = False) -> TextStyle:
        """A layout style from a face's style; ``mark`` sets （转下页） where text continues."""
        known = self._styles.get((style, mark))
        if known is None:
            known = TextStyle(
                fonts=self._fonts.chain(Typeface(style.font)),
                size=style.size,
                minimum_size=min(style.smallest, style.size),
                color=style.colour,
                align=Align(style.align),
                vertical=VerticalAlign(style.valign),
                leading=style.leading,
                spacing=style.spread / style.size,
                continuation="（转下页）" if mark else "",
            )
            self._styles[style, mark] = known
        return known

    def _pages(self, face: Face, metadata: Metadata) -> tuple[tuple[DrawnPage, ...], int]:
        area = Box(0, 0, face.width, face.height)
        pages: list[DrawnPage] = []
        rest: list[tuple[str, Sequence[Drawn]]] = []
        seal_page = 0
        for index, page in enumerate(face.pages):
            objects: list[Drawn] = []
            for place in page.values:
                objects += self._value(place, face.continuation, metadata, rest)
            if page.code is not None:
                objects += _code(page, metadata)
            if page.seal is not None:
                seal_page = index
            pages.append(_page(area, objects, f"page-{index}"))
        pages += [_page(area, objects, "continuation") for _, objects in rest]
        return tuple(pages), seal_page

    def _value(
        self,
        place: ValuePlace,
        continuation: Continuation | None,
        metadata: Metadata,
        rest: list[tuple[str, Sequence[Drawn]]],
    ) -> list[Drawn]:
        text = shown_text(place, metadata)
        if not text:
            return []
        try:
            if place.continues and continuation is not None:
                style = self.style(place.style, mark=True)
                first, *following = lay_pages(
                    text, style, _box(place.box), _box(continuation.box), field=place.field
                )
                rest += [(place.field, laid.objects) for laid in following]
                return list(first.objects)
            laid = lay_text(_box(place.box), text, self.style(place.style), field=place.field)
        except MissingGlyphError as exc:
            message = f"U+{ord(exc.character):04X} is in no font"
            raise _refused(place.field, "character", f"字库中没有字符 {exc.character}", message) from exc
        except LayoutError as exc:
            raise _refused(place.field, "does-not-fit", "内容过长，版面放不下", str(exc)) from exc
        except UnrepresentableTextError as exc:
            raise _refused(place.field, "character", "内容含有不可见或改变方向的字符", str(exc)) from exc
        return list(laid.objects)


def _document(item: FaceToPaint, pages: tuple[DrawnPage, ...]) -> DrawnDocument:
    metadata = item.metadata
    info = DocInfo(
        document_id=item.document_id,
        title=item.licence_type.name,
        author=metadata.text(Element.ISSUER_NAME),
        subject=str(metadata.licence_id()),
        created=metadata.issued_on(),
        creator=CREATOR,
        custom=dict(to_custom_data(metadata)),
    )
    return DrawnDocument(info, pages, index=DataIndex(INDEX_NAMESPACE, "xy", "Licence"))


def _written(document: DrawnDocument, base: PreparedBase) -> WrittenDocument:
    try:
        return write_document(document, base=base)
    except UnrepresentableTextError as exc:
        raise _refused(exc.what, "character", "内容含有不可见或改变方向的字符", str(exc)) from exc


def _painted(face: Face, prepared: _Prepared, written: WrittenDocument, seal_page: int) -> PaintedFace:
    seal = face.pages[seal_page].seal
    if seal is None:
        raise ValueError("the page of the seal has no place for it")
    entries: dict[str, Part] = {**written.entries, **prepared.shared}
    return PaintedFace(entries, prepared.digests, written.page_ids[seal_page], seal)


def shown_text(place: ValuePlace, metadata: Metadata) -> str:
    """What the page shows of a field; a pure function of the metadata, so that a verifier can compare.

    Dates are shown as 年月日, an unlimited end of validity as 长期, several values joined, numbers of natural
    persons masked where the face asks for it.
    """
    values = metadata.values.get(place.field, ())
    if not any(values):
        return ""
    if place.masks_persons:
        code_types = metadata.texts(Element.HOLDER_CODE_TYPE)
        shown = [HolderCode(code_type, code).masked for code, code_type in zip(values, code_types, strict=True)]
        return place.prefix + place.join.join(shown)
    if place.format == "date":
        return place.prefix + place.join.join(map(_chinese_date, values))
    if place.format == "minute":
        return place.prefix + place.join.join(map(_chinese_minute, values))
    return place.prefix + place.join.join(values)


def _chinese_date(text: str) -> str:
    if len(text) != 8 or not text.isdigit():
        return text  # 长期
    day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    return f"{day.year}年{day.month}月{day.day}日"


def _chinese_minute(text: str) -> str:
    return f"{_chinese_date(text[:8])}{int(text[8:10])}时{int(text[10:12])}分"


def _code(page: FacePage, metadata: Metadata) -> list[Drawn]:
    """The code holds the identifier alone: no name, no number of a person."""
    if page.code is None:
        return []
    return list(qr_code(_box(page.code), CODE_PREFIX + str(metadata.licence_id()), mask=_CODE_MASK))


def _page(area: Box, objects: Sequence[Drawn], template: str) -> DrawnPage:
    return DrawnPage(area, (DrawnLayer(tuple(objects), LayerType.BODY),), (template,))


def _box(place: Place) -> Box:
    return Box(*place)


def _refused(field: str, code: str, message_zh: str, message_en: str) -> RefusedError:
    return RefusedError([FieldViolation(field, code, message_zh, message_en)])
