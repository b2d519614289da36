"""Numbers and text as they stand in the XML of a package."""

import math
import re
from functools import lru_cache
from typing import Final

from formats.gbt33190.values import Box

XML_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE: Final = 'xmlns:ofd="http://www.ofdspec.org/2016"'

LAST_OF_BASIC_PLANE: Final = "\uffff"

_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 production 2 (Char) leaves out."""

_SPECIAL: Final = re.compile('[\x00-\x1f"&<>\ud800-\udfff\ufffe\uffff]')
"""What needs a second look: all others stand as they are in content and in attributes."""

_NEVER_IN_RUN: Final = "\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufffe\uffff"
"""Besides these: line ends, controls, invisible characters and those that turn the direction of writing round, so
that the face of a page cannot hold what nobody sees."""

_ILLEGAL_IN_RUN: Final = re.compile(f"[{_NEVER_IN_RUN}]")
_SPECIAL_IN_RUN: Final = re.compile(f"[{_NEVER_IN_RUN}&<>]")


class UnrepresentableTextError(ValueError):
    """The text holds a character that XML 1.0, or a run of text on a page, cannot carry."""

    def __init__(self, what: str, character: str, position: int) -> None:
        self.what = what
        self.character = character
        self.position = position
        super().__init__(f"{what}: U+{ord(character):04X} at character {position} cannot be written")


@lru_cache(maxsize=8192)
def number(value: float) -> str:
    """A length or coordinate with at most three decimals: micrometres are finer than any printer.

    Raises:
        ValueError: The value is not finite.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} is no coordinate")
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def box_text(box: Box) -> str:
    """ST_Box.

    Raises:
        ValueError: Width or height is not greater than zero.
    """
    width, height = number(box.width), number(box.height)
    if box.width <= 0 or box.height <= 0 or width == "0" or height == "0":
        raise ValueError(f"a box needs width and height: {box}")
    return f"{number(box.x)} {number(box.y)} {width} {height}"


def escape(text: str, what: str) -> str:
    """Element content.

    Raises:
        UnrepresentableTextError: A control character or a lone surrogate; ``what`` names the place.
    """
    if _SPECIAL.search(text) is None:
        return text
    found = _ILLEGAL.search(text)
    if found is not None:
        raise UnrepresentableTextError(what, found.group(), found.start())
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def escape_attribute(text: str, what: str) -> str:
    """Attribute value, for double quotes; line ends survive as character references.

    Raises:
        UnrepresentableTextError: As :func:`escape`.
    """
    if _SPECIAL.search(text) is None:
        return text
    escaped = escape(text, what).replace('"', "&quot;")
    return escaped.replace("\n", "&#10;").replace("\t", "&#9;")


def attribute(name: str, value: str | None) -> str:
    """An attribute with the space before it, or nothing for None."""
    return "" if value is None else f' {name}="{escape_attribute(value, name)}"'


def element(name: str, value: str | None) -> str:
    """A text element, or nothing for None."""
    return "" if value is None else f"<ofd:{name}>{escape(value, name)}</ofd:{name}>"


def escape_run(text: str) -> str:
    """Content of a TextCode: no line ends, tabs, other controls, invisible or direction-turning characters.

    Raises:
        UnrepresentableTextError: One of these, or a lone surrogate.
    """
    if _SPECIAL_IN_RUN.search(text) is None:
        return text
    found = _ILLEGAL_IN_RUN.search(text)
    if found is not None:
        raise UnrepresentableTextError("text of a page", found.group(), found.start())
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
