"""Decides whether a sealed document is to be believed; trusts nothing the document says about itself.

```python
trust = TrustList.read(list_file, at=now, anchor=operator_root)
verifier = Verifier(trust)
report = verifier.verify(document, at=now)
report.verdict is Verdict.PASSED
```

Imports ``formats`` and ``crypto`` only: no network, no clock, no database.
"""

from verifier.codes import Code, Outcome, Step
from verifier.errors import TrustListRefusedError
from verifier.explanation import LANGUAGES, Message, explain
from verifier.findings import Failed, Finding, Passed, Skipped, Undetermined, Verdict
from verifier.inspection import SignatureInspection, inspect_document, inspect_seal, inspect_signed_value
from verifier.policy import Policy
from verifier.report import DocumentKind, Report, SignatureKind, SignatureReport
from verifier.trust_list import TrustList
from verifier.trust_list_writing import TrustListContent, sign_trust_list
from verifier.verification import Verifier, verify_document

__all__ = [
    "LANGUAGES",
    "Code",
    "DocumentKind",
    "Failed",
    "Finding",
    "Message",
    "Outcome",
    "Passed",
    "Policy",
    "Report",
    "SignatureInspection",
    "SignatureKind",
    "SignatureReport",
    "Skipped",
    "Step",
    "TrustList",
    "TrustListContent",
    "TrustListRefusedError",
    "Undetermined",
    "Verdict",
    "Verifier",
    "explain",
    "inspect_document",
    "inspect_seal",
    "inspect_signed_value",
    "sign_trust_list",
    "verify_document",
]
