"""Pre-issue rules for what names the subject: attributes, alternative names, numbers in identity extensions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ca.candidate import Candidate
from ca.errors import LintFinding
from ca.profile import Presence
from ca.profile_model import HASHED_NUMBER, IdentityRule, NumberForm
from formats import oids
from formats.errors import MalformedDataError
from formats.gb11643 import CitizenNumber
from formats.gb32100 import CreditCode
from formats.gbt20518 import Name
from formats.gbt20518.alternative_name import alternative_name_of
from formats.gbt20518.identity import IDENTITY_EXTENSIONS, IdentityKind, IdentityNumber, read_identity
from formats.tolerances import Tolerance

_SAN: Final = "RFC 5280 4.2.1.6"
_LONGEST: Final = {
    oids.COMMON_NAME: 64,
    oids.ORGANIZATION: 64,
    oids.ORGANIZATIONAL_UNIT: 64,
    oids.LOCALITY: 128,
    oids.STATE: 128,
    oids.SERIAL_NUMBER: 64,
    oids.SURNAME: 32768,
}
"""Upper bounds of RFC 5280 appendix A.1 (ub-common-name and its siblings), in characters."""
_EIGHTEEN: Final = re.compile(r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9])")


def subject_attributes(candidate: Candidate) -> Iterator[LintFinding]:
    """The profile's attributes in the subject, written as they should be."""
    certificate, profile = candidate.certificate, candidate.profile
    types = [oid for oid, _ in certificate.subject.attributes]
    for oid in profile.subject_required:
        if types.count(oid) != 1:
            yield LintFinding("ca.subject-required", profile.identifier, f"subject has not exactly one {oid}")
    for oid in sorted(set(types) - set(profile.subject_required) - set(profile.subject_optional)):
        yield LintFinding("ca.subject-not-allowed", profile.identifier, f"subject has an attribute {oid}")
    if certificate.subject.country not in {None, "CN"}:
        yield LintFinding("ca.subject-country", "[D]", "country is not CN")
    if any(value != value.strip() for _, value in certificate.subject.attributes):
        yield LintFinding("ca.subject-space", "[D]", "an attribute begins or ends with white space")
    for oid, value in certificate.subject.attributes:
        if len(value) > _LONGEST.get(oid, len(value)):
            yield LintFinding(
                "ca.subject-length", "RFC 5280 A.1", f"attribute {oid} is longer than {_LONGEST[oid]}"
            )


def name_constraints(candidate: Candidate) -> Iterator[LintFinding]:
    """The subject within the directory subtrees the issuer's own certificate allows."""
    above = candidate.issuer.certificate
    constraints = above.name_constraints if above is not None else None
    if constraints is None:
        return
    subject = candidate.certificate.subject
    permitted = [name.directory_name for name in constraints.permitted if name.directory_name is not None]
    excluded = [name.directory_name for name in constraints.excluded if name.directory_name is not None]
    inside = not permitted or any(_is_below(subject, subtree) for subtree in permitted)
    if not inside or any(_is_below(subject, subtree) for subtree in excluded):
        yield LintFinding(
            "ca.name-constraints", "RFC 5280 4.2.1.10", "subject lies outside what the issuer is certified for"
        )


def _is_below(name: Name, subtree: Name) -> bool:
    """Whether the leading relative names are the subtree's, by their text."""
    return name.attributes[: len(subtree.attributes)] == subtree.attributes


def alternative_names(candidate: Candidate) -> Iterator[LintFinding]:
    """SubjectAltName as the profile says, every name well-formed and once."""
    certificate, profile = candidate.certificate, candidate.profile
    names = certificate.subject_alt_names
    if profile.alternative_names is Presence.REQUIRED and not names:
        yield LintFinding("ca.subject-alt-name-missing", profile.identifier, "the profile requires this extension")
    if profile.alternative_names is Presence.ABSENT and oids.SUBJECT_ALT_NAME in certificate.extensions:
        yield LintFinding("ca.subject-alt-name-present", profile.identifier, "the profile excludes this extension")
        return
    if any(name.kind not in profile.alternative_name_kinds for name in names):
        yield LintFinding("ca.san-kind", profile.identifier, "a kind of name the profile does not allow")
    if len({name.encoded for name in names}) != len(names):
        yield LintFinding("ca.san-repeated", "[D]", "a name is repeated")
    for name in names:
        try:
            alternative_name_of(name)
        except ValueError:
            yield LintFinding("ca.san-form", _SAN, f"a name of kind {name.kind.name} is not well-formed")
    if oids.KP_SERVER_AUTH in (certificate.extended_key_usage or ()):
        yield from _server_name(candidate)


def _server_name(candidate: Candidate) -> Iterator[LintFinding]:
    known = set()
    for name in candidate.certificate.subject_alt_names:
        try:
            known.add(alternative_name_of(name).text)
        except ValueError:
            continue  # found above
    if candidate.certificate.subject.common_name not in known | {None}:
        yield LintFinding(
            "ca.san-common-name",
            "CA/B baseline requirements 7.1.4.3",
            "a server's common name is none of its names",
        )


def identity_numbers(candidate: Candidate) -> Iterator[LintFinding]:
    """Identity extensions: those the profile allows, in its form, and right by their own standards."""
    certificate, profile = candidate.certificate, candidate.profile
    found: dict[IdentityKind, IdentityNumber] = {}
    for oid in IDENTITY_EXTENSIONS & certificate.extensions.keys():
        met: list[Tolerance] = []
        try:
            number = read_identity(certificate.extensions[oid], met)
        except MalformedDataError as exc:
            yield LintFinding("ca.identity-syntax", "GM/T 0015", exc.message)
            continue
        if met:
            yield LintFinding("ca.identity-syntax", "GM/T 0015", "readers would have to tolerate its string")
        found[number.kind] = number
    for rule in profile.identity:
        if rule.presence is Presence.REQUIRED and rule.kind not in found:
            yield LintFinding("ca.identity-missing", profile.identifier, f"the profile requires {rule.kind}")
    for kind, number in found.items():
        allowed = profile.identity_rule(kind)
        if allowed is None:
            yield LintFinding("ca.identity-present", profile.identifier, f"the profile does not allow {kind}")
        elif not _has_form(number, allowed):
            yield LintFinding("ca.identity-form", profile.identifier, f"{kind} is not written as the profile says")
    yield from _credit_code(candidate)


def _has_form(number: IdentityNumber, rule: IdentityRule) -> bool:
    if rule.form is NumberForm.HASHED:
        return HASHED_NUMBER.fullmatch(number.text) is not None
    return number.kind is not IdentityKind.RESIDENT_CARD or is_citizen_number(number.text)


def _credit_code(candidate: Candidate) -> Iterator[LintFinding]:
    extensions, extra = candidate.certificate.extensions, candidate.profile.credit_code_oid
    code = candidate.certificate.credit_code
    if code is not None:
        try:
            CreditCode.parse(code)
        except MalformedDataError as exc:
            yield LintFinding("ca.credit-code", "GB 32100-2015", exc.message)
    if extra is None or code is None or extra not in extensions:
        return
    if extensions[extra].value != extensions[oids.ORGANIZATION_CODE].value:
        yield LintFinding("ca.credit-code-differs", "[D]", "two extensions hold different credit codes")


def person_numbers(candidate: Candidate) -> Iterator[LintFinding]:
    """No citizen number in the names: everybody can read a certificate."""
    certificate = candidate.certificate
    texts = [value for _, value in certificate.subject.attributes]
    texts += [name.text for name in certificate.subject_alt_names]
    if any(holds_citizen_number(text) for text in texts):
        yield LintFinding("ca.person-number", "[D]", "a name holds what is a citizen number by GB 11643")


def holds_citizen_number(text: str) -> bool:
    """Whether a text holds 18 characters that are a citizen number and no credit code."""
    return any(
        is_citizen_number(each.upper()) and not _is_credit_code(each.upper()) for each in _EIGHTEEN.findall(text)
    )


def is_citizen_number(text: str) -> bool:
    """Whether a text is a citizen number by GB 11643."""
    try:
        CitizenNumber.parse(text)
    except MalformedDataError:
        return False
    return True


def _is_credit_code(text: str) -> bool:
    try:
        CreditCode.parse(text)
    except MalformedDataError:
        return False
    return True
