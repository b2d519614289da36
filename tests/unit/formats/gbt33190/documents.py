"""Small documents as text: the smallest complete one, and helpers to change parts of it."""

from formats.gbt33190.document import OfdDocument
from formats.gbt33190.model import Page
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.page_reader import read_page
from formats.gbt33190.parts import Parts
from formats.gbt33190.xml import parse_xml
from formats.gbt33190.xml_part import XmlPart
from tests.unit.formats.gbt33190.zip_bytes import package

NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'

MINIMAL = {
    "OFD.xml": f"""<ofd:OFD {NS} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo>
<ofd:DocID>0123456789abcdef0123456789abcdef</ofd:DocID><ofd:Title>许可证</ofd:Title>
<ofd:CreationDate>2026-01-01</ofd:CreationDate><ofd:Keywords><ofd:Keyword>甲</ofd:Keyword></ofd:Keywords>
<ofd:CustomDatas><ofd:CustomData Name="license">1</ofd:CustomData></ofd:CustomDatas></ofd:DocInfo>
<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>""",
    "Doc_0/Document.xml": f"""<ofd:Document {NS}><ofd:CommonData><ofd:MaxUnitID>9</ofd:MaxUnitID>
<ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea><ofd:PublicRes>PublicRes.xml</ofd:PublicRes>
<ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes></ofd:CommonData>
<ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages>
<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments></ofd:Document>""",
    "Doc_0/PublicRes.xml": f"""<ofd:Res {NS} BaseLoc="Res"><ofd:Fonts><ofd:Font ID="2" FontName="SimSun"
FamilyName="SimSun"><ofd:FontFile>font_2.ttf</ofd:FontFile></ofd:Font></ofd:Fonts></ofd:Res>""",
    "Doc_0/DocumentRes.xml": f"""<ofd:Res {NS} BaseLoc="Res"><ofd:MultiMedias><ofd:MultiMedia ID="3" Type="Image"
Format="PNG"><ofd:MediaFile>image_3.png</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias></ofd:Res>""",
    "Doc_0/Pages/Page_0/Content.xml": f"""<ofd:Page {NS}><ofd:Area><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox>
</ofd:Area><ofd:Content><ofd:Layer ID="4" Type="Body">
<ofd:ImageObject ID="5" Boundary="20 20 30 30" CTM="30 0 0 30 0 0" ResourceID="3"/>
<ofd:PathObject ID="6" Boundary="20 60 100 1"><ofd:StrokeColor Value="255 0 0"/>
<ofd:AbbreviatedData>M 0 0.5 L 100 0.5</ofd:AbbreviatedData></ofd:PathObject>
<ofd:TextObject ID="7" Boundary="20 70 80 8" Font="2" Size="5"><ofd:FillColor Value="0 0 0"/>
<ofd:TextCode X="0" Y="5" DeltaX="5 5">宋体字</ofd:TextCode></ofd:TextObject></ofd:Layer></ofd:Content></ofd:Page>""",
    "Doc_0/Attachs/Attachments.xml": f"""<ofd:Attachments {NS}><ofd:Attachment ID="a1" Name="data" Format="xml"
Visible="false" Size="0.01"><ofd:FileLoc>data.xml</ofd:FileLoc></ofd:Attachment></ofd:Attachments>""",
    "Doc_0/Attachs/data.xml": "<data/>",
    "Doc_0/Res/font_2.ttf": "font",
    "Doc_0/Res/image_3.png": "picture",
}


def entries(**changes: str | None) -> dict[str, bytes]:
    """The minimal document as entries; a change of None leaves a part out. Use ``**{"OFD.xml": …}``."""
    texts = {**MINIMAL, **changes}
    return {name: text.encode() for name, text in texts.items() if text is not None}


def opened(**changes: str | None) -> OfdPackage:
    return OfdPackage.open(package(entries(**changes)))


def parts_of(**changes: str | None) -> Parts:
    return Parts(opened(**changes))


def document(**changes: str | None) -> OfdDocument:
    return OfdDocument.read(opened(**changes))


def page_of(content: str) -> Page:
    """A page whose only layer holds ``content``."""
    text = f'<ofd:Page {NS}><ofd:Content><ofd:Layer ID="1">{content}</ofd:Layer></ofd:Content></ofd:Page>'
    return read_page(XmlPart("Page.xml", parse_xml(text.encode(), "Page.xml"), set()))
