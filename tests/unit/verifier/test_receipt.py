"""Receipts: genuine, for this file, by whom; and a twin of each for every field somebody may change."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from crypto import DEFAULT_USER_ID, KeyStoreError, PublicKey, SoftwareSigner, sign
from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt20518 import KeyUsage, RevocationReason
from formats.gbt20518 import extension_building as extensions
from formats.gbt33190.package_writer import write_package
from tests.unit.verifier.documents import edit, sealed, verified
from tests.unit.verifier.nation import (
    BUREAU,
    DAY,
    FOUNDED,
    NOW,
    Holder,
    crl,
    holder_extensions,
    issue,
    name,
    nation,
    revoked,
)
from verifier.findings import Verdict
from verifier.receipt import PAYLOAD_TYPE, Receipt, canonical_json, read_receipt, receipt_of, sign_receipt
from verifier.receipt_check import ReceiptCheck, ReceiptDoubt, ReceiptFault, check_receipt
from verifier.report import Report
from verifier.signed_envelope import signed_bytes
from verifier.trust_list import TrustList
from verifier.trust_list_envelope import PAYLOAD_TYPE as TRUST_LIST_TYPE
from verifier.verification import verify_document

N = nation()
HOUR = timedelta(hours=1)


@cache
def trust() -> TrustList:
    return N.trust(NOW)


@cache
def document() -> bytes:
    return write_package(sealed())


@cache
def report() -> Report:
    return verify_document(document(), trust=trust(), at=NOW)


def content(**options: Any) -> Receipt:
    return receipt_of(document(), report(), issued_at=NOW + HOUR, software_version="0.1.0", **options)


def receipt(holder: Holder | None = None) -> bytes:
    own = holder or N.bureau
    return sign_receipt(content(), own.signer, [own.certificate])


def checked(data: bytes, file: bytes | None = None, **options: Any) -> ReceiptCheck:
    given = {"trust": trust(), "at": NOW + 2 * HOUR, **options}
    return check_receipt(data, document() if file is None else file, **given)


def test_a_receipt_is_genuine_for_its_file_and_by_its_signer() -> None:
    """Everything it states, and who stated it."""
    found = checked(receipt())
    assert found.verdict is Verdict.PASSED
    assert found.signer.credit_code == BUREAU
    assert found.receipt == content()
    assert found.receipt.verdict is Verdict.PASSED
    assert [each.code for each in found.receipt.findings] == [each.code.value for each in report().findings]
    assert found.receipt.trust is not None
    assert found.receipt.trust.digest == trust().facts.digest
    assert found.same_trust_list is True
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()


def test_a_receipt_of_a_forgery_is_as_genuine() -> None:
    """The verdict on the file and that on the receipt are two things."""
    forged = write_package(edit(sealed(), "OFD.xml", "示例科技有限公司", "冒名科技有限公司"))
    stated = receipt_of(forged, verified(forged), issued_at=NOW, software_version="0.1.0")
    found = checked(sign_receipt(stated, N.bureau.signer, [N.bureau.certificate]), forged)
    assert (found.verdict, found.receipt.verdict) == (Verdict.PASSED, Verdict.FAILED)
    assert found.same_trust_list is False


@pytest.mark.parametrize("file", [b"", b"another", None])
def test_another_file(file: bytes | None) -> None:
    """One octet more, or another file altogether."""
    found = checked(receipt(), document() + b"\0" if file is None else file)
    assert found.faults == (ReceiptFault.DOCUMENT,)
    assert found.verdict is Verdict.FAILED


# ---------------------------------------------------------------------- twins


def reopened(data: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    envelope = json.loads(data)
    return envelope, json.loads(base64.b64decode(envelope["payload"]))


def with_payload(change: Callable[[dict[str, Any]], None], *, signer: Holder | None = None) -> bytes:
    """The receipt with another payload: under the old signature, or signed anew by somebody."""
    envelope, payload = reopened(receipt())
    change(payload)
    octets = canonical_json(payload)
    envelope["payload"] = base64.b64encode(octets).decode()
    if signer is not None:
        value = sign(signer.key, signed_bytes(PAYLOAD_TYPE, octets), user_id=DEFAULT_USER_ID)
        envelope["signatures"][0]["sig"] = base64.b64encode(value).decode()
    return json.dumps(envelope).encode()


def setting(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Set the member at ``path[:-1]`` to the last one."""

    def change(payload: dict[str, Any]) -> None:
        node: Any = payload
        for key in path[:-2]:
            node = node[key]
        assert node[path[-2]] != path[-1]
        node[path[-2]] = path[-1]

    return change


def failing(payload: dict[str, Any]) -> None:
    """A failure that is in no contradiction to itself."""
    payload["verdict"] = "FAILED"
    payload["findings"][0] = {"code": "UNSIGNED_IN_2030", "outcome": "failed", "subject": ""}


DIGEST = "0" * 64
BELIEVABLE: dict[str, Callable[[dict[str, Any]], None]] = {
    "report_schema": setting("report_schema", "xinyin.verification-report/2"),
    "report_digest": setting("report_digest", DIGEST),
    "document digest": setting("document", "digest", DIGEST),
    "document size": setting("document", "size", 1),
    "verdict": failing,
    "a finding less": lambda payload: payload["findings"].pop(),
    "a finding's code": setting("findings", 0, "code", "SOMETHING_NEW"),
    "a finding's subject": setting("findings", 0, "subject", "Doc_1"),
    "order of findings": lambda payload: payload["findings"].reverse(),
    "sequence": setting("trust_list", "sequence", 99),
    "list": setting("trust_list", "digest", DIGEST),
    "pinned": setting("trust_list", "pinned", False),
    "judged_at": setting("judged_at", "2026-01-01T00:00:00Z"),
    "issued_at": setting("issued_at", "2026-06-01T01:30:00Z"),
    "version": setting("software", "version", "9"),
}


@pytest.mark.parametrize("case", BELIEVABLE)
def test_a_field_changed_after_signing(case: str) -> None:
    """The signature no longer holds, whatever was changed; also where what it says is in order."""
    found = checked(with_payload(BELIEVABLE[case]))
    assert ReceiptFault.SIGNATURE in found.faults
    assert found.verdict is Verdict.FAILED


@pytest.mark.parametrize("case", ["document digest", "document size"])
def test_a_field_changed_by_its_signer(case: str) -> None:
    """A receipt signed for another file is genuine, and not for this one."""
    found = checked(with_payload(BELIEVABLE[case], signer=N.bureau))
    assert found.faults == (ReceiptFault.DOCUMENT,)


REFUSED: dict[str, Callable[[dict[str, Any]], None]] = {
    "schema": setting("schema", "xinyin.verification-receipt/2"),
    "no schema": lambda payload: payload.pop("schema"),
    "unknown member": lambda payload: payload.update(more=1),
    "document member": lambda payload: payload["document"].update(name="x"),
    "digest in capitals": setting("document", "digest", "A" * 64),
    "short digest": setting("document", "digest", "0" * 63),
    "size of text": setting("document", "size", "1"),
    "negative size": setting("document", "size", -1),
    "verdict": setting("verdict", "VALID"),
    "failed without a failure": setting("verdict", "FAILED"),
    "passed with a failure": setting(
        "findings", 0, {"code": "UNSIGNED_IN_2030", "outcome": "failed", "subject": ""}
    ),
    "passed with a doubt": setting(
        "findings", 0, {"code": "UNSIGNED_IN_2030", "outcome": "undetermined", "subject": ""}
    ),
    "passed without findings": setting("findings", []),
    "passed without a list": setting("trust_list", None),
    "findings of nothing": setting("findings", 0, None),
    "code of another kind": setting("findings", 0, "code", "not a code"),
    "outcome of another code": setting("findings", 0, "outcome", "skipped"),
    "unknown outcome": setting("findings", 0, "outcome", "good"),
    "too many": lambda payload: payload.update(findings=payload["findings"][:1] * 20_001),
    "sequence of zero": setting("trust_list", "sequence", 0),
    "pinned as text": setting("trust_list", "pinned", "true"),
    "local time": setting("issued_at", "2026-06-01T01:30:00+08:00"),
    "no such day": setting("judged_at", "2026-02-30T00:00:00Z"),
    "made before": setting("issued_at", "2026-05-01T00:00:00Z"),
    "other software": setting("software", "name", "other"),
    "no version": setting("software", "version", ""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_receipt_says_is_refused(case: str) -> None:
    """Also from a signer that is believed."""
    with pytest.raises(MalformedDataError):
        checked(with_payload(REFUSED[case], signer=N.bureau))


def with_envelope(change: Callable[[dict[str, Any]], None]) -> bytes:
    envelope = json.loads(receipt())
    change(envelope)
    return json.dumps(envelope).encode()


def test_the_envelope_changed() -> None:
    """Another type, two signatures, none, no certificate: refused. Another's certificate: the signature is wrong."""
    own = json.loads(receipt())["signatures"][0]
    for change in (
        {"payloadType": TRUST_LIST_TYPE},
        {"signatures": []},
        {"signatures": [own, own]},
        {"signatures": [{**own, "certificates": []}]},
        {"signatures": [{**own, "certificates": own["certificates"] * 5}]},
        {"signatures": [{**own, "certificates": ["AAAA"]}]},
        {"payload": "e30="},
        {"payload": "?"},
        {"more": 1},
    ):
        with pytest.raises(MalformedDataError):
            checked(with_envelope(lambda envelope, change=change: envelope.update(change)))  # type: ignore[misc]
    other = base64.b64encode(N.other_bureau.certificate.encoded).decode()
    found = checked(with_envelope(lambda envelope: envelope["signatures"][0].update(certificates=[other])))
    assert ReceiptFault.SIGNATURE in found.faults
    zero = base64.b64encode(b"\x30\x06\x02\x01\x01\x02\x01\x01").decode()
    assert ReceiptFault.SIGNATURE in checked(with_envelope(lambda e: e["signatures"][0].update(sig=zero))).faults


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b"null", b'{"payloadType": 1}', b"[" * 100_000])
def test_what_is_no_receipt(data: bytes) -> None:
    """One kind of error, whatever it is."""
    with pytest.raises(MalformedDataError):
        checked(data)


def test_a_receipt_that_is_too_large() -> None:
    """It is not parsed."""
    with pytest.raises(LimitExceededError):
        checked(b" " * ((8 << 20) + 1))


def test_a_signature_over_a_trust_list_is_none_over_a_receipt() -> None:
    """The payload's type is signed: the same octets signed as a trust list are no receipt."""
    envelope, payload = reopened(receipt())
    value = N.bureau.sign(signed_bytes(TRUST_LIST_TYPE, canonical_json(payload)))
    envelope["signatures"][0]["sig"] = base64.b64encode(value).decode()
    assert ReceiptFault.SIGNATURE in checked(json.dumps(envelope).encode()).faults


# ---------------------------------------------------------------------- the signer


def test_nobody_vouches_for_a_signer() -> None:
    """Self-signed, of an authority for makers, with a key that may not sign, expired when it was made."""
    own_name = name("示例市市场监督管理局")
    enciphering = (extensions.key_usage([KeyUsage.KEY_ENCIPHERMENT]), extensions.organization_code(BUREAU))
    past = (FOUNDED, NOW - DAY)
    for holder in (
        issue(own_name, None, extra=holder_extensions(BUREAU)),
        issue(own_name, N.maker_authority, extra=holder_extensions(BUREAU)),
        issue(own_name, N.holder_authority, extra=enciphering),
        issue(own_name, N.holder_authority, extra=holder_extensions(BUREAU), period=past),
    ):
        found = checked(receipt(holder))
        assert found.faults == (ReceiptFault.SIGNER,)
        assert found.findings


def test_a_revoked_signer() -> None:
    """Revoked before the receipt was made it is not believed; after, it is, unless the key was lost."""
    for when, reason, expected in (
        (NOW - DAY, RevocationReason.SUPERSEDED, Verdict.FAILED),
        (NOW + HOUR + timedelta(minutes=5), RevocationReason.SUPERSEDED, Verdict.PASSED),
        (NOW + HOUR + timedelta(minutes=5), RevocationReason.KEY_COMPROMISE, Verdict.INDETERMINATE),
    ):
        entry = revoked(N.bureau, when, reason)
        newer = crl(N.holder_authority, (entry,), this_update=NOW + HOUR + timedelta(minutes=10), number=8)
        assert checked(receipt(), crls=[newer]).verdict is expected


def test_nothing_is_known_without_trust() -> None:
    """Who signed is told, and that nobody says whether to believe it."""
    found = checked(receipt(), trust=None)
    assert (found.verdict, found.doubts) == (Verdict.INDETERMINATE, (ReceiptDoubt.NO_TRUST,))
    assert found.same_trust_list is None


def test_a_pinned_signer() -> None:
    """A key or a certificate that was got by another way; no other signer counts then, listed or not."""
    stranger = issue(name("某法院"), None)
    data = receipt(stranger)
    key = stranger.certificate.public_key
    assert isinstance(key, PublicKey)
    assert checked(data, trust=None, signer=stranger.certificate).verdict is Verdict.PASSED
    assert checked(data, signer=key).verdict is Verdict.PASSED
    assert checked(receipt(), signer=key).faults == (ReceiptFault.SIGNER,)


def test_a_list_out_of_force_and_a_receipt_of_the_future() -> None:
    """The first leaves it open, the second is a fault."""
    late = trust().facts.next_update + DAY
    assert ReceiptDoubt.TRUST_LIST_PERIOD in checked(receipt(), at=late).doubts
    early = checked(receipt(), at=NOW)
    assert early.faults == (ReceiptFault.FUTURE,)


# ---------------------------------------------------------------------- making


def test_what_cannot_be_receipted() -> None:
    """Another document, a time before the judgement, local time, no version; a signer without its certificate."""
    good: dict[str, Any] = {"issued_at": NOW, "software_version": "1"}
    for data, changes in (
        (document() + b"x", {}),
        (document(), {"issued_at": NOW - DAY}),
        (document(), {"issued_at": NOW.replace(tzinfo=None)}),
        (document(), {"issued_at": NOW.replace(microsecond=1)}),
        (document(), {"software_version": ""}),
    ):
        with pytest.raises(ValueError, match=r".+"):
            receipt_of(data, report(), **{**good, **changes})
    with pytest.raises(ValueError, match="first certificate"):
        sign_receipt(content(), N.bureau.signer, [N.other_bureau.certificate])
    with pytest.raises(ValueError, match="first certificate"):
        sign_receipt(content(), N.bureau.signer, [])
    with pytest.raises(ValueError, match="UTC"):
        checked(receipt(), at=NOW.replace(tzinfo=None))


def test_a_signer_that_fails_gives_no_receipt() -> None:
    """A key store that returns a wrong signature is told as that."""

    class Broken(SoftwareSigner):
        def sign_digest(self, digest: bytes) -> bytes:
            return super().sign_digest(bytes(32))

    with pytest.raises(KeyStoreError):
        sign_receipt(content(), Broken(N.bureau.key), [N.bureau.certificate])


def test_a_receipt_is_canonical() -> None:
    """The same verification gives the same payload, octet for octet, and the report can be shown to be the one."""
    first, second = (read_receipt(receipt())[1].payload for _ in range(2))
    assert first == second == canonical_json(content().to_dict())
    assert b", " not in first
