"""Writing Signatures.xml and Signature.xml, strictly in the order of the schema (GB/T 33190-2016 18.1, 18.2).

The same values always give the same octets: the SM3 of Signature.xml is what a seal signature signs.
"""

from __future__ import annotations

import html
import re
from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from formats import oids
from formats.gbt33190.signature_model import Provider, SignatureType, StampAnnot
from formats.gbt33190.values import Box

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE: Final = 'xmlns:ofd="http://www.ofdspec.org/2016"'
_UNWRITABLE: Final = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./ -]*")
_DECIMALS: Final = 4


@dataclass(frozen=True, slots=True)
class ListedSignature:
    """A Signature of Signatures.xml; ``relative`` is the GM/T 0099 attribute, seldom used."""

    id: str
    type: SignatureType
    base_location: str
    relative: str | None = None


@dataclass(frozen=True, slots=True)
class SignatureDraft:
    """What a Signature.xml is to say.

    ``references`` are absolute paths with the SM3 of each file, 32 octets; locations are absolute paths.
    """

    provider: Provider
    at: datetime
    references: Sequence[tuple[str, bytes]]
    stamps: Sequence[StampAnnot]
    seal_location: str | None
    signed_value_location: str


def write_signature_list(signatures: Sequence[ListedSignature], *, max_sign_id: str) -> bytes:
    """Signatures.xml.

    Raises:
        ValueError: a value holds characters XML cannot carry.
    """
    rows = "".join(
        f'<ofd:Signature ID="{_text(item.id)}" Type="{item.type}" BaseLoc="{_text(item.base_location)}"'
        f"{_attribute('Relative', item.relative)}/>"
        for item in signatures
    )
    return (
        f"{_HEAD}<ofd:Signatures {_NAMESPACE}><ofd:MaxSignId>{_text(max_sign_id)}</ofd:MaxSignId>{rows}"
        "</ofd:Signatures>\n"
    ).encode()


def write_signature_file(draft: SignatureDraft) -> bytes:
    """Signature.xml: SM3 digests, SM2 with SM3 as method.

    Raises:
        ValueError: there are no references, a digest is not 32 octets, the time is not UTC, or a value holds
            characters XML cannot carry.
    """
    if not draft.references:
        raise ValueError("a signature protects at least one file")
    provider = draft.provider
    if provider.name is None:
        raise ValueError("a signature names its provider")
    seal = draft.seal_location
    return (
        f"{_HEAD}<ofd:Signature {_NAMESPACE}><ofd:SignedInfo>"
        f'<ofd:Provider ProviderName="{_text(provider.name)}"'
        f"{_attribute('Version', provider.version)}{_attribute('Company', provider.company)}/>"
        f"<ofd:SignatureMethod>{oids.SM2_WITH_SM3}</ofd:SignatureMethod>"
        f"<ofd:SignatureDateTime>{date_time_text(draft.at)}</ofd:SignatureDateTime>"
        f'<ofd:References CheckMethod="{oids.SM3}">{_references(draft.references)}</ofd:References>'
        f"{''.join(map(_stamp, draft.stamps))}"
        f"{'' if seal is None else f'<ofd:Seal><ofd:BaseLoc>{_text(seal)}</ofd:BaseLoc></ofd:Seal>'}"
        f"</ofd:SignedInfo><ofd:SignedValue>{_text(draft.signed_value_location)}</ofd:SignedValue></ofd:Signature>\n"
    ).encode()


def date_time_text(at: datetime) -> str:
    """SignatureDateTime, for which no form is prescribed: UTC as ``YYYYMMDDhhmmssZ``.

    Raises:
        ValueError: ``at`` is not UTC.
    """
    if at.utcoffset() != timedelta(0):
        raise ValueError("the time of signing is given in UTC")
    return f"{at:%Y%m%d%H%M%S}Z"


def _references(references: Sequence[tuple[str, bytes]]) -> str:
    rows: list[str] = []
    for path, digest in references:
        if len(digest) != 32:
            raise ValueError(f"the digest of {path} is not 32 octets")
        value = b2a_base64(digest, newline=False).decode()
        rows.append(
            f'<ofd:Reference FileRef="{_text(path)}"><ofd:CheckValue>{value}</ofd:CheckValue></ofd:Reference>'
        )
    return "".join(rows)


def _stamp(stamp: StampAnnot) -> str:
    clip = None if stamp.clip is None else box_text(stamp.clip)
    return (
        f'<ofd:StampAnnot ID="{_text(stamp.id)}" PageRef="{stamp.page_ref}" Boundary="{box_text(stamp.boundary)}"'
        f"{_attribute('Clip', clip)}/>"
    )


def box_text(box: Box) -> str:
    """ST_Box with up to four decimals, a tenth of a micrometre."""
    return " ".join(map(_number, (box.x, box.y, box.width, box.height)))


def _number(value: float) -> str:
    text = f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _attribute(name: str, value: str | None) -> str:
    return "" if value is None else f' {name}="{_text(value)}"'


def _text(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    if _UNWRITABLE.search(value):
        raise ValueError("a value holds characters that XML cannot carry")
    return html.escape(value, quote=True)
