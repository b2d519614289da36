"""What lies in the store: one class for each kind of record, encoded as ``hsm_sim.encoding`` tells.

A record never holds a scalar, a password or a secret in clear: ``wrapped`` fields are SM4-GCM (nonce ‖
ciphertext ‖ tag), see ``hsm_sim.protection``.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Annotated, Final, TypeAlias

from hsm_sim.custody.shares import CustodySet
from hsm_sim.encoding import Choice, Fixed, ListOf, Nested, Octets, Optional, Text, Unsigned
from hsm_sim.key_states import KeyState
from hsm_sim.management import DevicePolicy
from hsm_sim.model import MAX_ACTOR, MAX_LABEL, MAX_NAME, MAX_REASON, SERIAL_LENGTH, KeyUsage
from hsm_sim.roles import Role
from hsm_sim.wrapped_key import KEY_ID_LENGTH, WRAPPING_ID_LENGTH, ReleasePurpose

STORE_FORMAT: Final = 2
WRAPPED_LENGTH: Final = 12 + 32 + 16
MAX_FILE_NAME: Final = 128
MAX_FILE: Final = 64 * 1024
"""Octets of the longest file a store can hold."""
MAX_TRANSITIONS: Final = 64
"""Steps in a key's life; suspending and resuming beyond it is refused, deactivating and destroying never."""
MAX_MARKS_PAGE: Final = 2**21
"""Octets of a page of marks: some 60,000 of them, with a thousand pages."""
_WRAPPED: Final = Fixed(WRAPPED_LENGTH)


class RecordKind(IntEnum):
    """Kinds of record; the number is part of the tag and of the primary key."""

    DEVICE = 0
    OFFICER = 1
    KEY = 2
    PASSWORD = 3
    WRAPPING_KEY = 0x30
    KEY_MARKS = 0x31
    RELEASE = 0x32
    KEK = 0x40
    FILE = 0x41
    KEY_HISTORY = 0x20
    CUSTODY = 0x21


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """The root: one in a store, rewritten with every change."""

    kind = RecordKind.DEVICE

    store_format: Annotated[int, Unsigned(2)]
    serial: Annotated[str, Text(SERIAL_LENGTH)]
    created: Annotated[int, Unsigned(8)]
    """Microseconds since 1970-01-01 UTC."""
    policy: Annotated[DevicePolicy, Nested(DevicePolicy)]
    generation: Annotated[int, Unsigned(8)]
    """Number of changes so far."""
    audit_length: Annotated[int, Unsigned(8)]
    audit_head: Annotated[bytes, Fixed(32)]
    inventory: Annotated[bytes, Fixed(32)]
    """SM3 over the names and tags of all other records in order: none can be dropped or put back."""

    @property
    def key(self) -> bytes:
        """There is one."""
        return b""


@dataclass(frozen=True, slots=True)
class OfficerRecord:
    """The store's master key, or an auditor's token, wrapped under a key derived from the officer's secret."""

    kind = RecordKind.OFFICER

    name: Annotated[str, Text(MAX_NAME)]
    role: Annotated[Role, Choice(Role)]
    salt: Annotated[bytes, Fixed(16)]
    iterations: Annotated[int, Unsigned(4)]
    tries_left: Annotated[int, Unsigned(1)]
    wrapped_master: Annotated[bytes, _WRAPPED] = field(repr=False)

    @property
    def key(self) -> bytes:
        """The name in UTF-8."""
        return self.name.encode()


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """One pair of an index."""

    kind = RecordKind.KEY

    index: Annotated[int, Unsigned(4)]
    usage: Annotated[KeyUsage, Choice(KeyUsage)]
    algorithm: Annotated[int, Unsigned(4)]
    public_key: Annotated[bytes, Fixed(65)]
    label: Annotated[str, Text(MAX_LABEL)]
    created: Annotated[int, Unsigned(8)]
    uses: Annotated[int, Unsigned(8)]
    """Never less than what was used; ahead of it by a reservation while the device runs."""
    use_limit: Annotated[int | None, Optional(Unsigned(8))]
    wrapped_scalar: Annotated[bytes, _WRAPPED] = field(repr=False)

    @property
    def key(self) -> bytes:
        """Index and usage, so that records sort by them."""
        return key_name(self.index, self.usage)


@dataclass(frozen=True, slots=True)
class PasswordRecord:
    """The password that covers the pairs of an index."""

    kind = RecordKind.PASSWORD

    index: Annotated[int, Unsigned(4)]
    salt: Annotated[bytes, Fixed(16)]
    iterations: Annotated[int, Unsigned(4)]
    tries_left: Annotated[int, Unsigned(1)]
    wrapped_verifier: Annotated[bytes, _WRAPPED] = field(repr=False)

    @property
    def key(self) -> bytes:
        """The index."""
        return password_name(self.index)


@dataclass(frozen=True, slots=True)
class KekRecord:
    """A key-encrypting key, 16 octets."""

    kind = RecordKind.KEK

    index: Annotated[int, Unsigned(4)]
    label: Annotated[str, Text(MAX_LABEL)]
    created: Annotated[int, Unsigned(8)]
    """Microseconds since 1970-01-01 UTC."""
    wrapped_key: Annotated[bytes, Fixed(12 + 16 + 16)] = field(repr=False)

    @property
    def key(self) -> bytes:
        """The index, in a number space of its own."""
        return self.index.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file of an application."""

    kind = RecordKind.FILE

    name: Annotated[bytes, Octets(MAX_FILE_NAME, 1)]
    size: Annotated[int, Unsigned(4)]
    wrapped_content: Annotated[bytes, Octets(MAX_FILE + 12 + 16)] = field(repr=False)

    @property
    def key(self) -> bytes:
        """The name."""
        return self.name


@dataclass(frozen=True, slots=True)
class KeyTransition:
    """One step in a key's life: what, when, who, why."""

    time: Annotated[int, Unsigned(8)]
    """Microseconds since 1970-01-01 UTC."""
    before: Annotated[KeyState, Choice(KeyState)]
    after: Annotated[KeyState, Choice(KeyState)]
    actor: Annotated[str, Text(MAX_NAME)]
    """Officer who asked."""
    seconded_by: Annotated[str, Text(MAX_NAME)]
    """Officer who proposed it, where it took two; empty otherwise."""
    reason: Annotated[str, Text(MAX_REASON)]
    evidence: Annotated[bytes | None, Optional(Fixed(32))]
    """SM3 of a document that is kept elsewhere: a report, a minute."""


@dataclass(frozen=True, slots=True)
class KeyHistoryRecord:
    """What became of a pair; written with its first step, and kept when the key is destroyed.

    A pair without one is active and was never anything else.
    """

    kind = RecordKind.KEY_HISTORY

    index: Annotated[int, Unsigned(4)]
    usage: Annotated[KeyUsage, Choice(KeyUsage)]
    public_key: Annotated[bytes, Fixed(65)]
    label: Annotated[str, Text(MAX_LABEL)]
    created: Annotated[int, Unsigned(8)]
    uses: Annotated[int, Unsigned(8)]
    """At the latest step."""
    state: Annotated[KeyState, Choice(KeyState)]
    transitions: Annotated[tuple[KeyTransition, ...], ListOf(Nested(KeyTransition), MAX_TRANSITIONS)]

    @property
    def key(self) -> bytes:
        """Index, usage and public key: a key made later at the same index has a history of its own."""
        return history_name(self.index, self.usage, self.public_key)


@dataclass(frozen=True, slots=True)
class CustodyRecord:
    """The set of shares in force."""

    kind = RecordKind.CUSTODY

    custody_set: Annotated[CustodySet, Nested(CustodySet)]
    created: Annotated[int, Unsigned(8)]
    wrapped_master: Annotated[bytes, _WRAPPED] = field(repr=False)
    """The master key under the custody secret: what a quorum opens."""
    wrapped_secret: Annotated[bytes, _WRAPPED] = field(repr=False)
    """The custody secret under the store's own key: what backups are encrypted under."""

    @property
    def key(self) -> bytes:
        """There is one."""
        return b""


@dataclass(frozen=True, slots=True)
class WrappingKeyRecord:
    """A key that wraps pairs which are kept outside, see ``hsm_sim.wrapping``."""

    kind = RecordKind.WRAPPING_KEY

    number: Annotated[int, Unsigned(4)]
    """Counted from 1 for the life of the store; the highest wraps what is made."""
    wrapping_id: Annotated[bytes, Fixed(WRAPPING_ID_LENGTH)]
    created: Annotated[int, Unsigned(8)]
    made: Annotated[int, Unsigned(8)]
    """Pairs wrapped under it."""
    uses: Annotated[int, Unsigned(8)]
    """Uses of all those pairs together; never less than there were, as with ``KeyRecord.uses``."""
    wrapped_secret: Annotated[bytes, _WRAPPED] = field(repr=False)

    @property
    def key(self) -> bytes:
        """Its number."""
        return self.number.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class KeyMarksRecord:
    """A page of what is remembered of pairs that are kept outside, see ``hsm_sim.key_marks``."""

    kind = RecordKind.KEY_MARKS

    page: Annotated[int, Unsigned(2)]
    entries: Annotated[bytes, Octets(MAX_MARKS_PAGE)]

    @property
    def key(self) -> bytes:
        """Number of the page."""
        return self.page.to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """Two officers' consent that an escrowed pair goes to another recipient, see ``hsm_sim.key_release``."""

    kind = RecordKind.RELEASE

    release_id: Annotated[bytes, Fixed(16)]
    purpose: Annotated[ReleasePurpose, Choice(ReleasePurpose)]
    key_id: Annotated[bytes, Fixed(KEY_ID_LENGTH)]
    recipient: Annotated[bytes, Fixed(65)]
    """Public key it will be enveloped to."""
    grounds: Annotated[bytes, Fixed(32)]
    """SM3 of reason and case, which are on record outside."""
    requested_by: Annotated[str, Text(MAX_NAME)]
    requested: Annotated[int, Unsigned(8)]
    expires: Annotated[int, Unsigned(8)]
    approved_by: Annotated[str | None, Optional(Text(MAX_NAME))]
    deliveries: Annotated[int, Unsigned(4)]

    @property
    def key(self) -> bytes:
        """Its identifier."""
        return self.release_id


Record: TypeAlias = (
    OfficerRecord
    | KeyRecord
    | PasswordRecord
    | KeyHistoryRecord
    | CustodyRecord
    | WrappingKeyRecord
    | KeyMarksRecord
    | ReleaseRecord
    | KekRecord
    | FileRecord
)
RECORD_CLASSES: Final[dict[RecordKind, type[Record]]] = {
    RecordKind.OFFICER: OfficerRecord,
    RecordKind.KEY: KeyRecord,
    RecordKind.PASSWORD: PasswordRecord,
    RecordKind.WRAPPING_KEY: WrappingKeyRecord,
    RecordKind.KEY_MARKS: KeyMarksRecord,
    RecordKind.RELEASE: ReleaseRecord,
    RecordKind.KEK: KekRecord,
    RecordKind.FILE: FileRecord,
    RecordKind.KEY_HISTORY: KeyHistoryRecord,
    RecordKind.CUSTODY: CustodyRecord,
}
RecordName: TypeAlias = tuple[RecordKind, bytes]


def key_name(index: int, usage: KeyUsage) -> bytes:
    """Name of the record of a pair."""
    return index.to_bytes(4, "big") + bytes((usage,))


def password_name(index: int) -> bytes:
    """Name of the record of an index's password."""
    return index.to_bytes(4, "big")


def history_name(index: int, usage: KeyUsage, public_key: bytes) -> bytes:
    """Name of the record of a pair's history."""
    return key_name(index, usage) + public_key


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the device's log, chained as h_i = SM3(h_(i-1) ‖ entry)."""

    sequence: Annotated[int, Unsigned(8)]
    time: Annotated[int, Unsigned(8)]
    """Microseconds since 1970-01-01 UTC."""
    actor: Annotated[str, Text(MAX_ACTOR)]
    operation: Annotated[str, Text(32)]
    object: Annotated[str, Text(96)]
    count: Annotated[int, Unsigned(8)]
    """How often, or how many."""
    return_code: Annotated[int, Unsigned(4)]
    """0, or the code of the refusal."""
