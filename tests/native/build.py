"""Compiles the native engine for its checks: as it is, in plain C, with marks on secrets, with sanitizers, for the fuzzer.

Nothing here is shipped. Results stay under ``build/native-checks``, in a folder named by what went into them, so that a
second run compiles nothing and two runs at the same time do not meet: a result is moved into place when it is whole.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "crypto" / "native"
DRIVERS = Path(__file__).resolve().parent
RESULTS = ROOT / "build" / "native-checks"
X86 = platform.machine() in {"x86_64", "AMD64"}

COMMON = ("-std=gnu11", "-fPIC", "-fno-strict-aliasing", "-Wall", "-Wextra", "-Wno-psabi")
AVX2 = ("-mavx2", "-mbmi2")
IFMA = (*AVX2, *(f"-mavx512{part}" for part in ("f", "dq", "bw", "vl", "ifma")), "-mprefer-vector-width=512")


class NotBuiltError(Exception):
    """There is no compiler here, or it lacks what this build needs; the text is a reason to skip."""


@dataclass(frozen=True)
class Variant:
    """One way of compiling all parts."""

    compiler: str = "cc"
    flags: tuple[str, ...] = ("-O3",)


RELEASE = Variant()
PLAIN_C = Variant(flags=("-O2", "-DXINYIN_PLAIN_C"))
CLANG = Variant("clang")
# What valgrind reads of debugging information is an older form.
_MARKED = ("-gdwarf-4", "-DXINYIN_CHECK_SECRECY")
SECRECY = Variant(flags=("-O3", *_MARKED))
SECRECY_PLAIN_C = Variant(flags=("-O2", "-DXINYIN_PLAIN_C", *_MARKED))
SECRECY_CLANG = Variant("clang", ("-O3", *_MARKED))
SANITIZED = Variant(flags=("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"))
FUZZED = Variant(
    "clang", ("-O1", "-g", "-fsanitize=fuzzer-no-link,address,undefined", "-fno-sanitize-recover=all")
)


def _parts(variant: Variant) -> list[tuple[str, tuple[str, ...]]]:
    """Source and flags of every object, as in crypto/native/CMakeLists.txt."""
    portable, lanes = "-DSM2_CORE_NAME=core_portable", "-DSM2_CORE_NAME=lanes_emulated"
    parts = [
        *((f"{name}.c", (portable,)) for name in ("sm2", "sm3", "tables", "lane_tables", "paths")),
        ("core.c", (portable,)),
        ("sm3_lanes.c", (portable, "-DSM3_LANES=4")),
        ("lanes.c", (lanes, "-DSM2_PLAIN_CORE_NAME=core_portable")),
    ]
    if X86:
        avx2, ifma = "-DSM2_CORE_NAME=core_avx2", "-DSM2_CORE_NAME=lanes_ifma"
        parts += [
            ("core.c", (*AVX2, avx2)),
            ("sm3_lanes.c", (*AVX2, avx2, "-DSM3_LANES=8")),
            ("lanes.c", (*IFMA, ifma, "-DSM2_PLAIN_CORE_NAME=core_avx2")),
            ("sm3_lanes.c", (*IFMA, ifma, "-DSM3_LANES=16")),
        ]
        parts = [(source, ("-DXINYIN_X86", *flags)) for source, flags in parts]
    return parts


def compiler(name: str) -> str:
    """Path of a compiler.

    Raises:
        NotBuiltError: It is not here.
    """
    for candidate in ("cc", "gcc", "clang") if name == "cc" else (name,):
        if found := shutil.which(candidate):
            return found
    raise NotBuiltError(f"no C compiler ({name}) on this machine")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")


@lru_cache
def _key(variant: Variant, extra: tuple[str, ...] = ()) -> str:
    digest = hashlib.sha256(repr((variant, _parts(variant), COMMON, extra)).encode())
    version = subprocess.run([compiler(variant.compiler), "--version"], capture_output=True, check=True)
    digest.update(version.stdout)
    for path in sorted(SOURCES.glob("*.[ch]")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _objects(variant: Variant, directory: Path) -> list[str]:
    """Compile every part into a directory."""
    cc, parts = compiler(variant.compiler), _parts(variant)

    def one(number: int) -> str:
        source, flags = parts[number]
        out = directory / f"{number}-{source.removesuffix('.c')}.o"
        _run([cc, *COMMON, *variant.flags, *flags, "-c", str(SOURCES / source), "-o", str(out)])
        return str(out)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(one, range(len(parts))))


def _placed(directory: Path, name: str, make: object) -> Path:
    """Give directory/name, made by make(path, scratch) in a scratch folder if it is not there."""
    target = directory / name
    if not target.exists():
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory) as scratch:
            fresh = Path(scratch) / name
            make(fresh, Path(scratch))  # type: ignore[operator]
            fresh.replace(target)
    return target


def archive(variant: Variant) -> Path:
    """All parts in one static library."""

    def make(out: Path, scratch: Path) -> None:
        _run(["ar", "rcs", str(out), *_objects(variant, scratch)])

    if shutil.which("ar") is None:
        raise NotBuiltError("no ar on this machine")
    return _placed(RESULTS / _key(variant), "libsm2.a", make)


def library(variant: Variant = RELEASE) -> Path:
    """The shared library.

    Raises:
        NotBuiltError: No compiler here.
    """

    def make(out: Path, scratch: Path) -> None:
        objects = ["-Wl,--whole-archive", str(archive(variant)), "-Wl,--no-whole-archive"]
        _run([compiler(variant.compiler), "-shared", *variant.flags, "-o", str(out), *objects])

    return _placed(RESULTS / _key(variant), "libsm2.so", make)


def module(variant: Variant, source_name: str) -> Path:
    """A shared library from one source of this folder and all parts; it shows what its source marks as visible.

    Raises:
        NotBuiltError: No compiler here.
    """
    source = DRIVERS / source_name
    mark = hashlib.sha256(source.read_bytes()).hexdigest()[:8]

    def make(out: Path, scratch: Path) -> None:
        command = [compiler(variant.compiler), *COMMON, *variant.flags, f"-I{SOURCES}", "-shared", str(source)]
        _run([*command, "-fvisibility=hidden", "-Wl,--exclude-libs,ALL", str(archive(variant)), "-o", str(out)])

    return _placed(RESULTS / _key(variant), f"{source.stem}-{mark}.so", make)


def program(variant: Variant, driver: str, *flags: str) -> Path:
    """A program from one source of this folder and all parts.

    Raises:
        NotBuiltError: No compiler here, or it cannot link with these flags.
    """
    source = DRIVERS / driver
    mark = hashlib.sha256(source.read_bytes() + repr(flags).encode()).hexdigest()[:8]

    def make(out: Path, scratch: Path) -> None:
        command = [compiler(variant.compiler), *COMMON, *variant.flags, f"-I{SOURCES}", str(source)]
        _run([*command, str(archive(variant)), *flags, "-o", str(out)])

    return _placed(RESULTS / _key(variant), f"{source.stem}-{mark}", make)


def compiles(variant: Variant, text: str, *flags: str) -> bool:
    """Can a small program be compiled and linked? Tells a missing header or runtime from a defect of ours."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "try.c"
        source.write_text(text, encoding="utf-8")
        command = [
            compiler(variant.compiler),
            *variant.flags,
            *flags,
            str(source),
            "-o",
            str(source.with_suffix("")),
        ]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
