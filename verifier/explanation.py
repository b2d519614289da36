"""Plain-language sentences for codes, from the message catalogues.

A catalogue is a data file per language in ``verifier/messages``: for every code what it says and what to do next,
and names of verdicts, outcomes and steps. Another language is another file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from formats.json_data import JsonNode, read_json
from verifier.codes import Code, Outcome, Step
from verifier.findings import Verdict

LANGUAGES: Final = ("zh-CN", "en")


@dataclass(frozen=True, slots=True)
class Message:
    """What a code says and what its reader can do."""

    says: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every text of one language."""

    language: str
    verdicts: Mapping[Verdict, str]
    outcomes: Mapping[Outcome, str]
    steps: Mapping[Step, str]
    codes: Mapping[Code, Message]


@cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of one of ``LANGUAGES``.

    Raises:
        ValueError: There is no catalogue of this language.
    """
    if language not in LANGUAGES:
        raise ValueError(f"no message catalogue for {language!r}")
    name = f"{language}.json"
    data = files("verifier").joinpath("messages", name).read_bytes()
    top = read_json(data, what=name).members(required=("language", "verdicts", "outcomes", "steps", "codes"))
    return Catalogue(
        language=top["language"].choice((language,)),
        verdicts=MappingProxyType({Verdict(key): text for key, text in _texts(top["verdicts"]).items()}),
        outcomes=MappingProxyType({Outcome(key): text for key, text in _texts(top["outcomes"]).items()}),
        steps=MappingProxyType({Step(key): text for key, text in _texts(top["steps"]).items()}),
        codes=MappingProxyType({Code(key): _message(node) for key, node in top["codes"].entries().items()}),
    )


def explain(code: Code, language: str = "zh-CN") -> Message:
    """What ``code`` says in ``language``.

    Raises:
        ValueError: There is no catalogue of this language.
    """
    return catalogue(language).codes[code]


def _texts(node: JsonNode) -> dict[str, str]:
    return {key: item.text() for key, item in node.entries().items()}


def _message(node: JsonNode) -> Message:
    members = node.members(required=("says", "next"))
    return Message(members["says"].text(), members["next"].text())
