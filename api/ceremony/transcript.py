"""The transcript of a ceremony: one JSON object a line, chained by SM3, signed at its end.

```
link_0 = SM3("xinyin ceremony transcript")
link_i = SM3(link_(i-1) ‖ entry i as JSON, keys sorted, no spaces, without its link)
```

Every step that was finished is on the disk before the next begins, so a ceremony that was interrupted goes on
behind the last of them. The last line holds the signatures of the device and of the root over the last link.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from crypto import sm3
from formats.errors import MalformedDataError
from formats.json_data import JsonNode, read_json

FILE: Final = "transcript.jsonl"
MAX_TRANSCRIPT: Final = 4 << 20
MAX_LINES: Final = 200
_START: Final = sm3(b"xinyin ceremony transcript")
_REQUIRED: Final = ("number", "step", "time", "people", "told", "files", "link")


@dataclass(frozen=True, slots=True)
class Entry:
    """One step that was finished.

    Attributes:
        number: Counted from 1.
        step: Its name, as of ``Plan.steps``.
        time: RFC 3339, UTC.
        people: Who acted.
        told: What is to be known of it, by name.
        files: SM3 of the files it wrote, hexadecimal, by name.
        link: Of the chain.
    """

    number: int
    step: str
    time: str
    people: tuple[str, ...]
    told: Mapping[str, Any]
    files: Mapping[str, str]
    link: bytes


@dataclass(frozen=True, slots=True)
class Signatures:
    """The last line.

    Attributes:
        head: Link that was signed.
        device: Serial, log length and head, and signature of the device, hexadecimal where octets.
        authority: Signature of the root over ``authority_statement``; empty where no root was made.
    """

    head: bytes
    device: Mapping[str, Any]
    authority: bytes


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a file holds, with a chain that holds.

    Attributes:
        entries: In order.
        signatures: None while the ceremony is not finished.
    """

    entries: tuple[Entry, ...]
    signatures: Signatures | None

    @property
    def head(self) -> bytes:
        """Link of the last entry."""
        return self.entries[-1].link if self.entries else _START

    def entry(self, step: str) -> Entry | None:
        """The entry of a step, or None."""
        return next((each for each in self.entries if each.step == step), None)


class TranscriptFile:
    """A transcript that is being written.

    Args:
        folder: Of the artefacts.
        prefix: Put before the file's name.
    """

    def __init__(self, folder: Path, prefix: str = "") -> None:
        self.path = folder / (prefix + FILE)
        self.transcript = read_transcript(self.path.read_bytes()) if self.path.exists() else Transcript((), None)

    def append(
        self, step: str, *, time: str, people: Iterable[str], told: Mapping[str, Any], files: Mapping[str, str]
    ) -> Entry:
        """Write a step down; on return it is on the disk."""
        before = self.transcript
        content = {
            "number": len(before.entries) + 1,
            "step": step,
            "time": time,
            "people": list(people),
            "told": dict(told),
            "files": dict(files),
        }
        link = _link(before.head, content)
        self._write(content | {"link": link.hex()})
        entry = _entry_of(content, link)
        self.transcript = Transcript((*before.entries, entry), None)
        return entry

    def finish(self, device: Mapping[str, Any], authority: bytes) -> None:
        """Write the signatures over the last link; nothing follows."""
        head = self.transcript.head
        self._write({"signed": head.hex(), "device": dict(device), "authority": authority.hex()})
        self.transcript = Transcript(self.transcript.entries, Signatures(head, device, authority))

    def _write(self, content: Mapping[str, Any]) -> None:
        with self.path.open("ab") as file:
            file.write(_octets(content) + b"\n")
            file.flush()
            os.fsync(file.fileno())


def authority_statement(head: bytes) -> bytes:
    """What a root signs at the end of its ceremony; no certificate and no list begins like this."""
    return b"xinyin ceremony transcript\x00" + head


def read_transcript(data: bytes) -> Transcript:
    """Read a transcript and check its chain.

    Raises:
        MalformedDataError: It is none, or was altered; the line is named. A last line that was cut by an
            interruption is not tolerated.
    """
    if len(data) > MAX_TRANSCRIPT:
        raise MalformedDataError("too large", what="transcript")
    lines = data.split(b"\n")
    if lines.pop() != b"" or len(lines) > MAX_LINES:
        raise MalformedDataError("does not end with its last line, or has too many", what="transcript")
    entries: list[Entry] = []
    head = _START
    for number, line in enumerate(lines, 1):
        node = read_json(line, what=f"transcript line {number}", most=MAX_TRANSCRIPT)
        if "signed" in node.entries():
            if number != len(lines):
                node.fail("something follows the signatures")
            return Transcript(tuple(entries), _signatures(node, head))
        members = node.members(required=_REQUIRED)
        content = {name: node.value[name] for name in _REQUIRED if name != "link"}
        head = _link(head, content)
        if members["link"].text(longest=64) != head.hex() or members["number"].value != number:
            node.fail("the chain is broken")
        _check_types(members)
        entries.append(_entry_of(content, head))
    return Transcript(tuple(entries), None)


def _check_types(members: Mapping[str, JsonNode]) -> None:
    members["step"].text(longest=64)
    members["time"].text(longest=32)
    for name in members["people"].items(most=64):
        name.text(longest=128)
    for told in members["told"].entries().values():
        if not isinstance(told.value, str | int | bool | list):
            told.fail("neither text, number nor list")
    for digest in members["files"].entries().values():
        digest.text(longest=64)


def _signatures(node: JsonNode, head: bytes) -> Signatures:
    members = node.members(required=("signed", "device", "authority"))
    if members["signed"].text(longest=64) != head.hex():
        node.fail("another link was signed")
    device = members["device"].members(required=("serial", "length", "head", "signature"))
    device["length"].integer(least=0, most=2**63)
    for name in ("serial", "head", "signature"):
        device[name].text(longest=200)
    try:
        authority = bytes.fromhex(members["authority"].text(longest=200, empty=True))
        bytes.fromhex(device["head"].value)
        bytes.fromhex(device["signature"].value)
    except ValueError:
        node.fail("not hexadecimal")
    return Signatures(head, {name: each.value for name, each in device.items()}, authority)


def _entry_of(content: Mapping[str, Any], link: bytes) -> Entry:
    return Entry(
        content["number"],
        content["step"],
        content["time"],
        tuple(content["people"]),
        content["told"],
        content["files"],
        link,
    )


def _link(before: bytes, content: Mapping[str, Any]) -> bytes:
    return sm3(before + _octets(content))


def _octets(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
