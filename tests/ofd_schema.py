"""The element tables of GB/T 33190-2016 Annex A for everything this project draws, and a check against them.

Strict: an element or attribute that is not in the table is an error, and so is any other order of children.
"""

import re
from typing import Any

from lxml import etree

NAMESPACE = "http://www.ofdspec.org/2016"
_UNIT = (
    "ID Boundary Name? Visible? CTM? DrawParam? LineWidth? Cap? Join? MiterLimit? DashOffset? DashPattern? Alpha?"
)
_DOC_INFO = (
    "DocID Title? Author? Subject? Abstract? CreationDate? ModDate? DocUsage? Cover? Keywords? Creator? "
    "CreatorVersion? CustomDatas?"
)
_DOCUMENT = (
    "CommonData Pages Outlines? Permissions? Actions? VPreferences? Bookmarks? Annotations? CustomTags? "
    "Attachments? Extensions?"
)
_OBJECTS = "(TextObject|PathObject|ImageObject|CompositeObject|PageBlock)*"

# element: (attributes, children), "?" optional, "*" any number, "+" at least one; a name alone exactly once
TABLE: dict[str, tuple[str, str]] = {
    "OFD": ("Version DocType", "DocBody+"),
    "DocBody": ("", "DocInfo DocRoot Versions? Signatures?"),
    "DocInfo": ("", _DOC_INFO),
    "Keywords": ("", "Keyword+"),
    "CustomDatas": ("", "CustomData+"),
    "CustomData": ("Name", ""),
    "Document": ("", _DOCUMENT),
    "Document/Annotations": ("", ""),
    "Document/CustomTags": ("", ""),
    "Document/Attachments": ("", ""),
    "CommonData": ("", "MaxUnitID PageArea PublicRes* DocumentRes* TemplatePage* DefaultCS?"),
    "PageArea": ("", "PhysicalBox ApplicationBox? ContentBox? BleedBox?"),
    "Area": ("", "PhysicalBox ApplicationBox? ContentBox? BleedBox?"),
    "TemplatePage": ("ID Name? ZOrder? BaseLoc", ""),
    "Pages": ("", "Page+"),
    "Document/Pages/Page": ("ID BaseLoc", ""),
    "Page": ("", "Template* PageRes* Area? Content? Actions?"),
    "Template": ("TemplateID ZOrder?", ""),
    "Content": ("", "Layer+"),
    "Layer": ("ID Type? DrawParam?", _OBJECTS),
    "TextObject": (
        f"{_UNIT} Font Size Stroke? Fill? HScale? ReadDirection? CharDirection? Weight? Italic?",
        "Actions? Clips? FillColor? StrokeColor? (CGTransform|TextCode)+",
    ),
    "TextCode": ("X? Y? DeltaX? DeltaY?", ""),
    "CGTransform": ("CodePosition CodeCount? GlyphCount?", "Glyphs?"),
    "ImageObject": (f"{_UNIT} ResourceID Substitution? ImageMask?", "Actions? Clips? Border?"),
    "PathObject": (f"{_UNIT} Stroke? Fill? Rule?", "Actions? Clips? StrokeColor? FillColor? AbbreviatedData"),
    "FillColor": ("Value? Index? ColorSpace? Alpha?", ""),
    "StrokeColor": ("Value? Index? ColorSpace? Alpha?", ""),
    "Res": ("BaseLoc", "(ColorSpaces|DrawParams|Fonts|MultiMedias|CompositeGraphicUnits)*"),
    "Fonts": ("", "Font+"),
    "Font": ("ID FontName FamilyName? Charset? Italic? Bold? Serif? FixedWidth?", "FontFile?"),
    "MultiMedias": ("", "MultiMedia+"),
    "MultiMedia": ("ID Type Format?", "MediaFile"),
    "Attachments": ("", "Attachment*"),
    "Attachment": ("ID Name Format? CreationDate? ModDate? Size? Visible? Usage?", "FileLoc"),
    "CustomTags": ("", "CustomTag*"),
    "CustomTag": ("NameSpace", "SchemaLoc? FileLoc"),
    "Annotations": ("", "Page*"),
    "Annotations/Page": ("PageID", "FileLoc"),
    "PageAnnot": ("", "Annot+"),
    "Annot": (
        "ID Type Creator LastModDate Visible? Subtype? Print? NoZoom? NoRotate? ReadOnly?",
        "Remark? Parameters? Appearance",
    ),
    "Parameters": ("", "Parameter+"),
    "Parameter": ("Name", ""),
    "Appearance": ("Boundary?", _OBJECTS),
}
_TEXT_ONLY = ("", "")


def check(data: bytes) -> etree._Element:
    """Parse a part and hold it against the table; the index file of CustomTags is not of this schema."""
    root = etree.fromstring(data)
    _check(root, "")
    return root


def _check(element: Any, path: str) -> None:
    name = etree.QName(element)
    assert name.namespace == NAMESPACE, f"{path}/{name.localname}: namespace {name.namespace}"
    path = f"{path}/{name.localname}"
    attributes, children = _rule(path)
    _check_attributes(element, attributes, path)
    names = "".join(f"{etree.QName(child).localname} " for child in element)
    assert re.fullmatch(_pattern(children), names), f"{path}: children {names}"
    if children:
        texts = [element.text, *(child.tail for child in element)]
        assert not any(text and text.strip() for text in texts), f"{path}: text between elements"
    for child in element:
        _check(child, path)


def _rule(path: str) -> tuple[str, str]:
    steps = path.strip("/").split("/")
    for start in range(len(steps)):
        rule = TABLE.get("/".join(steps[start:]))
        if rule is not None:
            return rule
    return _TEXT_ONLY


def _check_attributes(element: Any, rule: str, path: str) -> None:
    allowed = {word.rstrip("?") for word in rule.split()}
    required = {word for word in rule.split() if not word.endswith("?")}
    given = set(element.attrib)
    if path.endswith("/Appearance") or "/Appearance/" in path:
        required -= {"ID"}
    assert given <= allowed, f"{path}: unknown attributes {given - allowed}"
    assert required <= given, f"{path}: missing attributes {required - given}"


def _pattern(model: str) -> str:
    """Child names, each followed by a space, as a regular expression."""
    parts = []
    for word in model.split():
        body, suffix = (word[:-1], word[-1]) if word[-1] in "?*+" else (word, "")
        names = "|".join(re.escape(name) for name in body.strip("()").split("|"))
        parts.append(f"(?:(?:{names}) ){suffix}")
    return "".join(parts)


def unit_ids(parts: dict[str, bytes]) -> list[int]:
    """Every ST_ID given in the package (attachments have a number space of their own)."""
    ids: list[int] = []
    for name, data in parts.items():
        if name.endswith(".xml") and "/Tags/Tag_" not in name and "/Attachs/" not in name:
            ids += [int(identity) for identity in etree.fromstring(data).xpath("//@ID")]
    return ids
