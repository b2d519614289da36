"""The status service of an authority (OCSP): RFC 6960, and RFC 9919 for answers that caches may keep.

``responder.StatusResponder`` takes octets and gives an answer value; HTTP is elsewhere. It answers from its
memory, from answers signed beforehand (``presigning``), or signs on demand, by a key of its own that the authority
certified (``responder_key``). It believes nothing older than ``StatusPolicy.change_after``: what changed on record
since an answer was made is found by the numbers of changes, which only grow (``ca.model.StatusChange``).

* good is said of a certificate that is on record as valid, and of no other;
* never issued, and intended but not signed: as the policy says, never good;
* given up: revoked from its intent on, as the revocation list says; suspended: revoked, certificateHold;
* the responder's own certificate is looked at before every signature: period, and standing on record.
"""

from ca.status.model import (
    Caching,
    NeverIssued,
    StatusAnswer,
    StatusPolicy,
    StoredAnswer,
)
from ca.status.presigning import Presigner
from ca.status.responder import StatusResponder
from ca.status.responder_key import ResponderKey

__all__ = [
    "Caching",
    "NeverIssued",
    "Presigner",
    "ResponderKey",
    "StatusAnswer",
    "StatusPolicy",
    "StatusResponder",
    "StoredAnswer",
]
