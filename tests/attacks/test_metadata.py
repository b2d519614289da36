"""Attacks on licence metadata by those who seal it: other programs must not read another licence than is judged.

Metadata stands in OFD.xml, which every signature covers, so a stranger cannot touch it. What is left is a body that
seals its own file and has it judged as one licence while its name, type or term is shown as another.
"""

from collections.abc import Callable

import pytest

from tests.attacks.resealing import changed
from tests.unit.verifier.documents import Entries, Recipe, codes, document, metadata, sealed, verified
from tests.unit.verifier.nation import LICENCE_TYPE, OTHER_BUREAU, credit_code, nation
from verifier.codes import Code
from verifier.findings import Verdict
from verifier.report import DocumentKind

N = nation()
OTHER_TYPE = f"{credit_code('11100000MB0327169')}001"
TYPE_PAIR = f'<ofd:CustomData Name="ZZLXDM">{LICENCE_TYPE}</ofd:CustomData>'
EVIL = 'xmlns:evil="urn:evil"'

DISGUISED = {
    "space behind": "ZZLXDM ",
    "space before": " ZZLXDM",
    "space inside": "ZZ LXDM",
    "tab": "ZZLXDM&#9;",
    "no-break space": "ZZLXDM\u00a0",
    "ideographic space": "ZZLXDM\u3000",
    "zero width space": "ZZLX\u200bDM",
    "byte order mark": "\ufeffZZLXDM",
    "right-to-left mark": "ZZLXDM\u200f",
    "combining mark": "ZZLXDM\u0301",
    "lower case": "zzlxdm",
    "mixed case": "ZzLxDm",
    "full-width": "ＺＺＬＸＤＭ",
    "mathematical": "𝐙𝐙𝐋𝐗𝐃𝐌",
}


@pytest.mark.parametrize("case", DISGUISED)
def test_second_value_under_a_disguised_name(case: str) -> None:
    """A second type under a name that some programs take for the same: one is judged and the other read."""
    pairs = [*metadata().items(), (DISGUISED[case], OTHER_TYPE)]
    report = verified(Recipe().apply(document(pairs)))
    assert report.verdict is Verdict.FAILED
    assert codes(report) == {Code.METADATA}


@pytest.mark.parametrize("case", DISGUISED)
def test_licence_under_disguised_names_only(case: str) -> None:
    """Metadata disguised altogether still makes a licence: it is not judged as a plain sealed document."""
    name = DISGUISED[case]
    report = verified(Recipe(holder=N.other_bureau).apply(document([(name, LICENCE_TYPE)])))
    assert report.document_kind is DocumentKind.LICENCE
    assert report.verdict is Verdict.FAILED


def main_part(old: str, new: str) -> Callable[[], Entries]:
    """A licence sealed after this change of OFD.xml."""
    return lambda: changed("OFD.xml", old, new)


TWICE: dict[str, tuple[Callable[[], Entries], set[Code]]] = {
    "same name twice": (
        main_part(TYPE_PAIR, TYPE_PAIR + TYPE_PAIR.replace(LICENCE_TYPE, OTHER_TYPE)),
        {Code.METADATA},
    ),
    "twin in another namespace": (
        main_part(TYPE_PAIR, f'{TYPE_PAIR}<evil:CustomData {EVIL} Name="ZZLXDM">{OTHER_TYPE}</evil:CustomData>'),
        {Code.METADATA},
    ),
    "second CustomDatas": (
        main_part("</ofd:CustomDatas>", f"</ofd:CustomDatas><ofd:CustomDatas>{TYPE_PAIR}</ofd:CustomDatas>"),
        {Code.PACKAGE_DOCUMENT},
    ),
    "second CustomDatas in another namespace": (
        main_part("</ofd:CustomDatas>", f"</ofd:CustomDatas><evil:CustomDatas {EVIL}/>"),
        {Code.PACKAGE_DOCUMENT},
    ),
    "second DocInfo": (main_part("</ofd:DocInfo>", "</ofd:DocInfo><ofd:DocInfo/>"), {Code.PACKAGE_DOCUMENT}),
    "second DocRoot": (
        main_part("<ofd:DocRoot>", "<ofd:DocRoot>Doc_1/Document.xml</ofd:DocRoot><ofd:DocRoot>"),
        {Code.PACKAGE_DOCUMENT},
    ),
    "second DocRoot in no namespace": (
        main_part("<ofd:DocRoot>", "<DocRoot>Doc_1/Document.xml</DocRoot><ofd:DocRoot>"),
        {Code.PACKAGE_DOCUMENT},
    ),
    "second DocBody": (
        main_part(
            "<ofd:DocBody>", "<ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody><ofd:DocBody>"
        ),
        {Code.METADATA_SEVERAL},
    ),
    "elements inside a value": (
        main_part(f">{LICENCE_TYPE}<", f"><b>{OTHER_TYPE}</b>{LICENCE_TYPE}<"),
        {Code.PACKAGE_DOCUMENT},
    ),
    "pair without a name": (
        main_part(TYPE_PAIR, f"{TYPE_PAIR}<ofd:CustomData>{OTHER_TYPE}</ofd:CustomData>"),
        {Code.PACKAGE_DOCUMENT},
    ),
    "name in a namespace": (
        main_part(TYPE_PAIR, TYPE_PAIR.replace("Name=", f"{EVIL} evil:Name=")),
        {Code.PACKAGE_DOCUMENT},
    ),
    "document type with an entity": (
        main_part("<ofd:OFD ", '<!DOCTYPE x [<!ENTITY t "x">]><ofd:OFD '),
        {Code.PACKAGE_DOCUMENT, Code.SIGNATURE_LIST_MALFORMED},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TWICE)
def test_two_readings(case: str) -> None:
    """Where one program may follow the first of two and another the last, the document fails."""
    make, expected = TWICE[case]
    report = verified(make())
    assert report.verdict is Verdict.FAILED
    assert expected <= codes(report)


VALUES = {
    "type in lower case": {"ZZLXDM": LICENCE_TYPE.lower()},
    "type with a space": {"ZZLXDM": LICENCE_TYPE[:18] + " " + LICENCE_TYPE[18:]},
    "issuer in full-width letters": {"ZZBFJGDM": "".join(chr(ord(each) + 0xFEE0) for each in OTHER_BUREAU)},
    "issuer of another check character": {"ZZBFJGDM": OTHER_BUREAU[:-1] + "0"},
    "another issuer": {"ZZBFJGDM": OTHER_BUREAU},
    "date of Arabic digits": {"ZZBFRQ": "٢٠٢٦٠٣٠١"},
    "date with time": {"ZZYXQJZRQ": "20310228235959"},
    "date of no calendar": {"ZZYXQJZRQ": "20310229"},
    "date of another form": {"ZZYXQJZRQ": "2031-02-28"},
    "date before the first year": {"ZZYXQJZRQ": "00000000"},
    "last date of all": {"ZZYXQQSRQ": "99991231"},
    "begins after today": {"ZZYXQQSRQ": "20990101"},
    "ended": {"ZZYXQJZRQ": "20260301"},
    "issued after today": {"ZZBFRQ": "20990101"},
    "two types in one value": {"ZZLXDM": f"{LICENCE_TYPE}^{OTHER_TYPE}"},
    "identifier of another type": {"ZZBS": f"1.2.156.3005.2.{OTHER_TYPE}.{OTHER_BUREAU}.A1.001.X"},
    "empty identifier": {"ZZBS": ""},
    "identifier of 100 000 characters": {"ZZBS": "1" * 100_000},
}


@pytest.mark.parametrize("case", VALUES)
def test_values_that_are_almost_right(case: str) -> None:
    """Nothing is read kindly where it decides what a licence is and until when."""
    report = verified(sealed(metadata(**VALUES[case])))
    assert report.verdict is Verdict.FAILED


def test_metadata_of_another_holder_kept_apart() -> None:
    """Taking the whole of one licence's metadata into another document breaks what the seal covers."""
    genuine = sealed()
    other = sealed(metadata(CZZT="别的公司"))
    report = verified({**genuine, "OFD.xml": other["OFD.xml"]})
    assert {Code.REFERENCE, Code.COVERAGE_MISSING} <= codes(report)
