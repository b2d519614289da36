"""XML text to elements without surprises: UTF-8 only, no document type, no entities, bounded before parsing."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from lxml import etree

from formats.errors import LimitExceededError, MalformedDataError
from formats.tolerances import Tolerance

Element: TypeAlias = etree._Element  # noqa: SLF001 - lxml exports its element type under this name only

_BOM: Final = b"\xef\xbb\xbf"
_DECLARATION: Final = re.compile(rb"<\?xml[ \t\r\n]")
_ENCODING: Final = re.compile(rb"""encoding[ \t\r\n]*=[ \t\r\n]*["']utf-?8["']""", re.IGNORECASE)
_PROLOG: Final = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class XmlLimits:
    """What one part may cost. Depth is bounded by the parser, to 256; a text of 10 million octets likewise.

    Markup is counted before parsing: ``<`` bounds the number of elements, ``=`` that of attributes.
    """

    octets: int = 16 << 20
    tags: int = 400_000
    attributes: int = 800_000


DEFAULT_LIMITS: Final = XmlLimits()


def parse_xml(
    data: bytes, what: str, *, found: set[Tolerance] | None = None, limits: XmlLimits = DEFAULT_LIMITS
) -> Element:
    """Parse one part; comments and processing instructions are left out of the result.

    Args:
        data: The octets of the part.
        what: Its name, for messages.
        found: Receives the tolerances needed.
        limits: What it may cost.

    Raises:
        MalformedDataError: not well formed, not UTF-8, or with a document type declaration.
        LimitExceededError: larger, deeper or fuller than allowed.
    """
    _check_size(data, what, limits)
    check_prolog(data, what, found)
    try:
        return etree.fromstring(data, _PARSERS.parser)
    except etree.XMLSyntaxError as exc:
        raise _error(exc, what) from exc


class _Parsers(threading.local):
    """One parser for each thread: a new one for every part costs a quarter of the parsing of a small one."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )


_PARSERS: Final = _Parsers()


def _error(exc: etree.XMLSyntaxError, what: str) -> MalformedDataError:
    """libxml2's name of the error and the place, without the text around it."""
    log: Any = exc.error_log
    kind = log[-1].type_name if len(log) else "ERR_UNKNOWN"
    message = f"not well-formed XML, {kind} in line {exc.lineno}"
    return (LimitExceededError if kind == "ERR_RESOURCE_LIMIT" else MalformedDataError)(message, what=what)


def _check_size(data: bytes, what: str, limits: XmlLimits) -> None:
    if len(data) > limits.octets:
        raise LimitExceededError(f"XML of more than {limits.octets} octets", what=what)
    if len(data) > limits.tags and data.count(b"<") > limits.tags:
        raise LimitExceededError(f"more than {limits.tags} tags", what=what)
    if len(data) > limits.attributes and data.count(b"=") > limits.attributes:
        raise LimitExceededError(f"more than {limits.attributes} attributes", what=what)


def check_prolog(data: bytes, what: str, found: set[Tolerance] | None) -> None:
    """Refuse what makes a parser read something else than these octets: encodings, entities, style sheets.

    After this, whatever name an element has stands in ``data`` literally.

    Raises:
        MalformedDataError: one of these is there.
    """
    if data.startswith(_BOM):
        if found is not None:
            found.add(Tolerance.XML_BYTE_ORDER_MARK)
        data = data[len(_BOM) :]
    if b"\x00" in data:
        raise MalformedDataError("a NUL octet; OFD parts are UTF-8", what=what, offset=data.index(b"\x00"))
    declared = _DECLARATION.match(data) is not None
    if declared:
        declaration = data[: data.find(b"?>")]
        if b"encoding" in declaration and not _ENCODING.search(declaration):
            raise MalformedDataError("declares an encoding other than UTF-8", what=what)
    if b"<!DOCTYPE" in data and data.startswith(b"<!DOCTYPE", _prolog_end(data)):
        raise MalformedDataError("a document type declaration", what=what, offset=data.index(b"<!DOCTYPE"))
    if data.count(b"<?") > declared:
        if b"<?xml-stylesheet" in data:
            raise MalformedDataError(
                "a style sheet instruction", what=what, offset=data.index(b"<?xml-stylesheet")
            )
        if found is not None:
            found.add(Tolerance.XML_PROCESSING_INSTRUCTION)


def _prolog_end(data: bytes) -> int:
    match = _PROLOG.match(data)
    return match.end() if match is not None else 0
