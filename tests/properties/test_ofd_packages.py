"""OFD packages: round trips, and what corruption can and cannot do."""

import string
from contextlib import suppress
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from formats.errors import MalformedDataError
from formats.gbt33190.document import OfdDocument
from formats.gbt33190.entry_names import files_used_as_directories, name_fault, twins
from formats.gbt33190.integrity import read_integrity_list
from formats.gbt33190.locations import resolve
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import Part, Precompressed, write_package
from formats.gbt33190.parts import Parts
from formats.gbt33190.reachability import explore
from formats.gbt33190.references import check_references
from formats.gbt33190.signature_model import Provider, SignatureType
from formats.gbt33190.signatures import read_signatures
from formats.gbt33190.signing import complete, prepare_signature
from formats.gbt33190.stamps import centred_stamp
from formats.gbt33190.xml import parse_xml
from tests.unit.formats.gbt33190.documents import entries
from tests.unit.formats.gbt33190.zip_bytes import package as zip_package

AT = datetime(2026, 6, 1, 8, tzinfo=UTC)


def signed_entries() -> dict[str, Part]:
    prepared = prepare_signature(
        {**entries()},
        kind=SignatureType.SEAL,
        provider=Provider("p"),
        at=AT,
        seal=b"seal",
        stamps=(centred_stamp(1, 100, 100, width=40, height=40),),
    )
    return complete(prepared, b"value")


SIGNED = {name: bytes(part) for name, part in signed_entries().items() if isinstance(part, bytes)}
PACKAGE = write_package(SIGNED)


def consume(data: bytes) -> None:
    """Read everything there is to read of a package; raises nothing but ``MalformedDataError``."""
    package = OfdPackage.open(data)
    parts = Parts(package)
    explore(parts)
    for entry in read_signatures(parts):
        if entry.file is not None:
            check_references(package, entry.file)
    read_integrity_list(parts)
    for body in OfdDocument.read(parts).bodies:
        document = body.document
        for read in (
            lambda body=body: (body.info, body.versions),
            lambda document=document: document.resources(),
            lambda document=document: document.annotations,
            lambda document=document: document.attachments,
            lambda document=document: [document.tag_file(tag) for tag in document.custom_tags],
            lambda document=document: document.extensions,
            lambda document=document: (document.permissions, document.max_unit_id, document.page_area),
        ):
            with suppress(MalformedDataError):
                read()
        for page in (*document.pages, *document.template_pages):
            with suppress(MalformedDataError):
                list(document.page(page).objects())


def test_the_package_that_gets_corrupted_is_whole() -> None:
    """Reading it as a whole raises nothing, so the tests below corrupt something that works."""
    consume(PACKAGE)


SEGMENT = st.text(string.ascii_letters + string.digits + "_-. 证照é", min_size=1, max_size=12)
NAME = st.lists(SEGMENT, min_size=1, max_size=4).map("/".join)


@given(st.dictionaries(NAME, st.binary(max_size=2000), max_size=12), st.booleans())
def test_what_is_written_is_read(parts: dict[str, bytes], precompress: bool) -> None:
    """Every acceptable set of entries survives writing and reading; no other set can be written."""
    parts = {**parts, "OFD.xml": b"<x/>"}
    given_parts: dict[str, Part] = {
        name: Precompressed.of(data) if precompress else data for name, data in parts.items()
    }
    acceptable = (
        all(name_fault(name) is None for name in parts)
        and not list(twins(parts))
        and not files_used_as_directories(parts)
    )
    try:
        written = write_package(given_parts)
    except ValueError:
        assert not acceptable
        return
    assert acceptable
    package = OfdPackage.open(written)
    assert {name: package.read(name) for name in package} == parts
    assert (package.anomalies, package.tolerances) == ((), ())
    assert package.names[0] == "OFD.xml"


def test_no_flipped_bit_changes_what_is_read() -> None:
    """Each single bit of a package, flipped, is detected or leaves every name and every octet as it was."""
    parts = {"OFD.xml": b"<OFD/>" * 60, "a/b.png": b"\x89PNG\r\n\x1a\nxyz", "证.xml": b"x"}
    whole = bytearray(write_package(parts))
    undetected = 0
    for position in range(len(whole)):
        for bit in range(8):
            whole[position] ^= 1 << bit
            with suppress(MalformedDataError):
                package = OfdPackage.open(bytes(whole))
                assert {name: package.read(name) for name in package} == parts
                undetected += 1
            whole[position] ^= 1 << bit
    assert 0 < undetected < len(whole) * 8 // 2  # times, versions and attributes carry nothing


@settings(max_examples=300)
@given(st.data())
def test_corrupted_containers_raise_nothing_else(data: st.DataObject) -> None:
    """Flips, cuts and insertions in the file never leak another exception type."""
    broken = bytearray(PACKAGE)
    for _ in range(data.draw(st.integers(1, 4))):
        kind = data.draw(st.sampled_from(("flip", "cut", "insert", "copy")))
        at = data.draw(st.integers(0, max(len(broken) - 1, 0)))
        if kind == "flip" and broken:
            broken[at] ^= data.draw(st.integers(1, 255))
        elif kind == "cut":
            del broken[at : at + data.draw(st.integers(1, 300))]
        elif kind == "insert":
            broken[at:at] = data.draw(st.binary(min_size=1, max_size=40))
        else:
            other = data.draw(st.integers(0, max(len(broken) - 1, 0)))
            broken[at : at + 30] = broken[other : other + 30]
    with suppress(MalformedDataError):
        consume(bytes(broken))


XML_PARTS = sorted(name for name, part in SIGNED.items() if part.startswith(b"<"))
SPLINTERS = (
    b"<", b">", b"/", b'"', b"&", b"&#0;", b"<!DOCTYPE a>", b"<![CDATA[", b"-1", b"9" * 30, b"1e999", b"NaN", b"../..",
    b"/", b"\\", b"\x00", b"\xff", b"\xef\xbb\xbf", b" ", b"<ofd:Layer>", b"</ofd:Layer>", b"xmlns=''", b"g 99999999 1",
    "证".encode(), b"ofd:", b"ID=", b"0 0 0", b"<x:y/>",
)  # fmt: skip


@settings(max_examples=400)
@given(st.data())
def test_corrupted_parts_raise_nothing_else(data: st.DataObject) -> None:
    """Parts with splinters of XML, numbers and paths in the wrong place never leak another exception type."""
    parts = dict(SIGNED)
    for _ in range(data.draw(st.integers(1, 3))):
        name = data.draw(st.sampled_from(XML_PARTS))
        text = bytearray(parts[name])
        at = data.draw(st.integers(0, len(text)))
        text[at : at + data.draw(st.sampled_from((0, 0, 1, 3, 20)))] = data.draw(st.sampled_from(SPLINTERS))
        parts[name] = bytes(text)
    with suppress(MalformedDataError):
        consume(zip_package(parts))


@settings(max_examples=300)
@given(st.data())
def test_swapped_values_raise_nothing_else(data: st.DataObject) -> None:
    """Well-formed parts whose attribute values and texts are exchanged for odd ones never leak another type."""
    parts = dict(SIGNED)
    name = data.draw(st.sampled_from(XML_PARTS))
    text = parts[name].decode()
    quotes = [index for index, character in enumerate(text) if character == '"']
    if quotes:
        pair = 2 * data.draw(st.integers(0, len(quotes) // 2 - 1))
        odd = (
            "",
            "-1",
            "x",
            "1 2 3",
            "0 0 -5 5",
            "9" * 20,
            "../../x",
            "/",
            "a\\b",
            "true",
            "证",
            "1e400",
            "NaN",
            "#ff",
        )
        text = text[: quotes[pair] + 1] + data.draw(st.sampled_from(odd)) + text[quotes[pair + 1] :]
    parts[name] = text.encode()
    with suppress(MalformedDataError):
        consume(zip_package(parts))


@given(st.text(max_size=40), st.sampled_from(("OFD.xml", "Doc_0/Document.xml", "Doc_0/Res/", "")))
def test_no_location_leaves_the_package(location: str, base: str) -> None:
    """Whatever a path says, it resolves to a name the reader would accept, or to nothing."""
    with suppress(MalformedDataError):
        assert name_fault(resolve(location, base=base)) is None


@given(st.binary(max_size=200))
def test_any_octets_as_xml(data: bytes) -> None:
    """Octets at random parse or raise the reader's error."""
    with suppress(MalformedDataError):
        parse_xml(data, "part.xml")


@given(st.binary(max_size=400))
def test_any_octets_as_package(data: bytes) -> None:
    """Octets at random, also behind the start of an end record, open or raise the reader's error."""
    for prefix in (b"", b"PK\x05\x06"):
        with suppress(MalformedDataError):
            OfdPackage.open(prefix + data)
