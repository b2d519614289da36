"""Serial numbers as people type them: hexadecimal digits, with or without colons."""

from typing import TYPE_CHECKING

from api.arguments import ArgumentParser, checked
from api.messages import Messages

if TYPE_CHECKING:
    from ca.model import SerialNumber


def read_serial(text: str) -> "SerialNumber":
    """A serial number.

    Raises:
        ValueError: Not hexadecimal digits, or out of range.
    """
    from ca.model import SerialNumber

    return SerialNumber.parse(text.replace(":", ""))


def add_serial(parser: ArgumentParser, text: Messages) -> None:
    """Add the argument that names a certificate."""
    parser.add_argument(
        "serial",
        metavar="SERIAL",
        type=checked(read_serial, text, "arguments.not_a_serial"),
        help=text("arguments.serial"),
    )
