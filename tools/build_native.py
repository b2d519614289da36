"""Compile the SM2 engine in C (``crypto/native``) into a tree that is worked in.

Run by ``make setup`` and ``make native``. CMake works under ``build/``, never among the sources, and starts
afresh, so that a compiler or an option of an earlier run is not remembered; ``CC`` in the environment chooses the
compiler. The module replaces an older one in one step: a process that has the old one open keeps it.

Where it cannot be built (no C compiler, no headers of Python) an older module is removed, because it would not be
what the sources say; a warning and the log's end are printed; and the exit status is still 0, because the library
runs without it. Standard library only, besides the programs ``cmake`` and ``ninja`` beside the interpreter.
"""

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

SOURCES: Final = Path(__file__).resolve().parent.parent / "crypto" / "native"
TIMEOUT_SECONDS: Final = 900
LOG_LINES_SHOWN: Final = 12


class BuildError(Exception):
    """The engine cannot be built here, and why."""


def program(name: str) -> str:
    """Path of a build tool: the pinned one beside the interpreter, or else one on PATH."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        raise BuildError(f"no {name} beside {sys.executable} or on PATH")
    return found


def want_headers() -> None:
    """Install Python's headers where that can be done without asking: as root on Debian's own Python."""
    header = Path(sysconfig.get_path("include")) / "Python.h"
    if header.is_file() or sys.base_prefix != "/usr" or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    package = f"libpython{sys.version_info.major}.{sys.version_info.minor}-dev"
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", package]):
        # Whether it helped is seen when the engine is configured.
        apt = ["apt-get", *command]
        subprocess.run(apt, check=False, env=environment, stdout=subprocess.DEVNULL, timeout=TIMEOUT_SECONDS)


def compile_module(build: Path, log: Path) -> Path:
    """Configure and build; give the path of the module.

    Raises:
        BuildError: A step failed; what it said is in ``log``.
    """
    cmake = program("cmake")
    configure = [cmake, "--fresh", "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={program('ninja')}"]
    configure += [f"-DPython_EXECUTABLE={sys.executable}", "-S", str(SOURCES), "-B", str(build)]
    with log.open("w", encoding="utf-8") as output:
        for step in (configure, [cmake, "--build", str(build)]):
            try:
                subprocess.run(step, check=True, stdout=output, stderr=subprocess.STDOUT, timeout=TIMEOUT_SECONDS)
            except (subprocess.SubprocessError, OSError) as error:
                raise BuildError(f"{' '.join(step[:2])} failed, see {log}: {type(error).__name__}") from error
    return build / "_native.abi3.so"


def install(built: Path, target: Path) -> None:
    """Put the module into place in one step, strictly newer than its sources."""
    new = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copyfile(built, new)
    new.chmod(0o755)
    new.replace(target)


def main() -> int:
    """Build, or say that it was not built."""
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    arguments.add_argument("--build", type=Path, required=True, help="folder CMake works in")
    arguments.add_argument("--to", type=Path, required=True, help="path of the module")
    options = arguments.parse_args()
    options.build.mkdir(parents=True, exist_ok=True)
    log = options.build / "build.log"
    log.write_text("", encoding="utf-8")
    try:
        want_headers()
        install(compile_module(options.build, log), options.to)
    except (BuildError, OSError, subprocess.SubprocessError) as error:
        options.to.unlink(missing_ok=True)
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES_SHOWN:]:
            print(f"    {line}", file=sys.stderr)
        print(
            f"WARNING: the native SM2 engine was NOT built ({error}). SM2 will run on OpenSSL, many times slower. "
            "It needs a C compiler and Python's headers; on Debian: sudo apt-get install gcc libpython3-dev",
            file=sys.stderr,
        )
        return 0
    print(f"The native SM2 engine was built: {options.to}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
