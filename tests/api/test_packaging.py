"""What is installed: with a C compiler the native engine for this platform, without one the same library for any."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("scikit_build_core", reason="the build back end is not installed")

ROOT = Path(__file__).resolve().parents[2]
NO_COMPILER = "/bin/false"
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]


def run(*command: str | Path, at: Path, **environment: str) -> str:
    """Run a command in a folder and give what it prints; what it prints when it fails is in the failure."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("XINYIN_", "PYTHON", "CC"))}
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        cwd=at,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def wheel(source: Path, target: Path, **environment: str) -> Path:
    """Build a wheel without a network; the back end and CMake are those of this environment."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    arguments = ["pip", "wheel", "--no-index", "--no-build-isolation", "--no-deps", "-w", target, source]
    run(sys.executable, "-m", *arguments, at=target.parent, PATH=path, **environment)
    [built] = target.glob("*.whl")
    return built


def engine_of(installed: Path, folder: Path) -> str:
    """Install a wheel into a fresh environment that sees the libraries of this one, and ask which engine runs."""
    run(sys.executable, "-m", "venv", "--without-pip", folder, at=folder.parent)
    python = folder / "bin" / "python"
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('platlib'))", at=folder.parent).strip()
    install = ["install", "--quiet", "--no-index", "--no-deps", "--target", site, installed]
    run(sys.executable, "-m", "pip", *install, at=folder.parent)
    # PYTHONPATH would come first; a .pth comes after, and those inside the added folder are not read: no editable tree.
    (Path(site) / "libraries.pth").write_text(sysconfig.get_path("platlib") + "\n")
    say = "import crypto, sys; assert crypto.__file__.startswith(sys.prefix), crypto.__file__; print(crypto.engine_name())"
    return run(python, "-W", "error", "-c", say, at=folder.parent).strip()


@pytest.fixture(scope="module")
def source_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source archive of the tree, made in a place of its own."""
    folder = tmp_path_factory.mktemp("sdist")
    code = "import sys; from scikit_build_core.build import build_sdist; build_sdist(sys.argv[1])"
    run(sys.executable, "-c", code, folder, at=ROOT)
    [archive] = folder.glob("*.tar.gz")
    return archive


@pytest.fixture(scope="module")
def native_wheel(source_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built of the source archive by the compiler that is here."""
    built = wheel(source_archive, tmp_path_factory.mktemp("native") / "wheel")
    if "abi3" not in built.name:
        if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
            pytest.skip("Python's headers are not installed, so the native engine cannot be built")
        pytest.fail(f"the native engine was not built: {built.name}")
    return built


@pytest.fixture(scope="module")
def plain_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built of this tree, as it is, where the compiler does not work."""
    return wheel(ROOT, tmp_path_factory.mktemp("plain") / "wheel", CC=NO_COMPILER)


def contents(built: Path) -> set[str]:
    with zipfile.ZipFile(built) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_source_archive_holds_the_engine_and_nothing_built(source_archive: Path) -> None:
    """Whoever has the source archive can compile the engine, and gets nothing that was compiled elsewhere."""
    with tarfile.open(source_archive) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {f"crypto/native/{path.name}" for path in (ROOT / "crypto/native").iterdir() if path.is_file()} <= names
    assert not [name for name in names if name.endswith((".so", ".o", "CMakeCache.txt"))]


def test_with_a_compiler_the_native_engine_runs(native_wheel: Path, tmp_path: Path) -> None:
    """One wheel on the stable ABI, with the module beside the engines and no C source."""
    assert "-cp311-abi3-" in native_wheel.name
    assert "crypto/engines/_native.abi3.so" in contents(native_wheel)
    assert engine_of(native_wheel, tmp_path / "venv") == "native"


def test_without_a_compiler_the_library_runs(plain_wheel: Path, tmp_path: Path) -> None:
    """The wheel says that it fits any platform, brings no module, not even one left in the tree, and works quietly."""
    assert plain_wheel.name.endswith("-py3-none-any.whl")
    assert not [name for name in contents(plain_wheel) if name.endswith(".so")]
    assert engine_of(plain_wheel, tmp_path / "venv") in {"openssl", "gmssl"}


def test_wheels_hold_the_same_but_the_module(native_wheel: Path, plain_wheel: Path) -> None:
    """Data files are in both, sources in C in none."""
    assert contents(native_wheel) - contents(plain_wheel) == {"crypto/engines/_native.abi3.so"}
    assert contents(plain_wheel) <= contents(native_wheel)
    assert {"api/messages/zh-CN.json", "ca/profiles/root.json", "crypto/py.typed"} <= contents(plain_wheel)
    assert not [name for name in contents(native_wheel) if name.startswith("crypto/native/")]


def test_module_exports_one_name_and_tells_no_path(native_wheel: Path, tmp_path: Path) -> None:
    """Nothing but the init function can be called from outside, and the folder it was built in does not show."""
    with zipfile.ZipFile(native_wheel) as archive:
        module = Path(archive.extract("crypto/engines/_native.abi3.so", tmp_path))
    octets = module.read_bytes()
    assert b"PyInit__native" in octets
    assert str(ROOT).encode() not in octets
    assert b"/tmp/" not in octets
    try:
        listed = run("nm", "-D", "--defined-only", module, at=tmp_path)
        headers = run("readelf", "-lW", module, at=tmp_path)
    except FileNotFoundError:
        pytest.skip("nm and readelf are not installed (Debian: binutils)")
    assert [line.split()[-1] for line in listed.splitlines()] == ["PyInit__native"]
    [stack] = [line for line in headers.splitlines() if "GNU_STACK" in line]
    assert " RWE " not in stack
    assert "GNU_RELRO" in headers


def test_set_up_removes_a_stale_module_it_cannot_build(tmp_path: Path) -> None:
    """A module left by an earlier build does not outlive sources that no longer compile; set-up says so and goes on."""
    module = tmp_path / "_native.abi3.so"
    module.write_bytes(b"stale")
    said = run(
        sys.executable, ROOT / "tools/build_native.py", "--build", tmp_path / "build", "--to", module,
        at=tmp_path, CC=NO_COMPILER,
    )  # fmt: skip
    assert "NOT built" in said
    assert not module.exists()
