"""An authority of the command line: a folder with what it is and what it did.

```
authority.json    profile, key, addresses and certificate chain; public
ca.sqlite         its record (ca.register.CaRegister), unless authority.json names a database for it
profiles/         certificate profiles of its own; without the folder those that come with the project
```

Its private key stays in the key store. The folder knows which index holds it, and the public key to be found
there.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self

from api.failures import CommandError
from api.files import read_file, write_file
from api.output import shown
from ca.authority import AuthoritySettings, PolicyStatement
from ca.errors import RefusedError
from ca.partition import MOST_SHARDS, PartitionPlan
from ca.profile import ProfileSet, built_in_profiles, profiles_in
from crypto import InvalidKeyError, KeyStoreError, PublicKey
from formats.gbt20518 import Certificate, Name, Validity, read_certificate, read_name
from formats.json_data import JsonNode, read_json
from formats.register_address import RegisterAddress
from formats.register_errors import RegisterAddressError

SCHEMA: Final = "xinyin.authority/1"
FILE: Final = "authority.json"
RECORD: Final = "ca.sqlite"
PROFILES: Final = "profiles"
_MOST_OCTETS: Final = 1 << 20
_LONGEST_ADDRESS: Final = 2000


@dataclass(frozen=True, slots=True)
class PlannedRoot:
    """What a root's certificate is to say; on disk before it is signed, so that an interruption is made good."""

    subject: Name
    validity: Validity


@dataclass(frozen=True, slots=True)
class AuthorityFile:
    """What ``authority.json`` says.

    Attributes:
        profile: Profile the authority itself is certified under.
        key_index: Index of its key in the key store.
        public_key: The key to be found there.
        chain: Its certificate, then those above it; empty while a root is being made.
        planned: For a root.
        policies: Policies of what it issues.
        crl_uris: Addresses of its revocation list.
        ocsp_uris: Addresses of its status service.
        ca_issuers_uris: Addresses of its certificate.
        crl_days: Days from one list to the latest next one.
        crl_renewal_hours: Hours from one full list to the next if nothing changes; None for half of that.
        delta_hours: Hours from one delta list to the latest next one; None for no delta lists.
        partitions: How certificates are spread over lists; None for one list.
        keep_expired_since: Since when expired certificates stay on the lists; None if they leave.
        record: Where its record is, without a password; None for the file ``RECORD`` in its folder.
    """

    profile: str
    key_index: int
    public_key: PublicKey
    chain: tuple[Certificate, ...] = ()
    planned: PlannedRoot | None = None
    policies: tuple[str, ...] = ()
    crl_uris: tuple[str, ...] = ()
    ocsp_uris: tuple[str, ...] = ()
    ca_issuers_uris: tuple[str, ...] = ()
    crl_days: int = field(default=7)
    crl_renewal_hours: int | None = None
    delta_hours: int | None = None
    partitions: PartitionPlan | None = None
    keep_expired_since: datetime | None = None
    record: str | None = None

    @property
    def settings(self) -> AuthoritySettings:
        """What the authority writes into certificates and lists."""
        return AuthoritySettings(
            policies=tuple(PolicyStatement(oid) for oid in self.policies),
            crl_uris=self.crl_uris,
            ocsp_uris=self.ocsp_uris,
            ca_issuers_uris=self.ca_issuers_uris,
            crl_validity=timedelta(days=self.crl_days),
            crl_renewal=_hours(self.crl_renewal_hours),
            delta_validity=_hours(self.delta_hours),
            partitions=self.partitions,
            keep_expired_since=self.keep_expired_since,
        )

    def to_json(self) -> bytes:
        """The file's octets."""
        planned = None
        if self.planned is not None:
            planned = {
                "subject": _text(self.planned.subject.encoded),
                "not_before": int(self.planned.validity.not_before.timestamp()),
                "not_after": int(self.planned.validity.not_after.timestamp()),
            }
        content: dict[str, object] = {
            "schema": SCHEMA,
            "profile": self.profile,
            "key_index": self.key_index,
            "public_key": self.public_key.point.hex(),
            "chain": [_text(each.encoded) for each in self.chain],
            "planned": planned,
            "policies": list(self.policies),
            "crl_uris": list(self.crl_uris),
            "ocsp_uris": list(self.ocsp_uris),
            "ca_issuers_uris": list(self.ca_issuers_uris),
            "crl_days": self.crl_days,
            "crl_renewal_hours": self.crl_renewal_hours,
            "delta_hours": self.delta_hours,
            "partitions": _plan_data(self.partitions),
            "keep_expired_since": int(self.keep_expired_since.timestamp()) if self.keep_expired_since else None,
        }
        if self.record is not None:
            content["record"] = self.record
        return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read the file, strictly.

        Raises:
            MalformedDataError: It breaks its schema; the message names the place.
        """
        top = read_json(data, what=FILE, most=_MOST_OCTETS).members(
            required=("schema", "profile", "key_index", "public_key", "chain", "crl_days"),
            optional=(
                "planned",
                "policies",
                "crl_uris",
                "ocsp_uris",
                "ca_issuers_uris",
                "record",
                "crl_renewal_hours",
                "delta_hours",
                "partitions",
                "keep_expired_since",
            ),
        )
        top["schema"].choice((SCHEMA,))
        return cls(
            profile=top["profile"].text(longest=40),
            key_index=top["key_index"].integer(least=1, most=4096),
            public_key=_public_key(top["public_key"]),
            chain=tuple(
                read_certificate(node.octets(longest=_MOST_OCTETS)) for node in top["chain"].items(most=10)
            ),
            planned=_planned(top["planned"]) if "planned" in top else None,
            policies=_texts(top.get("policies")),
            crl_uris=_texts(top.get("crl_uris")),
            ocsp_uris=_texts(top.get("ocsp_uris")),
            ca_issuers_uris=_texts(top.get("ca_issuers_uris")),
            crl_days=top["crl_days"].integer(least=1, most=3660),
            crl_renewal_hours=_hours_from(top.get("crl_renewal_hours")),
            delta_hours=_hours_from(top.get("delta_hours")),
            partitions=_plan(top["partitions"]) if "partitions" in top else None,
            keep_expired_since=_moment(top["keep_expired_since"]) if "keep_expired_since" in top else None,
            record=_record(top.get("record")),
        )


class UnopenedKey:
    """A ``crypto.Signer`` that knows its public key and signs nothing: for what only looks or records.

    Args:
        public_key: The authority's.
    """

    def __init__(self, public_key: PublicKey) -> None:
        self._public_key = public_key

    @property
    def public_key(self) -> PublicKey:
        """The authority's key."""
        return self._public_key

    def sign_digest(self, digest: bytes) -> bytes:
        """Refuse."""
        del digest
        raise KeyStoreError("the key was not opened")

    def sign_digests(self, digests: Sequence[bytes]) -> list[bytes]:
        """Refuse."""
        del digests
        raise KeyStoreError("the key was not opened")


def read_authority(folder: Path) -> AuthorityFile:
    """What an authority's folder says of it.

    Raises:
        CommandError: There is no authority in the folder.
    """
    path = folder / FILE
    if not path.is_file():
        raise CommandError("ca.no_authority", directory=shown(folder))
    return AuthorityFile.from_json(read_file(str(path), most=_MOST_OCTETS))


def write_authority(folder: Path, file: AuthorityFile) -> None:
    """Put down what the authority is; the folder is made if it is missing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_file(str(folder / FILE), file.to_json(), replace=True)


def profiles_of(folder: Path) -> ProfileSet:
    """The authority's profiles by name: its own folder's, or those that come with the project.

    Raises:
        RefusedError: Its own contradict each other.
    """
    own = folder / PROFILES
    try:
        return profiles_in(own) if own.is_dir() else built_in_profiles()
    except ValueError as error:
        raise RefusedError(f"{own}: {error}", code="ca.profiles") from error


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def _public_key(node: JsonNode) -> PublicKey:
    try:
        return PublicKey.from_point(bytes.fromhex(node.text(longest=130)))
    except (InvalidKeyError, ValueError):
        node.fail("not a point of the SM2 curve in hexadecimal digits")


def _record(node: JsonNode | None) -> str | None:
    if node is None:
        return None
    try:
        return record_address(node.text(longest=_LONGEST_ADDRESS))
    except RegisterAddressError as error:
        node.fail(str(error))


def record_address(text: str) -> str:
    """The address of a record kept in a database.

    Raises:
        RegisterAddressError: It is none, or holds a password, which belongs into the environment.
    """
    address = RegisterAddress.parse(text)
    if address.is_file:
        raise RegisterAddressError("a record outside the authority's folder is kept at a postgresql:// URL")
    if address.has_password:
        raise RegisterAddressError("an address on record holds no password; set PGPASSWORD or PGPASSFILE")
    return str(address)


def _planned(node: JsonNode) -> PlannedRoot:
    members = node.members(required=("subject", "not_before", "not_after"))
    moments = [_moment(members[name]) for name in ("not_before", "not_after")]
    return PlannedRoot(
        read_name(members["subject"].octets(longest=_MOST_OCTETS)), Validity(moments[0], moments[1])
    )


def _moment(node: JsonNode) -> datetime:
    return datetime.fromtimestamp(node.integer(least=0, most=253_402_300_799), UTC)


def _hours(hours: int | None) -> timedelta | None:
    return None if hours is None else timedelta(hours=hours)


def _hours_from(node: JsonNode | None) -> int | None:
    return None if node is None else node.integer(least=1, most=100_000)


def _plan_data(plan: PartitionPlan | None) -> dict[str, object] | None:
    return None if plan is None else {"address": plan.address, "epochs": list(plan.epochs)}


def _plan(node: JsonNode) -> PartitionPlan:
    members = node.members(required=("address", "epochs"))
    epochs = tuple(each.integer(least=1, most=MOST_SHARDS) for each in members["epochs"].items(most=100))
    try:
        return PartitionPlan(members["address"].text(longest=200), epochs)
    except ValueError as error:
        node.fail(str(error))


def _texts(node: JsonNode | None) -> tuple[str, ...]:
    return tuple(each.text(longest=2000) for each in node.items(most=20)) if node is not None else ()
