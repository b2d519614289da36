"""Seals and signed data: what is written reads back the same, what is mangled is read or refused."""

import json
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from formats import ber, der
from formats.errors import MalformedDataError
from formats.gbt35275 import assemble_signed_data, read_signed_data, signed_attributes
from formats.gbt38540 import (
    CertListType,
    ExtData,
    Generation,
    SealPicture,
    SealProperty,
    assemble_seal,
    assemble_seal_signature,
    read_seal_signature,
    seal_info,
    tbs_sign,
)

VECTOR = Path(__file__).resolve().parent.parent / "vectors" / "gbt38540" / "complete_v4.json"
PUBLISHED = bytes.fromhex("".join(json.loads(VECTOR.read_text("utf-8"))["der"]))
CERTIFICATE = read_seal_signature(PUBLISHED).signer_certificate

moments = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
ascii_text = st.text(st.characters(max_codepoint=127), min_size=1, max_size=40)
scalars = st.integers(1, (1 << 256) - 1)
signatures = st.builds(lambda r, s: der.sequence(der.integer(r), der.integer(s)), scalars, scalars)
values = st.binary(max_size=80)
tokens = st.none() | values.map(der.octet_string).map(der.sequence)
oids = st.lists(st.integers(0, 1 << 40), min_size=1, max_size=6).map(
    lambda arcs: "1.2." + ".".join(map(str, arcs))
)
extensions = st.lists(st.builds(ExtData, oids, st.booleans(), values), max_size=3).map(tuple)
pictures = st.builds(
    SealPicture, ascii_text, st.binary(min_size=1, max_size=300), st.integers(1, 10_000), st.integers(1, 10_000)
)


@st.composite
def properties(draw: st.DrawFn) -> SealProperty:
    digests = draw(st.booleans())
    valid_from, valid_to = sorted([draw(moments), draw(moments)])
    listed = st.lists(
        st.tuples(st.from_regex(r"[A-Za-z0-9 .]{1,12}", fullmatch=True), values), min_size=1, max_size=3
    )
    return SealProperty(
        type=draw(st.integers(0, 0x7FFFFFFF)),
        name=draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)),
        cert_list_type=CertListType.DIGESTS if digests else CertListType.CERTIFICATES,
        certificates=() if digests else (CERTIFICATE,) * draw(st.integers(1, 3)),
        certificate_digests=tuple(draw(listed)) if digests else (),
        created=draw(moments),
        valid_from=valid_from,
        valid_to=valid_to,
    )


@given(
    st.sampled_from([Generation.V4, Generation.V5]),
    ascii_text,
    properties(),
    pictures,
    extensions,
    signatures,
    tokens,
    moments,
    st.binary(min_size=32, max_size=32),
)
def test_written_signature_reads_back(
    generation: Generation,
    text: str,
    property_: SealProperty,
    picture: SealPicture,
    ext_datas: tuple[ExtData, ...],
    signature: bytes,
    token: bytes | None,
    at: datetime,
    data_hash: bytes,
) -> None:
    """Every value given to the writer is the value read, and the signed slices are the ones written."""
    info = seal_info(generation, text, text, property_, picture, ext_datas)
    seal_token = token if generation is Generation.V5 else None
    seal = assemble_seal(generation, info, CERTIFICATE, signature, seal_token)
    tbs = tbs_sign(generation, seal, at, data_hash, text, ext_datas)
    value = read_seal_signature(assemble_seal_signature(generation, tbs, CERTIFICATE, signature, token))
    assert (value.to_sign, value.seal.encoded, value.seal.signed_bytes) == (tbs, seal, info)
    assert (value.generation, value.seal.property, value.seal.picture) == (generation, property_, picture)
    assert value.extensions == value.seal.extensions == ext_datas
    assert (value.signature, value.seal.signature) == (signature, signature)
    assert (value.time_stamp, value.seal.time_stamp) == (token, seal_token)
    assert (value.time_info, value.data_hash, value.property_info) == (at, data_hash, text)


@given(st.data())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_mangled_signature_is_read_or_refused(data: st.DataObject) -> None:
    """Splices of the published vector lead to no error but MalformedDataError."""
    start, end = sorted([data.draw(st.integers(0, len(PUBLISHED))), data.draw(st.integers(0, len(PUBLISHED)))])
    mangled = PUBLISHED[:start] + data.draw(st.binary(max_size=12)) + PUBLISHED[end:]
    for read in (read_seal_signature, read_signed_data):
        try:
            assert read(mangled).encoded == mangled
        except MalformedDataError:
            continue


@given(st.binary(max_size=400))
def test_random_octets(data: bytes) -> None:
    """Random octets behind a SEQUENCE tag lead to no error but MalformedDataError."""
    for candidate in (data, der.sequence(data), b"\x30\x80" + data + b"\x00\x00"):
        for read in (read_seal_signature, read_signed_data, ber.to_definite):
            try:
                read(candidate)
            except MalformedDataError:
                continue


@given(st.binary(max_size=64), moments, st.booleans(), signatures, tokens)
def test_written_signed_data_reads_back(
    content: bytes, at: datetime, attributed: bool, signature: bytes, token: bytes | None
) -> None:
    """Content, attributes, signature and token of written signed data are the ones read."""
    attributes = signed_attributes(bytes(32), at) if attributed else None
    data = assemble_signed_data(
        content=None if attributed else content,
        attributes=attributes,
        signature=signature,
        signer_certificate=CERTIFICATE,
        time_stamp=token,
    )
    signed = read_signed_data(data)
    assert signed.content == (None if attributed else content)
    assert signed.signed_bytes() == ((attributes,) if attributed else (content,))
    assert (signed.signer.signature, signed.signer.time_stamp) == (signature, token)
    assert signed.signer.signing_time == (at if attributed else None)
