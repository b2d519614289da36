"""The document model over small documents written here."""

import pytest

from formats.errors import MalformedDataError
from formats.gbt33190.annotations import AnnotationType
from formats.gbt33190.custom_tags import TagData, TagReference
from formats.gbt33190.extensions import ExtensionFile
from formats.gbt33190.model import Permissions, TemplateUse
from formats.gbt33190.page_objects import ImageObject, PathObject, TextObject, ZOrder
from formats.gbt33190.values import Box
from formats.tolerances import Tolerance
from tests.unit.formats.gbt33190.documents import MINIMAL, NS, document


def test_reads_the_minimal_document() -> None:
    """The smallest complete document gives every value it states and needs no tolerance."""
    ofd = document()
    (body,) = ofd.bodies
    assert (ofd.version, ofd.doc_type) == ("1.0", "OFD")
    assert body.info.doc_id == "0123456789abcdef0123456789abcdef"
    assert (body.info.title, body.info.creation_date, body.info.keywords) == ("许可证", "2026-01-01", ("甲",))
    assert body.info.custom_data == (("license", "1"),)
    assert body.info.custom_values("license") == ("1",)
    assert body.signatures is None
    assert body.versions == ()
    root = body.document
    assert root.path == "Doc_0/Document.xml"
    assert root.max_unit_id == 9
    assert root.page_area.physical == Box(0, 0, 210, 297)
    assert root.permissions == Permissions()
    (entry,) = root.pages
    page = root.page(entry)
    assert root.page(entry) is page
    assert root.page_by_id(1) is entry
    assert root.page_by_id(2) is None
    assert [type(item) for item in page.objects()] == [ImageObject, PathObject, TextObject]
    assert [item.text for item in page.objects() if isinstance(item, TextObject)] == ["宋体字"]
    assert root.area_of(page).physical == Box(0, 0, 210, 297)
    resources = root.resources(page)
    assert resources.fonts[2].file == "Doc_0/Res/font_2.ttf"
    assert resources.media[3].file == "Doc_0/Res/image_3.png"
    (attachment,) = root.attachments
    assert (attachment.name, attachment.file, attachment.visible) == ("data", "Doc_0/Attachs/data.xml", False)
    assert (root.annotations, root.custom_tags, root.extensions) == ((), (), ())
    assert (page.unreadable, resources.unreadable, ofd.tolerances) == ((), (), ())


SKELETONS = {
    "no OFD.xml": {"OFD.xml": None},
    "OFD.xml of another kind": {"OFD.xml": f"<ofd:Page {NS}/>"},
    "no body": {"OFD.xml": f"<ofd:OFD {NS}/>"},
    "no DocRoot": {"OFD.xml": f"<ofd:OFD {NS}><ofd:DocBody/></ofd:OFD>"},
    "two DocRoots": {
        "OFD.xml": MINIMAL["OFD.xml"].replace("<ofd:DocRoot>", "<ofd:DocRoot>x</ofd:DocRoot><ofd:DocRoot>")
    },
    "DocRoot missing": {"Doc_0/Document.xml": None},
    "DocRoot outside": {"OFD.xml": MINIMAL["OFD.xml"].replace("Doc_0/Document.xml", "../Document.xml")},
    "DocRoot of another kind": {"Doc_0/Document.xml": f"<ofd:Page {NS}/>"},
    "no pages": {"Doc_0/Document.xml": f"<ofd:Document {NS}><ofd:CommonData/></ofd:Document>"},
    "no common data": {"Doc_0/Document.xml": f"<ofd:Document {NS}><ofd:Pages/></ofd:Document>"},
    "page without location": {"Doc_0/Document.xml": MINIMAL["Doc_0/Document.xml"].replace("BaseLoc", "Base")},
    "page without id": {"Doc_0/Document.xml": MINIMAL["Doc_0/Document.xml"].replace('ID="1"', 'ID="x"')},
}


@pytest.mark.parametrize("changes", SKELETONS.values(), ids=SKELETONS)
def test_a_broken_skeleton_is_refused_at_once(changes: dict[str, str | None]) -> None:
    """Without a sound OFD.xml and document root there is no document."""
    with pytest.raises(MalformedDataError):
        document(**changes)


def test_a_missing_page_raises_when_it_is_read() -> None:
    """The document opens; the page does not."""
    root = document(**{"Doc_0/Pages/Page_0/Content.xml": None}).bodies[0].document
    with pytest.raises(MalformedDataError, match="leads to no entry"):
        root.page(root.pages[0])


def test_versions_and_kinds_of_ofd() -> None:
    """Version 1.1 and the archival profile are read and named."""
    text = MINIMAL["OFD.xml"].replace('Version="1.0" DocType="OFD"', 'Version="1.1" DocType="OFD-A"')
    ofd = document(**{"OFD.xml": text})
    assert ofd.tolerances == (Tolerance.OFD_DOC_TYPE, Tolerance.OFD_VERSION)


def test_document_versions() -> None:
    """A version's file names its parts and the document root that a reader may open instead."""
    versions = (
        '<ofd:Versions><ofd:Version ID="v1" Index="1" Current="true" BaseLoc="Doc_0/V1.xml"/></ofd:Versions>'
    )
    ofd = document(
        **{
            "OFD.xml": MINIMAL["OFD.xml"].replace("</ofd:DocRoot>", f"</ofd:DocRoot>{versions}"),
            "Doc_0/V1.xml": f"""<ofd:DocVersion {NS} ID="v1" Version="2"><ofd:FileList><ofd:File ID="f1">/OFD.xml
            </ofd:File></ofd:FileList><ofd:DocRoot>Document_1.xml</ofd:DocRoot></ofd:DocVersion>""",
            "Doc_0/Document_1.xml": MINIMAL["Doc_0/Document.xml"],
        }
    )
    (version,) = ofd.bodies[0].versions
    assert (version.id, version.index, version.current) == ("v1", 1, True)
    assert ofd.version_file(version).files == (("f1", "/OFD.xml"),)
    other = ofd.version_document(version)
    assert other is not None
    assert other.path == "Doc_0/Document_1.xml"


def with_list(local: str, **parts: str) -> dict[str, str]:
    text = MINIMAL["Doc_0/Document.xml"].replace(
        "</ofd:Pages>", f"</ofd:Pages><ofd:{local}>Lists/{local}.xml</ofd:{local}>"
    )
    return {"Doc_0/Document.xml": text, **parts}


def test_annotations() -> None:
    """Annotations carry their place, parameters and objects; a missing file is listed, not fatal."""
    parts = with_list(
        "Annotations",
        **{
            "Doc_0/Lists/Annotations.xml": f"""<ofd:Annotations {NS}><ofd:Page PageID="1"><ofd:FileLoc>A.xml
            </ofd:FileLoc></ofd:Page><ofd:Page PageID="8"><ofd:FileLoc>B.xml</ofd:FileLoc></ofd:Page></ofd:Annotations>""",
            "Doc_0/Lists/A.xml": f"""<ofd:PageAnnot {NS}><ofd:Annot ID="10" Type="Stamp" Creator="c"
            LastModDate="2022-11-01-17-22-33" Subtype="SignatureInFile" Visible="false"><ofd:Parameters>
            <ofd:Parameter Name="fp.NativeSign">original_invoice</ofd:Parameter></ofd:Parameters>
            <ofd:Appearance Boundary="1 2 3 4"><ofd:ImageObject Boundary="0 0 3 4" ResourceID="3"/></ofd:Appearance>
            </ofd:Annot><ofd:Annot ID="11" Type="Note"><ofd:Remark>x</ofd:Remark></ofd:Annot></ofd:PageAnnot>""",
        },
    )
    first, second = document(**parts).bodies[0].document.annotations
    assert (first.page_id, first.path, first.unreadable) == (1, "Doc_0/Lists/A.xml", ())
    stamp, note = first.annotations
    assert (stamp.type, stamp.subtype, stamp.visible) == (AnnotationType.STAMP, "SignatureInFile", False)
    assert stamp.parameters == (("fp.NativeSign", "original_invoice"),)
    assert stamp.boundary == Box(1, 2, 3, 4)
    assert isinstance(stamp.objects[0], ImageObject)
    assert stamp.objects[0].object_id is None
    assert (note.type, note.type_text, note.remark, note.boundary) == (None, "Note", "x", None)
    assert (second.page_id, second.path, len(second.unreadable)) == (8, None, 1)


def test_custom_tags() -> None:
    """Tag files bind fields to page objects, in any vocabulary and namespace."""
    parts = with_list(
        "CustomTags",
        **{
            "Doc_0/Lists/CustomTags.xml": f"""<ofd:CustomTags {NS}><ofd:CustomTag NameSpace="urn:licence">
            <ofd:SchemaLoc>s.xsd</ofd:SchemaLoc><ofd:FileLoc>t.xml</ofd:FileLoc></ofd:CustomTag>
            <ofd:CustomTag TypeID=""><ofd:FileLoc>bad.xml</ofd:FileLoc></ofd:CustomTag></ofd:CustomTags>""",
            "Doc_0/Lists/s.xsd": "<schema/>",
            "Doc_0/Lists/t.xml": f"""<l:Licence xmlns:l="urn:licence" {NS}><l:Holder><l:Name>
            <ofd:ObjectRef PageRef="1">7</ofd:ObjectRef><ofd:ObjectRef PageRef="1"> 6 </ofd:ObjectRef></l:Name></l:Holder>
            <l:Kind><ofd:ObjectData>甲</ofd:ObjectData></l:Kind></l:Licence>""",
            "Doc_0/Lists/bad.xml": "<:params xmlns:=''/>",
        },
    )
    ofd = document(**parts)
    root = ofd.bodies[0].document
    tag, bad = root.custom_tags
    assert (tag.name_space, tag.schema, tag.file) == ("urn:licence", "Doc_0/Lists/s.xsd", "Doc_0/Lists/t.xml")
    content = root.tag_file(tag)
    assert content.root == "Licence"
    assert content.references == (TagReference(("Holder", "Name"), 1, 7), TagReference(("Holder", "Name"), 1, 6))
    assert content.data == (TagData(("Kind",), "甲"),)
    assert ofd.tolerances == (Tolerance.OFD_CUSTOM_TAG_TYPE_ID,)
    with pytest.raises(MalformedDataError):
        root.tag_file(bad)


def test_extensions() -> None:
    """Properties and files of other software; inline data is counted."""
    parts = with_list(
        "Extensions",
        **{
            "Doc_0/Lists/Extensions.xml": f"""<ofd:Extensions {NS}><ofd:Extension AppName="app" RefId="1">
            <ofd:Property Name="k" Type="t">v</ofd:Property><ofd:Data><x/></ofd:Data><ofd:ExtendData>e.bin</ofd:ExtendData>
            <ofd:ExtendData>none.bin</ofd:ExtendData></ofd:Extension></ofd:Extensions>""",
            "Doc_0/Lists/e.bin": "x",
        },
    )
    (extension,) = document(**parts).bodies[0].document.extensions
    assert (extension.app_name, extension.ref_id, extension.data_elements) == ("app", 1, 1)
    assert extension.properties == (("k", "t", "v"),)
    assert extension.files == (ExtensionFile("e.bin", "Doc_0/Lists/e.bin"), ExtensionFile("none.bin", None))


def test_permissions() -> None:
    """What is not stated is allowed."""
    text = MINIMAL["Doc_0/Document.xml"].replace(
        "</ofd:Pages>",
        "</ofd:Pages><ofd:Permissions><ofd:Edit>false</ofd:Edit><ofd:Signature>true</ofd:Signature>"
        '<ofd:Print Printable="true" Copies="2"/><ofd:ValidPeriod EndDate="2030-01-01T00:00:00"/></ofd:Permissions>',
    )
    permissions = document(**{"Doc_0/Document.xml": text}).bodies[0].document.permissions
    assert (permissions.edit, permissions.sign, permissions.annotate) == (False, True, True)
    assert (permissions.print_copies, permissions.valid_from, permissions.valid_to) == (
        2,
        None,
        "2030-01-01T00:00:00",
    )


def test_templates_and_page_resources() -> None:
    """A page names its template pages and may bring resources of its own, which come first."""
    root_xml = MINIMAL["Doc_0/Document.xml"].replace(
        "</ofd:CommonData>",
        '<ofd:TemplatePage ID="20" Name="face" ZOrder="Foreground" BaseLoc="Tpls/T.xml"/></ofd:CommonData>',
    )
    page_xml = f"""<ofd:Page {NS}><ofd:Template TemplateID="20"/><ofd:Template TemplateID="21" ZOrder="Foreground"/>
    <ofd:PageRes>PageRes.xml</ofd:PageRes></ofd:Page>"""
    ofd = document(
        **{
            "Doc_0/Document.xml": root_xml,
            "Doc_0/Tpls/T.xml": MINIMAL["Doc_0/Pages/Page_0/Content.xml"],
            "Doc_0/Pages/Page_0/Content.xml": page_xml,
            "Doc_0/Pages/Page_0/PageRes.xml": f"""<ofd:Res {NS} BaseLoc="."><ofd:Fonts><ofd:Font ID="2" FontName="Own"/>
            </ofd:Fonts></ofd:Res>""",
        }
    )
    root = ofd.bodies[0].document
    page = root.page(root.pages[0])
    assert page.templates == (TemplateUse(20, ZOrder.BACKGROUND), TemplateUse(21, ZOrder.FOREGROUND))
    template = root.template(20)
    assert template is not None
    assert (template.name, template.z_order) == ("face", ZOrder.FOREGROUND)
    assert len(list(root.page(template).objects())) == 3
    assert root.template(21) is None
    assert root.area_of(page) is root.page_area
    resources = root.resources(page)
    assert (resources.fonts[2].name, resources.fonts[2].file) == ("Own", None)
    assert resources.media[3].format == "PNG"
    assert Tolerance.OFD_RESOURCE_ID_REPEATED in ofd.tolerances
    assert root.resources().fonts[2].name == "SimSun"


def test_two_pages_of_one_id_are_no_page() -> None:
    """A PageRef that could mean two pages means none."""
    text = MINIMAL["Doc_0/Document.xml"].replace("</ofd:Pages>", '<ofd:Page ID="1" BaseLoc="x.xml"/></ofd:Pages>')
    assert document(**{"Doc_0/Document.xml": text}).bodies[0].document.page_by_id(1) is None


def test_unreadable_resources_are_listed() -> None:
    """A missing resource file and a broken resource do not hide the others."""
    resources = (
        document(
            **{
                "Doc_0/DocumentRes.xml": None,
                "Doc_0/PublicRes.xml": f"""<ofd:Res {NS} BaseLoc="Res"><ofd:Fonts><ofd:Font FontName="a"/><ofd:Font ID="2"
            FontName="b" CharSet="prc"><ofd:FontFile>none.ttf</ofd:FontFile></ofd:Font></ofd:Fonts>
            <ofd:ColorSpaces><ofd:ColorSpace ID="5" Type="CMYK"><ofd:Palette><ofd:CV>1 2 3 4</ofd:CV></ofd:Palette>
            </ofd:ColorSpace></ofd:ColorSpaces></ofd:Res>""",
            }
        )
        .bodies[0]
        .document.resources()
    )
    assert [item.part for item in resources.unreadable] == ["DocumentRes.xml", "Doc_0/PublicRes.xml"]
    assert (resources.fonts[2].charset, resources.fonts[2].location, resources.fonts[2].file) == (
        "prc",
        "none.ttf",
        None,
    )
    assert resources.color_spaces[5].palette == ((1.0, 2.0, 3.0, 4.0),)


def test_two_bodies() -> None:
    """Every DocBody is a document of its own."""
    body = MINIMAL["OFD.xml"].split("<ofd:DocBody>")[1].split("</ofd:DocBody>")[0]
    second = f"<ofd:DocBody>{body.replace('Doc_0', 'Doc_1')}</ofd:DocBody>"
    text = MINIMAL["OFD.xml"].replace("</ofd:DocBody>", f"</ofd:DocBody>{second}")
    ofd = document(**{"OFD.xml": text, "Doc_1/Document.xml": MINIMAL["Doc_0/Document.xml"]})
    assert [item.document.path for item in ofd.bodies] == ["Doc_0/Document.xml", "Doc_1/Document.xml"]
    assert "Doc_1" in repr(ofd.bodies[1])
