"""The command line's own texts."""

import ast
import re
from pathlib import Path

import pytest

from api import messages as module
from api.messages import LANGUAGES, choose_language, messages

ROOT = Path(__file__).resolve().parent.parent.parent
PLACEHOLDER = re.compile(r"%\(\w+\)[sr]|%[sr]|\{\w+(?:![rs])?\}")


def texts(language: str) -> dict[str, str]:
    return dict(messages(language)._texts)


def test_every_language_says_the_same_things() -> None:
    """The catalogues have the same paths, and what one says the other does not leave empty."""
    first, second = (texts(language) for language in LANGUAGES)
    assert first.keys() == second.keys()
    assert [key for key in first if bool(first[key].strip()) != bool(second[key].strip())] == []


def test_every_language_has_the_same_placeholders() -> None:
    """A value put into one language's text appears in the other's too."""
    first, second = (texts(language) for language in LANGUAGES)
    for key, text in first.items():
        assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(second[key])), key


def test_every_key_in_the_code_is_in_the_catalogue() -> None:
    """A key written in the code, and the values given with it, fit the catalogue."""
    known = texts("en")
    for path in sorted((ROOT / "api").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = ast.unparse(node.func)
            key = node.args[0]
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                continue
            if called in {"text", "out.text", "text.raw"}:
                ignored: set[str] = set()
            elif called == "CommandError":
                ignored = {"status"}
            else:
                continue
            place = f"{path.name}:{node.lineno}: {key.value}"
            assert key.value in known, place
            given = {each.arg for each in node.keywords} - ignored
            if called != "text.raw":
                assert given == set(re.findall(r"\{(\w+)(?:!\w)?\}", known[key.value])), place


def test_no_text_is_forgotten() -> None:
    """Every text is asked for somewhere; keys that are put together count by their beginning."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "api").rglob("*.py"))
    composed = re.findall(r'f["\x27]([a-z_.]+)\{', source)
    names = set(re.findall(r'"([a-z_]+)"', source))
    for key in texts("en"):
        head, _, last = key.rpartition(".")
        put_together = any(key.startswith(each) for each in composed) and last in names
        command = re.compile(f"[\"'.]{re.escape(head.rpartition('.')[2]).replace('_', '[-_]')}[\"']")
        of_command = last in {"help", "description"} and command.search(source)
        # A group whose names come from an enumeration or a reader's problem code.
        by_prefix = any(key.startswith(each) and each.count(".") >= 2 for each in composed)
        plainly = f'"{key}"' in source or f"'{key}'" in source
        assert plainly or put_together or of_command or by_prefix, key


@pytest.mark.parametrize(
    ("argv", "environment", "language"),
    [
        ([], {}, "zh-CN"),
        ([], {"LANG": "en_US.UTF-8"}, "en"),
        ([], {"LANG": "C.UTF-8"}, "zh-CN"),
        ([], {"LANG": "de_DE.UTF-8"}, "zh-CN"),
        ([], {"LANG": "en_GB", "LC_ALL": "zh_CN.GBK"}, "zh-CN"),
        ([], {"LANG": "zh_CN", "LC_MESSAGES": "en_GB"}, "en"),
        ([], {"LANG": "en_GB", "LC_ALL": ""}, "en"),
        ([], {"LANG": "en_GB", "XINYIN_LANGUAGE": "zh-CN"}, "zh-CN"),
        ([], {"XINYIN_LANGUAGE": "en"}, "en"),
        ([], {"XINYIN_LANGUAGE": "tlh", "LANG": "en_US"}, "en"),
        (["verify", "--language", "en"], {"XINYIN_LANGUAGE": "zh-CN"}, "en"),
        (["--language=zh-CN", "verify"], {"LANG": "en_US"}, "zh-CN"),
        (["verify", "--", "--language", "en"], {}, "zh-CN"),
        (["--language"], {}, "zh-CN"),
        (["--language", "tlh"], {"LANG": "en_US"}, "en"),
    ],
)
def test_language_is_chosen(argv: list[str], environment: dict[str, str], language: str) -> None:
    """Option, then XINYIN_LANGUAGE, then the locale; Chinese where nothing asks for English."""
    assert choose_language(argv, environment) == language


def test_unknown_language_has_no_catalogue() -> None:
    """Asking for a language that is not there is an error, not another language."""
    with pytest.raises(ValueError, match="tlh"):
        messages("tlh")


def test_catalogue_refuses_repeated_keys() -> None:
    """A key written twice does not quietly win over the first."""
    with pytest.raises(ValueError, match="repeated"):
        module._no_repeats([("a", "1"), ("a", "2")])


def test_catalogue_refuses_what_is_no_text() -> None:
    """Numbers and lists are no texts."""
    with pytest.raises(ValueError, match=r"a\.b"):
        list(module._flatten({"a": {"b": 3}}, ""))
