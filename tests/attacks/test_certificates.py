"""Attacks on paths: who may certify whom, under which name, and what a stranger's certificate may claim."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from crypto import DEFAULT_USER_ID, PrivateKey, sign
from formats import der, oids
from formats.gbt20518 import (
    Extension,
    KeyUsage,
    Name,
    TbsCertificate,
    Validity,
    assemble_certificate,
    read_certificate,
)
from formats.gbt20518 import extension_building as extensions
from formats.gbt20518.name import read_name
from formats.gbt33190.signature_model import SignatureType
from tests.unit.verifier.documents import codes, sealed, verified
from tests.unit.verifier.nation import (
    BUREAU,
    CA_EXTENSIONS,
    DAY,
    ENDS,
    FOUNDED,
    NOW,
    SIGNED,
    SIGNING,
    Holder,
    Nation,
    authority,
    crl,
    holder_extensions,
    issue,
    name,
    nation,
    revoked,
)
from verifier.codes import Code
from verifier.findings import Verdict
from verifier.trust_list_model import Purpose
from verifier.verification import Verifier

N = nation()
OWN = holder_extensions(BUREAU)
UNTRUSTED = Code.SIGNER_CERT_UNTRUSTED


def encoded_name(*attributes: tuple[str, int, bytes]) -> Name:
    """A name with these types, string types and contents."""
    return read_name(
        der.sequence(
            *(der.set_of([der.sequence(der.oid(oid), der.encode(tag, text))]) for oid, tag, text in attributes)
        )
    )


def named(
    issuer_name: Name, signer: PrivateKey, *, subject: Name | None = None, extra: tuple[Extension, ...] = OWN
) -> Holder:
    """A certificate that states this issuer, signed by whatever key."""
    key = PrivateKey.generate()
    tbs = TbsCertificate(
        serial_number=77,
        issuer=issuer_name,
        subject=subject or name("示例市市场监督管理局", "示例市市场监督管理局"),
        validity=Validity(FOUNDED, ENDS),
        public_key=key.public_key,
        extensions=extra,
    ).encode()
    return Holder(read_certificate(assemble_certificate(tbs, sign(signer, tbs, user_id=DEFAULT_USER_ID))), key)


def by_seal(holder: Holder, people: Nation = N) -> tuple[Verdict, set[Code]]:
    report = verified(sealed((), holder=holder), people)
    return report.verdict, codes(report)


def by_signature(holder: Holder, *links: Holder, people: Nation = N) -> tuple[Verdict, set[Code]]:
    """The same in signed data, which brings certificates along."""
    encoded = tuple(link.certificate.encoded for link in links)
    report = verified(sealed((), holder=holder, kind=SignatureType.SIGN, links=encoded), people)
    return report.verdict, codes(report)


# ---------------------------------------------------------------------- who signed

STRANGER = PrivateKey.generate()
LISTED = N.holder_authority.certificate.subject


@pytest.mark.parametrize(
    "holder",
    [
        lambda: named(LISTED, STRANGER),
        lambda: issue(name("自签"), None, extra=OWN),
        lambda: issue(name("示例"), issue(LISTED, None, extra=CA_EXTENSIONS), extra=OWN),
        lambda: issue(name("示例"), N.maker_authority, extra=OWN),
        lambda: issue(name("示例"), N.root, extra=OWN),
        lambda: issue(name("示例"), N.bureau, extra=OWN),
    ],
    ids=["listed name, other key", "self-signed", "namesake authority", "maker's authority", "root", "end entity"],
)
def test_not_issued_by_a_holders_authority(holder: Callable[[], Holder]) -> None:
    """Only the key of an authority listed for this purpose counts; its name alone, or another purpose, is nothing."""
    made = holder()
    verdict, found = by_seal(made)
    assert verdict is Verdict.FAILED
    assert found == {UNTRUSTED}


def test_seal_made_by_a_seal_holder() -> None:
    """A holder's certificate makes no seals, even its own, though its authority is listed."""
    from tests.unit.verifier.documents import seal_recipe

    report = verified(sealed((), seal=seal_recipe(maker=N.bureau)))
    assert {Code.MAKER_CERT_UNTRUSTED, Code.MAKER_NOT_LISTED} <= codes(report)


def test_authority_as_signer() -> None:
    """A CA certificate signs no documents."""
    verdict, found = by_seal(N.holder_authority)
    assert verdict is Verdict.FAILED
    assert Code.SIGNER_CERT_KEY_USAGE in found


SAME_NAME = {
    "PrintableString for UTF8String": ((oids.ORGANIZATION, der.PRINTABLE_STRING, b"Example"), (oids.COMMON_NAME, der.PRINTABLE_STRING, b"Gov CA")),
    "BMPString": ((oids.ORGANIZATION, der.BMP_STRING, "Example".encode("utf-16-be")), (oids.COMMON_NAME, der.UTF8_STRING, b"Gov CA")),
    "T61String": ((oids.ORGANIZATION, der.T61_STRING, b"Example"), (oids.COMMON_NAME, der.UTF8_STRING, b"Gov CA")),
    "other case": ((oids.ORGANIZATION, der.UTF8_STRING, b"EXAMPLE"), (oids.COMMON_NAME, der.UTF8_STRING, b"gov ca")),
    "white space": ((oids.ORGANIZATION, der.UTF8_STRING, b" Example "), (oids.COMMON_NAME, der.UTF8_STRING, b"Gov  CA")),
    "full-width letters": ((oids.ORGANIZATION, der.UTF8_STRING, "Ｅxample".encode()), (oids.COMMON_NAME, der.UTF8_STRING, b"Gov CA")),
}  # fmt: skip
COUNTRY = (oids.COUNTRY, der.PRINTABLE_STRING, b"CN")
PLAIN_NAME = encoded_name(
    COUNTRY, (oids.ORGANIZATION, der.UTF8_STRING, b"Example"), (oids.COMMON_NAME, der.UTF8_STRING, b"Gov CA")
)


def plain_authority() -> tuple[Holder, Nation]:
    own = issue(PLAIN_NAME, N.root, extra=CA_EXTENSIONS)
    people = N.with_content(
        authorities=(*N.content.authorities, authority(own, Purpose.SEAL_HOLDER)),
        crls=(*N.content.crls, crl(own)),
    )
    return own, people


@pytest.mark.parametrize("spelling", SAME_NAME)
def test_one_name_in_several_spellings(spelling: str) -> None:
    """RFC 5280 7.1: a CA that spells its name otherwise in certificates is still the same; a stranger is not."""
    own, people = plain_authority()
    spelt = encoded_name(COUNTRY, *SAME_NAME[spelling])
    assert by_seal(named(spelt, own.key), people) == (Verdict.PASSED, set())
    assert by_seal(named(spelt, STRANGER), people) == (Verdict.FAILED, {UNTRUSTED})


@pytest.mark.parametrize("spelling", SAME_NAME)
def test_revocation_under_another_spelling(spelling: str) -> None:
    """A revocation list counts for its CA however it spells the name, beside lists that spell it as certificates do."""
    own, people = plain_authority()
    victim = named(PLAIN_NAME, own.key)
    respelt = Holder(replace(own.certificate, subject=encoded_name(COUNTRY, *SAME_NAME[spelling])), own.key)
    people = people.with_content(crls=(*people.content.crls, crl(respelt, (revoked(victim, SIGNED - DAY),))))
    assert by_seal(victim, people) == (Verdict.FAILED, {Code.SIGNER_CERT_REVOKED})


def test_authority_listed_with_two_keys_in_two_spellings() -> None:
    """A renewed authority whose new certificate spells the name otherwise: certificates of both keys hold."""
    own, people = plain_authority()
    respelt = issue(encoded_name(COUNTRY, *SAME_NAME["other case"]), N.root, extra=CA_EXTENSIONS)
    people = people.with_content(
        authorities=(*people.content.authorities, authority(respelt, Purpose.SEAL_HOLDER)),
        crls=(*people.content.crls, crl(respelt)),
    )
    for holder in (named(PLAIN_NAME, own.key), named(PLAIN_NAME, respelt.key)):
        assert by_seal(holder, people) == (Verdict.PASSED, set())


# ---------------------------------------------------------------------- certificates that come along


def ca(subject: str, issuer: Holder | None, *extra: Extension, **options: object) -> Holder:
    return issue(name(subject), issuer, extra=extra or CA_EXTENSIONS, **options)  # type: ignore[arg-type]


def chain_of(*links: Holder) -> tuple[Holder, ...]:
    """An end entity below the last link, then the links."""
    return issue(name("示例"), links[-1], extra=OWN), *links


CHAINS: dict[str, Callable[[], tuple[Holder, ...]]] = {
    "stranger's own root": lambda: chain_of(ca("根", None)),
    "namesake of the listed authority": lambda: chain_of(issue(LISTED, None, extra=CA_EXTENSIONS)),
    "end entity as CA": lambda: chain_of(N.bureau),
    "no basicConstraints": lambda: chain_of(
        ca("中间", N.holder_authority, extensions.key_usage([KeyUsage.KEY_CERT_SIGN]))
    ),
    "no keyCertSign": lambda: chain_of(
        ca("中间", N.holder_authority, SIGNING, extensions.basic_constraints_of_ca(None))
    ),
    "other path length": lambda: chain_of(
        first := ca("中间", N.holder_authority, CA_EXTENSIONS[0], extensions.basic_constraints_of_ca(0)),
        ca("再中间", first),
    ),
    "below the maker's authority": lambda: chain_of(ca("中间", N.maker_authority)),
    "listed authority in between": lambda: chain_of(
        issue(LISTED, N.maker_authority, extra=CA_EXTENSIONS, key=N.holder_authority.key)
    ),
    "too long": lambda: chain_of(
        a := ca("一", N.holder_authority), b := ca("二", a), c := ca("三", b), ca("四", c)
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHAINS)
def test_chains_that_do_not_hold(case: str) -> None:
    """Certificates brought along are believed only below a listed authority, and only as far as each may certify."""
    made = CHAINS[case]()
    verdict, found = by_signature(*made)
    if case == "listed authority in between":
        # The key is listed for this purpose by itself: the path is the direct one and needs no link.
        assert (verdict, found) == (Verdict.PASSED, set())
    else:
        assert verdict is Verdict.FAILED
        assert UNTRUSTED in found


def test_unknown_critical_extension_above() -> None:
    """What is not understood in a certificate between leaves the path open."""
    link = ca("中间", N.holder_authority, *CA_EXTENSIONS, Extension("1.2.3.4", critical=True, value=b"\x05\x00"))
    people = N.with_content(crls=(*N.content.crls, crl(link)))
    verdict, found = by_signature(*chain_of(link), people=people)
    assert verdict is Verdict.INDETERMINATE
    assert found == {Code.SIGNER_CERT_EXTENSION}


def test_expired_certificate_between() -> None:
    """Every certificate of a path is in force when the key was used."""
    link = ca("中间", N.holder_authority, period=(FOUNDED, SIGNED - DAY))
    people = N.with_content(crls=(*N.content.crls, crl(link)))
    verdict, found = by_signature(*chain_of(link), people=people)
    assert verdict is Verdict.FAILED
    assert Code.SIGNER_CERT_PERIOD in found


def test_revoked_certificate_between() -> None:
    """A CA between that was revoked takes its certificates with it."""
    link = ca("中间", N.holder_authority)
    entry = revoked(link, SIGNED - DAY)
    people = N.with_content(crls=(N.content.crls[0], crl(N.holder_authority, (entry,)), crl(link)))
    verdict, found = by_signature(*chain_of(link), people=people)
    assert verdict is Verdict.FAILED
    assert Code.SIGNER_CERT_REVOKED in found


# ---------------------------------------------------------------------- what a certificate claims


@pytest.mark.parametrize(
    "code",
    [BUREAU.lower(), f" {BUREAU}", f"{BUREAU}X", BUREAU[:17], "".join(chr(ord(each) + 0xFEE0) for each in BUREAU), BUREAU[:-1] + "0"],
    ids=["lower case", "space", "longer", "shorter", "full-width", "check character"],
)  # fmt: skip
def test_credit_code_almost_the_issuers(code: str) -> None:
    """A code that is none names nobody, whatever it resembles; nor does the organisation's text then count."""
    extension = Extension(oids.ORGANIZATION_CODE, critical=False, value=der.utf8_string(code))
    holder = issue(name("示例", BUREAU + "示例局"), N.holder_authority, extra=(SIGNING, extension))
    report = verified(sealed(holder=holder))
    assert report.verdict is Verdict.INDETERMINATE
    assert codes(report) == {Code.ISSUER_SEAL_UNKNOWN}


def test_unreadable_credit_code_is_not_made_up_from_the_name() -> None:
    """An organisation code that cannot be read names nobody; the text of the organisation does not replace it."""
    extension = Extension(oids.ORGANIZATION_CODE, critical=False, value=b"\x30\x00")
    holder = issue(name("示例", BUREAU + "示例局"), N.holder_authority, extra=(SIGNING, extension))
    report = verified(sealed(holder=holder))
    assert report.verdict is not Verdict.PASSED
    assert codes(report) == {Code.ISSUER_SEAL_UNKNOWN}


def test_credit_code_elsewhere_names_nobody() -> None:
    """The code in the common name, a serial number or another identity extension is not where it belongs."""
    elsewhere = [
        issue(name(BUREAU), N.holder_authority),
        issue(
            Name.build([(oids.COUNTRY, "CN"), (oids.SERIAL_NUMBER, BUREAU), (oids.COMMON_NAME, "示例")]),
            N.holder_authority,
        ),
        issue(
            name("示例"),
            N.holder_authority,
            extra=(SIGNING, Extension(oids.TAXATION_NUMBER, critical=False, value=der.printable_string(BUREAU))),
        ),
        issue(name("示例", "示例局" + BUREAU), N.holder_authority),
    ]
    for holder in elsewhere:
        report = verified(sealed(holder=holder))
        assert codes(report) == {Code.ISSUER_SEAL_UNKNOWN}


def test_second_credit_code_extension() -> None:
    """An extension that stands twice refuses the certificate (RFC 5280 4.2)."""
    holder = issue(
        name("示例"),
        N.holder_authority,
        extra=(
            SIGNING,
            extensions.organization_code(BUREAU),
            Extension("1.2.3.4", critical=False, value=b"\x05\x00"),
        ),
    )
    spoilt = holder.certificate.encoded.replace(der.oid("1.2.3.4"), b"")
    assert spoilt != holder.certificate.encoded
    twice = TbsCertificate(
        serial_number=9,
        issuer=LISTED,
        subject=name("示例"),
        validity=Validity(FOUNDED, ENDS),
        public_key=holder.key.public_key,
        extensions=(SIGNING, extensions.organization_code("91990101MA9T00018G")),
    ).encode()
    one = extensions.organization_code("91990101MA9T00018G").encode()
    both = one + extensions.organization_code(BUREAU).encode()
    tbs = _lengthened(twice, one, both)
    certificate = assemble_certificate(tbs, sign(N.holder_authority.key, tbs, user_id=DEFAULT_USER_ID))
    with pytest.raises(ValueError, match="repeated"):
        read_certificate(certificate)


def _lengthened(tbs: bytes, old: bytes, new: bytes) -> bytes:
    """``tbs`` with its last extension replaced, lengths put right."""
    outer = der.parse(tbs)
    *fields, wrapped = outer.children()
    extension_list = wrapped.explicit(3)
    content = extension_list.content.replace(old, new)
    return der.sequence(*(each.encoded for each in fields), der.explicit(3, der.sequence(content)))


# ---------------------------------------------------------------------- what it costs


def test_long_issuer_names_against_many_authorities() -> None:
    """A name of 60 kB that folds to 400 000 characters is compared with nobody's, however many are listed."""
    many = tuple(
        authority(issue(name(f"CA {n}"), N.root, extra=CA_EXTENSIONS), Purpose.SEAL_HOLDER) for n in range(100)
    )
    people = N.with_content(authorities=(*N.content.authorities, *many))
    long = encoded_name((oids.ORGANIZATION, der.UTF8_STRING, ("\ufdfa" * 20_000).encode()))
    documents = [sealed((), holder=named(long, STRANGER)) for _ in range(5)]
    trust = people.trust()
    verifier = Verifier(trust)
    from formats.gbt33190.package_writer import write_package

    start = time.perf_counter()
    for entries in documents:
        report = verifier.verify(write_package(entries), at=NOW)
        assert codes(report) == {UNTRUSTED}
    assert time.perf_counter() - start < 5
