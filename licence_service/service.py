"""The use cases: issue, look up, change the state.

Issuing goes in three steps that survive a crash between any two of them: the identifier is reserved and the intent
recorded in one transaction; the page is drawn and sealed outside of any; the file is stored and the licence put
into force in a last transaction. The same request asked again after a crash continues with the same identifier;
asked again after it was issued, it gives the same file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from crypto import hmac_sm3, sm3
from formats.audit_trail import canonical_entry
from formats.gbt36903 import Metadata
from formats.gbt36904 import LicenceId
from licence_service.errors import FieldViolation, RefusedError
from licence_service.licence_types import LicenceType, SerialRule
from licence_service.metadata_of import licence_metadata
from licence_service.model import (
    IssuedLicence,
    IssueRequest,
    LicenceEvent,
    LicenceState,
    next_state,
)
from licence_service.painting import FacePainter, FaceToPaint
from licence_service.ports import (
    Directory,
    DocumentToSeal,
    FileStore,
    LicenceChange,
    LicenceRow,
    LicenceStore,
    Placement,
    Sealer,
    SealingFailedError,
    Transaction,
)
from licence_service.rules import last_day, licence_number, request_violations

_SERIAL_DIGITS: Final = 7


@dataclass(frozen=True, slots=True)
class _Reserved:
    """A request whose identifier is on record."""

    request: IssueRequest
    licence_type: LicenceType
    row: LicenceRow
    metadata: Metadata | None


class LicenceService:
    """Licensing of one or several issuers.

    Args:
        store: The register.
        files: Where sealed files go.
        sealer: Seals documents.
        directory: Says which authority may issue what.
        types: Licence types by key.
        painter: Draws faces.
        index_key: Key of the holder index and of request digests, at least 16 octets; numbers of persons are
            looked up through it and never stored as keys.
        clock: Gives the current time, UTC, whole seconds.
    """

    def __init__(
        self,
        *,
        store: LicenceStore,
        files: FileStore,
        sealer: Sealer,
        directory: Directory,
        types: Mapping[str, LicenceType],
        painter: FacePainter,
        index_key: bytes,
        clock: Callable[[], datetime],
    ) -> None:
        if len(index_key) < 16:
            raise ValueError("the index key has at least 16 octets")
        self._store = store
        self._files = files
        self._sealer = sealer
        self._directory = directory
        self._types = types
        self._painter = painter
        self._index_key = index_key
        self._clock = clock

    # ------------------------------------------------------------------ issuing

    def issue(self, request: IssueRequest) -> IssuedLicence:
        """Issue one licence; see ``issue_many``."""
        return self.issue_many([request])[0]

    def issue_many(self, requests: Sequence[IssueRequest]) -> list[IssuedLicence]:
        """Issue licences of one issuer as a batch: all of them, or none.

        Args:
            requests: With distinct idempotency keys, all of the same issuer.

        Returns:
            The licences, in order.

        Raises:
            RefusedError: A request breaks a rule; nothing of the batch was issued.
            SealingFailedError: The seal could not be used; asking again continues where this stopped.
        """
        if not requests:
            return []
        issuer = str(requests[0].issuer.code)
        if any(str(request.issuer.code) != issuer for request in requests):
            raise ValueError("a batch has one issuer")
        for request in requests:
            self._check(request)
        at = self._clock()
        with self._store.transaction() as change:
            reserved = self._reserve(change, requests, at)
        drafts = [item for item in reserved if item.row.state is LicenceState.DRAFT]
        documents = self._seal(issuer, drafts, at)
        made = self._put_into_force(drafts, documents)
        return [made.get(item.row.request_id) or self._issued_before(item.row) for item in reserved]

    def _check(self, request: IssueRequest) -> None:
        licence_type = self._types.get(request.licence_type)
        if licence_type is None:
            raise RefusedError(
                [FieldViolation("ZZLXDM", "unknown-type", "没有该证照类型", "there is no such licence type")]
            )
        violations = request_violations(request, licence_type)
        refusal = self._directory.refusal(
            issuer=str(request.issuer.code),
            licence_type=str(licence_type.type_code),
            item=request.item_code,
            on=request.issued_on,
        )
        if refusal is not None:
            violations.append(FieldViolation("ZZBFJGDM", "not-entitled", "颁发机构无权颁发该证照", refusal))
        if violations:
            raise RefusedError(violations)

    def _reserve(self, change: Transaction, requests: Sequence[IssueRequest], at: datetime) -> list[_Reserved]:
        """Put every request on record with an identifier, or find what was recorded for it before."""
        known = change.by_requests([request.request_id for request in requests])
        seal_name = self._sealer.seal_name(str(requests[0].issuer.code))
        reserved, again, new = [], [], []
        for request in requests:
            licence_type = self._types[request.licence_type]
            row = known.get(request.request_id)
            if row is None:
                row = self._new_row(change, request, licence_type)
                new.append(row)
            else:
                row = self._known_row(row, request)
                if row.state is LicenceState.DRAFT:
                    again.append(row)
            metadata = None
            if row.state is LicenceState.DRAFT:
                # Judged before anything is recorded, with the identifier the licence has.
                metadata = licence_metadata(
                    request,
                    licence_type,
                    licence_id=row.licence_id,
                    valid_until=row.valid_until,
                    seal_name=seal_name,
                    sealed_at=at,
                )
            reserved.append(_Reserved(request, licence_type, row, metadata))
        if again:
            change.update([LicenceChange(row.licence_id, row.state, row.attempt, None) for row in again])
        if new:
            change.add(new)
            details = [{"licence": str(row.licence_id), "request": row.request_id} for row in new]
            change.append_audit(at, requests[0].operator, "intend", details)
        return reserved

    def _known_row(self, row: LicenceRow, request: IssueRequest) -> LicenceRow:
        if row.request_digest != self._request_digest(request):
            raise RefusedError(
                [
                    FieldViolation(
                        "request_id",
                        "request-repeated",
                        "该请求编号已用于另一请求",
                        "this request key was already used for another request",
                    )
                ]
            )
        # An earlier attempt did not come to its end; its use of the seal is on record under its own key.
        return replace(row, attempt=row.attempt + 1) if row.state is LicenceState.DRAFT else row

    def _new_row(self, change: Transaction, request: IssueRequest, licence_type: LicenceType) -> LicenceRow:
        return LicenceRow(
            licence_id=self._identifier(change, request, licence_type),
            request_id=request.request_id,
            request_digest=self._request_digest(request),
            licence_type=request.licence_type,
            issuer=str(request.issuer.code),
            holder_index=tuple(self.holder_index(holder.code_type, holder.code) for holder in request.holders),
            state=LicenceState.DRAFT,
            issued_on=request.issued_on,
            valid_until=last_day(request, licence_type),
            attempt=1,
            digest=None,
            replaces=request.replaces,
        )

    def _identifier(self, change: Transaction, request: IssueRequest, licence_type: LicenceType) -> LicenceId:
        if request.replaces is not None:
            replaced = change.licence(request.replaces)
            next_state(replaced.state, LicenceEvent.CHANGE)
            if replaced.licence_type != request.licence_type or replaced.issuer != str(request.issuer.code):
                raise RefusedError(
                    [
                        FieldViolation(
                            "ZZBS", "replaces", "变更前后的证照类型和颁发机构应一致",
                            "a change keeps licence type and issuer",
                        )
                    ]
                )  # fmt: skip
            return request.replaces.next_version()
        if licence_type.serial_rule is SerialRule.LICENCE_NUMBER:
            serial = licence_number(request, licence_type)
        else:
            year = request.issued_on.year
            serial = (
                f"{year}{change.next_serial(str(request.issuer.code), licence_type.key, year):0{_SERIAL_DIGITS}d}"
            )
        return LicenceId.build(licence_type.type_code, request.issuer.code, serial)

    def _seal(self, issuer: str, drafts: Sequence[_Reserved], at: datetime) -> list[bytes]:
        if not drafts:
            return []
        painted = self._painter.paint_many([self._face(item) for item in drafts])
        documents = [
            DocumentToSeal(
                request_id=f"{item.row.request_id}#{item.row.attempt}",
                entries=face.entries,
                digests=face.digests,
                placements=(Placement(face.seal_page_id, *face.seal_centre),),
                purpose=f"{item.request.item_code} {item.row.licence_id}",
            )
            for item, face in zip(drafts, painted, strict=True)
        ]
        return self._sealer.seal(issuer, documents, at=at, operator=drafts[0].request.operator)

    def _face(self, item: _Reserved) -> FaceToPaint:
        if item.metadata is None:
            raise ValueError("only a draft is drawn")
        # DocID must be stable for one licence and attempt, and tell nothing of it.
        document_id = hmac_sm3(self._index_key, f"document {item.row.licence_id}#{item.row.attempt}".encode())[:16]
        return FaceToPaint(item.licence_type, item.metadata, document_id.hex())

    def _put_into_force(self, drafts: Sequence[_Reserved], documents: Sequence[bytes]) -> dict[str, IssuedLicence]:
        """Store what was sealed, then say so on record; licences by request key."""
        if not drafts:
            return {}
        digests = [sm3(document) for document in documents]
        self._files.put(dict(zip(digests, documents, strict=True)))
        operator = drafts[0].request.operator
        with self._store.transaction() as change:
            change.update(
                [
                    LicenceChange(
                        item.row.licence_id,
                        next_state(item.row.state, LicenceEvent.ISSUE),
                        item.row.attempt,
                        digest,
                    )
                    for item, digest in zip(drafts, digests, strict=True)
                ]
            )
            details = [
                {"licence": str(item.row.licence_id), "file": digest.hex()}
                for item, digest in zip(drafts, digests, strict=True)
            ]
            change.append_audit(self._clock(), operator, "issue", details)
            for item in drafts:
                if item.row.replaces is not None:
                    self._move(change, item.row.replaces, LicenceEvent.CHANGE, operator, str(item.row.licence_id))
        return {
            item.row.request_id: IssuedLicence(item.row.licence_id, LicenceState.VALID, document, digest)
            for item, document, digest in zip(drafts, documents, digests, strict=True)
        }

    def _issued_before(self, row: LicenceRow) -> IssuedLicence:
        if row.digest is None:
            raise RefusedError(
                [FieldViolation("request_id", "void", "该请求已作废", "this request was given up before")]
            )
        return IssuedLicence(row.licence_id, row.state, self._files.get(row.digest), row.digest)

    # ------------------------------------------------------------------ afterwards

    def change_state(self, licence_id: LicenceId, event: LicenceEvent, *, actor: str, reason: str) -> LicenceState:
        """Suspend, resume, cancel, withdraw, revoke or transfer a licence, or give up a draft.

        Raises:
            RefusedError: No reason was given, or the event has its own operation.
            IllegalTransitionError: The licence's state does not allow it.
            LicenceNotFoundError: There is no such licence.
        """
        if event in (LicenceEvent.ISSUE, LicenceEvent.CHANGE):
            raise RefusedError(
                [FieldViolation("status", "wrong-operation", "该操作另有入口", f"{event} has its own operation")]
            )
        if not reason.strip():
            raise RefusedError([FieldViolation("reason", "missing", "缺少变更原因", "the reason is missing")])
        with self._store.transaction() as change:
            return self._move(change, licence_id, event, actor, reason)

    def state(self, licence_id: LicenceId) -> LicenceState:
        """State of a licence now."""
        with self._store.transaction() as change:
            return change.licence(licence_id).state

    def document(self, licence_id: LicenceId) -> bytes:
        """The sealed file of a licence.

        Raises:
            LicenceNotFoundError: There is no such licence.
            LookupError: It was never issued.
        """
        with self._store.transaction() as change:
            digest = change.licence(licence_id).digest
        if digest is None:
            raise LookupError(f"licence {licence_id} was not issued")
        return self._files.get(digest)

    def of_holder(self, code_type: str, code: str) -> list[LicenceId]:
        """Identifiers of a holder's licences, newest first."""
        with self._store.transaction() as change:
            return [row.licence_id for row in change.by_holder(self.holder_index(code_type, code))]

    def drafts(self) -> list[str]:
        """Keys of requests that were begun and neither issued nor given up; asking again finishes them."""
        with self._store.transaction() as change:
            return [row.request_id for row in change.drafts()]

    def holder_index(self, code_type: str, code: str) -> str:
        """The keyed hash under which a holder is looked up."""
        return hmac_sm3(self._index_key, f"holder {code_type} {code}".encode()).hex()

    def _move(
        self, change: Transaction, licence_id: LicenceId, event: LicenceEvent, actor: str, reason: str
    ) -> LicenceState:
        row = change.licence(licence_id)
        state = next_state(row.state, event)
        change.update([LicenceChange(licence_id, state, row.attempt, row.digest)])
        change.append_audit(
            self._clock(), actor, str(event), [{"licence": str(licence_id), "state": str(state), "reason": reason}]
        )
        return state

    def _request_digest(self, request: IssueRequest) -> bytes:
        def text(value: date | LicenceId | None) -> str | None:
            return None if value is None else str(value)

        content: dict[str, str | int | None] = {
            "type": request.licence_type,
            "item": request.item_code,
            "issuer": f"{request.issuer.code} {request.issuer.name} {request.issuer.area_code}",
            "number": request.licence_number,
            "issued": text(request.issued_on),
            "until": text(request.valid_until),
            "replaces": text(request.replaces),
        }
        for index, holder in enumerate(request.holders):
            content[f"holder{index}"] = f"{holder.code_type} {holder.code} {holder.name}"
        content.update({f"face {name}": value for name, value in request.face.items()})
        return hmac_sm3(self._index_key, b"request " + canonical_entry(content))


__all__ = ["LicenceService", "SealingFailedError"]
