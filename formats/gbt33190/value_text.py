"""Reading the simple types of GB/T 33190 from text (Definitions.xsd): ST_ID, ST_Array, ST_Pos, ST_Box, numbers.

Each function returns ``None`` for text that is not of the type; the caller knows whether that is an error. Numbers
are finite and bounded, so nothing drawn from them overflows.
"""

from __future__ import annotations

import re
from typing import Final

from formats.gbt33190.values import Box, Matrix, Position

MAX_ID: Final = 0xFFFFFFFF
MAX_MAGNITUDE: Final = 1e9
MAX_ARRAY: Final = 65536
MAX_COMPONENTS: Final = 32

# With these characters ``float`` takes decimal numbers only: no NaN, infinities, underscores or other digits.
_DECIMALS: Final = re.compile(r"[0-9eE+\-. \t\r\n]*")
_INTEGER: Final = re.compile(r"[ \t\r\n]*[+-]?[0-9]{1,18}[ \t\r\n]*")
_GROUPED: Final = re.compile(r"[ \t\r\n0-9eE+\-.g]*")
_COMPONENT: Final = re.compile(r"#[0-9A-Fa-f]{1,4}|[0-9]{1,5}")
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


def integer(text: str, *, low: int = -(2**31), high: int = 2**31 - 1) -> int | None:
    """xs:int, or another range."""
    if not _INTEGER.fullmatch(text):
        return None
    value = int(text)
    return value if low <= value <= high else None


def identifier(text: str) -> int | None:
    """ST_ID and ST_RefID: an unsigned 32-bit number."""
    return integer(text, low=0, high=MAX_ID)


def number(text: str) -> float | None:
    """xs:double without NaN and infinities, of magnitude up to ``MAX_MAGNITUDE``."""
    if not _DECIMALS.fullmatch(text):
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if -MAX_MAGNITUDE <= value <= MAX_MAGNITUDE else None


def boolean(text: str) -> bool | None:
    """xs:boolean."""
    return _BOOLEANS.get(text.strip())


def array(text: str) -> tuple[float, ...] | None:
    """ST_Array of numbers, up to ``MAX_ARRAY`` of them; empty text is an empty array."""
    if not _DECIMALS.fullmatch(text):
        return None
    words = text.split()
    if len(words) > MAX_ARRAY:
        return None
    try:
        values = tuple(map(float, words))
    except ValueError:
        return None
    if values and not (max(values) <= MAX_MAGNITUDE and min(values) >= -MAX_MAGNITUDE):
        return None
    return values


def components(text: str) -> tuple[float, ...] | None:
    """A colour's Value: numbers, or hexadecimal ones such as ``#ee``."""
    if "#" not in text:
        return array(text)
    words = text.split()
    if len(words) > MAX_COMPONENTS or not all(map(_COMPONENT.fullmatch, words)):
        return None
    return tuple(float(int(word[1:], 16)) if word[0] == "#" else float(word) for word in words)


def deltas(text: str, most: int) -> tuple[float, ...] | None:
    """DeltaX and DeltaY: numbers and groups ``g n v``, which repeat ``v`` n times.

    Expanded up to ``most`` values, as many as the run has characters or glyphs: what a group repeats beyond that
    would cost memory and say nothing.
    """
    if "g" not in text:
        return array(text)
    if not _GROUPED.fullmatch(text):
        return None
    words = text.split()
    values: list[float] = []
    at = 0
    while at < len(words):
        count: int | None = 1
        if words[at] == "g":
            count = integer(words[at + 1], low=0) if at + 2 < len(words) else None
            at += 2
        value = number(words[at]) if count is not None else None
        if count is None or value is None:
            return None
        values += [value] * min(count, most - len(values))
        at += 1
    return tuple(values)


def box(text: str) -> Box | None:
    """ST_Box: four numbers; whether width and height are positive is for the caller to ask."""
    values = array(text)
    return Box(*values) if values is not None and len(values) == 4 else None


def position(text: str) -> Position | None:
    """ST_Pos: two numbers."""
    values = array(text)
    return Position(*values) if values is not None and len(values) == 2 else None


def matrix(text: str) -> Matrix | None:
    """A CTM: six numbers."""
    values = array(text)
    return Matrix(*values) if values is not None and len(values) == 6 else None
