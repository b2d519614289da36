"""Steps about a seal (GB/T 38540-2020 6.3; GM/T 0031-2014 6.1.2; GM/T 0031-2025).

The seal's validity is judged at the signing time and its present expiry told beside it; the maker's certificate is
judged at the seal's createDate, as GM/T 0031-2025 has it: a seal outlives the certificate it was made with.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crypto import sm3
from formats.gbt20518 import Certificate
from formats.gbt38540 import CertListType, Seal, SealPicture, SealSignature
from formats.oids import SM3, SM3_PLAIN
from verifier.certificate_judgement import MAKER, judge_certificate
from verifier.codes import Code, Step
from verifier.examination import Examined
from verifier.facts import day_text
from verifier.findings import Finding, finding, not_applicable, not_judged, shown
from verifier.path import PathJudge
from verifier.report import SignatureKind
from verifier.time_stamp import TimeStampVerdict
from verifier.trust_list import TrustList
from verifier.trust_list_model import Authority, ListedSealMaker

_SM3_NAMES: Final = frozenset({"SM3", SM3, SM3_PLAIN})
_PICTURES: Final = {
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "gif": (b"GIF87a", b"GIF89a"),
    "bmp": (b"BM",),
    "jb2": (b"\x97JB2\r\n\x1a\n",),
    "gbig2": (b"\x97JB2\r\n\x1a\n",),
}
_PICTURE_START: Final = 1024
_LARGEST_SCALE: Final = 1.5
"""Of an imprint against the seal's stated size, for sizes that were rounded or given for the shape inside."""
_MOST_IMPRINTS: Final = 16
"""Of one signature on one page."""


@dataclass(frozen=True, slots=True)
class SealVerdict:
    """Findings about the seal, and who answers for its maker."""

    findings: tuple[Finding, ...]
    maker_authority: Authority | None
    listed_maker: ListedSealMaker | None


def judge_seal(
    examined: Examined,
    value: SealSignature,
    trust: TrustList | None,
    paths: PathJudge | None,
    stamps: TimeStampVerdict,
    *,
    at: datetime,
) -> SealVerdict:
    """Judge the seal inside a signature.

    Args:
        examined: Facts of the signature.
        value: The signature.
        trust: The trust list, if any.
        paths: The judge of paths over it.
        stamps: What the time stamps of signature and seal come to.
        at: Now.
    """
    seal, subject = value.seal, examined.subject
    maker = judge_certificate(
        MAKER,
        examined.maker,
        examined.maker_fault,
        paths,
        subject=subject,
        moment=_maker_moment(examined.maker, value),
        at=at,
        existed=stamps.seal_existed,
        stamped=stamps.seal_stamped,
    )
    listing, listed_maker = _listing(seal, trust, subject, at)
    findings = (
        _signature(examined),
        *maker.findings,
        listing,
        *_validity(seal, value.time_info, stamps.signature_existed, subject, at),
        _picture(seal.picture, subject),
        *_imprints(seal.picture, examined),
        *judge_seal_files(examined),
        _signer(value, subject),
    )
    return SealVerdict(findings, maker.authority, listed_maker)


def _maker_moment(maker: Certificate | None, value: SealSignature) -> datetime | None:
    """When the maker's certificate has to hold: at createDate or, if it was not in force then, at signing.

    GM/T 0031-2025 asks for the first, GB/T 38540-2020 6.3 c, applied when the seal was used, for the second. Seals
    in use state a createDate some days before their maker's certificate begins.
    """
    created, used = value.seal.property.created, value.time_info
    if maker is None or created is None or used is None or maker.validity.contains(created):
        return created
    return used if maker.validity.contains(used) else created


def _signature(examined: Examined) -> Finding:
    if examined.seal_holds is None:
        return not_judged(Step.SEAL_SIGNATURE, examined.subject)
    return finding(Code.SEAL_SIGNATURE_VALID if examined.seal_holds else Code.SEAL_SIGNATURE, examined.subject)


def _listing(
    seal: Seal, trust: TrustList | None, subject: str, at: datetime
) -> tuple[Finding, ListedSealMaker | None]:
    if trust is None:
        return finding(Code.MAKER_LISTING_UNKNOWN, subject), None
    digest = sm3(seal.maker_certificate)
    entries = trust.seal_makers.get(digest, ())
    made = seal.property.created or at
    then = [entry for entry in entries if entry.listed.contains(made)]
    fitting = next((entry for entry in then if seal.generation in entry.generations), None)
    if fitting is not None:
        return finding(Code.MAKER_LISTED, subject, fitting.name), fitting
    if not trust.current_at(at):
        return finding(Code.MAKER_LISTING_UNKNOWN, subject), None
    if then:
        return finding(Code.MAKER_GENERATION, subject, seal.generation.value), None
    if entries:
        return finding(Code.MAKER_NOT_LISTED_THEN, subject, f"{made:%Y-%m-%d}"), None
    return finding(Code.MAKER_NOT_LISTED, subject, f"certificate of SM3 {digest.hex()}"), None


def _validity(
    seal: Seal, signed: datetime | None, existed: datetime | None, subject: str, at: datetime
) -> Iterator[Finding]:
    own = seal.property
    if signed is None or own.created is None or own.valid_from is None or own.valid_to is None:
        yield finding(Code.SEAL_PERIOD_UNKNOWN, subject)
        return
    period = f"{day_text(own.valid_from)} to {day_text(own.valid_to)}, used {day_text(signed)}"
    if own.created > signed:
        yield finding(Code.SEAL_CREATED_LATER, subject, f"{own.created:%Y-%m-%d}, used {signed:%Y-%m-%d}")
    if signed < own.valid_from:
        yield finding(Code.SEAL_NOT_YET_VALID, subject, period)
    elif signed > own.valid_to:
        yield finding(Code.SEAL_EXPIRED, subject, period)
    elif at > own.valid_to:
        yield finding(Code.SEAL_EXPIRED_SINCE, subject, period)
        if existed is not None and existed > own.valid_to:
            yield finding(Code.TIMESTAMP_LATE, subject, f"{day_text(existed)}, the seal had expired")
    else:
        yield finding(Code.SEAL_IN_PERIOD, subject, period)


def _picture(picture: SealPicture, subject: str) -> Finding:
    if _is_picture(picture.format, picture.data):
        return finding(Code.SEAL_PICTURE_PRESENT, subject, picture.type)
    return finding(Code.SEAL_PICTURE, subject, f"{shown(picture.type)}, {len(picture.data)} octets")


def _is_picture(stated: str, data: bytes) -> bool:
    """Whether the data begins as its stated format does; an OFD or SVG imprint may have octets before it."""
    if stated == "ofd":
        return b"PK\x03\x04" in data[:_PICTURE_START]
    if stated == "svg":
        return b"<svg" in data[:_PICTURE_START]
    return data.startswith(_PICTURES.get(stated, ())) if stated in _PICTURES else False


def _imprints(picture: SealPicture, examined: Examined) -> Iterator[Finding]:
    """Whether the seal is drawn as large as its maker made it, as every seal in use is, and not all over a page.

    A seal may be put beside others; stretched over the page, or drawn a hundred times, it would hide what the
    others sealed.
    """
    stamps = examined.entry.file.stamps if examined.entry and examined.entry.file else ()
    for stamp in stamps:
        box = stamp.boundary
        if box.width > picture.width_mm * _LARGEST_SCALE or box.height > picture.height_mm * _LARGEST_SCALE:
            detail = f"{box.width:g} x {box.height:g} mm, made for {picture.width_mm} x {picture.height_mm} mm"
            yield finding(Code.SEAL_IMPRINT, examined.subject, detail)
            return
    page, times = max(Counter(stamp.page_ref for stamp in stamps).items(), key=_count, default=(0, 0))
    if times > _MOST_IMPRINTS:
        yield finding(Code.SEAL_IMPRINT, examined.subject, f"{times} times on page {page}")


def _count(item: tuple[int, int]) -> int:
    return item[1]


def judge_seal_files(examined: Examined) -> Iterator[Finding]:
    """Whether what lies beside a signature for showing its seal is that seal."""
    subject = examined.subject
    if examined.seal_file_matches is None:
        yield not_applicable(Step.SEAL_FILE, subject)
    elif examined.seal_file_matches:
        yield finding(Code.SEAL_MATCHES, subject)
    else:
        yield finding(Code.SEAL_MISMATCH if examined.kind is SignatureKind.SEAL else Code.SEAL_NOT_USED, subject)
    if examined.seal_image_matches is False:
        yield finding(Code.SEAL_IMAGE, subject)


def _signer(value: SealSignature, subject: str) -> Finding:
    """The signer's certificate, or its digest, is in the seal's list (GB/T 38540-2020 7.2 a3, 7.3)."""
    own = value.seal.property
    if own.cert_list_type is CertListType.CERTIFICATES:
        found = value.signer_certificate in own.certificates
        return finding(Code.SIGNER_IN_SEAL if found else Code.SIGNER_NOT_IN_SEAL, subject)
    digest = sm3(value.signer_certificate)
    if any(kind.upper() in _SM3_NAMES and each == digest for kind, each in own.certificate_digests):
        return finding(Code.SIGNER_IN_SEAL, subject)
    unknown = sorted({kind for kind, _ in own.certificate_digests if kind.upper() not in _SM3_NAMES})
    if unknown:
        return finding(Code.SIGNER_LIST_UNKNOWN, subject, ", ".join(shown(kind) for kind in unknown[:5]))
    return finding(Code.SIGNER_NOT_IN_SEAL, subject)
