"""Files that the device keeps for applications, encrypted at rest as keys are (GM/T 0018).

A file's size is fixed when it is made. Own rules: writing past the end is SDR_FILESIZEERR and changes nothing, an
offset behind the end is SDR_FILEOFSERR, and reading past the end gives what there is.
"""

from dataclasses import replace

from hsm_sim.audit import Event
from hsm_sim.commands import Done
from hsm_sim.device import Device
from hsm_sim.functions.file_commands import CreateFile, DeleteFile, FileData, ReadFile, WriteFile
from hsm_sim.functions.settings import FunctionSettings
from hsm_sim.handlers import DONE, Handlers
from hsm_sim.record_store import RecordStore
from hsm_sim.records import FileRecord
from hsm_sim.return_codes import (
    FileExistsInDeviceError,
    FileNotExistError,
    FileOffsetError,
    FileSizeError,
    InputArgumentError,
    NoBufferError,
)
from hsm_sim.sessions import Session


class Files:
    """The files of a device."""

    def __init__(self, device: Device, settings: FunctionSettings) -> None:
        self._device = device
        self._settings = settings

    def table(self) -> Handlers:
        """Request class and method of each command."""
        return {
            CreateFile: self._create,
            ReadFile: self._read,
            WriteFile: self._write,
            DeleteFile: self._delete,
        }

    def _create(self, session: Session, request: CreateFile) -> Done:
        store = self._device.ready().store
        if not request.name:
            raise InputArgumentError("a file has a name")
        if request.size > self._settings.file_octets:
            raise FileSizeError(f"a file has at most {self._settings.file_octets} octets")
        record = _with_content(store, FileRecord(request.name, request.size, b""), bytes(request.size))
        with store.exclusive:
            if store.get(FileRecord, request.name) is not None:
                raise FileExistsInDeviceError
            files = store.all(FileRecord)
            room = self._settings.all_file_octets - sum(each.size for each in files)
            if len(files) >= self._settings.files or request.size > room:
                raise NoBufferError("no room for another file")
            store.change([Event(session.actor, "create-file", _shown(request.name), request.size)], puts=[record])
        return DONE

    def _read(self, _session: Session, request: ReadFile) -> FileData:
        store = self._device.ready().store
        record = _record(store, request.name)
        if request.offset > record.size:
            raise FileOffsetError
        return FileData(_content(store, record)[request.offset : request.offset + request.length])

    def _write(self, session: Session, request: WriteFile) -> Done:
        store = self._device.ready().store
        with store.exclusive:
            record = _record(store, request.name)
            if request.offset > record.size:
                raise FileOffsetError
            end = request.offset + len(request.data)
            if end > record.size:
                raise FileSizeError(f"the file has {record.size} octets")
            content = _content(store, record)
            written = _with_content(store, record, content[: request.offset] + request.data + content[end:])
            event = Event(session.actor, "write-file", _shown(request.name), len(request.data))
            store.change([event], puts=[written], erases=True)
        return DONE

    def _delete(self, session: Session, request: DeleteFile) -> Done:
        store = self._device.ready().store
        with store.exclusive:
            record = _record(store, request.name)
            event = Event(session.actor, "delete-file", _shown(request.name))
            store.change([event], removes=[(record.kind, record.key)], erases=True)
        return DONE


def _record(store: RecordStore, name: bytes) -> FileRecord:
    record = store.get(FileRecord, name)
    if record is None:
        raise FileNotExistError
    return record


def _binding(record: FileRecord) -> bytes:
    return b"file\x00" + record.size.to_bytes(4, "big") + record.name


def _content(store: RecordStore, record: FileRecord) -> bytes:
    return store.protection.unwrap(record.wrapped_content, binding=_binding(record), what="a file")


def _with_content(store: RecordStore, record: FileRecord, content: bytes) -> FileRecord:
    return replace(record, wrapped_content=store.protection.wrap(content, binding=_binding(record)))


def _shown(name: bytes) -> str:
    """A name for the log: as it is where it is plain text, else in hexadecimal."""
    text = name.decode("utf-8", "replace")
    return f"file {text if text.isprintable() and '�' not in text else name.hex()}"
