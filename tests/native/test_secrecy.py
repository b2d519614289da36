"""No branch and no address depends on a secret: memcheck follows private keys, nonces, entropy and scalars.

The engine is compiled with marks (crypto/native/secrecy.h) and run by a driver under valgrind, which reports a jump or an
address made of octets that were declared secret. It sees what was compiled here, by two compilers; a third may do otherwise. The
path ifma is out of its reach (valgrind knows no AVX-512); emulated is the same source.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.native import build

pytestmark = pytest.mark.slow


VARIANTS = {"cc": build.SECRECY, "cc, plain C": build.SECRECY_PLAIN_C, "clang": build.SECRECY_CLANG}


@pytest.fixture(params=VARIANTS, scope="module")
def driver(request: pytest.FixtureRequest) -> Path:
    variant = VARIANTS[request.param]
    if shutil.which("valgrind") is None:
        pytest.skip("no valgrind on this machine")
    try:
        if not build.compiles(variant, "#include <valgrind/memcheck.h>\nint main(void) { return 0; }\n"):
            pytest.skip("valgrind's headers are not on this machine")
        return build.program(variant, "secrecy_driver.c")
    except build.NotBuiltError as error:
        pytest.skip(str(error))


def _watched(driver: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["valgrind", "-q", "--error-exitcode=9", "--track-origins=yes", str(driver), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.parametrize("name", ["portable", "avx2", "emulated"])
def test_secrets_reach_no_branch_and_no_address(driver: Path, name: str) -> None:
    done = _watched(driver, name)
    if done.returncode == 3:
        pytest.skip(f"the processor that valgrind shows cannot run the path {name}")
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


@pytest.mark.parametrize(
    ("leak", "report"),
    [
        ("branch", "Conditional jump or move depends on uninitialised"),
        ("index", "Use of uninitialised value"),
        ("digest", "Conditional jump or move depends on uninitialised"),
    ],
)
def test_a_leak_is_reported(driver: Path, leak: str, report: str) -> None:
    """The check can fail: leaks made on purpose, in the driver and through the library's own arithmetic."""
    done = _watched(driver, leak)
    assert done.returncode == 9
    assert report in done.stderr
    if leak == "digest":
        assert "core.c" in done.stderr
