"""ST_Loc: resolution by the standard and the leniency of the field, never out of the package."""

import pytest

from formats.errors import MalformedDataError
from formats.gbt33190.locations import directory_of, locate, resolve, resolve_directory
from formats.gbt33190.package import OfdPackage
from formats.tolerances import Tolerance
from tests.unit.formats.gbt33190.zip_bytes import package


@pytest.mark.parametrize(
    ("location", "base", "entry"),
    [
        ("/Doc_0/Document.xml", "Doc_0/Signs/Sign_0/Signature.xml", "Doc_0/Document.xml"),
        ("Doc_0/Document.xml", "OFD.xml", "Doc_0/Document.xml"),
        ("Content.xml", "Doc_0/Pages/Page_0/Content.xml", "Doc_0/Pages/Page_0/Content.xml"),
        ("../Res/a.png", "Doc_0/Pages/Content.xml", "Doc_0/Res/a.png"),
        ("./a.xml", "Doc_0/b.xml", "Doc_0/a.xml"),
        ("a/./b/../c.xml", "", "a/c.xml"),
        (" \n/a.xml\t", "x/y", "a.xml"),
        ("image.png", "Doc_0/Res/", "Doc_0/Res/image.png"),
        ("数据/文件.xml", "Doc_0/x", "Doc_0/数据/文件.xml"),
    ],
)
def test_resolve(location: str, base: str, entry: str) -> None:
    """A leading slash is the package root, everything else relative to the naming part."""
    assert resolve(location, base=base) == entry


@pytest.mark.parametrize(
    "location",
    [
        "",
        " ",
        "/",
        ".",
        "..",
        "../x",
        "/../x",
        "a/../../x",
        "//x",
        "a//b",
        "a\\b",
        "C:/x",
        "a/",
        "a\x00b",
        "a\nb",
        "/c:x",
    ],
)
def test_refuses_paths_no_entry_can_have(location: str) -> None:
    """Paths out of the package and odd ones raise, also when a slash is doubled."""
    with pytest.raises(MalformedDataError):
        resolve(location, base="Doc_0.xml")


def test_directories() -> None:
    """Res/@BaseLoc names a directory, with or without slash, possibly the root."""
    assert resolve_directory("Res", base="Doc_0/PublicRes.xml") == "Doc_0/Res/"
    assert resolve_directory("Res/", base="Doc_0/PublicRes.xml") == "Doc_0/Res/"
    assert resolve_directory("/Doc_0/Res", base="Doc_0/PublicRes.xml") == "Doc_0/Res/"
    assert resolve_directory(".", base="Doc_0/PublicRes.xml") == "Doc_0/"
    assert resolve_directory("", base="Doc_0/PublicRes.xml") == "Doc_0/"
    assert resolve_directory("/", base="Doc_0/PublicRes.xml") == ""
    assert directory_of("OFD.xml") == ""
    for location in ("../..", "a\\b", "a//b"):
        with pytest.raises(MalformedDataError):
            resolve_directory(location, base="Doc_0/PublicRes.xml")
    with pytest.raises(MalformedDataError):
        resolve_directory("C:", base="Res.xml")


def find(location: str, *bases: str, names: tuple[str, ...]) -> tuple[str | None, set[Tolerance]]:
    found: set[Tolerance] = set()
    opened = OfdPackage.open(package(dict.fromkeys(names, b"x")))
    return locate(opened, location, bases=bases, found=found), found


def test_locate_follows_the_standard_first() -> None:
    """Where the standard's reading exists no other is tried."""
    names = ("Doc_0/a.xml", "a.xml")
    assert find("a.xml", "Doc_0/x.xml", names=names) == ("Doc_0/a.xml", set())
    assert find("/a.xml", "Doc_0/x.xml", names=names) == ("a.xml", set())


def test_locate_from_the_root_without_slash() -> None:
    """Makers write ``Doc_0/…`` inside Doc_0; it is found and named."""
    names = ("Doc_0/Signs/Signatures.xml",)
    expected = ("Doc_0/Signs/Signatures.xml", {Tolerance.OFD_LOCATION_FROM_ROOT})
    assert find("Doc_0/Signs/Signatures.xml", "Doc_0/Document.xml", names=names) == expected


def test_locate_beside_the_file() -> None:
    """A resource that is not below Res/@BaseLoc may lie beside the resource file."""
    names = ("Doc_0/a.png",)
    expected = ("Doc_0/a.png", {Tolerance.OFD_LOCATION_BESIDE_FILE})
    assert find("a.png", "Doc_0/Res/", "Doc_0/PublicRes.xml", names=names) == expected


def test_locate_ignoring_case_if_unique() -> None:
    """TPLS and Tpls: one match is taken and named, two are none."""
    assert find("TPLS/a.xml", "Doc_0/x", names=("Doc_0/Tpls/a.xml",)) == (
        "Doc_0/Tpls/a.xml",
        {Tolerance.OFD_LOCATION_CASE},
    )
    assert find("TPLS/a.xml", "Doc_0/x", names=("Doc_0/Tpls/a.xml", "Doc_0/tpls/A.xml")) == (None, set())
    assert find("TPLS/a.xml", "Doc_0/x", names=("tpls/a.xml",)) == (None, set())


def test_locate_nothing() -> None:
    """A dangling pointer is None; one out of the package raises."""
    assert find("b.xml", "Doc_0/x", names=("a.xml",)) == (None, set())
    with pytest.raises(MalformedDataError):
        find("../../b.xml", "Doc_0/x", names=("b.xml",))
