"""Operators of a registration desk that come over the network: names, roles and digests of their tokens.

``operators.json`` beside ``authority.json`` holds no token, only the SM3 of each: tokens are 256 random bits, so
their digests give nothing away. A token is shown once, when it is made.
"""

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from api.files import read_file, write_file
from ca.registration.model import check_operator, same_person
from crypto import sm3
from formats.json_data import read_json

SCHEMA: Final = "xinyin.operators/1"
FILE: Final = "operators.json"
_MOST_OCTETS: Final = 1 << 20
_MOST_OPERATORS: Final = 1000
_TOKEN_OCTETS: Final = 32
_LONGEST_TOKEN: Final = 128


class Role(StrEnum):
    """What an operator does; one does one thing."""

    CLERK = "clerk"
    """Takes applications and withdraws them."""
    REVIEWER = "reviewer"
    """Decides on them; revokes, holds and resumes."""
    AUDITOR = "auditor"
    """Reads applications and the trail, changes nothing."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator.

    Attributes:
        name: As the audit trail names the operator.
        role: What the operator does.
        digest: SM3 of the token's text, 32 octets.
    """

    name: str
    role: Role
    digest: bytes


@dataclass(frozen=True, slots=True)
class OperatorsFile:
    """What ``operators.json`` says."""

    operators: tuple[Operator, ...] = ()

    def to_json(self) -> bytes:
        """The file's octets."""
        listed = [
            {"name": each.name, "role": str(each.role), "token_sm3": each.digest.hex()} for each in self.operators
        ]
        return (json.dumps({"schema": SCHEMA, "operators": listed}, ensure_ascii=False, indent=1) + "\n").encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read the file, strictly.

        Raises:
            MalformedDataError: It breaks its schema, or two operators are one person.
        """
        top = read_json(data, what=FILE, most=_MOST_OCTETS).members(required=("schema", "operators"))
        top["schema"].choice((SCHEMA,))
        found: list[Operator] = []
        for node in top["operators"].items(most=_MOST_OPERATORS):
            fields = node.members(required=("name", "role", "token_sm3"))
            digest = fields["token_sm3"].text(longest=64)
            if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
                fields["token_sm3"].fail("not 64 hexadecimal digits")
            name = fields["name"].text(longest=100)
            if any(same_person(each.name, name) for each in found):
                fields["name"].fail("two operators are one person")
            found.append(Operator(name, Role(fields["role"].choice(tuple(Role))), bytes.fromhex(digest)))
        return cls(tuple(found))

    def of_token(self, token: str) -> Operator | None:
        """Whose token it is; every digest is compared, each in constant time."""
        digest = sm3(token[:_LONGEST_TOKEN].encode("utf-8", "replace"))
        found = None
        for each in self.operators:
            if hmac.compare_digest(each.digest, digest):
                found = each
        return found

    def with_operator(self, name: str, role: Role, random: Callable[[int], bytes]) -> tuple[Self, str]:
        """With an operator who gets a new token, in the place of a former one of that name; and the token.

        Raises:
            RefusedError: No name for an operator.
        """
        check_operator(name)
        token = random(_TOKEN_OCTETS).hex()
        others = self.without(name).operators
        return replace(self, operators=(*others, Operator(name, role, sm3(token.encode())))), token

    def without(self, name: str) -> Self:
        """Without an operator: the token is worth nothing from now on."""
        return replace(self, operators=tuple(each for each in self.operators if not same_person(each.name, name)))


def read_operators(folder: Path) -> OperatorsFile:
    """The operators of an authority's desk; none where the file is missing."""
    path = folder / FILE
    return OperatorsFile.from_json(read_file(str(path), most=_MOST_OCTETS)) if path.is_file() else OperatorsFile()


def write_operators(folder: Path, file: OperatorsFile) -> None:
    """Put the operators down, for the owner's eyes."""
    write_file(str(folder / FILE), file.to_json(), replace=True, mode=0o600)
