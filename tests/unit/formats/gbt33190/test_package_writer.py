"""The deterministic ZIP writer, judged by our reader and by the standard library's."""

import io
import zipfile

import pytest

from formats.gbt33190.limits import PackageLimits
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import Precompressed, plain_bytes, write_package

ENTRIES = {
    "Doc_0/Res/image_3.png": b"\x89PNG\r\n\x1a\n" + bytes(5000),
    "Doc_0/Document.xml": b"<ofd:Document>" + b"<ofd:Page/>" * 500 + b"</ofd:Document>",
    "Doc_0/Res/数据.txt": "数据".encode() * 200,
    "OFD.xml": b"<ofd:OFD/>",
    "Doc_0/empty": b"",
}


def test_what_is_written_is_read() -> None:
    """Both readers see every entry with its octets, and ours sees neither anomaly nor tolerance."""
    data = write_package(ENTRIES)
    package = OfdPackage.open(data)
    assert {name: package.read(name) for name in package} == ENTRIES
    assert (package.anomalies, package.tolerances) == ((), ())
    with zipfile.ZipFile(io.BytesIO(data)) as other:
        assert other.testzip() is None
        assert {name: other.read(name) for name in other.namelist()} == ENTRIES


def test_order_and_octets_do_not_depend_on_the_mapping() -> None:
    """OFD.xml is first, the others in code point order, whatever order they were given in."""
    data = write_package(ENTRIES)
    assert data == write_package(dict(reversed(ENTRIES.items())))
    assert OfdPackage.open(data).names == ("OFD.xml", *sorted(set(ENTRIES) - {"OFD.xml"}))


def test_headers_carry_no_time_and_no_descriptors() -> None:
    """All entries say 1980-01-01; only names beyond ASCII set the UTF-8 flag."""
    with zipfile.ZipFile(io.BytesIO(write_package(ENTRIES))) as other:
        for info in other.infolist():
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert info.flag_bits == (0 if info.filename.isascii() else 0x800)
            assert info.extra == b""


def test_pictures_are_stored_and_xml_is_deflated() -> None:
    """What is compressed already, or too small to gain, is stored."""
    entries = OfdPackage.open(write_package(ENTRIES)).entries
    methods = {name: entry.method for name, entry in entries.items()}
    assert methods["Doc_0/Res/image_3.png"] == 0
    assert methods["OFD.xml"] == 0
    assert methods["Doc_0/Document.xml"] == 8


def test_incompressible_data_is_stored() -> None:
    """Deflating never makes an entry larger."""
    noise = bytes((i * i * 31 + (i >> 3) * 17 + i // 7) % 256 for i in range(400))
    entry = OfdPackage.open(write_package({"OFD.xml": b"x", "a.dat": noise})).entries["a.dat"]
    assert entry.stored_size <= len(noise)


def test_precompressed_parts() -> None:
    """A part compressed once is written as it is, and reads as its plain octets."""
    page = ENTRIES["Doc_0/Document.xml"]
    part = Precompressed.of(page)
    package = OfdPackage.open(write_package({"OFD.xml": b"x", "a.xml": part, "b.xml": page}))
    assert package.read("a.xml") == package.read("b.xml") == page == plain_bytes(part)
    assert package.entries["a.xml"].stored_size == len(part.deflated or b"")
    assert Precompressed.of(ENTRIES["Doc_0/Res/image_3.png"]).deflated is None
    assert Precompressed.of(b"").deflated is None
    assert page.decode()[:5] not in repr(part)


BAD_NAMES = ["", "/a", "../a", "a/../b", "a//b", "a\\b", "C:a", "a\nb", "a/", "x" * 513, "\ud800"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_refuses_names_the_reader_refuses(name: str) -> None:
    """The writer makes nothing its reader would not open."""
    with pytest.raises(ValueError):
        write_package({"OFD.xml": b"x", name: b"y"})


def test_refuses_what_the_reader_would_report() -> None:
    """Case twins, a file that is a directory and a package without OFD.xml are mistakes of the caller."""
    for entries in ({"a": b""}, {"OFD.xml": b"", "ofd.XML": b""}, {"OFD.xml": b"", "a": b"", "a/b": b""}):
        with pytest.raises(ValueError):
            write_package(entries)


def test_refuses_to_exceed_limits() -> None:
    """Readers are not given what they would not accept."""
    for limits in (
        PackageLimits(entries=4),
        PackageLimits(entry_bytes=100),
        PackageLimits(inflated_bytes=1000),
        PackageLimits(total_bytes=1000),
    ):
        with pytest.raises(ValueError, match=r"more than|larger than"):
            write_package(ENTRIES, limits=limits)
