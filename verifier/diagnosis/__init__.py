"""Why another reader says otherwise: known dialects replayed over what a report did not pass."""

from verifier.diagnosis.diagnosing import diagnose_document, diagnose_seal
from verifier.diagnosis.model import Answer, Conclusion, Diagnosis, DiagnosisLimits, Fit, Question, Remark
from verifier.diagnosis.table import Dialect, Evidence, Strictness, Texts, dialects, strictnesses, texts

__all__ = [
    "Answer",
    "Conclusion",
    "Diagnosis",
    "DiagnosisLimits",
    "Dialect",
    "Evidence",
    "Fit",
    "Question",
    "Remark",
    "Strictness",
    "Texts",
    "diagnose_document",
    "diagnose_seal",
    "dialects",
    "strictnesses",
    "texts",
]
