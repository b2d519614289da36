"""Which entry names a package may hold; the reader refuses and the writer never makes others.

A name is a path below the package root, written with ``/``. Names that another program could take for a different
file are refused: ``..`` and ``.`` segments, absolute and drive names, backslashes, empty segments, control and
direction-changing characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

MAX_NAME_OCTETS: Final = 512

# No possessive quantifiers, here or anywhere: Python up to 3.11.4 matches them wrongly after a look-ahead and
# would take ".." for a good name. Segments hold no "/", so plain quantifiers are as fast.
# One segment: not "." or "..", no separator of any system, no C0/C1 control, no line or paragraph separator, no
# character that reorders the text around it, no lone surrogate.
_SEGMENT: Final = (
    r"(?!\.{1,2}(?:/|\Z))[^/\\\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+"
)
_NAME: Final = re.compile(rf"(?![A-Za-z]:)(?:{_SEGMENT}/)*{_SEGMENT}")


def name_fault(name: str) -> str | None:
    """Why ``name`` may not name a file of a package; ``None`` if it may."""
    if _NAME.fullmatch(name):
        return None
    if not name:
        return "the name is empty"
    if "\\" in name:
        return "the name holds a backslash"
    if name.startswith("/"):
        return "the name is absolute"
    if re.match(r"[A-Za-z]:", name):
        return "the name starts with a drive"
    segments = name.split("/")
    if "" in segments:
        return "the name has an empty segment"
    if "." in segments or ".." in segments:
        return "the name has a '.' or '..' segment"
    return "the name holds a control character"


def folded(name: str) -> str:
    """The form in which two names are one to software that ignores case or Unicode composition."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def fold_index(names: Iterable[str]) -> dict[str, list[str]]:
    """Names by their folded form."""
    index: dict[str, list[str]] = {}
    for name in names:
        index.setdefault(folded(name), []).append(name)
    return index


def twins(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of different names that are one when folded."""
    seen: dict[str, str] = {}
    for name in names:
        first = seen.setdefault(folded(name), name)
        if first is not name:
            yield first, name


def files_used_as_directories(names: Iterable[str]) -> list[str]:
    """Names that are a file and at the same time the directory of another name."""
    files = set(names)
    parents = {name.rpartition("/")[0] for name in files}
    directories: set[str] = set()
    for parent in parents:
        path = parent
        while path and path not in directories:
            directories.add(path)
            path = path.rpartition("/")[0]
    return sorted(files & directories)
