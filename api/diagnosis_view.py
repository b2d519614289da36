"""A diagnosis for a person and for a program; sentences come from the verifier's own catalogues."""

from typing import Any, Final

from api.messages import Messages
from api.output import Output, shown
from verifier.diagnosis import Answer, Diagnosis, Fit, Remark, Texts, dialects, strictnesses, texts
from verifier.explanation import catalogue

_INDENT: Final = 2
_SHOWN_PATHS: Final = 10


def as_data(file: str, diagnosis: Diagnosis, status: int, text: Messages) -> dict[str, Any]:
    """The JSON; ``diagnosis`` in it has its own schema, ``explained`` is for people in one language."""
    words = texts(text.language)
    names = sorted({name for answer in diagnosis.answers for fit in answer.fits for name in fit.dialects})
    remarks = sorted({each.name for each in diagnosis.remarks})
    return {
        "file": file,
        "status": status,
        "diagnosis": diagnosis.to_dict(),
        "explained": {
            "language": text.language,
            "dialects": {name: _explained(name, words) for name in names},
            "remarks": {
                name: {
                    "says": words.strictnesses[name],
                    "clause": strictnesses()[name].clause,
                    "evidence": strictnesses()[name].evidence.value,
                }
                for name in remarks
            },
        },
    }


def _explained(name: str, words: Texts) -> dict[str, str]:
    dialect = dialects()[name]
    return {
        "says": words.dialects[name],
        "readers": words.readers[dialect.readers],
        "change": words.changes[dialect.change],
        "clause": dialect.clause,
        "evidence": dialect.evidence.value,
    }


def show(file: str, diagnosis: Diagnosis, text: Messages, out: Output) -> None:
    """Tell a person: the verdict as it stands, what would explain each fault, over what others may refuse."""
    words = texts(text.language)
    if diagnosis.verdict is None:
        out.line(f"{text('diagnose.no_verdict')}  {shown(file)}")
    else:
        out.line(f"{catalogue(text.language).verdicts[diagnosis.verdict]}  {shown(file)}")
    _line(out, text("diagnose.unchanged"))
    if not diagnosis.answers:
        _line(out, text("diagnose.nothing"))
    for answer in diagnosis.answers:
        out.line()
        _show_answer(answer, words, text, out)
    if diagnosis.remarks:
        out.line()
        _line(out, text("diagnose.remarks"))
        for remark in diagnosis.remarks:
            _show_remark(remark, words, out)
    out.line()
    _line(out, text("diagnose.tried", count=diagnosis.tried))
    if not diagnosis.complete:
        _line(out, text("diagnose.incomplete"))


def _show_answer(answer: Answer, words: Texts, text: Messages, out: Output) -> None:
    _line(
        out, f"{shown(answer.subject)}  {words.questions[answer.question]}: {words.conclusions[answer.conclusion]}"
    )
    for fit in answer.fits:
        _show_fit(fit, words, text, out)
    if answer.unexplained:
        _line(out, text("diagnose.unexplained", paths=_paths(answer.unexplained)), 2)


def _show_fit(fit: Fit, words: Texts, text: Messages, out: Output) -> None:
    detail = f" ({shown(fit.detail)})" if fit.detail else ""
    _line(out, f"[{' + '.join(fit.dialects)}]{detail}", 2)
    for name in fit.dialects:
        dialect = dialects()[name]
        _line(out, text("diagnose.says", says=words.dialects[name], clause=dialect.clause), 3)
        _line(out, text("diagnose.evidence", evidence=words.evidence[dialect.evidence]), 3)
        _line(out, text("diagnose.readers", readers=words.readers[dialect.readers]), 3)
        _line(out, text("diagnose.change", change=words.changes[dialect.change]), 3)
    if fit.paths:
        _line(out, text("diagnose.paths", paths=_paths(fit.paths)), 3)


def _show_remark(remark: Remark, words: Texts, out: Output) -> None:
    strictness = strictnesses()[remark.name]
    subject = f"{shown(remark.subject)}  " if remark.subject else ""
    _line(out, f"{subject}[{remark.name}] {strictness.clause}", 2)
    _line(out, words.strictnesses[remark.name], 3)


def _paths(paths: tuple[str, ...]) -> str:
    rest = len(paths) - _SHOWN_PATHS
    listed = ", ".join(shown(path) for path in paths[:_SHOWN_PATHS])
    return listed if rest <= 0 else f"{listed} … (+{rest})"


def _line(out: Output, line: str, level: int = 1) -> None:
    out.line(f"{' ' * (_INDENT * level)}{line}")
