"""Attacks inside Signature.xml: what is signed must be what is read, by the same name, under SM3, all of it."""

import re
from collections.abc import Callable

import pytest

from tests.attacks.resealing import resealed
from tests.unit.verifier.documents import codes, sealed, verified
from tests.unit.verifier.test_twins import PAGE, SIGNATURE
from verifier.codes import Code
from verifier.findings import Verdict

FILE_REF = f'FileRef="/{PAGE}"'
EVIL = 'xmlns:evil="urn:evil"'
METHOD = "1.2.156.10197.1.401"
DIGESTS_BESIDE_SM3 = {"MD5": 16, "SHA1": 20, "SHA256": 32}


def replacing(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


def of_page(new: str) -> Callable[[str], str]:
    """The page's Reference replaced; ``{value}`` is its right digest."""

    def change(text: str) -> str:
        found = re.search(
            rf"<ofd:Reference {FILE_REF}><ofd:CheckValue>([^<]*)</ofd:CheckValue></ofd:Reference>", text
        )
        assert found
        return text.replace(found.group(), new.format(value=found.group(1), ref=found.group()))

    return change


def reference(file_ref: str, value: str = "{value}") -> str:
    return f'<ofd:Reference FileRef="{file_ref}"><ofd:CheckValue>{value}</ofd:CheckValue></ofd:Reference>'


CHANGES: dict[str, tuple[Callable[[str], str], set[Code]]] = {
    # ------------------------------------------------------------------ which file a reference means
    "page under another case": (of_page(reference(f"/{PAGE.lower()}")), {Code.PACKAGE_AMBIGUOUS}),
    "page without a leading slash": (of_page(reference(PAGE)), {Code.PACKAGE_AMBIGUOUS}),
    "page percent-encoded": (of_page(reference("/Doc_0/Pages/Page_0/%43ontent.xml")), {Code.REFERENCE_MISSING}),
    "page with two slashes": (of_page(reference("//" + PAGE)), {Code.REFERENCE_MISSING}),
    "page with backslashes": (of_page(reference("/" + PAGE.replace("/", "\\"))), {Code.REFERENCE_MISSING}),
    "page with a fragment": (of_page(reference(f"/{PAGE}#a")), {Code.REFERENCE_MISSING}),
    "page with a drive": (of_page(reference(f"C:/{PAGE}")), {Code.REFERENCE_MISSING}),
    "page as an address": (of_page(reference(f"file:///{PAGE}")), {Code.REFERENCE_MISSING}),
    "directory of the page": (of_page(reference("/Doc_0/Pages/Page_0/")), {Code.REFERENCE_MISSING}),
    "out of the package": (of_page("{ref}" + reference("/../etc/passwd")), {Code.REFERENCE_MISSING}),
    "no path": (of_page(reference("")), {Code.REFERENCE_MISSING}),
    "another file with the page's digest": (of_page(reference("/Doc_0/Document.xml")), {Code.REFERENCE}),
    # ------------------------------------------------------------------ which digest
    "first right, then wrong": (of_page("{ref}" + reference(f"/{PAGE}", "AAAA")), {Code.REFERENCE}),
    "first wrong, then right": (of_page(reference(f"/{PAGE}", "AAAA") + "{ref}"), {Code.REFERENCE}),
    "same file under two paths": (of_page("{ref}" + reference(f"/Doc_0/../{PAGE}", "AAAA")), {Code.REFERENCE}),
    "empty value": (of_page(reference(f"/{PAGE}", "")), {Code.REFERENCE}),
    "value cut short": (of_page(reference(f"/{PAGE}", "AAAAAAAA")), {Code.REFERENCE}),
    "two values": (
        of_page(reference(f"/{PAGE}", "{value}</ofd:CheckValue><ofd:CheckValue>AAAA")),
        {Code.FORMAT, Code.COVERAGE_MISSING},
    ),
    "no value": (of_page(f"<ofd:Reference {FILE_REF}/>"), {Code.FORMAT}),
    "value of elements": (of_page(reference(f"/{PAGE}", "<b>{value}</b>")), {Code.FORMAT}),
    "value of another alphabet": (of_page(reference(f"/{PAGE}", "-_-_")), {Code.FORMAT}),
    # ------------------------------------------------------------------ which algorithm
    "no method": (replacing(f' CheckMethod="{METHOD}"', ""), {Code.REFERENCE_ALGORITHM}),
    "empty method": (replacing(METHOD, ""), {Code.REFERENCE_ALGORITHM}),
    "HMAC-SM3": (replacing(METHOD, f"{METHOD}.2"), {Code.REFERENCE_ALGORITHM}),
    "unknown method": (replacing(METHOD, "SM4"), {Code.REFERENCE_ALGORITHM}),
    "method in a namespace": (
        replacing(f'CheckMethod="{METHOD}"', f'{EVIL} evil:CheckMethod="{METHOD}"'),
        {Code.REFERENCE_ALGORITHM},
    ),
    **{f"method {each}": (replacing(METHOD, each), {Code.REFERENCE_ALGORITHM}) for each in DIGESTS_BESIDE_SM3},
    # ------------------------------------------------------------------ what is left out
    "page left out": (of_page(""), {Code.COVERAGE_MISSING}),
    "page in a comment": (of_page("<!--{ref}-->"), {Code.COVERAGE_MISSING}),
    "page inside another element": (of_page("<ofd:Old>{ref}</ofd:Old>"), {Code.COVERAGE_MISSING}),
    "page inside another reference": (
        of_page('<ofd:Reference FileRef="/OFD.xml">{ref}<ofd:CheckValue>AAAA</ofd:CheckValue></ofd:Reference>'),
        {Code.COVERAGE_MISSING},
    ),
    "nothing at all": (lambda text: re.sub(r"<ofd:Reference .*</ofd:Reference>", "", text), {Code.REFERENCE_NONE}),
    "main part left out": (
        lambda text: re.sub(r'<ofd:Reference FileRef="/OFD.xml">.*?</ofd:Reference>', "", text),
        {Code.COVERAGE_MISSING},
    ),
    # ------------------------------------------------------------------ two of what there is one of
    "second References": (
        replacing("</ofd:References>", "</ofd:References><ofd:References/>"),
        {Code.FORMAT},
    ),
    "References in another namespace": (
        replacing("</ofd:References>", f"</ofd:References><evil:References {EVIL}/>"),
        {Code.FORMAT},
    ),
    "second SignedInfo": (replacing("</ofd:SignedInfo>", "</ofd:SignedInfo><ofd:SignedInfo/>"), {Code.FORMAT}),
    "second SignedValue": (
        replacing("</ofd:SignedValue>", "</ofd:SignedValue><ofd:SignedValue>/OFD.xml</ofd:SignedValue>"),
        {Code.FORMAT},
    ),
    "second Seal": (
        replacing("</ofd:Seal>", "</ofd:Seal><ofd:Seal><ofd:BaseLoc>/OFD.xml</ofd:BaseLoc></ofd:Seal>"),
        {Code.FORMAT},
    ),
    # ------------------------------------------------------------------ where the value is
    "value in a covered file": (
        lambda text: re.sub(r"(<ofd:SignedValue>)[^<]*", r"\g<1>/OFD.xml", text),
        {Code.FORMAT},
    ),
    "value in itself": (lambda text: re.sub(r"(<ofd:SignedValue>)[^<]*", rf"\g<1>/{SIGNATURE}", text), {Code.FORMAT}),
    "value nowhere": (
        lambda text: re.sub(r"(<ofd:SignedValue>)[^<]*", r"\g<1>none.dat", text),
        {Code.FORMAT_FILE_MISSING},
    ),
    "value outside": (
        lambda text: re.sub(r"(<ofd:SignedValue>)[^<]*", r"\g<1>../../../../x.dat", text),
        {Code.FORMAT},
    ),
    # ------------------------------------------------------------------ what a parser may be told
    "document type": (replacing("<ofd:Signature ", '<!DOCTYPE a [<!ENTITY e "x">]><ofd:Signature '), {Code.FORMAT}),
    "external document type": (
        replacing("<ofd:Signature ", '<!DOCTYPE a SYSTEM "file:///etc/passwd"><ofd:Signature '),
        {Code.FORMAT},
    ),
    "undefined entity": (replacing("Xinyin", "&xinyin;"), {Code.FORMAT}),
    "other encoding": (replacing("UTF-8", "GBK"), {Code.FORMAT}),
    "style sheet": (replacing("<ofd:Signature ", '<?xml-stylesheet href="x"?><ofd:Signature '), {Code.FORMAT}),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_signature_file(case: str) -> None:
    """Sealed by the genuine bureau over a Signature.xml of this kind: it does not pass, for the reason named."""
    change, expected = CHANGES[case]
    plain = sealed()
    entries = resealed({}, entries=plain, change_xml=change)
    assert entries[SIGNATURE] != plain[SIGNATURE]
    report = verified(entries)
    assert report.verdict is not Verdict.PASSED
    assert expected <= codes(report)


DIALECTS: dict[str, Callable[[str], str]] = {
    "SM3 by name": replacing(METHOD, "SM3"),
    "sm3 in small letters": replacing(METHOD, " sm3 "),
    "SM3 without key": replacing(METHOD, f"{METHOD}.1"),
    "other prefix": lambda text: text.replace("ofd:", "x:").replace("xmlns:ofd", "xmlns:x"),
    "default namespace": lambda text: text.replace("ofd:", "").replace("xmlns:ofd", "xmlns"),
    "old namespace": replacing("http://www.ofdspec.org/2016", "http://www.ofdspec.org"),
    "no namespace": lambda text: re.sub(r' xmlns:ofd="[^"]*"', "", text).replace("ofd:", ""),
    "byte order mark": lambda text: "\ufeff" + text,
    "indented": lambda text: text.replace("><", ">\r\n\t<"),
    "white space around values": lambda text: re.sub(r"(CheckValue>)([^<]+)", "\\1\n  \\2\n", text),
    "line breaks inside values": lambda text: re.sub(r"(CheckValue>)([^<]{20})", "\\1\\2\r\n", text),
    "CDATA": lambda text: re.sub(r"(CheckValue>)([^<]+)", r"\1<![CDATA[\2]]>", text),
    "relative value": lambda text: re.sub(r"(<ofd:SignedValue>)[^<]*", r"\1SignedValue.dat", text),
    "relative seal": replacing("/Doc_0/Signs/Sign_0/Seal.esl</ofd:BaseLoc>", "Seal.esl</ofd:BaseLoc>"),
    "paths with dots": replacing(FILE_REF, f'FileRef="/Doc_0/Signs/../{PAGE[6:]}"'),
    "reference twice alike": of_page("{ref}{ref}"),
    "references in another order": lambda text: re.sub(
        r"(<ofd:References[^>]*>)(.*)(</ofd:References>)",
        lambda found: found[1]
        + "".join(reversed(re.findall(r"<ofd:Reference .*?</ofd:Reference>", found[2])))
        + found[3],
        text,
    ),
    "children in another order": lambda text: re.sub(
        r"(<ofd:References.*</ofd:References>)(.*)(</ofd:SignedInfo>)", r"\2\1\3", text, flags=re.DOTALL
    ),
    "no method named": lambda text: re.sub(r"<ofd:SignatureMethod>.*?</ofd:SignatureMethod>", "", text),
    "no Seal element": lambda text: re.sub(r"<ofd:Seal>.*?</ofd:Seal>", "", text),
    "another time in the file": lambda text: re.sub(r"(<ofd:SignatureDateTime>)[^<]*", r"\g<1>20380101000000", text),
    "more attributes": replacing("ProviderName=", 'InterUser="7" ProviderName='),
    "elements of other makers": replacing("<ofd:References ", f"<evil:Note {EVIL}>1</evil:Note><ofd:References "),
}  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
def test_signature_files_as_other_makers_write_them(dialect: str) -> None:
    """Honest variety passes."""
    change = DIALECTS[dialect]
    plain = sealed()
    entries = resealed({}, entries=plain, change_xml=change)
    assert entries[SIGNATURE] != plain[SIGNATURE]
    report = verified(entries)
    assert codes(report) == set()
    assert report.verdict is Verdict.PASSED
