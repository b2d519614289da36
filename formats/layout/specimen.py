"""Specimen documents: every part of the layout at work on invented content.

For tests, measurements and for looking at; no rule of any licence is in here. A landscape certificate shows
border, ground, fields, flowing text and a code; an upright document of two pages, a table that continues.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Final

from formats.fonts import FontLibrary, Typeface
from formats.gbt33190.drawing import (
    AttachedFile,
    DataIndex,
    DocInfo,
    Drawn,
    DrawnDocument,
    DrawnLayer,
    DrawnPage,
    DrawnTemplate,
    PreparedBase,
    Rgb,
    WrittenDocument,
    prepare_base,
    write_document,
)
from formats.gbt33190.values import Box
from formats.layout.codes import qr_code
from formats.layout.frames import double_frame, filled, inset
from formats.layout.guilloche import epitrochoid, ground
from formats.layout.ornaments import BorderStyle, guilloche_border, star_medallion, tapered_rule
from formats.layout.style import Align, TextStyle, points
from formats.layout.table import Cell, Row, TableStyle, lay_table
from formats.layout.text import lay_pages, lay_text

_GOLD: Final = Rgb.parse("#B8860B")
_PALE_GOLD: Final = Rgb.parse("#D6B866")
_FAINT_GOLD: Final = Rgb.parse("#F3EACF")
_IVORY: Final = Rgb.parse("#FFFDF5")
_INK: Final = Rgb.parse("#1A1A1A")
_GREEN: Final = Rgb.parse("#2E5E4E")
_FAINT_GREEN: Final = Rgb.parse("#F3F8F1")
LANDSCAPE: Final = Box(0, 0, 297, 210)
UPRIGHT: Final = Box(0, 0, 210, 297)
INDEX: Final = DataIndex("urn:xinyin:specimen", "s", "Specimen")

_SCOPE: Final = (
    "许可项目：食品销售；餐饮服务；第二类增值电信业务（依法须经批准的项目，经相关部门批准后方可开展经营活动，"
    "具体经营项目以相关部门批准文件或许可证件为准）。一般项目：软件开发；信息系统集成服务；数据处理和存储支持服务；"
    "技术服务、技术开发、技术咨询、技术交流、技术转让、技术推广；办公设备销售；会议及展览服务；"
    "货物进出口（除依法须经批准的项目外，凭营业执照依法自主开展经营活动）。"
)

CERTIFICATE_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "code": "91510100MA62FLEL38",
        "name": "四川信印示范科技有限公司",
        "type": "有限责任公司（自然人投资或控股）",
        "person": "李示范",
        "capital": "壹佰万元整",
        "founded": "2021年03月18日",
        "address": "四川省成都市青羊区示范大道100号1栋2单元30层3001号",
        "scope": _SCOPE,
        "authority": "示范市市场监督管理局",
        "date": "2026年01月15日",
        "link": "https://licence.example/c/1.2.156.3005.2.11100000MB0143028R001.91510100MA62FLEL38.000001.001.A",
    }
)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a field of the certificate stands."""

    name: str
    label: str
    label_box: Box
    box: Box


def _row(name: str, label: str, column: int, y: float, height: float = 10.0) -> _Place:
    """A field in the left or right column."""
    label_x, x, width = ((30.0, 62.0, 92.0), (162.0, 194.0, 74.0))[column]
    return _Place(name, label, Box(label_x, y, 27, 10), Box(x, y, width, height))


_PLACES: Final = (
    _row("name", "名称", 0, 80, 12),
    _row("type", "类型", 0, 93, 12),
    _row("person", "法定代表人", 0, 106),
    _row("capital", "注册资本", 1, 80),
    _row("founded", "成立日期", 1, 93),
    _row("address", "住所", 1, 106, 22),
)
_SCOPE_BOX: Final = Box(62, 119, 92, 62)
_FOLLOWING_BOX: Final = Box(30, 50, 237, 130)
_BASELINE: Final = 6.2


class Specimens:
    """Specimen documents in the fonts of a library; what all of them share is drawn once.

    Raises:
        FontsNotFoundError: The library lacks a typeface.
    """

    def __init__(self, fonts: FontLibrary) -> None:
        serif, bold = fonts.chain(Typeface.SERIF), fonts.chain(Typeface.SERIF_BOLD)
        self._sans = fonts.chain(Typeface.SANS)
        self._title = TextStyle(bold, points(36), align=Align.CENTRE, spacing=0.35, color=_INK)
        self._label = TextStyle(bold, points(14), color=_INK, align=Align.DISTRIBUTE, baseline=_BASELINE)
        self._value = TextStyle(
            serif, points(14), minimum_size=points(6.5), color=_INK, align=Align.JUSTIFY, baseline=_BASELINE
        )
        self._scope = replace(self._value, continuation="（转下页）")
        self._plain = TextStyle(serif, points(12), color=_INK)
        self._signature = TextStyle(serif, points(14), color=_INK, align=Align.CENTRE)
        self._small = TextStyle(serif, points(9), color=_INK, align=Align.CENTRE)
        self._serif = serif
        self._bold = bold
        self.certificate_base = self._certificate_base()
        self.record_base = self._record_base()

    def certificate(self, fields: Mapping[str, str] = CERTIFICATE_FIELDS) -> WrittenDocument:
        """A landscape certificate; a long scope goes on on further pages.

        Raises:
            LayoutError: Another field is too long for its place even at the smallest size.
            MissingGlyphError: No font holds a character.
        """
        scope = lay_pages(fields["scope"], self._scope, _SCOPE_BOX, _FOLLOWING_BOX, field="scope")
        objects: list[Drawn] = []
        for place in _PLACES:
            objects += lay_text(place.box, fields[place.name], self._value, field=place.name).objects
        objects += scope[0].objects
        objects += lay_text(Box(30, 62, 90, 8), fields["code"], self._plain, field="code").objects
        for name, y in (("authority", 150), ("date", 172)):
            objects += lay_text(Box(180, y, 88, 10), fields[name], self._signature, field=name).objects
        objects += qr_code(Box(242, 44, 26, 26), fields["link"], ground=_IVORY)
        pages = [DrawnPage(LANDSCAPE, (DrawnLayer(tuple(objects)),), ("certificate",))]
        pages += [DrawnPage(LANDSCAPE, (DrawnLayer(part.objects),), ("continuation",)) for part in scope[1:]]
        return self._write(tuple(pages), "示范证书", self.certificate_base, fields)

    def record(self, rows: int = 16) -> WrittenDocument:
        """An upright document of one table that takes as many pages as it needs; two with the default.

        Args:
            rows: Of the table, besides its head.
        """
        head = TextStyle(self._bold, points(11), color=_GREEN, align=Align.CENTRE)
        body = TextStyle(self._serif, points(10.5), color=_INK, align=Align.JUSTIFY, leading=1.35)
        number = TextStyle(self._sans, points(9.5), color=_INK, align=Align.CENTRE)
        style = TableStyle((16.0, 42.0, 96.0, 16.0), color=_GREEN, outer=0.6, inner=0.2)
        tints = [Cell(text, head, tint=_FAINT_GREEN) for text in ("序号", "事项", "内容", "备注")]
        first = Row(tuple(tints), 9.0)
        remaining: tuple[Row, ...] = tuple(
            Row(
                (
                    Cell(str(index), number),
                    Cell("示范事项" + "甲乙丙丁"[index % 4], body),
                    Cell(_SCOPE[: 20 + 37 * (index % 5)], body, field=f"row{index}"),
                    Cell("无", head),
                ),
                8.0,
            )
            for index in range(1, rows + 1)
        )
        pages: list[DrawnPage] = []
        while remaining:
            box = Box(20, 58 if not pages else 34, 170, 205 if not pages else 229)
            table = lay_table(box, [first, *remaining], style)
            objects = [*table.objects, *self._foot(len(pages) + 1)]
            templates = ("cover",) if not pages else ("following",)
            pages.append(DrawnPage(UPRIGHT, (DrawnLayer(tuple(objects)),), templates))
            remaining = table.remainder
        return self._write(tuple(pages), "示范记录", self.record_base, {})

    def _write(
        self, pages: tuple[DrawnPage, ...], title: str, base: PreparedBase, custom: Mapping[str, str]
    ) -> WrittenDocument:
        """The document around the pages."""
        info = DocInfo("0" * 31 + "1", title=title, created=date(2026, 1, 15), custom=custom)
        data = "".join(f"{name}={value}\n" for name, value in custom.items()).encode()
        files = (AttachedFile("data", "txt", data, visible=False),) if data else ()
        return write_document(DrawnDocument(info, pages, files, INDEX), base=base)

    def _certificate_base(self) -> PreparedBase:
        """Ground, border, title and labels."""
        style = BorderStyle(_GOLD, _PALE_GOLD, _IVORY)
        framed: list[Drawn] = [
            filled(LANDSCAPE, _IVORY),
            ground(inset(LANDSCAPE, 15.5), _FAINT_GOLD, seed="certificate"),
            *guilloche_border(inset(LANDSCAPE, 6), style),
            *lay_text(Box(60, 186, 177, 6), "本页为样张，不具有任何效力", self._small).objects,
        ]
        face = [
            *framed,
            epitrochoid(Box(98.5, 68, 100, 100), _FAINT_GOLD, width=0.14),
            *star_medallion(Box(138.5, 19, 20, 20), _GOLD),
            *lay_text(Box(60, 40, 177, 18), "示范证书", self._title).objects,
            tapered_rule(Box(98.5, 59.5, 100, 1.6), _GOLD),
            *lay_text(Box(60, 61.5, 177, 7), "（副本）", self._small).objects,
            *lay_text(Box(30, 119, 27, 10), "经营范围", self._label).objects,
        ]
        for place in _PLACES:
            face += lay_text(place.label_box, place.label, self._label).objects
        heading = replace(self._title, size=points(20))
        following = [*framed, *lay_text(Box(60, 28, 177, 12), "续页", heading).objects]
        return prepare_base(
            [
                DrawnTemplate("certificate", LANDSCAPE, (DrawnLayer(tuple(face)),)),
                DrawnTemplate("continuation", LANDSCAPE, (DrawnLayer(tuple(following)),)),
            ]
        )

    def _record_base(self) -> PreparedBase:
        """First page with title, following pages without."""
        title = TextStyle(self._bold, points(22), color=_GREEN, align=Align.CENTRE, spacing=0.2)
        framed: list[Drawn] = [
            ground(inset(UPRIGHT, 14), _FAINT_GREEN, seed="record", width=0.2),
            *double_frame(inset(UPRIGHT, 12), _GREEN),
        ]
        cover = [*framed, *lay_text(Box(20, 26, 170, 16), "示范事项记录", title).objects]
        cover += lay_text(Box(20, 44, 170, 7), "共二页，本页为样张", self._small).objects
        return prepare_base(
            [
                DrawnTemplate("cover", UPRIGHT, (DrawnLayer(tuple(cover)),)),
                DrawnTemplate("following", UPRIGHT, (DrawnLayer(tuple(framed)),)),
            ]
        )

    def _foot(self, page: int) -> tuple[Drawn, ...]:
        """The page number."""
        return lay_text(Box(20, 272, 170, 6), f"第 {page} 页", self._small).objects
