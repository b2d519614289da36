"""A small office in memory for tests: one authority, one seal maker, one department, registers in memory.

Keys are made anew in each process; times are fixed and passed in.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest

from api.nation.building import person_name
from api.wiring import IssuerSeal, SealServiceSealer, SignersByLabel
from ca.authority import TEST_POLICY, AuthoritySettings, PolicyStatement
from ca.model import IssuanceRequest, Possession
from ca.profile import built_in_profiles
from ca.register import CaRegister
from ca.service import CertificateAuthority
from crypto import KeyStoreError, PrivateKey, Signer, SoftwareSigner
from formats.fonts import FontsNotFoundError, Typeface, installed_fonts
from formats.gb32100 import CreditCode
from formats.gbt20518 import Certificate, Validity
from formats.gbt38540 import Generation, SealPicture
from licence_service import Holder, Issuer, IssueRequest, LicenceService, built_in_types
from licence_service.painting import FacePainter
from licence_service.register import LicenceRegister
from seal_service import SealApplication, SealHolder, SealId, SealKind, SealMaker, SealService
from seal_service.ports import SealStore, TimeStamper
from seal_service.register import SealRegister

NOW = datetime(2026, 1, 5, 1, 30, tzinfo=UTC)
MAKER_CODE = CreditCode.parse("12990100MB9T00038B")
OWNER_CODE = CreditCode.parse("11990100MB9T00011N")
COMPANY = "91990101MA9T00018G"
ITEM = f"{OWNER_CODE}3000131001000"
OWNER_NAME = "示例市市场监督管理局"
SEAL_NAME = "示例市市场监督管理局电子公章"
# A one-pixel PNG: the services do not care what an imprint shows.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fccfc0500f0004"
    "85018084a98c210000000049454e44ae426082"
)
PICTURE = SealPicture("png", PIXEL, 42, 42)


class Clock:
    """A clock the test sets."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class MemoryFiles:
    """``licence_service.ports.FileStore`` in memory."""

    def __init__(self) -> None:
        self.files: dict[bytes, bytes] = {}

    def put(self, files: dict[bytes, bytes]) -> None:
        self.files.update(files)

    def get(self, digest: bytes) -> bytes:
        return self.files[digest]


class Everything:
    """``licence_service.ports.Directory`` that refuses what it is told to refuse."""

    def __init__(self) -> None:
        self.reason: str | None = None

    def refusal(self, *, issuer: str, licence_type: str, item: str, on: date) -> str | None:
        return self.reason


class BreakableSigner:
    """A signer that fails, or signs wrongly, when told to."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self.fails = False
        self.lies = False

    @property
    def public_key(self):
        return self._signer.public_key

    def sign_digest(self, digest: bytes) -> bytes:
        return self.sign_digests([digest])[0]

    def sign_digests(self, digests: Sequence[bytes]) -> list[bytes]:
        if self.fails:
            raise KeyStoreError("the device does not answer")
        if self.lies:
            return self._signer.sign_digests([bytes(32) for _ in digests])
        return self._signer.sign_digests(digests)


@dataclass(frozen=True)
class Papers:
    """Certificates and keys, made once in a process."""

    maker: Certificate
    maker_signer: Signer
    holder: Certificate
    holder_signer: Signer
    other: Certificate
    other_signer: Signer
    authority: CertificateAuthority


@cache
def papers() -> Papers:
    keys = [SoftwareSigner(PrivateKey.generate()) for _ in range(4)]
    authority = CertificateAuthority.create_root(
        store=CaRegister(":memory:"),
        signer=keys[0],
        subject=person_name("示例电子认证服务机构", "示例 SM2 CA"),
        validity=Validity(NOW - timedelta(hours=2), NOW + timedelta(days=3000)),
        profiles=built_in_profiles(),
        settings=AuthoritySettings(
            policies=(PolicyStatement(TEST_POLICY),), crl_uris=("http://crl.example/ca.crl",)
        ),
        clock=lambda: NOW,
        random=secrets.token_bytes,
        actor="test",
    )
    made = [
        authority.issue(
            IssuanceRequest(
                key=f"{profile}-{index}",
                profile=profile,
                subject=person_name(name, name),
                public_key=keys[index].public_key,
                validity=Validity(NOW - timedelta(hours=1), NOW + timedelta(days=1000)),
                possession=Possession.VOUCHED,
                credit_code=str(code),
            ),
            actor="test",
        )
        for index, (profile, name, code) in enumerate(
            (
                ("seal-maker", "示例电子印章制作中心", MAKER_CODE),
                ("seal-holder", OWNER_NAME, OWNER_CODE),
                ("seal-holder", "示例市另一个局", OWNER_CODE),
            ),
            start=1,
        )
    ]
    return Papers(made[0], keys[1], made[1], keys[2], made[2], keys[3], authority)


def seal_maker(generation: Generation = Generation.V4) -> SealMaker:
    return SealMaker(
        certificate=papers().maker.encoded,
        signer=papers().maker_signer,
        vendor_id="XYTEST",
        generation=generation,
    )


def application(**changes: object) -> SealApplication:
    settings: dict[str, object] = {
        "owner": OWNER_CODE,
        "owner_name": OWNER_NAME,
        "name": SEAL_NAME,
        "type_code": 1,
        "kind": SealKind.ROUND,
        "lower_text": "",
        "width_mm": 42,
        "height_mm": 42,
        "valid_from": NOW - timedelta(hours=1),
        "valid_to": NOW + timedelta(days=900),
        "applicant": "甲",
    }
    return SealApplication(**(settings | changes))  # type: ignore[arg-type]


def _in_memory() -> str:
    return ":memory:"


new_address: Callable[[], str] = _in_memory
"""Gives the addresses of the registers ``open_office`` makes; a fixture puts them elsewhere."""


@dataclass
class Office:
    """The services over stores in memory."""

    clock: Clock
    signer: BreakableSigner
    seal_store: SealStore
    seals: SealService
    seal_id: SealId
    directory: Everything
    files: MemoryFiles
    licence_store: LicenceRegister
    licences: LicenceService
    extra: dict[str, object] = field(default_factory=dict)

    def request(self, **changes: object) -> IssueRequest:
        """A good request for a business licence."""
        settings: dict[str, object] = {
            "request_id": "r-1",
            "licence_type": "business-licence",
            "item_code": ITEM,
            "issuer": Issuer(OWNER_NAME, OWNER_CODE, "990100"),
            "holders": (Holder("示例科技有限公司", COMPANY, "001"),),
            "licence_number": None,
            "face": {
                "KZ_LX": "有限责任公司",
                "KZ_FDDBR": "张三",
                "KZ_ZCZB": "壹佰万元整",
                "KZ_CLRQ": "20260105",
                "KZ_ZS": "示例市示例路 1 号",
                "KZ_JYFW": "软件开发；信息系统集成服务。",
            },
            "issued_on": date(2026, 1, 5),
            "operator": "window-01",
        }
        return IssueRequest(**(settings | changes))  # type: ignore[arg-type]


def painter() -> FacePainter:
    """A painter over the installed fonts; the test is skipped where there are none."""
    try:
        installed_fonts().face(Typeface.SERIF)
    except FontsNotFoundError as missing:
        pytest.skip(f"no licence fonts here: {missing}")
    return FacePainter(installed_fonts())


def open_office(
    *,
    seal_store: SealStore | None = None,
    licence_store: LicenceRegister | None = None,
    wrap: Callable[[SealStore], SealStore] = lambda store: store,
    stamper: TimeStamper | None = None,
) -> Office:
    """An office with its seal in use."""
    clock = Clock()
    signer = BreakableSigner(papers().holder_signer)
    store = wrap(seal_store or SealRegister(new_address()))
    seals = SealService(
        store=store,
        maker=seal_maker(),
        maker_code=MAKER_CODE,
        keys=SignersByLabel({"holder": signer}),
        clock=clock,
        stamper=stamper,
    )
    seal_id = seals.apply(application())
    seals.approve(seal_id, approver="乙")
    seals.make(
        seal_id,
        picture=PICTURE,
        holder_certificate=papers().holder.encoded,
        key_label="holder",
        operator="丙",
    )
    directory, files = Everything(), MemoryFiles()
    licences = licence_store or LicenceRegister(new_address())
    service = LicenceService(
        store=licences,
        files=files,
        sealer=SealServiceSealer(seals, {str(OWNER_CODE): IssuerSeal(seal_id, SEAL_NAME, 42, 42)}),
        directory=directory,
        types=built_in_types(),
        painter=painter(),
        index_key=bytes(range(32)),
        clock=clock,
    )
    return Office(clock, signer, store, seals, seal_id, directory, files, licences, service)


def holder(generation: Generation = Generation.V4) -> SealHolder:
    """A holder with a seal made outside any register."""
    made = seal_maker(generation).make(
        seal_id="TEST",
        name=SEAL_NAME,
        type_code=1,
        picture=PICTURE,
        holder_certificates=(papers().holder.encoded,),
        valid_from=NOW - timedelta(hours=1),
        valid_to=NOW + timedelta(days=900),
        at=NOW,
    )
    return SealHolder(made.encoded, papers().holder.encoded, papers().holder_signer)
