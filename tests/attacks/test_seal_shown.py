"""Attacks on what a reader shows as the seal: whose it is, how large, and from which file it is drawn."""

import re

import pytest

from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import write_package
from formats.gbt33190.signature_model import SignatureType
from formats.gbt38540 import Generation, SealPicture, read_seal_signature
from formats.rendering.stamps import package_stamps
from tests.unit.verifier.documents import (
    PNG,
    Entries,
    Recipe,
    codes,
    document,
    metadata,
    seal_recipe,
    sealed,
    verified,
)
from tests.unit.verifier.nation import BUREAU, holder_extensions, issue, name, nation
from tests.unit.verifier.test_twins import SEAL, VALUE
from verifier.codes import Code
from verifier.findings import Verdict

N = nation()
GENUINE_SEAL = seal_recipe(name="示例市市场监督管理局").make(N, N.bureau)
LIFTED = "Doc_0/Res/Seal.esl"


def shown_with(entries: Entries, seal: str, **recipe: object) -> Entries:
    """One more signature whose Signature.xml has this Seal element and a StampAnnot."""

    def change(xml: bytes) -> bytes:
        plain = re.sub(rb"<ofd:Seal>.*?</ofd:Seal>|<ofd:StampAnnot [^>]*/>", b"", xml)
        stamp = '<ofd:StampAnnot ID="s9" PageRef="1" Boundary="100 100 40 40"/>'
        return plain.replace(b"</ofd:SignedInfo>", f"{stamp}<ofd:Seal>{seal}</ofd:Seal></ofd:SignedInfo>".encode())

    return Recipe(change_xml=change, **recipe).apply(entries)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", ["A", "B"])
def test_lifted_seal_beside_a_digital_signature(shape: str) -> None:
    """Anybody's seal can be copied from a document; beside his own digital signature a stranger shows it as his.

    Renderers draw the imprint from Seal.esl where the value is no seal signature.
    """
    entries = document(()) | {LIFTED: GENUINE_SEAL}
    forged = shown_with(
        entries,
        f"<ofd:BaseLoc>/{LIFTED}</ofd:BaseLoc>",
        holder=N.other_bureau,
        kind=SignatureType.SIGN,
        shape=shape,
    )
    stamps, _ = package_stamps(OfdPackage.open(write_package(forged)))
    assert len(stamps) == 1  # the attack works on a renderer
    report = verified(forged)
    assert report.verdict is Verdict.FAILED
    assert codes(report) == {Code.SEAL_NOT_USED}


def test_missing_seal_beside_a_digital_signature() -> None:
    """The same with the seal left out of the package: somebody may put it back where nothing covers it."""
    forged = shown_with(document(()), "<ofd:BaseLoc>/Doc_0/none.esl</ofd:BaseLoc>", kind=SignatureType.SIGN)
    assert codes(verified(forged)) == {Code.SEAL_NOT_USED}


def test_image_of_another_seal() -> None:
    """GM/T 0099 lets a signature name an image of the seal: any image, as far as the signature is concerned."""
    picture = "Doc_0/Res/seal.png"
    element = f"<ofd:BaseLoc>/{SEAL}</ofd:BaseLoc><ofd:ImageLoc>/{picture}</ofd:ImageLoc>"
    report = verified(shown_with(document(()) | {picture: PNG + b"another"}, element))
    assert report.verdict is Verdict.INDETERMINATE
    assert codes(report) == {Code.SEAL_IMAGE}
    assert verified(shown_with(document(()) | {picture: PNG}, element)).verdict is Verdict.PASSED


def test_image_beside_a_digital_signature() -> None:
    """A seal without Seal.esl is none; the signature file is refused."""
    element = "<ofd:ImageLoc>/Doc_0/Res/image_3.png</ofd:ImageLoc>"
    report = verified(shown_with(document(()), element, kind=SignatureType.SIGN))
    assert report.verdict is Verdict.FAILED
    assert Code.FORMAT in codes(report)


@pytest.mark.parametrize(
    "stamps",
    [
        '<ofd:StampAnnot ID="s9" PageRef="1" Boundary="0 0 210 297"/>',
        '<ofd:StampAnnot ID="s9" PageRef="1" Boundary="0 0 210 40"/>',
        '<ofd:StampAnnot ID="s9" PageRef="1" Boundary="0 0 40 297" Clip="0 0 40 297"/>',
        '<ofd:StampAnnot ID="s9" PageRef="1" Boundary="-1e8 -1e8 2e8 2e8"/>',
        "".join(f'<ofd:StampAnnot ID="t{n}" PageRef="1" Boundary="{n} {n} 40 40"/>' for n in range(40)),
    ],
    ids=["whole page", "band", "column with clip", "beyond the page", "forty imprints"],
)
def test_second_seal_over_the_page(stamps: str) -> None:
    """A stranger with a seal of his own adds it to a genuine licence and draws it over what the issuer sealed."""

    def cover(xml: bytes) -> bytes:
        return re.sub(rb"<ofd:StampAnnot [^>]*/>", stamps.encode(), xml)

    report = verified(Recipe(holder=N.other_bureau, change_xml=cover).apply(sealed()))
    assert report.verdict is Verdict.INDETERMINATE
    assert codes(report) == {Code.SEAL_IMPRINT}


RIDING = "".join(
    f'<ofd:StampAnnot ID="r{i}" PageRef="1" Boundary="{210 - 4 * (i + 1)} 50 40 40" Clip="{4 * i} 0 4 40"/>'
    for i in range(10)
)


@pytest.mark.parametrize(
    "stamps",
    [
        "",
        RIDING,
        '<ofd:StampAnnot ID="s9" PageRef="1" Boundary="10 10 42.5 41"/>',
        '<ofd:StampAnnot ID="s9" PageRef="1" Boundary="10 10 20 20"/>',
        '<ofd:StampAnnot PageRef="1" ID="1" Clip="0 0 40 40" Boundary="130 230 40 40"></ofd:StampAnnot>',
    ],
    ids=["none", "riding seal", "rounded size", "smaller", "full clip"],
)
def test_imprints_in_use_pass(stamps: str) -> None:
    """No imprint, slices of one, and sizes as makers round them are honest."""
    entries = sealed(change_xml=lambda xml: re.sub(rb"<ofd:StampAnnot [^>]*/>", stamps.encode(), xml))
    report = verified(entries)
    assert codes(report) == set()
    assert report.verdict is Verdict.PASSED


def test_moved_stamp() -> None:
    """Where the imprint stands is signed: moving it breaks the signature."""
    entries = sealed(())
    path = "Doc_0/Signs/Sign_0/Signature.xml"
    for old, new in ((b'PageRef="1"', b'PageRef="2"'), (b"130 230", b"13 23")):
        assert old in entries[path]
        report = verified({**entries, path: entries[path].replace(old, new)})
        assert Code.DATA_HASH in codes(report)
        assert report.verdict is Verdict.FAILED


@pytest.mark.parametrize("generation", Generation)
def test_picture_exchanged_inside_the_value(generation: Generation) -> None:
    """Another picture of the same length in Seal.esl and in the signed value alike breaks both signatures."""
    entries = sealed(seal=seal_recipe(generation=generation))
    picture = read_seal_signature(entries[VALUE]).seal.picture.data
    other = picture[:-1] + bytes([picture[-1] ^ 1])
    changed = {
        path: data.replace(picture, other) if path in (SEAL, VALUE) else data for path, data in entries.items()
    }
    assert {Code.SEAL_SIGNATURE, Code.SIGNATURE, Code.REFERENCE} <= codes(verified(changed))


def test_lifted_seal_under_another_key() -> None:
    """A genuine seal used with a certificate it does not list, whoever issued it."""
    for holder in (
        N.other_bureau,
        issue(name("示例市市场监督管理局"), N.holder_authority, extra=holder_extensions(BUREAU)),
    ):
        entries = sealed((), holder=holder, seal=seal_recipe(holders=(N.bureau.certificate.encoded,)))
        assert Code.SIGNER_NOT_IN_SEAL in codes(verified(entries))


@pytest.mark.parametrize("kind", ["MD5", "SHA1", "sha-256", "ZASM3", "", "SM3 ", "1.2.156.10197.1.401.2"])
def test_seal_listing_its_signer_under_a_weak_digest(kind: str) -> None:
    """certListType 2 under a name other than SM3 says nothing, even if the octets are the SM3 digest."""
    digest = N.bureau.certificate.digest()
    report = verified(sealed((), seal=seal_recipe(digests=((kind, digest),))))
    assert codes(report) == {Code.SIGNER_LIST_UNKNOWN}
    assert report.verdict is Verdict.INDETERMINATE


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("png", b"GIF89a"),
        ("tiff", b"II*\0"),
        ("ofd", PNG),
        ("svg", b"<html>"),
        ("exe", b"MZ"),
    ],
)
def test_picture_that_is_none(kind: str, data: bytes) -> None:
    """A picture no reader can show is told; its seal would be taken for one without an imprint."""
    report = verified(sealed((), seal=seal_recipe(picture=SealPicture(kind, data, 40, 40))))
    assert codes(report) == {Code.SEAL_PICTURE}
    assert report.verdict is Verdict.FAILED


def test_licence_sealed_by_a_stranger_of_the_same_name() -> None:
    """Name and organisation of a certificate are not who it is: the credit code the authority vouched for is."""
    double = issue(name("示例市市场监督管理局", "示例市市场监督管理局"), N.holder_authority)
    report = verified(sealed(metadata(), holder=double))
    assert report.verdict is Verdict.INDETERMINATE
    assert codes(report) == {Code.ISSUER_SEAL_UNKNOWN}
