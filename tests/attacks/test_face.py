"""Attacks on what people see: the key holder of the issuer itself seals a face that is not what the metadata says.

Nothing is wrong with any signature here. Programs read the metadata and people the page, so whoever may seal can tell
the two different things; only a comparison of the page as it is seen with the metadata shows it.
"""

from collections.abc import Callable

import pytest

from formats.gbt33190.values import Box
from tests.attacks.faces import (
    NAME,
    NAME_AT,
    OTHER,
    PAGE,
    ROOT,
    TEMPLATE,
    changed,
    font_file,
    honest,
    image,
    named,
    on_top,
    rectangle,
    sealed,
    underneath,
    with_font,
    with_media,
)
from tests.unit.verifier.documents import HEAD, NS, PNG, Entries, codes, text_object, verified
from verifier.codes import Code, Step
from verifier.findings import Verdict

JPEG = b"\xff\xd8\xff\xe0" + bytes(40)
SOLID_PNG = PNG[:25] + b"\x02" + PNG[26:]
PLACE = Box(58, 85, 60, 12)
"""Around the holder's name."""
WIDE_NUMBER = "".join(chr(ord(each) + 0xFEE0) for each in "A0000000001")
FALSE_NAME = text_object(32, 60, 92.0, OTHER)
ALL = {character: place for place, character in enumerate(dict.fromkeys(NAME + OTHER), start=1)}


def embedded(text: str, *, more: str = "", transform: str = "") -> str:
    """A name in the embedded font 9, perhaps with glyphs named."""
    written = text_object(32, 60, 92.0, text, more=more).replace('Font="6"', 'Font="9"')
    return written.replace("<ofd:TextCode", f"{transform}<ofd:TextCode")


def glyphs(of: str) -> str:
    numbers = " ".join(str(ALL[character]) for character in of)
    return (
        f'<ofd:CGTransform CodePosition="0" CodeCount="{len(of)}" GlyphCount="{len(of)}">'
        f"<ofd:Glyphs>{numbers}</ofd:Glyphs></ofd:CGTransform>"
    )


def second_page(text: str) -> Entries:
    entries = changed(
        honest(), ROOT, "</ofd:Pages>", '<ofd:Page ID="60" BaseLoc="Pages/Page_1/Content.xml"/></ofd:Pages>'
    )
    page = f'{HEAD}<ofd:Page {NS}><ofd:Content><ofd:Layer ID="61">{text}</ofd:Layer></ofd:Content></ofd:Page>'
    return {**entries, "Doc_0/Pages/Page_1/Content.xml": page.encode()}


def annotated(text: str, entries: Entries) -> Entries:
    """An annotation over the page."""
    root = changed(
        entries, ROOT, "</ofd:Document>", "<ofd:Annotations>Annotations.xml</ofd:Annotations></ofd:Document>"
    )
    listing = f'{HEAD}<ofd:Annotations {NS}><ofd:Page PageID="1"><ofd:FileLoc>Annot.xml</ofd:FileLoc></ofd:Page></ofd:Annotations>'
    page = (
        f'{HEAD}<ofd:PageAnnot {NS}><ofd:Annot ID="70" Type="Watermark" Creator="x" LastModDate="2026-03-01">'
        f'<ofd:Appearance Boundary="0 0 210 297">{text}</ofd:Appearance></ofd:Annot></ofd:PageAnnot>'
    )
    return {**root, "Doc_0/Annotations.xml": listing.encode(), "Doc_0/Annot.xml": page.encode()}


def front_template(text: str) -> Entries:
    """The template page on top of the page."""
    entries = changed(
        honest(), PAGE, '<ofd:Template TemplateID="8"/>', '<ofd:Template TemplateID="8" ZOrder="Foreground"/>'
    )
    content = f'<ofd:Content><ofd:Layer ID="80">{text}</ofd:Layer></ofd:Content></ofd:Page>'
    return changed(entries, TEMPLATE, "</ofd:Page>", content)


def composite(objects: str, placed: str) -> Entries:
    """A composite unit 90 in the resources, drawn by an object."""
    unit = (
        '<ofd:CompositeGraphicUnits><ofd:CompositeGraphicUnit ID="90" Width="210" Height="297"><ofd:Content>'
        f"{objects}</ofd:Content></ofd:CompositeGraphicUnit></ofd:CompositeGraphicUnits></ofd:Res>"
    )
    return changed(on_top(placed), "Doc_0/DocumentRes.xml", "</ofd:Res>", unit)


REFUSED: dict[str, tuple[Callable[[], Entries], Code]] = {
    "another name at its word": (lambda: named(FALSE_NAME), Code.FACE_DIFFERS),
    "another name at its word, the true one elsewhere": (
        lambda: on_top(text_object(50, 120, 200, NAME), entries=named(FALSE_NAME)),
        Code.FACE_DIFFERS,
    ),
    "another name before the true one": (
        lambda: named(text_object(32, 36, 92.0, OTHER) + text_object(50, 120, 92.0, NAME)),
        Code.FACE_DIFFERS,
    ),
    "a longer name": (lambda: named(text_object(32, 60, 92.0, NAME + "分公司")), Code.FACE_DIFFERS),
    "a name gone": (lambda: named(""), Code.FACE_MISSING),
    "look-alike letters": (
        lambda: changed(honest(CZZT="ABC公司"), PAGE, "ABC公司", "\u0410\u0412\u0421公司"),
        Code.FACE_DIFFERS,
    ),
    "another number": (
        lambda: changed(honest(), PAGE, "A0000000001", "A0000000007"),
        Code.FACE_DIFFERS,
    ),
    "another date": (lambda: changed(honest(), PAGE, "2026年3月1日", "2025年3月1日"), Code.FACE_MISSING),
    "a second date by itself": (lambda: on_top(text_object(50, 120, 200, "2027年3月1日")), Code.FACE_UNDECIDED),
    "another issuer": (
        lambda: changed(honest(), PAGE, ">示例市市场监督管理局<", ">别的市市场监督管理局<"),
        Code.FACE_DIFFERS,
    ),
    "characters placed in another order": (
        lambda: changed(honest(CZZT="甲乙丙公司"), PAGE, 'DeltaX="g 4 4">甲', 'DeltaX="4 -8 12 4">甲'),
        Code.FACE_DIFFERS,
    ),
    "turned round": (
        lambda: named(NAME_AT.replace('X="0"', 'X="28"').replace('DeltaX="g 7 4"', 'DeltaX="g 7 -4"')),
        Code.FACE_DIFFERS,
    ),
    "painted over, another name on top": (
        lambda: on_top(rectangle(50, PLACE) + text_object(51, 60, 92.0, OTHER)),
        Code.FACE_DIFFERS,
    ),
    "painted over": (lambda: on_top(rectangle(50, PLACE)), Code.FACE_HIDDEN),
    "painted over by a thick line": (
        lambda: on_top(
            '<ofd:PathObject ID="50" Boundary="58 85 60 12" LineWidth="8"><ofd:StrokeColor Value="255 255 255"/>'
            "<ofd:AbbreviatedData>M 0 6 L 60 6</ofd:AbbreviatedData></ofd:PathObject>"
        ),
        Code.FACE_HIDDEN,
    ),
    "under a picture": (
        lambda: on_top(image(50, PLACE, 51), entries=with_media(honest(), 51, "over.jpg", JPEG)),
        Code.FACE_HIDDEN,
    ),
    "under a PNG without clear parts": (
        lambda: on_top(image(50, PLACE, 51), entries=with_media(honest(), 51, "over.png", SOLID_PNG)),
        Code.FACE_HIDDEN,
    ),
    "under a picture that may be clear in places": (lambda: on_top(image(50, PLACE, 3)), Code.FACE_UNDECIDED),
    "under a template in front": (lambda: front_template(rectangle(81, PLACE)), Code.FACE_HIDDEN),
    "under a composite unit": (
        lambda: composite(rectangle(91, PLACE), '<ofd:CompositeObject ID="50" Boundary="0 0 210 297" ResourceID="90"/>'),
        Code.FACE_HIDDEN,
    ),
    "under an annotation": (lambda: annotated(rectangle(71, PLACE), honest()), Code.FACE_HIDDEN),
    "white on white": (lambda: named(text_object(32, 60, 92.0, NAME, color="255 255 255")), Code.FACE_HIDDEN),
    "white on white, a picture beside shows another": (
        lambda: on_top(
            image(50, PLACE, 51),
            entries=with_media(
                named(text_object(32, 60, 92.0, NAME, color="255 255 255")), 51, "shown.jpg", JPEG
            ),
        ),
        Code.FACE_HIDDEN,
    ),
    "in the colour of an area under it": (
        lambda: underneath(rectangle(50, PLACE, "10 10 10"), entries=honest()), Code.FACE_HIDDEN,
    ),
    "almost white": (lambda: named(text_object(32, 60, 92.0, NAME, color="225 225 225")), Code.FACE_UNDECIDED),
    "clear": (lambda: named(text_object(32, 60, 92.0, NAME, more=' Alpha="0"')), Code.FACE_HIDDEN),
    "almost clear": (lambda: named(text_object(32, 60, 92.0, NAME, more=' Alpha="8"')), Code.FACE_HIDDEN),
    "invisible": (lambda: named(text_object(32, 60, 92.0, NAME, more=' Visible="false"')), Code.FACE_HIDDEN),
    "neither filled nor stroked": (
        lambda: named(text_object(32, 60, 92.0, NAME, more=' Fill="false"')), Code.FACE_HIDDEN,
    ),
    "too small": (lambda: named(text_object(32, 60, 92.0, NAME, size=0.3)), Code.FACE_HIDDEN),
    "shrunk by its matrix": (
        lambda: named(text_object(32, 60, 92.0, NAME, more=' CTM="0.01 0 0 0.01 0 0"')), Code.FACE_HIDDEN,
    ),
    "without width": (lambda: named(text_object(32, 60, 92.0, NAME, more=' HScale="0"')), Code.FACE_HIDDEN),
    "mirrored": (
        lambda: named(text_object(32, 60, 92.0, NAME, more=' CTM="-1 0 0 1 32 0"')), Code.FACE_UNDECIDED,
    ),
    "off the page": (lambda: named(text_object(32, 400, 92.0, NAME)), Code.FACE_HIDDEN),
    "clipped away": (
        lambda: named(
            NAME_AT.replace(
                "<ofd:TextCode",
                '<ofd:Clips><ofd:Clip><ofd:Area><ofd:Path Boundary="0 0 1 1" Fill="true"><ofd:AbbreviatedData>'
                "M 100 100 L 101 100 L 101 101 C</ofd:AbbreviatedData></ofd:Path></ofd:Area></ofd:Clip></ofd:Clips>"
                "<ofd:TextCode",
            )
        ),
        Code.FACE_HIDDEN,
    ),
    "outside its own boundary": (
        lambda: named(NAME_AT.replace('X="0" Y="4"', 'X="0" Y="90"')), Code.FACE_UNDECIDED,
    ),
    "all characters in one place": (
        lambda: named(NAME_AT.replace('DeltaX="g 7 4"', 'DeltaX="g 7 0.1"')), Code.FACE_UNDECIDED,
    ),
    "overwritten": (lambda: on_top(text_object(50, 60, 92.0, OTHER)), Code.FACE_DIFFERS),
    "only in an annotation": (lambda: annotated(text_object(71, 60, 92.0, NAME), named("")), Code.FACE_MISSING),
    "on a second page another": (
        lambda: second_page(text_object(62, 20, 92.0, "名称") + text_object(63, 60, 92.0, OTHER)),
        Code.FACE_DIFFERS,
    ),
    "glyphs of another name": (
        lambda: with_font(named(embedded(NAME, transform=glyphs(OTHER))), 9, font_file(ALL)),
        Code.FACE_GLYPH_MISMATCH,
    ),
    "another text drawn with the glyphs of the name": (
        lambda: with_font(named(embedded(OTHER, transform=glyphs(NAME))), 9, font_file(ALL)),
        Code.FACE_GLYPH_MISMATCH,
    ),
    "empty glyphs": (
        lambda: with_font(named(embedded(NAME)), 9, font_file(ALL, blank=tuple(ALL.values()))),
        Code.FACE_HIDDEN,
    ),
    "glyphs of a font without a character map": (
        lambda: with_font(named(embedded(NAME, transform=glyphs(OTHER))), 9, font_file(ALL, map_them=False)),
        Code.FACE_UNDECIDED,
    ),
    "a page of a picture alone": (
        lambda: {**honest(), PAGE: f'{HEAD}<ofd:Page {NS}><ofd:Content><ofd:Layer ID="4">{image(5, Box(0, 0, 210, 297), 3)}</ofd:Layer></ofd:Content></ofd:Page>'.encode()},
        Code.FACE_UNREADABLE,
    ),
    "an object that cannot be read": (
        lambda: on_top('<ofd:PathObject ID="50" Boundary="x"/>'), Code.FACE_UNDECIDED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_face_is_not_what_was_signed(case: str) -> None:
    """The seal holds, the metadata is right, and the document does not pass."""
    make, expected = REFUSED[case]
    report = verified(sealed(make()))
    found = codes(report)
    assert expected in found, [each.detail for each in report.findings if each.step is Step.LICENCE_FACE]
    assert all(each.startswith("FACE_") for each in found)
    assert report.verdict is not Verdict.PASSED


HONEST: dict[str, Callable[[], Entries]] = {
    "as it is": honest,
    "over two lines": lambda: named(text_object(32, 60, 92.0, NAME[:5]) + text_object(33, 60, 97.6, NAME[5:])),
    "in two fonts": lambda: named(text_object(32, 60, 92.0, NAME[:5]) + text_object(33, 80, 92.0, NAME[5:])),
    "with spaces between": lambda: named(text_object(32, 60, 92.0, "　".join(NAME))),
    "drawn twice to be bold": lambda: named(NAME_AT + text_object(33, 60.1, 92.0, NAME)),
    "full-width letters": lambda: changed(honest(), PAGE, "A0000000001", WIDE_NUMBER),
    "date with hyphens": lambda: changed(honest(), PAGE, "2026年3月1日", "2026-03-01"),
    "date with points": lambda: changed(honest(), PAGE, "2026年3月1日", "2026.3.1"),
    "date in Chinese numerals": lambda: changed(honest(), PAGE, "2026年3月1日", "二〇二六年三月一日"),
    "date with circles": lambda: changed(honest(), PAGE, "2026年3月1日", "二○二六年三月一日"),
    "date in English": lambda: changed(
        honest(), PAGE, text_object(35, 60, 128.0, "2026年3月1日"), text_object(35, 60, 128.0, "March 1, 2026")
    ),
    "under a watermark": lambda: on_top(text_object(50, 50, 100, "样本", size=40, color="200 0 0", more=' Alpha="30"')),
    "on a coloured ground": lambda: underneath(rectangle(50, Box(0, 0, 210, 297), "255 250 230")),
    "underlined afterwards": lambda: on_top(
        '<ofd:PathObject ID="50" Boundary="58 92 60 2" LineWidth="0.3"><ofd:AbbreviatedData>M 0 1 L 60 1'
        "</ofd:AbbreviatedData></ofd:PathObject>"
    ),
    "in an embedded font": lambda: with_font(named(embedded(NAME)), 9, font_file(ALL)),
    "with glyphs named": lambda: with_font(named(embedded(NAME, transform=glyphs(NAME))), 9, font_file(ALL)),
    "a hidden copy besides": lambda: on_top(text_object(50, 60, 250, NAME, more=' Visible="false"')),
    "by a composite unit": lambda: changed(
        composite(NAME_AT, '<ofd:CompositeObject ID="50" Boundary="0 0 210 297" ResourceID="90"/>'),
        PAGE, NAME_AT, "",
    ),
    "a middle dot of another kind": lambda: changed(
        honest(CZZT="阿依古丽·买买提"), PAGE, "阿依古丽·买买提", "阿依古丽•买买提"
    ),
    "set downwards": lambda: named(
        text_object(32, 60, 200.0, NAME, more=' ReadDirection="90"').replace('DeltaX="g 7 4"', 'DeltaY="g 7 4"')
        .replace("32 5.2", "8 40")
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HONEST)
def test_honest_ways_to_write_pass(case: str) -> None:
    """What is written otherwise and says the same passes."""
    report = verified(sealed(HONEST[case]()))
    assert [each.detail for each in report.findings if each.step is Step.LICENCE_FACE and each.detail] == []
    assert report.verdict is Verdict.PASSED


def test_no_number_of_a_person_is_told() -> None:
    """The value in a finding is cut where it may be a person's."""
    report = verified(sealed(named(FALSE_NAME, entries=honest(CZZTDMLXDM="111", CZZTDM="11010519491231002X"))))
    details = [each.detail for each in report.findings if each.step is Step.LICENCE_FACE]
    assert details == ["CZZT: shown 冒******司, signed 示******司"]
