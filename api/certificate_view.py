"""A certificate for a person and for a program: what it says, nothing of it verified."""

import re
from collections.abc import Iterable
from enum import Enum
from typing import Any, Final

from api.messages import Messages
from api.moments import beijing_text, utc_text
from api.output import Output
from formats import oids
from formats.gbt20518 import Certificate, GeneralName

_ALGORITHMS: Final = {
    oids.SM2_WITH_SM3: "SM2 with SM3",
    oids.SM2_CURVE: "SM2",
    oids.EC_PUBLIC_KEY: "EC",
    oids.SM3: "SM3",
    oids.RSA_WITH_SM3: "RSA with SM3",
}


def algorithm_text(oid: str) -> str:
    """An algorithm's identifier, with its name where it is a national one."""
    return f"{oid} ({_ALGORITHMS[oid]})" if oid in _ALGORITHMS else oid


def enum_text(member: Enum) -> str:
    """A member as RFC 5280 writes it: ``KEY_CERT_SIGN`` is ``keyCertSign``."""
    return re.sub("_(.)", lambda found: found[1].upper(), member.name.lower()).replace("crlSign", "cRLSign")


def serial_text(serial: int) -> str:
    """A serial number in hexadecimal digits, two for each octet; a negative one with its sign."""
    digits = f"{abs(serial):x}"
    return ("-" if serial < 0 else "") + digits.zfill(len(digits) + len(digits) % 2)


def hexadecimal(octets: bytes | None) -> str | None:
    """Octets in hexadecimal digits."""
    return None if octets is None else octets.hex()


def as_data(each: Certificate) -> dict[str, Any]:
    """The certificate as data."""
    constraints = each.basic_constraints
    return {
        "version": each.version,
        "serial_number": serial_text(each.serial_number),
        "subject": str(each.subject),
        "issuer": str(each.issuer),
        "not_before": utc_text(each.validity.not_before),
        "not_after": utc_text(each.validity.not_after),
        "public_key_algorithm": each.public_key_algorithm,
        "public_key_curve": each.public_key_curve,
        "public_key": hexadecimal(each.public_key.point) if each.public_key else None,
        "signature_algorithm": each.signature_algorithm,
        "key_usage": _usages(each.key_usage) if each.key_usage is not None else None,
        "extended_key_usage": list(each.extended_key_usage) if each.extended_key_usage is not None else None,
        "ca": constraints.ca if constraints else None,
        "path_length": constraints.path_length if constraints else None,
        "credit_code": each.credit_code,
        "subject_alt_names": [_general_name(name) for name in each.subject_alt_names],
        "subject_key_identifier": hexadecimal(each.subject_key_identifier),
        "authority_key_identifier": hexadecimal(each.authority_key_identifier),
        "policies": [policy.oid for policy in each.policies],
        "crl_distribution_points": list(each.crl_distribution_points),
        "authority_info_access": _services(each),
        "extensions": [{"oid": oid, "critical": extension.critical} for oid, extension in each.extensions.items()],
        "unparsable_extensions": list(each.unparsable_extensions),
        "tolerances": [str(tolerance) for tolerance in each.tolerances],
        "digest": each.digest().hex(),
    }


def show(each: Certificate, text: Messages, out: Output) -> None:
    """Print the certificate."""
    curve = f", {algorithm_text(each.public_key_curve)}" if each.public_key_curve else ""
    values: dict[str, object] = {
        "subject": each.subject,
        "issuer": each.issuer,
        "serial_number": serial_text(each.serial_number),
        "not_before": beijing_text(each.validity.not_before),
        "not_after": beijing_text(each.validity.not_after),
        "credit_code": each.credit_code,
        "key_usage": ", ".join(_usages(each.key_usage or ())),
        "extended_key_usage": each.extended_key_usage,
        "basic_constraints": _constraints(each, text),
        "public_key_algorithm": algorithm_text(each.public_key_algorithm) + curve,
        "public_key": hexadecimal(each.public_key.point) if each.public_key else None,
        "signature_algorithm": algorithm_text(each.signature_algorithm),
        "subject_alt_names": [_general_name(name) for name in each.subject_alt_names],
        "subject_key_identifier": hexadecimal(each.subject_key_identifier),
        "authority_key_identifier": hexadecimal(each.authority_key_identifier),
        "policies": [policy.oid for policy in each.policies],
        "crl_distribution_points": each.crl_distribution_points,
        "authority_info_access": _services(each),
        "version": each.version,
        "extensions": [
            text("certificate.show.critical", oid=oid) if extension.critical else oid
            for oid, extension in each.extensions.items()
        ],
        "unparsable": each.unparsable_extensions,
        "tolerances": each.tolerances,
        "digest": each.digest().hex(),
    }
    out.facts([(text(f"certificate.show.{name}"), value) for name, value in values.items()])


def _usages(usages: Iterable[Enum]) -> list[str]:
    return [enum_text(usage) for usage in sorted(usages, key=lambda usage: int(usage.value))]


def _constraints(each: Certificate, text: Messages) -> str:
    constraints = each.basic_constraints
    if constraints is None or not constraints.ca:
        return text("certificate.show.ca_no")
    if constraints.path_length is None:
        return text("certificate.show.ca_unlimited")
    return text("certificate.show.ca_limited", depth=constraints.path_length)


def _general_name(name: GeneralName) -> str:
    value = str(name.directory_name) if name.directory_name is not None else name.text
    return f"{name.kind.name.lower()}:{value or name.encoded.hex()}"


def _services(each: Certificate) -> list[str]:
    return [f"{access.method} {_general_name(access.location)}" for access in each.authority_info_access]
