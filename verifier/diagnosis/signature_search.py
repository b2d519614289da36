"""Which dialect would make an SM2 signature hold: user identity, form of the value, octets signed, key."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Final

from crypto import DEFAULT_USER_ID, InvalidSignatureError, PublicKey, message_digest, sm3, verify_digest
from formats.gbt20518 import Certificate
from verifier.diagnosis.model import Budget, Fit, Variant, distinct, joined
from verifier.diagnosis.signature_values import value_variants

AS_E: Final = 32
"""Octets of a digest that may be signed directly as e."""


@dataclass(frozen=True, slots=True)
class SignatureQuestion:
    """An SM2 signature that does not hold as the standards have it.

    Attributes:
        value: The signature value as received.
        certificate: Whose key it should hold under; its key is an SM2 key.
        message: What should have been signed.
        messages: Other octets that may have been signed, under a user identity like any message.
        digests: Digests that may have been taken as e directly.
        others: Other certificates of the file, whose keys may have been used.
    """

    value: bytes
    certificate: Certificate
    message: bytes
    messages: Sequence[Variant] = ()
    digests: Sequence[Variant] = ()
    others: Sequence[Certificate] = ()


@dataclass(frozen=True, slots=True)
class _Choice:
    """One way of one axis; ``octets`` is a message, an identity, a value or a point."""

    dialects: tuple[str, ...]
    detail: str
    octets: bytes | None
    is_e: bool = False


def search(question: SignatureQuestion, budget: Budget) -> Fit | None:
    """The first dialect, or pair of them, under which the signature holds; None if none does.

    Each is tried alone before any two are tried together.
    """
    axes = (_keys(question), _values(question.value), _identities(question.certificate), _messages(question))
    digests = _Digests(budget)
    tried: set[tuple[bytes, bytes, bytes]] = set()
    for most in range(3):
        for key, value, identity, message in _combinations(axes, most):
            e = digests.of(key, identity, message)
            if e is None or key.octets is None or value.octets is None:
                continue
            attempt = key.octets, e, value.octets
            if attempt in tried:
                continue
            tried.add(attempt)
            if not budget.may_verify():
                return None
            if _holds(*attempt):
                chosen = (key, value, identity, message)
                names = tuple(name for choice in chosen for name in choice.dialects)
                return Fit(names, joined(*(choice.detail for choice in chosen)))
    return None


def _combinations(
    axes: Sequence[Sequence[_Choice]], most: int
) -> Iterator[tuple[_Choice, _Choice, _Choice, _Choice]]:
    """Choices, one of each axis, that name exactly ``most`` dialects."""
    for changed in (subset for size in range(most + 1) for subset in combinations(range(len(axes)), size)):
        options = [
            [each for each in axis if bool(each.dialects) == (index in changed)] for index, axis in enumerate(axes)
        ]
        for key, value, identity, message in product(*options):
            chosen = (key, value, identity, message)
            if sum(len(each.dialects) for each in chosen) == most:
                yield chosen


def _keys(question: SignatureQuestion) -> list[_Choice]:
    own = question.certificate.public_key
    points = {own.point} if own is not None else set()
    found = [_Choice((), "", own.point if own is not None else None)]
    for each in question.others:
        if each.public_key is not None and each.public_key.point not in points:
            points.add(each.public_key.point)
            detail = f"certificate {each.serial_number:x}"[:60]
            found.append(_Choice(("key.other-certificate",), detail, each.public_key.point))
    return found


def _values(value: bytes) -> list[_Choice]:
    return [_Choice(each.dialects, each.detail, each.octets) for each in value_variants(value)]


def _identities(certificate: Certificate) -> list[_Choice]:
    subject = certificate.subject
    texts = (("common name", subject.common_name or ""), ("name as text", str(subject)))
    named = [(detail, text.encode()) for detail, text in texts if text]
    subjects = [("DER Name", subject.encoded), *named]
    return [
        _Choice((), "", DEFAULT_USER_ID),
        _Choice(("user-id.none",), "", None),
        _Choice(("user-id.empty",), "", b""),
        _Choice(("user-id.zero-octets",), "", bytes(16)),
        _Choice(("user-id.word-default",), "", b"DEFAULT"),
        _Choice(("user-id.hex-text",), "", DEFAULT_USER_ID.hex().encode()),
        _Choice(("user-id.packed",), "", bytes.fromhex(DEFAULT_USER_ID.decode())),
        _Choice(("user-id.tls",), "", b"TLSv1.3+GM+Cipher+Suite"),
        *(_Choice(("user-id.subject",), detail, octets) for detail, octets in subjects if len(octets) <= 8191),
    ]


def _messages(question: SignatureQuestion) -> list[_Choice]:
    message = question.message
    digest = sm3(message)
    key = question.certificate.public_key
    again = [] if key is None else [message_digest(key, message, user_id=DEFAULT_USER_ID)]
    variants = [
        Variant((), message),
        *question.messages,
        Variant(("message.digest",), digest),
        Variant(("message.digest-text",), digest.hex().encode(), "lower case"),
        Variant(("message.digest-text",), digest.hex().upper().encode(), "upper case"),
        *(Variant(("message.e-again",), e, "with Z") for e in again),
    ]
    direct = [*question.digests, *(Variant(("message.e-again",), sm3(e), "without Z") for e in again)]
    return [
        *(_Choice(each.dialects, each.detail, each.octets) for each in distinct(variants)),
        *(_Choice(each.dialects, each.detail, each.octets, is_e=True) for each in direct),
    ]


class _Digests:
    """What is signed under each combination, computed once; None for one that makes no sense or costs too much."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._known: dict[tuple[bytes | None, bytes | None, int], bytes | None] = {}

    def of(self, key: _Choice, identity: _Choice, message: _Choice) -> bytes | None:
        place = key.octets, identity.octets, id(message)
        if place not in self._known:
            self._known[place] = self._compute(key, identity, message)
        return self._known[place]

    def _compute(self, key: _Choice, identity: _Choice, message: _Choice) -> bytes | None:
        octets = message.octets
        if key.octets is None or octets is None:
            return None
        if message.is_e:
            return octets if len(octets) == AS_E and not identity.dialects else None
        if not self._budget.may_write(len(octets)):
            return None
        if identity.octets is None:
            return sm3(octets)
        return message_digest(PublicKey(key.octets), octets, user_id=identity.octets)


def _holds(point: bytes, e: bytes, signature: bytes) -> bool:
    try:
        verify_digest(PublicKey(point), e, signature)
    except InvalidSignatureError:
        return False
    return True
