"""Finding the certificate a SignerInfo names, by issuer and serial number."""

from formats import der
from formats.errors import MalformedDataError
from formats.gbt20518.name import read_name
from formats.gbt35275.model import SignedData
from formats.tolerances import Tolerance


def issuer_and_serial_number(certificate: bytes) -> tuple[bytes, int]:
    """Issuer (DER Name as it stands) and serial number of a DER certificate; nothing else of it is read.

    Raises:
        MalformedDataError: Not a certificate.
    """
    tbs = der.parse(certificate, what="certificate").sequence(3, 3).next().sequence(6)
    tbs.optional(der.context(0))
    ignored: list[Tolerance] = []  # the certificate reader reports on the certificate
    serial_number = tbs.next("serialNumber").integer(ignored)
    tbs.next("signature").expect(der.SEQUENCE)
    return tbs.next("issuer").expect(der.SEQUENCE).encoded, serial_number


def signer_certificate(signed_data: SignedData) -> bytes | None:
    """The attached certificate that the signer names; None if it is not attached.

    Names equal in octets go before names equal by the comparison of RFC 5280 7.1: some software re-encodes names.
    """
    wanted = signed_data.signer
    same_serial: list[tuple[bytes, bytes]] = []
    for certificate in signed_data.certificates:
        try:
            issuer, serial_number = issuer_and_serial_number(certificate)
        except MalformedDataError:
            continue  # another certificate's fault does not hide the signer's
        if serial_number == wanted.serial_number:
            same_serial.append((issuer, certificate))
    for issuer, certificate in same_serial:
        if issuer == wanted.issuer:
            return certificate
    for issuer, certificate in same_serial:
        try:
            if read_name(issuer).matches(read_name(wanted.issuer)):
                return certificate
        except MalformedDataError:
            continue  # a name that cannot be read matches nothing
    return None
