"""A tiny nation for tests: a root, authorities, a seal maker, seal holders, and a trust list over them.

Keys are generated when the module is first used; nothing here is known to the verifier but through the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count

from crypto import DEFAULT_USER_ID, PrivateKey, SoftwareSigner, sign
from formats import oids
from formats.gb32100 import check_character
from formats.gbt2260 import DivisionCode
from formats.gbt20518 import (
    Certificate,
    Extension,
    KeyUsage,
    Name,
    RevocationReason,
    RevokedEntry,
    TbsCertificate,
    TbsCrl,
    Validity,
    assemble_certificate,
    assemble_crl,
    read_certificate,
)
from formats.gbt20518 import extension_building as extensions
from formats.gbt38540 import Generation
from verifier.trust_list import TrustList
from verifier.trust_list_envelope import TRUST_LIST_SIGNING
from verifier.trust_list_model import (
    AlgorithmPeriod,
    Authority,
    Days,
    Entitlement,
    ListedIssuer,
    ListedSealMaker,
    Period,
    Purpose,
    Regions,
    StatusChange,
)
from verifier.trust_list_writing import TrustListContent, sign_trust_list

FOUNDED = datetime(2024, 1, 1, tzinfo=UTC)
ENDS = datetime(2044, 1, 1, tzinfo=UTC)
SIGNED = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
REGION = DivisionCode("990101")


def credit_code(body: str) -> str:
    """A credit code from its first 17 characters."""
    return body + check_character(body)


BUREAU = credit_code("11990100MB9T00011")
OTHER_BUREAU = credit_code("11990100MB9T00022")
MAKER_COMPANY = credit_code("91990101MA9T00018")
LICENCE_TYPE = f"{credit_code('11100000MB0143028')}001"

_serials = count(0x1000)


@dataclass(frozen=True)
class Holder:
    """A certificate and its key."""

    certificate: Certificate
    key: PrivateKey = field(repr=False)

    @property
    def signer(self) -> SoftwareSigner:
        return SoftwareSigner(self.key)

    def sign(self, message: bytes) -> bytes:
        return sign(self.key, message, user_id=DEFAULT_USER_ID)


def name(common_name: str, organisation: str = "示例机构") -> Name:
    return Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, organisation), (oids.COMMON_NAME, common_name)])


CA_EXTENSIONS = (
    extensions.key_usage([KeyUsage.KEY_CERT_SIGN, KeyUsage.CRL_SIGN]),
    extensions.basic_constraints_of_ca(None),
)
SIGNING = extensions.key_usage([KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION])


def issue(
    subject: Name,
    issuer: Holder | None,
    *,
    extra: tuple[Extension, ...] = (SIGNING,),
    period: tuple[datetime, datetime] = (FOUNDED, ENDS),
    key: PrivateKey | None = None,
    serial: int | None = None,
) -> Holder:
    """A certificate for a new key; self-signed without an issuer."""
    own = key or PrivateKey.generate()
    tbs = TbsCertificate(
        serial_number=serial or next(_serials),
        issuer=issuer.certificate.subject if issuer else subject,
        subject=subject,
        validity=Validity(*period),
        public_key=own.public_key,
        extensions=extra,
    ).encode()
    signature = sign(issuer.key if issuer else own, tbs, user_id=DEFAULT_USER_ID)
    return Holder(read_certificate(assemble_certificate(tbs, signature)), own)


def crl(
    issuer: Holder,
    revoked: tuple[RevokedEntry, ...] = (),
    *,
    this_update: datetime = NOW - DAY,
    next_update: datetime = NOW + 6 * DAY,
    number: int = 7,
    extra: tuple[Extension, ...] = (),
    signer: Holder | None = None,
) -> bytes:
    """A revocation list, DER."""
    tbs = TbsCrl(
        issuer=issuer.certificate.subject,
        this_update=this_update,
        next_update=next_update,
        revoked=revoked,
        extensions=(extensions.crl_number(number), *extra),
    ).encode()
    return assemble_crl(tbs, (signer or issuer).sign(tbs))


def revoked(
    holder: Holder,
    when: datetime,
    reason: RevocationReason = RevocationReason.UNSPECIFIED,
    invalid_since: datetime | None = None,
) -> RevokedEntry:
    return RevokedEntry(holder.certificate.serial_number, when, reason, invalid_since)


@dataclass(frozen=True)
class Nation:
    """Everybody, and what the operator publishes about them."""

    root: Holder
    operator: Holder
    maker_authority: Holder
    holder_authority: Holder
    maker: Holder
    bureau: Holder
    other_bureau: Holder
    content: TrustListContent

    def with_content(self, **changes: object) -> Nation:
        """The same people under another trust list."""
        return replace(self, content=replace(self.content, **changes))  # type: ignore[arg-type]

    def trust_file(self) -> bytes:
        return sign_trust_list(self.content, self.operator.signer, [self.operator.certificate])

    def trust(self, at: datetime = NOW) -> TrustList:
        return TrustList.read(self.trust_file(), at=at, anchor=self.root.certificate)


def holder_extensions(code: str) -> tuple[Extension, ...]:
    return (SIGNING, extensions.organization_code(code))


def authority(
    holder: Holder, *purposes: Purpose, regions: Regions | None = None, history: tuple[StatusChange, ...] = ()
) -> Authority:
    return Authority(
        certificate=holder.certificate,
        purposes=frozenset(purposes),
        regions=regions or Regions(),
        listed=Period(FOUNDED),
        history=history,
    )


def listed_maker(maker: Holder, **changes: object) -> ListedSealMaker:
    entry = ListedSealMaker(
        name="示例制章中心",
        certificate_digest=maker.certificate.digest(),
        regions=Regions((DivisionCode("990000"),)),
        generations=frozenset(Generation),
        listed=Period(FOUNDED),
    )
    return replace(entry, **changes)  # type: ignore[arg-type]


def listed_issuer(code: str = BUREAU, **changes: object) -> ListedIssuer:
    entry = ListedIssuer(
        credit_code=code,
        name="示例市市场监督管理局",
        region=REGION,
        entitlements=(Entitlement(LICENCE_TYPE, frozenset(), Days(date(2025, 1, 1))),),
    )
    return replace(entry, **changes)  # type: ignore[arg-type]


@cache
def nation() -> Nation:
    """The nation as it is meant to be."""
    root = issue(name("国家根"), None, extra=CA_EXTENSIONS)
    operator = issue(
        name("信任列表"),
        root,
        extra=(SIGNING, extensions.extended_key_usage([TRUST_LIST_SIGNING], critical=False)),
    )
    maker_authority = issue(name("制章CA"), root, extra=CA_EXTENSIONS)
    holder_authority = issue(name("政务CA"), root, extra=CA_EXTENSIONS)
    maker = issue(name("示例制章中心"), maker_authority, extra=holder_extensions(MAKER_COMPANY))
    bureau = issue(
        name("示例市市场监督管理局", "示例市市场监督管理局"), holder_authority, extra=holder_extensions(BUREAU)
    )
    other = issue(name("示例市住房局", "示例市住房局"), holder_authority, extra=holder_extensions(OTHER_BUREAU))
    content = TrustListContent(
        sequence=12,
        issued=NOW - DAY,
        next_update=NOW + 30 * DAY,
        operator="国家电子印章信任服务",
        regions={DivisionCode("990000"): "示例省"},
        authorities=(
            authority(maker_authority, Purpose.SEAL_MAKER),
            authority(holder_authority, Purpose.SEAL_HOLDER),
        ),
        seal_makers=(listed_maker(maker),),
        issuers=(listed_issuer(),),
        crls=(crl(maker_authority), crl(holder_authority)),
        algorithms=(AlgorithmPeriod(oids.SM2_WITH_SM3, oids.SM3, Period(FOUNDED)),),
    )
    return Nation(root, operator, maker_authority, holder_authority, maker, bureau, other, content)
