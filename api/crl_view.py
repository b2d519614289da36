"""A revocation list for a person and for a program."""

from itertools import islice
from typing import Any

from api.certificate_view import algorithm_text, enum_text, hexadecimal, serial_text
from api.messages import Messages
from api.moments import beijing_text, utc_text
from api.output import Output
from crypto import sm3
from formats.gbt20518 import Crl, RevokedEntry


def as_data(crl: Crl) -> dict[str, Any]:
    """The list as data."""
    return {
        "issuer": str(crl.issuer),
        "number": crl.number,
        "delta_base": crl.delta_base,
        "this_update": utc_text(crl.this_update),
        "next_update": utc_text(crl.next_update),
        "signature_algorithm": crl.signature_algorithm,
        "authority_key_identifier": hexadecimal(crl.authority_key_identifier),
        "unknown_critical_extensions": list(crl.unknown_critical_extensions),
        "tolerances": [str(each) for each in crl.tolerances],
        "revoked": [
            {
                "serial_number": serial_text(each.serial),
                "date": utc_text(each.date),
                "reason": enum_text(each.reason),
                "invalidity_date": utc_text(each.invalidity_date),
            }
            for each in crl.revoked.values()
        ],
    }


def show(crl: Crl, text: Messages, out: Output, *, most: int | None) -> None:
    """Print the list and its entries, at most ``most`` of them."""
    out.facts(
        [
            (text("crl.show.issuer"), crl.issuer),
            (text("crl.show.number"), crl.number),
            (text("crl.show.delta_base"), crl.delta_base),
            (text("crl.show.this_update"), beijing_text(crl.this_update)),
            (text("crl.show.next_update"), beijing_text(crl.next_update)),
            (text("crl.show.signature_algorithm"), algorithm_text(crl.signature_algorithm)),
            (text("crl.show.authority_key_identifier"), hexadecimal(crl.authority_key_identifier)),
            (text("crl.show.unknown_critical"), crl.unknown_critical_extensions),
            (text("crl.show.tolerances"), crl.tolerances),
            (text("crl.show.digest"), sm3(crl.encoded).hex()),
            (text("crl.show.count"), len(crl.revoked)),
        ]
    )
    out.table([_row(each, text) for each in islice(crl.revoked.values(), most)], indent=2)
    if most is not None and len(crl.revoked) > most:
        out.line(text("crl.show.more", count=len(crl.revoked) - most))


def _row(each: RevokedEntry, text: Messages) -> tuple[str, ...]:
    since = each.invalidity_date
    return (
        serial_text(each.serial),
        beijing_text(each.date),
        enum_text(each.reason),
        text("crl.show.invalid_since", moment=beijing_text(since)) if since else "",
    )
