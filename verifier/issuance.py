"""Whether one certificate could have issued another, and did (RFC 5280 6, without time and status)."""

from typing import Final

from crypto import InvalidSignatureError, PublicKey
from formats import oids
from formats.foreign_signature import foreign_verify
from formats.gbt20518 import (
    Certificate,
    GeneralNameKind,
    KeyUsage,
    NameConstraints,
    certificate_verify,
)


def may_issue(issuer: Certificate, authorities_below: int) -> bool:
    """Whether ``issuer`` is a CA that may have so many CA certificates between itself and the end entity."""
    constraints, usage = issuer.basic_constraints, issuer.key_usage
    return (
        constraints is not None
        and constraints.ca
        and (constraints.path_length is None or constraints.path_length >= authorities_below)
        and (usage is None or KeyUsage.KEY_CERT_SIGN in usage)
    )


_SINGLE_SERVICE: Final = frozenset({oids.KP_TIME_STAMPING, oids.KP_OCSP_SIGNING})


def may_sign(certificate: Certificate) -> bool:
    """Whether an end entity's key may sign documents and seals.

    Key usage, where stated, has a signing bit, critical or not; the certificate is no CA; and its key is not kept
    for a time-stamping or status service by a critical extKeyUsage. Other key purposes are not looked at: real
    seal certificates carry all kinds, and none for sealing is defined.
    """
    usage = certificate.key_usage
    signing = usage is None or bool(usage & {KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION})
    return signing and not certificate.is_ca and not _kept_for_a_service(certificate)


def _kept_for_a_service(certificate: Certificate) -> bool:
    purposes = certificate.extended_key_usage
    if purposes is None or not certificate.extensions[oids.EXTENDED_KEY_USAGE].critical:
        return False
    return _SINGLE_SERVICE.issuperset(purposes)


def may_time_stamp(certificate: Certificate) -> bool:
    """Whether a key is a time-stamp authority's: for that alone, and the certificate says so (RFC 3161 2.3).

    extKeyUsage is critical and names timeStamping and nothing else; key usage, where stated, has signing bits and
    no others; the certificate is no CA.
    """
    purposes, usage = certificate.extended_key_usage, certificate.key_usage
    alone = purposes == (oids.KP_TIME_STAMPING,) and certificate.extensions[oids.EXTENDED_KEY_USAGE].critical
    signing = usage is None or (bool(usage) and usage <= {KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION})
    return alone and signing and not certificate.is_ca


def unreadable_criticals(certificate: Certificate) -> tuple[str, ...]:
    """Critical extensions that are not known or cannot be read; who does not understand them cannot judge."""
    unparsable = tuple(oid for oid in certificate.unparsable_extensions if certificate.extensions[oid].critical)
    return (*certificate.unknown_critical_extensions, *unparsable)


def signed_by(certificate: Certificate, key: PublicKey) -> bool:
    """Whether ``certificate`` carries a right SM2-with-SM3 signature of ``key``, default user identity."""
    try:
        certificate_verify(certificate, key)
    except InvalidSignatureError:
        return False
    return True


def issued_by(certificate: Certificate, issuer: Certificate, *, foreign: bool) -> bool:
    """Whether ``certificate`` carries a right signature of ``issuer``'s key.

    Args:
        certificate: Asked about.
        issuer: Whose key to try.
        foreign: Take RSA and ECDSA too, as the authorities of some time-stamp services have them.
    """
    if issuer.public_key is not None:
        return signed_by(certificate, issuer.public_key)
    if not foreign:
        return False
    try:
        foreign_verify(
            issuer.spki,
            issuer.public_key_algorithm,
            certificate.signature_algorithm,
            certificate.tbs,
            certificate.signature,
        )
    except InvalidSignatureError:
        return False
    return True


def names_allow(constraints: NameConstraints, certificate: Certificate) -> bool | None:
    """Whether a CA's name constraints allow ``certificate``; None where they speak of a kind of name not compared.

    Directory names are compared (RFC 5280 4.2.1.10): the subject and every directory name among its alternatives.
    """
    subjects = [certificate.subject] if certificate.subject.attributes else []
    others = set()
    for name in certificate.subject_alt_names:
        if name.kind is GeneralNameKind.DIRECTORY and name.directory_name is not None:
            subjects.append(name.directory_name)
        else:
            others.add(name.kind)
    constrained = {each.kind for each in (*constraints.permitted, *constraints.excluded)}
    permitted = [each.directory_name for each in constraints.permitted if each.directory_name is not None]
    excluded = [each.directory_name for each in constraints.excluded if each.directory_name is not None]
    for subject in subjects:
        if permitted and not any(subject.is_within(base) for base in permitted):
            return False
        if any(subject.is_within(base) for base in excluded):
            return False
    return None if others & constrained else True
