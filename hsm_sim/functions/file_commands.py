"""Commands for files that the device keeps for applications."""

from dataclasses import dataclass
from typing import Annotated, Final

from hsm_sim.commands import U32, Command, Done, Request
from hsm_sim.encoding import Octets
from hsm_sim.records import MAX_FILE, MAX_FILE_NAME

_NAME: Final = Octets(MAX_FILE_NAME)


@dataclass(frozen=True, slots=True)
class FileData:
    """What was read; fewer octets than wanted where the file ends."""

    data: Annotated[bytes, Octets(MAX_FILE)]


@dataclass(frozen=True, slots=True)
class CreateFile(Request[Done]):
    """SDF_CreateFile: of a size fixed for good, zeros at first."""

    name: Annotated[bytes, _NAME]
    size: Annotated[int, U32]
    command = Command.CREATE_FILE
    reply = Done


@dataclass(frozen=True, slots=True)
class ReadFile(Request[FileData]):
    """SDF_ReadFile."""

    name: Annotated[bytes, _NAME]
    offset: Annotated[int, U32]
    length: Annotated[int, U32]
    command = Command.READ_FILE
    reply = FileData
    repeatable = True


@dataclass(frozen=True, slots=True)
class WriteFile(Request[Done]):
    """SDF_WriteFile; durable when answered."""

    name: Annotated[bytes, _NAME]
    offset: Annotated[int, U32]
    data: Annotated[bytes, Octets(MAX_FILE)]
    command = Command.WRITE_FILE
    reply = Done


@dataclass(frozen=True, slots=True)
class DeleteFile(Request[Done]):
    """SDF_DeleteFile."""

    name: Annotated[bytes, _NAME]
    command = Command.DELETE_FILE
    reply = Done
