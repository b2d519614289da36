"""Where licence metadata stands in a document, and which of it makes a document a licence."""

import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Final

from formats.errors import MalformedDataError
from formats.gbt33190.xml import Element as XmlElement
from formats.gbt33190.xml_part import XmlPart
from formats.gbt36903 import Metadata, Origin, Presence, default_schema, from_custom_data

_LONGEST_NAME: Final = 64
_UNSEEN: Final = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Mn", "Me"})

Pairs = Sequence[tuple[str, str]]
"""Names and texts of CustomData in file order."""


def read_custom_data(main: XmlPart, body: XmlElement) -> Pairs:
    """DocInfo/CustomDatas of a document body (GB/T 33190-2016, OFD.xml); nothing else of DocInfo is read.

    Raises:
        MalformedDataError: An element occurs twice, or a pair has no name or no text.
    """
    info = main.child(body, "DocInfo")
    custom = None if info is None else main.child(info, "CustomDatas")
    if custom is None:
        return ()
    pairs = []
    for pair in main.children(custom, "CustomData"):
        name = pair.get("Name")
        pairs.append((main.required(pair, "Name") if name is None else name, main.text(pair).strip()))
    return pairs


def is_licence_like(pairs: Pairs) -> bool:
    """Whether custom data holds any licence metadata, also under a name that only looks like the standard's."""
    names = _standard_names()
    return any(name in names or _plain(name) in names for name, _ in pairs)


def read_metadata(pairs: Pairs) -> Metadata:
    """Metadata in custom data; face data (names that begin with ``KZ_``) is read where it is an element.

    Raises:
        MalformedDataError: A name that has one value occurs twice, in face data too; or a name differs from an
            element's only in ways some programs do not see, so that these read it and others do not.
        LimitExceededError: Too many pairs or values, or a value too long.
    """
    schema = default_schema()
    names = {name for name, _ in pairs}
    for name in names:
        plain = _plain(name)
        if plain != name and schema.named(plain) is not None:
            raise MalformedDataError(f"{name[:64]!a} can be taken for {plain}", what="metadata")
    if len(names) == len(pairs):  # else all are read, so that the reader tells which one repeats
        pairs = [pair for pair in pairs if schema.named(pair[0]) is not None]
    return from_custom_data(pairs, schema=schema)


def _plain(name: str) -> str:
    """The name in capitals, without white space and what cannot be seen, full-width letters made plain.

    Nothing for a name longer than any that could be meant.
    """
    return _plain_cached(name) if len(name) <= _LONGEST_NAME else ""


@lru_cache(maxsize=512)  # documents of a kind have the same names
def _plain_cached(name: str) -> str:
    shown = (each for each in unicodedata.normalize("NFKD", name) if unicodedata.category(each) not in _UNSEEN)
    return "".join(shown).upper()


@cache
def _standard_names() -> frozenset[str]:
    """Short names the standard gives: any of them makes a document a licence, or an attempt at one."""
    return frozenset(
        element.short_name
        for element in default_schema()
        if element.short_name is not None and element.origin is Origin.STANDARD
    )


@cache
def mandatory_names() -> tuple[str, ...]:
    """Short names of the elements every licence states: mandatory, and reported to the national catalogue."""
    return tuple(
        element.short_name
        for element in default_schema()
        if element.short_name is not None and element.presence is Presence.MANDATORY and element.reported
    )
