"""Trust lists: exact octets are signed, everything else about them is refused."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crypto import PrivateKey, SoftwareSigner
from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt2260 import DivisionCode
from formats.gbt20518 import extension_building as extensions
from tests.unit.verifier.nation import (
    CA_EXTENSIONS,
    DAY,
    FOUNDED,
    NOW,
    SIGNING,
    authority,
    issue,
    listed_maker,
    name,
    nation,
)
from verifier.errors import TrustListRefusedError
from verifier.trust_list import TrustList
from verifier.trust_list_envelope import TRUST_LIST_SIGNING, signed_bytes
from verifier.trust_list_model import Purpose, Regions, ServiceStatus, StatusChange
from verifier.trust_list_writing import payload, sign_trust_list

N = nation()
TSL = extensions.extended_key_usage([TRUST_LIST_SIGNING], critical=True)


def resigned(change: Callable[[dict[str, Any]], None]) -> bytes:
    """The nation's list with its payload changed and signed again by the operator."""
    document = json.loads(payload(N.content))
    change(document)
    return enveloped(json.dumps(document).encode())


def enveloped(octets: bytes) -> bytes:
    envelope = {
        "payloadType": "application/vnd.xinyin.trust-list+json",
        "payload": base64.b64encode(octets).decode(),
        "signatures": [
            {
                "sig": base64.b64encode(N.operator.sign(signed_bytes(octets))).decode(),
                "certificates": [base64.b64encode(N.operator.certificate.encoded).decode()],
            }
        ],
    }
    return json.dumps(envelope).encode()


def test_what_is_written_is_read() -> None:
    """Every entry comes back equal."""
    read = N.trust()
    assert read.authorities == tuple(N.content.authorities)
    assert read.seal_makers == {N.maker.certificate.digest(): (listed_maker(N.maker),)}
    assert tuple(read.issuers.values()) == tuple(N.content.issuers)
    assert [each.encoded for each in read.crls] == list(N.content.crls)
    assert read.algorithms == tuple(N.content.algorithms)
    assert read.regions == {DivisionCode("990000"): "示例省"}
    assert (read.facts.sequence, read.facts.issued, read.facts.next_update) == (12, NOW - DAY, NOW + 30 * DAY)
    assert read.facts.pinned


def test_full_entries_round_trip() -> None:
    """Optional members survive too: history, regions, ends, delegates, items."""
    history = (
        StatusChange(ServiceStatus.GRANTED, FOUNDED),
        StatusChange(ServiceStatus.WITHDRAWN, NOW, compromised=True),
    )
    entry = authority(N.holder_authority, *Purpose, regions=Regions((DivisionCode("990000"),)), history=history)
    content = replace(N.content, authorities=(entry,), operator_credit_code=N.bureau.certificate.credit_code)
    assert N.with_content(authorities=(entry,)).trust().authorities == (entry,)
    data = sign_trust_list(content, N.operator.signer, [N.operator.certificate])
    assert TrustList.read(data, at=NOW).facts.pinned is False


def test_any_flipped_octet_is_refused() -> None:
    """Payload, signature and certificate: a change anywhere is found."""
    data = N.trust_file()
    for position in range(0, len(data), 97):
        damaged = bytearray(data)
        damaged[position] ^= 1
        with pytest.raises((MalformedDataError, TrustListRefusedError)):
            TrustList.read(bytes(damaged), at=NOW, anchor=N.root.certificate)


@pytest.mark.parametrize(
    "anchor",
    [N.root.certificate, N.root.certificate.public_key, N.operator.certificate, N.operator.key.public_key],
)
def test_anchor_may_be_the_signer_or_above(anchor: Any) -> None:
    """A pinned certificate or key, of the signer itself or of the CA that issued it."""
    assert TrustList.read(N.trust_file(), at=NOW, anchor=anchor).facts.pinned


def test_another_anchor_refuses() -> None:
    """A list signed under somebody else's root is not ours, whatever its certificate is called."""
    stranger = issue(N.root.certificate.subject, None, extra=CA_EXTENSIONS)
    for anchor in (stranger.certificate, stranger.key.public_key, N.maker.certificate):
        with pytest.raises(TrustListRefusedError, match="anchor"):
            TrustList.read(N.trust_file(), at=NOW, anchor=anchor)


def test_signer_needs_the_role() -> None:
    """A seal holder's certificate of the same root signs no trust list."""
    ordinary = issue(name("普通"), N.root)
    data = sign_trust_list(N.content, ordinary.signer, [ordinary.certificate])
    with pytest.raises(TrustListRefusedError, match="signing trust lists"):
        TrustList.read(data, at=NOW, anchor=N.root.certificate)
    assert TrustList.read(data, at=NOW, anchor=ordinary.certificate).facts.pinned


def test_chain_of_two() -> None:
    """A CA between signer and anchor travels in the envelope, must be a CA, and one for signers of trust lists."""
    between = issue(name("中间"), N.root, extra=(*CA_EXTENSIONS, TSL))
    signer = issue(name("签发"), between, extra=(SIGNING, TSL))
    data = sign_trust_list(N.content, signer.signer, [signer.certificate, between.certificate])
    assert TrustList.read(data, at=NOW, anchor=N.root.certificate).facts.pinned
    for extra in ((SIGNING, TSL), CA_EXTENSIONS):
        other = issue(name("中间"), N.root, extra=extra)
        signer = issue(name("签发"), other, extra=(SIGNING, TSL))
        data = sign_trust_list(N.content, signer.signer, [signer.certificate, other.certificate])
        with pytest.raises(TrustListRefusedError, match="anchor"):
            TrustList.read(data, at=NOW, anchor=N.root.certificate)


def test_signer_must_be_in_force() -> None:
    """A signer whose certificate ran out signs nothing more."""
    old = issue(name("过期"), N.root, extra=(SIGNING, TSL), period=(FOUNDED, NOW))
    data = sign_trust_list(N.content, old.signer, [old.certificate])
    assert TrustList.read(data, at=NOW, anchor=N.root.certificate)
    with pytest.raises(TrustListRefusedError, match="not in force"):
        TrustList.read(data, at=NOW + DAY, anchor=N.root.certificate)


def test_rollback_is_refused() -> None:
    """A lower sequence than one seen before is an old list served again."""
    assert TrustList.read(N.trust_file(), at=NOW, previous_sequence=12)
    with pytest.raises(TrustListRefusedError, match="older"):
        TrustList.read(N.trust_file(), at=NOW, previous_sequence=13)


def test_expired_list_is_read_and_says_so() -> None:
    """Past its next update a list still reads; judging by it is the report's business."""
    late = NOW + 365 * DAY
    assert not TrustList.read(N.trust_file(), at=late).current_at(late)
    assert not TrustList.read(N.trust_file(), at=NOW).current_at(NOW - 2 * DAY)


CHANGES: dict[str, Callable[[dict[str, Any]], None]] = {
    "unknown member": lambda d: d.update(extra=1),
    "missing member": lambda d: d.pop("crls"),
    "another schema": lambda d: d.update(schema="xinyin.trust-list/2"),
    "sequence as text": lambda d: d.update(sequence="12"),
    "sequence of zero": lambda d: d.update(sequence=0),
    "sequence true": lambda d: d.update(sequence=True),
    "no period": lambda d: d.update(next_update=d["issued"]),
    "time with an offset": lambda d: d.update(issued="2026-05-31T00:00:00+00:00"),
    "no such time": lambda d: d.update(issued="2026-02-30T00:00:00Z"),
    "entry twice": lambda d: d["authorities"].append(d["authorities"][0]),
    "issuer twice": lambda d: d["issuers"].append(d["issuers"][0]),
    "list of lists": lambda d: d["authorities"].append([]),
    "unknown member of an entry": lambda d: d["authorities"][0].update(trusted=True),
    "no purpose": lambda d: d["authorities"][0].update(purposes=[]),
    "purpose twice": lambda d: d["authorities"][0].update(purposes=["status", "status"]),
    "unknown purpose": lambda d: d["authorities"][0].update(purposes=["everything"]),
    "empty regions": lambda d: d["authorities"][0].update(regions=[]),
    "no such division": lambda d: d["authorities"][0].update(regions=["000000"]),
    "ends before it starts": lambda d: d["authorities"][0].update(valid_to="2020-01-01T00:00:00Z"),
    "damaged certificate": lambda d: d["authorities"][0].update(certificate="MIIB"),
    "certificate with white space": lambda d: d["authorities"][0].update(
        certificate=d["authorities"][0]["certificate"] + "\n"
    ),
    "no authority": lambda d: d["authorities"][0].update(
        certificate=base64.b64encode(N.bureau.certificate.encoded).decode()
    ),
    "history out of order": lambda d: d["authorities"][0].update(
        history=[
            {"status": "granted", "since": "2026-01-02T00:00:00Z"},
            {"status": "withdrawn", "since": "2026-01-01T00:00:00Z"},
        ]
    ),
    "granted and compromised": lambda d: d["authorities"][0].update(
        history=[{"status": "granted", "since": "2026-01-02T00:00:00Z", "compromised": True}]
    ),
    "maker by two names": lambda d: d["seal_makers"][0].update(certificate="MIIB"),
    "maker by none": lambda d: d["seal_makers"][0].pop("certificate_digest"),
    "digest in capitals": lambda d: d["seal_makers"][0].update(certificate_digest="A" * 64),
    "unknown generation": lambda d: d["seal_makers"][0].update(generations=["v6"]),
    "wrong credit code": lambda d: d["issuers"][0].update(credit_code="11990100MB9T000110"),
    "wrong licence type": lambda d: d["issuers"][0]["entitlements"][0].update(licence_type="1"),
    "damaged revocation list": lambda d: d["crls"].append("MIIB"),
    "foreign algorithm": lambda d: d["algorithms"][0].update(signature="1.2.840.113549.1.1.11"),
    "foreign digest": lambda d: d["algorithms"][0].update(digest="1.3.14.3.2.26"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_malformed_lists_are_refused(change: Callable[[dict[str, Any]], None]) -> None:
    """Signed or not, a list that is not of the form is refused, and the message names the place."""
    with pytest.raises(MalformedDataError, match=r"\$"):
        TrustList.read(resigned(change), at=NOW)


def test_repeated_member_is_refused() -> None:
    """JSON readers differ in which of two equal keys they take."""
    octets = payload(N.content).replace(b'"sequence": 12', b'"sequence": 12, "sequence": 13')
    with pytest.raises(MalformedDataError, match="repeated"):
        TrustList.read(enveloped(octets), at=NOW)


def test_envelope_is_strict() -> None:
    """No second signature, no other payload type, no empty chain, no unknown member."""
    good = json.loads(N.trust_file())
    for change in (
        {"payloadType": "application/json"},
        {"signatures": []},
        {"signatures": good["signatures"] * 2},
        {"signatures": [{**good["signatures"][0], "certificates": []}]},
        {"signatures": [{**good["signatures"][0], "keyid": "x"}]},
        {"extra": 1},
    ):
        with pytest.raises(MalformedDataError):
            TrustList.read(json.dumps({**good, **change}).encode(), at=NOW)
    for data in (b"", b"[]", b"{", b"\xff", b'{"a":' * 5000):
        with pytest.raises(MalformedDataError):
            TrustList.read(data, at=NOW)


def test_oversized_list_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound holds before anything is parsed."""
    monkeypatch.setattr("verifier.trust_list_envelope.MAX_OCTETS", 1000)
    with pytest.raises(LimitExceededError):
        TrustList.read(N.trust_file(), at=NOW)


def test_signer_must_own_the_certificate() -> None:
    """A list is not signed with a key the certificate does not certify."""
    with pytest.raises(ValueError, match="not that of the signer"):
        sign_trust_list(N.content, SoftwareSigner(PrivateKey.generate()), [N.operator.certificate])
    with pytest.raises(ValueError, match="not that of the signer"):
        sign_trust_list(N.content, N.operator.signer, [])


def test_bad_content_is_not_published() -> None:
    """What a reader would refuse is refused when it is made."""
    content = replace(N.content, next_update=N.content.issued - timedelta(days=1))
    with pytest.raises(MalformedDataError, match="next_update"):
        sign_trust_list(content, N.operator.signer, [N.operator.certificate])


def test_status_is_that_of_the_last_change() -> None:
    """granted, withdrawn, granted again: each moment has the status of the change before it (TS 119 612)."""
    history = tuple(
        StatusChange(status, FOUNDED + days * DAY)
        for status, days in (
            (ServiceStatus.GRANTED, 10),
            (ServiceStatus.WITHDRAWN, 20),
            (ServiceStatus.GRANTED, 30),
        )
    )
    entry = authority(N.holder_authority, Purpose.SEAL_HOLDER, history=history)
    answers = [entry.granted_at(FOUNDED + days * DAY) for days in (-1, 0, 9, 10, 19, 20, 29, 30, 400)]
    assert answers == [False, False, False, True, True, False, False, True, True]
