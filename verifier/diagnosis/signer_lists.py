"""Which dialect would make a seal list the signer's certificate (GB/T 38540-2020 7.2 a3, 7.3)."""

from collections.abc import Iterator
from typing import Final

from crypto import DEFAULT_USER_ID
from formats.errors import MalformedDataError
from formats.gbt20518 import Certificate, read_certificate
from formats.gbt38540 import CertListType, SealSignature
from verifier.diagnosis import digest_search
from verifier.diagnosis.model import Budget, Fit, Variant
from verifier.findings import shown

_MOST: Final = 64


def search(value: SealSignature, signer: Certificate, budget: Budget) -> Fit | None:
    """The dialect under which the list names the signer; None if none does."""
    own = value.seal.property
    if own.cert_list_type is CertListType.CERTIFICATES:
        return _same_key(own.certificates, signer)
    z_values = [] if signer.public_key is None else [signer.public_key.z_value(DEFAULT_USER_ID)]
    for kind, digest in own.certificate_digests[:_MOST]:
        fit = digest_search.search(digest, list(_contents(value.signer_certificate, signer)), z_values, budget)
        if fit is None:
            continue
        if not fit.dialects:
            return Fit(("list.digest-name",), shown(kind, 40))
        return Fit(fit.dialects, fit.detail or shown(kind, 40))
    return None


def _same_key(certificates: tuple[bytes, ...], signer: Certificate) -> Fit | None:
    """Another certificate for the same key: renewed, but the seal was not remade."""
    for data in certificates[:_MOST]:
        try:
            listed = read_certificate(data)
        except MalformedDataError:
            continue
        if listed.public_key is not None and listed.public_key == signer.public_key:
            return Fit(("list.same-key",), f"certificate {listed.serial_number:x}"[:60])
    return None


def _contents(encoded: bytes, signer: Certificate) -> Iterator[Variant]:
    yield Variant((), encoded)
    yield Variant(("list.digest-of-part",), signer.tbs, "TBSCertificate")
    yield Variant(("list.digest-of-part",), signer.spki, "SubjectPublicKeyInfo")
    key = signer.public_key
    if key is not None:
        yield Variant(("list.digest-of-part",), key.point, "public key")
        yield Variant(("list.digest-of-part",), key.point[1:], "coordinates")
