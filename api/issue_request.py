"""The request file of ``xinyin issue``: JSON, read as strictly as any outside data.

```json
{
  "request_id": "2026-000001",
  "department": "market",
  "licence_type": "business-licence",
  "item_code": "…31 characters…",
  "holders": [{"name": "…", "code": "…", "code_type": "001"}],
  "licence_number": null,
  "issued_on": "2026-01-05",
  "valid_until": null,
  "replaces": null,
  "face": {"KZ_LX": "…"}
}
```
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from api.failures import CommandError
from api.installation import IssuerEntry
from formats.gb32100 import CreditCode
from formats.gbt36904 import LicenceId
from formats.json_data import read_json
from licence_service import Holder, Issuer, IssueRequest

MOST_OCTETS: Final = 1024 * 1024


def read_issue_request(data: bytes, issuers: Mapping[str, IssuerEntry], *, operator: str) -> IssueRequest:
    """Read a request.

    Args:
        data: The file.
        issuers: Departments of the installation by short name.
        operator: Who asks, for the record.

    Raises:
        MalformedDataError: Not of the form; the message names the place.
        CommandError: The department is none of the installation's.
        RefusedError: A value breaks a rule of requests.
    """
    members = read_json(data, what="request", most=MOST_OCTETS).members(
        required=("request_id", "department", "licence_type", "item_code", "holders", "issued_on", "face"),
        optional=("licence_number", "valid_until", "replaces"),
    )
    department = members["department"].text(longest=64)
    issuer = issuers.get(department)
    if issuer is None:
        raise CommandError("issue.no_issuer", issuer=department, known=", ".join(sorted(issuers)))
    holders = []
    for node in members["holders"].items(most=500):
        holder = node.members(required=("name", "code", "code_type"))
        code = holder["code"].text(longest=64)
        holders.append(Holder(holder["name"].text(longest=200), code, holder["code_type"].text(longest=3)))
    return IssueRequest(
        request_id=members["request_id"].text(longest=100),
        licence_type=members["licence_type"].text(longest=64),
        item_code=members["item_code"].text(longest=64),
        issuer=Issuer(issuer.name, CreditCode.parse(issuer.code), issuer.area_code),
        holders=tuple(holders),
        licence_number=members["licence_number"].text(longest=128) if "licence_number" in members else None,
        face={name: node.text(longest=10_000, empty=True) for name, node in members["face"].entries().items()},
        issued_on=members["issued_on"].day(),
        operator=operator,
        valid_until=members["valid_until"].day() if "valid_until" in members else None,
        replaces=LicenceId.parse(members["replaces"].text()) if "replaces" in members else None,
    )
