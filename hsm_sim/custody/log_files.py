"""The device's log as a file, and its judgement by whoever holds the file: no device is asked.

A file is JSON, one object a line. The first names the device (``xinyin.key-store-log/1``: serial, public key),
then comes one line for each entry, and the last is a checkpoint the device signed over all of them. An entry's
line holds its octets as they are chained, in base64, and its fields for people; both must say the same.

Judged are: the chain from the device's serial on, every checkpoint among the entries, and the last one, all by the
device's public key. That the key is the device's own tells nobody but who noted it before; the command compares it
with what it is given.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from crypto import InvalidKeyError, InvalidSignatureError, PublicKey, sm3
from formats.errors import MalformedDataError
from formats.json_data import JsonNode, read_json
from hsm_sim.audit import chain_start, read_entries
from hsm_sim.custody.checkpoints import CHECKPOINT, check, signature_of_entry
from hsm_sim.custody.commands import Checkpoint
from hsm_sim.encoding import decode, encode
from hsm_sim.records import AuditEntry
from hsm_sim.return_codes import StoreIntegrityError
from hsm_sim.storage import StoredEntry

SCHEMA: Final = "xinyin.key-store-log/1"
MAX_LOG_FILE: Final = 512 * 1024 * 1024
_MAX_LINE: Final = 16 * 1024
_FIELDS: Final = ("sequence", "time", "actor", "operation", "object", "count", "return_code")


class LogFileError(Exception):
    """The file is no log of a device, or was altered, cut or continued by another; the place is told."""


@dataclass(frozen=True, slots=True)
class JudgedLog:
    """A log that holds.

    Attributes:
        serial: Of the device.
        device_key: Its public key, 04 ‖ X ‖ Y.
        entries: All of them.
        checkpoints: How many signed checkpoints stand among them.
        last: The device's word on all of them.
    """

    serial: str
    device_key: bytes
    entries: tuple[AuditEntry, ...]
    checkpoints: int
    last: Checkpoint


def write_log(entries: Sequence[AuditEntry], device_key: bytes, last: Checkpoint) -> Iterator[bytes]:
    """Give the lines of a file.

    Args:
        entries: From the first to that of the checkpoint.
        device_key: The device's public key, 04 ‖ X ‖ Y.
        last: The device's signature over them.
    """
    yield _line({"schema": SCHEMA, "serial": last.serial, "device_key": device_key.hex()})
    for entry in entries:
        octets = base64.b64encode(encode(entry)).decode("ascii")
        yield _line(asdict(entry) | {"octets": octets})
    yield _line({"length": last.length, "head": last.head.hex(), "signature": last.signature.hex()})


def read_log(lines: Iterable[bytes]) -> JudgedLog:
    """Read a file and judge it.

    Raises:
        LogFileError: It does not hold.
    """
    numbered = enumerate(lines, 1)
    try:
        serial, device_key = _first(next(numbered)[1])
        head, checkpoints = chain_start(serial), 0
        entries: list[AuditEntry] = []
        for number, line in numbered:
            node = _node(line, number)
            if "length" in node.entries():
                return _judged(serial, device_key, entries, checkpoints, head, node, numbered)
            octets, length = _octets(node), len(entries)
            before, head = head, sm3(head + octets)
            (entry,) = read_entries([StoredEntry(length + 1, octets, head)], length=length, head=before)
            if {name: getattr(entry, name) for name in _FIELDS} != _told(node):
                raise LogFileError(f"line {number}: what is told is not what is chained")
            if entry.operation == CHECKPOINT and entry.actor == "device":
                _check_entry(entry, serial, length, before, device_key)
                checkpoints += 1
            entries.append(entry)
    except StopIteration:
        raise LogFileError("the file is empty") from None
    except (MalformedDataError, StoreIntegrityError) as error:
        raise LogFileError(str(error)) from None
    raise LogFileError("the file ends without the device's checkpoint")


def _judged(
    serial: str,
    device_key: PublicKey,
    entries: list[AuditEntry],
    checkpoints: int,
    head: bytes,
    node: JsonNode,
    rest: Iterator[tuple[int, bytes]],
) -> JudgedLog:
    members = node.members(required=("length", "head", "signature"))
    last = Checkpoint(
        serial,
        members["length"].integer(least=0, most=2**63),
        _hexadecimal(members["head"], 64),
        _hexadecimal(members["signature"], 144),
    )
    if (last.length, last.head) != (len(entries), head):
        raise LogFileError(
            f"the device signed {last.length} entries with another head; the file holds {len(entries)}"
        )
    try:
        check(last, device_key)
    except InvalidSignatureError:
        raise LogFileError("the device did not sign this log") from None
    if any(line.strip() for _, line in rest):
        raise LogFileError("something follows the checkpoint")
    return JudgedLog(serial, device_key.point, tuple(entries), checkpoints, last)


def _check_entry(entry: AuditEntry, serial: str, length: int, head: bytes, device_key: PublicKey) -> None:
    if entry.count != length:
        raise LogFileError(f"entry {entry.sequence}: the checkpoint is of another place")
    try:
        check(Checkpoint(serial, length, head, signature_of_entry(entry.object)), device_key)
    except (InvalidSignatureError, ValueError):
        raise LogFileError(f"entry {entry.sequence}: the device did not sign this checkpoint") from None


def _first(line: bytes) -> tuple[str, PublicKey]:
    members = _node(line, 1).members(required=("schema", "serial", "device_key"))
    members["schema"].choice((SCHEMA,))
    try:
        key = PublicKey.from_point(_hexadecimal(members["device_key"], 130))
    except InvalidKeyError:
        members["device_key"].fail("not a point of the curve")
    return members["serial"].text(longest=16), key


def _octets(node: JsonNode) -> bytes:
    octets = node.members(required=(*_FIELDS[:4], "octets"), optional=_FIELDS[4:])["octets"].octets(longest=4096)
    decode(AuditEntry, octets, what="audit entry")
    return octets


def _told(node: JsonNode) -> dict[str, object]:
    return {name: each.value for name, each in node.entries().items() if name != "octets"}


def _node(line: bytes, number: int) -> JsonNode:
    return read_json(line, what=f"line {number}", most=_MAX_LINE)


def _hexadecimal(node: JsonNode, longest: int) -> bytes:
    try:
        return bytes.fromhex(node.text(longest=longest))
    except ValueError:
        node.fail("not hexadecimal")


def _line(content: dict[str, object]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode() + b"\n"
