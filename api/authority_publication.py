"""What an authority publishes: its certificates by key, and the newest of each of its lists."""

from collections.abc import Iterator
from typing import Final

from api.repository_folder import RepositoryFile
from ca.errors import CrlNotFoundError
from ca.partition import Partition
from ca.service import CertificateAuthority
from formats.gbt20518 import Certificate
from formats.gbt20518.extension_building import key_identifier

CERTIFICATE: Final = "application/pkix-cert"
CRL: Final = "application/pkix-crl"
"""Media types of RFC 2585 4."""


def publication_of(authority: CertificateAuthority) -> Iterator[RepositoryFile]:
    """The files of an authority: certificates of its chain, and of other authorities it vouches for, and lists."""
    for certificate in authority.chain:
        yield _certificate(certificate)
    for partition in authority.lists.partitions:
        for is_delta in (False, True):
            yield from _list(authority, partition, is_delta=is_delta)


def _certificate(certificate: Certificate) -> RepositoryFile:
    """A certificate by the key it certifies and its serial number: a key may have several."""
    key = certificate.subject_key_identifier
    if key is None and certificate.public_key is not None:
        key = key_identifier(certificate.public_key)
    name = f"{(key or certificate.digest()).hex()}-{certificate.serial_number % (1 << 159):040x}"
    return RepositoryFile(
        path=f"certificates/{name}.cer",
        archived=f"certificates/{name}.cer",
        octets=certificate.encoded,
        media_type=CERTIFICATE,
        issued=certificate.validity.not_before,
    )


def _list(authority: CertificateAuthority, partition: Partition, *, is_delta: bool) -> Iterator[RepositoryFile]:
    try:
        record = authority.crl(list_name=partition.name, is_delta=is_delta)
    except CrlNotFoundError:
        return
    if record.encoded is None:
        return
    kind = "-delta" if is_delta else ""
    yield RepositoryFile(
        path=f"crl/{partition.file_name}{kind}.crl",
        archived=f"crl/{authority.authority}/{partition.name}/{record.number}{kind}.crl",
        octets=record.encoded,
        media_type=CRL,
        issued=record.head.this_update,
        next_update=record.head.next_update,
    )
