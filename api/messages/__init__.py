"""What the command line says to people: one JSON catalogue for each language, beside this module.

A catalogue is a tree of texts, addressed by the path to a text: ``messages("verify.help")``. Values are put
in by name, ``{file}``; texts that ``argparse`` fills in itself keep its ``%(name)s``. Every language has the
same paths and placeholders, a test makes sure of that. What the verifier's codes mean is told by
``verifier.explanation``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

LANGUAGES: Final = ("zh-CN", "en")
DEFAULT_LANGUAGE: Final = "zh-CN"
LANGUAGE_VARIABLE: Final = "XINYIN_LANGUAGE"
LANGUAGE_OPTION: Final = "--language"
_LOCALE_VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")


class Messages:
    """The texts of one language.

    Args:
        language: Which one.
        texts: Text by path.
    """

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """The text at ``key`` with ``values`` put in."""
        return self._texts[key].format(**values)

    def raw(self, key: str) -> str:
        """The text at ``key`` as it stands in the catalogue."""
        return self._texts[key]

    def get(self, key: str) -> str | None:
        """The text at ``key``, or None where a catalogue need not have one."""
        return self._texts.get(key)


@cache
def messages(language: str) -> Messages:
    """The catalogue of one of ``LANGUAGES``.

    Raises:
        ValueError: There is none of this language, or it is not a tree of texts.
    """
    if language not in LANGUAGES:
        raise ValueError(f"no message catalogue for {language!r}")
    data = Path(__file__).with_name(f"{language}.json").read_text(encoding="utf-8")
    tree = json.loads(data, object_pairs_hook=_no_repeats)
    return Messages(language, MappingProxyType(dict(_flatten(tree, ""))))


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"a key is repeated among {', '.join(key for key, _ in pairs)}")
    return found


def _flatten(node: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, dict):
        for key, item in node.items():
            yield from _flatten(item, f"{path}.{key}" if path else key)
    else:
        raise ValueError(f"{path}: neither a text nor a group of texts")  # noqa: TRY004 - it is data


def choose_language(argv: Sequence[str], environment: Mapping[str, str]) -> str:
    """The language to speak, known before the arguments are parsed: help and complaints need it.

    The option counts first, then the project's variable, then the locale; ``zh-CN`` if nothing asks for English.
    An unknown language on the command line is refused later, when the arguments are parsed.
    """
    for candidate in (_option(argv), environment.get(LANGUAGE_VARIABLE)):
        known = _known(candidate)
        if known is not None:
            return known
    locale = next((environment[name] for name in _LOCALE_VARIABLES if environment.get(name)), "")
    return _known(locale) or DEFAULT_LANGUAGE


def _option(argv: Sequence[str]) -> str | None:
    found = None
    for position, argument in enumerate(argv):
        if argument == "--":
            break
        if argument.startswith(f"{LANGUAGE_OPTION}="):
            found = argument.partition("=")[2]
        elif argument == LANGUAGE_OPTION and position + 1 < len(argv):
            found = argv[position + 1]
    return found


def _known(text: str | None) -> str | None:
    lowered = (text or "").lower()
    if lowered.startswith("en"):
        return "en"
    return "zh-CN" if lowered.startswith("zh") else None
