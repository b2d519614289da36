"""From a request to the licence's metadata (GB/T 36903), which is what the page then shows. Pure."""

from __future__ import annotations

from datetime import date, datetime

from formats.gbt36903 import UNLIMITED, Element, Metadata, default_schema, format_date, format_date_time, validate
from formats.gbt36904 import LicenceId
from licence_service.errors import FieldViolation, RefusedError
from licence_service.licence_types import LicenceType
from licence_service.model import IssueRequest
from licence_service.rules import licence_number


def licence_metadata(
    request: IssueRequest,
    licence_type: LicenceType,
    *,
    licence_id: LicenceId,
    valid_until: date | None,
    seal_name: str,
    sealed_at: datetime,
) -> Metadata:
    """Metadata of a licence about to be sealed.

    Args:
        request: Checked request.
        licence_type: Its type.
        licence_id: The reserved identifier.
        valid_until: Last day of validity, None for unlimited.
        seal_name: Name of the issuer's seal.
        sealed_at: Signing time of the seal, UTC, whole seconds.

    Raises:
        RefusedError: The metadata rules of GB/T 36903 forbid it; the violations name the fields.
    """
    schema = default_schema()
    moment = format_date_time(sealed_at)
    code_types = schema.lists["holder_code_type"]
    elements: dict[Element, str | list[str]] = {
        Element.LICENCE_NAME: licence_type.name,
        Element.LICENCE_TYPE_NAME: licence_type.name,
        Element.LICENCE_TYPE_CODE: str(licence_type.type_code),
        Element.LICENCE_NUMBER: licence_number(request, licence_type),
        Element.LICENCE_IDENTIFIER: str(licence_id),
        Element.LICENCE_VERSION: f"{licence_id.version:03d}",
        Element.ISSUER_NAME: request.issuer.name,
        Element.ISSUER_CODE: str(request.issuer.code),
        Element.ISSUE_DATE: format_date(request.issued_on),
        Element.AREA_CODE: request.issuer.area_code,
        Element.HOLDER_NAME: [holder.name for holder in request.holders],
        Element.HOLDER_CODE: [holder.code for holder in request.holders],
        Element.HOLDER_CODE_TYPE: [holder.code_type for holder in request.holders],
        Element.HOLDER_CODE_TYPE_NAME: [
            "" if (entry := code_types.get(holder.code_type)) is None else entry.name_zh
            for holder in request.holders
        ],
        Element.VALID_FROM: format_date(request.issued_on),
        Element.VALID_TO: UNLIMITED if valid_until is None else format_date(valid_until),
        Element.SEAL_PERSON: request.issuer.name[:50],
        Element.SEAL_TIME: moment,
        Element.SEAL_NAME: seal_name,
        Element.CREATED: moment,
        Element.RELATED_ITEM_CODE: request.item_code,
        Element.DEFINER_NAME: licence_type.definer_name,
        Element.DEFINER_CODE: str(licence_type.definer_code),
    }
    values: dict[str, str | list[str]] = {schema.name_of(element): text for element, text in elements.items()}
    values.update({name: text for name, text in request.face.items() if text.strip()})
    metadata = Metadata.build(values, schema=schema)
    found = validate(metadata, sealed=True)
    if found:
        raise RefusedError(
            [FieldViolation(item.field, str(item.code), item.message_zh, item.message_en) for item in found]
        )
    return metadata
