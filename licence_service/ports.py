"""What licensing needs of the outside, as protocols; ``api/`` and tests provide them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from formats.gbt33190.package_writer import Part
from formats.gbt36904 import LicenceId
from licence_service.model import LicenceState


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the issuer's seal stands on a page.

    Attributes:
        page_id: Object id of the page (Document.xml Page/@ID).
        centre_x_mm: Centre of the imprint from the left edge.
        centre_y_mm: Centre of the imprint from the top edge.
    """

    page_id: int
    centre_x_mm: float
    centre_y_mm: float


@dataclass(frozen=True, slots=True)
class DocumentToSeal:
    """A licence ready to be sealed.

    Attributes:
        request_id: Idempotency key of this use of the seal.
        entries: Package entries, all of them to be covered.
        digests: SM3 of entries whose bytes are known beforehand (templates, shared fonts).
        placements: Where the imprint stands.
        purpose: What the seal is used for, for the record of use.
    """

    request_id: str
    entries: Mapping[str, Part]
    digests: Mapping[str, bytes]
    placements: tuple[Placement, ...]
    purpose: str


class Sealer(Protocol):
    """What licensing needs of sealing; ``seal_service`` fits it through ``api/``, tests pass a fake."""

    def seal_name(self, issuer: str) -> str:
        """Name of the seal in use for an issuer, for the licence's metadata."""

    def seal(
        self, issuer: str, documents: Sequence[DocumentToSeal], *, at: datetime, operator: str
    ) -> list[bytes]:
        """Seal documents of one issuer, in order.

        Raises:
            SealingFailedError: None of them was sealed; the reason is for the record.
        """


class SealingFailedError(Exception):
    """The seal could not be used; nothing was handed out."""


class Directory(Protocol):
    """What licensing needs of the catalogue."""

    def refusal(self, *, issuer: str, licence_type: str, item: str, on: date) -> str | None:
        """Why this authority may not issue this licence type under this item on that day; None if it may."""


@dataclass(frozen=True, slots=True)
class LicenceRow:
    """What the register holds of one licence.

    Attributes:
        licence_id: Its identifier.
        request_id: Idempotency key it was asked for with.
        request_digest: Keyed digest of the request's content; the same key with other content is refused.
        licence_type: Key of the licence type.
        issuer: Credit code of the issuer.
        holder_index: Keyed hashes of the holders' numbers, for look-ups.
        state: Where it is in its life.
        issued_on: Printed date of issue.
        valid_until: Last day of validity, None for unlimited.
        attempt: How often sealing was tried.
        digest: SM3 of the sealed file, None before it is issued.
        replaces: Identifier of the version it takes the place of.
    """

    licence_id: LicenceId
    request_id: str
    request_digest: bytes
    licence_type: str
    issuer: str
    holder_index: tuple[str, ...]
    state: LicenceState
    issued_on: date
    valid_until: date | None
    attempt: int
    digest: bytes | None
    replaces: LicenceId | None


@dataclass(frozen=True, slots=True)
class LicenceChange:
    """What changes in a licence's life."""

    licence_id: LicenceId
    state: LicenceState
    attempt: int
    digest: bytes | None


class Transaction(Protocol):
    """Everything one change of the register may do; all of it happens, or none."""

    def next_serial(self, issuer: str, licence_type: str, year: int) -> int:
        """Take the next serial of an issuer, type and year; never given out twice."""

    def by_requests(self, request_ids: Sequence[str]) -> Mapping[str, LicenceRow]:
        """Licences asked for under idempotency keys, by key; keys not used yet are left out."""

    def licence(self, licence_id: LicenceId) -> LicenceRow:
        """One licence.

        Raises:
            LicenceNotFoundError: There is none.
        """

    def by_holder(self, holder_index: str) -> Sequence[LicenceRow]:
        """Licences of a holder, newest first."""

    def drafts(self) -> Sequence[LicenceRow]:
        """Licences whose intent is on record and which were neither issued nor given up."""

    def add(self, rows: Sequence[LicenceRow]) -> None:
        """Record new licences.

        Raises:
            RefusedError: One of the identifiers was given out before.
        """

    def update(self, changes: Sequence[LicenceChange]) -> None:
        """Change what changes in licences' lives."""

    def append_audit(
        self, at: datetime, actor: str, event: str, details: Sequence[Mapping[str, str | int | None]]
    ) -> None:
        """Add an entry for each of ``details`` to the hash-chained audit trail."""


class LicenceStore(Protocol):
    """Where the register lives."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Open a write transaction; committed on normal exit, rolled back on an exception."""


class FileStore(Protocol):
    """Where sealed files live, named by their digest."""

    def put(self, files: Mapping[bytes, bytes]) -> None:
        """Store files by digest, durably when it returns; storing the same file twice is no error."""

    def get(self, digest: bytes) -> bytes:
        """A stored file.

        Raises:
            LookupError: There is none.
        """
