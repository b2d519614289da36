"""PEM armour (RFC 7468): strict writer, reader that lets explanatory text between blocks pass."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from formats.errors import LimitExceededError, MalformedDataError

CERTIFICATE: Final = "CERTIFICATE"
CRL: Final = "X509 CRL"
CERTIFICATE_REQUEST: Final = "CERTIFICATE REQUEST"
PRIVATE_KEY: Final = "PRIVATE KEY"
EC_PRIVATE_KEY: Final = "EC PRIVATE KEY"
PUBLIC_KEY: Final = "PUBLIC KEY"

MAX_OCTETS: Final = 96 * 1024 * 1024
_BEGIN: Final = re.compile(rb"^-----BEGIN ([A-Z0-9 ]{1,64})-----[ \t]*\r?$", re.MULTILINE)


def to_pem(data: bytes, label: str) -> str:
    """``data`` between BEGIN and END lines, 64 characters a line, with a final line feed."""
    text = base64.b64encode(data).decode("ascii")
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def from_pem(text: bytes | str, label: str) -> bytes:
    """Octets of the one block labelled ``label``; blocks with other labels are passed over.

    Raises:
        MalformedDataError: There is no such block, more than one, or it is broken.
    """
    blocks = [data for each, data in pem_blocks(text) if each == label]
    if len(blocks) != 1:
        raise MalformedDataError(f"{len(blocks)} blocks labelled {label} where one belongs", what="PEM")
    return blocks[0]


def pem_blocks(text: bytes | str) -> list[tuple[str, bytes]]:
    """``(label, octets)`` of every block, in order.

    Raises:
        MalformedDataError: A block has no END line, or is not Base64.
    """
    data = text.encode("utf-8", "replace") if isinstance(text, str) else bytes(text)
    if len(data) > MAX_OCTETS:
        raise LimitExceededError(f"{len(data)} octets, {MAX_OCTETS} allowed", what="PEM")
    blocks = []
    position = 0
    while (begin := _BEGIN.search(data, position)) is not None:
        label = begin.group(1)
        end = data.find(b"-----END " + label + b"-----", begin.end())
        if end < 0:
            raise MalformedDataError("block has no END line", what="PEM", offset=begin.start())
        body = data[begin.end() : end].translate(None, b" \t\r\n")
        try:
            blocks.append((label.decode("ascii"), base64.b64decode(body, validate=True)))
        except binascii.Error as exc:
            raise MalformedDataError("block is not Base64", what="PEM", offset=begin.end()) from exc
        position = end
    return blocks


def der_or_pem(data: bytes, label: str) -> bytes:
    """``data`` itself if it starts like DER, else the one PEM block labelled ``label`` in it.

    Raises:
        MalformedDataError: Neither.
    """
    return data if data[:1] == b"\x30" else from_pem(data, label)
