"""The status service in an authority's folder: what ``status-service.json`` says, and what it leads to.

```
status-service.json    the responder's key, certificate and policy; public
status.sqlite          answers signed beforehand, unless the file names another register
```
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self

from api.failures import CommandError
from api.files import read_file, write_file
from api.output import shown
from ca.status import NeverIssued, StatusPolicy
from ca.status.model import DIGEST_NAMES, NoncePolicy
from ca.status.register import StatusRegister
from formats.gbt20518 import Certificate, read_certificate
from formats.json_data import JsonNode, read_json
from formats.register_errors import RegisterError

SCHEMA: Final = "xinyin.status-service/1"
FILE: Final = "status-service.json"
STORE: Final = "status.sqlite"
_MOST_OCTETS: Final = 1 << 20
_NAMES: Final[Mapping[str, str]] = {oid: name for name, oid in DIGEST_NAMES.items()}


@dataclass(frozen=True, slots=True)
class StatusFile:
    """What ``status-service.json`` says.

    Attributes:
        key_index: Index of the responder's key in the key store.
        certificate: The responder's.
        policy: How it answers.
        pin_file: File with the key's PIN, relative to the folder; None if it is given at the start.
        store: Register of answers signed beforehand; None for ``status.sqlite`` in the folder.
    """

    key_index: int
    certificate: Certificate
    policy: StatusPolicy = field(default_factory=StatusPolicy)
    pin_file: str | None = None
    store: str | None = None

    def to_json(self) -> bytes:
        """The file's octets."""
        policy = self.policy
        content = {
            "schema": SCHEMA,
            "key_index": self.key_index,
            "pin_file": self.pin_file,
            "certificate": base64.b64encode(self.certificate.encoded).decode("ascii"),
            "store": self.store,
            "never_issued": str(policy.never_issued),
            "nonce": str(policy.nonce),
            "on_demand": policy.on_demand,
            "validity_minutes": int(policy.validity.total_seconds()) // 60,
            "presigned": [_NAMES[oid] for oid in policy.presigned],
            "archive_days": policy.archive.days if policy.archive is not None else None,
            "most_certificates": policy.most_cert_ids,
        }
        return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read the file, strictly.

        Raises:
            MalformedDataError: It breaks its schema; the message names the place.
        """
        node = read_json(data, what=FILE, most=_MOST_OCTETS)
        top = node.members(
            required=("schema", "key_index", "certificate"),
            optional=(
                "pin_file",
                "store",
                "never_issued",
                "nonce",
                "on_demand",
                "validity_minutes",
                "presigned",
                "archive_days",
                "most_certificates",
            ),
        )
        top["schema"].choice((SCHEMA,))
        try:
            policy = StatusPolicy(**_policy(top))
        except ValueError as error:
            node.fail(str(error))
        return cls(
            key_index=top["key_index"].integer(least=1, most=4096),
            certificate=read_certificate(top["certificate"].octets(longest=_MOST_OCTETS)),
            policy=policy,
            pin_file=top["pin_file"].text(longest=1000) if "pin_file" in top else None,
            store=top["store"].text(longest=1000) if "store" in top else None,
        )


def read_status_file(folder: Path) -> StatusFile:
    """What an authority's folder says of its status service.

    Raises:
        CommandError: There is none.
    """
    path = folder / FILE
    if not path.is_file():
        raise CommandError("ca.status.none", directory=shown(folder))
    return StatusFile.from_json(read_file(str(path), most=_MOST_OCTETS))


def write_status_file(folder: Path, file: StatusFile) -> None:
    """Put down what the status service is."""
    write_file(str(folder / FILE), file.to_json(), replace=True)


def status_register(folder: Path, file: StatusFile) -> StatusRegister:
    """The register of answers signed beforehand, opened.

    Raises:
        CommandError: It cannot be opened.
    """
    address = file.store or str(folder / STORE)
    try:
        return StatusRegister(address)
    except RegisterError as error:
        raise CommandError("ca.record_unreadable", file=shown(address), detail=shown(error)) from error


def _policy(top: Mapping[str, JsonNode]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if "never_issued" in top:
        given["never_issued"] = NeverIssued(top["never_issued"].choice(tuple(map(str, NeverIssued))))
    if "nonce" in top:
        given["nonce"] = NoncePolicy(top["nonce"].choice(tuple(map(str, NoncePolicy))))
    if "on_demand" in top:
        given["on_demand"] = top["on_demand"].boolean()
    if "validity_minutes" in top:
        given["validity"] = timedelta(minutes=top["validity_minutes"].integer(least=2, most=14_400))
    if "presigned" in top:
        names = [each.choice(tuple(DIGEST_NAMES)) for each in top["presigned"].items(most=len(DIGEST_NAMES))]
        given["presigned"] = tuple(DIGEST_NAMES[name] for name in names)
    if "archive_days" in top:
        given["archive"] = timedelta(days=top["archive_days"].integer(least=0, most=36_525))
    if "most_certificates" in top:
        given["most_cert_ids"] = top["most_certificates"].integer(least=1, most=100)
    return given
