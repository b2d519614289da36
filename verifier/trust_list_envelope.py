"""The signed envelope of a trust list: exact octets are signed, nothing is canonicalised.

The form is that of DSSE: JSON with the payload as Base64 and the signature beside it. What is signed is

```
"DSSEv1" SP length(type) SP type SP length(payload) SP payload        lengths in decimal octets
```

so neither white space nor the order of members matters, and a payload of another type cannot be passed off as a
trust list. The signature is SM2 with SM3 under the default user identity, DER SEQUENCE {r, s}. Beside it stand the
certificate of the signer and, if it was not issued by the anchor itself, those between.

```json
{"payloadType": "application/vnd.xinyin.trust-list+json", "payload": "…",
 "signatures": [{"sig": "…", "certificates": ["signer's", "its issuer's", "…"]}]}
```

Exactly one signature: a second one would raise the question which counts.
"""

from dataclasses import dataclass
from typing import Final

from formats.errors import MalformedDataError
from formats.gbt20518 import Certificate, read_certificate
from formats.json_data import JsonNode, read_json

PAYLOAD_TYPE: Final = "application/vnd.xinyin.trust-list+json"
MAX_OCTETS: Final = 128 * 1024 * 1024
"""Revocation lists of every authority travel inside."""
MAX_CHAIN: Final = 4
TRUST_LIST_SIGNING: Final = "0.4.0.2231.3.0"
"""Key purpose id-tsl-kp-tslSigning (ETSI TS 119 612): the role of a trust list's signer."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A taken-apart envelope; nothing is checked yet.

    Attributes:
        payload: The octets of the trust list.
        signature: DER SEQUENCE {r, s}.
        certificates: The signer's, then those above it.
    """

    payload: bytes
    signature: bytes
    certificates: tuple[Certificate, ...]

    @property
    def signed_bytes(self) -> bytes:
        """What the signature is over."""
        return signed_bytes(self.payload)


def signed_bytes(payload: bytes) -> bytes:
    """What a signature over ``payload`` is over."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def read_envelope(data: bytes) -> Envelope:
    """Take an envelope apart.

    Raises:
        MalformedDataError: Not an envelope of a trust list.
        LimitExceededError: Larger than ``MAX_OCTETS``.
    """
    top = read_json(data, what="trust list envelope", most=MAX_OCTETS).members(
        required=("payloadType", "payload", "signatures")
    )
    top["payloadType"].choice((PAYLOAD_TYPE,))
    signatures = top["signatures"].items(most=1)
    if len(signatures) != 1:
        top["signatures"].fail("exactly one signature belongs here")
    members = signatures[0].members(required=("sig", "certificates"))
    chain = members["certificates"].items(most=MAX_CHAIN)
    if not chain:
        members["certificates"].fail("the signer's certificate is missing")
    return Envelope(
        payload=top["payload"].octets(longest=MAX_OCTETS),
        signature=members["sig"].octets(longest=256),
        certificates=tuple(read_listed_certificate(node) for node in chain),
    )


def read_listed_certificate(node: JsonNode) -> Certificate:
    """A certificate as Base64 of its DER."""
    try:
        return read_certificate(node.octets(longest=512 * 1024))
    except MalformedDataError as exc:
        node.fail(f"certificate: {exc.message}")
