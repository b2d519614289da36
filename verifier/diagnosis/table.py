"""The table of dialects and strictnesses: data, with texts for people in a catalogue for each language.

``dialects.json`` names every dialect with the clause it departs from and how sure it is that software does so;
``texts.<language>.json`` says what it is, which readers accept it and what its maker should change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from formats.json_data import JsonNode, read_json
from verifier.diagnosis.model import Conclusion, Question
from verifier.explanation import LANGUAGES

_FOLDER: Final = "verifier.diagnosis"


class Evidence(StrEnum):
    """How sure it is that software speaks a dialect, or refuses over a strictness."""

    OBSERVED = "observed"
    """Seen in files of others, in their documentation, or by running their software."""
    REPORTED = "reported"
    """Told in writing about them."""
    TRIED = "tried"
    """A mistake that is easily made; no file or software is known for it."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One departure.

    Attributes:
        name: Stable; appears in JSON.
        clause: What it departs from.
        evidence: How sure it is that software does so.
        readers: Key of the text that says which readers accept it.
        change: Key of the text that says what the maker should change.
    """

    name: str
    clause: str
    evidence: Evidence
    readers: str
    change: str


@dataclass(frozen=True, slots=True)
class Strictness:
    """Something this verifier lets pass, or one of several rules, over which others may refuse.

    Attributes:
        name: Stable; appears in JSON.
        clause: Standard and, where known, clause.
        evidence: How sure it is that others refuse.
        tolerance: Name of the tolerance it goes with, or None.
        codes: Codes of findings it goes with.
        generation: Generation of signatures it goes with, or None.
    """

    name: str
    clause: str
    evidence: Evidence
    tolerance: str | None
    codes: tuple[str, ...]
    generation: str | None


@dataclass(frozen=True, slots=True)
class Texts:
    """Every text of one language."""

    dialects: Mapping[str, str]
    readers: Mapping[str, str]
    changes: Mapping[str, str]
    strictnesses: Mapping[str, str]
    conclusions: Mapping[Conclusion, str]
    questions: Mapping[Question, str]
    evidence: Mapping[Evidence, str]


@cache
def _top() -> Mapping[str, JsonNode]:
    name = "dialects.json"
    data = files(_FOLDER).joinpath(name).read_bytes()
    return read_json(data, what=name).members(required=("version", "dialects", "strictnesses"))


@cache
def dialects() -> Mapping[str, Dialect]:
    """Every dialect by name."""
    return MappingProxyType({name: _dialect(name, node) for name, node in _top()["dialects"].entries().items()})


@cache
def strictnesses() -> Mapping[str, Strictness]:
    """Every strictness by name."""
    found = {name: _strictness(name, node) for name, node in _top()["strictnesses"].entries().items()}
    return MappingProxyType(found)


@cache
def texts(language: str) -> Texts:
    """The texts of one of the verifier's languages.

    Raises:
        ValueError: There are none in this language.
    """
    if language not in LANGUAGES:
        raise ValueError(f"no texts for {language!r}")
    name = f"texts.{language}.json"
    top = read_json(files(_FOLDER).joinpath(name).read_bytes(), what=name).members(
        required=("dialects", "readers", "changes", "strictnesses", "conclusions", "questions", "evidence")
    )
    return Texts(
        dialects=_texts(top["dialects"]),
        readers=_texts(top["readers"]),
        changes=_texts(top["changes"]),
        strictnesses=_texts(top["strictnesses"]),
        conclusions={Conclusion(key): text for key, text in _texts(top["conclusions"]).items()},
        questions={Question(key): text for key, text in _texts(top["questions"]).items()},
        evidence={Evidence(key): text for key, text in _texts(top["evidence"]).items()},
    )


def _dialect(name: str, node: JsonNode) -> Dialect:
    members = node.members(required=("clause", "evidence", "readers", "change"))
    return Dialect(
        name=name,
        clause=members["clause"].text(),
        evidence=_evidence(members["evidence"]),
        readers=members["readers"].text(),
        change=members["change"].text(),
    )


def _strictness(name: str, node: JsonNode) -> Strictness:
    members = node.members(required=("clause", "evidence"), optional=("tolerance", "codes", "generation"))
    return Strictness(
        name=name,
        clause=members["clause"].text(),
        evidence=_evidence(members["evidence"]),
        tolerance=members["tolerance"].text() if "tolerance" in members else None,
        codes=tuple(each.text() for each in members["codes"].items()) if "codes" in members else (),
        generation=members["generation"].text() if "generation" in members else None,
    )


def _evidence(node: JsonNode) -> Evidence:
    return Evidence(node.choice(tuple(Evidence)))


def _texts(node: JsonNode) -> Mapping[str, str]:
    return MappingProxyType({key: item.text() for key, item in node.entries().items()})
