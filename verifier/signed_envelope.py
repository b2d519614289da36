"""Signed JSON of the verifier's own kinds: exact octets are signed, nothing is canonicalised.

The form is that of DSSE: JSON with the payload as Base64 and the signature beside it. What is signed is

```
"DSSEv1" SP length(type) SP type SP length(payload) SP payload        lengths in decimal octets
```

so neither white space nor the order of members matters, and a payload of one type cannot be passed off as one of
another. The signature is SM2 with SM3 under the default user identity, DER SEQUENCE {r, s}. Beside it stand the
certificate of the signer and, if it was not issued by an anchor itself, those between.

```json
{"payloadType": "application/vnd.xinyin.…+json", "payload": "…",
 "signatures": [{"sig": "…", "certificates": ["signer's", "its issuer's", "…"]}]}
```

Exactly one signature: a second one would raise the question which counts.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crypto import DEFAULT_USER_ID, Signer, sign_message
from formats.errors import MalformedDataError
from formats.gbt20518 import Certificate, read_certificate
from formats.json_data import JsonNode, read_json

MAX_CHAIN: Final = 4


@dataclass(frozen=True, slots=True)
class Envelope:
    """A taken-apart envelope; nothing is checked yet.

    Attributes:
        payload_type: Media type of the payload.
        payload: The octets signed.
        signature: DER SEQUENCE {r, s}.
        certificates: The signer's, then those above it.
    """

    payload_type: str
    payload: bytes
    signature: bytes
    certificates: tuple[Certificate, ...]

    @property
    def signed_bytes(self) -> bytes:
        """What the signature is over."""
        return signed_bytes(self.payload_type, self.payload)


def signed_bytes(payload_type: str, payload: bytes) -> bytes:
    """What a signature over ``payload`` of this type is over."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def read_envelope(data: bytes, payload_type: str, *, what: str, most: int) -> Envelope:
    """Take an envelope apart.

    Args:
        data: The file.
        payload_type: The one type that is read.
        what: Name of the file, for messages.
        most: Greatest size in octets.

    Raises:
        MalformedDataError: Not an envelope of this type.
        LimitExceededError: Larger than ``most``.
    """
    top = read_json(data, what=what, most=most).members(required=("payloadType", "payload", "signatures"))
    top["payloadType"].choice((payload_type,))
    signatures = top["signatures"].items(most=1)
    if len(signatures) != 1:
        top["signatures"].fail("exactly one signature belongs here")
    members = signatures[0].members(required=("sig", "certificates"))
    chain = members["certificates"].items(most=MAX_CHAIN)
    if not chain:
        members["certificates"].fail("the signer's certificate is missing")
    return Envelope(
        payload_type=payload_type,
        payload=top["payload"].octets(longest=most),
        signature=members["sig"].octets(longest=256),
        certificates=tuple(read_listed_certificate(node) for node in chain),
    )


def read_listed_certificate(node: JsonNode) -> Certificate:
    """A certificate as Base64 of its DER."""
    try:
        return read_certificate(node.octets(longest=512 * 1024))
    except MalformedDataError as exc:
        node.fail(f"certificate: {exc.message}")


def write_envelope(
    payload: bytes, payload_type: str, signer: Signer, certificates: Sequence[Certificate]
) -> bytes:
    """Sign a payload and put the envelope together.

    Args:
        payload: The octets signed.
        payload_type: Its media type.
        signer: Holds the key of ``certificates[0]``.
        certificates: The signer's certificate, then those above it.

    Raises:
        ValueError: ``certificates`` is empty or too many, or the first one is for another key.
        KeyStoreError: The signer failed.
    """
    if not 0 < len(certificates) <= MAX_CHAIN or certificates[0].public_key != signer.public_key:
        raise ValueError("the first certificate is not that of the signer, or there are too many")
    signature = sign_message(signer, signed_bytes(payload_type, payload), user_id=DEFAULT_USER_ID)
    envelope = {
        "payloadType": payload_type,
        "payload": _base64(payload),
        "signatures": [
            {"sig": _base64(signature), "certificates": [_base64(each.encoded) for each in certificates]}
        ],
    }
    return json.dumps(envelope).encode()


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
