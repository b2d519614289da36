"""Sealing what no honest software seals: the bureau's key over files changed by hand."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping

from crypto import sm3
from formats.gbt38540 import Generation, assemble_seal_signature, tbs_sign
from tests.unit.verifier.documents import Entries, sealed
from tests.unit.verifier.nation import SIGNED, Holder, nation
from tests.unit.verifier.test_twins import SEAL, SIGNATURE, VALUE

Change = Callable[[str], str]


def resealed(
    changes: Mapping[str, bytes],
    *,
    entries: Entries | None = None,
    holder: Holder | None = None,
    change_xml: Change = lambda text: text,
) -> Entries:
    """A sealed document with these files instead, covered and sealed anew.

    Args:
        changes: Files that replace or join those there.
        entries: Sealed document to start from, a licence if left out.
        holder: Who seals; the seal stays, so another holder is not in it.
        change_xml: What else happens to Signature.xml before it is signed.
    """
    result = {**(sealed() if entries is None else entries), **changes}
    text = result[SIGNATURE].decode()
    for name, data in changes.items():
        value = base64.b64encode(sm3(data)).decode()
        own = rf'(FileRef="/{re.escape(name)}"><ofd:CheckValue>)[^<]*'
        if re.search(own, text):
            text = re.sub(own, rf"\g<1>{value}", text)
        else:
            reference = (
                f'<ofd:Reference FileRef="/{name}"><ofd:CheckValue>{value}</ofd:CheckValue></ofd:Reference>'
            )
            text = text.replace("</ofd:References>", f"{reference}</ofd:References>")
    xml = change_xml(text).encode()
    signer = holder or nation().bureau
    tbs = tbs_sign(Generation.V4, result[SEAL], SIGNED, sm3(xml), f"/{SIGNATURE}")
    value = assemble_seal_signature(Generation.V4, tbs, signer.certificate.encoded, signer.sign(tbs))
    return {**result, SIGNATURE: xml, VALUE: value}


def changed(name: str, old: str, new: str, *, entries: Entries | None = None) -> Entries:
    """A licence resealed after replacing a text in one file; the text must be there."""
    start = sealed() if entries is None else entries
    text = start[name].decode()
    assert old in text
    return resealed({name: text.replace(old, new).encode()}, entries=start)


__all__ = ["changed", "resealed"]
