"""Certificate revocation lists, version 2 (GB/T 20518, RFC 5280 5): the reader.

Everything is read at once, entries included, and every extension that decides what the list covers must be
readable: a list that is half understood would call a revoked certificate good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from crypto import DEFAULT_USER_ID, PublicKey
from formats import der, oids, tolerances
from formats.errors import MalformedDataError
from formats.gbt20518.certificate import read_time
from formats.gbt20518.crl_model import Crl, IssuingDistributionPoint, RevocationReason, RevokedEntry
from formats.gbt20518.extension import Extension, read_extensions
from formats.gbt20518.extensions import decode
from formats.gbt20518.general_name import read_distribution_point_name, read_reason_bits
from formats.gbt20518.name import name_from
from formats.gbt20518.revoked_entries import entry_extensions, read_plain_entries
from formats.gbt20518.signed import expect_same_algorithm, read_signed, verify_signed
from formats.tolerances import Tolerance

__all__ = [
    "CRL_LIMITS",
    "Crl",
    "IssuingDistributionPoint",
    "RevocationReason",
    "RevokedEntry",
    "crl_verify",
    "read_crl",
]

CRL_LIMITS: Final = der.DerLimits(size=64 * 1024 * 1024, depth=16, elements=2_000_000)
_NONE: Final[Mapping[str, Extension]] = MappingProxyType({})
_NO_ENTRIES: Final[Mapping[int, RevokedEntry]] = MappingProxyType({})
_READ_EXTENSIONS: Final = frozenset(
    {
        oids.AUTHORITY_KEY_IDENTIFIER,
        oids.CRL_NUMBER,
        oids.DELTA_CRL_INDICATOR,
        oids.ISSUING_DISTRIBUTION_POINT,
        oids.FRESHEST_CRL,
        oids.EXPIRED_CERTS_ON_CRL,
    }
)


def read_crl(data: bytes, *, limits: der.DerLimits = CRL_LIMITS) -> Crl:
    """The revocation list that ``data`` consists of.

    Args:
        data: DER.
        limits: Bounds on size and entries, 64 MiB and two million by default.

    Raises:
        MalformedDataError: Not a revocation list; an extension that bounds its scope cannot be read; it is
            indirect, that is, holds entries of other issuers.
    """
    found: list[Tolerance] = []
    signed = read_signed(der.parse(data, what="revocation list", limits=limits), found)
    fields = signed.tbs.sequence(3, 7)
    version = fields.optional(der.INTEGER)
    if version is not None and version.integer() != 1:
        raise version.error("version number is not 1 (v2)")
    expect_same_algorithm(fields.next("signature"), signed.algorithm)
    issuer = name_from(fields.next("issuer"))
    this_update = read_time(fields.next("thisUpdate"), found)
    next_node = fields.optional(der.UTC_TIME, der.GENERALIZED_TIME)
    if next_node is None:
        found.append(Tolerance.X509_CRL_WITHOUT_NEXT_UPDATE)
    unknown: set[str] = set()
    revoked = _read_revoked(fields.optional(der.SEQUENCE), found, unknown)
    wrapped = fields.optional(der.context(0))
    fields.end()
    if wrapped is not None and version is None:
        raise wrapped.error("extensions in a list of version 1")
    extensions = read_extensions(wrapped.explicit(0), found) if wrapped is not None else _NONE
    unknown.update(oid for oid, each in extensions.items() if each.critical and oid not in _READ_EXTENSIONS)
    scope = _read_scope(extensions, found)
    if scope is not None and scope.indirect:
        raise signed.tbs.error("indirect lists are not read")
    authority = extensions.get(oids.AUTHORITY_KEY_IDENTIFIER)
    freshest = _read_hint(extensions.get(oids.FRESHEST_CRL), decode, found, unknown)
    expired_since = _read_hint(extensions.get(oids.EXPIRED_CERTS_ON_CRL), _expired_since, found, unknown)
    return Crl(
        encoded=signed.tbs.buffer,
        tbs=signed.tbs.encoded,
        issuer=issuer,
        this_update=this_update,
        next_update=read_time(next_node, found) if next_node is not None else None,
        revoked=revoked,
        signature_algorithm=signed.signature_algorithm,
        signature=signed.signature,
        extensions=extensions,
        number=_read_number(extensions.get(oids.CRL_NUMBER)),
        delta_base=_read_number(extensions.get(oids.DELTA_CRL_INDICATOR)),
        authority_key=decode(authority, found) if authority else None,
        issuing_distribution_point=scope,
        freshest=freshest or (),
        expired_since=expired_since,
        unknown_critical_extensions=tuple(sorted(unknown)),
        tolerances=tolerances.collect(found, issuer.tolerances),
    )


def crl_verify(crl: Crl, issuer_public_key: PublicKey, *, user_id: bytes = DEFAULT_USER_ID) -> None:
    """Verify a list's signature, and nothing else about it.

    Raises:
        InvalidSignatureError: Wrong signature, or an algorithm other than SM2-with-SM3.
    """
    verify_signed(crl.tbs, crl.signature_algorithm, crl.signature, issuer_public_key, user_id=user_id)


def _read_number(extension: Extension | None) -> int | None:
    if extension is None:
        return None
    node = der.parse(extension.value, what=f"extension {extension.oid}")
    number = node.integer(max_octets=21)
    if number < 0:
        raise node.error("list number is negative")
    return number


def _read_hint(
    extension: Extension | None,
    read: Callable[[Extension, list[Tolerance]], Any],
    found: list[Tolerance],
    unknown: set[str],
) -> Any:
    """Value of an extension that only adds to what the list says; None if it is absent or cannot be read."""
    if extension is None:
        return None
    try:
        return read(extension, found)
    except MalformedDataError:
        if extension.critical:
            unknown.add(extension.oid)
        return None


def _expired_since(extension: Extension, _found: list[Tolerance]) -> datetime:
    return der.parse(extension.value, what="expiredCertsOnCRL").generalized_time()


def _read_scope(extensions: Mapping[str, Extension], found: list[Tolerance]) -> IssuingDistributionPoint | None:
    extension = extensions.get(oids.ISSUING_DISTRIBUTION_POINT)
    if extension is None:
        return None
    fields = der.parse(extension.value, what="issuingDistributionPoint").sequence(0, 6)
    name = fields.optional(der.context(0))
    flags: dict[int, bool] = {}
    reasons = None
    for number in range(1, 6):
        node = fields.optional(der.context(number, constructed=False))
        if node is None:
            continue
        if number == 3:
            reasons = read_reason_bits(node, found)
        else:
            flags[number] = der.parse(der.encode(der.BOOLEAN, node.content), what=node.what).boolean(found)
            if not flags[number]:
                found.append(Tolerance.DER_ENCODED_DEFAULT)
    fields.end()
    names = read_distribution_point_name(name, found) if name else ()
    return IssuingDistributionPoint(
        names=names,
        relative_name=name is not None and not names,
        only_user_certificates=flags.get(1, False),
        only_ca_certificates=flags.get(2, False),
        only_some_reasons=reasons,
        indirect=flags.get(4, False),
        only_attribute_certificates=flags.get(5, False),
    )


# ---------------------------------------------------------------------- entries


def _read_revoked(node: der.Node | None, found: list[Tolerance], unknown: set[str]) -> Mapping[int, RevokedEntry]:
    if node is None:
        return _NO_ENTRIES
    plain = read_plain_entries(node)
    if plain is not None:
        return plain
    revoked: dict[int, RevokedEntry] = {}
    for member in node:
        entry = _read_entry(member, found, unknown)
        if revoked.setdefault(entry.serial, entry) is not entry:
            found.append(Tolerance.X509_CRL_REPEATED_SERIAL)
    if not revoked:
        found.append(Tolerance.X509_EMPTY_REVOKED_LIST)
    return MappingProxyType(revoked)


def _read_entry(node: der.Node, found: list[Tolerance], unknown: set[str]) -> RevokedEntry:
    fields = node.sequence(2, 3)
    serial = fields.next("userCertificate").integer(found)
    date = read_time(fields.next("revocationDate"), found)
    extensions = fields.optional(der.SEQUENCE)
    fields.end()
    if extensions is None:
        return RevokedEntry(serial, date)
    reason, invalidity_date, unknown_critical, met = entry_extensions(extensions.encoded)
    unknown.update(unknown_critical)
    found.extend(met)
    return RevokedEntry(serial, date, reason, invalidity_date)
