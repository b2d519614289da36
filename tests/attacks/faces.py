"""Licences whose page says something else than their metadata, sealed by the entitled body itself."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from formats.gbt33190.values import Box
from tests.unit.verifier.documents import Entries, Recipe, document, metadata, text_object

PAGE = "Doc_0/Pages/Page_0/Content.xml"
TEMPLATE = "Doc_0/Tpls/Tpl_0/Content.xml"
RESOURCES = "Doc_0/DocumentRes.xml"
ROOT = "Doc_0/Document.xml"
NAME = "示例科技有限公司"
OTHER = "冒牌科技有限公司"
NAME_AT = text_object(32, 60, 92.0, NAME)
"""The holder's name as the honest page has it."""


def honest(**changes: str | None) -> Entries:
    """A licence before it is sealed; its page shows its metadata."""
    return document(metadata(**changes))


def changed(entries: Entries, name: str, old: str, new: str) -> Entries:
    """One text of one file replaced; it must be there."""
    text = entries[name].decode()
    assert old in text, old
    return {**entries, name: text.replace(old, new).encode()}


def named(new: str, *, entries: Entries | None = None) -> Entries:
    """The page with this in place of the holder's name."""
    return changed(honest() if entries is None else entries, PAGE, NAME_AT, new)


def on_top(more: str, *, entries: Entries | None = None) -> Entries:
    """The page with more objects over everything."""
    return changed(honest() if entries is None else entries, PAGE, "</ofd:Layer>", f"{more}</ofd:Layer>")


def underneath(more: str, *, entries: Entries | None = None) -> Entries:
    """The page with more objects before all text."""
    before = '<ofd:ImageObject ID="5"'
    return changed(honest() if entries is None else entries, PAGE, before, more + before)


def rectangle(number: int, box: Box, color: str = "255 255 255", more: str = "") -> str:
    """A painted rectangle."""
    w, h = box.width, box.height
    return (
        f'<ofd:PathObject ID="{number}" Boundary="{box.x} {box.y} {w} {h}" Stroke="false" Fill="true"{more}>'
        f'<ofd:FillColor Value="{color}"/><ofd:AbbreviatedData>M 0 0 L {w} 0 L {w} {h} L 0 {h} C'
        "</ofd:AbbreviatedData></ofd:PathObject>"
    )


def image(number: int, box: Box, resource: int) -> str:
    """A picture over a box."""
    return (
        f'<ofd:ImageObject ID="{number}" Boundary="{box.x} {box.y} {box.width} {box.height}" '
        f'CTM="{box.width} 0 0 {box.height} 0 0" ResourceID="{resource}"/>'
    )


def with_media(entries: Entries, number: int, name: str, data: bytes) -> Entries:
    """One more picture among the resources."""
    more = (
        f'<ofd:MultiMedia ID="{number}" Type="Image"><ofd:MediaFile>{name}</ofd:MediaFile></ofd:MultiMedia>'
        "</ofd:MultiMedias>"
    )
    return {**changed(entries, RESOURCES, "</ofd:MultiMedias>", more), f"Doc_0/Res/{name}": data}


def with_font(entries: Entries, number: int, data: bytes) -> Entries:
    """One more font, embedded."""
    name = f"font_{number}.ttf"
    more = f'<ofd:Font ID="{number}" FontName="Own"><ofd:FontFile>{name}</ofd:FontFile></ofd:Font></ofd:Fonts>'
    return {**changed(entries, RESOURCES, "</ofd:Fonts>", more), f"Doc_0/Res/{name}": data}


def sealed(entries: Entries) -> Entries:
    """Sealed by the bureau that is entitled to it."""
    return Recipe().apply(entries)


def font_file(glyphs: Mapping[str, int], *, blank: Sequence[int] = (), map_them: bool = True) -> bytes:
    """A TrueType file as far as it is read: a character map of format 12, and outlines of two octets or none.

    Args:
        glyphs: Glyph number of each character.
        blank: Glyphs without an outline.
        map_them: Whether the file has a character map at all.
    """
    pairs = sorted((ord(character), glyph) for character, glyph in glyphs.items())
    groups = b"".join(struct.pack(">III", code, code, glyph) for code, glyph in pairs)
    table = struct.pack(">HHIII", 12, 0, 16 + len(groups), 0, len(pairs)) + groups
    count = max(glyphs.values()) + 2
    offsets, outlines = [0], b""
    for glyph in range(count):
        outlines += b"" if glyph in blank else b"\x00\x01"
        offsets.append(len(outlines))
    tables = {
        b"glyf": outlines,
        b"head": bytes(50) + struct.pack(">hh", 1, 0),
        b"loca": struct.pack(f">{len(offsets)}I", *offsets),
    }
    if map_them:
        tables[b"cmap"] = struct.pack(">HHHHI", 0, 1, 3, 10, 12) + table
    head = struct.pack(">IHHHH", 0x00010000, len(tables), 0, 0, 0)
    place = len(head) + 16 * len(tables)
    directory, body = b"", b""
    for tag in sorted(tables):
        directory += struct.pack(">4sIII", tag, 0, place + len(body), len(tables[tag]))
        body += tables[tag]
    return head + directory + body
