"""Compile the interface of GM/T 0018 over the simulated key store (``hsm_sim/native``) into a shared library.

Run by ``make sdf``, and by the tests with what vendors do otherwise switched on. ``CC`` in the environment
chooses the compiler. Standard library only.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

SOURCES: Final = Path(__file__).resolve().parent.parent / "hsm_sim" / "native"
FLAGS: Final = (
    "-std=gnu11",
    "-fPIC",
    "-shared",
    "-fvisibility=hidden",
    "-fstack-protector-strong",
    "-D_FORTIFY_SOURCE=2",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wshadow",
    "-Wconversion",
    "-Werror",
    "-pthread",
)
LINK_FLAGS: Final = ("-Wl,-z,relro,-z,now",)


class NotBuiltError(Exception):
    """The library cannot be built here, and why."""


def build(target: Path, options: Sequence[str] = (), *, optimise: str = "-O2") -> Path:
    """Compile all sources into ``target``, replacing an older one in one step.

    Args:
        target: Where the library is to lie.
        options: Further options of the compiler, for example ``-DXINYIN_SDF_COORDINATE=32``, see sdf.h.
        optimise: The level of optimisation.

    Raises:
        NotBuiltError: There is no compiler, or it refused.
    """
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        raise NotBuiltError("no C compiler")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder) / target.name
        sources = sorted(str(path) for path in SOURCES.glob("*.c"))
        command = [compiler, optimise, *FLAGS, *options, "-o", str(made), *sources, *LINK_FLAGS]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise NotBuiltError(done.stderr[-4000:])
        made.replace(target)
    return target


def build_once(folder: Path, options: Sequence[str] = (), *, optimise: str = "-O2") -> Path:
    """As ``build``, in a folder and under a name told by the sources and options, unless it is there already."""
    digest = hashlib.sha256(repr((sorted(options), optimise, os.environ.get("CC"), FLAGS)).encode())
    for path in sorted(SOURCES.glob("*.[ch]")):
        digest.update(path.read_bytes())
    target = folder / f"libxinyin_sdf-{digest.hexdigest()[:16]}.so"
    return target if target.exists() else build(target, options, optimise=optimise)


def main() -> int:
    """Build the library and say where it lies; 1 if that cannot be done here."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, required=True, help="the library to make")
    parser.add_argument("options", nargs="*", help="further options of the compiler, after --")
    given = parser.parse_args()
    try:
        print(build(given.to, given.options))
    except NotBuiltError as error:
        print(f"the library was not built: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
