"""Certificates and revocation lists from files: DER, PEM, or Base64 without its armour, as people pass them on."""

import base64
import binascii
from typing import TYPE_CHECKING, Final

from api.failures import CommandError, reading
from api.files import MAX_CERTIFICATE, MAX_LIST, read_file
from api.output import shown

if TYPE_CHECKING:
    from formats.gbt20518 import Certificate, Crl

_CERTIFICATE_LABELS: Final = frozenset({"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"})
_CRL_LABELS: Final = frozenset({"X509 CRL", "CRL"})
_SEQUENCE: Final = b"\x30"


def read_certificates(path: str) -> "list[Certificate]":
    """Every certificate in a file, at least one.

    Raises:
        CommandError: The file cannot be read or holds something else.
    """
    from formats.gbt20518 import read_certificate

    data = read_file(path, most=MAX_CERTIFICATE)
    with reading(shown(path), "certificate"):
        return [read_certificate(encoded) for encoded in _encoded(data, _CERTIFICATE_LABELS, "certificate")]


def read_one_certificate(path: str) -> "Certificate":
    """The one certificate in a file; of several in a PEM file the first, where a chain starts."""
    return read_certificates(path)[0]


def read_revocation_list(path: str) -> "Crl":
    """The revocation list in a file.

    Raises:
        CommandError: The file cannot be read or holds something else.
    """
    from formats.gbt20518 import read_crl

    data = read_file(path, most=MAX_LIST)
    with reading(shown(path), "crl"):
        return read_crl(_encoded(data, _CRL_LABELS, "revocation list")[0])


def read_status_answer(path: str) -> bytes:
    """An OCSP response that gives a status, DER as in the file.

    Raises:
        CommandError: The file cannot be read, holds something else, or says why there is no status.
    """
    from verifier.status_responses import read_status_response

    data = read_file(path, most=MAX_LIST)
    with reading(shown(path), "ocsp"):
        read_status_response(data)
    return data


def read_anchor(path: str) -> "Certificate":
    """A certificate to be pinned.

    Raises:
        CommandError: The file cannot be read, holds something else, or its key is no SM2 key.
    """
    anchor = read_one_certificate(path)
    if anchor.public_key is None:
        raise CommandError("errors.not_sm2_anchor", file=shown(path))
    return anchor


def _encoded(data: bytes, labels: frozenset[str], what: str) -> list[bytes]:
    from formats.errors import MalformedDataError
    from formats.gbt20518 import pem_blocks

    if data.startswith(_SEQUENCE):
        return [data]
    found = [octets for label, octets in pem_blocks(data) if label in labels]
    if found:
        return found
    try:
        bare = base64.b64decode(data.translate(None, b" \t\r\n"), validate=True)
    except (binascii.Error, ValueError):
        bare = b""
    if not bare.startswith(_SEQUENCE):
        raise MalformedDataError("neither DER nor PEM", what=what)
    return [bare]
