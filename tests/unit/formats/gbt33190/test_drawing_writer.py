"""Drawn documents become package entries that follow the schema."""

from datetime import UTC, date, datetime

import pytest
from lxml import etree

from formats.gbt33190.drawing import (
    Annotation,
    AttachedFile,
    DataIndex,
    DocInfo,
    DrawnDocument,
    DrawnImage,
    DrawnLayer,
    DrawnPage,
    DrawnPath,
    DrawnTemplate,
    DrawnText,
    NamedFont,
    PathBuilder,
    Rgb,
    TextRun,
    UnrepresentableTextError,
    WrittenDocument,
    prepare_base,
    read_image,
    write_document,
)
from formats.gbt33190.page_objects import Cap, FillRule, LayerType, ZOrder
from formats.gbt33190.values import Box, Matrix
from tests import ofd_schema

AREA = Box(0, 0, 210, 297)
SONG = NamedFont("宋体", "宋体")
INFO = DocInfo("0123456789abcdef0123456789abcdef")
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63f8cf"
    "c0f01f0005000201a5f645400000000049454e44ae426082"
)


def text(content: str, *, field: str | None = None) -> DrawnText:
    run = TextRun(content, 0, 4, (4.0,) * (len(content) - 1))
    return DrawnText(Box(20, 20, 100, 6), SONG, 4.0, (run,), field=field)


def rich_document() -> WrittenDocument:
    """One of everything."""
    image = read_image(PNG)
    line = DrawnPath(Box(0, 0, 10, 10), PathBuilder().move(0, 0).line(10, 10).build(), stroke=Rgb(255, 0, 0))
    shape = DrawnPath(
        Box(0, 0, 10, 10),
        PathBuilder().circle(5, 5, 4).build(),
        stroke=Rgb(1, 2, 3),
        fill=Rgb(4, 5, 6),
        line_width=0.5,
        cap=Cap.ROUND,
        dash=(1.0, 0.5),
        rule=FillRule.EVEN_ODD,
        alpha=128,
        matrix=Matrix(0.5, 0, 0, 0.5, 1, 1),
    )
    base = prepare_base(
        [
            DrawnTemplate("under", AREA, (DrawnLayer((text("底"), line)),)),
            DrawnTemplate("over", AREA, (DrawnLayer((shape,)),), ZOrder.FOREGROUND),
        ]
    )
    mark = Annotation(
        "Watermark",
        "测试",
        date(2026, 1, 2),
        Box(10, 10, 50, 50),
        (text("样"),),
        subtype="x",
        printed=False,
        remark="备注",
        parameters={"a": "b"},
    )
    pages = (
        DrawnPage(
            AREA,
            (
                DrawnLayer((text("名称", field="ZZMC"), DrawnImage(Box(1, 1, 9, 9), image))),
                DrawnLayer((line, text("续", field="ZZMC")), LayerType.FOREGROUND),
            ),
            ("under", "over"),
            (mark,),
        ),
        DrawnPage(AREA, (DrawnLayer((text("号", field="ZZHM"),)),)),
    )
    info = DocInfo(
        "0123456789abcdef0123456789abcdef",
        title="许可 & <证>",
        author="甲",
        subject="乙",
        abstract="丙",
        created=date(2026, 1, 1),
        modified=date(2026, 1, 2),
        usage="Normal",
        keywords=("一", "二"),
        creator="信印",
        creator_version="1",
        custom={"ZZMC": '名"称', "ZZHM": "1"},
    )
    files = (
        AttachedFile("data", "xml", b"<a/>", datetime(2026, 1, 1, tzinfo=UTC), visible=False, usage="none"),
        AttachedFile("data", "xml", b"<b/>"),
        AttachedFile("照片", "png", PNG),
    )
    return write_document(DrawnDocument(info, pages, files, DataIndex("urn:test", "t", "Licence")), base=base)


def test_every_part_follows_the_schema() -> None:
    """Element order, required and unknown attributes agree with the tables of Annex A in every part."""
    written = rich_document()
    for name, data in written.entries.items():
        if name.endswith(".xml") and "/Tags/Tag_" not in name and "data" not in name and "attachment_" not in name:
            ofd_schema.check(data)


def test_the_schema_check_can_fail() -> None:
    """The table refuses a wrong order, a missing attribute and an unknown one."""
    good = rich_document().entries["OFD.xml"].decode()
    for bad in (
        good.replace("<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>", "").replace(
            "<ofd:DocInfo>", "<ofd:DocRoot>x</ofd:DocRoot><ofd:DocInfo>"
        ),
        good.replace(' Version="1.0"', ""),
        good.replace(' Version="1.0"', ' Version="1.0" Extra="1"'),
    ):
        with pytest.raises(AssertionError):
            ofd_schema.check(bad.encode())


def test_ids_are_distinct_and_bounded() -> None:
    """Every ST_ID occurs once, none exceeds MaxUnitID, and the largest equals it."""
    written = rich_document()
    ids = ofd_schema.unit_ids(written.entries)
    assert len(ids) == len(set(ids))
    assert max(ids) == written.max_unit_id
    assert (
        f"<ofd:MaxUnitID>{written.max_unit_id}</ofd:MaxUnitID>".encode() in written.entries["Doc_0/Document.xml"]
    )


def test_every_reference_meets_its_target() -> None:
    """Fonts, images, templates and pages named by id exist; locations name entries."""
    written = rich_document()
    entries = written.entries
    fonts = set(etree.fromstring(entries["Doc_0/PublicRes.xml"]).xpath("//*[local-name()='Font']/@ID"))
    images = set(etree.fromstring(entries["Doc_0/DocumentRes.xml"]).xpath("//*[local-name()='MultiMedia']/@ID"))
    document = etree.fromstring(entries["Doc_0/Document.xml"])
    templates = set(document.xpath("//*[local-name()='TemplatePage']/@ID"))
    for name, data in entries.items():
        if name.endswith(("Content.xml", "Annotation.xml")):
            root = etree.fromstring(data)
            assert set(root.xpath("//@Font")) <= fonts
            assert set(root.xpath("//@ResourceID")) <= images
            assert set(root.xpath("//@TemplateID")) <= templates
    for location in document.xpath("//@BaseLoc"):
        assert f"Doc_0/{location}" in entries
    for name in ("Annotations", "CustomTags", "Attachments"):
        pointer = document.xpath(f"string(//*[local-name()='{name}'])")
        root = etree.fromstring(entries[f"Doc_0/{pointer}"])
        for location in root.xpath("//*[local-name()='FileLoc']/text()"):
            assert f"Doc_0/{pointer.rpartition('/')[0]}/{location}" in entries


def test_the_index_finds_the_text_of_each_field() -> None:
    """Following ObjectRef from the index file gives the field's text, also over several objects."""
    written = rich_document()
    index = etree.fromstring(written.entries["Doc_0/Tags/Tag_0.xml"])
    pages = dict(zip(written.page_ids, ("Page_0", "Page_1"), strict=True))
    found = {}
    for element in index:
        texts = []
        for reference in element:
            page = etree.fromstring(
                written.entries[f"Doc_0/Pages/{pages[int(reference.get('PageRef'))]}/Content.xml"]
            )
            texts += page.xpath(f"//*[@ID='{reference.text}']/*[local-name()='TextCode']/text()")
        found[etree.QName(element).localname] = "".join(texts)
    assert found == {"ZZMC": "名称续", "ZZHM": "号"}
    assert {name: len(places) for name, places in written.fields.items()} == {"ZZMC": 2, "ZZHM": 1}


def test_equal_input_gives_equal_bytes() -> None:
    """Nothing of a run enters the entries: no time, no order of a set, no address."""
    assert rich_document().entries == rich_document().entries


def test_constant_entries_are_those_of_the_base() -> None:
    """What is marked constant stays the same whatever the pages hold."""
    base = prepare_base([DrawnTemplate("t", AREA, (DrawnLayer((text("底"),)),))])
    one = write_document(DrawnDocument(INFO, (DrawnPage(AREA, (), ("t",)),)), base=base)
    two = write_document(DrawnDocument(INFO, (DrawnPage(AREA, (DrawnLayer((text("多"),)),), ("t",)),)), base=base)
    assert one.constant == two.constant == set(base.entries)
    assert all(one.entries[name] == two.entries[name] for name in one.constant)


def test_metadata_and_texts_come_back_from_the_xml() -> None:
    """Markup characters in titles and metadata survive."""
    root = etree.fromstring(rich_document().entries["OFD.xml"])
    assert root.xpath("string(//*[local-name()='Title'])") == "许可 & <证>"
    pairs = {node.get("Name"): node.text for node in root.xpath("//*[local-name()='CustomData']")}
    assert pairs == {"ZZMC": '名"称', "ZZHM": "1"}


@pytest.mark.parametrize(
    "bad", ["\n", "\t", "\x00", "\x1f", "\x7f", "\u202e", "\u200b", "\ufeff", "\ud800", "\uffff"]
)
def test_characters_that_show_nothing_are_refused_on_the_page(bad: str) -> None:
    """Controls, invisible characters, direction marks and lone surrogates never reach a TextCode."""
    page = DrawnPage(AREA, (DrawnLayer((text(f"甲{bad}乙"),)),))
    with pytest.raises(UnrepresentableTextError) as caught:
        write_document(DrawnDocument(INFO, (page,)))
    assert caught.value.position == 1
    assert f"U+{ord(bad):04X}" in str(caught.value)


@pytest.mark.parametrize("bad", ["\x00", "\x0b", "\ud800", "\ufffe"])
def test_characters_outside_xml_are_refused_in_metadata(bad: str) -> None:
    """XML 1.0 has no way to write them, not even as references."""
    with pytest.raises(UnrepresentableTextError, match="ZZMC"):
        write_document(DrawnDocument(DocInfo("0" * 32, custom={"ZZMC": bad}), (DrawnPage(AREA, ()),)))


def test_line_ends_in_metadata_survive() -> None:
    """CR, LF and tab come back from content and from attribute values as they were."""
    info = DocInfo("0" * 32, custom={"a\tb\nc\rd": "a\tb\nc\rd"})
    root = etree.fromstring(write_document(DrawnDocument(info, (DrawnPage(AREA, ()),))).entries["OFD.xml"])
    (pair,) = root.xpath("//*[local-name()='CustomData']")
    assert pair.get("Name") == pair.text == "a\tb\nc\rd"


def test_advances_are_written_in_groups() -> None:
    """Stretches of equal advances become ``g count value``; others are listed."""
    run = TextRun("一二三四五ab", 0, 4, (4.0, 4.0, 4.0, 4.0, 2.0, 2.5))
    page = DrawnPage(AREA, (DrawnLayer((DrawnText(Box(0, 0, 50, 6), SONG, 4, (run,)),)),))
    content = write_document(DrawnDocument(INFO, (page,))).entries["Doc_0/Pages/Page_0/Content.xml"]
    assert b'DeltaX="g 4 4 2 2.5"' in content


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (TextRun("甲乙", 0, 0, ()), "advances"),
        (TextRun("", 0, 0, ()), "advances"),
        (TextRun("𠀀乙", 0, 0, (1.0,)), "Multilingual"),
        (TextRun("甲", float("nan"), 0), "coordinate"),
    ],
)
def test_impossible_runs_are_refused(run: TextRun, message: str) -> None:
    """Wrong counts of advances, characters readers count differently, and coordinates that are none."""
    page = DrawnPage(AREA, (DrawnLayer((DrawnText(Box(0, 0, 50, 6), SONG, 4, (run,)),)),))
    with pytest.raises(ValueError, match=message):
        write_document(DrawnDocument(INFO, (page,)))


@pytest.mark.parametrize(
    "path",
    [
        DrawnPath(Box(0, 0, 1, 1), "M 0 0 L 1 1"),
        DrawnPath(Box(0, 0, 0, 1), "M 0 0 L 1 1", stroke=Rgb(0, 0, 0)),
        DrawnPath(Box(0, 0, 1, 1), "M 0 0<", stroke=Rgb(0, 0, 0)),
        DrawnPath(Box(0, 0, 1, 1), "M 0 0 L 1 1", stroke=Rgb(0, 0, 256)),
        DrawnPath(Box(0, 0, 1, 1), "M 0 0 L 1 1", stroke=Rgb(0, 0, 0), alpha=256),
    ],
)
def test_impossible_paths_are_refused(path: DrawnPath) -> None:
    """Unpainted paths, empty boxes, markup in data, colours and alphas out of range."""
    with pytest.raises(ValueError):
        write_document(DrawnDocument(INFO, (DrawnPage(AREA, (DrawnLayer((path,)),)),)))


def test_documents_that_cannot_be_are_refused() -> None:
    """No page, an unknown template, two templates of one name, a wrong DocID, a field that is no XML name."""
    with pytest.raises(ValueError, match="page"):
        write_document(DrawnDocument(INFO, ()))
    with pytest.raises(ValueError, match="absent"):
        write_document(DrawnDocument(INFO, (DrawnPage(AREA, (), ("absent",)),)))
    with pytest.raises(ValueError, match="two template"):
        prepare_base([DrawnTemplate("t", AREA, ()), DrawnTemplate("t", AREA, ())])
    with pytest.raises(ValueError, match="DocID"):
        DocInfo("xyz")
    page = DrawnPage(AREA, (DrawnLayer((text("甲", field="1 x"),)),))
    with pytest.raises(ValueError, match="XML name"):
        write_document(DrawnDocument(INFO, (page,), index=DataIndex("urn:x", "x", "R")))
    with pytest.raises(ValueError, match="#RRGGBB"):
        Rgb.parse("red")


def test_attachment_names_cannot_collide_or_climb() -> None:
    """Names that are taken, foreign or hold a path become numbered ones."""
    files = tuple(AttachedFile(name, "xml", b"") for name in ("a", "A", "../x", "Attachments", "附件"))
    written = write_document(DrawnDocument(INFO, (DrawnPage(AREA, ()),), files))
    names = [name for name in written.entries if "/Attachs/" in name]
    assert names == [
        "Doc_0/Attachs/Attachments.xml",
        "Doc_0/Attachs/a.xml",
        "Doc_0/Attachs/attachment_1.xml",
        "Doc_0/Attachs/attachment_2.xml",
        "Doc_0/Attachs/attachment_3.xml",
        "Doc_0/Attachs/attachment_4.xml",
    ]
