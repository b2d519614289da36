"""Names for subjectAltName that this project issues (RFC 5280 4.2.1.6): host names, addresses, mailboxes, URIs."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from formats import der
from formats.gbt20518.general_name import GeneralName, GeneralNameKind

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_MAILBOX: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(.+)")
_URI: Final = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]+")
_LONGEST_HOST: Final = 253
_LONGEST_URI: Final = 2000

WRITTEN_KINDS: Final = (
    GeneralNameKind.DNS,
    GeneralNameKind.IP_ADDRESS,
    GeneralNameKind.EMAIL,
    GeneralNameKind.URI,
)
"""Kinds of name this project writes."""


@dataclass(frozen=True, slots=True)
class AlternativeName:
    """One name, checked.

    Attributes:
        kind: One of ``WRITTEN_KINDS``.
        text: Host name in lower case with at least two labels and no wildcard; address as ``ipaddress`` writes it;
            mailbox; URI in ASCII.

    Raises:
        ValueError: At construction, if ``text`` is no such name.
    """

    kind: GeneralNameKind
    text: str

    def __post_init__(self) -> None:
        if self.kind not in WRITTEN_KINDS:
            raise ValueError(f"names of kind {self.kind.name} are not written")
        if not _IS_WELL_FORMED[self.kind](self.text):
            raise ValueError(f"not a well-formed name of kind {self.kind.name}")

    def encode(self) -> bytes:
        """DER GeneralName."""
        content = self.text.encode("ascii")
        if self.kind is GeneralNameKind.IP_ADDRESS:
            content = ipaddress.ip_address(self.text).packed
        return der.encode(der.context(self.kind, constructed=False), content)


def alternative_name_of(name: GeneralName) -> AlternativeName:
    """A name that was read, if it is one this project would write.

    Raises:
        ValueError: Another kind, or not well-formed.
    """
    if name.kind is not GeneralNameKind.IP_ADDRESS:
        return AlternativeName(name.kind, name.text)
    return AlternativeName(name.kind, str(ipaddress.ip_address(der.parse(name.encoded).content)))


def _is_host(text: str) -> bool:
    # A last label of digits alone is an address that lost its way (RFC 1123 2.1).
    return (
        len(text) <= _LONGEST_HOST and _HOST.fullmatch(text) is not None and not text.rpartition(".")[2].isdigit()
    )


def _is_address(text: str) -> bool:
    try:
        return str(ipaddress.ip_address(text)) == text and "%" not in text
    except ValueError:
        return False


def _is_mailbox(text: str) -> bool:
    found = _MAILBOX.fullmatch(text)
    return found is not None and _is_host(found[1].lower())


def _is_uri(text: str) -> bool:
    return len(text) <= _LONGEST_URI and _URI.fullmatch(text) is not None


_IS_WELL_FORMED: Final = {
    GeneralNameKind.DNS: _is_host,
    GeneralNameKind.IP_ADDRESS: _is_address,
    GeneralNameKind.EMAIL: _is_mailbox,
    GeneralNameKind.URI: _is_uri,
}
