"""XML parts: what is refused before and while parsing, and how elements and attributes are read."""

from enum import StrEnum

import pytest

from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt33190 import value_text
from formats.gbt33190.values import Box, Matrix, Position
from formats.gbt33190.xml import XmlLimits, parse_xml
from formats.gbt33190.xml_part import XmlPart
from formats.tolerances import Tolerance

NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'


def part(text: str | bytes) -> XmlPart:
    data = text if isinstance(text, bytes) else text.encode()
    found: set[Tolerance] = set()
    return XmlPart("part.xml", parse_xml(data, "part.xml", found=found), found)


BILLION_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
    + b"]><l>&j;</l>"
)

HOSTILE = {
    "billion laughs": BILLION_LAUGHS,
    "billion laughs in an attribute": BILLION_LAUGHS.replace(b"<l>&j;</l>", b'<l a="&j;"/>'),
    "external entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "external DTD": b'<!DOCTYPE a SYSTEM "http://localhost/a.dtd"><a/>',
    "empty DTD": b"<!DOCTYPE a><a/>",
    "DTD behind a comment": b"<!-- x --><?p q?> <!DOCTYPE a><a/>",
    "DTD behind a byte order mark": b"\xef\xbb\xbf<!DOCTYPE a><a/>",
    "undeclared entity": b"<a>&x;</a>",
    "style sheet": b'<?xml-stylesheet href="x.xsl"?><a/>',
    "nesting": b"<a>" * 100_000 + b"</a>" * 100_000,
    "open nesting": b"<a>" * 100_000,
    "huge text": b"<a>" + b"x" * (11 << 20) + b"</a>",
    "huge attribute": b'<a b="' + b"x" * (11 << 20) + b'"/>',
    "NUL": b"<a>\x00</a>",
    "NUL by reference": b"<a>&#0;</a>",
    "UTF-16": '<?xml version="1.0" encoding="UTF-16"?><a/>'.encode("utf-16"),
    "UTF-16 without mark": "<a/>".encode("utf-16-le"),
    "UTF-32": "<a/>".encode("utf-32"),
    "GBK": '<?xml version="1.0" encoding="GBK"?><a>证</a>'.encode("gbk"),
    "GBK declared for UTF-8": '<?xml version="1.0" encoding="GBK"?><a>证</a>'.encode(),
    "UTF-7 declared": b"<?xml version='1.0' encoding='utf-7'?><a/>",
    "encoding far behind": b'<?xml version="1.0"' + b" " * 5000 + b'encoding="GBK"?><a/>',
    "invalid UTF-8": b"<a>\xff</a>",
    "surrogate": b"<a>\xed\xa0\x80</a>",
    "overlong": b"<a>\xc0\xbc</a>",
    "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf<a/>",
    "unbound prefix": b"<x:a/>",
    "empty prefix": b'<:a xmlns:=""/>',
    "attribute twice": b'<a b="1" b="2"/>',
    "attribute twice by namespace": b'<a xmlns:x="u" xmlns:y="u" x:b="" y:b=""/>',
    "two roots": b"<a/><b/>",
    "text behind the root": b"<a/>x",
    "empty": b"",
    "white space": b"  ",
    "cut": b"<a><b></b>",
    "version 2": b'<?xml version="2.0"?><a/>',
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_refuses_hostile_xml(data: bytes) -> None:
    """Each is refused with the reader's own error, in bounded time."""
    with pytest.raises(MalformedDataError):
        parse_xml(data, "part.xml")


def test_errors_hold_no_text_of_the_document() -> None:
    """Names and lines only: what a part holds may be personal."""
    with pytest.raises(MalformedDataError) as caught:
        parse_xml("<a>\n<李四></a>".encode(), "part.xml")
    assert "李四" not in str(caught.value)
    assert "line 2" in str(caught.value)


def test_counts_are_bounded_before_parsing() -> None:
    """Tags, attributes and octets are limited; 100,000 attributes are read, a million refused."""
    limits = XmlLimits(octets=1000, tags=10, attributes=5)
    for data in (b"<a>" + b" " * 1000 + b"</a>", b"<a>" + b"<b/>" * 10 + b"</a>", b"<a b='=====' c=''/>"):
        with pytest.raises(LimitExceededError):
            parse_xml(data, "part.xml", limits=limits)
    many = b"<a " + b" ".join(b'a%d="1"' % i for i in range(100_000)) + b"/>"
    assert len(parse_xml(many, "part.xml").attrib) == 100_000
    with pytest.raises(LimitExceededError):
        parse_xml(b"<a " + b" ".join(b'a%d="1"' % i for i in range(1_000_000)) + b"/>", "part.xml")
    with pytest.raises(LimitExceededError):
        parse_xml(b"<a>" + b"<b/>" * 500_000 + b"</a>", "part.xml")


def test_depth_is_bounded() -> None:
    """256 levels are read, 257 refused as a limit."""
    assert parse_xml(b"<a>" * 256 + b"</a>" * 256, "part.xml").tag == "a"
    with pytest.raises(LimitExceededError):
        parse_xml(b"<a>" * 257 + b"</a>" * 257, "part.xml")


def test_a_document_type_in_text_is_text() -> None:
    """CDATA and comments inside the root may say DOCTYPE."""
    assert part("<a><![CDATA[<!DOCTYPE x>]]></a>").root.text == "<!DOCTYPE x>"
    assert part("<a><!-- <!DOCTYPE x> -->b</a>").root.text == "b"


def test_byte_order_mark_and_instructions_are_tolerated() -> None:
    """Both are common with invoices and are named."""
    read = part(b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?><?app x?><a/>")
    assert read.found >= {Tolerance.XML_BYTE_ORDER_MARK, Tolerance.XML_PROCESSING_INSTRUCTION}
    assert part(f"<?xml version='1.0'?><ofd:a {NS}/>").local(part("<a/>").root) == "a"


def test_comments_do_not_split_text() -> None:
    """Text around comments and instructions is one text, so no reader can be shown half of it."""
    read = part("<a>12<!-- x -->34<?p?>56<![CDATA[78]]></a>")
    assert read.text(read.root) == "12345678"


@pytest.mark.parametrize(
    ("text", "tolerance"),
    [
        (f"<ofd:Page {NS}/>", None),
        ('<Page xmlns="http://www.ofdspec.org/2016"/>', None),
        ('<ofd:Page xmlns:ofd="http://www.ofdspec.org"/>', Tolerance.OFD_NAMESPACE_OLD),
        ("<Page/>", Tolerance.OFD_NAMESPACE_ABSENT),
        ('<x:Page xmlns:x="urn:x"/>', Tolerance.OFD_NAMESPACE_FOREIGN),
    ],
)
def test_namespaces(text: str, tolerance: Tolerance | None) -> None:
    """Elements are matched by local name, and a namespace other than the standard's is named."""
    read = part(text)
    assert read.expect_root("Page") is read.root
    assert read.found == ({tolerance} if tolerance else set())


def test_an_element_that_may_occur_once_is_refused_twice() -> None:
    """Readers that take the first and the last would see different documents."""
    read = part("<a><b>1</b><b>2</b></a>")
    with pytest.raises(MalformedDataError, match="more than once"):
        read.child(read.root, "b")
    with pytest.raises(MalformedDataError, match="missing"):
        read.required_child(read.root, "c")
    assert read.child(read.root, "c") is None
    with pytest.raises(MalformedDataError, match="elements where text belongs"):
        read.text(read.root)
    with pytest.raises(MalformedDataError, match="root element"):
        read.expect_root("b")


class Choice(StrEnum):
    EVEN = "Even-Odd"
    NONE = "None"


def test_attributes() -> None:
    """Required ones raise, optional ones fall back and are named."""
    read = part('<a id="7" f="1.5" b="TRUE" e="even-odd" box="0 0 10 5" flat="0 0 10 0" m="1 0 0 1 2 3" bad="x"/>')
    root = read.root
    assert read.identifier(root, "id") == 7
    assert read.number(root, "f", 0.0) == 1.5
    assert read.integer(root, "none", 3) == 3
    assert read.found == set()
    assert read.boolean(root, "b", default=False) is True
    assert read.choice(root, "e", Choice, Choice.NONE) is Choice.EVEN
    assert read.found == {Tolerance.OFD_ATTRIBUTE_SPELLING}
    assert read.box(root, "box") == Box(0, 0, 10, 5)
    assert read.optional_box(root, "flat") == Box(0, 0, 10, 0)
    assert Tolerance.OFD_EMPTY_BOX in read.found
    assert read.matrix(root, "m") == Matrix(1, 0, 0, 1, 2, 3)
    assert Tolerance.OFD_VALUE_IGNORED not in read.found
    assert read.number(root, "bad", 2.0) == 2.0
    assert Tolerance.OFD_VALUE_IGNORED in read.found
    assert read.optional_choice(root, "bad", Choice) is None
    assert read.boolean(root, "bad", default=True) is True
    for call in (read.identifier, read.box, read.position):
        with pytest.raises(MalformedDataError, match="not of its type"):
            call(root, "bad")
        with pytest.raises(MalformedDataError, match="is missing"):
            call(root, "none")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        (" -1.5e2\n", -150.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("+3", 3.0),
        ("", None),
        ("1 2", None),
        ("1_0", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("1e10", None),
        ("١", None),
        ("0x10", None),
        ("1\u00a0", None),
    ],
)
def test_numbers(text: str, value: float | None) -> None:
    """Finite decimal numbers of bounded size, in ASCII; nothing of what Python would also take."""
    assert value_text.number(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("4294967295", 2**32 - 1), ("4294967296", None), ("-1", None), ("1.0", None), ("9" * 5000, None)],
)
def test_identifiers(text: str, value: int | None) -> None:
    """ST_ID is an unsigned 32-bit number."""
    assert value_text.identifier(text) == value


def test_arrays() -> None:
    """Arrays of numbers, boxes, positions and matrices; the count is bounded."""
    assert value_text.array("") == ()
    assert value_text.array(" 1 2.5\t-3 ") == (1.0, 2.5, -3.0)
    assert value_text.array("1 x") is None
    assert value_text.array("1 1e300") is None
    assert value_text.array("1 " * (value_text.MAX_ARRAY + 1)) is None
    assert value_text.box("1 2 3 4") == Box(1, 2, 3, 4)
    assert value_text.box("1 2 3") is None
    assert value_text.position("1 2") == Position(1, 2)
    assert value_text.matrix("1 0 0 1 0") is None


def test_grouped_deltas() -> None:
    """``g n v`` repeats v n times, but never beyond the length of the run: groups cannot exhaust memory."""
    assert value_text.deltas("1 g 3 2.5 4", 9) == (1.0, 2.5, 2.5, 2.5, 4.0)
    assert value_text.deltas("g 0 1", 9) == ()
    assert value_text.deltas("1 2", 9) == (1.0, 2.0)
    assert value_text.deltas("g 2000000000 1 2", 3) == (1.0, 1.0, 1.0)
    for text in ("g", "g 3", "g -1 2", "g x 2", "g 3 g 2 1", "g 9999999999 1", "g 1.5 2", "gg 1 2", "g 2 1 x"):
        assert value_text.deltas(text, 9) is None


def test_colour_components() -> None:
    """Decimal and hexadecimal components, as in old makers' files."""
    assert value_text.components("255 0 0") == (255.0, 0.0, 0.0)
    assert value_text.components("#ee #20 #25") == (238.0, 32.0, 37.0)
    assert value_text.components("#1 20") == (1.0, 20.0)
    assert value_text.components("#xy 1") is None
    assert value_text.components("#1 " * 40) is None


def test_matrices() -> None:
    """CTM maps x' = ax + cy + e, y' = bx + dy + f, and composes in order of application."""
    scale, shift = Matrix(2, 0, 0, 3, 0, 0), Matrix(1, 0, 0, 1, 10, 20)
    assert scale.apply(1, 1) == (2, 3)
    assert scale.then(shift).apply(1, 1) == (12, 23)
    assert shift.then(scale).apply(1, 1) == (22, 63)
    turn = Matrix(0, 1, -1, 0, 5, 6)
    assert turn.apply(1, 0) == (5, 7)
    assert turn.then(scale).apply(1, 2) == scale.apply(*turn.apply(1, 2))
    assert (Box(1, 2, 3, 4).right, Box(1, 2, 3, 4).bottom) == (4, 6)
