"""Electronic seals (电子印章): applied for, approved, made, used and retired; and documents sealed with them.

The service keeps the register of seals and of every use, draws seal pictures, has the seal maker's key sign seals
(GB/T 38540-2020, 电子印章) and has the holder's key sign documents (电子签章). Keys are seen as ``crypto.Signer``
only. It issues no licences and reads no template data.
"""

from seal_service.errors import (
    IllegalTransitionError,
    RefusedError,
    SealNotFoundError,
    SealServiceError,
    TimeStampError,
)
from seal_service.making import MadeSeal, SealMaker
from seal_service.model import SealApplication, SealEvent, SealKind, SealRecord, SealState
from seal_service.seal_id import SealId
from seal_service.sealing import SealHolder, SealingRequest, StampPlacement, seal_document, seal_documents
from seal_service.service import SealService

__all__ = [
    "IllegalTransitionError",
    "MadeSeal",
    "RefusedError",
    "SealApplication",
    "SealEvent",
    "SealHolder",
    "SealId",
    "SealKind",
    "SealMaker",
    "SealNotFoundError",
    "SealRecord",
    "SealService",
    "SealServiceError",
    "SealState",
    "SealingRequest",
    "StampPlacement",
    "TimeStampError",
    "seal_document",
    "seal_documents",
]
