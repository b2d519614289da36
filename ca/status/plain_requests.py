"""The plainest requests, known by their octets: one certificate, no nonce, a serial number as drawn here.

Nearly all requests are so, and knowing them costs a fraction of decoding them. What is not among them is decoded.
"""

from __future__ import annotations

from typing import Final

from formats import der
from formats.gbt20518 import Certificate
from formats.rfc6960 import (
    CERT_ID_DIGESTS,
    CertId,
    OcspRequest,
    cert_id_of,
    encode_request,
    with_null_parameters,
)

_SERIAL_OCTETS: Final = 19
_SAMPLE: Final = 1 << (8 * _SERIAL_OCTETS - 2)


class PlainRequests:
    """Recognises plain requests about certificates of one issuer.

    Args:
        issuer: Its certificate.
    """

    def __init__(self, issuer: Certificate) -> None:
        self._known: dict[bytes, tuple[CertId, bytes]] = {}
        for algorithm in CERT_ID_DIGESTS:
            plain = cert_id_of(_SAMPLE, issuer, algorithm=algorithm)
            for cert_id in (plain, with_null_parameters(plain)):
                octets = encode_request(OcspRequest((cert_id,)))
                wanted = der.parse(octets, what="request").sequence(1, 1).next("tbsRequest").sequence(1, 1)
                encoded = next(iter(next(iter(wanted.next("requestList"))))).encoded
                self._known[octets[:-_SERIAL_OCTETS]] = (cert_id, encoded[:-_SERIAL_OCTETS])

    def read(self, octets: bytes) -> OcspRequest | None:
        """What ``read_request`` would give; None for what is not plain."""
        known = self._known.get(octets[:-_SERIAL_OCTETS])
        serial = octets[-_SERIAL_OCTETS:]
        if known is None or not 0 < serial[0] < 0x80:  # another sign, or an octet too many
            return None
        like, before = known
        return OcspRequest(
            (
                CertId(
                    like.algorithm,
                    like.issuer_name_hash,
                    like.issuer_key_hash,
                    int.from_bytes(serial, "big"),
                    before + serial,
                ),
            )
        )
