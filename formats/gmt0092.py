"""CSRResponse of GM/T 0092-2020: what answers a certification request where certificates come in pairs.

```
CSRResponse ::= SEQUENCE {
    signCertificate     SET OF Certificate,
    encryptedPrivateKey [0] SM2EnvelopedKey OPTIONAL,
    encryptCertificate  [1] SET OF Certificate OPTIONAL }
```

Whether the tags are explicit is not told by what was at hand. Written as other software reads it: ``[0]`` around
the SM2EnvelopedKey, ``[1]`` in the place of the SET's own tag. Both ways of both are read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from formats import der
from formats.errors import MalformedDataError
from formats.gbt20518 import Certificate, read_certificate
from formats.gbt35276 import EnvelopedKey, read_enveloped_key

LIMITS: Final = der.DerLimits(size=512 * 1024, depth=20, elements=4096)
_MOST_CERTIFICATES: Final = 10
_ENVELOPE_PARTS: Final = 4


@dataclass(frozen=True, slots=True)
class CsrResponse:
    """The answer to a request.

    Attributes:
        signing_certificates: The subject's signing certificate; other certificates may stand beside it.
        enveloped_key: The encryption key, enveloped to the key of the signing certificate; None without a pair.
        encryption_certificates: The encryption certificate; empty without a pair.

    Raises:
        ValueError: At construction: no signing certificate, too many, or half a pair.
    """

    signing_certificates: tuple[Certificate, ...]
    enveloped_key: EnvelopedKey | None = field(default=None, repr=False)
    encryption_certificates: tuple[Certificate, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < len(self.signing_certificates) <= _MOST_CERTIFICATES:
            raise ValueError(f"an answer has 1 to {_MOST_CERTIFICATES} signing certificates")
        if len(self.encryption_certificates) > _MOST_CERTIFICATES:
            raise ValueError(f"an answer has at most {_MOST_CERTIFICATES} encryption certificates")
        if self.enveloped_key is not None and not any(
            certificate.public_key == self.enveloped_key.public_key for certificate in self.encryption_certificates
        ):
            raise ValueError("the enveloped key belongs to no encryption certificate of the answer")

    def encode(self) -> bytes:
        """DER CSRResponse."""
        signing = der.set_of([certificate.encoded for certificate in self.signing_certificates])
        envelope = b"" if self.enveloped_key is None else der.explicit(0, self.enveloped_key.encoded)
        encryption = b""
        if self.encryption_certificates:
            inner = der.parse(der.set_of([certificate.encoded for certificate in self.encryption_certificates]))
            encryption = der.encode(der.context(1), inner.content)
        return der.sequence(signing, envelope, encryption)


def read_csr_response(data: bytes) -> CsrResponse:
    """The answer that ``data`` consists of; nothing in it is trusted, the envelope stays closed.

    Raises:
        MalformedDataError: Not a CSRResponse.
    """
    node = der.parse(data, what="CSR response", limits=LIMITS)
    fields = node.sequence(1, 3)
    signing = _certificates(fields.next("signCertificate").expect(der.SET))
    envelope_node = fields.optional(der.context(0))
    encryption_node = fields.optional(der.context(1))
    fields.end()
    try:
        return CsrResponse(
            signing,
            _envelope(envelope_node) if envelope_node is not None else None,
            _encryption_certificates(encryption_node) if encryption_node is not None else (),
        )
    except ValueError as exc:
        raise MalformedDataError(str(exc), what=node.what, offset=node.offset) from exc


def _certificates(node: der.Node) -> tuple[Certificate, ...]:
    members = node.children()
    if not 0 < len(members) <= _MOST_CERTIFICATES:
        raise node.error(f"{len(members)} certificates where 1 to {_MOST_CERTIFICATES} belong")
    return tuple(read_certificate(member.encoded) for member in members)


def _envelope(node: der.Node) -> EnvelopedKey:
    parts = node.children()
    if len(parts) == _ENVELOPE_PARTS:
        return read_enveloped_key(der.encode(der.SEQUENCE, node.content))
    return read_enveloped_key(node.explicit(0).encoded)


def _encryption_certificates(node: der.Node) -> tuple[Certificate, ...]:
    parts = node.children()
    if len(parts) == 1 and parts[0].tag == der.SET:
        return _certificates(parts[0])
    return _certificates(node)
