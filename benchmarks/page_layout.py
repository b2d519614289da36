"""Setting and writing a licence page: 25 fields, a code and a font subset, microseconds each, packing left out."""

import timeit
from collections.abc import Callable

from formats.fonts import FontLibrary, Typeface, installed_fonts
from formats.gbt33190.drawing import (
    DataIndex,
    DocInfo,
    Drawn,
    DrawnDocument,
    DrawnLayer,
    DrawnPage,
    WrittenDocument,
    write_document,
)
from formats.gbt33190.values import Box
from formats.layout import TextStyle, lay_text, points, qr_code
from formats.layout.specimen import CERTIFICATE_FIELDS, LANDSCAPE, Specimens

FIELDS = 24
CODE_BOX = Box(242, 44, 26, 26)


def microseconds(action: Callable[[], object], calls: int = 1500) -> float:
    """The best of single calls, microseconds: what it takes when nothing else wants the core."""
    return min(timeit.repeat(action, number=1, repeat=calls)) * 1e6


class Page:
    """A page of 24 short fields and one of some lines."""

    def __init__(self, fonts: FontLibrary) -> None:
        self.style = TextStyle(fonts.chain(Typeface.SERIF), points(12), minimum_size=points(6))
        values = [value for name, value in CERTIFICATE_FIELDS.items() if name not in {"scope", "link"}]
        self.values = {f"F{index}": values[index % len(values)] for index in range(FIELDS)}
        self.base = Specimens(fonts).certificate_base
        self.info = DocInfo("0" * 32, title="证照", custom=self.values)

    def fields(self) -> list[Drawn]:
        """Positioned text of all fields."""
        objects: list[Drawn] = []
        for index, (name, value) in enumerate(self.values.items()):
            box = Box(30 + 120 * (index % 2), 60 + 7 * (index // 2), 110, 6.5)
            objects += lay_text(box, value, self.style, field=name).objects
        objects += lay_text(Box(30, 146, 130, 40), CERTIFICATE_FIELDS["scope"], self.style, field="scope").objects
        return objects

    def write(self, objects: list[Drawn]) -> WrittenDocument:
        """Entries; the font subset is cut in here."""
        page = DrawnPage(LANDSCAPE, (DrawnLayer(tuple(objects)),), ("certificate",))
        document = DrawnDocument(self.info, (page,), index=DataIndex("urn:x", "x", "Licence"))
        return write_document(document, base=self.base)

    def whole(self, mask: int | None) -> WrittenDocument:
        """Everything that differs from licence to licence."""
        return self.write([*self.fields(), *qr_code(CODE_BOX, CERTIFICATE_FIELDS["link"], mask=mask)])


def run(record: Callable[..., None]) -> None:
    """The whole page, and its parts."""
    fonts = installed_fonts()
    page = Page(fonts)
    face = fonts.face(Typeface.SERIF)
    objects = page.fields()
    link = CERTIFICATE_FIELDS["link"]
    characters = set("".join(page.values.values()) + CERTIFICATE_FIELDS["scope"])
    record("licence page: whole", microseconds(lambda: page.whole(None)), "µs")
    record("licence page: whole, code mask given", microseconds(lambda: page.whole(2)), "µs")
    record("licence page: lay out 25 fields", microseconds(page.fields), "µs")
    record("licence page: QR code", microseconds(lambda: qr_code(CODE_BOX, link)), "µs")
    record("licence page: QR code, mask given", microseconds(lambda: qr_code(CODE_BOX, link, mask=2)), "µs")
    record("licence page: write with font subset", microseconds(lambda: page.write(objects)), "µs")
    record(f"font subset: {len(characters)} characters", microseconds(lambda: face.subset(characters)), "µs")
