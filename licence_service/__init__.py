"""Electronic licences (电子证照): issued under an item by an entitled authority, sealed, looked up, changed.

The service keeps the register of licences, draws their faces from licence types that are data files, puts their
metadata (GB/T 36903) and identifier (GB/T 36904) inside what the seal covers, and holds no keys: sealing is a
port.
"""

from licence_service.errors import (
    FieldViolation,
    IllegalTransitionError,
    LicenceNotFoundError,
    LicenceServiceError,
    RefusedError,
)
from licence_service.licence_types import LicenceType, built_in_types, read_licence_type
from licence_service.model import (
    Holder,
    IssuedLicence,
    Issuer,
    IssueRequest,
    LicenceEvent,
    LicenceState,
)
from licence_service.service import LicenceService

__all__ = [
    "FieldViolation",
    "Holder",
    "IllegalTransitionError",
    "IssueRequest",
    "IssuedLicence",
    "Issuer",
    "LicenceEvent",
    "LicenceNotFoundError",
    "LicenceService",
    "LicenceServiceError",
    "LicenceState",
    "LicenceType",
    "RefusedError",
    "built_in_types",
    "read_licence_type",
]
