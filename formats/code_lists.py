"""Code lists of the standards, read from versioned data files in ``formats/data`` or supplied by an operator."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from formats.json_data import JsonNode, read_json


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """One code and what it means.

    Attributes:
        code: The code as written.
        name_zh: Chinese name, as shown to users.
        name_en: English name.
        local: Only some regions use it; it is not in the standard's own list.
        attributes: Further facts the list keeps about the code.
    """

    code: str
    name_zh: str
    name_en: str
    local: bool
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CodeList:
    """Codes of one list in their order."""

    name_zh: str
    entries: Mapping[str, CodeEntry]

    def __contains__(self, code: object) -> bool:
        return code in self.entries

    def __iter__(self) -> Iterator[CodeEntry]:
        return iter(self.entries.values())

    def get(self, code: str) -> CodeEntry | None:
        """The entry of ``code``, or ``None``."""
        return self.entries.get(code)


@dataclass(frozen=True, slots=True)
class CodeLists:
    """The code lists of one standard in one version of its data file."""

    standard: str
    version: str
    lists: Mapping[str, CodeList]

    def __getitem__(self, name: str) -> CodeList:
        return self.lists[name]


def read_code_lists(data: bytes, *, what: str) -> CodeLists:
    """Read a code-list file.

    Args:
        data: JSON ``{"standard", "version", "lists": {id: {"name_zh", "entries": [...]}}}``.
        what: Name of the file, for messages.

    Raises:
        MalformedDataError: Not of that form; the message names the path.
    """
    top = read_json(data, what=what).members(
        required=("standard", "version", "lists"), optional=("note", "sources")
    )
    return CodeLists(
        standard=top["standard"].text(),
        version=top["version"].text(),
        lists=read_code_list_members(top["lists"]),
    )


def read_code_list_members(node: JsonNode) -> Mapping[str, CodeList]:
    """Read the code lists inside a larger data file, with the same form as in ``read_code_lists``."""
    return MappingProxyType({name: _code_list(item) for name, item in node.entries().items()})


@cache
def packaged_code_lists(file_name: str) -> CodeLists:
    """Code lists that come with the house, by file name in ``formats/data``."""
    return read_code_lists(packaged_data(file_name), what=file_name)


def packaged_data(file_name: str) -> bytes:
    """Octets of a data file that comes with the house."""
    return files("formats").joinpath("data", file_name).read_bytes()


def _code_list(node: JsonNode) -> CodeList:
    members = node.members(required=("name_zh", "entries"), optional=("note",))
    entries: dict[str, CodeEntry] = {}
    for item in members["entries"].items():
        entry = _entry(item)
        if entry.code in entries:
            item.fail(f"code {entry.code!r} is listed twice")
        entries[entry.code] = entry
    return CodeList(members["name_zh"].text(), MappingProxyType(entries))


def _entry(node: JsonNode) -> CodeEntry:
    members = node.members(
        required=("code", "name_zh", "name_en"), optional=("local", "mark", "note", "attributes")
    )
    attributes = members["attributes"].entries() if "attributes" in members else {}
    return CodeEntry(
        code=members["code"].text(longest=32),
        name_zh=members["name_zh"].text(longest=200),
        name_en=members["name_en"].text(longest=200),
        local=members["local"].boolean() if "local" in members else False,
        attributes=MappingProxyType({name: item.text() for name, item in attributes.items()}),
    )
