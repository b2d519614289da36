"""The commands, one module for each.

A module has ``add_parser(subparsers, text)``, which adds its command and the arguments, and
``run(arguments, text, out) -> int``, which carries it out and returns the exit status. It imports at its top only
what help needs; rooms and libraries are imported where they are used. Its texts stand in both catalogues of
``api.messages`` under the command's name.
"""

from typing import Final

COMMANDS: Final = (
    "demo",
    "issue",
    "seal",
    "verify",
    "verify-batch",
    "inspect",
    "diagnose",
    "receipt",
    "render",
    "trust",
    "certificate",
    "crl",
    "timestamp",
    "ca",
    "hsm",
    "kmc",
    "ceremony",
)
"""Names as typed, in the order of the help; of the modules with ``_`` for ``-``."""
