"""crossCertificatePair (X.509 11.2.3): the two certificates two authorities issued to each other.

```
CertificatePair ::= SEQUENCE {
    issuedToThisCA  [0] Certificate OPTIONAL,
    issuedByThisCA  [1] Certificate OPTIONAL }    -- at least one, explicit tags
```
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from formats import der
from formats.errors import MalformedDataError
from formats.gbt20518.certificate import Certificate, read_certificate

LIMITS: Final = der.DerLimits(size=1 << 20, depth=40)


@dataclass(frozen=True, slots=True)
class CertificatePair:
    """What an authority keeps in its directory entry of its relation to another one.

    Attributes:
        issued_to_this: The other authority's certificate for this one; None without one.
        issued_by_this: This authority's certificate for the other one; None without one.

    Raises:
        ValueError: At construction: neither is there, or the issuer of one is not the subject of the other.
    """

    issued_to_this: Certificate | None = None
    issued_by_this: Certificate | None = None

    def __post_init__(self) -> None:
        to_this, by_this = self.issued_to_this, self.issued_by_this
        if to_this is None and by_this is None:
            raise ValueError("a pair holds at least one certificate")
        if to_this is None or by_this is None:
            return
        if not (to_this.issuer.matches(by_this.subject) and by_this.issuer.matches(to_this.subject)):
            raise ValueError("the certificates of a pair are not issued to each other")

    def encode(self) -> bytes:
        """DER CertificatePair."""
        members = ((0, self.issued_to_this), (1, self.issued_by_this))
        return der.sequence(*(der.explicit(number, each.encoded) for number, each in members if each is not None))


def read_certificate_pair(data: bytes) -> CertificatePair:
    """The pair that ``data`` consists of; nothing in it is trusted, and no signature was verified.

    Args:
        data: DER, at most 1 MiB.

    Raises:
        MalformedDataError: Not a pair, a certificate in it cannot be read, or the two do not answer each other.
    """
    node = der.parse(data, what="certificate pair", limits=LIMITS)
    fields = node.sequence(1, 2)
    members = [fields.optional(der.context(number)) for number in (0, 1)]
    fields.end()
    certificates = [
        None if each is None else read_certificate(each.explicit(number).encoded)
        for number, each in enumerate(members)
    ]
    try:
        return CertificatePair(*certificates)
    except ValueError as exc:
        raise MalformedDataError(str(exc), what="certificate pair") from exc
