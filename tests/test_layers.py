"""The picture of the house in docs/design.md, kept true by walking the imports."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# What each room may import of the house, besides itself.
ALLOWED = {
    "crypto": set(),
    "formats": {"crypto"},
    "identity": {"formats", "crypto"},
    "catalogue": {"formats", "crypto"},
    "ca": {"formats", "crypto"},
    "seal_service": {"formats", "crypto"},
    "licence_service": {"formats", "crypto"},
    "verifier": {"formats", "crypto"},
    "hsm_sim": {"formats", "crypto"},
    "api": {
        "ca", "catalogue", "crypto", "formats", "hsm_sim", "identity", "licence_service", "seal_service", "verifier",
    },
}  # fmt: skip
# What the verifier, and all it stands on, may need from outside: the base install.
VERIFIER_LIBRARIES = {"cffi", "cryptography", "gmssl", "lxml"}


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imported(path: Path, *, at_import_time_only: bool = False) -> set[str]:
    """Top-level names of the packages a module imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes: list[ast.AST] = []

    def walk(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if at_import_time_only and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Try):
                continue
            if at_import_time_only and isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                continue
            nodes.append(child)
            walk(child)

    walk(tree)
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the layer"
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_imports_point_down(room: str) -> None:
    """No module of a room imports a room that the picture does not put below it."""
    for path in modules(room):
        above = (imported(path) & set(ALLOWED)) - ALLOWED[room] - {room}
        assert not above, f"{path.relative_to(ROOT)} imports {sorted(above)}"


def test_no_room_imports_tests_or_benchmarks() -> None:
    """What is shipped does not lean on what is not."""
    for room in ALLOWED:
        for path in modules(room):
            assert not imported(path) & {"tests", "benchmarks", "pytest", "hypothesis"}, path


def test_house_has_only_the_rooms_of_the_picture() -> None:
    """A new top-level package is a decision: it goes into the picture first."""
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert found - {"tests", "benchmarks"} <= set(ALLOWED)


def test_no_catch_all_modules() -> None:
    """Names say what a module is for."""
    for room in ALLOWED:
        for path in modules(room):
            assert path.stem not in {"utils", "util", "common", "manager", "helpers", "misc"}, path


def test_verifier_needs_the_base_install_only() -> None:
    """Importing the verifier pulls in no web framework, no database and no rendering library."""
    seen: set[str] = set()
    todo = ["verifier"]
    outside: set[str] = set()
    while todo:
        module = todo.pop()
        if module in seen:
            continue
        seen.add(module)
        relative = Path(*module.split("."))
        path = ROOT / relative / "__init__.py"
        if not path.exists():
            path = (ROOT / relative).with_suffix(".py")
        if not path.exists():
            continue
        if module == "verifier":
            todo += [".".join(p.relative_to(ROOT).with_suffix("").parts) for p in modules("verifier")]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                top = name.split(".")[0]
                if top in ALLOWED:
                    parts = name.split(".")
                    todo += [".".join(parts[: i + 1]) for i in range(len(parts))]
        outside |= imported(path, at_import_time_only=True)
    outside -= set(ALLOWED) | set(sys.stdlib_module_names)
    assert outside <= VERIFIER_LIBRARIES, sorted(outside)
