"""Attacks on the trust list: who decides what everybody believes."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from formats.errors import MalformedDataError
from formats.gbt20518 import extension_building as extensions
from tests.unit.verifier.nation import (
    BUREAU,
    CA_EXTENSIONS,
    NOW,
    SIGNING,
    Holder,
    holder_extensions,
    issue,
    name,
    nation,
)
from verifier.errors import TrustListRefusedError
from verifier.trust_list import TrustList
from verifier.trust_list_envelope import PAYLOAD_TYPE, TRUST_LIST_SIGNING
from verifier.trust_list_writing import sign_trust_list

N = nation()
GENUINE = N.trust_file()
TSL = extensions.extended_key_usage([TRUST_LIST_SIGNING], critical=False)
ROOT = N.root.certificate
NAMESAKE = issue(ROOT.subject, None, extra=CA_EXTENSIONS)


def refused(data: bytes, **options: Any) -> bool:
    try:
        TrustList.read(data, at=options.pop("at", NOW), anchor=ROOT, **options)
    except (MalformedDataError, TrustListRefusedError):
        return True
    return False


def signed_by(signer: Holder, *above: Holder) -> bytes:
    return sign_trust_list(N.content, signer.signer, [signer.certificate, *(each.certificate for each in above)])


def below(authority: Holder, *extra: Any) -> Holder:
    return issue(name("冒充运营者"), authority, extra=extra or (SIGNING, TSL))


SIGNERS: dict[str, Callable[[], bytes]] = {
    "a seal holder": lambda: signed_by(N.bureau, N.holder_authority),
    "a seal maker": lambda: signed_by(N.maker, N.maker_authority),
    "an authority on the list": lambda: signed_by(N.holder_authority),
    "a signer made by an authority on the list": lambda: signed_by(
        below(N.holder_authority), N.holder_authority
    ),
    "a signer made by a seal holder": lambda: signed_by(below(N.bureau), N.bureau, N.holder_authority),
    "a signer made by the operator": lambda: signed_by(below(N.operator), N.operator),
    "a stranger of the operator's name": lambda: signed_by(issue(N.operator.certificate.subject, None, extra=(SIGNING, TSL))),
    "below a stranger of the root's name": lambda: signed_by(below(NAMESAKE), NAMESAKE),
    "a signer whose key only enciphers": lambda: signed_by(
        below(N.root, extensions.key_usage([extensions.KeyUsage.KEY_ENCIPHERMENT]), TSL)
    ),
    "a signer that is a CA": lambda: signed_by(below(N.root, *CA_EXTENSIONS, TSL)),
    "a holder with a licence issuer's code": lambda: signed_by(below(N.root, *holder_extensions(BUREAU))),
}  # fmt: skip


@pytest.mark.parametrize("case", SIGNERS)
def test_signed_by_somebody_else(case: str) -> None:
    """Only who the pinned root itself made a signer of trust lists signs one; CAs below it make none."""
    assert refused(SIGNERS[case]())


def reopened(change: Callable[[dict[str, Any]], None]) -> bytes:
    """The genuine envelope with a change the signature knows nothing of."""
    envelope = json.loads(GENUINE)
    change(envelope)
    return json.dumps(envelope).encode()


def payload(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    def act(envelope: dict[str, Any]) -> None:
        content = json.loads(base64.b64decode(envelope["payload"]))
        change(content)
        envelope["payload"] = base64.b64encode(json.dumps(content).encode()).decode()

    return act


def spaced(envelope: dict[str, Any]) -> None:
    content = base64.b64decode(envelope["payload"])
    envelope["payload"] = base64.b64encode(content + b"\n").decode()


ENVELOPES: dict[str, Callable[[dict[str, Any]], None]] = {
    "white space behind the payload": spaced,
    "Base64 in lines": lambda each: each.update(payload=each["payload"][:76] + "\n" + each["payload"][76:]),
    "Base64 for the web": lambda each: each.update(payload=each["payload"].replace("/", "_").replace("+", "-")),
    "other payload type": lambda each: each.update(payloadType="application/json"),
    "payload type in capitals": lambda each: each.update(payloadType=PAYLOAD_TYPE.upper()),
    "no signature": lambda each: each.update(signatures=[]),
    "second signature": lambda each: each["signatures"].append(each["signatures"][0]),
    "no certificate": lambda each: each["signatures"][0].update(certificates=[]),
    "another member": lambda each: each.update(keyid="1"),
    "another sequence": payload(lambda each: each.update(sequence=99)),
    "sequence as text": payload(lambda each: each.update(sequence="12")),
    "sequence with a fraction": payload(lambda each: each.update(sequence=12.0)),
    "later end": payload(lambda each: each.update(next_update="2099-01-01T00:00:00Z")),
    "one authority less": payload(lambda each: each["authorities"].pop()),
    "one revocation list less": payload(lambda each: each["crls"].pop()),
    "purposes of one for the other": payload(
        lambda each: each["authorities"][0].update(purposes=["seal-maker", "seal-holder"])
    ),
}


@pytest.mark.parametrize("case", ENVELOPES)
def test_tampered_envelope(case: str) -> None:
    """No change of a signed list goes unseen."""
    assert refused(reopened(ENVELOPES[case]))


@pytest.mark.parametrize(
    "data",
    [
        GENUINE.replace(b'"payload":', b'"payload": "e30=", "payload":', 1),
        b"\xef\xbb\xbf" + GENUINE,
        GENUINE + b"{}",
        b"[" * 100_000,
        b'{"payload": ' * 5000,
        b'{"sequence": ' + b"9" * 100_000 + b"}",
        b'{"payload": NaN}',
        b'{"payload": "\\ud800"}',
        GENUINE.decode().encode("utf-16"),
        b"",
        b"null",
    ],
    ids=["member twice", "byte order mark", "two documents", "deep array", "deep object", "long number", "NaN", "half a pair", "UTF-16", "empty", "null"],
)  # fmt: skip
def test_hostile_json(data: bytes) -> None:
    """What is no list is refused as malformed, and nothing else is raised."""
    with pytest.raises(MalformedDataError):
        TrustList.read(data, at=NOW, anchor=ROOT)


def test_order_and_white_space_of_the_envelope_mean_nothing() -> None:
    """The payload's octets are signed, not the envelope: it may be written anew."""
    envelope = json.loads(GENUINE)
    rewritten = json.dumps(dict(reversed(envelope.items())), indent=3).encode()
    assert TrustList.read(rewritten, at=NOW, anchor=ROOT).facts.sequence == 12


def test_older_list() -> None:
    """A list whose sequence is lower than one seen is refused, whatever its dates."""
    assert refused(GENUINE, previous_sequence=13)
    assert not refused(GENUINE, previous_sequence=12)
