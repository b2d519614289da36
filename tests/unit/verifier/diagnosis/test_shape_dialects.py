"""Confusions of shape, lists and times are told as exactly that, where the signature holds over what was received."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from crypto import DEFAULT_USER_ID, sm3
from formats import der
from formats.gbt33190.signature_model import SignatureType
from formats.gbt38540 import Generation
from tests.unit.verifier.diagnosis.speaking import (
    ALGORITHM,
    SEAL,
    SIGNATURE,
    VALUE,
    N,
    answers,
    certificate,
    diagnosed,
    dialects_of,
    parts_of_tbs,
    plain,
    resigned,
    under,
    with_seal,
)
from tests.unit.verifier.documents import Recipe, document, seal_recipe, sealed
from tests.unit.verifier.nation import NOW, SIGNED, issue
from verifier.diagnosis import Conclusion, Question

Names = tuple[str, ...]
BARE = N.bureau.certificate.encoded


def tbs_with(position: int, element: bytes) -> bytes:
    parts = parts_of_tbs()
    parts[position] = element
    return der.sequence(*parts)


def framed(
    *, cert: bytes | None = None, algorithm: bytes = ALGORITHM, value: Any = der.bit_string, more: bytes = b""
) -> Any:
    """SES_Signature with one element written otherwise."""
    return lambda signed, signature: der.sequence(
        signed, certificate() if cert is None else cert, algorithm, value(signature), more
    )


def old_seal() -> bytes:
    return sealed((), seal=seal_recipe(generation=Generation.V1))[SEAL]


def old_tbs(seal: bytes, moment: bytes) -> bytes:
    """TBS_Sign of GM/T 0031-2014."""
    return der.sequence(
        der.integer(1),
        seal,
        moment,
        der.bit_string(sm3(plain()[SIGNATURE])),
        der.ia5_string(f"/{SIGNATURE}"),
        certificate(),
        ALGORITHM,
    )


def rewritten_seal(change: Any) -> bytes:
    """The seal with the elements of eSealInfo changed, and the maker's signature over that."""
    info, *_ = der.parse(plain()[SEAL])
    parts = change([each.encoded for each in info])
    own = der.sequence(*parts)
    rest = (der.octet_string(N.maker.certificate.encoded), ALGORITHM, der.bit_string(N.maker.sign(own)))
    return der.sequence(own, *rest)


def property_with(**changes: bytes) -> Any:
    def change(parts: list[bytes]) -> list[bytes]:
        names = ("type", "name", "list_type", "list", "created", "start", "end")
        own = dict(zip(names, (each.encoded for each in der.parse(parts[2])), strict=True)) | changes
        return [*parts[:2], der.sequence(*own.values()), *parts[3:]]

    return change


DIGESTS = der.sequence(der.sequence(der.printable_string("SM3"), der.octet_string(sm3(BARE))))
CASES: dict[str, tuple[Any, Names]] = {
    "algorithm with parameters": (
        lambda: resigned(frame=framed(algorithm=der.sequence(ALGORITHM, der.null()))),
        ("shape.algorithm-identifier",),
    ),
    "signature in an octet string": (
        lambda: resigned(frame=framed(value=der.octet_string)),
        ("shape.octet-string",),
    ),
    "bare certificate": (lambda: resigned(frame=framed(cert=BARE)), ("shape.certificate-bare",)),
    "data hash in an octet string": (
        lambda: resigned(tbs=tbs_with(3, der.octet_string(sm3(plain()[SIGNATURE])))),
        ("shape.octet-string",),
    ),
    "path as UTF-8": (
        lambda: resigned(tbs=tbs_with(4, der.utf8_string(f"/{SIGNATURE}"))),
        ("shape.string-type",),
    ),
    "time in a bit string": (
        lambda: resigned(tbs=tbs_with(2, der.bit_string(der.generalized_time(SIGNED)))),
        ("shape.time-wrapped",),
    ),
    "old parts in a new frame": (
        lambda: resigned(tbs=der.sequence(*parts_of_tbs(), certificate(), ALGORITHM)),
        ("shape.v1-parts",),
    ),
    "old seal in a new signature": (
        lambda: resigned(tbs=der.sequence(*parts_of_tbs(seal=old_seal()))),
        ("shape.v1-seal",),
    ),
    "new seal in an old signature": (
        lambda: resigned(
            tbs=old_tbs(plain()[SEAL], der.bit_string(der.utc_time(SIGNED))),
            frame=lambda signed, value: der.sequence(signed, der.bit_string(value)),
        ),
        ("shape.v4-seal",),
    ),
    "indefinite lengths": (
        lambda: resigned(frame=lambda signed, value: b"\x30\x80" + framed()(signed, value)[4:] + b"\0\0"),
        ("shape.ber",),
    ),
    "certificates called digests": (
        lambda: with_seal(rewritten_seal(property_with(list_type=der.integer(2)))),
        ("shape.list-type",),
    ),
    "digests called certificates": (
        lambda: with_seal(rewritten_seal(property_with(list=DIGESTS))),
        ("shape.list-type",),
    ),
    "no list type": (
        lambda: with_seal(rewritten_seal(property_with(list_type=b""))),
        ("shape.list-type",),
    ),
    "seal id as UTF-8": (
        lambda: with_seal(rewritten_seal(lambda parts: [parts[0], der.utf8_string("9901"), *parts[2:]])),
        ("shape.string-type",),
    ),
    "bare certificates in the list": (
        lambda: with_seal(rewritten_seal(property_with(list=der.sequence(BARE)))),
        ("shape.certificate-bare",),
    ),
    "bare certificate, empty id": (
        lambda: resigned(signing=under(b""), frame=framed(cert=BARE)),
        ("shape.certificate-bare", "user-id.empty"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_shape_confused(case: str) -> None:
    """What cannot be read is read as it was meant, and the signature holds over the octets received."""
    make, names = CASES[case]
    assert dialects_of(diagnosed(make()))[Question.FORMAT] == [names]


@pytest.mark.parametrize("case", CASES)
def test_a_shape_confused_and_changed(case: str) -> None:
    """The same shape under a signature over something else is no dialect."""
    make, _ = CASES[case]
    entries = make()
    value = entries[VALUE]
    at = value.index(f"/{SIGNATURE}".encode())
    entries = {**entries, VALUE: value[:at] + b"/doc" + value[at + 4 :]}
    assert answers(diagnosed(entries))[Question.FORMAT].conclusion is Conclusion.NONE


def test_versions_that_differ() -> None:
    """A signature of version 5 with a seal of version 4."""
    assert dialects_of(diagnosed(sealed((), version=Generation.V5))) == {Question.FORMAT: [("shape.version",)]}


def test_signed_data_of_another_shape() -> None:
    """The whole file as content, and a value listed under the wrong type."""
    whole = Recipe(kind=SignatureType.SIGN, shape="whole").apply(document())
    assert dialects_of(diagnosed(whole)) == {Question.FORMAT: [("shape.signed-data",)]}
    entries = Recipe(kind=SignatureType.SIGN).apply(document())
    name = "Doc_0/Signs/Signatures.xml"
    entries[name] = entries[name].replace(b'Type="Sign"', b'Type="Seal"')
    assert dialects_of(diagnosed(entries)) == {Question.FORMAT: [("shape.type",)]}


def test_garbage_cannot_be_tried() -> None:
    """A value that is nothing at all is not called changed: it cannot be read."""
    answer = answers(diagnosed({**plain(), VALUE: b"\x30\x03\x30\x01\x00"}))[Question.FORMAT]
    assert answer.conclusion is Conclusion.UNTRIED


def z() -> bytes:
    key = N.bureau.certificate.public_key
    assert key is not None
    return key.z_value(DEFAULT_USER_ID)


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        (("sm3WithSM2", sm3(BARE)), ("list.digest-name",)),
        (("SM3", sm3(z() + BARE)), ("digest.with-z",)),
        (("SM3", hashlib.sha256(BARE).digest()), ("digest.other-algorithm",)),
        (("SM3", sm3(BARE).hex().encode()), ("digest.text",)),
        (("SM3", sm3(N.bureau.certificate.spki)), ("list.digest-of-part",)),
        (("SM3", sm3(N.bureau.certificate.public_key.point)), ("list.digest-of-part",)),  # type: ignore[union-attr]
    ],
)
def test_a_list_of_digests_in_a_dialect(entry: tuple[str, bytes], names: Names) -> None:
    """The seal lists its signer in a form only some read."""
    found = diagnosed(sealed((), seal=seal_recipe(digests=(entry,))))
    assert dialects_of(found) == {Question.SIGNER_IN_SEAL: [names]}


def test_a_renewed_certificate() -> None:
    """The list has another certificate for the same key; a stranger's is no dialect."""
    old = issue(N.bureau.certificate.subject, N.holder_authority, key=N.bureau.key)
    found = diagnosed(sealed((), seal=seal_recipe(holders=(old.certificate.encoded,))))
    assert dialects_of(found) == {Question.SIGNER_IN_SEAL: [("list.same-key",)]}
    stranger = sealed((), seal=seal_recipe(holders=(N.other_bureau.certificate.encoded,)))
    assert answers(diagnosed(stranger))[Question.SIGNER_IN_SEAL].conclusion is Conclusion.UNLISTED


def test_times_without_a_zone() -> None:
    """A time that may be UTC or Beijing time is told as that."""
    tbs = tbs_with(2, der.encode(der.GENERALIZED_TIME, b"20260301023000"))
    assert dialects_of(diagnosed(resigned(tbs=tbs))) == {Question.SIGNING_TIME: [("time.without-zone",)]}


def test_local_time_written_as_utc() -> None:
    """Five hours ahead of the verifier's clock fits Beijing time; nine do not."""
    local = {Question.SIGNING_TIME: [("time.local-as-utc",)]}
    for hours, expected in ((5, local), (9, {})):
        assert dialects_of(diagnosed(sealed((), at=NOW + timedelta(hours=hours)))) == expected
