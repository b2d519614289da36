"""Whole documents: what passes, what a bare file says, what never changes a report."""

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from crypto import signature_to_raw, sm3
from formats import der
from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt2260 import DivisionCode
from formats.gbt20518 import RevocationReason
from formats.gbt33190.package import PackageLimits
from formats.gbt33190.package_writer import write_package
from formats.gbt33190.signature_model import SignatureType
from formats.gbt33190.signing import Protection
from formats.gbt38540 import ExtData, Generation, SealPicture, read_seal_signature
from tests.unit.verifier.documents import (
    PNG,
    Recipe,
    codes,
    document,
    edit,
    metadata,
    seal_recipe,
    sealed,
    stored_zip,
    substitute,
    verified,
)
from tests.unit.verifier.nation import (
    BUREAU,
    CA_EXTENSIONS,
    DAY,
    ENDS,
    FOUNDED,
    MAKER_COMPANY,
    NOW,
    OTHER_BUREAU,
    SIGNED,
    authority,
    crl,
    holder_extensions,
    issue,
    listed_issuer,
    listed_maker,
    name,
    nation,
    revoked,
)
from tests.unit.verifier.test_twins import LIST, SEAL, SIGNATURE, VALUE, integrity
from verifier.codes import Code
from verifier.findings import Verdict
from verifier.policy import Policy
from verifier.report import DocumentKind, Report, SignatureKind
from verifier.trust_list import TrustList
from verifier.trust_list_model import Period, Purpose, Regions
from verifier.verification import Verifier, verify_document

N = nation()


def passes(report: Report) -> bool:
    assert codes(report) == set()
    return report.verdict is Verdict.PASSED


# ---------------------------------------------------------------------- what passes


@pytest.mark.parametrize("generation", Generation)
@pytest.mark.parametrize("custom", [None, ()], ids=["licence", "plain"])
def test_sealed_documents_pass(generation: Generation, custom: Any) -> None:
    """Every generation, as a licence and as a plain sealed document."""
    report = verified(sealed(custom, seal=seal_recipe(generation=generation)))
    assert passes(report)
    assert report.document_kind is (DocumentKind.SEALED if custom == () else DocumentKind.LICENCE)
    assert [each.generation for each in report.signatures] == [generation.value]


@pytest.mark.parametrize("shape", ["A", "B"])
def test_digital_signatures_pass(shape: str) -> None:
    """GB/T 35275 in both shapes; without a stated time the signature is judged as of now, and says so."""
    report = verified(sealed(kind=SignatureType.SIGN, shape=shape))
    assert passes(report)
    told = {each.code for each in report.findings}
    assert (Code.TIME_NOW in told) is (shape == "A")
    assert (Code.TIME_CLAIMED in told) is (shape == "B")


def test_several_signatures_pass() -> None:
    """A seal, another one, and a digital signature, each covering all that was there."""
    entries = Recipe(holder=N.other_bureau, kind=SignatureType.SIGN).apply(
        Recipe(holder=N.other_bureau).apply(sealed())
    )
    report = verified(entries)
    assert passes(report)
    assert len(report.signatures) == 3


def test_closed_document_passes_and_takes_no_more() -> None:
    """The list of signatures itself is covered: adding one breaks the first."""
    entries = sealed(protection=Protection.WHOLE)
    assert passes(verified(entries))
    listed = '<ofd:Signature ID="s099" Type="Seal" BaseLoc="/Doc_0/Signs/Sign_9/Signature.xml"/></ofd:Signatures>'
    added = edit(entries, LIST, "</ofd:Signatures>", listed)
    assert {Code.REFERENCE, Code.FORMAT_FILE_MISSING} <= codes(verified(added))


def test_seal_with_digest_list_passes() -> None:
    """certListType 2: SM3 of the signer's certificate, by name or identifier."""
    digest = N.bureau.certificate.digest()
    for kind in ("SM3", "sm3", "1.2.156.10197.1.401"):
        assert passes(verified(sealed(seal=seal_recipe(digests=((kind, digest),)))))
    wrong = sealed(seal=seal_recipe(digests=(("SM3", bytes(32)),)))
    assert Code.SIGNER_NOT_IN_SEAL in codes(verified(wrong))


@pytest.mark.parametrize(
    "picture",
    [
        SealPicture("PNG", PNG, 40, 40),
        SealPicture("jpg", b"\xff\xd8\xff\xe0....", 40, 40),
        SealPicture("GIF", b"GIF89a....", 40, 40),
        SealPicture("BMP", b"BM....", 40, 40),
        SealPicture("ofd", b"\0\0PK\x03\x04....", 40, 40),
        SealPicture("svg", b"<?xml version='1.0'?><svg/>", 40, 40),
    ],
    ids=lambda picture: picture.type,
)
def test_pictures_in_use_pass(picture: SealPicture) -> None:
    """Formats of the standards and of real seals; the case of the name does not matter."""
    assert passes(verified(sealed(seal=seal_recipe(picture=picture))))


def test_uncritical_extensions_pass() -> None:
    """Tax seals carry one that nobody else knows."""
    extension = ExtData("1.2.156.10197.6.7.2.2.1", critical=False, value=b"2.1")
    assert passes(verified(sealed(seal=seal_recipe(extensions=(extension,)), extensions=(extension,))))


def test_without_seal_file_passes() -> None:
    """Tax documents leave Seal.esl out: the seal is inside the signed value."""

    def drop_seal(xml: bytes) -> bytes:
        start, end = xml.index(b"<ofd:Seal>"), xml.index(b"</ofd:Seal>") + len(b"</ofd:Seal>")
        before = xml[:start] + xml[end:]
        first = before.index(f'<ofd:Reference FileRef="/{SEAL}"'.encode())
        return before[:first] + before[before.index(b"</ofd:Reference>", first) + len(b"</ofd:Reference>") :]

    entries = sealed(change_xml=drop_seal)
    del entries[SEAL]
    assert passes(verified(entries))


def test_uncovered_seal_file_is_bound_by_its_value() -> None:
    """A Seal.esl no reference covers is still compared with the seal inside."""

    def uncover(xml: bytes) -> bytes:
        first = xml.index(f'<ofd:Reference FileRef="/{SEAL}"'.encode())
        return xml[:first] + xml[xml.index(b"</ofd:Reference>", first) + len(b"</ofd:Reference>") :]

    entries = sealed((), change_xml=uncover)
    assert passes(verified(entries))
    other = seal_recipe(name="另一枚").make(N, N.bureau)
    assert codes(verified({**entries, SEAL: other})) == {Code.SEAL_MISMATCH, Code.COVERAGE_MISSING}
    missing = {name: data for name, data in entries.items() if name != SEAL}
    assert codes(verified(missing)) == {Code.SEAL_MISMATCH}


def test_intermediate_certificates_of_signed_data() -> None:
    """A CA between signer and listed authority may come inside the value."""
    between = issue(name("下级CA"), N.holder_authority, extra=CA_EXTENSIONS)
    holder = issue(name("处室"), between, extra=holder_extensions(BUREAU))
    entries = sealed(kind=SignatureType.SIGN, holder=holder, links=(between.certificate.encoded,))
    people = N.with_content(crls=(*N.content.crls, crl(between)))
    assert passes(verified(entries, people))
    assert Code.SIGNER_CERT_UNTRUSTED in codes(verified(sealed(kind=SignatureType.SIGN, holder=holder), people))


def test_integrity_list_passes() -> None:
    """GM/T 0099 beside a seal: its files are judged by themselves."""
    report = verified(integrity())
    assert passes(report)
    assert [each.kind for each in report.signatures] == [SignatureKind.SEAL, SignatureKind.INTEGRITY]


def test_integrity_list_alone_is_no_signature_of_content() -> None:
    """It names files without digests: what stands in them may be changed at will."""
    entries = {name: data for name, data in integrity().items() if "/Signs/" not in name}
    report = verified(substitute(entries, "OFD.xml", "<ofd:Signatures>.*?</ofd:Signatures>", ""))
    assert report.verdict is Verdict.FAILED
    assert Code.UNSIGNED in codes(report)


# ---------------------------------------------------------------------- what happened since


def test_old_documents_stay_valid() -> None:
    """Years later: seal, certificates and list of that time are gone, the signature was good when made."""
    ends = SIGNED + 30 * DAY
    maker = issue(
        name("旧制章"), N.maker_authority, extra=holder_extensions(MAKER_COMPANY), period=(FOUNDED, ends)
    )
    bureau = issue(name("旧局"), N.holder_authority, extra=holder_extensions(BUREAU), period=(FOUNDED, ends))
    then = {"this_update": ends - DAY, "next_update": ends + DAY}
    people = N.with_content(
        seal_makers=(listed_maker(maker, listed=Period(FOUNDED, ends)),),
        crls=(
            crl(N.maker_authority, **then), crl(N.holder_authority, **then),
        ),
    )  # fmt: skip
    entries = sealed(
        metadata(ZZYXQJZRQ="长期"), people, holder=bureau, seal=seal_recipe(maker=maker, valid_to=ends)
    )
    report = verified(entries, people)
    assert passes(report)
    told = {each.code for each in report.findings if each.notable}
    assert told == {Code.MAKER_CERT_EXPIRED_SINCE, Code.SIGNER_CERT_EXPIRED_SINCE, Code.SEAL_EXPIRED_SINCE}


def test_revoked_since_stays_valid() -> None:
    """A certificate superseded after signing (rule 4)."""
    entries = (revoked(N.bureau, SIGNED + DAY, RevocationReason.SUPERSEDED),)
    makers = (revoked(N.maker, SIGNED + DAY, RevocationReason.SUPERSEDED),)
    people = N.with_content(crls=(crl(N.maker_authority, makers), crl(N.holder_authority, entries)))
    report = verified(sealed(), people)
    assert passes(report)
    assert {each.code for each in report.findings if each.notable} == {
        Code.MAKER_CERT_REVOKED_SINCE,
        Code.SIGNER_CERT_REVOKED_SINCE,
    }


def test_maker_certificate_may_begin_after_the_seals_creation() -> None:
    """Real seals state a createDate days before their maker's certificate; in force when used is enough."""
    maker = issue(name("新制章"), N.maker_authority, period=(FOUNDED + 40 * DAY, ENDS))
    people = N.with_content(seal_makers=(listed_maker(maker),))
    assert passes(verified(sealed(seal=seal_recipe(maker=maker)), people))


def test_newer_lists_from_elsewhere_count() -> None:
    """Revocation lists given beside the trust list are used, and can only be those of the authorities."""
    stale = N.with_content(
        crls=tuple(
            crl(ca, this_update=NOW - 9 * DAY, next_update=NOW - DAY)
            for ca in (N.maker_authority, N.holder_authority)
        )
    )
    fresh = [crl(N.maker_authority), crl(N.holder_authority)]
    assert passes(verified(sealed(), stale, crls=fresh))
    forged = [crl(N.maker_authority, signer=N.bureau), crl(N.holder_authority, signer=N.bureau)]
    assert verified(sealed(), stale, crls=forged).verdict is Verdict.INDETERMINATE
    with pytest.raises(MalformedDataError):
        verified(sealed(), crls=[b"no list"])


# ---------------------------------------------------------------------- licences


def test_delegate_may_seal() -> None:
    """A body registered to seal for the issuer."""
    people = N.with_content(issuers=(listed_issuer(delegates=frozenset({OTHER_BUREAU})),))
    assert passes(verified(sealed(holder=N.other_bureau), people))


def test_credit_code_in_front_of_the_name_counts() -> None:
    """Certificates of government seals write the code into the organisation's name."""
    holder = issue(name("局", f"{BUREAU}示例市市场监督管理局"), N.holder_authority)
    assert passes(verified(sealed(holder=holder)))


def test_stated_code_goes_before_the_name() -> None:
    """A name cannot claim another code than the identity extension states."""
    holder = issue(name("局", f"{BUREAU}某公司"), N.holder_authority, extra=holder_extensions(MAKER_COMPANY))
    assert codes(verified(sealed(holder=holder))) == {Code.ISSUER_NOT_SEALED}


def test_last_day_counts_in_beijing() -> None:
    """A licence valid to 31 May ends when that day ends in Beijing, eight hours before it does in UTC."""
    entries = sealed(metadata(ZZYXQJZRQ="20260531"))
    last = datetime(2026, 5, 31, 15, 59, 59, tzinfo=UTC)
    assert passes(verified(entries, N.with_content(issued=NOW - 9 * DAY, crls=crls_at(last)), at=last))
    after = last + timedelta(seconds=1)
    people = N.with_content(issued=NOW - 9 * DAY, crls=crls_at(after))
    assert codes(verified(entries, people, at=after)) == {Code.LICENCE_EXPIRED}


def crls_at(moment: datetime) -> tuple[bytes, ...]:
    return tuple(
        crl(ca, this_update=moment - DAY, next_update=moment + DAY)
        for ca in (N.maker_authority, N.holder_authority)
    )


@pytest.mark.parametrize("end", ["", "长期", None])
def test_unlimited_licences(end: str | None) -> None:
    """No end, an empty one, or the word for it."""
    assert passes(verified(sealed(metadata(ZZYXQJZRQ=end))))


def test_item_is_checked_by_its_basic_code() -> None:
    """An implementation code contains the basic code an issuer is listed for."""
    basic = "000100202000"
    entitlement = replace(listed_issuer().entitlements[0], items=frozenset({basic}))
    people = N.with_content(issuers=(listed_issuer(entitlements=(entitlement,)),))
    for item in (basic, f"{BUREAU}3{basic}", f"{BUREAU}3{basic}01"):
        assert passes(verified(sealed(metadata(KZ_GLSXDM=item)), people))
    other = f"{BUREAU}3000100203000"
    assert codes(verified(sealed(metadata(KZ_GLSXDM=other)), people)) == {Code.ISSUER_ITEM}


def test_leaving_the_item_out_gains_nothing() -> None:
    """A licence that states no item is no way round an entitlement bound to items; an unbound one covers it."""
    bound = replace(listed_issuer().entitlements[0], items=frozenset({"000100202000"}))
    unbound = listed_issuer().entitlements[0]
    both = N.with_content(issuers=(listed_issuer(entitlements=(bound, unbound)),))
    only = N.with_content(issuers=(listed_issuer(entitlements=(bound,)),))
    assert passes(verified(sealed(), both))
    assert verified(sealed(), only).verdict is Verdict.INDETERMINATE


def test_metadata_cannot_be_taken_away() -> None:
    """A licence turned into a plain document is a changed document."""
    plain = substitute(sealed(holder=N.other_bureau), "OFD.xml", "<ofd:CustomDatas>.*</ofd:CustomDatas>", "")
    assert {Code.REFERENCE, Code.COVERAGE_MISSING} <= codes(verified(plain))


@pytest.mark.parametrize("name_kept", sorted(metadata()))
def test_a_single_field_makes_it_a_licence(name_kept: str) -> None:
    """Half a licence is judged as one, and fails."""
    report = verified(sealed({name_kept: metadata()[name_kept]}))
    assert report.document_kind is DocumentKind.LICENCE
    assert report.verdict is Verdict.FAILED


def test_repeated_metadata_is_refused() -> None:
    """Two readers could show two different numbers."""
    pairs = [*metadata().items(), ("ZZBH", "B0000000001")]
    assert Code.METADATA in codes(verified(sealed(pairs)))


def test_regions_of_everybody_behind_the_seal() -> None:
    """Maker, maker's authority and signer's authority must each serve the issuer's region."""
    elsewhere = Regions((DivisionCode("980000"),))
    first, second = N.content.authorities
    for changed in ((replace(first, regions=elsewhere), second), (first, replace(second, regions=elsewhere))):
        assert codes(verified(sealed(), N.with_content(authorities=changed))) == {Code.ISSUER_SEAL_REGION}
    assert passes(verified(sealed(()), N.with_content(authorities=(first, replace(second, regions=elsewhere)))))


# ---------------------------------------------------------------------- attacks that take several steps


def test_stranger_may_not_add_a_page() -> None:
    """Mallory, a seal holder on the list, adds a page and seals the whole anew: the first seal breaks."""
    entries = sealed(())
    entries = edit(
        entries, "Doc_0/Document.xml", "</ofd:Pages>", '<ofd:Page ID="99" BaseLoc="P.xml"/></ofd:Pages>'
    )
    entries["Doc_0/P.xml"] = b"<Page/>"
    report = verified(Recipe(holder=N.other_bureau).apply(entries))
    assert report.verdict is Verdict.FAILED
    assert Code.REFERENCE in codes(report)


def test_second_document_body_is_covered_or_fails() -> None:
    """A body added after sealing changes OFD.xml; one that brings its own signatures does not help."""
    entries = edit(
        sealed(()),
        "OFD.xml",
        "</ofd:OFD>",
        "<ofd:DocBody><ofd:DocInfo/><ofd:DocRoot>Doc_1/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
    )
    entries["Doc_1/Document.xml"] = entries["Doc_0/Document.xml"]
    assert {Code.REFERENCE, Code.COVERAGE_MISSING} <= codes(verified(entries))


def test_signature_over_itself_only() -> None:
    """References to its own seal and nothing else cover no page."""

    def only_the_seal(xml: bytes) -> bytes:
        start, end = xml.index(b"<ofd:Reference "), xml.index(b"</ofd:References>")
        kept = xml.index(f'<ofd:Reference FileRef="/{SEAL}"'.encode())
        stop = xml.index(b"</ofd:Reference>", kept) + len(b"</ofd:Reference>")
        return xml[:start] + xml[kept:stop] + xml[end:]

    report = verified(sealed((), change_xml=only_the_seal))
    assert codes(report) == {Code.COVERAGE_MISSING}
    assert report.verdict is Verdict.FAILED


def test_unknown_signer_excuses_no_added_file() -> None:
    """A signature without a certificate over an added file leaves nothing open where another one is sound."""
    entries = Recipe(kind=SignatureType.SIGN, shape="bare").apply({**sealed(()), "extra.xml": b"<a/>"})
    assert codes(verified(entries)) == {
        Code.FORMAT_BARE,
        Code.SIGNATURE_WITHOUT_KEY,
        Code.COVERAGE_MISSING,
    }


def test_stranger_may_not_hide_a_file_behind_an_integrity_list() -> None:
    """OFDEntries.xml and its value are left out of coverage, so both must be what they claim."""
    listing = '<DocEntries ID="1"><SignedValueLoc>/evil.xml</SignedValueLoc><FileList/></DocEntries>'
    entries = {**sealed(()), "OFDEntries.xml": listing.encode(), "evil.xml": b"<Page/>"}
    assert {Code.FORMAT, Code.INTEGRITY_FILE_UNLISTED} <= codes(verified(entries))


def test_stranger_may_not_hide_a_file_behind_a_signature() -> None:
    """A listed signature whose value is a page, or whose Signature.xml is one."""
    evil = '<ofd:Signature ID="s099" Type="Sign" BaseLoc="/evil.xml"/></ofd:Signatures>'
    entries = {**edit(sealed(()), LIST, "</ofd:Signatures>", evil), "evil.xml": b"<Page/>"}
    assert {Code.FORMAT, Code.COVERAGE_MISSING} <= codes(verified(entries))


def test_seal_of_another_document() -> None:
    """A genuine value moved onto another document."""
    other = sealed(metadata(ZZMC="食品经营许可证"))
    moved = {**sealed(), VALUE: other[VALUE]}
    assert {Code.DATA_HASH, Code.COVERAGE_MISSING} <= codes(verified(moved))
    whole = {**sealed(), VALUE: other[VALUE], SIGNATURE: other[SIGNATURE]}
    assert {Code.REFERENCE, Code.COVERAGE_MISSING} <= codes(verified(whole))


def test_stolen_seal() -> None:
    """A genuine seal used by a listed holder it does not name."""
    theirs = seal_recipe(holders=(N.bureau.certificate.encoded,))
    report = verified(sealed(holder=N.other_bureau, seal=theirs))
    assert codes(report) == {Code.SIGNER_NOT_IN_SEAL, Code.ISSUER_NOT_SEALED}


def test_seal_without_signer_list_names_nobody() -> None:
    """The certificate beside the signature is not believed because it is there."""
    lookalike = issue(N.bureau.certificate.subject, N.holder_authority, extra=holder_extensions(BUREAU))
    theirs = seal_recipe(holders=(N.bureau.certificate.encoded,))
    assert Code.SIGNER_NOT_IN_SEAL in codes(verified(sealed(holder=lookalike, seal=theirs)))


def test_raw_signatures_are_read() -> None:
    """64 raw octets instead of DER are one signature, not two."""
    entries = sealed(())
    value = read_seal_signature(entries[VALUE])
    raw = signature_to_raw(value.signature)
    last = der.bit_string(value.signature)
    assert entries[VALUE].endswith(last)
    inner = [node.encoded for node in der.parse(entries[VALUE])][:-1]
    rebuilt = der.sequence(*inner, der.bit_string(raw))
    report = verified({**entries, VALUE: rebuilt})
    assert passes(report)
    assert "signature.raw-64" in report.signatures[0].tolerances


def test_self_revoked_time_cannot_be_chosen() -> None:
    """After a key compromise a date before it proves nothing: whoever has the key can write it."""
    entry = revoked(N.bureau, NOW - DAY, RevocationReason.KEY_COMPROMISE)
    people = N.with_content(crls=(crl(N.maker_authority), crl(N.holder_authority, (entry,))))
    assert verified(sealed(()), people).verdict is Verdict.INDETERMINATE
    lenient = Policy(proven_time_after_compromise=False)
    assert verified(sealed(()), people, policy=lenient).verdict is Verdict.PASSED


def test_case_twins_fail() -> None:
    """Two names that are one to some programs."""
    entries = sealed(())
    twin = stored_zip([*entries.items(), ("Doc_0/Pages/page_0/Content.xml", b"<Page/>")])
    assert {Code.PACKAGE_ANOMALY, Code.COVERAGE_MISSING} <= codes(verified(twin))


def test_trailing_octets_fail() -> None:
    """What belongs to no entry is protected by nothing."""
    assert codes(verified(stored_zip(list(sealed(()).items())) + b"x")) == {Code.PACKAGE_ANOMALY}


def test_repeated_entry_is_refused() -> None:
    """Which of two files of one name is shown depends on the program: not a document at all."""
    items = list(sealed(()).items())
    with pytest.raises(MalformedDataError):
        verified(stored_zip([*items, items[-1]]))


# ---------------------------------------------------------------------- without trust, and octets nobody writes


def test_without_trust_facts_only() -> None:
    """Nothing passes, and nothing fails that is right."""
    report = verify_document(write_package(sealed()), trust=None, at=NOW)
    assert report.verdict is Verdict.INDETERMINATE
    assert report.trust is None
    assert codes(report) == {
        Code.TRUST_LIST_NONE,
        Code.MAKER_CERT_NO_TRUST,
        Code.MAKER_LISTING_UNKNOWN,
        Code.SIGNER_CERT_NO_TRUST,
        Code.ISSUER_UNKNOWN,
        Code.ISSUER_SEAL_UNKNOWN,
    }
    changed = write_package(edit(sealed(), "Doc_0/Attachs/data.xml", "1", "2"))
    assert verify_document(changed, trust=None, at=NOW).verdict is Verdict.FAILED


def test_unpinned_list_passes_and_says_so() -> None:
    """A list named by the caller without an anchor is the caller's own choice."""
    trust = TrustList.read(N.trust_file(), at=NOW)
    report = verify_document(write_package(sealed()), trust=trust, at=NOW)
    assert report.verdict is Verdict.PASSED
    assert Code.TRUST_LIST_UNPINNED in {each.code for each in report.findings}
    assert report.to_dict()["trust_list"]["pinned"] is False


def rebuilt_value(change: Any) -> dict[str, bytes]:
    entries = sealed(())
    parts = [node.encoded for node in der.parse(entries[VALUE])]
    return {**entries, VALUE: der.sequence(*change(parts))}


def test_unreadable_certificates() -> None:
    """Neither signer nor maker can be told; no exception, no pass."""
    broken = rebuilt_value(lambda parts: [parts[0], der.octet_string(b"\x30\x00"), *parts[2:]])
    assert {Code.SIGNER_CERT, Code.SIGNER_NOT_IN_SEAL, Code.COVERAGE_MISSING} <= codes(verified(broken))

    def break_maker(parts: list[bytes]) -> list[bytes]:
        tbs = [node.encoded for node in der.parse(parts[0])]
        seal = [node.encoded for node in der.parse(tbs[1])]
        seal[1] = der.octet_string(b"\x30\x00")
        return [der.sequence(tbs[0], der.sequence(*seal), *tbs[2:]), *parts[1:]]

    assert {Code.MAKER_CERT, Code.SIGNATURE, Code.SEAL_MISMATCH} <= codes(verified(rebuilt_value(break_maker)))


def test_data_hash_of_another_length() -> None:
    """A 20-octet digest is none of SM3."""

    def shorten(parts: list[bytes]) -> list[bytes]:
        tbs = [node.encoded for node in der.parse(parts[0])]
        tbs[3] = der.bit_string(bytes(20))
        return [der.sequence(*tbs), *parts[1:]]

    assert {Code.DATA_HASH_ALGORITHM, Code.SIGNATURE} <= codes(verified(rebuilt_value(shorten)))


def test_signing_time_without_zone() -> None:
    """It may be UTC or Beijing time; eight hours decide about validity, so nothing is decided."""

    def strip_zone(parts: list[bytes]) -> list[bytes]:
        tbs = [node.encoded for node in der.parse(parts[0])]
        tbs[2] = der.encode(der.GENERALIZED_TIME, b"20260301023000")
        changed = der.sequence(*tbs)
        return [changed, *parts[1:3], der.bit_string(N.bureau.sign(changed))]

    report = verified(rebuilt_value(strip_zone))
    assert codes(report) == {Code.SEAL_PERIOD_UNKNOWN, Code.TIME_UNKNOWN}
    assert report.verdict is Verdict.INDETERMINATE


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06" + bytes(18), b"%PDF-1.7", bytes(5000)])
def test_other_files_raise(data: bytes) -> None:
    """What is no OFD document is no bad document: the question cannot be put."""
    with pytest.raises(MalformedDataError):
        verified(data)


def test_zip_without_main_part_raises() -> None:
    """A ZIP file of another kind."""
    with pytest.raises(MalformedDataError, match=r"OFD\.xml"):
        verified(stored_zip([("a.txt", b"a")]))


def test_limits_are_the_callers() -> None:
    """A hall terminal may allow less than a server."""
    with pytest.raises(LimitExceededError):
        Verifier(None, limits=PackageLimits(entries=3)).verify(write_package(sealed()), at=NOW)


def test_moment_must_be_utc() -> None:
    """No local time, no naive time."""
    for moment in (NOW.replace(tzinfo=None), NOW.astimezone(timezone(timedelta(hours=8)))):
        with pytest.raises(ValueError, match="UTC"):
            verify_document(write_package(sealed()), trust=None, at=moment)


# ---------------------------------------------------------------------- the report


def test_order_of_entries_changes_nothing() -> None:
    """The same files in another order give the same report, octet for octet but for nothing."""
    entries = edit(Recipe(holder=N.other_bureau).apply(sealed()), "Doc_0/Attachs/data.xml", "1", "2")
    entries |= {f"Doc_0/extra_{number}.xml": b"<a/>" for number in range(5)}
    items, trust = list(entries.items()), N.trust()
    reports = [
        json.dumps(verify_document(stored_zip(order), trust=trust, at=NOW).to_dict(), sort_keys=True)
        for order in (items, items[::-1], items[3:] + items[:3])
    ]
    assert len(set(reports)) == 1


def test_many_faults_are_counted() -> None:
    """The list of paths is bounded; the rest is a number."""
    entries = sealed(()) | {f"extra/{number}.xml": b"<a/>" for number in range(80)}
    missing = [each for each in verified(entries).findings if each.code is Code.COVERAGE_MISSING]
    assert len(missing) == 51
    assert any(each.detail == "and 30 more" for each in missing)


def test_pointers_are_told_on_request() -> None:
    """A pointer that leads nowhere and a file nothing points to: no fault, but worth knowing."""
    entries = document(()) | {"Doc_0/unused.xml": b"<a/>"}
    entries = edit(entries, "Doc_0/DocumentRes.xml", "image_3.png", "image_4.png")
    report = verified(Recipe().apply(entries), policy=Policy(follow_pointers=True))
    assert passes(report)
    told = {(each.code, each.detail) for each in report.findings if each.notable}
    assert told == {
        (Code.COVERAGE_DANGLING, "Doc_0/DocumentRes.xml: image_4.png"),
        (Code.COVERAGE_UNREFERENCED, "Doc_0/unused.xml"),
        (Code.COVERAGE_UNREFERENCED, "Doc_0/Res/image_3.png"),
    }


def test_archive_comment_is_told() -> None:
    """Some makers leave a few octets there; nothing shows them."""
    data = stored_zip(list(sealed(()).items()))
    report = verified(data[:-2] + b"\x03\x00abc")
    assert passes(report)
    assert Code.PACKAGE_COMMENT in {each.code for each in report.findings}


def test_one_verifier_serves_many() -> None:
    """Remembered results change nothing, also between threads."""
    verifier = Verifier(N.trust(), cache_size=2)
    good, bad = write_package(sealed()), write_package(sealed(seal=seal_recipe(signed_by=N.bureau)))
    with ThreadPoolExecutor(4) as threads:
        reports = list(threads.map(lambda data: verifier.verify(data, at=NOW), [good, bad] * 20))
    assert {report.verdict for report in reports[::2]} == {Verdict.PASSED}
    assert {report.verdict for report in reports[1::2]} == {Verdict.FAILED}
    assert len({json.dumps(report.to_dict()) for report in reports[::2]}) == 1


def test_validity_is_judged_anew_each_time() -> None:
    """A seal whose signature is remembered still expires."""
    verifier = Verifier(N.with_content(next_update=ENDS).trust())
    ends = SIGNED + DAY
    early = write_package(sealed((), seal=seal_recipe(valid_to=ends)))
    seal = seal_recipe(valid_to=ends)
    assert verifier.verify(early, at=NOW).verdict is Verdict.PASSED
    late = write_package(sealed((), seal=seal, at=SIGNED + 2 * DAY))
    assert Code.SEAL_EXPIRED in {each.code for each in verifier.verify(late, at=NOW).findings}


def test_reports_travel_between_processes() -> None:
    """Bulk work is spread over processes."""
    report = verified(sealed())
    assert pickle.loads(pickle.dumps(report)) == report


def test_report_names_no_holder() -> None:
    """Reports are kept and passed on; numbers and names of persons are not in them."""
    told = json.dumps(verified(sealed(metadata(CZZT="张三", CZZTDM="A1234567"))).to_dict(), ensure_ascii=False)
    assert "张三" not in told
    assert "A1234567" not in told


@pytest.mark.parametrize("sample", ["v4-invoice-a", "v4-invoice-c", "v4-invoice-d", "v4-locked"])
def test_real_documents_fail_nothing_without_trust(sample: str, samples_dir: Path) -> None:
    """Real documents in order: with nobody to believe they are open, not bad."""
    data = (samples_dir / "ofd" / "signed" / f"{sample}.ofd").read_bytes()
    report = verify_document(data, trust=None, at=NOW)
    assert report.verdict is Verdict.INDETERMINATE
    assert codes(report) == {
        Code.TRUST_LIST_NONE,
        Code.MAKER_CERT_NO_TRUST,
        Code.MAKER_LISTING_UNKNOWN,
        Code.SIGNER_CERT_NO_TRUST,
    }


def test_uncovered_templates_of_a_real_document_are_named(samples_dir: Path) -> None:
    """A tax document that leaves its template pages open to anybody."""
    data = (samples_dir / "ofd/signed/v4-templates-uncovered.ofd").read_bytes()
    report = verify_document(data, trust=None, at=NOW)
    missing = {each.detail for each in report.findings if each.code is Code.COVERAGE_MISSING}
    assert missing == {"Doc_0/TPLS/TPL_0/Content.xml", "Doc_0/TPLS/TPL_1/Content.xml"}
    assert report.verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("v4-invoice-c-edited", {Code.REFERENCE, Code.COVERAGE_MISSING}),
        ("v4-seal-expired", {Code.SEAL_EXPIRED, Code.TIME}),
        ("v4-raw64-and-gbt35275-edited", {Code.REFERENCE, Code.COVERAGE_MISSING}),
        ("v1-nonconformant", {Code.SIGNATURE, Code.DATA_HASH, Code.REFERENCE_ALGORITHM, Code.SIGNER_NOT_IN_SEAL,
                              Code.COVERAGE_MISSING}),
    ],
)  # fmt: skip
def test_faults_of_real_documents(sample: str, expected: set[Code], samples_dir: Path) -> None:
    """What was done to each is what is found."""
    data = (samples_dir / "ofd" / "signed" / f"{sample}.ofd").read_bytes()
    report = verify_document(data, trust=None, at=datetime(2026, 12, 1, tzinfo=UTC))
    failed = {each.code for each in report.findings if each.outcome.value == "failed"}
    assert failed == expected


def test_digest_is_of_the_file_itself() -> None:
    """What the list's digest in the report stands for."""
    data = N.trust_file()
    assert TrustList.read(data, at=NOW).facts.digest == sm3(data).hex()
    assert authority(N.root, Purpose.STATUS).granted_at(NOW)
