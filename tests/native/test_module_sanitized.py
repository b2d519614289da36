"""The Python module itself under the sanitizers: its own tests, run over a build that checks every access."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.native import build

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
# Whatever imports the module from here on gets the checked one.
RUN = """
    import importlib.util, sys
    spec = importlib.util.spec_from_file_location("crypto.engines._native", sys.argv[1])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules["crypto.engines._native"] = module
    import crypto.engines
    crypto.engines._native = module
    assert crypto.engines.active().name == "native", crypto.engines.active().name
    import pytest
    status = pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *sys.argv[2:]])
    print("checked module:", module.__file__ == sys.argv[1], "status:", int(status))
"""


def _checked_module(folder: Path) -> Path:
    """Compile the module with the sanitizers, as CMakeLists.txt does."""
    tools = Path(sys.executable).parent
    cmake, ninja = tools / "cmake", tools / "ninja"
    if not (cmake.exists() and ninja.exists()):
        pytest.skip("cmake and ninja are not in this environment")
    source = ["-S", str(build.SOURCES), "-B", str(folder), "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}"]
    options = ["-DXINYIN_SANITIZE=address,undefined", f"-DPython_EXECUTABLE={sys.executable}"]
    done = subprocess.run([str(cmake), *source, *options], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"the module cannot be configured here: {done.stderr[-300:]}")
    done = subprocess.run([str(cmake), "--build", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder / "_native.abi3.so"


def _runtime() -> str:
    """The sanitizer's library, which has to be loaded before Python's own."""
    found = subprocess.run(
        [build.compiler("cc"), "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if not Path(found).is_absolute():
        pytest.skip("the compiler has no address sanitizer library to load first")
    return found


def test_the_module_passes_its_tests_under_sanitizers(tmp_path: Path) -> None:
    """Arguments right and wrong, tables made and dropped, keys wiped, interpreters come and gone: no report."""
    try:
        module, runtime = _checked_module(tmp_path / "build"), _runtime()
    except build.NotBuiltError as error:
        pytest.skip(str(error))
    environment = {
        **os.environ,
        "LD_PRELOAD": runtime,
        "ASAN_OPTIONS": "detect_leaks=0:halt_on_error=1",  # the interpreter keeps what it made until it ends
        "PYTHONMALLOC": "malloc",  # or what Python allocates is invisible
    }
    tests = ["tests/unit/crypto/test_native.py", "tests/unit/crypto/test_records.py"]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(RUN), str(module), *tests],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-5000:]
    assert done.stdout.endswith("checked module: True status: 0\n"), done.stdout[-3000:] + done.stderr[-3000:]
    assert "ERROR: AddressSanitizer" not in done.stderr
