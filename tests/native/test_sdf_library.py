"""The device interface in C under sanitizers: used rightly and wrongly, by threads, through forks, against nonsense."""

import os
import random
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from hsm_sim.frames import HEADER_LENGTH
from tests.native.build import ROOT
from tests.running_store import running_store, store  # noqa: F401 - fixtures
from tools.build_sdf_library import SOURCES

pytestmark = pytest.mark.slow
SANITIZERS = {
    "address": ("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
    "thread": ("-fsanitize=thread",),
}
DRIVER = ROOT / "tests" / "native" / "sdf_driver.c"


@pytest.fixture(scope="module", params=["address", "address-narrow", "thread"])
def driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library's sources and the driver in one program, with sanitizers."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    kind, _, narrow = request.param.partition("-")
    program = tmp_path_factory.mktemp("sdf") / request.param
    sources = [str(path) for path in sorted(SOURCES.glob("*.c"))]
    command = [compiler, "-std=gnu11", "-O1", "-g", "-pthread", *SANITIZERS[kind], f"-I{SOURCES}"]
    command += ["-DXINYIN_SDF_COORDINATE=32"] if narrow else []
    done = subprocess.run(
        [*command, "-o", str(program), str(DRIVER), *sources], check=False, capture_output=True, text=True
    )
    if "cannot find" in done.stderr:
        pytest.skip(f"no {kind} sanitizer here")
    assert done.returncode == 0, done.stderr
    return program


def run(program: Path, path: object, *arguments: str, seconds: str = "20") -> None:
    environment = os.environ | {"XINYIN_SDF_SOCKET": str(path), "XINYIN_SDF_SECONDS": seconds}
    done = subprocess.run(
        [program, *arguments], check=False, env=environment, capture_output=True, text=True, timeout=600
    )
    if "unexpected memory mapping" in done.stderr:
        pytest.skip("this kernel lays memory out as the thread sanitizer cannot have it")
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr[-4000:]


def test_every_function_every_way(driver: Path, store) -> None:  # noqa: F811
    """Right use, misuse, six threads, closing under way and a forked child, with no finding of a sanitizer."""
    run(driver, store.socket)


def test_nonsense_from_the_other_end(driver: Path, tmp_path: Path) -> None:
    """A key store that answers altered, cut and random frames gets nothing but return codes."""
    listener = socket.socket(socket.AF_UNIX)
    path = tmp_path / "nonsense.sock"
    listener.bind(str(path))
    listener.listen(64)
    drawn = random.Random(1)
    rounds = 1500

    def answer(connection: socket.socket) -> None:
        with connection:
            opened = False
            while header := connection.recv(HEADER_LENGTH, socket.MSG_WAITALL):
                length = int.from_bytes(header[16:20], "big")
                connection.recv(length, socket.MSG_WAITALL)
                body = drawn.randbytes(drawn.choice([0, 1, 4, 9, 13, 40, 77, 200, 3000]))
                if drawn.random() < 0.5:  # a length that nearly fits, and DER that nearly is
                    inner = b"\x30" + bytes((drawn.randrange(256),)) + b"\x02" + drawn.randbytes(70)
                    body = drawn.choice([b"", bytes(8), bytes(7) + b"\x01"])
                    body += (len(inner) + drawn.choice([0, 0, 1, -1])).to_bytes(4, "big") + inner
                reply = bytearray(b"XK\x01\x02" + header[4:12] + bytes(4) + len(body).to_bytes(4, "big") + body)
                if opened and drawn.random() < 0.3:
                    reply[drawn.randrange(len(reply))] = drawn.randrange(256)
                cut = drawn.randrange(len(reply)) if opened and drawn.random() < 0.2 else len(reply)
                opened = True
                connection.sendall(reply[:cut])
                if cut < len(reply):
                    return

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.settimeout(20)
            try:
                answer(connection)
            except OSError:
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        run(driver, path, "hostile", str(rounds), seconds="0.2")
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
