"""Which dialect would make a stated digest that of some octets: another digest, another form, other octets."""

import binascii
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final

from crypto import sm3
from verifier.diagnosis.model import Budget, Fit, Variant, joined

_ALGORITHMS: Final = (("SHA-256", "sha256"), ("SHA-1", "sha1"), ("MD5", "md5"))
_LONGEST_STATED: Final = 200

Digest = Callable[[bytes], bytes]


def search(stated: bytes, contents: Sequence[Variant], z_values: Sequence[bytes], budget: Budget) -> Fit | None:
    """The first dialect, or pair of them, under which ``stated`` is a digest of one of ``contents``.

    Args:
        stated: As it stands in the file.
        contents: Octets that may have been digested, what should have been first and without a dialect.
        z_values: Z of the keys at hand, for software that digests with them.
        budget: What trying may cost.
    """
    wanted: dict[bytes, Variant] = {}
    for form in stated_forms(stated):
        wanted.setdefault(form.octets, form)
    digests = list(_digests(z_values))
    for most in range(3):
        for content in contents:
            for names, detail, digest in digests:
                together = len(content.dialects) + len(names)
                if together > most:
                    continue
                if not any(len(form.dialects) + together == most for form in wanted.values()):
                    continue
                if not budget.may_digest(len(content.octets)):
                    return None
                found = wanted.get(digest(content.octets))
                if found is not None and len(found.dialects) + together == most:
                    return Fit(
                        (*content.dialects, *names, *found.dialects), joined(content.detail, detail, found.detail)
                    )
    return None


def stated_forms(stated: bytes) -> Iterator[Variant]:
    """The digest a stated value may stand for: itself, the octets of a text, the octets in reverse order."""
    yield Variant((), stated)
    if len(stated) > _LONGEST_STATED:
        return
    for detail, decode in (("hexadecimal", binascii.unhexlify), ("Base64", _base64)):
        with suppress(binascii.Error, ValueError):
            yield Variant(("digest.text",), decode(stated.strip()), detail)
    yield Variant(("digest.reversed",), stated[::-1])


def _base64(text: bytes) -> bytes:
    return b64decode(text, validate=True)


def _digests(z_values: Sequence[bytes]) -> Iterator[tuple[tuple[str, ...], str, Digest]]:
    yield (), "", sm3
    for z in dict.fromkeys(z_values):
        yield ("digest.with-z",), "", _with_z(z)
    yield ("digest.twice",), "of the octets", lambda octets: sm3(sm3(octets))
    yield ("digest.twice",), "of hexadecimal text", lambda octets: sm3(sm3(octets).hex().encode())
    yield ("digest.twice",), "of hexadecimal capitals", lambda octets: sm3(sm3(octets).hex().upper().encode())
    yield ("digest.twice",), "of Base64 text", lambda octets: sm3(b64encode(sm3(octets)))
    for label, name in _ALGORITHMS:
        yield ("digest.other-algorithm",), label, _other(name)


def _with_z(z: bytes) -> Digest:
    return lambda octets: sm3(z + octets)


def _other(name: str) -> Digest:
    return lambda octets: hashlib.new(name, octets, usedforsecurity=False).digest()
