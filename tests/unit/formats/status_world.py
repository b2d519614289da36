"""A certification authority, a certificate of it and delegated responders, with SM2 keys, for tests of OCSP."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from crypto import DEFAULT_USER_ID, PrivateKey, SoftwareSigner, sign
from formats import oids
from formats.gbt20518 import (
    Certificate,
    Extension,
    KeyUsage,
    Name,
    TbsCertificate,
    Validity,
    assemble_certificate,
    read_certificate,
)
from formats.gbt20518 import extension_building as build
from formats.rfc6960 import CertStatus, SingleResponse, cert_id_of, issue_response

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Holder:
    """A key and its certificate."""

    key: PrivateKey
    certificate: Certificate

    @property
    def signer(self) -> SoftwareSigner:
        return SoftwareSigner(self.key)


def named(common_name: str) -> Name:
    return Name.build([(oids.COUNTRY, "CN"), (oids.COMMON_NAME, common_name)])


def holder(
    name: str,
    serial_number: int,
    extensions: Sequence[Extension],
    *,
    issuer: Holder | None = None,
    key: PrivateKey | None = None,
    validity: Validity | None = None,
    user_id: bytes = DEFAULT_USER_ID,
) -> Holder:
    """A certificate issued by ``issuer``, or by itself."""
    key = key or PrivateKey.generate()
    tbs = TbsCertificate(
        serial_number=serial_number,
        issuer=named(name) if issuer is None else issuer.certificate.subject,
        subject=named(name),
        validity=validity or Validity(START, START + 365 * DAY),
        public_key=key.public_key,
        extensions=tuple(extensions),
    ).encode()
    signature = sign(key if issuer is None else issuer.key, tbs, user_id=user_id)
    return Holder(key, read_certificate(assemble_certificate(tbs, signature)))


CA_USAGE = (KeyUsage.KEY_CERT_SIGN, KeyUsage.CRL_SIGN, KeyUsage.DIGITAL_SIGNATURE)
OCSP_SIGNING = build.extended_key_usage([oids.KP_OCSP_SIGNING], critical=False)
SIGNS = build.key_usage([KeyUsage.DIGITAL_SIGNATURE])


def authority(name: str = "状态测试机构", *, usage: Sequence[KeyUsage] = CA_USAGE, **options: Any) -> Holder:
    return holder(name, 1, (build.basic_constraints_of_ca(0), build.key_usage(usage)), **options)


@cache
def ca() -> Holder:
    return authority()


@cache
def subject() -> Holder:
    return holder("持有人", 0x1234, (SIGNS,), issuer=ca())


@cache
def responder() -> Holder:
    return holder("状态服务", 0x99, (SIGNS, OCSP_SIGNING, build.ocsp_no_check()), issuer=ca())


def single(**changes: Any) -> SingleResponse:
    """Good since an hour ago, for a day."""
    values: dict[str, Any] = {
        "cert_id": cert_id_of(subject().certificate.serial_number, ca().certificate),
        "status": CertStatus.GOOD,
        "this_update": NOW - timedelta(hours=1),
        "next_update": NOW + DAY,
        **changes,
    }
    return SingleResponse(**values)


def response(by: Holder | None = None, *said: SingleResponse, **options: Any) -> bytes:
    """A response signed by ``by``, the delegated responder unless told."""
    by = by or responder()
    values: dict[str, Any] = {"produced_at": NOW, "user_id": DEFAULT_USER_ID, **options}
    return issue_response(by.signer, by.certificate, responses=said or (single(),), **values)
