"""Which parts the document can reach."""

import pytest

from formats.errors import LimitExceededError
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.parts import PartLimits, Parts
from formats.gbt33190.reachability import MissingPart, Reason, explore, reachable_parts
from tests.unit.formats.gbt33190.documents import MINIMAL, NS, entries, opened, parts_of
from tests.unit.formats.gbt33190.zip_bytes import package


def test_every_part_of_the_minimal_document_is_reached() -> None:
    """Each with its reason; nothing is left over, missing or unreadable."""
    package = opened()
    result = explore(Parts(package))
    assert dict(result.parts) == {
        "OFD.xml": {Reason.MAIN},
        "Doc_0/Document.xml": {Reason.DOCUMENT_ROOT},
        "Doc_0/PublicRes.xml": {Reason.RESOURCES},
        "Doc_0/DocumentRes.xml": {Reason.RESOURCES},
        "Doc_0/Pages/Page_0/Content.xml": {Reason.PAGE},
        "Doc_0/Attachs/Attachments.xml": {Reason.ATTACHMENT_LIST},
        "Doc_0/Attachs/data.xml": {Reason.ATTACHMENT},
        "Doc_0/Res/font_2.ttf": {Reason.FONT},
        "Doc_0/Res/image_3.png": {Reason.MEDIA},
    }
    assert (result.unreached(package), result.missing, result.unreadable) == ((), (), ())
    assert reachable_parts(package) == {name: set(reasons) for name, reasons in result.parts.items()}


EVERYTHING = {
    "OFD.xml": f"""<ofd:OFD {NS} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo><ofd:Cover>/cover.png</ofd:Cover>
    </ofd:DocInfo><ofd:DocRoot>D/Document.xml</ofd:DocRoot><ofd:Versions><ofd:Version ID="v" Index="1" BaseLoc="D/V.xml"/>
    </ofd:Versions><ofd:Signatures>/D/Signs/Signatures.xml</ofd:Signatures></ofd:DocBody></ofd:OFD>""",
    "cover.png": "x",
    "D/V.xml": f"""<ofd:DocVersion {NS} ID="v"><ofd:FileList><ofd:File ID="f">old.xml</ofd:File></ofd:FileList>
    <ofd:DocRoot>Document_1.xml</ofd:DocRoot></ofd:DocVersion>""",
    "D/old.xml": "<x/>",
    "D/Document.xml": f"""<ofd:Document {NS}><ofd:CommonData><ofd:PublicRes>P.xml</ofd:PublicRes>
    <ofd:TemplatePage ID="2" BaseLoc="T/T.xml"/></ofd:CommonData><ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/P.xml"/>
    </ofd:Pages><ofd:Annotations>A/L.xml</ofd:Annotations><ofd:CustomTags>C.xml</ofd:CustomTags>
    <ofd:Extensions>E.xml</ofd:Extensions></ofd:Document>""",
    "D/Document_1.xml": f"""<ofd:Document {NS}><ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/P1.xml"/></ofd:Pages>
    </ofd:Document>""",
    "D/P.xml": f"""<ofd:Res {NS} BaseLoc="Res"><ofd:ColorSpaces><ofd:ColorSpace ID="3" Type="RGB" Profile="rgb.icc"/>
    </ofd:ColorSpaces></ofd:Res>""",
    "D/Res/rgb.icc": "x",
    "D/T/T.xml": f"<ofd:Page {NS}><ofd:PageRes>R.xml</ofd:PageRes></ofd:Page>",
    "D/T/R.xml": f"""<ofd:Res {NS} BaseLoc="/D/Res"><ofd:MultiMedias><ofd:MultiMedia ID="4" Type="Image"><ofd:MediaFile>
    beside.png</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias></ofd:Res>""",
    "D/T/beside.png": "x",
    "D/Pages/P.xml": f"<ofd:Page {NS}/>",
    "D/Pages/P1.xml": f"<ofd:Page {NS}/>",
    "D/A/L.xml": f"""<ofd:Annotations {NS}><ofd:Page PageID="1"><ofd:FileLoc>P.xml</ofd:FileLoc></ofd:Page>
    </ofd:Annotations>""",
    "D/A/P.xml": f"<ofd:PageAnnot {NS}/>",
    "D/C.xml": f"""<ofd:CustomTags {NS}><ofd:CustomTag NameSpace="u"><ofd:SchemaLoc>s.xsd</ofd:SchemaLoc><ofd:FileLoc>t.xml
    </ofd:FileLoc></ofd:CustomTag></ofd:CustomTags>""",
    "D/s.xsd": "<x/>",
    "D/t.xml": "<x/>",
    "D/E.xml": f"""<ofd:Extensions {NS}><ofd:Extension AppName="a" RefId="1"><ofd:ExtendData>e.bin</ofd:ExtendData>
    </ofd:Extension></ofd:Extensions>""",
    "D/e.bin": "x",
    "D/Signs/Signatures.xml": f"""<ofd:Signatures {NS}><ofd:Signature ID="s1" BaseLoc="S/Signature.xml"/></ofd:Signatures>""",
    "D/Signs/S/Signature.xml": f"""<ofd:Signature {NS}><ofd:SignedInfo><ofd:Seal><ofd:BaseLoc>Seal.esl</ofd:BaseLoc>
    <ofd:ImageLoc>i.png</ofd:ImageLoc></ofd:Seal></ofd:SignedInfo><ofd:SignedValue>V.dat</ofd:SignedValue></ofd:Signature>""",
    "D/Signs/S/Seal.esl": "x",
    "D/Signs/S/i.png": "x",
    "D/Signs/S/V.dat": "x",
    "OFDEntries.xml": f"<ofd:DocEntries {NS}><ofd:SignedValueLoc>/v.dat</ofd:SignedValueLoc></ofd:DocEntries>",
    "v.dat": "x",
    "Encryptions.xml": f"""<ofd:Encryptions {NS}><ofd:EncryptInfo ID="1"><ofd:DecryptSeedLoc>/seed.dat</ofd:DecryptSeedLoc>
    <ofd:EntriesMapLoc>/map.dat</ofd:EntriesMapLoc></ofd:EncryptInfo></ofd:Encryptions>""",
    "seed.dat": "x",
    "map.dat": "x",
}
NOTHING = dict.fromkeys(MINIMAL)


def test_every_kind_of_pointer_is_followed() -> None:
    """A document that uses every pointer of GB/T 33190 and GM/T 0099 is reached as a whole, for every reason."""
    package = opened(**{**NOTHING, **EVERYTHING})
    result = explore(Parts(package))
    assert (result.unreached(package), result.missing, result.unreadable) == ((), (), ())
    reasons = {reason for reasons in result.parts.values() for reason in reasons}
    assert reasons == set(Reason) - {Reason.ATTACHMENT_LIST, Reason.ATTACHMENT, Reason.FONT}
    assert result.parts["D/Pages/P1.xml"] == {Reason.PAGE}


@pytest.mark.parametrize("name", sorted(set(EVERYTHING) - {"OFD.xml", "OFDEntries.xml", "Encryptions.xml"}))
def test_every_missing_part_is_noticed(name: str) -> None:
    """Taking any one part away leaves a pointer that leads nowhere."""
    result = explore(Parts(opened(**{**NOTHING, **EVERYTHING, name: None})))
    assert len(result.missing) == 1


def test_unreferenced_files_are_not_reached() -> None:
    """What nothing points to is listed, wherever it lies."""
    other = opened(**{"Doc_0/Res/other.png": "x", "other.xml": "<x/>"})
    assert explore(Parts(other)).unreached(other) == ("Doc_0/Res/other.png", "other.xml")


def test_pointers_out_of_the_package_are_missing_parts() -> None:
    """They lead nowhere; nothing is opened outside."""
    text = MINIMAL["Doc_0/PublicRes.xml"].replace("font_2.ttf", "../../../etc/passwd")
    result = explore(parts_of(**{"Doc_0/PublicRes.xml": text}))
    assert result.missing == (MissingPart("Doc_0/PublicRes.xml", "../../../etc/passwd", Reason.FONT),)


def test_unreadable_parts_are_listed() -> None:
    """A part whose pointers cannot be followed is named, so that its coverage is not taken for complete."""
    result = explore(parts_of(**{"Doc_0/PublicRes.xml": "<broken"}))
    assert [(item.path, item.reason) for item in result.unreadable] == [("Doc_0/PublicRes.xml", Reason.RESOURCES)]
    result = explore(parts_of(**{"OFD.xml": None}))
    assert (result.parts, result.missing) == ({}, ())


def test_a_part_may_be_reached_for_two_reasons() -> None:
    """A resource file used as an attachment is both, and circles end."""
    text = MINIMAL["Doc_0/Attachs/Attachments.xml"].replace("data.xml", "/OFD.xml")
    result = explore(parts_of(**{"Doc_0/Attachs/Attachments.xml": text}))
    assert result.parts["OFD.xml"] == {Reason.MAIN, Reason.ATTACHMENT}
    loop = MINIMAL["Doc_0/Document.xml"].replace("PublicRes.xml<", "Document.xml<")
    assert Reason.RESOURCES in explore(parts_of(**{"Doc_0/Document.xml": loop})).parts["Doc_0/Document.xml"]


def test_all_xml_together_is_bounded() -> None:
    """Many parts cannot cost more together than the budget, also where each is small enough."""
    for limits in (PartLimits(octets=1000), PartLimits(tags=20), PartLimits(attributes=10)):
        with pytest.raises(LimitExceededError):
            explore(Parts(opened(), limits))


def test_pages_in_another_encoding_are_unreadable() -> None:
    """A page is only searched for its pointer, so one in which the search could miss it is refused."""
    hidden = '<?xml version="1.0" encoding="UTF-16"?><Page><PageRes>R.xml</PageRes></Page>'
    for text in (
        hidden.encode("utf-16").decode("latin-1"),
        '<?xml version="1.0" encoding="UTF-7"?><Page><+AFA-ageRes>R.xml</+AFA-ageRes></Page>',
        '<!DOCTYPE Page [<!ENTITY r "&#60;&#80;ageRes>">]><Page>&r;</Page>',
    ):
        parts = Parts(
            OfdPackage.open(package({**entries(), "Doc_0/Pages/Page_0/Content.xml": text.encode("latin-1")}))
        )
        assert [item.reason for item in explore(parts).unreadable] == [Reason.PAGE]


def test_page_resources_are_followed() -> None:
    """A page's own resource file is reached; an empty mention of it is nothing."""
    page = f"<ofd:Page {NS}><ofd:PageRes>R.xml</ofd:PageRes></ofd:Page>"
    resources = f'<ofd:Res {NS} BaseLoc="."/>'
    changes = {"Doc_0/Pages/Page_0/Content.xml": page, "Doc_0/Pages/Page_0/R.xml": resources}
    assert explore(parts_of(**changes)).parts["Doc_0/Pages/Page_0/R.xml"] == {Reason.RESOURCES}
    comment = f"<ofd:Page {NS}><!-- PageRes --></ofd:Page>"
    assert explore(parts_of(**{"Doc_0/Pages/Page_0/Content.xml": comment})).missing == ()
