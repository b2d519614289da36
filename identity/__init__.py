"""Natural and legal persons, officers, what entitles them to act, and keyed hashes of their numbers.

The rules of actions are a data file; the register is kept by the SQLite adapter in ``identity.register``, which is
imported by name because it needs a database library.
"""

from identity.entitlement import Delegation, Officer, Representation
from identity.errors import IdentityError, RefusedError, UnknownOfficerError
from identity.model import (
    Action,
    Assurance,
    AssuranceLevel,
    Basis,
    Capacity,
    Decision,
    LegalPerson,
    NaturalPerson,
    OfficerId,
    Permitted,
    RefusalCode,
    Refused,
    RoleGrant,
    Validity,
)
from identity.number_hash import NumberHash, NumberHasher
from identity.policy import ActionPolicy, ActionRule, default_policy, read_policy
from identity.representation_service import RepresentationService
from identity.rules import Actor
from identity.service import OfficerService

__all__ = [
    "Action",
    "ActionPolicy",
    "ActionRule",
    "Actor",
    "Assurance",
    "AssuranceLevel",
    "Basis",
    "Capacity",
    "Decision",
    "Delegation",
    "IdentityError",
    "LegalPerson",
    "NaturalPerson",
    "NumberHash",
    "NumberHasher",
    "Officer",
    "OfficerId",
    "OfficerService",
    "Permitted",
    "RefusalCode",
    "Refused",
    "RefusedError",
    "Representation",
    "RepresentationService",
    "RoleGrant",
    "UnknownOfficerError",
    "Validity",
    "default_policy",
    "read_policy",
]
