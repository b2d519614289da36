"""One hostile or doubtful twin for every code that is not a plain pass.

Each case changes one thing about a document that passes, and names exactly the codes that must be reported: the
fault itself, and what follows from it. So the table shows both that nothing is overlooked and that nothing is
reported without cause.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from crypto import sm3
from formats import der, oids
from formats.gb32100 import CreditCode
from formats.gbt2260 import DivisionCode
from formats.gbt20518 import Extension, KeyUsage, RevocationReason
from formats.gbt20518 import extension_building as extensions
from formats.gbt20520 import Accuracy
from formats.gbt33190.signature_model import SignatureType
from formats.gbt35275 import assemble_signed_data, signed_attributes
from formats.gbt36904 import LicenceId, LicenceTypeCode
from formats.gbt38540 import ExtData, Generation, SealPicture
from tests.attacks.faces import NAME, OTHER, font_file, honest, named, with_font
from tests.attacks.faces import sealed as licence_face
from tests.unit.verifier.documents import (
    HEAD,
    NS,
    Entries,
    Recipe,
    codes,
    document,
    edit,
    metadata,
    seal_recipe,
    sealed,
    stored_zip,
    substitute,
    text_object,
    verified,
)
from tests.unit.verifier.nation import (
    BUREAU,
    DAY,
    FOUNDED,
    LICENCE_TYPE,
    NOW,
    OTHER_BUREAU,
    SIGNED,
    SIGNING,
    Holder,
    Nation,
    credit_code,
    crl,
    holder_extensions,
    issue,
    listed_issuer,
    listed_maker,
    name,
    nation,
    revoked,
)
from tests.unit.verifier.time_stamps import (
    STAMPING,
    stamp,
    stamped_nation,
    stamper,
    stamper_with,
    stamping_authority,
    token_for,
)
from verifier.code_table import CODES
from verifier.codes import Code, Outcome
from verifier.findings import Verdict
from verifier.policy import Policy
from verifier.trust_list_model import Days, Entitlement, Period, Regions, ServiceStatus, StatusChange

N = nation()
SIGNS = "Doc_0/Signs"
LIST = f"{SIGNS}/Signatures.xml"
SIGNATURE = f"{SIGNS}/Sign_0/Signature.xml"
VALUE = f"{SIGNS}/Sign_0/SignedValue.dat"
SEAL = f"{SIGNS}/Sign_0/Seal.esl"
PAGE = "Doc_0/Pages/Page_0/Content.xml"
PICTURE = "Doc_0/Res/image_3.png"
CRITICAL = ExtData("1.2.3.4", critical=True, value=b"x")


@dataclass(frozen=True)
class Twin:
    """A document, the nation that judges it, and exactly the codes it must give."""

    make: Callable[[], Entries | bytes]
    expected: set[Code]
    people: Callable[[], Nation] = nation
    options: dict[str, Any] = field(default_factory=dict)


def licence_with(**changes: str | None) -> Callable[[], Entries]:
    return lambda: sealed(metadata(**changes))


def seal_with(**changes: Any) -> Callable[[], Entries]:
    return lambda: sealed(seal=seal_recipe(**changes))


def people_with(**changes: Any) -> Callable[[], Nation]:
    return lambda: N.with_content(**changes)


def signed_by_holder(holder: Callable[[], Holder], **recipe: Any) -> Callable[[], Entries]:
    return lambda: sealed(holder=holder(), **recipe)


def maker_crl(reason: RevocationReason, when: datetime, *, invalid_since: datetime | None = None) -> Nation:
    entry = revoked(N.maker, when, reason, invalid_since)
    return N.with_content(crls=(crl(N.maker_authority, (entry,)), crl(N.holder_authority)))


def signer_crl(reason: RevocationReason, when: datetime) -> Nation:
    entry = revoked(N.bureau, when, reason)
    return N.with_content(crls=(crl(N.maker_authority), crl(N.holder_authority, (entry,))))


def stale(ca: Holder, other: Holder) -> Nation:
    old = crl(ca, this_update=NOW - 9 * DAY, next_update=NOW - DAY)
    return N.with_content(crls=(old, crl(other)))


def with_history(maker: bool, *changes: StatusChange) -> Nation:
    first, second = N.content.authorities
    entry = replace(first if maker else second, history=changes)
    return N.with_content(authorities=(entry, second) if maker else (first, entry))


GRANTED = StatusChange(ServiceStatus.GRANTED, FOUNDED)
LOST = StatusChange(ServiceStatus.WITHDRAWN, NOW - DAY, compromised=True)
GONE = StatusChange(ServiceStatus.WITHDRAWN, FOUNDED + DAY)
PLAIN_EXTENSIONS = holder_extensions(BUREAU)
UNKNOWN = Extension("1.2.3.4", critical=True, value=b"\x05\x00")
ENCIPHERING = (extensions.key_usage([KeyUsage.KEY_ENCIPHERMENT]), extensions.organization_code(BUREAU))
# A maker must be listed to be judged beyond its listing.
LISTED: dict[str, Holder] = {}


def maker_of(key: str, **options: Any) -> Holder:
    if key not in LISTED:
        LISTED[key] = issue(name("制章"), options.pop("issuer", N.maker_authority), **options)
    return LISTED[key]


def listing(key: str, **changes: Any) -> Nation:
    return N.with_content(seal_makers=(listed_maker(maker_of(key), **changes),))


def short_period() -> tuple[datetime, datetime]:
    return FOUNDED + 100 * DAY, FOUNDED + 200 * DAY


def moved() -> Entries:
    """Signature.xml at another place, the list pointing there."""
    entries = sealed()
    place = f"{SIGNS}/Sign_7/Signature.xml"
    entries = {**edit(entries, LIST, f"/{SIGNATURE}", f"/{place}"), place: entries[SIGNATURE]}
    del entries[SIGNATURE]
    return entries


def without(entries: Entries, *names: str) -> Entries:
    return {name: data for name, data in entries.items() if name not in names}


def twice() -> Entries:
    """Sealed by the bureau, then by another one; the second covers the first's files."""
    return Recipe(holder=N.other_bureau).apply(sealed())


def hidden() -> Entries:
    """The first of two signatures taken out of the list; its files stay, covered by the second."""
    return substitute(twice(), LIST, r'<ofd:Signature ID="s001"[^>]*/>', "")


def partial() -> Entries:
    """The first seal leaves the template page out, the second covers all."""
    template = "Doc_0/Tpls/Tpl_0/Content.xml"

    def leave_out(xml: bytes) -> bytes:
        changed, count = re.subn(
            rb'<ofd:Reference FileRef="/' + template.encode() + rb'">.*?</ofd:Reference>', b"", xml
        )
        assert count == 1
        return changed

    first = Recipe(change_xml=leave_out, holder=N.other_bureau).apply(document(()))
    return Recipe().apply(first)


def integrity(extra: bool = False, lacking: bool = False) -> Entries:
    """A sealed document under the whole-package list of GM/T 0099."""
    entries = sealed(())
    names = [*entries, "gone.xml"] if lacking else list(entries)
    rows = "".join(f'<ofd:File ID="{place}" FileLoc="/{each}"/>' for place, each in enumerate(names))
    text = (
        f'{HEAD}<ofd:DocEntries {NS} ID="1"><ofd:SignedValueLoc>/entries.dat</ofd:SignedValueLoc>'
        f"<ofd:FileList>{rows}</ofd:FileList></ofd:DocEntries>"
    ).encode()
    attributes = signed_attributes(sm3(text), SIGNED)
    value = assemble_signed_data(
        signature=N.bureau.sign(attributes), signer_certificate=N.bureau.certificate.encoded, attributes=attributes
    )
    result = {**entries, "OFDEntries.xml": text, "entries.dat": value}
    return {**result, "extra.xml": b"<a/>"} if extra else result


def beside_signature(seal: str, kind: SignatureType = SignatureType.SEAL) -> Entries:
    """A signature whose Signature.xml names this seal, or one more thing, for showing."""

    def change(xml: bytes) -> bytes:
        without_seal = re.sub(rb"<ofd:Seal>.*?</ofd:Seal>", b"", xml)
        return without_seal.replace(b"</ofd:SignedInfo>", f"<ofd:Seal>{seal}</ofd:Seal></ofd:SignedInfo>".encode())

    return sealed((), kind=kind, change_xml=change)


def two_bodies() -> Entries:
    """A second document body, sealed along, beside a licence."""
    entries = document(metadata())
    body = (
        "<ofd:DocBody><ofd:DocInfo><ofd:DocID>1</ofd:DocID></ofd:DocInfo>"
        "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
    )
    return Recipe().apply(edit(entries, "OFD.xml", "</ofd:OFD>", body))


def other_licence_type() -> str:
    return f"{credit_code('11100000MB0327169')}001"


def identifier(type_code: str = LICENCE_TYPE, issuer: str = BUREAU) -> str:
    return str(LicenceId.build(LicenceTypeCode.parse(type_code), CreditCode.parse(issuer), "A0000000001"))


UNKNOWN_TYPE = f"{credit_code('11100000MB0143029')}001"
"""A licence type whose face is not known."""


def unknown_type() -> Entries:
    return honest(ZZLXDM=UNKNOWN_TYPE, ZZBS=identifier(type_code=UNKNOWN_TYPE))


def exchanged_glyphs() -> Entries:
    """The name's text with the glyphs of other characters, in a font that says which are whose."""
    font = font_file({character: place for place, character in enumerate(sorted({*NAME, *OTHER}), start=1)})
    order = sorted({*NAME, *OTHER})
    glyphs = " ".join(str(order.index(character) + 1) for character in OTHER)
    transform = (
        f'<ofd:CGTransform CodePosition="0" CodeCount="8" GlyphCount="8"><ofd:Glyphs>{glyphs}</ofd:Glyphs>'
        "</ofd:CGTransform><ofd:TextCode"
    )
    text = text_object(32, 60, 92.0, NAME).replace('Font="6"', 'Font="9"').replace("<ofd:TextCode", transform)
    return with_font(named(text), 9, font)


def with_algorithm(entries: Entries, algorithm: bytes) -> Entries:
    """The algorithm of the outer signature, the last one in the value, replaced."""
    before, _, after = entries[VALUE].rpartition(SM2_WITH_SM3)
    return {**entries, VALUE: before + algorithm + after}


SM2_WITH_SM3 = bytes.fromhex("06082a811ccf55018375")
RSA_WITH_SM3 = bytes.fromhex("06082a811ccf55018378")
NOT_ISSUERS = Code.ISSUER_NOT_SEALED
DIVISION = DivisionCode("980000")


def stamped(
    token: Callable[[bytes], bytes], people: Callable[[], Nation] = stamped_nation, **options: Any
) -> "StampedTwin":
    """A sealed document with such a token; it must give the one code that the entry is for."""
    return StampedTwin(token, people, options)


@dataclass(frozen=True)
class StampedTwin:
    token: Callable[[bytes], bytes]
    people: Callable[[], Nation]
    options: dict[str, Any]


def broken(token: bytes) -> bytes:
    """The last octet of the signature flipped."""
    return token[:-1] + bytes([token[-1] ^ 1])


def other_certificate(value: bytes) -> bytes:
    """A token whose certificate was exchanged for another one of the same key, name and serial number."""
    own = stamper()
    twin = issue(
        own.certificate.subject,
        stamping_authority(),
        extra=STAMPING,
        key=own.key,
        serial=own.certificate.serial_number,
        period=(FOUNDED, NOW + 900 * DAY),
    )
    return token_for(value, by=own, certificates=(twin.certificate.encoded,))


def unreadable_certificate(value: bytes) -> bytes:
    """A certificate of the right issuer and serial number, and nothing else that reads."""
    parts = [each.encoded for each in der.parse(stamper().certificate.encoded)]
    own = [each.encoded for each in der.parse(parts[0])]
    own[4] = der.sequence()  # validity
    wrong = der.sequence(der.sequence(*own), *parts[1:])
    return token_for(value, certificates=(wrong,))


TWINS: dict[Code, Twin | StampedTwin] = {
    # ------------------------------------------------------------------ trust list
    Code.TRUST_LIST_EXPIRED: Twin(
        sealed,
        {Code.TRUST_LIST_EXPIRED},
        lambda: N.with_content(issued=NOW - 9 * DAY, next_update=NOW - DAY),
    ),
    Code.TRUST_LIST_NOT_YET_ISSUED: Twin(
        sealed,
        {Code.TRUST_LIST_NOT_YET_ISSUED},
        lambda: N.with_content(issued=NOW + DAY, next_update=NOW + 9 * DAY),
    ),
    # ------------------------------------------------------------------ package
    Code.PACKAGE_ANOMALY: Twin(lambda: b"%PDF-1.7\n" + stored_zip(list(sealed().items())), {Code.PACKAGE_ANOMALY}),
    Code.PACKAGE_ENCRYPTED: Twin(
        lambda: {**sealed(), "Encryptions.xml": f"<ofd:Encryptions {NS}/>".encode()},
        {Code.PACKAGE_ENCRYPTED, Code.COVERAGE_MISSING},
    ),
    Code.PACKAGE_AMBIGUOUS: Twin(
        lambda: {**without(sealed(), PAGE), PAGE.lower(): sealed()[PAGE]}, {Code.PACKAGE_AMBIGUOUS}
    ),
    Code.PACKAGE_DOCUMENT: Twin(
        lambda: Recipe().apply(document(())) | {"Doc_0/Document.xml": b"<broken"},
        {Code.PACKAGE_DOCUMENT, Code.REFERENCE, Code.COVERAGE_MISSING},
    ),
    # ------------------------------------------------------------------ list of signatures
    Code.UNSIGNED: Twin(lambda: document(()), {Code.UNSIGNED, Code.COVERAGE_MISSING}),
    Code.SIGNATURE_LIST_MALFORMED: Twin(
        lambda: sealed() | {LIST: b"<Signatures>"},
        {Code.SIGNATURE_LIST_MALFORMED, Code.COVERAGE_MISSING, Code.SIGNATURE_NOT_LISTED, Code.ISSUER_NOT_SEALED},
    ),
    Code.SIGNATURE_ID_REPEATED: Twin(
        lambda: edit(twice(), LIST, 'ID="s003"', 'ID="s001"'), {Code.SIGNATURE_ID_REPEATED}
    ),
    Code.SIGNATURE_LISTED_TWICE: Twin(
        lambda: edit(
            sealed(),
            LIST,
            "</ofd:Signatures>",
            f'<ofd:Signature ID="s009" Type="Seal" BaseLoc="/{SIGNATURE}"/></ofd:Signatures>',
        ),
        {Code.SIGNATURE_LISTED_TWICE},
    ),
    Code.SIGNATURE_NOT_LISTED: Twin(hidden, {Code.SIGNATURE_NOT_LISTED, Code.ISSUER_NOT_SEALED}),
    Code.SIGNATURE_BASE_MISSING: Twin(
        lambda: edit(sealed(), LIST, 'Type="Seal"', 'Type="Seal" Relative="s077"'), {Code.SIGNATURE_BASE_MISSING}
    ),
    Code.SIGNATURES_TOO_MANY: Twin(
        twice,
        {Code.SIGNATURES_TOO_MANY, Code.COVERAGE_MISSING, Code.SIGNATURE_NOT_LISTED},
        options={"policy": Policy(signatures=1)},
    ),
    # ------------------------------------------------------------------ format
    Code.FORMAT: Twin(lambda: sealed(()) | {VALUE: b"\x30\x03\x30\x01\x00"}, {Code.FORMAT, Code.COVERAGE_MISSING}),
    Code.FORMAT_FILE_MISSING: Twin(
        lambda: without(sealed(()), VALUE), {Code.FORMAT_FILE_MISSING, Code.COVERAGE_MISSING}
    ),
    Code.FORMAT_TYPE: Twin(
        lambda: edit(sealed(), LIST, 'Type="Seal"', 'Type="Sign"'), {Code.FORMAT_TYPE, Code.ISSUER_NOT_SEALED}
    ),
    Code.FORMAT_VERSION: Twin(lambda: sealed((), version=Generation.V5), {Code.FORMAT_VERSION}),
    Code.FORMAT_ALGORITHM: Twin(
        lambda: with_algorithm(sealed(()), RSA_WITH_SM3), {Code.FORMAT_ALGORITHM, Code.COVERAGE_MISSING}
    ),
    Code.FORMAT_GENERATION: Twin(
        lambda: sealed((), seal=seal_recipe(generation=Generation.V1)),
        {Code.FORMAT_GENERATION},
        options={"policy": Policy(generations=frozenset({Generation.V4, Generation.V5}))},
    ),
    Code.FORMAT_EXTENSION: Twin(lambda: sealed((), extensions=(CRITICAL,)), {Code.FORMAT_EXTENSION}),
    Code.FORMAT_SHAPE: Twin(lambda: sealed((), kind=SignatureType.SIGN, shape="whole"), {Code.FORMAT_SHAPE}),
    Code.FORMAT_BARE: Twin(
        lambda: sealed((), kind=SignatureType.SIGN, shape="bare"),
        {Code.FORMAT_BARE, Code.SIGNATURE_WITHOUT_KEY, Code.COVERAGE_UNDECIDED},
    ),
    # ------------------------------------------------------------------ signature and seal
    Code.SIGNATURE: Twin(lambda: sealed((), signed_by=N.other_bureau), {Code.SIGNATURE, Code.COVERAGE_MISSING}),
    Code.SIGNER_NOT_IN_SEAL: Twin(
        lambda: sealed((), seal=seal_recipe(holders=(N.other_bureau.certificate.encoded,))),
        {Code.SIGNER_NOT_IN_SEAL},
    ),
    Code.SIGNER_LIST_UNKNOWN: Twin(
        lambda: sealed((), seal=seal_recipe(digests=(("SHA1", b"\0" * 20),))), {Code.SIGNER_LIST_UNKNOWN}
    ),
    Code.SEAL_SIGNATURE: Twin(lambda: sealed((), seal=seal_recipe(signed_by=N.bureau)), {Code.SEAL_SIGNATURE}),
    Code.SEAL_EXPIRED: Twin(
        seal_with(valid_to=SIGNED - timedelta(seconds=1)), {Code.SEAL_EXPIRED, Code.ISSUER_NOT_SEALED}
    ),
    Code.SEAL_NOT_YET_VALID: Twin(
        seal_with(valid_from=SIGNED + timedelta(seconds=1)), {Code.SEAL_NOT_YET_VALID, Code.ISSUER_NOT_SEALED}
    ),
    Code.SEAL_CREATED_LATER: Twin(
        seal_with(created=SIGNED + timedelta(seconds=1)), {Code.SEAL_CREATED_LATER, Code.ISSUER_NOT_SEALED}
    ),
    Code.SEAL_PICTURE: Twin(
        lambda: sealed((), seal=seal_recipe(picture=SealPicture("png", b"\xff\xd8\xff\xe0", 40, 40))),
        {Code.SEAL_PICTURE},
    ),
    Code.SEAL_MISMATCH: Twin(
        lambda: sealed(()) | {SEAL: seal_recipe(name="冒名印章").make(N, N.bureau)},
        {Code.SEAL_MISMATCH, Code.REFERENCE, Code.COVERAGE_MISSING},
    ),
    Code.SEAL_NOT_USED: Twin(
        lambda: beside_signature(f"<ofd:BaseLoc>/{PICTURE}</ofd:BaseLoc>", SignatureType.SIGN),
        {Code.SEAL_NOT_USED},
    ),
    Code.SEAL_IMAGE: Twin(
        lambda: beside_signature(f"<ofd:BaseLoc>/{SEAL}</ofd:BaseLoc><ofd:ImageLoc>/{PAGE}</ofd:ImageLoc>"),
        {Code.SEAL_IMAGE},
    ),
    Code.SEAL_IMPRINT: Twin(
        lambda: sealed((), change_xml=lambda xml: xml.replace(b'"130 230 40 40"', b'"0 0 210 297"')),
        {Code.SEAL_IMPRINT},
    ),
    # ------------------------------------------------------------------ maker
    Code.MAKER_CERT_UNTRUSTED: Twin(
        lambda: sealed((), seal=seal_recipe(maker=maker_of("stranger", issuer=None))),
        {Code.MAKER_CERT_UNTRUSTED},
        lambda: listing("stranger"),
    ),
    Code.MAKER_CERT_PERIOD: Twin(
        lambda: sealed((), seal=seal_recipe(maker=maker_of("short", period=short_period()))),
        {Code.MAKER_CERT_PERIOD, Code.MAKER_CERT_STATUS_STALE},
        lambda: listing("short"),
    ),
    Code.MAKER_CERT_REVOKED: Twin(
        lambda: sealed(()), {Code.MAKER_CERT_REVOKED}, lambda: maker_crl(RevocationReason.SUPERSEDED, FOUNDED)
    ),
    Code.MAKER_CERT_HELD: Twin(
        lambda: sealed(()), {Code.MAKER_CERT_HELD}, lambda: maker_crl(RevocationReason.CERTIFICATE_HOLD, FOUNDED)
    ),
    Code.MAKER_CERT_KEY_USAGE: Twin(
        lambda: sealed((), seal=seal_recipe(maker=maker_of("cipher", extra=ENCIPHERING))),
        {Code.MAKER_CERT_KEY_USAGE},
        lambda: listing("cipher"),
    ),
    Code.MAKER_CERT_AUTHORITY_WITHDRAWN: Twin(
        lambda: sealed(()), {Code.MAKER_CERT_AUTHORITY_WITHDRAWN}, lambda: with_history(True, GRANTED, GONE)
    ),
    Code.MAKER_CERT_AUTHORITY_COMPROMISED: Twin(
        lambda: sealed(()), {Code.MAKER_CERT_AUTHORITY_COMPROMISED}, lambda: with_history(True, GRANTED, LOST)
    ),
    Code.MAKER_CERT_EXTENSION: Twin(
        lambda: sealed((), seal=seal_recipe(maker=maker_of("extension", extra=(SIGNING, UNKNOWN)))),
        {Code.MAKER_CERT_EXTENSION},
        lambda: listing("extension"),
    ),
    Code.MAKER_CERT_STATUS_UNKNOWN: Twin(
        lambda: sealed(()), {Code.MAKER_CERT_STATUS_UNKNOWN}, people_with(crls=(crl(N.holder_authority),))
    ),
    Code.MAKER_CERT_STATUS_STALE: Twin(
        lambda: sealed(()), {Code.MAKER_CERT_STATUS_STALE}, lambda: stale(N.maker_authority, N.holder_authority)
    ),
    Code.MAKER_CERT_COMPROMISED_SINCE: Twin(
        lambda: sealed(()),
        {Code.MAKER_CERT_COMPROMISED_SINCE},
        lambda: maker_crl(RevocationReason.KEY_COMPROMISE, NOW - DAY),
    ),
    Code.MAKER_CERT_UNDECIDED: Twin(
        lambda: sealed((), seal=seal_recipe(maker=maker_of("stranger", issuer=None))),
        {Code.MAKER_CERT_UNDECIDED, Code.TRUST_LIST_EXPIRED},
        lambda: listing("stranger").with_content(issued=NOW - 9 * DAY, next_update=NOW - DAY),
    ),
    Code.MAKER_NOT_LISTED: Twin(lambda: sealed(()), {Code.MAKER_NOT_LISTED}, people_with(seal_makers=())),
    Code.MAKER_NOT_LISTED_THEN: Twin(
        lambda: sealed(()),
        {Code.MAKER_NOT_LISTED_THEN},
        people_with(seal_makers=(listed_maker(N.maker, listed=Period(SIGNED)),)),
    ),
    Code.MAKER_GENERATION: Twin(
        lambda: sealed(()),
        {Code.MAKER_GENERATION},
        people_with(seal_makers=(listed_maker(N.maker, generations=frozenset({Generation.V5})),)),
    ),
    Code.MAKER_LISTING_UNKNOWN: Twin(
        lambda: sealed(()),
        {Code.MAKER_LISTING_UNKNOWN, Code.TRUST_LIST_EXPIRED},
        people_with(seal_makers=(), issued=NOW - 9 * DAY, next_update=NOW - DAY),
    ),
    # ------------------------------------------------------------------ signer
    Code.SIGNER_CERT_UNTRUSTED: Twin(
        signed_by_holder(lambda: issue(name("陌生"), None, extra=PLAIN_EXTENSIONS)),
        {Code.SIGNER_CERT_UNTRUSTED, Code.ISSUER_NOT_SEALED},
    ),
    Code.SIGNER_CERT_PERIOD: Twin(
        signed_by_holder(
            lambda: issue(name("短"), N.holder_authority, extra=PLAIN_EXTENSIONS, period=(FOUNDED, SIGNED - DAY))
        ),
        {Code.SIGNER_CERT_PERIOD, Code.TIME, Code.SIGNER_CERT_STATUS_STALE, Code.ISSUER_NOT_SEALED},
    ),
    Code.TIME: Twin(
        signed_by_holder(
            lambda: issue(name("晚"), N.holder_authority, extra=PLAIN_EXTENSIONS, period=(SIGNED + DAY, NOW + DAY))
        ),
        {Code.SIGNER_CERT_PERIOD, Code.TIME, Code.ISSUER_NOT_SEALED},
    ),
    Code.SIGNER_CERT_REVOKED: Twin(
        sealed,
        {Code.SIGNER_CERT_REVOKED, Code.ISSUER_NOT_SEALED},
        lambda: signer_crl(RevocationReason.CESSATION_OF_OPERATION, SIGNED),
    ),
    Code.SIGNER_CERT_HELD: Twin(
        sealed,
        {Code.SIGNER_CERT_HELD, Code.ISSUER_NOT_SEALED},
        lambda: signer_crl(RevocationReason.CERTIFICATE_HOLD, SIGNED - DAY),
    ),
    Code.SIGNER_CERT_KEY_USAGE: Twin(
        signed_by_holder(lambda: issue(name("加密"), N.holder_authority, extra=ENCIPHERING)),
        {Code.SIGNER_CERT_KEY_USAGE, Code.ISSUER_NOT_SEALED},
    ),
    Code.SIGNER_CERT_AUTHORITY_WITHDRAWN: Twin(
        lambda: sealed(()), {Code.SIGNER_CERT_AUTHORITY_WITHDRAWN}, lambda: with_history(False, GRANTED, GONE)
    ),
    Code.SIGNER_CERT_AUTHORITY_COMPROMISED: Twin(
        lambda: sealed(()), {Code.SIGNER_CERT_AUTHORITY_COMPROMISED}, lambda: with_history(False, GRANTED, LOST)
    ),
    Code.SIGNER_CERT_EXTENSION: Twin(
        signed_by_holder(lambda: issue(name("扩展"), N.holder_authority, extra=(*PLAIN_EXTENSIONS, UNKNOWN))),
        {Code.SIGNER_CERT_EXTENSION, Code.ISSUER_SEAL_UNKNOWN},
    ),
    Code.SIGNER_CERT_STATUS_UNKNOWN: Twin(
        sealed,
        {Code.SIGNER_CERT_STATUS_UNKNOWN, Code.ISSUER_SEAL_UNKNOWN},
        people_with(crls=(crl(N.maker_authority),)),
    ),
    Code.SIGNER_CERT_STATUS_STALE: Twin(
        sealed,
        {Code.SIGNER_CERT_STATUS_STALE, Code.ISSUER_SEAL_UNKNOWN},
        lambda: stale(N.holder_authority, N.maker_authority),
    ),
    Code.SIGNER_CERT_COMPROMISED_SINCE: Twin(
        sealed,
        {Code.SIGNER_CERT_COMPROMISED_SINCE, Code.ISSUER_SEAL_UNKNOWN},
        lambda: signer_crl(RevocationReason.KEY_COMPROMISE, NOW - DAY),
    ),
    Code.SIGNER_CERT_UNDECIDED: Twin(
        lambda: sealed((), holder=issue(name("陌生"), None, extra=PLAIN_EXTENSIONS)),
        {Code.SIGNER_CERT_UNDECIDED, Code.TRUST_LIST_EXPIRED},
        lambda: N.with_content(issued=NOW - 9 * DAY, next_update=NOW - DAY),
    ),
    Code.TIME_FUTURE: Twin(lambda: sealed((), at=NOW + timedelta(seconds=1)), {Code.TIME_FUTURE}),
    Code.TIME_UNKNOWN: Twin(
        lambda: sealed(
            (),
            kind=SignatureType.SIGN,
            shape="A",
            holder=issue(name("短"), N.holder_authority, extra=PLAIN_EXTENSIONS, period=(FOUNDED, NOW - DAY)),
        ),
        {Code.TIME_UNKNOWN, Code.SIGNER_CERT_UNDECIDED},
    ),
    # ------------------------------------------------------------------ what is signed
    Code.DATA_HASH: Twin(
        lambda: edit(sealed(()), SIGNATURE, 'ProviderName="Xinyin"', 'ProviderName="xinyin"'),
        {Code.DATA_HASH, Code.COVERAGE_MISSING},
    ),
    Code.REFERENCE: Twin(
        lambda: edit(sealed(()), PAGE, "20 20 30 30", "20 20 30 31"), {Code.REFERENCE, Code.COVERAGE_MISSING}
    ),
    Code.REFERENCE_MISSING: Twin(lambda: without(sealed(()), PAGE), {Code.REFERENCE_MISSING}),
    Code.REFERENCE_ALGORITHM: Twin(
        lambda: sealed((), change_xml=lambda xml: xml.replace(b"1.2.156.10197.1.401", b"MD5")),
        {Code.REFERENCE_ALGORITHM, Code.COVERAGE_MISSING},
    ),
    Code.REFERENCE_NONE: Twin(
        lambda: sealed(
            (),
            change_xml=lambda xml: xml[: xml.index(b"<ofd:Reference ")] + xml[xml.index(b"</ofd:References>") :],
        ),
        {Code.REFERENCE_NONE, Code.COVERAGE_MISSING},
    ),
    Code.PROPERTY_INFO: Twin(moved, {Code.PROPERTY_INFO, Code.ISSUER_NOT_SEALED}),
    # ------------------------------------------------------------------ time stamp
    Code.TIMESTAMP_UNJUDGED: Twin(
        lambda: sealed((), seal=seal_recipe(generation=Generation.V1), time_info=token_for(b"which octets?")),
        {Code.TIMESTAMP_UNJUDGED, Code.TIME_UNKNOWN, Code.SEAL_PERIOD_UNKNOWN},
        stamped_nation,
    ),
    Code.TIMESTAMP_FORMAT: stamped(lambda _: b"\x30\x03\x02\x01\x01"),
    Code.TIMESTAMP_IMPRINT: stamped(lambda _: token_for(b"something else")),
    Code.TIMESTAMP_IMPRINT_FORM: stamped(lambda value: token_for(b"\0" + value)),
    Code.TIMESTAMP_ALGORITHM: stamped(stamp(algorithm=oids.SHA256)),
    Code.TIMESTAMP_EXTENSION: stamped(stamp(extensions=(UNKNOWN,))),
    Code.TIMESTAMP_SIGNATURE: stamped(lambda value: broken(token_for(value))),
    Code.TIMESTAMP_ORDER: stamped(stamp(at=SIGNED - timedelta(seconds=1))),
    Code.TIMESTAMP_FUTURE: stamped(stamp(at=NOW + timedelta(seconds=1))),
    Code.TIMESTAMP_INACCURATE: stamped(stamp(accuracy=Accuracy(61))),
    Code.TIMESTAMP_LATE: stamped(stamp(), policy=Policy(time_stamp_delay=timedelta(seconds=1))),
    Code.TIMESTAMP_CERT: stamped(unreadable_certificate),
    Code.TIMESTAMP_CERT_MISSING: stamped(stamp(certificates=())),
    Code.TIMESTAMP_CERT_BINDING: stamped(other_certificate),
    Code.TIMESTAMP_CERT_KEY_USAGE: stamped(
        lambda value: token_for(
            value,
            by=stamper_with(extensions.extended_key_usage([oids.KP_TIME_STAMPING], critical=False)),
        )
    ),
    Code.TIMESTAMP_CERT_PERIOD: stamped(
        lambda value: token_for(value, by=stamper_with(period=(SIGNED + DAY, NOW + DAY)))
    ),
    Code.TIMESTAMP_CERT_REVOKED: stamped(
        stamp(), lambda: stamped_nation([revoked(stamper(), SIGNED, RevocationReason.SUPERSEDED)])
    ),
    Code.TIMESTAMP_CERT_HELD: stamped(
        stamp(), lambda: stamped_nation([revoked(stamper(), SIGNED, RevocationReason.CERTIFICATE_HOLD)])
    ),
    Code.TIMESTAMP_CERT_UNTRUSTED: stamped(lambda value: token_for(value, by=stamper_with(issuer=None))),
    Code.TIMESTAMP_CERT_UNDECIDED: Twin(
        lambda: sealed((), time_stamp=lambda value: token_for(value, by=stamper_with(issuer=None))),
        {Code.TIMESTAMP_CERT_UNDECIDED, Code.TRUST_LIST_EXPIRED},
        lambda: stamped_nation().with_content(issued=NOW - 9 * DAY, next_update=NOW - DAY),
    ),
    Code.TIMESTAMP_CERT_EXTENSION: stamped(lambda value: token_for(value, by=stamper_with(*STAMPING, UNKNOWN))),
    Code.TIMESTAMP_CERT_AUTHORITY_WITHDRAWN: stamped(stamp(), lambda: stamped_nation(history=(GRANTED, GONE))),
    Code.TIMESTAMP_CERT_AUTHORITY_COMPROMISED: stamped(stamp(), lambda: stamped_nation(history=(GRANTED, LOST))),
    Code.TIMESTAMP_CERT_COMPROMISED_SINCE: stamped(
        stamp(), lambda: stamped_nation([revoked(stamper(), NOW - DAY, RevocationReason.KEY_COMPROMISE)])
    ),
    Code.TIMESTAMP_CERT_STATUS_UNKNOWN: stamped(stamp(), lambda: stamped_nation(crls=())),
    Code.TIMESTAMP_CERT_STATUS_STALE: stamped(
        stamp(),
        lambda: stamped_nation(
            crls=(crl(stamping_authority(), this_update=NOW - 9 * DAY, next_update=NOW - DAY),)
        ),
    ),
    Code.INTEGRITY_FILE_UNLISTED: Twin(
        lambda: integrity(extra=True), {Code.INTEGRITY_FILE_UNLISTED, Code.COVERAGE_MISSING}
    ),
    Code.INTEGRITY_FILE_MISSING: Twin(lambda: integrity(lacking=True), {Code.INTEGRITY_FILE_MISSING}),
    # ------------------------------------------------------------------ coverage
    Code.COVERAGE_MISSING: Twin(lambda: {**sealed(()), "Doc_0/new.xml": b"<a/>"}, {Code.COVERAGE_MISSING}),
    Code.COVERAGE_PARTIAL: Twin(partial, {Code.COVERAGE_PARTIAL}),
    # ------------------------------------------------------------------ licence
    Code.METADATA: Twin(licence_with(ZZYXQJZRQ="20310299"), {Code.METADATA}),
    Code.METADATA_INCOMPLETE: Twin(licence_with(ZZBH=None), {Code.METADATA_INCOMPLETE}),
    Code.METADATA_SEVERAL: Twin(two_bodies, {Code.METADATA_SEVERAL}),
    Code.IDENTIFIER: Twin(lambda: sealed(metadata(ZZBS=identifier()[:-1] + "0")), {Code.IDENTIFIER}),
    Code.IDENTIFIER_TYPE: Twin(
        lambda: sealed(metadata(ZZBS=identifier(type_code=other_licence_type()))), {Code.IDENTIFIER_TYPE}
    ),
    Code.IDENTIFIER_ISSUER: Twin(
        lambda: sealed(metadata(ZZBS=identifier(issuer=OTHER_BUREAU))), {Code.IDENTIFIER_ISSUER}
    ),
    Code.ISSUER_NOT_LISTED: Twin(
        sealed,
        {Code.ISSUER_NOT_LISTED, Code.ISSUER_SEAL_UNKNOWN},
        people_with(issuers=(listed_issuer(OTHER_BUREAU),)),
    ),
    Code.ISSUER_TYPE: Twin(
        sealed,
        {Code.ISSUER_TYPE},
        lambda: N.with_content(
            issuers=(
                listed_issuer(
                    entitlements=(Entitlement(other_licence_type(), frozenset(), Days(date(2025, 1, 1))),)
                ),
            )
        ),
    ),
    Code.ISSUER_ITEM: Twin(
        licence_with(KZ_GLSXDM="000100101000"),
        {Code.ISSUER_ITEM},
        lambda: N.with_content(
            issuers=(
                listed_issuer(
                    entitlements=(Entitlement(LICENCE_TYPE, frozenset({"000100202000"}), Days(date(2025, 1, 1))),)
                ),
            )
        ),
    ),
    Code.ISSUER_ITEM_UNSTATED: Twin(
        sealed,
        {Code.ISSUER_ITEM_UNSTATED},
        lambda: N.with_content(
            issuers=(
                listed_issuer(
                    entitlements=(Entitlement(LICENCE_TYPE, frozenset({"000100202000"}), Days(date(2025, 1, 1))),)
                ),
            )
        ),
    ),
    Code.ISSUER_PERIOD: Twin(
        sealed,
        {Code.ISSUER_PERIOD},
        lambda: N.with_content(
            issuers=(
                listed_issuer(entitlements=(Entitlement(LICENCE_TYPE, frozenset(), Days(date(2026, 3, 2))),)),
            )
        ),
    ),
    Code.ISSUER_UNKNOWN: Twin(
        sealed,
        {Code.ISSUER_UNKNOWN, Code.ISSUER_SEAL_UNKNOWN, Code.TRUST_LIST_EXPIRED},
        people_with(issuers=(), issued=NOW - 9 * DAY, next_update=NOW - DAY),
    ),
    Code.ISSUER_NOT_SEALED: Twin(lambda: sealed(holder=N.other_bureau), {Code.ISSUER_NOT_SEALED}),
    Code.ISSUER_SEAL_REGION: Twin(
        sealed,
        {Code.ISSUER_SEAL_REGION},
        people_with(seal_makers=(listed_maker(N.maker, regions=Regions((DIVISION,))),)),
    ),
    Code.ISSUER_SEAL_UNKNOWN: Twin(
        lambda: sealed(holder=issue(name("无代码"), N.holder_authority)), {Code.ISSUER_SEAL_UNKNOWN}
    ),
    Code.LICENCE_EXPIRED: Twin(licence_with(ZZYXQJZRQ="20260531"), {Code.LICENCE_EXPIRED}),
    Code.LICENCE_NOT_YET_VALID: Twin(licence_with(ZZYXQQSRQ="20260602"), {Code.LICENCE_NOT_YET_VALID}),
    Code.LICENCE_COPY_EXPIRED: Twin(licence_with(JZJYXQJZSJ="20260601075959"), {Code.LICENCE_COPY_EXPIRED}),
    Code.FACE_DIFFERS: Twin(lambda: licence_face(named(text_object(32, 60, 92.0, OTHER))), {Code.FACE_DIFFERS}),
    Code.FACE_HIDDEN: Twin(
        lambda: licence_face(named(text_object(32, 60, 92.0, NAME, color="255 255 255"))), {Code.FACE_HIDDEN}
    ),
    Code.FACE_GLYPH_MISMATCH: Twin(
        lambda: licence_face(exchanged_glyphs()), {Code.FACE_GLYPH_MISMATCH, Code.FACE_DIFFERS}
    ),
    Code.FACE_MISSING: Twin(lambda: licence_face(named("")), {Code.FACE_MISSING}),
    Code.FACE_NOT_SHOWN: Twin(
        lambda: licence_face(named("", entries=unknown_type())),
        {Code.FACE_NOT_SHOWN},
        lambda: N.with_content(
            issuers=(
                listed_issuer(entitlements=(Entitlement(UNKNOWN_TYPE, frozenset(), Days(date(2025, 1, 1))),)),
            )
        ),
    ),
    Code.FACE_UNDECIDED: Twin(
        lambda: licence_face(named(text_object(32, 60, 92.0, NAME, color="225 225 225"))),
        {Code.FACE_UNDECIDED},
    ),
    Code.FACE_UNREADABLE: Twin(
        lambda: licence_face({**honest(), PAGE: f"{HEAD}<ofd:Page {NS}/>".encode()}), {Code.FACE_UNREADABLE}
    ),
}
ELSEWHERE = {
    # without any trust list: test_verification.test_without_trust_facts_only
    Code.TRUST_LIST_NONE, Code.MAKER_CERT_NO_TRUST, Code.SIGNER_CERT_NO_TRUST,
    # octets no writer of ours makes: test_verification
    Code.MAKER_CERT, Code.SIGNER_CERT, Code.SEAL_PERIOD_UNKNOWN, Code.DATA_HASH_ALGORITHM,
    # beside FORMAT_BARE above
    Code.SIGNATURE_WITHOUT_KEY, Code.COVERAGE_UNDECIDED,
    # without any trust list: test_time_stamp.test_without_trust
    Code.TIMESTAMP_CERT_NO_TRUST,
}  # fmt: skip


@pytest.mark.parametrize("code", TWINS, ids=str)
def test_twin(code: Code) -> None:
    """Exactly these codes, and the verdict they make."""
    twin = TWINS[code]
    if isinstance(twin, StampedTwin):
        token = twin.token
        twin = Twin(lambda: sealed((), time_stamp=token), {code}, twin.people, twin.options)
    report = verified(twin.make(), twin.people(), **twin.options)
    assert codes(report) == twin.expected
    assert code in twin.expected
    failed = any(CODES[each].outcome is Outcome.FAILED for each in twin.expected)
    assert report.verdict is (Verdict.FAILED if failed else Verdict.INDETERMINATE)


def test_every_code_has_a_twin() -> None:
    """A code that is added gets its twin."""
    wanted = {code for code, facts in CODES.items() if facts.outcome in {Outcome.FAILED, Outcome.UNDETERMINED}}
    assert set(TWINS) | ELSEWHERE == wanted
    assert not set(TWINS) & ELSEWHERE
