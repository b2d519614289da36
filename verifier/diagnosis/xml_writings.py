"""Other octets that say the same in XML: what editors, transfers and libraries make of files they pass on."""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Final

from lxml import etree

from formats.errors import MalformedDataError
from formats.gbt33190.xml import Element, parse_xml
from verifier.diagnosis.model import Variant, distinct

LONGEST: Final = 128 << 10
"""Octets; a larger file is not written anew."""
_LONGEST_PAIRED: Final = 32 << 10
"""Octets; for a larger file departures are not combined."""
_BOM: Final = b"\xef\xbb\xbf"
_START: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*<")
_DECLARATION: Final = re.compile(rb"<\?xml[^>]{0,200}\?>[ \t\r\n]*")
_DECLARATIONS: Final = (
    b"",
    b'<?xml version="1.0" encoding="UTF-8"?>\n',
    b'<?xml version="1.0" encoding="UTF-8"?>',
    b'<?xml version="1.0" encoding="utf-8"?>\n',
    b'<?xml version="1.0" encoding="utf-8"?>',
    b"<?xml version='1.0' encoding='UTF-8'?>\n",
    b'<?xml version="1.0" encoding="UTF-8" standalone="no"?>',
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n',
    b'<?xml version="1.0"?>\n',
)
_INDENTS: Final = (("2 spaces", "  "), ("4 spaces", "    "), ("tab", "\t"))
_EMPTY_TAG: Final = re.compile(rb"<([^\s/<>!?]+)((?:\s[^<>]*)?)/>")


def looks_like_xml(data: bytes) -> bool:
    """Whether the data begins as XML does and is small enough to be written anew."""
    return len(data) <= LONGEST and _START.match(data) is not None


def xml_writings(data: bytes) -> list[Variant]:
    """Other octets for the same XML, one departure each, then the likely pairs; none for what is no XML."""
    single = [*_of_octets(data), *_of_library(data)]
    found = distinct([Variant((), data), *single])[1:]
    if len(data) > _LONGEST_PAIRED:
        return found
    pairs = [
        Variant((*each.dialects, *other.dialects), other.octets, f"{each.detail}, {other.detail}".strip(", "))
        for each in found
        if len(each.dialects) == 1 and each.dialects[0] != "content.line-ends"
        for other in _line_ends(each.octets)
    ]
    return distinct([Variant((), data), *found, *pairs])[1:]


def _line_ends(data: bytes) -> Iterator[Variant]:
    plain = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for detail, octets in (
        ("LF", plain),
        ("CRLF", plain.replace(b"\n", b"\r\n")),
        ("CR", plain.replace(b"\n", b"\r")),
    ):
        if octets != data:
            yield Variant(("content.line-ends",), octets, detail)


def _of_octets(data: bytes) -> Iterator[Variant]:
    """Departures that need no parser."""
    yield from _line_ends(data)
    without = data.removeprefix(_BOM)
    yield Variant(("content.byte-order-mark",), without if without != data else _BOM + data)
    bare = data.rstrip(b" \t\r\n")
    for detail, octets in (("none", bare), ("LF", bare + b"\n"), ("CRLF", bare + b"\r\n")):
        yield Variant(("content.final-newline",), octets, detail)
    match = _DECLARATION.match(without)
    body = without[match.end() :] if match else without
    for declaration in _DECLARATIONS:
        yield Variant(("content.declaration",), declaration + body, declaration.decode().strip() or "none")


def _of_library(data: bytes) -> Iterator[Variant]:
    """Departures of software that parses a file and writes what it read."""
    try:
        root = parse_xml(data, "XML to be written anew")
    except MalformedDataError:
        return
    without = data.removeprefix(_BOM)
    match = _DECLARATION.match(without)
    head = without[: match.end()] if match else b""
    for exclusive in (False, True):
        canonical = etree.tostring(root, method="c14n", exclusive=exclusive)
        yield Variant(("content.canonical",), canonical, "exclusive" if exclusive else "inclusive")
    tail = data[len(data.rstrip(b" \t\r\n")) :]
    for detail, body in _bodies(root):
        yield Variant(("content.reserialised",), head + body + tail, detail)
        yield Variant(("content.reserialised",), head + body, detail)
        for declaration in _DECLARATIONS:
            yield Variant(
                ("content.reserialised",), declaration + body, f"{detail}, {declaration.decode().strip()}"
            )
    for detail, lay_out in _LAYOUTS:
        laid = deepcopy(root)
        lay_out(laid)
        body = etree.tostring(laid, encoding="UTF-8", xml_declaration=False)
        for tail in (b"", b"\n"):
            yield Variant(("content.layout",), head + body + tail, detail)
            for declaration in _DECLARATIONS:
                yield Variant(("content.layout",), declaration + body + tail, detail)


def _bodies(root: Element) -> Iterator[tuple[str, bytes]]:
    body = etree.tostring(root, encoding="UTF-8", xml_declaration=False)
    yield "written by a library", body
    yield "empty elements with a space", _EMPTY_TAG.sub(rb"<\1\2 />", body)
    yield "empty elements with two tags", _EMPTY_TAG.sub(rb"<\1\2></\1>", body)


def _compact(root: Element) -> None:
    for element in root.iter():
        if len(element) and element.text is not None and not element.text.strip():
            element.text = None
        if element.tail is not None and not element.tail.strip():
            element.tail = None


def _indented(space: str) -> Callable[[Element], None]:
    def lay_out(root: Element) -> None:
        _compact(root)
        etree.indent(root, space=space)

    return lay_out


_LAYOUTS: Final[tuple[tuple[str, Callable[[Element], None]], ...]] = (
    ("on one line", _compact),
    *((f"indented by {name}", _indented(space)) for name, space in _INDENTS),
)
