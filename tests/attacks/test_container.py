"""The ZIP container lies outside every signature: whoever hands the document on can write it anew.

So no container may show other octets to one program than to another, and every octet that the directory does not
explain refuses the document or is told.
"""

import struct
import zlib
from collections.abc import Callable

import pytest

from tests.attacks.containers import (
    REFUSED,
    Item,
    archive,
    descriptor,
    items,
    local_header,
    outcome,
    stored_entry,
    streamed,
)
from tests.unit.verifier.documents import sealed
from tests.unit.verifier.test_twins import PAGE
from verifier.codes import Code
from verifier.findings import Verdict

GENUINE = sealed()
FORGED_PAGE = GENUINE[PAGE].replace(b"20 20 30 30", b"99 99 30 30")
NOTHING = b"\x03\x00"
"""A deflated empty file."""


def entries_behind_a_directory() -> bytes:
    """Behind the deflated nothing of a directory entry, inside its stated size: a second page.

    Read from its start, the file holds the page twice, the forged one last; the last local header takes the
    descriptor of the directory entry for its data, so that such a reader meets nothing odd.
    """
    behind = NOTHING + descriptor((0, len(NOTHING), 0)) + stored_entry(PAGE, FORGED_PAGE)
    filler = "Doc_0/filler"
    stored = len(behind) + len(local_header(filler, 0, (0, 16, 16)))
    closing = descriptor((0, stored, 0))
    behind += local_header(filler, 0, (zlib.crc32(closing), 16, 16))
    directory = Item(
        b"Doc_0/Tmp/",
        flags=8,
        stored=behind,
        facts=(0, stored, 0),
        local_facts=(0, 0, 0),
        descriptor=closing,
    )
    return archive(*items(GENUINE), directory)


def test_entries_hidden_in_a_directory_entry() -> None:
    """A directory's data, which nobody inflates, cannot carry entries for readers that go by local headers."""
    data = entries_behind_a_directory()
    seen = [plain for name, plain in streamed(data) if name == PAGE]
    assert seen == [GENUINE[PAGE], FORGED_PAGE]  # the attack works on such a reader
    assert outcome(data) == (REFUSED, set())


def directory_with_checksum() -> bytes:
    return archive(*items(GENUINE), Item(b"Doc_0/Tmp/", method=0, facts=(7, 0, 0)))


def empty_entry_with_long_descriptor() -> bytes:
    """16 octets of the 24 are a whole descriptor to whoever knows no ZIP64; to that reader the file ends there."""
    long = struct.pack("<4sI2Q", b"PK\x07\x08", 0, 2, 0)
    extra = struct.pack("<2H2Q", 1, 16, 0, 0)
    first = Item(
        b"Doc_0/empty.dat",
        flags=8,
        local_facts=(0, 0xFFFFFFFF, 0xFFFFFFFF),
        local_extra=extra,
        descriptor=long,
    )
    return archive(first, *items(GENUINE))


def stored_entry_ending_early() -> bytes:
    """A picture inside the document holds a descriptor and a page of its own; the container leaves its size open."""
    inner = b"\x89PNG\r\n\x1a\n"
    picture = inner + descriptor((zlib.crc32(inner), len(inner), len(inner))) + stored_entry(PAGE, FORGED_PAGE)
    item = Item(
        b"Doc_0/picture.png",
        picture,
        method=0,
        flags=8,
        local_facts=(0, 0, 0),
        descriptor=descriptor((zlib.crc32(picture), len(picture), len(picture))),
    )
    return archive(*items(GENUINE), item)


def second_directory_in_the_comment() -> bytes:
    """The end record of the genuine archive is followed, inside its comment, by another directory and end record."""
    other = archive(*items({**GENUINE, PAGE: FORGED_PAGE}))
    return archive(*items(GENUINE), comment=other)


def local_entry_left_out() -> bytes:
    return archive(*items(GENUINE), before_directory=stored_entry(PAGE, FORGED_PAGE))


def entry_before_the_first() -> bytes:
    return archive(*items(GENUINE), leading=stored_entry(PAGE, FORGED_PAGE))


def page_twice() -> bytes:
    return archive(*items(GENUINE), Item(PAGE.encode(), FORGED_PAGE))


def local_name(name: bytes) -> bytes:
    """The page's local header names another file than the directory does."""
    page = Item(PAGE.encode(), GENUINE[PAGE], local_name=name)
    return archive(*items(GENUINE, Content=page))


def unicode_path(where: str) -> bytes:
    """An extra field that gives the entry a second name."""
    name = b"Doc_0/Document.xml"
    extra = struct.pack("<2HBI", 0x7075, 5 + len(name), 1, zlib.crc32(PAGE.encode())) + name
    page = Item(PAGE.encode(), GENUINE[PAGE], **{where: extra})
    return archive(*items(GENUINE, Content=page))


def overlapping() -> bytes:
    """Two directory entries for the same octets."""
    data = items(GENUINE)
    first = data[0]
    twin = Item(first.name + b"2", first.plain, offset=0, central_only=True, local_name=first.name)
    return archive(*data, twin)


def deflate_with_tail(tail: bytes) -> bytes:
    """Octets behind the deflated data, inside the entry's stated size."""
    page = Item(PAGE.encode(), GENUINE[PAGE])
    deflated = page.data + tail
    facts = (page.true_facts[0], len(deflated), page.true_facts[2])
    return archive(*items(GENUINE, Content=Item(PAGE.encode(), GENUINE[PAGE], stored=deflated, facts=facts)))


def added(name: bytes) -> bytes:
    return archive(*items(GENUINE), Item(name, FORGED_PAGE, flags=0 if name.isascii() else 0x800))


CASES: dict[str, tuple[Callable[[], bytes], set[Code] | None]] = {
    "directory with a checksum": (directory_with_checksum, None),
    "empty entry with a ZIP64 descriptor": (empty_entry_with_long_descriptor, None),
    "stored entry that ends early": (stored_entry_ending_early, None),
    "second directory in the comment": (second_directory_in_the_comment, {Code.PACKAGE_ANOMALY}),
    "local entry without a central one": (local_entry_left_out, {Code.PACKAGE_ANOMALY}),
    "entry before the first": (entry_before_the_first, {Code.PACKAGE_ANOMALY}),
    "one name twice": (page_twice, None),
    "local name of another file": (lambda: local_name(b"Doc_0/Document.xml"), None),
    "local name with a leading slash": (lambda: local_name(b"/" + PAGE.encode()), None),
    "second name in the directory": (lambda: unicode_path("extra"), None),
    "second name in the local header": (lambda: unicode_path("local_extra"), None),
    "two entries of the same octets": (overlapping, None),
    "octets behind the deflated data": (lambda: deflate_with_tail(stored_entry(PAGE, FORGED_PAGE)), None),
    "other case": (lambda: added(PAGE.lower().encode()), {Code.PACKAGE_ANOMALY, Code.COVERAGE_MISSING}),
    "backslashes": (lambda: added(PAGE.replace("/", "\\").encode()), None),
    "leading slash": (lambda: added(b"/" + PAGE.encode()), None),
    "dot segment": (lambda: added(b"./" + PAGE.encode()), None),
    "trailing dot": (lambda: added(PAGE.encode() + b"."), {Code.COVERAGE_MISSING}),
    "trailing space": (lambda: added(PAGE.encode() + b" "), {Code.COVERAGE_MISSING}),
    "alternate stream": (lambda: added(PAGE.encode() + b"::$DATA"), {Code.COVERAGE_MISSING}),
    "other composition": (
        lambda: archive(*items(GENUINE), *(Item(each.encode(), b"x", flags=0x800) for each in ("\u00e9", "e\u0301"))),
        {Code.PACKAGE_ANOMALY, Code.COVERAGE_MISSING},
    ),
    "full-width letters": (
        lambda: added("Doc_0/Pages/Page_0/Ｃontent.xml".encode()),
        {Code.COVERAGE_MISSING},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_container(case: str) -> None:
    """Never PASSED: refused outright, or failed for the reason named."""
    make, expected = CASES[case]
    verdict, found = outcome(make())
    if expected is None:
        assert verdict == REFUSED
    else:
        assert verdict is Verdict.FAILED
        assert expected <= found
