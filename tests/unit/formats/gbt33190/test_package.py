"""The guarded ZIP reader, against containers built octet by octet."""

import struct
import zlib

import pytest

from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt33190.anomalies import AnomalyKind
from formats.gbt33190.limits import PackageLimits
from formats.gbt33190.package import OfdPackage
from formats.tolerances import Tolerance
from tests.unit.formats.gbt33190.zip_bytes import Item, archive, raw_deflate

TEXT = b"<ofd:Page>" + b"0123456789" * 20 + b"</ofd:Page>"
PAGE = Item(b"Doc_0/Page.xml", TEXT)
MAIN = Item(b"OFD.xml", b"<OFD/>", method=0)


def kinds(package: OfdPackage) -> list[AnomalyKind]:
    return [anomaly.kind for anomaly in package.anomalies]


def test_reads_stored_and_deflated_entries() -> None:
    """Both methods OFD uses yield the octets that went in, and a clean file has no anomaly and no tolerance."""
    package = OfdPackage.open(archive(MAIN, PAGE))
    assert package.names == ("OFD.xml", "Doc_0/Page.xml")
    assert package.read("OFD.xml") == b"<OFD/>"
    assert package.read("Doc_0/Page.xml") == TEXT
    assert (len(package), list(package), "OFD.xml" in package, "x" in package) == (
        2,
        ["OFD.xml", "Doc_0/Page.xml"],
        True,
        False,
    )
    assert (package.anomalies, package.tolerances) == ((), ())
    assert package.entries["Doc_0/Page.xml"].size == len(TEXT)


def test_a_missing_entry_is_an_error_of_the_data() -> None:
    """Reading a name the package lacks raises no KeyError."""
    with pytest.raises(MalformedDataError, match="no such file"):
        OfdPackage.open(archive(MAIN)).read("Doc_0/\n.xml")


def test_directories_are_not_files() -> None:
    """Directory entries are passed over, also those that some makers deflate into two octets."""
    empty = Item(b"Doc_0/Res/", b"", stored=b"\x03\x00")
    assert OfdPackage.open(archive(MAIN, Item(b"Doc_0/", method=0), empty)).names == ("OFD.xml",)


HOSTILE_NAMES = {
    "parent": b"../evil.xml",
    "parent inside": b"Doc_0/../../evil.xml",
    "dot": b"Doc_0/./Page.xml",
    "absolute": b"/etc/passwd",
    "drive": b"C:/evil.xml",
    "relative drive": b"c:evil.xml",
    "backslash": b"Doc_0\\Page.xml",
    "empty": b"",
    "empty segment": b"Doc_0//Page.xml",
    "only slash": b"/",
    "two slashes": b"Doc_0//",
    "NUL": b"OFD.xml\x00.txt",
    "line end": b"OFD\n.xml",
    "delete": b"OFD\x7f.xml",
    "right-to-left override": "Doc_0/\u202elmx.exe".encode(),
    "C1 control": "Doc_0/\u0085.xml".encode(),
    "byte order mark": "\ufeffOFD.xml".encode(),
}


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_refuses_hostile_names(name: bytes) -> None:
    """Names that another program could take for a different file, or draw differently, are refused."""
    with pytest.raises(MalformedDataError):
        OfdPackage.open(archive(MAIN, Item(name, b"x", method=0, flags=0x800)))


def test_refuses_two_entries_of_one_name() -> None:
    """One program would read the first and another the last."""
    with pytest.raises(MalformedDataError, match="two entries have one name"):
        OfdPackage.open(archive(MAIN, PAGE, Item(PAGE.name, b"other")))
    with pytest.raises(MalformedDataError, match="two entries have one name"):
        OfdPackage.open(archive(MAIN, Item(b"Doc_0/", method=0), Item(b"Doc_0/", method=0)))


def test_refuses_one_name_in_two_encodings() -> None:
    """A GBK and a UTF-8 spelling of the same name are one name."""
    gbk, utf8 = "证照.xml".encode("gbk"), "证照.xml".encode()
    with pytest.raises(MalformedDataError, match="two entries have one name"):
        OfdPackage.open(archive(Item(gbk, b"a"), Item(utf8, b"b", flags=0x800)))


DISAGREEMENTS = {
    "name": Item(b"Doc_0/Page.xml", TEXT, local_name=b"Doc_0/Evil.xml"),
    "name size": Item(b"Doc_0/Page.xml", TEXT, local_name=b"Doc_0/Page.xm"),
    "method": Item(b"a.xml", TEXT, local_method=0),
    "checksum": Item(b"a.xml", TEXT, local_facts=(1, len(raw_deflate(TEXT)), len(TEXT))),
    "stored size": Item(b"a.xml", TEXT, local_facts=(zlib.crc32(TEXT), 1, len(TEXT))),
    "size": Item(b"a.xml", TEXT, local_facts=(zlib.crc32(TEXT), len(raw_deflate(TEXT)), 1)),
    "zeroes without descriptor": Item(b"a.xml", TEXT, local_facts=(0, 0, 0)),
    "encoding of the name": Item("证.xml".encode(), TEXT, flags=0x800, local_flags=0),
    "encryption": Item(b"a.xml", TEXT, local_flags=1),
    "wrong size with descriptor": Item(
        b"a.xml",
        TEXT,
        flags=8,
        local_facts=(0, 7, 0),
        descriptor=struct.pack("<3I", *Item(b"", TEXT).true_facts),
    ),
    "descriptor missing": Item(b"a.xml", TEXT, flags=8, local_facts=(0, 0, 0)),
    "descriptor wrong": Item(
        b"a.xml", TEXT, flags=8, local_facts=(0, 0, 0), descriptor=struct.pack("<3I", 1, 2, 3)
    ),
}


@pytest.mark.parametrize("item", DISAGREEMENTS.values(), ids=DISAGREEMENTS)
def test_refuses_headers_that_disagree(item: Item) -> None:
    """Local header, data descriptor and central header must say the same."""
    with pytest.raises(MalformedDataError):
        OfdPackage.open(archive(MAIN, item))


REFUSED_KINDS = {
    "encrypted": Item(b"a.xml", TEXT, flags=0x0001),
    "patched": Item(b"a.xml", TEXT, flags=0x0020),
    "strongly encrypted": Item(b"a.xml", TEXT, flags=0x0041),
    "masked": Item(b"a.xml", TEXT, flags=0x2000),
    "deflate64": Item(b"a.xml", TEXT, method=9, stored=b"x"),
    "bzip2": Item(b"a.xml", TEXT, method=12, stored=b"x"),
    "another disk": Item(b"a.xml", TEXT, disk=1),
    "second name": Item(b"a.xml", TEXT, extra=struct.pack("<2H", 0x7075, 5) + b"\x01abcd"),
    "second name in the local header": Item(
        b"a.xml", TEXT, local_extra=struct.pack("<2H", 0x7075, 5) + b"\x01abcd"
    ),
    "AES": Item(b"a.xml", TEXT, extra=struct.pack("<2H", 0x9901, 7) + b"\x02\x00AE\x01\x08\x00"),
    "torn extra": Item(b"a.xml", TEXT, extra=struct.pack("<2H", 0x000A, 40)),
    "extra of three octets": Item(b"a.xml", TEXT, extra=b"abc"),
    "stored with two sizes": Item(b"a.xml", TEXT, method=0, facts=(zlib.crc32(TEXT), len(TEXT), 5)),
    "directory with data": Item(b"Doc_0/", TEXT),
}


@pytest.mark.parametrize("item", REFUSED_KINDS.values(), ids=REFUSED_KINDS)
def test_refuses_what_ofd_does_not_use(item: Item) -> None:
    """Encryption, other methods, other disks, second names and torn extra fields are refused."""
    with pytest.raises(MalformedDataError):
        OfdPackage.open(archive(MAIN, item))


def test_refuses_overlapping_entries() -> None:
    """Entries that share one body would inflate to many times what the file holds."""
    inner = archive(Item(b"b.xml", TEXT, method=0))
    stored = inner[: inner.index(b"PK\x01\x02")]
    outer = Item(b"a.bin", stored, method=0)
    hidden = Item(b"b.xml", TEXT, method=0, central_only=True, offset=30 + len(b"a.bin"))
    with pytest.raises(MalformedDataError, match="overlap"):
        OfdPackage.open(archive(outer, hidden))


def test_refuses_entries_outside_the_file() -> None:
    """Offsets and sizes that point beyond the entries are refused, not sliced."""
    for item in (
        Item(b"a.xml", TEXT, offset=0xFFFFFFF0),
        Item(b"a.xml", TEXT, offset=100_000),
        Item(b"a.xml", TEXT, facts=(zlib.crc32(TEXT), 0x7FFFFFFF, len(TEXT))),
        Item(b"a.xml", TEXT, offset=5),
    ):
        with pytest.raises(MalformedDataError):
            OfdPackage.open(archive(MAIN, item))


END_RECORDS = {
    "disk": {0: 1},
    "directory disk": {1: 1},
    "counts differ": {2: 1},
    "too many": {2: 3, 3: 3},
    "too few": {2: 1, 3: 1},
    "none": {2: 0, 3: 0},
    "directory size": {4: 5},
    "directory too large": {4: 0x7FFFFFFF},
    "directory offset": {5: 0x7FFFFFFF},
    "comment size": {6: 9},
    "ZIP64 count": {2: 0xFFFF, 3: 0xFFFF},
    "ZIP64 size": {4: 0xFFFFFFFF},
    "ZIP64 offset": {5: 0xFFFFFFFF},
}


@pytest.mark.parametrize("end", END_RECORDS.values(), ids=END_RECORDS)
def test_refuses_false_end_records(end: dict[int, int]) -> None:
    """Every field of the end record is checked against the file."""
    with pytest.raises(MalformedDataError):
        OfdPackage.open(archive(MAIN, PAGE, end=end))


def test_refuses_a_zip64_locator() -> None:
    """A ZIP64 end record could describe another directory."""
    with pytest.raises(MalformedDataError, match="ZIP64"):
        OfdPackage.open(archive(MAIN, after_directory=b"PK\x06\x07" + bytes(16)))


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x05\x06", b"%PDF-1.7", bytes(22), b"PK\x05\x06" + bytes(17)])
def test_refuses_what_is_no_zip(data: bytes) -> None:
    """Short and foreign files raise the reader's own error."""
    with pytest.raises(MalformedDataError):
        OfdPackage.open(data)


def test_an_archive_cut_anywhere_is_refused() -> None:
    """No prefix of a package opens, and no cut raises anything but the reader's error."""
    whole = archive(MAIN, PAGE)
    for size in range(len(whole)):
        with pytest.raises(MalformedDataError):
            OfdPackage.open(whole[:size])


LYING_DATA = {
    "damaged": Item(b"a.xml", TEXT, stored=b"\xff" * 20, facts=(zlib.crc32(TEXT), 20, len(TEXT))),
    "checksum": Item(b"a.xml", TEXT, facts=(1, len(raw_deflate(TEXT)), len(TEXT))),
    "stored checksum": Item(b"a.xml", TEXT, method=0, facts=(1, len(TEXT), len(TEXT))),
    "longer than stated": Item(b"a.xml", TEXT, facts=(zlib.crc32(TEXT[:9]), len(raw_deflate(TEXT)), 9)),
    "shorter than stated": Item(b"a.xml", TEXT, facts=(zlib.crc32(TEXT), len(raw_deflate(TEXT)), 999)),
    "cut": Item(b"a.xml", TEXT, stored=raw_deflate(TEXT)[:-3]),
    "octets behind": Item(b"a.xml", TEXT, stored=raw_deflate(TEXT) + b"hidden"),
    "empty stream": Item(b"a.xml", b"", stored=b""),
}


@pytest.mark.parametrize("item", LYING_DATA.values(), ids=LYING_DATA)
def test_refuses_data_that_is_not_as_stated(item: Item) -> None:
    """Data that is damaged, longer, shorter or followed by other octets is refused when it is read."""
    with pytest.raises(MalformedDataError):
        OfdPackage.open(archive(MAIN, item)).read("a.xml")


def test_inflating_is_bounded_by_the_stated_size() -> None:
    """A stream of 100 MB behind a stated size of 1000 octets costs no more than these."""
    bomb = raw_deflate(bytes(100_000_000))
    item = Item(b"a.xml", b"", stored=bomb, facts=(0, len(bomb), 1000))
    package = OfdPackage.open(archive(MAIN, item))
    with pytest.raises(MalformedDataError, match="stated 1000 octets"):
        package.read("a.xml")


def test_limits() -> None:
    """Each limit stops the package at opening, before anything is inflated."""
    data = archive(MAIN, PAGE)
    for limits in (
        PackageLimits(total_bytes=len(data) - 1),
        PackageLimits(entries=1),
        PackageLimits(entry_bytes=len(TEXT) - 1),
        PackageLimits(inflated_bytes=len(TEXT)),
        PackageLimits(ratio=2, ratio_floor=10),
        PackageLimits(name_octets=10),
    ):
        with pytest.raises(LimitExceededError):
            OfdPackage.open(data, limits)
    OfdPackage.open(data, PackageLimits(total_bytes=len(data), entries=2, inflated_bytes=len(TEXT) + 6))


def test_a_high_ratio_is_refused_by_default() -> None:
    """A megabyte and more may not come out of a two-hundredth of it."""
    plain = bytes(3 << 20)
    with pytest.raises(LimitExceededError, match="200 times"):
        OfdPackage.open(archive(MAIN, Item(b"a.bin", plain)))


@pytest.mark.parametrize("signature", [b"", b"PK\x07\x08"])
def test_tolerates_data_descriptors(signature: bytes) -> None:
    """Streaming writers put sizes behind the data, with or without a signature; that is ordinary ZIP."""
    facts = PAGE.true_facts
    item = Item(PAGE.name, TEXT, flags=8, local_facts=(0, 0, 0), descriptor=signature + struct.pack("<3I", *facts))
    package = OfdPackage.open(archive(MAIN, item, Item(b"b.xml", b"b")))
    assert package.read("Doc_0/Page.xml") == TEXT
    assert package.anomalies == ()


def test_tolerates_zip64_sizes_in_local_headers() -> None:
    """Some tax invoices write them although the sizes are small; contradictions are refused."""
    crc, stored, size = PAGE.true_facts
    wide = struct.pack("<2H2Q", 1, 16, size, stored)
    sentinel = (crc, 0xFFFFFFFF, 0xFFFFFFFF)
    package = OfdPackage.open(archive(MAIN, Item(PAGE.name, TEXT, local_facts=sentinel, local_extra=wide)))
    assert package.read("Doc_0/Page.xml") == TEXT
    assert package.tolerances == (Tolerance.ZIP_LOCAL_ZIP64,)
    for item in (
        Item(PAGE.name, TEXT, local_facts=sentinel, local_extra=struct.pack("<2H2Q", 1, 16, size + 1, stored)),
        Item(PAGE.name, TEXT, local_facts=sentinel, local_extra=struct.pack("<2HQ", 1, 8, size)),
        Item(PAGE.name, TEXT, local_extra=wide),
        Item(PAGE.name, TEXT, local_facts=sentinel, local_extra=wide + wide),
        Item(PAGE.name, TEXT, local_facts=sentinel),
        Item(PAGE.name, TEXT, extra=wide),
        Item(PAGE.name, TEXT, facts=sentinel, extra=wide),
    ):
        with pytest.raises(MalformedDataError):
            OfdPackage.open(archive(MAIN, item))


def test_names_in_utf8_and_gbk() -> None:
    """Flagged UTF-8 is the rule; unflagged UTF-8 and GBK are read and named."""
    name = "Doc_0/Res/数据文件.txt"
    flagged = OfdPackage.open(archive(Item(name.encode(), b"a", flags=0x800)))
    assert (flagged.names, flagged.tolerances) == ((name,), ())
    unflagged = OfdPackage.open(archive(Item(name.encode(), b"a")))
    assert (unflagged.names, unflagged.tolerances) == ((name,), (Tolerance.ZIP_NAME_UTF8_UNFLAGGED,))
    gbk = OfdPackage.open(archive(Item(name.encode("gbk"), b"a")))
    assert (gbk.names, gbk.tolerances) == ((name,), (Tolerance.ZIP_NAME_GBK,))


@pytest.mark.parametrize(
    ("raw", "flags"), [(b"\xff\xfe.xml", 0), (b"\xd6\xd0.xml", 0x800), (b"\xc0\xaf.xml", 0x800)]
)
def test_refuses_names_in_no_encoding(raw: bytes, flags: int) -> None:
    """Neither UTF-8 nor GBK, or flagged UTF-8 that is none, also not an overlong slash."""
    with pytest.raises(MalformedDataError):
        OfdPackage.open(archive(Item(raw, b"a", flags=flags)))


@pytest.mark.parametrize("shifted", [False, True])
def test_octets_before_and_behind_are_anomalies(shifted: bool) -> None:
    """Some seal products leave octets around the archive, with offsets counted with or without them."""
    data = archive(MAIN, PAGE, leading=b"KG" * 50, trailing=b"tail", shifted=shifted)
    package = OfdPackage.open(data)
    assert package.read("Doc_0/Page.xml") == TEXT
    assert [(a.kind, a.offset, a.detail) for a in package.anomalies] == [
        (AnomalyKind.TRAILING_BYTES, len(data) - 4, "4 octets"),
        (AnomalyKind.LEADING_BYTES, 0, "100 octets"),
    ]


def test_octets_between_entries_are_anomalies() -> None:
    """What lies between entries belongs to no signature and is reported with its place."""
    package = OfdPackage.open(archive(MAIN, Item(b"a.xml", TEXT, before=b"hidden"), before_directory=b"more"))
    assert kinds(package) == [AnomalyKind.GAP, AnomalyKind.GAP]
    assert [a.detail for a in package.anomalies] == ["6 octets", "4 octets"]


def test_an_entry_the_directory_leaves_out_is_an_anomaly() -> None:
    """A file that only local headers know would be seen by a streaming reader alone."""
    whole = archive(PAGE)
    local = whole[: whole.index(b"PK\x01\x02")]
    assert kinds(OfdPackage.open(archive(MAIN, before_directory=local))) == [AnomalyKind.GAP]


def test_octets_before_the_end_record_are_refused() -> None:
    """The directory must reach to its end record."""
    with pytest.raises(MalformedDataError):
        OfdPackage.open(archive(MAIN, after_directory=b"junk"))


def test_comments_are_anomalies() -> None:
    """Comments are octets nobody signs."""
    package = OfdPackage.open(archive(MAIN, Item(b"a.xml", TEXT, comment=b"note"), comment=b"abc"))
    assert kinds(package) == [AnomalyKind.ARCHIVE_COMMENT, AnomalyKind.ENTRY_COMMENT]


def test_a_second_end_record_inside_the_comment_is_what_counts() -> None:
    """The last end record is read; all before it is then leading octets and reported."""
    inner = archive(Item(b"OFD.xml", b"inner", method=0))
    package = OfdPackage.open(archive(MAIN, comment=inner))
    assert package.read("OFD.xml") == b"inner"
    assert AnomalyKind.LEADING_BYTES in kinds(package)


@pytest.mark.parametrize(
    ("first", "second"),
    [("Doc_0/a.xml", "DOC_0/A.XML"), ("Ü.xml", "ü.xml"), ("\u00e9.xml", "e\u0301.xml"), ("ß.xml", "SS.xml")],
)
def test_case_twins_are_anomalies(first: str, second: str) -> None:
    """Names that are one to a program ignoring case or composition are reported."""
    items = [Item(name.encode(), b"x", flags=0x800) for name in (first, second)]
    assert kinds(OfdPackage.open(archive(*items))) == [AnomalyKind.CASE_TWINS]


def test_a_file_that_is_a_directory_is_an_anomaly() -> None:
    """Unpacked to disk one of them would be lost."""
    nested = [Item(b"a", b"x", method=0), Item(b"a/b/c", b"y", method=0)]
    assert kinds(OfdPackage.open(archive(*nested))) == [AnomalyKind.FILE_AND_DIRECTORY]
    listed = [Item(b"a", b"x", method=0), Item(b"a/", b"", method=0)]
    assert kinds(OfdPackage.open(archive(*listed))) == [AnomalyKind.FILE_AND_DIRECTORY]


def test_names_folding() -> None:
    """A name is found ignoring case, all matches together."""
    package = OfdPackage.open(archive(Item(b"Doc_0/A.xml", b"x"), Item(b"DOC_0/a.XML", b"y"), MAIN))
    assert package.names_folding_to("doc_0/a.xml") == ("Doc_0/A.xml", "DOC_0/a.XML")
    assert package.names_folding_to("ofd.XML") == ("OFD.xml",)
    assert package.names_folding_to("none") == ()
