"""Files, public operations and the description of the device."""

import pytest

from crypto import PrivateKey, decrypt, sign_digest
from hsm_sim.commands import InternalDecrypt
from hsm_sim.dispatch import Dispatcher
from hsm_sim.functions.file_commands import CreateFile, DeleteFile, ReadFile, WriteFile
from hsm_sim.functions.public_commands import DescribeDevice, ExternalEncrypt, ExternalVerify, InternalEncrypt
from hsm_sim.functions.settings import FunctionSettings
from hsm_sim.records import MAX_FILE
from hsm_sim.return_codes import (
    AlgorithmNotSupportedError,
    FileExistsInDeviceError,
    FileNotExistError,
    FileOffsetError,
    FileSizeError,
    HardwareError,
    InputArgumentError,
    NoBufferError,
    VerificationError,
)

NAME = "档案".encode()
E = bytes(range(32))


def test_a_file_lives(device, caller):
    """Zeros at first; what is written is there after a power cut, in clear nowhere in the store."""
    caller.call(CreateFile(NAME, 100))
    assert caller.call(ReadFile(NAME, 0, 100)).data == bytes(100)
    caller.call(WriteFile(NAME, 90, b"0123456789"))
    caller.call(WriteFile(NAME, 0, b"secret of an application"))
    device.restart()
    session = device.session()
    assert session.call(ReadFile(NAME, 0, 6)).data == b"secret"
    assert session.call(ReadFile(NAME, 95, 100)).data == b"56789"
    assert session.call(ReadFile(NAME, 100, 1)).data == b""
    assert not any(b"secret of" in row.body for change in device.storage.commits for row in change.puts)
    session.call(DeleteFile(NAME))
    with pytest.raises(FileNotExistError):
        session.call(ReadFile(NAME, 0, 1))
    log = b"".join(entry.entry for entry in device.storage.log)
    for act in (b"create-file", b"write-file", b"delete-file", "file 档案".encode()):
        assert act in log


def test_offsets_and_sizes(caller):
    """Codes for what does not fit; a refused write changes nothing."""
    caller.call(CreateFile(b"f", 10))
    refusals = [
        (ReadFile(b"f", 11, 1), FileOffsetError),
        (WriteFile(b"f", 11, b""), FileOffsetError),
        (WriteFile(b"f", 5, bytes(6)), FileSizeError),
        (WriteFile(b"f", 2**32 - 1, b"x"), FileOffsetError),
        (CreateFile(b"f", 1), FileExistsInDeviceError),
        (CreateFile(b"", 1), InputArgumentError),
        (CreateFile(b"g", MAX_FILE + 1), FileSizeError),
        (WriteFile(b"g", 0, b"x"), FileNotExistError),
        (DeleteFile(b"g"), FileNotExistError),
    ]
    for request, error in refusals:
        with pytest.raises(error):
            caller.call(request)
    assert caller.call(ReadFile(b"f", 0, 20)).data == bytes(10)


def test_the_longest_name_and_file(device, caller):
    """128 octets of any value are a name, and the longest file survives a restart."""
    name = bytes(range(128))
    caller.call(CreateFile(name, MAX_FILE))
    caller.call(WriteFile(name, MAX_FILE - 1, b"x"))
    device.restart()
    assert device.session().call(ReadFile(name, MAX_FILE - 1, 1)).data == b"x"
    assert (
        device.session().frame(CreateFile.command, (129).to_bytes(4, "big") + bytes(133)).return_code == 0x0100001D
    )


@pytest.mark.parametrize("quota", [{"files": 1}, {"all_file_octets": 15}])
def test_quota_of_files(device, quota):
    """Number and total size are bounded; deleting makes room."""
    device.dispatcher = Dispatcher(device.device, device.random, device.said.append, FunctionSettings(**quota))
    caller = device.session()
    caller.call(CreateFile(b"f", 10))
    with pytest.raises(NoBufferError):
        caller.call(CreateFile(b"g", 10))
    caller.call(DeleteFile(b"f"))
    caller.call(CreateFile(b"g", 10))


def test_public_operations(device, caller):
    """Outside keys verify and encrypt; the inside encryption key encrypts what the device opens."""
    key = PrivateKey.generate()
    point, signature = key.public_key.point, sign_digest(key, E)
    caller.call(ExternalVerify(0x00020200, point, E, signature))
    assert decrypt(key, caller.call(ExternalEncrypt(0x00020800, point, b"text")).octets) == b"text"
    inside = caller.call(InternalEncrypt(1, b"text")).octets
    assert caller.call(InternalDecrypt(1, inside)).octets == b"text"
    refusals = [
        (ExternalVerify(0x00020200, point, bytes(32), signature), VerificationError),
        (ExternalVerify(0x00020200, point, E, b""), VerificationError),
        (ExternalVerify(0x00020800, point, E, signature), AlgorithmNotSupportedError),
        (ExternalVerify(0x00020200, point, E[:31], signature), InputArgumentError),
        (ExternalVerify(0x00020200, b"\x04" + bytes(64), E, signature), InputArgumentError),
        (ExternalEncrypt(0x00020200, point, b"text"), AlgorithmNotSupportedError),
        (ExternalEncrypt(0x00020800, point, b""), InputArgumentError),
        (InternalEncrypt(1, b""), InputArgumentError),
    ]
    for request, error in refusals:
        with pytest.raises(error):
            caller.call(request)


def test_description(device, blank):
    """True abilities, the serial of the device, and the length of the longest file; in the initial state too."""
    told = device.session().call(DescribeDevice())
    assert told.serial == device.device.info().serial
    assert told.asymmetric_algorithms == 0x20E00
    assert told.asymmetric_bits == 256
    assert told.symmetric_algorithms == 0x0200043F
    assert (told.hash_algorithms, told.file_octets) == (1, MAX_FILE)
    assert blank.session().call(DescribeDevice()).serial == ""
    device.device.fail("test")
    with pytest.raises(HardwareError):
        device.session().call(DescribeDevice())
