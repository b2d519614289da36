"""The first look at an identifier from outside: its kind, its length, its characters, in that order.

Identifiers arrive from forms, files and codes. Python's own tests (``str.isdigit``, ``int``) accept full-width and
other Unicode digits, signs and spaces; a check character computed over those would be meaningless. Here every
character must be in the alphabet of the standard, and length is looked at before anything else, so that ten
megabytes cost no more than ten characters.

No message quotes the text: it may be the number of a person.
"""

from typing import Final

from formats.errors import MalformedDataError

DIGITS: Final = "0123456789"
ALPHANUMERIC: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def read_identifier(value: object, *, what: str, alphabet: str, shortest: int, longest: int | None = None) -> str:
    """Check that ``value`` is text of an allowed length over ``alphabet``, and return it unchanged.

    Args:
        value: What came from outside; anything.
        what: Name of the identifier, for the message.
        alphabet: Characters allowed, each listed.
        shortest: Least number of characters.
        longest: Greatest number of characters; ``shortest`` if left out, that is a fixed length.

    Raises:
        MalformedDataError: Not text, too short, too long, or a character is outside the alphabet (with its
            zero-based offset in characters).
    """
    most = shortest if longest is None else longest
    if not isinstance(value, str):
        raise MalformedDataError(f"expected text, found {type(value).__name__}", what=what)
    if not shortest <= len(value) <= most:
        wanted = str(shortest) if shortest == most else f"{shortest} to {most}"
        raise MalformedDataError(f"expected {wanted} characters, found {len(value)}", what=what)
    if not value.strip(alphabet):  # every character was taken off from one of the ends, so all are allowed
        return value
    for offset, character in enumerate(value):
        if character not in alphabet:
            raise MalformedDataError(f"character U+{ord(character):04X} is not allowed", what=what, offset=offset)
    return value
