"""Address and undefined-behaviour sanitizers over every function of the engine, and libFuzzer over what reads octets."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.native import build

pytestmark = pytest.mark.slow

ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}
EMPTY = "int main(void) { return 0; }\n"
ROUNDS = 25
FUZZING_SECONDS = int(os.environ.get("XINYIN_FUZZING_SECONDS", "60"))

# One input for each branch of the target, so that fuzzing starts inside.
SEEDS = (
    bytes.fromhex("003006020101020101"),
    bytes.fromhex("0132c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7") + bytes(32),
    b"\x02" + bytes(31) + b"\x07" + bytes(range(32)) + bytes(31) + b"\x09" + bytes(64) + b"\x05",
    b"\x03\x03"
    + bytes.fromhex("32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7")
    + bytes(range(1, 97)),
    b"\x04" + b"".join(bytes((n,)) + bytes(2 * n) for n in (0, 3, 30, 33, 64)),
)


def _built(variant: build.Variant, driver: str, *flags: str) -> Path:
    try:
        text = (
            EMPTY
            if "-fsanitize=fuzzer" not in flags
            else (
                "#include <stddef.h>\nint LLVMFuzzerTestOneInput(const unsigned char *d, size_t n);\n"
                "int LLVMFuzzerTestOneInput(const unsigned char *d, size_t n) { (void)d; return n > 9; }\n"
            )
        )
        if not build.compiles(variant, text, *flags):
            pytest.skip(f"{variant.compiler} cannot link {' '.join((*variant.flags, *flags))}")
        return build.program(variant, driver, *flags)
    except build.NotBuiltError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("seed", [1, 2])
def test_sanitizers_find_nothing(seed: int) -> None:
    """Every function on every path, memory ending where the contract says, lengths at random."""
    program = _built(build.SANITIZED, "sanitize_driver.c")
    done = subprocess.run(
        [str(program), str(seed), str(ROUNDS)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env=ENVIRONMENT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("portable emulated done\n")


def test_fuzzing(tmp_path: Path) -> None:
    """A minute of libFuzzer with sanitizers; the target judges its own answers, path against path."""
    program = _built(build.FUZZED, "fuzz_target.c", "-fsanitize=fuzzer")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(SEEDS):
        (corpus / f"seed{number}").write_bytes(seed)
    done = subprocess.run(
        [str(program), f"-max_total_time={FUZZING_SECONDS}", "-max_len=1024", "-timeout=20", f"-artifact_prefix={tmp_path}/", str(corpus)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=FUZZING_SECONDS + 240,
        env=ENVIRONMENT,
    )  # fmt: skip
    found = [f"{path.name}: {path.read_bytes().hex()}" for path in tmp_path.glob("*-*") if path.is_file()]
    assert done.returncode == 0, f"{found}\n{done.stderr[-4000:]}"
    runs = [line for line in done.stderr.splitlines() if line.startswith("Done ")]
    assert runs, done.stderr[-2000:]
    assert int(runs[0].split()[1]) > 1000
